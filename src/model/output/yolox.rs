//! YOLOX: `[1, A, 5 + classes]`, a row an anchor point: box, objectness, class scores.
//!
//! Objectness and classes went through a sigmoid in the network. The box is undecoded in the project's usual export:
//! `xy = (v + grid) · stride`, `wh = exp(v) · stride` (`yolox/models/yolo_head.py`, `decode_outputs`; the same in
//! `yolox/utils/demo_utils.py`, `demo_postprocess`). Anchor points run over strides 8, 16, 32 (and 64 for P6), rows first.

use super::{Candidate, Context, Scratch, Tensor, finish, first, passes, shape_text};
use crate::model::results::Results;

const STRIDES: [usize; 3] = [8, 16, 32];
const STRIDES_P6: [usize; 4] = [8, 16, 32, 64];

/// The strides whose cells add up to `anchors` for an input of this size.
#[must_use]
pub fn strides_for(width: usize, height: usize, anchors: usize) -> Option<&'static [usize]> {
    let count = |strides: &[usize]| strides.iter().map(|s| (width / s) * (height / s)).sum::<usize>();
    [STRIDES.as_slice(), STRIDES_P6.as_slice()].into_iter().find(|strides| count(strides) == anchors)
}

pub(super) fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    let output = first(outputs)?;
    let (anchors, columns) = (output.axis(1), output.axis(2));
    let values = output.floats()?;
    if output.shape.len() != 3 || columns < 6 || output.axis(0) != 1 {
        return Err(format!("its shape is {}, not 1×anchors×(5 + classes)", shape_text(output.shape)));
    }
    let (width, height) = context.geometry.input;
    let strides = strides_for(width as usize, height as usize, anchors)
        .ok_or_else(|| format!("{anchors} anchors don't belong to a {width}×{height} input"))?;

    scratch.candidates.clear();
    let mut rows = values.chunks_exact(columns).enumerate();
    for &stride in strides {
        let (across, down) = (width as usize / stride, height as usize / stride);
        for ((anchor, row), cell) in rows.by_ref().take(across * down).zip(0..) {
            let objectness = row[4];
            // Class scores are at most 1: most rows end here.
            if !passes(objectness, &context) {
                continue;
            }
            let (class_id, class_score) = best_class(&row[5..]);
            let score = objectness * class_score;
            if !passes(score, &context) || !context.thresholds.allows(class_id) {
                continue;
            }
            let [mut x, mut y, mut w, mut h] = [row[0], row[1], row[2], row[3]];
            if !context.spec.output.decoded {
                let size = stride as f32;
                x = (x + (cell % across) as f32) * size;
                y = (y + (cell / across) as f32) * size;
                w = w.exp() * size;
                h = h.exp() * size;
            }
            let bbox = context.geometry.box_to_frame([x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]);
            if bbox.iter().all(|v| v.is_finite()) {
                scratch.candidates.push(Candidate { score, class_id, bbox, anchor });
            }
        }
    }
    finish(scratch, &context, results);
    Ok(())
}

/// The greatest score and its place; the first of equals, as `argmax` does.
pub(super) fn best_class(scores: &[f32]) -> (u32, f32) {
    scores.iter().enumerate().fold((0, f32::NEG_INFINITY), |(best, top), (class, &score)| {
        if score > top { (class as u32, score) } else { (best, top) }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    /// 32×32 input: 16 + 4 + 1 anchors, two classes.
    fn output(set: &[(usize, [f32; 7])]) -> Vec<f32> {
        let mut values = vec![0.0; 21 * 7];
        for (anchor, row) in set {
            values[anchor * 7..][..7].copy_from_slice(row);
        }
        values
    }

    #[test]
    fn boxes_are_decoded_by_grid_and_stride() {
        let spec = spec(Family::Yolox, Task::Detect, 32, 32);
        // Anchor 6 is cell (2, 1) of stride 8; anchor 20 the one cell of stride 32.
        let values = output(&[
            (6, [0.5, 0.25, 0.0, f32::ln(2.0), 0.8, 0.1, 0.9]),
            (20, [0.5, 0.5, 0.0, 0.0, 0.5, 0.6, 0.2]),
        ]);
        let frame = (64, 32); // twice as wide as the input
        let found = decode_with(&spec, frame, &Thresholds::default(), &[("output", &[1, 21, 7], values)])
            .expect("fits");
        // Centre (20, 10), size 8×16 → x 16..24 twice, y 2..18.
        assert_eq!(found.detections[0].bbox, [32.0, 2.0, 48.0, 18.0]);
        assert_eq!(found.detections[0].class_id, 1);
        assert!((found.detections[0].score - 0.72).abs() < 1e-6);
        assert_eq!(found.detections[1].bbox, [0.0, 0.0, 64.0, 32.0]);
        assert_eq!(found.detections.len(), 2);
    }

    #[test]
    fn a_decoded_export_is_taken_as_pixels() {
        let mut spec = spec(Family::Yolox, Task::Detect, 32, 32);
        spec.output.decoded = true;
        let values = output(&[(3, [16.0, 16.0, 8.0, 4.0, 1.0, 1.0, 0.0])]);
        let found = decode_with(&spec, (32, 32), &Thresholds::default(), &[("output", &[1, 21, 7], values)])
            .expect("fits");
        assert_eq!(found.detections[0].bbox, [12.0, 14.0, 20.0, 18.0]);
    }

    #[test]
    fn the_class_filter_and_absurd_values_are_heeded() {
        let spec = spec(Family::Yolox, Task::Detect, 32, 32);
        let values = output(&[
            (0, [0.0, 0.0, 0.0, 0.0, 1.0, 0.9, 0.0]),
            (1, [0.0, 0.0, 1000.0, 0.0, 1.0, 0.0, 0.9]), // exp overflows
            (2, [0.0, 0.0, 0.0, 0.0, f32::NAN, 0.9, 0.0]),
        ]);
        let only = |classes: Vec<u32>| {
            let thresholds = Thresholds { classes, ..Thresholds::default() };
            decode_with(&spec, (32, 32), &thresholds, &[("output", &[1, 21, 7], values.clone())])
                .expect("fits")
                .detections
                .len()
        };
        assert_eq!((only(vec![]), only(vec![0]), only(vec![1])), (1, 1, 0));
    }

    #[test]
    fn another_shape_is_named() {
        let spec = spec(Family::Yolox, Task::Detect, 32, 32);
        let answer =
            decode_with(&spec, (32, 32), &Thresholds::default(), &[("output", &[1, 20, 7], vec![0.0; 140])]);
        assert!(answer.is_err_and(|e| e.contains("20 anchors")));
    }
}
