//! Networks whose output is an image: `[1, 3, h, w]` or `[1, h, w, 3]`, in the value range of their input unless the spec
//! has another; it may be larger than the input (super-resolution).

use super::{Context, Tensor, first, shape_text};
use crate::model::results::{Plane, PlaneValues, Results};
use crate::model::spec::ColourOrder;

pub(super) fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    results: &mut Results,
) -> Result<(), String> {
    let output = first(outputs)?;
    let axes = [output.axis(0), output.axis(1), output.axis(2), output.axis(3)];
    // (height, width, distance between channels, distance between pixels)
    let (height, width, channel, pixel) = match axes {
        [1, 3, h, w] if output.shape.len() == 4 => (h, w, h * w, 1),
        [1, h, w, 3] if output.shape.len() == 4 => (h, w, 1, 3),
        _ => return Err(format!("its shape is {}, not that of an image", shape_text(output.shape))),
    };
    let values = output.floats()?;
    if values.is_empty() {
        return Err(format!("its image is empty ({})", shape_text(output.shape)));
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
    use super::super::testing::{decode_with, spec};
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
