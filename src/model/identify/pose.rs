//! Pose networks beside Ultralytics'.

use super::super::file::GraphInfo;
use super::super::labels::Labels;
use super::super::spec::{ColourOrder, Family, Fit, Range, Size, Spec, Task};
use super::image_out::Image;
use super::{detector, is_stack};

/// MoveNet: 17 keypoints of one person, or of six with their boxes.
pub(super) fn movenet(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let single = output.shape.len() == 4
        && [output.axis(1), output.axis(2), output.axis(3)] == [Some(1), Some(17), Some(3)];
    let multi = is_stack(output) && output.axis(1) == Some(6) && output.axis(2) == Some(56);
    (single || multi).then(|| movenet_spec(facts, image))
}

pub(super) fn movenet_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let multi = facts.outputs.first().is_some_and(|p| p.shape.len() == 3);
    // A single person's network has one size; that for six takes any, and its authors use 256.
    let bound = if multi { 256 } else { 192 };
    let size = match image.size((bound, bound), 32) {
        Size::Dynamic { width, height, .. } if !multi => Size::Fixed { width, height },
        size => size,
    };
    let fit = Fit::Letterbox { pad: 0, centred: true, rounded: true };
    let input = image.input(size, fit, ColourOrder::Rgb, Range::BYTE);
    let evidence = if multi {
        "17 keypoints, box and score for each of six people: MoveNet, which takes 0 to 255"
    } else {
        "17 keypoints of one person: MoveNet, which takes 0 to 255"
    };
    let mut spec = detector(Family::MoveNet, input, facts, 1, evidence);
    spec.evidence.truncate(1);
    spec.task = Task::Pose;
    spec.labels = Labels::new(vec!["person".into()]);
    spec.output.keypoints = Some((17, 3));
    spec.output.end_to_end = true;
    spec.confidence = 0.93;
    spec
}
