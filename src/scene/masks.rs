//! The masks of all detections as one raster over the frame.

use super::{Rect, Scene, Shape, Style, opacity, palette};
use crate::model::results::{Mask, Results};
use crate::model::sampling::between;

/// The masks of a frame are drawn into one layer with at most this many pixels a side, which is then stretched.
const MASK_SIDE: f32 = 640.0;

/// Width of the more opaque contour of a mask, in pixels of that layer.
const CONTOUR: f32 = 1.5;

impl Scene {
    /// Adds the masks of all detections, best on top, each in the colour of its class with a more opaque contour.
    pub(super) fn add_masks(&mut self, results: &Results, style: &Style) {
        let shown = |class_id: &u32| !style.hidden.contains(class_id);
        if !results.detections.iter().any(|d| shown(&d.class_id) && results.mask_of(d).is_some()) {
            return;
        }
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let scale = (MASK_SIDE / w.max(h)).min(1.0);
        let (width, height) = ((w * scale).ceil().max(1.0) as usize, (h * scale).ceil().max(1.0) as usize);
        let mirrored = self.mirrored;
        let mut buffers = std::mem::take(&mut self.mask_buffers);
        let index = self.next_raster(width, height);
        let raster = &mut self.rasters[index];
        raster.region = [0.0, 0.0, w, h];
        raster.smooth = true;
        raster.mirrored = mirrored;
        let (sx, sy) = (width as f32 / w, height as f32 / h);
        for detection in results.detections.iter().rev().filter(|d| shown(&d.class_id)) {
            if let Some(mask) = results.mask_of(detection) {
                let region = mask.region;
                let place = Placement {
                    layer: (width, height),
                    region: [region[0] * sx, region[1] * sy, region[2] * sx, region[3] * sy],
                    rgb: palette::class(detection.class_id),
                    opacity: opacity(style.mask_opacity),
                };
                blend_mask(raster.pixels_mut(), mask, place, &mut buffers);
            }
        }
        self.mask_buffers = buffers;
        self.shapes.push(Shape::Raster { index });
    }
}

/// Buffers of [`blend_mask`].
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    /// For each pixel of a row, the mask's column whose centre lies left of it, and how far the pixel is to the next one.
    columns: Vec<u32>,
    fractions: Vec<f32>,
    /// For each column of the mask, its value at the height of the row of pixels, and the difference between the row of the
    /// mask below and the one above. The last column is there twice.
    line: Vec<[f32; 2]>,
    /// For each pixel, the elements of `line` left and right of it.
    around: Vec<[f32; 4]>,
    /// For each pixel, how much of it the mask covers, as a part of [`ONE`]; repeated for each channel.
    alphas: Vec<[i16; 4]>,
}

/// The alpha of a pixel that the mask covers completely: products with it are rounded in 15 bits.
const ONE: f32 = 32_767.0;
/// 2²³: adding it to a float rounds that to a whole number, which is then in the low bits.
const MANTISSA: f32 = 8_388_608.0;

/// Where a mask lies, and how it is coloured.
#[derive(Clone, Copy)]
struct Placement {
    /// Width and height of the layer.
    layer: (usize, usize),
    /// In the layer's pixels.
    region: Rect,
    rgb: [u8; 3],
    opacity: f32,
}

/// Blends one mask into the layer. A mask that is shorter than its size says, or has an empty region, is left out.
fn blend_mask(pixels: &mut [[u8; 4]], mask: &Mask, place: Placement, buffers: &mut Buffers) {
    let region = place.region;
    let cells = mask.width.checked_mul(mask.height).filter(|&n| n > 0);
    let is_whole = cells.is_some_and(|n| mask.data.len() >= n);
    let has_area = region[2] > region[0] && region[3] > region[1] && region.iter().all(|v| v.is_finite());
    if !(is_whole && has_area) {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "0.82 of the time of the baseline's SSE2; see ARCHITECTURE.md")]
        // SAFETY: this processor has AVX2; the function asks for nothing else.
        unsafe {
            blend_mask_avx2(pixels, mask, place, buffers);
        }
        return;
    }
    blend_mask_rows(pixels, mask, place, buffers);
}

/// As [`blend_mask_rows`], compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn blend_mask_avx2(pixels: &mut [[u8; 4]], mask: &Mask, place: Placement, buffers: &mut Buffers) {
    blend_mask_rows(pixels, mask, place, buffers);
}

/// Blends a mask that was checked. Each row goes through three loops: the first fetches the values around each pixel, the
/// second computes the alphas in vectors, the third blends the pixels.
#[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
#[inline(always)]
fn blend_mask_rows(pixels: &mut [[u8; 4]], mask: &Mask, place: Placement, buffers: &mut Buffers) {
    let Placement { layer: (width, height), region, rgb, opacity } = place;
    let (w, h) = (mask.width, mask.height);
    let (across, down) = (centres(region[0], region[2], width), centres(region[1], region[3], height));
    let per = [w as f32 / (region[2] - region[0]), h as f32 / (region[3] - region[1])];
    let Buffers { columns, fractions, line, around, alphas } = buffers;
    columns.clear();
    fractions.clear();
    for x in across.clone() {
        let tap = between((x as f32 + 0.5 - region[0]) * per[0] - 0.5, w);
        columns.push(tap.first as u32);
        fractions.push(tap.weight);
    }
    around.resize(columns.len(), [0.0; 4]);
    alphas.resize(columns.len(), [0; 4]);
    for y in down {
        let tap = between((y as f32 + 0.5 - region[1]) * per[1] - 0.5, h);
        let (above, below) = (&mask.data[tap.first * w..][..w], &mask.data[tap.second * w..][..w]);
        // Pixels between cells that are all 0 stay as they are: most boxes have empty corners.
        let filled = |row: &[u8]| {
            let first = row.iter().position(|value| *value > 0)?;
            Some((first, row.iter().rposition(|value| *value > 0)?))
        };
        let (first, last) = match (filled(above), filled(below)) {
            (Some(a), Some(b)) => (a.0.min(b.0), a.1.max(b.1)),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => continue,
        };
        let begin = columns.partition_point(|column| (*column as usize) + 1 < first);
        let end = columns.partition_point(|column| *column as usize <= last);
        line.clear();
        line.extend(above.iter().zip(below).map(|(above, below)| {
            let (above, rise) = (f32::from(*above), f32::from(*below) - f32::from(*above));
            [above + rise * tap.weight, rise]
        }));
        line.extend_from_within(w - 1..);
        let (around, alphas) = (&mut around[begin..end], &mut alphas[begin..end]);
        for (around, column) in around.iter_mut().zip(&columns[begin..end]) {
            let column = (*column as usize).min(w - 1);
            let ([a, rise_a], [b, rise_b]) = (line[column], line[column + 1]);
            *around = [a, rise_a, b, rise_b];
        }
        coverage(around, &fractions[begin..end], per, opacity, alphas);
        let row = pixels.get_mut(y * width + across.start + begin..).unwrap_or_default();
        blend(row, alphas, rgb);
    }
}

/// Computes the alpha of each pixel of a row: `opacity` inside the mask, more along its contour, 0 outside.
#[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
#[inline(always)]
fn coverage(around: &[[f32; 4]], fractions: &[f32], per: [f32; 2], opacity: f32, alphas: &mut [[i16; 4]]) {
    let firm = ((opacity * 2.0).min(0.95) - opacity).max(0.0);
    // Comparisons instead of `f32::clamp`, which costs more because it keeps NaN.
    let share = |v: f32| if v > 0.0 { if v < 1.0 { v } else { 1.0 } } else { 0.0 };
    for ((alpha, [a, rise_a, b, rise_b]), fx) in alphas.iter_mut().zip(around).zip(fractions) {
        let inside = a + (b - a) * fx;
        // The slope tells how many pixels of the layer it is to the edge (where the value is 127.5).
        let slope_x = (b - a) * per[0];
        let slope_y = (rise_a + (rise_b - rise_a) * fx) * per[1];
        let slope = (slope_x * slope_x + slope_y * slope_y).sqrt();
        let depth = (inside - 127.5) / if slope > 1e-3 { slope } else { 1e-3 };
        let covered = share(depth + 0.5) * (opacity + firm * share(CONTOUR + 0.5 - depth));
        // Adding 2²³ rounds to a whole number that is then in the low bits. A cast would check each value for NaN and
        // overflow.
        *alpha = [(covered * ONE + MANTISSA).to_bits() as i16; 4];
    }
}

/// Blends a colour over premultiplied pixels, four at a time.
#[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
#[inline(always)]
fn blend(pixels: &mut [[u8; 4]], alphas: &[[i16; 4]], [r, g, b]: [u8; 3]) {
    let colour: [i16; 16] = std::array::from_fn(|n| i16::from([r, g, b, 255][n % 4]));
    let mix = |below: &mut u8, colour: i16, alpha: i16| {
        let under = i16::from(*below);
        let product = (i32::from(colour - under) * i32::from(alpha)) >> 14;
        *below = (under + ((product + 1) >> 1) as i16) as u8;
    };
    let len = pixels.len().min(alphas.len());
    let (pixels, last) = pixels[..len].as_flattened_mut().as_chunks_mut::<16>();
    let (alphas, last_alphas) = alphas[..len].as_flattened().as_chunks::<16>();
    for (pixels, alphas) in pixels.iter_mut().zip(alphas) {
        for ((below, colour), alpha) in pixels.iter_mut().zip(colour).zip(alphas) {
            mix(below, colour, *alpha);
        }
    }
    for ((below, colour), alpha) in last.iter_mut().zip(colour).zip(last_alphas) {
        mix(below, colour, *alpha);
    }
}

/// Returns the pixels whose centres lie in `from..to`, out of `count`.
fn centres(from: f32, to: f32, count: usize) -> std::ops::Range<usize> {
    let first = |edge: f32| ((edge - 0.5).ceil().max(0.0) as usize).min(count);
    first(from)..first(to).max(first(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sampling::Between;

    /// The alpha of one pixel, by the definition: bilinear between the grid's four cells, the distance to the edge from the slope.
    fn by_definition(
        mask: &Mask,
        region: Rect,
        size: (usize, usize),
        x: usize,
        y: usize,
        opacity: f32,
    ) -> f32 {
        let (w, h) = (mask.width, mask.height);
        let (region_w, region_h) = (region[2] - region[0], region[3] - region[1]);
        let (u, v) = ((x as f32 + 0.5 - region[0]) / region_w, (y as f32 + 0.5 - region[1]) / region_h);
        if !(0.0..1.0).contains(&u) || !(0.0..1.0).contains(&v) || x >= size.0 || y >= size.1 {
            return 0.0;
        }
        let value = |x: usize, y: usize| f32::from(mask.data[y * w + x]);
        let (across, down) = (between(u * w as f32 - 0.5, w), between(v * h as f32 - 0.5, h));
        let (Between { first: x0, second: x1, weight: fx }, Between { first: y0, second: y1, weight: fy }) =
            (across, down);
        let [a, b, c, d] = [value(x0, y0), value(x1, y0), value(x0, y1), value(x1, y1)];
        let (top, bottom) = (a + (b - a) * fx, c + (d - c) * fx);
        let inside = top + (bottom - top) * fy;
        let slope_x = ((b - a) * (1.0 - fy) + (d - c) * fy) * w as f32 / region_w;
        let slope_y = (bottom - top) * h as f32 / region_h;
        let depth = (inside - 127.5) / slope_x.hypot(slope_y).max(1e-3);
        let contour = (CONTOUR + 0.5 - depth).clamp(0.0, 1.0);
        (depth + 0.5).clamp(0.0, 1.0) * (opacity + ((opacity * 2.0).min(0.95) - opacity).max(0.0) * contour)
    }

    #[test]
    fn a_mask_is_blended_as_it_is_defined() {
        let size = (40, 30);
        let data: Vec<u8> = (0..35).map(|i| [0, 0, 40, 255, 255, 200, 130][i * 5 % 7]).collect();
        let mask = Mask { region: [0.0; 4], width: 7, height: 5, data };
        // Inside, over every edge, and smaller than a pixel.
        for region in [[3.2, 4.7, 36.0, 25.1], [-8.0, -5.0, 50.0, 44.0], [10.1, 10.1, 10.9, 10.9]] {
            let mut pixels = vec![[0; 4]; size.0 * size.1];
            let place = Placement { layer: size, region, rgb: [255, 100, 0], opacity: 0.45 };
            blend_mask(&mut pixels, &mask, place, &mut Buffers::default());
            for (at, pixel) in pixels.iter().enumerate() {
                let alpha = by_definition(&mask, region, size, at % size.0, at / size.0, 0.45);
                for (got, full) in pixel.iter().zip([255.0, 100.0, 0.0, 255.0]) {
                    assert!(
                        (f32::from(*got) - full * alpha).abs() <= 1.0,
                        "{region:?} {at}: {pixel:?} {alpha}"
                    );
                }
            }
        }
    }
}
