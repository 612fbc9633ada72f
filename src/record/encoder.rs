//! Which encoders the installed ffmpeg can really use.

use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::RecordError;
use super::process::{Process, ffmpeg};

/// The kind of a video file.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum Container {
    /// H.264 in MP4, which every program plays.
    #[default]
    Mp4,
    /// H.264 in Matroska.
    Mkv,
    /// VP9 or VP8 in `WebM`, for the web.
    WebM,
}

impl Container {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Mp4, Self::Mkv, Self::WebM];

    /// The ending of its files, without a dot.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mkv => "mkv",
            Self::WebM => "webm",
        }
    }

    /// ffmpeg's options for a file that plays to its last half second however its writing ends.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Mp4 => &[
                "-movflags",
                "+frag_keyframe+empty_moov+default_base_moof",
                "-frag_duration",
                "250000",
                "-video_track_timescale",
                "90000",
                "-flush_packets",
                "1",
                "-f",
                "mp4",
            ],
            Self::Mkv => &["-cluster_time_limit", "250", "-flush_packets", "1", "-f", "matroska"],
            Self::WebM => &["-cluster_time_limit", "250", "-flush_packets", "1", "-f", "webm"],
        }
    }

    fn encoders(self) -> &'static [Encoder] {
        match self {
            Self::Mp4 | Self::Mkv => H264,
            Self::WebM => VPX,
        }
    }
}

/// An encoder of ffmpeg with what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// ffmpeg's name for it.
    pub name: &'static str,
    /// It is part of the graphics card or the processor.
    pub hardware: bool,
    /// Options before the input.
    before: &'static [&'static str],
    /// The last filters: the pixel format that it takes, and the way there.
    filter: &'static str,
    /// Its own options: about the quality of `-crf 20`, without delay.
    options: &'static [&'static str],
}

const NV12: &str = "format=nv12";
const YUV420: &str = "format=yuv420p";

/// In the order of preference: hardware first, for it leaves the processor to the model.
const H264: &[Encoder] = &[
    Encoder {
        name: "h264_nvenc",
        hardware: true,
        before: &[],
        filter: NV12,
        options: &["-preset", "p4", "-tune", "ll", "-rc", "vbr", "-cq", "23", "-b:v", "0", "-delay", "0"],
    },
    Encoder {
        name: "h264_videotoolbox",
        hardware: true,
        before: &[],
        filter: NV12,
        options: &["-realtime", "1", "-b:v", "8M"],
    },
    Encoder {
        name: "h264_mf",
        hardware: true,
        before: &[],
        filter: NV12,
        options: &["-hw_encoding", "1", "-rate_control", "quality", "-quality", "75"],
    },
    Encoder {
        name: "h264_vaapi",
        hardware: true,
        before: &["-vaapi_device", "/dev/dri/renderD128"],
        filter: "format=nv12,hwupload",
        options: &["-qp", "22"],
    },
    Encoder {
        name: "libx264",
        hardware: false,
        before: &[],
        filter: YUV420,
        options: &["-preset", "veryfast", "-crf", "20", "-tune", "zerolatency"],
    },
    Encoder { name: "libopenh264", hardware: false, before: &[], filter: YUV420, options: &["-b:v", "8M"] },
];

const VPX: &[Encoder] = &[
    Encoder {
        name: "libvpx-vp9",
        hardware: false,
        before: &[],
        filter: YUV420,
        options: &[
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-row-mt",
            "1",
            "-crf",
            "30",
            "-b:v",
            "0",
            "-lag-in-frames",
            "0",
        ],
    },
    Encoder {
        name: "libvpx",
        hardware: false,
        before: &[],
        filter: YUV420,
        options: &[
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-crf",
            "10",
            "-b:v",
            "8M",
            "-lag-in-frames",
            "0",
        ],
    },
];

/// A trial of an encoder that takes longer counts as failed: drivers hang.
const TRIAL: Duration = Duration::from_secs(5);

impl Encoder {
    /// ffmpeg's options before the input.
    pub(super) fn before(&self) -> &'static [&'static str] {
        self.before
    }

    /// ffmpeg's options between the input and the file.
    pub(super) fn arguments(&self) -> Vec<String> {
        // 4:2:0 needs even sizes.
        let filter = format!("pad=ceil(iw/2)*2:ceil(ih/2)*2,{}", self.filter);
        let mut all = vec!["-vf".to_owned(), filter, "-c:v".to_owned(), self.name.to_owned()];
        all.extend(self.options.iter().map(|option| (*option).to_owned()));
        all
    }

    /// Encodes a few frames. An encoder that ffmpeg was built with may lack its driver or its card.
    fn works(&self, (width, height): (u32, u32)) -> bool {
        let mut command = ffmpeg();
        command.args(["-loglevel", "error"]).args(self.before);
        // Many cards have a largest size.
        let frames = format!("color=size={width}x{height}:rate=30:duration=0.2");
        command.args(["-f", "lavfi", "-i", &frames]);
        command.args(self.arguments()).args(["-f", "null", "-"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().is_ok_and(|child| Process::new(child).wait(TRIAL) == Some(true))
    }
}

/// Hardware encoders take no frames that are smaller or larger, in pixels: those of NVIDIA and AMD begin at 145 and 128, and
/// many end at 4096.
const HARDWARE: std::ops::RangeInclusive<u32> = 256..=4096;

/// Returns the first encoder for this kind of file and frames of this size that works here. It is tried once and remembered as long as the program runs; takes up to a few
/// seconds the first time.
///
/// # Errors
/// [`RecordError::NoFfmpeg`], or [`RecordError::NoEncoder`].
pub fn best(container: Container, (width, height): (u32, u32)) -> Result<Encoder, RecordError> {
    type Found = Vec<((Container, (u32, u32)), Encoder)>;
    static FOUND: Mutex<Found> = Mutex::new(Vec::new());
    let hardware = HARDWARE.contains(&width) && HARDWARE.contains(&height);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, encoder)) = found.iter().find(|(of, _)| *of == (container, (width, height))) {
        return Ok(*encoder);
    }
    let offered = offered()?;
    let has = |encoder: &&Encoder| {
        (hardware || !encoder.hardware) && offered.iter().any(|name| name == encoder.name)
    };
    let working = container.encoders().iter().filter(has).find(|encoder| encoder.works((width, height)));
    let encoder = *working.ok_or(RecordError::NoEncoder { container })?;
    found.push(((container, (width, height)), encoder));
    Ok(encoder)
}

/// The encoders that ffmpeg was built with.
fn offered() -> Result<Vec<String>, RecordError> {
    let output = ffmpeg().args(["-loglevel", "error", "-encoders"]).stdin(Stdio::null()).output();
    let output = output.map_err(|_| RecordError::NoFfmpeg)?;
    let list = String::from_utf8_lossy(&output.stdout);
    Ok(list.lines().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect())
}
