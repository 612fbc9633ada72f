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
        let (message, fix) = (error.to_string(), for_terminal(error.fix()));
        if let SourceError::Unknown { .. } = error {
            Self::usage(message, fix)
        } else {
            Self::failed(message, fix)
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::failed(error.to_string(), for_terminal(error.fix()))
    }
}

/// Fixes are written for the window; on the command line nothing can be dropped on it.
fn for_terminal(fix: String) -> String {
    match fix.as_str() {
        "Check the name, or drop the file on the window." => {
            "Check the name and the folder that you are in.".into()
        }
        "Choose its task and input by hand in \u{201c}How to read this model\u{201d}, or write a sidecar file beside it." => {
            "Open it in the window and choose its task and input by hand, or write a sidecar file (NAME.toml) beside it; \
             \u{201c}sightline models info FILE\u{201d} shows what it holds."
                .into()
        }
        _ => fix,
    }
}
