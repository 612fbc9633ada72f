//! Face detectors with landmarks.

use super::super::file::{Facts, Port};
use super::super::labels::Labels;
use super::super::spec::{ColourOrder, Family, Fit, OutputSpec, Range, Size, Spec, Task};
use super::picture::Picture;

pub(super) fn centerface(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let channels: Vec<_> = facts.outputs.iter().map(|port| port.axis(1)).collect();
    let quarter = |port: &Port| match (port.axis(2), picture.height) {
        (Some(map), Some(input)) => map * 4 == u64::from(input),
        _ => true,
    };
    if channels != [Some(1), Some(2), Some(2), Some(10)] || !facts.outputs.iter().all(quarter) {
        return None;
    }
    Some(centerface_spec(picture, vec![
        "four maps of 1, 2, 2 and 10 channels at a quarter of the input: heat, scale, offset and landmarks of CenterFace".into(),
        "every layer is a convolution: it takes any size, whatever the file says".into(),
    ]))
}

pub(super) fn centerface_spec(picture: &Picture, evidence: Vec<String>) -> Spec {
    Spec {
        family: Family::CenterFace,
        task: Task::Detect,
        input: picture.input(
            Size::Dynamic { width: 640, height: 640, stride: 32 },
            Fit::Letterbox { pad: 0, centred: false, rounded: true },
            ColourOrder::Rgb,
            Range::BYTE,
        ),
        output: OutputSpec { classes: Some(1), keypoints: Some((5, 2)), ..OutputSpec::default() },
        labels: Labels::face(),
        evidence,
        confidence: 0.95,
    }
}
