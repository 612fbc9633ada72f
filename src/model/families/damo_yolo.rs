//! DAMO-YOLO: scores, then boxes in input pixels, with a row an anchor (`zero_head.py`).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::boxes_scores;
use crate::model::families::shared::boxes_scores::BoxesAndScores;
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "damo-yolo",
    name: "DAMO-YOLO",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        boxes_scores::decode(BoxesAndScores::PIXELS, outputs, context, scratch, results)
    },
    quirks: Quirks::NONE,
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [scores, boxes] = boxes_scores::tables(graph, image)?;
    (scores.axis(2).is_some() && boxes.axis(2) == Some(4)).then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 2)).unwrap_or(80);
    let input = image.input(image.size((640, 640), 32), Fit::Stretch, ColourOrder::Rgb, Range::BYTE);
    let mut spec = detector(
        Family::DamoYolo,
        input,
        graph,
        classes,
        "scores, then boxes, a row an anchor: DAMO-YOLO, which takes 0 to 255; NMS needed",
    );
    spec.confidence = 0.85;
    spec
}
