//! Models in a process of their own, so that one that crashes, hangs or takes all memory ends that process and not the
//! program.
//!
//! What runs there is ONNX Runtime's session alone ([`super::session`]): the *helper* is this program itself, started with
//! a hidden command. Images and outputs lie in memory that both processes share; messages go through pipes.
//!
//! A content that ran well here once runs in the program's own process from then on; one that crashed never does.

mod ending;
mod helper;
mod journal;
mod limits;
mod process;
mod protocol;
mod remote;
mod shared_memory;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

pub use ending::{Crash, Ending};
pub use helper::serve;
pub use journal::{Journal, Remembered, Runs, end_in_order};
pub use limits::Limits;

pub use process::{is_available, this_program_serves};

pub(super) use process::Helper;
pub(super) use remote::RemoteSession;

use super::file::GraphInfo;
use super::{ModelError, OpenOptions, runtime};

/// The command that makes this program a helper.
pub const COMMAND: &str = "helper";

/// Runs after which a content counts as one that runs well: the warm-up, and one frame.
const PROVED: u32 = 2;
/// As [`PROVED`], for one that a program ended with.
const PROVED_AFTER_DOUBT: u32 = 30;

/// When a model runs in a process of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// If it hasn't run here yet, or ever crashed.
    #[default]
    Needed,
    Always,
    Never,
}

/// How models are kept apart from the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Isolation {
    pub when: When,
    /// What is remembered of models; `None`: none counts as one that has run.
    pub journal: Option<Journal>,
    /// The program that is started as a helper; `None`: this one, if it can be ([`this_program_serves`]).
    pub program: Option<PathBuf>,
    pub limits: Limits,
}

impl Isolation {
    /// For this user's models.
    #[must_use]
    pub fn of_user(when: When) -> Self {
        Self { when, journal: Journal::of_user(), program: None, limits: Limits::FOR_USE }
    }

    /// As it is where the user chose nothing; `None` if no helper can be started.
    #[must_use]
    pub fn usual() -> Option<Self> {
        is_available().then(|| Self::of_user(When::Needed))
    }

    /// For models that nobody asked to run.
    #[must_use]
    pub fn unasked() -> Self {
        Self { limits: Limits::UNASKED, ..Self::of_user(When::Always) }
    }
}

/// What identifies the content of a model: its hash; if it has weights in other files, these files' sizes and times too.
///
/// # Errors
/// Those files can't be read.
pub fn content(sha256: &str, weights: &[PathBuf]) -> Result<String, ModelError> {
    use sha2::Digest as _;
    if weights.is_empty() {
        return Ok(sha256.to_owned());
    }
    let mut hasher = sha2::Sha256::new();
    hasher.update(sha256);
    for file in weights {
        let unreadable =
            |e: std::io::Error| ModelError::Unreadable { path: file.clone(), reason: e.to_string() };
        let found = std::fs::metadata(file).map_err(unreadable)?;
        hasher.update(format!("\0{}\0{:?}", found.len(), found.modified().ok()));
    }
    Ok(super::hex(hasher))
}

/// How this file ended the process that it ran in: `last`, if it did so the last time that it was run; else, if it ever
/// did. Reads the whole file.
///
/// # Errors
/// The file can't be read, or isn't ONNX.
pub fn how_it_ended(path: &Path, last: bool) -> Result<Option<Ending>, ModelError> {
    let Some(journal) = Journal::of_user() else { return Ok(None) };
    let graph = super::inspect::check(path)?;
    let weights: Vec<PathBuf> = graph.external_files(path).collect();
    let content = content(&super::sha256(path)?, &weights)?;
    Ok(journal.load().of(&content).filter(|remembered| remembered.ended_last || !last).and_then(|r| r.ending))
}

/// One model that is open: noted before anything of it runs, until it is closed.
#[derive(Debug)]
pub(super) struct Attempt {
    path: PathBuf,
    isolation: Option<Isolation>,
    /// In a process of its own.
    is_apart: bool,
    content: String,
    /// Runtime and provider.
    kind: String,
    /// Bytes of its files.
    bytes: u64,
    runs: AtomicU32,
    /// How many runs prove that it runs well; 0: that is known.
    proved_after: u32,
}

impl Attempt {
    /// Decides in which process a file is to run, and notes that it does: anything that follows may be its end.
    pub fn of_file(
        path: &Path,
        graph: &GraphInfo,
        sha256: &str,
        options: &OpenOptions,
    ) -> Result<Arc<Self>, ModelError> {
        let weights: Vec<PathBuf> = graph.external_files(path).collect();
        let content = content(sha256, &weights)?;
        // Without a runtime nothing runs.
        let version = runtime::load().map(runtime::Runtime::version).unwrap_or_default();
        let kind = format!("{version} {}", options.device.as_deref().unwrap_or("cpu").to_uppercase());
        Ok(Self::begin(path, options.isolation.as_ref(), content, graph, kind))
    }

    /// Decides where the model is to run, and notes that it does.
    fn begin(
        path: &Path,
        isolation: Option<&Isolation>,
        content: String,
        graph: &GraphInfo,
        kind: String,
    ) -> Arc<Self> {
        let journal = isolation.and_then(|i| i.journal.as_ref());
        if let Some(journal) = journal {
            journal.begin(&content);
        }
        let runs = journal.map(Journal::load).unwrap_or_default();
        let known = runs.of(&content);
        let is_known = known.is_some_and(|known| known.ran.contains(&kind));
        let crashed = known.and_then(|known| known.ending).is_some_and(Ending::is_crash);
        let doubted = known.is_some_and(|known| known.doubted);
        let ended_last = known.is_some_and(|known| known.ended_last);
        let is_apart = match isolation.map(|isolation| isolation.when) {
            None | Some(When::Never) => false,
            Some(When::Always) => true,
            Some(When::Needed) => !is_known || crashed || doubted || ended_last,
        };
        let files = graph.external_files(path).filter_map(|file| Some(std::fs::metadata(file).ok()?.len()));
        Arc::new(Self {
            path: path.to_owned(),
            isolation: isolation.cloned(),
            is_apart,
            content,
            kind,
            bytes: files.fold(graph.bytes, u64::saturating_add),
            runs: AtomicU32::new(0),
            proved_after: match (is_known && !ended_last, doubted) {
                (_, true) => PROVED_AFTER_DOUBT,
                (true, false) => 0,
                (false, false) => PROVED,
            },
        })
    }

    /// How it is kept apart; `None`: it runs in this process.
    pub fn apart(&self) -> Option<&Isolation> {
        self.isolation.as_ref().filter(|_| self.is_apart)
    }

    /// The file of the model.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The most memory that its helper may take, in bytes.
    pub fn memory(&self) -> u64 {
        let limits = self.isolation.as_ref().map_or(Limits::FOR_USE, |isolation| isolation.limits);
        limits.memory.unwrap_or_else(|| limits::memory_for(self.bytes, self.is_unasked()))
    }

    /// Whether nobody asked for it. Then a limit says nothing of the model, which may take longer where the user waits for it; and
    /// runs on a made-up image prove nothing.
    fn is_unasked(&self) -> bool {
        self.isolation.as_ref().is_some_and(|isolation| isolation.limits == Limits::UNASKED)
    }

    /// Notes that a run succeeded.
    pub fn ran(&self) {
        if self.is_unasked()
            || self.proved_after == 0
            || self.runs.fetch_add(1, Relaxed) + 1 != self.proved_after
        {
            return;
        }
        let Some(journal) = self.journal() else { return };
        journal.change(&self.content, |remembered| {
            if !remembered.ran.contains(&self.kind) {
                remembered.ran.push(self.kind.clone());
            }
            (remembered.doubted, remembered.ended_last) = (false, false);
            // Limits aren't crashes: more time or memory was enough.
            remembered.ending.take_if(|ending| !ending.is_crash());
        });
    }

    /// Notes that it ended its helper, and gives the error that says so.
    pub fn ended(&self, ending: Ending) -> ModelError {
        if let Some(journal) = self.journal().filter(|_| ending.is_crash() || !self.is_unasked()) {
            journal.change(&self.content, |remembered| {
                remembered.ended_last = true;
                remembered.ran.clear();
                // What is known of a crash says more than a limit that was reached later.
                if ending.is_crash() || remembered.ending.is_none_or(|before| !before.is_crash()) {
                    remembered.ending = Some(ending);
                }
            });
        }
        ModelError::Ended { path: self.path.clone(), ending }
    }

    fn journal(&self) -> Option<&Journal> {
        self.isolation.as_ref().and_then(|isolation| isolation.journal.as_ref())
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(journal) = self.journal() {
            journal.end(&self.content);
        }
    }
}
