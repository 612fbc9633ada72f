//! Finding what belongs to a saved image or video: its record, its clean image or video, its lines.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::ReplayError;
use crate::record::RecordingRecord;
use crate::save::FrameRecord;
use crate::save::record::{ModelRecord, SnapshotRecord, ThresholdsRecord};
use crate::whole_file;

/// Records are at most so large, in bytes: masks take the most.
const LARGEST: u64 = 64 << 20;
/// Lines of a recording, in bytes.
const LARGEST_LINES: u64 = 1 << 30;

/// A model as a record names it.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedModel {
    pub name: String,
    pub details: ModelRecord,
    pub thresholds: ThresholdsRecord,
    /// Seconds of the video from which on it ran.
    pub from_s: f64,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Snapshot(Box<FrameRecord>),
    /// The frames with results of their own, in the order of the video.
    Recording(Vec<FrameRecord>),
}

/// A snapshot or a recording with everything that is needed to run it again.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedFile {
    /// Its record.
    pub json: PathBuf,
    /// The image or video without a drawing.
    pub clean: PathBuf,
    pub kind: Kind,
    /// In their order; a snapshot has one.
    pub models: Vec<SavedModel>,
    /// The program and its version.
    pub program: String,
    /// People or other classes are hidden in the image.
    pub privacy: bool,
}

impl SavedFile {
    /// Opens what belongs to this file: a record, or an image or video beside one.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn open(path: &Path) -> Result<Self, ReplayError> {
        let json = record_of(path)?;
        let text = read(&json, LARGEST)?;
        let wrong = |reason: String| ReplayError::NoSnapshot { path: json.clone(), reason };
        let value: Value =
            serde_json::from_str(&text).map_err(|_| wrong("it is damaged or of another format".into()))?;
        if value.get("models").is_some() && value.get("agreement").is_some() {
            return Err(ReplayError::Compared { path: json });
        }
        let parse_error = |error: serde_json::Error| wrong(error.to_string());
        if matches!(value.get("kind").and_then(Value::as_str), Some("recording" | "clip")) {
            let record: RecordingRecord = serde_json::from_value(value).map_err(parse_error)?;
            return Self::of_recording(json, record);
        }
        let record: SnapshotRecord = serde_json::from_value(value).map_err(parse_error)?;
        let (Some(details), Some(thresholds), Some(name)) =
            (record.model_details, record.thresholds, record.frame.model.clone())
        else {
            return Err(ReplayError::NoModel { path: json });
        };
        let clean = record.files.clean.ok_or_else(|| ReplayError::NoCleanImage { path: json.clone() })?;
        Ok(Self {
            clean: beside(&json, &clean.name)?,
            kind: Kind::Snapshot(Box::new(record.frame)),
            models: vec![SavedModel { name, details, thresholds, from_s: 0.0 }],
            program: record.made.program,
            privacy: record.privacy,
            json,
        })
    }

    fn of_recording(json: PathBuf, record: RecordingRecord) -> Result<Self, ReplayError> {
        if record.models.is_empty() {
            return Err(ReplayError::NoModel { path: json });
        }
        let clean = record.files.clean.ok_or_else(|| ReplayError::NoCleanImage { path: json.clone() })?;
        let lines = record.files.lines.ok_or_else(|| ReplayError::NoRecord { path: json.clone() })?;
        let lines = beside(&json, &lines)?;
        let text = read(&lines, LARGEST_LINES)?;
        let mut frames = Vec::new();
        for (number, line) in text.lines().enumerate() {
            match serde_json::from_str::<FrameRecord>(line) {
                Ok(frame) if frame.moved || frame.time_s.is_none() => {}
                Ok(frame) => frames.push(frame),
                // The last line of a program that was killed is cut short.
                Err(_) if number + 1 == text.lines().count() && !text.ends_with('\n') => {}
                Err(error) => {
                    let reason = format!("line {}: {error}", number + 1);
                    return Err(ReplayError::NoSnapshot { path: lines, reason });
                }
            }
        }
        let models = record.models.into_iter().map(|span| SavedModel {
            name: span.model,
            details: span.model_details,
            thresholds: span.thresholds,
            from_s: span.from_s,
        });
        Ok(Self {
            clean: beside(&json, &clean)?,
            kind: Kind::Recording(frames),
            models: models.collect(),
            program: record.made.program,
            privacy: record.privacy,
            json,
        })
    }

    /// The model that ran at this second.
    #[must_use]
    pub fn model_at(&self, time_s: f64) -> Option<&SavedModel> {
        let at = self.models.iter().rposition(|model| model.from_s <= time_s + 1e-3);
        self.models.get(at.unwrap_or(0))
    }
}

fn read(path: &Path, limit: u64) -> Result<String, ReplayError> {
    whole_file::read_text(path, limit)
        .map_err(|error| ReplayError::Unreadable { path: path.to_owned(), reason: error.to_string() })
}

/// The record that belongs to a file: itself, or the one beside it with its name, without " clean".
fn record_of(path: &Path) -> Result<PathBuf, ReplayError> {
    if path.extension() == Some(OsStr::new("json")) {
        return Ok(path.to_owned());
    }
    // A file that isn't there is said to be gone, not to lack a record.
    if let Err(error) = std::fs::metadata(path) {
        return Err(ReplayError::Unreadable { path: path.to_owned(), reason: error.to_string() });
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stem = stem.strip_suffix(" clean").unwrap_or(&stem);
    let json = path.with_file_name(format!("{stem}.json"));
    if json.is_file() { Ok(json) } else { Err(ReplayError::NoRecord { path: path.to_owned() }) }
}

/// A file in the record's folder: a record from elsewhere may name any path.
fn beside(json: &Path, name: &str) -> Result<PathBuf, ReplayError> {
    let gone = || ReplayError::FileGone { path: json.to_owned(), name: name.to_owned() };
    let mut parts = Path::new(name).components();
    let is_name = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    let path = json.with_file_name(name);
    if is_name && path.is_file() { Ok(path) } else { Err(gone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_leads_to_no_file_outside_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let json = folder.path().join("inner/a.json");
        std::fs::create_dir(folder.path().join("inner")).expect("writable");
        std::fs::write(folder.path().join("secret.png"), "").expect("writable");
        std::fs::write(folder.path().join("inner/a clean.png"), "").expect("writable");
        let absolute = folder.path().join("secret.png").display().to_string();
        for name in ["../secret.png", &absolute, "", ".", "..", "a/../a clean.png", "gone.png"] {
            assert!(matches!(beside(&json, name), Err(ReplayError::FileGone { .. })), "{name}");
        }
        assert!(beside(&json, "a clean.png").is_ok());
    }

    #[test]
    fn what_is_no_record_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("writable");
            path
        };
        let image = file("b.png", "");
        assert!(matches!(SavedFile::open(&image), Err(ReplayError::NoRecord { .. })));
        assert!(matches!(
            SavedFile::open(&folder.path().join("gone.png")),
            Err(ReplayError::Unreadable { .. })
        ));
        for text in ["", "[1, 2", "{}", "[]", "{\"kind\": \"recording\"}", "7"] {
            let error = SavedFile::open(&file("a.json", text)).expect_err(text);
            assert!(matches!(error, ReplayError::NoSnapshot { .. }), "{text}: {error}");
        }
    }
}
