//! Instance masks as the sums that they are: the model makes a few maps that all objects of a frame share, the prototypes, and gives each object a
//! coefficient for each of them. The mask is what is above 0.5 of the sigmoid of the sum of coefficient · prototype, within the object's box (YOLACT,
//! Bolya et al. 2019, arXiv 1904.02689).

use super::maps::{ChannelStats, Tile};
use crate::frame::Frame;
use crate::model::boxes::iou;
use crate::model::families::{Candidate, MaskParts};
use crate::model::geometry::Geometry;
use crate::model::results::Mask;
use crate::model::spec::Detail;
use crate::model::{Model, ModelError, Results, Thresholds};

/// An object with a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaskedObject {
    pub class_id: u32,
    pub score: f32,
    /// x1, y1, x2, y2 in frame pixels, cut at the frame's edges.
    pub bbox: [f32; 4],
}

/// One term of the sum that an object's mask is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The number of the prototype.
    pub prototype: usize,
    pub coefficient: f32,
    /// By how much it changes the sum: the mean of |coefficient · prototype| over the cells of the object's box.
    pub change: f32,
}

/// The masks of one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskSums {
    parts: MaskParts,
    geometry: Geometry,
    objects: Vec<MaskedObject>,
}

impl MaskSums {
    /// Runs the model on a frame. `None`: its masks aren't sums of prototypes.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn run(
        model: &mut Model,
        frame: &Frame,
        thresholds: &Thresholds,
    ) -> Result<Option<Self>, ModelError> {
        let parts = model.run_for_masks(frame, thresholds, &mut Results::default())?;
        let (candidates, kept) = model.candidates();
        Ok(parts.map(|(parts, geometry)| Self::of(parts, geometry, candidates, kept)))
    }

    /// The masks of the candidates that were kept; those whose coefficients weren't copied are left out.
    #[must_use]
    pub fn of(parts: MaskParts, geometry: Geometry, candidates: &[Candidate], kept: &[usize]) -> Self {
        let copied = parts.coefficients.len() / parts.count.max(1);
        let objects = kept.iter().take(copied).filter_map(|place| {
            let Candidate { class_id, score, bbox, .. } = *candidates.get(*place)?;
            Some(MaskedObject { class_id, score, bbox: geometry.clip(bbox) })
        });
        Self { objects: objects.collect(), parts, geometry }
    }

    /// The objects, the surest first.
    #[must_use]
    pub fn objects(&self) -> &[MaskedObject] {
        &self.objects
    }

    /// How many prototypes there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.parts.count
    }

    /// Columns and rows of a prototype.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.parts.width, self.parts.height)
    }

    /// Whether there are more prototypes than are copied: nothing but their number is known.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.parts.prototypes.is_empty()
    }

    /// How the frame was fitted into the input, which the prototypes cover.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The object whose box overlaps this one most; `None` where none does.
    #[must_use]
    pub fn object_at(&self, bbox: &[f32; 4]) -> Option<usize> {
        let overlaps = self.objects.iter().map(|object| iou(&object.bbox, bbox)).enumerate();
        overlaps.filter(|(_, iou)| *iou > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
    }

    /// The terms of an object's sum, those that change it most first; empty where there is no such object.
    #[must_use]
    pub fn terms(&self, object: usize) -> Vec<Term> {
        let terms = || {
            let cells = self.parts.cells(self.objects.get(object)?.bbox, &self.geometry)?;
            let coefficients = self.parts.coefficients.chunks_exact(self.parts.count.max(1)).nth(object)?;
            let all = coefficients.iter().enumerate().map(|(prototype, coefficient)| {
                let change = coefficient.abs() * self.activity(prototype, &cells);
                Term { prototype, coefficient: *coefficient, change }
            });
            Some(all.collect::<Vec<_>>())
        };
        let mut terms = terms().unwrap_or_default();
        // What isn't a number comes last.
        let key = |term: &Term| if term.change.is_nan() { -1.0 } else { term.change };
        terms.sort_by(|a, b| key(b).total_cmp(&key(a)));
        terms
    }

    /// The mean of a prototype's values without their signs over these columns and rows.
    fn activity(&self, prototype: usize, [columns, rows]: &[std::ops::Range<usize>; 2]) -> f32 {
        let values = self.prototype(prototype);
        let sum: f64 = rows
            .clone()
            .filter_map(|row| values.get(row * self.parts.width..)?.get(columns.clone()))
            .flatten()
            .map(|value| f64::from(value.abs()))
            .sum();
        (sum / (columns.len() * rows.len()).max(1) as f64) as f32
    }

    /// The values of a prototype, row by row; empty where there is none.
    #[must_use]
    pub fn prototype(&self, number: usize) -> &[f32] {
        let cells = self.parts.width * self.parts.height;
        self.parts.prototypes.chunks_exact(cells.max(1)).nth(number).unwrap_or_default()
    }

    /// The sum of these terms, row by row; all 0 without any.
    #[must_use]
    pub fn sum(&self, terms: &[Term]) -> Vec<f32> {
        self.parts.sum(&self.weights(terms))
    }

    /// The mask that the decoder makes of these terms alone within an object's box; `None` where nothing is above 0.5.
    #[must_use]
    pub fn mask(&self, object: usize, terms: &[Term], detail: Detail) -> Option<Mask> {
        let bbox = self.objects.get(object)?.bbox;
        self.parts.mask(&self.weights(terms), bbox, &self.geometry, detail)
    }

    /// A weight for each prototype, 0 for those that aren't among the terms.
    fn weights(&self, terms: &[Term]) -> Vec<f32> {
        // Every object has as many coefficients: memory is bounded where there is an object.
        let mut weights = vec![0.0; if terms.is_empty() { 0 } else { self.parts.count }];
        for term in terms {
            if let Some(weight) = weights.get_mut(term.prototype) {
                *weight = term.coefficient;
            }
        }
        weights
    }

    /// A prototype as a small image whose sides have `side` values at most, by leaving values out.
    #[must_use]
    pub fn tile(&self, number: usize, side: usize) -> Tile {
        let (width, height) = self.size();
        let step = width.max(height).div_ceil(side.max(1)).max(1);
        let rows = self.prototype(number).chunks_exact(width.max(1)).step_by(step);
        let values: Vec<f32> = rows.flat_map(|row| row.iter().step_by(step).copied()).collect();
        let (min, max) = bounds(&values);
        let stats = ChannelStats { channel: number, min, max, ..ChannelStats::default() };
        Tile { stats, width: width.div_ceil(step), height: height.div_ceil(step), values }
    }

    /// The greatest value of all prototypes without its sign.
    #[must_use]
    pub fn greatest(&self) -> f32 {
        let (min, max) = bounds(&self.parts.prototypes);
        min.abs().max(max.abs())
    }
}

/// The least and the greatest of what is a number; 0 where nothing is.
#[must_use]
pub fn bounds(values: &[f32]) -> (f32, f32) {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (min, max) =
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), value| (min.min(value), max.max(value)));
    if min > max { (0.0, 0.0) } else { (min, max) }
}

/// 1 / (1 + exp(-value)).
#[must_use]
pub fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::{Fit, Size};

    /// Two prototypes of 2×2 cells over a frame of 8×8 pixels, and an object in each of these boxes with the coefficients 2 and -1.5.
    fn sums(boxes: &[[f32; 4]]) -> MaskSums {
        let parts = MaskParts {
            count: 2,
            width: 2,
            height: 2,
            prototypes: vec![1.0, -1.0, 1.0, -1.0, 0.0, 0.0, 2.0, 2.0],
            coefficients: [2.0, -1.5].repeat(boxes.len()),
        };
        let geometry = Geometry::new((8, 8), Size::Fixed { width: 8, height: 8 }, Fit::Stretch);
        let candidate = |bbox: &[f32; 4]| Candidate { score: 0.9, class_id: 3, bbox: *bbox, anchor: 7 };
        let candidates: Vec<Candidate> = boxes.iter().map(candidate).collect();
        let kept: Vec<usize> = (0..boxes.len()).collect();
        MaskSums::of(parts, geometry, &candidates, &kept)
    }

    const WHOLE: [f32; 4] = [-2.0, 0.0, 8.0, 8.0];

    #[test]
    fn terms_are_sorted_by_how_much_they_change_the_sum_within_the_box() {
        let sums = sums(&[WHOLE, [0.0, 4.0, 8.0, 8.0]]);
        assert_eq!(sums.objects()[0], MaskedObject { class_id: 3, score: 0.9, bbox: [0.0, 0.0, 8.0, 8.0] });
        let (first, second) = (
            Term { prototype: 0, coefficient: 2.0, change: 2.0 },
            Term { prototype: 1, coefficient: -1.5, change: 1.5 },
        );
        assert_eq!(sums.terms(0), [first, second]);
        // In the lower half the second prototype is 2 everywhere.
        assert_eq!(sums.terms(1), [Term { change: 3.0, ..second }, first]);
        assert!(sums.terms(2).is_empty());
    }

    #[test]
    fn the_mask_grows_with_the_sum() {
        let sums = sums(&[WHOLE]);
        let terms = sums.terms(0);
        let inside = |terms: &[Term]| {
            let mask = sums.mask(0, terms, Detail::Live)?;
            Some(mask.data.iter().map(|value| *value >= 128).collect::<Vec<_>>())
        };
        assert_eq!((sums.sum(&[]), inside(&[])), (vec![0.0; 4], None));
        assert_eq!(sums.sum(&terms[..1]), [2.0, -2.0, 2.0, -2.0]);
        assert_eq!(inside(&terms[..1]), Some(vec![true, false, true, false]));
        assert_eq!(sums.sum(&terms), [2.0, -2.0, -1.0, -5.0]);
        assert_eq!(inside(&terms), Some(vec![true, false, false, false]));
        let soft = sums.sum(&terms).into_iter().map(sigmoid).collect::<Vec<_>>();
        assert!((soft[0] - 0.880_797).abs() < 1e-5 && (soft[3] - 0.006_693).abs() < 1e-5, "{soft:?}");
        // Pixel by pixel, interpolated between the centres of the cells: above 0 left of the middle, and as far down.
        let full = sums.mask(0, &terms, Detail::Full).expect("something is inside");
        assert_eq!((full.width, full.height, full.data[0], full.data[7]), (8, 8, 255, 0));
    }

    #[test]
    fn an_object_is_found_again_by_its_box() {
        let sums = sums(&[[0.0, 0.0, 4.0, 4.0], [4.0, 4.0, 8.0, 8.0]]);
        assert_eq!(sums.object_at(&[5.0, 4.0, 8.0, 8.0]), Some(1));
        assert_eq!(sums.object_at(&[0.0, 5.0, 3.0, 8.0]), None);
    }

    #[test]
    fn small_images_leave_values_out_and_know_their_bounds() {
        let sums = sums(&[]);
        assert_eq!((sums.greatest(), sums.tile(1, 2).values), (2.0, vec![0.0, 0.0, 2.0, 2.0]));
        let tile = sums.tile(0, 1);
        assert_eq!((tile.width, tile.height, &tile.values[..]), (1, 1, &[1.0][..]));
        assert!(sums.tile(9, 2).values.is_empty());
    }

    #[test]
    fn what_a_file_may_bring_is_taken_as_it_is() {
        let mut odd = sums(&[WHOLE]);
        odd.parts.prototypes[4] = f32::NAN;
        odd.parts.prototypes[5] = f32::INFINITY;
        let terms = odd.terms(0);
        assert_eq!(terms[0].prototype, 0, "what is no number comes last");
        assert_eq!((odd.sum(&terms).len(), odd.greatest()), (4, 2.0));
        let _ = (odd.mask(0, &terms, Detail::Live), odd.mask(0, &terms, Detail::Full));
        for (count, width, height) in [(0, 2, 2), (2, 0, 2), (2, 2, 0), (usize::MAX, 2, 2), (3, 2, 2)] {
            let mut bad = sums(&[WHOLE]);
            (bad.parts.count, bad.parts.width, bad.parts.height) = (count, width, height);
            let terms = bad.terms(0);
            assert!(terms.is_empty() && bad.sum(&terms).is_empty(), "{count} of {width}×{height}");
            assert!(bad.mask(0, &terms, Detail::Full).is_none());
        }
        let mut too_many = sums(&[WHOLE]);
        too_many.parts.prototypes.clear();
        assert!(too_many.is_too_large() && too_many.terms(0).is_empty());
    }
}
