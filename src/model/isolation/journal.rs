//! What is remembered of the contents that have run here: which did so well, and which ended their process.
//!
//! One small file in the data folder, by the content of models. Beside it each program has a file with what it runs just
//! now ([`crate::alive`]), written before the run begins: what a program that crashed leaves there is doubted.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::ending::Ending;
use crate::alive::{self, Marker};
use crate::whole_file;

/// The file's name in the data folder, and that of the folder for what runs just now.
const FILE: &str = "runs.json";
const RUNNING: &str = "running";
/// Larger files aren't read: two thousand contents take a tenth of it.
const LONGEST: u64 = 4 << 20;
/// Contents beyond this number are forgotten, those that ended nothing and are the oldest first.
const MOST: usize = 2000;
/// Runtimes and providers that a content is known to have run with.
const MOST_KINDS: usize = 16;
/// How long a write waits for another program that is writing.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// What is remembered of one content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// With which runtimes and providers it ran well: "1.26.0 CPU".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<String>,
    /// How it ended its process. A crash is never forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// The last time that it was run, it ended its process.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ended_last: bool,
    /// A program ended while it ran this, for whatever reason: it has to run well for longer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub doubted: bool,
    /// Seconds since 1970.
    pub at: u64,
}

impl Remembered {
    /// Whether it may be run without anybody having asked for it.
    #[must_use]
    pub fn may_be_measured(&self) -> bool {
        self.ending.is_none() && !self.doubted
    }
}

/// What is remembered of all contents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Runs {
    version: u32,
    contents: BTreeMap<String, Remembered>,
}

impl Runs {
    /// What is remembered of a content.
    #[must_use]
    pub fn of(&self, content: &str) -> Option<&Remembered> {
        self.contents.get(content)
    }

    /// Changes what is remembered of a content.
    fn change(&mut self, content: &str, change: impl FnOnce(&mut Remembered)) {
        let remembered = self.contents.entry(content.to_owned()).or_default();
        change(remembered);
        remembered.at =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let excess = remembered.ran.len().saturating_sub(MOST_KINDS);
        remembered.ran.drain(..excess);
        while self.contents.len() > MOST {
            let oldest = self.contents.iter().min_by_key(|(_, r)| (r.ending.is_some(), r.at));
            let Some(oldest) = oldest.map(|(content, _)| content.clone()) else { return };
            self.contents.remove(&oldest);
        }
    }
}

/// The file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// The journal in this data folder.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The user's; `None` if the user has no home.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        Some(Self::in_folder(crate::model::folders::data_folder()?))
    }

    /// The path of the file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// What is remembered. A file that can't be read or understood says nothing: every model counts as one that hasn't run yet.
    #[must_use]
    pub fn load(&self) -> Runs {
        self.read().map_or_else(
            |error| {
                tracing::warn!("{} is not used: {error}", self.file().display());
                Runs::default()
            },
            |(runs, _)| runs,
        )
    }

    /// Reads the file; nothing is remembered if there is none. Returns also what is in it and can't be understood.
    fn read(&self) -> io::Result<(Runs, Option<Vec<u8>>)> {
        let bytes = match whole_file::read(&self.file(), LONGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Runs::default(), None)),
            Err(error) => return Err(error),
        };
        Ok(match serde_json::from_slice(&bytes) {
            Ok(runs) => (runs, None),
            Err(_) => (Runs::default(), Some(bytes)),
        })
    }

    /// Changes what is remembered of a content.
    pub(super) fn change(&self, content: &str, change: impl FnOnce(&mut Remembered)) {
        self.update(|runs| runs.change(content, change));
    }

    /// Reads, changes and writes the file while it is locked against other programs. What can't be written is not
    /// remembered: the model then counts as one that hasn't run yet.
    fn update(&self, change: impl FnOnce(&mut Runs)) {
        let write = || -> io::Result<()> {
            std::fs::create_dir_all(&self.folder)?;
            let path = self.file();
            let _lock = locked(&path.with_extension("lock"))?;
            let (mut runs, damaged) = self.read()?;
            if let Some(damaged) = damaged {
                // What it says may be of a newer version, or be mended by hand.
                whole_file::write(&whole_file::place_aside(&path, &damaged), &damaged)?;
            }
            let before = runs.clone();
            change(&mut runs);
            runs.version = 1;
            if runs == before { Ok(()) } else { whole_file::write(&path, &serde_json::to_vec(&runs)?) }
        };
        if let Err(error) = write() {
            tracing::warn!("which models ran can't be remembered in {}: {error}", self.file().display());
        }
    }

    /// Notes that this program runs a content from now on. At the first call, contents that other programs left are doubted.
    pub(super) fn begin(&self, content: &str) {
        let mut all = running();
        if !all.iter().any(|running| running.folder == self.folder) {
            self.doubt_what_is_left();
            all.push(Running { folder: self.folder.clone(), marker: None, contents: BTreeMap::new() });
        }
        if let Some(running) = all.iter_mut().find(|running| running.folder == self.folder) {
            *running.contents.entry(content.to_owned()).or_default() += 1;
            running.write();
        }
    }

    /// Notes that a run which [`Self::begin`] noted is over.
    pub(super) fn end(&self, content: &str) {
        let mut all = running();
        let Some(running) = all.iter_mut().find(|running| running.folder == self.folder) else { return };
        let Some(count) = running.contents.get_mut(content) else { return };
        *count -= 1;
        if *count == 0 {
            running.contents.remove(content);
        }
        running.write();
    }

    /// Doubts what programs ran that have ended without saying so.
    fn doubt_what_is_left(&self) {
        let left = alive::left_behind(&self.folder.join(RUNNING), "");
        let left: Vec<String> = left
            .iter()
            .filter_map(|text| serde_json::from_slice::<Vec<String>>(text).ok())
            .flatten()
            .collect();
        if left.is_empty() {
            return;
        }
        self.update(|runs| {
            for content in left.iter().take(MOST) {
                runs.change(content, |remembered| {
                    remembered.ran.clear();
                    remembered.doubted = true;
                });
            }
        });
    }
}

/// Takes the lock of a file, or waits for it.
fn locked(path: &Path) -> io::Result<File> {
    let lock = File::create(path)?;
    let begin = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begin.elapsed() >= LOCK_TIMEOUT => {
                return Err(io::Error::other("another program doesn't release it"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// What this program runs just now, for one data folder.
#[derive(Debug)]
struct Running {
    folder: PathBuf,
    /// The file that says so; none while nothing runs.
    marker: Option<Marker>,
    /// How many sessions of each content.
    contents: BTreeMap<String, usize>,
}

impl Running {
    fn write(&mut self) {
        if self.contents.is_empty() {
            self.marker = None;
            return;
        }
        let write = |marker: &mut Option<Marker>, contents: &[&String]| -> io::Result<()> {
            let marker = match marker {
                Some(marker) => marker,
                None => marker.insert(Marker::place(&self.folder.join(RUNNING), "")?),
            };
            marker.write(&serde_json::to_vec(contents)?)
        };
        let contents: Vec<_> = self.contents.keys().collect();
        if let Err(error) = write(&mut self.marker, &contents) {
            tracing::warn!("what runs can't be noted in {}: {error}", self.folder.display());
        }
    }
}

static ALL_RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Running>> {
    ALL_RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that whatever this program still runs isn't to be doubted: it ends because it was told to.
pub fn end_in_order() {
    running().clear();
}

#[cfg(test)]
mod tests {
    use super::super::ending::Crash;
    use super::*;

    #[test]
    fn what_a_crashed_program_ran_is_doubted_and_what_this_one_runs_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(folder.path().to_owned());
        journal.change("theirs", |r| r.ran.push("1.26.0 CPU".into()));
        let place = folder.path().join(RUNNING);
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("gone"), r#"["theirs"]"#).unwrap();
        std::fs::write(place.join("damaged"), r#"["the"#).unwrap();
        journal.begin("mine");
        journal.begin("mine");
        let runs = journal.load();
        assert!(runs.of("theirs").is_some_and(|r| r.doubted && r.ran.is_empty() && !r.may_be_measured()));
        assert_eq!(runs.of("mine"), None);
        journal.end("mine");
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1, "one session still runs");
        journal.end("mine");
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
    }

    #[test]
    fn a_journal_that_is_no_journal_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(folder.path().to_owned());
        assert_eq!(journal.load(), Runs::default());
        for text in ["{", "[]", r#"{"contents":{"a":7}}"#, "\0\0"] {
            std::fs::write(journal.file(), text).unwrap();
            assert_eq!(journal.load(), Runs::default(), "{text}");
        }
        let file = File::create(journal.file()).unwrap();
        file.set_len(LONGEST + 1).unwrap();
        assert_eq!(journal.load(), Runs::default());
        std::fs::remove_file(journal.file()).unwrap();
        std::fs::create_dir(journal.file()).unwrap();
        assert_eq!(journal.load(), Runs::default());
    }

    #[test]
    fn it_stays_small_and_forgets_crashes_last() {
        let mut runs = Runs::default();
        runs.change("crashed", |r| r.ending = Some(Ending::Crashed(Crash::Division)));
        for n in 0..MOST + 50 {
            runs.change(&format!("{n:064}"), |r| r.ran = vec!["1.26.0 CPU".into(); 99]);
        }
        assert_eq!(runs.contents.len(), MOST);
        assert!(runs.of("crashed").is_some_and(|r| r.ending.is_some()));
        let bytes = serde_json::to_vec(&runs).unwrap().len() as u64;
        assert!(bytes < LONGEST, "{bytes}");
    }
}
