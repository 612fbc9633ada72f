//! Names of the files that `predict` writes: like the source's, and never one that exists.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::cli::failure::Failure;

/// Characters that Windows allows in no name, besides control characters.
const FORBIDDEN: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

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
        Ok(folder)
    }

    /// Creates a file with a temporary name in the folder. It is removed again unless it is persisted. Its permissions are
    /// those of any new file, not the private ones of a temporary file.
    ///
    /// # Errors
    /// Why it can't be created.
    pub fn part(&self, ending: &str) -> Result<NamedTempFile, Failure> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".sightline-").suffix(ending);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(&self.0).map_err(|e| self.write_error(&e))
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
    fn stems_are_safe_as_names() {
        assert_eq!(stem_of(Some("/a/b/bus.jpg"), "x"), "bus");
        assert_eq!(stem_of(None, "Logitech C920: HD/Pro"), "Logitech C920_ HD_Pro");
        assert_eq!(stem_of(Some("/a/two\nlines.jpg"), "x"), "two_lines");
        assert_eq!(stem_of(Some("/a/.hidden"), "x"), "result.hidden");
        assert_eq!(stem_of(None, ""), "result");
    }
}
