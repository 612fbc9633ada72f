//! YOLOv2 to v4, whose networks come from Darknet.

use super::super::file::{GraphInfo, ValueInfo};
use super::super::output::anchor_heads;
use super::super::spec::{ColourOrder, Family, Fit, Layout, Range, Size, Spec};
use super::image_out::Image;
use super::{axis, detector};

/// YOLOv2: five anchors a cell in the channels of one coarse map.
pub(super) fn yolov2(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
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
    Some(yolov2_spec(facts, image))
}

pub(super) fn yolov2_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 1)).map_or(80, |n| (n / 5).saturating_sub(5));
    // Files made from Core ML carry their scaler with them.
    let scaled_inside = facts.producer.to_lowercase().contains("onnxml");
    let range = if scaled_inside { Range::BYTE } else { Range::UNIT };
    let input = image.input(image.size((416, 416), 32), Fit::Stretch, ColourOrder::Rgb, range);
    let mut spec = detector(
        Family::Yolov2,
        input,
        facts,
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

/// YOLOv3 of the model zoo: the image's size as a second input, and NMS inside.
pub(super) fn yolov3_keras(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let size = facts.inputs.iter().find(|p| p.name == "image_shape")?;
    (facts.outputs.len() == 3).then(|| yolov3_keras_spec(facts, image, &size.name))
}

pub(super) fn yolov3_keras_spec(facts: &GraphInfo, image: &Image, size_input: &str) -> Spec {
    let (width, height) = (image.width.unwrap_or(416), image.height.unwrap_or(416));
    let fit = Fit::Letterbox { pad: 128, centred: true, rounded: false };
    let mut input = image.input(Size::Fixed { width, height }, fit, ColourOrder::Rgb, Range::UNIT);
    input.extras.push(super::size_input(size_input, true));
    let classes = facts.outputs.get(1).and_then(|p| axis(p, 1)).unwrap_or(80);
    let mut spec = detector(
        Family::Yolov3Keras,
        input,
        facts,
        classes,
        "the image's size as a second input, \u{201c}image_shape\u{201d}; boxes, scores and kept indices: YOLOv3 of the model zoo",
    );
    spec.output.end_to_end = true;
    spec.confidence = 0.95;
    spec
}

/// YOLOv4 of Tianxiaomo.
pub(super) fn yolov4(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let boxes = facts.output("boxes").filter(|p| p.shape.len() == 4)?;
    facts.output("confs")?;
    let mut spec = yolov4_spec(facts, image);
    spec.evidence
        .insert(0, format!("outputs \u{201c}boxes\u{201d} {} and \u{201c}confs\u{201d}", boxes.shape_text()));
    Some(spec)
}

pub(super) fn yolov4_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.get(1).and_then(|p| axis(p, 2)).unwrap_or(80);
    let input = image.input(image.size((416, 416), 32), Fit::Stretch, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::Yolov4,
        input,
        facts,
        classes,
        "boxes in parts of the image and confidences, objectness multiplied in: YOLOv4 of Tianxiaomo; NMS needed",
    );
    spec.confidence = 0.96;
    spec
}

/// YOLOv4 of the model zoo.
pub(super) fn yolov4_keras(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let is_map = |p: &ValueInfo| p.shape.len() == 5 && p.axis(3) == Some(3);
    (image.layout == Layout::Nhwc && facts.outputs.len() == 3 && facts.outputs.iter().all(is_map))
        .then(|| yolov4_keras_spec(facts, image))
}

pub(super) fn yolov4_keras_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 4)).map_or(80, |n| n.saturating_sub(5));
    let fit = Fit::Letterbox { pad: 128, centred: true, rounded: false };
    let input = image.input(image.size((416, 416), 32), fit, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::Yolov4Keras,
        input,
        facts,
        classes,
        "channels last, three maps of three anchors a cell: YOLOv4 of the model zoo",
    );
    spec.output.anchors = anchor_heads::YOLOV4.to_vec();
    spec.confidence = 0.93;
    spec
}
