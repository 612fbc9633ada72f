//! YOLOv5-face: YOLOv5 with five landmarks between objectness and class, joined or in raw maps
//! (`yolov5-face/models/yolo.py`).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::face;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{anchor_heads, objectness};
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov5-face",
    name: "YOLOv5-face",
    tasks: &[Task::Detect],
    rules: &[Rule::Shapes(maps), Rule::Shapes(joined)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        objectness::decode_any(false, outputs, context, scratch, results)
    },
    // The overlap of its `detect_face.py`.
    quirks: Quirks { iou: 0.5, ..Quirks::NONE },
};

/// Box, objectness, five landmarks, class.
const COLUMNS: u64 = 16;

/// Maps `[1, 3, h, w, 16]`.
fn maps(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let columns = objectness::columns_of_maps(graph)?;
    (columns == COLUMNS).then(|| spec(graph, image))
}

/// `[1, N, 16]` with three anchors a cell.
fn joined(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    if objectness::columns_of_rows(graph, image)? != COLUMNS {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.confidence = 0.88;
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let maps = graph.outputs.len() > 1;
    let evidence = if maps {
        "raw maps of three anchors a cell and 16 values each (box, objectness, five landmarks, class): YOLOv5-face"
    } else {
        "three anchors a cell and 16 values each (box, objectness, five landmarks, class): YOLOv5-face"
    };
    let mut spec = face(Family::Yolov5Face, input, graph, evidence);
    if maps {
        spec.output.anchors = anchor_heads::YOLOV5_FACE.to_vec();
    }
    spec.confidence = 0.9;
    spec
}
