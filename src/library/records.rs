//! Records about model files: hash, origin, favourites, measured times.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::catalogue::{CatalogueEntry, Permits};
pub use file::{RecordsError, RecordsFile};

/// Where a model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The entry of the catalogue.
    pub id: String,
    /// The project's own page.
    pub source: String,
    /// SPDX expression.
    pub licence: String,
    pub permits: Permits,
    /// The hash that it must have: the catalogue's, or the one of the first download.
    pub sha256: String,
    /// Nobody published the hash: it was pinned at the first download.
    #[serde(default)]
    pub pinned: bool,
}

impl Origin {
    /// The origin of a file with this hash that is the entry's.
    #[must_use]
    pub fn of(entry: &CatalogueEntry, sha256: &str) -> Self {
        let expected = entry.sha256.known().filter(|_| entry.member.is_none());
        Self {
            id: entry.id.clone(),
            source: entry.source.clone(),
            licence: entry.licence.clone(),
            permits: entry.permits,
            sha256: expected.unwrap_or(sha256).to_owned(),
            pinned: entry.sha256.known().is_none() && !entry.is_known_as(sha256),
        }
    }
}

/// How long one frame takes on this computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Input, network and output together for one frame: median, in milliseconds.
    pub total_ms: f32,
    /// The network alone.
    pub inference_ms: f32,
    pub provider: String,
    pub threads: usize,
    /// ONNX Runtime's version.
    pub runtime: String,
    /// Measured while the model ran live on frames of this width and height, beside the preview; `None`: on a frame of
    /// 1280×720 while nothing else ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<(u32, u32)>,
}

/// What was measured with one number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    pub threads: usize,
    /// Input, network and output: median, in milliseconds.
    pub total_ms: f32,
    /// Age of the preview's frames when they were shown meanwhile: 95th percentile, in milliseconds.
    pub image_ms: f32,
}

/// The best number of threads for a model on this computer, as measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    pub threads: usize,
    /// Measured with this provider and this version of ONNX Runtime.
    pub provider: String,
    pub runtime: String,
    pub trials: Vec<Trial>,
}

/// Size and time of a file: the same stamp means the same content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    pub bytes: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
}

impl FileStamp {
    /// Reads the stamp of a file, following links.
    ///
    /// # Errors
    /// The file's metadata can't be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        let since = meta.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Self { bytes: meta.len(), modified: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX) })
    }
}

/// The record about one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelRecord {
    /// The content that `sha256`, `measured` and `tuned` belong to.
    pub stamp: FileStamp,
    /// Hex, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// That of the weights in other files when the model was imported or first verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// The user's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub favourite: bool,
    /// When it was last run, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuned: Option<Tuned>,
    /// Why measuring it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// All records, by the files' paths.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelRecords {
    version: u32,
    files: BTreeMap<String, ModelRecord>,
    /// Pinned hashes, by catalogue id: nobody published them, so the first download's count.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pins: BTreeMap<String, String>,
}

impl ModelRecords {
    /// The record of a file; an empty one if there is none.
    #[must_use]
    pub fn of(&self, path: &Path) -> ModelRecord {
        key(path).and_then(|k| self.files.get(&k)).cloned().unwrap_or_default()
    }

    /// Changes the record of a file.
    pub fn change(&mut self, path: &Path, change: impl FnOnce(&mut ModelRecord)) {
        let Some(key) = key(path) else { return };
        let record = self.files.entry(key.clone()).or_default();
        change(record);
        if *record == ModelRecord::default() {
            self.files.remove(&key);
        }
    }

    /// The hash that a catalogue entry had at its first download.
    #[must_use]
    pub fn pin(&self, id: &str) -> Option<&str> {
        self.pins.get(id).map(String::as_str)
    }

    /// Pins the hash of a catalogue entry, unless one is pinned already.
    pub fn set_pin(&mut self, id: &str, sha256: &str) {
        self.pins.entry(id.to_owned()).or_insert_with(|| sha256.to_owned());
    }

    /// Forgets the pinned hash of a catalogue entry.
    pub fn forget_pin(&mut self, id: &str) {
        self.pins.remove(id);
    }

    /// Forgets a file that was removed, and the hash that was pinned when it was downloaded, unless another copy is left:
    /// who removes a model and downloads it again takes what comes then.
    pub fn forget(&mut self, path: &Path) {
        let Some(record) = key(path).and_then(|key| self.files.remove(&key)) else { return };
        let Some(origin) = record.origin else { return };
        let is_copy = |(path, record): (&String, &ModelRecord)| {
            record.origin.as_ref().is_some_and(|o| o.id == origin.id) && path_of(path).exists()
        };
        if !self.files.iter().any(is_copy) {
            self.pins.remove(&origin.id);
        }
    }

    /// Takes back [`Self::forget`], for a file that was restored.
    pub fn restore(&mut self, path: &Path, record: &ModelRecord) {
        self.change(path, |of_file| of_file.clone_from(record));
        if let Some(origin) = record.origin.as_ref().filter(|origin| origin.pinned) {
            self.set_pin(&origin.id, &origin.sha256);
        }
    }

    /// Sets the hash of a file. If a file with the same content is gone, its record moves to this one.
    pub fn set_hash(&mut self, path: &Path, stamp: FileStamp, sha256: &str) {
        let mine = self.of(path);
        let moved = if mine.stamp == FileStamp::default() {
            let gone = |(path, record): &(&String, &ModelRecord)| {
                record.sha256.as_deref() == Some(sha256) && !path_of(path).exists()
            };
            self.files.iter().find(gone).map(|(path, record)| (path.clone(), record.clone()))
        } else {
            None
        };
        if let Some((old, record)) = moved {
            self.files.remove(&old);
            self.change(path, |n| {
                let (favourite, name, used) = (n.favourite, n.name.take(), n.used);
                *n = record;
                n.favourite |= favourite;
                n.name = name.or(n.name.take());
                n.used = used.max(n.used);
            });
        }
        self.change(path, |n| {
            if n.sha256.as_deref() != Some(sha256) {
                n.weights = None;
                n.measured = None;
                n.tuned = None;
                n.failed = None;
            }
            n.stamp = stamp;
            n.sha256 = Some(sha256.to_owned());
        });
    }
}

/// The path that the record of a file is under; it stays the same when the file is gone.
pub(super) fn own_path(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize().or_else(|_| std::path::absolute(path)).ok()?;
    // A link has its own record, not that of the file behind it.
    Some(match (std::path::absolute(path), path.is_symlink()) {
        (Ok(own), true) => own,
        _ => whole,
    })
}

fn key(path: &Path) -> Option<String> {
    let own = own_path(path)?;
    match own.to_str() {
        Some(text) => Some(text.to_owned()),
        #[cfg(unix)]
        None => Some(encoded(&own)),
        // Such paths have no record.
        #[cfg(not(unix))]
        None => None,
    }
}

/// Before a path that isn't Unicode and is written in percent-encoding; other keys are absolute paths.
#[cfg(unix)]
const ENCODED: &str = "bytes:";

#[cfg(unix)]
fn encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = path.as_os_str().as_bytes();
    format!("{ENCODED}{}", percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC))
}

/// The path of a key.
fn path_of(key: &str) -> PathBuf {
    #[cfg(unix)]
    if let Some(encoded) = key.strip_prefix(ENCODED) {
        use std::os::unix::ffi::OsStringExt as _;
        let bytes = percent_encoding::percent_decode_str(encoded).collect();
        return std::ffi::OsString::from_vec(bytes).into();
    }
    PathBuf::from(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_moves_keeps_its_record_and_one_that_changes_loses_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old.onnx"), folder.path().join("new.onnx"));
        std::fs::write(&old, "x").unwrap();
        let mut records = ModelRecords::default();
        records.set_hash(&old, FileStamp::of(&old).unwrap(), "aa");
        let measured = Measured {
            total_ms: 1.0,
            inference_ms: 1.0,
            provider: "CPU".into(),
            threads: 1,
            runtime: "1".into(),
            live: None,
        };
        records.change(&old, |n| {
            n.favourite = true;
            n.measured = Some(measured);
        });
        std::fs::rename(&old, &new).unwrap();
        records.set_hash(&new, FileStamp::of(&new).unwrap(), "aa");
        assert!(records.of(&new).favourite && records.of(&new).measured.is_some());
        assert_eq!(records.of(&old), ModelRecord::default());
        records.set_hash(&new, FileStamp::of(&new).unwrap(), "bb");
        assert!(records.of(&new).favourite && records.of(&new).measured.is_none());
    }

    #[test]
    fn a_pinned_hash_goes_with_the_last_copy_of_its_model_and_comes_back_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (model, copy) = (folder.path().join("a.onnx"), folder.path().join("b.onnx"));
        let origin = Origin {
            id: "a".into(),
            source: "https://example.org".into(),
            licence: "MIT".into(),
            permits: Permits::Commercial,
            sha256: "aa".into(),
            pinned: true,
        };
        let mut records = ModelRecords::default();
        for path in [&model, &copy] {
            std::fs::write(path, "x").unwrap();
            records.change(path, |record| record.origin = Some(origin.clone()));
        }
        records.set_pin("a", "aa");
        let before = records.of(&copy);
        records.forget(&model);
        assert_eq!(records.pin("a"), Some("aa"), "a copy is left");
        std::fs::remove_file(&copy).unwrap();
        records.forget(&copy);
        assert_eq!((records.pin("a"), records.of(&copy)), (None, ModelRecord::default()));
        records.restore(&copy, &before);
        assert_eq!((records.pin("a"), records.of(&copy)), (Some("aa"), before));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_whose_name_is_no_unicode_has_a_record_too() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = RecordsFile::at(folder.path().join("library.json"));
        let (model, moved) =
            (folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.onnx")), folder.path().join("b.onnx"));
        std::fs::write(&model, "x").unwrap();
        file.update(|n| {
            n.set_hash(&model, FileStamp::of(&model).unwrap(), "aa");
            n.change(&model, |r| r.favourite = true);
        })
        .unwrap();
        assert_eq!(file.load().unwrap().of(&model).sha256.as_deref(), Some("aa"));
        std::fs::rename(&model, &moved).unwrap();
        let records = file.update(|n| n.set_hash(&moved, FileStamp::of(&moved).unwrap(), "aa")).unwrap();
        assert!(records.of(&moved).favourite && records.of(&model) == ModelRecord::default());
    }
}
