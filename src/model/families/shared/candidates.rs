//! From candidates to detections: thresholds, class filter, NMS, and the landmarks of faces.

use crate::model::families::{Candidate, Context, Scratch};
use crate::model::results::{Detection, Keypoint, Results};

/// Eyes, nose, corners of the mouth: the points of every face detector here.
pub const LANDMARKS: usize = 5;

/// Whether a score may count: above the threshold, and a number.
pub fn passes(score: f32, context: &Context<'_>) -> bool {
    score > context.thresholds.conf && score.is_finite()
}

/// Takes a box x1, y1, x2, y2 of the input as a candidate, if score, class filter and numbers allow it.
pub fn consider(
    scratch: &mut Scratch,
    context: &Context<'_>,
    score: f32,
    class: f32,
    bbox: [f32; 4],
    anchor: usize,
) {
    if !passes(score, context) || !(0.0..65_536.0).contains(&class) {
        return;
    }
    let class_id = class as u32;
    let bbox = context.geometry.box_to_frame(bbox);
    if context.thresholds.allows(class_id) && bbox.iter().all(|v| v.is_finite()) {
        scratch.candidates.push(Candidate { score, class_id, bbox, anchor });
    }
}

/// The greatest score and its place; the first of equals, as `argmax` does.
pub fn best_class(scores: &[f32]) -> (u32, f32) {
    scores.iter().enumerate().fold((0, f32::NEG_INFINITY), |(best, top), (class, &score)| {
        if score > top { (class as u32, score) } else { (best, top) }
    })
}

/// Thins the candidates out and writes them into the results, clipped to the frame, best first.
pub fn finish(scratch: &mut Scratch, context: &Context<'_>, results: &mut Results) {
    let thresholds = context.thresholds;
    super::nms::nms(
        &mut scratch.candidates,
        &mut scratch.kept,
        &mut scratch.compared,
        thresholds.iou,
        thresholds.max_det,
        context.spec.output.agnostic_nms,
    );
    put_kept(scratch, context, results);
}

/// Writes candidates that are final into the results, clipped to the frame, best first.
pub fn finish_without_nms(scratch: &mut Scratch, context: &Context<'_>, results: &mut Results) {
    scratch.candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.anchor.cmp(&b.anchor)));
    scratch.candidates.truncate(context.thresholds.max_det);
    scratch.kept.clear();
    scratch.kept.extend(0..scratch.candidates.len());
    for c in &scratch.candidates {
        results.detections.push(Detection::new(c.class_id, c.score, context.geometry.clip(c.bbox)));
    }
}

/// Writes the candidates that were kept into the results, clipped to the frame.
pub fn put_kept(scratch: &Scratch, context: &Context<'_>, results: &mut Results) {
    for &index in &scratch.kept {
        let c = scratch.candidates[index];
        results.detections.push(Detection::new(c.class_id, c.score, context.geometry.clip(c.bbox)));
    }
}

/// Gives each detection the five landmarks of a face. `at` returns the place of a landmark in input
/// pixels, by anchor and number.
pub fn landmarks(
    scratch: &Scratch,
    context: &Context<'_>,
    results: &mut Results,
    at: impl Fn(usize, usize) -> [f32; 2],
) {
    for (detection, &kept) in results.detections.iter_mut().zip(&scratch.kept) {
        let anchor = scratch.candidates[kept].anchor;
        detection.keypoints = (results.keypoints.len(), LANDMARKS);
        for point in 0..LANDMARKS {
            let [x, y] = at(anchor, point);
            let [x, y] = context.geometry.to_frame(x, y);
            results.keypoints.push(Keypoint { x, y, score: 1.0 });
        }
    }
}
