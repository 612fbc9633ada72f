//! YOLOv2 and Tiny YOLOv2 of the ONNX model zoo: one coarse map with five anchors a cell in its channels.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::anchor_heads;
use crate::model::families::shared::anchor_heads::AnchorHead;
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov2",
    name: "YOLOv2",
    tasks: &[Task::Detect],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        anchor_heads::decode(AnchorHead::Yolov2, outputs, context, scratch, results)
    },
    // The overlap of darknet's `detector.c`.
    quirks: Quirks { iou: 0.45, ..Quirks::NONE },
};

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let channels = output.axis(1)?;
    let coarse =
        |map: Option<u64>, input: Option<u32>| map.zip(input).is_some_and(|(m, i)| m * 32 == u64::from(i));
    if output.shape.len() != 4
        || !channels.is_multiple_of(5)
        || channels < 30
        || !coarse(output.axis(2), image.height)
        || !coarse(output.axis(3), image.width)
    {
        return None;
    }
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 1)).map_or(80, |n| (n / 5).saturating_sub(5));
    // Files made from Core ML carry their scaler with them.
    let scaled_inside = graph.producer.to_lowercase().contains("onnxml");
    let range = if scaled_inside { Range::BYTE } else { Range::UNIT };
    let input = image.input(image.size((416, 416), 32), Fit::Stretch, ColourOrder::Rgb, range);
    let mut spec = detector(
        Family::Yolov2,
        input,
        graph,
        classes,
        "one raw map at stride 32, five anchors a cell: YOLOv2",
    );
    spec.output.anchors = if classes == 20 {
        anchor_heads::YOLOV2_TINY_VOC.to_vec()
    } else {
        anchor_heads::YOLOV2_COCO.to_vec()
    };
    spec.evidence.push(if scaled_inside {
        "made from Core ML, which scales inside: it takes 0 to 255".into()
    } else {
        "the file doesn't tell the range of its values: taken for 0 to 1".into()
    });
    spec.confidence = 0.85;
    spec
}
