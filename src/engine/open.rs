//! The opener: opens and warms the models that were asked for last, while the current ones go on, and closes those that
//! nobody needs any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::helper::{self, Tuner};
use super::shared::Shared;
use super::shelf::{Opened, Shelf, Stamp, Stop};
use super::slot::Slot;
use super::{ComparedModel, Factories, MAX_COMPARED, ModelChoice, ModelInfo};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, ModelError, Results, Thresholds};

const WAIT: Duration = Duration::from_millis(100);
/// How often figures are looked at.
const TUNE_EVERY: Duration = Duration::from_millis(500);

/// What looks at frames: a model, or in tests something that fails on purpose.
pub trait Predictor: Send {
    /// Looks at one RGBA frame.
    ///
    /// # Errors
    /// As [`Model::run`].
    fn look(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError>;
    /// What a snapshot must remember of it.
    fn card(&self) -> ModelInfo;
    /// Ends a run that hangs, from any thread.
    fn stopper(&self) -> Stop;
    /// Runs once on an empty image.
    ///
    /// # Errors
    /// As [`Model::run`].
    fn warm_up(&mut self) -> Result<(), ModelError>;
    /// Forgets what earlier frames were like; the next one follows none.
    fn forget(&mut self) {}
    /// Whether every frame stands for itself: nothing is carried over to the next.
    fn is_stateless(&self) -> bool {
        true
    }
    /// The files that it was made of: where one of them changes, it is opened anew rather than taken up again.
    fn files(&self) -> Vec<PathBuf> {
        vec![self.card().path]
    }
}

impl Predictor for Model {
    fn look(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        self.run(frame, thresholds, results)
    }

    fn card(&self) -> ModelInfo {
        ModelInfo {
            name: self.name(),
            path: self.path().to_owned(),
            sha256: self.sha256().to_owned(),
            spec: self.spec().clone(),
            provider: self.provider().to_owned(),
            threads: self.threads(),
            adapter: self.adapter().map(Into::into),
            adapters: crate::model::adapter::beside(self.path()),
            companions: crate::model::companion::choices(self.path(), self.spec().task),
        }
    }

    fn stopper(&self) -> Stop {
        let handle = self.stop_handle();
        Box::new(move || handle.stop())
    }

    fn warm_up(&mut self) -> Result<(), ModelError> {
        Self::warm_up(self)
    }

    fn forget(&mut self) {
        Self::forget(self);
    }

    fn is_stateless(&self) -> bool {
        self.is_stateless()
    }

    fn files(&self) -> Vec<PathBuf> {
        Self::files(self)
    }
}

/// Which model is to run first.
pub(super) enum First {
    Model(Box<ModelChoice>),
    /// None at all.
    Nothing,
}

/// What the opener is asked for; what is `None` stays as it is.
#[derive(Default)]
pub(super) struct Request {
    pub model: Option<First>,
    /// Run these beside it.
    pub beside: Option<Vec<ModelChoice>>,
}

impl Request {
    /// This request after an earlier one that wasn't heeded yet.
    pub fn after(self, earlier: Option<Self>) -> Self {
        let earlier = earlier.unwrap_or_default();
        Self { model: self.model.or(earlier.model), beside: self.beside.or(earlier.beside) }
    }
}

pub(super) fn run(shared: &Shared, openers: &Factories, requests: &Slot<Request>, shelf: &Shelf) {
    let (tuner, tuned) = (Tuner::new(), Instant::now());
    let mut opener = Opener {
        shared,
        openers,
        requests,
        shelf,
        first: None,
        beside: Vec::new(),
        tuner,
        helped: None,
        tuned,
    };
    while !shared.stopping() {
        let wait = if opener.has_work() { Duration::ZERO } else { WAIT };
        if let Some(request) = requests.wait(wait) {
            opener.heed(request);
        }
        if let Some(choice) = opener.first.take() {
            opener.open_first(&choice);
        } else if let Some(lane) = opener.beside.iter().position(|wanted| wanted.pending) {
            opener.open_beside(lane);
        } else {
            opener.tune();
        }
        shelf.stop_overdue();
        drop(shelf.evict());
    }
}

/// A model that is to run beside the first.
struct Wanted {
    choice: ModelChoice,
    id: Option<u64>,
    /// It is to be opened.
    pending: bool,
}

struct Opener<'a> {
    shared: &'a Shared,
    openers: &'a Factories,
    requests: &'a Slot<Request>,
    shelf: &'a Shelf,
    /// The model that is to be opened for the first lane.
    first: Option<Box<ModelChoice>>,
    beside: Vec<Wanted>,
    tuner: Tuner,
    /// Which model has a second session, and that session's id.
    helped: Option<(u64, u64)>,
    /// When the figures were last looked at.
    tuned: Instant,
}

impl Opener<'_> {
    fn has_work(&self) -> bool {
        self.first.is_some() || self.beside.iter().any(|wanted| wanted.pending)
    }

    fn heed(&mut self, request: Request) {
        if let Some(beside) = request.beside {
            let mut old = std::mem::take(&mut self.beside);
            for choice in beside.into_iter().take(MAX_COMPARED - 1) {
                let known = old.iter().position(|w| w.choice == choice && (w.pending || w.id.is_some()));
                self.beside.push(match known {
                    Some(at) => old.swap_remove(at),
                    None => Wanted { choice, id: None, pending: true },
                });
            }
            self.plan_beside();
        }
        match request.model {
            Some(First::Model(choice)) => {
                self.shared.change_model(|state| {
                    state.opening = Some(choice.path.clone());
                    state.failed = None;
                });
                self.first = Some(choice);
            }
            Some(First::Nothing) => {
                self.first = None;
                self.beside.clear();
                self.shelf.plan(|plan| *plan = [None; MAX_COMPARED]);
                self.shared.change_model(|state| {
                    state.opening = None;
                    state.failed = None;
                    state.beside.clear();
                });
            }
            None => {}
        }
    }

    /// Puts the lanes beside the first into the plan, and into the state what isn't known of them there.
    fn plan_beside(&self) {
        self.shelf.plan(|plan| {
            for (place, wanted) in
                plan[1..].iter_mut().zip(self.beside.iter().map(|w| w.id).chain([None; MAX_COMPARED]))
            {
                *place = wanted;
            }
        });
        self.shared.change_model(|state| {
            let old = std::mem::take(&mut state.beside);
            state.beside.extend(self.beside.iter().map(|wanted| {
                let known = old.iter().find(|lane| lane.choice == wanted.choice);
                known
                    .filter(|_| !wanted.pending)
                    .cloned()
                    .unwrap_or_else(|| ComparedModel::opening(&wanted.choice))
            }));
        });
    }

    fn open_first(&mut self, choice: &ModelChoice) {
        let others: Vec<u64> = self.beside.iter().filter_map(|wanted| wanted.id).collect();
        match self.obtain(choice, &others) {
            Ok(id) => self.shelf.plan(|plan| plan[0] = Some(id)),
            // A newer choice is already waiting: this one's failure is of no interest.
            Err(_) if self.requests.holds(|newer| newer.model.is_some()) => {}
            Err(error) => {
                let failed = (choice.path.clone(), Arc::new(error));
                self.shared.change_model(|state| {
                    state.opening = None;
                    state.failed = Some(failed.clone());
                });
            }
        }
    }

    fn open_beside(&mut self, lane: usize) {
        self.beside[lane].pending = false;
        let choice = self.beside[lane].choice.clone();
        let others = self.shelf.planned().into_iter().flatten();
        let others: Vec<u64> = others.chain(self.beside.iter().filter_map(|wanted| wanted.id)).collect();
        match self.obtain(&choice, &others) {
            Ok(id) => {
                self.beside[lane].id = Some(id);
                self.plan_beside();
            }
            Err(error) => {
                let error = Arc::new(error);
                self.shared.change_model(|state| {
                    if let Some(lane) = state.beside.iter_mut().find(|l| l.choice == choice) {
                        lane.failed = Some(Arc::clone(&error));
                    }
                });
            }
        }
    }

    /// Adds or takes away the second session of the first model, as the user wants it or as figures tell.
    fn tune(&mut self) {
        let shared = self.shared;
        // Without a second session there is nothing that could be in the way meanwhile.
        if self.helped.is_none() && self.tuned.elapsed() < TUNE_EVERY {
            return;
        }
        let pace = **shared.pace.load();
        let first = self.shelf.planned()[0].filter(|_| self.beside.is_empty() && helper::is_of_use(shared));
        let shareable = first.and_then(|id| Some((id, self.shelf.shareable(id)?)));
        let Some((id, (choice, threads))) = shareable else {
            self.help_with(None);
            return self.say_pace();
        };
        match (self.helped, self.shelf.helper()) {
            // That was the other model's.
            (Some((of, _)), _) if of != id => self.help_with(None),
            // It failed: once is enough.
            (Some(_), None) => {
                self.help_with(None);
                self.tuner.refuse();
            }
            _ => {}
        }
        if self.tuned.elapsed() < TUNE_EVERY {
            return;
        }
        self.tuned = Instant::now();
        let of = (id, shared.generation());
        let wanted = self.tuner.wants(pace, of, &shared.book.stats(), self.tuned);
        if wanted && self.helped.is_none() {
            let mut choice = choice;
            // The cores that the first session leaves.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            choice.options.threads = Some(cores.saturating_sub(threads).max(1));
            match self.obtain(&choice, &[id]) {
                Ok(helper) => self.help_with(Some((id, helper))),
                Err(error) => {
                    tracing::warn!("no second session: {error}");
                    self.tuner.refuse();
                }
            }
        } else if !wanted {
            self.help_with(None);
        }
        self.say_pace();
    }

    fn say_pace(&self) {
        let report = self.tuner.report();
        if **self.shared.pace_report.load() != report {
            self.shared.pace_report.store(Arc::new(report));
        }
    }

    /// Which model helps which: (the first model's id, the helper's).
    fn help_with(&mut self, helper: Option<(u64, u64)>) {
        if self.helped == helper {
            return;
        }
        self.helped = helper;
        self.shelf.plan_helper(helper.map(|(_, id)| id));
        self.tuner.changed(helper.is_some(), Instant::now());
    }

    /// A warm model of this choice that no lane of `others` has, or one that is opened and warmed now.
    fn obtain(&self, choice: &ModelChoice, others: &[u64]) -> Result<u64, ModelError> {
        if let Some(id) = self.shelf.find(choice, others) {
            return Ok(id);
        }
        let crashed = |_| {
            Err(ModelError::Refused {
                path: choice.path.clone(),
                reason: "reading it crashed; please report this model".into(),
            })
        };
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let own = [choice.path.clone(), crate::model::sidecar::path_for(&choice.path)];
            let (earlier, resident) = (Stamp::of(own), resident());
            let mut look = (self.openers.model)(choice)?;
            look.warm_up()?;
            let stamp = Stamp::of(look.files()).since(&earlier);
            let cost = cost(&choice.path, resident);
            Ok::<_, ModelError>(Opened { choice: choice.clone(), stamp, look, cost })
        }))
        .unwrap_or_else(crashed)?;
        Ok(self.shelf.add(opened))
    }
}

/// Bytes that an open model takes: three times its file (its weights, their packed copy, what lies between its layers),
/// or what the process grew by while it was opened, where that is more.
fn cost(path: &Path, before: u64) -> u64 {
    let file = std::fs::metadata(path).map_or(0, |data| data.len());
    resident().saturating_sub(before).max(file.saturating_mul(3))
}

/// Resident memory of this process in bytes; 0 where the system doesn't tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}
