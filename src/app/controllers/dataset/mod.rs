//! Data sets: the page's state, and which file carries out what of its intents.

mod collecting;
mod opening;
mod saving;
mod states;
#[cfg(test)]
mod tests;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use super::core::Core;
use crate::app::dataset::document::Document;
use crate::app::dataset::pictures::{self, Outlines, Read, Wish};
use crate::app::dataset::state::DatasetPage;
use crate::app::intent::{DatasetIntent, Page};
use crate::app::view::{Collected, Collecting, Quitting, file_name};
use crate::app::workers::{DatasetDone, DatasetJob, Done};
use crate::dataset::Collector;
use crate::frame::Frame;
use crate::save;
use states::{Leaving, Saving, Waiting};

/// See the module.
pub struct DatasetController {
    pub page: DatasetPage,
    /// The data set that is open.
    collector: Option<Collector>,
    /// Counts the data sets that were opened: what workers bring of another one is of no use.
    generation: u64,
    /// Frames that are collected when the data set is open.
    waiting: Vec<Waiting>,
    /// Several models run.
    comparing: bool,
    /// Frames that workers are saving.
    saving_frames: usize,
    last: Option<Collected>,
    pub collecting: Option<Collecting>,
    saving: Saving,
    leaving: Leaving,
    /// What holds up quitting, once the user is to know.
    pub quitting: Option<Quitting>,
    /// Counts the states of labels that were handed to workers.
    revision: u64,
    /// Where new data sets are made.
    pub folder: PathBuf,
    /// The last data set was opened by itself: for the page, or for rules that collect.
    tried: bool,
}

impl std::fmt::Debug for DatasetController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatasetController").field("collector", &self.collector).finish_non_exhaustive()
    }
}

impl Default for DatasetController {
    fn default() -> Self {
        Self {
            page: DatasetPage::default(),
            collector: None,
            generation: 0,
            waiting: Vec::new(),
            comparing: false,
            saving_frames: 0,
            last: None,
            collecting: None,
            saving: Saving::Idle,
            leaving: Leaving::No,
            quitting: None,
            revision: 0,
            folder: save::default_folder().with_file_name("Sightline data sets"),
            tried: false,
        }
    }
}

impl DatasetController {
    /// Carries out an intent. `shown`: the frame of the preview.
    pub fn apply(&mut self, intent: DatasetIntent, shown: Option<&Arc<Frame>>, core: &mut Core) {
        match intent {
            DatasetIntent::Collect => self.collect(shown, core),
            DatasetIntent::Open(path) => self.open(path, core),
            DatasetIntent::Create(name) => self.create(&name, core),
            DatasetIntent::Close => {
                if self.may_leave(core) {
                    self.close(core);
                    self.waiting.clear();
                }
            }
            DatasetIntent::SaveAgain => self.save_again(core),
            DatasetIntent::QuitAnyway => self.quit_anyway(core),
            DatasetIntent::KeepOpen => self.keep_open(),
            DatasetIntent::Check => self.check(core),
            DatasetIntent::Stop => {
                if let Some((_, progress)) = &self.page.work {
                    progress.stop();
                }
            }
            DatasetIntent::Import(path) => self.import(path, core),
            DatasetIntent::ExportInto(folder) => {
                if let Some(form) = &mut self.page.export {
                    form.choose(&folder, &self.page.root);
                }
            }
            DatasetIntent::Export => self.export(core),
            DatasetIntent::Evaluate(models) => self.evaluate(models, core),
            DatasetIntent::Show(place) => self.edit(core, |document| document.show(place)),
            DatasetIntent::ShowNextOpen => self.edit(core, |document| {
                if let Some(place) = document.next_open() {
                    document.show(place);
                }
            }),
            DatasetIntent::Edit(edit) => self.edit(core, |document| {
                document.apply(edit);
            }),
            DatasetIntent::Undo => self.edit(core, |document| {
                document.undo();
            }),
            DatasetIntent::Redo => self.edit(core, |document| {
                document.redo();
            }),
        }
    }

    fn edit(&mut self, core: &mut Core, change: impl FnOnce(&mut Document)) {
        if let Some(document) = &mut self.page.document {
            change(document);
            self.save(core);
        }
    }

    /// Lets a worker do something. If it ends without a result, [`Self::broken`] is told what it was.
    fn run(
        &self,
        name: &str,
        job: DatasetJob,
        core: &Core,
        work: impl FnOnce() -> DatasetDone + Send + 'static,
    ) {
        let broken = Done::Dataset(DatasetDone::Broken(self.generation, job));
        core.workers.run_or(name, broken, move || Done::Dataset(work()));
    }

    /// A worker has done something.
    pub fn done(&mut self, done: DatasetDone, ctx: &egui::Context, core: &mut Core) {
        match done {
            DatasetDone::Collected(generation, result) => self.frame_collected(generation, result, core),
            DatasetDone::Broken(generation, job) => {
                self.broken(generation == self.generation, job, ctx, core);
            }
            DatasetDone::Opened(generation, result) if generation == self.generation => {
                self.opened(result, core);
            }
            DatasetDone::Saved(generation, failed, why) if generation == self.generation => {
                self.labels_saved(&failed, why, core);
            }
            DatasetDone::Picture(generation, read) if generation == self.generation => {
                self.page.pictures.arrived(ctx, *read);
            }
            DatasetDone::Checked(generation, flags) if generation == self.generation => {
                self.page.work = None;
                let w = &core.strings().datasets;
                core.toasts.good(w.check, (w.checked)(flags.len()));
                self.page.flags = flags;
            }
            DatasetDone::Exported(generation, result) if generation == self.generation => {
                self.exported(result, core);
            }
            DatasetDone::Evaluated(generation, result) if generation == self.generation => {
                self.evaluated(result, core);
            }
            // Of a data set that was closed.
            DatasetDone::Opened(..)
            | DatasetDone::Saved(..)
            | DatasetDone::Picture(..)
            | DatasetDone::Checked(..)
            | DatasetDone::Exported(..)
            | DatasetDone::Evaluated(..) => {}
        }
    }

    /// A worker ended without a result: what it was to do may be asked for again. `is_open`: it worked on the data set that is open.
    fn broken(&mut self, is_open: bool, job: DatasetJob, ctx: &egui::Context, core: &mut Core) {
        let w = &core.strings().datasets;
        match job {
            DatasetJob::Collect => {
                self.saving_frames = self.saving_frames.saturating_sub(1);
                self.not_collected(is_open, w.broken.to_owned(), core);
            }
            _ if !is_open => {}
            DatasetJob::Open => self.not_opened(w.broken.to_owned(), core),
            DatasetJob::Save(places) => {
                self.saving = Saving::Idle;
                if let Some(document) = &mut self.page.document {
                    document.not_saved(&places);
                }
                self.not_saved(w.broken.to_owned(), core);
            }
            DatasetJob::Picture(wish) => {
                let image = Err("it is damaged".to_owned());
                self.page.pictures.arrived(ctx, Read { wish, image, outlines: Outlines::new() });
            }
            DatasetJob::Work => {
                self.page.work = None;
                core.failed(w.broken);
            }
        }
    }

    /// Opens the last data set where one is needed, takes over what was collected, and lets workers read the pictures that the page
    /// wants. `rules_collect`: a rule needs a data set.
    pub fn gather(&mut self, rules_collect: bool, comparing: bool, core: &mut Core) {
        self.comparing = comparing;
        self.gather_leaving(core);
        let wanted = rules_collect || core.page == Page::Dataset;
        if wanted
            && self.collector.is_none()
            && !self.page.opening
            && let Some(path) = core.settings.datasets.first().cloned()
            && !std::mem::replace(&mut self.tried, true)
        {
            self.open(path, core);
        }
        let Some(collector) = &self.collector else { return };
        if let Some(document) = &mut self.page.document {
            for added in collector.take_added() {
                document.add(added.item, &added.classes);
                self.last.get_or_insert(Collected::Saved);
            }
            let now = Collecting {
                name: file_name(&self.page.root),
                images: document.items().len(),
                last: self.last,
            };
            if self.collecting.as_ref() != Some(&now) {
                self.collecting = Some(now);
            }
        }
        while core.page == Page::Dataset
            && let Some(wish) = self.page.pictures.next()
        {
            self.read(wish, core);
        }
    }

    fn read(&self, wish: Wish, core: &Core) {
        let place = match wish {
            Wish::Small(place) | Wish::Large(place) => place,
        };
        let item = self.page.document.as_ref().and_then(|document| document.items().get(place));
        let (path, labels) = match item {
            Some(item) if matches!(wish, Wish::Large(_)) => (item.path.clone(), item.annotations.clone()),
            Some(item) => (item.path.clone(), Vec::new()),
            None => (PathBuf::new(), Vec::new()),
        };
        let generation = self.generation;
        self.run("data set picture", DatasetJob::Picture(wish), core, move || {
            DatasetDone::Picture(generation, Box::new(pictures::read(&path, wish, &labels)))
        });
    }
}
