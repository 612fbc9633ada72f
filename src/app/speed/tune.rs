//! How many threads a model gets: measured while the preview runs, never guessed from the number of
//! cores.
//!
//! The model runs with each number of threads in turn, on the frames that come anyway. The fastest that leaves the
//! preview as it was is kept: more threads than free cores make both slower.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::library::records::{Trial, Tuned};

/// The first results of a trial are of a loop that isn't warm.
const PASSED_OVER: usize = 3;
/// Enough results for a median; a slow model is given less, but at least [`LEAST`].
const ENOUGH: usize = 30;
const LEAST: usize = 5;
/// How long a trial lasts once there are [`LEAST`] results, and how long at most.
const LONG: Duration = Duration::from_millis(1500);
const LONGEST: Duration = Duration::from_secs(8);
/// The preview may get so much older before it counts as disturbed, in milliseconds.
const DISTURBED: f32 = 5.0;
/// Another thread must save so much to be worth it.
const WORTH: f32 = 0.93;

/// A measurement under way.
#[derive(Debug)]
pub struct Tune {
    /// The model's file.
    pub path: PathBuf,
    /// The execution provider that runs it; results of others aren't counted.
    pub provider: String,
    candidates: Vec<usize>,
    at: usize,
    began: Option<Instant>,
    passed_over: usize,
    times_ms: Vec<f32>,
    ages_ms: Vec<f32>,
    trials: Vec<Trial>,
}

/// The next step.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing yet.
    Wait,
    /// Run the model with so many threads.
    Try(usize),
    /// All trials are done.
    Done(Tuned),
    /// The model gives no results, so nothing was measured.
    GiveUp,
}

impl Tune {
    /// For a computer of so many cores. Run the model with [`Tune::threads`] next.
    #[must_use]
    pub fn new(path: PathBuf, provider: String, cores: usize) -> Self {
        Self {
            path,
            provider,
            candidates: candidates(cores),
            at: 0,
            began: None,
            passed_over: 0,
            times_ms: Vec::new(),
            ages_ms: Vec::new(),
            trials: Vec::new(),
        }
    }

    /// The number of threads that is being tried.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.candidates.get(self.at).copied().unwrap_or(1)
    }

    /// Which trial this is, from 1, and of how many.
    #[must_use]
    pub fn place(&self) -> (usize, usize) {
        (self.at + 1, self.candidates.len())
    }

    /// An image was shown, so long after it was captured.
    pub fn shown(&mut self, age_ms: f32) {
        if self.began.is_some() && self.ages_ms.len() < 1000 {
            self.ages_ms.push(age_ms);
        }
    }

    /// A result of the model came, made with so many threads.
    pub fn result(&mut self, threads: usize, total_ms: f32, now: Instant) {
        if threads != self.threads() {
            return;
        }
        if self.passed_over < PASSED_OVER {
            self.passed_over += 1;
            return;
        }
        self.began.get_or_insert(now);
        self.times_ms.push(total_ms);
    }

    /// What to do now. `asked`: since when the number of threads that is being tried was asked for.
    pub fn next(&mut self, asked: Instant, now: Instant) -> Next {
        let enough = self.times_ms.len() >= ENOUGH
            || (self.times_ms.len() >= LEAST
                && self.began.is_some_and(|b| now.saturating_duration_since(b) >= LONG));
        if !enough {
            let late = now.saturating_duration_since(asked) >= LONGEST;
            if !late {
                return Next::Wait;
            }
            if self.times_ms.is_empty() {
                return Next::GiveUp;
            }
        }
        self.trials.push(Trial {
            threads: self.threads(),
            total_ms: part(&mut self.times_ms, 0.5),
            image_ms: part(&mut self.ages_ms, 0.95),
        });
        self.at += 1;
        self.began = None;
        self.passed_over = 0;
        self.times_ms.clear();
        self.ages_ms.clear();
        if self.at < self.candidates.len() {
            return Next::Try(self.threads());
        }
        let trials = std::mem::take(&mut self.trials);
        Next::Done(Tuned {
            threads: best(&trials),
            provider: self.provider.clone(),
            runtime: crate::model::runtime::loaded().map(|r| r.version().to_owned()).unwrap_or_default(),
            trials,
        })
    }
}

/// 1, 2, 4, 8, and all cores but one.
fn candidates(cores: usize) -> Vec<usize> {
    let mut all: Vec<usize> = [1, 2, 4, 8, cores.saturating_sub(1)]
        .into_iter()
        .filter(|n| (1..=cores.min(8)).contains(n))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The fastest number of threads that leaves the preview as smooth as the smoothest trial; fewer threads if more gain little.
fn best(trials: &[Trial]) -> usize {
    let calmest = trials.iter().map(|t| t.image_ms).fold(f32::INFINITY, f32::min);
    let mut best: Option<&Trial> = None;
    for trial in trials.iter().filter(|t| t.image_ms <= calmest + DISTURBED) {
        if best.is_none_or(|b| trial.total_ms < b.total_ms * WORTH) {
            best = Some(trial);
        }
    }
    best.map_or(1, |b| b.threads)
}

fn part(values: &mut [f32], part: f32) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f32 * part).round() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(threads: usize, total_ms: f32, image_ms: f32) -> Trial {
        Trial { threads, total_ms, image_ms }
    }

    #[test]
    fn the_image_comes_first_then_speed_then_thrift() {
        assert_eq!(best(&[trial(1, 20.0, 8.0), trial(2, 11.0, 9.0)]), 2);
        assert_eq!(best(&[trial(1, 20.0, 8.0), trial(2, 11.0, 30.0)]), 1, "the image suffers");
        assert_eq!(best(&[trial(1, 20.0, 8.0), trial(2, 19.5, 8.0)]), 1, "not worth a core");
        assert_eq!(best(&[trial(1, 20.0, 8.0), trial(2, 11.0, 8.0), trial(4, 12.0, 8.0)]), 2);
        assert_eq!(best(&[]), 1);
    }

    #[test]
    fn the_numbers_that_are_tried_leave_no_core_out_and_none_over() {
        assert_eq!(candidates(1), [1]);
        assert_eq!(candidates(2), [1, 2]);
        assert_eq!(candidates(6), [1, 2, 4, 5]);
        assert_eq!(candidates(32), [1, 2, 4, 8]);
    }

    #[test]
    fn a_tune_tries_each_number_and_keeps_what_was_measured() {
        let begin = Instant::now();
        let mut tune = Tune::new("a.onnx".into(), "CPU".into(), 2);
        assert_eq!(tune.threads(), 1);
        for (threads, ms) in [(1, 20.0), (2, 10.0)] {
            tune.result(3, 1.0, begin);
            for i in 0..ENOUGH + PASSED_OVER {
                assert_eq!(tune.next(begin, begin), Next::Wait, "{i}");
                tune.result(threads, ms, begin);
                tune.shown(7.0);
            }
            match tune.next(begin, begin) {
                Next::Try(threads) => assert_eq!(threads, 2),
                Next::Done(tuned) => {
                    assert_eq!(tuned.threads, 2);
                    assert_eq!(tuned.trials, [trial(1, 20.0, 7.0), trial(2, 10.0, 7.0)]);
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("it never ended");
    }

    #[test]
    fn a_model_without_results_is_given_up() {
        let begin = Instant::now();
        let mut tune = Tune::new("a.onnx".into(), "CPU".into(), 2);
        assert_eq!(tune.next(begin, begin + LONGEST), Next::GiveUp);
    }
}
