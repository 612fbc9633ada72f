//! Meituan YOLOv6: an objectness of 1 everywhere.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::with_objectness;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::objectness;
use crate::model::file::GraphInfo;
use crate::model::spec::{Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov6",
    name: "YOLOv6",
    tasks: &[Task::Detect],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        objectness::decode_any(false, outputs, context, scratch, results)
    },
    // The overlap of its `tools/infer.py`.
    quirks: Quirks { iou: 0.45, ..Quirks::NONE },
};

/// The output's name, and one anchor a cell.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    if output.name != "outputs" || output.shape.len() != 3 || output.axis(1) != image.anchors() {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.confidence = 0.9;
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let mut spec = with_objectness(Family::Yolov6, graph, image);
    spec.evidence.push(
        "one anchor a cell and an output named \u{201c}outputs\u{201d}: YOLOv6, whose objectness is 1".into(),
    );
    spec
}
