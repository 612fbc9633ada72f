//! What can go wrong with a model; each message says what happened, each [`ModelError::fix`] what to do.

use std::path::PathBuf;
use std::time::Duration;

use super::families::OutputError;
use super::file::FileError;
use super::isolation::Ending;
use super::sidecar::SidecarError;
use crate::server::{AddressError, ServerError, ServerListError};

/// Why a model can't be opened or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file isn't there.
    #[error("The model file \u{201c}{}\u{201d} doesn't exist.", path.display())]
    NoFile { path: PathBuf },
    /// The file exists but can't be read.
    #[error("The model file \u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// Not an ONNX file, or cut short.
    #[error("\u{201c}{}\u{201d} is not a valid ONNX file: {reason}.", path.display())]
    NotOnnx {
        path: PathBuf,
        #[source]
        reason: FileError,
    },
    /// ONNX Runtime's shared library wasn't found or is of another version.
    #[error("ONNX Runtime, which runs the models, was not found{}.", reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default())]
    NoRuntime { reason: Option<String>, searched: Vec<PathBuf> },
    /// The runtime refused the model.
    #[error("ONNX Runtime can't open \u{201c}{}\u{201d}: {reason}.", path.display())]
    Refused { path: PathBuf, reason: String },
    /// The model contains operators that this runtime can't run.
    #[error("\u{201c}{}\u{201d} can't run here: {reason}.", path.display())]
    CannotRun { path: PathBuf, reason: String, remedy: String },
    /// The file is a whole model, but of no known family.
    #[error("The type of \u{201c}{}\u{201d} was not recognised: {reason}.", path.display())]
    NotUnderstood { path: PathBuf, reason: String },
    /// A sidecar can't be read, or something in it is wrong.
    #[error("The settings file \u{201c}{}\u{201d} next to the model is invalid: {reason}.", path.display())]
    BadSidecar {
        path: PathBuf,
        #[source]
        reason: SidecarError,
    },
    /// A LoRA adapter can't be used.
    #[error("The adapter \u{201c}{}\u{201d} can't be used: {reason}.", path.display())]
    BadAdapter { path: PathBuf, reason: String },
    /// A second model, for skeletons or mattes, can't be used.
    #[error("The second model \u{201c}{}\u{201d} can't be used: {reason}.", path.display())]
    BadCompanion { path: PathBuf, reason: String },
    /// The model ran, but its outputs don't fit its spec.
    #[error("The model's output doesn't match {family}: {reason}.")]
    UnexpectedOutput {
        family: &'static str,
        #[source]
        reason: OutputError,
    },
    /// A run failed.
    #[error("The model failed on a frame: {reason}.")]
    RunFailed { reason: String },
    /// It ended the process that it ran in, which was its own.
    #[error("{}", ended(path, *ending))]
    Ended { path: PathBuf, ending: Ending },
    /// The process in which new models run can't be started.
    #[error("The process in which new models run can't be started: {reason}.")]
    NoHelper { reason: String },
    /// The server that has the model gives no result. `retry`: when a run may succeed again; `None`: not without a change.
    #[error("{error}")]
    Server { error: ServerError, retry: Option<Duration> },
    /// The address of a model on a server is wrong.
    #[error("{error}")]
    Address { error: AddressError },
    /// The list of the user's servers can't be read.
    #[error("{error}")]
    ServerList { error: ServerListError },
    /// A run was ended by a [`StopHandle`](super::StopHandle).
    #[error("The run was stopped.")]
    Stopped,
    /// The requested provider can't be used.
    #[error("{provider} can't be used: {reason}.")]
    Provider { provider: String, reason: String },
}

impl ModelError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NoFile { .. } => "Check the name, or drag the file into the window.".into(),
            Self::Unreadable { .. } => "Check that this account may read it.".into(),
            Self::NotOnnx { .. } => "Download or export it again; the file must be an ONNX model.".into(),
            Self::NoRuntime { .. } => super::runtime::how_to_get(),
            Self::Refused { .. } => {
                "Export it again with a newer exporter, or update ONNX Runtime (see \u{201c}sightline doctor\u{201d}).".into()
            }
            Self::CannotRun { remedy, .. } => remedy.clone(),
            Self::NotUnderstood { .. } => {
                "Choose its task and input in \u{201c}Configure model\u{201d}, or write a settings file NAME.toml next to it.".into()
            }
            Self::BadSidecar { path, .. } => {
                format!("Correct or delete \u{201c}{}\u{201d}.", path.display())
            }
            Self::BadAdapter { .. } => {
                "Choose another adapter or none, or create it again for this model with onnxruntime's AdapterFormat.".into()
            }
            Self::BadCompanion { .. } => {
                "Choose another: actions need a pose model with COCO's 17 points (YOLO11-pose, MoveNet), \u{201c}person only\u{201d} needs a matting model (selfie segmentation, MODNet)."
                    .into()
            }
            Self::UnexpectedOutput { .. } => {
                "Choose another family in \u{201c}Configure model\u{201d}.".into()
            }
            Self::Ended { ending, .. } => ending.fix().into(),
            Self::NoHelper { .. } => {
                "Restart Sightline; if that doesn't help, start it with \u{201c}--isolate never\u{201d}, which runs new models without this protection.".into()
            }
            Self::RunFailed { .. } => "Try another input size or model.".into(),
            Self::Server { error, .. } => error.fix(),
            Self::Address { error } => error.fix(),
            Self::ServerList { error } => error.fix(),
            Self::Stopped => String::new(),
            Self::Provider { .. } => "Choose \u{201c}CPU\u{201d}, or install what the provider needs.".into(),
        }
    }
}

/// How a model ended its process, as a sentence.
fn ended(path: &std::path::Path, ending: Ending) -> String {
    let name = path.display();
    match ending {
        Ending::Crashed(crash) => {
            format!("\u{201c}{name}\u{201d} crashed when it ran ({crash}), in a process of its own.")
        }
        Ending::TooSlow(seconds) => {
            format!("\u{201c}{name}\u{201d} gave no result within {seconds} seconds and was ended.")
        }
        Ending::TooLarge(bytes) => format!(
            "\u{201c}{name}\u{201d} wanted more memory than the {:.1} GB that it may take, and was ended.",
            bytes as f64 / 1e9
        ),
    }
}

impl ModelError {
    /// Whether what was run can't be run again without being opened again.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Ended { .. } => true,
            Self::Server { error, .. } => !error.is_temporary(),
            _ => false,
        }
    }

    /// Whether the window tries again by itself: the server of the model may respond later.
    #[must_use]
    pub fn is_tried_again(&self) -> bool {
        matches!(self, Self::Server { error, .. } if error.is_temporary())
    }

    /// When a run may succeed again that failed because of its server, if it may.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        match self {
            Self::Server { error, retry } if error.is_temporary() => *retry,
            _ => None,
        }
    }
}

impl From<ServerError> for ModelError {
    fn from(error: ServerError) -> Self {
        match error {
            ServerError::Stopped => Self::Stopped,
            error => Self::Server { error, retry: None },
        }
    }
}
