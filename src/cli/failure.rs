//! How a command ends, and what it says when it fails.

use std::process::ExitCode;

use crate::model::ModelError;
use crate::source::SourceError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// Something failed.
    Failed = 1,
    /// The command line was wrong.
    Usage = 2,
    /// Ctrl-C (128 + SIGINT, as shells count).
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something isn't as it must be.
    #[error("{message}")]
    Failed {
        /// What is so, in a sentence.
        message: String,
        /// What to do about it; may be empty.
        fix: String,
    },
    /// The command line asks for something that can't be.
    #[error("{message}")]
    Usage {
        /// What is so, in a sentence.
        message: String,
        /// What to do about it; may be empty.
        fix: String,
    },
    /// Whoever read our standard output went away (`… | head`). No error: they had enough.
    #[error("standard output was closed")]
    Unread,
}

impl Failure {
    /// Something isn't as it must be.
    pub fn failed(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), fix: fix.into() }
    }

    /// The command line asks for something that can't be.
    pub fn usage(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), fix: fix.into() }
    }

    /// Says on standard error what is so and what to do, and gives the exit code.
    #[must_use]
    pub fn report(&self) -> Exit {
        match self {
            Self::Failed { message, fix } => {
                say(message, fix);
                Exit::Failed
            }
            Self::Usage { message, fix } => {
                say(message, fix);
                Exit::Usage
            }
            Self::Unread => Exit::Done,
        }
    }
}

/// Writes an error to standard error. Where even that can't be written nobody is left to be told.
fn say(message: &str, fix: &str) {
    super::output::note(&format!("error: {message}"));
    if !fix.is_empty() {
        super::output::note(&format!("  fix: {fix}"));
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        // Fixes are written for the window, which goes on trying and takes files that are dropped on it.
        let fix = match &error {
            SourceError::NoFile { .. } => "Check the name and the folder that you are in.".into(),
            SourceError::Missing { .. } => {
                "Plug it in, or choose another: \u{201c}sightline cameras\u{201d} lists what is there.".into()
            }
            SourceError::NoCamera => {
                "Connect a camera, or name an image, a video or \u{201c}pattern\u{201d} (a test image)."
                    .into()
            }
            SourceError::Unplugged { .. } => "Plug it in again and start once more.".into(),
            SourceError::Busy { .. } => "Close the other program, or choose another camera.".into(),
            SourceError::Stalled { name } | SourceError::Camera { name, .. } if name.contains("://") => {
                "Check the address and the network, and start once more.".into()
            }
            SourceError::Stalled { .. } | SourceError::Damaged { .. } | SourceError::Camera { .. } => {
                "Start once more; if it lasts, unplug the camera and plug it in again.".into()
            }
            _ => error.fix(),
        };
        match error {
            SourceError::Unknown { .. } => Self::Usage { message, fix },
            _ => Self::Failed { message, fix },
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let fix = match &error {
            ModelError::NoFile { .. } => "Check the name and the folder that you are in.".into(),
            ModelError::NotUnderstood { path, .. } => format!(
                "\u{201c}sightline models info\u{201d} shows what it holds; say how to read it in \u{201c}{}\u{201d} beside it, or open it \
                 in the window and choose by hand.",
                path.with_extension("toml").display()
            ),
            ModelError::UnexpectedOutput { .. } => {
                "Open it in the window and choose another family by hand.".into()
            }
            ModelError::Provider { .. } => {
                "Use \u{201c}--device cpu\u{201d}, or install what the provider needs (see \u{201c}sightline doctor\u{201d}).".into()
            }
            _ => error.fix(),
        };
        Self::Failed { message: error.to_string(), fix }
    }
}
