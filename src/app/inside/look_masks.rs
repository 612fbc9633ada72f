//! A look at what instance masks are sums of: the model runs once on a frame, and again for none of its objects and none of their terms.

use std::sync::Arc;

use egui::ColorImage;

use super::found::{MasksFound, Sheet};
use super::look_maps::{PART, SIDE};
use super::order::Order;
use super::picturing::{Colours, fill_sheet, frame_picture, mask_picture, picture_of};
use crate::frame::Frame;
use crate::learn::inside::maps::Tile;
use crate::learn::inside::prototypes::{MaskSums, Term, bounds, sigmoid};
use crate::model::spec::Detail;
use crate::model::{Model, ModelError, Thresholds};
use crate::scene::palette::class as class_colour;

/// Pixels along the longer side of the picture of a frame and of a mask, at most.
const PICTURE: usize = 1280;

/// What is kept from one look to the next.
#[derive(Default)]
pub struct MasksLook {
    run: Option<Run>,
    taken_apart: Option<TakenApart>,
}

/// What the model said of a frame.
struct Run {
    frame: Arc<Frame>,
    thresholds: Thresholds,
    tries: u64,
    /// `None`: its masks aren't sums of prototypes.
    sums: Option<MaskSums>,
    picture: Arc<ColorImage>,
}

/// The mask of one object, apart from how many of its terms are shown.
#[derive(Clone)]
struct TakenApart {
    object: usize,
    terms: Vec<Term>,
    sheet: Sheet,
    greatest: f32,
    sum_greatest: f32,
}

impl MasksLook {
    /// Takes the mask of the wanted object apart.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn look(
        &mut self,
        model: &mut Model,
        frame: &Arc<Frame>,
        order: &Order,
    ) -> Result<MasksFound, ModelError> {
        let is_same = |run: &Run| {
            Arc::ptr_eq(&run.frame, frame) && run.thresholds == order.thresholds && run.tries == order.tries
        };
        if !self.run.as_ref().is_some_and(is_same) {
            self.forget();
            self.run = Some(Run {
                frame: Arc::clone(frame),
                thresholds: order.thresholds.clone(),
                tries: order.tries,
                sums: MaskSums::run(model, frame, &order.thresholds)?,
                picture: frame_picture(frame, PICTURE),
            });
        }
        let Some(run) = &self.run else { return Ok(nothing(frame, Arc::default())) };
        let mut found = nothing(frame, Arc::clone(&run.picture));
        let Some(sums) = &run.sums else { return Ok(found) };
        found.covered = sums.geometry().covered();
        (found.count, found.size, found.is_too_large) = (sums.count(), sums.size(), sums.is_too_large());
        found.objects = sums.objects().to_vec();
        let chosen = order.object.and_then(|bbox| sums.object_at(&bbox)).unwrap_or(0);
        if sums.is_too_large() || chosen >= found.objects.len() {
            return Ok(found);
        }
        let apart = match self.taken_apart.take().filter(|apart| apart.object == chosen) {
            Some(apart) => apart,
            None => take_apart(sums, chosen),
        };
        show(&mut found, sums, &apart, order.terms);
        self.taken_apart = Some(apart);
        Ok(found)
    }

    /// Lets go of what is kept.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// A frame in which nothing is known of masks.
fn nothing(frame: &Arc<Frame>, picture: Arc<ColorImage>) -> MasksFound {
    MasksFound {
        frame: Arc::clone(frame),
        picture,
        covered: [0.0; 4],
        count: 0,
        size: (0, 0),
        is_too_large: false,
        objects: Vec::new(),
        chosen: 0,
        terms: Vec::new(),
        sheet: Sheet::default(),
        greatest: 0.0,
        used: 0,
        sum: Arc::default(),
        sum_bounds: (0.0, 0.0),
        sum_greatest: 0.0,
        sigmoid: Arc::default(),
        mask: Arc::default(),
        mask_region: [0.0; 4],
        mask_pixels: 0,
    }
}

fn take_apart(sums: &MaskSums, object: usize) -> TakenApart {
    let terms = sums.terms(object);
    let greatest = sums.greatest();
    let tile = |term: &Term| {
        let mut tile = sums.tile(term.prototype, SIDE);
        // One scale for all: they can be compared then.
        (tile.stats.min, tile.stats.max) = (-greatest, greatest);
        tile
    };
    let tiles: Vec<Tile> = terms.iter().take(PART).map(tile).collect();
    let mut sheet = Sheet::default();
    fill_sheet(&mut sheet, &tiles, Colours::Difference);
    let (least, most) = bounds(&sums.sum(&terms));
    TakenApart { object, terms, sheet, greatest, sum_greatest: least.abs().max(most.abs()) }
}

/// Shows the first terms; `None`: all.
fn show(found: &mut MasksFound, sums: &MaskSums, apart: &TakenApart, terms: Option<usize>) {
    let TakenApart { object, terms: all, sheet, greatest, sum_greatest } = apart.clone();
    let used = terms.unwrap_or(all.len()).min(all.len());
    let first = all.get(..used).unwrap_or_default();
    let (width, height) = sums.size();
    let mut values = sums.sum(first);
    found.sum_bounds = bounds(&values);
    found.sum = picture_of(width, height, &values, Colours::Difference, (-sum_greatest, sum_greatest));
    for value in &mut *values {
        *value = sigmoid(*value);
    }
    found.sigmoid = picture_of(width, height, &values, Colours::Heat, (0.0, 1.0));
    let class_id = found.objects.get(object).map_or(0, |object| object.class_id);
    if let Some(mask) = sums.mask(object, first, Detail::Full) {
        found.mask = mask_picture(&mask, class_colour(class_id), PICTURE);
        found.mask_pixels = mask.data.iter().filter(|value| **value >= 128).count();
        found.mask_region = mask.region;
    }
    (found.chosen, found.used, found.terms) = (object, used, all);
    (found.sheet, found.greatest, found.sum_greatest) = (sheet, greatest, sum_greatest);
}
