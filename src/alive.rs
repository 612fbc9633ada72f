//! Files that exist while a process does: one that crashed leaves its file behind, which another process finds.
//!
//! Each is locked by its process. Locks end with a process however it ends, so that a file that can be locked belongs to
//! nobody any more; numbers of processes, which are used again, needn't be trusted.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Longer contents aren't read.
const LONGEST: u64 = 64 << 10;
/// More files than any number of running programs leaves are not looked at.
const MOST: usize = 256;

/// The file of this process. It goes when this is dropped.
#[derive(Debug)]
pub struct Marker {
    file: File,
    path: PathBuf,
}

impl Marker {
    /// Makes a file whose name begins with `prefix` in a folder, which is made if it doesn't exist.
    ///
    /// # Errors
    /// Why it can't be made.
    pub fn place(folder: &Path, prefix: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (file, path) = tempfile::Builder::new().prefix(prefix).tempfile_in(folder)?.keep()?;
        // Dropped on failure, which removes the file.
        let marker = Self { file, path };
        marker.file.try_lock().map_err(io::Error::from)?;
        Ok(marker)
    }

    /// Replaces what the file says.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn write(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.file.write_all(content)?;
        self.file.sync_data()
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Returns what the files of processes say that have ended without removing them, and removes the files.
#[must_use]
pub fn left_behind(folder: &Path, prefix: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST) {
        let path = entry.path();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let Ok(mut file) = File::options().read(true).write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        let mut content = Vec::new();
        let read = (&mut file).take(LONGEST).read_to_end(&mut content);
        if std::fs::remove_file(&path).is_ok() && read.is_ok() {
            found.push(content);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deep");
        let mut mine = Marker::place(&place, "running-").unwrap();
        mine.write(b"a long first text").unwrap();
        mine.write(b"mine").unwrap();
        std::fs::write(place.join("running-gone"), "theirs").unwrap();
        std::fs::write(place.join("other"), "kept").unwrap();
        assert_eq!(left_behind(&place, "running-"), [b"theirs".to_vec()]);
        assert!(left_behind(&place, "running-").is_empty(), "each is found once");
        drop(mine);
        let left: Vec<_> = std::fs::read_dir(&place).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["other"]);
    }
}
