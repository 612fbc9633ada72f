//! Ultralytics' exports, told by their metadata; and its raw head without them.

use super::super::file::{Facts, Port};
use super::super::labels::Labels;
use super::super::metadata::Literal;
use super::super::spec::{ColourOrder, Family, OutputSpec, Range, Spec, Task};
use super::picture::Picture;
use super::{LETTERBOX, anchors, labels_for};

/// What metadata of Ultralytics' exporter say, beyond the task.
struct Exported {
    task: Task,
    names: Vec<String>,
    stride: u32,
    imgsz: Option<(u32, u32)>,
    end_to_end: bool,
}

impl Exported {
    fn read(facts: &Facts) -> Option<Self> {
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
            end_to_end: nms_inside || literal("end2end") == Some(Literal::Bool(true)),
        })
    }
}

pub(super) fn exported(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let exported = Exported::read(facts)?;
    if exported.task != Task::Detect {
        return None;
    }
    let output = facts.outputs.first()?;
    let classes = exported.names.len();
    let raw = output.axis(1) == Some(4 + classes as u64);
    // Old metadata don't speak of it; six columns that aren't the rows of a two-class head do.
    let end_to_end = exported.end_to_end || (!raw && output.axis(2) == Some(6));
    let mut evidence =
        vec![format!("metadata: task {}, {classes} names: written by Ultralytics' exporter", exported.task)];
    evidence.push(if end_to_end {
        format!("output {}: final rows x1 y1 x2 y2 score class, no NMS needed", output.shape_text())
    } else {
        format!(
            "output {}: 4 box values and {classes} classes an anchor, no objectness; NMS needed",
            output.shape_text()
        )
    });
    Some(Spec {
        family: Family::Ultralytics,
        task: exported.task,
        input: picture.input(
            picture.size(exported.imgsz.unwrap_or((640, 640)), exported.stride),
            LETTERBOX,
            ColourOrder::Rgb,
            Range::UNIT,
        ),
        output: OutputSpec { classes: Some(classes), end_to_end, ..OutputSpec::default() },
        labels: Labels::new(exported.names),
        evidence,
        confidence: 0.99,
    })
}

/// `[1, 4 + classes, anchors]` without metadata.
pub(super) fn raw_head(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let (rows, cells) = (output.axis(1)?, output.axis(2)?);
    let (w, h) = (picture.width?, picture.height?);
    if output.shape.len() != 3 || rows < 5 || cells != anchors(w, h) {
        return None;
    }
    Some(raw_head_spec(output, picture, usize::try_from(rows).ok()?.saturating_sub(4)))
}

pub(super) fn raw_head_spec(output: &Port, picture: &Picture, classes: usize) -> Spec {
    let (labels, labels_evidence) = labels_for(classes);
    Spec {
        family: Family::Ultralytics,
        task: Task::Detect,
        input: picture.input(picture.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT),
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
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
