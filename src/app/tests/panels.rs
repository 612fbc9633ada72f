//! The side panel and the bar.

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::NodeT as _;

use super::*;
use crate::app::classes_panel::NOTHING;
use crate::app::intent::{ResultIntent, SettingsIntent, ShutterIntent, SourceIntent, WindowIntent};
use crate::app::widgets::follow_focus;
use crate::app::{detect_panel, model_panel, source_panel, toolbar};
use crate::model::ModelError;
use crate::source::address::PATTERN;

fn source_panel_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    source_panel::ui(ui, &bench.view(), &mut out);
    bench.intents.extend(out);
}

#[test]
fn the_source_menu_lists_cameras_by_name_and_looks_again_when_opened() {
    let cameras = Cameras::listed(vec![camera("Front"), camera("Back")]);
    let mut bench = Bench { cameras, ..Bench::default() };
    bench.settings.remember_source(&Address::Video("/videos/traffic.mp4".into()));
    let mut harness = bench.shown(source_panel_of);
    press(&mut harness, Strings::of(Language::English).choose_source);
    assert_eq!(harness.state().intents, [Intent::Source(SourceIntent::RefreshCameras)]);
    for (row, intent) in [
        ("Back", Intent::Source(SourceIntent::Open(camera("Back").address()))),
        ("traffic.mp4", Intent::Source(SourceIntent::Open(Address::Video("/videos/traffic.mp4".into())))),
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
    let cameras = Cameras::listed(vec![item]);
    let mut harness =
        Bench { cameras, ..Bench::default() }.playing(address, Pace::Live).shown(source_panel_of);
    press(&mut harness, "Camera settings");
    harness.run_steps(20);
    press(&mut harness, "Auto focus");
    press(&mut harness, "Reset");
    assert_eq!(
        harness.state().intents,
        [
            Intent::Source(SourceIntent::SetControl { id: 7, value: 1 }),
            Intent::Source(SourceIntent::SetControl { id: 7, value: 1 })
        ]
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
        model_panel::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    });
    assert!(harness.query_by_label("Model type not recognised").is_some());
    assert!(harness.query_by_label("yolox_nano is still running.").is_some());
    press(&mut harness, "Configure model");
    assert_eq!(harness.state().intents, [Intent::Window(WindowIntent::Show(Page::Reading(path)))]);
}

fn result_panels(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    detect_panel::ui(ui, &bench.view(), &mut out);
    crate::app::figures_panel::ui(ui, &bench.view());
    bench.intents.extend(out);
}

#[test]
#[expect(clippy::large_stack_arrays, reason = "a few benches at once")]
fn an_image_has_no_live_settings_and_without_a_model_there_are_no_empty_ones() {
    let image = || Address::Image("/a.png".into());
    let has = |harness: &Harness<'_, Bench>, label: &str| {
        harness.query_all_by_label_contains(label).next().is_some()
    };
    let live =
        Bench::default().with_model().playing(Address::CameraIndex(0), Pace::Live).shown(result_panels);
    assert!(has(&live, "Sync picture to results"));
    let still = Bench::default().with_model().playing(image(), Pace::Stills).shown(result_panels);
    assert!(has(&still, "Confidence threshold") && !has(&still, "Sync picture to results"));
    for bench in [Bench::default(), Bench::default().playing(image(), Pace::Stills)] {
        let empty = bench.shown(result_panels);
        for label in ["Confidence threshold", "IoU", "Sync picture", "Performance", "0.0"] {
            assert!(!has(&empty, label), "{label}");
        }
    }
}

#[test]
fn the_classes_of_a_classifier_are_listed_by_their_scores() {
    let mut bench = Bench::default().with_model();
    let mut info = model_info();
    info.spec.task = Task::Classify;
    let model = Arc::new(info);
    let prediction = bench.prediction.take().map(|before| {
        let mut results = Results::default();
        results.clear(Task::Classify, (8, 8));
        // Bus, dog, car.
        for (class_id, score) in [(5, 0.2), (16, 0.7), (2, 0.1)] {
            results.top.push(crate::model::results::ClassScore { class_id, score });
        }
        let mut prediction = Prediction::clone(&before);
        (prediction.results, prediction.model) = (results, Arc::clone(&model));
        Arc::new(prediction)
    });
    (bench.prediction, bench.model.current) = (prediction, Some(model));
    let harness = bench.shown(classes_of);
    let top = |name: &str| harness.get_by_label(name).rect().top();
    assert!(top("dog") < top("bus") && top("bus") < top("car") && top("car") < top("person"));
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
    assert!(harness.query_by_label("检出 2 个").is_some());
    press(&mut harness, "全不选");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Result(ResultIntent::Classes(vec![NOTHING]))));
    harness.get_by_label("搜索类别").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("truck".into()));
    harness.run_steps(3);
    assert!(harness.query_by_label("人").is_none(), "only what fits the search is listed");
    press(&mut harness, "卡车");
    let expected: Vec<u32> = (0..80).filter(|c| *c != 7).collect();
    assert_eq!(harness.state().intents.last(), Some(&Intent::Result(ResultIntent::Classes(expected))));
}

#[test]
fn classes_that_were_found_are_listed_first_and_the_others_on_demand() {
    let mut harness = Bench::default().with_model().shown(classes_of);
    let top = |harness: &Harness<'_, Bench>, name: &str| harness.get_by_label(name).rect().top();
    assert!(top(&harness, "car") < top(&harness, "person"), "two cars are in the frame");
    assert!(harness.query_by_label("toothbrush").is_none());
    press(&mut harness, "Show all 80");
    assert!(harness.query_by_label("toothbrush").is_some() && harness.query_by_label("Show fewer").is_some());
}

#[test]
fn rows_stay_while_one_has_the_keyboard_focus() {
    let mut bench = Bench::default().with_model();
    let prediction = bench.prediction.take();
    let mut harness = bench.shown(classes_of);
    let top = |harness: &Harness<'_, Bench>, name: &str| harness.get_by_label(name).rect().top();
    harness.get_by_label("person").focus();
    harness.run_steps(2);
    harness.state_mut().prediction = prediction;
    harness.run_steps(2);
    assert!(top(&harness, "person") < top(&harness, "car"), "a car would go before the row that is used");
    assert!(harness.get_by_label("person").is_focused());
    harness.get_by_label("Search classes").focus();
    harness.run_steps(3);
    assert!(top(&harness, "car") < top(&harness, "person"));
}

#[test]
fn none_and_all_act_on_the_classes_that_the_search_lists() {
    let mut harness = Bench::default().with_model().shown(classes_of);
    harness.get_by_label("Search classes").focus();
    harness.run_steps(2);
    harness.event(egui::Event::Text("kache".into()));
    harness.run_steps(3);
    assert!(harness.query_by_label("truck").is_some(), "by its pinyin: 卡车");
    press(&mut harness, "None");
    let expected: Vec<u32> = (0..80).filter(|c| *c != 7).collect();
    assert_eq!(harness.state().intents, [Intent::Result(ResultIntent::Classes(expected))]);
}

#[test]
fn tab_goes_from_left_to_right() {
    let bar = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        toolbar::ui(ui, &bench.view(), &mut out);
    };
    let mut harness = Bench::default().playing(Address::Video("/a.mp4".into()), Pace::Video).shown(bar);
    let mut lefts = Vec::new();
    for _ in 0..10 {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
        let id = harness.ctx.memory(egui::Memory::focused);
        let rect = id.and_then(|id| harness.ctx.read_response(id)).map(|response| response.rect);
        lefts.push(rect.expect("something has the focus").left());
    }
    assert!(lefts.is_sorted(), "{lefts:?}");
}

#[test]
fn a_focused_control_is_scrolled_into_view() {
    let list = |_: &mut Bench, ui: &mut Ui| {
        ui.set_max_height(200.0);
        egui::ScrollArea::vertical().max_height(200.0).show(ui, |ui| {
            for n in 0..40 {
                let _ = ui.button(format!("button {n}"));
            }
            follow_focus(ui);
        });
    };
    let mut harness = Bench::default().shown(list);
    for _ in 0..30 {
        harness.key_press(Key::Tab);
        harness.run_steps(2);
    }
    harness.run_steps(30);
    let rect = harness.get_by_label("button 29").rect();
    assert!(rect.top() >= 0.0 && rect.bottom() <= 210.0, "{rect:?}");
}

#[test]
fn sliders_report_what_they_are_moved_to() {
    let mut harness = Bench::default().with_model().shown(|bench, ui| {
        let mut out = Vec::new();
        detect_panel::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    });
    harness.get_all_by_label("Confidence threshold").last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    let moved = harness
        .state()
        .intents
        .iter()
        .any(|i| matches!(i, Intent::Result(ResultIntent::Conf(v)) if *v > 0.25));
    assert!(moved, "{:?}", harness.state().intents);
    press(&mut harness, "Sync picture to results");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Result(ResultIntent::OwnFrame(true))));
}

#[test]
fn the_limits_of_the_family_are_shown_and_come_back() {
    let mut bench = Bench::default().with_model();
    // YOLOX lets boxes overlap by 45 %.
    bench.thresholds.iou = 0.45;
    let mut harness = bench.shown(|bench, ui| {
        let mut out = Vec::new();
        detect_panel::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    });
    harness.run_steps(2);
    assert!(
        harness.query_by_label("45% · default").is_some()
            && harness.query_by_label("25% · default").is_some()
    );
    assert!(harness.query_by_label("Defaults of YOLOX").is_none(), "nothing was changed");
    harness.state_mut().thresholds.iou = 0.6;
    harness.run_steps(2);
    assert!(harness.query_by_label("60%").is_some());
    press(&mut harness, "Defaults of YOLOX");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Result(ResultIntent::UsualLimits)));
}

#[test]
fn the_bar_offers_what_fits_the_source() {
    let bar = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        toolbar::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    };
    let mut live = Bench::default().playing(PATTERN, Pace::Live).shown(bar);
    assert!(live.query_by_label("Next frame").is_none());
    press(&mut live, "Snapshot");
    press(&mut live, "Mirror preview  (F)");
    assert_eq!(
        live.state().intents,
        [Intent::Shutter(ShutterIntent::Press), Intent::Settings(SettingsIntent::Mirror(true))]
    );
    let mut video = Bench::default().paused(Address::Video("/a.mp4".into()), Pace::Video).shown(bar);
    press(&mut video, "Play  (P)");
    press(&mut video, "Next frame");
    assert_eq!(
        video.state().intents,
        [Intent::Source(SourceIntent::Pause(false)), Intent::Source(SourceIntent::Step)]
    );
    let mut folder = Bench::default().playing(Address::Folder("/f".into()), Pace::Stills).shown(bar);
    press(&mut folder, "Next image");
    assert_eq!(folder.state().intents, [Intent::Source(SourceIntent::Skip(1))]);
}

#[test]
fn every_input_of_the_panels_has_a_name() {
    let cameras = Cameras::listed(vec![camera("Front")]);
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
fn an_image_from_the_model_has_an_amount_and_boxes_have_none() {
    let shown = |task| {
        let mut bench = Bench::default().with_model();
        let mut model = model_info();
        model.spec.task = task;
        bench.model.current = Some(Arc::new(model));
        bench.shown(|bench, ui| {
            let mut out = Vec::new();
            detect_panel::ui(ui, &bench.view(), &mut out);
            bench.intents.extend(out);
        })
    };
    assert!(shown(Task::Detect).query_all_by_label("Opacity").next().is_none());
    let mut harness = shown(Task::Stylize);
    harness.get_all_by_label("Opacity").last().unwrap().focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    let moved = harness
        .state()
        .intents
        .iter()
        .any(|i| matches!(i, Intent::Result(ResultIntent::Amount(v)) if *v < 1.0));
    assert!(moved, "{:?}", harness.state().intents);
}

#[test]
fn the_settings_of_a_camera_that_was_chosen_by_number_are_there_and_its_name_is_shown() {
    let cameras = Cameras::listed(vec![camera("Front")]);
    let mut bench = Bench { cameras, ..Bench::default() }.playing(Address::CameraIndex(0), Pace::Live);
    if let SourceState::Playing { info, .. } = &mut bench.source {
        info.name = "Front".into();
    }
    let harness = bench.shown(source_panel_of);
    assert!(harness.query_by_label("Camera settings").is_some());
    let error = crate::source::SourceError::Unplugged { name: "Front".into() };
    let source = SourceState::Failed { address: Address::CameraIndex(0), error, retrying: true };
    let cameras = Cameras::listed(vec![camera("Front")]);
    let harness = Bench { source, cameras, ..Bench::default() }.shown(source_panel_of);
    let chosen = harness.get_by_label(Strings::of(Language::English).choose_source);
    assert_eq!(chosen.accesskit_node().value().as_deref(), Some("Front"));
}

#[test]
fn a_paused_source_has_no_rates_and_no_zeros() {
    for language in [Language::English, Language::Chinese] {
        let bench = Bench { language, ..Bench::default() }.with_model();
        let harness = bench.paused(Address::Video("/a.mp4".into()), Pace::Video).shown(|bench, ui| {
            crate::app::figures_panel::ui(ui, &bench.view());
            let stage = ui.max_rect();
            crate::app::figures_panel::overlay(ui, &bench.view(), stage, egui::Align2::RIGHT_TOP);
        });
        assert!(harness.query_all_by_label_contains("–").next().is_some(), "{language:?}");
        assert!(harness.query_all_by_label_contains("0.0").next().is_none(), "{language:?}");
    }
}

#[test]
fn the_classes_panel_counts_the_boxes_that_are_drawn() {
    let mut harness = Bench::default().with_model().shown(|bench, ui| {
        let mut out = Vec::new();
        // A result was moved to the frame that is shown, and one of its two objects has left the picture.
        let mut moved = Bench::default().with_model().prediction;
        if let Some(moved) = moved.as_mut().and_then(Arc::get_mut) {
            moved.results.detections.pop();
        }
        let mut classes = std::mem::take(&mut bench.classes);
        classes.ui(ui, &View { drawn: moved.as_ref(), ..bench.view() }, &mut out);
        bench.classes = classes;
    });
    harness.run_steps(2);
    assert!(harness.query_by_label("1 found").is_some());
}
