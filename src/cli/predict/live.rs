//! `predict --live-latency`: what the window would draw on each frame of a video beside a model that takes so long.
//!
//! Time is that of the video, so the same video always gives the same lines: the model starts on a frame when it is free, and its result
//! is there with the first frame that comes so much later.

use std::collections::VecDeque;

use crate::frame::Frame;
use crate::model::Results;
use crate::motion::Follower;

/// Frame times are sums of fractions: so much too early still counts as in time.
const EARLY_S: f64 = 1e-6;

/// Which frames the model runs on.
#[derive(Debug)]
pub struct Schedule {
    /// From the start of a run to the next one.
    interval_s: f64,
    free_at: f64,
}

impl Schedule {
    /// A model that takes so many milliseconds, with so many frames at once.
    #[must_use]
    pub fn new(latency_ms: f64, at_once: u8) -> Self {
        Self { interval_s: latency_ms / 1000.0 / f64::from(at_once.max(1)), free_at: 0.0 }
    }

    /// Another video begins.
    pub fn restart(&mut self) {
        self.free_at = 0.0;
    }

    /// Whether the model starts on the frame at `time` seconds.
    pub fn runs(&mut self, time: f64) -> bool {
        let free = time + EARLY_S >= self.free_at;
        if free {
            self.free_at = time + self.interval_s;
        }
        free
    }
}

/// The result of one frame.
#[derive(Debug, Default)]
struct Result {
    results: Results,
    sequence: u64,
    time: f64,
}

/// What is drawn on each frame.
#[derive(Debug)]
pub struct Live {
    latency_s: f64,
    /// `None`: boxes stay where the model found them.
    follower: Option<Follower>,
    /// The frames that the model is at work on, the oldest first.
    pending: VecDeque<Result>,
    shown: Option<Result>,
}

impl Live {
    /// A model that takes so many milliseconds.
    #[must_use]
    pub fn new(latency_ms: f64, follow: bool) -> Self {
        Self {
            latency_s: latency_ms / 1000.0,
            follower: follow.then(Follower::default),
            pending: VecDeque::new(),
            shown: None,
        }
    }

    /// Another video begins.
    pub fn restart(&mut self) {
        self.pending.clear();
        self.shown = None;
        if let Some(follower) = &mut self.follower {
            follower.reset();
        }
    }

    /// Takes a frame at `time` seconds with what the model found in it, if it ran on it, and replaces that by what is drawn.
    /// Returns how old the result is that is drawn, in milliseconds; `None` while there is none.
    pub fn draw(&mut self, frame: &Frame, time: f64, results: &mut Results, ran: bool) -> Option<f64> {
        if let Some(follower) = &mut self.follower {
            follower.frame(frame, time);
        }
        self.take_ready(time);
        let task = results.task;
        if ran {
            self.pending.push_back(Result { results: results.clone(), sequence: frame.sequence, time });
            // A model that takes no time.
            self.take_ready(time);
        }
        results.clear(task, (frame.width, frame.height));
        let shown = self.shown.as_ref()?;
        match &self.follower {
            // A result of this very frame needs no help.
            Some(follower) if shown.time < time && shown.results.task.finds_objects() => {
                results.task = shown.results.task;
                follower.write(results);
            }
            _ => results.clone_from(&shown.results),
        }
        Some((time - shown.time) * 1000.0)
    }

    /// The model has ended its run: its result is shown from now on.
    fn take_ready(&mut self, time: f64) {
        let is_ready = |p: &mut Result| p.time + self.latency_s <= time + EARLY_S;
        let mut newest = None;
        while let Some(ready) = self.pending.pop_front_if(is_ready) {
            newest = Some(ready);
        }
        let Some(ready) = newest else { return };
        if let Some(follower) = &mut self.follower {
            follower.result(&ready.results, ready.sequence, ready.time);
            while follower.is_catching_up() {
                follower.advance();
            }
        }
        self.shown = Some(ready);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::results::Detection;

    #[test]
    fn a_model_of_100_ms_runs_on_every_third_frame() {
        let mut schedule = Schedule::new(100.0, 1);
        let frames: Vec<_> = (0..10).filter(|k| schedule.runs(f64::from(*k) / 30.0)).collect();
        assert_eq!(frames, [0, 3, 6, 9]);
        schedule.restart();
        assert!(schedule.runs(0.0));
        let mut schedule = Schedule::new(100.0, 3);
        assert!((0..10).all(|k| schedule.runs(f64::from(k) / 30.0)), "three at once keep up");
    }

    #[test]
    fn with_several_frames_at_once_each_result_is_as_old_but_there_are_more() {
        let mut live = Live::new(100.0, false);
        let frame = |k: u64| Frame { sequence: k, ..Frame::filled(64, 64, [0; 4]) };
        for k in 0..10 {
            let mut results = Results::default();
            results.detections.push(Detection::new(0, 0.9, [k as f32, 0.0, 10.0, 10.0]));
            let age = live.draw(&frame(k), k as f64 / 30.0, &mut results, true);
            assert_eq!(age.map(f64::round), (k >= 3).then_some(100.0));
            assert!(results.detections.iter().all(|d| d.bbox[0] == (k - 3) as f32));
        }
    }

    #[test]
    fn without_following_a_box_stays_where_it_was_found() {
        let mut live = Live::new(100.0, false);
        let frame = |k: u64| Frame { sequence: k, ..Frame::filled(64, 64, [0; 4]) };
        let mut ages = Vec::new();
        for k in 0..5 {
            let mut results = Results::default();
            results.detections.push(Detection::new(0, 0.9, [k as f32, 0.0, 10.0, 10.0]));
            let age = live.draw(&frame(k), k as f64 / 30.0, &mut results, k % 3 == 0);
            assert_eq!(results.detections.len(), usize::from(age.is_some()));
            assert!(results.detections.iter().all(|d| d.bbox[0] == 0.0));
            ages.push(age.map(f64::round));
        }
        assert_eq!(ages, [None, None, None, Some(100.0), Some(133.0)]);
    }
}
