//! Writing videos: frames with their own times, through the installed ffmpeg, into files that can be played however their writing
//! ends.

mod encoder;
mod matroska;
#[cfg(test)]
mod tests;
mod video_file;

use std::path::PathBuf;

pub use encoder::{Container, Encoder, best};
pub use video_file::{Finished, VideoFile};

/// Why a video can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("Videos are written with the program ffmpeg, which isn't installed.")]
    NoFfmpeg,
    #[error("This ffmpeg has no working encoder for {} files.", container.ending().to_uppercase())]
    NoEncoder { container: Container },
    #[error("\u{201c}{}\u{201d} can't be written: {reason}.", path.display())]
    Unwritable { path: PathBuf, reason: String },
    /// What was written until then can be played.
    #[error("The video \u{201c}{}\u{201d} ended early: {reason}.", path.display())]
    Ended { path: PathBuf, reason: String },
}

impl RecordError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        let fix = match self {
            Self::NoFfmpeg => return crate::source::SourceError::NoFfmpeg.fix(),
            Self::NoEncoder { .. } => "Install a complete ffmpeg, or save images instead.",
            Self::Unwritable { .. } => "Check the folder's permissions and the free space.",
            Self::Ended { .. } => {
                "Check the free space, or save to another folder. What was written can be played."
            }
        };
        fix.into()
    }
}
