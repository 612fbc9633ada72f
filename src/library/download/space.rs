//! Whether a disk has room.

use std::path::{Path, PathBuf};

use super::error::DownloadError;

/// The folder in which a path lies.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Checks that `needed` bytes more fit beside `target`, with `margin` to spare. Where the disk doesn't say what is
/// free, nothing is refused; writing then tells.
pub(super) fn check(target: &Path, needed: u64, margin: u64) -> Result<(), DownloadError> {
    let folder = folder_of(target);
    match fs4::available_space(&folder) {
        Ok(free) if free < needed.saturating_add(margin) => {
            Err(DownloadError::NoSpace { folder, needed: needed.saturating_add(margin), free })
        }
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::debug!("the free space of {} isn't known: {error}", folder.display());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_fit_is_refused_with_both_figures() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("m.onnx");
        assert_eq!(check(&target, 1, 0), Ok(()));
        let error = check(&target, u64::MAX, 1).unwrap_err();
        assert!(error.to_string().contains("are needed") && error.fix().contains("Free"), "{error}");
    }
}
