//! `sightline bench`: what each stage of a model costs here, beside the least that it could cost.

mod ahead;
mod floors;
mod frames;
mod plot;
mod shown;

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::figures::Series;
use super::interrupt::Interrupt;
use super::output;
use super::predict::text::Stages;
use crate::model::{Model, Results, Thresholds};
use crate::source::{Address, address};
use floors::Floors;
use frames::Frames;
use shown::Shown;

/// What `sightline bench` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline bench yolox_nano.onnx\n  \
    sightline bench yolo11n.onnx --source traffic.mp4 --frames 300 --threads 2\n  \
    sightline bench my.onnx --format json --plot stages.svg\n\n\
    Beside each stage stands its floor, taken on the same frame: \u{201c}bare run\u{201d} is the network alone, run again on\n\
    the tensor of that frame; a copy is the same bytes through memory once. \u{201c}loop\u{201d} is a frame\u{2019}s time while the\n\
    next one is decoded beside it. \u{201c}share\u{201d} says how much of all our time the bare run is; 1.00 would mean that\n\
    Sightline adds nothing. \u{201c}scene\u{201d} (what was found as things to draw) and \u{201c}painting\u{201d} (these on a copy of the\n\
    frame, as a saved image has them) come on top where results are shown, on another thread than the model\u{2019}s.")]
pub struct BenchArgs {
    /// The model, an ONNX file [default: YOLOX-Nano or CenterFace from a models folder]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Where frames come from; the test pattern comes as fast as it can be looked at
    #[arg(short, long, value_name = "SOURCE", default_value = "pattern")]
    source: OsString,
    /// Frames to measure, after a few that warm up
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    frames: u64,
    #[command(flatten)]
    opening: super::OpeningArgs,
    /// A table for people, or JSON
    #[arg(short, long, value_enum, default_value_t)]
    format: BenchFormat,
    /// Draw the stages beside their floors into this file too (SVG)
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// How the figures are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum BenchFormat {
    /// For people.
    #[default]
    #[value(alias = "text")]
    Table,
    /// For programs.
    Json,
}

/// The figures as JSON.
#[derive(Debug, Serialize)]
struct Figures {
    model: String,
    task: crate::model::Task,
    provider: String,
    threads: usize,
    input: (u32, u32),
    source: String,
    frames: u64,
    stages: Vec<Stage>,
    /// Bare run over total, medians.
    share: f64,
    /// Frames a second that the stages one after the other come to, from the median of the total.
    rate: f64,
}

/// One stage's times in milliseconds, beside the least that it could take.
#[derive(Debug, Serialize)]
struct Stage {
    #[serde(rename = "stage")]
    name: &'static str,
    median_ms: f64,
    p95_ms: f64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    least: Option<Least>,
}

/// A stage's floor.
#[derive(Debug, Serialize)]
struct Least {
    #[serde(rename = "floor")]
    name: &'static str,
    #[serde(rename = "floor_median_ms")]
    median_ms: f64,
    /// The stage's median over this one; absent where this is too short to be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

impl Stage {
    fn alone(name: &'static str, series: &Series) -> Self {
        let (median, p95) = (series.median(), series.percentile(0.95));
        Self { name, median_ms: rounded(median), p95_ms: rounded(p95), least: None }
    }

    fn beside(name: &'static str, series: &Series, floor: &'static str, floor_series: &Series) -> Self {
        let (median, least) = (series.median(), floor_series.median());
        let ratio = (least >= 1e-3).then(|| rounded(median / least));
        let least = Some(Least { name: floor, median_ms: rounded(least), ratio });
        Self { least, ..Self::alone(name, series) }
    }
}

/// Three decimals: a microsecond is the clock's own grain.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

/// Frames that are looked at before measuring begins.
const WARM_UP: u64 = 5;
/// Frames that are looked at one way before they are looked at the other way.
const BLOCK: u64 = 25;

/// Measures the stages.
///
/// # Errors
/// Why the model or the source can't be used.
pub fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let address = match super::sources::one(&args.source, "sightline bench")? {
        // The pattern keeps its rate; here it must never be waited for.
        address::PATTERN => Address::Pattern { width: 1280, height: 720, fps: 1000 },
        other => other,
    };
    let path = super::chosen_model(args.model.as_deref())?;
    let mut frames = Frames::open(&address)?;
    let mut model = Model::open(&path, &args.opening.options(&path))?;
    args.opening.check(model.spec())?;
    model.warm_up()?;

    let interrupt = Interrupt::listen();
    let (mut stages, mut bare, mut floors) = (Stages::default(), Series::default(), Floors::new()?);
    let (mut overlapped, mut shown) = (Series::default(), Shown::of(&model));
    let (thresholds, mut results) = (Thresholds::default(), Results::default());
    let mut measured = 0;
    for number in 0..args.frames + WARM_UP {
        if interrupt.is_set() {
            break;
        }
        let decode_ms = frames.advance()?;
        let mut times = model.run(&frames.frame, &thresholds, &mut results)?;
        // The floors are taken beside each frame, so that whatever else this machine does weighs on both.
        let (bare_ms, output_bytes) = model.bare_run()?;
        if number < WARM_UP {
            continue;
        }
        times.decode = decode_ms;
        times.total += decode_ms;
        stages.push(&times);
        bare.push(bare_ms);
        floors.take(&frames, model.input_bytes(), output_bytes);
        shown.draw(&frames.frame, &results);
        measured += 1;
        // Now and then the same with decoding on a thread of its own, for as many frames as went before.
        let rest = measured % BLOCK;
        if rest == 0 || measured == args.frames {
            let count = if rest == 0 { BLOCK } else { rest };
            ahead::run(&mut frames, &mut model, &thresholds, count, &interrupt, &mut overlapped)?;
        }
    }
    if measured == 0 {
        return Ok(Exit::Interrupted);
    }
    let [decode, input, inference, output, total] = stages.named();
    let (decode_floor, copy) = (floors.decode_name(), "copy of the tensor");
    let median_total = total.1.median().max(f32::EPSILON);
    let figures = Figures {
        model: model.name(),
        task: model.spec().task,
        provider: model.provider().to_owned(),
        threads: model.threads(),
        input: model.spec().input.size.bound(),
        source: address.to_string(),
        frames: measured,
        stages: vec![
            Stage::beside(decode.0, decode.1, decode_floor, &floors.decode),
            Stage::beside(input.0, input.1, copy, &floors.input),
            Stage::beside(inference.0, inference.1, "bare run", &bare),
            Stage::beside(output.0, output.1, "copy of the outputs", &floors.output),
            Stage::beside(total.0, total.1, "bare run", &bare),
            Stage::beside("loop", &overlapped, "bare run", &bare),
            Stage::alone("scene", &shown.scene_ms),
            Stage::beside("painting", &shown.painting_ms, "copy of the frame", &floors.frame),
        ],
        share: rounded(bare.median() / median_total),
        rate: rounded(1e3 / median_total),
    };
    if let Some(file) = &args.plot {
        std::fs::write(file, plot::bars(&figures)).map_err(|error| {
            Failure::failed(
                format!("\u{201c}{}\u{201d} can't be written: {error}.", file.display()),
                "Choose another file.",
            )
        })?;
    }
    match args.format {
        BenchFormat::Json => output::json(&figures)?,
        BenchFormat::Table => output::line(&table(&figures))?,
    }
    Ok(if interrupt.is_set() { Exit::Interrupted } else { Exit::Done })
}

fn table(figures: &Figures) -> String {
    let head = ["stage", "median ms", "p95 ms", "floor", "floor ms", "ratio"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    for stage in &figures.stages {
        rows.push(vec![
            stage.name.to_owned(),
            format!("{:.2}", stage.median_ms),
            format!("{:.2}", stage.p95_ms),
            stage.least.as_ref().map_or(String::new(), |least| least.name.to_owned()),
            number(stage.least.as_ref().map(|least| least.median_ms)),
            number(stage.least.as_ref().and_then(|least| least.ratio)),
        ]);
    }
    let (width, height) = figures.input;
    format!(
        "{} ({}) at {width}×{height} on {}, {}, {} of {}\n{}\n{:.1} frames a second; bare run / total: share {:.2}",
        output::printable(&figures.model),
        figures.task,
        figures.provider,
        super::predict::text::count_of(figures.threads as u64, "thread"),
        super::predict::text::count_of(figures.frames, "frame"),
        output::printable(&figures.source),
        output::table(&rows, &[false, true, true, false, true, true]),
        figures.rate,
        figures.share,
    )
}
