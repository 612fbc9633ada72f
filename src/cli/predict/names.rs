//! Names of the files that `predict` writes: like the source's, and never one that exists.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::cli::failure::Failure;

/// Characters that Windows allows in no name, besides control characters.
const FORBIDDEN: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// How the name of a file begins that is being written.
const PART: &str = ".sightline-";
/// An image that is half written for so long belongs to a run that was killed.
const STALE: Duration = Duration::from_hours(1);

/// The folder that results go to.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates the folder and checks, before any work is done, that files can be written there.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn prepare(path: &Path) -> Result<Self, Failure> {
        let folder = Self(path.to_owned());
        std::fs::create_dir_all(path).map_err(|e| folder.write_error(&e))?;
        folder.part(".tmp").map(|_| ())?;
        folder.remove_stale();
        Ok(folder)
    }

    /// Removes the half-written images of runs that were killed. Videos stay: they can be played.
    fn remove_stale(&self) {
        for entry in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_part = name.to_string_lossy().starts_with(PART)
                && Path::new(&name).extension().is_some_and(|ending| ending == "tmp");
            let modified = entry.metadata().and_then(|m| m.modified()).ok();
            // Another run may be writing a newer one.
            if is_part && modified.and_then(|m| m.elapsed().ok()).is_some_and(|age| age > STALE) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Creates a file with a temporary name in the folder. It is removed again unless it is persisted. Its permissions are
    /// those of any new file, not the private ones of a temporary file.
    ///
    /// # Errors
    /// Why it can't be created.
    pub fn part(&self, ending: &str) -> Result<NamedTempFile, Failure> {
        self.temporary(OsStr::new(PART), ending)
    }

    /// As [`Self::part`], with a visible name that begins with the stem: if the program is killed, the user finds it.
    ///
    /// # Errors
    /// Why it can't be created.
    pub fn unfinished(&self, stem: &OsStr, ending: &str) -> Result<NamedTempFile, Failure> {
        let mut prefix = stem.to_owned();
        prefix.push(".unfinished-");
        self.temporary(&prefix, ending)
    }

    fn temporary(&self, prefix: &OsStr, ending: &str) -> Result<NamedTempFile, Failure> {
        crate::whole_file::draft_in(&self.0, prefix, ending).map_err(|e| self.write_error(&e))
    }

    /// Gives a finished file its name: `stem.ending` or, if that is taken, `stem-2.ending` and so on. No file is ever
    /// replaced.
    ///
    /// # Errors
    /// Why it can't be named so.
    pub fn persist(&self, mut part: NamedTempFile, stem: &OsStr, ending: &str) -> Result<PathBuf, Failure> {
        for number in 1_u32.. {
            let mut name = stem.to_owned();
            if number > 1 {
                name.push(format!("-{number}"));
            }
            name.push(".");
            name.push(ending);
            let path = self.0.join(name);
            match part.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => part = error.file,
                Err(error) => return Err(self.write_error(&error.error)),
            }
        }
        Err(self.write_error(&io::ErrorKind::AlreadyExists.into()))
    }

    /// The failure if the folder or a file in it can't be written.
    pub fn write_error(&self, error: &io::Error) -> Failure {
        let place = self.0.display();
        let fix = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Free some space, or choose another folder with \u{201c}--save DIR\u{201d}."
            }
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                "A file of that name is in the way: choose another folder with \u{201c}--save DIR\u{201d}."
            }
            _ => "Choose a folder that this account may write to with \u{201c}--save DIR\u{201d}.",
        };
        Failure::failed(format!("Results can't be written to \u{201c}{place}\u{201d}: {error}."), fix)
    }
}

/// The file name, without ending, for a result: that of `origin` (a file) or, without one, `name`.
#[must_use]
pub fn stem_of(origin: Option<&str>, name: &str) -> OsString {
    let file = origin.map(Path::new).and_then(Path::file_stem);
    let text = file.map_or_else(|| name.into(), OsStr::to_string_lossy);
    let safe = |c: char| if c.is_control() || FORBIDDEN.contains(&c) { '_' } else { c };
    let stem: String = text.trim().chars().map(safe).take(120).collect();
    if stem.is_empty() || stem.starts_with('.') { format!("result{stem}").into() } else { stem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_names_get_a_number_and_nothing_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("bus.jpg"), "the original").unwrap();
        let folder = Folder::prepare(dir.path()).unwrap();
        let persist = || folder.persist(folder.part(".tmp").unwrap(), OsStr::new("bus"), "jpg").unwrap();
        assert_eq!(persist(), dir.path().join("bus-2.jpg"));
        assert_eq!(persist(), dir.path().join("bus-3.jpg"));
        assert_eq!(std::fs::read(dir.path().join("bus.jpg")).unwrap(), b"the original");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "no temporary file is left");
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        std::fs::write(&path, "").unwrap();
        assert!(
            matches!(Folder::prepare(&path), Err(Failure::Failed { fix, .. }) if fix.contains("in the way"))
        );
    }

    #[test]
    fn what_a_killed_run_left_half_written_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        for (name, hours) in
            [(".sightline-old.tmp", 2), (".sightline-new.tmp", 0), (".sightline-old.mp4", 2), ("old.tmp", 2)]
        {
            let file = std::fs::File::create(dir.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_hours(hours)).unwrap();
        }
        Folder::prepare(dir.path()).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, [".sightline-new.tmp", ".sightline-old.mp4", "old.tmp"]);
    }

    #[test]
    fn stems_are_safe_as_names() {
        assert_eq!(stem_of(Some("/a/b/bus.jpg"), "x"), "bus");
        assert_eq!(stem_of(None, "Logitech C920: HD/Pro"), "Logitech C920_ HD_Pro");
        assert_eq!(stem_of(Some("/a/two\nlines.jpg"), "x"), "two_lines");
        assert_eq!(stem_of(Some("/a/.hidden"), "x"), "result.hidden");
        assert_eq!(stem_of(None, ""), "result");
    }
}
