//! UltraFace (Linzaer's small face detector): two scores, of which the first is the background, and a box in parts of the
//! image (`vision/ssd/predictor.py`).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::boxes_scores;
use crate::model::families::shared::boxes_scores::BoxesAndScores;
use crate::model::families::shared::detector::{face, is_stack};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "ultraface",
    name: "UltraFace",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        let kind = BoxesAndScores { in_parts: true, background: true };
        boxes_scores::decode(kind, outputs, context, scratch, results)
    },
    // The overlap of its `fd_config.py`.
    quirks: Quirks { old_ids: &["ultra-face"], iou: 0.3, ..Quirks::NONE },
};

/// Two scores and a box a row.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [a, b] = &graph.outputs[..] else { return None };
    let columns = [a.axis(2)?, b.axis(2)?];
    if !is_stack(a) || !is_stack(b) || a.axis(1) != b.axis(1) || !matches!(columns, [2, 4] | [4, 2]) {
        return None;
    }
    // A two-class detector has as many rows as anchors at strides 8 to 32; UltraFace's are others.
    if image.anchors().is_some() && image.anchors() == a.axis(1) {
        return None;
    }
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let size = image.size((320, 240), 32);
    let input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::ULTRAFACE);
    let evidence = "two scores (background, face) and a box a row: UltraFace; NMS needed";
    let mut spec = face(Family::UltraFace, input, graph, evidence);
    spec.output.keypoints = None;
    spec.confidence = 0.92;
    spec
}
