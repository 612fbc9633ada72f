//! Pixels → tensor, in one pass: crop or letterbox, resize, colour order, scale, layout, element type.
//!
//! Resizing is OpenCV's bilinear to the last bit (`cv::resize`, `INTER_LINEAR`, 8 bits): half-pixel centres, edges
//! repeated, no smoothing when shrinking, weights of 11 bits, and exactly half the size by the mean of four. The
//! networks were trained behind it, and quantised ones answer visibly to a change of one in a byte.

use half::f16;

use super::geometry::Geometry;
use super::spec::{ColourOrder, Element, Fit, InputSpec, Layout};
use crate::frame::{Frame, PixelFormat};

/// One, in weights of 11 bits (`INTER_RESIZE_COEF_SCALE`).
const ONE: f32 = 2048.0;

/// Where one output pixel comes from along an axis: two neighbours with their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tap {
    first: u32,
    second: u32,
    first_weight: u16,
    second_weight: u16,
}

/// One source row, resized across: a plane a channel, values times 128.
#[derive(Debug, Default)]
struct Line {
    /// Which source row it is; `u32::MAX` for none.
    row: u32,
    planes: [Vec<i16>; 3],
}

/// Turns frames into tensors; keeps its tables and buffers from frame to frame.
#[derive(Debug)]
pub struct InputStage {
    spec: InputSpec,
    geometry: Option<Geometry>,
    columns: Vec<Tap>,
    /// The first input column that holds picture.
    left: usize,
    rows: Vec<Tap>,
    top: usize,
    lines: [Line; 2],
    /// One output row, a plane a channel, for layouts and types that aren't planes of 32-bit floats.
    planes: [Vec<f32>; 3],
}

/// A tensor to be written, of the input's element type.
#[derive(Debug)]
pub enum TensorMut<'a> {
    F32(&'a mut [f32]),
    F16(&'a mut [f16]),
    U8(&'a mut [u8]),
    I32(&'a mut [i32]),
}

/// A frame that the input stage can't take.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InputError {
    #[error("the frame isn't a whole RGBA picture")]
    NotRgba,
    #[error("the tensor has another size or type than the model's input")]
    WrongTensor,
}

impl InputStage {
    /// An input stage for a model's picture input.
    #[must_use]
    pub fn new(spec: InputSpec) -> Self {
        Self {
            spec,
            geometry: None,
            columns: Vec::new(),
            left: 0,
            rows: Vec::new(),
            top: 0,
            lines: Default::default(),
            planes: Default::default(),
        }
    }

    /// How a frame of this size is fitted; tables are made anew only when the size changes.
    pub fn fit(&mut self, frame: (u32, u32)) -> Geometry {
        if let Some(geometry) = self.geometry.filter(|g| g.frame == frame) {
            return geometry;
        }
        let geometry = Geometry::new(frame, self.spec.size, self.spec.fit);
        let halved = frame == (geometry.scaled.0 * 2, geometry.scaled.1 * 2);
        let (offset, input) = (geometry.offset, geometry.input);
        self.left = taps(&mut self.columns, geometry.scaled.0, frame.0, offset[0] as i64, input.0, halved);
        self.top = taps(&mut self.rows, geometry.scaled.1, frame.1, offset[1] as i64, input.1, halved);
        for plane in self.lines.iter_mut().flat_map(|line| &mut line.planes) {
            plane.resize(self.columns.len(), 0);
        }
        for plane in &mut self.planes {
            plane.resize(geometry.input.0 as usize, 0.0);
        }
        self.geometry = Some(geometry);
        geometry
    }

    /// Writes a frame into the tensor (batch 1).
    ///
    /// # Errors
    /// [`InputError`] where frame or tensor don't fit.
    pub fn write(&mut self, frame: &Frame, mut tensor: TensorMut<'_>) -> Result<Geometry, InputError> {
        if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
            return Err(InputError::NotRgba);
        }
        let geometry = self.fit((frame.width, frame.height));
        let (width, height) = (geometry.input.0 as usize, geometry.input.1 as usize);
        let (len, element) = match &tensor {
            TensorMut::F32(values) => (values.len(), Element::F32),
            TensorMut::F16(values) => (values.len(), Element::F16),
            TensorMut::U8(values) => (values.len(), Element::U8),
            TensorMut::I32(values) => (values.len(), Element::I32),
        };
        if len != width * height * 3 || element != self.spec.element {
            return Err(InputError::WrongTensor);
        }
        let pad = match self.spec.fit {
            Fit::Letterbox { pad, .. } => f32::from(pad),
            _ => 0.0,
        };
        // Channel c of the network is channel `pick[c]` of the frame; value = byte · gain + bias.
        let pick = match self.spec.order {
            ColourOrder::Rgb => [0, 1, 2],
            ColourOrder::Bgr => [2, 1, 0],
        };
        let range = self.spec.range;
        let gain: [f32; 3] = std::array::from_fn(|c| range.scale / range.std[c]);
        let bias: [f32; 3] = std::array::from_fn(|c| -range.mean[c] / range.std[c]);
        let grey: [f32; 3] = std::array::from_fn(|c| pad * gain[c] + bias[c]);
        let pixels: &[[u8; 4]] = bytemuck::cast_slice(&frame.data);
        let stride = frame.width as usize;
        let right = self.left + self.columns.len();
        for line in &mut self.lines {
            line.row = u32::MAX;
        }

        for y in 0..height {
            let row = y.checked_sub(self.top).and_then(|r| self.rows.get(r)).copied();
            if let Some(tap) = row {
                self.make_lines(tap, pixels, stride);
            }
            for c in 0..3 {
                // Planes of 32-bit floats are written in place; everything else goes through a row.
                let out: &mut [f32] = match (&mut tensor, self.spec.layout) {
                    (TensorMut::F32(values), Layout::Nchw) => {
                        &mut values[(c * height + y) * width..][..width]
                    }
                    _ => &mut self.planes[c],
                };
                let Some(tap) = row else {
                    out.fill(grey[c]);
                    continue;
                };
                out[..self.left].fill(grey[c]);
                out[right..].fill(grey[c]);
                let (a, b) = (&self.lines[0].planes[pick[c]], &self.lines[1].planes[pick[c]]);
                let (wa, wb) = (i32::from(tap.first_weight), i32::from(tap.second_weight));
                let (gain, bias) = (gain[c], bias[c]);
                for ((value, a), b) in out[self.left..right].iter_mut().zip(a).zip(b) {
                    // Both products are cut to their upper 16 bits before they are added, as OpenCV does.
                    let byte = (((i32::from(*a) * wa) >> 16) + ((i32::from(*b) * wb) >> 16) + 2) >> 2;
                    *value = byte as f32 * gain + bias;
                }
            }
            self.store_row(&mut tensor, y, width, height);
        }
        Ok(geometry)
    }

    /// Sees to it that `lines` hold the two source rows of a tap; the second of the last output row is often the
    /// first of this one.
    fn make_lines(&mut self, tap: Tap, pixels: &[[u8; 4]], stride: usize) {
        if self.lines[0].row != tap.first && self.lines[1].row == tap.first {
            self.lines.swap(0, 1);
        }
        for (line, row) in self.lines.iter_mut().zip([tap.first, tap.second]) {
            if line.row != row {
                line.row = row;
                resize_across(line, &self.columns, &pixels[row as usize * stride..][..stride]);
            }
        }
    }

    /// Carries a finished row from the planes to where layout and element type want it.
    fn store_row(&self, tensor: &mut TensorMut<'_>, y: usize, width: usize, height: usize) {
        for (c, plane) in self.planes.iter().enumerate() {
            let (at, step) = match self.spec.layout {
                Layout::Nchw => ((c * height + y) * width, 1),
                Layout::Nhwc => (y * width * 3 + c, 3),
            };
            match tensor {
                // Written in place already.
                TensorMut::F32(_) if self.spec.layout == Layout::Nchw => {}
                TensorMut::F32(out) => store(&mut out[at..], step, plane, |v| v),
                TensorMut::F16(out) => store(&mut out[at..], step, plane, f16::from_f32),
                TensorMut::U8(out) => store(&mut out[at..], step, plane, |v| (v + 0.5) as u8),
                TensorMut::I32(out) => store(&mut out[at..], step, plane, |v| v.round() as i32),
            }
        }
    }
}

/// Writes a row's values at every `step`-th place.
fn store<T>(out: &mut [T], step: usize, plane: &[f32], convert: impl Fn(f32) -> T) {
    for (o, v) in out.iter_mut().step_by(step).zip(plane) {
        *o = convert(*v);
    }
}

/// Fills `taps` for the part of a scaled axis that lies inside the input; answers where that part begins. `halved`:
/// both axes shrink to exactly half, where OpenCV takes the mean of four pixels.
fn taps(taps: &mut Vec<Tap>, scaled: u32, source: u32, offset: i64, input: u32, halved: bool) -> usize {
    taps.clear();
    let ratio = f64::from(source) / f64::from(scaled);
    let (begin, end) = ((-offset).max(0), (i64::from(input) - offset).min(i64::from(scaled)));
    let last = source.saturating_sub(1);
    for at in begin..end {
        let position = ((at as f64 + 0.5) * ratio - 0.5) as f32;
        let floor = position.floor();
        let (first, weight) = if floor < 0.0 {
            (0, 0.0)
        } else if floor as u32 >= last {
            (last, 0.0)
        } else {
            (floor as u32, position - floor)
        };
        let weight = if halved { 0.5 } else { weight };
        taps.push(Tap {
            first,
            second: (first + 1).min(last),
            first_weight: ((1.0 - weight) * ONE).round_ties_even() as u16,
            second_weight: (weight * ONE).round_ties_even() as u16,
        });
    }
    offset.max(0) as usize
}

/// Resizes one source row across: `(a · wa + b · wb) / 16`, a plane a channel.
fn resize_across(line: &mut Line, columns: &[Tap], source: &[[u8; 4]]) {
    /// Red and blue in one number, 32 bits apart, so that one multiplication serves both.
    fn spread(pixel: [u8; 4]) -> u64 {
        u64::from(pixel[0]) | u64::from(pixel[2]) << 32
    }
    let [red, green, blue] = &mut line.planes;
    let planes = red.iter_mut().zip(green).zip(blue);
    for (((red, green), blue), tap) in planes.zip(columns) {
        let (a, b) = (source[tap.first as usize], source[tap.second as usize]);
        let (wa, wb) = (tap.first_weight, tap.second_weight);
        let both = spread(a) * u64::from(wa) + spread(b) * u64::from(wb);
        *red = ((both as u32) >> 4) as i16;
        *blue = (both >> 36) as i16;
        *green = ((u32::from(a[1]) * u32::from(wa) + u32::from(b[1]) * u32::from(wb)) >> 4) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::{Range, Size};
    use super::*;

    fn spec(width: u32, height: u32, fit: Fit) -> InputSpec {
        InputSpec {
            name: "images".into(),
            layout: Layout::Nchw,
            element: Element::F32,
            size: Size::Fixed { width, height },
            fit,
            order: ColourOrder::Rgb,
            range: Range::BYTE,
            extras: Vec::new(),
        }
    }

    /// Red counts columns by 10, green rows by 20, blue is 7.
    fn ramp(width: u32, height: u32) -> Frame {
        let mut frame = Frame::filled(width, height, [0, 0, 7, 255]);
        for (i, p) in frame.data.chunks_exact_mut(4).enumerate() {
            p[0] = (i as u32 % width) as u8 * 10;
            p[1] = (i as u32 / width) as u8 * 20;
        }
        frame
    }

    fn run(spec: InputSpec, frame: &Frame) -> Vec<f32> {
        let (w, h) = spec.size.bound();
        let mut out = vec![0.0; (w * h * 3) as usize];
        InputStage::new(spec).write(frame, TensorMut::F32(&mut out)).expect("fits");
        out
    }

    #[test]
    fn the_same_size_is_copied_into_planes() {
        let out = run(spec(4, 2, Fit::Stretch), &ramp(4, 2));
        assert_eq!(out[..8], [0., 10., 20., 30., 0., 10., 20., 30.]);
        assert_eq!(out[8..16], [0., 0., 0., 0., 20., 20., 20., 20.]);
        assert_eq!(out[16..], [7.0; 8]);
    }

    #[test]
    fn halving_averages_the_two_middle_pixels() {
        // Half-pixel centres: output 0 lies between source 0 and 1, output 1 between 2 and 3.
        let out = run(spec(2, 1, Fit::Stretch), &ramp(4, 2));
        assert_eq!(out, [5., 25., 10., 10., 7., 7.]);
    }

    #[test]
    fn doubling_repeats_the_edges() {
        // cv2.resize([[0, 10]], (4, 1)) = 0, 2.5→3, 7.5→8, 10
        let out = run(spec(4, 1, Fit::Stretch), &ramp(2, 1));
        assert_eq!(out[..4], [0., 3., 8., 10.]);
    }

    #[test]
    fn a_letterbox_is_grey_around() {
        let fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };
        let out = run(spec(4, 4, fit), &ramp(4, 2));
        assert_eq!(out[..4], [114.; 4]);
        assert_eq!(out[4..8], [0., 10., 20., 30.]);
        assert_eq!(out[12..16], [114.; 4]);
        let fit = Fit::Letterbox { pad: 114, centred: false, rounded: false };
        let out = run(spec(4, 4, fit), &ramp(4, 2));
        assert_eq!(out[..4], [0., 10., 20., 30.]);
        assert_eq!(out[8..16], [114.; 8]);
    }

    #[test]
    fn a_crop_takes_the_middle() {
        let out = run(spec(2, 2, Fit::CentreCrop { resize: 2 }), &ramp(4, 2));
        assert_eq!(out[..4], [10., 20., 10., 20.]);
    }

    #[test]
    fn colour_order_range_layout_and_type_are_kept() {
        let mut s = spec(1, 1, Fit::Stretch);
        s.order = ColourOrder::Bgr;
        s.range = Range { scale: 1.0 / 255.0, mean: [0.5, 0.0, 0.0], std: [0.5, 1.0, 1.0] };
        let frame = Frame::filled(3, 3, [255, 51, 102, 255]);
        let out = run(s.clone(), &frame);
        // Blue first: (0.4 − 0.5) / 0.5; then green 0.2, red 1.
        assert!((out[0] + 0.2).abs() < 1e-6 && (out[1] - 0.2).abs() < 1e-6 && (out[2] - 1.0).abs() < 1e-6);

        s.layout = Layout::Nhwc;
        s.element = Element::F16;
        let mut half = vec![f16::ZERO; 3];
        InputStage::new(s.clone()).write(&frame, TensorMut::F16(&mut half)).expect("fits");
        assert!((half[2].to_f32() - 1.0).abs() < 1e-3);

        let mut s = spec(1, 1, Fit::Stretch);
        s.element = Element::U8;
        let mut bytes = vec![0; 3];
        InputStage::new(s).write(&frame, TensorMut::U8(&mut bytes)).expect("fits");
        assert_eq!(bytes, [255, 51, 102]);

        let mut s = spec(1, 1, Fit::Stretch);
        s.element = Element::I32;
        s.layout = Layout::Nhwc;
        let mut whole = vec![0; 3];
        InputStage::new(s).write(&frame, TensorMut::I32(&mut whole)).expect("fits");
        assert_eq!(whole, [255, 51, 102]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut stage = InputStage::new(spec(2, 2, Fit::Stretch));
        let mut out = vec![0.0; 11];
        assert_eq!(stage.write(&ramp(2, 2), TensorMut::F32(&mut out)), Err(InputError::WrongTensor));
        let mut frame = ramp(2, 2);
        frame.data.pop();
        let mut out = vec![0.0; 12];
        assert_eq!(stage.write(&frame, TensorMut::F32(&mut out)), Err(InputError::NotRgba));
    }
}
