//! Any detector with NMS inside and separate outputs for boxes, scores, classes and perhaps their count: YOLOv6 `--ort` and
//! others.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{detector, final_detections, names};
use crate::model::families::shared::final_boxes;
use crate::model::families::shared::final_boxes::BoxOrder;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::labels::Labels;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "nms-inside",
    name: "Detector with NMS inside",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        final_boxes::decode(BoxOrder::ColumnsFirst, outputs, context, scratch, results)
    },
    quirks: Quirks::NONE,
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let has = |words: &[&str]| graph.outputs.iter().any(|p| words.iter().any(|w| p.name.contains(w)));
    let named = has(&["box"]) && has(&["score"]) && has(&["class", "label"]);
    (named && matches!(graph.outputs.len(), 3 | 4) && graph.inputs.len() == 1).then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let size = image.size((640, 640), 32);
    let input = image.input(size, Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::NmsInside,
        input,
        graph,
        80,
        "final boxes, scores and classes in outputs of their own; no NMS needed",
    );
    if names(graph).is_none() {
        spec.labels = Labels::coco80();
    }
    spec.evidence
        .push("the file doesn't tell the range of its values: taken for RGB in 0 to 1, letterboxed".into());
    let mut spec = final_detections(spec);
    spec.confidence = 0.75;
    spec
}
