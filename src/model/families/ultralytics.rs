//! Ultralytics heads, v3u to 26.
//!
//! Two shapes. The raw head, `[1, 4 + classes + extra, A]`, holds a column an anchor point: box as centre and size in
//! input pixels, class scores after the sigmoid, no objectness; it needs NMS (`ultralytics/nn/modules/head.py`, `Detect`).
//! The end-to-end head and exports with NMS inside give rows, `[1, N, 6 + extra]`: x1, y1, x2, y2, score, class; final,
//! padded with zeros. The `extra` values belong to masks, keypoints or an angle.

use crate::model::boxes::hull;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{consider, finish, finish_without_nms, passes, put_kept};
use crate::model::families::shared::detector::{
    anchor_points, axis, detector, final_detections, labels_for, three_an_anchor_cell,
};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::oriented::{Turned, suppress};
use crate::model::families::shared::score_rows::ScoreRows;
use crate::model::families::shared::{class_map, class_scores, masks, one_value};
use crate::model::families::{Candidate, Context, Family, OutputError, Scratch};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::labels::Labels;
use crate::model::metadata::Literal;
use crate::model::results::{Keypoint, Results};
use crate::model::sidecar::Sidecar;
use crate::model::spec::{ColourOrder, Fit, OutputSpec, Range, Resample, Size, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "ultralytics",
    name: "Ultralytics YOLO",
    tasks: &[Task::Detect, Task::Segment, Task::Pose, Task::Obb, Task::Classify, Task::Semantic, Task::Depth],
    rules: &[Rule::Metadata(exported), Rule::Shapes(final_rows), Rule::Shapes(raw_head)],
    by_hand,
    decode,
    quirks: Quirks::NONE,
};

/// What metadata of Ultralytics' exporter say, beyond the task.
struct Exported {
    task: Task,
    names: Vec<String>,
    stride: u32,
    imgsz: Option<(u32, u32)>,
    end_to_end: bool,
    /// How many keypoints, and values each.
    keypoints: Option<(usize, usize)>,
}

impl Exported {
    fn read(graph: &GraphInfo) -> Option<Self> {
        let literal = |key| graph.meta(key).and_then(Literal::parse);
        let task = match graph.meta("task")? {
            "detect" => Task::Detect,
            "segment" => Task::Segment,
            "pose" => Task::Pose,
            "obb" => Task::Obb,
            "classify" => Task::Classify,
            "semantic" => Task::Semantic,
            "depth" => Task::Depth,
            _ => return None,
        };
        let nms_inside = match literal("args") {
            Some(Literal::Dict(args)) => args
                .iter()
                .any(|(key, value)| *key == Literal::Text("nms".into()) && *value == Literal::Bool(true)),
            _ => false,
        };
        Some(Self {
            task,
            names: literal("names").and_then(|l| l.as_names()).unwrap_or_default(),
            stride: literal("stride").and_then(|l| l.as_count()).map_or(32, |n| n.clamp(1, 256) as u32),
            imgsz: literal("imgsz").and_then(|l| l.as_counts()).and_then(|hw| match hw[..] {
                [h, w] => Some((u32::try_from(w).ok()?, u32::try_from(h).ok()?)),
                _ => None,
            }),
            keypoints: literal("kpt_shape").and_then(|l| l.as_counts()).and_then(|shape| match shape[..] {
                [points, each] => Some((points, each)),
                _ => None,
            }),
            end_to_end: nms_inside || literal("end2end") == Some(Literal::Bool(true)),
        })
    }
}

fn exported(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let exported = Exported::read(graph)?;
    let output = graph.outputs.first()?;
    let task = exported.task;
    let classes = exported.names.len();
    let bound = exported.imgsz.unwrap_or((640, 640));
    let dynamic = image.size(bound, exported.stride);
    // What comes beyond box and classes.
    let (extra, extra_words) = match task {
        Task::Segment => {
            let prototypes = graph.outputs.get(1).and_then(|p| p.axis(1)).unwrap_or(32);
            (prototypes, format!(" and {prototypes} mask coefficients"))
        }
        Task::Pose => {
            let (points, each) = exported.keypoints.unwrap_or((17, 3));
            ((points * each) as u64, format!(" and {points} keypoints of {each} values"))
        }
        Task::Obb => (1, " and an angle".to_owned()),
        _ => (0, String::new()),
    };
    let raw = output.axis(1) == Some(4 + classes as u64 + extra);
    // Old metadata don't speak of it; the columns of final rows that aren't those of a raw head do.
    let end_to_end = exported.end_to_end || (!raw && output.axis(2) == Some(6 + extra));
    let shape = output.shape_text();
    let (size, fit, words) = match task {
        Task::Classify => {
            let side = bound.0.min(bound.1);
            let size =
                Size::Fixed { width: image.width.unwrap_or(side), height: image.height.unwrap_or(side) };
            let (w, h) = size.bound();
            (size, Fit::CentreCrop { resize: w.max(h) }, format!("output {shape}: a probability a class"))
        }
        Task::Semantic => (dynamic, Fit::LETTERBOX, format!("output {shape}: a class for every pixel")),
        Task::Depth => (dynamic, Fit::Stretch, format!("output {shape}: metres for every pixel")),
        _ if end_to_end => {
            let words =
                format!("output {shape}: final rows of box, score, class{extra_words}; no NMS needed");
            (dynamic, Fit::LETTERBOX, words)
        }
        _ => {
            let words = format!(
                "output {shape}: 4 box values, {classes} classes{extra_words} an anchor, no objectness; NMS needed"
            );
            (dynamic, Fit::LETTERBOX, words)
        }
    };
    let mut input = image.input(size, fit, ColourOrder::Rgb, Range::UNIT);
    if task == Task::Classify {
        // Its classifiers see images through torchvision and Pillow, all others through OpenCV.
        input.resample = Resample::Bilinear;
    }
    Some(Spec {
        family: Family::Ultralytics,
        task,
        input,
        output: OutputSpec {
            classes: Some(classes),
            end_to_end,
            keypoints: (task == Task::Pose).then(|| exported.keypoints.unwrap_or((17, 3))),
            ..OutputSpec::default()
        },
        labels: Labels::new(exported.names),
        companion: None,
        evidence: vec![
            format!("metadata: task {task}, {classes} names: written by Ultralytics' exporter"),
            words,
        ],
        confidence: 0.99,
    })
}

/// Six columns without metadata that are no anchors' rows: an end-to-end head (YOLOv10).
fn final_rows(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let rows = output.axis(1)?;
    let of_a_head = image.anchors() == Some(rows) || three_an_anchor_cell(image, rows) == Some(true);
    if output.shape.len() != 3 || output.axis(2) != Some(6) || rows > 1000 || of_a_head {
        return None;
    }
    let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let spec = detector(
        Family::Ultralytics,
        input,
        graph,
        80,
        "few rows of six: x1 y1 x2 y2 score class of an end-to-end head (YOLOv10, YOLO26); no NMS needed",
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.8;
    Some(spec)
}

/// `[1, 4 + classes, anchors]` without metadata.
fn raw_head(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let (rows, cells) = (output.axis(1)?, output.axis(2)?);
    let (w, h) = (image.width?, image.height?);
    if output.shape.len() != 3 || rows < 5 || cells != anchor_points(w, h) {
        return None;
    }
    Some(raw_head_spec(output, image, usize::try_from(rows).ok()?.saturating_sub(4)))
}

fn raw_head_spec(output: &ValueInfo, image: &ImageInput, classes: usize) -> Spec {
    let (labels, labels_evidence) = labels_for(classes);
    Spec {
        family: Family::Ultralytics,
        task: Task::Detect,
        input: image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT),
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
        companion: None,
        evidence: vec![
            format!(
                "output {}: 4 box values and {classes} classes an anchor, no objectness: YOLOv8's head or its kin (v9, 11, 12)",
                output.shape_text()
            ),
            labels_evidence.into(),
        ],
        confidence: 0.8,
    }
}

/// The metadata if there are any, else the shape.
fn by_hand(graph: &GraphInfo, image: &ImageInput, overrides: &Sidecar) -> Option<Spec> {
    let output = graph.outputs.first()?;
    Some(exported(graph, image).unwrap_or_else(|| {
        let named = overrides.labels.as_ref().map(Vec::len);
        let classes = named.or_else(|| axis(output, 1).map(|n| n.saturating_sub(4))).unwrap_or(80);
        let mut spec = raw_head_spec(output, image, classes);
        spec.output.end_to_end = axis(output, 2) == Some(6);
        spec
    }))
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    match context.spec.task {
        Task::Classify => class_scores::decode(outputs, context, scratch, results),
        Task::Semantic => class_map::decode(outputs, context, scratch, results),
        // Metres, not inverse distances.
        Task::Depth => one_value::depth(true, outputs, context, results),
        _ => decode_boxes(false, outputs, context, scratch, results),
    }
}

/// Decodes every task that has boxes. `corners`: the raw head's boxes are corners instead of centre and size.
pub(super) fn decode_boxes(
    corners: bool,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    if output.shape.len() != 3 || output.axis(0) != 1 {
        return Err(OutputError::shape(output, "1×…×…"));
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
        columns(output, classes, (oriented, corners), &context, scratch)?;
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
            let prototypes = outputs.get(1).ok_or(OutputError::Missing("second output with prototypes"))?;
            if used + prototypes.axis(1) > room {
                return Err(OutputError::NoRoom {
                    shape: output.shape_text(),
                    what: "its prototypes' coefficients".into(),
                });
            }
            masks::attach(prototypes, value, &context, scratch, results)
        }
        Task::Pose => {
            let (points, each) = spec.keypoints.unwrap_or((17, 3));
            if each < 2 || used + points * each > room {
                return Err(OutputError::NoRoom {
                    shape: output.shape_text(),
                    what: format!("{points} keypoints"),
                });
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
) -> Result<(), OutputError> {
    let columns = output.axis(2);
    if columns < 6 + usize::from(oriented) {
        return Err(OutputError::shape(output, "1×rows×6"));
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
    (oriented, corners): (bool, bool),
    context: &Context<'_>,
    scratch: &mut Scratch,
) -> Result<(), OutputError> {
    let (rows, anchors) = (output.axis(1), output.axis(2));
    if classes == 0 || rows < 4 + classes + usize::from(oriented) {
        return Err(OutputError::shape(output, format!("1×(4 + {classes} classes)×anchors")));
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
        let bbox = if corners { b } else { [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0] };
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
    use crate::model::families::testing::{decode_with, spec};
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
        assert!(answer.is_err_and(|e| e.to_string().contains("1×6×3") && e.to_string().contains("80")));
    }
}
