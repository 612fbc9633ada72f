//! Downloads of the catalogue's models.

use std::sync::Arc;

use super::core::Core;
use crate::app::strings::Explain as _;
use crate::app::view::{Pull, PullState};
use crate::app::workers::{Done, LibraryDone};
use crate::library::download::{DownloadError, Downloaded, Downloads, Phase, State, Ticket, Trust};
use crate::library::import::ImportError;
use crate::library::{Mirrors, pull};

/// The downloads that were asked for.
pub struct DownloadList {
    downloads: Arc<Downloads>,
    /// By the entry's id.
    tickets: Vec<(String, Ticket)>,
    shown: Vec<Pull>,
}

impl DownloadList {
    /// None yet.
    #[must_use]
    pub fn new(downloads: Downloads) -> Self {
        Self { downloads: Arc::new(downloads), tickets: Vec::new(), shown: Vec::new() }
    }

    /// The downloads as the page shows them.
    #[must_use]
    pub fn shown(&self) -> &[Pull] {
        &self.shown
    }

    /// Begins the download of an entry, on a worker: the disk is looked at.
    pub fn ask(&self, id: &str, core: &mut Core) {
        let Some(entry) = core.catalogue.entries.iter().find(|entry| entry.id == id).cloned() else { return };
        let Some(home) = crate::library::home() else {
            core.failed_with(&ImportError::NoFolder);
            return;
        };
        let settings = &core.settings;
        let mirrors =
            Mirrors::of_environment(settings.model_mirror.as_deref(), settings.hub_mirror.as_deref());
        let downloads = Arc::clone(&self.downloads);
        core.library_job(move |watcher| {
            let added = downloads.add(pull::job(&entry, &mirrors, &watcher.records(), &home));
            Done::Library(LibraryDone::Pull(entry.id, added))
        });
    }

    /// Shows a download that has begun.
    pub fn begun(&mut self, id: String, added: Result<Ticket, DownloadError>, core: &mut Core) {
        match added {
            Ok(ticket) => {
                self.tickets.retain(|(known, _)| *known != id);
                self.tickets.push((id, ticket));
            }
            Err(error) => core.failed_with(&error),
        }
    }

    fn ticket(&self, id: &str) -> Option<Ticket> {
        self.tickets.iter().find(|(known, _)| known == id).map(|(_, ticket)| *ticket)
    }

    /// Pauses a download.
    pub fn pause(&self, id: &str, core: &Core) {
        if let Some(ticket) = self.ticket(id) {
            self.on_worker(core, move |downloads| downloads.pause(ticket));
        }
    }

    /// Goes on with a download.
    pub fn resume(&self, id: &str) {
        if let Some(ticket) = self.ticket(id) {
            self.downloads.resume(ticket);
        }
    }

    /// Gives a download up.
    pub fn cancel(&mut self, id: &str, core: &Core) {
        if let Some(ticket) = self.ticket(id) {
            self.on_worker(core, move |downloads| downloads.cancel(ticket));
            self.tickets.retain(|(known, _)| known != id);
        }
    }

    /// Does what looks at the disk or changes it.
    fn on_worker(&self, core: &Core, job: impl FnOnce(&Downloads) + Send + 'static) {
        let downloads = Arc::clone(&self.downloads);
        core.workers.run("downloads", move || {
            job(&downloads);
            Done::Nothing
        });
    }

    /// Takes over the state of all downloads; a finished one is written down and announced.
    pub fn gather(&mut self, core: &mut Core) {
        self.shown.clear();
        if self.tickets.is_empty() {
            return;
        }
        let (downloads, shown) = (&self.downloads, &mut self.shown);
        self.tickets.retain(|(id, ticket)| {
            let state = match downloads.state(*ticket) {
                Some(State::Waiting) => PullState::Waiting,
                Some(State::Running(running)) => {
                    let p = running.progress();
                    match p.host {
                        Some(host) => PullState::Connecting { host },
                        None if matches!(p.phase, Phase::Connecting | Phase::Waiting) => PullState::Waiting,
                        None => PullState::Running {
                            done: p.bytes,
                            total: p.total,
                            bytes_per_s: p.bytes_per_second as f64,
                            left: p.left,
                        },
                    }
                }
                Some(State::Paused(kept)) => PullState::Paused {
                    done: kept.as_ref().map_or(0, |k| k.bytes),
                    total: kept.and_then(|k| k.total),
                },
                Some(State::Failed(failure)) => {
                    let text = failure.explain(core.language());
                    let of_connection = failure.error.is_of_connection();
                    let unreached = failure.unreached();
                    PullState::Failed { message: text.message, fix: text.fix, of_connection, unreached }
                }
                Some(State::Done(result)) => {
                    downloaded(id, &result, core);
                    return false;
                }
                Some(State::Cancelled) | None => return false,
            };
            shown.push(Pull { id: id.clone(), state });
            true
        });
        if self.tickets.is_empty() {
            self.downloads.clear_finished();
        }
    }
}

/// Announces a finished download and writes the model's settings and records on a worker.
fn downloaded(id: &str, result: &Arc<Downloaded>, core: &mut Core) {
    let Some(entry) = core.catalogue.entries.iter().find(|entry| entry.id == id).cloned() else { return };
    let texts = &core.strings().library;
    let pinned = result.trust == Trust::FirstUse;
    let text = if pinned { (texts.pinned)(&entry.name) } else { entry.name.clone() };
    core.toasts.good(texts.fetched, text);
    let (result, language) = (Arc::clone(result), core.language());
    core.library_job(move |watcher| match pull::finish(&entry, &result) {
        Ok(settled) => {
            watcher.update(|records| settled.record(records, &result));
            Done::Nothing
        }
        Err(error) => Done::Failed(error.explain(language).to_string()),
    });
}
