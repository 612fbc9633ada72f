//! A look at what a result rests on: activation maps of every frame that can be followed, or occlusion of one frame, square by square.

use std::sync::Arc;

use egui::ColorImage;

use super::found::{Nothing, WhyFound};
use super::order::Order;
use super::picturing::{frame_picture, heat};
use crate::app::intent::{WhyMethod, WhyTarget};
use crate::frame::Frame;
use crate::learn::inside::linear_end::LinearEnd;
use crate::learn::inside::why::{self, Explanation, Occlusion, Target};
use crate::model::{CancelToken, Model, ModelError, Results};

/// Pixels along the longer side of the picture of an explained frame, at most.
const PICTURE: usize = 1280;

/// What is kept from one look to the next.
#[derive(Default)]
pub struct WhyLook {
    results: Results,
    occlusion: Option<Running>,
    /// The frame that was made a picture of last.
    pictured: Option<(Arc<Frame>, Arc<ColorImage>)>,
}

/// Occlusion that is under way.
struct Running {
    occlusion: Occlusion,
    frame: Arc<Frame>,
    target: WhyTarget,
    tries: u64,
    bbox: Option<[f32; 4]>,
    steps: usize,
    is_done: bool,
}

/// What is explained, and its box.
type Chosen = (Target, Option<[f32; 4]>);

impl WhyLook {
    /// Whether the frame that is explained now isn't done yet.
    pub fn goes_on(&self, order: &Order, frame: &Frame) -> bool {
        order.method == WhyMethod::Occlusion
            && self.occlusion.as_ref().is_some_and(|running| running.fits(order, frame) && !running.is_done)
    }

    /// Explains a frame, or hides the next part of the one that is being explained. `None`: nothing is new.
    ///
    /// # Errors
    /// As [`why::explain`] and [`Occlusion::step`].
    pub fn look(
        &mut self,
        model: &mut Model,
        frame: &Arc<Frame>,
        layer: Option<&str>,
        end: Option<&LinearEnd>,
        order: &Order,
        cancel: &CancelToken,
    ) -> Result<Option<WhyFound>, ModelError> {
        if order.method == WhyMethod::Occlusion {
            return self.occlude(model, frame, order);
        }
        self.occlusion = None;
        let Some(layer) = layer else {
            return Ok(Some(WhyFound::nothing(frame, order, Nothing::NoLayer)));
        };
        let Some((target, bbox)) = self.target(model, frame, order)? else {
            return Ok(Some(WhyFound::nothing(frame, order, nothing_of(order))));
        };
        let stop = || cancel.is_cancelled();
        let Some(explanation) = why::explain(model, frame, layer, end, target, &stop)? else {
            return Ok(Some(WhyFound::nothing(frame, order, nothing_of(order))));
        };
        let picture = self.picture(frame);
        Ok(Some(found(&explanation, frame, picture, order, bbox, Some(layer.to_owned()), None)))
    }

    fn occlude(
        &mut self,
        model: &mut Model,
        frame: &Arc<Frame>,
        order: &Order,
    ) -> Result<Option<WhyFound>, ModelError> {
        if self.occlusion.as_ref().is_none_or(|running| !running.fits(order, frame)) {
            self.occlusion = None;
            let Some((target, bbox)) = self.target(model, frame, order)? else {
                return Ok(Some(WhyFound::nothing(frame, order, nothing_of(order))));
            };
            let occlusion = Occlusion::new(model, frame, target)?;
            if occlusion.is_of_nothing() {
                return Ok(Some(WhyFound::nothing(frame, order, nothing_of(order))));
            }
            let (target, tries) = (order.target, order.tries);
            let frame = Arc::clone(frame);
            let running = Running { occlusion, frame, target, tries, bbox, steps: 0, is_done: false };
            self.occlusion = Some(running);
        }
        let Some(running) = self.occlusion.as_mut().filter(|running| !running.is_done) else {
            return Ok(None);
        };
        running.is_done = !running.occlusion.step(model)?;
        running.steps += usize::from(!running.is_done);
        let left = if running.is_done { None } else { Some((running.steps, running.occlusion.left())) };
        let explanation = running.occlusion.explanation();
        let (frame, bbox) = (Arc::clone(&running.frame), running.bbox);
        let picture = self.picture(&frame);
        Ok(Some(found(&explanation, &frame, picture, order, bbox, None, left)))
    }

    /// The frame as a picture, made once.
    fn picture(&mut self, frame: &Arc<Frame>) -> Arc<ColorImage> {
        if let Some((of, picture)) = &self.pictured
            && Arc::ptr_eq(of, frame)
        {
            return Arc::clone(picture);
        }
        let picture = frame_picture(frame, PICTURE);
        self.pictured = Some((Arc::clone(frame), Arc::clone(&picture)));
        picture
    }

    /// What is to be explained in a frame; `None`: nothing was found there.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn find_target(
        &mut self,
        model: &mut Model,
        frame: &Frame,
        order: &Order,
    ) -> Result<Option<Target>, ModelError> {
        Ok(self.target(model, frame, order)?.map(|(target, _)| target))
    }

    /// What is to be explained, and the box of it; `None`: nothing was found there.
    fn target(
        &mut self,
        model: &mut Model,
        frame: &Frame,
        order: &Order,
    ) -> Result<Option<Chosen>, ModelError> {
        match order.target {
            WhyTarget::Surest if model.spec().task.finds_objects() => {
                model.run(frame, &order.thresholds, &mut self.results)?;
                let best = self.results.detections.iter().max_by(|a, b| a.score.total_cmp(&b.score));
                Ok(best.map(|found| {
                    let (class_id, bbox) = (found.class_id, found.bbox);
                    (Target::Object { class_id, bbox }, Some(bbox))
                }))
            }
            WhyTarget::Surest => Ok(Some((Target::Result, None))),
            WhyTarget::Class(class_id) => Ok(Some((Target::Class(class_id), None))),
            WhyTarget::At([x, y]) => {
                model.run(frame, &order.thresholds, &mut self.results)?;
                // The smallest box there: it is the one that is seen in front of larger ones.
                let area = |b: &[f32; 4]| (b[2] - b[0]) * (b[3] - b[1]);
                let there = self
                    .results
                    .detections
                    .iter()
                    .filter(|found| {
                        let b = &found.bbox;
                        (b[0]..b[2]).contains(&x) && (b[1]..b[3]).contains(&y)
                    })
                    .min_by(|a, b| area(&a.bbox).total_cmp(&area(&b.bbox)));
                Ok(there.map(|found| {
                    let (class_id, bbox) = (found.class_id, found.bbox);
                    (Target::Object { class_id, bbox }, Some(bbox))
                }))
            }
        }
    }
}

impl Running {
    /// Whether it explains what is wanted, in a frame of the same source. A newer frame doesn't end it: it takes seconds.
    fn fits(&self, order: &Order, frame: &Frame) -> bool {
        self.target == order.target
            && self.tries == order.tries
            && self.frame.shows_as(frame)
            // Separate pictures: another one is another question.
            && (self.frame.width, self.frame.height) == (frame.width, frame.height)
    }
}

/// What there is nothing of where no object was found.
fn nothing_of(order: &Order) -> Nothing {
    match order.target {
        WhyTarget::At(_) => Nothing::NoBox,
        WhyTarget::Surest | WhyTarget::Class(_) => Nothing::NoObject,
    }
}

fn found(
    explanation: &Explanation,
    frame: &Arc<Frame>,
    picture: Arc<ColorImage>,
    order: &Order,
    bbox: Option<[f32; 4]>,
    layer: Option<String>,
    under_way: Option<(usize, usize)>,
) -> WhyFound {
    let map = &explanation.map;
    WhyFound {
        of: (order.method, order.target),
        method: Ok(explanation.method),
        class_id: explanation.class_id,
        score: explanation.score,
        greatest: map.values.iter().copied().fold(0.0, f32::max),
        layer,
        size: (map.width, map.height),
        region: explanation.region,
        bbox,
        image: heat(map.width, map.height, &map.normalised()),
        frame: Arc::clone(frame),
        picture,
        under_way,
    }
}
