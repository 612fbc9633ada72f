//! How an image looks, in 64 bits, and how sharp it is.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use serde::{Deserialize, Serialize};

use crate::frame::{Frame, PixelFormat};

/// Side of the small image whose frequencies are looked at.
const SMALL: usize = 32;
/// So many of them in each direction.
const LOW: usize = 8;

/// How an image looks and how sharp it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The perceptual hash (pHash): for each of 64 low frequencies whether it is above their median. Images that look alike differ in
    /// few bits.
    pub hash: u64,
    /// The variance of the Laplacian (`cv2.Laplacian(grey, cv2.CV_64F).var()`): low where an image is blurred.
    pub sharpness: f64,
}

impl Fingerprint {
    /// Of a frame (RGBA); `None` if it isn't whole or has no pixels.
    #[must_use]
    pub fn of(frame: &Frame) -> Option<Self> {
        if frame.format != PixelFormat::Rgba8 || !frame.is_whole() || frame.width == 0 || frame.height == 0 {
            return None;
        }
        // OpenCV's weights.
        let grey = |p: &[u8]| {
            ((u32::from(p[0]) * 4899 + u32::from(p[1]) * 9617 + u32::from(p[2]) * 1868 + 8192) >> 14) as u8
        };
        let pixels: Vec<u8> = frame.data.chunks_exact(4).map(grey).collect();
        let sharpness = sharpness(&pixels, frame.width as usize, frame.height as usize);
        let image = GrayImage::from_raw(frame.width, frame.height, pixels)?;
        Some(Self { hash: hash(&image), sharpness })
    }

    /// How many of the 64 bits differ.
    #[must_use]
    pub fn distance(self, other: Self) -> u32 {
        (self.hash ^ other.hash).count_ones()
    }
}

/// The bits row by row, the first in the highest place, as Python's `imagehash.phash` writes them.
fn hash(image: &GrayImage) -> u64 {
    let small = imageops::resize(image, SMALL as u32, SMALL as u32, FilterType::Lanczos3);
    // The cosines of the first frequencies; their scale makes no difference.
    let cosine = |frequency: usize, at: usize| {
        (std::f64::consts::PI * frequency as f64 * (2 * at + 1) as f64 / (2 * SMALL) as f64).cos()
    };
    let mut columns = [[0.0; SMALL]; LOW];
    for (frequency, row) in columns.iter_mut().enumerate() {
        for (x, sum) in row.iter_mut().enumerate() {
            *sum = (0..SMALL)
                .map(|y| {
                    let Luma([value]) = *small.get_pixel(x as u32, y as u32);
                    f64::from(value) * cosine(frequency, y)
                })
                .sum();
        }
    }
    let mut low = [0.0_f64; LOW * LOW];
    for (index, value) in low.iter_mut().enumerate() {
        let (vertical, horizontal) = (index / LOW, index % LOW);
        *value = (0..SMALL).map(|x| columns[vertical][x] * cosine(horizontal, x)).sum();
    }
    let mut sorted = low;
    sorted.sort_by(f64::total_cmp);
    let median = f64::midpoint(sorted[LOW * LOW / 2 - 1], sorted[LOW * LOW / 2]);
    low.iter().fold(0, |bits, value| bits << 1 | u64::from(*value > median))
}

/// The variance of the Laplacian; at the border the image goes on as in a mirror that stands on its last pixels.
fn sharpness(pixels: &[u8], width: usize, height: usize) -> f64 {
    let mirrored = |at: usize, side: usize| {
        let before = if at == 0 { 1.min(side - 1) } else { at - 1 };
        let after = if at + 1 == side { side.saturating_sub(2) } else { at + 1 };
        (before, after)
    };
    let (mut sum, mut squares) = (0_i64, 0_i64);
    for y in 0..height {
        let (above, below) = mirrored(y, height);
        let row = |y: usize| &pixels[y * width..(y + 1) * width];
        let (up, here, down) = (row(above), row(y), row(below));
        for x in 0..width {
            let (left, right) = mirrored(x, width);
            let around =
                i64::from(up[x]) + i64::from(down[x]) + i64::from(here[left]) + i64::from(here[right]);
            let value = around - 4 * i64::from(here[x]);
            sum += value;
            squares += value * value;
        }
    }
    let count = (width * height) as f64;
    let mean = sum as f64 / count;
    squares as f64 / count - mean * mean
}
