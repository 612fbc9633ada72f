//! What a download asks of the disk: free space, a file for one program alone, the move to the target.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::error::DownloadError;

/// Returns the folder of a path.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Checks that `needed` more bytes fit into the target's folder and leave `margin` free. If the system doesn't tell
/// the free space, nothing is refused: writing fails then.
pub(super) fn check_space(target: &Path, needed: u64, margin: u64) -> Result<(), DownloadError> {
    let (folder, needed) = (folder_of(target), needed.saturating_add(margin));
    match fs4::available_space(&folder) {
        Ok(free) if free < needed => Err(DownloadError::NoSpace { folder, needed, free }),
        _ => Ok(()),
    }
}

/// Opens a file and locks it against other programs. A link or a folder of that name is refused: writing through a
/// link would overwrite something else.
pub(super) fn open_locked(path: &Path, create: bool) -> Result<File, DownloadError> {
    let in_use = || DownloadError::InUse { path: path.with_extension("") };
    for _ in 0..8 {
        if path.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
            let reason = "it is a link or a folder; remove it".into();
            return Err(DownloadError::Unwritable { path: path.into(), reason });
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create).truncate(false);
        let file = options.open(path).map_err(|e| write_error(path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            // Some network disks have no locks.
            Err(TryLockError::Error(error)) => tracing::warn!("{}: no lock: {error}", path.display()),
        }
        // Another program may have renamed or removed the file between opening and locking it.
        let opened = file.try_clone().and_then(same_file::Handle::from_file);
        if let (Ok(opened), Ok(named)) = (opened, same_file::Handle::from_path(path))
            && opened == named
        {
            return Ok(file);
        }
    }
    Err(in_use())
}

/// Writes `file` to the disk and renames it from `from` to `target`.
pub(super) fn move_to_target(
    file: &File,
    from: &Path,
    target: &Path,
    replace: bool,
) -> Result<(), DownloadError> {
    file.sync_all().map_err(|e| write_error(from, &e))?;
    if !replace && target.symlink_metadata().is_ok() {
        return Err(DownloadError::Occupied { path: target.into() });
    }
    std::fs::rename(from, target).map_err(|e| write_error(target, &e))?;
    // The name must survive a power cut too; not every system opens folders.
    if cfg!(unix)
        && let Ok(folder) = File::open(folder_of(target))
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Returns the download error for an error of writing.
pub(super) fn write_error(path: &Path, error: &io::Error) -> DownloadError {
    let (path, reason) = (path.to_owned(), error.to_string());
    match error.kind() {
        ErrorKind::StorageFull => DownloadError::DiskFull { folder: folder_of(&path) },
        ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => DownloadError::FileTooLarge { path, reason },
        _ => DownloadError::Unwritable { path, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_does_not_fit_is_refused_with_both_sizes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.onnx");
        assert_eq!(check_space(&target, 1, 0), Ok(()));
        let error = check_space(&target, u64::MAX, 1).unwrap_err();
        assert!(error.to_string().contains("are needed") && error.fix().contains("Free"), "{error}");
    }
}
