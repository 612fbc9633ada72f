//! YOLO-NAS and others of super-gradients: batch format, flat format (`models_export.md`), or without NMS (input pixels, after
//! the sigmoid).

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::boxes_scores::BoxesAndScores;
use crate::model::families::shared::detector::{axis, detector, final_detections, is_stack};
use crate::model::families::shared::final_boxes::BoxOrder;
use crate::model::families::shared::final_rows::RowOrder;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{boxes_scores, final_boxes, final_rows};
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Element, Fit, Layout, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "yolo-nas",
    name: "YOLO-NAS",
    tasks: &[Task::Detect],
    rules: &[Rule::Inputs(rule), Rule::Outputs(raw)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    quirks: Quirks::NONE,
};

/// Bytes in planes, or the names of the outputs.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let bytes = image.element == Element::U8 && image.layout == Layout::Nchw;
    let flat = graph.outputs.first().is_some_and(|p| p.name.contains("flat"));
    if !bytes && !flat {
        return None;
    }
    let fits = match &graph.outputs[..] {
        [rows] => rows.shape.is_empty() || rows.axis(1) == Some(7),
        [a, b] => is_stack(a) && is_stack(b),
        outputs => outputs.len() == 4,
    };
    if !fits {
        return None;
    }
    let mut spec = spec(graph, image);
    if bytes {
        spec.evidence.insert(0, "takes bytes in planes, as super-gradients exports it".into());
        spec.confidence = 0.93;
    }
    Some(spec)
}

/// Boxes, then scores, with a row an anchor.
fn raw(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [boxes, _] = boxes_scores::tables(graph, image)?;
    (boxes.axis(2) == Some(4) && !graph.outputs.get(1)?.name.contains("box")).then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let bytes = image.element == Element::U8;
    let range = if bytes { Range::BYTE } else { Range::UNIT };
    let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, range);
    let (classes, evidence) = match &graph.outputs[..] {
        [_] => (None, "one table of batch, box, score, class (flat format); no NMS needed"),
        [_, scores] => (axis(scores, 2), "boxes, then scores, a row an anchor; NMS needed"),
        _ => (None, "count, boxes, scores and classes (batch format); no NMS needed"),
    };
    let mut spec = detector(Family::YoloNas, input, graph, classes.unwrap_or(80), evidence);
    if classes.is_none() {
        spec = final_detections(spec);
    }
    spec.confidence = 0.85;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    match outputs.len() {
        1 => final_rows::decode(&RowOrder::SUPER_GRADIENTS, outputs, context, scratch, results),
        0 | 2 => boxes_scores::decode(BoxesAndScores::PIXELS, outputs, context, scratch, results),
        _ => final_boxes::decode(BoxOrder::ColumnsFirst, outputs, context, scratch, results),
    }
}
