//! The live loop: capture → newest frame → inference → newest result.
//!
//! Everything is bounded: one slot for the newest raw frame, one for the newest decoded one, one for the
//! newest outcome. Commands go in through a bounded channel; state, statistics and outcomes are read out
//! at any time without waiting.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{ModelError, Results, Spec, Thresholds};
use crate::source::{Address, SourceError, SourceInfo};

/// Which model made an outcome: everything that a snapshot must remember of it. Shared, never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// The file's name without its ending.
    pub name: String,
    pub path: PathBuf,
    /// Hex, lower case.
    pub sha256: String,
    pub spec: Spec,
    /// What really runs it: "CPU", "CUDA", …
    pub provider: String,
    /// Intra-op threads of the session.
    pub threads: usize,
}

/// What a model said of one frame, with that very frame.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The decoded frame (RGBA).
    pub frame: Arc<Frame>,
    pub results: Results,
    pub card: Arc<ModelCard>,
    /// The limits under which it was made.
    pub thresholds: Thresholds,
    pub times: StageTimes,
    /// When it was ready.
    pub finished: Instant,
}

/// How the source is.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceState {
    /// Nothing was chosen.
    Closed,
    /// On its way; the window goes on meanwhile.
    Opening { address: Address },
    /// Frames come.
    Playing { address: Address, info: SourceInfo },
    /// A film or live picture held still by the user.
    Paused { address: Address, info: SourceInfo },
    /// A film or folder is at its end.
    Ended { address: Address, info: SourceInfo },
    /// No frames, and why; `retrying`: the engine opens it again by itself when it can.
    Failed { address: Address, error: SourceError, retrying: bool },
}

/// How the model is. While another one opens, the current one goes on.
#[derive(Clone, Debug, Default)]
pub struct ModelState {
    /// The one that runs.
    pub current: Option<Arc<ModelCard>>,
    /// The one being opened and warmed.
    pub opening: Option<PathBuf>,
    /// Why the last one that was asked for isn't running; cleared by the next success.
    pub failed: Option<(PathBuf, Arc<ModelError>)>,
}

/// What an engine is started with.
pub struct EngineOptions {
    /// Called from the workers whenever there is something new to show; must return at once.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

/// How a model is to be opened. Sizes in pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelChoice {
    pub path: PathBuf,
    pub options: crate::model::OpenOptions,
}

/// What the engine can be told to do. Applied in order, each at once; none waits for a worker.
#[derive(Clone, Debug)]
pub enum Command {
    /// Close the source (if any) and open this one; `camera` says how, where it is a camera.
    Open { address: Address, camera: crate::source::CameraRequest },
    /// Close the source.
    CloseSource,
    /// Open and warm a model while the current one goes on.
    SetModel(ModelChoice),
    /// Run no model.
    CloseModel,
    /// Limits for the next frames; where the frame stands still it is looked at again.
    SetThresholds(Thresholds),
    /// Hold the picture (a live source goes on being read, so that it doesn't stall) or go on.
    Pause(bool),
    /// One frame or picture forward while paused.
    Step,
    /// Go to a second of a film, or to the picture of that index.
    Seek(f64),
    /// Begin again at the end.
    Loop(bool),
    /// Play a film as fast as its frames can be looked at, every frame looked at, instead of in real time.
    AsFastAsPossible(bool),
    /// Nobody sees the picture: don't decode for the preview.
    Hidden(bool),
    /// Set a control of the camera (brightness, exposure, …).
    SetControl { id: u32, value: i64 },
    /// Run every frame this much slower (tests and benchmarks of the live loop), in milliseconds.
    SlowDown(u64),
}

/// The median and 95th percentile of the last seconds, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    pub median: f32,
    pub p95: f32,
}

/// Figures of the last seconds, all measured, none guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Frames a second that the source delivered.
    pub source_fps: f32,
    /// Decoded frames a second offered to the screen.
    pub preview_fps: f32,
    /// Outcomes a second.
    pub inference_fps: f32,
    /// Frames of the source that no model looked at, since the source was opened.
    pub dropped: u64,
    /// Frames that the source itself lost (gaps in its sequence) or that couldn't be decoded.
    pub lost: u64,
    pub decode: Spread,
    pub input: Spread,
    pub inference: Spread,
    pub output: Spread,
    pub total: Spread,
    /// Capture to "ready for the screen" of previewed frames; the window adds its own share through
    /// [`Engine::shown`].
    pub preview_age: Spread,
    /// Capture to finished outcome.
    pub outcome_age: Spread,
    /// Capture to painted, as the window reports it.
    pub shown_age: Spread,
}
