//! The running model: opening it, its adapter and second model, what runs it, going to the next one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::speed::{Speed, Step};
use crate::app::intent::{CompareIntent, Intent, ModelIntent, Page, WindowIntent};
use crate::app::strings::{ending_note, model_page, sentences};
use crate::app::toasts::Failed;
use crate::app::view::{SpeedView, file_name, listed, model_name, same_file};
use crate::app::workers::Done;
use crate::engine::{Command, ModelChoice, ModelInfo, ModelState};
use crate::library::records::{Measured, ModelRecords};
use crate::library::{Kind, ModelEntry, search};
use crate::model::isolation::Ending;
use crate::model::nodes::{self, NodeShare};
use crate::model::sidecar::Sidecar;
use crate::model::{ModelError, OpenOptions, Task, folders, runtime};
use crate::settings::Settings;

/// How long the name of a model that a key has chosen stays over the preview.
const ANNOUNCED: Duration = Duration::from_secs(2);

/// The first figures are of a loop that isn't warm yet.
const WARM: Duration = Duration::from_secs(8);

/// The state of the model panel.
#[derive(Debug)]
pub struct ModelController {
    speed: Speed,
    /// What the user says of the model that was opened last, on the page "Configure model".
    overrides: Option<(PathBuf, Sidecar)>,
    /// Since when the current model runs.
    running_since: Option<Instant>,
    /// The model whose time while running was written down.
    timed: Option<Arc<ModelInfo>>,
    /// The list that `order` and `missing` are made from.
    models: Arc<Vec<Arc<ModelEntry>>>,
    /// The models that `M` goes through.
    order: Vec<PathBuf>,
    /// Second models in the settings whose files are missing.
    missing: Vec<PathBuf>,
    announced: Option<Announced>,
}

/// A model that a key has chosen. Its name is shown over the preview while it is opened and for a moment after.
#[derive(Debug)]
struct Announced {
    path: PathBuf,
    since: Instant,
    text: String,
}

impl ModelController {
    /// Nothing runs yet. Reads the disk: for the start of the program.
    #[must_use]
    pub fn new(records: ModelRecords, settings: &Settings) -> Self {
        let second = [&settings.pose, &settings.matte].into_iter().flatten();
        Self {
            speed: Speed::new(records),
            overrides: None,
            running_since: None,
            timed: None,
            models: Arc::default(),
            order: Vec::new(),
            missing: second.filter(|path| !path.is_file()).cloned().collect(),
            announced: None,
        }
    }

    /// What the panel shows of the model's speed.
    #[must_use]
    pub fn speed(&self) -> SpeedView<'_> {
        self.speed.view()
    }

    /// A frame was shown, so long after it was captured.
    pub fn shown(&mut self, age_ms: f32) {
        self.speed.shown(age_ms);
    }

    /// Carries out an intent.
    pub fn apply(&mut self, intent: ModelIntent, core: &mut Core) {
        match intent {
            ModelIntent::Open(path) => self.open(path, None, core),
            ModelIntent::OpenAs(path, sidecar) => self.open(path, Some(sidecar), core),
            ModelIntent::OpenCompared(paths) => {
                let choices = paths.into_iter().map(|path| self.choice(path, core)).collect();
                core.engine.send(Command::Compare(choices));
            }
            ModelIntent::Close => {
                core.settings.model = None;
                core.engine.send(Command::CloseModel);
                core.ask(Intent::Compare(CompareIntent::Show(false)));
            }
            ModelIntent::Next { back } => self.next(back, core),
            ModelIntent::Adapter(adapter) => self.open_again(core, |options| options.adapter = adapter),
            ModelIntent::Companion(path) => {
                let Some(model) = &core.model.current else { return };
                let path = path.filter(|p| p.to_str().is_some());
                self.missing.retain(|missing| Some(missing) != path.as_ref());
                match model.spec.task {
                    Task::Action => core.settings.pose = path,
                    _ => core.settings.matte = path,
                }
                self.open_again(core, |_| {});
            }
            ModelIntent::Device(device) => {
                core.settings.device = device;
                self.open_again(core, |_| {});
            }
            ModelIntent::TargetRate(rate) => {
                core.settings.target_rate = rate;
                self.speed.forget_size();
                self.open_again(core, |_| {});
            }
            ModelIntent::Tune => {
                let step = self.speed.begin_tune(core);
                self.step(step, core);
            }
            ModelIntent::StopTune => {
                let step = self.speed.stop_tune(core);
                self.step(step, core);
            }
        }
    }

    /// Opens a model; `overrides` are the user's choices on the page "Configure model".
    fn open(&mut self, path: PathBuf, overrides: Option<Sidecar>, core: &Core) {
        self.speed.forget_tune();
        self.overrides = overrides.map(|overrides| (path.clone(), overrides));
        core.engine.send(Command::SetModel(self.choice(path, core)));
    }

    /// Opens the running model with changed options.
    fn open_again(&self, core: &Core, change: impl FnOnce(&mut OpenOptions)) {
        let Some(model) = &core.model.current else { return };
        let mut options = self.options_for(&model.path, core);
        options.adapter.clone_from(&model.adapter);
        change(&mut options);
        core.engine.send(Command::SetModel(ModelChoice { path: model.path.clone(), options }));
    }

    fn step(&self, step: Step, core: &Core) {
        if let Step::Run(threads) = step {
            self.open_again(core, |options| options.threads = threads);
        }
    }

    /// A model with the options that it is usually opened with.
    fn choice(&self, path: PathBuf, core: &Core) -> ModelChoice {
        ModelChoice { options: self.options_for(&path, core), path }
    }

    /// How a model is opened: with what the catalogue knows of it, on the chosen provider, with the threads that suited it,
    /// and with the second models that the user chose last (the choice for one style holds for the next).
    /// How the model at this path is opened.
    pub fn options_for(&self, path: &Path, core: &Core) -> OpenOptions {
        let present = |path: &Option<PathBuf>| path.clone().filter(|path| !self.missing.contains(path));
        let settings = &core.settings;
        let provider = settings.device.as_deref().unwrap_or("CPU");
        let overrides = self.overrides.as_ref().filter(|(of, _)| of == path);
        OpenOptions {
            known: core.known.clone(),
            overrides: overrides.map(|(_, overrides)| overrides.clone()),
            device: settings.device.clone(),
            size: self.speed.size_for(path, core),
            threads: self.speed.threads_for(path, provider, core),
            pose: present(&settings.pose),
            matte: present(&settings.matte),
            cache: folders::cache_folder(),
            isolation: core.isolation.clone(),
            ..OpenOptions::default()
        }
    }

    /// The name of the model that a key has just chosen, for the preview.
    #[must_use]
    pub fn announced(&self, core: &Core, ctx: &egui::Context) -> Option<&str> {
        let announced = self.announced.as_ref()?;
        let left = ANNOUNCED.saturating_sub(announced.since.elapsed());
        if core.model.opening.as_deref() == Some(&*announced.path) {
            return Some(&announced.text);
        }
        ctx.request_repaint_after(left);
        (!left.is_zero()).then_some(&*announced.text)
    }

    fn next(&mut self, back: bool, core: &Core) {
        let now = core.model.opening.as_deref();
        let now = now.or_else(|| core.model.current.as_ref().map(|model| model.path.as_path()));
        let at = now.and_then(|now| self.order.iter().position(|path| same_file(path, now)));
        let next = match (at, self.order.len()) {
            (_, 0) => return,
            (None, _) => 0,
            (Some(at), n) if back => (at + n - 1) % n,
            (Some(at), n) => (at + 1) % n,
        };
        if let Some(path) = self.order.get(next).filter(|path| Some(path.as_path()) != now).cloned() {
            let text =
                listed(&self.models, &path).map_or_else(|| model_name(&path), |entry| entry.name.clone());
            self.announced = Some(Announced { path: path.clone(), since: Instant::now(), text });
            self.open(path, None, core);
        }
    }

    /// Takes over a new state of the model.
    pub fn changed(&mut self, model: Arc<ModelState>, core: &mut Core) {
        let before = core.model.current.as_ref();
        let same = match (before, &model.current) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if let Some(now) = model.current.as_ref().filter(|_| !same) {
            let other_labels = before.is_none_or(|before| before.spec.labels != now.spec.labels);
            core.settings.remember_model(&now.path);
            core.toasts.succeeded(Failed::Model);
            if let Some(announced) = self.announced.as_mut().filter(|a| a.path == now.path) {
                announced.since = Instant::now();
            }
            self.running_since = Some(Instant::now());
            let path = now.path.clone();
            core.library_job(move |watcher| {
                watcher.mark_used(&path);
                Done::Nothing
            });
            if self.speed.model_changed(now, core) {
                self.find_who_runs_what(now, core);
            }
            let limits = core.thresholds.clone();
            core.limit_for(now);
            if other_labels {
                core.thresholds.classes.clear();
            }
            if core.thresholds != limits {
                core.engine.send(Command::SetThresholds(core.thresholds.clone()));
            }
        }
        if let Some((path, error)) = &model.failed
            && core.model.failed.as_ref().is_none_or(|(_, old)| !Arc::ptr_eq(old, error))
        {
            failed(path, error, core);
        }
        core.model = model;
    }

    fn find_who_runs_what(&self, model: &ModelInfo, core: &Core) {
        let options = OpenOptions {
            threads: Some(model.threads),
            adapter: model.adapter.clone(),
            ..self.options_for(&model.path, core)
        };
        let path = model.path.clone();
        core.workers.run("who runs what", move || {
            let result = nodes::who_ran_what(&path, &options).map_err(|error| error.to_string());
            Done::Ran(path, result)
        });
    }

    /// Tells the user that the model of the last time isn't opened again, because it ended its process.
    pub fn not_opened(path: &Path, ending: Ending, core: &mut Core) {
        let text = ending_note(core.language(), ending);
        let title = (core.strings().not_opened)(&file_name(path));
        core.toasts.bad(&title, sentences(&text.message, &text.fix));
    }

    /// A worker found out who runs what.
    pub fn ran(&mut self, path: &Path, result: Result<Vec<NodeShare>, String>) {
        self.speed.ran(path, result);
    }

    /// Takes over the list of models, and goes on with a measurement.
    pub fn gather(&mut self, core: &Core, ctx: &egui::Context) {
        self.models_changed(core);
        let step = self.speed.tune(self.running_since, core, ctx);
        self.step(step, core);
    }

    /// What is done as often as the figures change.
    pub fn figures_changed(&mut self, core: &Core) {
        self.remember_live_time(core);
        if self.speed.fit_size(self.running_since, core) {
            // So that the next decision waits for the figures of the new size.
            self.running_since = Some(Instant::now());
            self.open_again(core, |_| {});
        }
    }

    fn models_changed(&mut self, core: &Core) {
        if Arc::ptr_eq(&self.models, &core.models) {
            return;
        }
        let before = std::mem::replace(&mut self.models, Arc::clone(&core.models));
        self.order = order(&self.models);
        for path in [&core.settings.pose, &core.settings.matte].into_iter().flatten() {
            let (was, is) = (listed(&before, path).is_some(), listed(&self.models, path).is_some());
            if is {
                self.missing.retain(|missing| missing != path);
            } else if was {
                self.missing.push(path.clone());
            }
        }
    }

    /// The time of a running model is its time in the list until it is measured at rest.
    fn remember_live_time(&mut self, core: &Core) {
        let Some(model) = &core.model.current else { return };
        let Some(entry) = listed(&core.models, &model.path) else { return };
        let stats = &core.stats;
        let wanted = entry.measured.is_none() && entry.sha256.is_some() && stats.total.median > 0.0;
        let done = self.timed.as_ref().is_some_and(|timed| Arc::ptr_eq(timed, model));
        if !wanted || done || self.running_since.is_none_or(|since| since.elapsed() < WARM) {
            return;
        }
        let Some(size) = core.source.info().map(|info| info.size) else { return };
        let measured = Measured {
            total_ms: stats.input.median + stats.inference.median + stats.output.median,
            inference_ms: stats.inference.median,
            provider: model.provider.clone(),
            threads: model.threads,
            runtime: runtime::loaded().map(|r| r.version().to_owned()).unwrap_or_default(),
            live: Some(size),
        };
        self.timed = Some(Arc::clone(model));
        let path = entry.path.clone();
        core.library_job(move |watcher| {
            watcher
                .update(|records| records.change(&path, |record| record.measured = Some(measured.clone())));
            Done::Nothing
        });
    }
}

/// The models that `M` goes through, in the order of the menu: the favourites if there are two or more, else every model that
/// can be run.
fn order(models: &[Arc<ModelEntry>]) -> Vec<PathBuf> {
    let mut menu = search::menu(models);
    // The others only open the page "Configure model".
    menu.retain(|entry| matches!(entry.kind, Kind::Known(_)));
    let favourites = menu.iter().filter(|entry| entry.favourite).count();
    let number = if favourites >= 2 { favourites } else { menu.len() };
    menu.iter().take(number).map(|entry| entry.path.clone()).collect()
}

/// Tells the user why a model isn't running.
fn failed(path: &Path, error: &ModelError, core: &mut Core) {
    // The panel says it.
    tracing::debug!("{error}");
    let page = Page::Reading(path.to_owned());
    // The page of a model that isn't understood opens at once, unless it is open already.
    if matches!(error, ModelError::NotUnderstood { .. }) && core.page != page {
        core.ask(Intent::Window(WindowIntent::Show(page)));
    } else if !core.panel_shown {
        let text = model_page(core.language(), error);
        let toast = core.toasts.bad(&text.title, sentences(&text.explanation, &text.fix));
        toast.failed = Some(Failed::Model);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::listed_model;

    #[test]
    fn the_key_goes_through_models_that_run() {
        let mut unknown = ModelEntry::clone(&listed_model("a", Task::Detect, None));
        (unknown.kind, unknown.favourite) = (Kind::Unknown(String::new()), true);
        let models =
            [Arc::new(unknown), listed_model("c", Task::Detect, None), listed_model("b", Task::Depth, None)];
        let paths: [PathBuf; 2] = ["/models/b.onnx".into(), "/models/c.onnx".into()];
        assert_eq!(order(&models), paths);
    }
}
