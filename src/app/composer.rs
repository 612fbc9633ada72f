//! Composes scenes on a thread of its own. Laying twenty masks over a 720p frame takes 2 ms and a depth map of 2048² takes
//! longer; a pass of the window must not wait for that, so the window only paints what this thread has finished.
//!
//! ```text
//! window ── request ──▶ Latest<Request> ──▶ sightline-compose ──▶ Latest<Composed> ──▶ window
//! ```
//! The window asks at the start of a pass, when it has taken over the newest predictions, and takes the scenes just before
//! it paints the frame: small scenes are ready by then. If a scene is not, the thread wakes the window.
//!
//! With privacy on, the frame that comes with the scenes is a copy in which the thread has hidden whom the user chose.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smallvec::SmallVec;

use crate::engine::{MAX_COMPARED, Prediction};
use crate::frame::Frame;
use crate::latest::{LatestReader, LatestWriter, Take, latest};
use crate::privacy::{Covered, Curtain, Found, Privacy};
use crate::scene::{Scene, Style};

/// The name of the thread.
const THREAD: &str = "sightline-compose";

/// How many scenes are kept for each pane: one that the window paints, one in the slot, one that is being composed.
const SCENES_PER_PANE: usize = 3;

/// The predictions to draw, by pane. The window has one pane, or one for each compared model.
pub type Predictions = [Option<Arc<Prediction>>; MAX_COMPARED];

struct Request {
    /// Counted from 1.
    number: u64,
    predictions: Predictions,
    style: Arc<Style>,
    privacy: Arc<Privacy>,
}

/// The scenes of one request. They are published together, so that all panes are of the same frame and the same style.
struct Composed {
    number: u64,
    /// The frame that the first of the predictions was made from, as it may be shown.
    frame: Arc<Frame>,
    /// How much of it is hidden, with privacy on.
    covered: Option<Covered>,
    mirrored: bool,
    /// `None` where there was no prediction, or where composing failed.
    scenes: [Option<Arc<Scene>>; MAX_COMPARED],
}

/// The window's side: asks for scenes and holds the newest ones. The thread starts with the first request and ends when
/// this is dropped.
#[derive(Default)]
pub struct Composer {
    worker: Option<Worker>,
    /// What was asked for last.
    requested: Predictions,
    style: Arc<Style>,
    privacy: Arc<Privacy>,
    number: u64,
    /// By pane: scenes of requests before this one belong to a source or a model that was closed or replaced since.
    valid_from: [u64; MAX_COMPARED],
    composed: Option<Composed>,
}

impl std::fmt::Debug for Composer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let composed = self.composed.as_ref().map(|c| c.number);
        f.debug_struct("Composer")
            .field("requested", &self.number)
            .field("composed", &composed)
            .finish_non_exhaustive()
    }
}

impl Composer {
    /// Asks for the scenes of these predictions, unless they were asked for last time. `ctx` is woken if
    /// [`Self::take`] finds that they are not ready.
    pub fn request(
        &mut self,
        ctx: &egui::Context,
        predictions: Predictions,
        style: &Style,
        privacy: &Privacy,
    ) {
        self.request_with(predictions, style, privacy, || {
            let ctx = ctx.clone();
            Worker::start(THREAD, compose, move || ctx.request_repaint())
        });
    }

    fn request_with(
        &mut self,
        predictions: Predictions,
        style: &Style,
        privacy: &Privacy,
        start: impl FnOnce() -> std::io::Result<Worker>,
    ) {
        let same_style = *self.style == *style;
        let same_privacy = *self.privacy == *privacy;
        let same_predictions = self.requested.iter().zip(&predictions).all(|(old, new)| match (old, new) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        });
        if same_style && same_privacy && same_predictions {
            return;
        }
        if predictions.iter().all(Option::is_none) {
            self.clear();
            return;
        }
        self.number += 1;
        for ((old, new), valid_from) in self.requested.iter().zip(&predictions).zip(&mut self.valid_from) {
            // A scene of the model that was there before isn't shown under the name of the new one.
            let other =
                |old: &Arc<Prediction>| new.as_ref().is_none_or(|new| !old.model.is_same_model(&new.model));
            if old.as_ref().is_some_and(other) {
                *valid_from = self.number;
            }
        }
        if !same_style {
            self.style = Arc::new(style.clone());
        }
        if !same_privacy {
            self.privacy = Arc::new(privacy.clone());
            // What was composed before shows whom it may not show any more.
            self.valid_from = [self.number; MAX_COMPARED];
        }
        self.requested.clone_from(&predictions);
        let request = Request {
            number: self.number,
            predictions,
            style: Arc::clone(&self.style),
            privacy: Arc::clone(&self.privacy),
        };
        if self.worker.is_none() {
            match start() {
                Ok(worker) => self.worker = Some(worker),
                Err(error) => tracing::error!("no thread to compose scenes: {error}"),
            }
        }
        if let Some(worker) = &self.worker {
            // The reader is gone only if the thread has ended, and it ends only with this.
            let _ = worker.requests.put(request);
        }
    }

    /// Forgets all scenes; those that are being composed are not shown either.
    pub fn clear(&mut self) {
        self.requested = Predictions::default();
        self.composed = None;
        self.number += 1;
        self.valid_from = [self.number; MAX_COMPARED];
        if let Some(worker) = &self.worker {
            worker.requests.clear();
        }
    }

    /// Takes over the newest scenes. If those that were asked for last are not ready, the window is woken when they are.
    pub fn take(&mut self) {
        let Some(worker) = &self.worker else { return };
        // Set before looking: the thread puts the scenes into the slot before it reads this. So either the scenes are found
        // here, or the thread sees that it must wake the window.
        worker.wanted.store(true, Ordering::SeqCst);
        if let Some(newest) = worker.composed.try_take() {
            self.composed = Some(newest);
        }
        let requested = self.requested.iter().any(Option::is_some);
        if !requested || self.composed.as_ref().is_some_and(|composed| composed.number >= self.number) {
            worker.wanted.store(false, Ordering::SeqCst);
        }
    }

    /// Returns the newest scene of a pane. It may be of an earlier prediction than was asked for last, until that one is
    /// composed; it is never of a pane that was empty since.
    #[must_use]
    pub fn scene(&self, pane: usize) -> Option<&Arc<Scene>> {
        self.valid(pane)?.scenes.get(pane)?.as_ref()
    }

    /// Returns the frame that the newest scenes belong to.
    #[must_use]
    pub fn frame(&self) -> Option<&Arc<Frame>> {
        (0..MAX_COMPARED).find_map(|pane| self.valid(pane)).map(|composed| &composed.frame)
    }

    /// Returns how much of that frame is hidden, with privacy on.
    #[must_use]
    pub fn covered(&self) -> Option<Covered> {
        (0..MAX_COMPARED).find_map(|pane| self.valid(pane)).and_then(|composed| composed.covered)
    }

    /// Returns whether the newest scenes are drawn left-right reversed.
    #[must_use]
    pub fn mirrored(&self) -> Option<bool> {
        (0..MAX_COMPARED).find_map(|pane| self.valid(pane)).map(|composed| composed.mirrored)
    }

    fn valid(&self, pane: usize) -> Option<&Composed> {
        self.requested.get(pane)?.as_ref()?;
        self.composed.as_ref().filter(|composed| composed.number >= self.valid_from[pane])
    }
}

/// The thread, seen from the window. When it is dropped both slots close, and the thread ends after the scene that it is
/// composing.
struct Worker {
    requests: LatestWriter<Request>,
    composed: LatestReader<Composed>,
    /// The window painted without the scenes that it had asked for: it is to be woken.
    wanted: Arc<AtomicBool>,
}

impl Worker {
    fn start(
        name: &str,
        compose: impl Fn(&Prediction, &Style, &mut Scene) + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (requests, inbox) = latest();
        let (outbox, composed) = latest();
        let wanted = Arc::new(AtomicBool::new(false));
        let wake_if_wanted = {
            let wanted = Arc::clone(&wanted);
            move || {
                if wanted.swap(false, Ordering::SeqCst) {
                    wake();
                }
            }
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&inbox, &outbox, &compose, &wake_if_wanted))?;
        Ok(Self { requests, composed, wanted })
    }
}

fn compose(prediction: &Prediction, style: &Style, scene: &mut Scene) {
    let report = prediction.report.as_deref();
    scene.compose_with(&prediction.results, report, &prediction.model.spec.labels, style);
}

/// Composes the newest request, over and over, until the window has gone.
fn run(
    requests: &LatestReader<Request>,
    outbox: &LatestWriter<Composed>,
    compose: &impl Fn(&Prediction, &Style, &mut Scene),
    wake: &impl Fn(),
) {
    let mut pool = ScenePool::default();
    let mut curtain = Curtain::new(COPIES);
    // A model whose results always make it panic would fill the log.
    let mut has_panicked = false;
    loop {
        let request = match requests.take(Duration::MAX) {
            Take::Value(request) => request,
            Take::Timeout => continue,
            Take::Closed => return,
        };
        let Some(first) = request.predictions.iter().flatten().next() else { continue };
        let found: SmallVec<[Found<'_>; MAX_COMPARED]> =
            request.predictions.iter().flatten().map(|prediction| Found::from(&**prediction)).collect();
        let (frame, covered) = curtain.cover(&request.privacy, &first.frame, &found);
        drop(found);
        // A style image or a depth map, perhaps of another compared model, would show what is hidden again.
        let planes = request.style.planes && covered.is_none();
        let style = Style { planes, ..Style::clone(&request.style) };
        let mut composed = Composed {
            number: request.number,
            frame,
            covered,
            mirrored: request.style.mirror,
            scenes: Default::default(),
        };
        for (place, prediction) in composed.scenes.iter_mut().zip(&request.predictions) {
            if outbox.is_closed() {
                return;
            }
            let Some(prediction) = prediction else { continue };
            let filled =
                catch_unwind(AssertUnwindSafe(|| pool.fill(|scene| compose(prediction, &style, scene))));
            if let Ok(scene) = filled {
                has_panicked = false;
                *place = Some(scene);
            } else {
                if !has_panicked {
                    let model = &prediction.model.name;
                    tracing::error!("composing the scene of a result of {model} panicked; it is not drawn");
                }
                has_panicked = true;
            }
        }
        pool.keep_at_most(SCENES_PER_PANE * request.predictions.iter().flatten().count());
        // The prediction goes back to the engine's pool before the window is woken.
        drop(request);
        if outbox.put(composed).is_err() {
            return;
        }
        wake();
    }
}

/// Covered copies of frames: the one that is shown, the one in the slot, and the one that is being made.
const COPIES: usize = 4;

/// Scenes that are filled again when nobody holds them, so that composing allocates nothing in a steady stream.
#[derive(Default)]
struct ScenePool {
    scenes: Vec<Arc<Scene>>,
}

impl ScenePool {
    /// Lets `write` fill a scene that nobody holds and returns it. If `write` panics that scene is dropped.
    fn fill(&mut self, write: impl FnOnce(&mut Scene)) -> Arc<Scene> {
        let free = self.scenes.iter_mut().position(|scene| Arc::get_mut(scene).is_some());
        let mut scene = free.map_or_else(Arc::default, |at| self.scenes.swap_remove(at));
        if let Some(scene) = Arc::get_mut(&mut scene) {
            write(scene);
        }
        self.scenes.push(Arc::clone(&scene));
        scene
    }

    /// Lets go of scenes beyond this number: when fewer models are compared than before, and those that the window still
    /// held when another was needed.
    fn keep_at_most(&mut self, number: usize) {
        self.scenes.truncate(number);
    }
}

#[cfg(test)]
mod tests;
