//! A model that crashes, hangs or takes all memory ends its own process and nothing else.
#![cfg(target_os = "linux")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::display::Display;
use common::{TestEnv, onnx};
use sightline::frame::Frame;
use sightline::model::isolation::{Crash, Ending, Isolation, Journal, Limits, When};
use sightline::model::results::ClassScore;
use sightline::model::{CancelToken, Model, ModelError, OpenOptions, Results, Thresholds, runtime};

/// A folder with a journal, and models that are opened with it.
struct Room {
    folder: tempfile::TempDir,
    limits: Limits,
}

impl Room {
    fn new() -> Self {
        runtime::prefer(Some(common::onnx_runtime()));
        let limits = Limits { memory: None, open: Duration::from_mins(1), run: Duration::from_mins(1) };
        Self { folder: tempfile::tempdir().expect("a folder"), limits }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn isolation(&self, when: When) -> Isolation {
        Isolation {
            when,
            journal: Some(Journal::in_folder(self.path("data"))),
            program: Some(env!("CARGO_BIN_EXE_sightline").into()),
            limits: self.limits,
        }
    }

    fn open(&self, file: &Path) -> Result<Model, ModelError> {
        self.open_with(file, OpenOptions::default())
    }

    fn open_with(&self, file: &Path, options: OpenOptions) -> Result<Model, ModelError> {
        let mut model =
            Model::open(file, &OpenOptions { isolation: Some(self.isolation(When::Needed)), ..options })?;
        model.warm_up()?;
        Ok(model)
    }

    /// How this model ended its process, which it must do.
    #[track_caller]
    fn ending(&self, file: &Path) -> Ending {
        match self.open(file) {
            Err(ModelError::Ended { ending, path }) => {
                assert_eq!(path, file);
                ending
            }
            other => panic!("{other:?}"),
        }
    }
}

fn white() -> Frame {
    Frame::filled(160, 120, [255; 4])
}

fn top(model: &mut Model, frame: &Frame) -> Vec<ClassScore> {
    let mut results = Results::default();
    model.run(frame, &Thresholds::default(), &mut results).expect("it runs");
    results.top
}

/// Processes of the program under test that run as helpers of this test.
fn helpers() -> usize {
    let own = std::process::id();
    let is_helper = |folder: &Path| {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let parent =
            read("stat").rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        parent == Some(own) && read("cmdline").split('\0').nth(1) == Some("helper")
    };
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter(|entry| is_helper(&entry.path())).count()
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_crash_ends_the_model_alone_and_is_remembered() {
    let room = Room::new();
    for at_once in [true, false] {
        let file = room.path(&format!("division-{at_once}.onnx"));
        onnx::impossible_division(&file, at_once);
        assert_eq!(room.ending(&file), Ending::Crashed(Crash::Division), "at once: {at_once}");
        let sha256 = sightline::model::sha256(&file).expect("a hash");
        let runs = Journal::in_folder(room.path("data")).load();
        let remembered = runs.of(&sha256).expect("it is remembered");
        assert!(remembered.ended_last && !remembered.may_be_measured(), "{remembered:?}");
    }
}

#[test]
fn a_model_that_ran_well_once_runs_in_this_process_with_the_same_results() {
    let room = Room::new();
    let file = room.path("plain.onnx");
    onnx::plain(&file, 128);
    let mut first = room.open(&file).expect("opens");
    assert!(first.is_apart(), "it is new");
    let apart = top(&mut first, &white());
    assert!(room.open(&file).is_ok_and(|second| !second.is_apart()), "it has run");
    drop(first);
    let mut second = room.open(&file).expect("opens");
    assert_eq!(top(&mut second, &white()), apart);
    assert!(!apart.is_empty());
    // Other contents at the same place are new.
    onnx::plain(&file, 64);
    assert!(room.open(&file).expect("opens").is_apart());
}

#[test]
fn limits_on_time_and_memory_end_a_model() {
    let mut room = Room::new();
    room.limits.run = Duration::from_secs(2);
    let endless = room.path("endless.onnx");
    onnx::endless_loop(&endless, -100.0);
    let begin = Instant::now();
    assert_eq!(room.ending(&endless), Ending::TooSlow(2));
    assert!(begin.elapsed() < Duration::from_secs(6), "{:?}", begin.elapsed());
    eprintln!("a limit of 2 s on a run: ended after {:?}", begin.elapsed());
    room.limits.run = Duration::from_mins(1);
    room.limits.memory = Some(700 << 20);
    let growing = room.path("growing.onnx");
    onnx::growing_loop(&growing);
    let begin = Instant::now();
    assert_eq!(room.ending(&growing), Ending::TooLarge(700 << 20));
    eprintln!("a limit of 700 MiB on memory: ended after {:?}", begin.elapsed());
    // One that nobody asked for gets little.
    room.limits = Limits::UNASKED;
    assert_eq!(
        room.ending(&growing),
        Ending::TooLarge((2 << 30) + 4 * growing.metadata().expect("it").len())
    );
}

#[test]
fn nothing_is_allocated_for_an_input_larger_than_any_image() {
    let room = Room::new();
    let file = room.path("huge.onnx");
    onnx::plain(&file, 100_000);
    for isolation in [None, Some(room.isolation(When::Needed))] {
        let options = OpenOptions { isolation, ..OpenOptions::default() };
        let error =
            Model::open(&file, &options).and_then(|mut model| model.warm_up()).expect_err("too large");
        assert!(error.to_string().contains("larger than any image"), "{error}");
        assert!(!error.fix().is_empty());
    }
}

#[test]
fn whatever_hangs_can_be_left_at_once() {
    let room = Room::new();
    let files = ["endless", "kernel", "opening", "bomb"].map(|name| room.path(&format!("{name}.onnx")));
    onnx::endless_loop(&files[0], -100.0);
    onnx::slow_to_run(&files[1]);
    onnx::slow_to_open(&files[2], 400_000, 1);
    onnx::function_bomb(&files[3], 60);
    for file in &files {
        let cancel = CancelToken::default();
        let options = OpenOptions { cancel: Some(cancel.clone()), ..OpenOptions::default() };
        let took = std::thread::scope(|scope| {
            let opening = scope.spawn(|| room.open_with(file, options));
            std::thread::sleep(Duration::from_millis(1500));
            assert!(!opening.is_finished(), "{} doesn't hang", file.display());
            let begin = Instant::now();
            cancel.cancel();
            assert!(
                matches!(opening.join().expect("no panic"), Err(ModelError::Stopped)),
                "{}",
                file.display()
            );
            begin.elapsed()
        });
        eprintln!("{} is left within {took:?}", file.display());
        assert!(took < Duration::from_millis(500), "{}: {took:?}", file.display());
    }
    until("the helpers are gone", || helpers() == 0);
    // It was the user who ended them.
    let runs = Journal::in_folder(room.path("data")).load();
    for file in &files {
        let sha256 = sightline::model::sha256(file).expect("a hash");
        assert!(runs.of(&sha256).is_none_or(|remembered| remembered.ending.is_none()), "{}", file.display());
    }
}

#[test]
fn a_run_that_hangs_is_ended_by_its_handle_and_no_process_stays() {
    let room = Room::new();
    let file = room.path("white.onnx");
    onnx::endless_loop(&file, 2.0);
    let mut model = room.open(&file).expect("the warm-up's image is grey");
    let stop = model.stop_handle();
    let ended = std::thread::spawn(move || {
        let result = model.run(&white(), &Thresholds::default(), &mut Results::default());
        (result.map(|_| ()), model)
    });
    std::thread::sleep(Duration::from_millis(500));
    assert!(!ended.is_finished(), "it hangs");
    stop.stop();
    let (result, mut model) = ended.join().expect("no panic");
    assert!(matches!(result, Err(ModelError::Stopped)), "{result:?}");
    let again = model.run(&white(), &Thresholds::default(), &mut Results::default());
    assert!(matches!(again, Err(ModelError::Stopped)), "{again:?}");
    drop(model);
    until("the helper is gone", || helpers() == 0);
}

#[test]
fn a_helper_that_cannot_be_started_is_named_with_a_fix() {
    let room = Room::new();
    let file = room.path("plain.onnx");
    onnx::plain(&file, 128);
    let mut isolation = room.isolation(When::Needed);
    isolation.program = Some(room.path("none"));
    let options = OpenOptions { isolation: Some(isolation), ..OpenOptions::default() };
    let error = Model::open(&file, &options).expect_err("there is none");
    assert!(matches!(error, ModelError::NoHelper { .. }), "{error}");
    assert!(error.fix().contains("--isolate never"), "{}", error.fix());
}

/// The command line names the crash in one sentence and exits by itself.
#[test]
fn predict_names_a_crash_and_goes_on_living() {
    let env = TestEnv::new();
    onnx::impossible_division(&env.path("bad.onnx"), false);
    image::GrayImage::from_pixel(160, 120, image::Luma([90])).save(env.path("a.png")).expect("an image");
    for _ in 0..2 {
        let ended = env.run(["predict", "a.png", "--model", "bad.onnx"]).with_code(1);
        assert!(
            ended.err.contains("bad.onnx\u{201d} crashed when it ran (an impossible division)"),
            "{}",
            ended.err
        );
        assert!(ended.err.contains("fix: "), "{}", ended.err);
        assert_eq!(ended.err.lines().count(), 2, "{}", ended.err);
    }
    let info = env.run(["models", "info", "bad.onnx"]).with_code(0);
    assert!(info.out.contains("It crashed when it ran (an impossible division)"), "{}", info.out);
}

/// The window with a test pattern, or with what it remembers.
struct Window(Child);

impl Window {
    fn open(display: &Display, env: &TestEnv, arguments: &[&str]) -> Self {
        let program = display
            .shows(env.command().args(arguments))
            .env("SIGHTLINE_CONFIG_DIR", env.path("config"))
            .env("SIGHTLINE_DATA_DIR", env.path("data"))
            .spawn()
            .expect("the program starts");
        Self(program)
    }

    /// Waits until this holds; the window must live meanwhile.
    #[track_caller]
    fn until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !holds() {
            self.lives();
            assert!(begin.elapsed() < Duration::from_mins(1), "never: {what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    fn lives(&mut self) {
        let ended = self.0.try_wait().expect("a child");
        assert!(ended.is_none(), "the window ended: {ended:?}");
    }

    fn signal(mut self, name: &str) {
        let sent = Command::new("kill").args([name, &self.0.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        self.0.wait().expect("it ends");
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is remembered of a model.
fn ending(env: &TestEnv, file: &Path) -> Option<Ending> {
    let sha256 = sightline::model::sha256(file).expect("a hash");
    Journal::in_folder(env.path("data")).load().of(&sha256)?.ending
}

/// Nobody opens these files: they lie in the models folder, where they are measured while the window is idle. Then one is the model
/// of the last time.
#[test]
fn files_that_crash_end_neither_the_window_that_measures_them_nor_one_that_remembers_them() {
    let (display, env) = (Display::new(), TestEnv::new());
    let file = |name: &str| env.models().join(name);
    onnx::impossible_division(&file("a.onnx"), true);
    onnx::impossible_division(&file("b.onnx"), false);
    onnx::plain(&file("huge.onnx"), 100_000);
    onnx::plain(&file("plain.onnx"), 128);
    let pipe = Command::new("mkfifo").arg(file("pipe.onnx")).status().expect("mkfifo runs");
    assert!(pipe.success());
    let measured = || std::fs::read_to_string(env.path("data/library.json")).unwrap_or_default();
    let mut window = Window::open(&display, &env, &["--source", "pattern"]);
    window.until("all were run", || {
        let crashed = ["a.onnx", "b.onnx"].iter().all(|name| ending(&env, &file(name)).is_some());
        crashed && measured().contains("total_ms")
    });
    assert_eq!(ending(&env, &file("a.onnx")), Some(Ending::Crashed(Crash::Division)));
    assert_eq!(ending(&env, &file("plain.onnx")), None);
    window.lives();
    // An order to end is no crash.
    window.signal("-TERM");
    assert_eq!(starting(&env), 0);
    let before = std::fs::read(env.path("data/runs.json")).expect("what ran");
    std::fs::write(
        env.path("config/settings.toml"),
        format!("model = {:?}\n[source.pattern]\nwidth = 1280\nheight = 720\nfps = 30\n", file("b.onnx")),
    )
    .expect("settings");
    let mut window = Window::open(&display, &env, &[]);
    window.until("it starts", || starting(&env) == 1);
    std::thread::sleep(Duration::from_secs(8));
    window.lives();
    assert_eq!(std::fs::read(env.path("data/runs.json")).expect("what ran"), before, "nothing was run again");
    window.signal("-KILL");
    assert_eq!(starting(&env), 1, "it was ended while it started");
    let listed = env.command().env("SIGHTLINE_DATA_DIR", env.path("data")).args(["models", "list"]).output();
    let listed = String::from_utf8(listed.expect("it runs").stdout).expect("text");
    assert!(listed.contains("b: It crashed when it ran (an impossible division)"), "{listed}");
    assert!(listed.contains("larger than any image") || listed.contains("not recognised"), "{listed}");
    assert!(!listed.contains("pipe"), "{listed}");
}

/// How many windows say that they are starting.
fn starting(env: &TestEnv) -> usize {
    let files = std::fs::read_dir(env.path("config")).into_iter().flatten().flatten();
    files.filter(|file| file.file_name().to_string_lossy().starts_with(".starting-")).count()
}
