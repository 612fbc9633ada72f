//! Resampling as Pillow does it, to the last bit (`ImagingResample`, 8 bits): across first, then down, with a kernel that widens
//! with the ratio, weights of 22 bits and bytes in between. Torchvision, timm and Ultralytics prepare images for classifiers so.

#![expect(
    clippy::inline_always,
    reason = "a row's loop takes the vector width of the function that it ends in"
)]

use super::rows::{Planes, Scaling};
use crate::model::spec::Resample;

/// One, in weights of 22 bits (`PRECISION_BITS`).
const ONE: f64 = 4_194_304.0;
const BITS: u32 = 22;
const HALF: i32 = 1 << (BITS - 1);
/// Columns of a plane that are summed up at once.
const LANES: usize = 16;

/// A kernel: how far it reaches, in pixels of the smaller side, and its value at a distance.
#[derive(Clone, Copy, Debug)]
struct Kernel {
    reach: f64,
    value: fn(f64) -> f64,
}

const TRIANGLE: Kernel = Kernel { reach: 1.0, value: |x| (1.0 - x.abs()).max(0.0) };

const CUBIC: Kernel = Kernel {
    reach: 2.0,
    value: |x| {
        const A: f64 = -0.5;
        match x.abs() {
            x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    },
};

/// Where the pixels of an axis come from: as many source pixels for each, of which some may have no weight.
#[derive(Debug, Default)]
struct Axis {
    first: Vec<u32>,
    /// `taps` for each.
    weights: Vec<i32>,
    taps: usize,
}

impl Axis {
    /// Fills the tables for the part of a scaled axis that lies inside the input; the number of taps is a multiple of `multiple`.
    fn fill(&mut self, kernel: Kernel, (scaled, source): (u32, u32), part: Part, multiple: usize) {
        let scale = f64::from(source) / f64::from(scaled);
        let wider = scale.max(1.0);
        let reach = kernel.reach * wider;
        let span = |at: u32| {
            let centre = (f64::from(at) + 0.5) * scale;
            // Cut towards zero, as C does.
            let begin = (centre - reach + 0.5).max(0.0) as u32;
            (centre, begin, ((centre + reach + 0.5) as u32).min(source))
        };
        let longest = (part.begin..part.end).map(|at| span(at).2 - span(at).1).max().unwrap_or(0) as usize;
        self.taps = longest.next_multiple_of(multiple);
        self.first.clear();
        self.weights.clear();
        self.weights.resize(part.len() * self.taps, 0);
        for (at, weights) in (part.begin..part.end).zip(self.weights.chunks_exact_mut(self.taps.max(1))) {
            let (centre, begin, end) = span(at);
            let first = begin.min(source.saturating_sub(self.taps as u32));
            self.first.push(first);
            let value = |x: u32| (kernel.value)((f64::from(x) - centre + 0.5) / wider);
            let sum: f64 = (begin..end).map(value).sum();
            for (x, weight) in (begin..end).zip(&mut weights[(begin - first) as usize..]) {
                // Rounded away from zero where it is half.
                *weight = (value(x) / sum * ONE).round() as i32;
            }
        }
    }
}

/// The part of a scaled axis that lies inside the input.
#[derive(Clone, Copy, Debug)]
struct Part {
    begin: u32,
    end: u32,
}

impl Part {
    fn new(scaled: u32, offset: i64, input: u32) -> Self {
        let end = (i64::from(input) - offset).clamp(0, i64::from(scaled)) as u32;
        Self { begin: ((-offset).clamp(0, i64::from(end))) as u32, end }
    }

    fn len(self) -> usize {
        (self.end - self.begin) as usize
    }
}

/// Resamples frames of one size row by row; its tables and lines are made anew only for another size.
#[derive(Debug, Default)]
pub(super) struct Resampler {
    columns: Axis,
    /// The weights of two neighbouring pixels, once for each of their channels.
    pairs: Vec<[i32; 8]>,
    rows: Axis,
    /// One row, resized across.
    packed: Vec<[u8; 4]>,
    /// Source rows that are resized across: three planes each, `stride` bytes a plane; row `n` at place `n % rows.taps`.
    lines: Vec<u8>,
    stride: usize,
    /// The first source row that isn't resized across yet.
    next: u32,
    /// A source row with pixels without weight behind it, where it is shorter than the kernel.
    longer: Vec<[u8; 4]>,
}

impl Resampler {
    /// Makes the tables to resample `source` to `scaled` pixels (width, height), of which the input shows those from `-offset` on.
    pub fn fit(
        &mut self,
        resample: Resample,
        source: (u32, u32),
        scaled: (u32, u32),
        offset: (i64, i64),
        input: (u32, u32),
    ) {
        let kernel = if resample == Resample::Bicubic { CUBIC } else { TRIANGLE };
        let (across, down) = (Part::new(scaled.0, offset.0, input.0), Part::new(scaled.1, offset.1, input.1));
        self.columns.fill(kernel, (scaled.0, source.0), across, 2);
        self.rows.fill(kernel, (scaled.1, source.1), down, 1);
        let pair = |[a, b]: &[i32; 2]| [*a, *a, *a, *a, *b, *b, *b, *b];
        self.pairs.clear();
        self.pairs.extend(self.columns.weights.as_chunks::<2>().0.iter().map(pair));
        self.packed.resize(across.len(), [0; 4]);
        self.stride = across.len().next_multiple_of(LANES);
        self.lines.clear();
        self.lines.resize(self.rows.taps * 3 * self.stride, 0);
        self.longer.clear();
        self.longer.resize(self.columns.taps, [0; 4]);
        self.begin();
    }

    /// How many columns and rows of the image the input shows.
    pub fn size(&self) -> (usize, usize) {
        (self.columns.first.len(), self.rows.first.len())
    }

    /// Forgets the last frame.
    pub fn begin(&mut self) {
        self.next = 0;
    }

    /// The source rows that [`Self::across`] must be given, one after the other, before [`Self::down`] can make an output row.
    #[inline(always)]
    pub fn needed(&self, row: usize) -> std::ops::Range<u32> {
        let first = self.rows.first[row];
        first.max(self.next)..first + self.rows.taps as u32
    }

    /// Takes a source row.
    #[inline(always)]
    pub fn across(&mut self, row: u32, source: &[[u8; 4]]) {
        self.next = row + 1;
        let taps = self.columns.taps;
        let source = if source.len() < taps {
            self.longer[..source.len()].copy_from_slice(source);
            &self.longer
        } else {
            source
        };
        let weights = self.pairs.chunks_exact((taps / 2).max(1));
        for ((out, first), weights) in self.packed.iter_mut().zip(&self.columns.first).zip(weights) {
            // Four channels of two pixels, side by side.
            let mut sum = [HALF, HALF, HALF, HALF, 0, 0, 0, 0];
            let pixels = source[*first as usize..][..taps].as_flattened().as_chunks::<8>().0;
            for (pixels, weights) in pixels.iter().zip(weights) {
                for ((sum, byte), weight) in sum.iter_mut().zip(pixels).zip(weights) {
                    *sum += i32::from(*byte) * weight;
                }
            }
            *out = std::array::from_fn(|c| clip(sum[c] + sum[c + 4]) as u8);
        }
        let line = &mut self.lines[row as usize % self.rows.taps * 3 * self.stride..][..3 * self.stride];
        let (red, rest) = line.split_at_mut(self.stride);
        let (green, blue) = rest.split_at_mut(self.stride);
        for (((pixel, red), green), blue) in self.packed.iter().zip(red).zip(green).zip(blue) {
            let v = u32::from_le_bytes(*pixel);
            (*red, *green, *blue) = (v as u8, (v >> 8) as u8, (v >> 16) as u8);
        }
    }

    /// Writes an output row.
    #[inline(always)]
    pub fn down(&self, row: usize, out: Planes<'_, f32>, scaling: [Scaling; 3]) {
        let (first, taps) = (self.rows.first[row] as usize, self.rows.taps);
        let weights = &self.rows.weights[row * taps..][..taps];
        for (c, (out, scaling)) in out.into_iter().zip(scaling).enumerate() {
            let block = |at: usize| {
                let mut sum = [HALF; LANES];
                for (tap, weight) in weights.iter().enumerate() {
                    let line = ((first + tap) % taps * 3 + c) * self.stride;
                    let bytes = &self.lines[line + at..][..LANES];
                    for (sum, byte) in sum.iter_mut().zip(bytes) {
                        *sum += i32::from(*byte) * weight;
                    }
                }
                sum.map(|sum| scaling.of(clip(sum)))
            };
            let (blocks, rest) = out.as_chunks_mut::<LANES>();
            let whole = blocks.len() * LANES;
            for (n, out) in blocks.iter_mut().enumerate() {
                *out = block(n * LANES);
            }
            if !rest.is_empty() {
                rest.copy_from_slice(&block(whole)[..rest.len()]);
            }
        }
    }
}

/// A sum as a byte.
#[inline(always)]
fn clip(sum: i32) -> i32 {
    (sum >> BITS).clamp(0, 255)
}
