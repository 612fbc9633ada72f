//! Masks, class maps, mattes, depth maps and style images as small RGBA images to stretch over the frame.

use super::image_painter::neighbours;
use super::palette;
use super::{Rect, Scene, Shape, Style};
use crate::model::labels::{Labels, Language};
use crate::model::results::{Mask, Plane, PlaneValues, Results};

/// The masks of a frame are drawn together at no more than this many pixels a side, then stretched.
const MASK_SIDE: f32 = 640.0;

/// Width of a mask's firm contour, in pixels of that layer.
const CONTOUR: f32 = 1.5;

/// Planes with a longer side are thinned out: what any graphics card takes as a texture.
const PLANE_SIDE: usize = 2048;

/// A range of depths, in the plane's own values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DepthRange {
    pub near: f32,
    pub far: f32,
}

impl Scene {
    /// Adds the masks of all detections, best on top, each in its class's colour with a firm contour.
    pub(super) fn add_masks(&mut self, results: &Results, style: &Style) {
        let shown = |class_id: &u32| !style.hidden.contains(class_id);
        if !results.detections.iter().any(|d| shown(&d.class_id) && results.mask_of(d).is_some()) {
            return;
        }
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let scale = (MASK_SIDE / w.max(h)).min(1.0);
        let (width, height) = ((w * scale).ceil().max(1.0) as usize, (h * scale).ceil().max(1.0) as usize);
        let mirrored = self.mirrored;
        let mut buffers = std::mem::take(&mut self.stamping);
        let index = self.next_raster(width, height);
        let raster = &mut self.rasters[index];
        raster.region = [0.0, 0.0, w, h];
        raster.smooth = true;
        raster.mirrored = mirrored;
        let (sx, sy) = (width as f32 / w, height as f32 / h);
        for detection in results.detections.iter().rev().filter(|d| shown(&d.class_id)) {
            if let Some(mask) = results.mask_of(detection) {
                let region = mask.region;
                let place = Place {
                    layer: (width, height),
                    region: [region[0] * sx, region[1] * sy, region[2] * sx, region[3] * sy],
                    rgb: palette::class(detection.class_id),
                    opacity: opacity(style.mask_opacity),
                };
                stamp(&mut raster.rgba, mask, place, &mut buffers);
            }
        }
        self.stamping = buffers;
        self.shapes.push(Shape::Raster { index });
    }

    /// Adds the plane; gives the depths that the ends of the colour map stand for.
    pub(super) fn add_plane(&mut self, plane: &Plane, labels: &Labels, style: &Style) -> Option<DepthRange> {
        let (w, h) = (plane.width, plane.height);
        let cells = w.checked_mul(h).filter(|&n| n > 0)?;
        let region = plane.region;
        if !region.iter().all(|v| v.is_finite()) || region[0] >= region[2] || region[1] >= region[3] {
            return None;
        }
        let held = match &plane.values {
            PlaneValues::Image(v) => v.len() / 4,
            PlaneValues::Classes(v) => v.len(),
            PlaneValues::Matte(v) | PlaneValues::Depth { values: v, .. } => v.len(),
        };
        if held < cells {
            return None;
        }
        let mirrored = self.mirrored;
        let width = self.size.0 as f32;
        let mut scratch = std::mem::take(&mut self.scratch);
        let step = w.max(h).div_ceil(PLANE_SIDE);
        let index = self.next_raster(w.div_ceil(step), h.div_ceil(step));
        // Which cell of the plane each pixel of the raster shows.
        let cells = (0..h).step_by(step).flat_map(|y| (0..w).step_by(step).map(move |x| y * w + x));
        let raster = &mut self.rasters[index];
        raster.region =
            if mirrored { [width - region[2], region[1], width - region[0], region[3]] } else { region };
        raster.mirrored = mirrored;
        raster.smooth = !matches!(plane.values, PlaneValues::Classes(_));
        let pixels = raster.rgba.chunks_exact_mut(4).zip(cells);
        let blend = opacity(style.plane_blend);
        let mut range = None;
        match &plane.values {
            PlaneValues::Image(values) => {
                for (pixel, cell) in pixels {
                    if let Some(&[r, g, b, a]) = values.as_chunks::<4>().0.get(cell) {
                        set(pixel, [r, g, b], blend * f32::from(a) / 255.0);
                    }
                }
            }
            PlaneValues::Classes(values) => {
                let background = background(labels);
                let alpha = opacity(style.mask_opacity);
                for (pixel, cell) in pixels {
                    let class = u32::from(values[cell]);
                    if Some(class) != background && !style.hidden.contains(&class) {
                        set(pixel, palette::class(class), alpha);
                    }
                }
            }
            PlaneValues::Matte(values) => {
                // The background goes dark, the foreground stays as it is.
                for (pixel, cell) in pixels {
                    let value = values[cell];
                    let foreground = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
                    set(pixel, palette::GROUND, (1.0 - foreground) * 0.85 * blend);
                }
            }
            PlaneValues::Depth { values, larger_is_nearer, .. } => {
                let spread = spread(values, &mut scratch);
                let (near, far) = if *larger_is_nearer { (spread.1, spread.0) } else { spread };
                let span = near - far;
                for (pixel, cell) in pixels {
                    let value = values[cell];
                    if value.is_finite() {
                        let t = if span == 0.0 { 0.5 } else { (value - far) / span };
                        set(pixel, palette::viridis(t), blend);
                    }
                }
                range = Some(DepthRange { near, far });
            }
        }
        self.scratch = scratch;
        self.shapes.push(Shape::Raster { index });
        range
    }
}

/// The class that stands for "nothing", which isn't coloured.
pub(super) fn background(labels: &Labels) -> Option<u32> {
    let first = labels.get(0, Language::English)?;
    ["background", "_background_", "__background__"].contains(&first).then_some(0)
}

/// A setting as an opacity, 0..=1.
pub(super) fn opacity(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 1.0 }
}

/// Writes a premultiplied pixel.
fn set(pixel: &mut [u8], rgb: [u8; 3], alpha: f32) {
    for (out, value) in pixel.iter_mut().zip(rgb) {
        *out = (f32::from(value) * alpha).round() as u8;
    }
    if let Some(out) = pixel.get_mut(3) {
        *out = (alpha * 255.0).round() as u8;
    }
}

/// Buffers of [`stamp`].
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    /// Which of the grid's columns lies before each pixel, and how far the pixel is to the next.
    columns: Vec<u32>,
    fractions: Vec<f32>,
    /// Two rows of the grid as one: the value at this height, and how much it rises from one row to the other. The last
    /// column is there twice.
    line: Vec<[f32; 2]>,
    /// For each pixel, `line` before and after it.
    near: Vec<[f32; 4]>,
    /// For each pixel, how much of the mask covers it, of [`ONE`]; once for each of its channels.
    alphas: Vec<[i16; 4]>,
}

/// A mask that covers a pixel wholly: products with it are rounded in 15 bits.
const ONE: f32 = 32_767.0;
/// 2²³: from here on floats are whole numbers, and their low bits count them.
const MANTISSA: f32 = 8_388_608.0;

/// Where a mask lies, and how it is coloured.
#[derive(Clone, Copy)]
struct Place {
    /// Width and height of the layer.
    layer: (usize, usize),
    /// In the layer's pixels.
    region: Rect,
    rgb: [u8; 3],
    opacity: f32,
}

/// Blends one mask into the layer.
fn stamp(rgba: &mut [u8], mask: &Mask, place: Place, buffers: &mut Buffers) {
    let region = place.region;
    let cells = mask.width.checked_mul(mask.height).filter(|&n| n > 0);
    let whole = cells.is_some_and(|n| mask.data.len() >= n);
    let lies = region[2] > region[0] && region[3] > region[1] && region.iter().all(|v| v.is_finite());
    if !(whole && lies) {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "0.82 of the time of the baseline's SSE2; see ARCHITECTURE.md")]
        // SAFETY: this processor has AVX2; the function asks for nothing else.
        unsafe {
            stamp_with_avx2(rgba, mask, place, buffers);
        }
        return;
    }
    stamp_rows(rgba, mask, place, buffers);
}

/// As [`stamp_rows`], compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn stamp_with_avx2(rgba: &mut [u8], mask: &Mask, place: Place, buffers: &mut Buffers) {
    stamp_rows(rgba, mask, place, buffers);
}

/// Blends a whole mask that lies somewhere. A row goes through three loops: what lies around each pixel is fetched, alphas
/// are worked out in vectors, pixels are blended.
#[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
#[inline(always)]
fn stamp_rows(rgba: &mut [u8], mask: &Mask, place: Place, buffers: &mut Buffers) {
    let Place { layer: (width, height), region, rgb, opacity } = place;
    let (w, h) = (mask.width, mask.height);
    let (across, down) = (centres(region[0], region[2], width), centres(region[1], region[3], height));
    let per = [w as f32 / (region[2] - region[0]), h as f32 / (region[3] - region[1])];
    let Buffers { columns, fractions, line, near, alphas } = buffers;
    columns.clear();
    fractions.clear();
    for x in across.clone() {
        let (column, _, fraction) = neighbours((x as f32 + 0.5 - region[0]) * per[0], w);
        columns.push(column as u32);
        fractions.push(fraction);
    }
    near.resize(columns.len(), [0.0; 4]);
    alphas.resize(columns.len(), [0; 4]);
    for y in down {
        let (y0, y1, fy) = neighbours((y as f32 + 0.5 - region[1]) * per[1], h);
        let (above, below) = (&mask.data[y0 * w..][..w], &mask.data[y1 * w..][..w]);
        // Pixels whose cells are all 0 stay as they are: most boxes have empty corners.
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
            [above + rise * fy, rise]
        }));
        line.extend_from_within(w - 1..);
        let (near, alphas) = (&mut near[begin..end], &mut alphas[begin..end]);
        for (near, column) in near.iter_mut().zip(&columns[begin..end]) {
            let column = (*column as usize).min(w - 1);
            let ([a, rise_a], [b, rise_b]) = (line[column], line[column + 1]);
            *near = [a, rise_a, b, rise_b];
        }
        edge(near, &fractions[begin..end], per, opacity, alphas);
        let pixels =
            rgba.as_chunks_mut::<4>().0.get_mut(y * width + across.start + begin..).unwrap_or_default();
        blend(pixels, alphas, rgb);
    }
}

/// How much of a mask covers each pixel of a row: all of it inside, with a firmer contour, and nothing outside.
#[expect(clippy::inline_always, reason = "it takes the vector width of the function that it ends in")]
#[inline(always)]
fn edge(near: &[[f32; 4]], fractions: &[f32], per: [f32; 2], opacity: f32, alphas: &mut [[i16; 4]]) {
    let firm = ((opacity * 2.0).min(0.95) - opacity).max(0.0);
    // Comparisons instead of `f32::clamp`, which minds NaN.
    let share = |v: f32| if v > 0.0 { if v < 1.0 { v } else { 1.0 } } else { 0.0 };
    for ((alpha, [a, rise_a, b, rise_b]), fx) in alphas.iter_mut().zip(near).zip(fractions) {
        let inside = a + (b - a) * fx;
        // The slope tells how many pixels of the layer it is to the edge (where the value is 127.5).
        let slope_x = (b - a) * per[0];
        let slope_y = (rise_a + (rise_b - rise_a) * fx) * per[1];
        let slope = (slope_x * slope_x + slope_y * slope_y).sqrt();
        let depth = (inside - 127.5) / if slope > 1e-3 { slope } else { 1e-3 };
        let covered = share(depth + 0.5) * (opacity + firm * share(CONTOUR + 0.5 - depth));
        // Beside so large a number a fraction is rounded away, and the whole part lies in the low bits. A cast would look at
        // each value for NaN and overflow.
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

/// The pixels whose centres lie from `from` to before `to`, of `most`.
fn centres(from: f32, to: f32, most: usize) -> std::ops::Range<usize> {
    let first = |edge: f32| ((edge - 0.5).ceil().max(0.0) as usize).min(most);
    first(from)..first(to).max(first(from))
}

/// The 2nd and 98th percentile of the finite values (from at most some 4,000 of them), so that a few stray
/// ones don't flatten the image.
fn spread(values: &[f32], scratch: &mut Vec<f32>) -> (f32, f32) {
    let step = (values.len() / 4096).max(1);
    scratch.clear();
    scratch.extend(values.iter().step_by(step).copied().filter(|v| v.is_finite()));
    scratch.sort_unstable_by(f32::total_cmp);
    let at = |share: f32| {
        let last = scratch.len().saturating_sub(1);
        scratch.get((last as f32 * share).round() as usize).copied().unwrap_or(0.0)
    };
    (at(0.02), at(0.98))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layer pixel by pixel: bilinear between the grid's four cells, the distance to the edge from the slope.
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
        let ((x0, x1, fx), (y0, y1, fy)) = (neighbours(u * w as f32, w), neighbours(v * h as f32, h));
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
    fn a_mask_is_laid_over_as_it_is_defined() {
        let size = (40, 30);
        let data: Vec<u8> = (0..35).map(|i| [0, 0, 40, 255, 255, 200, 130][i * 5 % 7]).collect();
        let mask = Mask { region: [0.0; 4], width: 7, height: 5, data };
        // Inside, over every edge, and smaller than a pixel.
        for region in [[3.2, 4.7, 36.0, 25.1], [-8.0, -5.0, 50.0, 44.0], [10.1, 10.1, 10.9, 10.9]] {
            let mut rgba = vec![0; size.0 * size.1 * 4];
            let place = Place { layer: size, region, rgb: [255, 100, 0], opacity: 0.45 };
            stamp(&mut rgba, &mask, place, &mut Buffers::default());
            for (at, pixel) in rgba.as_chunks::<4>().0.iter().enumerate() {
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
