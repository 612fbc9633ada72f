//! How cost grows: the input stage with the frame's size, output and scene with the number of objects.
//!
//! `cargo bench --bench growth`            tables
//! `cargo bench --bench growth -- FOLDER`  the same as line plots (SVG) too; `--rounds N` for more rounds than 30

mod common;

use std::path::Path;

use common::heads::Head;
use common::plot::{Line, lines};
use common::{Times, beside};
use sightline::model::{Task, labels::Labels};
use sightline::scene::{Scene, Style};

fn main() {
    let rounds = common::argument("--rounds").and_then(|n| n.parse().ok()).unwrap_or(30);
    let plots = [sizes(rounds), objects(rounds)];
    let folder = std::env::args().skip(1).find(|a| !a.starts_with("--") && a.parse::<u64>().is_err());
    let Some(folder) = folder else { return };
    for (name, svg) in plots {
        let file = Path::new(&folder).join(name);
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, svg));
        if let Err(error) = written {
            eprintln!("{} can't be written: {error}", file.display());
            std::process::exit(1);
        }
        println!("{}", file.display());
    }
}

/// The input stage for a 640×640 input, over the frame's megapixels.
fn sizes(rounds: usize) -> (&'static str, String) {
    let (picture, _) = common::picture();
    let mut plot = [
        Line { name: "pixels → tensor (640×640)", points: vec![] },
        Line { name: "copy of the frame", points: vec![] },
    ];
    println!("{:<12} {:>8} {:>10} {:>14}", "frame", "Mpixel", "input ms", "frame copy ms");
    for (width, height) in [(640, 480), (854, 480), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160)] {
        let frame = common::resized(&picture, width, height);
        let input = common::input_beside_copy(rounds, &frame, 640).0.median();
        let mut copy = frame.data.clone();
        let (copied, _) = beside(rounds, || copy.copy_from_slice(std::hint::black_box(&frame.data)), || {});
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
        let output = median(beside(rounds, || boxes.decode(), || {}));
        let mut masks = Head::with(count, 12.0, Task::Segment);
        masks.thresholds.max_det = 1000;
        let masked = median(beside(rounds, || masks.decode(), || {}));
        let (mut scene, labels, style) = (Scene::default(), Labels::default(), Style::default());
        let composed = median(beside(rounds, || scene.compose(&boxes.results, &labels, &style), || {}));
        let found = boxes.results.detections.len();
        println!("{count:<8} {found:>8} {output:>12.3} {masked:>10.3} {composed:>10.3}");
        for (line, ms) in plot.iter_mut().zip([output, masked, composed]) {
            line.points.push((count as f64, ms));
        }
    }
    println!();
    ("growth-objects.svg", lines("Output stage and scene over objects", "objects", "ms", &plot))
}
