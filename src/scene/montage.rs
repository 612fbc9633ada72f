//! Several models' results of one frame in one image, each under a header: comparisons that are saved.

use super::{Colour, Scene, Shape, fonts, image_painter, palette};
use crate::frame::Frame;

/// The colours of the compared models (after Okabe and Ito's set, which colour-blind people can tell apart).
pub const MODEL_COLOURS: [[u8; 3]; 4] =
    [[0x56, 0xb4, 0xe9], [0xe6, 0x9f, 0x00], [0x2f, 0xb8, 0x8a], [0xcc, 0x79, 0xa7]];
/// The letters of the compared models.
pub const MODEL_LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// How the models' results are arranged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrangement {
    /// The frame once: the first model's results left of this share of its width, the second's right of it.
    Split(f32),
    /// The frame once for each model, in this many columns.
    Tiles(usize),
}

/// The results of one model.
#[derive(Clone, Copy, Debug)]
pub struct Pane<'a> {
    /// What to draw over the frame; the frame is mirrored if this is.
    pub scene: &'a Scene,
    /// The model's name.
    pub title: &'a str,
    /// Its speed and number of detections.
    pub note: &'a str,
}

const GROUND: Colour = [20, 22, 27, 255];
const INK: Colour = [243, 245, 249, 255];
const WEAK: Colour = [160, 167, 181, 255];

/// Returns columns and rows for this many models, if there is no window whose shape matters.
#[must_use]
pub fn grid(count: usize) -> (usize, usize) {
    match count {
        0 | 1 => (1, 1),
        2 => (2, 1),
        _ => (2, 2),
    }
}

/// Paints the panes and, below them, lines of text that compare them, into `out`, which also takes over the frame's sequence
/// number and times.
///
/// `out` stays as it is if the frame is not complete RGBA, or if there are no panes.
pub fn paint(frame: &Frame, panes: &[Pane<'_>], how: Arrangement, lines: &[String], out: &mut Frame) {
    let panes = &panes[..panes.len().min(MODEL_LETTERS.len())];
    if !frame.is_whole() || frame.format != crate::frame::PixelFormat::Rgba8 || panes.is_empty() {
        return;
    }
    let (width, height) = (frame.width as usize, frame.height as usize);
    let text = (height as f32 / 30.0).clamp(15.0, 40.0);
    let (header, line) = ((text * 3.2) as usize, (text * 1.9) as usize);
    let (columns, rows) = match how {
        Arrangement::Tiles(columns) => {
            let columns = columns.clamp(1, panes.len());
            (columns, panes.len().div_ceil(columns))
        }
        Arrangement::Split(_) => (1, 1),
    };
    let gap = if columns > 1 { (text * 0.3) as usize } else { 0 };
    let (full_width, pane_height) = (columns * width + (columns - 1) * gap, header + height);
    let full_height = rows * pane_height + lines.len() * line;
    out.copy_stamp_from(frame);
    out.reset(full_width as u32, full_height as u32, crate::frame::PixelFormat::Rgba8);
    for pixel in out.data.chunks_exact_mut(4) {
        pixel.copy_from_slice(&GROUND);
    }
    let mut pixels = Vec::new();
    match how {
        Arrangement::Split(share) => {
            let cut = (share.clamp(0.0, 1.0) * width as f32) as usize;
            for (index, pane) in panes.iter().take(2).enumerate() {
                image_painter::render(frame, pane.scene, &mut pixels);
                let columns = if index == 0 { 0..cut } else { cut..width };
                copy(&pixels, width, columns.clone(), &mut out.data, full_width, (columns.start, header));
            }
            let edge = ((text * 0.12) as usize).max(1);
            let from = cut.saturating_sub(edge).min(width.saturating_sub(2 * edge));
            for row in out.data.chunks_exact_mut(full_width * 4).skip(header).take(height) {
                for pixel in row.chunks_exact_mut(4).skip(from).take(2 * edge) {
                    pixel.copy_from_slice(&[255; 4]);
                }
            }
        }
        Arrangement::Tiles(_) => {
            for (index, pane) in panes.iter().enumerate() {
                image_painter::render(frame, pane.scene, &mut pixels);
                let place = (index % columns * (width + gap), index / columns * pane_height + header);
                copy(&pixels, width, 0..width, &mut out.data, full_width, place);
            }
        }
    }
    let mut texts = Scene::new();
    texts.clear((out.width, out.height), false);
    let half = if matches!(how, Arrangement::Split(_)) && panes.len() > 1 { width / 2 } else { width };
    for (index, pane) in panes.iter().enumerate() {
        let (left, top) = match how {
            Arrangement::Split(_) => (index * half, 0),
            Arrangement::Tiles(_) => (index % columns * (width + gap), index / columns * pane_height),
        };
        let room = Room { left: left as f32, top: top as f32, width: half as f32, height: header as f32 };
        texts.add_header(room, index, pane, text);
    }
    for (n, text_line) in lines.iter().enumerate() {
        let top = (rows * pane_height + n * line) as f32;
        let baseline = top + f32::midpoint(line as f32, text * fonts::CAP_HEIGHT);
        texts.add_line(text_line, [text * 0.6, baseline], text, out.width as f32 - text * 1.2, INK);
    }
    let (w, h) = (out.width, out.height);
    image_painter::paint(&texts, &mut out.data, w, h);
}

/// Where a header lies, in pixels.
#[derive(Clone, Copy)]
struct Room {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Scene {
    /// Adds a model's letter in its colour, its name and its figures.
    fn add_header(&mut self, room: Room, index: usize, pane: &Pane<'_>, text: f32) {
        let colour = MODEL_COLOURS[index % MODEL_COLOURS.len()];
        let Room { left, top, width, height } = room;
        let side = height * 0.62;
        let (x, y) = (left + text * 0.6, top + (height - side) / 2.0);
        self.shapes.push(Shape::Fill {
            rect: [x, y, x + side, y + side],
            radius: side * 0.22,
            colour: palette::with_alpha(colour, 1.0),
        });
        let letter = MODEL_LETTERS[index % MODEL_LETTERS.len()];
        let big = text * 1.15;
        let place = x + (side - fonts::text_width(letter, big)) / 2.0;
        let ink = palette::with_alpha(palette::ink_on(colour), 1.0);
        self.add_line(letter, [place, y + f32::midpoint(side, big * fonts::CAP_HEIGHT)], big, side, ink);
        let x = x + side + text * 0.6;
        let room = left + width - x - text * 0.6;
        self.add_line(pane.title, [x, top + height * 0.5 - text * 0.18], text, room, INK);
        self.add_line(pane.note, [x, top + height * 0.5 + text * 1.02], text * 0.86, room, WEAK);
    }

    /// Adds a line of text, cut to `width`.
    fn add_line(&mut self, text: &str, [left, baseline]: [f32; 2], size: f32, width: f32, colour: Colour) {
        let text = self.write_text(size, width, |out| fonts::push_shown(text, out));
        self.shapes.push(Shape::Text { text, left, baseline, size, colour });
    }
}

/// Copies columns of an image to a place in a larger one.
fn copy(
    from: &[u8],
    width: usize,
    columns: std::ops::Range<usize>,
    to: &mut [u8],
    to_width: usize,
    (left, top): (usize, usize),
) {
    for (y, row) in from.chunks_exact(width * 4).enumerate() {
        let at = ((top + y) * to_width + left) * 4;
        let row = &row[columns.start * 4..columns.end * 4];
        if let Some(place) = to.get_mut(at..at + row.len()) {
            place.copy_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels::Labels;
    use crate::model::{Detection, Results, Task};
    use crate::scene::Style;

    fn scene(frame: &Frame, bbox: [f32; 4]) -> Scene {
        let mut results = Results::default();
        results.clear(Task::Detect, (frame.width, frame.height));
        results.detections.push(Detection::new(0, 0.9, bbox));
        let mut scene = Scene::new();
        scene.compose(&results, &Labels::coco80(), &Style { labels: false, ..Style::default() });
        scene
    }

    fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 4] {
        let at = ((y * frame.width + x) * 4) as usize;
        [frame.data[at], frame.data[at + 1], frame.data[at + 2], frame.data[at + 3]]
    }

    #[test]
    fn every_model_has_its_tile_with_its_own_results() {
        let frame = Frame::filled(320, 240, [100, 100, 100, 255]);
        let scenes = [scene(&frame, [40.0, 40.0, 120.0, 120.0]), scene(&frame, [200.0, 40.0, 280.0, 120.0])];
        let panes: Vec<Pane<'_>> =
            scenes.iter().map(|scene| Pane { scene, title: "model", note: "1 ms" }).collect();
        let mut out = Frame::default();
        paint(&frame, &panes, Arrangement::Tiles(2), &["B is faster".into()], &mut out);
        assert!(out.is_whole());
        assert!(out.width > 640 && out.height > 240 + 15);
        let top = out.height - 240 - (15.0_f32 * 1.9) as u32;
        let gap = out.width - 640;
        let grey = [100, 100, 100, 255];
        assert_ne!(pixel(&out, 40, top + 80), grey, "A's box in A's tile");
        assert_eq!(pixel(&out, 320 + gap + 40, top + 80), grey, "and not in B's");
        assert_ne!(pixel(&out, 320 + gap + 200, top + 80), grey, "B's box in B's tile");
        assert_ne!(pixel(&out, 14, top / 2), GROUND, "a letter in the header");
    }

    #[test]
    fn a_split_image_shows_each_side_by_its_own_model() {
        let frame = Frame::filled(320, 240, [100, 100, 100, 255]);
        let scenes = [scene(&frame, [40.0, 40.0, 280.0, 120.0]), scene(&frame, [20.0, 160.0, 300.0, 220.0])];
        let panes: Vec<Pane<'_>> =
            scenes.iter().map(|scene| Pane { scene, title: "model", note: "1 ms" }).collect();
        let mut out = Frame::default();
        paint(&frame, &panes, Arrangement::Split(0.5), &[], &mut out);
        let top = out.height - 240;
        let grey = [100, 100, 100, 255];
        assert_eq!(out.width, 320);
        assert_ne!(pixel(&out, 40, top + 80), grey, "A's left edge");
        assert_eq!(pixel(&out, 280, top + 80), grey, "A's right edge is on B's side");
        assert_eq!(pixel(&out, 20, top + 190), grey, "B's left edge is on A's side");
        assert_ne!(pixel(&out, 300, top + 190), grey, "B's right edge");
    }

    #[test]
    fn nothing_to_paint_leaves_the_frame_unchanged() {
        let mut out = Frame::filled(2, 2, [1, 2, 3, 255]);
        paint(&Frame::default(), &[], Arrangement::Tiles(2), &[], &mut out);
        assert_eq!((out.width, out.height), (2, 2));
    }
}
