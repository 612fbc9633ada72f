//! Which detections are which objects, in one image and one class, as pycocotools decides it.

use super::{Found, Measured, Truth};
use crate::dataset::masks;

/// The IoU thresholds, 0.50 to 0.95.
pub(super) const THRESHOLDS: usize = 10;
/// All, small, medium and large objects, by their area in square pixels.
pub(super) const AREAS: [(f64, f64); 4] =
    [(0.0, 1e10), (0.0, 32.0 * 32.0), (32.0 * 32.0, 96.0 * 96.0), (96.0 * 96.0, 1e10)];
/// So many detections of a class count in one image.
pub(super) const MAX_FOUND: usize = 100;

/// The IoU threshold of this index. Computed as numpy's `linspace` does, to the last bit.
pub(super) fn threshold(index: usize) -> f64 {
    0.5 + index as f64 * ((0.95 - 0.5) / 9.0)
}

/// What became of one detection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Matched {
    pub score: f64,
    /// A bit for each threshold: it is an object.
    pub right: u16,
    /// A bit for each threshold: it counts neither for nor against the model.
    pub ignored: u16,
}

/// The overlap of a detection with an object: IoU, or for a crowd the part of the detection that lies in it.
pub(super) fn overlap(found: &Found, truth: &Truth, measured: Measured) -> f64 {
    let (both, mine, other) = match measured {
        Measured::Box => {
            let ([a1, b1, a2, b2], [c1, d1, c2, d2]) = (found.bbox, truth.bbox);
            let both = (a2.min(c2) - a1.max(c1)).max(0.0) * (b2.min(d2) - b1.max(d1)).max(0.0);
            (both, (a2 - a1) * (b2 - b1), (c2 - c1) * (d2 - d1))
        }
        Measured::Mask => match (&found.mask, &truth.mask) {
            (Some(a), Some(b)) if a.size == b.size => {
                (masks::common(a, b) as f64, a.area() as f64, b.area() as f64)
            }
            _ => return 0.0,
        },
    };
    let all = if truth.crowd { mine } else { mine + other - both };
    if all > 0.0 { both / all } else { 0.0 }
}

/// The area of a detection in square pixels.
pub(super) fn area(found: &Found, measured: Measured) -> f64 {
    match (measured, &found.mask) {
        (Measured::Mask, Some(mask)) => mask.area() as f64,
        (Measured::Mask, None) => 0.0,
        (Measured::Box, _) => (found.bbox[2] - found.bbox[0]) * (found.bbox[3] - found.bbox[1]),
    }
}

/// Matches the detections of one class in one image, the surest first and at most [`MAX_FOUND`], with its objects, counting only
/// objects in the area range. `overlaps` has a row a detection. Returns what became of each, and how many objects count.
pub(super) fn match_found(
    found: &[(f64, f64)],
    truths: &[&Truth],
    overlaps: &[Vec<f64>],
    (least, most): (f64, f64),
) -> (Vec<Matched>, usize) {
    let is_ignored = |truth: &Truth| truth.crowd || truth.area < least || truth.area > most;
    // Objects that count come first, so that they are preferred.
    let mut order: Vec<usize> = (0..truths.len()).collect();
    order.sort_by_key(|&index| is_ignored(truths[index]));
    let counted = truths.iter().filter(|truth| !is_ignored(truth)).count();
    let mut matched: Vec<Matched> =
        found.iter().map(|&(score, _)| Matched { score, ..Matched::default() }).collect();
    let mut taken = vec![false; truths.len()];
    for index in 0..THRESHOLDS {
        taken.fill(false);
        let bit = 1 << index;
        for (detection, row) in matched.iter_mut().zip(overlaps) {
            let mut best = threshold(index).min(1.0 - 1e-10);
            let mut chosen: Option<usize> = None;
            for &truth in &order {
                if taken[truth] && !truths[truth].crowd {
                    continue;
                }
                let counts_already = chosen.is_some_and(|chosen| !is_ignored(truths[chosen]));
                if counts_already && is_ignored(truths[truth]) {
                    break;
                }
                if row[truth] >= best {
                    best = row[truth];
                    chosen = Some(truth);
                }
            }
            if let Some(chosen) = chosen {
                taken[chosen] = true;
                detection.right |= bit;
                if is_ignored(truths[chosen]) {
                    detection.ignored |= bit;
                }
            }
        }
    }
    for (detection, &(_, area)) in matched.iter_mut().zip(found) {
        if area < least || area > most {
            // What is found of another size counts only where it is an object.
            detection.ignored |= !detection.right & ((1 << THRESHOLDS) - 1);
        }
    }
    (matched, counted)
}
