//! Ultralytics heads, v3u to 26.
//!
//! Two shapes. The raw head, `[1, 4 + classes + extra, A]`, holds a column an anchor point: box as centre and size in
//! input pixels, class scores after the sigmoid, no objectness; it needs NMS (`ultralytics/nn/modules/head.py`, `Detect`).
//! The end-to-end head and exports with NMS inside give rows, `[1, N, 6 + extra]`: x1, y1, x2, y2, score, class; final,
//! padded with zeros. YOLOv10's own project gives the raw head's boxes as corners (THU `yolov10`, `head.py`). The `extra` values belong to masks, keypoints or an angle.

use super::best_rows::ScoreRows;
use super::oriented::{Turned, hull, suppress};
use super::{
    Candidate, Context, Scratch, Tensor, classify, consider, finish, finish_without_nms, first, mask, passes,
    planes, put_kept, semantic, shape_text,
};
use crate::model::results::{Keypoint, Results};
use crate::model::spec::{Family, Task};

pub(super) fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    match context.spec.task {
        Task::Classify => return classify::decode(outputs, context, results),
        Task::Semantic => return semantic::decode(outputs, context, results),
        Task::Depth => return planes::depth(outputs, context, results),
        _ => {}
    }
    let output = first(outputs)?;
    if output.shape.len() != 3 || output.axis(0) != 1 {
        return Err(format!("its shape is {}, not 1×…×…", shape_text(output.shape)));
    }
    let values = output.floats()?;
    let spec = &context.spec.output;
    let oriented = context.spec.task == Task::Obb;
    // Where the values beyond box and classes lie: (first, distance between values, distance between anchors).
    let (extra, step, stride) = if spec.end_to_end {
        rows(output, oriented, &context, scratch)?;
        (6, 1, output.axis(2))
    } else {
        let classes = spec.classes.unwrap_or(output.axis(1).saturating_sub(4));
        columns(output, classes, oriented, &context, scratch)?;
        ((4 + classes) * output.axis(2), output.axis(2), 1)
    };
    if spec.end_to_end {
        finish_without_nms(scratch, &context, results);
    } else if oriented {
        let limits = context.thresholds;
        suppress(scratch, limits.iou, limits.max_det, spec.agnostic_nms);
        put_kept(scratch, &context, results);
    } else {
        finish(scratch, &context, results);
    }
    let room = if spec.end_to_end { stride } else { output.axis(1) };
    let used = if spec.end_to_end { 6 } else { extra / step.max(1) };
    let value = |anchor: usize, k: usize| values[extra + k * step + anchor * stride];
    match context.spec.task {
        Task::Segment => {
            let prototypes = outputs.get(1).ok_or("it has no second output with prototypes")?;
            if used + prototypes.axis(1) > room {
                return Err(format!(
                    "{} has no room for its prototypes' coefficients",
                    shape_text(output.shape)
                ));
            }
            mask::attach(prototypes, value, &context, scratch, results)
        }
        Task::Pose => {
            let (points, each) = spec.keypoints.unwrap_or((17, 3));
            if each < 2 || used + points * each > room {
                return Err(format!("{} has no room for {points} keypoints", shape_text(output.shape)));
            }
            keypoints(scratch, &context, results, (points, each), value);
            Ok(())
        }
        Task::Obb => {
            for (detection, &kept) in results.detections.iter_mut().zip(&scratch.kept) {
                let turned = scratch.turned[scratch.candidates[kept].anchor];
                detection.oriented = Some(turned.oriented());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Gives each detection its keypoints: x, y and, where there are three values, how visible it is.
fn keypoints(
    scratch: &Scratch,
    context: &Context<'_>,
    results: &mut Results,
    (points, each): (usize, usize),
    value: impl Fn(usize, usize) -> f32,
) {
    let (width, height) = (context.geometry.frame.0 as f32, context.geometry.frame.1 as f32);
    for (detection, &kept) in results.detections.iter_mut().zip(&scratch.kept) {
        let anchor = scratch.candidates[kept].anchor;
        detection.keypoints = (results.keypoints.len(), points);
        for point in 0..points {
            let at = point * each;
            let [x, y] = context.geometry.to_frame(value(anchor, at), value(anchor, at + 1));
            let score = if each > 2 { value(anchor, at + 2) } else { 1.0 };
            results.keypoints.push(Keypoint { x: x.clamp(0.0, width), y: y.clamp(0.0, height), score });
        }
    }
}

/// Final rows of an end-to-end head or of NMS inside: x1, y1, x2, y2 (oriented: centre and size), score, class.
fn rows(
    output: &Tensor<'_>,
    oriented: bool,
    context: &Context<'_>,
    scratch: &mut Scratch,
) -> Result<(), String> {
    let columns = output.axis(2);
    if columns < 6 + usize::from(oriented) {
        return Err(format!("its shape is {}, not 1×rows×6", shape_text(output.shape)));
    }
    scratch.candidates.clear();
    scratch.turned.clear();
    for (anchor, row) in output.floats()?.chunks_exact(columns).enumerate() {
        if oriented {
            consider_turned(scratch, context, row[4], row[5], [row[0], row[1], row[2], row[3], row[6]]);
        } else {
            consider(scratch, context, row[4], row[5], [row[0], row[1], row[2], row[3]], anchor);
        }
    }
    Ok(())
}

/// Takes an oriented box of the input, centre, size and angle, as a candidate. Its `anchor` is its place in
/// `scratch.turned`.
fn consider_turned(
    scratch: &mut Scratch,
    context: &Context<'_>,
    score: f32,
    class: f32,
    [x, y, w, h, angle]: [f32; 5],
) {
    if !passes(score, context)
        || !(0.0..65_536.0).contains(&class)
        || !context.thresholds.allows(class as u32)
    {
        return;
    }
    let [x, y] = context.geometry.to_frame(x, y);
    let [sx, sy] = context.geometry.scale;
    let turned = Turned { x, y, width: w / sx, height: h / sy, angle };
    let bbox = hull(&turned.oriented().corners);
    if bbox.iter().all(|v| v.is_finite()) {
        let anchor = scratch.turned.len();
        scratch.turned.push(turned);
        scratch.candidates.push(Candidate { score, class_id: class as u32, bbox, anchor });
    }
}

/// Gathers the candidates of a raw head.
fn columns(
    output: &Tensor<'_>,
    classes: usize,
    oriented: bool,
    context: &Context<'_>,
    scratch: &mut Scratch,
) -> Result<(), String> {
    let (rows, anchors) = (output.axis(1), output.axis(2));
    if classes == 0 || rows < 4 + classes + usize::from(oriented) {
        return Err(format!(
            "its shape is {}, not 1×(4 + {classes} classes)×anchors",
            shape_text(output.shape)
        ));
    }
    let values = output.floats()?;
    scratch.candidates.clear();
    scratch.turned.clear();
    let scores = ScoreRows { values: &values[4 * anchors..], anchors, classes };
    let mut best = std::mem::take(&mut scratch.best);
    scores.each_above(context.thresholds.conf, &mut best, |anchor, class_id, score| {
        if !context.thresholds.allows(class_id) {
            return;
        }
        let b @ [x, y, w, h] = [0, 1, 2, 3].map(|row| values[row * anchors + anchor]);
        if oriented {
            // The angle comes after the classes.
            let angle = values[(4 + classes) * anchors + anchor];
            consider_turned(scratch, context, score, class_id as f32, [x, y, w, h, angle]);
            return;
        }
        let bbox = if context.spec.family == Family::Yolov10Corners {
            b
        } else {
            [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]
        };
        let bbox = context.geometry.box_to_frame(bbox);
        if bbox.iter().all(|v| v.is_finite()) {
            scratch.candidates.push(Candidate { score, class_id, bbox, anchor });
        }
    });
    scratch.best = best;
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
