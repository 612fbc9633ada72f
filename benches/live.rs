//! The live loop's promises, measured: the preview never waits for the model, and nothing grows.
//!
//! `cargo bench --bench live -- slow-model`  a 30 fps source and a model slowed to 400 ms a frame
//! `cargo bench --bench live -- memory`      20,000 frames of the test pattern: resident memory and allocations
//! `cargo bench --bench live`                both
//!
//! `--model FILE` takes another model than `../shared/models/yolox_nano.onnx`; `--frames N` another number of frames.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::bail;
use sightline::engine::{Command, Engine, EngineOptions, ModelChoice, SourceState};
use sightline::model::{Model, OpenOptions};
use sightline::source::{Address, CameraRequest};

/// Counts what the Rust side asks of the heap. ONNX Runtime has its own arena and isn't seen here.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "a global allocator can't be written otherwise; it only counts and passes on")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size() as u64, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let value = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).cloned();
    let model = value("--model").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/yolox_nano.onnx")),
        PathBuf::from,
    );
    let frames = value("--frames").and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let chosen = |name: &str| {
        let named = ["slow-model", "memory"].iter().any(|n| arguments.iter().any(|a| a == n));
        !named || arguments.iter().any(|a| a == name)
    };
    if chosen("slow-model") {
        slow_model(&model)?;
    }
    if chosen("memory") {
        memory(&model, frames)?;
    }
    Ok(())
}

fn start(model: &std::path::Path, fps: u32) -> anyhow::Result<Engine> {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::SetModel(ModelChoice { path: model.to_owned(), ..ModelChoice::default() }));
    let begin = Instant::now();
    while engine.model().current.is_none() {
        if let Some((path, error)) = &engine.model().failed {
            bail!("{}: {error} {}", path.display(), error.fix());
        }
        assert!(begin.elapsed() < Duration::from_mins(1), "the model didn't open");
        std::thread::sleep(Duration::from_millis(5));
    }
    let address = Address::Pattern { width: 1280, height: 720, fps };
    engine.send(Command::Open { address, camera: CameraRequest::default() });
    while !matches!(&*engine.source(), SourceState::Playing { .. }) {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(engine)
}

/// The preview's rate and age with a model of 400 ms.
fn slow_model(model: &std::path::Path) -> anyhow::Result<()> {
    let engine = start(model, 30)?;
    engine.send(Command::SlowDown(400));
    // Figures look back three seconds; the first are of the start.
    std::thread::sleep(Duration::from_secs(5));
    println!("\n1280×720 at 30 fps, model slowed to 400 ms");
    println!(
        "{:>8} {:>12} {:>14} {:>16} {:>16} {:>9}",
        "second", "preview fps", "inference fps", "preview age ms", "result age ms", "dropped"
    );
    for second in 1..=10 {
        std::thread::sleep(Duration::from_secs(1));
        let s = engine.stats();
        println!(
            "{second:>8} {:>12.1} {:>14.2} {:>7.1} / {:>6.1} {:>7.1} / {:>6.1} {:>9}",
            s.preview_fps,
            s.inference_fps,
            s.preview_age.median,
            s.preview_age.p95,
            s.prediction_age.median,
            s.prediction_age.p95,
            s.dropped
        );
    }
    println!(
        "(ages: median / 95th percentile, from the frame's time to \"ready for the screen\" and \"result ready\")"
    );
    let begin = Instant::now();
    drop(engine);
    println!("stopping took {:.0} ms", begin.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}

/// Resident memory and heap allocations over many frames.
fn memory(model: &std::path::Path, frames: u64) -> anyhow::Result<()> {
    let engine = start(model, 1000)?;
    println!("\ntest pattern 1280×720 as fast as it can be drawn, every tenth of the frames");
    println!(
        "{:>8} {:>9} {:>13} {:>15} {:>16}",
        "frames", "runs", "resident MB", "allocs/frame", "alloc'd B/frame"
    );
    let step = (frames / 10).max(1);
    let (mut shown, mut runs) = (0u64, 0u64);
    let (mut last_frame, mut last_prediction) = (None, None);
    let mut next = step;
    let mut mark = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
    while shown < frames {
        if let Some(frame) = engine.preview()
            && last_frame != Some(frame.sequence)
        {
            last_frame = Some(frame.sequence);
            shown += 1;
        }
        if let Some(prediction) = engine.prediction()
            && last_prediction != Some(prediction.frame.sequence)
        {
            last_prediction = Some(prediction.frame.sequence);
            runs += 1;
        }
        if shown >= next {
            let now = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
            let per = |n: u64| n as f64 / step as f64;
            println!(
                "{shown:>8} {runs:>9} {:>13.1} {:>15.2} {:>16.0}",
                resident_mb(),
                per(now.0 - mark.0),
                per(now.1 - mark.1)
            );
            next += step;
            mark = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    drop(engine);
    // What is left belongs to the runtime's wrapper, which names and wraps the outputs of every run.
    let mut model = Model::open(model, &OpenOptions::default())?;
    model.warm_up()?;
    let before = ALLOCATIONS.load(Relaxed);
    for _ in 0..100 {
        model.bare_run()?;
    }
    println!(
        "session.run alone: {:.2} allocations a run",
        (ALLOCATIONS.load(Relaxed) - before) as f64 / 100.0
    );
    Ok(())
}

/// Resident memory of this process, in megabytes; 0 if the system doesn't tell.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
