//! `sightline bench`: what each stage of a model costs here, beside the bare run of the network.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::figures::Series;
use super::interrupt::Interrupt;
use super::output;
use super::predict::text::Stages;
use crate::frame::Frame;
use crate::model::{Model, Results, Thresholds};
use crate::source::address;
use crate::source::convert::Decoder;
use crate::source::{self, Address, CameraRequest, Read};

/// What `sightline bench` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline bench yolox_nano.onnx\n  \
    sightline bench yolo11n.onnx --source traffic.mp4 --frames 300 --threads 2\n  \
    sightline bench my.onnx --format json\n\n\
    \u{201c}bare run\u{201d} is the network alone, run again on the tensor of the same frame: the floor. \u{201c}share\u{201d} says\n\
    how much of all our time that floor is; 1.00 would mean that Sightline adds nothing.")]
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

/// Two decimals are more than these figures are worth.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

/// Frames that are looked at before measuring begins.
const WARM_UP: u64 = 5;

/// Measures the stages.
///
/// # Errors
/// Why the model or the source can't be used.
pub fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let path = super::chosen_model(args.model.as_deref())?;
    let address = match super::address(&args.source)? {
        // The pattern keeps its rate; here it must never be waited for.
        address::PATTERN => Address::Pattern { width: 1280, height: 720, fps: 1000 },
        other => other,
    };
    let mut frames = Frames::open(&address)?;
    let mut model = Model::open(&path, &args.opening.options(&path))?;
    args.opening.check(model.spec())?;
    model.warm_up()?;

    let interrupt = Interrupt::listen();
    let (mut stages, mut bare) = (Stages::default(), Series::default());
    let (thresholds, mut results) = (Thresholds::default(), Results::default());
    let mut measured = 0;
    for number in 0..args.frames + WARM_UP {
        if interrupt.is_set() {
            break;
        }
        let (frame, decode_ms) = frames.next()?;
        let mut times = model.run(frame, &thresholds, &mut results)?;
        // The floor is taken beside each frame, so that whatever else this machine does weighs on both.
        let floor_ms = model.bare_run()?;
        if number < WARM_UP {
            continue;
        }
        times.decode = decode_ms;
        times.total += decode_ms;
        stages.push(&times);
        bare.push(floor_ms);
        measured += 1;
    }
    if measured == 0 {
        return Ok(Exit::Interrupted);
    }
    let total = stages.named().map(|(_, series)| series.median())[4];
    let figures = Figures {
        model: model.name(),
        task: model.spec().task,
        provider: model.provider().to_owned(),
        threads: model.threads(),
        input: model.spec().input.size.bound(),
        source: address.to_string(),
        frames: measured,
        stages: stages
            .named()
            .into_iter()
            .map(|(name, series)| Stage::new(name, series))
            .chain([Stage::new("bare run", &bare)])
            .collect(),
        share: rounded(bare.median() / total.max(f32::EPSILON)),
        rate: rounded(1e3 / total.max(f32::EPSILON)),
    };
    match args.format {
        BenchFormat::Json => output::json(&figures)?,
        BenchFormat::Table => output::line(&table(&figures))?,
    }
    Ok(if interrupt.is_set() { Exit::Interrupted } else { Exit::Done })
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
        "{} ({}) at {width}×{height} on {}, {}, {} of {}\n{}\n{:.1} frames a second; bare run / total: share {:.2}",
        output::printable(&figures.model),
        figures.task,
        figures.provider,
        super::predict::text::count_of(figures.threads as u64, "thread"),
        super::predict::text::count_of(figures.frames, "frame"),
        output::printable(&figures.source),
        output::table(&rows, &[false, true, true]),
        figures.rate,
        figures.share,
    )
}

/// Frames without end: what has an end begins again.
struct Frames {
    address: Address,
    source: Box<dyn source::Source>,
    decoder: Decoder,
    raw: Frame,
    frame: Frame,
}

impl Frames {
    /// How long to wait for a frame.
    const PATIENCE: Duration = Duration::from_secs(5);

    fn open(address: &Address) -> Result<Self, Failure> {
        Ok(Self {
            address: address.clone(),
            source: source::open(address, &CameraRequest::default())?,
            decoder: Decoder::default(),
            raw: Frame::default(),
            frame: Frame::default(),
        })
    }

    /// The next frame and what decoding it took. A picture alone is read and decoded once and again.
    fn next(&mut self) -> Result<(&Frame, f32), Failure> {
        let deadline = Instant::now() + Self::PATIENCE;
        let mut begun_again = false;
        loop {
            let begun = Instant::now();
            match self.source.read(&mut self.raw, Duration::from_millis(200))? {
                Read::Frame => {
                    let live = self.source.info().pace == source::Pace::Live;
                    let begun = if live { Instant::now() } else { begun };
                    let decoded = self.decoder.decode(&self.raw, &mut self.frame);
                    decoded.map_err(|error| {
                        let address = &self.address;
                        Failure::failed(
                            format!("A frame of \u{201c}{address}\u{201d} can't be decoded: {error}."),
                            "Choose another source, like \u{201c}--source pattern\u{201d}.",
                        )
                    })?;
                    return Ok((&self.frame, begun.elapsed().as_secs_f32() * 1e3));
                }
                Read::Nothing if Instant::now() < deadline => {}
                Read::End if !begun_again => {
                    begun_again = true;
                    self.source = source::open(&self.address, &CameraRequest::default())?;
                }
                Read::Nothing | Read::End => {
                    return Err(Failure::failed(
                        format!("\u{201c}{}\u{201d} gives no frames.", self.address),
                        "Choose another source, like \u{201c}--source pattern\u{201d}.",
                    ));
                }
            }
        }
    }
}
