//! Label boxes: the name and score of each detection on its box.

use std::fmt::Write as _;

use super::compose::{HALO, Sizes, line_height, padding};
use super::{Rect, Scene, Shape, Style, TextRange, fonts, palette};
use crate::model::labels::Labels;
use crate::model::results::Detection;

/// A placed label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LabelBox {
    pub rect: Rect,
    pub text: TextRange,
    pub rgb: [u8; 3],
    pub opacity: f32,
}

impl Scene {
    /// Finds a place for the label of a detection, with its speed in metres a second if that is known. Better detections come
    /// first and get the better places.
    pub(super) fn place_label(
        &mut self,
        (detection, speed): (&Detection, Option<f32>),
        labels: &Labels,
        style: &Style,
        sizes: Sizes,
    ) {
        let Some(bbox) = self.visible(detection.bbox) else { return };
        let frame = [self.size.0 as f32, self.size.1 as f32];
        let pad = padding(sizes.text);
        let room = (frame[0] - 2.0 * pad).max(0.0);
        let text = self.write_text(sizes.text, room, |out| {
            fonts::push_shown(&labels.name(detection.class_id, style.language), out);
            if let Some(id) = detection.track_id {
                let _ = write!(out, " #{id}");
            }
            if style.scores {
                let score = if detection.score.is_finite() { detection.score.clamp(0.0, 1.0) } else { 0.0 };
                // Writing to a String can't fail.
                let _ = write!(out, " {score:.2}");
            }
            if let Some(speed) = speed {
                let _ = write!(out, " {speed:.1} m/s");
            }
        });
        if self.text(text).is_empty() {
            return;
        }
        let width = fonts::text_width(self.text(text), sizes.text) + 2.0 * pad;
        let size = [width.min(frame[0]), line_height(sizes.text)];
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
        let rect = self.label_grid.place(size, around);
        self.label_grid.push(rect);
        self.label_boxes.push(LabelBox {
            rect,
            text,
            rgb: palette::detection(detection),
            opacity: detection.opacity,
        });
    }

    /// Turns the placed labels into shapes, the best one on top.
    pub(super) fn add_label_boxes(&mut self, sizes: Sizes) {
        for index in (0..self.label_boxes.len()).rev() {
            let LabelBox { rect, text, rgb, opacity } = self.label_boxes[index];
            let ink = palette::ink_on(rgb);
            let radius = sizes.text * 0.15;
            let rim = sizes.halo.min(sizes.text * 0.08);
            let inner = [rect[0] + rim, rect[1] + rim, rect[2] - rim, rect[3] - rim];
            self.shapes.push(Shape::Fill { rect, radius, colour: palette::with_alpha(ink, HALO * opacity) });
            self.shapes.push(Shape::Fill { rect: inner, radius, colour: palette::with_alpha(rgb, opacity) });
            self.add_text(
                text,
                rect[0] + padding(sizes.text),
                rect,
                sizes.text,
                palette::with_alpha(ink, opacity),
            );
        }
    }
}
