//! Trails: where tracks were, fading with age.

use super::compose::Sizes;
use super::{Scene, Shape, palette};
use crate::track::Report;

/// Opacity of the newest piece of a trail.
const OPACITY: f32 = 0.9;

impl Scene {
    /// Adds the trails of the tracks on this frame whose class is shown.
    pub(super) fn add_trails(&mut self, report: &Report, hidden: &[u32], sizes: Sizes) {
        for track in report.tracks.iter().filter(|track| !hidden.contains(&track.class_id)) {
            let points = report.trails.get(track.trail.clone()).unwrap_or_default();
            let rgb = palette::class(track.id);
            for (place, pair) in points.windows(2).enumerate() {
                if pair.as_flattened().iter().any(|value| !value.is_finite()) {
                    continue;
                }
                let age = (place + 1) as f32 / points.len() as f32;
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
