//! The live loop: capture → newest frame → inference → newest result.
//!
//! Everything is bounded: one slot for the newest raw frame, one for the newest decoded one, one for the
//! newest prediction. Commands go in through a bounded channel; state, statistics and predictions are read out
//! at any time without waiting.

mod capture;
mod decode;
mod helper;
mod infer;
mod open;
mod shared;
mod shelf;
mod slot;
mod stats;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use helper::{PaceFigures, PaceReport, ResultPace};
pub use open::Predictor;

use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{ModelError, Results, Spec, Thresholds};
use crate::source::{Address, CameraRequest, Source, SourceError, SourceInfo};
use capture::{Capture, Order};
use open::{First, Request};
use shared::Shared;
use shelf::Shelf;
use slot::Slot;

/// The most models that look at the same frames: the first, and those that are compared with it.
pub const MAX_COMPARED: usize = 4;

/// Which model made a prediction: everything that a snapshot must remember of it. Shared, never changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
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
    /// The LoRA adapter that it runs with.
    pub adapter: Option<PathBuf>,
    /// The LoRA adapters that lay beside the file when it was opened.
    pub adapters: Vec<PathBuf>,
    /// The models that could be its second one (see [`crate::model::companion`]) when it was opened.
    pub companions: Vec<PathBuf>,
}

/// What a model said of one frame, with that very frame.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The decoded frame (RGBA).
    pub frame: Arc<Frame>,
    pub results: Results,
    pub model: Arc<ModelInfo>,
    /// The limits under which it was made.
    pub thresholds: Thresholds,
    pub times: StageTimes,
    /// When it was ready.
    pub finished: Instant,
}

/// What several models said of one and the same frame.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The decoded frame (RGBA) that all of them looked at.
    pub frame: Arc<Frame>,
    /// By lane: the first model's, then those beside it in the order in which they were asked for. `None`: that model
    /// isn't open yet, or failed on this frame.
    pub lanes: Vec<Option<Arc<Prediction>>>,
}

/// How a model is that runs beside the first.
#[derive(Clone, Debug)]
pub struct ComparedModel {
    pub choice: ModelChoice,
    /// Once it runs.
    pub model: Option<Arc<ModelInfo>>,
    /// Why it doesn't run, or why it failed on the last frame.
    pub failed: Option<Arc<ModelError>>,
}

impl ComparedModel {
    /// One that is being opened.
    fn opening(choice: &ModelChoice) -> Self {
        Self { choice: choice.clone(), model: None, failed: None }
    }
}

/// Figures of one lane in the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelStats {
    /// Predictions a second.
    pub fps: f32,
    pub input: Percentiles,
    pub inference: Percentiles,
    pub output: Percentiles,
    pub total: Percentiles,
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
    /// A video or live image held still by the user.
    Paused { address: Address, info: SourceInfo },
    /// A video or folder is at its end.
    Ended { address: Address, info: SourceInfo },
    /// No frames, and why; `retrying`: the engine opens it again by itself when it can.
    Failed { address: Address, error: SourceError, retrying: bool },
}

/// How the model is. While another one opens, the current one goes on.
#[derive(Clone, Debug, Default)]
pub struct ModelState {
    /// The one that runs. Another takes its place together with that one's first prediction, so that no frame is without a
    /// result in between.
    pub current: Option<Arc<ModelInfo>>,
    /// Those that look at the same frames beside it.
    pub beside: Vec<ComparedModel>,
    /// The one being opened and warmed.
    pub opening: Option<PathBuf>,
    /// Why the last one that was asked for isn't running, or why the running one fails; cleared when another
    /// is asked for and by the next success.
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

#[expect(clippy::large_enum_variant, reason = "commands are few and pass by value once")]
/// What the engine can be told to do. Applied in order, each at once; none waits for a worker.
#[derive(Clone, Debug)]
pub enum Command {
    /// Close the source (if any) and open this one; `camera` says how, where it is a camera.
    Open { address: Address, camera: CameraRequest },
    /// Close the source.
    CloseSource,
    /// Open and warm a model while the current one goes on.
    SetModel(ModelChoice),
    /// Run these models, [`MAX_COMPARED`] − 1 at most, on the same frames beside the one of [`Command::SetModel`]; those that
    /// run already go on. An empty list: no longer compare.
    Compare(Vec<ModelChoice>),
    /// Run no model, and keep none open.
    CloseModel,
    /// Limits for the next frames; where the frame stands still it is looked at again.
    SetThresholds(Thresholds),
    /// Hold the image (a live source goes on being read, so that it doesn't stall) or go on.
    Pause(bool),
    /// One frame or image forward while paused.
    Step,
    /// Go to a second of a video, or to the image of that index.
    Seek(f64),
    /// Begin again at the end.
    Loop(bool),
    /// Play a video as fast as its frames can be looked at, every frame looked at, instead of in real time.
    AsFastAsPossible(bool),
    /// Make results as new or as many as can be.
    Pace(ResultPace),
    /// Nobody sees the image: nothing is decoded or looked at, and videos stand still. A camera goes on being read, so that
    /// it doesn't stall.
    Hidden(bool),
    /// Set a control of the camera (brightness, exposure, …).
    SetControl { id: u32, value: i64 },
    /// Run every frame this much slower (tests and benchmarks of the live loop), in milliseconds.
    SlowDown(u64),
}

/// The median and 95th percentile of the last seconds, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
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
    /// Predictions a second.
    pub inference_fps: f32,
    /// Frames of the source that a model looked at, since the source was opened.
    pub looked_at: u64,
    /// Frames of the source that no model looked at, since the source was opened.
    pub dropped: u64,
    /// Frames that the source itself lost (gaps in its sequence) or that couldn't be decoded.
    pub lost: u64,
    pub decode: Percentiles,
    pub input: Percentiles,
    pub inference: Percentiles,
    pub output: Percentiles,
    pub total: Percentiles,
    /// Capture to "ready for the screen" of previewed frames; the window adds its own share through
    /// [`Engine::shown`].
    pub preview_age: Percentiles,
    /// Capture to finished prediction.
    pub prediction_age: Percentiles,
    /// Capture to painted, as the window reports it.
    pub shown_age: Percentiles,
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineOptions")
    }
}

/// How sources and models are opened; the engine's only ties to the world, so that tests can script them.
pub struct Factories {
    /// Opens a source; may take a while, but not for ever.
    pub source: SourceOpener,
    /// Opens a model.
    pub model: ModelOpener,
}

/// Opens a source.
pub type SourceOpener =
    Box<dyn Fn(&Address, &CameraRequest) -> Result<Box<dyn Source>, SourceError> + Send + Sync>;
/// Opens a model.
pub type ModelOpener = Box<dyn Fn(&ModelChoice) -> Result<Box<dyn Predictor>, ModelError> + Send + Sync>;

impl Default for Factories {
    fn default() -> Self {
        Self {
            source: Box::new(crate::source::open),
            model: Box::new(|choice| {
                let model = crate::model::Model::open(&choice.path, &choice.options)?;
                Ok(Box::new(model))
            }),
        }
    }
}

impl std::fmt::Debug for Factories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Factories")
    }
}

/// How long a worker may take to stop before it is left to itself.
const STOP: Duration = Duration::from_millis(400);

/// A running live loop. Dropping it stops everything, promptly even when a camera or a model hangs.
pub struct Engine {
    shared: Arc<Shared>,
    openers: Arc<Factories>,
    requests: Arc<Slot<Request>>,
    shelf: Arc<Shelf>,
    workers: Vec<JoinHandle<()>>,
    capture: std::sync::Mutex<Option<Running>>,
}

/// A capture worker at work.
struct Running {
    stop: Arc<AtomicBool>,
    orders: crossbeam_channel::Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("source", &self.source()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the workers; nothing is open yet.
    #[must_use]
    pub fn start(options: EngineOptions) -> Self {
        Self::start_with(options, Factories::default())
    }

    /// As [`Engine::start`], with other ways to open sources and models.
    #[must_use]
    pub fn start_with(options: EngineOptions, openers: Factories) -> Self {
        let shared = Arc::new(Shared::new(options.wake));
        let openers = Arc::new(openers);
        let requests = Arc::new(Slot::default());
        let shelf = Arc::new(Shelf::default());
        let decode = {
            let shared = Arc::clone(&shared);
            spawn("sightline-decode", move || decode::run(&shared))
        };
        let infer = {
            let (shared, shelf) = (Arc::clone(&shared), Arc::clone(&shelf));
            spawn("sightline-infer", move || infer::run(&shared, &shelf))
        };
        let open = {
            let (shared, openers) = (Arc::clone(&shared), Arc::clone(&openers));
            let (requests, shelf) = (Arc::clone(&requests), Arc::clone(&shelf));
            spawn("sightline-open", move || open::run(&shared, &openers, &requests, &shelf))
        };
        let help = {
            let (shared, shelf) = (Arc::clone(&shared), Arc::clone(&shelf));
            spawn("sightline-infer-2", move || helper::run(&shared, &shelf))
        };
        let workers = [decode, infer, open, help].into_iter().flatten().collect();
        Self { shared, openers, requests, shelf, workers, capture: std::sync::Mutex::new(None) }
    }

    /// Does as told. Never waits for a worker.
    pub fn send(&self, command: Command) {
        let shared = &self.shared;
        match command {
            Command::Open { address, camera } => self.open(address, camera),
            Command::CloseSource => self.close_source(),
            Command::SetModel(choice) => {
                self.request(Request { model: Some(First::Model(Box::new(choice))), beside: None });
            }
            Command::Compare(choices) => self.request(Request { model: None, beside: Some(choices) }),
            Command::CloseModel => {
                self.request(Request { model: Some(First::Nothing), beside: Some(Vec::new()) });
            }
            Command::SetThresholds(thresholds) => shared.set_thresholds(thresholds),
            Command::Pause(paused) => shared.paused.store(paused, Relaxed),
            Command::Step => self.order(Order::Step),
            Command::Seek(time_s) => self.order(Order::Seek(time_s)),
            Command::Loop(repeat) => shared.repeat.store(repeat, Relaxed),
            Command::AsFastAsPossible(every) => shared.every_frame.store(every, Relaxed),
            Command::Pace(pace) => shared.pace.store(Arc::new(pace)),
            Command::Hidden(hidden) => shared.hidden.store(hidden, Relaxed),
            Command::SetControl { id, value } => self.order(Order::SetControl { id, value }),
            Command::SlowDown(ms) => shared.slow_down_ms.store(ms, Relaxed),
        }
    }

    fn request(&self, request: Request) {
        self.requests.merge(|earlier| request.after(earlier));
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.capture.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn open(&self, address: Address, camera: CameraRequest) {
        let before = self.close_capture();
        let generation = self.shared.next_generation();
        self.shared.set_source(generation, SourceState::Opening { address: address.clone() });
        let stop = Arc::new(AtomicBool::new(false));
        // Orders beyond this many are from a user who holds a key down while nothing moves.
        let (orders, received) = crossbeam_channel::bounded(64);
        let capture = Capture {
            shared: Arc::clone(&self.shared),
            openers: Arc::clone(&self.openers),
            address,
            camera,
            generation,
            stop: Arc::clone(&stop),
            orders: received,
        };
        let thread = spawn("sightline-capture", move || {
            // The last source may be the same camera: it must be let go before it can be opened.
            if let Some(before) = before {
                wait_for(&before, Duration::from_secs(2));
            }
            capture.run();
        });
        *self.running() = Some(Running { stop, orders, thread });
    }

    fn close_source(&self) {
        self.close_capture();
        let generation = self.shared.next_generation();
        self.shared.set_source(generation, SourceState::Closed);
    }

    fn close_capture(&self) -> Option<JoinHandle<()>> {
        let running = self.running().take()?;
        running.stop.store(true, Relaxed);
        running.thread
    }

    fn order(&self, order: Order) {
        if let Some(running) = &*self.running()
            && running.orders.try_send(order).is_err()
        {
            tracing::debug!("an order was dropped: the source is busy");
        }
    }

    /// The newest decoded frame (RGBA) of the current source.
    #[must_use]
    pub fn preview(&self) -> Option<Arc<Frame>> {
        self.shared.preview.load_full().filter(|frame| frame.generation == self.shared.generation())
    }

    /// The newest prediction for the current source.
    #[must_use]
    pub fn prediction(&self) -> Option<Arc<Prediction>> {
        self.shared
            .prediction
            .load_full()
            .filter(|prediction| prediction.frame.generation == self.shared.generation())
    }

    /// The newest comparison for the current source, while models are compared.
    #[must_use]
    pub fn comparison(&self) -> Option<Arc<Comparison>> {
        let newest = self.shared.comparison.load_full();
        newest.filter(|comparison| comparison.frame.generation == self.shared.generation())
    }

    /// Figures of one lane of a comparison, 0 being the first model.
    #[must_use]
    pub fn model_stats(&self, lane: usize) -> ModelStats {
        self.shared.book.model_stats(lane)
    }

    /// How the source is.
    #[must_use]
    pub fn source(&self) -> Arc<SourceState> {
        self.shared.source()
    }

    /// How the model is.
    #[must_use]
    pub fn model(&self) -> Arc<ModelState> {
        self.shared.model.load_full()
    }

    /// Figures of the last seconds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.book.stats()
    }

    /// How results are made, and what was measured for it.
    #[must_use]
    pub fn pace(&self) -> PaceReport {
        **self.shared.pace_report.load()
    }

    /// The place in a video in seconds, or the index of an image among several.
    #[must_use]
    pub fn position(&self) -> Option<f64> {
        self.shared.position()
    }

    /// The window says that it has painted this frame now, for the first time.
    pub fn shown(&self, frame: &Frame) {
        self.shared.book.shown(frame.captured);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.stop();
        self.shelf.stop_all();
        let capture = self.close_capture();
        let begin = Instant::now();
        for worker in self.workers.drain(..).chain(capture) {
            // One that hangs in a driver is left to the system; nothing of it is saved later.
            wait_for(&worker, STOP.saturating_sub(begin.elapsed()));
        }
    }
}

/// Waits until a worker has ended, at most this long.
fn wait_for(worker: &JoinHandle<()>, most: Duration) {
    let until = Instant::now() + most;
    while !worker.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(thread) => Some(thread),
        Err(error) => {
            tracing::error!("{name} couldn't be started: {error}");
            None
        }
    }
}
