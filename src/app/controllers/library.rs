//! The models on this computer: the list, favourites and names, taking in, verifying and removing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use super::deploying;
use super::downloads::DownloadList;
use crate::app::deployment::Deployment;
use crate::app::intent::{Intent, LibraryIntent, ModelIntent};
use crate::app::library::LibraryPage;
use crate::app::strings::Explain as _;
use crate::app::view::{file_name, frames_come, is_of, listed, model_name, same_file};
use crate::app::workers::{Done, LibraryDone, Taken};
use crate::engine::{ModelInfo, SourceState};
use crate::library::download::Downloads;
use crate::library::import::{self, ImportError, ImportMode};
use crate::library::records::{FileStamp, ModelRecord, Origin};
use crate::library::upkeep::{self, Removal, Removed, UpkeepError, Verdict};
use crate::library::{ModelEntry, Watcher};
use crate::model::ModelError;

/// Larger models are linked when they are dropped: a copy would take long and fill the disk.
const COPIED_UP_TO: u64 = 1 << 30;

/// The state of the library page.
pub struct LibraryController {
    pub page: LibraryPage,
    pub downloads: DownloadList,
    pub deployment: Deployment,
}

impl std::fmt::Debug for LibraryController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LibraryController").field("page", &self.page).finish_non_exhaustive()
    }
}

impl LibraryController {
    /// No download yet.
    #[must_use]
    pub fn new(downloads: Downloads) -> Self {
        let downloads = DownloadList::new(downloads);
        Self { page: LibraryPage::default(), downloads, deployment: Deployment::Idle }
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: LibraryIntent, core: &mut Core) {
        match intent {
            LibraryIntent::Favourite(path, on) => change(&path, core, move |record| record.favourite = on),
            LibraryIntent::Rename(path, name) => {
                let name = (!name.is_empty()).then_some(name);
                core.library_job(move |watcher| {
                    watcher.update(|records| records.change(&path, |record| record.name.clone_from(&name)));
                    Done::Nothing
                });
            }
            LibraryIntent::Measure(path) => change(&path, core, |record| {
                record.measured = None;
                record.failed = None;
            }),
            LibraryIntent::Verify(path) => {
                let Some(entry) = listed(&core.models, &path).cloned() else {
                    return;
                };
                core.library_job(move |watcher| {
                    let verified = upkeep::verify(&entry, &watcher.catalogue());
                    if let Ok((_, Some(weights))) = &verified
                        && entry.weights.is_none()
                    {
                        watcher.update(|r| r.change(&entry.path, |r| r.weights = Some(weights.clone())));
                    }
                    let verdict = verified.map(|(verdict, _)| verdict);
                    Done::Library(LibraryDone::Verified(entry.name.clone(), verdict))
                });
            }
            LibraryIntent::Remove { path, delete } => core.library_job(move |watcher| {
                // Read before: a path through a linked folder means nothing once the file is gone.
                let record = Box::new(watcher.records().of(&path));
                let result = upkeep::remove(&path, if delete { Removal::Delete } else { Removal::Trash });
                if let Ok(removed) = &result {
                    watcher.update(|records| records.forget(&removed.model));
                }
                watcher.rescan();
                Done::Library(LibraryDone::Removed(path, delete, record, result))
            }),
            LibraryIntent::Restore(removed, record) => core.library_job(move |watcher| {
                let result = upkeep::restore(&removed);
                if result.is_ok() {
                    watcher.update(|records| records.restore(&removed.model, &record));
                }
                watcher.rescan();
                Done::Library(LibraryDone::Restored(removed.model, result))
            }),
            LibraryIntent::Order(order) => core.settings.model_order = order,
            LibraryIntent::Import { path, run } => import(path, run, core),
            LibraryIntent::WatchFolder(folder) => watch_folder(folder, core),
            LibraryIntent::Pull(id) => self.downloads.ask(&id, core),
            LibraryIntent::PausePull(id) => self.downloads.pause(&id, core),
            LibraryIntent::ResumePull(id) => self.downloads.resume(&id),
            LibraryIntent::CancelPull(id) => self.downloads.cancel(&id, core),
            LibraryIntent::Deploy { order, replace } => {
                deploying::start(&mut self.deployment, order, replace, core);
            }
            LibraryIntent::DeployInto(folder) => self.page.deploy_into(&folder),
            LibraryIntent::DeployClosed => deploying::closed(&mut self.deployment),
        }
    }

    /// Takes over a worker's result.
    pub fn done(&mut self, done: LibraryDone, core: &mut Core) {
        match done {
            LibraryDone::Pull(id, added) => self.downloads.begun(id, added, core),
            LibraryDone::Verified(name, verdict) => verified(&name, verdict, core),
            LibraryDone::Removed(path, deleted, record, result) => {
                removed(&path, deleted, record, result, core);
            }
            LibraryDone::Restored(path, Ok(())) => {
                core.toasts.good(core.strings().library.restored, file_name(&path));
            }
            LibraryDone::Restored(_, Err(error)) => core.failed_with(&error),
            LibraryDone::Imported(taken) => imported(&taken, core),
            LibraryDone::Deployed(order, result) => {
                let is_shown = self.page.deploys(&order.model);
                deploying::done(&mut self.deployment, order, result, is_shown, core);
            }
            LibraryDone::FileGone(path) => {
                core.toasts.good(&model_name(&path), core.strings().library.file_gone);
            }
        }
    }

    /// Takes over the list of models and the state of downloads.
    pub fn gather(&mut self, core: &mut Core) {
        models_changed(core);
        self.downloads.gather(core);
        tell_idle(core);
    }
}

/// Changes the record of a model and of its copies, which are listed as one.
fn change(path: &Path, core: &Core, change: impl Fn(&mut ModelRecord) + Send + 'static) {
    let paths = with_copies(&core.models, path);
    core.library_job(move |watcher| {
        watcher.update(|records| {
            for path in &paths {
                records.change(path, &change);
            }
        });
        Done::Nothing
    });
}

/// The paths of a model and of its copies.
fn with_copies(models: &[Arc<ModelEntry>], path: &Path) -> Vec<PathBuf> {
    let entry = listed(models, path);
    entry.map_or_else(|| vec![path.to_owned()], |entry| entry.paths().map(Path::to_owned).collect())
}

/// Takes over the list of models; the running one is opened again if its file changed.
fn models_changed(core: &mut Core) {
    let models = core.watcher.entries();
    if Arc::ptr_eq(&models, &core.models) {
        return;
    }
    let before = std::mem::replace(&mut core.models, models);
    let Some(model) = core.model.current.clone() else { return };
    let current = model.path.clone();
    match (listed(&before, &current), listed(&core.models, &current)) {
        (_, Some(now)) if has_changed(now, &model) && core.model.opening.is_none() => {
            let name = model_name(&current);
            core.toasts.good(core.strings().library.file_changed, name);
            core.ask(Intent::Model(ModelIntent::Open(current)));
        }
        (Some(_), None) => core.library_job(move |_| {
            if current.exists() { Done::Nothing } else { Done::Library(LibraryDone::FileGone(current)) }
        }),
        _ => {}
    }
}

/// Whether the running model's file holds another model than the one that runs. Its time alone tells nothing: it also changes
/// when a file is copied anew or touched.
fn has_changed(entry: &ModelEntry, running: &ModelInfo) -> bool {
    let of_file = entry.sha256.as_ref().filter(|_| same_file(&entry.path, &running.path));
    entry.spec().is_some()
        && !running.sha256.is_empty()
        && of_file.is_some_and(|hash| *hash != running.sha256)
}

/// Tells the watcher whether the machine is idle, so that models may be measured.
fn tell_idle(core: &Core) {
    let opening = matches!(*core.source, SourceState::Opening { .. });
    let busy = (opening || frames_come(&core.source)) && core.model.current.is_some();
    core.watcher.set_idle(!busy && core.model.opening.is_none());
}

fn verified(name: &str, verdict: Result<Verdict, ModelError>, core: &mut Core) {
    let texts = &core.strings().library;
    match verdict {
        Ok(Verdict::Right { pinned, .. }) => {
            core.toasts.good(name, if pinned { texts.right_pinned } else { texts.right });
        }
        Ok(Verdict::Whole { .. }) => {
            core.toasts.good(name, texts.whole);
        }
        Ok(Verdict::Changed { .. }) => {
            core.toasts.bad(name, texts.changed);
        }
        Ok(Verdict::WeightsChanged { .. }) => {
            core.toasts.bad(name, texts.weights_changed);
        }
        Err(error) => {
            let text = error.explain(core.language());
            core.toasts.bad(name, text.to_string());
        }
    }
}

fn removed(
    path: &Path,
    deleted: bool,
    record: Box<ModelRecord>,
    result: Result<Removed, UpkeepError>,
    core: &mut Core,
) {
    match result {
        Ok(_) if deleted => {}
        Ok(removed) => {
            let toast = core.toasts.good(core.strings().library.removed, file_name(path));
            toast.undo = removed
                .can_be_restored()
                .then(|| Intent::Library(LibraryIntent::Restore(Box::new(removed), record)));
        }
        Err(error) => core.failed_with(&error),
    }
}

/// Takes models in: a file, a folder or an archive; with `run`, the first of them is run then. A model that is in the
/// library already is only run.
fn import(path: PathBuf, run: bool, core: &Core) {
    let models = Arc::clone(&core.models);
    core.library_job(move |watcher| {
        if run && is_listed(&models, &path) {
            return Done::Ask(vec![Intent::Model(ModelIntent::Open(path))]);
        }
        let taken = take_in(watcher, &path, run);
        watcher.rescan();
        Done::Library(LibraryDone::Imported(Box::new(taken)))
    });
}

/// Whether a file is in the list of models, under whatever path. Reads the disk.
fn is_listed(models: &[Arc<ModelEntry>], path: &Path) -> bool {
    let real = path.canonicalize().ok();
    let is_real = |entry: &ModelEntry| real.is_some() && entry.path.canonicalize().ok() == real;
    models.iter().any(|entry| is_of(entry, path) || is_real(entry))
}

fn imported(taken: &Taken, core: &mut Core) {
    if let Some(first) = taken.imported.first() {
        let names: Vec<String> = taken.imported.iter().take(4).map(|i| model_name(&i.path)).collect();
        let texts = &core.strings().library;
        let all_here = taken.imported.iter().all(|i| i.was_here);
        core.toasts.good(if all_here { texts.was_here } else { texts.imported }, names.join(", "));
        if taken.run {
            core.ask(Intent::Model(ModelIntent::Open(first.path.clone())));
        }
    }
    for error in taken.failed.iter().take(3) {
        core.failed_with(error);
    }
}

/// Adds a folder to those that are watched.
fn watch_folder(folder: PathBuf, core: &mut Core) {
    if !core.settings.model_folders.contains(&folder) {
        core.settings.model_folders.push(folder.clone());
    }
    core.toasts.good(core.strings().library.watching, folder.display().to_string());
    core.library_job(move |watcher| {
        watcher.add_folders(&[folder]);
        Done::Nothing
    });
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
    for new in taken.imported.iter().filter(|i| !i.was_here) {
        let Ok(stamp) = FileStamp::of(&new.path) else { continue };
        let origin = catalogue.by_hash(&new.sha256).map(|entry| Origin::of(entry, &new.sha256));
        watcher.update(|records| {
            records.set_hash(&new.path, stamp, &new.sha256);
            records.change(&new.path, |record| {
                record.weights.clone_from(&new.weights);
                record.origin = origin.clone().or(record.origin.take());
            });
        });
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::listed_model;
    use crate::fixtures::model_info;
    use crate::model::Task;

    /// A copy that stayed a favourite would keep the model one, whose copies are listed as one.
    #[test]
    fn a_model_and_its_copies_are_changed_together_by_whichever_path() {
        let mut entry = ModelEntry::clone(&listed_model("a", Task::Detect, None));
        entry.copies = vec!["/elsewhere/a.onnx".into()];
        let models = [listed_model("b", Task::Detect, None), Arc::new(entry)];
        let both: [PathBuf; 2] = ["/models/a.onnx".into(), "/elsewhere/a.onnx".into()];
        for path in &both {
            assert_eq!(with_copies(&models, path), both);
        }
        assert_eq!(with_copies(&models, Path::new("/c.onnx")), [PathBuf::from("/c.onnx")]);
    }

    #[test]
    fn a_file_has_changed_when_its_content_has() {
        let running = ModelInfo { sha256: "old".into(), path: "/models/a.onnx".into(), ..model_info() };
        let mut entry = ModelEntry::clone(&listed_model("a", Task::Detect, None));
        entry.stamp.modified += 1;
        assert!(!has_changed(&entry, &running), "touched, and not hashed yet");
        entry.sha256 = Some("old".into());
        assert!(!has_changed(&entry, &running), "touched");
        entry.sha256 = Some("new".into());
        assert!(has_changed(&entry, &running));
        let elsewhere = ModelInfo { path: "/elsewhere/b.onnx".into(), ..running };
        assert!(!has_changed(&entry, &elsewhere), "another file");
    }
}
