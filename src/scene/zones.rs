//! Zones, lines, counts and the heat map of a scene file over the frame.

use std::fmt::Write as _;

use super::compose::{HALO, Sizes, line_height, padding, stroke_colours};
use super::trails::moved_since;
use super::{Rect, Scene, Shape, Style, fonts, opacity, palette};
use crate::model::labels::Language;
use crate::model::results::Results;
use crate::track::zones::geometry::Point;
use crate::track::zones::{Line, Zone};
use crate::track::{Distance, Heat, LineReport, Report, ZoneReport};

/// Opacity of the heat map where it is hottest.
const HEAT_OPACITY: f32 = 0.7;

/// The colour of the zone at this place of its scene file.
#[must_use]
pub fn zone_colour(zone: &Zone, place: usize) -> [u8; 3] {
    zone.look.colour.unwrap_or_else(|| palette::class(place as u32))
}

/// The colour of the line at this place of its scene file.
#[must_use]
pub fn line_colour(line: &Line, place: usize) -> [u8; 3] {
    line.look.colour.unwrap_or_else(|| palette::class(place as u32 + 7))
}

/// Where both ends of a distance are drawn, in pixels of the frame: on their objects, wherever those have been followed to.
fn ends_of(distance: &Distance, report: &Report, results: &Results) -> [Point; 2] {
    std::array::from_fn(|end| {
        let ([x, y], [dx, dy]) = (distance.points[end], moved_since(report, results, distance.tracks[end]));
        [x + dx, y + dy]
    })
}

/// A zone's counts in words: “gate: 2 (5 in, 3 out)”, or for a parking space “P1: occupied”.
pub fn write_zone(zone: &ZoneReport, language: Language, out: &mut String) {
    fonts::push_shown(&zone.name, out);
    let inside = zone.inside.len();
    // Writing to a String can't fail.
    let _ = match (zone.capacity, language) {
        (Some(1), Language::English) => write!(out, ": {}", if inside > 0 { "occupied" } else { "free" }),
        (Some(1), Language::Chinese) => write!(out, "：{}", if inside > 0 { "占用" } else { "空闲" }),
        (Some(room), Language::English) => write!(out, ": {inside} of {room}"),
        (Some(room), Language::Chinese) => write!(out, "：{inside} / {room}"),
        (None, Language::English) => write!(out, ": {inside} ({} in, {} out)", zone.entries, zone.exits),
        (None, Language::Chinese) => write!(out, "：{inside}（进 {}，出 {}）", zone.entries, zone.exits),
    };
}

/// A line's counts in words: “road: 4 in, 0 out”.
pub fn write_line(line: &LineReport, language: Language, out: &mut String) {
    fonts::push_shown(&line.name, out);
    let _ = match language {
        Language::English => write!(out, ": {} in, {} out", line.inward, line.outward),
        Language::Chinese => write!(out, "：进 {}，出 {}", line.inward, line.outward),
    };
}

/// The strokes of an arrow on a line that points to its “in” side: from its middle, as long as `length`, with its head.
#[must_use]
pub fn arrow([a, b]: [Point; 2], length: f32) -> [[Point; 2]; 3] {
    let along = [b[0] - a[0], b[1] - a[1]];
    let size = along[0].hypot(along[1]).max(f32::MIN_POSITIVE);
    let along = along.map(|v| v / size);
    // To the right of who looks from a to b, where y grows downwards.
    let right = [-along[1], along[0]];
    let middle = [f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1])];
    let at = |forward: f32, aside: f32| {
        [middle[0] + right[0] * forward + along[0] * aside, middle[1] + right[1] * forward + along[1] * aside]
    };
    let (tip, head) = (at(length, 0.0), length * 0.45);
    [[middle, tip], [tip, at(length - head, head)], [tip, at(length - head, -head)]]
}

impl Scene {
    /// Adds the heat map, over the frame and below everything else.
    pub(super) fn add_heat(&mut self, heat: &Heat) {
        let peak = heat.values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::max);
        if peak <= 0.0 || heat.values.len() != heat.width * heat.height {
            return;
        }
        let mirrored = self.mirrored;
        let region = [0.0, 0.0, self.size.0 as f32, self.size.1 as f32];
        let index = self.next_raster(heat.width, heat.height);
        let raster = &mut self.rasters[index];
        (raster.region, raster.mirrored, raster.smooth) = (region, mirrored, true);
        for (pixel, value) in raster.pixels_mut().iter_mut().zip(&heat.values) {
            // A root, so that what is seldom is seen beside what is frequent.
            let share = opacity(value / peak).sqrt();
            let alpha = (share * 2.0).min(1.0) * HEAT_OPACITY;
            if share > 0.02 {
                let [r, g, b] = palette::viridis(share).map(|v| (f32::from(v) * alpha).round() as u8);
                *pixel = [r, g, b, (alpha * 255.0).round() as u8];
            }
        }
        self.shapes.push(Shape::Raster { index });
    }

    /// Adds the outlines of zones, and lines with an arrow to their “in” side.
    pub(super) fn add_zones(&mut self, report: &Report, results: &Results, sizes: Sizes) {
        let Some(file) = &report.scene else { return };
        for (place, zone) in file.zones.iter().enumerate() {
            let is_occupied = report.zones.get(place).is_some_and(|zone| !zone.inside.is_empty());
            let width = sizes.line * if is_occupied { 1.8 } else { 1.0 };
            let next = zone.points.iter().cycle().skip(1);
            for (a, b) in zone.points.iter().zip(next) {
                self.add_stroke([*a, *b].map(|p| self.pixels(p)), zone_colour(zone, place), width, sizes);
            }
        }
        for (place, line) in file.lines.iter().enumerate() {
            let ends = line.points.map(|p| self.pixels(p));
            let colour = line_colour(line, place);
            self.add_stroke(ends, colour, sizes.line * 1.4, sizes);
            // In pixels of the frame, and mirrored only when it is drawn.
            for stroke in arrow(ends, sizes.line * 9.0) {
                self.add_stroke(stroke, colour, sizes.line, sizes);
            }
        }
        for distance in &report.distances {
            self.add_stroke(ends_of(distance, report, results), [255, 255, 255], sizes.line * 0.6, sizes);
        }
    }

    /// Adds names and counts.
    pub(super) fn add_zone_labels(
        &mut self,
        report: &Report,
        results: &Results,
        style: &Style,
        sizes: Sizes,
    ) {
        let Some(file) = &report.scene else { return };
        for (place, (zone, counts)) in file.zones.iter().zip(&report.zones).enumerate() {
            // On its highest corner.
            let top = zone.points.iter().copied().min_by(|a, b| a[1].total_cmp(&b[1])).unwrap_or_default();
            let at = self.pixels(top);
            self.add_chip(at, zone_colour(zone, place), sizes, |out| write_zone(counts, style.language, out));
        }
        for (place, (line, counts)) in file.lines.iter().zip(&report.lines).enumerate() {
            let at = self.pixels(line.points[0]);
            self.add_chip(at, line_colour(line, place), sizes, |out| write_line(counts, style.language, out));
        }
        for distance in &report.distances {
            let [a, b] = ends_of(distance, report, results);
            let middle = [f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1])];
            self.add_chip(middle, [255, 255, 255], sizes, |out| {
                let unit = if distance.metres { "m" } else { "px" };
                let _ = write!(out, "{:.*} {unit}", usize::from(distance.metres), distance.value);
            });
        }
        for (exercise, counts) in file.exercises.iter().zip(&report.exercises) {
            for person in &counts.people {
                let Some(track) = report.tracks.iter().find(|track| track.id == person.track_id) else {
                    continue;
                };
                let [dx, dy] = moved_since(report, results, track.id);
                let at = [track.bbox[0] + dx, track.bbox[3] + dy];
                self.add_chip(at, palette::class(track.class_id), sizes, |out| {
                    fonts::push_shown(&exercise.name, out);
                    let _ = write!(out, ": {}", person.count);
                    if let Some(angle) = person.angle {
                        let _ = write!(out, " ({angle:.0}°)");
                    }
                });
            }
        }
    }

    /// A point in 0..1 in pixels of the frame.
    fn pixels(&self, [x, y]: Point) -> Point {
        [x * self.size.0 as f32, y * self.size.1 as f32]
    }

    /// Adds a stroke between two points in pixels of the frame.
    fn add_stroke(&mut self, ends: [Point; 2], rgb: [u8; 3], width: f32, sizes: Sizes) {
        if ends.as_flattened().iter().any(|value| !value.is_finite()) {
            return;
        }
        let (colour, halo_colour) = stroke_colours(rgb);
        let [from, to] = ends.map(|end| self.point(end));
        self.shapes.push(Shape::Line { from, to, width, halo: sizes.halo, colour, halo_colour });
    }

    /// Adds a line of text on a coloured ground, near a point in pixels of the frame.
    fn add_chip(&mut self, at: Point, rgb: [u8; 3], sizes: Sizes, write: impl FnOnce(&mut String)) {
        if sizes.text <= 0.0 || at.iter().any(|value| !value.is_finite()) {
            return;
        }
        let (w, h) = (self.size.0 as f32, self.size.1 as f32);
        let pad = padding(sizes.text);
        let text = self.write_text(sizes.text, (w - 2.0 * pad).max(0.0), write);
        if self.text(text).is_empty() {
            return;
        }
        let width = (fonts::text_width(self.text(text), sizes.text) + 2.0 * pad).min(w);
        let size = [width, line_height(sizes.text)];
        let [x, y] = self.point(at);
        let left = (x - if self.mirrored { width } else { 0.0 }).clamp(0.0, w - width);
        let around = [left, y.clamp(0.0, h) - sizes.line, left + width, y.clamp(0.0, h) + sizes.line];
        let rect: Rect = self.label_grid.place(size, around);
        self.label_grid.push(rect);
        let ink = palette::ink_on(rgb);
        let radius = sizes.text * 0.15;
        let rim = sizes.halo.min(sizes.text * 0.08);
        let inner = [rect[0] + rim, rect[1] + rim, rect[2] - rim, rect[3] - rim];
        self.shapes.push(Shape::Fill { rect, radius, colour: palette::with_alpha(ink, HALO) });
        self.shapes.push(Shape::Fill { rect: inner, radius, colour: palette::with_alpha(rgb, 1.0) });
        self.add_text(text, rect[0] + pad, rect, sizes.text, palette::with_alpha(ink, 1.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::zones::geometry;

    #[test]
    fn the_arrow_of_a_line_points_to_its_right_side() {
        for line in [[[0.0, 5.0], [10.0, 5.0]], [[4.0, 9.0], [1.0, 2.0]], [[3.0, 0.0], [3.0, 8.0]]] {
            let [[middle, tip], ..] = arrow(line, 3.0);
            assert!((geometry::side(line[0], line[1], tip) - 3.0).abs() < 1e-4, "{line:?}");
            assert!(geometry::side(line[0], line[1], middle).abs() < 1e-4);
        }
    }
}
