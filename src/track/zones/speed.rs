//! The speed of a track on the ground.

use std::collections::VecDeque;

/// Where a track was on the ground in the last second, with the time of each frame.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// Time in seconds, then metres.
    points: VecDeque<(f64, [f64; 2])>,
}

/// Seconds over which speed is measured.
const SPAN_S: f64 = 1.0;
/// Shorter paths give no speed: noise would be larger than the way.
const LEAST_SPAN_S: f64 = 0.25;
/// Points that are kept, at most.
const MAX_POINTS: usize = 64;

impl Path {
    /// Forgets everything; the buffer stays.
    pub fn clear(&mut self) {
        self.points.clear();
    }

    /// Adds where the track is now.
    pub fn add(&mut self, now_s: f64, at: [f64; 2]) {
        let too_soon =
            self.points.back().is_some_and(|(last, _)| now_s - last < SPAN_S / (MAX_POINTS - 2) as f64);
        if too_soon {
            return;
        }
        self.points.push_back((now_s, at));
        while self.points.front().is_some_and(|(first, _)| now_s - first > SPAN_S + 1e-6)
            && self.points.len() > 2
            || self.points.len() > MAX_POINTS
        {
            self.points.pop_front();
        }
    }

    /// The speed in metres a second: that of the straight, even motion nearest to all points. `None` before the track has been
    /// seen for a quarter of a second.
    #[must_use]
    pub fn speed(&self) -> Option<f32> {
        let (first, last) = (self.points.front()?.0, self.points.back()?.0);
        if self.points.len() < 3 && last - first < SPAN_S / 2.0 || last - first < LEAST_SPAN_S {
            return None;
        }
        let count = self.points.len() as f64;
        let mean_t = self.points.iter().map(|(t, _)| t - first).sum::<f64>() / count;
        let spread: f64 = self.points.iter().map(|(t, _)| (t - first - mean_t).powi(2)).sum();
        let slope = |axis: usize| {
            self.points.iter().map(|(t, at)| (t - first - mean_t) * at[axis]).sum::<f64>() / spread
        };
        let speed = slope(0).hypot(slope(1));
        speed.is_finite().then_some(speed as f32)
    }
}
