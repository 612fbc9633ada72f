//! What an engine can be told to do, and the snapshot of its settings that the workers read.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};

use super::choice::ModelChoice;
use super::runner::pace::ResultPace;
use crate::frame::perturb::Perturbation;
use crate::model::Thresholds;
use crate::source::{Address, CameraRequest};
use crate::track::AnalyserOptions;

#[expect(clippy::large_enum_variant, reason = "commands are few and pass by value once")]
/// What an engine can be told to do. Commands are applied in order; none of them waits for a worker.
#[derive(Clone, Debug)]
pub enum Command {
    /// Close the source, if one is open, and open this one. `camera` says in which mode, if it is a camera.
    Open { address: Address, camera: CameraRequest },
    /// Close the source.
    CloseSource,
    /// Open and warm up a model; the current one runs until the new one has its first result.
    SetModel(ModelChoice),
    /// Run these models, [`MAX_COMPARED`](super::MAX_COMPARED) − 1 at most, on the same frames as the one of
    /// [`Command::SetModel`]. Those that run already go on. An empty list ends the comparison.
    Compare(Vec<ModelChoice>),
    /// Run no model, and keep none open.
    CloseModel,
    /// Thresholds for the next frames; a frame that stands still is run again.
    SetThresholds(Thresholds),
    /// Hold the preview, or go on. A paused camera is still read, so that its driver does not stall.
    Pause(bool),
    /// One frame or image forward while paused.
    Step,
    /// Go to a second of a video, or to the image of that index.
    Seek(f64),
    /// Start again at the end.
    Loop(bool),
    /// Play a video as fast as the model runs, with every frame, instead of in real time.
    AsFastAsPossible(bool),
    /// Play videos at this many times their own rate; 0.1..=16.
    Speed(f32),
    /// Make results as new or as many as possible.
    Pace(ResultPace),
    /// The window is hidden: no frame is decoded or run, and videos stand still. A camera is still read, so that its driver
    /// does not stall.
    Hidden(bool),
    /// Set a control of the camera (brightness, exposure, …). It is set again when the camera comes back after it was
    /// unplugged.
    SetControl { id: u32, value: i64 },
    /// Track objects, count at zones and lines. Off to begin with.
    Analyse(AnalyserOptions),
    /// Move results to the frames that come until the next result is there. On to begin with.
    Follow(bool),
    /// Change every picture before it is shown and run; `None`: show it as it came. A picture that stands still is shown and run again.
    Perturb(Option<Perturbation>),
    /// Count in zones and at lines from nothing.
    ResetCounts,
    /// Make every run this much slower, in milliseconds (tests and benchmarks of the live loop).
    SlowDown(u64),
}

/// How fast videos are played, in hundredths of their own rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Speed(u16);

impl Speed {
    /// This many times the video's own rate.
    pub fn times(speed: f32) -> Self {
        let speed = if speed.is_finite() { speed.clamp(0.1, 16.0) } else { 1.0 };
        Self((speed * 100.0).round() as u16)
    }

    /// How long it takes to show this much of a video.
    pub fn duration(self, of_video: Duration) -> Duration {
        of_video * 100 / u32::from(self.0)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self(100)
    }
}

/// What the user has set, as one immutable value: a worker that reads it never sees half of a change.
#[derive(Clone, Debug)]
pub(super) struct Controls {
    /// A change is a new `Arc`, which tells that a frame must be run again.
    pub thresholds: Arc<Thresholds>,
    pub paused: bool,
    /// Start again at the end of a video or folder.
    pub repeat: bool,
    /// Run every frame, as fast as the model can.
    pub every_frame: bool,
    pub hidden: bool,
    /// How fast videos are played.
    pub speed: Speed,
    /// Added to every run.
    pub slow_down: Duration,
    pub pace: ResultPace,
    /// What is tracked and counted; a change is a new `Arc`.
    pub analysis: Arc<AnalyserOptions>,
    /// Move results to the frames that come.
    pub follow: bool,
    /// How pictures are changed; a change is a new `Arc`.
    pub perturbation: Option<Arc<Perturbation>>,
    /// How often the counts were set to nothing.
    pub resets: u64,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            thresholds: Arc::default(),
            paused: false,
            repeat: false,
            every_frame: false,
            hidden: false,
            speed: Speed::default(),
            slow_down: Duration::ZERO,
            pace: ResultPace::default(),
            analysis: Arc::default(),
            follow: true,
            perturbation: None,
            resets: 0,
        }
    }
}

/// Holds the newest [`Controls`].
#[derive(Debug, Default)]
pub(super) struct ControlsCell(ArcSwap<Controls>);

impl ControlsCell {
    /// Returns the controls as they are now; cheap enough for every frame.
    pub fn now(&self) -> Guard<Arc<Controls>> {
        self.0.load()
    }

    /// Replaces the controls by a changed copy.
    pub fn change(&self, change: impl Fn(&mut Controls)) {
        self.0.rcu(|controls| {
            let mut controls = Controls::clone(controls);
            change(&mut controls);
            controls
        });
    }
}
