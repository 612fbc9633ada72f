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
const LANES: usize = 32;
/// Columns that are resized at once, and neighbouring pixels that are weighed at once.
const TOGETHER: usize = 4;

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
    /// The weights of `columns`, four and four, for the vector code.
    quads: Vec<Quad>,
    /// How many columns of the image the input shows; `columns` has some more, to be a multiple of four.
    width: usize,
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
        self.columns.fill(kernel, (scaled.0, source.0), across, TOGETHER);
        self.rows.fill(kernel, (scaled.1, source.1), down, 1);
        self.width = across.len();
        let padded = self.width.next_multiple_of(TOGETHER);
        self.columns.first.resize(padded, 0);
        self.columns.weights.resize(padded * self.columns.taps, 0);
        self.quads.clear();
        self.quads.extend(self.columns.weights.as_chunks().0.iter().map(Quad::new));
        self.packed.resize(padded, [0; 4]);
        self.stride = self.width.next_multiple_of(LANES);
        self.lines.clear();
        self.lines.resize(self.rows.taps * 3 * self.stride, 0);
        self.longer.clear();
        self.longer.resize(self.columns.taps, [0; 4]);
        self.begin();
    }

    /// How many columns and rows of the image the input shows.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.rows.first.len())
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
        let (first, out) = (&self.columns.first[..], &mut self.packed[..]);
        if !quads_across(source, first, &self.quads, taps, out) {
            across(source, first, &self.columns.weights, taps, out);
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
            for (block, out) in out.chunks_mut(LANES).enumerate() {
                let mut sum = [HALF; LANES];
                let mut line = first % taps;
                for weight in weights {
                    let at = (line * 3 + c) * self.stride + block * LANES;
                    line = if line + 1 == taps { 0 } else { line + 1 };
                    for (sum, byte) in sum.iter_mut().zip(&self.lines[at..][..LANES]) {
                        *sum += i32::from(*byte) * weight;
                    }
                }
                let mut values = [0.0; LANES];
                for (value, sum) in values.iter_mut().zip(sum) {
                    *value = scaling.of(clip(sum));
                }
                // A length that is known at compile time makes it a few vector moves.
                if let Ok(out) = <&mut [f32; LANES]>::try_from(&mut *out) {
                    *out = values;
                } else {
                    out.copy_from_slice(&values[..out.len()]);
                }
            }
        }
    }
}

/// A sum as a byte.
#[inline(always)]
fn clip(sum: i32) -> i32 {
    (sum >> BITS).clamp(0, 255)
}

/// Resizes a row across: each output pixel from `taps` source pixels.
#[inline(always)]
fn across(source: &[[u8; 4]], first: &[u32], weights: &[i32], taps: usize, out: &mut [[u8; 4]]) {
    for ((out, first), weights) in out.iter_mut().zip(first).zip(weights.chunks_exact(taps.max(1))) {
        let mut sum = [HALF; 4];
        for (pixel, weight) in source[*first as usize..].iter().zip(weights) {
            for (sum, byte) in sum.iter_mut().zip(pixel) {
                *sum += i32::from(*byte) * weight;
            }
        }
        *out = sum.map(|sum| clip(sum) as u8);
    }
}

/// The weights of four neighbouring pixels in two parts, since one of 22 bits doesn't fit what is multiplied at once: the upper and
/// the lower 11 bits, 16 bits each, as the channels of two and two pixels want them.
#[derive(Clone, Copy, Debug)]
struct Quad {
    upper: [u64; 4],
    lower: [u64; 4],
}

impl Quad {
    /// Bits of the lower part.
    const BITS: i32 = 11;

    fn new(weights: &[i32; TOGETHER]) -> Self {
        let spread = |[a, b, c, d]: [i32; TOGETHER]| {
            let two = |a: i32, b: i32| (u64::from(a as u16) | u64::from(b as u16) << 16) * 0x1_0000_0001;
            [two(a, b), two(a, b), two(c, d), two(c, d)]
        };
        Self {
            upper: spread(weights.map(|w| w >> Self::BITS)),
            lower: spread(weights.map(|w| w & ((1 << Self::BITS) - 1))),
        }
    }
}

/// As [`across`], by instructions for it; returns whether this processor has them and the kernel isn't too long.
#[inline(always)]
fn quads_across(source: &[[u8; 4]], first: &[u32], quads: &[Quad], taps: usize, out: &mut [[u8; 4]]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "a third of the time of the plain loop; see ARCHITECTURE.md")]
        // SAFETY: this processor has AVX2; the functions ask for nothing else.
        unsafe {
            match taps / TOGETHER {
                1 => avx2::across::<1>(source, first, quads, out),
                2 => avx2::across::<2>(source, first, quads, out),
                3 => avx2::across::<3>(source, first, quads, out),
                4 => avx2::across::<4>(source, first, quads, out),
                5 => avx2::across::<5>(source, first, quads, out),
                6 => avx2::across::<6>(source, first, quads, out),
                _ => return false,
            }
        }
        return true;
    }
    let _ = (source, first, quads, taps, out);
    false
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm_add_epi32, _mm_cvtsi128_si64, _mm_extract_epi64, _mm_packs_epi32, _mm_packus_epi16,
        _mm_set_epi64x, _mm_set1_epi32, _mm_setzero_si128, _mm_srai_epi32, _mm256_add_epi32,
        _mm256_broadcastsi128_si256, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_madd_epi16,
        _mm256_set_epi64x, _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32,
    };

    use super::{BITS, HALF, Quad, TOGETHER};

    /// As [`super::across`], with `STEPS` quads for each output pixel.
    #[target_feature(enable = "avx2")]
    pub fn across<const STEPS: usize>(
        source: &[[u8; 4]],
        first: &[u32],
        quads: &[Quad],
        out: &mut [[u8; 4]],
    ) {
        // Two neighbours' channels side by side, 16 bits each: multiplied and added in one step.
        let neighbours = _mm256_setr_epi8(
            0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1, //
            8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1,
        );
        let half = _mm_set1_epi32(HALF);
        let Some(last) = source.len().checked_sub(STEPS * TOGETHER) else { return };
        let quads = quads.as_chunks::<STEPS>().0.as_chunks::<TOGETHER>().0;
        let columns = first.as_chunks::<TOGETHER>().0.iter().zip(quads);
        for (out, (first, quads)) in out.as_chunks_mut::<TOGETHER>().0.iter_mut().zip(columns) {
            let mut sums = [_mm_setzero_si128(); TOGETHER];
            for ((sum, first), quads) in sums.iter_mut().zip(first).zip(quads) {
                let pixels = &source[(*first as usize).min(last)..][..STEPS * TOGETHER];
                let (mut upper, mut lower) = (_mm256_setzero_si256(), _mm256_setzero_si256());
                for (pixels, quad) in pixels.as_flattened().as_chunks().0.iter().zip(quads) {
                    let pixels = u128::from_le_bytes(*pixels);
                    let pixels = _mm_set_epi64x((pixels >> 64) as i64, pixels as i64);
                    let pixels = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(pixels), neighbours);
                    upper = _mm256_add_epi32(upper, _mm256_madd_epi16(pixels, vector(quad.upper)));
                    lower = _mm256_add_epi32(lower, _mm256_madd_epi16(pixels, vector(quad.lower)));
                }
                let both = _mm256_add_epi32(_mm256_slli_epi32(upper, Quad::BITS), lower);
                let both = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
                *sum = _mm_srai_epi32(_mm_add_epi32(both, half), BITS as i32);
            }
            let [a, b, c, d] = sums;
            let bytes = _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
            let (low, high) = (_mm_cvtsi128_si64(bytes) as u64, _mm_extract_epi64(bytes, 1) as u64);
            let bytes = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
            out.copy_from_slice(bytes.as_chunks().0);
        }
    }

    #[target_feature(enable = "avx2")]
    fn vector(numbers: [u64; 4]) -> __m256i {
        let [a, b, c, d] = numbers.map(|n| n as i64);
        _mm256_set_epi64x(d, c, b, a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector code and the plain loop give the same bytes, for every length of kernel.
    #[test]
    fn vector_code_changes_nothing() {
        for (resample, width, scaled) in [
            (Resample::Bilinear, 40, 90),
            (Resample::Bilinear, 200, 64),
            (Resample::Bicubic, 301, 101),
            (Resample::Bicubic, 500, 90),
            (Resample::Bicubic, 9, 3),
        ] {
            let mut resampler = Resampler::default();
            resampler.fit(resample, (width, 10), (scaled, 10), (-1, 0), (scaled - 2, 10));
            let source: Vec<[u8; 4]> = (0..width.max(resampler.columns.taps as u32))
                .map(|i| (i.wrapping_mul(0x9e37_79b1)).to_le_bytes())
                .collect();
            let mut plain = resampler.packed.clone();
            let Axis { first, weights, taps } = &resampler.columns;
            across(&source, first, weights, *taps, &mut plain);
            if quads_across(&source, first, &resampler.quads, *taps, &mut resampler.packed) {
                assert_eq!(resampler.packed, plain, "{resample:?} {width} → {scaled}");
            }
        }
    }
}
