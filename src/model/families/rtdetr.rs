//! RT-DETR v1 and v2, D-FINE, DEIM and DEIMv2 with their post-processor: the size of the image as a second input, and final
//! labels, boxes and scores.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{detector, final_detections, size_input};
use crate::model::families::shared::final_boxes;
use crate::model::families::shared::final_boxes::BoxOrder;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "rtdetr",
    name: "RT-DETR, D-FINE, DEIM",
    tasks: &[Task::Detect],
    rules: &[Rule::Inputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image, other_input(graph, image))),
    decode: |outputs, context, scratch, results| {
        final_boxes::decode(BoxOrder::ColumnsFirst, outputs, context, scratch, results)
    },
    quirks: Quirks { old_ids: &["rt-detr"], ..Quirks::NONE },
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let sizes = graph.inputs.iter().find(|p| p.name == "orig_target_sizes").or_else(|| {
        let two = |p: &&ValueInfo| p.element == "int64" && p.shape.len() == 2 && p.axis(1) == Some(2);
        graph.inputs.iter().find(two)
    })?;
    (graph.outputs.len() >= 3).then(|| spec(graph, image, Some(&sizes.name)))
}

fn spec(graph: &GraphInfo, image: &ImageInput, sizes: Option<&str>) -> Spec {
    let size = image.size((640, 640), 32);
    let mut input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::UNIT);
    if let Some(name) = sizes {
        input.extras.push(size_input(name, false));
    }
    let spec = detector(
        Family::RtDetr,
        input,
        graph,
        80,
        "the image's size as a second input, and final labels, boxes and scores: RT-DETR, D-FINE or DEIM; no NMS needed",
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.96;
    spec
}

/// The name of the first input that isn't the image.
fn other_input<'a>(graph: &'a GraphInfo, image: &ImageInput) -> Option<&'a str> {
    graph.inputs.iter().find(|input| input.name != image.name).map(|input| input.name.as_str())
}
