//! The comparison, found by its names for screen readers.

use std::path::PathBuf;
use std::time::Instant;

use egui::Key;
use egui_kittest::kittest::Queryable as _;

use super::apply::second;
use super::*;
use crate::app::tests::{Bench, card, press};
use crate::engine::{ComparedModel, ModelChoice, ModelInfo, Percentiles};
use crate::frame::Frame;
use crate::model::labels::Language;
use crate::model::results::StageTimes;
use crate::model::{Detection, ModelError, Results, Task, Thresholds};
use crate::scene::Style;
use crate::source::{Pace, address::PATTERN};

fn model(name: &str, task: Task) -> Arc<ModelInfo> {
    let mut card = card();
    card.name = name.into();
    card.path = format!("/models/{name}.onnx").into();
    card.spec.task = task;
    Arc::new(card)
}

fn library_card(name: &str, task: Task, used: Option<u64>) -> Arc<ModelEntry> {
    let model = model(name, task);
    Arc::new(ModelEntry {
        path: model.path.clone(),
        name: name.into(),
        stamp: crate::library::records::FileStamp::default(),
        kind: Kind::Known(Box::new(model.spec.clone())),
        precision: crate::library::catalogue::Precision::default(),
        sha256: None,
        origin: None,
        favourite: false,
        used,
        measured: None,
        tuned: None,
        group: name.into(),
    })
}

fn prediction(card: &Arc<ModelInfo>, frame: &Arc<Frame>, boxes: &[[f32; 4]]) -> Arc<Prediction> {
    let mut results = Results::default();
    results.clear(card.spec.task, (frame.width, frame.height));
    results.detections.extend(boxes.iter().map(|bbox| Detection::new(2, 0.9, *bbox)));
    Arc::new(Prediction {
        frame: Arc::clone(frame),
        results,
        model: Arc::clone(card),
        thresholds: Thresholds::default(),
        times: StageTimes { total: 12.5, ..StageTimes::default() },
        finished: Instant::now(),
    })
}

/// Models "one", "two" and so on, compared on a frame on which each found two boxes, the second elsewhere each time.
fn comparing(names: &[&str]) -> Bench {
    let mut bench = Bench::default().playing(PATTERN, Pace::Live);
    bench.comparing = true;
    bench.cards =
        ["one", "two", "three", "four", "five"].map(|name| library_card(name, Task::Detect, None)).to_vec();
    let frame = Arc::new(Frame::filled(64, 48, [90, 90, 90, 255]));
    let models: Vec<_> = names.iter().map(|name| model(name, Task::Detect)).collect();
    let said = models.iter().zip(0u8..).map(|(card, n)| {
        let x = f32::from(n) * 12.0;
        Some(prediction(card, &frame, &[[0.0, 0.0, 10.0, 10.0], [x, 20.0, x + 10.0, 30.0]]))
    });
    bench.compare.take(Some(Arc::new(Comparison { frame: Arc::clone(&frame), predictions: said.collect() })));
    bench.compare.measure(|lane| ModelStats {
        fps: 9.0,
        total: Percentiles { median: [70.0, 50.0, 20.0, 10.0][lane], p95: 80.0 },
        ..ModelStats::default()
    });
    bench.model.current = models.first().cloned();
    bench.model.compared = models[1..]
        .iter()
        .map(|card| ComparedModel {
            choice: ModelChoice { path: card.path.clone(), ..ModelChoice::default() },
            model: Some(Arc::clone(card)),
            failed: None,
        })
        .collect();
    bench
}

fn panel(bench: &mut Bench, ui: &mut Ui) {
    let predictions = bench.compare.predictions();
    let own = predictions.iter().flatten().next().map(|prediction| Arc::clone(&prediction.frame));
    let frame = own.unwrap_or_else(|| Arc::new(Frame::filled(64, 48, [0, 0, 0, 255])));
    bench.stage.request_scenes(ui.ctx(), predictions, &Style::default());
    bench.stage.take_scenes();
    bench.stage.set_frame(ui.ctx(), &frame);
    let mut out = Vec::new();
    let (mut compare, stage) = (std::mem::take(&mut bench.compare), std::mem::take(&mut bench.stage));
    compare.ui(ui, ui.max_rect(), &bench.view(), &stage, false, &mut out);
    (bench.compare, bench.stage) = (compare, stage);
    for intent in &out {
        if let Intent::CompareDivider(share) = intent {
            bench.settings.compare_divider = *share;
        }
    }
    bench.intents.extend(out);
}

#[test]
fn two_models_are_shown_with_their_figures_and_what_compares_them() {
    for (language, texts) in [
        (
            Language::English,
            [
                "70.0 ms · 14.3/s alone · 2 found",
                "50.0 ms · 20.0/s alone · 2 found",
                "50 % agree · 1 matched (IoU 1.00) · 1 only A · 1 only B",
                "B 1.4× as fast",
            ],
        ),
        (
            Language::Chinese,
            [
                "70.0 毫秒 · 单独 14.3/秒 · 检出 2",
                "50.0 毫秒 · 单独 20.0/秒 · 检出 2",
                "一致 50 % · 匹配 1（IoU 1.00） · 仅 A 1 · 仅 B 1",
                "B 快至 1.4 倍",
            ],
        ),
    ] {
        let mut bench = comparing(&["one", "two"]);
        bench.language = language;
        let harness = bench.shown(panel);
        for text in texts {
            assert!(harness.query_by_label(text).is_some(), "{text}");
        }
        let w = Words::of(language);
        for letter in ["A", "B"] {
            assert!(harness.query_by_label(&(w.choose)(letter)).is_some(), "{letter}");
        }
    }
}

#[test]
fn the_divider_is_moved_with_the_keys_and_stays_on_the_image() {
    let mut harness = comparing(&["one", "two"]).shown(panel);
    harness.get_by_label("Divider").focus();
    harness.run_steps(2);
    for _ in 0..5 {
        harness.key_press(Key::ArrowRight);
        harness.run_steps(2);
    }
    assert!((harness.state().settings.compare_divider - 0.6).abs() < 1e-3);
    for _ in 0..60 {
        harness.key_press(Key::ArrowLeft);
        harness.run_steps(1);
    }
    harness.run_steps(2);
    assert_eq!(harness.state().settings.compare_divider, 0.0);
}

#[test]
fn a_model_is_chosen_added_and_the_layout_changed() {
    let path = |name: &str| PathBuf::from(format!("/models/{name}.onnx"));
    let mut harness = comparing(&["one", "two"]).shown(panel);
    press(&mut harness, "Model B");
    assert!(harness.query_by_label("one").is_none(), "A's model isn't offered for B");
    press(&mut harness, "three");
    press(&mut harness, "Add a model");
    press(&mut harness, "four");
    press(&mut harness, "An image each");
    press(&mut harness, "Stop comparing  (C)");
    assert_eq!(
        harness.state().intents,
        [
            Intent::CompareWith(1, path("three")),
            Intent::CompareWith(2, path("four")),
            Intent::CompareTiles(true),
            Intent::Compare(false),
        ]
    );
}

#[test]
fn of_three_each_can_be_taken_out_and_agrees_by_its_share() {
    let mut harness = comparing(&["one", "two", "three"]).shown(panel);
    assert!(harness.query_by_label("A – B  50 %").is_some());
    assert!(harness.query_by_label("A – C  50 %").is_some());
    assert!(harness.query_by_label("C 3.5× as fast").is_some());
    assert!(harness.query_by_label("Divider").is_none(), "three models have an image each");
    press(&mut harness, "Remove model A");
    press(&mut harness, "Remove model C");
    assert_eq!(harness.state().intents, [Intent::CompareWithout(0), Intent::CompareWithout(2)]);
    let four = comparing(&["one", "two", "three", "four"]).shown(panel);
    assert!(four.query_by_label("Add a model").is_none(), "four is the most");
}

#[test]
fn with_one_model_alone_the_way_to_another_is_shown() {
    for language in [Language::English, Language::Chinese] {
        let mut bench = comparing(&["one"]);
        bench.cards.truncate(1);
        bench.language = language;
        let mut harness = bench.shown(panel);
        let w = Words::of(language);
        for text in [w.needs_two, w.needs_two_text] {
            assert!(harness.query_by_label(text).is_some(), "{text}");
        }
        press(&mut harness, w.get_another);
        press(&mut harness, w.leave);
        assert_eq!(harness.state().intents, [Intent::Show(Page::Library), Intent::Compare(false)]);
    }
}

#[test]
fn a_comparison_leaves_no_widget_without_a_name() {
    use egui::accesskit::Role;
    use egui_kittest::kittest::NodeT as _;
    let harness = comparing(&["one", "two", "three"]).shown(panel);
    let inputs = |role| matches!(role, Role::Button | Role::ComboBox | Role::Slider);
    let unnamed = harness.root().children_recursive().filter(|n| inputs(n.accesskit_node().role()));
    assert_eq!(unnamed.filter(|n| n.accesskit_node().label().is_none_or(|l| l.is_empty())).count(), 0);
}

#[test]
fn a_failing_model_leaves_the_others_their_results() {
    let mut bench = comparing(&["one", "two"]);
    bench.model.compared[0].model = None;
    bench.model.compared[0].failed = Some(Arc::new(ModelError::NoFile { path: "/models/two.onnx".into() }));
    let harness = bench.shown(panel);
    assert!(harness.query_by_label("70.0 ms · 14.3/s alone · 2 found").is_some());
    assert!(harness.query_by_label("B 1.4× as fast").is_none(), "nothing is compared with what doesn't run");
}

#[test]
fn the_second_model_is_of_the_same_task_and_was_used_last() {
    let cards = [
        library_card("now", Task::Detect, Some(9)),
        library_card("old", Task::Detect, Some(1)),
        library_card("recent", Task::Detect, Some(5)),
        library_card("depth", Task::Depth, Some(8)),
    ];
    let choice = |task| second(&cards, "/models/now.onnx".as_ref(), task);
    assert_eq!(choice(Some(Task::Detect)), Some("/models/recent.onnx".into()));
    assert_eq!(choice(Some(Task::Depth)), Some("/models/depth.onnx".into()));
    assert_eq!(choice(Some(Task::Pose)), Some("/models/depth.onnx".into()), "else the one used last");
    assert_eq!(second(&cards[..1], "/models/now.onnx".as_ref(), None), None);
}

#[test]
fn images_are_arranged_so_that_they_are_large() {
    let room = Vec2::new(960.0, 640.0);
    assert_eq!(arrange(3, room, Some((720, 1280))), (3, 1), "upright images beside each other");
    assert_eq!(arrange(4, room, Some((1280, 720))), (2, 2));
    assert_eq!(arrange(2, room, Some((1280, 400))), (1, 2), "flat ones one below the other");
    assert_eq!(arrange(4, Vec2::new(400.0, 600.0), Some((720, 1280))).0, 2, "no narrower than a header");
    assert_eq!(arrange(1, room, None), (1, 1));
}

#[test]
fn an_image_that_stands_still_keeps_its_figures() {
    let mut bench = comparing(&["one", "two"]);
    bench.compare.measure(|_| ModelStats::default());
    let harness = bench.shown(panel);
    assert_eq!(harness.query_all_by_label("12.5 ms · 80.0/s alone · 2 found").count(), 2);
}
