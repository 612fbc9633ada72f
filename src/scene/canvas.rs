//! Antialiased shapes on RGBA pixels. Colours are blended as they are stored (sRGB), as the screen does it.
//!
//! `imageproc::drawing` does not replace this: its lines and rectangles have whole-pixel coordinates, its antialiased lines are
//! one pixel wide, and it has no rounded corners and no translucent halos. The saved image would differ from the screen.

use super::{Colour, Rect};

/// RGBA pixels to paint on; shapes are cut at the edges.
pub(super) struct Canvas<'a> {
    rgba: &'a mut [u8],
    width: usize,
    height: usize,
}

impl<'a> Canvas<'a> {
    /// Returns `None` if the buffer is shorter than its size says, or empty.
    pub(super) fn new(rgba: &'a mut [u8], width: u32, height: u32) -> Option<Self> {
        let (width, height) = (width as usize, height as usize);
        let len = width.checked_mul(height)?.checked_mul(4)?;
        (len > 0 && rgba.len() >= len).then_some(Self { rgba, width, height })
    }

    /// Blends a colour over one pixel that it covers by `coverage`, 0..=1.
    pub(super) fn blend(&mut self, x: usize, y: usize, colour: Colour, coverage: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let alpha = coverage.clamp(0.0, 1.0) * f32::from(colour[3]) / 255.0;
        if alpha <= 0.0 {
            return;
        }
        let at = (y * self.width + x) * 4;
        if let Some(pixel) = self.rgba.get_mut(at..at + 3) {
            for (below, above) in pixel.iter_mut().zip(colour) {
                let mixed = f32::from(*below) + (f32::from(above) - f32::from(*below)) * alpha;
                *below = mixed.round() as u8;
            }
        }
    }

    /// Blends a premultiplied pixel over one pixel.
    pub(super) fn blend_premultiplied(&mut self, x: usize, y: usize, premultiplied: [f32; 4]) {
        let keep = 1.0 - premultiplied[3] / 255.0;
        let at = (y * self.width + x) * 4;
        if let Some(pixel) = self.rgba.get_mut(at..at + 3) {
            for (below, above) in pixel.iter_mut().zip(premultiplied) {
                *below = (f32::from(*below) * keep + above).round().clamp(0.0, 255.0) as u8;
            }
        }
    }

    /// Returns the pixels that lie between two coordinates at least in part, cut to the canvas.
    pub(super) fn columns(&self, from: f32, to: f32) -> std::ops::Range<usize> {
        span(from, to, self.width)
    }

    /// As [`Self::columns`], for rows.
    pub(super) fn rows(&self, from: f32, to: f32) -> std::ops::Range<usize> {
        span(from, to, self.height)
    }

    /// Fills `outer` without `inner`: the outline of a box.
    pub(super) fn ring(&mut self, outer: Rect, inner: Rect, colour: Colour) {
        for y in self.rows(outer[1], outer[3]) {
            let outer_y = overlap(y, outer[1], outer[3]);
            let inner_y = overlap(y, inner[1], inner[3]);
            let paint = |canvas: &mut Self, columns: std::ops::Range<usize>| {
                for x in columns {
                    let covered = outer_y * overlap(x, outer[0], outer[2])
                        - inner_y.min(outer_y) * overlap(x, inner[0], inner[2]);
                    canvas.blend(x, y, colour, covered);
                }
            };
            let all = self.columns(outer[0], outer[2]);
            if inner_y >= 1.0 && inner[2] > inner[0] {
                // Only the two sides: the pixels between them lie completely inside.
                let left = all.start..((inner[0].ceil().max(0.0)) as usize).clamp(all.start, all.end);
                let right = ((inner[2].floor().max(0.0)) as usize).clamp(left.end, all.end)..all.end;
                paint(self, left);
                paint(self, right);
            } else {
                paint(self, all);
            }
        }
    }

    /// Fills a rectangle with rounded corners.
    pub(super) fn fill(&mut self, rect: Rect, radius: f32, colour: Colour) {
        let radius = radius.min((rect[2] - rect[0]) / 2.0).min((rect[3] - rect[1]) / 2.0);
        for y in self.rows(rect[1], rect[3]) {
            let cover_y = overlap(y, rect[1], rect[3]);
            for x in self.columns(rect[0], rect[2]) {
                let mut cover = cover_y * overlap(x, rect[0], rect[2]);
                if radius > 0.5 {
                    let (cx, cy) = (x as f32 + 0.5, y as f32 + 0.5);
                    let dx = (rect[0] + radius - cx).max(cx - rect[2] + radius);
                    let dy = (rect[1] + radius - cy).max(cy - rect[3] + radius);
                    if dx > 0.0 && dy > 0.0 {
                        cover = cover.min(radius + 0.5 - dx.hypot(dy));
                    }
                }
                self.blend(x, y, colour, cover);
            }
        }
    }

    /// Draws a stroke with round ends; a disc if both ends are the same point.
    pub(super) fn stroke(&mut self, from: [f32; 2], to: [f32; 2], width: f32, colour: Colour) {
        let radius = width / 2.0;
        let reach = radius + 1.0;
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length2 = dx * dx + dy * dy;
        for y in self.rows(from[1].min(to[1]) - reach, from[1].max(to[1]) + reach) {
            let cy = y as f32 + 0.5;
            // The part of the stroke that can touch this row: 0 = `from`, 1 = `to`.
            let (first, last) = if dy.abs() > 1e-3 {
                let (a, b) = ((cy - reach - from[1]) / dy, (cy + reach - from[1]) / dy);
                (a.min(b).clamp(0.0, 1.0), a.max(b).clamp(0.0, 1.0))
            } else {
                (0.0, 1.0)
            };
            let (a, b) = (from[0] + dx * first, from[0] + dx * last);
            for x in self.columns(a.min(b) - reach, a.max(b) + reach) {
                let (px, py) = (x as f32 + 0.5 - from[0], cy - from[1]);
                let along = if length2 > 0.0 { ((px * dx + py * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
                let distance = (px - dx * along).hypot(py - dy * along);
                self.blend(x, y, colour, radius + 0.5 - distance);
            }
        }
    }
}

/// Returns how much of pixel `at` lies between two coordinates, 0..=1.
fn overlap(at: usize, from: f32, to: f32) -> f32 {
    let at = at as f32;
    (to.min(at + 1.0) - from.max(at)).clamp(0.0, 1.0)
}

fn span(from: f32, to: f32, len: usize) -> std::ops::Range<usize> {
    // A cast of NaN gives 0: an empty range.
    let start = (from.floor().max(0.0) as usize).min(len);
    let end = (to.ceil().max(0.0) as usize).min(len);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Colour = [255, 0, 0, 255];

    fn painted(width: u32, height: u32, paint: impl FnOnce(&mut Canvas<'_>)) -> Vec<u8> {
        let mut rgba = vec![0; (width * height * 4) as usize];
        paint(&mut Canvas::new(&mut rgba, width, height).expect("the buffer fits"));
        rgba.chunks_exact(4).map(|p| p[0]).collect()
    }

    #[test]
    fn a_half_covered_pixel_is_half_coloured() {
        let row = painted(4, 1, |c| c.fill([0.5, 0.0, 3.0, 1.0], 0.0, RED));
        assert_eq!(row, [128, 255, 255, 0]);
    }

    #[test]
    fn a_ring_leaves_its_inside_unchanged() {
        let grid = painted(5, 5, |c| c.ring([0.0, 0.0, 5.0, 5.0], [1.0, 1.0, 4.0, 4.0], RED));
        for (i, &value) in grid.iter().enumerate() {
            let edge = !(5..20).contains(&i) || i % 5 == 0 || i % 5 == 4;
            assert_eq!(value, if edge { 255 } else { 0 }, "pixel {i}");
        }
    }

    #[test]
    fn strokes_follow_their_line_in_every_direction() {
        for (from, to) in [([1.5, 1.5], [7.5, 7.5]), ([7.5, 1.5], [1.5, 7.5]), ([1.5, 4.5], [7.5, 4.5])] {
            let grid = painted(9, 9, |c| c.stroke(from, to, 2.0, RED));
            for step in 0..=6_u8 {
                let t = f32::from(step) / 6.0;
                let (x, y) = (from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t);
                assert_eq!(grid[y as usize * 9 + x as usize], 255, "{x},{y}");
            }
            assert_eq!(grid[4], 0, "next to the line");
        }
    }

    #[test]
    fn a_short_buffer_is_refused() {
        assert!(Canvas::new(&mut [0; 7], 2, 1).is_none());
        assert!(Canvas::new(&mut [], 0, 0).is_none());
    }
}
