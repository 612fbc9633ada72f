//! Whatever a camera does, it ends in a state that is said, never in a hang or a crash; and the image comes back by itself.
//!
//! The camera is `tests/camera/fakecam.c`, a library that plays `/dev/video0` for the program it is loaded into.
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use common::TestEnv;
use common::fakecam::FakeCamera;
use serde_json::Value;

/// Long enough for a slow, busy machine; a state that takes longer is a hang.
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

    /// Waits for a moment in this state for which `enough` holds.
    #[track_caller]
    fn until(&self, state: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        let mut seen = Vec::new();
        while begin.elapsed() < PATIENCE {
            let Ok(moment) = self.lines.recv_timeout(PATIENCE) else { break };
            if moment["state"] == state && enough(&moment) {
                return moment;
            }
            seen.push(moment.to_string());
        }
        panic!("no state {state:?} came; seen: {seen:#?}");
    }

    /// Waits until images come.
    #[track_caller]
    fn until_playing(&self) -> u64 {
        let before = self.until("playing", |_| true)["frames"].as_u64().unwrap_or(0);
        self.until("playing", |m| m["frames"].as_u64().is_some_and(|n| n > before + 3))["frames"]
            .as_u64()
            .expect("a number")
    }

    /// Ends the program as Ctrl-C does; it must go promptly whatever the camera does.
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

/// A word given while images come leads to this state, and taking it back brings the images back.
#[track_caller]
fn comes_back_after(word: &str, state: &str) {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    let watch = Watch::start(&camera, &env, &[]);
    watch.until_playing();
    camera.fault(word);
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
fn the_default_mode_is_hd_mjpeg_and_others_can_be_asked_for() {
    let (camera, env) = (FakeCamera::new(), TestEnv::new());
    for (more, detail) in [
        (&[][..], "MJPEG 1280×720 @ 30"),
        (&["--pixels", "yuyv", "--size", "640x480"][..], "YUYV 640×480 @ 30"),
        (&["--size", "640x480", "--fps", "15", "--pixels", "mjpeg"][..], "MJPEG 640×480 @ 15"),
    ] {
        let watch = Watch::start(&camera, &env, more);
        let moment = watch.until("playing", |m| m["frames"].as_u64().is_some_and(|n| n > 3));
        assert!(moment["detail"].as_str().is_some_and(|d| d.contains(detail)), "{moment}");
        watch.stop();
    }
}

#[test]
fn a_stalled_camera_is_said_and_comes_back() {
    comes_back_after("stall", "stalled");
}

#[test]
fn a_failing_driver_is_said_and_comes_back() {
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
fn frames_that_the_driver_calls_bad_are_damage() {
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
fn busy_and_forbidden_cameras_are_said_and_come_back() {
    for (word, state) in [("busy", "busy"), ("busyopen", "busy"), ("noperm", "forbidden")] {
        let (camera, env) = (FakeCamera::new(), TestEnv::new());
        camera.fault(word);
        let watch = Watch::start(&camera, &env, &[]);
        watch.until(state, |_| true);
        camera.fault("ok");
        watch.until_playing();
        watch.stop();
    }
}

#[test]
fn without_a_camera_that_is_said_until_one_comes() {
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
