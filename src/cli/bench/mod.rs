//! `sightline bench`: how long each stage of a model takes here.
//!
//! Floors, plots and comparisons with other programs are in `benches/`.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::frames::Frames;
use super::interrupt::Interrupt;
use super::output;
use super::predict::text::{self, Stages};
use super::series::Series;
use crate::model::{Model, ModelError, Results, Thresholds};
use crate::source::Address;

/// What `sightline bench` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline bench yolox_nano.onnx\n  \
    sightline bench yolo11n.onnx --source traffic.mp4 --frames 300 --threads 2\n  \
    sightline bench my.onnx --format json\n\n\
    \u{201c}bare run\u{201d} is the network alone, run again on the input tensor of the same frame. \u{201c}share\u{201d} is the bare \
    run divided by the total: 1.00 would mean that reading, decoding and converting cost nothing.")]
pub struct BenchArgs {
    /// The model: an ONNX file, or a model's name [default: YOLOX-Nano, else CenterFace]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Where frames come from; “pattern” is a moving test pattern, as fast as it can be drawn
    #[arg(long, value_name = "SOURCE", default_value = "pattern")]
    source: OsString,
    /// Number of frames to measure, after a few for warming up
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    frames: u64,
    #[command(flatten)]
    opening: super::OpeningArgs,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// Output: a table, or JSON
    #[arg(short, long, value_enum, default_value_t)]
    format: BenchFormat,
}

/// How the figures are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum BenchFormat {
    /// For people
    #[default]
    #[value(alias = "text")]
    Table,
    /// For programs
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
    /// Bare run divided by total, medians.
    share: f64,
    /// Frames a second, one after the other, from the median of the total.
    rate: f64,
}

/// One stage's times in milliseconds.
#[derive(Debug, Serialize)]
struct Stage {
    #[serde(rename = "stage")]
    name: &'static str,
    median_ms: f64,
    p95_ms: f64,
}

impl Stage {
    fn new(name: &'static str, series: &Series) -> Self {
        Self { name, median_ms: rounded(series.median()), p95_ms: rounded(series.percentile(0.95)) }
    }
}

/// Three decimals: the clock is no finer than a microsecond.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

/// Frames that are processed before measuring begins.
const WARM_UP: u64 = 5;

/// Measures the stages.
///
/// # Errors
/// Why the model or the source can't be used.
pub fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    let (address, source) = match super::sources::one(&args.source, "sightline bench")? {
        // The pattern has a rate; here nobody should wait for it.
        Address::Pattern { width, height, .. } => {
            (Address::Pattern { width, height, fps: 1000 }, format!("test pattern {width}×{height}"))
        }
        other => (other.clone(), other.to_string()),
    };
    let path = super::chosen_model(args.model.as_deref())?;
    let frames = Frames::open(&address)?;
    let interrupt = Interrupt::listen();
    let model = args.opening.open_proved(&path, &args.opening.options(&interrupt)?, &interrupt)?;
    let (count, tell, asked) = (args.frames, !args.quiet, interrupt.clone());
    // On a thread of its own, so that the command can end after Ctrl-C although the model does not.
    let figures =
        interrupt.attend("bench", move || measure(source, frames, model, count, tell, &asked))??;
    match args.format {
        BenchFormat::Json => output::json(&figures)?,
        BenchFormat::Table => output::lines(&table(&figures))?,
    }
    Ok(if interrupt.is_set() { Exit::Interrupted } else { Exit::Done })
}

/// Processes `count` frames, fewer after Ctrl-C. `tell`: a line on standard error for every tenth of them.
fn measure(
    source: String,
    mut frames: Frames,
    mut model: Model,
    count: u64,
    tell: bool,
    interrupt: &Interrupt,
) -> anyhow::Result<Figures> {
    let (mut stages, mut bare) = (Stages::default(), Series::default());
    let (thresholds, mut results) = (Thresholds::default(), Results::default());
    let mut measured = 0;
    for number in 0..count + WARM_UP {
        if interrupt.is_set() {
            break;
        }
        let decode_ms = frames.advance()?;
        let ran = model.run(&frames.frame, &thresholds, &mut results);
        // The bare run follows at once, so that whatever else this machine does slows both.
        let ran = ran.and_then(|times| Ok((times, model.bare_run()?.0)));
        let (mut times, bare_ms) = match ran {
            Ok(ran) => ran,
            Err(ModelError::Stopped) => break,
            Err(error) => return Err(error.into()),
        };
        if number < WARM_UP {
            continue;
        }
        times.decode = decode_ms;
        times.total += decode_ms;
        stages.push(&times);
        bare.push(bare_ms);
        measured += 1;
        let tenths = |n: u64| n * 10 / count;
        if tell && measured < count && tenths(measured) > tenths(measured - 1) {
            output::note(&format!("{}: {measured} of {count} frames", model.name()));
        }
    }
    if measured == 0 {
        return Err(Failure::Interrupted.into());
    }
    let [.., total] = stages.named();
    let median_total = total.1.median().max(f32::EPSILON);
    let mut rows = Vec::from(stages.named().map(|(name, series)| Stage::new(name, series)));
    rows.push(Stage::new("bare run", &bare));
    Ok(Figures {
        model: model.name(),
        task: model.spec().task,
        provider: model.provider().to_owned(),
        threads: model.threads(),
        input: model.spec().input.size.bound(),
        source,
        frames: measured,
        stages: rows,
        share: rounded(bare.median() / median_total),
        rate: rounded(1e3 / median_total),
    })
}

fn table(figures: &Figures) -> String {
    let mut rows = vec![["stage", "median ms", "p95 ms"].map(str::to_owned).to_vec()];
    for stage in &figures.stages {
        rows.push(vec![
            stage.name.to_owned(),
            format!("{:.2}", stage.median_ms),
            format!("{:.2}", stage.p95_ms),
        ]);
    }
    let (width, height) = figures.input;
    format!(
        "{} ({}) at {width}×{height} on {}, {}, {} of {}\n{}\n{:.1} frames per second; share of the bare run in the total {:.2}",
        output::printable(&figures.model),
        figures.task,
        figures.provider,
        text::count_of(figures.threads as u64, "thread"),
        text::count_of(figures.frames, "frame"),
        output::printable(&figures.source),
        output::table(&rows, &[false, true, true]),
        figures.rate,
        figures.share,
    )
}
