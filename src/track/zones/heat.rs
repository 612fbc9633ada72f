//! The heat map: how long objects were where.

use crate::model::results::Results;
use crate::track::report::{Heat, TrackReport};

use super::geometry::Point;
use super::scene_file::Anchor;

/// Columns of the grid.
const COLUMNS: usize = 80;
/// The radius of the spot that an object leaves, in cells, at most.
const MAX_RADIUS: f32 = 8.0;
/// A longer time between two results counts as this long, in seconds.
const MAX_STEP_S: f64 = 1.0;

impl Heat {
    /// Fits the grid to the picture's shape. A picture of another shape empties it.
    pub(super) fn fit(&mut self, (width, height): (u32, u32)) {
        let rows = (COLUMNS as f32 * height as f32 / width.max(1) as f32).round();
        let rows = (rows as usize).clamp(1, 4 * COLUMNS);
        if (self.width, self.height) != (COLUMNS, rows) {
            (self.width, self.height) = (COLUMNS, rows);
            self.values.clear();
            self.values.resize(COLUMNS * rows, 0.0);
        }
    }

    /// Lets everything fade for so many seconds.
    pub(super) fn fade(&mut self, step_s: f64, half_life_s: f32) {
        let left = 0.5_f64.powf(step_s / f64::from(half_life_s)) as f32;
        self.values.iter_mut().for_each(|value| *value *= left);
    }

    /// Adds a spot of so many seconds where an object is.
    pub(super) fn add(&mut self, track: &TrackReport, anchor: Anchor, results: &Results, seconds: f64) {
        let (w, h) = results.frame_size;
        let scale = [self.width as f32 / w.max(1) as f32, self.height as f32 / h.max(1) as f32];
        let [x, y]: Point = anchor.of(track.bbox);
        let (x, y) = (x * scale[0] - 0.5, y * scale[1] - 0.5);
        let radius = ((track.bbox[2] - track.bbox[0]) * scale[0] / 2.0).clamp(1.5, MAX_RADIUS);
        if !(x.is_finite() && y.is_finite() && radius.is_finite()) {
            return;
        }
        let range = |centre: f32, cells: usize| {
            let first = (centre - radius).ceil().max(0.0) as usize;
            let end = (centre + radius).floor() + 1.0;
            first..(end.max(0.0) as usize).min(cells)
        };
        for row in range(y, self.height) {
            for column in range(x, self.width) {
                let far = ((column as f32 - x).powi(2) + (row as f32 - y).powi(2)) / (radius * radius);
                if far < 1.0 {
                    self.values[row * self.width + column] += seconds as f32 * (1.0 - far).powi(2);
                }
            }
        }
    }
}

/// The time between two results as the heat map counts it: nothing if time went back.
pub(super) fn step(last_s: Option<f64>, now_s: f64) -> f64 {
    last_s.map_or(0.0, |last| (now_s - last).clamp(0.0, MAX_STEP_S))
}
