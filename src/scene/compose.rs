//! Results → scene: which shapes, where, in which colours and sizes.

use std::fmt::Write as _;

use super::{Colour, Rect, Scene, Shape, Style, TextRange, fonts, pack, palette, raster};
use crate::model::labels::{Labels, Language};
use crate::model::results::{Detection, Keypoint, PlaneValues, Results};
use crate::model::spec::Task;

/// A placed label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LabelBox {
    pub rect: Rect,
    pub text: TextRange,
    pub class_id: u32,
}

/// Lines between the 17 points of a COCO skeleton (cocodataset.org, counted from 0), and the side of the body: 0
/// left, 1 right, 2 middle.
const COCO_LIMBS: [(usize, usize, usize); 19] = [
    (15, 13, 0),
    (13, 11, 0),
    (16, 14, 1),
    (14, 12, 1),
    (11, 12, 2),
    (5, 11, 0),
    (6, 12, 1),
    (5, 6, 2),
    (5, 7, 0),
    (6, 8, 1),
    (7, 9, 0),
    (8, 10, 1),
    (1, 2, 2),
    (0, 1, 0),
    (0, 2, 1),
    (1, 3, 0),
    (2, 4, 1),
    (3, 5, 0),
    (4, 6, 1),
];

/// Colours of the left side, the right side and the middle of a skeleton.
const SIDES: [[u8; 3]; 3] = [[0x56, 0xb4, 0xe9], [0xe6, 0x9f, 0x00], [0xf0, 0xe4, 0x42]];

/// Colours of the five points of a face: left eye, right eye, nose, mouth left, mouth right.
const FACE: [usize; 5] = [0, 1, 2, 0, 1];

/// Points that the model is less sure of aren't drawn.
const LEAST_POINT_SCORE: f32 = 0.5;

/// Sizes that fit the image, in frame pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Of strokes.
    pub line: f32,
    pub halo: f32,
    /// Of text: the em; 0 where no text would be readable.
    pub text: f32,
}

impl Sizes {
    pub fn new((width, height): (u32, u32), style: &Style) -> Self {
        let (w, h) = (width as f32, height as f32);
        let unit = f32::midpoint(w, h);
        let line = (unit * 0.003).max(1.25) * scale(style.line_scale);
        let text = ((unit * 0.019).max(11.0) * scale(style.label_scale)).min(h / 5.0);
        Self { line, halo: (line * 0.35).max(0.6), text: if text < 5.0 { 0.0 } else { text } }
    }
}

/// A scale from the settings, made safe.
fn scale(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.25, 4.0) } else { 1.0 }
}

impl Scene {
    /// Fills the scene with what a model said of a frame. Coordinates that aren't numbers or lie outside the frame
    /// are left out or cut.
    pub fn compose(&mut self, results: &Results, labels: &Labels, style: &Style) {
        self.clear(results.frame_size, style.mirror);
        if self.size.0 == 0 || self.size.1 == 0 {
            return;
        }
        let sizes = Sizes::new(self.size, style);
        let mut depths = None;
        if style.planes
            && let Some(plane) = &results.plane
        {
            depths = self.add_plane(plane, labels, style);
        }
        if style.masks {
            self.add_masks(results, style);
        }
        // The classes of a model of actions are actions; its boxes are people.
        let people = results.task == Task::Action;
        let shown = |d: &&Detection| people || !style.hidden.contains(&d.class_id);
        if style.boxes {
            // The best is painted last, on top.
            for detection in results.detections.iter().rev().filter(shown) {
                self.add_box(detection, sizes);
            }
        }
        if style.keypoints {
            for detection in results.detections.iter().rev().filter(shown) {
                self.add_keypoints(results.keypoints_of(detection), detection.class_id, sizes);
            }
        }
        if style.labels && sizes.text > 0.0 && !people {
            for detection in results.detections.iter().filter(shown) {
                self.place_label(detection, labels, style, sizes);
            }
            self.add_chips(sizes);
        }
        let room_for_legends = self.size.0 as f32 >= sizes.text * 8.0;
        if style.legends && sizes.text > 0.0 && room_for_legends {
            if !results.top.is_empty() {
                self.add_bars(results, labels, style, sizes);
            }
            match (results.plane.as_ref().map(|p| &p.values), depths) {
                (Some(PlaneValues::Classes(classes)), _) if style.planes => {
                    self.add_class_legend(classes, labels, style, sizes);
                }
                (Some(PlaneValues::Depth { metric, .. }), Some(range)) => {
                    self.add_depth_legend(range, *metric, style.language, sizes);
                }
                _ => {}
            }
        }
    }

    /// From a frame coordinate to where it is drawn.
    fn x(&self, x: f32) -> f32 {
        if self.mirrored { self.size.0 as f32 - x } else { x }
    }

    fn point(&self, p: [f32; 2]) -> [f32; 2] {
        [self.x(p[0]), p[1]]
    }

    /// The box as it is drawn: mirrored if need be, corners in order, cut to the frame. `None` where nothing of
    /// it is to be seen.
    fn visible(&self, bbox: Rect) -> Option<Rect> {
        if !bbox.iter().all(|v| v.is_finite()) {
            return None;
        }
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let (a, b) = (self.x(bbox[0]), self.x(bbox[2]));
        let outside =
            a.max(b) < 0.0 || a.min(b) > w || bbox[1].max(bbox[3]) < 0.0 || bbox[1].min(bbox[3]) > h;
        let x = |v: f32| v.clamp(0.0, w);
        let y = |v: f32| v.clamp(0.0, h);
        let rect = [x(a.min(b)), y(bbox[1].min(bbox[3])), x(a.max(b)), y(bbox[1].max(bbox[3]))];
        (!outside).then_some(rect)
    }

    fn add_box(&mut self, detection: &Detection, sizes: Sizes) {
        let rgb = palette::class(detection.class_id);
        let (colour, halo_colour) = inks(rgb);
        let Sizes { line: width, halo, .. } = sizes;
        if let Some(oriented) = detection.oriented {
            if !oriented.corners.as_flattened().iter().all(|v| v.is_finite()) {
                return;
            }
            let limit = (self.size.0.max(self.size.1) as f32) * 4.0;
            let corners = oriented.corners.map(|c| self.point(c).map(|v| v.clamp(-limit, limit)));
            for (halo, halo_colour, colour) in [(halo, halo_colour, halo_colour), (0.0, halo_colour, colour)]
            {
                for (i, &from) in corners.iter().enumerate() {
                    let to = corners[(i + 1) % 4];
                    self.shapes.push(Shape::Line { from, to, width, halo, colour, halo_colour });
                }
            }
        } else if let Some(rect) = self.visible(detection.bbox) {
            // A stroke on the image's edge is moved inside as a whole.
            let inset = width / 2.0 + halo;
            let (w, h) = (self.size.0 as f32, self.size.1 as f32);
            let x = |v: f32| v.max(inset).min((w - inset).max(inset));
            let y = |v: f32| v.max(inset).min((h - inset).max(inset));
            let rect = [x(rect[0]), y(rect[1]), x(rect[2]), y(rect[3])];
            self.shapes.push(Shape::Frame { rect, width, halo, colour, halo_colour });
        }
    }

    fn add_keypoints(&mut self, points: &[Keypoint], class_id: u32, sizes: Sizes) {
        let drawn = |p: &Keypoint| p.score >= LEAST_POINT_SCORE && p.x.is_finite() && p.y.is_finite();
        let limit = (self.size.0.max(self.size.1) as f32) * 4.0;
        let place = |scene: &Self, p: &Keypoint| scene.point([p.x, p.y]).map(|v| v.clamp(-limit, limit));
        if points.len() == 17 {
            for (a, b, side) in COCO_LIMBS {
                if let (Some(a), Some(b)) =
                    (points.get(a).filter(|p| drawn(p)), points.get(b).filter(|p| drawn(p)))
                {
                    let (colour, halo_colour) = inks(SIDES[side]);
                    let (from, to) = (place(self, a), place(self, b));
                    let Sizes { line: width, halo, .. } = sizes;
                    self.shapes.push(Shape::Line { from, to, width, halo, colour, halo_colour });
                }
            }
        }
        for (index, point) in points.iter().enumerate().filter(|(_, p)| drawn(p)) {
            let rgb = match points.len() {
                17 if index == 0 => SIDES[2],
                17 => SIDES[(index + 1) % 2],
                5 => SIDES[FACE[index]],
                _ => palette::class(class_id + 1 + index as u32),
            };
            let (colour, halo_colour) = inks(rgb);
            let (centre, radius) = (place(self, point), sizes.line * 1.4);
            self.shapes.push(Shape::Dot { centre, radius, halo: sizes.halo, colour, halo_colour });
        }
    }

    /// Writes a line of text into the store, no wider than `width`.
    fn write(&mut self, size: f32, width: f32, words: impl FnOnce(&mut String)) -> TextRange {
        let start = self.text.len();
        words(&mut self.text);
        fonts::shorten(&mut self.text, start, size, width);
        TextRange { start, end: self.text.len() }
    }

    fn place_label(&mut self, detection: &Detection, labels: &Labels, style: &Style, sizes: Sizes) {
        let Some(bbox) = self.visible(detection.bbox) else { return };
        let image = [self.size.0 as f32, self.size.1 as f32];
        let pad = padding(sizes.text);
        let room = (image[0] - 2.0 * pad).max(0.0);
        let text = self.write(sizes.text, room, |out| {
            fonts::push_shown(&labels.name(detection.class_id, style.language), out);
            if style.scores {
                let score = if detection.score.is_finite() { detection.score.clamp(0.0, 1.0) } else { 0.0 };
                // Writing to a String can't fail.
                let _ = write!(out, " {score:.2}");
            }
        });
        if self.text(text).is_empty() {
            return;
        }
        let width = fonts::text_width(self.text(text), sizes.text) + 2.0 * pad;
        let size = [width.min(image[0]), line_height(sizes.text)];
        let out = sizes.line / 2.0 + sizes.halo;
        let around = match detection.oriented {
            Some(oriented) => {
                // On its highest corner.
                let corners = oriented.corners.map(|c| self.point(c));
                let top = corners.iter().copied().min_by(|a, b| a[1].total_cmp(&b[1])).unwrap_or_default();
                let left = top[0] - size[0] / 2.0;
                [left, bbox[1] - out, left + size[0], bbox[3] + out]
            }
            None => [bbox[0] - out, bbox[1] - out, bbox[2] + out, bbox[3] + out].map(|v| v.max(0.0)),
        };
        let rect = pack::place(size, around, &self.taken);
        self.taken.push(rect);
        self.label_boxes.push(LabelBox { rect, text, class_id: detection.class_id });
    }

    /// Turns the placed labels into shapes, the best one on top.
    fn add_chips(&mut self, sizes: Sizes) {
        for index in (0..self.label_boxes.len()).rev() {
            let LabelBox { rect, text, class_id } = self.label_boxes[index];
            let rgb = palette::class(class_id);
            let ink = palette::ink_on(rgb);
            let radius = sizes.text * 0.15;
            let rim = sizes.halo.min(sizes.text * 0.08);
            let inner = [rect[0] + rim, rect[1] + rim, rect[2] - rim, rect[3] - rim];
            self.shapes.push(Shape::Fill { rect, radius, colour: palette::with_alpha(ink, HALO) });
            self.shapes.push(Shape::Fill { rect: inner, radius, colour: palette::with_alpha(rgb, 1.0) });
            self.add_text(
                text,
                rect[0] + padding(sizes.text),
                rect,
                sizes.text,
                palette::with_alpha(ink, 1.0),
            );
        }
    }

    /// A line of text centred in height within `rect`.
    fn add_text(&mut self, text: TextRange, left: f32, rect: Rect, size: f32, colour: Colour) {
        let baseline = f32::midpoint(rect[1], rect[3]) + size * fonts::CAP_HEIGHT / 2.0;
        self.shapes.push(Shape::Text { text, left, baseline, size, colour });
    }

    /// A dark panel for a legend in a corner of the image; gives its content's rectangle.
    fn add_panel(&mut self, size: [f32; 2], bottom: bool, text: f32) -> Rect {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let (margin, pad) = (text * 0.6, text * 0.5);
        let (width, height) = ((size[0] + 2.0 * pad).min(w), (size[1] + 2.0 * pad).min(h));
        let left = margin.min(w - width).max(0.0);
        let top = if bottom { (h - margin - height).max(0.0) } else { margin.min(h - height).max(0.0) };
        let rect = [left, top, left + width, top + height];
        self.shapes.push(Shape::Fill {
            rect,
            radius: text * 0.35,
            colour: palette::with_alpha(palette::GROUND, 0.78),
        });
        [rect[0] + pad, rect[1] + pad, rect[2] - pad, rect[3] - pad]
    }

    /// The most likely classes of the image with bars for their probabilities.
    fn add_bars(&mut self, results: &Results, labels: &Labels, style: &Style, sizes: Sizes) {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let text = sizes.text;
        let row = text * 1.9;
        let rows = results.top.len().min(5).min((h / row - 1.0).max(0.0) as usize);
        if rows == 0 {
            return;
        }
        let number = fonts::text_width("00.0 %", text);
        let inner = (text * 18.0).min(w - text).max(number);
        let content = self.add_panel([inner, row * rows as f32], false, text);
        for (index, class) in results.top.iter().take(rows).enumerate() {
            let top = content[1] + row * index as f32;
            let line = [content[0], top, content[2], top + row * 0.72];
            let score = if class.score.is_finite() { class.score.clamp(0.0, 1.0) } else { 0.0 };
            let name = self.write(text, content[2] - content[0] - number - text * 0.5, |out| {
                fonts::push_shown(&labels.name(class.class_id, style.language), out);
            });
            self.add_text(name, content[0], line, text, WHITE);
            let percent = self.write(text, number * 2.0, |out| {
                let _ = write!(out, "{:.1} %", score * 100.0);
            });
            let left = content[2] - fonts::text_width(self.text(percent), text);
            self.add_text(percent, left, line, text, WHITE);
            let bar = [content[0], top + row * 0.76, content[2], top + row * 0.90];
            let radius = (bar[3] - bar[1]) / 2.0;
            self.shapes.push(Shape::Fill { rect: bar, radius, colour: [255, 255, 255, 50] });
            let rect = [bar[0], bar[1], bar[0] + (bar[2] - bar[0]) * score, bar[3]];
            let colour = palette::with_alpha(if index == 0 { SIDES[1] } else { SIDES[0] }, 1.0);
            self.shapes.push(Shape::Fill { rect, radius, colour });
        }
    }

    /// The classes that cover most of the image, with their shares.
    fn add_class_legend(&mut self, classes: &[u16], labels: &Labels, style: &Style, sizes: Sizes) {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let text = sizes.text;
        let row = line_height(text) * 1.05;
        let rows = ((h / row - 1.0).max(0.0) as usize).min(8);
        // How often each class occurs, in a sample; the scratch holds one count a class.
        let mut counts = std::mem::take(&mut self.scratch);
        counts.clear();
        let step = (classes.len() / 65_536).max(1);
        let mut all = 0.0_f32;
        for &class in classes.iter().step_by(step) {
            let class = usize::from(class);
            if class >= counts.len() {
                counts.resize(class + 1, 0.0);
            }
            counts[class] += 1.0;
            all += 1.0;
        }
        if let Some(count) = raster::background(labels).and_then(|class| counts.get_mut(class as usize)) {
            *count = 0.0;
        }
        for &class in &style.hidden {
            if let Some(count) = counts.get_mut(class as usize) {
                *count = 0.0;
            }
        }
        // At most `rows` times the greatest that is left.
        let mut found: [(u32, f32); 8] = [(0, 0.0); 8];
        let mut number = 0;
        while number < rows {
            let Some((class, &count)) = counts.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else {
                break;
            };
            if count < all * 0.003 || count <= 0.0 {
                break;
            }
            found[number] = (class as u32, count / all);
            counts[class] = 0.0;
            number += 1;
        }
        self.scratch = counts;
        let Some(found) = found.get(..number).filter(|found| !found.is_empty()) else { return };
        let swatch = text * 0.9;
        let share = fonts::text_width(" 100 %", text);
        let widest = found
            .iter()
            .map(|&(class, _)| fonts::text_width(&labels.name(class, style.language), text))
            .fold(0.0, f32::max);
        let names = widest.min(w * 0.5).min(text * 16.0).max(0.0);
        let content = self.add_panel([swatch + text * 0.5 + names + share, row * number as f32], true, text);
        for (index, &(class, part)) in found.iter().enumerate() {
            let top = content[1] + row * index as f32;
            let line = [content[0], top, content[2], top + row];
            let middle = f32::midpoint(line[1], line[3]);
            let rect = [line[0], middle - swatch / 2.0, line[0] + swatch, middle + swatch / 2.0];
            let colour = palette::with_alpha(palette::class(class), 1.0);
            self.shapes.push(Shape::Fill { rect, radius: text * 0.15, colour });
            let name =
                self.write(text, names, |out| fonts::push_shown(&labels.name(class, style.language), out));
            self.add_text(name, rect[2] + text * 0.5, line, text, WHITE);
            let percent = self.write(text, share * 2.0, |out| {
                let _ = write!(out, "{:.0} %", part * 100.0);
            });
            let left = line[2] - fonts::text_width(self.text(percent), text);
            self.add_text(percent, left, line, text, WHITE);
        }
    }

    /// The colour map of depth from far to near.
    fn add_depth_legend(
        &mut self,
        range: raster::DepthRange,
        metric: bool,
        language: Language,
        sizes: Sizes,
    ) {
        const STEPS: usize = 48;
        let text = sizes.text;
        let words = match language {
            Language::English => ["far", "near"],
            Language::Chinese => ["远", "近"],
        };
        let end = |value: f32, word: &str, out: &mut String| {
            out.push_str(word);
            if metric {
                let _ = write!(out, " {value:.1} m");
            }
        };
        let room = self.size.0 as f32 / 3.0;
        let far = self.write(text, room, |out| end(range.far, words[0], out));
        let near = self.write(text, room, |out| end(range.near, words[1], out));
        let widths = [far, near].map(|t| fonts::text_width(self.text(t), text));
        let bar = (text * 8.0).min(self.size.0 as f32 / 4.0);
        let gap = text * 0.5;
        let content = self.add_panel([widths[0] + widths[1] + bar + 2.0 * gap, text * 1.1], true, text);
        self.add_text(far, content[0], content, text, WHITE);
        let left = content[0] + widths[0] + gap;
        let [top, bottom] = [content[1] + text * 0.15, content[3] - text * 0.15];
        for step in 0..STEPS {
            let at = |step: usize| left + bar * step as f32 / STEPS as f32;
            let colour = palette::with_alpha(palette::viridis(step as f32 / (STEPS - 1) as f32), 1.0);
            self.shapes.push(Shape::Fill {
                rect: [at(step), top, at(step + 1), bottom],
                radius: 0.0,
                colour,
            });
        }
        self.add_text(near, left + bar + gap, content, text, WHITE);
    }
}

const WHITE: Colour = [255, 255, 255, 255];

/// Opacity of halos and rims.
const HALO: f32 = 0.7;

/// The colour of a stroke and of its halo.
fn inks(rgb: [u8; 3]) -> (Colour, Colour) {
    (palette::with_alpha(rgb, 1.0), palette::with_alpha(palette::ink_on(rgb), HALO))
}

/// Room on the left and right of a label's text.
fn padding(text: f32) -> f32 {
    text * 0.3
}

fn line_height(text: f32) -> f32 {
    text * 1.3
}
