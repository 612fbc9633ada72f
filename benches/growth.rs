//! How cost grows: the input stage with the frame's size, output and scene with the number of objects, the whole loop with the
//! number of sources and of models on each.
//!
//! `cargo bench --bench growth`            tables
//! `cargo bench --bench growth -- FOLDER`  the same as line plots (SVG) too; `--rounds N` for more rounds than 30

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::heads::Head;
use common::plot::{Line, lines};
use common::{Times, compared};
use sightline::engine::{Command, Engine, EngineOptions, ModelChoice};
use sightline::model::{Task, labels::Labels};
use sightline::scene::{Scene, Style};
use sightline::source::{Address, CameraRequest};

fn main() -> anyhow::Result<()> {
    let rounds = common::argument("--rounds").and_then(|n| n.parse().ok()).unwrap_or(30);
    let plots = [sizes(rounds), objects(rounds), sources()];
    if let Some(folder) = common::folder_argument() {
        for (name, svg) in plots {
            common::write(&folder.join(name), &svg)?;
        }
    }
    Ok(())
}

/// The input stage for a 640×640 input, over the frame's megapixels.
fn sizes(rounds: usize) -> (&'static str, String) {
    let (image, _) = common::image();
    let mut plot = [
        Line { name: "pixels → tensor (640×640)", points: vec![] },
        Line { name: "copy of the frame", points: vec![] },
    ];
    println!("{:<12} {:>8} {:>10} {:>14}", "frame", "Mpixel", "input ms", "frame copy ms");
    for (width, height) in [(640, 480), (854, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160)] {
        let frame = common::resized(&image, width, height);
        let input = common::input_compared_with_copy(rounds, &frame, 640).0.median();
        let mut copy = frame.data.clone();
        let (copied, _) = compared(rounds, || copy.copy_from_slice(std::hint::black_box(&frame.data)), || {});
        let (mega, copied) = (f64::from(width * height) / 1e6, copied.median());
        println!("{:<12} {mega:>8.2} {input:>10.3} {copied:>14.3}", format!("{width}×{height}"));
        plot[0].points.push((mega, input));
        plot[1].points.push((mega, copied));
    }
    println!();
    ("growth-frame-size.svg", lines("Input stage over frame size", "megapixels", "ms", &plot))
}

/// Output stage (with masks and without) and scene, over the number of objects.
fn objects(rounds: usize) -> (&'static str, String) {
    let mut plot = ["output, boxes", "output, boxes and masks", "scene, boxes and labels"]
        .map(|name| Line { name, points: vec![] });
    println!("{:<8} {:>8} {:>12} {:>10} {:>10}", "objects", "found", "output ms", "masks ms", "scene ms");
    for count in [1, 10, 50, 100, 200, 300, 500, 700, 1000] {
        let median = |times: (Times, Times)| times.0.median();
        let mut boxes = Head::with(count, 12.0, Task::Detect);
        boxes.thresholds.max_det = 1000;
        let output = median(compared(rounds, || boxes.decode(), || {}));
        let mut masks = Head::with(count, 12.0, Task::Segment);
        masks.thresholds.max_det = 1000;
        let masked = median(compared(rounds, || masks.decode(), || {}));
        let (mut scene, labels, style) = (Scene::default(), Labels::default(), Style::default());
        let composed = median(compared(rounds, || scene.compose(&boxes.results, &labels, &style), || {}));
        let found = boxes.results.detections.len();
        println!("{count:<8} {found:>8} {output:>12.3} {masked:>10.3} {composed:>10.3}");
        for (line, ms) in plot.iter_mut().zip([output, masked, composed]) {
            line.points.push((count as f64, ms));
        }
    }
    println!();
    ("growth-objects.svg", lines("Output stage and scene over objects", "objects", "ms", &plot))
}

/// Frames a second of each source: few enough that two cores process all of them.
const RATE: u32 = 3;

/// Processor time a second of the whole loop: that many sources, each with that many models.
fn sources() -> (&'static str, String) {
    let model = common::data_folder().join("models/selfie_segmentation.onnx");
    let mut plot =
        ["1 model a source", "2 models", "3 models", "4 models"].map(|name| Line { name, points: vec![] });
    println!(
        "{:<8} {:>7} {:>14} {:>18} {:>16}",
        "sources", "models", "results/s", "processor ms/s", "ms a result"
    );
    for (models, line) in (1..).zip(&mut plot) {
        for sources in [1, 2, 4, 8] {
            let engines: Vec<Engine> = (0..sources).map(|_| running(&model, models)).collect();
            std::thread::sleep(Duration::from_millis(1500));
            let looked = |engines: &[Engine]| engines.iter().map(|e| e.stats().predicted).sum::<u64>();
            let before = (looked(&engines), processor_ms());
            std::thread::sleep(Duration::from_secs(4));
            let after = (looked(&engines), processor_ms());
            let (results, ms) =
                ((after.0 - before.0) as f64 / 4.0 * models as f64, (after.1 - before.1) / 4.0);
            println!("{sources:<8} {models:>7} {results:>14.1} {ms:>18.1} {:>16.2}", ms / results.max(1e-9));
            line.points.push((f64::from(sources), ms));
        }
    }
    println!();
    (
        "growth-sources.svg",
        lines("Processor time of the loop, 3 frames a second a source", "sources", "ms/s", &plot),
    )
}

/// A source at its rate with so many models.
fn running(model: &Path, models: usize) -> Engine {
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    let choice = |threads| {
        let mut choice = ModelChoice { path: model.into(), ..ModelChoice::default() };
        choice.options.threads = Some(threads);
        choice
    };
    engine.send(Command::SetModel(choice(1)));
    engine.send(Command::Compare((1..models).map(|_| choice(1)).collect()));
    while engine.model().current.is_none() {
        std::thread::sleep(Duration::from_millis(5));
    }
    engine.send(Command::Open {
        address: Address::Pattern { width: 640, height: 360, fps: RATE },
        camera: CameraRequest::default(),
    });
    engine
}

/// Processor time of this process, in milliseconds.
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    // A tick is a hundredth of a second.
    (ticks(11) + ticks(12)) * 10.0
}
