//! A data set's labels and a model's results as the evaluators take them.

use super::{Found, Truth};
use crate::dataset::formats::area_of;
use crate::dataset::masks;
use crate::dataset::types::{Dataset, Item, State};
use crate::model::results::Results;
use crate::save::rle::Rle;

/// The objects of an image: labels that are accepted. With `pixels` each has a mask; one that has only a box gets its rectangle.
#[must_use]
pub fn truths_of(dataset: &Dataset, item: &Item, pixels: bool) -> Vec<Truth> {
    let accepted = item.annotations.iter().filter(|one| one.state == State::Accepted);
    accepted
        .filter(|one| one.class < dataset.classes.len())
        .map(|one| {
            let mask = || match (&one.mask, one.polygons.is_empty()) {
                (_, false) => masks::fill(&one.polygons, item.size),
                (Some(mask), true) => mask.clone(),
                (None, true) => {
                    let [x1, y1, x2, y2] = one.bbox;
                    let corners = one.corners.unwrap_or([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]).to_vec();
                    masks::fill(&[corners], item.size)
                }
            };
            Truth {
                class: one.class,
                bbox: one.bbox,
                mask: pixels.then(mask),
                crowd: one.crowd,
                area: one.area.unwrap_or_else(|| area_of(one, item.size)),
            }
        })
        .collect()
}

/// What a model found, with the data set's classes: see [`super::ClassMatch`]. Detections of other classes are left out.
#[must_use]
pub fn found_in(results: &Results, to_dataset: &[Option<usize>], pixels: bool) -> Vec<Found> {
    let class = |id: u32| to_dataset.get(id as usize).copied().flatten();
    let found = results.detections.iter().filter_map(|one| {
        let mask = pixels.then(|| results.mask_of(one).map(|mask| Rle::of(mask, results.frame_size)));
        Some(Found {
            class: class(one.class_id)?,
            score: f64::from(one.score),
            bbox: one.bbox.map(f64::from),
            mask: mask.flatten(),
        })
    });
    found.collect()
}
