//! One track.

use smallvec::SmallVec;

use super::filter::{BoxFilter, centred, cornered};
use super::noise::Noise;
use super::tuning::Tuning;
use crate::motion::Similarity;

/// How many detections a track remembers.
const HISTORY: usize = 8;
/// Another class takes over when it has so many times the votes.
const MAJORITY: f32 = 1.5;
/// An older vote counts this much less with every detection.
const FORGET: f32 = 0.98;

/// A box that was detected: when, and its centre, width and height.
pub type Seen = (f64, [f32; 4]);

/// An object over time.
#[derive(Clone, Debug)]
pub struct Track {
    /// Counted from 1 in the order in which tracks were confirmed; 0 before that.
    pub id: u32,
    /// The class that most of its detections had.
    pub class_id: u32,
    /// That of its last detection.
    pub score: f32,
    /// When it was detected first and last, in seconds of the source.
    pub since_s: f64,
    pub seen_s: f64,
    /// How many detections it had.
    pub hits: u32,
    /// The detection of the newest frame that belongs to it.
    pub detection: Option<usize>,
    /// Where it is on the newest frame, smoothed: x1, y1, x2, y2.
    pub bbox: [f32; 4],
    pub(super) filter: BoxFilter,
    /// The filter as it was after the last detection.
    pub(super) at_last: BoxFilter,
    /// The last detections, the oldest first.
    history: SmallVec<[Seen; HISTORY]>,
    /// What it looks like, as a vector of length 1; empty if that isn't known.
    pub(super) looks: Vec<f32>,
    votes: SmallVec<[(u32, f32); 4]>,
}

impl Track {
    pub(super) fn new(
        seen: Seen,
        class_id: u32,
        score: f32,
        detection: usize,
        noise: &Noise,
        tuning: &Tuning,
    ) -> Self {
        let filter = BoxFilter::new(seen.1, noise.of(seen.1, tuning), tuning);
        let mut history = SmallVec::new();
        history.push(seen);
        let mut votes = SmallVec::new();
        votes.push((class_id, score));
        Self {
            id: 0,
            class_id,
            score,
            since_s: seen.0,
            seen_s: seen.0,
            hits: 1,
            detection: Some(detection),
            bbox: cornered(seen.1),
            filter,
            at_last: filter,
            history,
            looks: Vec::new(),
            votes,
        }
    }

    /// The speed of its centre in pixels a second.
    #[must_use]
    pub fn velocity(&self) -> [f32; 2] {
        [self.filter.axes[0].speed, self.filter.axes[1].speed]
    }

    /// Whether it is confirmed.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.id > 0
    }

    /// The box of its last detection: centre, width and height.
    pub(super) fn last(&self) -> Seen {
        self.history.last().copied().unwrap_or((self.seen_s, self.filter.values()))
    }

    /// Where it was `seconds` before its last detection, or at the oldest remembered one.
    pub(super) fn before(&self, seconds: f64) -> Seen {
        let until = self.seen_s - seconds;
        self.history
            .iter()
            .rev()
            .find(|(time_s, _)| *time_s <= until)
            .or(self.history.first())
            .copied()
            .unwrap_or_else(|| self.last())
    }

    /// The last three detections.
    pub(super) fn last_three(&self) -> Option<[Seen; 3]> {
        self.history.get(self.history.len().checked_sub(3)?..)?.try_into().ok()
    }

    /// Goes on by so many seconds.
    pub(super) fn advance(&mut self, seconds: f32, camera: Option<Similarity>, tuning: &Tuning) {
        if let Some(camera) = camera {
            self.filter.transform(camera);
            self.at_last.transform(camera);
            for (_, seen) in &mut self.history {
                let [x, y] = camera.apply([seen[0], seen[1]]);
                *seen = [x, y, seen[2] * camera.scale(), seen[3] * camera.scale()];
            }
        }
        self.filter.advance(seconds, tuning);
        self.detection = None;
        self.bbox = cornered(self.filter.values());
    }

    /// Takes a detection over.
    pub(super) fn take(
        &mut self,
        seen: Seen,
        class_id: u32,
        score: f32,
        detection: usize,
        noise: &Noise,
        tuning: &Tuning,
    ) {
        self.filter.correct(seen.1, noise.of(seen.1, tuning));
        self.at_last = self.filter;
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(seen);
        (self.seen_s, self.score, self.detection) = (seen.0, score, Some(detection));
        self.hits = self.hits.saturating_add(1);
        self.vote(class_id, score);
        let (smooth, real) = (self.filter.values(), noise.real(tuning));
        let mut shown = smooth;
        for axis in 0..4 {
            shown[axis] += real[axis] * (seen.1[axis] - smooth[axis]);
        }
        self.bbox = cornered(shown);
    }

    /// Fills in the way since the last detection, as if the object had been seen on a straight line to the new one.
    pub(super) fn fill_gap(&mut self, seen: Seen, step_s: f64, noise: &Noise, tuning: &Tuning) {
        let (start, from) = self.last();
        let gap = seen.0 - start;
        let steps = (gap / step_s.max(0.01)).round().clamp(1.0, 30.0) as u32;
        if steps < 2 {
            return;
        }
        let step = (gap / f64::from(steps)) as f32;
        let mut filter = self.at_last;
        for number in 1..steps {
            let share = number as f32 / steps as f32;
            let mut virtual_box = from;
            for axis in 0..4 {
                virtual_box[axis] += share * (seen.1[axis] - from[axis]);
            }
            filter.advance(step, tuning);
            filter.correct(virtual_box, noise.of(virtual_box, tuning));
        }
        filter.advance(step, tuning);
        self.filter = filter;
    }

    fn vote(&mut self, class_id: u32, score: f32) {
        for (_, weight) in &mut self.votes {
            *weight *= FORGET;
        }
        let weight = if let Some((_, weight)) = self.votes.iter_mut().find(|(class, _)| *class == class_id) {
            *weight += score;
            *weight
        } else {
            if self.votes.len() == self.votes.inline_size() {
                // The class with the fewest votes makes room.
                let current = self.class_id;
                let least = (0..self.votes.len())
                    .filter(|&index| self.votes[index].0 != current)
                    .min_by(|&a, &b| self.votes[a].1.total_cmp(&self.votes[b].1));
                if let Some(least) = least {
                    self.votes.swap_remove(least);
                }
            }
            self.votes.push((class_id, score));
            score
        };
        let current =
            self.votes.iter().find(|(class, _)| *class == self.class_id).map_or(0.0, |(_, weight)| *weight);
        if class_id != self.class_id && weight > MAJORITY * current {
            self.class_id = class_id;
        }
    }

    /// The overlap of its box and another, both by their corners.
    pub(super) fn seen_box(&self) -> [f32; 4] {
        cornered(self.last().1)
    }
}

/// Returns centre, width and height of a detection's box, or nothing if it is no box.
pub fn sane(bbox: [f32; 4]) -> Option<[f32; 4]> {
    let is_box = bbox.iter().all(|value| value.is_finite() && value.abs() < 1e6)
        && bbox[2] > bbox[0]
        && bbox[3] > bbox[1];
    is_box.then(|| centred(bbox))
}
