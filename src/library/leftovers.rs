//! Temporary files of imports, which stay when the program is killed.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

/// How the names of an import's temporary copies begin.
pub(super) const COPY: &str = ".importing-";
/// How the names of folders with unpacked archives begin.
pub(super) const UNPACKED: &str = ".unpacking-";
/// Held open and locked in a temporary folder while its import runs.
pub(super) const LOCK: &str = ".lock";
/// A temporary file or folder of this age that nobody holds belongs to an import that was killed. A younger one may not be locked
/// yet.
const GRACE: Duration = Duration::from_mins(1);
/// As [`GRACE`], where there is no lock: an older version made it, or the file system has none.
const STALE: Duration = Duration::from_hours(24);

/// Removes what imports that were killed have left in a folder, and nothing of those that run, in this program or another.
pub fn remove(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_part =
            [COPY, UNPACKED].iter().any(|start| entry.file_name().to_string_lossy().starts_with(*start));
        let Some(metadata) = entry.metadata().ok().filter(|_| is_part) else { continue };
        let path = entry.path();
        let lock = if metadata.is_dir() { path.join(LOCK) } else { path.clone() };
        let oldest = match is_locked(&lock) {
            Some(true) => continue,
            Some(false) => GRACE,
            None => STALE,
        };
        if metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > oldest)) {
            let _ =
                if metadata.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
    }
}

/// Whether somebody holds this file locked; `None` if there is none, or the file system has no locks.
fn is_locked(path: &Path) -> Option<bool> {
    let file = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file).map(|_| File::open(path))?;
    match file.ok()?.try_lock() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_imports_left_is_removed_and_nothing_that_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let old = std::time::SystemTime::now() - 2 * STALE;
        for (name, is_old) in [(".importing-a", true), (".importing-b", false), ("mine.onnx", true)] {
            let file = File::create(folder.path().join(name)).unwrap();
            if is_old {
                file.set_modified(old).unwrap();
            }
        }
        let unpacked = folder.path().join(".unpacking-c");
        std::fs::create_dir(&unpacked).unwrap();
        std::fs::write(unpacked.join("a.onnx"), "").unwrap();
        File::open(&unpacked).unwrap().set_modified(old).unwrap();
        // Left a few minutes ago, and in use.
        let recent = std::time::SystemTime::now() - 2 * GRACE;
        let lock = |name: &str| {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            let lock = File::create(folder.path().join(name).join(LOCK)).unwrap();
            File::open(folder.path().join(name)).unwrap().set_modified(recent).unwrap();
            lock
        };
        drop(lock(".unpacking-d"));
        let held = lock(".unpacking-e");
        held.try_lock().unwrap();
        remove(folder.path());
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".importing-b", ".unpacking-e", "mine.onnx"]);
    }
}
