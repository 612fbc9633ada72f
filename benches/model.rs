//! What each stage of a real model takes, compared with the least that it could take (its floor), on the same frame.
//!
//! `cargo bench --bench model`                      the sample models over the sample video
//! `cargo bench --bench model -- FOLDER`            the same as plots (SVG) too
//! `cargo bench --bench model -- --model FILE --source FILE --frames N --threads N`   your own
//!
//! "bare run" is the network alone, run again on the tensor of that frame; a copy is the same bytes through memory once. "loop"
//! is a frame's time while the next one is decoded on another thread. "share" says how much of the total the bare run is; 1.00
//! would mean that Sightline adds nothing. "apart" is a frame's input, network and output with the network in a process of its own, as
//! a new model runs, against the same in this process. "scene" (results as shapes to draw) and "painting" (these on a copy of the frame, as
//! in a saved image) come on top if results are shown, on another thread than the model's.

mod common;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use crossbeam_channel::bounded;
use sightline::frame::convert::Decoder;
use sightline::frame::{Frame, PixelFormat};
use sightline::model::isolation::{Isolation, Limits, When};
use sightline::model::labels::Labels;
use sightline::model::{Model, OpenOptions, Results, Thresholds, folders};
use sightline::scene::{Scene, Style, image_painter};
use sightline::source::{self, Address, CameraRequest, Pace, Read};
use turbojpeg::{Decompressor, Image, PixelFormat as Order};

use common::plot::{Bars, bars};
use common::{Times, argument};

const MODELS: [&str; 3] = ["yolox_nano", "yolo11n_int8", "yolov8n_int8"];
/// Frames that are processed before measuring begins.
const WARM_UP: u64 = 5;
/// Frames that are processed one way before they are processed the other way.
const BLOCK: u64 = 25;

fn main() -> anyhow::Result<()> {
    let data = common::data_folder();
    let source = argument("--source").map_or_else(|| data.join("media/traffic.mp4"), PathBuf::from);
    let models: Vec<PathBuf> = match argument("--model") {
        Some(file) => vec![file.into()],
        None => MODELS.iter().map(|name| data.join(format!("models/{name}.onnx"))).collect(),
    };
    let frames = argument("--frames").map_or(Ok(100), |n| n.parse()).context("--frames takes a number")?;
    let threads = argument("--threads").map(|n| n.parse()).transpose().context("--threads takes a number")?;
    let folder = common::folder_argument();
    for path in models {
        let options = OpenOptions { threads, cache: folders::cache_folder(), ..OpenOptions::default() };
        let measured = measure(&path, &source, &options, frames)
            .with_context(|| format!("{} over {}", path.display(), source.display()))?;
        measured.print();
        if let Some(folder) = &folder {
            let file = folder.join(path.file_stem().unwrap_or_default()).with_extension("svg");
            common::write(&file, &measured.plot())?;
        }
    }
    Ok(())
}

/// A stage with its floor.
struct Stage {
    name: &'static str,
    times: Times,
    floor: Option<(&'static str, Times)>,
}

/// All stages of one model.
struct Measured {
    title: String,
    frames: u64,
    threads: usize,
    stages: Vec<Stage>,
    share: f64,
}

impl Measured {
    fn print(&self) {
        println!("{}, threads: {}, frames: {}", self.title, self.threads, self.frames);
        println!(
            "{:<10} {:>9} {:>8}  {:<19} {:>8} {:>6}",
            "stage", "median ms", "p95 ms", "floor", "floor ms", "ratio"
        );
        for Stage { name, times, floor } in &self.stages {
            print!("{name:<10} {:>9.2} {:>8.2}", times.median(), times.percentile(0.95));
            if let Some((floor, least)) = floor {
                print!("  {floor:<19} {:>8.2}", least.median());
                if least.median() >= 1e-3 {
                    print!(" {:>6.2}", times.median() / least.median());
                }
            }
            println!();
        }
        let total = self.stages.iter().find(|s| s.name == "total").map_or(1.0, |s| s.times.median());
        println!("{:.1} frames a second; bare run / total: share {:.2}\n", 1e3 / total, self.share);
    }

    fn plot(&self) -> String {
        let rows: Vec<Bars> = self
            .stages
            .iter()
            .map(|stage| Bars {
                name: stage.name,
                ms: stage.times.median(),
                floor: stage.floor.as_ref().map(|(name, times)| (*name, times.median())),
            })
            .collect();
        let note = format!(
            "medians of {} frames, threads: {}; below each stage the least it could take",
            self.frames, self.threads
        );
        bars(&self.title, &note, &rows)
    }
}

fn measure(path: &Path, source: &Path, options: &OpenOptions, count: u64) -> anyhow::Result<Measured> {
    let mut frames = Frames::open(Address::from_path(source))?;
    let mut model = Model::open(path, options)?;
    model.warm_up()?;
    let (thresholds, mut results) = (Thresholds::default(), Results::default());
    let (mut decode, mut input, mut inference, mut output) = (vec![], vec![], vec![], vec![]);
    let (mut total, mut bare, mut overlapped) = (vec![], vec![], vec![]);
    let (mut apart, mut here) = (vec![], vec![]);
    let mut isolated = open_apart(path, options)?;
    let (mut floors, mut shown) = (Floors::new()?, Shown::new(&model));
    let mut measured = 0;
    for number in 0..count + WARM_UP {
        let decode_ms = frames.advance()?;
        let times = model.run(&frames.frame, &thresholds, &mut results)?;
        // The floors are taken with each frame, so that whatever else this machine does slows both.
        let (bare_ms, output_bytes) = model.bare_run()?;
        if number < WARM_UP {
            continue;
        }
        decode.push(decode_ms);
        input.push(f64::from(times.input));
        inference.push(f64::from(times.inference));
        output.push(f64::from(times.output));
        total.push(decode_ms + f64::from(times.total));
        bare.push(f64::from(bare_ms));
        floors.take(&frames, model.input_bytes(), output_bytes);
        shown.draw(&frames.frame, &results);
        measured += 1;
        // Now and then the same with decoding on a thread of its own, for as many frames as before.
        let rest = measured % BLOCK;
        if rest == 0 || measured == count {
            let block = if rest == 0 { BLOCK } else { rest };
            overlap(&mut frames, &mut model, &thresholds, block, &mut overlapped)?;
            // In turn, frame by frame.
            for turn in 0..block {
                frames.advance()?;
                let mut ways = [(&mut model, &mut here), (&mut isolated, &mut apart)];
                // The second one runs while the next frame is decoded: each is the second as often as the first.
                if turn % 2 == 1 {
                    ways.reverse();
                }
                for (model, took) in ways {
                    took.push(f64::from(model.run(&frames.frame, &thresholds, &mut results)?.total));
                }
            }
        }
    }
    let decode_floor = if floors.compressed { "libjpeg-turbo" } else { "copy of the frame" };
    let stage = |name, ms: Vec<f64>, floor: Option<(&'static str, Vec<f64>)>| Stage {
        name,
        times: Times::of(ms),
        floor: floor.map(|(name, ms)| (name, Times::of(ms))),
    };
    let least = |ms: &Vec<f64>| Some(("bare run", ms.clone()));
    let share = Times::of(bare.clone()).median() / Times::of(total.clone()).median();
    Ok(Measured {
        title: format!(
            "{} ({}) on {}, {}",
            model.name(),
            model.spec().task,
            model.provider(),
            source.file_name().unwrap_or_default().display()
        ),
        frames: measured,
        threads: model.threads(),
        stages: vec![
            stage("decode", decode, Some((decode_floor, floors.decode))),
            stage("input", input, Some(("copy of the tensor", floors.input))),
            stage("inference", inference, least(&bare)),
            stage("output", output, Some(("copy of the outputs", floors.output))),
            stage("total", total, least(&bare)),
            stage("loop", overlapped, least(&bare)),
            stage("apart", apart, Some(("in this process", here))),
            stage("scene", shown.scene_ms, None),
            stage("painting", shown.painting_ms, Some(("copy of the frame", floors.frame))),
        ],
        share,
    })
}

/// Opens the model in a process of its own.
fn open_apart(path: &Path, options: &OpenOptions) -> anyhow::Result<Model> {
    let isolation = Isolation {
        when: When::Always,
        journal: None,
        program: Some(env!("CARGO_BIN_EXE_sightline").into()),
        limits: Limits::FOR_USE,
    };
    let mut model = Model::open(path, &OpenOptions { isolation: Some(isolation), ..options.clone() })?;
    model.warm_up()?;
    Ok(model)
}

/// An endless stream of frames: a source that ends is opened again.
struct Frames {
    address: Address,
    source: Box<dyn source::Source>,
    decoder: Decoder,
    /// As it came from the source.
    raw: Frame,
    /// The same as RGBA.
    frame: Frame,
}

impl Frames {
    fn open(address: Address) -> anyhow::Result<Self> {
        Ok(Self {
            source: source::open(&address, &CameraRequest::default())?,
            address,
            decoder: Decoder::default(),
            raw: Frame::default(),
            frame: Frame::default(),
        })
    }

    /// Reads the next frame and returns the milliseconds of reading and decoding; for a live source of decoding alone.
    fn advance(&mut self) -> anyhow::Result<f64> {
        let deadline = Instant::now() + Duration::from_secs(5);
        let mut reopened = false;
        loop {
            let begin = Instant::now();
            match self.source.read(&mut self.raw, Duration::from_millis(200))? {
                Read::Frame => {
                    let live = self.source.info().pace == Pace::Live;
                    let begin = if live { Instant::now() } else { begin };
                    self.decoder.decode(&self.raw, &mut self.frame)?;
                    return Ok(begin.elapsed().as_secs_f64() * 1e3);
                }
                Read::Nothing if Instant::now() < deadline => {}
                Read::End if !reopened => {
                    reopened = true;
                    self.source = source::open(&self.address, &CameraRequest::default())?;
                }
                Read::Nothing | Read::End => bail!("it gives no frames"),
            }
        }
    }
}

/// Processes `count` frames as `predict` does, the next one decoded on another thread, and adds to `took` the milliseconds
/// from one result to the next.
fn overlap(
    frames: &mut Frames,
    model: &mut Model,
    thresholds: &Thresholds,
    count: u64,
    took: &mut Vec<f64>,
) -> anyhow::Result<()> {
    let (to_model, ready) = bounded::<Frame>(1);
    let (spent, spare) = bounded::<Frame>(2);
    std::thread::scope(|scope| {
        // One more than is measured: nothing is processed while the first is decoded.
        let reader = scope.spawn(move || {
            for _ in 0..=count {
                frames.advance()?;
                let free = spare.try_recv().unwrap_or_default();
                if to_model.send(std::mem::replace(&mut frames.frame, free)).is_err() {
                    break;
                }
            }
            anyhow::Ok(())
        });
        let (mut results, mut last) = (Results::default(), None);
        for frame in ready {
            model.run(&frame, thresholds, &mut results)?;
            let now = Instant::now();
            if let Some(last) = last.replace(now) {
                took.push(now.duration_since(last).as_secs_f64() * 1e3);
            }
            let _ = spent.try_send(frame);
        }
        reader.join().unwrap_or_else(|_| bail!("the reading thread panicked"))
    })
}

/// The least that stages could take: the same bytes copied once, and libjpeg-turbo alone.
struct Floors {
    decode: Vec<f64>,
    input: Vec<f64>,
    output: Vec<f64>,
    frame: Vec<f64>,
    turbo: Decompressor,
    compressed: bool,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Floors {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            decode: Vec::new(),
            input: Vec::new(),
            output: Vec::new(),
            frame: Vec::new(),
            turbo: Decompressor::new()?,
            compressed: false,
            from: Vec::new(),
            to: Vec::new(),
        })
    }

    /// Measures the floors of the newest frame, whose tensors have so many bytes.
    fn take(&mut self, frames: &Frames, input_bytes: usize, output_bytes: usize) {
        let frame = self.copy(frames.frame.data.len());
        self.frame.push(frame);
        let decode = match frames.raw.format {
            PixelFormat::Mjpeg => self.jpeg(&frames.raw, &frames.frame),
            _ => frame,
        };
        self.decode.push(decode);
        let (input, output) = (self.copy(input_bytes), self.copy(output_bytes));
        self.input.push(input);
        self.output.push(output);
    }

    /// Milliseconds of copying so many bytes.
    fn copy(&mut self, bytes: usize) -> f64 {
        if self.from.len() < bytes {
            // Written to, so that no page is touched for the first time while the clock runs.
            self.from.resize(bytes, 1);
            self.to.resize(bytes, 2);
        }
        let begin = Instant::now();
        self.to[..bytes].copy_from_slice(black_box(&self.from[..bytes]));
        black_box(&mut self.to);
        begin.elapsed().as_secs_f64() * 1e3
    }

    /// Milliseconds of libjpeg-turbo alone, into memory that is already allocated.
    fn jpeg(&mut self, raw: &Frame, decoded: &Frame) -> f64 {
        self.compressed = true;
        self.to.resize(self.to.len().max(decoded.data.len()), 2);
        let (width, height) = (decoded.width as usize, decoded.height as usize);
        let pixels = &mut self.to[..decoded.data.len()];
        let image = Image { pixels, width, pitch: width * 4, height, format: Order::RGBA };
        let begin = Instant::now();
        // Sightline's own decoder has accepted the frame, so errors about padding don't matter.
        let _ = self.turbo.decompress(&raw.data, image);
        begin.elapsed().as_secs_f64() * 1e3
    }
}

/// What results take if they are shown: the scene, and painting it over an image.
struct Shown {
    scene_ms: Vec<f64>,
    painting_ms: Vec<f64>,
    labels: Labels,
    style: Style,
    scene: Scene,
    image: Vec<u8>,
}

impl Shown {
    fn new(model: &Model) -> Self {
        Self {
            scene_ms: Vec::new(),
            painting_ms: Vec::new(),
            labels: model.spec().labels.clone(),
            style: Style::default(),
            scene: Scene::new(),
            image: Vec::new(),
        }
    }

    fn draw(&mut self, frame: &Frame, results: &Results) {
        let ms = |begin: Instant| begin.elapsed().as_secs_f64() * 1e3;
        let begin = Instant::now();
        self.scene.compose(results, &self.labels, &self.style);
        self.scene_ms.push(ms(begin));
        let begin = Instant::now();
        image_painter::render(frame, &self.scene, &mut self.image);
        self.painting_ms.push(ms(begin));
    }
}
