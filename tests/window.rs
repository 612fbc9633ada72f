//! The real window on a display of its own: it appears, says what it sees, survives every fault of a camera, and goes
//! when it is told to.
//!
//! What it shows is read from its title; `xdotool` presses the keys.
#![cfg(target_os = "linux")]

mod common;

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::display::Display;
use common::fakecam::FakeCamera;
use common::{Ended, TestEnv, onnx, shared};

/// Long enough for a slow, busy machine; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The running window.
struct Window<'a> {
    display: &'a Display,
    program: Child,
}

impl<'a> Window<'a> {
    fn open(display: &'a Display, mut command: Command, arguments: &[&str]) -> Self {
        let program = display
            .shows(command.args(["--language", "en"]).args(arguments))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Self { display, program }
    }

    /// The window's number, once it is there.
    fn id(&self) -> Option<String> {
        let pid = self.program.id().to_string();
        let found = self.display.xdotool(&["search", "--onlyvisible", "--pid", &pid]);
        found.lines().next().map(str::to_owned)
    }

    fn title(&self) -> String {
        self.id().map(|id| self.display.xdotool(&["getwindowname", &id])).unwrap_or_default()
    }

    #[track_caller]
    fn until_title(&mut self, start: &str) {
        self.until(&format!("the title {start:?}"), |window| window.title().starts_with(start));
    }

    #[track_caller]
    fn until(&mut self, what: &str, mut reached: impl FnMut(&Self) -> bool) {
        let begin = Instant::now();
        while !reached(self) {
            if let Ok(Some(status)) = self.program.try_wait() {
                let mut printed = String::new();
                if let Some(mut err) = self.program.stderr.take() {
                    let _ = err.read_to_string(&mut printed);
                }
                panic!("the program ended ({status}) before {what} came:\n{printed}");
            }
            assert!(begin.elapsed() < PATIENCE, "{what} didn't come; the title is {:?}", self.title());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn key(&self, key: &str) {
        let id = self.id().expect("the window is there");
        self.display.xdotool(&["windowfocus", "--sync", &id]);
        self.display.xdotool(&["key", key]);
    }

    /// Quits; it must go promptly and whole.
    #[track_caller]
    fn quit(mut self) {
        self.key("ctrl+q");
        let begin = Instant::now();
        while self.program.try_wait().expect("a child").is_none() {
            assert!(begin.elapsed() < Duration::from_secs(5), "it doesn't go");
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = std::mem::replace(&mut self.program, Command::new("true").spawn().expect("true runs"));
        Ended::of(output.wait_with_output().expect("it ended")).with_code(0);
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn the_window_shows_the_source_saves_a_snapshot_and_quits() {
    let (display, env) = (Display::new(), TestEnv::new());
    let shots = env.path("shots");
    let config = env.path("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("settings.toml"), format!("[snapshot]\nfolder = {shots:?}\n")).unwrap();
    let model = shared("models/yolox_nano.onnx");
    let image = shared("media/traffic_060.jpg");
    let mut command = env.command();
    command.env("SIGHTLINE_CONFIG_DIR", &config).env("SIGHTLINE_LOG", "info");
    let arguments = ["--source", image.to_str().unwrap(), "--model", model.to_str().unwrap()];
    let mut window = Window::open(&display, command, &arguments);
    window.until_title("traffic_060.jpg");
    let found = || -> Option<serde_json::Value> {
        let entries = std::fs::read_dir(&shots).ok()?.flatten();
        let json = entries.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "json"))?;
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(json).ok()?).ok()?;
        let some = value["detections"].as_array().is_some_and(|d| !d.is_empty());
        if !some {
            // Taken before the model had looked: another one.
            let _ = std::fs::remove_dir_all(&shots);
        }
        some.then_some(value)
    };
    window.until("a snapshot with cars", |window| {
        if found().is_some() {
            return true;
        }
        window.key("space");
        std::thread::sleep(Duration::from_millis(700));
        found().is_some()
    });
    let labels: Vec<_> =
        found().unwrap()["detections"].as_array().unwrap().iter().map(|d| d["label"].clone()).collect();
    assert!(labels.iter().all(|l| l == "car" || l == "truck"), "{labels:?}");
    window.quit();
    let settings = std::fs::read_to_string(config.join("settings.toml")).unwrap();
    assert!(settings.contains("traffic_060.jpg") && settings.contains("yolox_nano"), "{settings}");
}

#[test]
fn every_fault_of_a_camera_has_its_page_and_the_image_comes_back() {
    let (display, env, camera) = (Display::new(), TestEnv::new(), FakeCamera::new());
    let mut window = Window::open(&display, camera.command(&env), &["--source", "Fake Webcam"]);
    window.until_title("Fake Webcam");
    for (word, title) in [
        ("stall", "Camera stopped responding"),
        ("empty", "Damaged frames"),
        ("garbage", "Damaged frames"),
        ("short", "Damaged frames"),
        ("corrupt", "Damaged frames"),
        ("errflag", "Damaged frames"),
        ("eio", "Camera failure"),
    ] {
        camera.fault(word);
        window.until_title(title);
        camera.fault("ok");
        window.until_title("Fake Webcam");
    }
    camera.pull_out();
    window.until("a page for the missing camera", |w| {
        ["Camera unplugged", "Camera not connected"].iter().any(|t| w.title().starts_with(t))
    });
    camera.fault("ok");
    camera.plug_in();
    window.until_title("Fake Webcam");
    camera.fault("stall");
    window.until_title("Camera stopped responding");
    window.quit();
}

#[test]
fn a_camera_that_cannot_be_opened_has_its_page() {
    let (display, env) = (Display::new(), TestEnv::new());
    for (word, title) in [
        ("busyopen", "Camera in use"),
        ("busy", "Camera in use"),
        ("noperm", "No permission to use the camera"),
    ] {
        let camera = FakeCamera::new();
        camera.fault(word);
        let mut window = Window::open(&display, camera.command(&env), &["--source", "Fake Webcam"]);
        window.until_title(title);
        camera.fault("ok");
        window.until_title("Fake Webcam");
        window.quit();
    }
}

/// The preview runs at 640×480, a snapshot is taken at 1280×720, and the preview comes back.
#[test]
fn a_snapshot_at_full_resolution_pauses_the_preview_for_a_moment() {
    let (display, env, camera) = (Display::new(), TestEnv::new(), FakeCamera::new());
    let (shots, config, model) = (env.path("shots"), env.path("config"), env.path("colours.onnx"));
    onnx::colours(&model, 20.0);
    std::fs::create_dir(&config).unwrap();
    let settings = format!(
        "[snapshot]\nfolder = {shots:?}\nclean = true\n[shutter]\nfull-resolution = true\n\
         [cameras.\"Fake Webcam\"]\nformat = \"mjpeg\"\nsize = [640, 480]\n"
    );
    std::fs::write(config.join("settings.toml"), settings).unwrap();
    let mut command = camera.command(&env);
    command.env("SIGHTLINE_CONFIG_DIR", &config).env("SIGHTLINE_ONNXRUNTIME", common::onnx_runtime());
    let mut window =
        Window::open(&display, command, &["--source", "Fake Webcam", "--model", model.to_str().unwrap()]);
    window.until_title("Fake Webcam");
    let saved = || -> Vec<serde_json::Value> {
        let files = std::fs::read_dir(&shots).into_iter().flatten().flatten().map(|entry| entry.path());
        let records = files.filter(|path| path.extension().is_some_and(|e| e == "json"));
        records.filter_map(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok()).collect()
    };
    // The list of cameras, which tells the larger mode, may come after the first frame, and the model after both.
    window.until("a large snapshot with what the model found", |window| {
        let is_large = |record: &serde_json::Value| {
            record["size"] == serde_json::json!([1280, 720]) && record["model"] == "colours"
        };
        if saved().iter().any(is_large) {
            return true;
        }
        let before = saved().len();
        window.key("space");
        let begin = Instant::now();
        while saved().len() == before && begin.elapsed() < Duration::from_secs(8) {
            std::thread::sleep(Duration::from_millis(50));
        }
        saved().iter().any(is_large)
    });
    let clean = std::fs::read_dir(&shots).unwrap().flatten().map(|entry| entry.path());
    let mut clean = clean.filter(|path| path.to_string_lossy().ends_with(" clean.png"));
    assert!(clean.any(|path| image::image_dimensions(path).unwrap() == (1280, 720)));
    // The preview plays: it notices that the camera stops.
    camera.fault("stall");
    window.until_title("Camera stopped responding");
    window.quit();
}

/// The other window is as large and lies on it, so that nothing of the first one is seen.
#[test]
fn a_hidden_window_rests_and_goes_on_when_it_is_seen_again() {
    let (display, env, other) = (Display::new(), TestEnv::new(), TestEnv::new());
    let mut window = Window::open(&display, env.bare(), &["pattern", "--size", "900x600"]);
    window.until_title("Test pattern");
    let busy = |window: &Window<'_>| {
        let ticks = || {
            let stat =
                std::fs::read_to_string(format!("/proc/{}/stat", window.program.id())).expect("it runs");
            let fields: Vec<u64> = stat
                .rsplit(')')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .filter_map(|f| f.parse().ok())
                .collect();
            // After the name and the state: user time and system time are the 11th and 12th number.
            fields[10] + fields[11]
        };
        let before = ticks();
        std::thread::sleep(Duration::from_secs(1));
        ticks() - before
    };
    let seen = busy(&window);
    let mut cover = Window::open(&display, other.bare(), &["pattern", "--size", "1000x700"]);
    cover.until_title("Test pattern");
    window.until("rest", |window| busy(window) * 4 < seen);
    drop(cover);
    window.until("the pattern goes on", |window| busy(window) * 2 > seen);
    window.quit();
}

#[test]
fn the_window_opens_what_is_named_as_viewers_do() {
    let (display, env) = (Display::new(), TestEnv::new());
    let image = env.path("a picture.png");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/icon/sightline-256.png"), &image)
        .unwrap();
    let config = env.path("config");
    let mut command = env.bare();
    command.env("SIGHTLINE_CONFIG_DIR", &config).current_dir(image.parent().unwrap());
    let mut window = Window::open(&display, command, &["a picture.png"]);
    window.until_title("a picture.png");
    window.quit();
    let settings = std::fs::read_to_string(config.join("settings.toml")).unwrap();
    assert!(settings.contains(image.to_str().unwrap()), "by its whole path: {settings}");
    let ended = Ended::of(env.bare().arg("no-such-thing").output().expect("runs")).with_code(2);
    assert!(ended.err.contains("no-such-thing") && ended.err.contains("--help"), "{}", ended.err);
}

/// Whether a program runs in whose command this word occurs.
fn is_named_in_a_command(program: &str, word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let commands = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let mut commands = commands.map(|command| String::from_utf8_lossy(&command).into_owned());
    commands.any(|command| command.starts_with(program) && command.contains(word))
}

#[test]
fn no_program_that_waits_for_a_silent_server_outlives_the_window() {
    let (display, env) = (Display::new(), TestEnv::new());
    // It accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/outlives.mp4", silent.local_addr().unwrap());
    for told_by_the_system in [false, true] {
        let config = env.path(if told_by_the_system { "a" } else { "b" });
        let mut command = env.bare();
        command.env("SIGHTLINE_CONFIG_DIR", &config);
        let mut window = Window::open(&display, command, &["--source", &address]);
        window.until("a program that waits", |window| {
            window.id().is_some() && is_named_in_a_command("ffprobe", &address)
        });
        // Settings are written a moment after they were changed, and when the window goes.
        window.key("h");
        if told_by_the_system {
            std::thread::sleep(Duration::from_millis(200));
            let pid = window.program.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            let begin = Instant::now();
            while window.program.try_wait().unwrap().is_none() {
                assert!(begin.elapsed() < Duration::from_secs(5), "it doesn't go");
                std::thread::sleep(Duration::from_millis(20));
            }
        } else {
            window.quit();
        }
        let begin = Instant::now();
        while is_named_in_a_command("ffprobe", &address) {
            assert!(begin.elapsed() < Duration::from_secs(2), "ffprobe stays behind");
            std::thread::sleep(Duration::from_millis(20));
        }
        let settings = std::fs::read_to_string(config.join("settings.toml")).unwrap();
        assert!(settings.contains("figures = true"), "what was changed is remembered: {settings}");
    }
}

#[test]
fn without_a_display_the_way_out_is_said() {
    let env = TestEnv::new();
    let mut command = env.bare();
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    let ended = Ended::of(command.output().expect("runs")).with_code(1);
    assert!(ended.err.contains("No display can be opened") && ended.err.contains("predict"), "{}", ended.err);
}

#[test]
fn a_damaged_settings_file_is_kept_and_the_window_opens() {
    let (display, env) = (Display::new(), TestEnv::new());
    let config = env.path("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("settings.toml"), "conf = [").unwrap();
    let mut command = env.bare();
    command.env("SIGHTLINE_CONFIG_DIR", &config);
    let mut window = Window::open(&display, command, &["--source", "pattern"]);
    window.until_title("Test pattern");
    window.quit();
    assert_eq!(std::fs::read_to_string(config.join("settings.toml.bak")).unwrap(), "conf = [");
    assert!(std::fs::read_to_string(config.join("settings.toml")).unwrap().contains("pattern"));
}
