//! How a model runs: which execution provider ran what, how many threads suit it, which input size keeps a rate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use crate::app::intent::Page;
use crate::app::speed::size::{Fitted, fitted};
use crate::app::speed::tune::{Next, Tune};
use crate::app::view::{Ran, SpeedView, TuneProgress, frames_come, listed, tuned};
use crate::app::workers::Done;
use crate::engine::{ModelInfo, SourceState};
use crate::library::records::ModelRecords;
use crate::model::nodes::NodeShare;
use crate::model::spec::Size;

/// A model is measured after it has run for so long on a source. Figures cover the last three seconds, so after a change
/// they are of the new state from then on.
const SETTLED: Duration = Duration::from_secs(4);
/// Larger models aren't opened a second time without being asked.
const TUNED_UP_TO: u64 = 400 << 20;

/// What was measured of the running model.
#[derive(Debug)]
pub struct Speed {
    /// The model that `ran` is about.
    of: Option<Arc<ModelInfo>>,
    ran: Option<Ran>,
    tune: Option<Tune>,
    /// When the number of threads that is being tried was asked for.
    asked: Option<Instant>,
    /// When the result that a tune counted last was ready.
    counted: Option<Instant>,
    /// The input size that keeps the rate that was asked for.
    fitted: Option<Fitted>,
    /// The input size that the model has by itself.
    first_size: Option<Fitted>,
    /// The records when the program started: the first model opens before the list of models is there.
    at_start: ModelRecords,
    /// Models that aren't tuned again until the program ends.
    passed_over: Vec<PathBuf>,
}

/// What a tune asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Wait,
    /// Run the model with so many threads; `None`: with those that are known to suit it.
    Run(Option<usize>),
}

impl Speed {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(at_start: ModelRecords) -> Self {
        Self {
            of: None,
            ran: None,
            tune: None,
            asked: None,
            counted: None,
            fitted: None,
            first_size: None,
            at_start,
            passed_over: Vec::new(),
        }
    }

    /// What the panel shows.
    #[must_use]
    pub fn view(&self) -> SpeedView<'_> {
        let progress = |tune: &Tune| TuneProgress { threads: tune.threads(), place: tune.place() };
        SpeedView { ran: self.ran.as_ref(), tune: self.tune.as_ref().map(progress) }
    }

    /// How many threads a model gets, if that was measured.
    #[must_use]
    pub fn threads_for(&self, model: &Path, provider: &str, core: &Core) -> Option<usize> {
        if core.models.is_empty() {
            return self.at_start.of(model).tuned.filter(|t| t.provider == provider).map(|t| t.threads);
        }
        tuned(&core.models, model, provider).map(|t| t.threads)
    }

    /// The input size that keeps the rate that was asked for, if one was found for this model.
    #[must_use]
    pub fn size_for(&self, model: &Path, core: &Core) -> Option<(u32, u32)> {
        core.settings.target_rate?;
        self.fitted.as_ref().filter(|f| f.path == model).map(|f| f.size)
    }

    /// Forgets the input size that was found for another rate.
    pub fn forget_size(&mut self) {
        self.fitted = None;
    }

    /// Another model runs, or the same in another way. Returns whether a worker is to find out who runs what.
    pub fn model_changed(&mut self, model: &Arc<ModelInfo>, core: &Core) -> bool {
        if self.of.as_ref().is_some_and(|of| of.path == model.path && of.provider == model.provider) {
            return false;
        }
        self.of = Some(Arc::clone(model));
        // The CPU runs everything if nothing else was asked for.
        let mixed = core.settings.device.is_some() && !model.provider.starts_with("CPU");
        self.ran = mixed.then_some(Ran::Looking);
        mixed
    }

    /// A worker found out who runs what.
    pub fn ran(&mut self, path: &Path, result: Result<Vec<NodeShare>, String>) {
        if self.of.as_ref().is_some_and(|of| of.path == path) {
            self.ran = Some(match result {
                Ok(shares) => Ran::Known(shares),
                Err(error) => Ran::Failed(error),
            });
        }
    }

    /// A frame was shown, so long after it was captured.
    pub fn shown(&mut self, age_ms: f32) {
        if let Some(tune) = &mut self.tune {
            tune.shown(age_ms);
        }
    }

    /// Gives up a measurement without a change to the model.
    pub fn forget_tune(&mut self) {
        self.tune = None;
    }

    /// Begins to measure how many threads suit the running model.
    pub fn begin_tune(&mut self, core: &Core) -> Step {
        let Some(model) = &core.model.current else { return Step::Wait };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let tune = Tune::new(model.path.clone(), model.provider.clone(), cores);
        let threads = tune.threads();
        self.tune = Some(tune);
        self.run(Some(threads))
    }

    /// Ends a measurement; the model gets the threads back that it had.
    pub fn stop_tune(&mut self, core: &Core) -> Step {
        let Some(tune) = self.tune.take() else { return Step::Wait };
        self.passed_over.push(tune.path.clone());
        match core.model.current.as_ref().filter(|model| model.path == tune.path) {
            Some(model) => self.run(self.threads_for(&model.path, &model.provider, core)),
            None => Step::Wait,
        }
    }

    fn run(&mut self, threads: Option<usize>) -> Step {
        self.asked = Some(Instant::now());
        Step::Run(threads)
    }

    /// Counts the results that came, and goes on with the measurement; begins one for a model that never had one.
    pub fn tune(&mut self, running_since: Option<Instant>, core: &Core, ctx: &egui::Context) -> Step {
        let playing = frames_come(&core.source);
        let Some(model) = core.model.current.clone() else {
            self.tune = None;
            return Step::Wait;
        };
        let Some(tune) = &mut self.tune else {
            let wanted = playing && self.wants_tune(&model, running_since, core);
            return if wanted { self.begin_tune(core) } else { Step::Wait };
        };
        // Nothing wakes the window while a source stalls.
        ctx.request_repaint_after(Duration::from_millis(500));
        let same = tune.path == model.path && tune.provider == model.provider;
        if !playing || !same || core.model.failed.is_some() {
            return self.stop_tune(core);
        }
        if let Some(prediction) = core.prediction.as_ref().filter(|o| self.counted != Some(o.finished)) {
            self.counted = Some(prediction.finished);
            tune.result(prediction.model.threads, prediction.times.total, prediction.finished);
        }
        let now = Instant::now();
        match tune.next(self.asked.unwrap_or(now), now) {
            Next::Wait => Step::Wait,
            Next::Try(threads) => self.run(Some(threads)),
            Next::GiveUp => self.stop_tune(core),
            Next::Done(tuned) => {
                self.tune = None;
                let threads = tuned.threads;
                let entry = listed(&core.models, &model.path);
                let path = entry.map_or_else(|| model.path.clone(), |entry| entry.path.clone());
                self.passed_over.push(model.path.clone());
                core.library_job(move |watcher| {
                    watcher
                        .update(|records| records.change(&path, |record| record.tuned = Some(tuned.clone())));
                    Done::Nothing
                });
                self.run(Some(threads))
            }
        }
    }

    /// Whether the running model was never tuned and may be.
    fn wants_tune(&self, model: &ModelInfo, running_since: Option<Instant>, core: &Core) -> bool {
        let known = listed(&core.models, &model.path);
        known.is_some_and(|entry| entry.stamp.bytes <= TUNED_UP_TO && entry.sha256.is_some())
            && running_since.is_some_and(|since| since.elapsed() >= SETTLED)
            && core.model.opening.is_none()
            && !matches!(core.page, Page::Reading(_) | Page::Inside)
            && tuned(&core.models, &model.path, &model.provider).is_none()
            && !self.passed_over.contains(&model.path)
            && model.provider == "CPU"
    }

    /// Finds the input size for the rate that was asked for; returns whether the model is to be opened with it.
    pub fn fit_size(&mut self, running_since: Option<Instant>, core: &Core) -> bool {
        let (Some(rate), Some(model)) = (core.settings.target_rate, &core.model.current) else {
            return false;
        };
        let Size::Dynamic { width, height, stride } = model.spec.input.size else { return false };
        let settled = running_since.is_some_and(|since| since.elapsed() >= SETTLED);
        let playing = matches!(*core.source, SourceState::Playing { .. });
        if !playing || !settled || self.tune.is_some() || core.model.opening.is_some() {
            return false;
        }
        let first = self.first_size.as_ref().filter(|f| f.path == model.path).map(|f| f.size);
        let most = first.unwrap_or((width, height));
        let Some(size) = fitted((width, height), most, stride, core.stats.total.median, rate) else {
            return false;
        };
        self.first_size = Some(Fitted { path: model.path.clone(), size: most });
        self.fitted = Some(Fitted { path: model.path.clone(), size });
        true
    }
}
