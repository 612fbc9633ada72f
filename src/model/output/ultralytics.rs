//! Ultralytics heads, v3u to 26.
//!
//! Two shapes. The raw head, `[1, 4 + classes + extra, A]`, holds a column an anchor point: box as centre and size in
//! input pixels, class scores after the sigmoid, no objectness; it needs NMS (`ultralytics/nn/modules/head.py`, `Detect`).
//! The end-to-end head and exports with NMS inside give rows, `[1, N, 6 + extra]`: x1, y1, x2, y2, score, class; final,
//! padded with zeros. YOLOv10's own project gives the raw head's boxes as corners (THU `yolov10`, `head.py`). The `extra` values belong to masks, keypoints or an angle.

use super::{Candidate, Context, Scratch, Tensor, finish, first, passes, shape_text};
use crate::model::results::{Detection, Results};
use crate::model::spec::Family;

pub(super) fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    let output = first(outputs)?;
    if output.shape.len() != 3 || output.axis(0) != 1 {
        return Err(format!("its shape is {}, not 1×…×…", shape_text(output.shape)));
    }
    if context.spec.output.end_to_end {
        return rows(output, &context, results);
    }
    let classes = context.spec.output.classes.unwrap_or(output.axis(1).saturating_sub(4));
    columns(output, classes, &context, scratch)?;
    finish(scratch, &context, results);
    Ok(())
}

/// Final rows of an end-to-end head.
fn rows(output: &Tensor<'_>, context: &Context<'_>, results: &mut Results) -> Result<(), String> {
    let columns = output.axis(2);
    if columns < 6 {
        return Err(format!("its shape is {}, not 1×rows×6", shape_text(output.shape)));
    }
    for row in output.floats()?.chunks_exact(columns) {
        let (score, class) = (row[4], row[5]);
        if !passes(score, context) || !(0.0..65_536.0).contains(&class) {
            continue;
        }
        let class_id = class as u32;
        let bbox = context.geometry.box_to_frame([row[0], row[1], row[2], row[3]]);
        if context.thresholds.allows(class_id) && bbox.iter().all(|v| v.is_finite()) {
            results.detections.push(Detection::new(class_id, score, context.geometry.clip(bbox)));
        }
    }
    results.detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    results.detections.truncate(context.thresholds.max_det);
    Ok(())
}

/// Gathers the candidates of a raw head.
fn columns(
    output: &Tensor<'_>,
    classes: usize,
    context: &Context<'_>,
    scratch: &mut Scratch,
) -> Result<(), String> {
    let (rows, anchors) = (output.axis(1), output.axis(2));
    if classes == 0 || rows < 4 + classes {
        return Err(format!(
            "its shape is {}, not 1×(4 + {classes} classes)×anchors",
            shape_text(output.shape)
        ));
    }
    let values = output.floats()?;
    scratch.candidates.clear();
    scratch.best.clear();
    scratch.best.resize(anchors, f32::NEG_INFINITY);
    scratch.best_class.clear();
    scratch.best_class.resize(anchors, 0);
    // Class by class along the rows as they lie in memory, not anchor by anchor at a stride of thousands.
    for (class, row) in values[4 * anchors..].chunks_exact(anchors.max(1)).take(classes).enumerate() {
        let best = scratch.best.iter_mut().zip(&mut scratch.best_class);
        for (score, (best, best_class)) in row.iter().zip(best) {
            let better = *score > *best;
            *best = if better { *score } else { *best };
            *best_class = if better { class as u32 } else { *best_class };
        }
    }
    for (anchor, (&score, &class_id)) in scratch.best.iter().zip(&scratch.best_class).enumerate() {
        if !passes(score, context) || !context.thresholds.allows(class_id) {
            continue;
        }
        let b @ [x, y, w, h] = [0, 1, 2, 3].map(|row| values[row * anchors + anchor]);
        let bbox = if context.spec.family == Family::Yolov10Corners {
            b
        } else {
            [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]
        };
        let bbox = context.geometry.box_to_frame(bbox);
        if bbox.iter().all(|v| v.is_finite()) {
            scratch.candidates.push(Candidate { score, class_id, bbox, anchor });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn a_raw_head_is_read_by_columns() {
        let mut spec = spec(Family::Ultralytics, Task::Detect, 100, 100);
        spec.output.classes = Some(2);
        // Two classes: 6 rows, three anchors; the shape that looks end-to-end when transposed.
        let values = vec![
            50., 50., 10., // x
            50., 50., 10., // y
            20., 20., 4., // w
            40., 36., 4., // h
            0.9, 0.8, 0.1, // class 0
            0.1, 0.2, 0.3, // class 1
        ];
        let found =
            decode_with(&spec, (200, 100), &Thresholds::default(), &[("output0", &[1, 6, 3], values)])
                .expect("fits");
        let got: Vec<_> = found.detections.iter().map(|d| (d.class_id, d.score, d.bbox)).collect();
        // The second overlaps the first by 0.9 and goes; the third is class 1.
        assert_eq!(got, [(0, 0.9, [80., 30., 120., 70.]), (1, 0.3, [16., 8., 24., 12.])]);
    }

    #[test]
    fn end_to_end_rows_are_final() {
        let mut spec = spec(Family::Ultralytics, Task::Detect, 100, 100);
        spec.output.end_to_end = true;
        // Two equal boxes of a class: no second NMS. A zero row is padding.
        let values = vec![
            10., 20., 30., 40., 0.5, 3., //
            10., 20., 30., 40., 0.6, 3., //
            0., 0., 0., 0., 0., 0.,
        ];
        let found =
            decode_with(&spec, (100, 100), &Thresholds::default(), &[("output0", &[1, 3, 6], values)])
                .expect("fits");
        let got: Vec<_> = found.detections.iter().map(|d| (d.class_id, d.score, d.bbox)).collect();
        assert_eq!(got, [(3, 0.6, [10., 20., 30., 40.]), (3, 0.5, [10., 20., 30., 40.])]);
    }

    #[test]
    fn boxes_end_at_the_frame_and_the_most_are_heeded() {
        let mut spec = spec(Family::Ultralytics, Task::Detect, 10, 10);
        spec.output.classes = Some(1);
        let values = vec![5., 1., 5., 1., 20., 2., 20., 2., 0.9, 0.8];
        let most = |max_det| Thresholds { max_det, ..Thresholds::default() };
        let run = |max_det| {
            decode_with(&spec, (10, 10), &most(max_det), &[("output0", &[1, 5, 2], values.clone())])
                .expect("fits")
                .detections
        };
        assert_eq!(run(300)[0].bbox, [0., 0., 10., 10.]);
        assert_eq!((run(300).len(), run(1).len()), (2, 1));
    }

    #[test]
    fn a_head_too_small_for_its_classes_is_named() {
        let mut spec = spec(Family::Ultralytics, Task::Detect, 10, 10);
        spec.output.classes = Some(80);
        let answer =
            decode_with(&spec, (10, 10), &Thresholds::default(), &[("output0", &[1, 6, 3], vec![0.0; 18])]);
        assert!(answer.is_err_and(|e| e.contains("1×6×3") && e.contains("80")));
    }
}
