//! Pixels → tensor, in one pass: crop or letterbox, resize, colour order, scale, layout, element type.
//!
//! Resizing is OpenCV's bilinear to the last bit (`cv::resize`, `INTER_LINEAR`, 8 bits): half-pixel centres, edges
//! repeated, no smoothing when shrinking, weights of 11 bits, and exactly half the size by the mean of four. The
//! networks were trained behind it, and quantised ones answer visibly to a change of one in a byte. Networks that were trained
//! behind Pillow get its bilinear or bicubic instead, to the last bit as well (see `pillow`).
//!
//! Frames needn't be RGBA: of any other uncompressed format only the rows that are looked at are converted, one or two at
//! a time, into a line that stays in the nearest cache. The tensor is the same to the last bit.

mod axis;
mod pillow;
mod rows;
#[cfg(test)]
mod tests;

use half::f16;
use half::slice::HalfFloatSliceExt as _;

use self::axis::{Columns, Tap};
use self::pillow::Resampler;
use self::rows::{Planes, Scaling};
use super::geometry::Geometry;
use super::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Resample};
use crate::frame::convert;
use crate::frame::{Frame, PixelFormat};

/// One source row, resized across: a plane a channel, values times 128.
#[derive(Debug, Default)]
struct Line {
    /// Which source row it is; `u32::MAX` for none.
    row: u32,
    planes: [Vec<i16>; 3],
}

/// How sizes change on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Change {
    /// Not at all.
    Same,
    /// Both sides are halved exactly.
    Halved,
    #[default]
    Any,
    /// By a kernel of Pillow's.
    Pillow,
}

/// Turns frames into tensors; keeps its tables and buffers from frame to frame.
#[derive(Debug)]
pub struct InputStage {
    spec: InputSpec,
    geometry: Option<Geometry>,
    change: Change,
    columns: Columns,
    rows: Vec<Tap>,
    resampler: Resampler,
    /// The first input row that holds image, and how many do.
    top: usize,
    image_rows: usize,
    lines: [Line; 2],
    /// The neighbours of each output pixel of a row.
    pairs: Vec<[[u8; 4]; 2]>,
    /// Two source rows as RGBA, for frames that aren't.
    converted: Vec<[u8; 4]>,
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
    #[error("the frame isn't a whole, uncompressed image")]
    NotWhole,
    #[error("the tensor has another size or type than the model's input")]
    WrongTensor,
}

impl InputStage {
    /// An input stage for a model's image input.
    #[must_use]
    pub fn new(spec: InputSpec) -> Self {
        Self {
            spec,
            geometry: None,
            change: Change::Any,
            columns: Columns::default(),
            rows: Vec::new(),
            resampler: Resampler::default(),
            top: 0,
            image_rows: 0,
            lines: Default::default(),
            pairs: Vec::new(),
            converted: Vec::new(),
            planes: Default::default(),
        }
    }

    /// How a frame of this size is fitted; tables are made anew only when the size changes.
    pub fn fit(&mut self, frame: (u32, u32)) -> Geometry {
        if let Some(geometry) = self.geometry.filter(|g| g.frame == frame) {
            return geometry;
        }
        let geometry = Geometry::new(frame, self.spec.size, self.spec.fit);
        let scaled = geometry.scaled;
        self.change = if frame == scaled {
            Change::Same
        } else if self.spec.resample != Resample::OpenCv {
            Change::Pillow
        } else if frame == (scaled.0 * 2, scaled.1 * 2) {
            Change::Halved
        } else {
            Change::Any
        };
        let (offset, input) = (geometry.offset, geometry.input);
        self.columns.fill(scaled.0, frame.0, offset[0] as i64, input.0);
        self.top = axis::taps(&mut self.rows, scaled.1, frame.1, offset[1] as i64, input.1);
        self.image_rows = self.rows.len();
        if self.change == Change::Pillow {
            let offset = (offset[0] as i64, offset[1] as i64);
            self.resampler.fit(self.spec.resample, frame, scaled, offset, input);
            debug_assert_eq!(self.resampler.size(), (self.columns.len(), self.image_rows));
        }
        let across = self.columns.len();
        for plane in self.lines.iter_mut().flat_map(|line| &mut line.planes) {
            plane.resize(across, 0);
        }
        self.pairs.resize(across, Default::default());
        for plane in &mut self.planes {
            plane.resize(input.0 as usize, 0.0);
        }
        self.geometry = Some(geometry);
        geometry
    }

    /// Writes a frame of any uncompressed format into the tensor (batch 1).
    ///
    /// # Errors
    /// [`InputError`] where frame or tensor don't fit.
    pub fn write(&mut self, frame: &Frame, mut tensor: TensorMut<'_>) -> Result<Geometry, InputError> {
        if frame.format == PixelFormat::Mjpeg || !frame.is_whole() {
            return Err(InputError::NotWhole);
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
        if frame.format != PixelFormat::Rgba8 {
            self.converted.resize(frame.width as usize * 2, [0; 4]);
        }
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "half the time of the baseline's SSE2; see ARCHITECTURE.md")]
            // SAFETY: this processor has AVX2; the function asks for nothing else.
            unsafe {
                self.fill_with_avx2(frame, &mut tensor, (width, height));
            }
            return Ok(geometry);
        }
        self.fill(frame, &mut tensor, (width, height));
        Ok(geometry)
    }

    /// As [`Self::fill`], compiled for AVX2.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn fill_with_avx2(&mut self, frame: &Frame, tensor: &mut TensorMut<'_>, size: (usize, usize)) {
        self.fill(frame, tensor, size);
    }

    /// Fills a tensor of the input's size, row by row.
    #[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
    #[inline(always)]
    fn fill(&mut self, frame: &Frame, tensor: &mut TensorMut<'_>, (width, height): (usize, usize)) {
        let pad = match self.spec.fit {
            Fit::Letterbox { pad, .. } => f32::from(pad),
            _ => 0.0,
        };
        let scaling = self.scaling();
        let grey = scaling.map(|s| pad * s.gain + s.bias);
        let (left, right) = (self.columns.left, self.columns.left + self.columns.len());
        for line in &mut self.lines {
            line.row = u32::MAX;
        }
        self.resampler.begin();
        let mut planes = std::mem::take(&mut self.planes);
        for y in 0..height {
            // Planes of 32-bit floats are written in place; everything else goes through a row.
            let mut out: Planes<'_, f32> = match (&mut *tensor, self.spec.layout) {
                (TensorMut::F32(values), Layout::Nchw) => {
                    let (red, rest) = values.split_at_mut(width * height);
                    let (green, blue) = rest.split_at_mut(width * height);
                    [red, green, blue].map(|plane| &mut plane[y * width..][..width])
                }
                _ => planes.each_mut().map(|plane| &mut plane[..width]),
            };
            if let Some(row) = y.checked_sub(self.top).filter(|row| *row < self.image_rows) {
                for (out, grey) in out.iter_mut().zip(grey) {
                    out[..left].fill(grey);
                    out[right..].fill(grey);
                }
                let mut image = out.map(|out| &mut out[left..right]);
                // The kernels write red, green, blue; scaling is of the network's channels.
                let mut scaling = scaling;
                if self.spec.order == ColourOrder::Bgr {
                    image.swap(0, 2);
                    scaling.swap(0, 2);
                }
                self.write_row(frame, row, image, scaling);
            } else {
                for (out, grey) in out.iter_mut().zip(grey) {
                    out.fill(grey);
                }
            }
            store_row(tensor, self.spec.layout, &planes, y, (width, height));
        }
        self.planes = planes;
    }

    /// value = byte · gain + bias, for each channel of the network.
    fn scaling(&self) -> [Scaling; 3] {
        let range = self.spec.range;
        std::array::from_fn(|c| Scaling {
            gain: range.scale / range.std[c],
            bias: -range.mean[c] / range.std[c],
        })
    }

    /// Writes the image's part of one output row, counted from the first that holds image.
    #[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
    #[inline(always)]
    fn write_row(&mut self, frame: &Frame, row: usize, out: Planes<'_, f32>, scaling: [Scaling; 3]) {
        let tap = self.rows[row];
        let (begin, across) = (self.columns.begin, self.columns.len());
        match self.change {
            Change::Same => {
                let row = source_rows(frame, tap.first, 1, &mut self.converted);
                rows::same(&row[begin..][..across], out, scaling);
            }
            Change::Halved => {
                let both = source_rows(frame, tap.first, 2, &mut self.converted);
                let (above, below) = both.split_at(frame.width as usize);
                let part = begin * 2..(begin + across) * 2;
                rows::halve(&above[part.clone()], &below[part], out, scaling);
            }
            Change::Any => {
                self.make_lines(frame, tap);
                let [above, below] = &self.lines;
                for (c, (out, scaling)) in out.into_iter().zip(scaling).enumerate() {
                    rows::down(&above.planes[c], &below.planes[c], tap.weights, out, scaling);
                }
            }
            Change::Pillow => {
                for needed in self.resampler.needed(row) {
                    self.resampler.across(needed, source_rows(frame, needed, 1, &mut self.converted));
                }
                self.resampler.down(row, out, scaling);
            }
        }
    }

    /// Sees to it that `lines` hold the two source rows of a tap; the second of the last output row is often the
    /// first of this one.
    #[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
    #[inline(always)]
    fn make_lines(&mut self, frame: &Frame, tap: Tap) {
        if self.lines[0].row != tap.first && self.lines[1].row == tap.first {
            self.lines.swap(0, 1);
        }
        for (line, row) in self.lines.iter_mut().zip([tap.first, tap.second]) {
            if line.row != row {
                line.row = row;
                let source = source_rows(frame, row, 1, &mut self.converted);
                rows::gather(source, &self.columns.first, &mut self.pairs);
                let planes = line.planes.each_mut().map(Vec::as_mut_slice);
                rows::across(&self.pairs, self.columns.weights(), planes);
            }
        }
    }
}

/// One or two rows of a frame as RGBA: where they lie, or in `converted`.
fn source_rows<'a>(
    frame: &'a Frame,
    first: u32,
    count: usize,
    converted: &'a mut [[u8; 4]],
) -> &'a [[u8; 4]] {
    let across = frame.width as usize;
    if frame.format == PixelFormat::Rgba8 {
        return &frame.data.as_chunks::<4>().0[first as usize * across..][..across * count];
    }
    let line = &mut converted[..across * count];
    let made = convert::rows_to_rgba(frame, first, count as u32, line.as_flattened_mut());
    debug_assert!(made.is_ok(), "the frame was looked at before: {made:?}");
    line
}

/// Carries a finished row from the planes to where layout and element type want it.
fn store_row(
    tensor: &mut TensorMut<'_>,
    layout: Layout,
    planes: &[Vec<f32>; 3],
    y: usize,
    (width, height): (usize, usize),
) {
    for (c, plane) in planes.iter().enumerate() {
        let (at, step) = match layout {
            Layout::Nchw => ((c * height + y) * width, 1),
            Layout::Nhwc => (y * width * 3 + c, 3),
        };
        match tensor {
            // Written in place already.
            TensorMut::F32(_) if layout == Layout::Nchw => {}
            TensorMut::F32(out) => store(&mut out[at..], step, plane, |v| v),
            TensorMut::F16(out) if step == 1 => out[at..][..width].convert_from_f32_slice(plane),
            TensorMut::F16(out) => store(&mut out[at..], step, plane, f16::from_f32),
            TensorMut::U8(out) => store(&mut out[at..], step, plane, |v| (v + 0.5) as u8),
            TensorMut::I32(out) => store(&mut out[at..], step, plane, |v| v.round() as i32),
        }
    }
}

/// Writes a row's values at every `step`-th place.
fn store<T>(out: &mut [T], step: usize, plane: &[f32], convert: impl Fn(f32) -> T) {
    for (o, v) in out.iter_mut().step_by(step).zip(plane) {
        *o = convert(*v);
    }
}
