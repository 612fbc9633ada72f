//! Lessons: the list, the lesson that is being taken, and what the user had before it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use super::kept::Kept;
use crate::app::compare::Compare;
use crate::app::intent::{
    CompareIntent, Intent, LessonsIntent, ModelIntent, Page, SourceIntent, WindowIntent,
};
use crate::app::lessons::state::{LessonPanel, LessonsView, MissingModel};
use crate::app::lessons::{Around, SetUp, apply_setup};
use crate::app::strings::phrase;
use crate::app::view::{listed, model_name, same_file};
use crate::app::workers::{Done, LessonsDone};
use crate::engine::{Command, Prediction};
use crate::learn::lessons::{self, Course, Fact, Facts, Listed};
use crate::learn::samples;
use crate::library::ModelEntry;
use crate::model::labels::Language;
use crate::model::spec::Size;
use crate::source::Address;

/// What ran before the lesson.
#[derive(Debug)]
struct Before {
    source: Option<Address>,
    model: Option<PathBuf>,
    was_comparing: bool,
    thresholds: crate::model::Thresholds,
}

/// The lesson that is being taken.
#[derive(Debug)]
struct Running {
    course: Course,
    /// The folder of its file, if it is the user's own.
    beside: Option<PathBuf>,
    before: Before,
    set_up: SetUp,
    /// What comes after source and model are there was asked for.
    is_complete: bool,
    /// The picture is changed before it is shown and run.
    is_perturbed: bool,
    /// The list of models that the step was set up with.
    models: Arc<Vec<Arc<ModelEntry>>>,
}

/// The state of the lessons.
#[derive(Debug, Default)]
pub struct LessonsController {
    pub panel: LessonPanel,
    listed: Vec<Listed>,
    folder: Option<PathBuf>,
    facts: Facts,
    running: Option<Running>,
    /// Where the pictures lie, once they were written.
    samples: Option<PathBuf>,
    is_preparing: bool,
    trouble: Option<String>,
}

impl LessonsController {
    /// What the window shows.
    #[must_use]
    pub fn view(&self) -> LessonsView<'_> {
        let missing: &[MissingModel] = self.running.as_ref().map_or(&[], |running| &running.set_up.missing);
        LessonsView {
            listed: &self.listed,
            folder: self.folder.as_deref(),
            course: self.running.as_ref().map(|running| &running.course),
            facts: &self.facts,
            missing,
            is_preparing: self.is_preparing,
            trouble: self.trouble.as_deref(),
        }
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: LessonsIntent, comparing: bool, core: &mut Core) {
        match intent {
            LessonsIntent::Begin(id) => self.begin(&id, comparing, core),
            LessonsIntent::Answer(reply) => {
                if let Some(running) = &mut self.running {
                    running.course.answer(reply, &self.facts);
                }
                self.remember(core);
            }
            LessonsIntent::Next | LessonsIntent::Back => {
                let Some(running) = &mut self.running else { return };
                if intent == LessonsIntent::Next {
                    running.course.next()
                } else {
                    running.course.back()
                }
                self.remember(core);
                self.set_up(comparing, core);
            }
            LessonsIntent::SetUp => self.set_up(comparing, core),
            LessonsIntent::Close => self.close(comparing, core),
        }
    }

    /// The list is on screen.
    pub fn shown(&mut self, core: &Core) {
        if self.listed.is_empty() {
            // The user's own follow when a worker has read them.
            self.listed = lessons::list(None);
        }
        core.workers.run("lessons", || {
            let folder = lessons::folder();
            if let Some(folder) = &folder {
                // So that there is a place to put one's own into.
                std::fs::create_dir_all(folder).ok();
            }
            let listed = lessons::list(folder.as_deref());
            Done::Lessons(LessonsDone::Listed(listed, folder))
        });
    }

    /// Takes over what a worker did.
    pub fn done(&mut self, done: LessonsDone, comparing: bool, core: &mut Core) {
        match done {
            LessonsDone::Listed(listed, folder) => (self.listed, self.folder) = (listed, folder),
            LessonsDone::Samples(result) => {
                self.is_preparing = false;
                let w = &core.strings().lessons;
                match result {
                    Ok(folder) => {
                        (self.samples, self.trouble) = (Some(folder), None);
                        self.set_up(comparing, core);
                    }
                    Err(why) => {
                        let why = match core.language() {
                            Language::English => why,
                            Language::Chinese => phrase(Language::Chinese, &why).into_owned(),
                        };
                        self.trouble = Some((w.no_pictures)(&why));
                    }
                }
            }
        }
    }

    fn begin(&mut self, id: &str, comparing: bool, core: &mut Core) {
        if self.listed.is_empty() {
            self.listed = lessons::list(None);
        }
        let found = self.listed.iter().find(|listed| listed.lesson().is_some_and(|lesson| lesson.id == id));
        let Some((lesson, path)) =
            found.and_then(|found| Some((Arc::clone(found.lesson()?), found.path.clone())))
        else {
            return;
        };
        let progress = core.settings.lessons.get(id).copied().unwrap_or_default();
        // From one lesson to the next, what the user had before the first one is kept.
        let before = self.running.take().map_or_else(|| before(comparing, core), |running| running.before);
        if core.kept.is_none() {
            core.kept = Some(Box::new(Kept::of(&core.settings)));
        }
        if !core.thresholds.classes.is_empty() {
            core.thresholds.classes.clear();
            core.engine.send(Command::SetThresholds(core.thresholds.clone()));
        }
        self.running = Some(Running {
            course: Course::begin(lesson, progress),
            beside: path.as_deref().and_then(Path::parent).map(Path::to_owned),
            before,
            set_up: SetUp::default(),
            is_complete: false,
            is_perturbed: false,
            models: Arc::clone(&core.models),
        });
        if core.page != Page::Stage {
            core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
        }
        if self.samples.is_some() {
            self.set_up(comparing, core);
            return;
        }
        self.is_preparing = true;
        core.workers.run("samples", || {
            let folder = samples::folder();
            let missing = || "this account has no home folder".to_owned();
            let written = folder.ok_or_else(missing).and_then(|folder| {
                samples::write_all(&folder).map_err(|error| error.to_string())?;
                Ok(folder)
            });
            Done::Lessons(LessonsDone::Samples(written))
        });
    }

    /// Shows what the step shows.
    fn set_up(&mut self, comparing: bool, core: &mut Core) {
        let (Some(running), Some(samples)) = (&mut self.running, &self.samples) else { return };
        let Some((_, step)) = running.course.step() else {
            (running.set_up, running.is_complete) = (SetUp::default(), true);
            return;
        };
        let model = core
            .model
            .opening
            .clone()
            .or_else(|| core.model.current.as_ref().map(|model| model.path.clone()));
        let around = Around {
            models: &core.models,
            catalogue: &core.catalogue,
            samples,
            beside: running.beside.as_deref(),
            source: core.source.address().filter(|_| core.source.info().is_some()),
            model: model.as_deref(),
            is_comparing: comparing,
        };
        let mut set_up = apply_setup(&step.setup, around);
        for intent in std::mem::take(&mut set_up.now) {
            core.ask(intent);
        }
        let perturb = step.setup.perturb.filter(|how| !how.is_none());
        if perturb.is_some() || running.is_perturbed {
            core.engine.send(Command::Perturb(perturb));
        }
        running.is_perturbed = perturb.is_some();
        running.models = Arc::clone(&core.models);
        (running.set_up, running.is_complete) = (set_up, false);
    }

    /// Takes over what is new in the window: finishes the step's setup, and looks whether what was to be done is done.
    pub fn gather(&mut self, comparing: bool, compare: &Compare, core: &mut Core) {
        let Some(running) = &mut self.running else { return };
        if !running.set_up.missing.is_empty() && !Arc::ptr_eq(&running.models, &core.models) {
            // The model that was missing may have come.
            self.set_up(comparing, core);
        }
        let Some(running) = &mut self.running else { return };
        if !running.is_complete && is_there(&running.set_up, core) {
            for intent in std::mem::take(&mut running.set_up.then) {
                core.ask(intent);
            }
            running.is_complete = true;
            // The window is looked at when all this is carried out.
            return;
        }
        let Some(facts) = facts(comparing, compare, core) else { return };
        self.facts = facts;
        if running.is_complete && running.course.observe(&self.facts) {
            self.remember(core);
        }
    }

    /// Notes how far the lesson is.
    fn remember(&self, core: &mut Core) {
        let Some(running) = &self.running else { return };
        let id = &running.course.lesson().id;
        let before = core.settings.lessons.get(id).copied().unwrap_or_default();
        core.settings.lessons.insert(id.clone(), running.course.progress(before));
    }

    /// Ends the lesson: the window goes back to what the user had.
    fn close(&mut self, comparing: bool, core: &mut Core) {
        self.remember(core);
        let Some(running) = self.running.take() else { return };
        if running.is_perturbed {
            core.engine.send(Command::Perturb(None));
        }
        let Before { source, model, was_comparing, thresholds } = running.before;
        if let Some(kept) = core.kept.take() {
            kept.give_back(&mut core.settings);
        }
        if comparing {
            core.ask(Intent::Compare(CompareIntent::Show(false)));
        }
        let now = core.source.address().filter(|_| core.source.info().is_some());
        match source {
            Some(source) if now != Some(&source) => core.ask(Intent::Source(SourceIntent::Open(source))),
            Some(_) => {}
            None => core.engine.send(Command::CloseSource),
        }
        let now =
            core.model.opening.as_deref().or(core.model.current.as_ref().map(|model| model.path.as_path()));
        match model {
            Some(model) if !now.is_some_and(|now| same_file(now, &model)) => {
                core.ask(Intent::Model(ModelIntent::Open(model)));
            }
            Some(_) => {}
            // Not as an intent, which would forget the model of the last time.
            None => core.engine.send(Command::CloseModel),
        }
        core.thresholds = thresholds;
        core.engine.send(Command::SetThresholds(core.thresholds.clone()));
        if was_comparing {
            core.ask(Intent::Compare(CompareIntent::Show(true)));
        }
    }
}

/// What runs now.
fn before(comparing: bool, core: &Core) -> Before {
    let model = core.model.opening.clone();
    Before {
        source: core.source.address().cloned(),
        model: model.or_else(|| core.model.current.as_ref().map(|model| model.path.clone())),
        was_comparing: comparing,
        thresholds: core.thresholds.clone(),
    }
}

/// The step's source and model are there.
fn is_there(set_up: &SetUp, core: &Core) -> bool {
    let source = set_up
        .source
        .as_ref()
        .is_none_or(|wanted| core.source.address() == Some(wanted) && core.source.info().is_some());
    let current = core.model.current.as_ref();
    let model = set_up.model.as_ref().is_none_or(|wanted| {
        let has_failed = core.model.failed.as_ref().is_some_and(|(path, _)| same_file(path, wanted));
        has_failed
            || current.is_some_and(|model| same_file(&model.path, wanted)) && core.model.opening.is_none()
    });
    source && model
}

/// What lessons can ask for; `None` while the newest result isn't of the newest thresholds.
fn facts(comparing: bool, compare: &Compare, core: &Core) -> Option<Facts> {
    let mut facts = Facts::default();
    let t = &core.thresholds;
    let is_new = |prediction: &Arc<Prediction>| {
        let of = &prediction.thresholds;
        (of.conf, of.iou) == (t.conf, t.iou)
    };
    facts.say(Fact::Page, page_word(&core.page));
    facts.set(Fact::Confidence, f64::from(t.conf));
    facts.set(Fact::Iou, f64::from(t.iou));
    if let Some((width, height)) = core.source.info().map(|info| info.size) {
        let (width, height) = (f64::from(width), f64::from(height));
        facts.set(Fact::PictureWidth, width);
        facts.set(Fact::PictureHeight, height);
        facts.set(Fact::PictureValues, width * height * 3.0);
    }
    let predictions = compare.predictions();
    let of_second = predictions.get(1).and_then(Option::as_ref).filter(|_| comparing);
    facts.set(
        Fact::Models,
        if comparing { 1.0 + predictions.iter().skip(1).flatten().count() as f64 } else { 1.0 },
    );
    let Some(model) = &core.model.current else { return Some(facts) };
    facts.say(Fact::Model, model_name(&model.path));
    facts.say(Fact::Task, model.spec.task.name());
    facts.set(Fact::Classes, model.spec.labels.len() as f64);
    let (Size::Fixed { width, height } | Size::Dynamic { width, height, .. }) = model.spec.input.size;
    facts.set(Fact::InputWidth, f64::from(width));
    facts.set(Fact::InputHeight, f64::from(height));
    facts.set(Fact::InputValues, f64::from(width) * f64::from(height) * 3.0);
    let cells = |step: u32| f64::from(width / step) * f64::from(height / step);
    facts.set(Fact::Cells, cells(8) + cells(16) + cells(32));
    let megabytes = |path: &Path| listed(&core.models, path).map(|entry| entry.stamp.bytes as f64 / 1e6);
    if let Some(size) = megabytes(&model.path) {
        facts.set(Fact::Megabytes, size);
    }
    if let Some(second) = of_second {
        facts.set(Fact::BoxesOfSecond, second.results.detections.len() as f64);
        if let Some(size) = megabytes(&second.model.path) {
            facts.set(Fact::MegabytesOfSecond, size);
        }
    }
    let first = predictions.first().and_then(Option::as_ref).filter(|_| comparing);
    let Some(prediction) = first.or(core.prediction.as_ref()) else { return Some(facts) };
    if !is_new(prediction) {
        return None;
    }
    let results = &prediction.results;
    facts.set(Fact::Boxes, results.detections.len() as f64);
    let best = results.detections.iter().map(|found| (found.class_id, found.score));
    let best = best.chain(results.top.iter().map(|top| (top.class_id, top.score)));
    if let Some((class, score)) = best.max_by(|a, b| a.1.total_cmp(&b.1)) {
        facts.set(Fact::Score, f64::from(score));
        facts.say(Fact::Class, prediction.model.spec.labels.name(class, Language::English));
    }
    Some(facts)
}

/// What lessons call a page.
fn page_word(page: &Page) -> &'static str {
    match page {
        Page::Stage => "preview",
        Page::Library => "library",
        _ => "other",
    }
}
