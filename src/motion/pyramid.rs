//! A small grey image of a frame, and that image at half, a quarter and an eighth of its size.

use crate::frame::{Frame, PixelFormat};

/// About how wide the small image is, in pixels.
const WIDTH: u32 = 640;
/// Levels of a pyramid: the small image and three halvings, so that a shift of some 30 pixels between frames is found.
pub(super) const LEVELS: usize = 4;
/// The border is repeated so often around each level, so that a window near it needs no checks.
const PAD: usize = 16;
/// Levels smaller than this are left out.
const LEAST: usize = 24;

/// One level: rows of grey values with a repeated border.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    pub width: usize,
    pub height: usize,
    stride: usize,
    data: Vec<u8>,
}

impl Level {
    fn reset(&mut self, width: usize, height: usize) {
        (self.width, self.height, self.stride) = (width, height, width + 2 * PAD);
        self.data.resize(self.stride * (height + 2 * PAD), 0);
    }

    fn row(&self, y: usize) -> &[u8] {
        let start = (y + PAD) * self.stride + PAD;
        &self.data[start..start + self.width]
    }

    fn row_mut(&mut self, y: usize) -> &mut [u8] {
        let start = (y + PAD) * self.stride + PAD;
        &mut self.data[start..start + self.width]
    }

    /// Repeats the outermost pixels in the border.
    fn fill_border(&mut self) {
        let (stride, width) = (self.stride, self.width);
        for row in self.data.chunks_exact_mut(stride).skip(PAD).take(self.height) {
            let (left, right) = (row[PAD], row[PAD + width - 1]);
            row[..PAD].fill(left);
            row[PAD + width..].fill(right);
        }
        let last = PAD + self.height - 1;
        for y in 0..PAD {
            self.data.copy_within(PAD * stride..(PAD + 1) * stride, y * stride);
            self.data.copy_within(last * stride..(last + 1) * stride, (last + 1 + y) * stride);
        }
    }

    /// Fills this level with `finer` at half its size: the mean of four pixels.
    fn halve(&mut self, finer: &Self) {
        self.reset(finer.width / 2, finer.height / 2);
        for y in 0..self.height {
            let (above, below) = (finer.row(2 * y), finer.row(2 * y + 1));
            let pairs = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
            for (out, (a, b)) in self.row_mut(y).iter_mut().zip(pairs) {
                let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
                *out = ((sum + 2) >> 2) as u8;
            }
        }
        self.fill_border();
    }

    /// Returns the pixels from row `y`, column `x` on, in a slice that reaches through all later rows, and the length of a
    /// row; `None` if a window of `size`×`size` pixels there does not lie within the level and its border.
    pub fn window(&self, x: isize, y: isize, size: usize) -> Option<(&[u8], usize)> {
        let (x, y) = (x + PAD as isize, y + PAD as isize);
        let fits = |at: isize, length: usize| at >= 0 && at as usize + size <= length + 2 * PAD;
        if !fits(x, self.width) || !fits(y, self.height) {
            return None;
        }
        Some((&self.data[y as usize * self.stride + x as usize..], self.stride))
    }
}

/// A small grey image of a frame and its halvings.
#[derive(Clone, Debug, Default)]
pub struct Pyramid {
    pub(super) levels: [Level; LEVELS],
    /// How many levels are filled.
    pub(super) count: usize,
    /// Frame pixels per pixel of the finest level.
    step: u32,
    /// Width and height of the frame.
    frame: (u32, u32),
}

impl Pyramid {
    /// Fills the pyramid from a frame: RGBA, or one with a plane of brightness (NV12, YUYV, grey). Returns `false`, and leaves it
    /// empty, if the frame has another format, isn't whole, or is too small to see anything move.
    pub fn fill(&mut self, frame: &Frame) -> bool {
        self.count = 0;
        let step = ((frame.width + WIDTH / 2) / WIDTH).max(1);
        let (width, height) = ((frame.width / step) as usize, (frame.height / step) as usize);
        let bright = match frame.format {
            PixelFormat::Rgba8 => None,
            PixelFormat::Nv12 | PixelFormat::Gray8 => Some((frame.width as usize, 1)),
            PixelFormat::Yuyv => Some(((frame.width as usize).div_ceil(2) * 4, 2)),
            _ => return false,
        };
        if !frame.is_whole() || width < LEAST || height < LEAST {
            return false;
        }
        (self.step, self.frame) = (step, (frame.width, frame.height));
        let finest = &mut self.levels[0];
        finest.reset(width, height);
        match bright {
            None => grey(frame, step as usize, finest),
            Some(layout) => shrink(&frame.data, layout, step as usize, finest),
        }
        finest.fill_border();
        self.halve();
        true
    }

    fn halve(&mut self) {
        self.count = 1;
        while self.count < LEVELS {
            let (finer, coarser) = self.levels.split_at_mut(self.count);
            let finer = &finer[self.count - 1];
            if finer.width / 2 < LEAST || finer.height / 2 < LEAST {
                break;
            }
            coarser[0].halve(finer);
            self.count += 1;
        }
    }

    /// Width and height of the frame that it was made from.
    #[must_use]
    pub fn frame_size(&self) -> (u32, u32) {
        self.frame
    }

    /// Frame pixels per pixel of the small image.
    pub(super) fn pixel(&self) -> f32 {
        self.step as f32
    }
}

/// Shrinks bytes of brightness, `stride` bytes a row and `every` bytes a pixel: each pixel is the mean of `step`×`step`.
fn shrink(data: &[u8], (stride, every): (usize, usize), step: usize, out: &mut Level) {
    let area = (step * step) as u32;
    for y in 0..out.height {
        for (x, out) in out.row_mut(y).iter_mut().enumerate() {
            let rows = (0..step).map(|i| &data[(y * step + i) * stride + x * step * every..]);
            let sum: u32 =
                rows.flat_map(|row| row.iter().step_by(every).take(step)).map(|v| u32::from(*v)).sum();
            *out = (sum / area) as u8;
        }
    }
}

/// Shrinks a frame to grey: each pixel is the mean luma of `step`×`step` pixels (weights of BT.601, parts of 256).
fn grey(frame: &Frame, step: usize, out: &mut Level) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2")]
        // SAFETY: checked just now.
        unsafe {
            grey_avx2(frame, step, out);
        }
        return;
    }
    grey_rows(frame, step, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn grey_avx2(frame: &Frame, step: usize, out: &mut Level) {
    grey_rows(frame, step, out);
}

#[inline(always)]
fn grey_rows(frame: &Frame, step: usize, out: &mut Level) {
    const EVEN: u32 = 0x00ff_00ff;
    let pixels = frame.data.as_chunks::<4>().0;
    let width = frame.width as usize;
    for y in 0..out.height {
        let row = |i: usize| &pixels[(y * step + i) * width..(y * step + i + 1) * width];
        let target = out.row_mut(y);
        match step {
            1 => {
                for (out, pixel) in target.iter_mut().zip(row(0)) {
                    *out = luma(u32::from(pixel[0]), u32::from(pixel[1]), u32::from(pixel[2]), 8);
                }
            }
            2 => {
                let pairs = row(0).as_chunks::<2>().0.iter().zip(row(1).as_chunks::<2>().0);
                for (out, (a, b)) in target.iter_mut().zip(pairs) {
                    let four = [a[0], a[1], b[0], b[1]].map(u32::from_le_bytes);
                    // Sums of four bytes need ten bits; two of them fit into one number.
                    let red_blue = four.iter().fold(0, |sum, v| sum + (v & EVEN));
                    let green = four.iter().fold(0, |sum, v| sum + (v >> 8 & 0xff));
                    *out = luma(red_blue & 0xffff, green, red_blue >> 16, 10);
                }
            }
            _ => {
                let area = (step * step) as u32;
                for (x, out) in target.iter_mut().enumerate() {
                    let mut sums = [0_u32; 3];
                    for i in 0..step {
                        for pixel in &row(i)[x * step..(x + 1) * step] {
                            for (sum, value) in sums.iter_mut().zip(pixel) {
                                *sum += u32::from(*value);
                            }
                        }
                    }
                    *out = (luma_sum(sums[0], sums[1], sums[2]) / (256 * area)) as u8;
                }
            }
        }
    }
}

#[expect(clippy::inline_always, reason = "part of the loops above")]
#[inline(always)]
fn luma(red: u32, green: u32, blue: u32, shift: u32) -> u8 {
    (luma_sum(red, green, blue) >> shift) as u8
}

#[expect(clippy::inline_always, reason = "part of the loops above")]
#[inline(always)]
fn luma_sum(red: u32, green: u32, blue: u32) -> u32 {
    red * 77 + green * 150 + blue * 29
}
