//! Why something saved can't be run again.

use std::path::PathBuf;

/// Why a snapshot or a recording can't be run again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("\u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// It was saved without a record, or that was moved.
    #[error("There is no record beside \u{201c}{}\u{201d}: nobody knows which model made it.", path.display())]
    NoRecord { path: PathBuf },
    #[error("\u{201c}{}\u{201d} isn't the record of a snapshot or a recording: {reason}.", path.display())]
    NoSnapshot { path: PathBuf, reason: String },
    /// Several models were compared in it.
    #[error("\u{201c}{}\u{201d} is the snapshot of a comparison, which can't be run again.", path.display())]
    Compared { path: PathBuf },
    #[error("\u{201c}{}\u{201d} was saved without a model.", path.display())]
    NoModel { path: PathBuf },
    /// Boxes are drawn on the only image.
    #[error("\u{201c}{}\u{201d} has no image without a drawing.", path.display())]
    NoCleanImage { path: PathBuf },
    /// The record names a file that is gone, or that lies outside its folder.
    #[error("The file \u{201c}{name}\u{201d} isn't beside \u{201c}{}\u{201d}.", path.display())]
    FileGone { path: PathBuf, name: String },
}

impl ReplayError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "Check its name and its permissions.",
            Self::NoRecord { .. } => {
                "Name the JSON file, or turn on in the settings that results are saved with each image or video."
            }
            Self::NoSnapshot { .. } => {
                "Name a JSON file that Sightline saved, or the image or video beside it."
            }
            Self::Compared { .. } => "Use \u{201c}sightline compare\u{201d} with the same image and models.",
            Self::NoModel { .. } => "Choose a snapshot that was saved while a model ran.",
            Self::NoCleanImage { .. } => {
                "Turn on in the settings that the image without a drawing is saved, too, or record both videos."
            }
            Self::FileGone { .. } => "Put it back, with the name that it had.",
        }
    }
}
