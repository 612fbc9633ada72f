//! Paints a scene into RGBA pixels, for snapshots and `predict --save`.

use ab_glyph::{Font as _, ScaleFont as _, point};

use super::canvas::Canvas;
use super::{Colour, Raster, Rect, Scene, Shape, fonts};
use crate::frame::{Frame, PixelFormat};
use crate::model::sampling::{between, mix};

/// Paints the scene into `rgba` (`width`×`height`, four bytes a pixel, rows from the top). The scene is scaled if its size
/// is another one. A buffer that is too short is left unchanged.
///
/// If [`Scene::is_mirrored`], the pixels must already be reversed; [`render`] does both.
pub fn paint(scene: &Scene, rgba: &mut [u8], width: u32, height: u32) {
    let (w, h) = scene.size();
    if w == 0 || h == 0 {
        return;
    }
    let Some(mut canvas) = Canvas::new(rgba, width, height) else { return };
    let to = Scale { x: width as f32 / w as f32, y: height as f32 / h as f32 };
    for shape in scene.shapes() {
        match *shape {
            Shape::Raster { index } => {
                if let Some(raster) = scene.rasters().get(index) {
                    paint_raster(&mut canvas, raster, to.rect(raster.region));
                }
            }
            Shape::Frame { rect, width, halo, colour, halo_colour } => {
                let ring = |canvas: &mut Canvas<'_>, width: f32, colour: Colour| {
                    let half = width / 2.0;
                    let grown = |by: f32| to.rect([rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by]);
                    canvas.ring(grown(half), grown(-half), colour);
                };
                ring(&mut canvas, width + 2.0 * halo, halo_colour);
                ring(&mut canvas, width, colour);
            }
            Shape::Line { from, to: end, width, halo, colour, halo_colour } => {
                let (from, end) = (to.point(from), to.point(end));
                canvas.stroke(from, end, to.length(width + 2.0 * halo), halo_colour);
                canvas.stroke(from, end, to.length(width), colour);
            }
            Shape::Dot { centre, radius, halo, colour, halo_colour } => {
                let centre = to.point(centre);
                canvas.stroke(centre, centre, to.length(2.0 * (radius + halo)), halo_colour);
                canvas.stroke(centre, centre, to.length(2.0 * radius), colour);
            }
            Shape::Fill { rect, radius, colour } => {
                canvas.fill(to.rect(rect), to.length(radius), colour);
            }
            Shape::Text { text, left, baseline, size, colour } => {
                let at = to.point([left, baseline]);
                paint_text(&mut canvas, scene.text(text), at, to.length(size), colour);
            }
        }
    }
}

/// Paints the annotated image: the frame, reversed if the scene is mirrored, with the scene on it. `into` becomes its RGBA
/// pixels; its buffer is used again. It is empty for a frame that is not complete RGBA.
pub fn render(frame: &Frame, scene: &Scene, into: &mut Vec<u8>) {
    into.clear();
    if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
        return;
    }
    into.extend_from_slice(&frame.data);
    if scene.is_mirrored() {
        mirror(into, frame.width);
    }
    paint(scene, into, frame.width, frame.height);
}

/// Reverses every row of RGBA pixels.
pub fn mirror(rgba: &mut [u8], width: u32) {
    let pixels: &mut [[u8; 4]] = bytemuck::cast_slice_mut(match rgba.len() % 4 {
        0 => rgba,
        rest => {
            let whole = rgba.len() - rest;
            &mut rgba[..whole]
        }
    });
    for row in pixels.chunks_exact_mut((width as usize).max(1)) {
        row.reverse();
    }
}

/// From frame pixels to pixels of the buffer.
#[derive(Clone, Copy)]
struct Scale {
    x: f32,
    y: f32,
}

impl Scale {
    fn point(self, p: [f32; 2]) -> [f32; 2] {
        [p[0] * self.x, p[1] * self.y]
    }

    fn rect(self, r: Rect) -> Rect {
        [r[0] * self.x, r[1] * self.y, r[2] * self.x, r[3] * self.y]
    }

    fn length(self, length: f32) -> f32 {
        length * self.x.min(self.y)
    }
}

fn paint_text(canvas: &mut Canvas<'_>, text: &str, at: [f32; 2], size: f32, colour: Colour) {
    if !(size.is_finite() && size > 0.0) {
        return;
    }
    let font = fonts::font();
    let scaled = font.as_scaled(fonts::px_scale(size));
    let mut x = at[0];
    for c in text.chars() {
        let glyph = scaled.scaled_glyph(c);
        let advance = scaled.h_advance(glyph.id);
        let glyph = ab_glyph::Glyph { position: point(x, at[1]), ..glyph };
        x += advance;
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
        outline.draw(|dx, dy, coverage| {
            let (x, y) = (left + i64::from(dx), top + i64::from(dy));
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                // A little stronger, as in egui, so that thin strokes do not fade.
                let coverage = coverage.clamp(0.0, 1.0);
                canvas.blend(x, y, colour, coverage * (2.0 - coverage));
            }
        });
    }
}

fn paint_raster(canvas: &mut Canvas<'_>, raster: &Raster, region: Rect) {
    let ([w, h], pixels) = (raster.size(), raster.pixels());
    let (region_w, region_h) = (region[2] - region[0], region[3] - region[1]);
    if w == 0 || h == 0 || pixels.len() < w * h || !(region_w > 0.0 && region_h > 0.0) {
        return;
    }
    let pixel = |x: usize, y: usize| pixels[y * w + if raster.mirrored { w - 1 - x } else { x }];
    // Only pixels whose centres lie within.
    let inside = |at: f32, cells: usize| (0.0..cells as f32).contains(&at);
    for y in canvas.rows(region[1] - 0.5, region[3] - 0.5) {
        let v = (y as f32 + 0.5 - region[1]) / region_h * h as f32;
        if !inside(v, h) {
            continue;
        }
        let row = between(v - 0.5, h);
        for x in canvas.columns(region[0] - 0.5, region[2] - 0.5) {
            let u = (x as f32 + 0.5 - region[0]) / region_w * w as f32;
            if !inside(u, w) {
                continue;
            }
            let value = if raster.smooth {
                let column = between(u - 0.5, w);
                let (left, right, above, below) = (column.first, column.second, row.first, row.second);
                let corners = [(left, above), (right, above), (left, below), (right, below)];
                let corners = corners.map(|(x, y)| pixel(x, y));
                if corners.iter().all(|pixel| pixel[3] == 0) {
                    continue;
                }
                let channel = |i: usize| corners.map(|pixel| f32::from(pixel[i]));
                [0, 1, 2, 3].map(|i| mix(channel(i), column.weight, row.weight))
            } else {
                pixel(u as usize, v as usize).map(f32::from)
            };
            if value[3] > 0.0 {
                canvas.blend_premultiplied(x, y, value);
            }
        }
    }
}
