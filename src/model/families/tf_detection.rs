//! TensorFlow's object detection with its post-processing (SSD-MobileNet and others): final boxes in parts of the image, rows
//! first.

use crate::model::families::Family;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::detector::{detector, final_detections};
use crate::model::families::shared::final_boxes;
use crate::model::families::shared::final_boxes::BoxOrder;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::GraphInfo;
use crate::model::spec::{ColourOrder, Element, Fit, Layout, Range, Size, Spec, Task};

pub(super) const FAMILY: Definition = Definition {
    id: "tf-detection",
    name: "TensorFlow detection (SSD)",
    tasks: &[Task::Detect],
    rules: &[Rule::Inputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode: |outputs, context, scratch, results| {
        final_boxes::decode(BoxOrder::RowsFirst, outputs, context, scratch, results)
    },
    quirks: Quirks::NONE,
};

/// Channels last, and the names of the outputs.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let has = |word: &str| graph.outputs.iter().any(|p| p.name.contains(word));
    (image.layout == Layout::Nhwc && has("detection_boxes") && has("detection_scores"))
        .then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let (size, fit) = match image.size((640, 640), 1) {
        fixed @ Size::Fixed { .. } => (fixed, Fit::Stretch),
        // It resizes inside; the shape of the image is kept.
        dynamic @ Size::Dynamic { .. } => (dynamic, Fit::Letterbox { pad: 0, centred: false, rounded: true }),
    };
    let range = if image.element == Element::U8 { Range::BYTE } else { Range::UNIT };
    let input = image.input(size, fit, ColourOrder::Rgb, range);
    let spec = detector(
        Family::TfDetection,
        input,
        graph,
        91,
        "outputs \u{201c}detection_boxes\u{201d} and \u{201c}detection_scores\u{201d}: TensorFlow's object detection with NMS inside",
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.95;
    spec
}
