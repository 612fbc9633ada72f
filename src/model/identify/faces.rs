//! Face detectors.

use super::super::file::{GraphInfo, ValueInfo};
use super::super::labels::Labels;
use super::super::output::anchor_heads;
use super::super::spec::{ColourOrder, Family, Fit, Range, Size, Spec};
use super::image_out::Image;
use super::{LETTERBOX, axis, detector, is_stack};

/// A detector of the one class "face".
fn face(family: Family, input: super::super::spec::InputSpec, facts: &GraphInfo, evidence: &str) -> Spec {
    let mut spec = detector(family, input, facts, 1, evidence);
    // What the file says of one class is that it names none.
    spec.evidence.truncate(1);
    spec.labels = Labels::face();
    spec.output.keypoints = Some((5, 2));
    spec
}

pub(super) fn centerface(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let channels: Vec<_> = facts.outputs.iter().map(|port| port.axis(1)).collect();
    let quarter = |port: &ValueInfo| match (port.axis(2), image.height) {
        (Some(map), Some(input)) => map * 4 == u64::from(input),
        _ => true,
    };
    if channels != [Some(1), Some(2), Some(2), Some(10)] || !facts.outputs.iter().all(quarter) {
        return None;
    }
    Some(centerface_spec(facts, image))
}

pub(super) fn centerface_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let input = image.input(
        Size::Dynamic { width: 640, height: 640, stride: 32 },
        Fit::Letterbox { pad: 0, centred: false, rounded: true },
        ColourOrder::Rgb,
        Range::BYTE,
    );
    let mut spec = face(
        Family::CenterFace,
        input,
        facts,
        "four maps of 1, 2, 2 and 10 channels at a quarter of the input: heat, scale, offset and landmarks of CenterFace",
    );
    spec.evidence.push("every layer is a convolution: it takes any size, whatever the file says".into());
    spec.confidence = 0.95;
    spec
}

/// UltraFace: two scores and a box a row.
pub(super) fn ultraface(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [a, b] = &facts.outputs[..] else { return None };
    let columns = [a.axis(2)?, b.axis(2)?];
    if !is_stack(a) || !is_stack(b) || a.axis(1) != b.axis(1) || !matches!(columns, [2, 4] | [4, 2]) {
        return None;
    }
    // A two-class detector has as many rows as anchors at strides 8 to 32; UltraFace's are others.
    if image.anchors().is_some() && image.anchors() == a.axis(1) {
        return None;
    }
    Some(ultraface_spec(facts, image))
}

pub(super) fn ultraface_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let size = image.size((320, 240), 32);
    let input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::ULTRAFACE);
    let evidence = "two scores (background, face) and a box a row: UltraFace; NMS needed";
    let mut spec = face(Family::UltraFace, input, facts, evidence);
    spec.output.keypoints = None;
    spec.confidence = 0.92;
    spec
}

/// YuNet: class, objectness, box and landmarks for each of three strides.
pub(super) fn yunet(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let columns: Vec<_> = facts.outputs.iter().map(|p| axis(p, 2)).collect();
    let count = |n: usize| columns.iter().filter(|c| **c == Some(n)).count();
    (columns.len() == 12 && count(1) == 6 && count(4) == 3 && count(10) == 3)
        .then(|| yunet_spec(facts, image))
}

pub(super) fn yunet_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let fit = Fit::Letterbox { pad: 0, centred: false, rounded: true };
    let input = image.input(image.size((640, 640), 32), fit, ColourOrder::Bgr, Range::BYTE);
    let evidence =
        "class, objectness, box and five landmarks a cell at strides 8, 16 and 32: YuNet; NMS needed";
    let mut spec = face(Family::YuNet, input, facts, evidence);
    spec.confidence = 0.95;
    spec
}

/// YOLOv5-face, joined or in raw maps.
pub(super) fn yolov5_face_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let maps = facts.outputs.len() > 1;
    let evidence = if maps {
        "raw maps of three anchors a cell and 16 values each (box, objectness, five landmarks, class): YOLOv5-face"
    } else {
        "three anchors a cell and 16 values each (box, objectness, five landmarks, class): YOLOv5-face"
    };
    let mut spec = face(Family::Yolov5Face, input, facts, evidence);
    if maps {
        spec.output.anchors = anchor_heads::YOLOV5_FACE.to_vec();
    }
    spec.confidence = 0.9;
    spec
}
