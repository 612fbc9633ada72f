//! YOLOv7: joined (`--grid`, which YOLOv5 without its metadata looks like), raw maps, or rows with NMS inside
//! (`--end2end --max-wh`).

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{axis, detector, final_detections, with_objectness};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{anchor_heads, objectness};
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov7",
    name: "YOLOv7",
    tasks: &[Task::Detect],
    rules: &[Rule::Shapes(maps), Rule::Shapes(rows), Rule::Shapes(joined)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        objectness::decode_any(true, outputs, context, scratch, results)
    },
    // The overlap of its `detect.py`.
    quirks: Quirks { iou: 0.45, ..Quirks::NONE },
};

/// Maps `[1, 3, h, w, 5 + classes]` of raw values: without `--grid`.
fn maps(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    objectness::columns_of_maps(graph)?;
    Some(maps_spec(graph, image))
}

/// Rows of seven: NMS inside.
fn rows(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    if output.shape.len() != 2 || output.axis(1) != Some(7) {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.confidence = 0.9;
    Some(spec)
}

/// `[1, N, 5 + classes]` with three anchors a cell.
fn joined(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    objectness::columns_of_rows(graph, image)?;
    let mut spec = spec(graph, image);
    spec.confidence = 0.88;
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let Some(output) = graph.outputs.first() else { return with_objectness(Family::Yolov7, graph, image) };
    if output.shape.len() == 2 {
        let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
        let evidence = "batch, box, class and score a row: YOLOv7 with --end2end --max-wh; no NMS needed";
        return final_detections(detector(Family::Yolov7, input, graph, 80, evidence));
    }
    if output.shape.len() == 5 {
        return maps_spec(graph, image);
    }
    let mut spec = with_objectness(Family::Yolov7, graph, image);
    spec.evidence.push("three anchors a cell and no metadata: YOLOv7 --grid (YOLOv5 reads the same)".into());
    spec
}

fn maps_spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    /// YOLOv7-tiny has 6 million weights, the next larger one 37.
    const TINY: u64 = 15_000_000;
    let classes = graph.outputs.first().and_then(|p| axis(p, 4)).map_or(80, |n| n.saturating_sub(5));
    let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::Yolov7,
        input,
        graph,
        classes,
        "raw maps of three anchors a cell: YOLOv7 without --grid",
    );
    let weights: u64 = graph.weights.values().sum();
    let (anchors, evidence): (&[[f32; 2]], _) = if graph.outputs.len() == 4 {
        (&anchor_heads::P6, "four maps: the anchors of the P6 models")
    } else if weights < TINY {
        (
            &anchor_heads::YOLOV5,
            "the file doesn't hold the anchors' sizes (a sidecar may): few weights: those of YOLOv7-tiny",
        )
    } else {
        (
            &anchor_heads::YOLOV4,
            "the file doesn't hold the anchors' sizes (a sidecar may): many weights: those of YOLOv7",
        )
    };
    spec.output.anchors = anchors.to_vec();
    spec.evidence.push(evidence.into());
    spec.confidence = 0.8;
    spec
}
