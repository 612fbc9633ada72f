//! The names of a recording's files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Local};

use super::RecordError;
use crate::save::{self, NoFolder};

/// Recording ends when the disk has less room than this, in bytes.
pub(super) const RESERVE: u64 = 32 << 20;

/// Returns the folder of recordings; makes it if it does not exist.
///
/// # Errors
/// [`RecordError::Unwritable`], or [`RecordError::NoRoom`] if a recording would end at once.
pub(super) fn prepare_folder(chosen: Option<&Path>) -> Result<PathBuf, RecordError> {
    let folder = save::prepare_folder(chosen, save::default_video_folder);
    let folder = folder.map_err(|why| match why {
        NoFolder::NotMade(folder, error) => RecordError::unwritable(&folder, &error),
        NoFolder::NotAFolder(path) => {
            RecordError::Unwritable { path, reason: "it is not a folder".to_owned() }
        }
    })?;
    remove_leftovers(&folder);
    let needed = 2 * RESERVE;
    match check_room(&folder, needed) {
        Err(RecordError::NoRoom { folder, free }) => Err(RecordError::TooLittleRoom { folder, free, needed }),
        _ => Ok(folder),
    }
}

/// Copies of a program that was killed are removed after a day: nobody writes them any more.
const OLD: Duration = Duration::from_hours(24);

fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(".sightline-")
            && [".mp4", ".mkv", ".webm", ".part"].iter().any(|ending| name.ends_with(ending));
        let is_old = || {
            let modified = entry.metadata().and_then(|data| data.modified());
            modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > OLD))
        };
        if is_ours && is_old() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Checks that the disk of a folder has so many bytes left. If the system doesn't tell, nothing is refused.
pub(super) fn check_room(folder: &Path, needed: u64) -> Result<(), RecordError> {
    match fs4::available_space(folder) {
        Ok(free) if free < needed => Err(RecordError::NoRoom { folder: folder.to_owned(), free }),
        _ => Ok(()),
    }
}

/// Makes empty files whose common name is the time, with these endings, and returns their paths.
///
/// # Errors
/// [`RecordError::Unwritable`]; none of them is left.
pub(super) fn reserve(
    folder: &Path,
    now: DateTime<Local>,
    endings: &[String],
) -> Result<Vec<PathBuf>, RecordError> {
    for stem in save::names_at(&now) {
        let paths: Vec<PathBuf> =
            endings.iter().map(|ending| folder.join(format!("{stem}{ending}"))).collect();
        match create_all(&paths) {
            Ok(()) => return Ok(paths),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(RecordError::unwritable(folder, &error)),
        }
    }
    Err(RecordError::Unwritable { path: folder.to_owned(), reason: "every name is taken".into() })
}

fn create_all(paths: &[PathBuf]) -> io::Result<()> {
    for (place, path) in paths.iter().enumerate() {
        if let Err(error) = fs::File::create_new(path) {
            for made in &paths[..place] {
                let _ = fs::remove_file(made);
            }
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Local::now();
        let endings = [".mp4".to_owned(), " clean.mp4".to_owned()];
        let first = reserve(folder.path(), now, &endings).expect("two files");
        fs::write(&first[0], "a video").expect("writable");
        // The second name of the next one is taken by somebody else.
        let stem = first[0].file_stem().expect("a name").to_string_lossy().into_owned();
        fs::write(folder.path().join(format!("{stem} (2) clean.mp4")), "theirs").expect("writable");
        let second = reserve(folder.path(), now, &endings).expect("two files");
        assert!(second[0].display().to_string().ends_with("(3).mp4"), "{second:?}");
        assert!(!folder.path().join(format!("{stem} (2).mp4")).exists(), "nothing half is left");
        assert_eq!(fs::read_to_string(&first[0]).expect("readable"), "a video");
    }
}
