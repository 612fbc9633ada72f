//! Results → scene: in which order things are drawn, how large, and where on the frame. Boxes are here; masks, planes,
//! skeletons, labels and legends have a file each.

use super::{Colour, Rect, Scene, Shape, Style, TextRange, fonts, palette};
use crate::model::labels::Labels;
use crate::model::results::{Detection, PlaneValues, Results};
use crate::model::spec::Task;
use crate::track::Report;

/// Sizes that fit the frame, in frame pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Of strokes.
    pub line: f32,
    pub halo: f32,
    /// Of text: the em; 0 if the frame is too small for readable text.
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
    /// Fills the scene with a model's results of a frame. Shapes with coordinates that are not finite are left out; shapes
    /// that reach beyond the frame are cut.
    pub fn compose(&mut self, results: &Results, labels: &Labels, style: &Style) {
        self.compose_with(results, None, labels, style);
    }

    /// As [`Self::compose`], with what tracking, zones and lines say of the frame.
    pub fn compose_with(
        &mut self,
        results: &Results,
        report: Option<&Report>,
        labels: &Labels,
        style: &Style,
    ) {
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
        if let Some(report) = report.filter(|_| style.heat_map) {
            self.add_heat(&report.heat);
        }
        if style.masks {
            self.add_masks(results, style);
        }
        let counted = report.filter(|_| style.zones);
        if let Some(report) = counted {
            self.add_zones(report, results, sizes);
        }
        if let Some(report) = report {
            self.add_trails(report, results, &style.hidden, sizes);
        }
        // The classes of an action model are actions, but its boxes are people.
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
            // While objects are tracked, one that isn't confirmed yet has no label: it may be gone on the next frame.
            let tracked = report.is_some_and(|report| !report.tracks.is_empty());
            let named = |d: &&Detection| shown(d) && (!tracked || d.track_id.is_some());
            for detection in results.detections.iter().filter(named) {
                let track = |report: &Report| {
                    report.tracks.iter().find(|t| Some(t.id) == detection.track_id).and_then(|t| t.speed)
                };
                self.place_label((detection, counted.and_then(track)), labels, style, sizes);
            }
            self.add_label_boxes(sizes);
        }
        if let Some(report) = counted {
            self.add_zone_labels(report, results, style, sizes);
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

    /// Returns where a frame coordinate is drawn.
    fn x(&self, x: f32) -> f32 {
        if self.mirrored { self.size.0 as f32 - x } else { x }
    }

    pub(super) fn point(&self, p: [f32; 2]) -> [f32; 2] {
        [self.x(p[0]), p[1]]
    }

    /// Returns the box as it is drawn: mirrored if the scene is, corners in order, cut to the frame. `None` if it lies
    /// outside.
    pub(super) fn visible(&self, bbox: Rect) -> Option<Rect> {
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

    /// Adds the outline of one detection.
    fn add_box(&mut self, detection: &Detection, sizes: Sizes) {
        let rgb = palette::detection(detection);
        let (colour, halo_colour) = stroke_colours(rgb);
        let (colour, halo_colour) =
            (palette::faded(colour, detection.opacity), palette::faded(halo_colour, detection.opacity));
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
            // A stroke on the edge of the frame is moved inside as a whole.
            let inset = width / 2.0 + halo;
            let (w, h) = (self.size.0 as f32, self.size.1 as f32);
            let x = |v: f32| v.max(inset).min((w - inset).max(inset));
            let y = |v: f32| v.max(inset).min((h - inset).max(inset));
            let rect = [x(rect[0]), y(rect[1]), x(rect[2]), y(rect[3])];
            self.shapes.push(Shape::Frame { rect, width, halo, colour, halo_colour });
        }
    }

    /// Appends a line of text that `write` writes to the scene's text, cut to `width` pixels.
    pub(super) fn write_text(&mut self, size: f32, width: f32, write: impl FnOnce(&mut String)) -> TextRange {
        let start = self.text.len();
        write(&mut self.text);
        fonts::shorten(&mut self.text, start, size, width);
        TextRange { start, end: self.text.len() }
    }

    /// Adds a line of text that is centred in height within `rect`.
    pub(super) fn add_text(&mut self, text: TextRange, left: f32, rect: Rect, size: f32, colour: Colour) {
        let baseline = f32::midpoint(rect[1], rect[3]) + size * fonts::CAP_HEIGHT / 2.0;
        self.shapes.push(Shape::Text { text, left, baseline, size, colour });
    }
}

pub(super) const WHITE: Colour = [255, 255, 255, 255];

/// Opacity of halos and rims.
pub(super) const HALO: f32 = 0.7;

/// Returns the colour of a stroke and of its halo.
pub(super) fn stroke_colours(rgb: [u8; 3]) -> (Colour, Colour) {
    (palette::with_alpha(rgb, 1.0), palette::with_alpha(palette::ink_on(rgb), HALO))
}

/// Room on the left and right of a label's text.
pub(super) fn padding(text: f32) -> f32 {
    text * 0.3
}

pub(super) fn line_height(text: f32) -> f32 {
    text * 1.3
}
