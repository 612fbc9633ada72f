//! What runs a model, and with how many threads: chosen by the user or measured, always told.

mod panel;
mod size;
mod tune;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub use panel::ui;
pub use tune::Tune;

use super::window::App;
use super::workers::Done;
use crate::engine::{Command, ModelChoice, ModelInfo, SourceState};
use crate::library::ModelEntry;
use crate::library::records::{ModelRecords, Tuned};
use crate::model::nodes::{self, NodeShare};
use crate::model::runtime;
use crate::source::Pace;
use size::Fitted;

/// A model that has run so long beside an image is tuned, where it never was, in seconds.
const SETTLED: u64 = 4;
/// Larger models aren't opened a second time unasked.
const TUNED_UP_TO: u64 = 400 << 20;

/// What ran which part of a model.
#[derive(Clone, Debug)]
pub enum Ran {
    /// It is being found out.
    Looking,
    Known(Vec<NodeShare>),
    Failed(String),
}

/// What the panel shows of the running model.
#[derive(Debug, Default)]
pub struct Speed {
    /// The model that `ran` is about.
    of: Option<Arc<ModelInfo>>,
    pub ran: Option<Ran>,
    pub tune: Option<Tune>,
    /// Since when the number of threads that is being tried was asked for.
    asked: Option<Instant>,
    /// When the result that a tune counted last was ready.
    counted: Option<Instant>,
    /// The input size that keeps the rate that was asked for, and the one that the model has unasked.
    fitted: Option<Fitted>,
    first_size: Option<Fitted>,
    /// What was remembered when the program started: the first model opens before the list of models is there.
    at_start: ModelRecords,
    /// Models that weren't tuned for a reason that holds until the program ends.
    passed_over: Vec<PathBuf>,
}

/// How a model's threads were chosen, where they were measured with this provider and runtime.
#[must_use]
pub fn tuned<'a>(cards: &'a [Arc<ModelEntry>], model: &std::path::Path, provider: &str) -> Option<&'a Tuned> {
    let card = listed(cards, model)?;
    let version = runtime::loaded().map(runtime::Runtime::version);
    card.tuned.as_ref().filter(|t| t.provider == provider && version.is_none_or(|v| v == t.runtime))
}

/// The card of a model's file.
pub(super) fn listed<'a>(
    cards: &'a [Arc<ModelEntry>],
    model: &std::path::Path,
) -> Option<&'a Arc<ModelEntry>> {
    cards.iter().find(|c| super::model_panel::same_file(&c.path, model))
}

/// Whether a source brings frame after frame, as an image doesn't.
pub(super) fn frames_come(source: &SourceState) -> bool {
    matches!(source, SourceState::Playing { info, .. } if info.pace != Pace::Stills)
}

impl Speed {
    /// Nothing runs yet.
    pub fn remembering(notes: ModelRecords) -> Self {
        Self { at_start: notes, ..Self::default() }
    }
}

impl App {
    /// How many threads a model gets, where they were measured.
    pub(super) fn threads_for(&self, model: &std::path::Path, provider: &str) -> Option<usize> {
        if self.state.cards.is_empty() {
            return self.speed.at_start.of(model).tuned.filter(|t| t.provider == provider).map(|t| t.threads);
        }
        tuned(&self.state.cards, model, provider).map(|t| t.threads)
    }

    /// Another model runs, or the same in another way.
    pub(super) fn look_who_runs(&mut self, card: &Arc<ModelInfo>) {
        let speed = &mut self.speed;
        if speed.of.as_ref().is_some_and(|of| of.path == card.path && of.provider == card.provider) {
            return;
        }
        speed.of = Some(Arc::clone(card));
        speed.ran = None;
        // The CPU runs everything where nothing else was asked for.
        if self.state.settings.device.is_none() || card.provider.starts_with("CPU") {
            return;
        }
        speed.ran = Some(Ran::Looking);
        let options = crate::model::OpenOptions {
            threads: Some(card.threads),
            adapter: card.adapter.clone(),
            ..self.options_for(&card.path)
        };
        let path = card.path.clone();
        self.workers.run("who ran what", move || {
            let answer = nodes::who_ran_what(&path, &options).map_err(|e| e.to_string());
            Done::Ran(path, answer)
        });
    }

    /// A worker found out who ran what.
    pub(super) fn ran(&mut self, path: &std::path::Path, answer: Result<Vec<NodeShare>, String>) {
        if self.speed.of.as_ref().is_some_and(|of| of.path == path) {
            self.speed.ran = Some(match answer {
                Ok(shares) => Ran::Known(shares),
                Err(error) => Ran::Failed(error),
            });
        }
    }

    /// Runs models on this provider from now on.
    pub(super) fn set_device(&mut self, device: Option<String>) {
        self.state.settings.device = device;
        if let Some(card) = self.state.model.current.clone() {
            self.set_adapter(card.adapter.clone());
        }
    }

    /// Begins to measure how many threads suit the running model.
    pub(super) fn begin_tune(&mut self) {
        let Some(card) = self.state.model.current.clone() else { return };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let tune = Tune::new(card.path.clone(), card.provider.clone(), cores);
        let threads = tune.threads();
        self.speed.tune = Some(tune);
        self.run_with(&card, Some(threads));
    }

    /// Ends a tune; the model goes back to the threads that it had.
    pub(super) fn stop_tune(&mut self) {
        let Some(tune) = self.speed.tune.take() else { return };
        self.speed.passed_over.push(tune.path.clone());
        if let Some(card) = self.state.model.current.clone().filter(|c| c.path == tune.path) {
            let threads = self.threads_for(&card.path, &card.provider);
            self.run_with(&card, threads);
        }
    }

    fn run_with(&mut self, card: &ModelInfo, threads: Option<usize>) {
        let options = crate::model::OpenOptions {
            threads,
            adapter: card.adapter.clone(),
            ..self.options_for(&card.path)
        };
        self.speed.asked = Some(Instant::now());
        self.engine.send(Command::SetModel(ModelChoice { path: card.path.clone(), options }));
    }

    /// Takes the results that came to the tune and goes on with it; begins one for a model that never had one.
    pub(super) fn tune(&mut self, ctx: &egui::Context) {
        let playing = frames_come(&self.state.source);
        let Some(card) = self.state.model.current.clone() else {
            self.speed.tune = None;
            return;
        };
        let Some(tune) = &mut self.speed.tune else {
            if playing && self.wants_tune(&card) {
                self.begin_tune();
            }
            return;
        };
        // A source that stalls brings nothing that would wake the window.
        ctx.request_repaint_after(std::time::Duration::from_millis(500));
        if !playing
            || tune.path != card.path
            || tune.provider != card.provider
            || self.state.model.failed.is_some()
        {
            self.stop_tune();
            return;
        }
        if let Some(prediction) =
            self.state.prediction.as_ref().filter(|o| self.speed.counted != Some(o.finished))
        {
            self.speed.counted = Some(prediction.finished);
            tune.result(prediction.model.threads, prediction.times.total, prediction.finished);
        }
        let now = Instant::now();
        match tune.next(self.speed.asked.unwrap_or(now), now) {
            tune::Next::Wait => {}
            tune::Next::Try(threads) => self.run_with(&card, Some(threads)),
            tune::Next::GiveUp => self.stop_tune(),
            tune::Next::Done(tuned) => {
                self.speed.tune = None;
                self.run_with(&card, Some(tuned.threads));
                let listed = listed(&self.state.cards, &card.path);
                let path = listed.map_or_else(|| card.path.clone(), |c| c.path.clone());
                self.speed.passed_over.push(card.path.clone());
                self.library_job(move |watcher| {
                    watcher.update(|n| n.change(&path, |n| n.tuned = Some(tuned.clone())));
                    Done::Noted
                });
            }
        }
    }

    /// Whether the running model was never tuned and may be.
    fn wants_tune(&self, card: &ModelInfo) -> bool {
        listed(&self.state.cards, &card.path)
            .is_some_and(|c| c.stamp.bytes <= TUNED_UP_TO && c.sha256.is_some())
            && self.running_since.is_some_and(|since| since.elapsed().as_secs() >= SETTLED)
            && self.state.model.opening.is_none()
            && self.reading.is_none()
            && tuned(&self.state.cards, &card.path, &card.provider).is_none()
            && !self.speed.passed_over.contains(&card.path)
            && card.provider == "CPU"
    }
}
