//! YOLOv4 of Tianxiaomo: `boxes` in parts of the image and `confs`, objectness already multiplied in (`tool/yolo_layer.py`).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::boxes_scores;
use crate::model::families::shared::boxes_scores::BoxesAndScores;
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov4",
    name: "YOLOv4",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        let kind = BoxesAndScores { in_parts: true, background: false };
        boxes_scores::decode(kind, outputs, context, scratch, results)
    },
    // The overlap of its `demo.py`.
    quirks: Quirks { iou: 0.6, ..Quirks::NONE },
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let boxes = graph.output("boxes").filter(|p| p.shape.len() == 4)?;
    graph.output("confs")?;
    let mut spec = spec(graph, image);
    spec.evidence
        .insert(0, format!("outputs \u{201c}boxes\u{201d} {} and \u{201c}confs\u{201d}", boxes.shape_text()));
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.get(1).and_then(|p| axis(p, 2)).unwrap_or(80);
    let input = image.input(image.size((416, 416), 32), Fit::Stretch, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::Yolov4,
        input,
        graph,
        classes,
        "boxes in parts of the image and confidences, objectness multiplied in: YOLOv4 of Tianxiaomo; NMS needed",
    );
    spec.confidence = 0.96;
    spec
}
