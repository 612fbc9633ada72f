//! Size, rate, length and pixel format of a video, read with the program `ffprobe`.

use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::{Input, ffmpeg_message, process};
use crate::frame::YuvMatrix;
use crate::source::SourceError;

/// How long ffprobe may take. A network stream must be reached first.
const TIMEOUT: Duration = Duration::from_secs(15);
/// More output than this is not read: 4 MiB.
const MAX_OUTPUT: u64 = 4 << 20;
/// Wider or higher frames are refused.
const MAX_SIDE: u32 = 16_384;

/// The rate varies if its mean is less than this share of the finest one. Phones and recorders write such videos.
const VARIES: f64 = 0.95;
/// The rate that a video of a varying rate is brought to at most.
const MOST_FPS: f64 = 60.0;

/// The first video stream of a file.
pub(super) struct Probe {
    pub size: (u32, u32),
    pub fps: f64,
    /// The rate varies: frames must be brought to `fps`, or their times aren't known.
    pub varies: bool,
    pub duration_s: Option<f64>,
    pub frames: Option<u64>,
    pub codec: String,
    /// The matrix if the pixels can be read as NV12, which has a third of RGBA's bytes and is no work for ffmpeg.
    pub nv12: Option<YuvMatrix>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Option<Format>,
}

#[derive(Deserialize)]
struct Stream {
    width: Option<u32>,
    height: Option<u32>,
    avg_frame_rate: Option<String>,
    r_frame_rate: Option<String>,
    field_order: Option<String>,
    nb_frames: Option<String>,
    duration: Option<String>,
    codec_name: Option<String>,
    pix_fmt: Option<String>,
    color_space: Option<String>,
    color_range: Option<String>,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Deserialize)]
struct Format {
    duration: Option<String>,
}

pub(super) fn probe(input: &Input) -> Result<Probe, SourceError> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", "v:0", "-show_streams", "-show_format", "-of", "json"]);
    command.arg(input.argument());
    let (json, complaint) = process::run(&mut command, MAX_OUTPUT, TIMEOUT).map_err(|e| input.failed(e))?;
    let parsed: Option<Answer> = serde_json::from_slice(&json).ok();
    let format_duration = parsed.as_ref().and_then(|a| a.format.as_ref()?.duration.clone());
    let Some(stream) = parsed.and_then(|a| a.streams.into_iter().next()) else {
        let reason =
            if complaint.is_empty() { "it holds no video".into() } else { ffmpeg_message(&complaint) };
        return Err(input.unreadable(reason));
    };
    // ffmpeg reads text as the picture of a terminal.
    if stream.codec_name.as_deref() == Some("ansi") {
        return Err(input.unreadable("it holds no video".into()));
    }
    let (Some(mut width), Some(mut height)) = (stream.width, stream.height) else {
        return Err(input.unreadable("it holds no video".into()));
    };
    // ffmpeg turns the frames upright by itself.
    let turned =
        stream.side_data_list.iter().filter_map(|d| d.rotation).any(|r| (r.abs() as u32) % 180 == 90);
    if turned {
        std::mem::swap(&mut width, &mut height);
    }
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(input.unreadable(format!("its size is {width}×{height}")));
    }
    let rate = |text: &Option<String>| {
        let (over, under) = text.as_deref()?.split_once('/')?;
        let fps = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
        (fps.is_finite() && fps > 0.0 && fps <= 1000.0).then_some(fps)
    };
    let seconds = |text: &Option<String>| text.as_deref()?.parse::<f64>().ok().filter(|d| *d > 0.0);
    let (mean, finest) = (rate(&stream.avg_frame_rate), rate(&stream.r_frame_rate));
    // Of interlaced videos the finest rate is that of the fields.
    let is_progressive = matches!(stream.field_order.as_deref(), None | Some("progressive" | "unknown"));
    let varies = is_progressive && mean.zip(finest).is_some_and(|(mean, finest)| mean < finest * VARIES);
    let fps = if varies { finest.map(|fps| fps.min(MOST_FPS)) } else { mean.or(finest) };
    let fps = fps.unwrap_or(25.0);
    let duration_s = seconds(&stream.duration).or_else(|| seconds(&format_duration));
    let counted = stream.nb_frames.as_deref().and_then(|n| n.parse().ok());
    Ok(Probe {
        size: (width, height),
        fps,
        varies,
        duration_s,
        frames: if varies { duration_s.map(|seconds| (seconds * fps).round() as u64) } else { counted },
        nv12: nv12_of(&stream),
        codec: codec_name(stream.codec_name.as_deref().unwrap_or_default()).to_owned(),
    })
}

/// A codec as its users write it; ffmpeg's own name for the rarer ones.
fn codec_name(ffmpeg: &str) -> &str {
    match ffmpeg {
        "h264" => "H.264",
        "hevc" => "H.265",
        "mpeg4" => "MPEG-4",
        "mjpeg" => "MJPEG",
        "vp8" => "VP8",
        "vp9" => "VP9",
        "av1" => "AV1",
        other => other,
    }
}

/// Returns the matrix of a video whose pixels are stored as NV12 or with the same values in another order. `None` for all
/// others: ffmpeg converts them to RGBA.
fn nv12_of(stream: &Stream) -> Option<YuvMatrix> {
    let limited = matches!(stream.color_range.as_deref(), None | Some("tv" | "unknown"));
    let halved = matches!(stream.pix_fmt.as_deref(), Some("yuv420p" | "nv12"));
    let matrix = match stream.color_space.as_deref() {
        Some("bt709") => YuvMatrix::Bt709,
        None | Some("unknown" | "smpte170m" | "bt470bg") => YuvMatrix::Bt601,
        Some(_) => return None,
    };
    (limited && halved).then_some(matrix)
}
