//! How a command ends, and what it writes when it fails.
//!
//! Commands return [`anyhow::Result`]. What has a remedy or an exit code of its own is a [`Failure`], a [`ModelError`] or a
//! [`SourceError`] inside; [`report`] finds it there.

use std::process::ExitCode;

use crate::learn::teach::TeachError;
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

impl Exit {
    /// The exit that tells more: an interruption, then a wrong command line, then a failure.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if self as u8 >= other as u8 { self } else { other }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something is not as it must be.
    #[error("{message}")]
    Failed {
        /// What is wrong, in a sentence.
        message: String,
        /// What to do about it; may be empty.
        fix: String,
    },
    /// The command line asks for something impossible.
    #[error("{message}")]
    Usage {
        /// What is wrong, in a sentence.
        message: String,
        /// What to do about it; may be empty.
        fix: String,
    },
    /// The reader of standard output went away (`… | head`). This is no error.
    #[error("standard output was closed")]
    Unread,
    /// Ctrl-C was pressed before there was any result.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// Something is not as it must be.
    pub fn failed(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), fix: fix.into() }
    }

    /// The command line asks for something impossible.
    pub fn usage(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), fix: fix.into() }
    }

    /// Writes to standard error what is wrong and what to do, and returns the exit code.
    #[must_use]
    pub fn report(&self) -> Exit {
        match self {
            Self::Failed { message, fix } => {
                write_error(message, fix);
                Exit::Failed
            }
            Self::Usage { message, fix } => {
                write_error(message, fix);
                Exit::Usage
            }
            Self::Unread => Exit::Done,
            Self::Interrupted => {
                super::output::note("Interrupted.");
                Exit::Interrupted
            }
        }
    }
}

/// Writes the error that ended a command to standard error and returns the exit code.
#[must_use]
pub fn report(error: anyhow::Error) -> Exit {
    Failure::from(error).report()
}

impl From<anyhow::Error> for Failure {
    /// The failure inside, with the remedy of the command line. Any other error is shown with its causes.
    fn from(error: anyhow::Error) -> Self {
        error
            .downcast::<Self>()
            .or_else(|error| error.downcast::<ModelError>().map(Self::from))
            .or_else(|error| error.downcast::<SourceError>().map(Self::from))
            .or_else(|error| error.downcast::<TeachError>().map(Self::from))
            .unwrap_or_else(|error| {
                let text = format!("{error:#}");
                Self::failed(format!("{}.", text.trim_end_matches('.')), "")
            })
    }
}

/// Writes an error to standard error. If that fails too, there is nobody left to tell.
fn write_error(message: &str, fix: &str) {
    super::output::note(&format!("error: {message}"));
    if !fix.is_empty() {
        super::output::note(&format!("  fix: {fix}"));
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        // The library's remedies are written for the window, which tries again by itself and takes dropped files.
        let fix = match &error {
            SourceError::NoFile { .. } => "Check the name and the folder that you are in.".into(),
            SourceError::Missing { .. } => {
                "Plug it in, or choose another: \u{201c}sightline cameras\u{201d} lists what is there.".into()
            }
            SourceError::NoCamera => {
                "Connect a camera, or name an image, a video or \u{201c}pattern\u{201d} (a test image)."
                    .into()
            }
            SourceError::Unplugged { .. } => "Plug it in again and run the command again.".into(),
            SourceError::Busy { .. } => "Close the other program, or choose another camera.".into(),
            SourceError::StreamStalled { .. } | SourceError::Stream { .. } => {
                "Check the address and the network, and try again.".into()
            }
            SourceError::Stalled { .. } | SourceError::Damaged { .. } | SourceError::Camera { .. } => {
                "Try again; if it happens again, unplug the camera and plug it in again.".into()
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
            // Only Ctrl-C stops a model here.
            ModelError::Stopped => return Self::Interrupted,
            ModelError::NoFile { .. } => "Check the name and the folder that you are in.".into(),
            ModelError::NotUnderstood { path, .. } => format!(
                "\u{201c}sightline models info\u{201d} shows what it holds; describe it in \u{201c}{}\u{201d} next to it, or open it \
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

impl From<TeachError> for Failure {
    fn from(error: TeachError) -> Self {
        let fix = match &error {
            TeachError::Stopped => return Self::Interrupted,
            TeachError::BadTensor { .. } => {
                "Leave \u{201c}--tensor\u{201d} out, or name one of the candidates that \u{201c}--format json\u{201d} lists.".into()
            }
            TeachError::OtherBackbone { .. } => {
                "Name the backbone to use with \u{201c}--backbone MODEL\u{201d}.".into()
            }
            TeachError::Exists { .. } => {
                "Choose another name, or replace it with \u{201c}--force\u{201d}.".into()
            }
            _ => error.fix(),
        };
        match error {
            TeachError::Model(error) => error.into(),
            error => Self::Failed { message: error.to_string(), fix },
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_failure_inside_gives_code_and_remedy() {
        let usage: anyhow::Result<()> = Err(Failure::usage("wrong", "right").into());
        assert!(matches!(
            Failure::from(usage.context("while reading").unwrap_err()),
            Failure::Usage { message, fix } if message == "wrong" && fix == "right"
        ));
        let no_file = anyhow::Error::from(ModelError::NoFile { path: "a.onnx".into() });
        assert!(
            matches!(Failure::from(no_file), Failure::Failed { fix, .. } if fix.starts_with("Check the name"))
        );
        let stopped = anyhow::Error::from(ModelError::Stopped);
        assert!(matches!(Failure::from(stopped), Failure::Interrupted));
    }

    #[test]
    fn a_later_failure_does_not_hide_wrong_usage() {
        assert_eq!(Exit::Usage.worse(Exit::Failed), Exit::Usage);
        assert_eq!(Exit::Failed.worse(Exit::Usage), Exit::Usage);
        assert_eq!(Exit::Done.worse(Exit::Failed), Exit::Failed);
    }

    #[test]
    fn any_other_error_is_shown_with_its_causes() {
        let full = std::io::Error::other("the disk is full");
        let error = anyhow::Error::from(full).context("The plot can't be written");
        assert!(matches!(
            Failure::from(error),
            Failure::Failed { message, .. } if message == "The plot can't be written: the disk is full."
        ));
    }
}
