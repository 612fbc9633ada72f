//! YOLOv5 and YOLOv3 of the YOLOv5 project: objectness and classes, with segmentation mask coefficients behind them; told by
//! metadata without a task.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{axis, names, only_stride_and_names, with_objectness};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::objectness;
use crate::model::file::GraphInfo;
use crate::model::spec::{Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov5",
    name: "YOLOv5",
    tasks: &[Task::Detect, Task::Segment],
    rules: &[Rule::Metadata(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        objectness::decode_any(false, outputs, context, scratch, results)
    },
    // The overlap of its `detect.py`.
    quirks: Quirks { iou: 0.45, ..Quirks::NONE },
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let output = graph.outputs.first()?;
    let classes = names(graph)?.len();
    let masks = graph.outputs.get(1).filter(|p| p.shape.len() == 4).and_then(|p| axis(p, 1)).unwrap_or(0);
    if !only_stride_and_names(graph) || output.shape.len() != 3 || axis(output, 2)? != classes + 5 + masks {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.evidence.insert(0, "metadata: stride and names, no task: written by YOLOv5's exporter".into());
    spec.confidence = 0.97;
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let mut spec = with_objectness(Family::Yolov5, graph, image);
    if graph.outputs.get(1).is_some_and(|p| p.shape.len() == 4) {
        spec.task = Task::Segment;
    }
    spec
}
