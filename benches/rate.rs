//! The whole loop compared with the bare network, and with the usual Python program: how much of the rate of `session.run` alone
//! is left, live and over files.
//!
//! `cargo bench --bench rate`                   the tables
//! `cargo bench --bench rate -- --json FILE`    the same as JSON too; `--rounds N` for more rounds than 3
//!
//! Every round takes all of a model's ways in turn, and ratios are medians of those of the rounds, so that a busy machine
//! slows both sides. "memory": frames that lie ready, the newest wins. "video": traffic.mp4 through ffmpeg in the live
//! engine, every frame processed. Live runs have the threads that the window would take; their floor has as many.
//!
//! Files: `predict` and other programs (`benches/peers/run.sh --setup-only` fetches them, with `--rust` those in Rust too) over the
//! same video, as commands from start to end; "loop": the rate that a program tells of its loop, without its start. "at once": two bare
//! runs at the same time on one thread each, the most that two cores give whatever surrounds them.

use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sightline::engine::{Command, Engine, EngineOptions, Factories, ModelChoice, SourceState};
use sightline::frame::Frame;
use sightline::frame::convert::Decoder;
use sightline::model::{Model, OpenOptions, Results, Thresholds, session};
use sightline::source::{self, Address, CameraRequest, Pace, Read, Source, SourceError, SourceInfo};

mod common;

/// How long a way within this program is measured at a time: a processor that others use too slows down for seconds, so
/// what is compared lies close together.
const SPAN: Duration = Duration::from_secs(2);
/// How often a round takes the live ways, each between two bare runs.
const LIVE: u32 = 2;
/// Frames kept in memory: 720p RGBA takes 3.7 MB each.
const KEPT: usize = 30;

/// The ways that are measured, in the order of the table.
const WAYS: [&str; 12] = [
    "bare, one thread",
    "bare, two threads",
    "bare, two at once",
    "live, memory",
    "live, video",
    "predict",
    "predict, loop",
    "python, serial",
    "python, two in flight",
    "python, two in flight, loop",
    "usls",
    "ultralytics-inference",
];
const TWO: usize = 1;
const PREDICT: usize = 5;

/// The models, and the version by which usls knows those that it can run.
const MODELS: [(&str, Option<&str>); 3] =
    [("yolo11n_int8", Some("11")), ("yolox_nano", None), ("yolov8n_int8", Some("8"))];

fn main() -> anyhow::Result<()> {
    let data = common::data_folder();
    let video = data.join("media/traffic.mp4");
    let rounds = common::argument("--rounds").and_then(|n| n.parse().ok()).unwrap_or(3);
    let frames = Arc::new(frames(&video));
    println!(
        "frames a second, medians of {rounds} rounds; in brackets the share of the bare run with two threads\n"
    );
    let mut tables = Vec::new();
    for (name, version) in MODELS {
        let path = data.join(format!("models/{name}.onnx"));
        let mut bare = [1, 2].map(|threads| ready(&path, threads, &frames[0]));
        let mut pair = [1, 1].map(|threads| ready(&path, threads, &frames[0]));
        let (mut taken, mut live) = (Vec::new(), [Vec::new(), Vec::new()]);
        for number in 0..rounds {
            let two = bare_rate(&mut bare[1]);
            let at_once = at_once(&mut pair);
            let floor = &mut bare[usize::from(session::live_threads() > 1)];
            let mut sums = [0.0; 3];
            for _ in 0..LIVE {
                let before = bare_rate(floor);
                let memory = memory_rate(&path, &frames);
                let between = bare_rate(floor);
                let played = video_rate(&path, &video);
                let after = bare_rate(floor);
                live[0].push(2.0 * memory / (before + between));
                live[1].push(2.0 * played / (between + after));
                for (sum, rate) in sums.iter_mut().zip([between, memory, played]) {
                    *sum += rate / f64::from(LIVE);
                }
            }
            let [one, memory, played] = sums;
            // Now one goes first, now the other.
            let ours = || predict_rate(&path, &video);
            let python = || python_rate(&path, &video, "in-flight");
            let ((predict, predict_loop), (flight, flight_loop)) = if number % 2 == 0 {
                (ours(), python())
            } else {
                let python = python();
                (ours(), python)
            };
            let (serial, _) = python_rate(&path, &video, "serial");
            let usls = version.map_or(f64::NAN, |version| usls_rate(&path, version, &video));
            let ultralytics = version.map_or(f64::NAN, |_| ultralytics_rate(&path, &video));
            taken.push([
                one,
                two,
                at_once,
                memory,
                played,
                predict,
                predict_loop,
                serial,
                flight,
                flight_loop,
                usls,
                ultralytics,
            ]);
        }
        tables.push(table(name, &taken, live.map(median)));
    }
    if let Some(file) = common::argument("--json") {
        common::write(Path::new(&file), &format!("{:#}\n", serde_json::Value::from(tables)))?;
    }
    Ok(())
}

/// Prints a model's rates and gives them as JSON; `live`: the shares of the two live ways.
fn table(name: &str, taken: &[[f64; WAYS.len()]], [memory, played]: [f64; 2]) -> serde_json::Value {
    let over = |way: usize, of: usize| median(taken.iter().map(|round| round[way] / round[of]).collect());
    let mut ways = serde_json::Map::new();
    println!("{name}");
    for (way, what) in WAYS.iter().enumerate() {
        let rate = median(taken.iter().map(|round| round[way]).collect());
        if rate.is_finite() {
            let (share, predict) = (over(way, TWO), over(PREDICT, way));
            println!("  {what:<28} {rate:>7.1} ({share:.2})");
            ways.insert(
                (*what).to_owned(),
                serde_json::json!({"frames_a_second": rate, "of_bare_two_threads": share, "predict_over_it": predict}),
            );
        }
    }
    println!("  live: {memory:.2} of the bare run from memory, {played:.2} over the video\n");
    serde_json::json!({"model": name, "ways": ways, "memory_share": memory, "video_share": played})
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Frames of the video, decoded.
fn frames(video: &Path) -> Vec<Frame> {
    let mut source =
        source::open(&Address::Video(video.into()), &CameraRequest::default()).expect("the video opens");
    let (mut raw, mut decoder, mut frames) = (Frame::default(), Decoder::default(), Vec::new());
    while frames.len() < KEPT {
        if source.read(&mut raw, Duration::from_secs(5)).expect("frames come") == Read::Frame {
            let mut frame = Frame::default();
            decoder.decode(&raw, &mut frame).expect("it can be decoded");
            frames.push(frame);
        }
    }
    frames
}

/// A model whose tensor holds a frame.
fn ready(path: &Path, threads: usize, frame: &Frame) -> Model {
    let options = OpenOptions { threads: Some(threads), ..OpenOptions::default() };
    let mut model = Model::open(path, &options).expect("the model opens");
    for _ in 0..3 {
        model.run(frame, &Thresholds::default(), &mut Results::default()).expect("it runs");
    }
    model
}

fn bare_rate(model: &mut Model) -> f64 {
    let (begin, mut runs) = (Instant::now(), 0u32);
    while begin.elapsed() < SPAN {
        model.bare_run().expect("it runs");
        runs += 1;
    }
    f64::from(runs) / begin.elapsed().as_secs_f64()
}

/// Both at the same time; their rates together.
fn at_once(pair: &mut [Model; 2]) -> f64 {
    let [first, second] = pair;
    std::thread::scope(|scope| {
        let other = scope.spawn(|| bare_rate(second));
        bare_rate(first) + other.join().expect("it runs")
    })
}

/// Frames in memory, given at 120 a second: more than any of these models can process.
struct Ready {
    frames: Arc<Vec<Frame>>,
    info: SourceInfo,
    next: u64,
    began: Instant,
}

impl Source for Ready {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, _timeout: Duration) -> Result<Read, SourceError> {
        let due = self.began + Duration::from_secs(1) / 120 * self.next as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let from = &self.frames[self.next as usize % self.frames.len()];
        into.reset(from.width, from.height, from.format);
        into.data.copy_from_slice(&from.data);
        into.sequence = self.next;
        into.captured = Instant::now();
        self.next += 1;
        Ok(Read::Frame)
    }
}

fn memory_rate(path: &Path, frames: &Arc<Vec<Frame>>) -> f64 {
    let kept = Arc::clone(frames);
    let source = move |_: &Address, _: &CameraRequest| {
        let info =
            SourceInfo { size: (1280, 720), fps: Some(120.0), ..SourceInfo::new("memory", Pace::Live) };
        Ok(Box::new(Ready { frames: Arc::clone(&kept), info, next: 0, began: Instant::now() })
            as Box<dyn Source>)
    };
    let openers = Factories { source: Box::new(source), ..Factories::default() };
    let engine = Engine::start_with(EngineOptions::new(Arc::new(|| {})), openers);
    rate(&engine, path, Address::Pattern { width: 1280, height: 720, fps: 120 })
}

fn video_rate(path: &Path, video: &Path) -> f64 {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::AsFastAsPossible(true));
    engine.send(Command::Loop(true));
    rate(&engine, path, Address::Video(video.into()))
}

/// Results a second of a live engine, once it runs.
fn rate(engine: &Engine, path: &Path, address: Address) -> f64 {
    engine.send(Command::SetModel(ModelChoice { path: path.into(), ..ModelChoice::default() }));
    while engine.model().current.is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    engine.send(Command::Open { address, camera: CameraRequest::default() });
    while !matches!(&*engine.source(), SourceState::Playing { .. }) || engine.prediction().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(500));
    let (begin, before) = (Instant::now(), engine.stats().predicted);
    std::thread::sleep(SPAN);
    (engine.stats().predicted - before) as f64 / begin.elapsed().as_secs_f64()
}

/// Frames a second of `sightline predict` from its start to its end, and what it tells of its loop.
fn predict_rate(path: &Path, video: &Path) -> (f64, f64) {
    let mut predict = Program::new(env!("CARGO_BIN_EXE_sightline"));
    predict.arg("predict").arg(video).args(["--no-progress", "--model"]).arg(path);
    let (took, text) = output_of(predict).expect("it runs");
    let number = |before: &str| text.split(before).next()?.split_whitespace().last()?.parse().ok();
    let frames: f64 = number(" frames: ").expect("it tells how many frames it saw");
    (frames / took, number(" frames a second").unwrap_or(f64::NAN))
}

/// The same of the Python program. This and the rates below aren't numbers where a program isn't there.
fn python_rate(path: &Path, video: &Path, way: &str) -> (f64, f64) {
    let mut python = Program::new(peer("venv/bin/python"));
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/python_loop.py"));
    python.arg(video).arg(path).args(["--whole", way]);
    told_as_json(python)
}

fn usls_rate(path: &Path, version: &str, video: &Path) -> f64 {
    let mut program = Program::new(peer("bin/usls-loop"));
    program.arg(path).arg(version).arg(video).env("ORT_DYLIB_PATH", peer("lib/libonnxruntime.so"));
    told_as_json(program).0
}

fn ultralytics_rate(path: &Path, video: &Path) -> f64 {
    let mut program = Program::new(peer("bin/ultralytics-inference"));
    program.args(["predict", "--save", "false", "--model"]).arg(path).arg("--source").arg(video);
    program.env("LD_LIBRARY_PATH", peer("lib"));
    let Some((took, text)) = output_of(program) else { return f64::NAN };
    // A line a frame: "video 1/1 (frame 1/248) …".
    text.lines().filter(|line| line.contains("(frame ")).count() as f64 / took
}

fn peer(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(name)
}

/// The frames a second of a program as a whole, and those that it tells of its loop.
fn told_as_json(program: Program) -> (f64, f64) {
    let Some((took, text)) = output_of(program) else { return (f64::NAN, f64::NAN) };
    let line: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let number = |key: &str| line[key].as_f64().unwrap_or(f64::NAN);
    (number("frames") / took, number("fps"))
}

/// How many seconds a program took, and its output.
fn output_of(mut program: Program) -> Option<(f64, String)> {
    let begin = Instant::now();
    let output = program.stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some((begin.elapsed().as_secs_f64(), String::from_utf8_lossy(&output.stdout).into_owned()))
}
