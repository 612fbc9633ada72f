//! Whatever a camera does, the program reports it and neither hangs nor crashes; and the preview comes back by itself.
//!
//! The camera is `tests/camera/fakecam.c`, a library that simulates `/dev/video0` for the program that loads it.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use common::TestEnv;
use common::fakecam::FakeCamera;
use serde_json::Value;
use sightline::frame::Frame;
use sightline::source::camera::{self, CameraInfo};
use sightline::source::{self, Address, CameraRequest, Read, SourceError};

/// Long enough for a slow, busy machine. A state that takes longer counts as a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `sightline cameras --watch`.
struct Watch {
    child: Child,
    lines: Receiver<Value>,
}

impl Watch {
    fn start(camera: &FakeCamera, env: &TestEnv, more: &[&str]) -> Self {
        let mut child = camera
            .command(env)
            .args(["cameras", "--watch", "120", "--format", "json"])
            .args(more)
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (give, lines) = sync_channel(1000);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("a line of JSON");
                if give.send(value).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits for a report of this state for which `enough` returns true.
    #[track_caller]
    fn until(&self, state: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        let mut seen = Vec::new();
        while begin.elapsed() < PATIENCE {
            let Ok(report) = self.lines.recv_timeout(PATIENCE) else { break };
            if report["state"] == state && enough(&report) {
                return report;
            }
            seen.push(report.to_string());
        }
        panic!("no state {state:?} came; seen: {seen:#?}");
    }

    /// Waits until frames come.
    #[track_caller]
    fn until_playing(&self) -> u64 {
        let before = self.until("playing", |_| true)["frames"].as_u64().unwrap_or(0);
        self.until("playing", |m| m["frames"].as_u64().is_some_and(|n| n > before + 3))["frames"]
            .as_u64()
            .expect("a number")
    }

    /// Ends the program as Ctrl-C does. It must end promptly whatever the camera does.
    #[track_caller]
    fn stop(mut self) {
        let begin = Instant::now();
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(130), "ended by Ctrl-C, not by a crash");
        assert!(begin.elapsed() < Duration::from_secs(5), "it hung for {:?}", begin.elapsed());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Checks that a fault while frames come leads to this state, and that the frames come back when it is over.
#[track_caller]
fn comes_back_after(fault: &str, state: &str) {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    let watch = Watch::start(&camera, &env, &[]);
    watch.until_playing();
    camera.fault(fault);
    watch.until(state, |_| true);
    camera.fault("ok");
    watch.until_playing();
    watch.stop();
}

#[test]
fn a_camera_is_listed_with_its_modes_and_controls() {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    let output = camera.command(&env).args(["cameras", "--format", "json"]).output().expect("runs");
    let cameras: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(cameras.as_array().map(Vec::len), Some(1), "{cameras}");
    assert_eq!(cameras[0]["name"], "Fake Webcam");
    let modes = cameras[0]["modes"].as_array().expect("modes");
    let has = |format: &str, size: [u32; 2], fps: f64| {
        modes.iter().any(|m| m["format"] == format && m["size"] == serde_json::json!(size) && m["fps"] == fps)
    };
    assert!(
        has("MJPEG", [1280, 720], 30.0) && has("YUYV", [640, 480], 30.0) && !has("YUYV", [1280, 720], 30.0)
    );
    let names: Vec<_> =
        cameras[0]["controls"].as_array().expect("controls").iter().map(|c| &c["name"]).collect();
    assert!(names.iter().any(|n| *n == "Brightness") && names.len() >= 5, "{names:?}");
}

#[test]
fn the_default_mode_is_hd_mjpeg_and_others_can_be_requested() {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    for (more, detail) in [
        (&[][..], "MJPEG 1280×720 @ 30"),
        (&["--pixels", "yuyv", "--size", "640x480"][..], "YUYV 640×480 @ 30"),
        (&["--size", "640x480", "--fps", "15", "--pixels", "mjpeg"][..], "MJPEG 640×480 @ 15"),
    ] {
        let watch = Watch::start(&camera, &env, more);
        let report = watch.until("playing", |m| m["frames"].as_u64().is_some_and(|n| n > 3));
        assert!(report["detail"].as_str().is_some_and(|d| d.contains(detail)), "{report}");
        watch.stop();
    }
}

#[test]
fn a_stalled_camera_is_reported_and_comes_back() {
    comes_back_after("stall", "stalled");
}

#[test]
fn a_failing_driver_is_reported_and_comes_back() {
    comes_back_after("eio", "failed");
}

#[test]
fn frames_cut_short_are_damage() {
    comes_back_after("short", "damaged");
}

#[test]
fn corrupt_frames_are_damage() {
    comes_back_after("corrupt", "damaged");
}

#[test]
fn garbage_is_damage() {
    comes_back_after("garbage", "damaged");
}

#[test]
fn empty_frames_are_damage() {
    comes_back_after("empty", "damaged");
}

#[test]
fn frames_with_the_error_flag_are_damage() {
    comes_back_after("errflag", "damaged");
}

#[test]
fn an_unplugged_camera_is_noticed_and_comes_back() {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    let watch = Watch::start(&camera, &env, &[]);
    watch.until_playing();
    camera.pull_out();
    watch.until("unplugged", |_| true);
    camera.plug_in();
    camera.fault("ok");
    watch.until_playing();
    watch.stop();
}

#[test]
fn busy_and_forbidden_cameras_are_reported_and_come_back() {
    for (fault, state) in [("busy", "busy"), ("busyopen", "busy"), ("noperm", "forbidden")] {
        let (camera, env) = (FakeCamera::new(), TestEnv::new());
        camera.fault(fault);
        let watch = Watch::start(&camera, &env, &[]);
        watch.until(state, |_| true);
        camera.fault("ok");
        watch.until_playing();
        watch.stop();
    }
}

#[test]
fn the_lack_of_a_camera_is_reported_until_one_comes() {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    camera.pull_out();
    let watch = Watch::start(&camera, &env, &[]);
    watch.until("none", |_| true);
    camera.plug_in();
    camera.fault("ok");
    watch.until_playing();
    watch.stop();
}

#[test]
fn quitting_is_prompt_while_a_camera_stalls() {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    let watch = Watch::start(&camera, &env, &[]);
    watch.until_playing();
    camera.fault("stall");
    watch.until("stalled", |_| true);
    watch.stop();
}

#[test]
fn a_camera_is_found_again_by_name_and_takes_its_controls_again() {
    let Some(folder) = std::env::var_os("FAKECAM_DIR") else {
        // Runs this test in a process that has the simulated camera.
        let camera = FakeCamera::new();
        let program = std::env::current_exe().expect("the test program");
        let test = "a_camera_is_found_again_by_name_and_takes_its_controls_again";
        let output = camera.with_camera(&program).args([test, "--exact"]).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    };
    let camera = FakeCamera::existing(&folder);
    let named = |name: &str| Address::Camera { name: name.into(), bus: Some("usb-fake-1".into()) };
    let value_of = |name: &str| {
        let cameras: Vec<CameraInfo> = camera::list();
        let control = cameras[0].controls.iter().find(|c| c.name == name).expect("a control").clone();
        (control.id, control.value)
    };
    let read = |source: &mut dyn source::Source| {
        let begin = Instant::now();
        loop {
            match source.read(&mut Frame::default(), Duration::from_millis(100)) {
                Ok(Read::Nothing) => assert!(begin.elapsed() < PATIENCE, "nothing came"),
                other => return other,
            }
        }
    };
    // Opened by its number, it can be found again by its name.
    let mut source = source::open(&Address::CameraIndex(0), &CameraRequest::default()).expect("it opens");
    assert_eq!(source.info().address, Some(named("Fake Webcam")));
    assert_eq!(read(source.as_mut()), Ok(Read::Frame));
    let address = source.info().address.clone().expect("a camera");
    let wanted = [("Brightness", 42), ("White Balance, Automatic", 0), ("Power Line Frequency", 2)];
    for (name, value) in wanted {
        source.set_control(value_of(name).0, value).expect("taken");
        assert_eq!(value_of(name).1, value, "{name}");
    }
    camera.pull_out();
    let gone = loop {
        if let Err(error) = read(source.as_mut()) {
            break error;
        }
    };
    assert_eq!(gone, SourceError::Unplugged { name: "Fake Webcam".into() });
    drop(source);
    let missing = source::open(&address, &CameraRequest::default()).err();
    assert_eq!(missing, Some(SourceError::Missing { name: "Fake Webcam".into() }), "it has its name");
    camera.plug_in();
    camera.fault("ok");
    // A camera that was without power has its default values again.
    let mut source = source::open(&address, &CameraRequest::default()).expect("it opens");
    for (name, value) in wanted {
        let (id, default) = value_of(name);
        assert_ne!(default, value, "{name}");
        source.set_control(id, value).expect("taken");
        assert_eq!(value_of(name).1, value, "{name}");
    }
    assert_eq!(read(source.as_mut()), Ok(Read::Frame));
}
