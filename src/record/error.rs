//! Why a video can't be written, or ended early.

use std::io;
use std::path::{Path, PathBuf};

use super::Container;

/// Why a video can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("This needs the program ffmpeg, which isn't installed.")]
    NoFfmpeg,
    #[error("This ffmpeg has no working encoder for {} files.", container.ending().to_uppercase())]
    NoEncoder { container: Container },
    #[error("\u{201c}{}\u{201d} can't be written: {reason}.", path.display())]
    Unwritable { path: PathBuf, reason: String },
    /// The disk of this folder has so many bytes left.
    #[error("The disk of \u{201c}{}\u{201d} is nearly full: {:.0} MB are left.", folder.display(), *free as f64 / 1e6)]
    NoRoom { folder: PathBuf, free: u64 },
    /// A recording would end at once.
    #[error("The disk of \u{201c}{}\u{201d} has {:.0} MB left; a recording needs {:.0} MB to begin.", folder.display(), *free as f64 / 1e6, *needed as f64 / 1e6)]
    TooLittleRoom { folder: PathBuf, free: u64, needed: u64 },
    /// What was written until then can be played.
    #[error("The video \u{201c}{}\u{201d} ended early: {reason}.", path.display())]
    Ended { path: PathBuf, reason: String },
    /// The encoder takes no more frames. What was written until then can be played.
    #[error("The video \u{201c}{}\u{201d} ended early: the encoder doesn't respond.", path.display())]
    Stuck { path: PathBuf },
    /// Somebody deleted or moved the file, or its folder, while it was being written.
    #[error("The recording ended: \u{201c}{}\u{201d} was deleted or moved.", path.display())]
    Removed { path: PathBuf },
    #[error("There is nothing to record yet: the source sends no frames.")]
    NoFrames,
    /// With privacy on, and no model has found anything yet.
    #[error("There is nothing to record yet: with privacy on, only frames with results are recorded.")]
    NoResults,
    #[error("With privacy on, nothing is recorded while models are compared.")]
    Blind,
    #[error("The clip was given up because privacy was turned on.")]
    PrivacyChanged,
    /// "Save the last seconds", and none are kept.
    #[error("No video of the last seconds is kept.")]
    NothingKept,
}

impl RecordError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        let fix = match self {
            Self::NoFfmpeg => {
                let install = if cfg!(target_os = "linux") {
                    "Install it (Debian, Ubuntu: sudo apt install ffmpeg)."
                } else {
                    "Install it from ffmpeg.org."
                };
                return format!("{install} Recordings as MP4 work without it.");
            }
            Self::NoEncoder { .. } => "Install a complete ffmpeg, or save images instead.",
            Self::Unwritable { .. } => "Check the folder's permissions and the free space.",
            Self::NoRoom { .. } => {
                "Free some space, or choose a folder on another disk in the settings. What was written can be played."
            }
            Self::TooLittleRoom { .. } => {
                "Free some space, or choose a folder on another disk in the settings."
            }
            Self::Ended { .. } => {
                "Check the free space, or save to another folder. What was written can be played."
            }
            Self::Stuck { .. } => {
                "What was written can be played. Record again; a smaller picture needs less work."
            }
            Self::Removed { .. } => {
                "Record again, and leave the file where it is until the recording has ended."
            }
            Self::NoFrames => "Choose a source, or wait for its first frame.",
            Self::NoResults => "Choose a model that finds whom you hide.",
            Self::Blind => "End the comparison (C), or turn privacy off.",
            Self::PrivacyChanged => "Save the last seconds again a little later.",
            Self::NothingKept => "Choose in the settings, under Recordings, how many seconds are kept.",
        };
        fix.into()
    }

    /// The error of opening or writing a file.
    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: error.to_string() }
    }
}
