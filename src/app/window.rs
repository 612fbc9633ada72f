//! The window: `logic` gathers what is new, `ui` paints it and collects intents, which are carried out at the end of the
//! pass.

mod dispatch;
mod gather;
mod layout;
mod snapshot;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use egui::{self, Ui, ViewportCommand};

use super::classes_panel::ClassesPanel;
use super::controllers::{
    CompareController, Core, DatasetController, EventsController, FilesController, GalleryController,
    InsideController, LessonsController, LibraryController, ModelController, ReadingController,
    RecordController, ServersController, SettingsController, ShutterController, SourceController,
    TeachController, ZonesController, theme,
};
use super::intent::{FilesIntent, InsideIntent, Intent, ModelIntent, Page, SourceIntent, TeachIntent};
use super::options::AppOptions;
use super::stage::Stage;
use super::start::Start;
use super::strings::{Explain as _, Strings, system_language};
use super::teach::TeachPage;
use super::timing::{First, Timing};
use super::toasts::Toasts;
use super::view::{DatasetView, EventsView, LibraryView, ShutterView, TeachView, View};
use super::widgets::focus_ring;
use super::workers::{Done, Workers};
use super::{help, keys, pages, quitting, style, teach};
use crate::engine::{Command, Engine, EngineOptions, PaceReport, Stats};
use crate::library::download::{Downloads, Options};
use crate::library::{self, Catalogue, Inventory, Watcher, leftovers};
use crate::model::{Thresholds, folders, isolation, runtime};
use crate::scene;
use crate::server::is_address;
use crate::settings::{self, Settings};
use crate::source::Address;
use crate::track::AnalyserOptions;
use layout::Layout;

/// The window's program.
pub struct App {
    pub(super) core: Core,
    pub(super) source: SourceController,
    pub(super) model: ModelController,
    pub(super) library: LibraryController,
    pub(super) servers: ServersController,
    pub(super) compare: CompareController,
    pub(super) reading: ReadingController,
    pub(super) events: EventsController,
    pub(super) files: FilesController,
    pub(super) settings: SettingsController,
    pub(super) zones: ZonesController,
    pub(super) record: RecordController,
    pub(super) dataset: DatasetController,
    pub(super) shutter: ShutterController,
    pub(super) gallery: GalleryController,
    pub(super) inside: InsideController,
    pub(super) lessons: LessonsController,
    pub(super) teach: TeachController,
    pub(super) stage: Stage,
    classes: ClassesPanel,
    window: WindowState,
    start: Start,
    timing: Timing,
}

/// The state of the window itself.
#[derive(Debug, Default)]
struct WindowState {
    full_screen: bool,
    /// The help sheet is open.
    help: bool,
    /// It started without the source and the model of the last time.
    safe: bool,
    /// A menu or a dialogue was open at the end of the last pass.
    menu_open: bool,
    /// A text was being typed at the end of the last pass.
    typing: bool,
    /// The window is minimised or covered.
    unseen: bool,
    /// The engine was told so.
    hidden: bool,
    title: String,
    /// When the figures were last taken over.
    figures_at: Option<Instant>,
    /// When the pointer last moved, in egui's seconds.
    pointer_at: f64,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("core", &self.core).finish_non_exhaustive()
    }
}

impl App {
    /// Starts the engine on the source and the model that were asked for or remembered.
    #[must_use]
    pub fn new(ctx: &egui::Context, options: AppOptions, timing: Timing) -> Self {
        ctx.set_fonts(scene::fonts::egui_fonts());
        style::install(ctx);
        let mut toasts = Toasts::default();
        let settings_file = settings::settings_file();
        let (start, crashed) = Start::begin(settings_file.as_deref());
        let (loaded, may_write) = match settings_file.as_deref().map(settings::load) {
            Some((settings, error)) => {
                let may_write = !matches!(error, Some(settings::SettingsError::Unreadable { .. }));
                if let Some(error) = error {
                    let language = options.language.or(settings.language).unwrap_or_else(system_language);
                    toasts.bad(Strings::of(language).settings, error.explain(language).to_string());
                }
                (settings, may_write)
            }
            None => (Settings::default(), false),
        };
        ctx.set_theme(theme(loaded.theme));
        runtime::prefer(loaded.onnxruntime.clone());
        let wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint())
        };
        let engine = Engine::start(EngineOptions::new(wake));
        let catalogue = Arc::new(Catalogue::load());
        let inventory = Inventory::of_user(&loaded.model_folders, Arc::clone(&catalogue));
        let wake = ctx.clone();
        let downloads = Downloads::new(Options::default(), move || wake.request_repaint());
        let records = inventory.records().clone();
        let wake = ctx.clone();
        let watcher = Arc::new(Watcher::start(inventory, move || wake.request_repaint()));
        let mut app = Self {
            source: SourceController::default(),
            model: ModelController::new(records, &loaded),
            library: LibraryController::new(downloads),
            servers: ServersController::default(),
            compare: CompareController::default(),
            reading: ReadingController::default(),
            events: EventsController::new(),
            files: FilesController::default(),
            zones: ZonesController::new(settings_file.as_deref()),
            record: RecordController::default(),
            dataset: DatasetController::default(),
            shutter: ShutterController::default(),
            gallery: GalleryController::default(),
            inside: InsideController::default(),
            lessons: LessonsController::default(),
            teach: TeachController::default(),
            settings: SettingsController::new(settings_file, may_write, &loaded),
            stage: Stage::default(),
            classes: ClassesPanel::default(),
            window: WindowState { safe: crashed, ..WindowState::default() },
            start,
            timing,
            core: Core {
                saved_in: [crate::save::default_folder(), crate::save::default_video_folder()],
                source: engine.source(),
                model: engine.model(),
                engine,
                language: options.language,
                privacy: Arc::new(Mutex::new(loaded.privacy.clone())),
                prediction: None,
                followed: None,
                analysis: AnalyserOptions::default(),
                stats: Stats::default(),
                pace: PaceReport::default(),
                thresholds: Thresholds::default(),
                position: None,
                clips: None,
                collector: None,
                models: Arc::default(),
                known: catalogue.known(),
                isolation: options.isolation.clone(),
                catalogue,
                watcher,
                workers: Workers::new(ctx.clone()),
                toasts,
                page: Page::default(),
                panel_shown: false,
                file_mirrored: false,
                intents: VecDeque::new(),
                kept: None,
                settings: loaded,
            },
        };
        app.begin(options);
        app
    }

    /// Opens the source and the model that were asked for, else the remembered, else the default ones.
    fn begin(&mut self, options: AppOptions) {
        let core = &mut self.core;
        self.events.begin(core);
        core.engine.send(Command::SetThresholds(core.thresholds.clone()));
        core.engine.send(Command::Loop(core.settings.looping));
        core.engine.send(Command::Pace(core.settings.result_pace));
        core.engine.send(Command::Follow(core.settings.follow_objects));
        core.workers.run("leftovers", || {
            if let Some(home) = library::home() {
                leftovers::remove(&home);
            }
            Done::Nothing
        });
        let safe = self.window.safe;
        let own_source = options.source.is_some();
        let source = options.source.or_else(|| (!safe).then(|| remembered_source(core)));
        // At once, before the first pass: the source opens while the window is made.
        if let Some(source) = source {
            self.source.apply(SourceIntent::Open(source), core);
        }
        // Without a source of its own the page in the preview's place says it.
        if safe && own_source && options.model.is_none() {
            let s = core.strings();
            core.toasts.bad(s.started_safely, s.started_safely_text);
        }
        if let Some(model) = options.model {
            self.model.apply(ModelIntent::Open(model), core);
        } else if !safe {
            open_remembered_model(core, true);
        }
        if !options.compare.is_empty() {
            self.compare.begin(options.compare, core);
        }
        if let Some(tab) = options.inside {
            core.ask(Intent::Inside(InsideIntent::Tab(tab)));
        }
    }

    /// Opens the source and the model of the last time after all.
    fn open_remembered(&mut self) {
        self.window.safe = false;
        let core = &mut self.core;
        let source = remembered_source(core);
        self.source.apply(SourceIntent::Open(source), core);
        open_remembered_model(core, false);
    }

    /// The start of the window.
    pub(super) fn start(&self) -> &Start {
        &self.start
    }

    /// Notes that the window has started, once it has.
    fn watch_start(&self) {
        if self.start.is_over() {
            let start = self.start.clone();
            self.core.workers.run("started", move || {
                start.end();
                Done::Nothing
            });
        }
    }

    /// Tells the engine when nobody sees the window.
    fn watch_visibility(&mut self, ctx: &egui::Context) {
        let hidden = ctx.input(|i| {
            let window = i.viewport();
            window.minimized == Some(true) || window.occluded == Some(true)
        });
        self.window.unseen = hidden;
        // A time lapse and a recording go on.
        let hidden = hidden && !self.shutter.shutter.is_patient() && !self.record.needs_frames();
        if hidden != self.window.hidden {
            self.window.hidden = hidden;
            self.core.engine.send(Command::Hidden(hidden));
        }
    }

    fn remember_size(&mut self, ctx: &egui::Context) {
        if self.window.full_screen {
            return;
        }
        let (size, maximised) = ctx.input(|i| {
            let window = i.viewport();
            let size = window.inner_rect.map(|r| (r.width().round(), r.height().round()));
            (size, window.maximized)
        });
        self.core.settings.maximised = maximised == Some(true);
        if self.core.settings.maximised {
            return;
        }
        if let Some(size) = size.filter(|s| s.0 >= 320.0 && s.1 >= 240.0) {
            self.core.settings.window = Some(size);
        }
    }

    /// Takes the newest frame for the preview, or, if each result is to be shown on its own frame, that of the newest
    /// result.
    fn take_frame(&mut self, ctx: &egui::Context) {
        self.stage.take_scenes();
        let core = &self.core;
        let is_private = core.settings.privacy.on;
        // With privacy on, a newer frame than the result's might show somebody whom the model hasn't seen yet.
        let own_frame = core.settings.result_on_own_frame || is_private;
        let own = match core.page {
            Page::Stage | Page::Inside if core.source.info().is_none() => return,
            Page::Stage | Page::Inside if own_frame => self.stage.composed_frame(),
            // Frame and moved boxes belong together. The picture never goes back, as it would when following begins.
            Page::Stage | Page::Inside if core.followed.is_some() => {
                self.stage.composed_frame().filter(|f| self.stage.is_newer(f))
            }
            Page::Reading(_) | Page::Teach if is_private => self.stage.composed_frame(),
            Page::Stage | Page::Inside | Page::Reading(_) | Page::Teach => None,
            Page::Settings | Page::Library | Page::Events | Page::Gallery | Page::Dataset | Page::Lessons => {
                return;
            }
        };
        let begin = Instant::now();
        if is_private && own.is_none() {
            if let Some(frame) = core.engine.preview()
                && self.stage.set_hidden_frame(ctx, &frame)
            {
                core.engine.shown(&frame);
                self.timing.there(First::Image);
            }
            return;
        }
        if let Some(frame) = own.or_else(|| core.engine.preview())
            && self.stage.set_frame(ctx, &frame)
        {
            self.timing.wrote(begin.elapsed());
            core.engine.shown(&frame);
            // With each result on its own frame, the frame's age is that of the result.
            if !own_frame {
                self.model.shown(frame.captured.elapsed().as_secs_f32() * 1000.0);
            }
            self.timing.there(First::Image);
        }
    }

    /// Shows the window; returns what the user wants.
    fn paint(&mut self, ui: &mut Ui) -> Vec<Intent> {
        let mut intents = Vec::new();
        let Self {
            core,
            source,
            model,
            library,
            servers,
            compare,
            reading,
            events,
            files,
            settings,
            zones,
            record,
            dataset,
            shutter,
            gallery,
            inside,
            lessons,
            teach,
            stage,
            classes,
            ..
        } = self;
        let window = &mut self.window;
        let mut lesson_panel = std::mem::take(&mut lessons.panel);
        let language = core.language();
        let view = View {
            strings: Strings::of(language),
            language,
            settings: &core.settings,
            settings_file: settings.file.as_deref(),
            snapshot_folder: &settings.snapshot_folder,
            video_folder: &settings.video_folder,
            recording: &record.status,
            source: &core.source,
            model: &core.model,
            stats: &core.stats,
            pace: core.pace,
            prediction: core.prediction.as_ref(),
            drawn: core.followed.as_ref().or(core.prediction.as_ref()),
            thresholds: &core.thresholds,
            cameras: &source.cameras,
            library: LibraryView {
                models: &core.models,
                catalogue: &core.catalogue,
                pulls: library.downloads.shown(),
                servers: servers.rows(),
                servers_known: servers.is_known(),
                servers_error: servers.error(),
                servers_saving: servers.is_saving(),
                servers_saved: servers.is_saved(),
                deployment: &library.deployment,
            },
            events: EventsView {
                rules: &events.rules,
                rules_file: events.rules_file.as_deref(),
                rules_error: events.rules_error.as_ref(),
                obstacles: &events.obstacles,
                log_trouble: events.log_trouble.as_ref(),
                unseen: events.unseen,
            },
            dataset: DatasetView {
                collecting: dataset.collecting.as_ref(),
                folder: &dataset.folder,
                holds_escape: dataset.page.holds_escape(),
                quitting: dataset.quitting.as_ref(),
            },
            speed: model.speed(),
            gallery_has_layer: gallery.page.has_layer(),
            teach: TeachView {
                folder: &teach.folder,
                holds_escape: teach.page.holds_escape(),
                quitting: teach.quitting.as_ref(),
            },
            inside_has_layer: inside.page.has_layer(),
            perturbation: inside.page.perturbation,
            shutter: ShutterView {
                shutter: shutter.shutter,
                saved: shutter.saved(),
                problem: shutter.problem(),
            },
            lessons: lessons.view(),
            position: core.position,
            as_fast_as_possible: source.as_fast_as_possible,
            playback_speed: source.speed,
            page: &core.page,
            help: window.help,
            safe: window.safe,
            menu_open: window.menu_open,
            typing: window.typing,
            failure_shown: core.toasts.newest_failure(),
            full_screen: window.full_screen,
            comparing: compare.on,
            mirrored: core.mirrored(),
            announced: model.announced(core, ui.ctx()),
            has_image: stage.frame().is_some(),
            covered: stage.covered(),
            zones: &zones.scene,
            scene_path: zones.path.as_deref(),
            editing: zones.editor.open,
        };
        let dropped: Vec<_> = ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        if !dropped.is_empty() {
            let intent = match teach_drop(core, &teach.page, ui, &dropped) {
                Some(intent) => Intent::Teach(intent),
                None => Intent::Files(FilesIntent::OpenPaths(dropped)),
            };
            intents.push(intent);
        }
        keys::read(ui.ctx(), &view, &mut intents);
        let mut layout = Layout {
            stage,
            classes,
            library: &mut library.page,
            compare: &mut compare.view,
            reading: reading.reading.as_mut(),
            events: &mut events.page,
            dataset: &mut dataset.page,
            gallery: &mut gallery.page,
            teach: &mut teach.page,
            inside: &mut inside.page,
            toasts: &core.toasts,
            zones: &mut zones.editor,
            lesson: &mut lesson_panel,
            pointer_at: &mut window.pointer_at,
        };
        layout.ui(ui, &view, &mut intents);
        if view.help {
            help::ui(ui, view.strings, &mut intents);
        }
        quitting::ui(ui, &view, &mut intents);
        teach::quitting::ui(ui, &view, &mut intents);
        layout::typed_ui(ui, view.strings, &mut files.typed, &mut intents);
        focus_ring(ui.ctx());
        // Popups are known only after they were shown, and Escape takes the focus from a text before the keys are read: the
        // keys of the next pass ask for both.
        window.menu_open = ui.ctx().any_popup_open() || ui.ctx().memory(|m| m.top_modal_layer().is_some());
        window.typing = ui.ctx().text_edit_focused();
        pages::drop_sheet(ui, &view);
        lessons.panel = lesson_panel;
        intents
    }
}

/// What files that are dropped mean on the page "Teach": examples of the class under the pointer, or a project.
fn teach_drop(core: &Core, page: &TeachPage, ui: &Ui, files: &[PathBuf]) -> Option<TeachIntent> {
    if core.page != Page::Teach {
        return None;
    }
    let at = ui.input(|i| i.pointer.latest_pos());
    match (&page.project, page.class_at(at)) {
        (Some(_), Some(class)) => page.id(class).map(|id| TeachIntent::AddFiles(id, files.to_vec())),
        (None, _) if files.len() == 1 => Some(TeachIntent::Open(files[0].clone())),
        _ => None,
    }
}

/// The source of the last time, else the best camera.
fn remembered_source(core: &Core) -> Address {
    core.settings.source.clone().unwrap_or(Address::AnyCamera)
}

/// Opens the model of the last time, else the default one. `careful`: also if the last one ended its process then.
fn open_remembered_model(core: &Core, careful: bool) {
    // A worker finds out which files exist.
    let remembered = core.settings.model.clone();
    core.workers.run("first model", move || {
        let remembered = remembered.filter(|model| is_address(model) || model.is_file());
        let open = |model: PathBuf| Intent::Model(ModelIntent::Open(model));
        if let Some(model) = remembered.as_deref().filter(|_| careful)
            && let Ok(Some(ending)) = isolation::how_it_ended(model, true)
        {
            let default = folders::default_model().filter(|default| default != model);
            return Done::NotOpened(model.to_owned(), ending, default.map(open));
        }
        Done::Ask(remembered.or_else(folders::default_model).map(open).into_iter().collect())
    });
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.watch_visibility(ctx);
        self.watch_start();
        if ctx.input(|i| i.viewport().close_requested()) {
            // Both are asked: both save what isn't saved.
            let may = [self.dataset.may_quit(&self.core), self.teach.may_quit(&self.core)];
            if may != [true, true] {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            }
        }
        self.gather(ctx);
        self.dispatch(ctx, frame);
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        let begin = Instant::now();
        self.timing.there(First::Paint);
        self.remember_size(ui.ctx());
        self.take_frame(ui.ctx());
        let intents = self.paint(ui);
        if !intents.is_empty() {
            self.core.intents.extend(intents);
            self.dispatch(ui.ctx(), frame);
            // The next pass shows what was changed.
            ui.ctx().request_repaint();
        }
        let stats = || self.core.engine.stats();
        let found = self.core.prediction.as_ref().map_or(0, |o| o.results.detections.len());
        if let Some(left) = self.timing.pass(begin.elapsed(), frame.info().cpu_usage, stats, found) {
            ui.ctx().request_repaint_after(left);
            if left.is_zero() {
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.events.end();
        self.dataset.end();
        self.teach.end();
        self.start.end_in_order();
        self.record.end();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
