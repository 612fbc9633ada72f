//! The counter, driven with tracks.

mod defects;
mod files;
mod measures;
mod random;
mod shapes;

use std::sync::Arc;

use super::{Counter, SceneFile};
use crate::model::labels::Labels;
use crate::model::results::Results;
use crate::model::spec::Task;
use crate::track::report::{EventKind, Report, TrackReport};

/// A counter over a picture of 1000 × 500 pixels.
pub(super) struct Drive {
    pub counter: Counter,
    pub report: Report,
    results: Results,
    labels: Labels,
}

impl Drive {
    pub fn new(scene: &str) -> Self {
        let scene = SceneFile::parse(scene).expect("a scene file");
        let mut results = Results::default();
        results.clear(Task::Detect, (1000, 500));
        Self {
            counter: Counter::new(Arc::new(scene)),
            report: Report::default(),
            results,
            labels: Labels::coco80(),
        }
    }

    /// The next result, at this time: for each car its number and the bottom centre of its box of 40 × 40 pixels.
    pub fn step(&mut self, time_s: f64, cars: &[(u32, [f32; 2])]) -> &Report {
        let tracks = cars.iter().map(|&(id, [x, y])| track(id, [x - 20.0, y - 40.0, x + 20.0, y]));
        self.tracks(time_s, tracks.collect())
    }

    pub fn tracks(&mut self, time_s: f64, tracks: Vec<TrackReport>) -> &Report {
        self.report.time_s = time_s;
        self.report.tracks = tracks;
        self.report.events.clear();
        self.counter.update(&self.results, &self.labels, &mut self.report);
        &self.report
    }

    /// One car that is at these places, ten times a second.
    pub fn path(&mut self, id: u32, places: &[[f32; 2]]) -> &Report {
        let start = self.report.time_s;
        for (i, place) in places.iter().enumerate() {
            self.step(start + 0.1 * (i + 1) as f64, &[(id, *place)]);
        }
        &self.report
    }

    pub fn results(&mut self) -> &mut Results {
        &mut self.results
    }

    /// The counts of the first line.
    pub fn line(&self) -> (u32, u32) {
        (self.report.lines[0].inward, self.report.lines[0].outward)
    }

    /// Occupancy, entries and exits of the first zone.
    pub fn zone(&self) -> (usize, u32, u32) {
        let zone = &self.report.zones[0];
        (zone.inside.len(), zone.entries, zone.exits)
    }

    pub fn kinds(&self) -> Vec<EventKind> {
        self.report.events.iter().map(|event| event.kind.clone()).collect()
    }
}

pub(super) fn track(id: u32, bbox: [f32; 4]) -> TrackReport {
    TrackReport { id, class_id: 2, bbox, since_s: 0.0, trail: 0..0, speed: None, predicted: false }
}

/// A line across the whole picture, at half its height, from left to right: its right side is the lower half.
pub(super) const ACROSS: &str = "[[lines]]\nname = 'road'\npoints = [[0.0, 0.5], [1.0, 0.5]]\n";
/// The left upper quarter.
pub(super) const QUARTER: &str =
    "[[zones]]\nname = 'gate'\npoints = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]]\n";

/// Places from `from` to `to` in so many steps.
pub(super) fn way(from: [f32; 2], to: [f32; 2], steps: usize) -> Vec<[f32; 2]> {
    let at = |i: usize| {
        let share = i as f32 / steps as f32;
        [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]
    };
    (0..=steps).map(at).collect()
}
