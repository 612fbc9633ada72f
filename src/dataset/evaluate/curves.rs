//! Precision over recall of one class.

use super::matching::{Matched, THRESHOLDS};

/// So many points of recall, 0.00 to 1.00.
const POINTS: usize = 101;

/// What is known of one class and one range of areas, over all images.
#[derive(Clone, Debug, Default)]
pub(super) struct Curve {
    /// The detections of all images, image by image, the surest first in each.
    found: Vec<Matched>,
    /// Where each image's detections begin.
    starts: Vec<usize>,
    /// Objects that count.
    objects: usize,
}

/// Average precision and greatest recall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Average {
    pub precision: f64,
    pub recall: f64,
}

impl Curve {
    pub fn add(&mut self, matched: Vec<Matched>, objects: usize) {
        self.starts.push(self.found.len());
        self.found.extend(matched);
        self.objects += objects;
    }

    /// The number of objects that count.
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// The detections of all images, of each at most `most`, the surest first; equally sure ones in the images' order.
    pub fn sorted(&self, most: usize) -> Vec<Matched> {
        let ends = self.starts.iter().skip(1).copied().chain([self.found.len()]);
        let images = self.starts.iter().zip(ends);
        let mut all: Vec<Matched> =
            images.flat_map(|(&start, end)| &self.found[start..end.min(start + most)]).copied().collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
        all
    }

    /// The averages at each IoU threshold; `None` if no object counts.
    pub fn averages(&self, most: usize) -> Option<[Average; THRESHOLDS]> {
        if self.objects == 0 {
            return None;
        }
        let sorted = self.sorted(most);
        Some(std::array::from_fn(|index| self.average(&sorted, index)))
    }

    fn average(&self, sorted: &[Matched], index: usize) -> Average {
        let bit = 1_u16 << index;
        let (mut right, mut wrong) = (0_u32, 0_u32);
        let mut recalls = Vec::with_capacity(sorted.len());
        let mut precisions = Vec::with_capacity(sorted.len());
        for found in sorted {
            if found.ignored & bit == 0 {
                if found.right & bit == 0 { wrong += 1 } else { right += 1 }
            }
            let (right, wrong) = (f64::from(right), f64::from(wrong));
            recalls.push(right / self.objects as f64);
            precisions.push(right / (right + wrong + f64::EPSILON));
        }
        // The best precision at this recall or a greater one.
        for at in (1..precisions.len()).rev() {
            precisions[at - 1] = precisions[at - 1].max(precisions[at]);
        }
        let sum: f64 = (0..POINTS)
            .map(|point| {
                // As numpy's `linspace` has it: 35 × 0.01 is a little more than 0.35.
                let recall = point as f64 * 0.01;
                let at = recalls.partition_point(|&is| is < recall);
                precisions.get(at).copied().unwrap_or_default()
            })
            .sum();
        Average { precision: sum / POINTS as f64, recall: recalls.last().copied().unwrap_or_default() }
    }
}
