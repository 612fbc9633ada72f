//! The open models: those that run, and the last few that ran, kept warm so that going back to one is instant.
//!
//! The opener puts models here and says which are to run; the inference worker takes them between two frames and brings
//! back those that run no more. What is no longer kept is dropped by the opener: closing a session takes milliseconds that
//! no frame should wait for.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::open::Predictor;
use super::{MAX_COMPARED, ModelChoice, ModelInfo};

/// So many models stay warm beside those that run.
const WARM: usize = 3;
/// What the warm models may take together, in bytes.
const BUDGET: u64 = 1 << 30;
/// A run of a model that was switched away from is ended after this long.
const OVERDUE: Duration = Duration::from_secs(2);

/// Which models are to run, one a lane.
pub(super) type Plan = [Option<u64>; MAX_COMPARED];

/// Size and time of every file that a model was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(PathBuf, Mark)>);

/// Size and time of a file; `None`: it isn't there.
type Mark = Option<(u64, Option<SystemTime>)>;

impl Stamp {
    /// How these files are now.
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let stamped = files.into_iter().map(|file| {
            let mark = mark(&file);
            (file, mark)
        });
        Self(stamped.collect())
    }

    /// As `self`, with the marks of `earlier` where it has some: what changed while a file was read counts as changed.
    pub fn since(mut self, earlier: &Self) -> Self {
        for (file, mark) in &mut self.0 {
            if let Some((_, before)) = earlier.0.iter().find(|(path, _)| path == file) {
                *mark = *before;
            }
        }
        self
    }

    /// Whether every file is still as it was.
    pub fn holds(&self) -> bool {
        self.0.iter().all(|(file, then)| mark(file) == *then)
    }
}

fn mark(file: &Path) -> Mark {
    let data = std::fs::metadata(file).ok()?;
    Some((data.len(), data.modified().ok()))
}

/// Ends the run of a model that is running.
pub(super) type Stop = Box<dyn Fn() + Send + Sync>;

/// A model that was opened and warmed.
pub(super) struct Opened {
    pub choice: ModelChoice,
    pub stamp: Stamp,
    pub look: Box<dyn Predictor>,
    /// Bytes that it takes, as far as is known.
    pub cost: u64,
}

struct Entry {
    id: u64,
    choice: ModelChoice,
    stamp: Arc<Stamp>,
    card: Arc<ModelInfo>,
    /// Nothing is carried over from frame to frame.
    is_stateless: bool,
    stop: Stop,
    cost: u64,
    /// When it was last wanted, by the shelf's own clock.
    used: u64,
    /// Where it is; `None`: with the inference worker.
    look: Option<Box<dyn Predictor>>,
    /// It failed, or its file changed: it isn't to be taken again.
    spoiled: bool,
    /// Its run was ended from outside.
    stopped: bool,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    plan: Plan,
    /// The model that looks at alternate frames with the first.
    helper: Option<u64>,
    /// Counts ids and uses.
    clock: u64,
    planned: Option<Instant>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Shelf {
    inner: Mutex<Inner>,
    /// Changes with the plan.
    version: AtomicU64,
    /// The version that the inference worker has followed.
    followed: AtomicU64,
}

/// What is dropped by whoever holds it.
#[must_use]
pub(super) struct Dropped(#[expect(dead_code, reason = "held only to be dropped")] Vec<Entry>);

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is a few assignments; a panic elsewhere can't leave it half-done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open model of this choice that no lane of `except` has, where its files are as they were.
    pub fn find(&self, choice: &ModelChoice, except: &[u64]) -> Option<u64> {
        let known = |inner: &Inner| {
            let free = |id: u64| !except.contains(&id) && inner.helper != Some(id);
            let fits = |e: &&Entry| e.choice == *choice && !e.spoiled && free(e.id);
            inner.entries.iter().find(fits).map(|e| (e.id, Arc::clone(&e.stamp), Arc::clone(&e.card)))
        };
        loop {
            let (id, stamp, card) = known(&self.lock())?;
            // The disk is looked at while nobody waits for the lock.
            if stamp.holds() && crate::model::adapter::beside(&card.path) == card.adapters {
                return Some(id);
            }
            self.spoil(id);
        }
    }

    /// Takes a model in; it is warm until it is planned.
    pub fn add(&self, opened: Opened) -> u64 {
        let Opened { choice, stamp, look, cost } = opened;
        let (card, stop, is_stateless) = (Arc::new(look.card()), look.stopper(), look.is_stateless());
        let mut inner = self.lock();
        inner.clock += 1;
        let id = inner.clock;
        inner.entries.push(Entry {
            id,
            choice,
            stamp: Arc::new(stamp),
            card,
            is_stateless,
            stop,
            cost,
            used: id,
            look: Some(look),
            spoiled: false,
            stopped: false,
        });
        id
    }

    /// Changes which models are to run. Models that failed meanwhile are left out; one whose file changed goes on until
    /// another takes its place.
    pub fn plan(&self, change: impl FnOnce(&mut Plan)) {
        let mut inner = self.lock();
        let mut plan = inner.plan;
        change(&mut plan);
        let mut clock = inner.clock;
        for place in &mut plan {
            let runs = inner.plan.contains(place);
            let usable = |e: &&mut Entry| Some(e.id) == *place && (runs || !e.spoiled);
            let entry = inner.entries.iter_mut().find(usable);
            *place = entry.map(|entry| {
                clock += 1;
                entry.used = clock;
                entry.id
            });
        }
        (inner.plan, inner.clock) = (plan, clock);
        inner.planned = Some(Instant::now());
        self.version.fetch_add(1, Relaxed);
    }

    /// Changes which model helps the first; it must be on the shelf.
    pub fn plan_helper(&self, id: Option<u64>) {
        let mut inner = self.lock();
        let id = id.filter(|id| inner.entries.iter().any(|e| e.id == *id && !e.spoiled));
        inner.helper = id;
    }

    /// Which model is to help the first.
    pub fn helper(&self) -> Option<u64> {
        self.lock().helper
    }

    /// How a model was opened and how many threads it has, where its frames stand alone, so that two sessions can share
    /// them.
    pub fn shareable(&self, id: u64) -> Option<(ModelChoice, usize)> {
        let inner = self.lock();
        let entry = inner.entries.iter().find(|e| e.id == id && e.is_stateless)?;
        Some((entry.choice.clone(), entry.card.threads))
    }

    /// Which models are to run.
    pub fn planned(&self) -> Plan {
        self.lock().plan
    }

    /// The plan, if it changed since this was last called.
    pub fn follow(&self) -> Option<Plan> {
        if self.version.load(Relaxed) == self.followed.load(Relaxed) {
            return None;
        }
        let inner = self.lock();
        self.followed.store(self.version.load(Relaxed), Relaxed);
        Some(inner.plan)
    }

    /// Takes a model off the shelf to run it.
    pub fn take(&self, id: u64) -> Option<(Box<dyn Predictor>, Arc<ModelInfo>)> {
        let mut inner = self.lock();
        let entry = inner.entries.iter_mut().find(|e| e.id == id && !e.spoiled)?;
        entry.look.take().map(|look| (look, Arc::clone(&entry.card)))
    }

    /// Puts a model back; `failed`: it isn't to be taken again, and no lane is to run it.
    pub fn give_back(&self, id: u64, look: Box<dyn Predictor>, failed: bool) {
        let mut inner = self.lock();
        inner.clock += 1;
        let clock = inner.clock;
        let Some(entry) = inner.entries.iter_mut().find(|e| e.id == id) else { return };
        entry.look = Some(look);
        entry.used = clock;
        entry.spoiled |= failed || entry.stopped;
        if failed {
            for place in &mut inner.plan {
                place.take_if(|planned| *planned == id);
            }
            inner.helper.take_if(|helper| *helper == id);
        }
    }

    fn spoil(&self, id: u64) {
        if let Some(entry) = self.lock().entries.iter_mut().find(|e| e.id == id) {
            entry.spoiled = true;
        }
    }

    /// What needn't be kept: all that is spoiled, and of the warm ones those that were used longest ago, beyond the
    /// budget. Where no model is to run, none is kept: whoever wants none wants its memory back.
    pub fn evict(&self) -> Dropped {
        let mut inner = self.lock();
        let plan = inner.plan;
        let warm_ones = if plan == [None; MAX_COMPARED] { 0 } else { WARM };
        let helper = inner.helper;
        let is_planned = |id: u64| plan.contains(&Some(id)) || helper == Some(id);
        let idle = |e: &Entry| e.look.is_some() && !is_planned(e.id);
        let mut warm: Vec<(u64, u64, u64)> =
            inner.entries.iter().filter(|e| idle(e) && !e.spoiled).map(|e| (e.used, e.id, e.cost)).collect();
        warm.sort_unstable_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut sum = 0u64;
        let kept: Vec<u64> = warm
            .iter()
            .take(warm_ones)
            .take_while(|(.., cost)| {
                sum = sum.saturating_add(*cost);
                sum <= BUDGET
            })
            .map(|(_, id, _)| *id)
            .collect();
        let gone = inner.entries.extract_if(.., |e| idle(e) && !kept.contains(&e.id)).collect();
        Dropped(gone)
    }

    /// Ends every run, now and later.
    pub fn stop_all(&self) {
        for entry in &mut self.lock().entries {
            entry.stopped = true;
            (entry.stop)();
        }
    }

    /// Ends the runs of models that should have made room for others long ago: they hang.
    pub fn stop_overdue(&self) {
        if self.version.load(Relaxed) == self.followed.load(Relaxed) {
            return;
        }
        let mut inner = self.lock();
        if inner.planned.is_none_or(|at| at.elapsed() < OVERDUE) {
            return;
        }
        let (plan, helper) = (inner.plan, inner.helper);
        for entry in &mut inner.entries {
            let is_planned = plan.contains(&Some(entry.id)) || helper == Some(entry.id);
            if entry.look.is_none() && !is_planned && !entry.stopped {
                tracing::warn!("{} hangs and is ended", entry.card.name);
                entry.stopped = true;
                (entry.stop)();
            }
        }
    }
}
