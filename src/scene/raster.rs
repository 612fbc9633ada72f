//! Masks, class maps, mattes, depth maps and style pictures as small RGBA pictures to stretch over the frame.

use super::palette;
use super::picture::neighbours;
use super::{Mark, Rect, Scene, Style};
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
        let index = self.next_raster(width, height);
        let raster = &mut self.rasters[index];
        raster.region = [0.0, 0.0, w, h];
        raster.smooth = true;
        raster.mirrored = mirrored;
        let (sx, sy) = (width as f32 / w, height as f32 / h);
        for detection in results.detections.iter().rev().filter(|d| shown(&d.class_id)) {
            if let Some(mask) = results.mask_of(detection) {
                let region = mask.region;
                let region = [region[0] * sx, region[1] * sy, region[2] * sx, region[3] * sy];
                let rgb = palette::class(detection.class_id);
                stamp(&mut raster.rgba, (width, height), mask, region, rgb, opacity(style.mask_opacity));
            }
        }
        self.marks.push(Mark::Raster { index });
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
            PlaneValues::Picture(v) => v.len() / 4,
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
            PlaneValues::Picture(values) => {
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
        self.marks.push(Mark::Raster { index });
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

/// Blends one mask into the layer; `region` in the layer's pixels.
fn stamp(
    rgba: &mut [u8],
    (width, height): (usize, usize),
    mask: &Mask,
    region: Rect,
    rgb: [u8; 3],
    opacity: f32,
) {
    let (w, h) = (mask.width, mask.height);
    let (region_w, region_h) = (region[2] - region[0], region[3] - region[1]);
    let whole = w > 0 && h > 0 && w.checked_mul(h).is_some_and(|n| mask.data.len() >= n);
    let lies = region_w > 0.0 && region_h > 0.0 && region.iter().all(|v| v.is_finite());
    if !(whole && lies) {
        return;
    }
    let value = |x: usize, y: usize| f32::from(mask.data[y * w + x]);
    let first_row = region[1].max(0.0) as usize;
    let last_row = (region[3].ceil().max(0.0) as usize).min(height);
    let first = region[0].max(0.0) as usize;
    let last = (region[2].ceil().max(0.0) as usize).min(width);
    for y in first_row..last_row {
        let v = (y as f32 + 0.5 - region[1]) / region_h;
        if !(0.0..1.0).contains(&v) {
            continue;
        }
        let (y0, y1, fy) = neighbours(v * h as f32, h);
        for x in first..last {
            let u = (x as f32 + 0.5 - region[0]) / region_w;
            if !(0.0..1.0).contains(&u) {
                continue;
            }
            let (x0, x1, fx) = neighbours(u * w as f32, w);
            let [a, b, c, d] = [value(x0, y0), value(x1, y0), value(x0, y1), value(x1, y1)];
            if a + b + c + d == 0.0 {
                continue;
            }
            let (top, bottom) = (a + (b - a) * fx, c + (d - c) * fx);
            let inside = top + (bottom - top) * fy;
            // The slope tells how many pixels of the layer it is to the edge (where the value is 127.5).
            let slope_x = ((b - a) * (1.0 - fy) + (d - c) * fy) * w as f32 / region_w;
            let slope_y = (bottom - top) * h as f32 / region_h;
            let depth = (inside - 127.5) / slope_x.hypot(slope_y).max(1e-3);
            let covered = (depth + 0.5).clamp(0.0, 1.0);
            let contour = (CONTOUR + 0.5 - depth).clamp(0.0, 1.0);
            let alpha = covered * (opacity + ((opacity * 2.0).min(0.95) - opacity).max(0.0) * contour);
            if alpha <= 0.0 {
                continue;
            }
            let at = (y * width + x) * 4;
            if let Some(pixel) = rgba.get_mut(at..at + 4) {
                for (below, above) in pixel.iter_mut().zip([rgb[0], rgb[1], rgb[2], 255]) {
                    *below = (f32::from(*below) * (1.0 - alpha) + f32::from(above) * alpha).round() as u8;
                }
            }
        }
    }
}

/// The 2nd and 98th percentile of the finite values (from at most some 4,000 of them), so that a few stray
/// ones don't flatten the picture.
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
