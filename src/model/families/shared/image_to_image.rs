//! Networks whose output is an image: `[1, 3, h, w]` or `[1, h, w, 3]`, in the value range of their input unless the spec
//! has another; it may be larger than the input (super-resolution). The batch may be missing.
//!
//! Four families share this; the last operation and the range of the values decide between them, the latter only in
//! [probe runs](super::image_range).

use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::labels::Labels;
use crate::model::results::{Plane, PlaneValues, Results};
use crate::model::spec::{ColourOrder, Element, Fit, InputSpec, OutputSpec, Range, Spec, Task};
use crate::model::tensor::Tensor;

/// One image in, one image out, by a network of this family.
pub fn rule(family: Family, graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let (h, w) = map_size(output, 3)?;
    let (down, across) = (growth(h, image.height)?, growth(w, image.width)?);
    if graph.inputs.len() != 1
        || !matches!(output.shape.len(), 3 | 4)
        || down != across
        || !(1..=8).contains(&down)
    {
        return None;
    }
    let likeliest = match graph.ends.last_operator() {
        _ if down > 1 => Family::SuperResolution,
        _ if takes_bytes(graph, image) => Family::NeuralStyle,
        Some("Tanh") => Family::Gan,
        Some("Sigmoid" | "Clip" | "HardSigmoid") => Family::Enhance,
        _ => Family::NeuralStyle,
    };
    if family != likeliest {
        return None;
    }
    let mut spec = spec(family, graph, image);
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

/// The spec of a network of this family.
pub fn spec(family: Family, graph: &GraphInfo, image: &ImageInput) -> Spec {
    let (range, evidence, confidence) = match (family, graph.ends.last_operator()) {
        _ if takes_bytes(graph, image) => {
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

/// A spec with the first task of its family, without labels.
pub fn new_spec(family: Family, input: InputSpec, evidence: String, confidence: f32) -> Spec {
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

/// Height and width of an output with this many channels.
pub fn map_size(output: &ValueInfo, channels: u64) -> Option<(Option<u64>, Option<u64>)> {
    match output.shape.len() {
        4 if output.axis(1) == Some(channels) => Some((output.axis(2), output.axis(3))),
        4 if output.axis(3) == Some(channels) => Some((output.axis(1), output.axis(2))),
        3 if channels == 1 && output.axis(0).is_none_or(|n| n == 1) => Some((output.axis(1), output.axis(2))),
        // An image without the batch.
        3 if channels == 3 && output.axis(0) == Some(3) => Some((output.axis(1), output.axis(2))),
        3 if channels == 3 && output.axis(2) == Some(3) => Some((output.axis(0), output.axis(1))),
        _ => None,
    }
}

/// How many times larger than the input a side of the output is; 1 where either is free.
pub fn growth(map: Option<u64>, input: Option<u32>) -> Option<u64> {
    let Some((map, input)) = map.zip(input) else { return Some(1) };
    (input > 0 && map.is_multiple_of(u64::from(input))).then(|| map / u64::from(input))
}

/// Whether the network wants bytes: by their type, or because it scales them itself.
pub fn takes_bytes(graph: &GraphInfo, image: &ImageInput) -> bool {
    image.element == Element::U8 || graph.ends.scales_bytes(&image.name)
}

pub fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    _: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let axes = match output.shape.len() {
        3 => [1, output.axis(0), output.axis(1), output.axis(2)],
        _ => [output.axis(0), output.axis(1), output.axis(2), output.axis(3)],
    };
    let is_image = matches!(output.shape.len(), 3 | 4);
    // (height, width, distance between channels, distance between pixels)
    let (height, width, channel, pixel) = match axes {
        [1, 3, h, w] if is_image => (h, w, h * w, 1),
        [1, h, w, 3] if is_image => (h, w, 1, 3),
        _ => return Err(OutputError::shape(output, "that of an image")),
    };
    let values = output.floats()?;
    if values.is_empty() {
        return Err(OutputError::EmptyImage { shape: output.shape_text() });
    }
    // The way back from the network's range: byte = (value · std + mean) / scale.
    let range = context.spec.output.range.unwrap_or(context.spec.input.range);
    let pick = match context.spec.input.order {
        ColourOrder::Rgb => [0, 1, 2],
        ColourOrder::Bgr => [2, 1, 0],
    };
    let mut pixels = results.take_pixels();
    pixels.clear();
    pixels.resize(width * height * 4, 255);
    for (c, to) in pick.into_iter().enumerate() {
        let (gain, bias) = (range.std[c] / range.scale, range.mean[c] / range.scale);
        let from = values[c * channel..].iter().step_by(pixel);
        for (out, value) in pixels.chunks_exact_mut(4).zip(from) {
            // `as` cuts at 0 and 255 and takes NaN for 0.
            out[to] = (value * gain + bias).round() as u8;
        }
    }
    results.plane = Some(Plane {
        // Networks may round their size; the image still shows what the input showed.
        region: context.geometry.covered(),
        width,
        height,
        values: PlaneValues::Image(pixels),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::results::PlaneValues;
    use crate::model::spec::{ColourOrder, Family, Range, Task, Thresholds};

    fn pixels(spec: &crate::model::Spec, shape: &[i64], values: Vec<f32>) -> Vec<u8> {
        let found =
            decode_with(spec, (4, 2), &Thresholds::default(), &[("out", shape, values)]).expect("fits");
        let plane = found.plane.expect("an image");
        assert_eq!(plane.region, [0.0, 0.0, 4.0, 2.0]);
        match plane.values {
            PlaneValues::Image(pixels) => pixels,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_cut_to_bytes() {
        let mut spec = spec(Family::NeuralStyle, Task::Stylize, 2, 1);
        spec.input.range = Range::BYTE;
        let values = vec![-5.0, 300.0, 10.4, 10.6, f32::NAN, 7.0];
        assert_eq!(pixels(&spec, &[1, 3, 1, 2], values), [0, 10, 0, 255, 255, 11, 7, 255]);
    }

    #[test]
    fn range_order_and_layout_are_undone() {
        let mut spec = spec(Family::NeuralStyle, Task::Stylize, 2, 1);
        spec.input.range = Range::SIGNED;
        spec.input.order = ColourOrder::Bgr;
        let values = vec![-1.0, 0.004, 1.0, 1.0, -1.0, 0.004]; // two pixels, blue first
        assert_eq!(pixels(&spec, &[1, 1, 2, 3], values), [255, 128, 0, 255, 128, 0, 255, 255]);
    }
}
