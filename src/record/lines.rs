//! What is written beside a video: a line of JSON for each frame, and a record of the whole.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::options::Look;
use super::pairing::{Drawn, Origin};
use crate::engine::Prediction;
use crate::save::record::{MadeRecord, ModelRecord, ThresholdsRecord};
use crate::save::{FrameInfo, FrameRecord};
use crate::whole_file;

/// Lines reach the file at least so often: that is what a crash may lose.
const FLUSH: Duration = Duration::from_millis(250);

/// Returns the record of a frame at `at` of its video, the `number`th one. `None` for a frame without results of its own: those that are drawn on
/// it are an earlier frame's.
pub(super) fn record_of(drawn: &Drawn, at: Duration, number: u64, look: &Look) -> Option<FrameRecord> {
    let (prediction, origin) = drawn.results.as_ref().filter(|(_, origin)| *origin != Origin::Earlier)?;
    let info = FrameInfo {
        source: drawn.frame.origin.as_deref().unwrap_or(&look.source),
        frame: number,
        time_s: Some(at.as_secs_f64()),
        model: &prediction.model.name,
    };
    let labels = &prediction.model.spec.labels;
    let mut record = FrameRecord::new(info, &prediction.results, labels, &prediction.times);
    record.moved |= *origin == Origin::Moved;
    if let Some(report) = prediction.report.as_deref().filter(|_| !record.moved) {
        record.add_counts(report);
        record.add_events(report, labels);
    }
    Some(record)
}

/// The JSON Lines file of a recording.
#[derive(Debug)]
pub(super) struct Lines {
    out: BufWriter<File>,
    flushed: Instant,
}

impl Lines {
    /// Opens a file that exists.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::options().write(true).open(path)?;
        Ok(Self { out: BufWriter::new(file), flushed: Instant::now() })
    }

    /// Adds a frame.
    pub fn add(&mut self, record: &FrameRecord) -> io::Result<()> {
        self.out.write_all(record.to_json_line().as_bytes())?;
        self.out.write_all(b"\n")?;
        if self.flushed.elapsed() >= FLUSH {
            self.out.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A model that ran from a moment of a recording on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSpan {
    /// Seconds of the video.
    pub from_s: f64,
    /// The name of its file without the ending.
    pub model: String,
    pub model_details: ModelRecord,
    pub thresholds: ThresholdsRecord,
}

/// The JSON of a recording: what is needed to understand and to repeat it. It is written when the recording begins, and again when it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingRecord {
    /// `recording`, or `clip` for the seconds around an event.
    pub kind: String,
    /// The source as the user named it.
    pub source: String,
    /// Width and height.
    pub size: [u32; 2],
    /// The names of its files, in the folder of this one.
    pub files: VideoFiles,
    /// The annotated video is left-right reversed compared with the source, to which all coordinates refer.
    pub mirrored: bool,
    /// People or other classes are hidden in both videos.
    pub privacy: bool,
    pub models: Vec<ModelSpan>,
    /// `None` while it is being recorded, and if the program was killed then.
    pub duration_s: Option<f64>,
    pub frames: u64,
    /// Frames that the encoder had no time for.
    pub left_out: u64,
    /// The rule that asked for a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why it ended before the user ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
    #[serde(flatten)]
    pub made: MadeRecord,
}

/// The files of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoFiles {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotated: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean: Option<String>,
    /// JSON Lines with what was found in each frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
}

impl RecordingRecord {
    /// A recording that begins now.
    pub(super) fn new(kind: &str, look: &Look, (width, height): (u32, u32), files: VideoFiles) -> Self {
        Self {
            kind: kind.to_owned(),
            source: look.source.clone(),
            size: [width, height],
            files,
            mirrored: look.style.mirror,
            privacy: look.privacy.on,
            models: Vec::new(),
            duration_s: None,
            frames: 0,
            left_out: 0,
            rule: None,
            ended_early: None,
            made: chrono::Local::now().fixed_offset().into(),
        }
    }

    /// Notes which model's results are drawn from `at` on. Returns whether that is news.
    pub(super) fn note_model(&mut self, at: Duration, prediction: &Prediction) -> bool {
        let thresholds = ThresholdsRecord::from(&prediction.thresholds);
        let is_same = self.models.last().is_some_and(|last| {
            last.model_details.sha256 == prediction.model.sha256
                && last.model_details.provider == prediction.model.provider
                && last.thresholds == thresholds
        });
        if !is_same {
            self.models.push(ModelSpan {
                from_s: (at.as_secs_f64() * 1000.0).round() / 1000.0,
                model: prediction.model.name.clone(),
                model_details: (&*prediction.model).into(),
                thresholds,
            });
        }
        !is_same
    }

    /// Writes it to a file that exists, as a whole; who may read it stays as it is.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let permissions = std::fs::metadata(path)?.permissions();
        whole_file::write(path, &text)?;
        std::fs::set_permissions(path, permissions)
    }
}
