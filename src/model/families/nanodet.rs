//! NanoDet: class scores (after the sigmoid) and, for each side of the box, a distribution over 8 distances.
//!
//! `distance = Σ i·softmax(logits)ᵢ · stride`, measured from the cell's centre: `(column, row)·stride` in NanoDet-Plus, half a cell
//! farther in v1 (`nanodet/model/head/nanodet_plus_head.py`, `demo_openvino/nanodet_openvino.cpp` of both versions). Plus
//! joins everything in `[1, P, classes + 32]` over strides 8, 16, 32, 64; v1 has a tensor of scores and one of distances for
//! each of strides 8, 16, 32. Maps are rounded up where a stride doesn't divide the input.

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{best_class, consider, finish, passes};
use crate::model::families::shared::detector::{axis, detector, is_stack};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "nanodet",
    name: "NanoDet",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    // The overlap of its `nanodet_head.py` and `nanodet_plus_head.py`.
    quirks: Quirks { old_ids: &["nano-det"], iou: 0.6, ..Quirks::NONE },
};

const BINS: usize = 8;
const SIDES: usize = 4 * BINS;

/// Scores and distances a map (v1), or both joined (Plus).
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let (w, h) = (image.width?, image.height?);
    let fits = match &graph.outputs[..] {
        [one] => {
            let columns = one.axis(2)?;
            one.shape.len() == 3
                && columns > 32
                && one.axis(1) == u64::try_from(points(w, h)).ok()
                && (columns == 112 || image.name == "data")
        }
        [..] if matches!(graph.outputs.len(), 6 | 8) => {
            let sides = graph.outputs.iter().filter(|p| p.shape.len() == 3 && p.axis(2) == Some(32)).count();
            graph.outputs.iter().all(is_stack) && sides * 2 >= graph.outputs.len()
        }
        _ => false,
    };
    fits.then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let one = graph.outputs.len() == 1;
    let columns = graph.outputs.first().and_then(|p| axis(p, 2));
    let classes = columns.map_or(80, |n| if one { n.saturating_sub(32) } else { n });
    let size = image.size((416, 416), 32);
    let input = image.input(size, Fit::Stretch, ColourOrder::Bgr, Range::IMAGENET_BYTES_BGR);
    let evidence = if one {
        "classes and 4×8 distances a cell over strides 8 to 64: NanoDet-Plus"
    } else {
        "a tensor of scores and one of 4×8 distances for each stride: NanoDet"
    };
    let mut spec = detector(Family::NanoDet, input, graph, classes, evidence);
    spec.confidence = 0.92;
    spec
}

/// Cells of one stride, across and down.
fn cells(input: (u32, u32), stride: u32) -> (usize, usize) {
    (input.0.div_ceil(stride) as usize, input.1.div_ceil(stride) as usize)
}

/// Cells of NanoDet-Plus for an input of this size.
fn points(width: u32, height: u32) -> usize {
    [8, 16, 32, 64].into_iter().map(|s| cells((width, height), s)).map(|(a, d)| a * d).sum()
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    scratch.candidates.clear();
    let input = context.geometry.input;
    if let [output] = outputs {
        let columns = output.axis(2);
        if output.shape.len() != 3 || columns <= SIDES || output.axis(1) != points(input.0, input.1) {
            let points = points(input.0, input.1);
            return Err(OutputError::shape(output, format!("1×{points}×(classes + {SIDES})")));
        }
        let mut rows = output.floats()?.chunks_exact(columns);
        for stride in [8, 16, 32, 64] {
            let (across, down) = cells(input, stride);
            for (cell, row) in rows.by_ref().take(across * down).enumerate() {
                let (scores, sides) = row.split_at(columns - SIDES);
                one(scores, sides, [cell % across, cell / across], stride, 0.0, &context, scratch);
            }
        }
    } else {
        for scores in outputs.iter().filter(|t| t.axis(2) != SIDES || t.name.contains("cls")) {
            let of_same_map =
                |t: &&Tensor<'_>| t.axis(1) == scores.axis(1) && t.axis(2) == SIDES && t.name != scores.name;
            let sides = outputs
                .iter()
                .find(of_same_map)
                .ok_or(OutputError::Missing("distances for a map of scores"))?;
            let fits = |s: &&u32| {
                let (across, down) = cells(input, **s);
                across * down == scores.axis(1)
            };
            let stride = *[8u32, 16, 32, 64].iter().find(fits).ok_or(OutputError::InputSize {
                count: scores.axis(1),
                what: "cells",
                input,
            })?;
            let across = cells(input, stride).0;
            let classes = scores.axis(2).max(1);
            let rows = scores.floats()?.chunks_exact(classes).zip(sides.floats()?.chunks_exact(SIDES));
            for (cell, (scores, sides)) in rows.enumerate() {
                one(scores, sides, [cell % across, cell / across], stride, 0.5, &context, scratch);
            }
        }
    }
    finish(scratch, &context, results);
    Ok(())
}

/// One cell.
fn one(
    scores: &[f32],
    sides: &[f32],
    cell: [usize; 2],
    stride: u32,
    centre: f32,
    context: &Context<'_>,
    scratch: &mut Scratch,
) {
    let (class_id, score) = best_class(scores);
    if !passes(score, context) {
        return;
    }
    let stride = stride as f32;
    let [x, y] = cell.map(|c| (c as f32 + centre) * stride);
    let [left, top, right, bottom]: [f32; 4] =
        std::array::from_fn(|side| expectation(&sides[side * BINS..][..BINS]) * stride);
    let (w, h) = (context.geometry.input.0 as f32, context.geometry.input.1 as f32);
    let bbox = [(x - left).max(0.0), (y - top).max(0.0), (x + right).min(w), (y + bottom).min(h)];
    let anchor = scratch.candidates.len();
    consider(scratch, context, score, class_id as f32, bbox, anchor);
}

/// The mean of a distribution over 0, 1, 2, … given by its logits ("distribution focal loss", Li et al. 2020).
fn expectation(logits: &[f32]) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - top).exp();
        sum += weight;
        weighted += weight * bin as f32;
    }
    weighted / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn a_distribution_gives_its_mean() {
        assert!((expectation(&[0.0; 8]) - 3.5).abs() < 1e-6);
        let mut sure = [0.0; 8];
        sure[2] = 50.0;
        assert!((expectation(&sure) - 2.0).abs() < 1e-6);
    }

    /// Logits that are sure of these distances.
    fn sides(distances: [usize; 4]) -> Vec<f32> {
        let mut logits = vec![0.0; SIDES];
        for (side, bin) in distances.into_iter().enumerate() {
            logits[side * BINS + bin] = 60.0;
        }
        logits
    }

    #[test]
    fn plus_measures_from_the_cells_corner() {
        let spec = spec(Family::NanoDet, Task::Detect, 64, 64);
        assert_eq!(points(64, 64), 64 + 16 + 4 + 1);
        assert_eq!(points(416, 416), 3598, "the 64-pixel map is rounded up");
        let mut values = vec![0.0; 85 * 34];
        let row = [vec![0.1, 0.9], sides([1, 2, 3, 1])].concat();
        values[(64 + 6) * 34..][..34].copy_from_slice(&row); // stride 16, column 2, row 1
        let found = decode_with(&spec, (64, 64), &Thresholds::default(), &[("output", &[1, 85, 34], values)])
            .expect("fits");
        // From (32, 16): 16 left, 32 up (cut at 0), 48 right (cut at 64), 16 down.
        assert_eq!((found.detections[0].class_id, found.detections[0].bbox), (1, [16., 0., 64., 32.]));
    }

    #[test]
    fn version_1_measures_from_the_cells_middle() {
        let spec = spec(Family::NanoDet, Task::Detect, 32, 32);
        let mut scores = vec![0.0; 16 * 2];
        scores[5 * 2] = 0.8;
        let mut distances = vec![0.0; 16 * SIDES];
        distances[5 * SIDES..][..SIDES].copy_from_slice(&sides([1, 1, 1, 0]));
        let outputs: [(&str, &[i64], Vec<f32>); 6] = [
            ("cls_pred_stride_8", &[1, 16, 2], scores),
            ("cls_pred_stride_16", &[1, 4, 2], vec![0.0; 8]),
            ("cls_pred_stride_32", &[1, 1, 2], vec![0.0; 2]),
            ("dis_pred_stride_8", &[1, 16, 32], distances),
            ("dis_pred_stride_16", &[1, 4, 32], vec![0.0; 128]),
            ("dis_pred_stride_32", &[1, 1, 32], vec![0.0; 32]),
        ];
        let found = decode_with(&spec, (32, 32), &Thresholds::default(), &outputs).expect("fits");
        // From (12, 12): 8 left, up and right; nothing down.
        assert_eq!(found.detections[0].bbox, [4., 4., 20., 12.]);
    }
}
