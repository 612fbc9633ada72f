//! The page with the model's inside, as a user sees it, with real models.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::app::controllers::{Core, InsideController, ModelController};
use crate::app::intent::{InsideIntent, InsideTab, WindowIntent};
use crate::engine::ModelInfo;
use crate::frame::perturb::Perturbation;
use crate::library::records::ModelRecords;
use crate::model::{Model, OpenOptions};

/// A window of nothing but this page.
struct Rig {
    bench: Bench,
    core: Core,
    own: InsideController,
    model: ModelController,
    /// What is shown instead of the first frame.
    newer: Option<Arc<Frame>>,
    _folder: tempfile::TempDir,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name)
}

fn running(name: &str) -> Arc<ModelInfo> {
    let path = file(name);
    let model = Model::open(&path, &OpenOptions::default()).expect("a model of the tests");
    Arc::new(ModelInfo {
        name: model.name(),
        sha256: model.sha256().to_owned(),
        spec: model.spec().clone(),
        path,
        ..model_info()
    })
}

fn frame(shade: u8) -> Arc<Frame> {
    let mut frame = Frame::filled(80, 60, [shade, 90, 200, 255]);
    for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        pixel[0] = (n % 251) as u8 ^ shade;
    }
    Arc::new(frame)
}

impl Rig {
    fn new(language: Language, name: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut core = Core::bare(folder.path());
        core.language = Some(language);
        core.page = Page::Inside;
        let bench = Bench { language, page: Page::Inside, ..Bench::default() }
            .playing(Address::Pattern { width: 80, height: 60, fps: 30 }, Pace::Live);
        core.source = Arc::new(bench.source.clone());
        let model = ModelController::new(ModelRecords::default(), &Settings::default());
        let own = InsideController::default();
        let mut rig = Self { bench, core, own, model, newer: None, _folder: folder };
        rig.switch(name.map(running));
        rig
    }

    fn switch(&mut self, info: Option<Arc<ModelInfo>>) {
        let state = ModelState { current: info, ..ModelState::default() };
        self.core.model = Arc::new(state.clone());
        self.bench.model = state;
    }

    fn shown(self) -> Harness<'static, Rig> {
        let setup = |ctx: &egui::Context| {
            ctx.set_fonts(scene::fonts::egui_fonts());
            style::install(ctx);
        };
        let mut harness =
            Harness::builder().with_size([1280.0, 680.0]).with_context_setup(setup).build_ui_state(
                |ui: &mut Ui, rig: &mut Rig| {
                    let Rig { bench, core, own, model, newer, .. } = rig;
                    let shown =
                        newer.take().unwrap_or_else(|| Arc::clone(bench.stage.frame().unwrap_or(&frame(1))));
                    bench.stage.set_frame(ui.ctx(), &shown);
                    own.gather(&bench.stage, model, core);
                    let mut out = Vec::new();
                    if core.page == Page::Inside {
                        let mut stage = std::mem::take(&mut bench.stage);
                        own.page.ui(ui, &bench.view(), &mut stage, &mut out);
                        bench.stage = stage;
                    }
                    for intent in out {
                        match intent {
                            Intent::Inside(intent) => own.apply(intent, core),
                            Intent::Window(WindowIntent::Show(page)) => core.page = page,
                            other => bench.intents.push(other),
                        }
                    }
                },
                self,
            );
        harness.run_steps(4);
        harness
    }
}

fn wait(harness: &mut Harness<'_, Rig>, what: &str, ready: impl Fn(&Harness<'_, Rig>) -> bool) {
    let begin = Instant::now();
    while !ready(harness) {
        assert!(begin.elapsed() < Duration::from_mins(1), "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(10));
        harness.step();
    }
    harness.run_steps(2);
}

fn has(text: &'static str) -> impl Fn(&Harness<'_, Rig>) -> bool {
    move |harness| harness.query_all_by_label_contains(text).next().is_some()
}

fn click(harness: &mut Harness<'_, Rig>, name: &str) {
    harness.get_all_by_label(name).next().unwrap().click();
    harness.run_steps(3);
}

#[test]
fn opening_shows_the_layers_and_a_click_on_one_its_maps() {
    let mut harness = Rig::new(Language::English, Some("neural_style.onnx")).shown();
    wait(&mut harness, "sizes and times", has("multiply-adds at 64×64"));
    assert!(has("a run")(&harness), "the sum line");
    let layer = harness.get_all_by_label_contains("InstanceNormalization").find(|node| {
        use egui_kittest::kittest::NodeT as _;
        node.accesskit_node().role() == egui::accesskit::Role::Button
    });
    layer.unwrap().click();
    harness.run_steps(3);
    wait(&mut harness, "maps", has("1–3 of 3 channels"));
    click(&mut harness, "Channel 1");
    wait(&mut harness, "the enlarged channel", has("Back to all channels"));
    wait(&mut harness, "its figures", has("least"));
    assert!(harness.state().own.page.has_layer());
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Back, &mut state.core);
    wait(&mut harness, "all channels", has("1–3 of 3 channels"));
}

#[test]
fn a_frozen_frame_is_compared_with_the_next() {
    let mut harness = Rig::new(Language::English, Some("neural_style.onnx")).shown();
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Tensor(Some("output1".into())), &mut state.core);
    state.own.apply(InsideIntent::Channel(Some(0)), &mut state.core);
    wait(&mut harness, "maps", |harness| harness.state().own.page.maps().is_some());
    click(&mut harness, "Freeze");
    wait(&mut harness, "the frozen maps", has("Difference"));
    wait(&mut harness, "the difference", |harness| {
        let maps = harness.state().own.page.maps();
        maps.is_some_and(|maps| maps.large.as_ref().is_some_and(|large| large.difference.is_some()))
    });
    click(&mut harness, "Unfreeze");
    wait(&mut harness, "live maps alone", has("Freeze"));
}

#[test]
fn what_is_said_of_an_unchanged_picture_is_kept_for_its_source_alone() {
    let bench = Bench::default().with_model();
    let newest = bench.prediction.clone().expect("a result");
    let of = |generation: u64, is_changed: bool, score: f32| {
        let mut prediction = (*newest).clone();
        let frame = Frame { generation, is_changed, ..Frame::filled(8, 8, [0, 0, 0, 255]) };
        prediction.frame = Arc::new(frame);
        prediction.results.detections.iter_mut().for_each(|found| found.score = score);
        prediction
    };
    let mut page = InsidePage::default();
    page.note(&of(1, false, 0.9));
    // Results of changed pictures leave it alone, also those that arrive after the change has ended.
    page.note(&of(1, true, 0.2));
    assert_eq!(page.before(), [(2, 0.9)]);
    page.note(&of(2, true, 0.3));
    assert!(page.before().is_empty(), "another source");
    page.note(&of(2, false, 0.8));
    assert_eq!(page.before(), [(2, 0.8)]);
}

#[test]
fn a_change_of_the_picture_is_told_on_all_tabs_but_the_one_that_makes_it() {
    let mut rig = Rig::new(Language::English, None);
    rig.own.page.perturbation = Perturbation { grey: true, ..Perturbation::default() };
    let mut harness = rig.shown();
    let note = "The picture is changed · Reset";
    for tab in InsideTab::ALL {
        let state = harness.state_mut();
        state.own.apply(InsideIntent::Tab(tab), &mut state.core);
        harness.run_steps(3);
        assert_eq!(harness.query_by_label(note).is_some(), tab != InsideTab::Perturb, "{tab:?}");
    }
}

#[test]
fn a_selected_layer_holds_escape_on_its_tab_alone() {
    let mut rig = Rig::new(Language::English, None);
    rig.own.apply(InsideIntent::Diagram(true), &mut rig.core);
    rig.own.apply(InsideIntent::Layer(Some(0)), &mut rig.core);
    rig.own.apply(InsideIntent::Tab(InsideTab::Layers), &mut rig.core);
    assert!(rig.own.page.has_layer());
    rig.own.apply(InsideIntent::Tab(InsideTab::Maps), &mut rig.core);
    assert!(!rig.own.page.has_layer(), "nothing there can be closed");
    rig.own.apply(InsideIntent::Back, &mut rig.core);
    assert_eq!(rig.own.page.selected, Some(0));
}

#[test]
fn a_layer_that_is_chosen_takes_the_place_of_the_kernels() {
    let mut rig = Rig::new(Language::English, None);
    rig.own.page.order.kernels = true;
    rig.own.apply(InsideIntent::Tensor(Some("features".into())), &mut rig.core);
    assert!(!rig.own.page.order.kernels);
    rig.own.page.order.kernels = true;
    rig.own.apply(InsideIntent::FirstMaps, &mut rig.core);
    assert!(!rig.own.page.order.kernels && rig.own.page.order.first);
    rig.own.apply(InsideIntent::Tensor(None), &mut rig.core);
    assert!(!rig.own.page.order.first);
}

#[test]
fn following_candidates_ends_with_the_picture_that_they_are_of() {
    let mut page = InsidePage::default();
    let image = |generation, file: &str| Frame { generation, origin: Some(file.into()), ..Frame::default() };
    page.shows(Some(&image(1, "a.png")));
    page.step = 2;
    page.shows(Some(&image(1, "a.png")));
    assert_eq!(page.step, 2, "the same image");
    page.shows(Some(&image(1, "b.png")));
    assert_eq!(page.step, usize::MAX, "another image of the folder");
    page.begins_stepping = true;
    page.shows(Some(&image(2, "four.png")));
    assert_eq!(page.step, 0, "a sample begins with its first candidate");
    page.shows(Some(&Frame { generation: 3, ..Frame::default() }));
    assert_eq!(page.step, usize::MAX, "the camera after it");
}

#[test]
fn nothing_is_left_when_the_page_is_closed() {
    let mut harness = Rig::new(Language::English, Some("neural_style.onnx")).shown();
    wait(&mut harness, "sizes and times", has("multiply-adds at 64×64"));
    let has_ended = harness.state().own.has_ended().expect("a worker");
    assert!(!has_ended());
    click(&mut harness, "Back to preview  (Esc)");
    assert_eq!(harness.state().core.page, Page::Stage);
    wait(&mut harness, "the end of the worker", |_| has_ended());
    assert!(harness.state().own.page.found.layers.is_none(), "and nothing is kept");
}

#[test]
fn another_model_clears_everything_of_the_old_one() {
    let mut harness = Rig::new(Language::English, Some("neural_style.onnx")).shown();
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Tensor(Some("output1".into())), &mut state.core);
    wait(&mut harness, "maps", |harness| harness.state().own.page.maps().is_some());
    harness.state_mut().switch(Some(running("yolox.onnx")));
    harness.step();
    let page = &harness.state().own.page;
    assert!(page.maps().is_none() && page.order.tensor.is_none(), "nothing of the old one");
    assert_eq!(page.model_name, "yolox");
    harness.state_mut().own.page.order.tab = InsideTab::Layers;
    wait(&mut harness, "the new layers", |harness| {
        let layers = harness.state().own.page.found.layers.clone();
        layers.is_some_and(|layers| {
            layers.is_measured && layers.kinds.iter().any(|(kind, _)| kind == "Identity")
        })
    });
    harness.state_mut().switch(None);
    harness.run_steps(3);
    assert!(has("No model is running")(&harness));
    assert!(harness.state().own.page.found.layers.is_none());
}

#[test]
fn every_tab_shows_and_explains_itself_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        let w = &Strings::of(language).inside;
        let mut harness = Rig::new(language, Some("yolox.onnx")).shown();
        for tab in InsideTab::ALL {
            let state = harness.state_mut();
            state.own.apply(InsideIntent::Tab(tab), &mut state.core);
            harness.run_steps(2);
            let about = crate::app::strings::tab_about(w, tab);
            assert!(harness.query_by_label(&about).is_some(), "{tab:?}");
            assert!(harness.query_by_label(w.show_me).is_some());
            // The term stands in both languages.
            assert!(about.chars().any(|c| c.is_ascii_lowercase()));
            assert!(about.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
            wait(&mut harness, "the tab", |harness| {
                let page = &harness.state().own.page;
                match tab {
                    InsideTab::Input => page.found.input.is_some(),
                    InsideTab::Output => page.found.output.is_some(),
                    InsideTab::Layers => page.found.layers.as_ref().is_some_and(|layers| layers.is_measured),
                    InsideTab::Maps => page.maps().is_some() || page.found.failed.is_some(),
                    InsideTab::Why => page.why().is_some() || page.found.failed.is_some(),
                    InsideTab::Perturb => true,
                }
            });
        }
        let state = harness.state_mut();
        state.own.apply(InsideIntent::Diagram(true), &mut state.core);
        state.own.apply(InsideIntent::Tab(InsideTab::Layers), &mut state.core);
        state.own.apply(InsideIntent::Layer(Some(0)), &mut state.core);
        harness.run_steps(4);
        assert!(harness.query_by_label(w.zoom_fit).is_some());
        assert!(harness.query_by_label(w.show_maps).is_some(), "the selected layer");
    }
}

#[test]
fn the_mask_of_an_object_grows_term_by_term() {
    for language in [Language::English, Language::Chinese] {
        let w = &Strings::of(language).inside;
        let mut harness = Rig::new(language, Some("yolov5_seg.onnx")).shown();
        let state = harness.state_mut();
        state.own.apply(InsideIntent::Tab(InsideTab::Output), &mut state.core);
        wait(&mut harness, "the choice", |harness| harness.query_by_label(w.masks).is_some());
        click(&mut harness, w.masks);
        wait(&mut harness, "the masks", |harness| harness.state().own.page.masks().is_some());
        assert!(harness.query_by_label(&(w.masks_about)()).is_some());
        assert!(harness.query_by_label("Bolya et al. 2019, YOLACT").is_some());
        assert!(harness.query_by_label(&(w.mask_first)(32, 32)).is_some());
        for picture in [w.mask_sum, w.mask_sigmoid, w.mask_cut] {
            assert!(harness.query_by_label(picture).is_some(), "{picture}");
        }
        let used = |harness: &Harness<'_, Rig>| Some(harness.state().own.page.masks()?.used);
        assert!(!harness.state().own.page.order.held, "the whole sum follows the picture");
        // The term that changes the sum most stands first.
        let term = (w.term_hint)(2, "1.000", "5.000");
        click(&mut harness, &term);
        wait(&mut harness, "one term", |harness| used(harness) == Some(1));
        assert!(harness.query_by_label(&(w.mask_first)(1, 32)).is_some());
        assert!(harness.state().own.page.order.held);
        click(&mut harness, w.mask_fewer);
        wait(&mut harness, "no term", |harness| used(harness) == Some(0));
        click(&mut harness, w.mask_more);
        wait(&mut harness, "one term again", |harness| used(harness) == Some(1));
        let state = harness.state_mut();
        let newer = Arc::new(Frame { sequence: 7, ..(*frame(2)).clone() });
        state.newer = Some(newer);
        wait(&mut harness, "the way back", |harness| harness.query_by_label(w.go_on).is_some());
        click(&mut harness, w.go_on);
        wait(&mut harness, "the newer frame", |harness| {
            let masks = harness.state().own.page.masks();
            masks.is_some_and(|masks| masks.frame.sequence == 7 && masks.used == 32)
        });
    }
}

#[test]
fn a_click_on_a_box_chooses_whose_mask_is_taken_apart() {
    let mut harness = Rig::new(Language::English, Some("yolov5_seg.onnx")).shown();
    let w = &Strings::of(Language::English).inside;
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Tab(InsideTab::Output), &mut state.core);
    wait(&mut harness, "the choice", |harness| harness.query_by_label(w.masks).is_some());
    click(&mut harness, w.masks);
    wait(&mut harness, "the masks", |harness| harness.state().own.page.masks().is_some());
    let bbox = harness.state().own.page.masks().unwrap().objects[0].bbox;
    let preview = harness.get_by_label(w.preview).rect();
    // The frame of 80×60 lies in the middle of its area.
    let shown = crate::app::stage::fit((80, 60), preview);
    let middle = [f32::midpoint(bbox[0], bbox[2]) / 80.0, f32::midpoint(bbox[1], bbox[3]) / 60.0];
    let at = shown.min + shown.size() * egui::vec2(middle[0], middle[1]);
    for pressed in [true, false] {
        let modifiers = Modifiers::NONE;
        harness.event(egui::Event::PointerMoved(at));
        let button = PointerButton::Primary;
        harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers });
        harness.step();
    }
    harness.run_steps(2);
    assert_eq!(harness.state().own.page.order.object, Some(bbox));
    let Rig { own, core, .. } = harness.state_mut();
    own.apply(InsideIntent::Tab(InsideTab::Why), core);
    harness.run_steps(2);
    assert!(!harness.state().own.page.order.masks, "another tab has another worker's work");
}

#[test]
fn an_output_of_one_map_is_laid_over_the_picture_and_others_once_one_is_chosen() {
    let mut harness = Rig::new(Language::English, Some("centerface.onnx")).shown();
    let w = &Strings::of(Language::English).inside;
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Tab(InsideTab::Output), &mut state.core);
    wait(&mut harness, "the choice", |harness| harness.query_by_label(w.raw_tensors).is_some());
    click(&mut harness, w.raw_tensors);
    let count = |harness: &Harness<'_, Rig>| {
        let output = harness.state().own.page.found.output.clone()?;
        Some(harness.state().own.page.output_maps(&output)?.stats.len())
    };
    wait(&mut harness, "the heat map", |harness| count(harness) == Some(1));
    assert!(harness.query_by_label(w.overlay).is_some(), "it lies over the picture");
    assert!(harness.query_by_label(w.raw_overlay).is_none());
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Output(1), &mut state.core);
    wait(&mut harness, "two maps", |harness| count(harness) == Some(2));
    assert!(harness.query_by_label(w.overlay).is_none() && harness.query_by_label(w.raw_overlay).is_some());
    click(&mut harness, "Channel 1");
    wait(&mut harness, "the enlarged one", |harness| harness.query_by_label(w.overlay).is_some());
}

#[test]
fn what_has_no_inside_says_why() {
    let server = Rig::new(Language::English, None);
    let mut harness = server.shown();
    assert!(has("No model is running")(&harness));
    let path = PathBuf::from("oip://127.0.0.1:8000/yolox");
    harness.state_mut().switch(Some(Arc::new(ModelInfo { path, ..model_info() })));
    harness.run_steps(3);
    assert!(has("This model runs on a server")(&harness));
    // The picture can be changed for it too.
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Tab(InsideTab::Perturb), &mut state.core);
    harness.run_steps(3);
    assert!(has("Change the picture")(&harness) && !has("This model runs on a server")(&harness));
    let mut harness = Rig::new(Language::English, Some("yolox.onnx")).shown();
    harness.state_mut().core.source = Arc::new(SourceState::Closed);
    let state = harness.state_mut();
    state.own.apply(InsideIntent::Tab(InsideTab::Why), &mut state.core);
    harness.run_steps(3);
    assert!(has("No picture yet")(&harness));
}

#[test]
fn a_changed_picture_is_told_and_reset_on_the_preview() {
    let mut bench = Bench::default();
    bench.inside.perturbation = Perturbation { grey: true, ..Perturbation::default() };
    let mut harness = bench.shown(|bench, ui| {
        let mut out = Vec::new();
        let area = ui.max_rect();
        let w = &Strings::of(bench.language).inside;
        crate::app::inside::perturbed_note(ui, area, w, &bench.inside.perturbation, &mut out);
        bench.intents.extend(out);
    });
    press(&mut harness, "The picture is changed · Reset");
    let wanted = [Intent::Inside(InsideIntent::Perturb(Perturbation::default()))];
    assert_eq!(harness.state().intents, wanted);
}
