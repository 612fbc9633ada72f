//! From a file of this computer: an offline folder is a mirror like any other.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use super::error::DownloadError;
use super::part::{About, Part};
use super::transfer::{Task, Trouble};

/// Copies the file at `path` into the part, from its beginning.
pub(super) fn fetch(path: &Path, shown: &str, task: &Task<'_>, part: &mut Part) -> Result<(), Trouble> {
    let unreadable = |error: &std::io::Error| match error.kind() {
        ErrorKind::NotFound => Trouble::Refused(DownloadError::NoFile { path: path.into() }),
        _ => Trouble::Refused(DownloadError::Unreadable { path: path.into(), reason: error.to_string() }),
    };
    let meta = path.metadata().map_err(|e| unreadable(&e))?;
    if !meta.is_file() {
        // A folder is looked into; it stands here where it holds nothing of that name. A pipe would never end.
        return Err(Trouble::Refused(DownloadError::NoFile { path: path.into() }));
    }
    let mut file = File::open(path).map_err(|e| unreadable(&e))?;
    let total = Some(meta.len());
    task.check_length(shown, total)?;
    part.reset()?;
    part.about = About { address: shown.into(), length: total, ..std::mem::take(&mut part.about) };
    task.check_space(part, total)?;
    part.remember()?;
    task.pour(&mut file, part, total, shown, None, |error, _| unreadable(error))
}
