//! Precision, recall, confusion and mistakes at one confidence.

use super::curves::Curve;
use super::matching::{MAX_FOUND, overlap};
use super::{Confusion, Found, ImageMistakes, Measured, Mistake, Truth};

/// Steps of confidence that are tried.
const STEPS: usize = 1000;

/// Precision, recall and F1 of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// `None` if nothing was found.
    pub precision: Option<f64>,
    pub recall: f64,
    pub f1: f64,
}

/// The precision and recall of a class at each confidence that is tried; empty if no object counts.
pub(super) struct Points {
    points: Vec<Point>,
}

impl Points {
    /// At the IoU threshold of this index.
    pub fn of(curve: &Curve, threshold: usize) -> Self {
        if curve.objects() == 0 {
            return Self { points: Vec::new() };
        }
        let bit = 1_u16 << threshold;
        let counted: Vec<(f64, bool)> = curve
            .sorted(MAX_FOUND)
            .iter()
            .filter(|found| found.ignored & bit == 0)
            .map(|found| (found.score, found.right & bit != 0))
            .collect();
        let mut rights = Vec::with_capacity(counted.len() + 1);
        rights.push(0_usize);
        for (_, right) in &counted {
            rights.push(rights.last().copied().unwrap_or_default() + usize::from(*right));
        }
        let point = |step: usize| {
            let least = confidence(step);
            let found = counted.partition_point(|(score, _)| *score >= least);
            let right = rights[found] as f64;
            let precision = (found > 0).then(|| right / found as f64);
            let recall = right / curve.objects() as f64;
            let sum = precision.unwrap_or_default() + recall;
            let f1 = if sum > 0.0 { 2.0 * precision.unwrap_or_default() * recall / sum } else { 0.0 };
            Point { precision, recall, f1 }
        };
        Self { points: (0..=STEPS).map(point).collect() }
    }

    /// At the step of confidence; `None` if no object counts.
    pub fn at(&self, step: usize) -> Option<Point> {
        self.points.get(step).copied()
    }
}

/// The confidence of a step.
pub(super) fn confidence(step: usize) -> f64 {
    step as f64 / STEPS as f64
}

/// The step of a confidence.
pub(super) fn step_of(confidence: f64) -> usize {
    ((confidence * STEPS as f64).round().max(0.0) as usize).min(STEPS)
}

/// The step at which the mean F1 of the classes is best; in the middle where several are equally good.
pub(super) fn best_step(classes: &[Points]) -> usize {
    let mean =
        |step| super::mean(classes.iter().filter_map(|class| Some(class.at(step)?.f1))).unwrap_or_default();
    let means: Vec<f64> = (0..=STEPS).map(mean).collect();
    let best = means.iter().copied().fold(0.0, f64::max);
    let from = means.iter().position(|mean| *mean == best).unwrap_or_default();
    let until =
        means[from..].iter().position(|mean| *mean != best).map_or(means.len(), |length| from + length);
    usize::midpoint(from, until - 1)
}

/// What of an image decides about confusion at any confidence.
#[derive(Clone, Debug)]
pub(super) struct ImageOverlaps {
    name: String,
    /// Class, box and whether it is a crowd.
    truths: Vec<(usize, [f64; 4], bool)>,
    /// Class, score and box.
    found: Vec<(usize, f64, [f64; 4])>,
    /// Detections and objects of any class that overlap by at least the IoU, the greatest overlap first.
    pairs: Vec<(usize, usize)>,
}

impl ImageOverlaps {
    pub fn of(name: &str, truths: &[Truth], found: &[Found], iou: f64, measured: Measured) -> Self {
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for (f, one) in found.iter().enumerate() {
            for (t, truth) in truths.iter().enumerate() {
                let overlap = overlap(one, truth, measured);
                if overlap >= iou {
                    pairs.push((overlap, f, t));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(found[b.1].score.total_cmp(&found[a.1].score)));
        Self {
            name: name.to_owned(),
            truths: truths.iter().map(|truth| (truth.class, truth.bbox, truth.crowd)).collect(),
            found: found.iter().map(|one| (one.class, one.score, one.bbox)).collect(),
            pairs: pairs.into_iter().map(|(_, f, t)| (f, t)).collect(),
        }
    }

    /// Counts into `confusion` what was taken for what at this confidence; returns the mistakes.
    pub fn judge(&self, least: f64, confusion: &mut Confusion) -> ImageMistakes {
        let background = confusion.classes.len();
        let name = |class: usize| confusion.classes.get(class).cloned().unwrap_or_default();
        let (mut mistakes, mut right) = (Vec::new(), 0);
        let mut match_of = vec![None; self.found.len()];
        let mut taken = vec![false; self.truths.len()];
        // First those of the same class: an object that is found rightly isn't confused with what overlaps it a little more.
        for same in [true, false] {
            for &(f, t) in &self.pairs {
                let (class, score, _) = self.found[f];
                let (is, _, crowd) = self.truths[t];
                if score >= least && !crowd && match_of[f].is_none() && !taken[t] && (class == is) == same {
                    match_of[f] = Some(t);
                    taken[t] = true;
                }
            }
        }
        let mut counts = Vec::new();
        for (f, &(class, score, bbox)) in self.found.iter().enumerate() {
            if score < least {
                continue;
            }
            if let Some(t) = match_of[f] {
                let is = self.truths[t].0;
                counts.push((is, class));
                if is == class {
                    right += 1;
                } else {
                    mistakes.push(Mistake::Confused { class: name(is), found: name(class), score, bbox });
                }
            } else if !self
                .pairs
                .iter()
                .any(|&(of, t)| of == f && self.truths[t].2 && self.truths[t].0 == class)
            {
                counts.push((background, class));
                mistakes.push(Mistake::False { class: name(class), score, bbox });
            }
        }
        for (t, &(class, bbox, crowd)) in self.truths.iter().enumerate() {
            if !crowd && !taken[t] {
                counts.push((class, background));
                mistakes.push(Mistake::Missed { class: name(class), bbox });
            }
        }
        for (row, column) in counts {
            confusion.counts[row][column] += 1;
        }
        ImageMistakes { image: self.name.clone(), right, mistakes }
    }
}
