//! What recording costs: the preview and the results with and without it, in turns in one run.
//!
//! `cargo bench --bench record`; `--model FILE` takes another model than `../shared/models/yolox_nano.onnx`, `--seconds N` other
//! times than 8 s a turn.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use sightline::engine::{Command, Engine, EngineOptions, ModelChoice, SourceState, Stats};
use sightline::record::{Phase, RecordOptions, Recorder, TAP_QUEUE, What};
use sightline::source::{Address, CameraRequest};

const FPS: u32 = 30;
/// Turns with and without a recording.
const TURNS: usize = 3;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let value = |name: &str| arguments.iter().skip_while(|a| *a != name).nth(1).cloned();
    let model = value("--model").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/models/yolox_nano.onnx")),
        PathBuf::from,
    );
    let seconds = value("--seconds").and_then(|n| n.parse().ok()).unwrap_or(8);
    let folder = tempfile::tempdir()?;
    println!("{FPS} fps, {}; both videos, MP4, {}", model.display(), encoder()?);
    println!("size       recording   preview fps   age ms p50 / p95   results/s   frames left out");
    for (width, height) in [(1280, 720), (1920, 1080)] {
        let engine = start(&model, width, height)?;
        let recorder = Recorder::start(Arc::new(|| {}))?;
        for turn in 0..TURNS {
            measure(&engine, seconds, &format!("{width}×{height}"), "no", 0);
            let options = RecordOptions {
                folder: Some(folder.path().to_owned()),
                what: What::Both,
                ..RecordOptions::default()
            };
            recorder.record(engine.tap(TAP_QUEUE), options);
            wait("recording begins", || recorder.status().phase == Phase::Recording)?;
            std::thread::sleep(Duration::from_secs(4));
            let before = recorder.status();
            measure(&engine, seconds, &format!("{width}×{height}"), "yes", recorder.status().left_out);
            let after = recorder.status();
            recorder.stop();
            let told = recorder.happenings().recv_timeout(Duration::from_mins(1))?;
            let recorded = after.elapsed.as_secs_f64() - before.elapsed.as_secs_f64();
            println!(
                "           turn {}: {recorded:.1} s recorded in {seconds} s, {} of {:.0} frames left out, {:.1} MB",
                turn + 1,
                after.left_out,
                after.elapsed.as_secs_f64() * f64::from(FPS),
                after.bytes as f64 / 1e6
            );
            if let sightline::record::Happening::Failed(error) = told {
                bail!("{error}");
            }
            // The copy that can be sought.
            std::thread::sleep(Duration::from_secs(3));
        }
    }
    Ok(())
}

fn encoder() -> anyhow::Result<&'static str> {
    let container = sightline::record::Container::Mp4;
    Ok(sightline::record::best(container, (1280, 720)).map_err(|e| anyhow::anyhow!("{e} {}", e.fix()))?.name)
}

/// The figures of the last three seconds, several times.
fn measure(engine: &Engine, seconds: u64, size: &str, recording: &str, left_out: u64) {
    let mut all: Vec<Stats> = Vec::new();
    let until = Instant::now() + Duration::from_secs(seconds);
    // Figures look back three seconds.
    std::thread::sleep(Duration::from_secs(3));
    while Instant::now() < until {
        all.push(engine.stats());
        std::thread::sleep(Duration::from_millis(500));
    }
    let mean = |of: &dyn Fn(&Stats) -> f32| all.iter().map(of).sum::<f32>() / all.len().max(1) as f32;
    println!(
        "{size:<10} {recording:<11} {:>11.1} {:>9.1} / {:<7.1} {:>10.1}   {left_out:>12}",
        mean(&|s| s.preview_fps),
        mean(&|s| s.preview_age.median),
        mean(&|s| s.preview_age.p95),
        mean(&|s| s.inference_fps),
    );
}

fn start(model: &std::path::Path, width: u32, height: u32) -> anyhow::Result<Engine> {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    engine.send(Command::SetModel(ModelChoice { path: model.to_owned(), ..ModelChoice::default() }));
    wait("the model opens", || engine.model().current.is_some() || engine.model().failed.is_some())?;
    if let Some((path, error)) = &engine.model().failed {
        bail!("{}: {error} {}", path.display(), error.fix());
    }
    let address = Address::Pattern { width, height, fps: FPS };
    engine.send(Command::Open { address, camera: CameraRequest::default() });
    wait("the source plays", || matches!(&*engine.source(), SourceState::Playing { .. }))?;
    std::thread::sleep(Duration::from_secs(4));
    Ok(engine)
}

fn wait(what: &str, is: impl Fn() -> bool) -> anyhow::Result<()> {
    let begin = Instant::now();
    while !is() {
        if begin.elapsed() > Duration::from_mins(1) {
            bail!("{what}: it didn't within a minute");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
