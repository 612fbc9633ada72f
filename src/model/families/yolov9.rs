//! YOLOv9 of its own project, with one head or two: YOLOv8's columns.

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{axis, names, one_box_an_anchor, only_stride_and_names};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Family, ultralytics};
use crate::model::file::GraphInfo;
use crate::model::spec::{Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov9",
    name: "YOLOv9",
    tasks: &[Task::Detect],
    rules: &[Rule::Metadata(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        // Training with a second, auxiliary head leaves two outputs; the main one is the last.
        let main = outputs.len().saturating_sub(1);
        ultralytics::decode_boxes(false, &outputs[main..], context, scratch, results)
    },
    // The overlap of its `detect.py`.
    quirks: Quirks { iou: 0.45, ..Quirks::NONE },
};

/// Metadata as YOLOv5's, columns as YOLOv8's; or two equal heads.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let output = graph.outputs.first()?;
    let two = matches!(&graph.outputs[..], [a, b] if a.shape == b.shape && a.shape.len() == 3);
    let named = only_stride_and_names(graph) && names(graph).map(|n| n.len() + 4) == axis(output, 1);
    let columns = axis(output, 1)? >= 5 && output.axis(2) == image.anchors();
    let equal_heads = two && columns;
    if !named && !equal_heads {
        return None;
    }
    let mut spec = spec(graph, image);
    if named {
        spec.evidence.insert(
            0,
            "metadata: stride and names, no task, no objectness: written by YOLOv9's exporter".into(),
        );
    }
    if two {
        spec.evidence.push("two heads: the second is the main one".into());
    }
    spec.confidence = if named { 0.97 } else { 0.85 };
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    one_box_an_anchor(Family::Yolov9, graph, image)
}
