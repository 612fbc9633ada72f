//! Legends: bars of the likeliest classes, the classes of a class map, the colour map of depth.

use std::fmt::Write as _;

use super::compose::{Sizes, WHITE, line_height};
use super::keypoints::SIDES;
use super::planes::{self, DepthRange};
use super::{Rect, Scene, Shape, Style, fonts, palette};
use crate::model::labels::{Labels, Language};
use crate::model::results::Results;

impl Scene {
    /// Adds a dark panel for a legend in a corner of the frame. Returns the rectangle of its content.
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

    /// Adds the likeliest classes of the frame, with bars for their probabilities.
    pub(super) fn add_bars(&mut self, results: &Results, labels: &Labels, style: &Style, sizes: Sizes) {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let text = sizes.text;
        let row = text * 1.9;
        let rows = results.top.len().min(5).min((h / row - 1.0).max(0.0) as usize);
        if rows == 0 {
            return;
        }
        let number = fonts::text_width("00.0%", text);
        let inner = (text * 18.0).min(w - text).max(number);
        let content = self.add_panel([inner, row * rows as f32], false, text);
        for (index, class) in results.top.iter().take(rows).enumerate() {
            let top = content[1] + row * index as f32;
            let line = [content[0], top, content[2], top + row * 0.72];
            let score = if class.score.is_finite() { class.score.clamp(0.0, 1.0) } else { 0.0 };
            let name = self.write_text(text, content[2] - content[0] - number - text * 0.5, |out| {
                fonts::push_shown(&labels.name(class.class_id, style.language), out);
            });
            self.add_text(name, content[0], line, text, WHITE);
            let percent = self.write_text(text, number * 2.0, |out| {
                let _ = write!(out, "{:.1}%", score * 100.0);
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

    /// Adds the classes that cover most of the frame, with their shares.
    pub(super) fn add_class_legend(&mut self, classes: &[u16], labels: &Labels, style: &Style, sizes: Sizes) {
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let text = sizes.text;
        let row = line_height(text) * 1.05;
        let rows = ((h / row - 1.0).max(0.0) as usize).min(8);
        // How often each class occurs in a sample of the pixels; the scratch buffer holds one count for each class.
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
        if let Some(count) = planes::background(labels).and_then(|class| counts.get_mut(class as usize)) {
            *count = 0.0;
        }
        for &class in &style.hidden {
            if let Some(count) = counts.get_mut(class as usize) {
                *count = 0.0;
            }
        }
        // Takes the greatest count that is left, at most `rows` times.
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
        let share = fonts::text_width(" 100%", text);
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
            let name = self
                .write_text(text, names, |out| fonts::push_shown(&labels.name(class, style.language), out));
            self.add_text(name, rect[2] + text * 0.5, line, text, WHITE);
            let percent = self.write_text(text, share * 2.0, |out| {
                let _ = write!(out, "{:.0}%", part * 100.0);
            });
            let left = line[2] - fonts::text_width(self.text(percent), text);
            self.add_text(percent, left, line, text, WHITE);
        }
    }

    /// Adds the colour map of depth from far to near.
    pub(super) fn add_depth_legend(
        &mut self,
        range: DepthRange,
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
        let far = self.write_text(text, room, |out| end(range.far, words[0], out));
        let near = self.write_text(text, room, |out| end(range.near, words[1], out));
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
