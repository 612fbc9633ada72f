//! The page "Teach". The whole program runs, in a home of its own and so in a process of its own: a project is made from image
//! files and from the preview, trained, looked at, exported and run.

mod find;
mod map;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Role, Ui};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::{Bench, press};
use crate::app::AppOptions;
use crate::app::intent::{Intent, Page, TeachIntent, TeachTab, WindowIntent};
use crate::app::strings::{Strings, head_name};
use crate::app::teach::TeachPage;
use crate::app::teach::state::{
    BackboneInfo, BackboneKey, ExportForm, ExportState, Found, Learned, LivePhase, LiveView, Target, Training,
};
use crate::app::timing::Timing;
use crate::app::window::App;
use crate::learn::teach::{
    Advice, Confusion, Cut, Embedding, Exported, FeatureMap, Head, HeadKind, Measured, Pooling, Project,
    Report, Sample, Samples, Trained, Uncertain, Wilson,
};
use crate::model::labels::Language;
use crate::source::address::PATTERN;

/// Images of one colour with a little noise, `count` of them.
fn images(folder: &Path, colour: [u8; 3], count: u8) {
    std::fs::create_dir_all(folder).unwrap();
    for n in 0..count {
        let image = image::RgbImage::from_fn(48, 36, |x, y| {
            image::Rgb(
                colour.map(|c| c.saturating_add(((x * 7) as u8 ^ (y * 13) as u8 ^ n.wrapping_mul(31)) % 40)),
            )
        });
        image.save(folder.join(format!("{n}.png"))).unwrap();
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

#[test]
fn a_user_teaches_a_model_and_runs_it_in_both_languages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("SIGHTLINE_ONNXRUNTIME").map(PathBuf::from);
    let runtime = named.unwrap_or_else(|| root.join(".setup/lib/libonnxruntime.so"));
    let runtime = std::path::absolute(runtime).unwrap();
    for language in ["en", "zh"] {
        let home = tempfile::tempdir().unwrap();
        let models = home.path().join("data/models");
        std::fs::create_dir_all(&models).unwrap();
        let small = root.join("tests/stand_ins/models/mobilenet_v2_int8.onnx");
        std::fs::copy(small, models.join("small_classifier.onnx")).unwrap();
        images(&home.path().join("red"), [190, 20, 20], 6);
        images(&home.path().join("blue"), [20, 20, 190], 6);
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "app::tests::teach::in_a_home_of_its_own", "--ignored", "--nocapture"])
            .current_dir(home.path())
            .env("HOME", home.path())
            .env("SIGHTLINE_CONFIG_DIR", home.path().join("config"))
            .env("SIGHTLINE_DATA_DIR", home.path().join("data"))
            .env("SIGHTLINE_MODELS", home.path().join("none"))
            .env("SIGHTLINE_ONNXRUNTIME", &runtime)
            .env("TEACH_HOME", home.path())
            .env("TEACH_LANGUAGE", language)
            .output()
            .unwrap();
        let printed =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{language}: {printed}");
        println!("{}", printed.lines().find(|l| l.contains("taught")).unwrap_or_default());
    }
}

type Window = Harness<'static, App>;

/// Waits until something is so.
fn wait(harness: &mut Window, what: &str, there: &dyn Fn(&App) -> bool) {
    let begin = Instant::now();
    while !there(harness.state()) {
        let page = &harness.state().teach.page;
        assert!(
            begin.elapsed() < Duration::from_mins(1),
            "{what} never came: {page:?} {:?}",
            page.live.phase
        );
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.run_steps(2);
}

fn click(harness: &mut Window, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

/// Drops files on the class of that number.
fn drop_on(harness: &mut Window, class: usize, files: &[PathBuf]) {
    let hold = format!(
        "{} {}",
        harness.state().core.strings().teach.hold,
        harness.state().teach.page.names()[class]
    );
    let at = harness.get_by_label(&hold).rect().center();
    harness.event(egui::Event::PointerMoved(at));
    harness.step();
    for file in files {
        harness.input_mut().dropped_files.push(Arc::new(Dropped(file.clone())));
    }
    harness.step();
}

/// Names of this process's threads that belong to the page.
fn teach_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("teach")).collect()
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn in_a_home_of_its_own() {
    let home = PathBuf::from(std::env::var_os("TEACH_HOME").expect("run by the test above"));
    let chinese = std::env::var("TEACH_LANGUAGE").is_ok_and(|language| language == "zh");
    let language = if chinese { Language::Chinese } else { Language::English };
    let options = AppOptions { source: Some(PATTERN), language: Some(language), ..AppOptions::default() };
    let mut harness: Window = Harness::builder()
        .with_size([1280.0, 680.0])
        .build_eframe(move |cc| App::new(&cc.egui_ctx, options, Timing::since(Instant::now(), None)));
    let s = Strings::of(language);
    let w = &s.teach;
    wait(&mut harness, "the image", &|app| app.stage.frame().is_some());
    assert_eq!(teach_threads(), [""; 0], "nothing runs before the page is opened");
    harness.key_press(Key::T);
    harness.run_steps(3);
    harness.state_mut().teach.folder = home.join("projects");
    // A project, and its classes.
    harness.get_by_role_and_label(Role::TextInput, w.name).focus();
    harness.get_by_role_and_label(Role::TextInput, w.name).type_text("colours");
    harness.run_steps(2);
    click(&mut harness, w.create);
    wait(&mut harness, "the project", &|app| app.teach.page.project.is_some());
    assert!(home.join("projects/colours/teach.toml").is_file());
    for count in 1..=2 {
        click(&mut harness, w.add_class);
        wait(&mut harness, "a class", &|app| app.teach.page.names().len() == count);
    }
    // Its name has the focus, and what is typed replaces it.
    harness.run_steps(3);
    let second = format!("{} 2", w.class_name);
    harness.get_by_role_and_label(Role::TextInput, &second).type_text("blue");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait(&mut harness, "the new name", &|app| app.teach.page.names()[1].contains("blue"));
    assert!(harness.query_by_label(w.needs_two).is_some(), "nothing is trained without examples");
    assert!(harness.query_by_label(w.add_nothing).is_some());
    // Examples from files.
    drop_on(&mut harness, 0, &[home.join("red")]);
    drop_on(&mut harness, 1, &(0..6).map(|n| home.join(format!("blue/{n}.png"))).collect::<Vec<_>>());
    wait(&mut harness, "the examples", &|app| {
        app.teach.page.project.as_ref().is_some_and(|p| p.classes().iter().all(|c| c.examples.len() == 6))
    });
    // It trains by itself, with the classifier of the library, and shows scores.
    wait(&mut harness, "a head", &|app| app.teach.page.learned.is_some() && !app.teach.page.outdated);
    let learned = harness.state().teach.page.learned.clone().unwrap();
    assert!(learned.key.path.ends_with("small_classifier.onnx"), "{:?}", learned.key);
    let chosen = learned.trained.report.chosen().expect("twelve examples are enough to measure");
    assert_eq!((chosen.correct, chosen.count), (12, 12), "red and blue are told apart");
    wait(&mut harness, "live scores", &|app| app.teach.page.live.scores.len() == 2);
    let sum: f32 = harness.state().teach.page.live.scores.iter().sum();
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    // A key that is held collects frames until it is let go.
    harness.key_down(Key::Num1);
    wait(&mut harness, "frames", &|app| {
        app.teach.page.project.as_ref().unwrap().classes()[0].examples.len() >= 9
    });
    harness.key_up(Key::Num1);
    harness.run_steps(3);
    assert_eq!(harness.state().teach.page.collecting, None);
    wait(&mut harness, "the end of saving", &|app| app.teach.page.in_hand.values().all(|n| *n == 0));
    let count = harness.state().teach.page.count(0);
    let folder = harness.state().teach.page.project.as_ref().unwrap().classes()[0].examples[0].path.clone();
    let saved = std::fs::read_dir(folder.parent().unwrap()).unwrap().count();
    assert_eq!(saved, count, "every example is a file");
    assert_eq!(harness.state().core.page, Page::Teach, "the key chose no camera");
    let before = learned.id;
    wait(&mut harness, "a newer head", &|app| {
        app.teach.page.learned.as_ref().is_some_and(|learned| learned.id > before)
            && app.teach.page.training == Training::Idle
            && !app.teach.page.outdated
    });
    // An example is deleted and brought back.
    let gone = harness.state().teach.page.project.as_ref().unwrap().classes()[1].examples[0].path.clone();
    harness.state_mut().core.ask(Intent::Teach(TeachIntent::RemoveExample(gone.clone())));
    wait(&mut harness, "the deletion", &|app| app.teach.page.count(1) == 5);
    assert!(!gone.exists());
    click(&mut harness, s.library.undo);
    wait(&mut harness, "the example", &|app| app.teach.page.count(1) == 6);
    assert!(gone.is_file());
    // Results.
    click(&mut harness, w.results);
    for text in [w.accuracy, w.confusion, w.uncertain, w.map, w.next] {
        assert!(harness.query_all_by_label(text).next().is_some(), "{text}");
    }
    // The map by t-SNE, and back.
    click(&mut harness, "t-SNE");
    wait(&mut harness, "t-SNE", &|app| {
        let page = &app.teach.page;
        page.learned.as_ref().and_then(|learned| page.map.placed(learned)).is_some_and(|p| p.points.is_ok())
    });
    assert!(harness.query_by_label(w.map_tsne).is_some());
    click(&mut harness, "PCA");
    assert!(harness.query_by_label(w.map_pca).is_some());
    click(&mut harness, "t-SNE");
    // Finding by example: a session for features takes the place of the one for scores.
    click(&mut harness, w.find);
    wait(&mut harness, "features or why there are none", &|app| {
        let live = &app.teach.page.live;
        !live.found.maps.is_empty() || matches!(live.phase, LivePhase::Failed(_))
    });
    click(&mut harness, w.examples);
    wait(&mut harness, "scores again", &|app| app.teach.page.live.scores.len() == 2);
    wait(&mut harness, "rest", &|app| app.teach.page.training == Training::Idle);
    // Export, and run it.
    click(&mut harness, w.export);
    let begin = Instant::now();
    let dialogue = harness.get_all_by_role_and_label(Role::Button, w.export).last().unwrap();
    dialogue.click();
    harness.run_steps(3);
    wait(&mut harness, "the model", &|app| {
        let form = app.teach.page.export.as_ref().unwrap();
        assert!(!matches!(form.state, ExportState::Failed(_)), "{form:?}");
        matches!(form.state, ExportState::Done(_))
    });
    println!("taught in {language:?}, exported in {:.2} s", begin.elapsed().as_secs_f64());
    let file = home.join("data/models/colours.onnx");
    assert!(file.is_file());
    click(&mut harness, w.run_now);
    wait(&mut harness, "its first result", &|app| {
        app.core.prediction.as_ref().is_some_and(|found| found.model.path == file)
    });
    assert_eq!(harness.state().core.page, Page::Stage);
    let labels = harness.state().core.model.current.as_ref().unwrap().spec.labels.english().to_vec();
    assert!(labels[1].contains("blue"), "{labels:?}");
    // The page is closed: its threads and sessions are gone.
    wait(&mut harness, "the end of the threads", &|app| app.teach.threads() == 0);
    // ONNX Runtime's own thread keeps the name of the one that it was first used on.
    wait(&mut harness, "the end of the threads themselves", &|_| teach_threads().len() <= 1);
    // And it is as it was when it is opened again.
    harness.key_press(Key::T);
    wait(&mut harness, "scores once more", &|app| app.teach.page.live.scores.len() == 2);
    harness.state_mut().core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
    wait(&mut harness, "the end of the threads", &|app| app.teach.threads() == 0);
}

// Parts of the page, with what a controller would bring.

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let (mut page, mut out) = (std::mem::take(&mut bench.teach), Vec::new());
    let mut stage = std::mem::take(&mut bench.stage);
    page.ui(ui, &bench.view(), &mut stage, &mut out);
    while let Some(path) = page.pictures.next() {
        let image = Ok(egui::ColorImage::filled([64, 48], egui::Color32::GRAY));
        page.pictures.arrived(ui.ctx(), path, image);
    }
    for intent in out {
        if let Intent::Teach(TeachIntent::Tab(tab)) = intent {
            page.tab = tab;
        }
        bench.intents.push(intent);
    }
    bench.typing = ui.ctx().text_edit_focused();
    bench.stage = stage;
    bench.teach = page;
}

/// A project on the disk with two classes of so many examples.
fn project(folder: &Path, counts: [u8; 2]) -> Arc<Project> {
    let root = folder.join("signs");
    let mut project = Project::create(&root).unwrap();
    for (name, (colour, count)) in
        ["open", "fist"].iter().zip([([200, 0, 0], counts[0]), ([0, 0, 200], counts[1])])
    {
        let class = project.add_class(name).unwrap();
        let from = folder.join(name);
        images(&from, colour, count);
        for n in 0..count {
            project.add_file(class, &from.join(format!("{n}.png"))).unwrap();
        }
    }
    Arc::new(project)
}

fn learned(project: &Project) -> Arc<Learned> {
    let embedding: Embedding = [0.0, 1.0].into();
    let sample = |class: usize, path: &Path| Sample {
        path: path.to_owned(),
        class,
        group: String::new(),
        embedding: Arc::clone(&embedding),
    };
    let classes = project.classes().iter().enumerate();
    let train: Vec<Sample> =
        classes.flat_map(|(n, class)| class.examples.iter().map(move |e| sample(n, &e.path))).collect();
    let answers: Vec<Uncertain> = train
        .iter()
        .enumerate()
        .map(|(n, sample)| Uncertain {
            path: sample.path.clone(),
            class: sample.class,
            taken_for: usize::from(n != 0 && sample.class == 1),
            score: 0.5,
        })
        .collect();
    let measured = Measured {
        correct: 3,
        count: 4,
        accuracy: Wilson { share: 0.75, low: 0.3, high: 0.95 },
        log_loss: 0.4,
        confusion: Confusion { rows: vec![vec![2, 0], vec![1, 1]] },
        uncertain: answers.clone(),
        answers,
    };
    let report = Report {
        head: HeadKind::Logistic,
        counts: vec![2, 2],
        folds: 2,
        cross_validation: vec![(HeadKind::Mean, measured.clone()), (HeadKind::Logistic, measured)],
        held_out: None,
        advice: vec![Advice::Few { class: 1, count: 2 }, Advice::Confused { class: 0, with: 1, times: 1 }],
        train_ms: 12.0,
    };
    let map = train.iter().enumerate().map(|(n, _)| [n as f32 / 4.0 - 0.5, 0.0]).collect();
    Arc::new(Learned {
        id: 1,
        key: key(),
        info: info(),
        samples: Samples { names: project.names(), train, ..Samples::default() },
        trained: Trained {
            head: Head { kind: HeadKind::Logistic, centre: None, layers: Vec::new() },
            report,
        },
        map,
    })
}

fn key() -> BackboneKey {
    BackboneKey { path: "/models/mobilenet_v2.onnx".into(), tensor: None }
}

fn info() -> BackboneInfo {
    let cut = |tensor: &str| Cut { tensor: tensor.into(), evidence: "pooled features".into() };
    BackboneInfo {
        cut: cut("pool"),
        candidates: vec![cut("pool"), cut("features")],
        pooling: Pooling::Mean,
        length: 1280,
        sha256: "0".repeat(64),
    }
}

fn taught(project: Arc<Project>) -> TeachPage {
    let learned = learned(&project);
    TeachPage {
        project: Some(project),
        backbone: Some(key()),
        info: Some(info()),
        learned: Some(learned),
        live: LiveView {
            phase: LivePhase::Running,
            learned: 1,
            scores: vec![0.9, 0.1],
            ms: 12.0,
            found: Found::default(),
        },
        ..TeachPage::default()
    }
}

fn shown(language: Language, page: TeachPage) -> Harness<'static, Bench> {
    let bench = Bench { language, page: Page::Teach, teach: page, ..Bench::default() };
    let mut harness = bench.shown(page_of);
    harness.set_size(egui::vec2(1280.0, 680.0));
    harness.run_steps(4);
    harness
}

const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

#[test]
fn without_a_project_the_page_says_what_to_do_first() {
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut harness = shown(language, TeachPage::default());
        assert!(harness.query_by_label(w.about).is_some());
        harness.get_by_role_and_label(Role::TextInput, w.name).focus();
        harness.get_by_role_and_label(Role::TextInput, w.name).type_text("signs");
        harness.run_steps(2);
        press(&mut harness, w.create);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Create("signs".into()))]);
        let failed = TeachPage { error: Some("It is gone.".into()), ..TeachPage::default() };
        assert!(shown(language, failed).query_by_label("It is gone.").is_some());
    }
}

#[test]
fn an_empty_project_suggests_classes_and_one_without_results_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let root = folder.path().join(format!("{language:?}"));
        let page =
            TeachPage { project: Some(Arc::new(Project::create(&root).unwrap())), ..TeachPage::default() };
        let mut harness = shown(language, page);
        assert!(
            harness.query_by_label(w.first_text).is_some() && harness.query_by_label(w.no_backbone).is_some()
        );
        press(&mut harness, w.add_class);
        let wanted = Intent::Teach(TeachIntent::AddClass((w.new_class)(1)));
        assert_eq!(harness.state().intents, [wanted]);
        press(&mut harness, w.results);
        assert!(harness.query_by_label(w.no_results_text).is_some());
    }
}

#[test]
fn classes_show_counts_and_a_warning_in_words_and_are_held_renamed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [8, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut harness = shown(language, taught(Arc::clone(&project)));
        assert!(
            harness.query_by_label(&(w.count)(8)).is_some()
                && harness.query_by_label(&(w.count)(2)).is_some()
        );
        assert!(harness.query_by_label(&(w.imbalance)("fist", "open")).is_some());
        assert!(harness.query_by_label("open 90%").is_some(), "live scores");
        // The button, held and let go.
        let hold = format!("{} fist", w.hold);
        let at = harness.get_by_label(&hold).rect().center();
        super::button(&mut harness, at, true);
        // For seconds, and not without moving.
        harness.run_steps(8);
        harness.event(egui::Event::PointerMoved(at + egui::vec2(20.0, 3.0)));
        harness.run_steps(8);
        let collect = |class| Intent::Teach(TeachIntent::Collect(class));
        assert_eq!(harness.state().intents, [collect(Some(1))]);
        super::button(&mut harness, at, false);
        harness.run_steps(2);
        assert_eq!(harness.state().intents, [collect(Some(1)), collect(None)]);
        harness.state_mut().intents.clear();
        // The key.
        harness.key_down(Key::Num2);
        harness.run_steps(2);
        harness.key_up(Key::Num2);
        harness.run_steps(2);
        assert_eq!(harness.state().intents, [collect(Some(1)), collect(None)]);
        harness.state_mut().intents.clear();
        // A name that is typed holds no key.
        let name = format!("{} 1", w.class_name);
        harness.get_by_role_and_label(Role::TextInput, &name).focus();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::TextInput, &name).type_text("2");
        harness.key_down(Key::Num2);
        harness.run_steps(2);
        harness.key_up(Key::Num2);
        harness.run_steps(1);
        assert_eq!(harness.state().intents, []);
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        let renamed = Intent::Teach(TeachIntent::RenameClass(0, "open2".into()));
        assert_eq!(harness.state().intents, [renamed]);
        harness.state_mut().intents.clear();
        press(&mut harness, &format!("{} open", w.remove_class));
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::RemoveClass(0))]);
    }
}

#[test]
fn an_example_is_deleted_with_the_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    let path = project.classes()[0].examples[1].path.clone();
    let mut harness = shown(Language::English, taught(project));
    let named = harness.get_all_by_role_and_label(Role::Button, "1.png").next().unwrap();
    named.focus();
    harness.run_steps(2);
    harness.key_press(Key::Delete);
    harness.run_steps(2);
    assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::RemoveExample(path))]);
}

#[test]
fn results_tell_accuracy_with_its_range_which_head_and_why_and_open_the_images_of_a_cell() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut harness =
            shown(language, TeachPage { tab: TeachTab::Results, ..taught(Arc::clone(&project)) });
        assert!(harness.get_all_by_label(&(w.accuracy_is)(0.75, 0.3, 0.95)).count() >= 1);
        assert!(harness.query_by_label(&(w.chosen_why)(head_name(w, HeadKind::Logistic))).is_some());
        let advice = crate::app::strings::advice_text(
            &Advice::Few { class: 1, count: 2 },
            &["open".into(), "fist".into()],
            language,
        );
        assert!(harness.query_by_label(&advice).is_some());
        let cell = (w.confusion_cell)("fist", "open", 1);
        press(&mut harness, &cell);
        assert_eq!(harness.state().teach.cell, Some((1, 0)));
        assert!(harness.state().teach.holds_escape());
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert_eq!(harness.state().teach.cell, None);
        // Each panel explains itself.
        let question = format!("{} {}", w.confusion, w.what_is_this);
        press(&mut harness, &question);
        assert!(harness.query_by_label(w.about_confusion).is_some());
    }
}

#[test]
fn the_backbone_its_cut_and_the_head_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    let mut harness = shown(Language::English, taught(project));
    // All of the page is in sight.
    harness.set_size(egui::vec2(1280.0, 2000.0));
    harness.run_steps(3);
    let model = super::listed_model("mobilenet_v2", crate::model::Task::Classify, None);
    let detector = super::listed_model("yolox", crate::model::Task::Detect, None);
    harness.state_mut().models = vec![detector, model];
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::ComboBox, "Backbone").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Other models").is_some(), "classifiers come first");
    press(&mut harness, "yolox");
    assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Backbone("/models/yolox.onnx".into()))]);
    harness.get_by_role_and_label(Role::ComboBox, "Cut at").click();
    harness.run_steps(3);
    press(&mut harness, "features");
    assert_eq!(
        harness.state().intents.last(),
        Some(&Intent::Teach(TeachIntent::Tensor(Some("features".into()))))
    );
}

#[test]
fn export_asks_shows_what_it_does_and_offers_to_run_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let form = ExportForm::new(project.root(), folder.path().to_owned());
        assert_eq!(form.path(), Some(folder.path().join("signs.onnx")));
        let page = TeachPage { export: Some(form.clone()), ..taught(Arc::clone(&project)) };
        let mut harness = shown(language, page);
        assert!(harness.query_by_label(w.raw_bytes_text).is_some());
        press(&mut harness, w.raw_bytes);
        assert!(harness.state().teach.export.as_ref().unwrap().bytes);
        harness.get_all_by_role_and_label(Role::Button, w.export).last().unwrap().click();
        harness.run_steps(2);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Export)]);
        harness.state_mut().intents.clear();
        let failed = ExportState::Failed("The disk is full.".into());
        harness.state_mut().teach.export = Some(ExportForm { state: failed, ..form.clone() });
        harness.run_steps(2);
        assert!(harness.query_by_label("The disk is full.").is_some());
        let path = folder.path().join("signs.onnx");
        let done =
            Exported { path: path.clone(), bytes: 9, sha256: String::new(), verified: 4, difference: 1e-7 };
        harness.state_mut().teach.export =
            Some(ExportForm { state: ExportState::Done(Box::new(done)), ..form });
        harness.run_steps(2);
        assert!(harness.query_by_label(&(w.exported_text)(4, 1e-7)).is_some());
        press(&mut harness, w.run_now);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Run(path))]);
    }
}

#[test]
fn a_click_in_the_picture_is_an_example_also_where_the_picture_is_mirrored() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for mirror in [false, true] {
        let mut page = TeachPage { tab: TeachTab::Find, ..taught(Arc::clone(&project)) };
        let map = FeatureMap { tensor: "last".into(), width: 7, height: 7, channels: 64 };
        page.live.found = Found {
            maps: Arc::new(vec![map]),
            similarity: vec![0.9; 49],
            covered: [0.0, 0.0, 1.0, 1.0],
            number: 1,
            ..Found::default()
        };
        page.find.example = Some([0.5; 4]);
        let mut bench = Bench { page: Page::Teach, teach: page, ..Bench::default() }
            .playing(PATTERN, crate::source::Pace::Live);
        bench.settings.mirror = mirror;
        let mut harness = bench.shown(page_of);
        harness.set_size(egui::vec2(1280.0, 680.0));
        let frame = Arc::new(crate::frame::Frame::filled(320, 180, [9, 9, 9, 255]));
        let ctx = harness.ctx.clone();
        harness.state_mut().stage.set_frame(&ctx, &frame);
        harness.run_steps(3);
        let w = &Strings::of(Language::English).teach;
        let at = harness.get_by_role_and_label(Role::Image, w.find_title).rect();
        let share = 0.25;
        super::click(&mut harness, egui::pos2(at.left() + at.width() * share, at.center().y));
        let found = harness.state().intents.iter().find_map(|intent| match intent {
            Intent::Teach(TeachIntent::Find(Some(part))) => Some(*part),
            _ => None,
        });
        let [x, y, ..] = found.expect("the click is an example");
        let expected = if mirror { 1.0 - share } else { share };
        assert!((x - expected).abs() < 0.02 && (y - 0.5).abs() < 0.02, "{x} {y}");
        assert!(harness.query_by_role_and_label(Role::ComboBox, w.find_maps).is_some());
    }
}

#[test]
fn training_shows_what_it_does_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut harness = shown(
            language,
            TeachPage { training: Training::Embedding(3, 12), ..taught(Arc::clone(&project)) },
        );
        assert!(harness.query_by_label(&(w.embedding)(3, 12)).is_some());
        press(&mut harness, w.stop);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::Stop)]);
        harness.state_mut().teach.training = Training::Failed("There is no memory.".into());
        harness.run_steps(2);
        assert!(harness.query_by_label("There is no memory.").is_some());
    }
}

#[test]
fn the_class_for_everything_else_is_named_in_the_windows_language_and_names_are_bounded() {
    for language in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path(), [2, 2]);
        let w = &Strings::of(language).teach;
        let mut harness = shown(language, taught(Arc::clone(&project)));
        press(&mut harness, w.add_nothing);
        let wanted = Intent::Teach(TeachIntent::AddClass(w.nothing_class.to_owned()));
        assert_eq!(harness.state().intents, [wanted]);
        harness.state_mut().intents.clear();
        let mut with_it = Project::clone(&project);
        with_it.add_class(w.nothing_class).unwrap();
        assert!(!with_it.wants_nothing(), "it is known by its name");
        let name = format!("{} 1", w.class_name);
        harness.get_by_role_and_label(Role::TextInput, &name).focus();
        harness.run_steps(2);
        harness.get_by_role_and_label(Role::TextInput, &name).type_text(&"长".repeat(150));
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        let [Intent::Teach(TeachIntent::RenameClass(0, name))] = &harness.state().intents[..] else {
            panic!("{:?}", harness.state().intents);
        };
        assert_eq!(name.chars().count(), 100);
    }
}

#[test]
fn another_backbone_and_a_file_that_would_be_replaced_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(folder.path(), [2, 2]);
    for language in LANGUAGES {
        let w = &Strings::of(language).teach;
        let mut harness = shown(language, taught(Arc::clone(&project)));
        // All of the page is in sight.
        harness.set_size(egui::vec2(1280.0, 2000.0));
        harness.run_steps(3);
        assert!(harness.query_by_label(w.use_from_now).is_none());
        harness.state_mut().teach.other_backbone = true;
        harness.run_steps(2);
        press(&mut harness, w.use_from_now);
        assert_eq!(harness.state().intents, [Intent::Teach(TeachIntent::KeepBackbone)]);
        let mut form = ExportForm::new(project.root(), folder.path().to_owned());
        let warning = (w.overwrite)("signs.onnx");
        harness.state_mut().teach.export = Some(form.clone());
        harness.run_steps(2);
        assert!(harness.query_by_label(&warning).is_none());
        form.looked = form.path().map(|path| (path, Some(Target { exists: true, refused: None })));
        harness.state_mut().teach.export = Some(form);
        harness.run_steps(2);
        assert!(harness.query_by_label(&warning).is_some());
    }
}
