//! Results that cover the whole frame (style images, class maps, mattes, depth maps) as rasters over it.

use super::{Scene, Shape, Style, opacity, palette};
use crate::model::labels::{Labels, Language};
use crate::model::results::{Plane, PlaneValues};

/// Planes with a longer side are thinned out: any graphics card takes a texture of this size.
const PLANE_SIDE: usize = 2048;

/// A range of depths, in the plane's own values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DepthRange {
    pub near: f32,
    pub far: f32,
}

impl Scene {
    /// Adds the plane. Returns the depths at the ends of the colour map, for a depth map.
    pub(super) fn add_plane(&mut self, plane: &Plane, labels: &Labels, style: &Style) -> Option<DepthRange> {
        let (w, h) = (plane.width, plane.height);
        let cells = w.checked_mul(h).filter(|&n| n > 0)?;
        let region = plane.region;
        if !region.iter().all(|v| v.is_finite()) || region[0] >= region[2] || region[1] >= region[3] {
            return None;
        }
        let len = match &plane.values {
            PlaneValues::Image(v) => v.len() / 4,
            PlaneValues::Classes(v) => v.len(),
            PlaneValues::Matte(v) | PlaneValues::Depth { values: v, .. } => v.len(),
        };
        if len < cells {
            return None;
        }
        let mirrored = self.mirrored;
        let width = self.size.0 as f32;
        let mut scratch = std::mem::take(&mut self.scratch);
        let step = w.max(h).div_ceil(PLANE_SIDE);
        let index = self.next_raster(w.div_ceil(step), h.div_ceil(step));
        // The cell of the plane that each pixel of the raster shows.
        let cells = (0..h).step_by(step).flat_map(|y| (0..w).step_by(step).map(move |x| y * w + x));
        let raster = &mut self.rasters[index];
        raster.region =
            if mirrored { [width - region[2], region[1], width - region[0], region[3]] } else { region };
        raster.mirrored = mirrored;
        raster.smooth = !matches!(plane.values, PlaneValues::Classes(_));
        let pixels = raster.pixels_mut().iter_mut().zip(cells);
        let blend = opacity(style.plane_blend);
        let mut range = None;
        match &plane.values {
            PlaneValues::Image(values) => {
                for (pixel, cell) in pixels {
                    if let Some(&[r, g, b, a]) = values.as_chunks::<4>().0.get(cell) {
                        *pixel = premultiplied([r, g, b], blend * f32::from(a) / 255.0);
                    }
                }
            }
            PlaneValues::Classes(values) => {
                let background = background(labels);
                let alpha = opacity(style.mask_opacity);
                for (pixel, cell) in pixels {
                    let class = u32::from(values[cell]);
                    if Some(class) != background && !style.hidden.contains(&class) {
                        *pixel = premultiplied(palette::class(class), alpha);
                    }
                }
            }
            PlaneValues::Matte(values) => {
                // The background is darkened, the foreground stays as it is.
                for (pixel, cell) in pixels {
                    let value = values[cell];
                    let foreground = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
                    *pixel = premultiplied(palette::GROUND, (1.0 - foreground) * 0.85 * blend);
                }
            }
            PlaneValues::Depth { values, larger_is_nearer, .. } => {
                let (least, most) = robust_range(values, &mut scratch);
                let (near, far) = if *larger_is_nearer { (most, least) } else { (least, most) };
                let span = near - far;
                for (pixel, cell) in pixels {
                    let value = values[cell];
                    if value.is_finite() {
                        let t = if span == 0.0 { 0.5 } else { (value - far) / span };
                        *pixel = premultiplied(palette::viridis(t), blend);
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

/// Returns the class that stands for "nothing", if there is one; it is not coloured.
pub(super) fn background(labels: &Labels) -> Option<u32> {
    let first = labels.get(0, Language::English)?;
    ["background", "_background_", "__background__"].contains(&first).then_some(0)
}

/// Returns a premultiplied pixel.
fn premultiplied(rgb: [u8; 3], alpha: f32) -> [u8; 4] {
    let [r, g, b] = rgb.map(|value| (f32::from(value) * alpha).round() as u8);
    [r, g, b, (alpha * 255.0).round() as u8]
}

/// Returns the 2nd and 98th percentile of the finite values (from a sample of about 4,000), so that a few outliers do not
/// take the contrast from the rest.
fn robust_range(values: &[f32], scratch: &mut Vec<f32>) -> (f32, f32) {
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
