//! What the benchmarks share: a stage compared with its floor, tables, JSON, plots, and frames and tensors to measure with.
//!
//! A claim of speed is a ratio within one run. Stage and floor are therefore taken in turn, round by round, so that a busy
//! machine slows both.
#![allow(dead_code, reason = "each benchmark uses its part")]

pub mod heads;
pub mod plot;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use sightline::frame::{Frame, PixelFormat};
use sightline::model::input::{InputStage, TensorMut};
use sightline::model::spec::{ColourOrder, Element, Fit, InputSpec, Layout, Range, Resample, Size};
use sightline::source::pattern::Pattern;
use sightline::source::{Source as _, images};

/// Times of one thing, in milliseconds, sorted.
#[derive(Clone, Debug)]
pub struct Times(Vec<f64>);

impl Times {
    pub fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        Self(ms)
    }

    /// The value below which `share` (0..=1) of the times lie.
    pub fn percentile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    pub fn median(&self) -> f64 {
        self.percentile(0.5)
    }
}

/// A stage compared with its floor.
#[derive(Clone, Debug)]
pub struct Row {
    /// The row of the table in docs/performance.md.
    pub figure: u32,
    pub stage: String,
    pub times: Times,
    pub floor: &'static str,
    pub floor_times: Option<Times>,
    /// The goal, in words.
    pub goal: &'static str,
}

/// Measures stage and floor in turn, after a few rounds of warm-up.
pub fn compared(rounds: usize, mut stage: impl FnMut(), mut floor: impl FnMut()) -> (Times, Times) {
    let (mut stages, mut floors) = (Vec::new(), Vec::new());
    for round in 0..rounds + 3 {
        let (a, b) = (ms(&mut stage), ms(&mut floor));
        if round >= 3 {
            stages.push(a);
            floors.push(b);
        }
    }
    (Times::of(stages), Times::of(floors))
}

/// How long a call takes, in milliseconds.
pub fn ms(f: &mut impl FnMut()) -> f64 {
    let begin = Instant::now();
    f();
    begin.elapsed().as_secs_f64() * 1e3
}

/// Prints rows as a table.
pub fn print(rows: &[Row]) {
    println!(
        "{:>3}  {:<40} {:>9} {:>9}  {:<26} {:>9} {:>6}  goal",
        "fig", "stage", "median ms", "p95 ms", "floor", "floor ms", "ratio"
    );
    for row in rows {
        let floor = row.floor_times.as_ref().map(Times::median);
        let number =
            |value: Option<f64>, digits: usize| value.map_or(String::new(), |v| format!("{v:.digits$}"));
        println!(
            "{:>3}  {:<40} {:>9.3} {:>9.3}  {:<26} {:>9} {:>6}  {}",
            row.figure,
            row.stage,
            row.times.median(),
            row.times.percentile(0.95),
            row.floor,
            number(floor, 3),
            number(floor.map(|f| row.times.median() / f), 2),
            row.goal,
        );
    }
}

/// The rows as JSON: a list of objects.
pub fn json(rows: &[Row]) -> serde_json::Value {
    let three = |v: f64| (v * 1e3).round() / 1e3;
    let objects = rows.iter().map(|row| {
        let floor = row.floor_times.as_ref();
        serde_json::json!({
            "figure": row.figure,
            "stage": row.stage,
            "median_ms": three(row.times.median()),
            "p95_ms": three(row.times.percentile(0.95)),
            "floor": row.floor,
            "floor_median_ms": floor.map(|f| three(f.median())),
            "floor_p95_ms": floor.map(|f| three(f.percentile(0.95))),
            "ratio": floor.map(|f| three(row.times.median() / f.median())),
            "goal": row.goal,
        })
    });
    objects.collect()
}

/// Creates the folder, writes the file and prints its name.
pub fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let written =
        file.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(file, text));
    written.with_context(|| format!("{} can't be written", file.display()))?;
    println!("{}", file.display());
    Ok(())
}

/// The folder of the sample models and media.
pub fn data_folder() -> PathBuf {
    PathBuf::from(std::env::var_os("SIGHTLINE_TEST_DATA").unwrap_or_else(|| "../shared".into()))
}

/// The argument that belongs to no option: a folder for the results.
pub fn folder_argument() -> Option<PathBuf> {
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo adds this one.
            "--bench" => {}
            option if option.starts_with("--") => drop(arguments.next()),
            _ => return Some(argument.into()),
        }
    }
    None
}

/// The value that follows an option on the command line.
pub fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|a| a != name).nth(1)
}

/// The street scene of the samples, 1280×720, or the test pattern if the samples are missing.
pub fn image() -> (Frame, &'static str) {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/media/traffic_060.jpg");
    let mut frame = Frame::default();
    let loaded = images::load(Path::new(sample), &mut frame, &mut None);
    if loaded.is_ok() && (frame.width, frame.height) == (1280, 720) {
        return (frame, "traffic_060.jpg");
    }
    let mut pattern = Pattern::new(1280, 720, 1000);
    pattern.read(&mut frame, Duration::from_secs(1)).expect("a pattern");
    (frame, "the test pattern")
}

/// A frame of another size, its pixels taken from `from` by nearest neighbour.
pub fn resized(from: &Frame, width: u32, height: u32) -> Frame {
    let mut frame = Frame::filled(width, height, [0, 0, 0, 255]);
    for (i, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i as u32 % width * from.width / width, i as u32 / width * from.height / height);
        pixel.copy_from_slice(&from.data[((y * from.width + x) * 4) as usize..][..4]);
    }
    frame
}

/// The image as a camera gives it raw: luma of BT.601, colours left out, since no stage's time depends on them.
pub fn raw(from: &Frame, format: PixelFormat) -> Frame {
    let mut frame = Frame { width: from.width, height: from.height, format, ..Frame::default() };
    frame.data = vec![128; format.byte_len(from.width, from.height).expect("uncompressed")];
    let step = if format == PixelFormat::Yuyv { 2 } else { 1 };
    for (to, p) in frame.data.iter_mut().step_by(step).zip(from.data.chunks_exact(4)) {
        *to = ((u32::from(p[0]) * 66 + u32::from(p[1]) * 129 + u32::from(p[2]) * 25) / 256 + 16) as u8;
    }
    frame
}

/// A square letterboxed input of 32-bit planes, as YOLO models have it.
pub fn input(side: u32) -> InputSpec {
    InputSpec {
        name: String::new(),
        layout: Layout::Nchw,
        element: Element::F32,
        size: Size::Fixed { width: side, height: side },
        fit: Fit::LETTERBOX,
        resample: Resample::OpenCv,
        order: ColourOrder::Rgb,
        range: Range::UNIT,
        extras: Vec::new(),
    }
}

/// A classifier's input stage with a kernel of Pillow's, compared with a detector's of 416×416.
pub fn input_of_classifier(rounds: usize, frame: &Frame, resample: Resample) -> (Times, Times) {
    let fit = Fit::CentreCrop { resize: 256 };
    let mut classifier = InputStage::new(InputSpec { fit, resample, ..input(224) });
    let mut detector = InputStage::new(input(416));
    let (mut small, mut large) = (vec![0f32; 224 * 224 * 3], vec![0f32; 416 * 416 * 3]);
    compared(
        rounds,
        || {
            classifier.write(black_box(frame), TensorMut::F32(&mut small)).expect("the frame fits");
            black_box(&mut small);
        },
        || {
            detector.write(black_box(frame), TensorMut::F32(&mut large)).expect("the frame fits");
            black_box(&mut large);
        },
    )
}

/// The input stage compared with a copy of its tensor.
pub fn input_compared_with_copy(rounds: usize, frame: &Frame, side: u32) -> (Times, Times) {
    let mut stage = InputStage::new(input(side));
    let mut tensor = vec![0f32; (side * side * 3) as usize];
    let (source, mut copy) = (tensor.clone(), tensor.clone());
    let write = || {
        stage.write(black_box(frame), TensorMut::F32(&mut tensor)).expect("the frame fits");
        black_box(&mut tensor);
    };
    compared(rounds, write, || {
        copy.copy_from_slice(black_box(&source));
        black_box(&mut copy);
    })
}
