//! Does what the library's page asks for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::words::Words;
use super::{Pull, PullState};
use crate::app::model_panel::same_file;
use crate::app::window::App;
use crate::app::workers::Done;
use crate::engine::SourceState;
use crate::library::download::{Downloaded, Job, State, Ticket, Trust};
use crate::library::import::{self, ImportError, ImportMode, Imported};
use crate::library::records::{FileStamp, Measured, Origin};
use crate::library::upkeep::{self, Removal, UpkeepError, Verdict};
use crate::library::{Kind, Mirrors, ModelEntry, Watcher, pull};
use crate::model::ModelError;

/// Larger models are linked when they are dropped: a copy would take long and fill the disk.
const COPIED_UP_TO: u64 = 1 << 30;

/// What became of models that were taken in.
#[derive(Debug)]
pub struct Taken {
    pub imported: Vec<Imported>,
    pub failed: Vec<ImportError>,
    /// Run the first one.
    pub run: bool,
}

impl App {
    fn words(&self) -> &'static Words {
        Words::of(self.state.language())
    }

    /// Takes over the list of models; the running one is opened again where its file changed.
    pub(in crate::app) fn library_changed(&mut self) {
        let cards = self.watcher.entries();
        if Arc::ptr_eq(&cards, &self.state.cards) {
            return;
        }
        let before = std::mem::replace(&mut self.state.cards, cards);
        self.state.models = models_to_go_through(&self.state.cards);
        let Some(current) = self.state.model.current.as_ref().map(|c| c.path.clone()) else { return };
        let stamp_of = |cards: &[Arc<ModelEntry>]| {
            cards.iter().find(|c| same_file(&c.path, &current)).map(|c| (c.stamp, c.spec().is_some()))
        };
        match (stamp_of(&before), stamp_of(&self.state.cards)) {
            (Some((old, _)), Some((new, true))) if old != new => {
                let name = crate::app::view::model_name(&current);
                self.toasts.good(self.words().file_changed, name);
                self.open_model(current, None);
            }
            (Some(_), None) if !current.exists() => {
                let (w, name) = (self.words(), crate::app::view::model_name(&current));
                self.toasts.good(&name, w.file_gone);
            }
            _ => {}
        }
    }

    /// Whether nothing is to be done for the image, so that models may be measured.
    pub(in crate::app) fn tell_idle(&self) {
        let opening = matches!(*self.state.source, SourceState::Opening { .. });
        let busy = (opening || crate::app::speed::frames_come(&self.state.source))
            && self.state.model.current.is_some();
        self.watcher.set_idle(!busy && self.state.model.opening.is_none());
    }

    /// What the running model takes while it runs is its time, too, until it is measured at rest.
    pub(in crate::app) fn remember_live_time(&mut self) {
        let Some(card) = self.state.model.current.clone() else { return };
        let known = crate::app::speed::listed(&self.state.cards, &card.path);
        let wanted = known.is_some_and(|c| c.measured.is_none() && c.sha256.is_some());
        let stats = &self.state.stats;
        if !wanted || stats.total.median <= 0.0 || self.timed.as_ref().is_some_and(|t| Arc::ptr_eq(t, &card))
        {
            return;
        }
        // The first figures are of a loop that isn't warm yet.
        if self.running_since.is_none_or(|since| since.elapsed().as_secs() < 8) {
            return;
        }
        let measured = Measured {
            total_ms: stats.input.median + stats.inference.median + stats.output.median,
            inference_ms: stats.inference.median,
            provider: card.provider.clone(),
            threads: card.threads,
            runtime: crate::model::runtime::load().map(|r| r.version().to_owned()).unwrap_or_default(),
        };
        self.timed = Some(Arc::clone(&card));
        let path = known.map_or_else(|| card.path.clone(), |c| c.path.clone());
        self.library_job(move |watcher| {
            watcher.update(|n| n.change(&path, |n| n.measured = Some(measured.clone())));
            Done::Noted
        });
    }

    /// Something that writes or reads files, off the thread that paints.
    pub(in crate::app) fn library_job(&self, job: impl FnOnce(&Watcher) -> Done + Send + 'static) {
        let watcher = Arc::clone(&self.watcher);
        self.workers.run("library", move || job(&watcher));
    }

    /// A model is running: the list remembers when.
    pub(in crate::app) fn model_used(&self, path: &Path) {
        let path = path.to_owned();
        self.library_job(move |watcher| {
            watcher.mark_used(&path);
            Done::Noted
        });
    }

    pub(in crate::app) fn favourite(&self, path: PathBuf, on: bool) {
        self.library_job(move |watcher| {
            watcher.update(|n| n.change(&path, |n| n.favourite = on));
            Done::Noted
        });
    }

    pub(in crate::app) fn rename_model(&self, path: PathBuf, name: String) {
        let name = (!name.is_empty()).then_some(name);
        self.library_job(move |watcher| {
            watcher.update(|n| n.change(&path, |n| n.name.clone_from(&name)));
            Done::Noted
        });
    }

    pub(in crate::app) fn measure_again(&self, path: PathBuf) {
        self.library_job(move |watcher| {
            watcher.update(|n| {
                n.change(&path, |n| {
                    n.measured = None;
                    n.failed = None;
                });
            });
            Done::Noted
        });
    }

    pub(in crate::app) fn verify_model(&self, path: &Path) {
        let Some(card) = self.state.cards.iter().find(|c| c.path == *path).cloned() else { return };
        self.library_job(move |watcher| {
            let verdict = upkeep::verify(&card, &watcher.catalogue());
            Done::Verified(card.name.clone(), verdict)
        });
    }

    pub(in crate::app) fn verified(&mut self, name: &str, verdict: Result<Verdict, ModelError>) {
        let w = self.words();
        match verdict {
            Ok(Verdict::Right { pinned, .. }) => {
                self.toasts.good(name, if pinned { w.right_pinned } else { w.right });
            }
            Ok(Verdict::Whole { .. }) => {
                self.toasts.good(name, w.whole);
            }
            Ok(Verdict::Changed { .. }) => {
                self.toasts.bad(name, w.changed);
            }
            Err(error) => {
                self.toasts.bad(name, format!("{error} {}", error.fix()));
            }
        }
    }

    pub(in crate::app) fn remove_model(&self, path: PathBuf, delete: bool) {
        self.library_job(move |watcher| {
            let answer = upkeep::remove(&path, if delete { Removal::Delete } else { Removal::Trash });
            if answer.is_ok() {
                watcher.update(|n| n.forget(&path));
            }
            watcher.rescan();
            Done::Removed(path, delete, answer)
        });
    }

    pub(in crate::app) fn removed(&mut self, path: &Path, deleted: bool, answer: Result<(), UpkeepError>) {
        match answer {
            Ok(()) if deleted => {}
            Ok(()) => {
                self.toasts.good(self.words().removed, crate::app::view::file_name(path));
            }
            Err(error) => {
                self.toasts.bad(self.strings().not_done, format!("{error} {}", error.fix()));
            }
        }
    }

    /// Whether a file lies in the library already.
    fn is_listed(&self, path: &Path) -> bool {
        let real = path.canonicalize().ok();
        self.state
            .cards
            .iter()
            .any(|c| c.path == path || (real.is_some() && c.path.canonicalize().ok() == real))
    }

    /// Takes models in: a file, a folder or an archive. `run`: run the first of them then.
    pub(in crate::app) fn import(&mut self, path: PathBuf, run: bool) {
        if run && self.is_listed(&path) {
            self.open_model(path, None);
            return;
        }
        self.library_job(move |watcher| {
            let taken = take_in(watcher, &path, run);
            watcher.rescan();
            Done::Imported(Box::new(taken))
        });
    }

    pub(in crate::app) fn imported(&mut self, taken: &Taken) {
        let (w, s) = (self.words(), self.strings());
        if let Some(first) = taken.imported.first() {
            let names: Vec<String> =
                taken.imported.iter().take(4).map(|i| crate::app::view::model_name(&i.path)).collect();
            let title = if taken.imported.iter().all(|i| i.was_here) { w.was_here } else { w.imported };
            self.toasts.good(title, names.join(", "));
            if taken.run {
                self.open_model(first.path.clone(), None);
            }
        }
        for error in taken.failed.iter().take(3) {
            self.toasts.bad(s.not_done, format!("{error} {}", error.fix()));
        }
    }

    /// Adds a folder to those that are watched.
    pub(in crate::app) fn watch_folder(&mut self, folder: PathBuf) {
        if !self.state.settings.model_folders.contains(&folder) {
            self.state.settings.model_folders.push(folder.clone());
        }
        self.toasts.good(self.words().watching, folder.display().to_string());
        self.library_job(move |watcher| {
            watcher.add_folders(&[folder]);
            Done::Noted
        });
    }
}

impl App {
    /// Fetches an entry of the catalogue.
    pub(in crate::app) fn pull(&mut self, id: &str) {
        let Some(entry) = self.catalogue.entries.iter().find(|e| e.id == id) else { return };
        let Some(home) = crate::library::home() else {
            let error = ImportError::NoFolder;
            self.toasts.bad(self.strings().not_done, format!("{error} {}", error.fix()));
            return;
        };
        let mirrors = Mirrors::of_environment(self.state.settings.model_mirror.as_deref());
        let entry = entry.clone();
        self.library_job(move |watcher| {
            let job = pull::job(&entry, &mirrors, &watcher.records(), &home);
            Done::Pull(entry.id, Box::new(job))
        });
    }

    /// Begins a fetch.
    pub(in crate::app) fn begin_pull(&mut self, id: String, job: Job) {
        match self.downloads.add(job) {
            Ok(ticket) => {
                self.pulls.retain(|(known, _)| *known != id);
                self.pulls.push((id, ticket));
            }
            Err(error) => {
                self.toasts.bad(self.strings().not_done, format!("{error} {}", error.fix()));
            }
        }
    }

    fn ticket(&self, id: &str) -> Option<Ticket> {
        self.pulls.iter().find(|(known, _)| known == id).map(|(_, ticket)| *ticket)
    }

    pub(in crate::app) fn pause_pull(&self, id: &str) {
        if let Some(ticket) = self.ticket(id) {
            self.downloads.pause(ticket);
        }
    }

    pub(in crate::app) fn resume_pull(&self, id: &str) {
        if let Some(ticket) = self.ticket(id) {
            self.downloads.resume(ticket);
        }
    }

    pub(in crate::app) fn cancel_pull(&mut self, id: &str) {
        if let Some(ticket) = self.ticket(id) {
            self.downloads.cancel(ticket);
            self.pulls.retain(|(known, _)| known != id);
        }
    }

    /// Takes over how the fetches go; what is done is written down and said.
    pub(in crate::app) fn pulls_changed(&mut self) {
        if self.pulls.is_empty() {
            self.state.pulls.clear();
            return;
        }
        let mut pulls = std::mem::take(&mut self.pulls);
        self.state.pulls.clear();
        pulls.retain(|(id, ticket)| {
            let state = match self.downloads.state(*ticket) {
                Some(State::Waiting) => PullState::Waiting,
                Some(State::Running(running)) => {
                    let p = running.progress();
                    PullState::Running {
                        done: p.bytes,
                        total: p.total,
                        bytes_per_s: p.bytes_per_second as f64,
                        left: p.left,
                    }
                }
                Some(State::Paused(kept)) => PullState::Paused {
                    done: kept.as_ref().map_or(0, |k| k.bytes),
                    total: kept.and_then(|k| k.total),
                },
                Some(State::Failed(failure)) => {
                    PullState::Failed { message: failure.to_string(), fix: failure.fix() }
                }
                Some(State::Done(outcome)) => {
                    self.pulled(id, &outcome);
                    return false;
                }
                Some(State::Cancelled) | None => return false,
            };
            self.state.pulls.push(Pull { id: id.clone(), state });
            true
        });
        self.pulls = pulls;
        if self.pulls.is_empty() {
            self.downloads.clear_finished();
        }
    }

    fn pulled(&mut self, id: &str, outcome: &Arc<Downloaded>) {
        let Some(entry) = self.catalogue.entries.iter().find(|e| e.id == id).cloned() else { return };
        let w = self.words();
        let pinned = outcome.trust == Trust::FirstUse;
        self.toasts.good(
            w.fetched,
            if pinned { format!("{}. {}", entry.name, w.pinned) } else { entry.name.clone() },
        );
        let outcome = Arc::clone(outcome);
        self.library_job(move |watcher| {
            let settled = pull::finish(&entry, &outcome);
            if let Ok(settled) = &settled {
                watcher.update(|records| settled.record(records, &outcome));
            }
            Done::Settled(settled.map(|_| ()))
        });
    }
}

/// What `M` goes through: the favourites, where there are two or more; else every model that can be run.
fn models_to_go_through(cards: &[Arc<ModelEntry>]) -> Vec<PathBuf> {
    let runs = |c: &&Arc<ModelEntry>| !matches!(c.kind, Kind::Broken { .. });
    let favourites: Vec<PathBuf> =
        cards.iter().filter(runs).filter(|c| c.favourite).map(|c| c.path.clone()).collect();
    if favourites.len() >= 2 {
        favourites
    } else {
        cards.iter().filter(runs).map(|c| c.path.clone()).collect()
    }
}

fn take_in(watcher: &Watcher, path: &Path, run: bool) -> Taken {
    let mut taken = Taken { imported: Vec::new(), failed: Vec::new(), run };
    let Some(home) = crate::library::home() else {
        taken.failed.push(ImportError::NoFolder);
        return taken;
    };
    let files = match import::candidates(path) {
        Ok(files) => files,
        Err(error) => {
            taken.failed.push(error);
            return taken;
        }
    };
    let catalogue = watcher.catalogue();
    for file in files {
        let large = file.metadata().is_ok_and(|m| m.len() > COPIED_UP_TO);
        match import::import(&file, &home, if large { ImportMode::Link } else { ImportMode::Copy }) {
            Ok(imported) => taken.imported.extend(imported),
            Err(error) => taken.failed.push(error),
        }
    }
    for one in taken.imported.iter().filter(|i| !i.was_here) {
        let Ok(stamp) = FileStamp::of(&one.path) else { continue };
        let origin = catalogue.by_hash(&one.sha256).map(|e| Origin::of(e, &one.sha256));
        watcher.update(|notes| {
            notes.set_hash(&one.path, stamp, &one.sha256);
            if origin.is_some() {
                notes.change(&one.path, |n| n.origin.clone_from(&origin));
            }
        });
    }
    taken
}
