//! The live loop: a feed of frames, a runner of models, and one place that publishes results.
//!
//! ```text
//! source ─▶ feed ──────────────▶ preview: newest frame ───────────────▶ screen
//!           capture, decode └──▶ inbox: newest frame ─▶ runner ─▶ prediction ─▶ stages ─▶ publish ─▶ screen, subscribers
//! ```
//! Beside a slow model, [`follow`] moves its results to every frame of the preview.
//!
//! Nothing queues: every arrow is a slot of one ([`crate::latest`]), except a subscriber's own bounded queue. Commands go in
//! at any time and never wait; state, figures and results are read at any time without waiting for a worker. Several engines can
//! run at once and share their open models ([`SessionCache`]).

mod analysis;
mod choice;
mod command;
mod context;
mod factories;
mod feed;
mod follow;
mod follow_slot;
mod metrics;
mod prediction_pool;
mod publish;
mod runner;
mod stage;
mod state;
mod tap;
#[cfg(test)]
mod tests;
mod threads;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

pub use choice::{MAX_COMPARED, ModelChoice};
pub use command::Command;
pub use factories::{Factories, ModelFactory, SourceFactory};
pub use metrics::{ModelStats, Percentiles, Stats};
pub use publish::Subscription;
pub use runner::{PaceFigures, PaceReport, Predictor, ResultPace, SessionCache, Stop};
pub use stage::Stage;
pub use state::{ComparedModel, Comparison, ModelInfo, ModelState, Prediction, SourceState, Still};
pub use tap::{Tap, TapItem};

use crate::frame::Frame;
use crate::latest::{LatestWriter, latest};
use crate::source::{Address, CameraRequest};
use context::Context;
use feed::Feed;
use feed::state::SourceCommand;
use publish::Publisher;
use runner::models::Models;
use runner::worker::Shared;
use threads::{spawn, wait_for};

/// How long the workers together may take to stop before they are left to the system.
const STOP: Duration = Duration::from_millis(400);

/// What an engine is started with.
pub struct EngineOptions {
    /// Called from the workers whenever there is something new to show; must return at once.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// Where sessions come from; engines that share one open no model twice.
    pub cache: Arc<SessionCache>,
    /// What changes predictions before anybody gets them, in this order.
    pub stages: Vec<Box<dyn Stage>>,
}

impl EngineOptions {
    /// Options with a cache of its own and no stages.
    #[must_use]
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { wake, cache: Arc::default(), stages: Vec::new() }
    }
}

impl std::fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineOptions").field("stages", &self.stages.len()).finish_non_exhaustive()
    }
}

/// A running live loop. Dropping it stops everything within half a second, also when a camera or a model hangs.
pub struct Engine {
    context: Arc<Context>,
    factories: Arc<Factories>,
    state: Arc<ArcSwap<ModelState>>,
    models: Arc<Models>,
    publisher: Arc<Publisher>,
    /// Where feeds put their decoded frames.
    inbox: LatestWriter<Arc<Frame>>,
    feed: Mutex<CurrentFeed>,
    workers: Vec<JoinHandle<()>>,
}

/// The feed that is open, and the threads of those that were.
#[derive(Default)]
struct CurrentFeed {
    open: Option<Feed>,
    /// A source that is opened next waits for them: it may be the same camera.
    closing: Vec<JoinHandle<()>>,
}

impl CurrentFeed {
    fn close(&mut self) {
        self.closing.retain(|thread| !thread.is_finished());
        self.closing.extend(self.open.take().map(Feed::stop).into_iter().flatten());
    }
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

    /// Does what [`Engine::start`] does, with other ways to open sources and models.
    #[must_use]
    pub fn start_with(options: EngineOptions, factories: Factories) -> Self {
        let EngineOptions { wake, cache, stages } = options;
        let context = Arc::new(Context::new(wake));
        let factories = Arc::new(factories);
        let state = Arc::new(ArcSwap::<ModelState>::default());
        let publisher = Arc::new(Publisher::new(Arc::clone(&context), Arc::clone(&state), stages));
        let models = Arc::new(Models::new(
            Arc::clone(&context),
            Arc::clone(&publisher),
            Arc::clone(&cache),
            Arc::clone(&state),
        ));
        let (inbox, frames) = latest();
        let first = Shared {
            context: Arc::clone(&context),
            models: Arc::clone(&models),
            publisher: Arc::clone(&publisher),
            inbox: frames,
            taken_by_further: Arc::default(),
        };
        let loader = {
            let (shared, factories) = (first.clone(), Arc::clone(&factories));
            move || runner::loader::run(&shared, &factories, &cache)
        };
        let following = Arc::clone(&context);
        let workers = [
            spawn("sightline-open", loader),
            spawn("sightline-infer", move || runner::worker::run_first(&first)),
            spawn("sightline-motion", move || follow::run(&following)),
        ];
        Self {
            context,
            factories,
            state,
            models,
            publisher,
            inbox,
            feed: Mutex::default(),
            workers: workers.into_iter().flatten().collect(),
        }
    }

    /// Carries out a command. Never waits for a worker.
    pub fn send(&self, command: Command) {
        let controls = &self.context.controls;
        match command {
            Command::Open { address, camera } => self.open(address, camera),
            Command::CloseSource => self.close_source(),
            Command::SetModel(choice) => self.models.request(choice),
            Command::Compare(choices) => self.models.compare(choices),
            Command::CloseModel => self.models.close(),
            Command::SetThresholds(thresholds) => {
                let thresholds = Arc::new(thresholds);
                controls.change(|c| c.thresholds = Arc::clone(&thresholds));
            }
            Command::Pause(paused) => controls.change(|c| c.paused = paused),
            Command::Step => self.send_to_source(SourceCommand::Step),
            Command::Seek(time_s) => self.send_to_source(SourceCommand::Seek(time_s)),
            Command::Loop(repeat) => controls.change(|c| c.repeat = repeat),
            Command::AsFastAsPossible(every_frame) => controls.change(|c| c.every_frame = every_frame),
            Command::Speed(speed) => {
                let speed = command::Speed::times(speed);
                controls.change(|c| c.speed = speed);
            }
            Command::Pace(pace) => controls.change(|c| c.pace = pace),
            Command::Hidden(hidden) => controls.change(|c| c.hidden = hidden),
            Command::SetControl { id, value } => self.send_to_source(SourceCommand::SetControl { id, value }),
            Command::Analyse(options) => {
                let options = Arc::new(options);
                controls.change(|c| c.analysis = Arc::clone(&options));
            }
            Command::Follow(follow) => controls.change(|c| c.follow = follow),
            Command::Perturb(how) => {
                let how = how.filter(|how| !how.is_none()).map(Arc::new);
                controls.change(|c| c.perturbation.clone_from(&how));
            }
            Command::ResetCounts => controls.change(|c| c.resets += 1),
            Command::SlowDown(ms) => controls.change(|c| c.slow_down = Duration::from_millis(ms)),
        }
    }

    fn feed(&self) -> MutexGuard<'_, CurrentFeed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, address: Address, camera: CameraRequest) {
        let mut feed = self.feed();
        feed.close();
        let id = self.context.next_feed(SourceState::Opening { address: address.clone() });
        // Before the new source's workers start: a folder's first image is run once, and its result must not be cleared.
        self.publisher.restart();
        let before = std::mem::take(&mut feed.closing);
        let inbox = self.inbox.clone();
        feed.open = Some(Feed::open(&self.context, &self.factories, inbox, id, address, camera, before));
        drop(feed);
        self.context.wake();
    }

    fn close_source(&self) {
        let mut feed = self.feed();
        feed.close();
        self.context.next_feed(SourceState::Closed);
        self.publisher.restart();
        drop(feed);
        self.context.wake();
    }

    /// Lets the camera take one frame in another mode: the preview stops, the camera is opened in that mode, and then as it was. The answer
    /// comes with the first frame of the preview; the channel closes without one if the source is closed or fails before.
    #[must_use]
    pub fn still(&self, camera: CameraRequest) -> crossbeam_channel::Receiver<Still> {
        let (answer, answers) = crossbeam_channel::bounded(1);
        self.send_to_source(SourceCommand::Still(camera, answer));
        answers
    }

    fn send_to_source(&self, command: SourceCommand) {
        if let Some(feed) = &self.feed().open {
            feed.send(command);
        }
    }

    /// The newest decoded frame (RGBA) of the current source.
    #[must_use]
    pub fn preview(&self) -> Option<Arc<Frame>> {
        self.feed().open.as_ref()?.preview()
    }

    /// The newest prediction for the current source.
    #[must_use]
    pub fn prediction(&self) -> Option<Arc<Prediction>> {
        let newest = self.publisher.newest()?;
        // A video has begun again or was sought: what was found later in it is of no interest.
        let jumped = self.preview().is_some_and(|shown| shown.is_before(&newest.frame));
        (!jumped).then_some(newest)
    }

    /// The newest frame with the results that were moved to it from the frame that the model saw. `None` while the model keeps up
    /// with the source, or if its results can't be moved: then [`Self::prediction`] is drawn over [`Self::preview`].
    #[must_use]
    pub fn followed(&self) -> Option<Arc<Prediction>> {
        let newest = self.publisher.newest()?;
        let moved = self.context.follow.newest()?;
        // A result of this very frame needs no help.
        let counts = moved.model.is_same_model(&newest.model)
            && moved.frame.generation == newest.frame.generation
            && moved.frame.captured != newest.frame.captured;
        counts.then_some(moved)
    }

    /// The newest comparison for the current source, while models are compared.
    #[must_use]
    pub fn comparison(&self) -> Option<Arc<Comparison>> {
        self.publisher.comparison()
    }

    /// Returns a queue that gets every prediction from now on. It holds `bound` predictions; when it is full, new ones are left out
    /// and counted ([`Subscription::missed`]), so that a slow subscriber holds up nobody.
    #[must_use]
    pub fn subscribe(&self, bound: usize) -> Subscription {
        self.publisher.subscribe(bound)
    }

    /// Returns a queue that gets every decoded frame and everything that is drawn on one from now on. It holds `bound` items; when it is full, new ones
    /// are left out, and nobody waits.
    #[must_use]
    pub fn tap(&self, bound: usize) -> Tap {
        self.context.taps.open(bound)
    }

    /// Figures of one of several compared models, 0 being the first.
    #[must_use]
    pub fn model_stats(&self, place: usize) -> ModelStats {
        self.context.metrics.model_stats(place)
    }

    /// The state of the source.
    #[must_use]
    pub fn source(&self) -> Arc<SourceState> {
        self.context.source()
    }

    /// The state of the models.
    #[must_use]
    pub fn model(&self) -> Arc<ModelState> {
        self.state.load_full()
    }

    /// Figures of the last seconds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.context.metrics.stats()
    }

    /// Whether a second session runs, and what was measured for that decision.
    #[must_use]
    pub fn pace(&self) -> PaceReport {
        self.models.pace()
    }

    /// The position in a video in seconds, or the index of an image among several.
    #[must_use]
    pub fn position(&self) -> Option<f64> {
        self.feed().open.as_ref()?.position()
    }

    /// The window reports that it has painted this frame now, for the first time.
    pub fn shown(&self, frame: &Frame) {
        self.context.metrics.shown(frame.captured);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.context.stop();
        self.models.stop();
        let feed = {
            let mut feed = self.feed();
            feed.close();
            std::mem::take(&mut feed.closing)
        };
        let begin = Instant::now();
        for thread in self.workers.drain(..).chain(feed) {
            // A thread that hangs in a driver is left to the system; nothing of it is saved later.
            wait_for(&thread, STOP.saturating_sub(begin.elapsed()));
        }
        self.models.give_all_back();
    }
}
