//! The panels and the keys, found by their names for screen readers.

mod dataset;
mod deploy;
mod drop;
mod events;
mod gallery;
mod inside;
mod keys;
mod lessons;
mod library;
mod pages;
mod panels;
mod servers;
mod shutter;
mod speed;
mod teach;
mod zones;

use std::sync::Arc;
use std::time::Instant;

use egui::{self, Modifiers, PointerButton, Pos2, Ui};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::classes_panel::ClassesPanel;
use super::compare::Compare;
use super::dataset::state::DatasetPage;
use super::events::EventsPage;
use super::gallery::GalleryPage;
use super::inside::InsidePage;
use super::intent::{Intent, Page};
use super::lessons::state::{LessonPanel, LessonsView, MissingModel};
use super::library::LibraryPage;
use super::shutter::Shutter;
use super::stage::Stage;
use super::strings::Strings;
use super::style;
use super::teach::TeachPage;
use super::view::{
    Cameras, Collecting, DatasetView, EventsView, LibraryView, Pull, Quitting, Ran, ShutterView, SpeedView,
    TeachView, TuneProgress, View,
};
use super::zones::Editor;
use crate::app::deployment::Deployment;
use crate::app::servers::ServerRow;
use crate::engine::{ModelState, PaceReport, Prediction, SourceState, Stats};
use crate::events::{Problem, Rules};
use crate::fixtures::model_info;
use crate::frame::Frame;
use crate::learn::lessons::{Course, Facts, Listed};
use crate::library::catalogue::Precision;
use crate::library::records::FileStamp;
use crate::library::{Catalogue, Kind, ModelEntry};
use crate::model::labels::Language;
use crate::model::results::StageTimes;
use crate::model::spec::{ColourOrder, Family, Task};
use crate::model::{Detection, Results, Thresholds};
use crate::scene;
use crate::server::ServerListError;
use crate::settings::Settings;
use crate::source::camera::{CameraInfo, Control, ControlKind, Mode};
use crate::source::{Address, Pace, SourceInfo};
use crate::track::zones::SceneFile;

/// What the panels are shown, and what they reported.
pub(super) struct Bench {
    pub(super) language: Language,
    pub(super) settings: Settings,
    pub(super) source: SourceState,
    pub(super) model: ModelState,
    pub(super) prediction: Option<Arc<Prediction>>,
    pub(super) thresholds: Thresholds,
    pub(super) cameras: Cameras,
    pub(super) models: Vec<Arc<ModelEntry>>,
    pub(super) pulls: Vec<Pull>,
    pub(super) servers: Vec<ServerRow>,
    pub(super) servers_error: Option<ServerListError>,
    pub(super) servers_saving: bool,
    pub(super) servers_saved: bool,
    pub(super) deployment: Deployment,
    pub(super) catalogue: Catalogue,
    pub(super) position: Option<f64>,
    pub(super) full_screen: bool,
    pub(super) comparing: bool,
    pub(super) intents: Vec<Intent>,
    pub(super) classes: ClassesPanel,
    pub(super) ran: Option<Ran>,
    pub(super) tune: Option<TuneProgress>,
    pub(super) library: LibraryPage,
    pub(super) page: Page,
    pub(super) help: bool,
    pub(super) safe: bool,
    pub(super) menu_open: bool,
    pub(super) typing: bool,
    pub(super) failure_shown: Option<u64>,
    pub(super) announced: Option<String>,
    pub(super) text: String,
    pub(super) pace: PaceReport,
    pub(super) compare: Compare,
    pub(super) stage: Stage,
    pub(super) rules: Rules,
    pub(super) obstacles: Vec<(String, Problem)>,
    pub(super) unseen: usize,
    pub(super) events: EventsPage,
    pub(super) zones: SceneFile,
    pub(super) editor: Editor,
    pub(super) recording: crate::record::Status,
    pub(super) dataset: DatasetPage,
    pub(super) collecting: Option<Collecting>,
    pub(super) quitting: Option<Quitting>,
    pub(super) shutter: Shutter,
    pub(super) saved: u32,
    pub(super) gallery: GalleryPage,
    pub(super) inside: InsidePage,
    pub(super) lessons: LessonBench,
    pub(super) teach: TeachPage,
}

/// The lesson that a bench shows.
#[derive(Default)]
pub(super) struct LessonBench {
    pub(super) listed: Vec<Listed>,
    pub(super) course: Option<Course>,
    pub(super) facts: Facts,
    pub(super) missing: Vec<MissingModel>,
    pub(super) panel: LessonPanel,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            language: Language::English,
            settings: Settings::default(),
            source: SourceState::Closed,
            model: ModelState::default(),
            prediction: None,
            thresholds: Thresholds::default(),
            cameras: Cameras::default(),
            models: Vec::new(),
            pulls: Vec::new(),
            servers: Vec::new(),
            servers_error: None,
            servers_saving: false,
            servers_saved: true,
            deployment: Deployment::Idle,
            catalogue: Catalogue::default(),
            position: None,
            full_screen: false,
            comparing: false,
            intents: Vec::new(),
            classes: ClassesPanel::default(),
            ran: None,
            tune: None,
            library: LibraryPage::default(),
            page: Page::Stage,
            help: false,
            safe: false,
            menu_open: false,
            typing: false,
            failure_shown: None,
            announced: None,
            text: String::new(),
            pace: PaceReport::default(),
            compare: Compare::default(),
            stage: Stage::default(),
            rules: Rules::default(),
            obstacles: Vec::new(),
            unseen: 0,
            events: EventsPage::default(),
            zones: SceneFile::default(),
            editor: Editor::default(),
            recording: crate::record::Status::default(),
            dataset: DatasetPage::default(),
            collecting: None,
            quitting: None,
            shutter: Shutter::default(),
            saved: 0,
            gallery: GalleryPage::default(),
            inside: InsidePage::default(),
            lessons: LessonBench::default(),
            teach: TeachPage::default(),
        }
    }
}

impl Bench {
    pub(super) fn view(&self) -> View<'_> {
        static STATS: std::sync::LazyLock<Stats> = std::sync::LazyLock::new(Stats::default);
        View {
            strings: Strings::of(self.language),
            language: self.language,
            settings: &self.settings,
            settings_file: None,
            snapshot_folder: std::path::Path::new("/home/li/Pictures/Sightline"),
            video_folder: std::path::Path::new("/home/li/Videos/Sightline"),
            recording: &self.recording,
            source: &self.source,
            model: &self.model,
            stats: &STATS,
            pace: self.pace,
            prediction: self.prediction.as_ref(),
            drawn: self.prediction.as_ref(),
            thresholds: &self.thresholds,
            cameras: &self.cameras,
            library: LibraryView {
                models: &self.models,
                catalogue: &self.catalogue,
                pulls: &self.pulls,
                servers: &self.servers,
                servers_known: true,
                servers_error: self.servers_error.as_ref(),
                servers_saving: self.servers_saving,
                servers_saved: self.servers_saved,
                deployment: &self.deployment,
            },
            events: EventsView {
                rules: &self.rules,
                rules_file: None,
                rules_error: None,
                obstacles: &self.obstacles,
                log_trouble: None,
                unseen: self.unseen,
            },
            dataset: DatasetView {
                collecting: self.collecting.as_ref(),
                folder: std::path::Path::new("/home/li/Pictures/Sightline data sets"),
                holds_escape: self.dataset.holds_escape(),
                quitting: self.quitting.as_ref(),
            },
            shutter: ShutterView { shutter: self.shutter, saved: self.saved, problem: None },
            gallery_has_layer: self.gallery.has_layer(),
            inside_has_layer: self.inside.has_layer(),
            perturbation: self.inside.perturbation,
            lessons: LessonsView {
                listed: &self.lessons.listed,
                folder: Some(std::path::Path::new("/home/li/.local/share/sightline/lessons")),
                course: self.lessons.course.as_ref(),
                facts: &self.lessons.facts,
                missing: &self.lessons.missing,
                is_preparing: false,
                trouble: None,
            },
            teach: TeachView {
                folder: std::path::Path::new("/home/li/Pictures/Sightline projects"),
                holds_escape: self.teach.holds_escape(),
                quitting: None,
            },
            speed: SpeedView { ran: self.ran.as_ref(), tune: self.tune },
            position: self.position,
            as_fast_as_possible: false,
            playback_speed: 1.0,
            page: &self.page,
            help: self.help,
            safe: self.safe,
            menu_open: self.menu_open,
            typing: self.typing,
            failure_shown: self.failure_shown,
            full_screen: self.full_screen,
            comparing: self.comparing,
            mirrored: self.settings.mirror,
            announced: self.announced.as_deref(),
            has_image: true,
            covered: None,
            zones: &self.zones,
            scene_path: None,
            editing: self.editor.open,
        }
    }

    pub(super) fn playing(mut self, address: Address, pace: Pace) -> Self {
        self.source = SourceState::Playing { info: info(&address, pace), address };
        self
    }

    fn paused(mut self, address: Address, pace: Pace) -> Self {
        self.source = SourceState::Paused { info: info(&address, pace), address };
        self
    }

    pub(super) fn with_model(mut self) -> Self {
        let model = Arc::new(model_info());
        let mut results = Results::default();
        results.clear(Task::Detect, (8, 8));
        for corner in [0.0, 4.0] {
            results.detections.push(Detection::new(2, 0.9, [corner, corner, corner + 4.0, corner + 4.0]));
        }
        self.prediction = Some(Arc::new(Prediction {
            frame: Arc::new(Frame::filled(8, 8, [0, 0, 0, 255])),
            results,
            model: Arc::clone(&model),
            thresholds: self.thresholds.clone(),
            times: StageTimes::default(),
            finished: Instant::now(),
            looks: crate::track::Looks::default(),
            report: None,
        }));
        self.model.current = Some(model);
        self
    }

    pub(super) fn shown(self, panel: fn(&mut Bench, &mut Ui)) -> Harness<'static, Bench> {
        // The harness fails on any character that the bundled font lacks.
        let setup = |ctx: &egui::Context| {
            ctx.set_fonts(scene::fonts::egui_fonts());
            style::install(ctx);
        };
        let mut harness = Harness::builder()
            .with_size([700.0, 900.0])
            .with_context_setup(setup)
            .build_ui_state(move |ui: &mut Ui, bench: &mut Bench| panel(bench, ui), self);
        harness.run_steps(4);
        harness
    }
}

fn info(address: &Address, pace: Pace) -> SourceInfo {
    SourceInfo {
        size: (1280, 720),
        fps: Some(25.0),
        duration_s: (pace == Pace::Video).then_some(60.0),
        frames: (pace == Pace::Stills).then_some(5),
        detail: "MJPEG 1280×720 @ 30".into(),
        ..SourceInfo::new(address.to_string(), pace)
    }
}

fn camera(name: &str) -> CameraInfo {
    CameraInfo {
        index: 0,
        name: name.into(),
        bus: format!("usb-{name}"),
        path: "/dev/video0".into(),
        modes: vec![Mode {
            format: crate::frame::PixelFormat::Mjpeg,
            width: 640,
            height: 480,
            interval: (1, 30),
        }],
        other_formats: Vec::new(),
        controls: vec![Control {
            id: 7,
            name: "Auto focus".into(),
            kind: ControlKind::Switch,
            value: 1,
            default: 1,
            active: true,
        }],
        problem: None,
    }
}

/// Presses or lets go of the primary button at a point.
fn button(harness: &mut Harness<'_, Bench>, at: Pos2, pressed: bool) {
    harness.event(egui::Event::PointerMoved(at));
    let button = PointerButton::Primary;
    harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
    harness.run_steps(1);
}

fn click(harness: &mut Harness<'_, Bench>, at: Pos2) {
    button(harness, at, true);
    button(harness, at, false);
    // Longer than a double click.
    harness.run_steps(30);
}

fn drag(harness: &mut Harness<'_, Bench>, from: Pos2, to: Pos2) {
    button(harness, from, true);
    for share in [0.3, 0.6, 1.0] {
        harness.event(egui::Event::PointerMoved(from + (to - from) * share));
        harness.run_steps(1);
    }
    button(harness, to, false);
    harness.run_steps(2);
}

pub(super) fn press(harness: &mut Harness<'_, Bench>, name: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(3);
}

/// A model of the list; `used`: when it was used last.
pub(super) fn listed_model(name: &str, task: Task, used: Option<u64>) -> Arc<ModelEntry> {
    let mut spec = model_info().spec;
    spec.task = task;
    Arc::new(ModelEntry {
        path: format!("/models/{name}.onnx").into(),
        name: name.into(),
        stamp: FileStamp { bytes: 3_600_000, modified: 1 },
        kind: Kind::Known(Box::new(spec)),
        precision: Precision::default(),
        sha256: None,
        weights: None,
        origin: None,
        favourite: false,
        used,
        measured: None,
        tuned: None,
        group: name.into(),
        copies: Vec::new(),
        licence: None,
        ending: None,
        may_be_measured: true,
    })
}
