//! Lessons: the list, the lesson that is being taken, and what the user had before it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compare::CompareController;
use super::core::Core;
use super::kept::Kept;
use crate::app::compare::Compare;
use crate::app::inside::InsidePage;
use crate::app::intent::{
    CompareIntent, InsideIntent, InsideTab, Intent, LessonsIntent, ModelIntent, Page, SourceIntent,
    WindowIntent,
};
use crate::app::lessons::state::{LessonPanel, LessonsView, MissingModel};
use crate::app::lessons::{Around, SetUp, apply_setup, setup_of};
use crate::app::strings::phrase;
use crate::app::teach::state::TeachPage;
use crate::app::view::{listed, model_name, same_file};
use crate::app::workers::{Done, LessonsDone};
use crate::engine::{Command, Prediction};
use crate::frame::perturb::Perturbation;
use crate::learn::lessons::{self, Course, Fact, Facts, Listed, TABS};
use crate::learn::samples;
use crate::library::ModelEntry;
use crate::model::labels::Language;
use crate::model::spec::Size;
use crate::model::{Family, Thresholds};
use crate::source::Address;

/// What ran before the lesson.
#[derive(Debug)]
struct Before {
    source: Option<Address>,
    model: Option<PathBuf>,
    was_comparing: bool,
    thresholds: Thresholds,
    perturbation: Perturbation,
}

/// The lesson that is being taken.
#[derive(Debug)]
struct Running {
    course: Course,
    /// The folder of its file, if it is the user's own.
    beside: Option<PathBuf>,
    before: Before,
    set_up: SetUp,
    /// The learner doesn't come from the step before: nothing of it is there yet.
    is_anew: bool,
    /// What comes after source and model are there was asked for.
    is_complete: bool,
    /// The list of models that the step was set up with.
    models: Arc<Vec<Arc<ModelEntry>>>,
}

/// What lessons look at besides what all controllers share.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// Several models run on the same frames.
    pub comparing: bool,
    pub compare: &'a Compare,
    pub inside: &'a InsidePage,
    pub teach: &'a TeachPage,
}

impl<'a> Beside<'a> {
    /// What the other pages show.
    pub fn of(compare: &'a CompareController, inside: &'a InsidePage, teach: &'a TeachPage) -> Self {
        Self { comparing: compare.on, compare: &compare.view, inside, teach }
    }
}

/// The state of the lessons.
#[derive(Debug, Default)]
pub struct LessonsController {
    pub panel: LessonPanel,
    listed: Vec<Listed>,
    folder: Option<PathBuf>,
    facts: Facts,
    running: Option<Running>,
    /// The limits and classes of before the lesson, until the model that they belong to is there again.
    returning: Option<(PathBuf, Thresholds)>,
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
    pub fn apply(&mut self, intent: LessonsIntent, beside: &Beside<'_>, core: &mut Core) {
        match intent {
            LessonsIntent::Begin(id) => self.begin(&id, beside, core),
            LessonsIntent::Answer(reply) => {
                if let Some(running) = &mut self.running {
                    running.course.answer(reply, &self.facts);
                }
                self.remember(core);
            }
            LessonsIntent::Next | LessonsIntent::Back => {
                let Some(running) = &mut self.running else { return };
                running.is_anew = intent == LessonsIntent::Back;
                if intent == LessonsIntent::Next {
                    running.course.next();
                } else {
                    running.course.back();
                }
                self.remember(core);
                self.set_up(beside, core);
            }
            LessonsIntent::SetUp => self.set_up(beside, core),
            LessonsIntent::Close => self.close(beside, core),
            LessonsIntent::List => {
                // From any other page, opening the user's source shows the preview, and that would come after the list.
                core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
                self.close(beside, core);
                core.ask(Intent::Window(WindowIntent::Show(Page::Lessons)));
            }
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
    pub fn done(&mut self, done: LessonsDone, beside: &Beside<'_>, core: &mut Core) {
        match done {
            LessonsDone::Listed(listed, folder) => (self.listed, self.folder) = (listed, folder),
            LessonsDone::Samples(result) => {
                self.is_preparing = false;
                let w = &core.strings().lessons;
                match result {
                    Ok(folder) => {
                        (self.samples, self.trouble) = (Some(folder), None);
                        self.set_up(beside, core);
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

    fn begin(&mut self, id: &str, beside: &Beside<'_>, core: &mut Core) {
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
        let before = self.running.take().map_or_else(|| before(beside, core), |running| running.before);
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
            is_anew: true,
            is_complete: false,
            models: Arc::clone(&core.models),
        });
        if core.page != Page::Stage {
            core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
        }
        self.set_up(beside, core);
    }

    /// Writes the pictures of the lessons, and sets the step up when they are there.
    fn prepare(&mut self, core: &Core) {
        if self.is_preparing {
            return;
        }
        (self.is_preparing, self.trouble) = (true, None);
        let broken = Done::Lessons(LessonsDone::Samples(Err("the program made a mistake".into())));
        core.workers.run_or("samples", broken, || {
            let folder = samples::folder();
            let missing = || "this account has no home folder".to_owned();
            let written = folder.ok_or_else(missing).and_then(|folder| {
                samples::write_all(&folder).map_err(|error| error.to_string())?;
                Ok(folder)
            });
            Done::Lessons(LessonsDone::Samples(written))
        });
    }

    /// Shows what the step shows, once the pictures of the lessons are there.
    fn set_up(&mut self, beside: &Beside<'_>, core: &mut Core) {
        if self.samples.is_none() {
            self.prepare(core);
            return;
        }
        let wanted = self.wanted(beside, core);
        let Some(running) = &mut self.running else { return };
        let Some(mut set_up) = wanted else {
            (running.set_up, running.is_complete) = (SetUp::default(), true);
            return;
        };
        for intent in std::mem::take(&mut set_up.now) {
            core.ask(intent);
        }
        running.models = Arc::clone(&core.models);
        (running.set_up, running.is_complete) = (set_up, false);
    }

    /// What the step wants to be shown; `None`: the lesson is at its end, or there is none.
    fn wanted(&self, beside: &Beside<'_>, core: &Core) -> Option<SetUp> {
        let (running, samples) = (self.running.as_ref()?, self.samples.as_ref()?);
        let (at, _) = running.course.step()?;
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
            is_comparing: beside.comparing,
            perturbation: beside.inside.perturbation,
        };
        Some(apply_setup(&setup_of(&running.course.lesson().steps, at, running.is_anew), around))
    }

    /// Takes over what is new in the window: finishes the step's setup, and looks whether what was to be done is done.
    pub fn gather(&mut self, beside: &Beside<'_>, core: &mut Core) {
        self.give_back(core);
        let Some(running) = &mut self.running else { return };
        if !running.set_up.missing.is_empty() && !Arc::ptr_eq(&running.models, &core.models) {
            running.models = Arc::clone(&core.models);
            let missing = running.set_up.missing.len();
            // A model that was missing has come. Any other change of the list leaves the window as the learner has it.
            if self.wanted(beside, core).is_some_and(|wanted| wanted.missing.len() < missing) {
                self.set_up(beside, core);
            }
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
        if core.page == Page::Inside {
            core.intents.extend(std::mem::take(&mut running.set_up.inside));
        }
        let Some(facts) = facts(beside, core) else { return };
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
    fn close(&mut self, beside: &Beside<'_>, core: &mut Core) {
        self.remember(core);
        let Some(running) = self.running.take() else { return };
        let Before { source, model, was_comparing, thresholds, perturbation } = running.before;
        if let Some(kept) = core.kept.take() {
            kept.give_back(&mut core.settings);
        }
        if beside.comparing {
            core.ask(Intent::Compare(CompareIntent::Show(false)));
        }
        if beside.inside.perturbation != perturbation {
            core.ask(Intent::Inside(InsideIntent::Perturb(perturbation)));
        }
        if matches!(core.page, Page::Inside | Page::Teach) {
            core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
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
            // A model that is new in the window begins with its own limits and all classes: these follow when it is there.
            Some(model) if !now.is_some_and(|now| same_file(now, &model)) => {
                self.returning = Some((model.clone(), thresholds));
                core.ask(Intent::Model(ModelIntent::Open(model)));
            }
            Some(_) => limit(thresholds, core),
            // Not as an intent, which would forget the model of the last time.
            None => {
                core.engine.send(Command::CloseModel);
                limit(thresholds, core);
            }
        }
        if was_comparing {
            core.ask(Intent::Compare(CompareIntent::Show(true)));
        }
    }
}

impl LessonsController {
    /// Puts the limits and classes of before the lesson back, once their model is there.
    fn give_back(&mut self, core: &mut Core) {
        let Some((model, _)) = &self.returning else { return };
        let state = &core.model;
        let has_failed = state.failed.as_ref().is_some_and(|(path, _)| same_file(path, model));
        // The user opened another one meanwhile.
        let is_other = state.opening.as_ref().is_some_and(|path| !same_file(path, model));
        let is_there = state.opening.is_none()
            && state.current.as_ref().is_some_and(|current| same_file(&current.path, model));
        if is_there && let Some((_, thresholds)) = self.returning.take() {
            limit(thresholds, core);
        } else if has_failed || is_other || self.running.is_some() {
            self.returning = None;
        }
    }
}

fn limit(thresholds: Thresholds, core: &mut Core) {
    core.thresholds = thresholds;
    core.engine.send(Command::SetThresholds(core.thresholds.clone()));
}

/// What runs now.
fn before(beside: &Beside<'_>, core: &Core) -> Before {
    let model = core.model.opening.clone();
    Before {
        source: core.source.address().cloned(),
        model: model.or_else(|| core.model.current.as_ref().map(|model| model.path.clone())),
        was_comparing: beside.comparing,
        perturbation: beside.inside.perturbation,
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
fn facts(beside: &Beside<'_>, core: &Core) -> Option<Facts> {
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
    let comparing = beside.comparing;
    let inside = beside.inside;
    let how = &inside.perturbation;
    for (fact, value) in [
        (Fact::Blur, how.blur),
        (Fact::Brightness, how.brightness),
        (Fact::Noise, how.noise),
        (Fact::Rotation, how.rotation),
        (Fact::Crop, how.crop),
        (Fact::Grey, f32::from(u8::from(how.grey))),
        (Fact::Jpeg, how.jpeg.map_or(100.0, f32::from)),
    ] {
        facts.set(fact, f64::from(value));
    }
    if let Some(word) =
        InsideTab::ALL.iter().position(|tab| *tab == inside.order.tab).and_then(|at| TABS.get(at))
    {
        facts.say(Fact::Tab, *word);
    }
    if let Some(tensor) = &inside.order.tensor {
        facts.say(Fact::Layer, tensor.clone());
    }
    facts.set(Fact::LayersSeen, inside.seen.len() as f64);
    let classes = beside.teach.project.as_ref().map_or(&[][..], |project| project.classes());
    facts.set(Fact::TaughtClasses, classes.len() as f64);
    facts.set(Fact::Examples, classes.iter().map(|class| class.examples.len()).sum::<usize>() as f64);
    let predictions = beside.compare.predictions();
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
    if has_three_maps(model.spec.family) {
        let cells = |step: u32| f64::from(width / step) * f64::from(height / step);
        facts.set(Fact::Cells, cells(8) + cells(16) + cells(32));
    }
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

/// Whether a detector of this family proposes one box for each cell of three maps, whose cells stand for 8, 16 and 32 pixels: not so
/// where a cell has several anchors, where there are other maps, and where queries ask for objects.
fn has_three_maps(family: Family) -> bool {
    matches!(
        family,
        Family::Yolox
            | Family::Yolov6
            | Family::Yolov9
            | Family::Yolov10Corners
            | Family::Ultralytics
            | Family::PpYoloe
            | Family::YoloNas
            | Family::DamoYolo
    )
}

/// What lessons call a page.
fn page_word(page: &Page) -> &'static str {
    match page {
        Page::Stage => "preview",
        Page::Inside => "inside",
        Page::Teach => "teach",
        Page::Library => "library",
        _ => "other",
    }
}

#[cfg(test)]
mod tests;
