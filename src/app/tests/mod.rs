//! The panels and the keys, found by their names for screen readers.

mod drop;
mod library;
mod speed;

use std::sync::Arc;
use std::time::Instant;

use eframe::egui::accesskit::Role;
use eframe::egui::{self, Key, Modifiers, Ui};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::classes_panel::{ClassesPanel, NOTHING};
use super::compare::Compare;
use super::intent::{Choose, Intent, Page};
use super::library::{LibraryPage, LibraryView, Pull};
use super::page_text::{source_page, tests::every_source_error};
use super::speed::Speed;
use super::stage::Stage;
use super::strings::Strings;
use super::view::{Cameras, View};
use super::{detect_panel, help, keys, model_panel, pages, source_panel, style, toolbar};
use crate::engine::{ModelCard, ModelState, Outcome, PaceReport, SourceState, Stats};
use crate::frame::Frame;
use crate::model::labels::{Labels, Language};
use crate::model::results::StageTimes;
use crate::model::spec::{
    ColourOrder, Element, Family, Fit, InputSpec, Layout, OutputSpec, Range, Size, Spec, Task,
};
use crate::model::{Detection, ModelError, Results, Thresholds};
use crate::scene;
use crate::settings::Settings;
use crate::source::address::PATTERN;
use crate::source::camera::{CameraInfo, Control, ControlKind, Mode};
use crate::source::{Address, Pace, SourceError, SourceInfo};

/// What the panels are shown, and what they reported.
pub(super) struct Bench {
    pub(super) language: Language,
    pub(super) settings: Settings,
    pub(super) source: SourceState,
    pub(super) model: ModelState,
    pub(super) outcome: Option<Arc<Outcome>>,
    pub(super) thresholds: Thresholds,
    pub(super) cameras: Cameras,
    pub(super) cards: Vec<Arc<crate::library::Card>>,
    pub(super) pulls: Vec<Pull>,
    pub(super) catalogue: crate::library::Catalogue,
    pub(super) position: Option<f64>,
    pub(super) full_screen: bool,
    pub(super) comparing: bool,
    pub(super) intents: Vec<Intent>,
    pub(super) classes: ClassesPanel,
    pub(super) speed: Speed,
    pub(super) library: LibraryPage,
    pub(super) page: Page,
    pub(super) help: bool,
    pub(super) text: String,
    pub(super) pace: PaceReport,
    pub(super) compare: Compare,
    pub(super) stage: Stage,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            language: Language::English,
            settings: Settings::default(),
            source: SourceState::Closed,
            model: ModelState::default(),
            outcome: None,
            thresholds: Thresholds::default(),
            cameras: Cameras::default(),
            cards: Vec::new(),
            pulls: Vec::new(),
            catalogue: crate::library::Catalogue::default(),
            position: None,
            full_screen: false,
            comparing: false,
            intents: Vec::new(),
            classes: ClassesPanel::default(),
            speed: Speed::default(),
            library: LibraryPage::default(),
            page: Page::Stage,
            help: false,
            text: String::new(),
            pace: PaceReport::default(),
            compare: Compare::default(),
            stage: Stage::default(),
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
            source: &self.source,
            model: &self.model,
            stats: &STATS,
            pace: self.pace,
            outcome: self.outcome.as_deref(),
            thresholds: &self.thresholds,
            cameras: &self.cameras,
            library: LibraryView { cards: &self.cards, catalogue: &self.catalogue, pulls: &self.pulls },
            position: self.position,
            as_fast_as_possible: false,
            full_screen: self.full_screen,
            comparing: self.comparing,
            has_picture: true,
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
        let card = Arc::new(card());
        let mut results = Results::default();
        results.clear(Task::Detect, (8, 8));
        for corner in [0.0, 4.0] {
            results.detections.push(Detection::new(2, 0.9, [corner, corner, corner + 4.0, corner + 4.0]));
        }
        self.outcome = Some(Arc::new(Outcome {
            frame: Arc::new(Frame::filled(8, 8, [0, 0, 0, 255])),
            results,
            card: Arc::clone(&card),
            thresholds: self.thresholds.clone(),
            times: StageTimes::default(),
            finished: Instant::now(),
        }));
        self.model.current = Some(card);
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
        name: address.to_string(),
        pace,
        size: (1280, 720),
        fps: Some(25.0),
        duration_s: (pace == Pace::Film).then_some(60.0),
        frames: (pace == Pace::Stills).then_some(5),
        detail: "MJPEG 1280×720 @ 30".into(),
    }
}

pub(super) fn card() -> ModelCard {
    let input = InputSpec {
        name: "images".into(),
        layout: Layout::Nchw,
        element: Element::F32,
        size: Size::Fixed { width: 416, height: 416 },
        fit: Fit::Stretch,
        order: ColourOrder::Bgr,
        range: Range::BYTE,
        extras: Vec::new(),
    };
    ModelCard {
        name: "yolox_nano".into(),
        path: "/models/yolox_nano.onnx".into(),
        sha256: String::new(),
        spec: Spec {
            family: Family::Yolox,
            task: Task::Detect,
            input,
            output: OutputSpec::default(),
            labels: Labels::coco80(),
            companion: None,
            evidence: vec!["One output of 85 values a row.".into()],
            confidence: 0.9,
        },
        provider: "CPU".into(),
        threads: 2,
        adapter: None,
        adapters: Vec::new(),
        companions: Vec::new(),
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

pub(super) fn press(harness: &mut Harness<'_, Bench>, name: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(3);
}

fn source_panel_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    source_panel::ui(ui, &bench.view(), &mut out);
    bench.intents.extend(out);
}

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    pages::ui(ui, &bench.view(), &mut out);
    bench.intents.extend(out);
}

#[test]
fn every_failing_source_has_a_page_with_its_fix_and_ways_on() {
    for language in [Language::English, Language::Chinese] {
        for error in every_source_error() {
            let text = source_page(language, &error);
            let address = Address::Camera { name: "UVC Camera".into(), bus: None };
            let source = SourceState::Failed { address, error: error.clone(), retrying: true };
            let mut harness = Bench { language, source, ..Bench::default() }.shown(page_of);
            for words in [&text.title, &text.explanation, &text.fix] {
                assert!(harness.query_all_by_label(words).next().is_some(), "{error}: {words}");
            }
            let s = Strings::of(language);
            for (button, intent) in [
                (s.try_again, Intent::TryAgain),
                (s.picture_or_film, Intent::Choose(Choose::File)),
                (s.folder_of_pictures, Intent::Choose(Choose::Folder)),
                (s.test_pattern, Intent::OpenSource(PATTERN)),
            ] {
                press(&mut harness, button);
                assert_eq!(harness.state().intents.last(), Some(&intent), "{error}");
            }
        }
    }
}

#[test]
fn the_page_of_a_failing_camera_offers_the_others() {
    let bad = camera("Bad");
    let error = SourceError::Busy { name: "Bad".into(), by: None };
    let source = SourceState::Failed { address: bad.address(), error, retrying: true };
    let cameras = Cameras { items: Some(vec![bad, camera("Good")]), looking: false };
    let mut harness = Bench { source, cameras, ..Bench::default() }.shown(page_of);
    assert!(harness.query_by_label("Bad").is_none());
    press(&mut harness, "Good");
    assert_eq!(harness.state().intents, [Intent::OpenSource(camera("Good").address())]);
}

#[test]
fn the_source_menu_lists_cameras_by_name_and_looks_again_when_opened() {
    let cameras = Cameras { items: Some(vec![camera("Front"), camera("Back")]), looking: false };
    let mut bench = Bench { cameras, ..Bench::default() };
    bench.settings.remember_source(&Address::Video("/films/traffic.mp4".into()));
    let mut harness = bench.shown(source_panel_of);
    press(&mut harness, Strings::of(Language::English).choose_source);
    assert_eq!(harness.state().intents, [Intent::RefreshCameras]);
    for (row, intent) in [
        ("Back", Intent::OpenSource(camera("Back").address())),
        ("traffic.mp4", Intent::OpenSource(Address::Video("/films/traffic.mp4".into()))),
    ] {
        if harness.query_by_label(row).is_none() {
            press(&mut harness, Strings::of(Language::English).choose_source);
        }
        press(&mut harness, row);
        assert_eq!(harness.state().intents.last(), Some(&intent));
    }
}

#[test]
fn a_cameras_switches_can_be_set_and_put_back() {
    let mut item = camera("Front");
    item.controls[0].value = 0;
    let address = item.address();
    let cameras = Cameras { items: Some(vec![item]), looking: false };
    let mut harness =
        Bench { cameras, ..Bench::default() }.playing(address, Pace::Live).shown(source_panel_of);
    press(&mut harness, "Camera settings");
    harness.run_steps(20);
    press(&mut harness, "Auto focus");
    press(&mut harness, "Reset");
    assert_eq!(
        harness.state().intents,
        [Intent::SetControl { id: 7, value: 1 }, Intent::SetControl { id: 7, value: 1 }]
    );
}

#[test]
fn the_model_panel_says_why_a_model_isnt_running_and_leads_to_its_page() {
    let path = std::path::PathBuf::from("/models/odd.onnx");
    let error = ModelError::NotUnderstood { path: path.clone(), reason: "nothing fits".into() };
    let mut bench = Bench::default().with_model();
    bench.model.failed = Some((path.clone(), Arc::new(error)));
    let mut harness = bench.shown(|bench, ui| {
        let mut out = Vec::new();
        model_panel::ui(ui, &bench.view(), &bench.speed, &mut out);
        bench.intents.extend(out);
    });
    assert!(harness.query_by_label("Unknown kind of model").is_some());
    assert!(harness.query_by_label("yolox_nano goes on running.").is_some());
    press(&mut harness, "How to read this model");
    assert_eq!(harness.state().intents, [Intent::Show(Page::Reading(path))]);
}

#[test]
fn a_missing_runtime_is_said_with_the_way_to_get_it() {
    let mut bench = Bench::default().playing(PATTERN, Pace::Live);
    let error = ModelError::NoRuntime { reason: None, searched: Vec::new() };
    let fix = super::page_text::plain_quotes(&error.fix());
    bench.model.failed = Some(("/m.onnx".into(), Arc::new(error)));
    let mut harness = bench.shown(|bench, ui| {
        let mut out = Vec::new();
        pages::runtime_banner(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    });
    assert!(harness.query_by_label(&fix).is_some());
    press(&mut harness, "Try again");
    assert_eq!(harness.state().intents, [Intent::SetModel("/m.onnx".into())]);
}

fn classes_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    let mut classes = std::mem::take(&mut bench.classes);
    classes.ui(ui, &bench.view(), &mut out);
    bench.classes = classes;
    bench.intents.extend(out);
}

#[test]
fn classes_are_found_in_either_language_and_switched() {
    let mut harness =
        Bench { language: Language::Chinese, ..Bench::default() }.with_model().shown(classes_of);
    assert!(harness.query_by_label("共 2 个").is_some());
    press(&mut harness, "全不选");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Classes(vec![NOTHING])));
    harness.get_by_label("搜索类别").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("truck".into()));
    harness.run_steps(3);
    assert!(harness.query_by_label("人").is_none(), "only what fits the search is listed");
    press(&mut harness, "卡车");
    let expected: Vec<u32> = (0..80).filter(|c| *c != 7).collect();
    assert_eq!(harness.state().intents.last(), Some(&Intent::Classes(expected)));
}

#[test]
fn sliders_report_what_they_are_moved_to() {
    let mut harness = Bench::default().with_model().shown(|bench, ui| {
        let mut out = Vec::new();
        detect_panel::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    });
    harness.get_all_by_label("Confidence").last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    let moved = harness.state().intents.iter().any(|i| matches!(i, Intent::Conf(v) if *v > 0.25));
    assert!(moved, "{:?}", harness.state().intents);
    press(&mut harness, "Show each result on its own frame");
    assert_eq!(harness.state().intents.last(), Some(&Intent::ResultOnOwnFrame(true)));
}

#[test]
fn the_bar_offers_what_fits_the_source() {
    let bar = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        toolbar::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    };
    let mut live = Bench::default().playing(PATTERN, Pace::Live).shown(bar);
    assert!(live.query_by_label("One frame on").is_none());
    press(&mut live, "Snapshot");
    press(&mut live, "Mirror the picture  (F)");
    assert_eq!(live.state().intents, [Intent::Snapshot, Intent::Mirror(true)]);
    let mut film = Bench::default().paused(Address::Video("/a.mp4".into()), Pace::Film).shown(bar);
    press(&mut film, "Continue  (P)");
    press(&mut film, "One frame on");
    assert_eq!(film.state().intents, [Intent::Pause(false), Intent::Step]);
    let mut folder = Bench::default().playing(Address::Folder("/f".into()), Pace::Stills).shown(bar);
    press(&mut folder, "Next picture");
    assert_eq!(folder.state().intents, [Intent::Skip(1)]);
}

fn keys_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    keys::read(ui.ctx(), &bench.view(), &bench.page, bench.help, &mut out);
    bench.intents.extend(out);
    let response = ui.text_edit_singleline(&mut bench.text);
    response.accessible_name("text");
    ui.label("rest");
}

fn pressed(bench: Bench, keys: &[(Modifiers, Key)]) -> Vec<Intent> {
    let mut harness = bench.shown(keys_of);
    for (modifiers, key) in keys {
        harness.key_press_modifiers(*modifiers, *key);
        harness.run_steps(1);
    }
    harness.into_state().intents
}

#[test]
fn keys_do_what_the_help_sheet_says() {
    let plain = |key| (Modifiers::NONE, key);
    let live = || Bench::default().playing(PATTERN, Pace::Live);
    let all = [
        plain(Key::Space),
        plain(Key::P),
        plain(Key::H),
        plain(Key::C),
        plain(Key::F),
        plain(Key::M),
        (Modifiers::SHIFT, Key::M),
        plain(Key::Num3),
        plain(Key::F11),
        plain(Key::F1),
        (Modifiers::COMMAND, Key::O),
        (Modifiers::COMMAND, Key::Q),
    ];
    assert_eq!(
        pressed(live(), &all),
        [
            Intent::Snapshot,
            Intent::Pause(true),
            Intent::Figures(true),
            Intent::Compare(true),
            Intent::Mirror(true),
            Intent::NextModel { back: false },
            Intent::NextModel { back: true },
            Intent::CameraNumber(2),
            Intent::FullScreen(true),
            Intent::Help(true),
            Intent::Choose(Choose::File),
            Intent::Quit,
        ]
    );
    let film = |position| {
        let mut bench = Bench::default().playing(Address::Video("/a.mp4".into()), Pace::Film);
        bench.position = Some(position);
        bench
    };
    let arrows = [plain(Key::ArrowRight), plain(Key::ArrowLeft)];
    assert_eq!(pressed(film(20.0), &arrows), [Intent::Seek(25.0), Intent::Seek(15.0)]);
    let mut paused = Bench::default().paused(Address::Video("/a.mp4".into()), Pace::Film);
    paused.position = Some(1.0);
    assert_eq!(pressed(paused, &arrows), [Intent::Step, Intent::Seek(0.96)]);
    let folder = Bench::default().playing(Address::Folder("/f".into()), Pace::Stills);
    assert_eq!(pressed(folder, &arrows), [Intent::Skip(1), Intent::Skip(-1)]);
    assert_eq!(pressed(live(), &arrows), []);
}

#[test]
fn escape_leaves_what_is_uppermost() {
    let escape = [(Modifiers::NONE, Key::Escape)];
    let full = || Bench { full_screen: true, ..Bench::default() };
    assert_eq!(pressed(Bench { help: true, ..full() }, &escape), [Intent::Help(false)]);
    assert_eq!(pressed(Bench { page: Page::Settings, ..full() }, &escape), [Intent::Show(Page::Stage)]);
    assert_eq!(pressed(full(), &escape), [Intent::FullScreen(false)]);
    let comparing = || Bench { comparing: true, ..Bench::default() };
    assert_eq!(pressed(Bench { full_screen: true, ..comparing() }, &escape), [Intent::FullScreen(false)]);
    assert_eq!(pressed(comparing(), &escape), [Intent::Compare(false)]);
    assert_eq!(pressed(Bench::default(), &escape), []);
}

#[test]
fn brackets_move_the_confidence_and_nothing_happens_while_typing() {
    let mut harness = Bench::default().playing(PATTERN, Pace::Live).shown(keys_of);
    harness.event(egui::Event::Text("[".into()));
    harness.event(egui::Event::Text("]".into()));
    harness.run_steps(1);
    let conf: Vec<_> = std::mem::take(&mut harness.state_mut().intents);
    assert_eq!(conf, [Intent::Conf(0.2), Intent::Conf(0.3)]);
    harness.get_by_label("text").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("[".into()));
    harness.key_press(Key::H);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert_eq!(harness.state().intents, []);
}

#[test]
fn the_help_sheet_names_every_key_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        let harness = Bench { language, ..Bench::default() }.shown(|bench, ui| {
            let mut out = Vec::new();
            help::ui(ui, Strings::of(bench.language), &mut out);
            bench.intents.extend(out);
        });
        for (_, text) in help::rows(Strings::of(language)) {
            assert!(harness.query_all_by_label(text).next().is_some(), "{text}");
        }
    }
}

#[test]
fn every_input_of_the_panels_has_a_name() {
    let cameras = Cameras { items: Some(vec![camera("Front")]), looking: false };
    let bench =
        Bench { cameras, ..Bench::default() }.with_model().playing(camera("Front").address(), Pace::Live);
    let harness = bench.shown(|bench, ui| {
        source_panel_of(bench, ui);
        classes_of(bench, ui);
        let mut out = Vec::new();
        detect_panel::ui(ui, &bench.view(), &mut out);
        toolbar::ui(ui, &bench.view(), &mut out);
    });
    let unnamed: Vec<_> = harness
        .root()
        .children_recursive()
        .filter(|n| {
            matches!(
                n.accesskit_node().role(),
                Role::Button | Role::Slider | Role::CheckBox | Role::ComboBox | Role::TextInput
            )
        })
        .filter(|n| n.accesskit_node().label().is_none_or(|l| l.is_empty()))
        .map(|n| format!("{:?}", n.accesskit_node().role()))
        .collect();
    assert_eq!(unnamed, Vec::<String>::new());
}

#[test]
fn a_picture_from_the_model_has_an_amount_and_boxes_have_none() {
    let shown = |task| {
        let mut bench = Bench::default().with_model();
        let mut card = card();
        card.spec.task = task;
        bench.model.current = Some(Arc::new(card));
        bench.shown(|bench, ui| {
            let mut out = Vec::new();
            detect_panel::ui(ui, &bench.view(), &mut out);
            bench.intents.extend(out);
        })
    };
    assert!(shown(Task::Detect).query_all_by_label("Amount").next().is_none());
    let mut harness = shown(Task::Stylize);
    harness.get_all_by_label("Amount").last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    let moved = harness.state().intents.iter().any(|i| matches!(i, Intent::Amount(v) if *v < 1.0));
    assert!(moved, "{:?}", harness.state().intents);
}
