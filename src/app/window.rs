//! The window: `logic` gathers what is new, `ui` paints it and gathers intents, `apply` does them.

mod layout;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{self, Ui, ViewportCommand};

use super::AppOptions;
use super::classes_panel::ClassesPanel;
use super::compare::Compare;
use super::intent::{Choose, Intent, Page};
use super::library::{LibraryPage, LibraryView, Pull};
use super::page_text::{model_card, source_page};
use super::reading::{Reading, Seen};
use super::speed::Speed;
use super::stage::Stage;
use super::strings::{Strings, system_language};
use super::style;
use super::timing::{First, Timing};
use super::toasts::Toasts;
use super::view::{Cameras, View, address_name, source_address, source_info};
use super::workers::{Done, Workers};
use super::{apply, help, keys, pages};
use crate::engine::{Command, Engine, EngineOptions, ModelState, Outcome, PaceReport, SourceState, Stats};
use crate::library::download::{Downloads, Options, Ticket};
use crate::library::{Card, Catalogue, Shelf, Watcher};
use crate::model::Thresholds;
use crate::model::labels::Language;
use crate::model::sidecar::Sidecar;
use crate::scene;
use crate::settings::{self, Saver, Settings};

/// How often the figures change on screen: often enough to follow, seldom enough to read.
const FIGURES_EVERY: Duration = Duration::from_millis(400);

/// Everything that the panels show.
#[derive(Debug)]
pub struct State {
    pub settings: Settings,
    pub source: Arc<SourceState>,
    pub model: Arc<ModelState>,
    pub outcome: Option<Arc<Outcome>>,
    pub stats: Stats,
    pub pace: PaceReport,
    pub thresholds: Thresholds,
    pub cameras: Cameras,
    /// What `M` goes through.
    pub models: Vec<PathBuf>,
    /// The models on this computer.
    pub cards: Arc<Vec<Arc<Card>>>,
    pub pulls: Vec<Pull>,
    pub position: Option<f64>,
    pub as_fast_as_possible: bool,
    pub full_screen: bool,
    /// Several models look at the same frames.
    pub comparing: bool,
    pub page: Page,
    pub help: bool,
    /// A path that is typed because no dialogue can be shown.
    pub typed: Option<(Choose, String)>,
    /// A file dialogue is open.
    pub choosing: bool,
    /// `--language`, which isn't remembered.
    pub language: Option<Language>,
}

impl State {
    /// The language of the window.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language.or(self.settings.language).unwrap_or_else(system_language)
    }

    fn view<'a>(&'a self, catalogue: &'a Catalogue, has_picture: bool) -> View<'a> {
        let language = self.language();
        View {
            strings: Strings::of(language),
            language,
            settings: &self.settings,
            source: &self.source,
            model: &self.model,
            stats: &self.stats,
            pace: self.pace,
            outcome: self.outcome.as_deref(),
            thresholds: &self.thresholds,
            cameras: &self.cameras,
            library: LibraryView { cards: &self.cards, catalogue, pulls: &self.pulls },
            position: self.position,
            as_fast_as_possible: self.as_fast_as_possible,
            full_screen: self.full_screen,
            comparing: self.comparing,
            has_picture,
        }
    }
}

/// The window's program.
pub struct App {
    pub(super) engine: Engine,
    pub(super) state: State,
    pub(super) workers: Workers,
    pub(super) toasts: Toasts,
    pub(super) reading: Option<Reading>,
    pub(super) watcher: Arc<Watcher>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) library: LibraryPage,
    pub(super) downloads: Downloads,
    /// The fetches that were asked for, by the entry's id.
    pub(super) pulls: Vec<(String, Ticket)>,
    /// Since when the current model runs.
    pub(super) running_since: Option<Instant>,
    /// The model whose time while running was written down.
    pub(super) timed: Option<Arc<crate::engine::ModelCard>>,
    pub(super) speed: Speed,
    /// What the user says of the model that was opened last, on the page "How to read this model".
    pub(super) overrides: Option<(PathBuf, Sidecar)>,
    pub(super) stage: Stage,
    pub(super) compare: Compare,
    classes: ClassesPanel,
    /// What was last given to be written.
    remembered: Settings,
    saver: Option<Saver>,
    settings_file: Option<PathBuf>,
    hidden: bool,
    title: String,
    figures_at: Option<Instant>,
    pointer_at: f64,
    timing: Timing,
    /// Close the window after so long, and print what it cost.
    measure: Option<Duration>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("state", &self.state).finish_non_exhaustive()
    }
}

impl App {
    /// Starts the engine on the source and the model that were asked for or remembered.
    #[must_use]
    pub fn new(ctx: &egui::Context, options: AppOptions, started: Instant) -> Self {
        ctx.set_fonts(scene::fonts::egui_fonts());
        style::install(ctx);
        let mut toasts = Toasts::default();
        let settings_file = settings::settings_file();
        let (loaded, may_write) = match settings_file.as_deref().map(settings::load) {
            Some(Ok(settings)) => (settings, true),
            Some(Err(error)) => {
                let may_write = !matches!(error, settings::SettingsError::Unreadable { .. });
                toasts.bad(Strings::of(system_language()).settings, error.to_string());
                (Settings::default(), may_write)
            }
            None => (Settings::default(), false),
        };
        let saver = settings_file.clone().filter(|_| may_write).and_then(|path| Saver::start(path).ok());
        let wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint())
        };
        let engine = Engine::start(EngineOptions { wake });
        let catalogue = Arc::new(Catalogue::load());
        let shelf = Shelf::of_user(&loaded.model_folders, Arc::clone(&catalogue));
        let wake = ctx.clone();
        let downloads = Downloads::new(Options::default(), move || wake.request_repaint());
        let notes = shelf.notes().clone();
        let wake = ctx.clone();
        let watcher = Arc::new(Watcher::start(shelf, move || wake.request_repaint()));
        let thresholds = Thresholds { conf: loaded.conf, iou: loaded.iou, ..Thresholds::default() };
        let state = State {
            source: engine.source(),
            model: engine.model(),
            outcome: None,
            stats: Stats::default(),
            pace: PaceReport::default(),
            thresholds,
            cameras: Cameras::default(),
            models: Vec::new(),
            cards: Arc::default(),
            pulls: Vec::new(),
            position: None,
            as_fast_as_possible: false,
            full_screen: false,
            comparing: false,
            page: Page::default(),
            help: false,
            typed: None,
            choosing: false,
            language: options.language,
            settings: loaded,
        };
        let mut app = Self {
            engine,
            remembered: state.settings.clone(),
            state,
            workers: Workers::new(ctx.clone()),
            toasts,
            reading: None,
            watcher,
            catalogue,
            library: LibraryPage::default(),
            downloads,
            pulls: Vec::new(),
            running_since: None,
            timed: None,
            speed: Speed::remembering(notes),
            overrides: None,
            stage: Stage::default(),
            compare: Compare::default(),
            classes: ClassesPanel::default(),
            saver,
            settings_file,
            hidden: false,
            title: String::new(),
            figures_at: None,
            pointer_at: 0.0,
            timing: Timing::since(started),
            measure: options.measure,
        };
        ctx.set_theme(apply::theme(app.state.settings.theme));
        app.begin(options);
        app
    }

    /// The words of the window.
    pub(super) fn strings(&self) -> &'static Strings {
        Strings::of(self.state.language())
    }

    /// How results are drawn.
    pub(super) fn style(&self) -> scene::Style {
        scene::Style {
            language: self.state.language(),
            mirror: self.state.settings.mirror,
            plane_blend: self.state.settings.amount,
            ..scene::Style::default()
        }
    }

    /// Takes over what the engine and the workers brought.
    fn gather(&mut self, ctx: &egui::Context) {
        while let Some(done) = self.workers.next() {
            self.take(ctx, done);
        }
        let source = self.engine.source();
        if !Arc::ptr_eq(&source, &self.state.source) {
            self.source_changed(source);
        }
        let model = self.engine.model();
        if !Arc::ptr_eq(&model, &self.state.model) {
            self.model_changed(model);
        }
        self.gather_outcome();
        self.compare.take(self.engine.comparison().filter(|_| self.state.comparing));
        if self.state.model.current.is_some() {
            self.timing.there(First::Model);
        }
        if self.state.outcome.is_some() {
            self.timing.there(First::Result);
        }
        self.state.position = self.engine.position();
        self.library_changed();
        self.pulls_changed();
        self.tell_idle();
        self.tune(ctx);
        if self.figures_at.is_none_or(|at| at.elapsed() >= FIGURES_EVERY) {
            self.figures_at = Some(Instant::now());
            self.state.stats = self.engine.stats();
            self.state.pace = self.engine.pace();
            self.compare.measure(|lane| self.engine.lane_stats(lane));
            self.remember_live_time();
            self.fit_size();
            if let Some(trouble) = self.watcher.take_trouble() {
                self.toasts.bad(self.strings().not_done, trouble);
            }
        }
        if self.state.settings != self.remembered {
            self.remembered = self.state.settings.clone();
            if let Some(saver) = &self.saver {
                saver.set(self.remembered.clone());
            }
        }
        if let Some(error) = self.saver.as_ref().and_then(Saver::take_error) {
            self.toasts.bad(self.strings().settings, error.to_string());
        }
        self.toasts.pass(ctx);
        self.set_title(ctx);
    }

    /// The newest result of the model that the panels speak of. While a model is being changed the last result of the
    /// old one stays, until result and state are both of the new one.
    fn gather_outcome(&mut self) {
        let newest = self.engine.outcome();
        let current = self.state.model.current.as_ref();
        let is_current = |o: &Arc<Outcome>| current.is_some_and(|card| Arc::ptr_eq(card, &o.card));
        if newest.is_none() || newest.as_ref().is_some_and(is_current) {
            self.state.outcome = newest;
        } else {
            self.state.outcome.take_if(|old| !is_current(old));
        }
    }

    fn source_changed(&mut self, source: Arc<SourceState>) {
        let (was, is) = (source_address(&self.state.source).cloned(), source_address(&source).cloned());
        let failed = matches!(*source, SourceState::Failed { .. });
        if was != is || failed || matches!(*source, SourceState::Closed) {
            self.stage.clear();
        }
        if let (Some(info), Some(address)) = (source_info(&source), &is)
            && source_info(&self.state.source).is_none()
        {
            let address = apply::lasting_address(address, info, &self.state.cameras);
            self.state.settings.remember_source(&address);
            if address.is_camera() && self.state.cameras.items.is_none() {
                self.look_for_cameras();
            }
        }
        if failed && is.as_ref().is_some_and(crate::source::Address::is_camera) {
            // So that the page can offer the others.
            self.look_for_cameras();
        }
        self.state.source = source;
    }

    fn model_changed(&mut self, model: Arc<ModelState>) {
        let same = match (&self.state.model.current, &model.current) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if let Some(card) = model.current.as_ref().filter(|_| !same) {
            self.state.settings.remember_model(&card.path);
            self.running_since = Some(Instant::now());
            self.model_used(&card.path);
            self.look_who_runs(card);
            let other_labels =
                self.state.model.current.as_ref().is_none_or(|old| old.spec.labels != card.spec.labels);
            if other_labels && !self.state.thresholds.classes.is_empty() {
                self.state.thresholds.classes.clear();
                self.engine.send(Command::SetThresholds(self.state.thresholds.clone()));
            }
        }
        if let Some((path, error)) = &model.failed
            && self.state.model.failed.as_ref().is_none_or(|(_, old)| !Arc::ptr_eq(old, error))
        {
            tracing::warn!("{error}");
            // A model that isn't understood is asked about at once, unless its page is open already.
            if matches!(**error, crate::model::ModelError::NotUnderstood { .. })
                && self.reading.as_ref().is_none_or(|r| r.path != *path)
            {
                self.show(Page::Reading(path.clone()));
            } else if !self.state.settings.side_panel {
                let text = model_card(self.state.language(), error);
                self.toasts.bad(&text.title, format!("{} {}", text.explanation, text.fix));
            }
        }
        self.state.model = model;
    }

    /// The title says what is seen, or why nothing is.
    fn set_title(&mut self, ctx: &egui::Context) {
        let state = &*self.state.source;
        let what = match (state, source_address(state), source_info(state)) {
            (SourceState::Failed { error, .. }, ..) => source_page(self.state.language(), error).title,
            (_, Some(address), Some(info)) if address.is_camera() => info.name.clone(),
            (_, Some(address), _) => address_name(address, self.strings()),
            (_, None, _) => String::new(),
        };
        let title = if what.is_empty() { "Sightline".to_owned() } else { format!("{what} – Sightline") };
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// Tells the engine when nobody sees the picture.
    fn watch_visibility(&mut self, ctx: &egui::Context) {
        let hidden = ctx.input(|i| {
            let window = i.viewport();
            window.minimized == Some(true) || window.occluded == Some(true)
        });
        if hidden != self.hidden {
            self.hidden = hidden;
            self.engine.send(Command::Hidden(hidden));
        }
    }

    fn dropped(ctx: &egui::Context, out: &mut Vec<Intent>) {
        let path = ctx.input(|i| i.raw.dropped_files.first().map(|f| f.path().to_owned()));
        out.extend(path.map(Intent::OpenPath));
    }

    fn remember_window(&mut self, ctx: &egui::Context) {
        if self.state.full_screen {
            return;
        }
        let size = ctx.input(|i| i.viewport().inner_rect.map(|r| (r.width().round(), r.height().round())));
        if let Some(size) = size.filter(|s| s.0 >= 320.0 && s.1 >= 240.0) {
            self.state.settings.window = Some(size);
        }
    }

    /// Shows a page; that of a model reads its file on a worker.
    pub(super) fn show(&mut self, page: Page) {
        if let Page::Reading(path) = &page {
            self.reading = Some(Reading::new(path, Sidecar::default()));
            self.inspect(path.clone());
        } else {
            self.reading = None;
        }
        self.state.page = page;
    }

    fn take(&mut self, ctx: &egui::Context, done: Done) {
        let s = self.strings();
        match done {
            Done::Cameras(found) => {
                self.state.cameras.looking = false;
                self.state.cameras.items = Some(found);
            }
            Done::Noted | Done::Settled(Ok(())) | Done::FolderOpened(Ok(())) => {}
            Done::Pull(id, job) => self.begin_pull(id, *job),
            Done::Verified(name, verdict) => self.verified(&name, verdict),
            Done::Removed(path, deleted, answer) => self.removed(&path, deleted, answer),
            Done::Ran(path, answer) => self.ran(&path, answer),
            Done::Imported(taken) => self.imported(&taken),
            Done::Chosen(what, path) => {
                self.state.choosing = false;
                if let Some(path) = path {
                    self.chosen(what, path);
                }
            }
            Done::NoDialogue(what) => {
                self.state.choosing = false;
                self.state.typed = Some((what, String::new()));
            }
            Done::Snapshot(result) => self.snapshot_done(ctx, result),
            Done::Inspected(path, sidecar, result) => {
                if let Some(reading) = self.reading.as_mut().filter(|r| r.path == path) {
                    reading.seen = match result {
                        Ok(seen) => Seen::Read(seen),
                        Err(error) => Seen::Failed(error),
                    };
                    if let Some(sidecar) = sidecar {
                        reading.chosen = sidecar;
                    }
                }
            }
            Done::ReadingSaved(path, Ok(_)) => {
                if let Some(reading) = self.reading.as_mut().filter(|r| r.path == path) {
                    reading.saved = true;
                }
            }
            Done::ReadingSaved(_, Err(error)) | Done::Settled(Err(error)) => {
                self.toasts.bad(s.not_done, format!("{error} {}", error.fix()));
            }
            Done::Labels(Ok(names)) => {
                if let Some(reading) = &mut self.reading {
                    reading.chosen.labels = Some(names);
                    reading.saved = false;
                    let (path, chosen) = (reading.path.clone(), reading.chosen.clone());
                    self.open_model(path, Some(chosen));
                }
            }
            Done::Labels(Err(error)) | Done::FolderOpened(Err(error)) => {
                self.toasts.bad(s.not_done, error);
            }
            Done::Broken => {
                self.state.cameras.looking = false;
                self.state.choosing = false;
                self.toasts.bad(s.not_done, s.try_again);
            }
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.watch_visibility(ctx);
        self.gather(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let begin = Instant::now();
        self.timing.there(First::Paint);
        let mut intents = Vec::new();
        Self::dropped(ui.ctx(), &mut intents);
        let view = self.state.view(&self.catalogue, self.stage.frame().is_some());
        keys::read(ui.ctx(), &view, &self.state.page, self.state.help, &mut intents);
        self.remember_window(ui.ctx());
        self.main_ui(ui, &mut intents);
        let strings = self.strings();
        if self.state.help {
            help::ui(ui, strings, &mut intents);
        }
        self.typed_ui(ui, &mut intents);
        pages::drop_sheet(ui, &self.state.view(&self.catalogue, false));
        if !intents.is_empty() {
            for intent in intents {
                self.apply(ui.ctx(), frame, intent);
            }
            // What was changed is shown in the next pass.
            ui.ctx().request_repaint();
        }
        self.timing.pass(begin.elapsed(), frame.info().cpu_usage);
        if let Some(left) = self.measure.map(|m| m.saturating_sub(self.timing.elapsed())) {
            ui.ctx().request_repaint_after(left);
            if left.is_zero() {
                self.measure = None;
                let found = self.state.outcome.as_ref().map_or(0, |o| o.results.detections.len());
                println!("{}", self.timing.summary(&self.engine.stats(), found));
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
