//! YOLOv4 of the ONNX model zoo: raw maps of three anchors a cell, channels last.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::anchor_heads;
use crate::model::families::shared::anchor_heads::AnchorHead;
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::spec::{ColourOrder, Fit, Layout, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov4-keras",
    name: "YOLOv4 (model zoo)",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        anchor_heads::decode(AnchorHead::Yolov4, outputs, context, scratch, results)
    },
    // The overlap of the model zoo's README.
    quirks: Quirks { iou: 0.213, ..Quirks::NONE },
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let is_map = |p: &ValueInfo| p.shape.len() == 5 && p.axis(3) == Some(3);
    (image.layout == Layout::Nhwc && graph.outputs.len() == 3 && graph.outputs.iter().all(is_map))
        .then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 4)).map_or(80, |n| n.saturating_sub(5));
    let fit = Fit::Letterbox { pad: 128, centred: true, rounded: false };
    let input = image.input(image.size((416, 416), 32), fit, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::Yolov4Keras,
        input,
        graph,
        classes,
        "channels last, three maps of three anchors a cell: YOLOv4 of the model zoo",
    );
    spec.output.anchors = anchor_heads::YOLOV4.to_vec();
    spec.confidence = 0.93;
    spec
}
