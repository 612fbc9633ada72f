//! Whether a second session of the running model is wanted, for frames that come faster than the model runs: both sessions take
//! the newest frame when they are free, so that alternate frames go to either. That gives more results a second, each a
//! little older, because the sessions share the machine. Whether it pays is measured.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::engine::metrics::Stats;

/// Figures look back three seconds, so that for so long after a change they still contain the time before it.
const SETTLED: Duration = Duration::from_secs(4);
/// The second session stays if it gives so many times the results.
const WORTH: f32 = 1.15;
/// And if the preview keeps so much of its rate.
const PREVIEW: f32 = 0.95;

/// Whether results are made as new or as many as possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultPace {
    /// One session: each result as soon as possible.
    #[default]
    Fresh,
    /// Two sessions on alternate frames.
    Smooth,
    /// Two sessions if they give clearly more results, which is tried once for each model and source.
    Automatic,
}

impl ResultPace {
    /// All of them, in the order in which lists show them.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Smooth, Self::Automatic];
}

/// What was measured with one session or two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaceFigures {
    /// Results a second.
    pub fps: f32,
    /// From the frame's capture to its result, median, in milliseconds.
    pub age_ms: f32,
    preview_fps: f32,
}

/// How results are made now, and what was measured for the model and source that run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PaceReport {
    /// Two sessions run.
    pub smooth: bool,
    /// Frames that are processed at once: with a model on a server, requests under way.
    pub in_flight: usize,
    /// With one session.
    pub fresh_figures: Option<PaceFigures>,
    /// With two.
    pub smooth_figures: Option<PaceFigures>,
}

/// Decides whether a second session is wanted, from what is measured.
#[derive(Debug)]
pub(in crate::engine) struct Tuner {
    /// The first session's id and the number of the feed that the figures belong to.
    of: Option<(u64, u64)>,
    /// When a session was last added or taken away.
    since: Instant,
    trial: Trial,
    report: PaceReport,
    /// There can be no second session for this model.
    refused: bool,
}

/// How far the automatic choice is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trial {
    /// One session is being measured.
    Before,
    /// Two sessions are being measured.
    Running,
    /// Whether two are better.
    Over(bool),
}

impl Default for Tuner {
    fn default() -> Self {
        Self::new()
    }
}

impl Tuner {
    pub fn new() -> Self {
        Self {
            of: None,
            since: Instant::now(),
            trial: Trial::Before,
            report: PaceReport::default(),
            refused: false,
        }
    }

    /// What is known now.
    pub fn report(&self) -> PaceReport {
        self.report
    }

    /// Whether a second session is wanted next to the model `of` = (its id, the source's generation).
    pub fn wants(&mut self, pace: ResultPace, of: (u64, u64), stats: &Stats, now: Instant) -> bool {
        if self.of != Some(of) {
            let smooth = self.report.smooth;
            *self = Self {
                of: Some(of),
                since: now,
                report: PaceReport { smooth, ..PaceReport::default() },
                ..Self::new()
            };
        }
        let settled = now.saturating_duration_since(self.since) >= SETTLED;
        if settled && stats.inference_fps > 0.0 {
            let figures = PaceFigures {
                fps: stats.inference_fps,
                age_ms: stats.prediction_age.median,
                preview_fps: stats.preview_fps,
            };
            let place = if self.report.smooth {
                &mut self.report.smooth_figures
            } else {
                &mut self.report.fresh_figures
            };
            *place = Some(figures);
        }
        if self.refused {
            return false;
        }
        match pace {
            ResultPace::Fresh => false,
            ResultPace::Smooth => true,
            ResultPace::Automatic => {
                self.trial = self.next_trial(settled, stats);
                matches!(self.trial, Trial::Running | Trial::Over(true))
            }
        }
    }

    fn next_trial(&self, settled: bool, stats: &Stats) -> Trial {
        match (self.trial, self.report.fresh_figures, self.report.smooth_figures) {
            // A model that keeps up with the source has nothing to gain.
            (Trial::Before, Some(fresh), _) if settled && fresh.fps < 0.9 * stats.source_fps => {
                Trial::Running
            }
            (Trial::Running, Some(fresh), Some(smooth)) if settled => {
                let more = smooth.fps >= WORTH * fresh.fps;
                Trial::Over(more && smooth.preview_fps >= PREVIEW * fresh.preview_fps)
            }
            (trial, ..) => trial,
        }
    }

    /// The second session was added or taken away.
    pub fn changed(&mut self, smooth: bool, now: Instant) {
        self.report.smooth = smooth;
        self.since = now;
    }

    /// No second session can be had for this model.
    pub fn refuse(&mut self) {
        self.refused = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::metrics::Percentiles;

    fn stats(inference_fps: f32, preview_fps: f32) -> Stats {
        let prediction_age = Percentiles { median: 80.0, p95: 90.0 };
        Stats { source_fps: 30.0, preview_fps, inference_fps, prediction_age, ..Stats::default() }
    }

    /// Lets the automatic choice run, with so many results a second from one session and from two.
    fn choose(fresh: f32, smooth: f32, preview: f32) -> (bool, PaceReport) {
        let mut tuner = Tuner::new();
        let begin = Instant::now();
        let mut wanted = false;
        for tenth in 0..200u64 {
            let now = begin + Duration::from_millis(tenth * 100);
            let figures = if wanted { stats(smooth, preview) } else { stats(fresh, 30.0) };
            let wants = tuner.wants(ResultPace::Automatic, (1, 1), &figures, now);
            if wants != wanted {
                wanted = wants;
                tuner.changed(wanted, now);
            }
        }
        (wanted, tuner.report())
    }

    #[test]
    fn two_sessions_stay_where_they_give_clearly_more() {
        let (kept, report) = choose(10.0, 16.0, 30.0);
        assert!(kept && report.smooth);
        let rates = [report.fresh_figures, report.smooth_figures].map(|f| f.map(|f| f.fps));
        assert_eq!(rates, [Some(10.0), Some(16.0)], "both are there to be shown");
        assert!(!choose(10.0, 11.0, 30.0).0, "a tenth more isn't worth an older result");
        assert!(!choose(10.0, 16.0, 20.0).0, "the image suffers");
        let (kept, report) = choose(29.0, 50.0, 30.0);
        assert!(!kept && report.smooth_figures.is_none(), "a model that keeps up is left alone");
    }

    #[test]
    fn another_model_is_measured_anew() {
        let mut tuner = Tuner::new();
        let begin = Instant::now();
        let later = begin + Duration::from_secs(5);
        tuner.wants(ResultPace::Fresh, (1, 1), &stats(10.0, 30.0), begin);
        tuner.wants(ResultPace::Fresh, (1, 1), &stats(10.0, 30.0), later);
        assert!(tuner.report().fresh_figures.is_some());
        tuner.wants(ResultPace::Fresh, (2, 1), &stats(20.0, 30.0), later);
        assert_eq!(tuner.report().fresh_figures, None);
        tuner.refuse();
        assert!(!tuner.wants(ResultPace::Smooth, (2, 1), &stats(20.0, 30.0), later));
        assert!(tuner.wants(ResultPace::Smooth, (3, 1), &stats(20.0, 30.0), later));
    }
}
