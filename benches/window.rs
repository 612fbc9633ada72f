//! What the real window costs, seen from outside: start, a pass of the interface, memory, rest.
//!
//! `cargo bench --bench window`                 the table; `-- --json FILE` for the same as JSON
//!
//! Needs a display; without one it is run under `xvfb-run` by itself. Resting is measured where `xdotool` and a window manager
//! (`openbox`) are there, because a window can't be minimised without.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

mod common;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sightline");

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
    let data = PathBuf::from(std::env::var_os("SIGHTLINE_TEST_DATA").unwrap_or_else(|| "../shared".into()));
    let model = data.join("models/yolox_nano.onnx");
    let home = tempfile::tempdir().expect("a folder");
    // Low enough that some fifty boxes are drawn; the models folder holds nothing else to be hashed and measured.
    std::fs::create_dir_all(home.path().join("models")).expect("a folder");
    std::fs::write(home.path().join("settings.toml"), "conf = 0.015\niou = 0.95\n").expect("a file");

    let film = data.join("media/traffic.mp4");
    let mut told = Vec::new();
    // Twice: the first run warms the file cache.
    for _ in 0..2 {
        told = (0..3).map(|_| measured(home.path(), &film, &model)).collect::<Vec<_>>();
    }
    let median = |key: &str, place: Option<usize>| {
        let mut values: Vec<f64> =
            told.iter().filter_map(|t| place.map_or(&t[key], |p| &t[key][p]).as_f64()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let model_to_result = median("first_result_ms", None) - median("model_open_ms", None);
    let mut rows: Vec<(u32, String, f64, &str)> = vec![
        (
            6,
            "interface, a 720p picture with boxes, without writing it: median ms".into(),
            median("interface_ms", Some(0)),
            "≤ 4",
        ),
        (6, "  95th percentile".into(), median("interface_ms", Some(1)), ""),
        (
            6,
            "  writing the picture into the texture: median ms".into(),
            median("write_picture_ms", Some(0)),
            "",
        ),
        (
            6,
            "  the whole pass with drawing, no graphics card: median ms".into(),
            median("whole_pass_ms", Some(0)),
            "",
        ),
        (6, "  boxes in the last picture".into(), median("found", None), ""),
        (7, "first paint after start, ms".into(), median("first_paint_ms", None), ""),
        (7, "first picture after start, ms".into(), median("first_picture_ms", None), "≤ 400"),
        (7, "model open and warm after start, ms".into(), median("model_open_ms", None), ""),
        (7, "first boxes after the model was open, ms".into(), model_to_result, "≤ 400"),
        (9, "age of the picture when shown: median ms".into(), median("picture_age_ms", Some(0)), ""),
        (9, "  95th percentile".into(), median("picture_age_ms", Some(1)), "≤ interval + 5"),
        (9, "age of a result: median ms".into(), median("result_age_ms", Some(0)), "≤ inference + interval"),
        (9, "  inference, median ms".into(), median("inference_ms", Some(0)), ""),
    ];
    let (resident, without) = (resident(home.path(), Some(&model)), resident(home.path(), None));
    rows.push((8, "resident with a 720p live picture and the model, MB".into(), resident, ""));
    rows.push((8, "  without a model, MB".into(), without, "≤ 250"));
    for (state, acts) in [("paused", "key p"), ("minimised", "search --name Sightline windowminimize")] {
        let share = resting(home.path(), &film, &model, acts).unwrap_or(f64::NAN);
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

/// A window of its own world.
fn window(home: &Path, source: &Path, model: Option<&Path>) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--size", "1280x800", "--source"]).arg(source);
    if let Some(model) = model {
        command.arg("--model").arg(model);
    }
    command
        .env("SIGHTLINE_CONFIG_DIR", home)
        .env("SIGHTLINE_DATA_DIR", home)
        .env("SIGHTLINE_MODELS", home.join("models"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// What the window tells of itself after some seconds of a film.
fn measured(home: &Path, film: &Path, model: &Path) -> Value {
    let output = window(home, film, Some(model)).args(["--measure", "7"]).stdout(Stdio::piped()).output();
    let output = output.expect("the window opens");
    serde_json::from_slice(&output.stdout).expect("a line of JSON")
}

/// Resident memory beside the test pattern, in MB, after ten seconds.
fn resident(home: &Path, model: Option<&Path>) -> f64 {
    std::fs::write(home.join("settings.toml"), "").expect("a file");
    let mut child = window(home, Path::new("pattern"), model).spawn().expect("the window opens");
    std::thread::sleep(Duration::from_secs(10));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    end(&mut child);
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// The share of a core, in per cent, of a window that rests; `None` where it can't be made to.
fn resting(home: &Path, film: &Path, model: &Path, acts: &str) -> Option<f64> {
    let mut manager = Command::new("openbox").stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    std::thread::sleep(Duration::from_secs(1));
    let mut child = window(home, film, Some(model)).spawn().ok()?;
    // Hashing, measuring threads: what happens once is over by then.
    std::thread::sleep(Duration::from_secs(25));
    let done = Command::new("xdotool").args(["mousemove", "400", "400", "click", "1"]).status();
    std::thread::sleep(Duration::from_secs(1));
    let done =
        done.and_then(|_| Command::new("xdotool").args(acts.split(' ')).stdout(Stdio::null()).status());
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
