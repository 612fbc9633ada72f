//! A session: a model that was opened and warmed up, with what is needed to run it, to end its run and to tell whether its
//! files have changed since.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::predictor::{Predictor, Stop};
use crate::engine::choice::ModelChoice;
use crate::engine::factories::ModelFactory;
use crate::engine::state::ModelInfo;
use crate::model::{CancelToken, ModelError};

/// Size and time of every file that a model was made from; `None`: the file is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct FileMarks(Vec<(PathBuf, Option<Mark>)>);

/// Size and time of a file.
type Mark = (u64, Option<SystemTime>);

impl FileMarks {
    /// How these files are now.
    pub fn of(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let mark = |file: &Path| {
            let data = std::fs::metadata(file).ok()?;
            Some((data.len(), data.modified().ok()))
        };
        Self(files.into_iter().map(|file| (mark(&file), file)).map(|(mark, file)| (file, mark)).collect())
    }

    /// Returns these marks, with those of `earlier` for the files that it knows: a file that changed while it was being read
    /// counts as changed.
    pub fn since(mut self, earlier: &Self) -> Self {
        for (file, mark) in &mut self.0 {
            if let Some((_, before)) = earlier.0.iter().find(|(path, _)| path == file) {
                *mark = *before;
            }
        }
        self
    }

    /// Whether every file is still as it was.
    pub fn still_hold(&self) -> bool {
        *self == Self::of(self.0.iter().map(|(file, _)| file.clone()))
    }
}

/// A model that was opened and warmed up, on its way into the cache.
pub(in crate::engine) struct Opened {
    pub choice: ModelChoice,
    pub files: FileMarks,
    pub predictor: Box<dyn Predictor>,
    /// Bytes that it takes, as far as is known.
    pub cost: u64,
}

/// Whether a session can be run. It only ever goes down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::engine) enum Health {
    Good,
    /// Its file changed: it runs on until another session takes its place, and is not taken up again.
    Outdated,
    /// Its runs fail, or were ended from outside.
    Dead,
}

/// An open model.
pub(in crate::engine) struct Session {
    /// Tells sessions apart, also those of the same model.
    pub id: u64,
    pub choice: ModelChoice,
    pub info: Arc<ModelInfo>,
    pub is_stateless: bool,
    files: FileMarks,
    stop: Stop,
    cost: u64,
    health: AtomicU8,
    /// Locked during a run.
    predictor: Mutex<Box<dyn Predictor>>,
    /// When the run that is going on began.
    since: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("model", &self.info.name)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

impl Session {
    pub fn new(id: u64, opened: Opened) -> Self {
        let Opened { choice, files, predictor, cost } = opened;
        Self {
            id,
            choice,
            info: Arc::new(predictor.info()),
            is_stateless: predictor.is_stateless(),
            files,
            stop: predictor.stopper(),
            cost,
            health: AtomicU8::new(Health::Good as u8),
            predictor: Mutex::new(predictor),
            since: Mutex::new(None),
        }
    }

    /// Bytes that it takes, as far as is known.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Whether its files, and the adapters next to them, are as they were when it was opened. Reads the disk.
    pub fn is_current(&self) -> bool {
        self.files.still_hold() && crate::model::adapter::adapters_of(&self.info.path) == self.info.adapters
    }

    pub fn health(&self) -> Health {
        match self.health.load(SeqCst) {
            0 => Health::Good,
            1 => Health::Outdated,
            _ => Health::Dead,
        }
    }

    pub fn set_health(&self, health: Health) {
        self.health.fetch_max(health as u8, SeqCst);
    }

    /// Ends the run that is going on; the session is not taken up again.
    pub fn end(&self) {
        self.set_health(Health::Dead);
        (self.stop)();
    }

    /// For how long a run has been going on.
    pub fn busy_for(&self) -> Option<std::time::Duration> {
        self.since().map(|since| since.elapsed())
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `run` use the predictor. Returns `None` if another thread still runs it: a worker that was told to run another model
    /// finishes its frame first.
    pub fn with<T>(&self, run: impl FnOnce(&mut dyn Predictor) -> T) -> Option<T> {
        let mut predictor = match self.predictor.try_lock() {
            Ok(predictor) => predictor,
            // A panic in a run is caught inside it; what a poisoned lock holds is judged by its next run.
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return None,
        };
        *self.since() = Some(Instant::now());
        let result = run(predictor.as_mut());
        *self.since() = None;
        Some(result)
    }
}

/// Opens and warms up a model. A panic in the runtime or in a decoder is a refusal with a reason.
pub(in crate::engine) fn open(
    open: &ModelFactory,
    choice: &ModelChoice,
    cancel: &CancelToken,
) -> Result<Opened, ModelError> {
    let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let own = [choice.path.clone(), crate::model::sidecar::path_for(&choice.path)];
        let (earlier, resident) = (FileMarks::of(own), resident());
        let mut predictor = open(choice, cancel)?;
        predictor.warm_up()?;
        let files = FileMarks::of(predictor.files()).since(&earlier);
        Ok(Opened { choice: choice.clone(), files, predictor, cost: cost(&choice.path, resident) })
    }));
    opened.unwrap_or_else(|_| {
        Err(ModelError::Refused {
            path: choice.path.clone(),
            reason: "reading it crashed; please report this model".into(),
        })
    })
}

/// Bytes that an open model takes: three times its file (its weights, their packed copy, what lies between its layers), or
/// what the process grew by while it was opened, if that is more.
fn cost(path: &Path, before: u64) -> u64 {
    let file = std::fs::metadata(path).map_or(0, |data| data.len());
    resident().saturating_sub(before).max(file.saturating_mul(3))
}

/// Resident memory of this process in bytes; 0 if the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}
