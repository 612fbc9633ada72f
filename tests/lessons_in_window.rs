//! Every lesson is taken in the real window, in both languages, with the keyboard; afterwards the window is as it was.
//!
//! `SIGHTLINE_TEST_SCREENSHOTS` names a folder for a picture of every step, `SIGHTLINE_TEST_LESSON` one lesson by its id instead of all.
#![cfg(target_os = "linux")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use common::display::Display;
use common::{TestEnv, real};
use sightline::learn::lessons::{Comparison, Condition, Expected, Fact, Lesson, Question, Value, built_in};
use sightline::settings::{Settings, load};

/// Long enough for a slow, busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(1);

struct Session<'a> {
    display: &'a Display,
    program: Child,
    settings: PathBuf,
    shots: Option<PathBuf>,
}

impl Session<'_> {
    fn id(&self) -> Option<String> {
        let pid = self.program.id().to_string();
        let found = self.display.xdotool(&["search", "--onlyvisible", "--pid", &pid]);
        found.lines().next().map(str::to_owned)
    }

    fn title(&self) -> String {
        self.id().map(|id| self.display.xdotool(&["getwindowname", &id])).unwrap_or_default()
    }

    fn settings(&self) -> Settings {
        load(&self.settings).0
    }

    #[track_caller]
    fn until<T>(&mut self, what: &str, mut reached: impl FnMut(&Self) -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(value) = reached(self) {
                return value;
            }
            let ended = self.program.try_wait().expect("a child");
            assert!(ended.is_none(), "the program ended ({ended:?}) before this came: {what}");
            if begin.elapsed() > PATIENCE {
                self.shot("failed");
                panic!("this didn't come: {what}");
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn keys(&self, keys: &[&str]) {
        let mut arguments = vec!["key", "--delay", "60"];
        arguments.extend(keys);
        self.display.xdotool(&arguments);
    }

    /// Waits until nothing has changed on screen for a while.
    fn settle(&mut self) {
        let (begin, mut last, mut same) = (Instant::now(), self.display.picture(), 0);
        // A caret blinks, so this can't be waited for without an end.
        while same < 6 && begin.elapsed() < Duration::from_secs(3) {
            std::thread::sleep(Duration::from_millis(60));
            let now = self.display.picture();
            same = if now == last { same + 1 } else { 0 };
            last = now;
        }
    }

    fn shot(&self, name: &str) {
        if let Some(folder) = &self.shots {
            std::fs::create_dir_all(folder).expect("a folder for pictures");
            self.display.picture().save(folder.join(format!("{name}.png"))).expect("a picture");
        }
    }

    /// So many questions of the lesson are answered rightly, as the settings say.
    #[track_caller]
    fn until_right(&mut self, lesson: &Lesson, right: usize) {
        let id = lesson.id.clone();
        self.until(&format!("{right} right answers of {id}"), |session| {
            let progress = session.settings().lessons.get(&id).copied().unwrap_or_default();
            (progress.right == right).then_some(())
        });
    }

    /// Does what the condition asks for.
    fn fulfil(&self, condition: &Condition, now: f64) {
        let (less, more) = match condition.fact {
            Fact::Confidence => ("bracketleft", "bracketright"),
            Fact::Iou => ("braceleft", "braceright"),
            Fact::Page => {
                let key = if condition.value == Value::Word("teach".into()) { "t" } else { "i" };
                return self.keys(&[key]);
            }
            Fact::LayersSeen => {
                // The first ones may come before the layers are known.
                for _ in 0..8 {
                    self.keys(&["Next"]);
                    std::thread::sleep(Duration::from_millis(700));
                }
                return;
            }
            other => panic!("nobody knows how to change {other:?}"),
        };
        let Value::Number(wanted) = condition.value else { panic!("{condition:?}") };
        let presses = ((wanted - now).abs() / 0.05).ceil() as usize + 1;
        let key = if condition.comparison == Comparison::AtLeast { more } else { less };
        self.keys(&vec![key; presses]);
    }

    fn take(&mut self, lesson: &Lesson, language: &str) {
        let mut right = 0;
        for (n, step) in lesson.steps.iter().enumerate() {
            let place = format!("{language} {} {}", lesson.id, n + 1);
            self.settle();
            self.shot(&place);
            match &step.question {
                Question::Choice { options, .. } => {
                    let at = options.iter().position(|option| option.right).expect("a right one");
                    self.keys(&[&format!("alt+{}", at + 1)]);
                }
                Question::Number { expected, .. } => {
                    // What YOLOX-Nano and the picture of the coffee give.
                    let number = match expected {
                        Expected::Value(value) => *value,
                        Expected::Fact(Fact::PictureValues) => 720_000.0,
                        Expected::Fact(Fact::InputValues) => 519_168.0,
                        Expected::Fact(Fact::Cells) => 3549.0,
                        Expected::Fact(other) => panic!("nobody knows {other:?}"),
                    };
                    self.display.xdotool(&["type", "--delay", "40", &number.to_string()]);
                    self.keys(&["Return"]);
                }
                Question::Do { until, .. } => {
                    for condition in until {
                        let now = match condition.fact {
                            Fact::Confidence => step.setup.confidence,
                            _ => step.setup.iou,
                        };
                        self.fulfil(condition, f64::from(now.unwrap_or_default()));
                    }
                }
            }
            right += 1;
            self.until_right(lesson, right);
            self.settle();
            self.shot(&format!("{place} answered"));
            self.keys(&["alt+Right"]);
        }
        let id = lesson.id.clone();
        self.until("the end of the lesson", |session| {
            session.settings().lessons.get(&id).is_some_and(|progress| progress.done).then_some(())
        });
        self.settle();
        self.shot(&format!("{language} {id} end"));
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// A home with the models that the lessons ask for, and a picture of the user's own.
fn prepare(env: &TestEnv) -> (PathBuf, PathBuf) {
    let bring = |sample: &str, name: &str| {
        let target = env.models().join(name);
        std::fs::copy(real(&format!("models/{sample}")), &target).expect("the copy of a model");
        target
    };
    let model = bring("yolo11n_int8.onnx", "yolo11n_int8.onnx");
    for sample in ["yolox_nano.onnx", "mobilenet_v2_int8.onnx", "deimv2_atto_int8.onnx"] {
        bring(sample, sample);
    }
    bring("ultraface_rfb_320.onnx", "version-RFB-320.onnx");
    // Another model by its content: one more line of metadata at its end, as the format allows.
    let second = bring("ultraface_rfb_320.onnx", "version-RFB-320-int8.onnx");
    let mut bytes = std::fs::read(&second).expect("a model");
    bytes.extend([0x72, 6, 0x0a, 1, b'a', 0x12, 1, b'b']);
    std::fs::write(&second, bytes).expect("written");
    let picture = env.path("my own.png");
    image::RgbImage::from_fn(320, 240, |x, y| image::Rgb([x as u8, y as u8, 90]))
        .save(&picture)
        .expect("a picture");
    (model, picture)
}

fn take_all(language: &str) {
    let (display, env) = (Display::new(), TestEnv::new());
    let (model, picture) = prepare(&env);
    let settings = env.path("../config/sightline/settings.toml");
    std::fs::create_dir_all(settings.parent().expect("a folder")).expect("a folder");
    let mut program = env.command();
    program.args(["--language", language, "--source"]).arg(&picture).arg("--model").arg(&model);
    let program = display.shows(&mut program).spawn().expect("the program starts");
    let shots = std::env::var_os("SIGHTLINE_TEST_SCREENSHOTS").map(PathBuf::from);
    let mut session = Session { display: &display, program, settings, shots };
    session.until("the window with the picture", |s| s.title().starts_with("my own.png").then_some(()));
    let id = session.id().expect("the window");
    display.xdotool(&["windowfocus", "--sync", &id]);
    let is = |path: &Path, wanted: &Path| path.file_name() == wanted.file_name();
    session.until("the model", |s| s.settings().model.is_some_and(|path| is(&path, &model)).then_some(()));
    // The library has found the models before the first step asks for one.
    std::thread::sleep(Duration::from_secs(4));
    let before = session.settings();

    let only = std::env::var("SIGHTLINE_TEST_LESSON").ok();
    session.keys(&["shift+F1"]);
    session.settle();
    session.shot(&format!("{language} list"));
    for (n, lesson) in built_in().iter().enumerate() {
        if only.as_ref().is_some_and(|id| *id != lesson.id) {
            continue;
        }
        // The button of this lesson: after the one that closes the page and those of the lessons before.
        for _ in 0..n + 2 {
            // Each is seen by a pass of its own: of several presses of Tab within one, only one counts.
            let before = session.display.picture();
            session.keys(&["Tab"]);
            session.until("the next button has the focus", |s| (s.display.picture() != before).then_some(()));
            session.settle();
        }
        session.keys(&["space"]);
        let sample = lesson.steps[0].setup.source.clone();
        let name = match sample {
            Some(sightline::learn::lessons::SourceWish::Sample(name)) => name,
            other => panic!("{other:?}"),
        };
        session
            .until("the lesson's picture", |s| s.title().starts_with(&format!("{name}.jpg")).then_some(()));
        std::thread::sleep(Duration::from_secs(2));
        session.take(lesson, language);
        // It ends, and what the user had is there again.
        session.keys(&["alt+Right"]);
        session.until("the user's own picture", |s| s.title().starts_with("my own.png").then_some(()));
        session.keys(&["shift+F1"]);
        session.settle();
        let now = session.settings();
        assert_eq!(now.source, before.source, "{}", lesson.id);
        assert_eq!(now.recent, before.recent, "{}", lesson.id);
        assert_eq!(now.model, before.model, "{}", lesson.id);
        assert_eq!(now.limits, before.limits, "{}", lesson.id);
    }
    session.shot(&format!("{language} list done"));
    session.keys(&["shift+F1"]);
    session.until("the user's own picture", |s| s.title().starts_with("my own.png").then_some(()));
    session.until("the user's own model", |s| {
        s.settings().model.is_some_and(|path| is(&path, &model)).then_some(())
    });
    session.settle();
    session.shot(&format!("{language} afterwards"));
}

#[test]
fn every_lesson_is_completed_in_english() {
    take_all("en");
}

#[test]
fn every_lesson_is_completed_in_chinese() {
    take_all("zh");
}
