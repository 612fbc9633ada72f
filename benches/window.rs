//! What the real window costs beside a 720p camera (a played one, MJPEG at 30 frames a second), seen from outside: start, a pass
//! of the interface, memory, rest.
//!
//! `cargo bench --bench window`                 the table; `-- --json FILE` for the same as JSON
//!
//! Needs a display; without one it is run under `xvfb-run` by itself. Resting is measured where `xdotool` and a window manager
//! (`openbox`) are there, because a window can't be minimised without.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

mod common;
#[path = "../tests/common/mod.rs"]
mod sample;

use sample::TestEnv;
use sample::fakecam::FakeCamera;

fn main() {
    if std::env::var_os("DISPLAY").is_none() {
        let again = std::env::current_exe().expect("this program has a path");
        let status = Command::new("xvfb-run")
            .args(["--auto-servernum", "--server-args=-screen 0 1280x800x24"])
            .arg(again)
            .args(std::env::args().skip(1))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .status();
        std::process::exit(status.ok().and_then(|s| s.code()).unwrap_or(1));
    }
    let room = Room {
        env: TestEnv::new(),
        camera: FakeCamera::new(),
        model: sample::shared("models/yolox_nano.onnx"),
    };
    // Low enough that some fifty boxes are drawn.
    room.settings("conf = 0.015\niou = 0.95\n");
    // The first run warms the file cache.
    let told: Vec<Value> = (0..4).map(|_| room.measured()).skip(1).collect();
    let median = |key: &str, place: Option<usize>| {
        let mut values: Vec<f64> =
            told.iter().filter_map(|t| place.map_or(&t[key], |p| &t[key][p]).as_f64()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let mut rows: Vec<(u32, String, f64, &str)> = vec![
        (
            6,
            "interface, a 720p image with boxes, without writing it: median ms".into(),
            median("interface_ms", Some(0)),
            "≤ 4",
        ),
        (6, "  95th percentile".into(), median("interface_ms", Some(1)), ""),
        (6, "  writing the image into the texture: median ms".into(), median("write_image_ms", Some(0)), ""),
        (
            6,
            "  the whole pass with drawing, no graphics card: median ms".into(),
            median("whole_pass_ms", Some(0)),
            "",
        ),
        (6, "  boxes in the last image".into(), median("found", None), ""),
        (7, "first paint after start, ms".into(), median("first_paint_ms", None), ""),
        (7, "first image after start, ms".into(), median("first_image_ms", None), "≤ 400"),
        (
            7,
            "first boxes after start, ms (the model opens beside the camera)".into(),
            median("first_result_ms", None),
            "≤ 400 after the model",
        ),
        (9, "age of the image when shown: median ms".into(), median("image_age_ms", Some(0)), ""),
        (9, "  95th percentile".into(), median("image_age_ms", Some(1)), "≤ interval + 5"),
        (9, "age of a result: median ms".into(), median("result_age_ms", Some(0)), "≤ inference + interval"),
        (9, "  inference, median ms".into(), median("inference_ms", Some(0)), ""),
    ];
    room.settings("");
    let (resident, without) = (room.resident(true), room.resident(false));
    rows.push((8, "resident with a 720p live image and the model, MB".into(), resident, ""));
    rows.push((8, "  without a model, MB".into(), without, "≤ 250"));
    for (state, acts) in [("paused", "key p"), ("minimised", "search --name Sightline windowminimize")] {
        let share = room.resting(acts).unwrap_or(f64::NAN);
        rows.push((6, format!("{state}: % of a core"), share, "< 1"));
    }
    rows.sort_by_key(|row| row.0);
    println!("{:>3}  {:<66} {:>9}  goal", "fig", "the window, 1280×800", "");
    for (figure, name, value, goal) in &rows {
        println!("{figure:>3}  {name:<66} {value:>9.1}  {goal}");
    }
    if let Some(file) = common::argument("--json") {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(figure, name, value, goal)| {
                serde_json::json!({"figure": figure, "what": name.trim(), "value": value, "goal": goal})
            })
            .collect();
        std::fs::write(file, format!("{:#}\n", Value::from(rows))).expect("the file can be written");
    }
}

/// A world of its own: a home, a camera, a model.
struct Room {
    env: TestEnv,
    camera: FakeCamera,
    model: PathBuf,
}

impl Room {
    fn settings(&self, text: &str) {
        std::fs::write(self.env.path("../config/settings.toml"), text).expect("a file");
    }

    /// The window on the camera; without a model, nothing of an earlier window is remembered.
    fn window(&self, with_model: bool) -> Command {
        let mut command = self.camera.command(&self.env);
        // The camera is played within the measured process: it should cost what a driver costs there, not more.
        command.env("FAKECAM_STEADY", "1");
        command
            .args(["--size", "1280x800", "--source", "0"])
            .env("SIGHTLINE_ONNXRUNTIME", sample::onnx_runtime());
        let place = |name: &str| self.env.path(if with_model { name } else { "../bare" });
        command.env("SIGHTLINE_CONFIG_DIR", place("../config"));
        command.env("SIGHTLINE_DATA_DIR", place("../data"));
        if with_model {
            command.arg("--model").arg(&self.model);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// What the window tells of itself after some seconds.
    fn measured(&self) -> Value {
        let output = self.window(true).args(["--measure", "7"]).stdout(Stdio::piped()).output();
        serde_json::from_slice(&output.expect("the window opens").stdout).expect("a line of JSON")
    }

    /// Resident memory in MB, after ten seconds.
    fn resident(&self, with_model: bool) -> f64 {
        let mut child = self.window(with_model).spawn().expect("the window opens");
        std::thread::sleep(Duration::from_secs(10));
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        end(&mut child);
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
    }

    /// The share of a core, in per cent, of a window that rests; `None` where it can't be made to.
    fn resting(&self, acts: &str) -> Option<f64> {
        let mut manager = Command::new("openbox").stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        std::thread::sleep(Duration::from_secs(1));
        let mut child = self.window(true).spawn().ok()?;
        // Hashing, measuring threads: what happens once is over by then.
        std::thread::sleep(Duration::from_secs(20));
        let xdotool =
            |acts: &str| Command::new("xdotool").args(acts.split(' ')).stdout(Stdio::null()).status();
        let done = xdotool("mousemove 400 400 click 1");
        std::thread::sleep(Duration::from_secs(1));
        let done = done.and_then(|_| xdotool(acts));
        std::thread::sleep(Duration::from_secs(6));
        let before = ticks(child.id());
        std::thread::sleep(Duration::from_secs(10));
        let after = ticks(child.id());
        end(&mut child);
        end(&mut manager);
        // A tick is a hundredth of a second.
        done.ok().filter(std::process::ExitStatus::success)?;
        Some((after? - before?) / 10.0)
    }
}

/// Processor time of a process in ticks.
fn ticks(id: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
