//! Data sets: opening and making them, collecting frames, the edits of the review page and saving them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use crate::app::dataset::document::Document;
use crate::app::dataset::pictures::{self, Wish};
use crate::app::dataset::state::{DatasetPage, Evaluated, Progress, Work, flags_of};
use crate::app::intent::{DatasetIntent, Page};
use crate::app::strings::explained;
use crate::app::view::{Collected, Collecting, file_name};
use crate::app::workers::{DatasetDone, Done, OpenedDataset};
use crate::dataset::check::{self, CheckOptions};
use crate::dataset::measure::{self, MeasureError};
use crate::dataset::{
    self, CollectError, Collector, Dataset, DatasetError, ExportOptions, Exported, Folder, Imported, Opened,
    Sight, SplitParts,
};
use crate::engine::Prediction;
use crate::frame::Frame;
use crate::library::names::safe;
use crate::model::{ModelError, OpenOptions};
use crate::save;
use crate::source::address::typed_path;

/// Labels of so many images are handed to a worker at once.
const BATCH: usize = 32;
/// So many frames may wait to be collected.
const WAITING: usize = 8;
/// How long the end of the program waits for labels that are being saved.
const END: Duration = Duration::from_secs(3);

/// A frame that is to be collected.
struct Waiting {
    frame: Arc<Frame>,
    prediction: Option<Arc<Prediction>>,
    source: String,
}

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
    /// A worker saves labels, of these images.
    saving: bool,
    in_hand: Vec<usize>,
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
            saving: false,
            in_hand: Vec::new(),
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
                }
            }
            DatasetIntent::SaveAgain => self.save(core),
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

    /// Whether the data set that is open may be closed: all its labels are saved. Says so if not.
    fn may_leave(&self, core: &mut Core) -> bool {
        let unsaved = self.page.document.as_ref().map_or(0, Document::unsaved);
        if unsaved == 0 && !self.saving {
            return true;
        }
        let w = &core.strings().datasets;
        core.toasts.bad(w.save_failed, w.waits_for_save);
        false
    }

    fn close(&mut self, core: &mut Core) {
        if let Some((_, progress)) = &self.page.work {
            progress.stop();
        }
        self.generation += 1;
        self.tried = true;
        self.collector = None;
        core.collector = None;
        self.collecting = None;
        self.last = None;
        self.page = DatasetPage::default();
    }

    fn open(&mut self, path: PathBuf, core: &mut Core) {
        if self.page.opening || !self.may_leave(core) {
            return;
        }
        self.close(core);
        self.page.opening = true;
        self.run_open(core, move || Folder::open(&path));
    }

    fn create(&mut self, name: &str, core: &mut Core) {
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
        core.workers.run("open data set", move || {
            let opened = open().map(|opened| {
                let collector = Collector::new(&opened);
                let root = std::path::absolute(opened.folder.root());
                let root = root.unwrap_or_else(|_| opened.folder.root().to_owned());
                let document = Document::new(opened.dataset);
                Box::new(OpenedDataset { document, root, problems: opened.problems, missing: 0, collector })
            });
            Done::Dataset(DatasetDone::Opened(generation, opened))
        });
    }

    /// Saves what is shown; without a data set, one is chosen first.
    fn collect(&mut self, shown: Option<&Arc<Frame>>, core: &mut Core) {
        let w = &core.strings().datasets;
        let Some(shown) = shown else {
            core.toasts.bad(w.not_collected, w.nothing_to_collect);
            return;
        };
        if self.waiting.len() + self.saving_frames >= WAITING {
            core.toasts.bad(w.not_collected, w.too_fast);
            return;
        }
        if core.settings.privacy.on && self.comparing {
            // Several models find who is to be hidden, and labels are those of one.
            core.toasts.bad(w.not_collected, w.comparing_hides);
            return;
        }
        // A result goes with its own frame, so that labels lie where objects were found.
        let prediction = core.prediction.clone().filter(|o| o.frame.generation == shown.generation);
        let frame = prediction.as_ref().map_or_else(|| Arc::clone(shown), |o| Arc::clone(&o.frame));
        let source = core.source.address().map(ToString::to_string).unwrap_or_default();
        let frame = Waiting { frame, prediction, source };
        if self.collector.is_some() {
            self.collect_now(frame, core);
            return;
        }
        if let Some(path) = core.settings.datasets.first().cloned().filter(|_| !self.page.choose_first) {
            self.waiting.push(frame);
            if !self.page.opening {
                self.open(path, core);
            }
            return;
        }
        self.page.choose_first = true;
        self.page.focus_name = true;
        if !self.page.opening {
            self.waiting = vec![frame];
        }
        core.page = Page::Dataset;
    }

    fn collect_now(&mut self, waiting: Waiting, core: &Core) {
        let Some(collector) = self.collector.clone() else { return };
        self.saving_frames += 1;
        self.last = Some(Collected::Saving);
        let generation = self.generation;
        // As it is now: a frame may have waited until a data set was chosen.
        let privacy = core.settings.privacy.clone();
        core.workers.run("collect frame", move || {
            let Waiting { frame, prediction, source } = waiting;
            let sight = Sight {
                frame: &frame,
                prediction: prediction.as_deref(),
                source: &source,
                privacy: &privacy,
            };
            Done::Dataset(DatasetDone::Collected(generation, collector.collect(&sight).map(|_| ())))
        });
    }

    /// Hands labels that aren't saved to a worker: one at a time, so that the newest state is the last one.
    fn save(&mut self, core: &Core) {
        let (Some(document), Some(collector)) = (&mut self.page.document, &self.collector) else { return };
        if self.saving {
            return;
        }
        let batch = document.take_unsaved(BATCH);
        if batch.is_empty() {
            return;
        }
        self.saving = true;
        self.in_hand = batch.iter().map(|(place, _)| *place).collect();
        self.revision += 1;
        let (collector, revision, generation) = (collector.clone(), self.revision, self.generation);
        let classes = document.classes().to_vec();
        core.workers.run("save labels", move || {
            let mut failed = Vec::new();
            let mut why = None;
            for (place, item) in batch {
                let is_full = matches!(why, Some(DatasetError::Full { .. }));
                let saved = if is_full { None } else { Some(collector.save(&classes, &item, revision)) };
                match saved {
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        failed.push(place);
                        why = Some(error);
                    }
                    // A full disk isn't asked again for each image.
                    None => failed.push(place),
                }
            }
            Done::Dataset(DatasetDone::Saved(generation, failed, why))
        });
    }

    /// A worker has done something.
    pub fn done(&mut self, done: DatasetDone, ctx: &egui::Context, core: &mut Core) {
        match done {
            DatasetDone::Opened(generation, result) if generation == self.generation => {
                self.opened(result, core);
            }
            DatasetDone::Collected(generation, result) => {
                self.saving_frames = self.saving_frames.saturating_sub(1);
                self.frame_collected(generation, result, core);
            }
            DatasetDone::Saved(generation, failed, why) => {
                self.saving = false;
                self.in_hand.clear();
                if generation != self.generation {
                    return;
                }
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
                self.page.work = None;
                self.exported(result, core);
            }
            DatasetDone::Evaluated(generation, result) if generation == self.generation => {
                self.page.work = None;
                match result {
                    Ok(evaluated) => self.page.evaluated = Some(*evaluated),
                    Err(MeasureError::Stopped | MeasureError::Model(ModelError::Stopped)) => {}
                    Err(error) => self.page.evaluation_error = Some(explained(&error, core.language())),
                }
            }
            DatasetDone::Opened(..)
            | DatasetDone::Picture(..)
            | DatasetDone::Checked(..)
            | DatasetDone::Exported(..)
            | DatasetDone::Evaluated(..) => {}
        }
    }

    fn opened(&mut self, result: Result<Box<OpenedDataset>, DatasetError>, core: &mut Core) {
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
                for frame in std::mem::take(&mut self.waiting) {
                    self.collect_now(frame, core);
                }
            }
            Err(error) => {
                self.waiting.clear();
                let text = explained(&error, core.language());
                // Where the page isn't seen, a message says it.
                if core.page != Page::Dataset {
                    let title = core.strings().datasets.not_collected;
                    core.toasts.bad(title, text.clone());
                    self.page.choose_first = true;
                }
                self.page.error = Some(text);
            }
        }
    }

    fn frame_collected(&mut self, generation: u64, result: Result<(), CollectError>, core: &mut Core) {
        let is_open = generation == self.generation;
        match result {
            Ok(()) if is_open => self.last = Some(Collected::Saved),
            Ok(()) => {}
            Err(error) => {
                if is_open {
                    self.last = Some(Collected::Failed);
                }
                let text = explained(&error, core.language());
                core.toasts.bad(core.strings().datasets.not_collected, text);
            }
        }
    }

    fn labels_saved(&mut self, failed: &[usize], why: Option<DatasetError>, core: &mut Core) {
        let Some(document) = &mut self.page.document else { return };
        document.not_saved(failed);
        match why {
            None => {
                self.page.save_error = None;
                // What was changed meanwhile.
                self.save(core);
            }
            Some(error) => {
                let text = explained(&error, core.language());
                let is_new = self.page.save_error.as_ref() != Some(&text);
                if is_new && core.page != Page::Dataset {
                    core.toasts.bad(core.strings().datasets.save_failed, text.clone());
                }
                self.page.save_error = Some(text);
            }
        }
    }

    /// Begins work that takes a while; one at a time.
    fn begin(&mut self, work: Work, core: &mut Core) -> Option<Progress> {
        if self.page.work.is_some() {
            let w = &core.strings().datasets;
            core.toasts.bad(w.title, w.busy);
            return None;
        }
        let progress = Progress::default();
        self.page.work = Some((work, progress.clone()));
        Some(progress)
    }

    fn check(&mut self, core: &mut Core) {
        let Some(dataset) = self.page.document.as_ref().map(|document| document.dataset().clone()) else {
            return;
        };
        let Some(progress) = self.begin(Work::Check, core) else { return };
        let generation = self.generation;
        core.workers.run("check data set", move || {
            let step = |done, all| progress.step(done, all);
            let findings = check::check(&dataset, CheckOptions::default(), step);
            Done::Dataset(DatasetDone::Checked(generation, flags_of(&findings)))
        });
    }

    fn import(&mut self, path: PathBuf, core: &mut Core) {
        if self.page.opening || !self.may_leave(core) {
            return;
        }
        self.close(core);
        let Some(progress) = self.begin(Work::Import, core) else { return };
        self.page.opening = true;
        let (folder, generation) = (self.folder.clone(), self.generation);
        core.workers.run("import data set", move || {
            let imported = || -> Result<Box<OpenedDataset>, DatasetError> {
                let mut read = dataset::read(&path, None)?;
                let mut problems = std::mem::take(&mut read.problems);
                let root = free_folder(&folder, &safe(&read.dataset.name));
                let Imported { opened, missing } =
                    dataset::import(read, &root, |done, all| progress.step(done, all))?;
                let collector = Collector::new(&opened);
                problems.extend(opened.problems);
                let document = Document::new(opened.dataset);
                Ok(Box::new(OpenedDataset { document, root, problems, missing: missing.len(), collector }))
            };
            Done::Dataset(DatasetDone::Opened(generation, imported()))
        });
    }

    fn export(&mut self, core: &mut Core) {
        let (Some(document), Some(form)) = (&self.page.document, &self.page.export) else { return };
        let (dataset, format) = (document.dataset().clone(), form.format);
        let to = typed_path(form.to.trim());
        let (val, test) = (f64::from(form.val) / 100.0, f64::from(form.test) / 100.0);
        let parts = (val + test > 0.0).then(|| SplitParts { val, test, ..SplitParts::default() });
        let options = ExportOptions { unreviewed: form.unreviewed, parts };
        let Some(progress) = self.begin(Work::Export, core) else { return };
        let generation = self.generation;
        core.workers.run("export data set", move || {
            let step = |done, all| progress.step(done, all);
            let exported = dataset::export(&dataset, format, &options, &to, step);
            Done::Dataset(DatasetDone::Exported(generation, exported.map(Box::new)))
        });
    }

    fn exported(&mut self, result: Result<Box<Exported>, DatasetError>, core: &mut Core) {
        if matches!(result, Err(DatasetError::Ended)) {
            return;
        }
        let language = core.language();
        let outcome = result.map(|exported| *exported).map_err(|error| explained(&error, language));
        if let Some(form) = &mut self.page.export {
            form.outcome = Some(outcome);
            return;
        }
        // The dialogue was closed.
        let w = &core.strings().datasets;
        match outcome {
            Ok(exported) => drop(core.toasts.good(w.export_title, (w.exported)(&exported))),
            Err(error) => drop(core.toasts.bad(w.export_title, error)),
        }
    }

    fn evaluate(&mut self, models: Vec<PathBuf>, core: &mut Core) {
        let Some(dataset) = self.page.document.as_ref().map(|document| document.dataset().clone()) else {
            return;
        };
        let Some(progress) = self.begin(Work::Evaluate, core) else { return };
        let options = OpenOptions {
            device: core.settings.device.clone(),
            known: core.known.clone(),
            isolation: core.isolation.clone(),
            ..OpenOptions::default()
        };
        let generation = self.generation;
        core.workers.run("evaluate models", move || {
            Done::Dataset(DatasetDone::Evaluated(
                generation,
                evaluated(&dataset, &models, &options, &progress).map(Box::new),
            ))
        });
    }

    /// Opens the last data set where one is needed, takes over what was collected, and lets workers read the pictures that the page
    /// wants. `rules_collect`: a rule needs a data set.
    pub fn gather(&mut self, rules_collect: bool, comparing: bool, core: &mut Core) {
        self.comparing = comparing;
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
        core.workers.run("data set picture", move || {
            Done::Dataset(DatasetDone::Picture(generation, Box::new(pictures::read(&path, wish, &labels))))
        });
    }

    /// A worker ended without a result: what it was to do may be asked for again.
    pub fn broken(&mut self) {
        self.page.opening = false;
        self.page.work = None;
    }

    /// The program ends: saves what isn't saved yet.
    pub fn end(&mut self) {
        let (Some(document), Some(collector)) = (&mut self.page.document, &self.collector) else { return };
        let until = Instant::now() + END;
        // The worker that saves them may be ended before it does.
        document.not_saved(&self.in_hand);
        let classes = document.classes().to_vec();
        let mut batch = document.take_unsaved(BATCH);
        while !batch.is_empty() && Instant::now() < until {
            for (_, item) in batch {
                if let Err(error) = collector.save(&classes, &item, self.revision + 1) {
                    // Others may be saved all the same.
                    tracing::error!("labels are lost: {error}");
                }
            }
            batch = document.take_unsaved(BATCH);
        }
    }
}

/// Measures models one after the other, and how much they differ.
fn evaluated(
    dataset: &Dataset,
    models: &[PathBuf],
    options: &OpenOptions,
    progress: &Progress,
) -> Result<Evaluated, MeasureError> {
    let rounds = models.len();
    let mut measured = Vec::with_capacity(rounds);
    for (round, model) in models.iter().enumerate() {
        let step = |done: usize, all: usize| progress.step(round * all + done, rounds * all);
        measured.push(measure::measure(dataset, model, options, step)?);
    }
    let classes: Vec<String> = dataset.classes.iter().map(|class| class.name.clone()).collect();
    let difference = match &measured[..] {
        [first, second] => measure::difference(&classes, first, second, |done, all| progress.step(done, all)),
        _ => None,
    };
    Ok(Evaluated { models: measured, difference })
}

/// A folder of this name that doesn't exist yet.
fn free_folder(parent: &Path, name: &str) -> PathBuf {
    let name = if name.is_empty() { "dataset" } else { name };
    let numbered = (2_u32..).map(|number| parent.join(format!("{name} ({number})")));
    let mut all = std::iter::once(parent.join(name)).chain(numbered);
    all.find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| parent.join(name))
}
