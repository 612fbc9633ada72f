//! A second session of the running model, for live images that come faster than the model can look: both take the newest
//! frame whenever they are free, so that alternate frames go to either. More results a second come of it, each a little
//! older, because the sessions share the machine. Whether it is worth it is measured, not guessed.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::infer::Lane;
use super::shared::Shared;
use super::shelf::Shelf;
use super::{SourceState, Stats};
use crate::source::Pace;

const WAIT: Duration = Duration::from_millis(50);
/// How often a helper that isn't wanted looks whether it is.
const IDLE: Duration = Duration::from_millis(200);
/// Figures look back three seconds: so long after a change they are of what was there before.
const SETTLED: Duration = Duration::from_secs(4);
/// The second session stays where it gives so many times the results.
const WORTH: f32 = 1.15;
/// And where the image keeps so much of its rate.
const IMAGE: f32 = 0.95;

/// Whether results are to be as new or as many as can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultPace {
    /// One session: each result as soon as can be.
    #[default]
    Fresh,
    /// Two sessions on alternate frames.
    Smooth,
    /// What gives clearly more results here, which is tried once for each model and source.
    Automatic,
}

impl ResultPace {
    /// Every one, in the order in which lists show them.
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
    /// Two sessions are at work.
    pub smooth: bool,
    /// With one session.
    pub fresh_figures: Option<PaceFigures>,
    /// With two.
    pub smooth_figures: Option<PaceFigures>,
}

/// Whether a second session could help now: a live image or a video in its own time.
pub(super) fn is_of_use(shared: &Shared) -> bool {
    !shared.every_frame.load(Relaxed)
        && matches!(&*shared.source(), SourceState::Playing { info, .. } if info.pace != Pace::Stills)
}

/// The second worker.
pub(super) fn run(shared: &Shared, shelf: &Shelf) {
    let mut own: Option<Lane> = None;
    while !shared.stopping() {
        let wanted = shelf.helper();
        if own.as_ref().map(Lane::id) != wanted {
            if let Some(lane) = own.take() {
                lane.give_back(shelf, false);
            }
            own = wanted
                .and_then(|id| Some((id, shelf.take(id)?)))
                .map(|(id, (look, card))| Lane::new(id, look, card));
        }
        let current = shared.model.load().current.clone();
        let (Some(lane), Some(card), true) = (&mut own, current, is_of_use(shared)) else {
            std::thread::sleep(IDLE);
            continue;
        };
        let Some(frame) = shared.decoded.wait(WAIT) else { continue };
        // Its results are those of the model that runs first.
        lane.run_as(&card, &shared.thresholds());
        let slow_down = Duration::from_millis(shared.slow_down_ms.load(Relaxed));
        match lane.look(&frame, slow_down) {
            Ok(prediction) => {
                shared.publish_helped(&prediction);
                shared.helped.put(frame);
            }
            Err(error) => {
                tracing::warn!("the second session fails: {error}");
                if let Some(lane) = own.take() {
                    lane.give_back(shelf, true);
                }
            }
        }
    }
}

/// Decides whether a second session is wanted, by what is measured.
#[derive(Debug)]
pub(super) struct Tuner {
    /// The first model's id and the source's generation that the figures are of.
    of: Option<(u64, u64)>,
    /// When a session was last added or taken away.
    since: Instant,
    trial: Trial,
    report: PaceReport,
    /// No second session can be had for this model.
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

    /// Whether a second session is wanted beside the model `of` = (its id, the source's generation).
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
                Trial::Over(more && smooth.preview_fps >= IMAGE * fresh.preview_fps)
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

impl Shared {
    /// Takes over a result of the second session, unless a newer one is there or another model took over.
    fn publish_helped(&self, prediction: &Arc<super::Prediction>) {
        let mut newest = self.published();
        let current = self.model.load();
        let is_current = current.current.as_ref().is_some_and(|card| Arc::ptr_eq(card, &prediction.model));
        let captured = prediction.frame.captured;
        if !is_current
            || prediction.frame.generation != self.generation()
            || newest.is_some_and(|newest| newest >= captured)
        {
            return;
        }
        *newest = Some(captured);
        self.book.finished(captured, &prediction.times, false);
        self.prediction.store(Some(Arc::clone(prediction)));
        drop(newest);
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Percentiles;

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
