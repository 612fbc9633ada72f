//! Networks whose output is an image, a matte or a depth map.

use super::super::file::{GraphInfo, ValueInfo};
use super::super::labels::Labels;
use super::super::spec::{
    ColourOrder, Element, Extra, ExtraValue, Family, Fit, InputSpec, Layout, OutputSpec, Range, Size, Spec,
    Task,
};
use super::image_out::Image;

/// The image in one corner, black beside it: keeps its shape where the size is free.
const CORNER: Fit = Fit::Letterbox { pad: 0, centred: false, rounded: true };

fn new_spec(family: Family, input: InputSpec, evidence: String, confidence: f32) -> Spec {
    Spec {
        family,
        task: family.tasks().first().copied().unwrap_or(Task::Stylize),
        input,
        output: OutputSpec::default(),
        labels: Labels::default(),
        companion: None,
        evidence: vec![evidence],
        confidence,
    }
}

/// Where the file fixes the size the image is stretched over it; else its shape is kept.
fn whole(image: &Image, bound: u32, stride: u32) -> (Size, Fit) {
    match image.size((bound, bound), stride) {
        fixed @ Size::Fixed { .. } => (fixed, Fit::Stretch),
        free @ Size::Dynamic { .. } => (free, CORNER),
    }
}

/// Height and width of an output with this many channels.
fn map_size(output: &ValueInfo, channels: u64) -> Option<(Option<u64>, Option<u64>)> {
    match output.shape.len() {
        4 if output.axis(1) == Some(channels) => Some((output.axis(2), output.axis(3))),
        4 if output.axis(3) == Some(channels) => Some((output.axis(1), output.axis(2))),
        3 if channels == 1 && output.axis(0).is_none_or(|n| n == 1) => Some((output.axis(1), output.axis(2))),
        _ => None,
    }
}

/// How many times larger than the input a side of the output is; 1 where either is free.
fn growth(map: Option<u64>, input: Option<u32>) -> Option<u64> {
    let Some((map, input)) = map.zip(input) else { return Some(1) };
    (input > 0 && map.is_multiple_of(u64::from(input))).then(|| map / u64::from(input))
}

/// Whether the network wants bytes: by their type, or because it scales them itself.
pub(super) fn takes_bytes(facts: &GraphInfo, image: &Image) -> bool {
    image.element == Element::U8 || facts.steps.scales_bytes(&image.name)
}

/// One image in, one image out.
pub(super) fn image_to_image(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let (h, w) = map_size(output, 3)?;
    let (down, across) = (growth(h, image.height)?, growth(w, image.width)?);
    if facts.inputs.len() != 1 || output.shape.len() != 4 || down != across || !(1..=8).contains(&down) {
        return None;
    }
    let family = match facts.steps.last_operator() {
        _ if down > 1 => Family::SuperResolution,
        _ if takes_bytes(facts, image) => Family::NeuralStyle,
        Some("Tanh") => Family::Gan,
        Some("Sigmoid" | "Clip" | "HardSigmoid") => Family::Enhance,
        _ => Family::NeuralStyle,
    };
    let mut spec = image_spec(family, facts, image);
    let shape = output.shape_text();
    spec.evidence.insert(
        0,
        if down > 1 {
            format!("an image goes in and one {down} times as wide and high comes out ({shape})")
        } else {
            format!("an image goes in and an image of the same size comes out ({shape})")
        },
    );
    Some(spec)
}

pub(super) fn image_spec(family: Family, facts: &GraphInfo, image: &Image) -> Spec {
    let (range, evidence, confidence) = match (family, facts.steps.last_operator()) {
        _ if takes_bytes(facts, image) => {
            (Range::BYTE, "it takes bytes, or its first step scales them itself: 0 to 255", 0.8)
        }
        (Family::Gan, Some("Tanh")) => {
            (Range::SIGNED, "its last step is a tanh: values from \u{2212}1 to 1", 0.85)
        }
        (Family::Gan, _) => (Range::SIGNED, "values from \u{2212}1 to 1, as generators have them", 0.6),
        (Family::Enhance, _) => (Range::UNIT, "its last step bounds the values: taken for 0 to 1", 0.75),
        (Family::SuperResolution, _) => {
            (Range::UNIT, "the file doesn't tell the range of its values: taken for 0 to 1", 0.75)
        }
        _ => (
            Range::BYTE,
            "the file doesn't tell the range of its values: taken for 0 to 255, as fast neural style has it",
            0.6,
        ),
    };
    // Generators halve the image up to five times, style networks twice.
    let (bound, stride) = match family {
        Family::Gan => (512, 32),
        Family::SuperResolution => (256, 4),
        _ => (512, 4),
    };
    let input = image.input(image.size((bound, bound), stride), Fit::Stretch, ColourOrder::Rgb, range);
    new_spec(family, input, evidence.into(), confidence)
}

/// One value a pixel: a matte where something bounds it to 0..1, else depth.
pub(super) fn one_value_a_pixel(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let output = facts.outputs.first()?;
    let (h, w) = map_size(output, 1)?;
    let same = growth(h, image.height)? == 1 && growth(w, image.width)? == 1;
    let all_alike = facts.outputs.iter().all(|p| map_size(p, 1).is_some());
    if facts.inputs.len() != 1 || !same || !all_alike || facts.meta("task").is_some() {
        return None;
    }
    let bounded = matches!(facts.steps.last_operator(), Some("Sigmoid" | "Softmax" | "Clip" | "HardSigmoid"));
    // Depth maps mostly come without an axis of channels.
    let (mut spec, why) = if bounded && output.shape.len() == 4 {
        (matting_spec(facts, image), "its last step bounds it to 0 to 1: a matte")
    } else {
        (depth_spec(facts, image), "nothing bounds it, or it has no axis of channels: depth")
    };
    spec.evidence.insert(0, format!("one value a pixel comes out ({}); {why}", output.shape_text()));
    Some(spec)
}

pub(super) fn matting_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let (range, evidence, confidence) = if takes_bytes(facts, image) {
        (Range::BYTE, "it takes bytes, or its first step scales them itself: 0 to 255", 0.85)
    } else if image.layout == Layout::Nhwc {
        (Range::UNIT, "channels last: MediaPipe's selfie segmentation, which takes 0 to 1", 0.85)
    } else if facts.outputs.len() > 1 {
        let evidence =
            "several mattes, the first the best: U\u{b2}-Net, which takes ImageNet's mean and deviation";
        (Range::IMAGENET, evidence, 0.75)
    } else {
        let evidence =
            "the file doesn't tell the range of its values: taken for \u{2212}1 to 1, as MODNet has it";
        (Range::SIGNED, evidence, 0.65)
    };
    let (size, fit) = whole(image, 512, 32);
    let input = image.input(size, fit, ColourOrder::Rgb, range);
    new_spec(Family::Matting, input, evidence.into(), confidence)
}

pub(super) fn depth_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let fourteen = |n: Option<u32>| n.is_some_and(|n| n.is_multiple_of(14));
    let patches = fourteen(image.width) && fourteen(image.height);
    let named = facts.outputs.first().is_some_and(|p| p.name.contains("depth"));
    let (range, evidence, stride, confidence) = if takes_bytes(facts, image) {
        let evidence = "its first step scales bytes itself: it takes 0 to 255, as TCMonoDepth";
        (Range::BYTE, evidence, 32, 0.85)
    } else if patches || named {
        let evidence = "sides of whole 14-pixel patches, or an output named depth: Depth Anything, which takes ImageNet's mean and deviation";
        (Range::IMAGENET, evidence, 14, 0.8)
    } else {
        let evidence = "the file doesn't tell the range of its values: taken for 0 to 1, as MiDaS has it";
        (Range::UNIT, evidence, 32, 0.65)
    };
    let bound = if stride == 14 { 518 } else { 384 };
    let input = image.input(image.size((bound, bound), stride), Fit::Stretch, ColourOrder::Rgb, range);
    new_spec(Family::Depth, input, evidence.into(), confidence)
}

/// Robust Video Matting, by the inputs of its state.
pub(super) fn rvm(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let has = |name: &str| facts.inputs.iter().any(|p| p.name == name);
    (has("r1i") && has("downsample_ratio") && facts.output("pha").is_some()).then(|| rvm_spec(facts, image))
}

pub(super) fn rvm_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let (size, fit) = whole(image, 512, 4);
    let mut input = image.input(size, fit, ColourOrder::Rgb, Range::UNIT);
    for port in facts.inputs.iter().filter(|p| p.name != image.name) {
        let value = if port.name == "downsample_ratio" {
            ExtraValue::Downsample { side: 512 }
        } else {
            // r1i is given what came out as r1o.
            ExtraValue::State { output: format!("{}o", port.name.trim_end_matches('i')) }
        };
        input.extras.push(Extra { name: port.name.clone(), value });
    }
    let evidence =
        "inputs r1i to r4i and downsample_ratio: Robust Video Matting, whose state goes from frame to frame";
    new_spec(Family::Rvm, input, evidence.into(), 0.97)
}
