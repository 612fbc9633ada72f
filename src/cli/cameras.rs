//! `sightline cameras`: which cameras there are and what they can do; with `--watch`, one of them at work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output;
use crate::engine::{Command, Engine, EngineOptions, SourceState};
use crate::frame::PixelFormat;
use crate::source::camera::{self, CameraInfo, ControlKind};
use crate::source::{Address, CameraRequest, SourceError};

/// List cameras with their formats, sizes, rates and controls.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline cameras                      list the cameras\n  \
    sightline cameras --watch 10           open the first one and report for ten seconds\n  \
    sightline cameras --watch 10 --camera 'HD Webcam' --pixels yuyv --size 640x480\n\n\
    Exit code 1 if there is no camera.")]
pub struct CamerasArgs {
    /// Open a camera and report its state and frame rate for so many seconds
    #[arg(long, value_name = "SECONDS")]
    watch: Option<f64>,
    /// Camera to open: its number, name or device [default: the first that works]
    #[arg(long, value_name = "CAMERA", requires = "watch")]
    camera: Option<String>,
    /// Pixel format to request: mjpeg, yuyv, nv12, rgb8, bgr8 or gray8
    #[arg(long, value_name = "FORMAT", requires = "watch", value_parser = pixel_format)]
    pixels: Option<PixelFormat>,
    /// Frame size to request, e.g. 640x480
    #[arg(long, value_name = "SIZE", requires = "watch", value_parser = super::image_size)]
    size: Option<(u32, u32)>,
    /// Frame rate to request
    #[arg(long, value_name = "N", requires = "watch")]
    fps: Option<u32>,
    /// Output: text, or a JSON array; with --watch, JSON Lines
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// How cameras are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON array
    // Scripts of version 0.1 say "json" with --watch.
    Json,
    /// For programs, with --watch: JSON Lines, one object a line
    Jsonl,
}

fn pixel_format(text: &str) -> Result<PixelFormat, String> {
    let all = [
        PixelFormat::Mjpeg,
        PixelFormat::Yuyv,
        PixelFormat::Nv12,
        PixelFormat::Rgb8,
        PixelFormat::Bgr8,
        PixelFormat::Gray8,
    ];
    let named =
        |f: &PixelFormat| f.name().eq_ignore_ascii_case(text) || format!("{f:?}").eq_ignore_ascii_case(text);
    all.into_iter().find(named).ok_or_else(|| "known are mjpeg, yuyv, nv12, rgb8, bgr8, gray8".into())
}

/// A camera as JSON.
#[derive(Serialize)]
struct CameraRecord<'a> {
    index: u32,
    name: &'a str,
    bus: &'a str,
    path: &'a str,
    modes: Vec<ModeRecord>,
    other_formats: &'a [String],
    controls: Vec<ControlRecord<'a>>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct ModeRecord {
    format: &'static str,
    size: [u32; 2],
    fps: f64,
}

#[derive(Serialize)]
struct ControlRecord<'a> {
    id: u32,
    name: &'a str,
    value: i64,
    default: i64,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[i64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menu: Option<&'a [(i64, String)]>,
}

/// A line of `--watch` as JSON: a new state, or the rates of the last second.
#[derive(Serialize)]
struct Moment<'a> {
    time_s: f64,
    state: &'static str,
    detail: &'a str,
    fps: f32,
    frames: u64,
    lost: u64,
}

/// Lists the cameras, or watches one.
///
/// # Errors
/// No camera is there, or a wrong option.
pub fn run(args: &CamerasArgs) -> anyhow::Result<Exit> {
    match args.watch {
        Some(seconds) => watch(args, seconds),
        None if args.format == Format::Jsonl => Err(Failure::usage(
            "\u{201c}jsonl\u{201d} is for \u{201c}--watch\u{201d}.",
            "Use \u{201c}--format json\u{201d}.",
        )
        .into()),
        None => list(args.format),
    }
}

fn list(format: Format) -> anyhow::Result<Exit> {
    let cameras = camera::list();
    if format == Format::Json {
        output::json(&cameras.iter().map(record).collect::<Vec<_>>())?;
    }
    if cameras.is_empty() {
        return Err(SourceError::NoCamera.into());
    }
    if format == Format::Json {
        return Ok(Exit::Done);
    }
    for camera in &cameras {
        output::line(&output::printable(&format!("{}  {}  ({})", camera.index, camera.name, camera.bus)))?;
        if let Some(problem) = &camera.problem {
            output::line(&format!("   {problem} {}", problem.fix()))?;
        }
        for (heading, lines) in [("modes", modes(camera)), ("controls", controls(camera))] {
            for (line, first) in lines.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
                let heading = if first { heading } else { "" };
                output::line(&output::printable(&format!("   {heading:<9} {line}")))?;
            }
        }
        if !camera.other_formats.is_empty() {
            output::line(&format!("   not read  {}", output::printable(&camera.other_formats.join(", "))))?;
        }
    }
    Ok(Exit::Done)
}

/// A line for each format and size, with all its rates.
fn modes(camera: &CameraInfo) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for mode in &camera.modes {
        let key = format!("{} {}×{}", mode.format.name(), mode.width, mode.height);
        let rate = ((mode.fps() * 100.0).round() / 100.0).to_string();
        match lines.iter_mut().find(|(k, _)| *k == key) {
            Some((_, rates)) => rates.push(rate),
            None => lines.push((key, vec![rate])),
        }
    }
    lines.into_iter().map(|(key, rates)| format!("{key} @ {}", rates.join(", "))).collect()
}

fn controls(camera: &CameraInfo) -> Vec<String> {
    let line = |c: &camera::Control| {
        let values = match &c.kind {
            ControlKind::Number { min, max, step } if *step > 1 => format!("{min} to {max} by {step}"),
            ControlKind::Number { min, max, .. } => format!("{min} to {max}"),
            ControlKind::Switch => "0 or 1".into(),
            ControlKind::Menu(items) => {
                items.iter().map(|(value, name)| format!("{value} {name}")).collect::<Vec<_>>().join(", ")
            }
        };
        format!("{} = {} ({values}; default {})", c.name, c.value, c.default)
    };
    camera.controls.iter().map(line).collect()
}

fn record(camera: &CameraInfo) -> CameraRecord<'_> {
    let mode = |m: &camera::Mode| ModeRecord {
        format: m.format.name(),
        size: [m.width, m.height],
        fps: (m.fps() * 100.0).round() / 100.0,
    };
    let control = |c: &'_ camera::Control| -> (Option<[i64; 3]>, bool) {
        match c.kind {
            ControlKind::Number { min, max, step } => (Some([min, max, step]), c.active),
            ControlKind::Switch => (Some([0, 1, 1]), c.active),
            ControlKind::Menu(_) => (None, c.active),
        }
    };
    CameraRecord {
        index: camera.index,
        name: &camera.name,
        bus: &camera.bus,
        path: &camera.path,
        modes: camera.modes.iter().map(mode).collect(),
        other_formats: &camera.other_formats,
        controls: camera
            .controls
            .iter()
            .map(|c| {
                let (range, active) = control(c);
                let menu = match &c.kind {
                    ControlKind::Menu(items) => Some(items.as_slice()),
                    _ => None,
                };
                ControlRecord {
                    id: c.id,
                    name: &c.name,
                    value: c.value,
                    default: c.default,
                    active,
                    range,
                    menu,
                }
            })
            .collect(),
        problem: camera.problem.as_ref().map(ToString::to_string),
    }
}

/// Opens a camera with the engine, as the window does, and reports what happens.
fn watch(args: &CamerasArgs, seconds: f64) -> anyhow::Result<Exit> {
    let length = Duration::try_from_secs_f64(seconds)
        .map_err(|_| Failure::usage("\u{201c}--watch\u{201d} takes a number of seconds.", ""))?;
    let address = match args.camera.as_deref() {
        None => Address::AnyCamera,
        Some(text) => text.parse()?,
    };
    if !address.is_camera() {
        return Err(Failure::usage(
            format!("\u{201c}{address}\u{201d} is no camera."),
            "Give its number or name.",
        )
        .into());
    }
    let interrupt = Interrupt::listen();
    let engine = Engine::start(EngineOptions::new(Arc::new(|| {})));
    let camera = CameraRequest { format: args.pixels, size: args.size, fps: args.fps };
    engine.send(Command::Open { address, camera });

    let begin = Instant::now();
    let (mut last_state, mut last_detail) = ("", String::new());
    let (mut last_line, mut last_sequence, mut frames) = (begin, None, 0);
    let mut ever_played = false;
    while begin.elapsed() < length && !interrupt.is_set() {
        std::thread::sleep(Duration::from_millis(5));
        if let Some(frame) = engine.preview()
            && last_sequence != Some(frame.sequence)
        {
            last_sequence = Some(frame.sequence);
            frames += 1;
        }
        let (state, detail) = describe(&engine.source());
        ever_played |= frames > 0;
        let changed = state != last_state || detail != last_detail;
        if !changed && last_line.elapsed() < Duration::from_secs(1) {
            continue;
        }
        last_line = Instant::now();
        let stats = engine.stats();
        let time_s = (begin.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let fps = (stats.preview_fps * 10.0).round() / 10.0;
        match args.format {
            Format::Json | Format::Jsonl => {
                output::json_line(&Moment { time_s, state, detail: &detail, fps, frames, lost: stats.lost })?;
            }
            Format::Text => output::line(&output::printable(&format!(
                "{time_s:8.3} s  {state:<8} {detail}  {fps:.1} fps, {frames} shown, {} dropped",
                stats.lost
            )))?,
        }
        (last_state, last_detail) = (state, detail);
    }
    if interrupt.is_set() {
        return Ok(Exit::Interrupted);
    }
    Ok(if ever_played { Exit::Done } else { Exit::Failed })
}

/// A state as one word, with details.
fn describe(state: &SourceState) -> (&'static str, String) {
    match state {
        SourceState::Closed => ("closed", String::new()),
        SourceState::Opening { .. } => ("opening", String::new()),
        SourceState::Playing { info, .. } => ("playing", format!("{}: {}", info.name, info.detail)),
        SourceState::Paused { info, .. } => ("paused", info.name.clone()),
        SourceState::Ended { info, .. } => ("ended", info.name.clone()),
        SourceState::Failed { error, .. } => (word(error), error.to_string()),
    }
}

fn word(error: &SourceError) -> &'static str {
    match error {
        SourceError::NoCamera => "none",
        SourceError::Missing { .. } => "missing",
        SourceError::Unplugged { .. } => "unplugged",
        SourceError::Busy { .. } => "busy",
        SourceError::Forbidden { .. } => "forbidden",
        SourceError::Stalled { .. }
        | SourceError::StreamStalled { .. }
        | SourceError::VideoStalled { .. } => "stalled",
        SourceError::Damaged { .. } => "damaged",
        SourceError::NoFormat { .. } => "no-format",
        _ => "failed",
    }
}
