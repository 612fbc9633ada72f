//! Why nothing was saved.

use std::io;
use std::path::{Path, PathBuf};

/// Why no snapshot was saved. No file of it is left in the folder.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// There is no frame yet.
    #[error("There is no frame to save yet.")]
    NoImage,
    /// Neither the folder nor the one above it exists.
    #[error("The snapshot folder \u{201c}{}\u{201d} doesn't exist.", path.display())]
    NoFolder { path: PathBuf },
    /// A file has the folder's name.
    #[error("The snapshot folder \u{201c}{}\u{201d} is not a folder.", path.display())]
    NotAFolder { path: PathBuf },
    /// This account has no permission to write there.
    #[error("Snapshots can't be written to \u{201c}{}\u{201d}: this account may not write there.", path.display())]
    Forbidden { path: PathBuf },
    /// The file system is read-only.
    #[error("Snapshots can't be written to \u{201c}{}\u{201d}: the disk is read-only.", path.display())]
    ReadOnly { path: PathBuf },
    /// The disk has no room for the files, which take `bytes` in all.
    #[error(
        "The disk of \u{201c}{}\u{201d} is full; the snapshot needs {:.1} MB.",
        path.display(),
        *bytes as f64 / 1e6
    )]
    Full { path: PathBuf, bytes: u64 },
    /// The image can't be encoded in the format of the settings, which has this name.
    #[error("The image can't be written as {format}: {source}.")]
    Image {
        format: &'static str,
        #[source]
        source: image::ImageError,
    },
    /// The record can't be written as JSON.
    #[error("The image can't be written as JSON: {0}.")]
    Json(#[source] serde_json::Error),
    /// All numbers of this second are taken.
    #[error("The snapshot couldn't be saved in \u{201c}{}\u{201d}: every name is taken.", path.display())]
    NamesTaken { path: PathBuf },
    /// Another error of the file system.
    #[error("The snapshot couldn't be saved in \u{201c}{}\u{201d}: {source}.", path.display())]
    Failed {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl SnapshotError {
    /// Returns a sentence that tells the user what to do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoImage => "Wait for the first frame, or choose a source.",
            Self::NoFolder { .. }
            | Self::NotAFolder { .. }
            | Self::Forbidden { .. }
            | Self::ReadOnly { .. } => "Choose another folder for snapshots in the settings.",
            Self::Full { .. } => {
                "Free some space, or choose a folder on another disk in the settings, then try again."
            }
            Self::Image { .. } | Self::Json(_) => "Choose another image format in the settings.",
            Self::NamesTaken { .. } | Self::Failed { .. } => {
                "Try again, or choose another folder for snapshots in the settings."
            }
        }
    }

    /// Returns the error of writing files of `bytes` in all to the folder `path`.
    pub(super) fn of(source: io::Error, path: &Path, bytes: u64) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { path, bytes }
            }
            io::ErrorKind::PermissionDenied => Self::Forbidden { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::NotFound => Self::NoFolder { path },
            _ => Self::Failed { path, source },
        }
    }
}
