//! What the real window costs with a 720p camera (a simulated one, MJPEG at 30 frames a second): start, a pass of the interface,
//! memory, processor time at rest.
//!
//! `cargo bench --bench window`                 the table; `-- --json FILE` for the same as JSON
//!
//! Needs a display; without one it runs itself under `xvfb-run`. Processor time at rest is measured only with `xdotool` and a
//! window manager (`openbox`), because a window can't be minimised without them.
//!
//! Times within the window come from a process of this benchmark that opens the window of the library with an observer. Memory
//! and processor time are those of the program `sightline`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use sightline::app::{self, AppOptions, First, InsideTab, Observer, Pass};
use sightline::engine::Percentiles;

mod common;
#[path = "../tests/common/mod.rs"]
mod sample;

use sample::TestEnv;
use sample::fakecam::FakeCamera;

fn main() -> anyhow::Result<()> {
    if let Some(model) = common::argument("--observe") {
        let inside = common::argument("--inside").is_some();
        return observe(model.into(), inside.then_some(InsideTab::Maps));
    }
    if std::env::var_os("DISPLAY").is_none() {
        let again = std::env::current_exe()?;
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
    let runs = (0..4).map(|_| room.measured(false)).collect::<anyhow::Result<Vec<Value>>>()?;
    let closed = &runs[1..];
    let median_of = |runs: &[Value], key: &str, place: Option<usize>| {
        let mut values: Vec<f64> =
            runs.iter().filter_map(|run| place.map_or(&run[key], |p| &run[key][p]).as_f64()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let median = |key: &str, place: Option<usize>| median_of(closed, key, place);
    let mut rows: Vec<(u32, String, f64, &str)> = vec![
        (
            6,
            "interface, a 720p frame with boxes, without writing it: median ms".into(),
            median("interface_ms", Some(0)),
            "≤ 4",
        ),
        (6, "  95th percentile".into(), median("interface_ms", Some(1)), ""),
        (6, "  writing the frame into the texture: median ms".into(), median("write_image_ms", Some(0)), ""),
        (
            6,
            "  the whole pass with drawing, no graphics card: median ms".into(),
            median("whole_pass_ms", Some(0)),
            "",
        ),
        (6, "  boxes on the last frame".into(), median("found", None), ""),
        (7, "first paint after start, ms".into(), median("first_paint_ms", None), ""),
        (7, "first preview frame after start, ms".into(), median("first_image_ms", None), "≤ 400"),
        (
            7,
            "first boxes after start, ms (the model opens at the same time as the camera)".into(),
            median("first_result_ms", None),
            "≤ 400 after the model",
        ),
        (9, "age of the preview when shown: median ms".into(), median("image_age_ms", Some(0)), ""),
        (9, "  95th percentile".into(), median("image_age_ms", Some(1)), "≤ interval + 5"),
        (9, "age of a result: median ms".into(), median("result_age_ms", Some(0)), "≤ inference + interval"),
        (9, "  inference, median ms".into(), median("inference_ms", Some(0)), ""),
    ];
    room.settings("");
    // In turn: what the page costs is a ratio within one run.
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        closed.push(room.measured(false)?);
        open.push(room.measured(true)?);
    }
    for (state, runs) in [("page Inside closed", &closed), ("feature maps on the page Inside", &open)] {
        let of = |key, place| median_of(runs, key, place);
        rows.extend([
            (9, format!("{state}: frames shown a second"), of("shown_fps", None), "as closed"),
            (9, "  age of the preview when shown: median ms".into(), of("image_age_ms", Some(0)), ""),
            (9, "  results a second".into(), of("inference_fps", None), ""),
        ]);
    }
    let (resident, without) = (room.resident(true), room.resident(false));
    rows.push((8, "resident with a 720p preview and the model, MB".into(), resident, ""));
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
        common::write(Path::new(&file), &format!("{:#}\n", Value::from(rows)))?;
    }
    Ok(())
}

/// How long the observed window stays open.
const LENGTH: Duration = Duration::from_secs(12);
/// Frames that are shown later than this are counted: everything has opened by then.
const SETTLED: Duration = Duration::from_secs(6);

/// Opens the window on the camera and prints what was observed, as a line of JSON.
fn observe(model: PathBuf, inside: Option<InsideTab>) -> anyhow::Result<()> {
    let options = AppOptions {
        source: Some("0".parse()?),
        model: Some(model),
        size: Some((1280.0, 800.0)),
        inside,
        ..AppOptions::default()
    };
    Ok(app::run_observed(options, Box::new(Figures::default()))?)
}

/// Passes that are remembered.
const KEPT: usize = 4096;

/// What the window took.
#[derive(Debug, Default)]
struct Figures {
    /// Milliseconds after the start, in the order of [`First`].
    firsts: [Option<f64>; 4],
    /// The passes with a new frame, without writing it into the texture.
    passes_ms: Vec<f64>,
    /// Writing it.
    writes_ms: Vec<f64>,
    /// Whole passes with a new frame, drawing included.
    whole_ms: Vec<f64>,
    passes: u64,
    /// Frames that were shown after [`SETTLED`].
    shown: u32,
    /// The pass before had a new frame.
    wrote_before: bool,
    printed: bool,
}

impl Observer for Figures {
    fn first(&mut self, what: First, after: Duration) {
        self.firsts[what as usize] = Some(after.as_secs_f64() * 1e3);
    }

    fn wants_stats(&self, elapsed: Duration) -> bool {
        elapsed >= LENGTH
    }

    fn pass(&mut self, pass: &Pass) -> Duration {
        self.passes += 1;
        if let Some(seconds) = pass.previous_whole_s.filter(|_| self.wrote_before) {
            push(&mut self.whole_ms, f64::from(seconds) * 1e3);
        }
        self.wrote_before = pass.frame_written.is_some();
        if let Some(written) = pass.frame_written {
            self.shown += u32::from(pass.elapsed >= SETTLED);
            push(&mut self.passes_ms, pass.took.saturating_sub(written).as_secs_f64() * 1e3);
            push(&mut self.writes_ms, written.as_secs_f64() * 1e3);
        }
        let left = LENGTH.saturating_sub(pass.elapsed);
        if left.is_zero() && !self.printed {
            self.printed = true;
            println!("{}", self.summary(pass));
        }
        left
    }
}

impl Figures {
    fn summary(&self, last: &Pass) -> Value {
        let [paint, image, model, result] = self.firsts;
        let both = |p: Percentiles| [p.median, p.p95];
        let percentiles = |ms: &Vec<f64>| {
            let times = common::Times::of(ms.clone());
            [times.median(), times.percentile(0.95)]
        };
        let stats = &last.stats;
        serde_json::json!({
            "first_paint_ms": paint,
            "first_image_ms": image,
            "model_open_ms": model,
            "first_result_ms": result,
            "passes": self.passes,
            "interface_ms": percentiles(&self.passes_ms),
            "whole_pass_ms": percentiles(&self.whole_ms),
            "write_image_ms": percentiles(&self.writes_ms),
            "found": last.found,
            "shown_fps": f64::from(self.shown) / (last.elapsed.saturating_sub(SETTLED)).as_secs_f64().max(1e-3),
            "source_fps": stats.source_fps,
            "preview_fps": stats.preview_fps,
            "inference_fps": stats.inference_fps,
            "inference_ms": both(stats.inference),
            "image_age_ms": both(stats.shown_age),
            "result_age_ms": both(stats.prediction_age),
        })
    }
}

/// Adds a value as long as there is room.
fn push(values: &mut Vec<f64>, value: f64) {
    if values.len() < KEPT {
        values.push(value);
    }
}

/// A home of its own, a camera, a model.
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
        // The camera is simulated within the measured process: it should cost what a driver costs there, not more.
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

    /// Runs this program with an observed window, in the environment of the program `sightline`.
    fn measured(&self, inside: bool) -> anyhow::Result<Value> {
        let program = self.window(true);
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--observe").arg(&self.model);
        if inside {
            command.args(["--inside", "maps"]);
        }
        command.env("ORT_DISABLE_TELEMETRY", "1").stderr(Stdio::null());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = program.get_current_dir() {
            command.current_dir(folder);
        }
        let output = command.output().context("the window doesn't open")?;
        serde_json::from_slice(&output.stdout).context("the window gave no figures")
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

    /// The share of a core, in per cent, that a paused or minimised window takes; `None` if it can't be measured here.
    fn resting(&self, acts: &str) -> Option<f64> {
        let mut manager = Command::new("openbox").stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        std::thread::sleep(Duration::from_secs(1));
        let mut child = self.window(true).spawn().ok()?;
        // Hashing the model and measuring threads happen once and are over by then.
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
