//! The file of the records: JSON in the data folder; several programs may write it, one after the other.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{ModelRecord, ModelRecords};
use crate::model::folders;
use crate::whole_file;

/// A file with more bytes isn't read: some hundred bytes a model.
const MAX_BYTES: u64 = 64 << 20;
/// How long a write waits for another program that is writing. One that hangs must not block this one.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the records can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file isn't a file of records; it was renamed.
    #[error("The library's records \u{201c}{}\u{201d} can't be understood ({reason}). The file was renamed to \u{201c}{}\u{201d}; favourites and measured times start empty.", path.display(), renamed_to.display())]
    Damaged { path: PathBuf, renamed_to: PathBuf, reason: String },
    /// The file can't be read; it isn't overwritten.
    #[error("The library's records \u{201c}{}\u{201d} can't be read: {reason}. Favourites and measured times aren't remembered; remove or repair the file.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// The file can't be written.
    #[error("The library's records \u{201c}{}\u{201d} can't be saved: {reason}. Check that the folder can be written and that the disk has space.", path.display())]
    Unwritable { path: PathBuf, reason: String },
}

/// The file of the records.
#[derive(Clone, Debug)]
pub struct RecordsFile {
    path: PathBuf,
}

impl RecordsFile {
    /// The user's file: `library.json` in the data folder; `None` if the user has no home.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        Some(Self::at(folders::data_folder()?.join("library.json")))
    }

    /// The file at this path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the records; a file that doesn't exist gives none. Parts that this version doesn't understand are left out.
    ///
    /// # Errors
    /// [`RecordsError::Damaged`] after renaming the file; [`RecordsError::Unreadable`].
    pub fn load(&self) -> Result<ModelRecords, RecordsError> {
        self.read().map(|file| understood(&file))
    }

    /// The file as it is.
    fn read(&self) -> Result<Value, RecordsError> {
        let unreadable =
            |e: io::Error| RecordsError::Unreadable { path: self.path.clone(), reason: e.to_string() };
        let bytes = match whole_file::read(&self.path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Value::Object(Map::new())),
            Err(e) => return Err(unreadable(e)),
        };
        let file: Result<Map<String, Value>, _> = serde_json::from_slice(&bytes);
        file.map(Value::Object).map_err(|error| {
            let renamed_to = whole_file::place_aside(&self.path, &bytes);
            match std::fs::rename(&self.path, &renamed_to) {
                Ok(()) => {
                    RecordsError::Damaged { path: self.path.clone(), renamed_to, reason: error.to_string() }
                }
                Err(e) => unreadable(e),
            }
        })
    }

    /// Reads, changes and writes the records while the file is locked against other programs; returns the new records.
    ///
    /// # Errors
    /// [`RecordsError::Unwritable`], [`RecordsError::Unreadable`].
    pub fn update(&self, change: impl FnOnce(&mut ModelRecords)) -> Result<ModelRecords, RecordsError> {
        self.update_within(LOCK_TIMEOUT, change)
    }

    fn update_within(
        &self,
        timeout: Duration,
        change: impl FnOnce(&mut ModelRecords),
    ) -> Result<ModelRecords, RecordsError> {
        let failed =
            |e: io::Error| RecordsError::Unwritable { path: self.path.clone(), reason: e.to_string() };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::create(self.path.with_extension("lock")).map_err(failed)?;
        let start = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if start.elapsed() >= timeout => {
                    return Err(failed(io::Error::other("another program doesn't release it")));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        let file = match self.read() {
            Ok(file) => file,
            Err(error @ RecordsError::Damaged { .. }) => {
                tracing::warn!("{error}");
                Value::Null
            }
            Err(error) => return Err(error),
        };
        let mut records = understood(&file);
        let before = records.clone();
        records.version = records.version.max(1);
        change(&mut records);
        if records != before {
            let value = |records: &ModelRecords| serde_json::to_value(records).map_err(|e| failed(e.into()));
            let mut changed = value(&records)?;
            keep_the_rest(&mut changed, &value(&before)?, &file);
            let text = serde_json::to_vec_pretty(&changed).map_err(|e| failed(e.into()))?;
            whole_file::write(&self.path, &text).map_err(failed)?;
        }
        Ok(records)
    }
}

/// The parts of the file that this version understands: a newer one may have written others, such as a licence of a kind that
/// isn't known here.
fn understood(file: &Value) -> ModelRecords {
    if let Ok(records) = ModelRecords::deserialize(file) {
        return records;
    }
    let part = |name: &str| file[name].as_object().into_iter().flatten();
    let record = |value: &Value| {
        let fields = value.as_object()?;
        ModelRecord::deserialize(value).ok().or_else(|| {
            let is_understood = |(name, value): &(&String, &Value)| {
                let alone = Map::from_iter([((*name).clone(), (*value).clone())]);
                ModelRecord::deserialize(&Value::Object(alone)).is_ok()
            };
            let fields =
                fields.iter().filter(is_understood).map(|(name, value)| (name.clone(), value.clone()));
            ModelRecord::deserialize(&Value::Object(fields.collect())).ok()
        })
    };
    ModelRecords {
        version: u32::deserialize(&file["version"]).unwrap_or_default(),
        files: part("files").filter_map(|(path, value)| Some((path.clone(), record(value)?))).collect(),
        pins: part("pins").filter_map(|(id, hash)| Some((id.clone(), hash.as_str()?.to_owned()))).collect(),
    }
}

/// Adds to what is written what the file holds and this version didn't understand. What it did understand (`before`) and then
/// removed stays removed, with everything in it.
fn keep_the_rest(changed: &mut Value, before: &Value, file: &Value) {
    let (Some(changed), Some(before), Some(file)) =
        (changed.as_object_mut(), before.as_object(), file.as_object())
    else {
        return;
    };
    for (name, value) in file {
        match (changed.get_mut(name), before.get(name)) {
            (None, None) => {
                changed.insert(name.clone(), value.clone());
            }
            (Some(changed), Some(before)) => keep_the_rest(changed, before, value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_again_and_a_damaged_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = RecordsFile::at(folder.path().join("deep/library.json"));
        let model = folder.path().join("a.onnx");
        std::fs::write(&model, "x").unwrap();
        file.update(|n| n.change(&model, |r| r.favourite = true)).unwrap();
        assert!(file.load().unwrap().of(&model).favourite);
        std::fs::write(file.path(), "{").unwrap();
        assert!(matches!(file.load(), Err(RecordsError::Damaged { renamed_to, .. }) if renamed_to.exists()));
        assert!(!file.load().unwrap().of(&model).favourite);
    }

    #[test]
    fn every_damaged_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = RecordsFile::at(folder.path().join("library.json"));
        let kept: Vec<PathBuf> = ["{", "[1]"]
            .map(|text| {
                std::fs::write(file.path(), text).unwrap();
                let Err(RecordsError::Damaged { renamed_to, .. }) = file.load() else { panic!("{text}") };
                assert_eq!(std::fs::read_to_string(&renamed_to).unwrap(), text);
                renamed_to
            })
            .into();
        assert_ne!(kept[0], kept[1]);
    }

    #[test]
    fn what_a_newer_version_wrote_is_neither_lost_nor_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = RecordsFile::at(folder.path().join("library.json"));
        let text = r#"{"version": 3, "shelves": ["a"], "pins": {"a": "aa"}, "files": {
            "/m/a.onnx": {"favourite": true, "stars": 5, "origin": {"id": "a", "source": "s", "licence": "X",
                "permits": "on-sundays", "sha256": "aa"}, "used": 7},
            "/m/b.onnx": {"name": "Bee", "stars": 2, "stamp": {"bytes": 1, "modified": 2, "inode": 3}},
            "/m/c.onnx": {"favourite": true, "stars": 1}, "/m/d.onnx": 4}}"#;
        std::fs::write(file.path(), text).unwrap();
        let records = file.load().unwrap();
        let of = |name: &str| records.of(Path::new(name));
        assert_eq!(
            (of("/m/a.onnx").favourite, of("/m/a.onnx").used, of("/m/a.onnx").origin),
            (true, Some(7), None)
        );
        assert_eq!((of("/m/b.onnx").name.as_deref(), records.pin("a")), (Some("Bee"), Some("aa")));
        file.update(|records| {
            records.change(Path::new("/m/a.onnx"), |record| record.favourite = false);
            records.forget(Path::new("/m/c.onnx"));
        })
        .unwrap();
        let now: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        let mut expected: Value = serde_json::from_str(text).unwrap();
        let files = expected["files"].as_object_mut().unwrap();
        files.remove("/m/c.onnx");
        files["/m/a.onnx"].as_object_mut().unwrap().remove("favourite");
        // What is written for every record.
        files["/m/a.onnx"]["stamp"] = serde_json::json!({"bytes": 0, "modified": 0});
        assert_eq!(now, expected);
    }

    #[test]
    fn a_file_that_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = RecordsFile::at(folder.path().join("library.json"));
        std::fs::create_dir(file.path()).unwrap();
        let error = file.update(|records| records.set_pin("a", "b")).unwrap_err();
        assert!(error.to_string().contains("it is a folder, not a file"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_while_writing_does_not_block_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = RecordsFile::at(folder.path().join("library.json"));
        let lock = File::create(folder.path().join("library.lock")).unwrap();
        lock.lock().unwrap();
        let error = file.update_within(Duration::from_millis(30), |r| r.set_pin("a", "b")).unwrap_err();
        assert!(error.to_string().contains("another program"), "{error}");
        drop(lock);
        file.update(|r| r.set_pin("a", "b")).unwrap();
    }

    #[test]
    fn two_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("library.json");
        let writers: Vec<_> = (0..4)
            .map(|w| {
                let (file, folder) = (RecordsFile::at(path.clone()), folder.path().to_owned());
                std::thread::spawn(move || {
                    for i in 0..10 {
                        let model = folder.join(format!("{w}-{i}.onnx"));
                        file.update(|n| n.change(&model, |r| r.favourite = true)).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        assert_eq!(RecordsFile::at(path).load().unwrap().files.len(), 40);
    }
}
