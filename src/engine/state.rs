//! What an engine tells about itself: its source, its models, their results.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::choice::ModelChoice;
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::served::ServerStatus;
use crate::model::{ModelError, Results, Spec, Thresholds};
use crate::source::{Address, SourceError, SourceInfo};
use crate::track::{Looks, Report};

/// Predictions of one model that may be held at once: the newest, the screen's, one that is being filled, two with the motion worker, one to
/// spare, a recorder's; and as many in comparisons.
pub(super) const PREDICTIONS: usize = 20;

/// The model that made a prediction: everything that a snapshot must remember of it. Shared and never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// The file's name without its extension.
    pub name: String,
    pub path: PathBuf,
    /// Hex, lower case.
    pub sha256: String,
    pub spec: Spec,
    /// What really runs it: "CPU", "CUDA", …
    pub provider: String,
    /// Intra-op threads of the session.
    pub threads: usize,
    /// The LoRA adapter that it runs with.
    pub adapter: Option<PathBuf>,
    /// The LoRA adapters that lay next to the file when it was opened.
    pub adapters: Vec<PathBuf>,
    /// The models that could be its second one (see [`crate::model::companion`]) when it was opened.
    pub companions: Vec<PathBuf>,
    /// What is known of its server, if it runs on one.
    pub server: Option<Arc<ServerStatus>>,
}

impl ModelInfo {
    /// Whether both are the same file with the same adapter. Two sessions of one model differ in their threads only.
    #[must_use]
    pub fn is_same_model(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.path == other.path && self.sha256 == other.sha256 && self.adapter == other.adapter)
    }
}

/// What a model found in one frame.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The decoded frame (RGBA).
    pub frame: Arc<Frame>,
    pub results: Results,
    /// The model whose session made it.
    pub model: Arc<ModelInfo>,
    /// The thresholds that it was made with.
    pub thresholds: Thresholds,
    pub times: StageTimes,
    /// When it was ready.
    pub finished: Instant,
    /// What its detections look like, if a model tells.
    pub looks: Looks,
    /// What tracking, zones and lines say of the frame, if any of them is on.
    pub report: Option<Arc<Report>>,
}

/// A frame that a camera took in another mode than that of the preview.
#[derive(Clone, Debug)]
pub struct Still {
    /// RGBA, or why there is none.
    pub frame: Result<Arc<Frame>, SourceError>,
    /// How long the preview stood still for it.
    pub paused: Duration,
}

/// What several models found in one and the same frame.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The decoded frame (RGBA) that all of them were given.
    pub frame: Arc<Frame>,
    /// The first model's, then those of the models compared with it, in the order in which they were asked for. `None`: that
    /// model is not open yet, or failed on this frame.
    pub predictions: Vec<Option<Arc<Prediction>>>,
}

/// A model that is compared with the first one.
#[derive(Clone, Debug)]
pub struct ComparedModel {
    pub choice: ModelChoice,
    /// Set once it runs.
    pub model: Option<Arc<ModelInfo>>,
    /// Why it does not run, or why it failed on the last frame.
    pub failed: Option<Arc<ModelError>>,
}

/// The source's life cycle.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceState {
    /// No source was chosen.
    Closed,
    /// The source is being opened; the window stays usable.
    Opening { address: Address },
    /// Frames arrive.
    Playing { address: Address, info: SourceInfo },
    /// The user holds a video or a live source still.
    Paused { address: Address, info: SourceInfo },
    /// A video or folder is at its end.
    Ended { address: Address, info: SourceInfo },
    /// No frames, and why. `retrying`: the engine opens the source again by itself as soon as it can.
    Failed { address: Address, error: SourceError, retrying: bool },
}

impl SourceState {
    /// The source's address, if one was chosen.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Closed => None,
            Self::Opening { address }
            | Self::Playing { address, .. }
            | Self::Paused { address, .. }
            | Self::Ended { address, .. }
            | Self::Failed { address, .. } => Some(address),
        }
    }

    /// What is known of the source, if it is open.
    #[must_use]
    pub fn info(&self) -> Option<&SourceInfo> {
        match self {
            Self::Playing { info, .. } | Self::Paused { info, .. } | Self::Ended { info, .. } => Some(info),
            Self::Closed | Self::Opening { .. } | Self::Failed { .. } => None,
        }
    }
}

/// The models of an engine. While another one opens, the current one runs.
#[derive(Clone, Debug, Default)]
pub struct ModelState {
    /// The model of the newest results. Another model takes its place together with its own first result, so that there is
    /// no frame without a result in between.
    pub current: Option<Arc<ModelInfo>>,
    /// The models that are compared with it.
    pub compared: Vec<ComparedModel>,
    /// The model that is being opened and warmed up.
    pub opening: Option<PathBuf>,
    /// Why the model that was asked for last does not run, or why the running one fails. Cleared when another one is asked
    /// for, and by the next success.
    pub failed: Option<(PathBuf, Arc<ModelError>)>,
}

impl ModelState {
    /// No longer opening the model of this file.
    pub(super) fn opened(&mut self, path: &Path) {
        self.opening.take_if(|opening| opening == path);
    }
}
