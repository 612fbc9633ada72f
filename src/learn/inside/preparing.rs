//! How a frame becomes the tensor that a network is given, step by step.

use serde::Serialize;

use crate::frame::{Frame, PixelFormat};
use crate::model::geometry::Geometry;
use crate::model::input::TensorMut;
use crate::model::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Range, Resample};

/// One step from a frame's pixels to a tensor's values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// Scaled, and cut or padded, to the size of the input.
    Fit { from: (u32, u32), scaled: (u32, u32), to: (u32, u32), fit: Fit, resample: Resample },
    /// The order of the colours that the network was trained with.
    Colours { order: ColourOrder },
    /// value = (byte · scale − mean) / std, a channel each in the network's own order.
    Values { range: Range },
    /// The order in memory, and the type of its values.
    Layout { layout: Layout, element: Element },
}

/// The tensor of a frame with everything that led to it.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub geometry: Geometry,
    pub steps: Vec<Step>,
    /// The frame fitted into the input, RGBA: what the network's values were computed from.
    pub fitted: Frame,
    /// The tensor's values, a plane a channel in the network's own order.
    pub planes: [Vec<f32>; 3],
    order: ColourOrder,
}

impl Prepared {
    /// Reads it from the tensor that the network was given.
    #[must_use]
    pub fn of(spec: &InputSpec, geometry: &Geometry, tensor: &TensorMut<'_>) -> Self {
        let (width, height) = (geometry.input.0 as usize, geometry.input.1 as usize);
        let count = width * height;
        let value = |at: usize| match tensor {
            TensorMut::F32(values) => values.get(at).copied(),
            TensorMut::F16(values) => values.get(at).map(|value| value.to_f32()),
            TensorMut::U8(values) => values.get(at).map(|value| f32::from(*value)),
            TensorMut::I32(values) => values.get(at).map(|value| *value as f32),
        };
        let planes = std::array::from_fn(|channel| {
            let place = |pixel: usize| match spec.layout {
                Layout::Nchw => channel * count + pixel,
                Layout::Nhwc => pixel * 3 + channel,
            };
            (0..count).map(|pixel| value(place(pixel)).unwrap_or_default()).collect()
        });
        let mut prepared = Self {
            geometry: *geometry,
            steps: vec![
                Step::Fit {
                    from: geometry.frame,
                    scaled: geometry.scaled,
                    to: geometry.input,
                    fit: spec.fit,
                    resample: spec.resample,
                },
                Step::Colours { order: spec.order },
                Step::Values { range: spec.range },
                Step::Layout { layout: spec.layout, element: spec.element },
            ],
            fitted: Frame::default(),
            planes,
            order: spec.order,
        };
        prepared.fitted.reset(geometry.input.0, geometry.input.1, PixelFormat::Rgba8);
        for pixel in 0..count {
            let rgb = prepared.bytes(pixel, &spec.range);
            prepared.fitted.data[pixel * 4..pixel * 4 + 3].copy_from_slice(&rgb);
            prepared.fitted.data[pixel * 4 + 3] = 255;
        }
        prepared
    }

    /// Red, green and blue of a pixel of the fitted image, from its values.
    fn bytes(&self, pixel: usize, range: &Range) -> [u8; 3] {
        let byte = |channel: usize| {
            let value = self.planes[channel][pixel];
            let byte = (value * range.std[channel] + range.mean[channel]) / range.scale;
            byte.round().clamp(0.0, 255.0) as u8
        };
        let values = [byte(0), byte(1), byte(2)];
        match self.order {
            ColourOrder::Rgb => values,
            ColourOrder::Bgr => [values[2], values[1], values[0]],
        }
    }

    /// The bytes (red, green, blue) and the values (in the network's order) at a place of the input; `None` outside of it.
    #[must_use]
    pub fn at(&self, x: u32, y: u32) -> Option<([u8; 3], [f32; 3])> {
        let (width, height) = self.geometry.input;
        if x >= width || y >= height {
            return None;
        }
        let pixel = y as usize * width as usize + x as usize;
        let bytes = self.fitted.data.get(pixel * 4..pixel * 4 + 3)?;
        Some(([bytes[0], bytes[1], bytes[2]], std::array::from_fn(|channel| self.planes[channel][pixel])))
    }

    /// Least and greatest value of each channel.
    #[must_use]
    pub fn bounds(&self) -> [[f32; 2]; 3] {
        std::array::from_fn(|channel| {
            let values = self.planes[channel].iter().copied();
            values.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::Size;

    #[test]
    fn bytes_and_values_of_a_pixel_belong_together() {
        let spec = InputSpec {
            name: "x".into(),
            layout: Layout::Nhwc,
            element: Element::F32,
            size: Size::Fixed { width: 2, height: 1 },
            fit: Fit::Stretch,
            resample: Resample::OpenCv,
            order: ColourOrder::Bgr,
            range: Range::IMAGENET,
            extras: Vec::new(),
        };
        let geometry = Geometry::new((2, 1), spec.size, spec.fit);
        // Red 255, green 0, blue 51 by torchvision's means; the channels come as blue, green, red.
        let value =
            |byte: f32, channel: usize| (byte / 255.0 - spec.range.mean[channel]) / spec.range.std[channel];
        let mut values = [0.0; 6];
        values[..3].copy_from_slice(&[value(51.0, 0), value(0.0, 1), value(255.0, 2)]);
        let prepared = Prepared::of(&spec, &geometry, &TensorMut::F32(&mut values.clone()));
        assert_eq!(prepared.at(0, 0), Some(([255, 0, 51], [values[0], values[1], values[2]])));
        assert_eq!(prepared.at(2, 0), None);
        assert_eq!(prepared.steps.len(), 4);
    }
}
