//! Opening, making, importing and closing data sets.

use std::path::{Path, PathBuf};

use super::DatasetController;
use super::states::Waiting;
use crate::app::controllers::core::Core;
use crate::app::dataset::document::Document;
use crate::app::dataset::state::Work;
use crate::app::intent::Page;
use crate::app::strings::explained;
use crate::app::workers::{DatasetDone, DatasetJob, Done, OpenedDataset};
use crate::dataset::{self, Collector, DatasetError, Folder, Imported, Opened};
use crate::library::names::safe;

impl DatasetController {
    /// Whether the data set that is open may be closed: all its labels are saved. Says so if not.
    pub(super) fn may_leave(&self, core: &mut Core) -> bool {
        if self.unsaved_labels() == 0 {
            return true;
        }
        let w = &core.strings().datasets;
        core.toasts.bad(w.save_failed, w.waits_for_save);
        false
    }

    pub(super) fn close(&mut self, core: &mut Core) {
        if let Some((_, progress)) = &self.page.work {
            progress.stop();
        }
        self.generation += 1;
        self.tried = true;
        self.collector = None;
        core.collector = None;
        self.collecting = None;
        self.last = None;
        let closed = std::mem::take(&mut self.page);
        // Thousands of images with their labels take a moment to go.
        let document = closed.document;
        core.workers.run("close data set", move || {
            drop(document);
            Done::Nothing
        });
    }

    pub(super) fn open(&mut self, path: PathBuf, core: &mut Core) {
        if self.page.opening || !self.may_leave(core) {
            return;
        }
        self.close(core);
        self.page.opening = true;
        self.run_open(core, move || Folder::open(&path));
    }

    pub(super) fn create(&mut self, name: &str, core: &mut Core) {
        if self.page.opening || !self.may_leave(core) {
            return;
        }
        let name = safe(name);
        self.close(core);
        self.page.opening = true;
        let root = self.folder.join(if name.is_empty() { "dataset".into() } else { name });
        self.run_open(core, move || Folder::create(&root, Vec::new()));
    }

    fn run_open(&self, core: &Core, open: impl FnOnce() -> Result<Opened, DatasetError> + Send + 'static) {
        let generation = self.generation;
        self.run("open data set", DatasetJob::Open, core, move || {
            DatasetDone::Opened(generation, open().map(|opened| Box::new(taken_over(opened, Vec::new(), 0))))
        });
    }

    pub(super) fn import(&mut self, path: PathBuf, core: &mut Core) {
        if self.page.opening || !self.may_leave(core) {
            return;
        }
        self.close(core);
        let Some(progress) = self.begin(Work::Import, core) else { return };
        self.page.opening = true;
        let (folder, generation) = (self.folder.clone(), self.generation);
        self.run("import data set", DatasetJob::Open, core, move || {
            let imported = || -> Result<Box<OpenedDataset>, DatasetError> {
                let mut read = dataset::read(&path, None)?;
                let problems = std::mem::take(&mut read.problems);
                let root = free_folder(&folder, &safe(&read.dataset.name));
                let Imported { opened, missing } =
                    dataset::import(read, &root, |done, all| progress.step(done, all))?;
                Ok(Box::new(taken_over(opened, problems, missing.len())))
            };
            DatasetDone::Opened(generation, imported())
        });
    }

    pub(super) fn opened(&mut self, result: Result<Box<OpenedDataset>, DatasetError>, core: &mut Core) {
        self.page.opening = false;
        self.page.work = None;
        match result {
            Ok(opened) => {
                let OpenedDataset { document, root, problems, missing, collector } = *opened;
                core.settings.remember_dataset(&root);
                self.collector = Some(collector.clone());
                core.collector = Some(collector);
                self.page.show(document, root, problems);
                if missing > 0 {
                    let w = &core.strings().datasets;
                    core.toasts.bad(w.import, (w.missing_images)(missing));
                }
                let waiting: Vec<Waiting> = std::mem::take(&mut self.waiting);
                for frame in waiting {
                    self.collect_now(frame, core);
                }
            }
            Err(error) => {
                let text = explained(&error, core.language());
                self.not_opened(text, core);
            }
        }
    }

    /// No data set is open, and this is why.
    pub(super) fn not_opened(&mut self, text: String, core: &mut Core) {
        self.page.opening = false;
        self.page.work = None;
        self.waiting.clear();
        // Where the page isn't seen, a message says it.
        if core.page != Page::Dataset {
            let title = core.strings().datasets.not_collected;
            core.toasts.bad(title, text.clone());
            self.page.choose_first = true;
        }
        self.page.error = Some(text);
    }
}

/// A data set that was read, as the page takes it over: with problems that were found before.
fn taken_over(opened: Opened, mut problems: Vec<dataset::Problem>, missing: usize) -> OpenedDataset {
    let collector = Collector::new(&opened);
    let root = opened.folder.root();
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    problems.extend(opened.problems);
    OpenedDataset { document: Document::new(opened.dataset), root, problems, missing, collector }
}

/// A folder of this name that doesn't exist yet.
fn free_folder(parent: &Path, name: &str) -> PathBuf {
    let name = if name.is_empty() { "dataset" } else { name };
    let numbered = (2_u32..).map(|number| parent.join(format!("{name} ({number})")));
    let mut all = std::iter::once(parent.join(name)).chain(numbered);
    all.find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| parent.join(name))
}
