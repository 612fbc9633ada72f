//! A model that is dropped on the window: seen, identified, running. The whole program runs, in a home of its own and so in a
//! process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;

use crate::app::AppOptions;
use crate::app::intent::{Intent, ModelIntent};
use crate::app::timing::Timing;
use crate::app::window::App;
use crate::model::labels::Language;
use crate::model::sidecar::Sidecar;
use crate::source::address::PATTERN;

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

/// The place of a model and a runtime, where they are here.
fn sample() -> (PathBuf, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = root.join("tests/stand_ins/models/yolox_nano.onnx");
    let named = std::env::var_os("SIGHTLINE_ONNXRUNTIME").map(PathBuf::from);
    (model, named.unwrap_or_else(|| root.join(".setup/lib/libonnxruntime.so")))
}

#[test]
fn a_model_that_is_dropped_is_taken_in_and_runs() {
    let (model, runtime) = sample();
    let home = tempfile::tempdir().unwrap();
    let dropped = home.path().join("my street model.onnx");
    std::fs::copy(model, &dropped).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "app::tests::drop::in_a_home_of_its_own", "--ignored", "--nocapture"])
        .current_dir(home.path())
        .env("SIGHTLINE_CONFIG_DIR", home.path().join("config"))
        .env("SIGHTLINE_DATA_DIR", home.path().join("data"))
        .env("SIGHTLINE_MODELS", home.path().join("none"))
        .env("SIGHTLINE_ONNXRUNTIME", runtime)
        .env("DROPPED", &dropped)
        .output()
        .unwrap();
    let printed =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
    println!("{}", printed.lines().find(|l| l.contains("dropped")).unwrap_or_default());
    let copy = home.path().join("data/models/my street model.onnx");
    assert!(copy.is_file(), "it was copied into the data folder");
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn in_a_home_of_its_own() {
    let dropped = PathBuf::from(std::env::var_os("DROPPED").expect("run by the test above"));
    let options = AppOptions { source: Some(PATTERN), ..AppOptions::default() };
    let mut harness: Harness<'_, App> = Harness::builder()
        .with_size([1000.0, 700.0])
        .build_eframe(move |cc| App::new(&cc.egui_ctx, options, Timing::since(Instant::now(), None)));
    let wait = |harness: &mut Harness<'_, App>, what: &str, there: &dyn Fn(&App) -> bool| {
        let begin = Instant::now();
        while !there(harness.state()) {
            assert!(begin.elapsed() < Duration::from_mins(1), "{what} never came");
            harness.step();
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait(&mut harness, "the image", &|app| app.stage.frame().is_some());
    let begin = Instant::now();
    harness.input_mut().dropped_files.push(Arc::new(Dropped(dropped)));
    harness.step();
    wait(&mut harness, "its entry", &|app| app.core.models.iter().any(|c| c.name == "my street model"));
    let listed = begin.elapsed();
    wait(&mut harness, "a result", &|app| {
        app.core.prediction.as_ref().is_some_and(|o| o.model.name == "my street model")
    });
    let took = begin.elapsed();
    // What the user says of it still holds when its threads are measured.
    let path = harness.state().core.model.current.as_ref().unwrap().path.clone();
    let overrides = Sidecar { labels: Some(vec!["thing".into(); 80]), ..Sidecar::default() };
    harness.state_mut().core.ask(Intent::Model(ModelIntent::OpenAs(path, overrides)));
    let is_applied = |app: &App| {
        let current = app.core.model.current.as_ref();
        current.is_some_and(|c| c.spec.labels.name(0, Language::English) == "thing")
    };
    wait(&mut harness, "the user's names", &is_applied);
    harness.state_mut().core.ask(Intent::Model(ModelIntent::Tune));
    harness.step();
    assert!(harness.state().model.speed().tune.is_some());
    wait(&mut harness, "the end of the measurement", &|app| app.model.speed().tune.is_none());
    assert!(is_applied(harness.state()));
    println!(
        "dropped: in the list after {:.2} s, its first result after {:.2} s",
        listed.as_secs_f64(),
        took.as_secs_f64()
    );
}
