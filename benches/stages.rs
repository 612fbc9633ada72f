//! Each stage compared with its floor, in one run: pixels → tensor, tensors → results, masks, MJPEG → pixels.
//!
//! `cargo bench --bench stages`                 the table
//! `cargo bench --bench stages -- --json FILE`  the same as JSON too; `--rounds N` for more rounds than 60
//!
//! If Python has numpy and OpenCV (`benches/peers/run.sh` installs them), its input and output stages are measured too, on the
//! same frame and the same tensor.

mod common;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use common::heads::Head;
use common::{Row, Times, compared};
use sightline::frame::convert::Decoder;
use sightline::frame::{Frame, PixelFormat};
use sightline::model::input::{InputStage, TensorMut};
use sightline::model::results::Detection;
use sightline::model::spec::{Detail, Resample};
use sightline::model::{Results, Task, labels::Labels};
use sightline::motion::Follower;
use sightline::scene::{Scene, Style};
use sightline::track::{Analyser, AnalyserOptions, TrackerOptions};
use turbojpeg::{Decompressor, Image, PixelFormat as Order, ScalingFactor, Subsamp};

fn main() -> anyhow::Result<()> {
    let rounds = common::argument("--rounds").and_then(|n| n.parse().ok()).unwrap_or(60);
    let (frame, name) = common::image();
    println!("1280×720: {name}; one thread; medians of {rounds} rounds, stage and floor in turn\n");
    let mut rows = input_rows(rounds, &frame);
    rows.extend(output_rows(rounds));
    rows.extend(mask_rows(rounds));
    rows.extend(jpeg_rows(rounds, &frame));
    rows.push(motion_row(rounds, &frame));
    rows.push(tracking_row(rounds));
    rows.extend(python_rows(rounds, &frame));
    rows.sort_by_key(|row| row.figure);
    common::print(&rows);
    if let Some(file) = common::argument("--json") {
        common::write(Path::new(&file), &format!("{:#}\n", common::json(&rows)))?;
    }
    Ok(())
}

fn row(figure: u32, stage: &str, goal: &'static str, floor: &'static str, times: (Times, Times)) -> Row {
    Row { figure, stage: stage.to_owned(), times: times.0, floor, floor_times: Some(times.1), goal }
}

const COPY: &str = "copy of the tensor";

fn input_rows(rounds: usize, frame: &Frame) -> Vec<Row> {
    let small = common::resized(frame, 640, 480);
    let large = common::resized(frame, 1920, 1080);
    let mut rows: Vec<Row> = [
        ("input 1280×720 RGBA → 640", frame, 640, "≤ 3× the copy"),
        ("input 1280×720 RGBA → 416", frame, 416, ""),
        ("input 1280×720 RGBA → 320", frame, 320, ""),
        ("input 640×480 RGBA → 640", &small, 640, ""),
        ("input 1920×1080 RGBA → 640", &large, 640, ""),
    ]
    .map(|(name, frame, side, goal)| {
        row(1, name, goal, COPY, common::input_compared_with_copy(rounds, frame, side))
    })
    .into();
    // A classifier's: the shorter side to 256, the middle 224, as Pillow resamples, beside OpenCV's way to 416.
    for (name, resample) in [("bilinear", Resample::Bilinear), ("bicubic", Resample::Bicubic)] {
        let times = common::input_of_classifier(rounds, frame, resample);
        let name = format!("input 1280×720 RGBA → 224, Pillow\u{2019}s {name}");
        rows.push(row(1, &name, "≤ 2× 1280×720 → 416", "OpenCV\u{2019}s → 416", times));
    }
    for format in [PixelFormat::Yuyv, PixelFormat::Nv12] {
        let raw = common::raw(frame, format);
        let (mut through, mut straight) =
            (InputStage::new(common::input(640)), InputStage::new(common::input(640)));
        let (mut decoder, mut rgba) = (Decoder::default(), Frame::default());
        let (mut a, mut b) = (vec![0f32; 640 * 640 * 3], vec![0f32; 640 * 640 * 3]);
        let times = compared(
            rounds,
            || {
                straight.write(black_box(&raw), TensorMut::F32(&mut a)).expect("fits");
            },
            || {
                decoder.decode(black_box(&raw), &mut rgba).expect("decoded");
                through.write(&rgba, TensorMut::F32(&mut b)).expect("fits");
            },
        );
        assert!(a == b, "both ways give the same tensor");
        let name = format!("input 1280×720 {} → 640", format.name());
        rows.push(row(1, &name, "", "by way of an RGBA frame", times));
    }
    rows
}

/// Moving 20 boxes from one frame to the next, the small grey image included.
fn motion_row(rounds: usize, frame: &Frame) -> Row {
    let mut moved = frame.clone();
    // The same picture three pixels to the right.
    moved.data.rotate_right(3 * 4);
    let mut follower = Follower::default();
    let mut results = Results::default();
    results.clear(Task::Detect, (frame.width, frame.height));
    for i in 0..20 {
        let (x, y) = (60.0 + (i % 5) as f32 * 230.0, 60.0 + (i / 5) as f32 * 160.0);
        results.detections.push(Detection::new(i, 0.9, [x, y, x + 120.0, y + 100.0]));
    }
    let mut sequence = 0_u32;
    let mut copy = Vec::new();
    let times = compared(
        rounds,
        || {
            let next = if sequence.is_multiple_of(2) { frame } else { &moved };
            let time = f64::from(sequence) / 30.0;
            follower.frame(black_box(next), time);
            if sequence == 0 {
                follower.result(&results, next.sequence, time);
                follower.advance();
            }
            sequence += 1;
        },
        || {
            copy.clear();
            copy.extend_from_slice(black_box(&frame.data));
        },
    );
    let mut shown = Results::default();
    follower.write(&mut shown);
    assert!(shown.detections.len() >= 15, "{} of 20 boxes are still followed", shown.detections.len());
    row(4, "motion, 20 boxes, 1280×720", "≤ 2 ms", "copy of the frame", times)
}

/// Joining the 50 detections of a frame with the tracks of the frames before.
fn tracking_row(rounds: usize) -> Row {
    let labels = Labels::coco80();
    let tracker = Some(TrackerOptions::default());
    let mut analyser = Analyser::new(AnalyserOptions { tracker, ..AnalyserOptions::default() });
    let (mut results, mut frame, mut shown) = (Results::default(), 0_u32, 0);
    let mut copy = Vec::new();
    // Objects drive to and fro, each a little off, as a detector finds them.
    let found = |frame: u32| {
        (0..50_u32).map(move |i| {
            let way = 60.0 * (frame as f32 / 40.0 + i as f32).sin();
            let off = ((frame * 7 + i * 13) % 5) as f32 - 2.0;
            let (x, y) = (60.0 + (i % 10) as f32 * 115.0 + way, 40.0 + (i / 10) as f32 * 130.0 + off);
            Detection::new(i % 3, 0.8, [x, y, x + 90.0 + off, y + 80.0])
        })
    };
    let last = found(0).collect::<Vec<_>>();
    let times = compared(
        rounds,
        || {
            results.clear(Task::Detect, (1280, 720));
            results.detections.extend(found(frame));
            let report = analyser.apply(black_box(&mut results), &labels, f64::from(frame) / 25.0, None);
            (shown, frame) = (report.tracks.len(), frame + 1);
        },
        || {
            copy.clear();
            copy.extend_from_slice(black_box(&last));
        },
    );
    assert!(shown >= 45, "{shown} of 50 objects are tracked");
    row(4, "tracking, 50 objects", "≤ 0.1 ms", "copy of the detections", times)
}

/// Decoding a head compared with a copy of what it reads.
fn decoded(rounds: usize, head: &mut Head) -> (Times, Times) {
    let head = std::cell::RefCell::new(head);
    let mut copy = Vec::new();
    compared(
        rounds,
        || head.borrow_mut().decode(),
        || {
            head.borrow().copy_into(black_box(&mut copy));
        },
    )
}

fn output_rows(rounds: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut head = Head::with(50, 40.0, Task::Detect);
    rows.push(row(2, "output 84×8400, 50 objects", "≤ 0.25 ms", COPY, decoded(rounds, &mut head)));
    assert!((40..=50).contains(&head.results.detections.len()), "{}", head.results.detections.len());
    let mut head = Head::worst();
    rows.push(row(2, "output 84×8400, every anchor passes", "≤ 5 ms", COPY, decoded(rounds, &mut head)));
    assert_eq!(head.results.detections.len(), head.thresholds.max_det - 1);
    rows
}

fn mask_rows(rounds: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let both = "copy of both tensors";
    let mut head = Head::with(20, 120.0, Task::Segment);
    rows.push(row(3, "output 116×8400, 20 masks, live", "≤ 3 ms", both, decoded(rounds, &mut head)));
    assert_eq!(head.results.masks.len(), 20);
    let (mut scene, labels, style) = (Scene::default(), Labels::default(), Style::default());
    let live = head.results.clone();
    let mut copy = Vec::new();
    let times = compared(
        rounds,
        || scene.compose(black_box(&live), &labels, &style),
        || {
            copy.clear();
            live.masks.iter().for_each(|mask| copy.extend_from_slice(black_box(&mask.data)));
        },
    );
    rows.push(row(3, "scene of 20 live masks", "", "copy of the masks", times));
    head.thresholds.detail = Detail::Full;
    rows.push(row(3, "output 116×8400, 20 masks, in full", "", both, decoded(rounds, &mut head)));
    rows
}

/// A JPEG without its Huffman tables, as many webcams send it.
fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let (mut bare, mut at) = (jpeg[..2].to_vec(), 2);
    while jpeg[at + 1] != 0xda {
        let len = 2 + usize::from(jpeg[at + 2]) * 256 + usize::from(jpeg[at + 3]);
        if jpeg[at + 1] != 0xc4 {
            bare.extend_from_slice(&jpeg[at..at + len]);
        }
        at += len;
    }
    bare.extend_from_slice(&jpeg[at..]);
    bare
}

fn jpeg_rows(rounds: usize, frame: &Frame) -> Vec<Row> {
    let image = Image {
        pixels: frame.data.as_slice(),
        width: frame.width as usize,
        pitch: frame.width as usize * 4,
        height: frame.height as usize,
        format: Order::RGBA,
    };
    let mut rows = Vec::new();
    for (name, sampling, tables) in [
        ("MJPEG 1280×720 4:2:2", Subsamp::Sub2x1, true),
        ("MJPEG 1280×720 4:2:2 without tables", Subsamp::Sub2x1, false),
        ("MJPEG 1280×720 4:2:0", Subsamp::Sub2x2, true),
    ] {
        let whole = turbojpeg::compress(image, 85, sampling).expect("compressed").to_vec();
        let data = if tables { whole } else { without_tables(&whole) };
        let raw = Frame { width: 1280, height: 720, format: PixelFormat::Mjpeg, data, ..Frame::default() };
        let (mut ours, mut out) = (Decoder::default(), Frame::default());
        let mut turbo = Decompressor::new().expect("turbojpeg");
        let mut pixels = vec![0u8; 1280 * 720 * 4];
        let mut floor = |scale: ScalingFactor| {
            let (width, height) = (scale.scale(1280), scale.scale(720));
            turbo.set_scaling_factor(scale).expect("a factor");
            let image =
                Image { pixels: pixels.as_mut_slice(), width, pitch: width * 4, height, format: Order::RGBA };
            turbo.decompress(black_box(&raw.data), image).expect("decoded");
        };
        let times = compared(
            rounds,
            || ours.decode(black_box(&raw), &mut out).expect("decoded"),
            || floor(ScalingFactor::ONE),
        );
        rows.push(row(5, name, "≤ turbojpeg", "turbojpeg alone", times));
        // Decoding to half the size in the DCT, as a possibility: what it would save.
        let floor = std::cell::RefCell::new(floor);
        let times = compared(
            rounds,
            || floor.borrow_mut()(ScalingFactor::ONE_HALF),
            || floor.borrow_mut()(ScalingFactor::ONE),
        );
        let name = format!("{name}, DCT to a half");
        rows.push(row(5, &name, "", "turbojpeg, whole", times));
    }
    rows
}

/// numpy's and OpenCV's input and output stages on the same frame and tensor, where Python has both.
fn python_rows(rounds: usize, frame: &Frame) -> Vec<Row> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("target/peers/venv/bin/python");
    let python = if own.is_file() { own } else { "python3".into() };
    let Ok(folder) = tempfile::tempdir() else { return Vec::new() };
    let bgr: Vec<u8> = frame.data.chunks_exact(4).flat_map(|p| [p[2], p[1], p[0]]).collect();
    let head = Head::with(50, 40.0, Task::Detect);
    let values: Vec<u8> = head.values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let written = std::fs::write(folder.path().join("frame.bgr"), bgr)
        .and_then(|()| std::fs::write(folder.path().join("head.f32"), values));
    let answer = written.and_then(|()| {
        let script = root.join("benches/peers/stages.py");
        Command::new(python).arg(script).arg(folder.path()).arg(rounds.to_string()).output()
    });
    let Some(answer) = answer.ok().filter(|a| a.status.success()) else {
        println!("(no Python with numpy and OpenCV: benches/peers/run.sh sets one up)\n");
        return Vec::new();
    };
    let Ok(output) = serde_json::from_slice::<serde_json::Value>(&answer.stdout) else { return Vec::new() };
    let times = |key: &str| {
        let list = output[key].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64);
        Times::of(list.collect())
    };
    vec![
        row(
            1,
            "numpy/OpenCV 1280×720 BGR → 640",
            "ours ≥ 5× faster",
            "numpy copy of the tensor",
            (times("input"), times("copy")),
        ),
        row(
            2,
            "numpy/OpenCV 84×8400, 50 objects",
            "",
            "numpy copy of the tensor",
            (times("output"), times("head_copy")),
        ),
    ]
}
