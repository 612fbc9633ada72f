//! Whether the results of a frame are those that were saved.

use serde::Serialize;

use crate::save::FrameRecord;
use crate::save::record::DetectionRecord;

/// Boxes of a class that overlap at least so much (IoU) are the same object.
const SAME: f64 = 0.5;

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "difference", rename_all = "kebab-case")]
pub enum Difference {
    /// It is found again, otherwise.
    Changed {
        label: String,
        score: [f64; 2],
        /// How far the box has moved at most, in pixels.
        moved_px: f64,
    },
    /// It isn't found any more.
    Missing { label: String, score: f64 },
    /// It wasn't found before.
    Added { label: String, score: f64 },
    /// The likeliest classes of the image, with their scores.
    Top { before: Vec<(String, f64)>, now: Vec<(String, f64)> },
}

/// Two results of one frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Everything that was saved is as it was, to the last digit.
    pub equal: bool,
    /// Objects that were found before, and are found again.
    pub before: usize,
    pub now: usize,
    pub again: usize,
    /// Of the objects that are found again; 0 if there are none.
    pub mean_iou: f64,
    pub largest_score_difference: f64,
    pub differences: Vec<Difference>,
}

/// Compares the results of a frame with those that were saved. What tracking and zones add is left out.
#[must_use]
pub fn compare(before: &FrameRecord, now: &FrameRecord) -> Comparison {
    let mut comparison =
        Comparison { before: before.detections.len(), now: now.detections.len(), ..Comparison::default() };
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (a, old) in before.detections.iter().enumerate() {
        for (b, new) in now.detections.iter().enumerate() {
            let overlap = iou(old.bbox, new.bbox);
            if old.label == new.label && (overlap >= SAME || old.bbox == new.bbox) {
                pairs.push((overlap, a, b));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut found = vec![None; before.detections.len()];
    let mut taken = vec![false; now.detections.len()];
    let mut overlaps = 0.0;
    for (overlap, a, b) in pairs {
        if found[a].is_none() && !taken[b] {
            found[a] = Some(b);
            taken[b] = true;
            comparison.again += 1;
            overlaps += overlap;
        }
    }
    comparison.mean_iou = if comparison.again > 0 { overlaps / comparison.again as f64 } else { 0.0 };
    for (old, new) in before.detections.iter().zip(&found) {
        let Some(new) = new.map(|b| &now.detections[b]) else {
            let (label, score) = (old.label.clone(), old.score);
            comparison.differences.push(Difference::Missing { label, score });
            continue;
        };
        let score = (old.score - new.score).abs();
        comparison.largest_score_difference = comparison.largest_score_difference.max(score);
        if !is_same(old, new) {
            let moved = old.bbox.iter().zip(new.bbox).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            comparison.differences.push(Difference::Changed {
                label: old.label.clone(),
                score: [old.score, new.score],
                moved_px: (moved * 10.0).round() / 10.0,
            });
        }
    }
    for (new, _) in now.detections.iter().zip(&taken).filter(|(_, taken)| !**taken) {
        let (label, score) = (new.label.clone(), new.score);
        comparison.differences.push(Difference::Added { label, score });
    }
    if before.top != now.top {
        let named = |record: &FrameRecord| {
            let top = record.top.iter().flatten();
            top.map(|class| (class.label.clone(), class.score)).collect()
        };
        comparison.differences.push(Difference::Top { before: named(before), now: named(now) });
    }
    let same_kind = before.task == now.task && before.size == now.size;
    comparison.equal = same_kind && comparison.differences.is_empty();
    comparison
}

/// Whether a detection is as it was; a tracker's number and what zones say of it don't count.
fn is_same(a: &DetectionRecord, b: &DetectionRecord) -> bool {
    (a.class_id, a.score, a.bbox) == (b.class_id, b.score, b.bbox)
        && a.mask == b.mask
        && a.keypoints == b.keypoints
        && a.corners == b.corners
        && a.angle == b.angle
}

fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |r: [f64; 4]| (r[2] - r[0]).max(0.0) * (r[3] - r[1]).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let all = area(a) + area(b) - both;
    if all > 0.0 { both / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fixtures::prediction;
    use crate::frame::Frame;
    use crate::save::FrameInfo;

    fn record(found: &[(u32, [f32; 4])]) -> FrameRecord {
        let prediction = prediction(&Arc::new(Frame::filled(100, 100, [0; 4])), found);
        FrameRecord::new(
            FrameInfo::default(),
            &prediction.results,
            &prediction.model.spec.labels,
            &prediction.times,
        )
    }

    #[test]
    fn every_object_is_found_again_moved_missing_or_new() {
        let car = |x: f32| (2, [x, 10.0, x + 20.0, 30.0]);
        let before = record(&[car(0.0), car(40.0), (0, [70.0, 70.0, 90.0, 90.0])]);
        assert!(compare(&before, &before).equal);
        // Its time, its frame and its tracks don't count.
        let mut tracked = before.clone();
        (tracked.frame, tracked.time_s, tracked.detections[0].track_id) = (9, Some(1.0), Some(4));
        assert!(compare(&before, &tracked).equal);
        let now = record(&[car(2.0), car(40.0), (1, [70.0, 70.0, 90.0, 90.0])]);
        let comparison = compare(&before, &now);
        assert!(!comparison.equal);
        assert_eq!((comparison.before, comparison.now, comparison.again), (3, 3, 2));
        // 18 × 20 of 22 × 20 pixels, and all of them.
        assert!((comparison.mean_iou - f64::midpoint(18.0 / 22.0, 1.0)).abs() < 1e-9);
        let [
            Difference::Changed { moved_px, .. },
            Difference::Missing { label, .. },
            Difference::Added { .. },
        ] = &comparison.differences[..]
        else {
            panic!("{comparison:?}")
        };
        assert_eq!((*moved_px, label.as_str()), (2.0, "person"));
    }
}
