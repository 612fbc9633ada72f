//! The comparison, found by its names for screen readers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use egui::{Key, Ui, Vec2};
use egui_kittest::kittest::Queryable as _;

use super::pane::arrange;
use crate::app::intent::{CompareIntent, Intent, Page, WindowIntent};
use crate::app::strings::Strings;
use crate::app::tests::{Bench, listed_model, press};
use crate::engine::{ComparedModel, Comparison, ModelChoice, ModelInfo, ModelStats, Percentiles, Prediction};
use crate::fixtures::model_info;
use crate::frame::Frame;
use crate::model::labels::Language;
use crate::model::results::StageTimes;
use crate::model::{Detection, ModelError, Results, Task, Thresholds};
use crate::scene::Style;
use crate::source::{Pace, address::PATTERN};

fn model(name: &str, task: Task) -> Arc<ModelInfo> {
    let mut model = model_info();
    model.name = name.into();
    model.path = format!("/models/{name}.onnx").into();
    model.spec.task = task;
    Arc::new(model)
}

fn prediction(model: &Arc<ModelInfo>, frame: &Arc<Frame>, boxes: &[[f32; 4]]) -> Arc<Prediction> {
    let mut results = Results::default();
    results.clear(model.spec.task, (frame.width, frame.height));
    results.detections.extend(boxes.iter().map(|bbox| Detection::new(2, 0.9, *bbox)));
    Arc::new(Prediction {
        frame: Arc::clone(frame),
        results,
        model: Arc::clone(model),
        thresholds: Thresholds::default(),
        times: StageTimes { total: 12.5, ..StageTimes::default() },
        finished: Instant::now(),
        looks: crate::track::Looks::default(),
        report: None,
    })
}

/// Models "one", "two" and so on, compared on a frame on which each found two boxes, the second elsewhere each time.
fn comparing(names: &[&str]) -> Bench {
    let mut bench = Bench::default().playing(PATTERN, Pace::Live);
    bench.comparing = true;
    bench.models =
        ["one", "two", "three", "four", "five"].map(|name| listed_model(name, Task::Detect, None)).to_vec();
    let frame = Arc::new(Frame::filled(64, 48, [90, 90, 90, 255]));
    let models: Vec<_> = names.iter().map(|name| model(name, Task::Detect)).collect();
    let predictions = models.iter().zip(0u8..).map(|(model, n)| {
        let x = f32::from(n) * 12.0;
        Some(prediction(model, &frame, &[[0.0, 0.0, 10.0, 10.0], [x, 20.0, x + 10.0, 30.0]]))
    });
    bench
        .compare
        .take(Some(Arc::new(Comparison { frame: Arc::clone(&frame), predictions: predictions.collect() })));
    bench.compare.measure(|index| ModelStats {
        fps: 9.0,
        total: Percentiles { median: [70.0, 50.0, 20.0, 10.0][index], p95: 80.0 },
        ..ModelStats::default()
    });
    bench.model.current = models.first().cloned();
    bench.model.compared = models[1..]
        .iter()
        .map(|model| ComparedModel {
            choice: ModelChoice { path: model.path.clone(), ..ModelChoice::default() },
            model: Some(Arc::clone(model)),
            failed: None,
        })
        .collect();
    bench
}

fn panel(bench: &mut Bench, ui: &mut Ui) {
    let predictions = bench.compare.predictions();
    let own = predictions.iter().flatten().next().map(|prediction| Arc::clone(&prediction.frame));
    let frame = own.unwrap_or_else(|| Arc::new(Frame::filled(64, 48, [0, 0, 0, 255])));
    bench.stage.request_scenes(ui.ctx(), predictions, &Style::default(), &bench.settings.privacy);
    bench.stage.take_scenes();
    bench.stage.set_frame(ui.ctx(), &frame);
    let mut out = Vec::new();
    let (mut compare, stage) = (std::mem::take(&mut bench.compare), std::mem::take(&mut bench.stage));
    compare.ui(ui, ui.max_rect(), &bench.view(), &stage, &mut out);
    (bench.compare, bench.stage) = (compare, stage);
    for intent in &out {
        if let Intent::Compare(CompareIntent::Divider(share)) = intent {
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
                "70.0 ms · 14.3 fps alone · 2 found",
                "50.0 ms · 20.0 fps alone · 2 found",
                "50% agree · 1 matched (IoU 1.00) · 1 only A · 1 only B",
                "B is 1.4× as fast",
            ],
        ),
        (
            Language::Chinese,
            [
                "70.0 ms · 单独运行 14.3 fps · 检出 2 个",
                "50.0 ms · 单独运行 20.0 fps · 检出 2 个",
                "一致 50% · 匹配 1（IoU 1.00）· 仅 A 1 · 仅 B 1",
                "B 的速度是 A 的 1.4 倍",
            ],
        ),
    ] {
        let mut bench = comparing(&["one", "two"]);
        bench.language = language;
        let harness = bench.shown(panel);
        for text in texts {
            assert!(harness.query_by_label(text).is_some(), "{text}");
        }
        let w = &Strings::of(language).compare;
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
    press(&mut harness, "Side by side");
    press(&mut harness, "Stop comparing  (C)");
    assert_eq!(
        harness.state().intents,
        [
            Intent::Compare(CompareIntent::Use(1, path("three"))),
            Intent::Compare(CompareIntent::Use(2, path("four"))),
            Intent::Compare(CompareIntent::Tiles(true)),
            Intent::Compare(CompareIntent::Show(false)),
        ]
    );
}

#[test]
fn of_three_each_can_be_taken_out_and_agrees_by_its_share() {
    let mut harness = comparing(&["one", "two", "three"]).shown(panel);
    assert!(harness.query_by_label("A – B  50%").is_some());
    assert!(harness.query_by_label("A – C  50%").is_some());
    assert!(harness.query_by_label("C is 3.5× as fast").is_some());
    assert!(harness.query_by_label("Divider").is_none(), "three models have an image each");
    press(&mut harness, "Remove model A");
    press(&mut harness, "Remove model C");
    assert_eq!(
        harness.state().intents,
        [Intent::Compare(CompareIntent::Remove(0)), Intent::Compare(CompareIntent::Remove(2))]
    );
    let four = comparing(&["one", "two", "three", "four"]).shown(panel);
    assert!(four.query_by_label("Add a model").is_none(), "four is the most");
}

#[test]
fn models_of_different_tasks_say_why_only_their_speed_is_compared() {
    for (language, told) in [
        (Language::English, "Different tasks (Object detection, Depth estimation): only speed is compared"),
        (Language::Chinese, "任务不同（目标检测、深度估计）：只比较速度"),
    ] {
        let mut bench = Bench { language, ..comparing(&["one", "two"]) };
        let frame = Arc::new(Frame::filled(64, 48, [90, 90, 90, 255]));
        let models = [model("one", Task::Detect), model("two", Task::Depth)];
        let predictions = models.iter().map(|model| Some(prediction(model, &frame, &[]))).collect();
        bench.compare.take(Some(Arc::new(Comparison { frame: Arc::clone(&frame), predictions })));
        let [one, two] = models;
        (bench.model.current, bench.model.compared[0].model) = (Some(one), Some(two));
        let harness = bench.shown(panel);
        assert!(harness.query_by_label(told).is_some(), "{told}");
    }
}

#[test]
fn with_one_model_alone_the_way_to_another_is_shown() {
    for language in [Language::English, Language::Chinese] {
        let mut bench = comparing(&["one"]);
        bench.models.truncate(1);
        bench.language = language;
        let mut harness = bench.shown(panel);
        let w = &Strings::of(language).compare;
        for text in [w.needs_two.to_owned(), (w.needs_two_text)(1)] {
            assert!(harness.query_by_label(&text).is_some(), "{text}");
        }
        press(&mut harness, w.get_another);
        press(&mut harness, w.leave);
        assert_eq!(
            harness.state().intents,
            [Intent::Window(WindowIntent::Show(Page::Library)), Intent::Compare(CompareIntent::Show(false))]
        );
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
    assert!(harness.query_by_label("70.0 ms · 14.3 fps alone · 2 found").is_some());
    assert!(
        harness.query_by_label("B is 1.4× as fast").is_none(),
        "nothing is compared with what doesn't run"
    );
}

#[test]
fn images_are_arranged_so_that_they_are_large() {
    let room = Vec2::new(960.0, 640.0);
    assert_eq!(arrange(3, room, Some((720, 1280))), (3, 1), "upright previews next to each other");
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
    assert_eq!(harness.query_all_by_label("12.5 ms · 80.0 fps alone · 2 found").count(), 2);
}
