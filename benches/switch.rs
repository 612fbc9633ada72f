//! Switching models over a running preview: the preview never stops for it, no result carries another model's
//! label, and nothing grows.
//!
//! `cargo bench --bench switch`                 100 switches between three models over a 30 fps source
//! `cargo bench --bench switch -- --switches N`  another number
//! `cargo bench --bench switch -- compare`       two and three models on the same frames of that source
//! `cargo bench --bench switch -- pace`          results a second of one session and of two on alternate frames
//! `cargo bench --bench switch -- side-by-side`  what two models cost each other when they run at the same time
//!
//! Models are those of `../shared/models`, or of the folder that `SIGHTLINE_TEST_DATA` names.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use sightline::engine::{Command, Engine, EngineOptions, ModelChoice, ResultPace, SourceState};
use sightline::frame::Frame;
use sightline::model::{Model, OpenOptions, Results, Thresholds};
use sightline::source::{Address, CameraRequest};

const MODELS: [&str; 3] = ["yolox_nano.onnx", "yolo11n_int8.onnx", "mobilenet_v2_int8.onnx"];
const INTERVAL: Duration = Duration::from_nanos(1_000_000_000 / 30);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let models: Vec<PathBuf> = MODELS.iter().map(|name| models_folder().join(name)).collect();
    if let Some(missing) = models.iter().find(|path| !path.is_file()) {
        bail!("{} is missing; SIGHTLINE_TEST_DATA can name the folder above \"models\"", missing.display());
    }
    if arguments.iter().any(|a| a == "side-by-side") {
        side_by_side(&models);
        return Ok(());
    }
    if arguments.iter().any(|a| a == "compare") {
        compare(&models);
        return Ok(());
    }
    if arguments.iter().any(|a| a == "pace") {
        pace(&models[1]);
        return Ok(());
    }
    let switches = arguments.iter().skip_while(|a| *a != "--switches").nth(1);
    switch(&models, switches.and_then(|n| n.parse().ok()).unwrap_or(100))
}

fn models_folder() -> PathBuf {
    let data = std::env::var_os("SIGHTLINE_TEST_DATA").map(PathBuf::from);
    data.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").into()).join("models")
}

/// What is watched while models change.
#[derive(Default)]
struct Watch {
    /// The sequence number and time of the last frame for the screen.
    previewed: Option<(u64, Instant)>,
    longest_gap: Duration,
    /// Predictions of a model that neither runs nor is just being taken up.
    mislabelled: u64,
    /// Looks at the newest prediction that found none.
    without: u64,
    predictions: u64,
    seen: Option<(u64, usize)>,
}

impl Watch {
    /// Reads what the screen would show now.
    fn look(&mut self, engine: &Engine) {
        if let Some(frame) = engine.preview()
            && self.previewed.is_none_or(|(sequence, _)| sequence != frame.sequence)
        {
            let now = Instant::now();
            if let Some((_, last)) = self.previewed {
                self.longest_gap = self.longest_gap.max(now - last);
            }
            self.previewed = Some((frame.sequence, now));
        }
        // The prediction comes first and the state right after it: read in this order, both are of the same moment or the
        // state is the newer one.
        let before = engine.model().current.clone();
        let prediction = engine.prediction();
        let after = engine.model().current.clone();
        let Some(prediction) = prediction else {
            self.without += u64::from(before.is_some());
            return;
        };
        let key = (prediction.frame.sequence, Arc::as_ptr(&prediction.model) as usize);
        if self.seen.replace(key) != Some(key) {
            self.predictions += 1;
        }
        let is = |model: &Option<Arc<_>>| {
            model.as_ref().is_some_and(|model| Arc::ptr_eq(model, &prediction.model))
        };
        if !is(&before) && !is(&after) {
            // Between the two stores of the inference worker: it must come right in an instant.
            std::thread::sleep(Duration::from_millis(1));
            self.mislabelled += u64::from(
                !is(&engine.model().current)
                    && engine.prediction().is_some_and(|o| Arc::ptr_eq(&o, &prediction)),
            );
        }
    }
}

/// An engine on a 30 fps source.
fn start() -> Engine {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    let address = Address::Pattern { width: 1280, height: 720, fps: 30 };
    engine.send(Command::Open { address, camera: CameraRequest::default() });
    while !matches!(&*engine.source(), SourceState::Playing { .. }) {
        std::thread::sleep(Duration::from_millis(1));
    }
    engine
}

/// The image while models are compared.
fn compare(models: &[PathBuf]) {
    let engine = start();
    let choice = |path: &PathBuf| ModelChoice { path: path.clone(), ..ModelChoice::default() };
    engine.send(Command::SetModel(choice(&models[0])));
    println!("\n1280×720 at 30 fps");
    println!(
        "{:>7} {:>12} {:>16} {:>12} {:>13}  medians ms",
        "models", "preview fps", "longest gap ms", "results/s", "resident MB"
    );
    for count in [2, 3, 2, 3] {
        engine.send(Command::Compare(models[1..count].iter().map(choice).collect()));
        let all = |c: &sightline::engine::Comparison| c.predictions.iter().flatten().count() == count;
        while !engine.comparison().is_some_and(|c| all(&c)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut watch = Watch::default();
        let until = Instant::now() + Duration::from_secs(6);
        while Instant::now() < until {
            watch.look(&engine);
            std::thread::sleep(Duration::from_micros(500));
        }
        let stats = engine.stats();
        let medians: Vec<String> =
            (0..count).map(|place| format!("{:.1}", engine.model_stats(place).total.median)).collect();
        println!(
            "{count:>7} {:>12.1} {:>16.1} {:>12.1} {:>13.1}  {}",
            stats.preview_fps,
            watch.longest_gap.as_secs_f64() * 1000.0,
            engine.model_stats(0).fps,
            resident_mb(),
            medians.join(", ")
        );
    }
}

/// One session and two, in turn, and what the automatic choice makes of it.
fn pace(model: &std::path::Path) {
    let engine = start();
    engine.send(Command::SetModel(ModelChoice { path: model.to_owned(), ..ModelChoice::default() }));
    println!("\n1280×720 at 30 fps, {}", model.display());
    println!("{:>10} {:>12} {:>12} {:>15}", "pace", "results/s", "preview fps", "result age ms");
    for pace in [ResultPace::Fresh, ResultPace::Smooth, ResultPace::Fresh, ResultPace::Smooth] {
        engine.send(Command::Pace(pace));
        let begin = Instant::now();
        while engine.pace().smooth != (pace == ResultPace::Smooth)
            && begin.elapsed() < Duration::from_secs(20)
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_secs(7));
        let s = engine.stats();
        let (name, age) = (format!("{pace:?}"), s.prediction_age.median);
        println!("{name:>10} {:>12.1} {:>12.1} {age:>15.1}", s.inference_fps, s.preview_fps);
    }
    engine.send(Command::Pace(ResultPace::Automatic));
    engine.send(Command::Open {
        address: Address::Pattern { width: 1280, height: 720, fps: 30 },
        camera: CameraRequest::default(),
    });
    std::thread::sleep(Duration::from_secs(14));
    println!("automatic: {:?}", engine.pace());
}

fn switch(models: &[PathBuf], switches: usize) -> anyhow::Result<()> {
    let engine = start();
    let mut watch = Watch::default();
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    println!("\n1280×720 at 30 fps, {switches} switches between {} models", models.len());
    println!("{:>9} {:>13} {:>16}", "switches", "resident MB", "longest gap ms");
    println!("{:>9} {:>13.1} {:>16}", 0, resident_mb(), "");
    for n in 0..switches {
        let path = &models[n % models.len()];
        let asked = Instant::now();
        engine.send(Command::SetModel(ModelChoice { path: path.clone(), ..ModelChoice::default() }));
        loop {
            watch.look(&engine);
            if let Some((path, error)) = &engine.model().failed {
                bail!("{}: {error} {}", path.display(), error.fix());
            }
            if engine.prediction().is_some_and(|o| o.model.path == *path) {
                break;
            }
            assert!(asked.elapsed() < Duration::from_mins(1), "{} never ran", path.display());
            std::thread::sleep(Duration::from_micros(500));
        }
        let took = asked.elapsed().as_secs_f64() * 1000.0;
        if n < models.len() {
            cold.push(took);
        } else {
            warm.push(took);
        }
        // A few frames with it before the next one.
        let until = Instant::now() + Duration::from_millis(200);
        while Instant::now() < until {
            watch.look(&engine);
            std::thread::sleep(Duration::from_micros(500));
        }
        if [20, switches].contains(&(n + 1)) {
            let gap = watch.longest_gap.as_secs_f64() * 1000.0;
            println!("{:>9} {:>13.1} {gap:>16.1}", n + 1, resident_mb());
        }
    }
    let beyond = watch.longest_gap.saturating_sub(INTERVAL);
    println!(
        "longest gap between two previewed frames, beyond the interval: {:.1} ms",
        beyond.as_secs_f64() * 1000.0
    );
    println!("from asking to the first result, cold: {}", spread(&mut cold));
    println!("from asking to the first result, warm: {}", spread(&mut warm));
    println!(
        "results seen: {}; with another model's label: {}; runs that found none: {}",
        watch.predictions, watch.mislabelled, watch.without
    );
    Ok(())
}

/// What two models cost each other when they run at the same time, each on a thread of its own: whether a comparison
/// should run them one after the other.
fn side_by_side(models: &[PathBuf]) {
    const RUNS: u32 = 60;
    let frame = Frame::filled(1280, 720, [90, 120, 150, 255]);
    let run = |path: &PathBuf| {
        let options = OpenOptions {
            threads: Some(sightline::model::session::live_threads()),
            ..OpenOptions::default()
        };
        let mut model = Model::open(path, &options).expect("a model of the test data");
        model.warm_up().expect("runs");
        move |frame: &Frame| {
            let (mut results, limits) = (Results::default(), Thresholds::default());
            let mut times: Vec<f64> = (0..RUNS)
                .map(|_| f64::from(model.run(frame, &limits, &mut results).expect("runs").total))
                .collect();
            times.sort_unstable_by(f64::total_cmp);
            times[times.len() / 2]
        }
    };
    let (mut first, mut second) = (run(&models[0]), run(&models[1]));
    println!("\nmedian ms a frame, {} and {}", MODELS[0], MODELS[1]);
    for round in 1..=3 {
        let alone = (first(&frame), second(&frame));
        let together = std::thread::scope(|scope| {
            let other = scope.spawn(|| second(&frame));
            (first(&frame), other.join().expect("no panic"))
        });
        println!(
            "round {round}: alone {:.1} and {:.1}, at the same time {:.1} and {:.1}; ratio of the two {:.2} and {:.2}",
            alone.0,
            alone.1,
            together.0,
            together.1,
            alone.1 / alone.0,
            together.1 / together.0
        );
    }
}

/// "median (from … to …) ms".
fn spread(values: &mut [f64]) -> String {
    values.sort_unstable_by(f64::total_cmp);
    match (values.first(), values.last()) {
        (Some(low), Some(high)) => {
            format!("{:.1} ms (from {low:.1} to {high:.1}, {} times)", values[values.len() / 2], values.len())
        }
        _ => "–".into(),
    }
}

/// Resident memory of this process, in megabytes; 0 if the system doesn't tell.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
