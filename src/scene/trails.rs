//! Trails: where tracks were, fading with age.

use super::compose::Sizes;
use super::{Scene, Shape, palette};
use crate::model::results::Results;
use crate::track::Report;

/// Opacity of the newest piece of a trail.
const OPACITY: f32 = 0.9;

impl Scene {
    /// Adds the trails of the tracks on this frame whose class is shown. A trail ends at its object, also where that has been followed to
    /// a newer frame than the one that the report is of.
    pub(super) fn add_trails(&mut self, report: &Report, results: &Results, hidden: &[u32], sizes: Sizes) {
        for track in report.tracks.iter().filter(|track| !hidden.contains(&track.class_id)) {
            let points = report.trails.get(track.trail.clone()).unwrap_or_default();
            let rgb = palette::class(track.id);
            let [dx, dy] = moved_since(report, results, track.id);
            let last = points.last().filter(|_| dx != 0.0 || dy != 0.0).map(|p| [*p, [p[0] + dx, p[1] + dy]]);
            let pairs = points.array_windows::<2>().copied().chain(last);
            for (place, pair) in pairs.enumerate() {
                if pair.as_flattened().iter().any(|value| !value.is_finite()) {
                    continue;
                }
                let age = ((place + 1) as f32 / points.len() as f32).min(1.0);
                let colour = palette::with_alpha(rgb, OPACITY * age);
                let [from, to] = [self.point(pair[0]), self.point(pair[1])];
                let clear = [0; 4];
                self.shapes.push(Shape::Line {
                    from,
                    to,
                    width: sizes.line * 1.2,
                    halo: 0.0,
                    colour,
                    halo_colour: clear,
                });
            }
        }
    }
}

/// How far the bottom centre of a track's box has been moved since the report's frame, in pixels of the frame; nothing if the results
/// are those of that frame.
pub(super) fn moved_since(report: &Report, results: &Results, track_id: u32) -> [f32; 2] {
    let track = report.tracks.iter().find(|track| track.id == track_id);
    let drawn = results.detections.iter().find(|detection| detection.track_id == Some(track_id));
    let (Some(track), Some(drawn)) = (track, drawn) else { return [0.0; 2] };
    let bottom = |[x1, _, x2, y2]: [f32; 4]| [f32::midpoint(x1, x2), y2];
    let (from, to) = (bottom(track.bbox), bottom(drawn.bbox));
    [to[0] - from[0], to[1] - from[1]]
}
