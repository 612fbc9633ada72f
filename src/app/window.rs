//! The window: `logic` gathers what is new, `ui` paints it and gathers intents, `apply` does them.

mod gather;
mod layout;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{self, Ui, ViewportCommand};

use super::AppOptions;
use super::classes_panel::ClassesPanel;
use super::compare::Compare;
use super::intent::{Choose, Intent, Page};
use super::library::{LibraryPage, LibraryView, Pull};
use super::reading::Reading;
use super::speed::Speed;
use super::stage::Stage;
use super::strings::{Strings, system_language};
use super::style;
use super::timing::{First, Timing};
use super::toasts::Toasts;
use super::view::{Cameras, View};
use super::workers::Workers;
use super::{apply, help, keys, pages};
use crate::engine::{Command, Engine, EngineOptions, ModelState, PaceReport, Prediction, SourceState, Stats};
use crate::library::download::{Downloads, Options, Ticket};
use crate::library::{Catalogue, Inventory, ModelEntry, Watcher};
use crate::model::Thresholds;
use crate::model::labels::Language;
use crate::model::sidecar::Sidecar;
use crate::scene;
use crate::settings::{self, Saver, Settings};

/// Everything that the panels show.
#[derive(Debug)]
pub struct State {
    pub settings: Settings,
    pub source: Arc<SourceState>,
    pub model: Arc<ModelState>,
    pub prediction: Option<Arc<Prediction>>,
    pub stats: Stats,
    pub pace: PaceReport,
    pub thresholds: Thresholds,
    pub cameras: Cameras,
    /// What `M` goes through.
    pub models: Vec<PathBuf>,
    /// The models on this computer.
    pub cards: Arc<Vec<Arc<ModelEntry>>>,
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

    fn view<'a>(&'a self, catalogue: &'a Catalogue, has_image: bool) -> View<'a> {
        let language = self.language();
        View {
            strings: Strings::of(language),
            language,
            settings: &self.settings,
            source: &self.source,
            model: &self.model,
            stats: &self.stats,
            pace: self.pace,
            prediction: self.prediction.as_deref(),
            thresholds: &self.thresholds,
            cameras: &self.cameras,
            library: LibraryView { cards: &self.cards, catalogue, pulls: &self.pulls },
            position: self.position,
            as_fast_as_possible: self.as_fast_as_possible,
            full_screen: self.full_screen,
            comparing: self.comparing,
            has_image,
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
    pub(super) timed: Option<Arc<crate::engine::ModelInfo>>,
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
        let inventory = Inventory::of_user(&loaded.model_folders, Arc::clone(&catalogue));
        let wake = ctx.clone();
        let downloads = Downloads::new(Options::default(), move || wake.request_repaint());
        let notes = inventory.records().clone();
        let wake = ctx.clone();
        let watcher = Arc::new(Watcher::start(inventory, move || wake.request_repaint()));
        let thresholds = Thresholds { conf: loaded.conf, iou: loaded.iou, ..Thresholds::default() };
        let state = State {
            source: engine.source(),
            model: engine.model(),
            prediction: None,
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

    /// Tells the engine when nobody sees the image.
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
                let found = self.state.prediction.as_ref().map_or(0, |o| o.results.detections.len());
                println!("{}", self.timing.summary(&self.engine.stats(), found));
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
