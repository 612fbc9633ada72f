//! Ultralytics' exports, told by their metadata; and its raw head without them.

use super::super::file::{GraphInfo, ValueInfo};
use super::super::labels::Labels;
use super::super::metadata::Literal;
use super::super::spec::{ColourOrder, Family, Fit, OutputSpec, Range, Size, Spec, Task};
use super::image_out::Image;
use super::{LETTERBOX, anchors, labels_for};

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
    fn read(facts: &GraphInfo) -> Option<Self> {
        let literal = |key| facts.meta(key).and_then(Literal::parse);
        let task = match facts.meta("task")? {
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

pub(super) fn exported(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let exported = Exported::read(facts)?;
    let output = facts.outputs.first()?;
    let task = exported.task;
    let classes = exported.names.len();
    let bound = exported.imgsz.unwrap_or((640, 640));
    let dynamic = image.size(bound, exported.stride);
    // What comes beyond box and classes.
    let (extra, extra_words) = match task {
        Task::Segment => {
            let prototypes = facts.outputs.get(1).and_then(|p| p.axis(1)).unwrap_or(32);
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
        Task::Semantic => (dynamic, LETTERBOX, format!("output {shape}: a class for every pixel")),
        Task::Depth => (dynamic, Fit::Stretch, format!("output {shape}: metres for every pixel")),
        _ if end_to_end => {
            let words =
                format!("output {shape}: final rows of box, score, class{extra_words}; no NMS needed");
            (dynamic, LETTERBOX, words)
        }
        _ => {
            let words = format!(
                "output {shape}: 4 box values, {classes} classes{extra_words} an anchor, no objectness; NMS needed"
            );
            (dynamic, LETTERBOX, words)
        }
    };
    Some(Spec {
        family: Family::Ultralytics,
        task,
        input: image.input(size, fit, ColourOrder::Rgb, Range::UNIT),
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

/// `[1, 4 + classes, anchors]` without metadata.
pub(super) fn raw_head(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let (rows, cells) = (output.axis(1)?, output.axis(2)?);
    let (w, h) = (image.width?, image.height?);
    if output.shape.len() != 3 || rows < 5 || cells != anchors(w, h) {
        return None;
    }
    Some(raw_head_spec(output, image, usize::try_from(rows).ok()?.saturating_sub(4)))
}

pub(super) fn raw_head_spec(output: &ValueInfo, image: &Image, classes: usize) -> Spec {
    let (labels, labels_evidence) = labels_for(classes);
    Spec {
        family: Family::Ultralytics,
        task: Task::Detect,
        input: image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT),
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
