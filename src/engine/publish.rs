//! The one place that every prediction passes, once: stages change it, the screen and the subscribers get it.
//!
//! Two sessions may finish their frames in the wrong order, a model may finish after another one took its place, and a source
//! may be closed while one of its frames is being run. [`Publisher::publish`] decides under one lock which of these
//! results still count, so that stages and subscribers see frames in order and no result of a model or source that is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};

use super::analysis::Analysis;
use super::context::Context;
use super::stage::Stage;
use super::state::{Comparison, ModelInfo, ModelState, Prediction};
use super::tap::TapItem;
use crate::latest::{LatestReader, LatestWriter, latest};

/// A queue of published predictions; see [`Engine::subscribe`](super::Engine::subscribe). Ends with the engine; dropping it
/// unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    receiver: Receiver<Arc<Prediction>>,
    missed: Arc<AtomicU64>,
}

impl Subscription {
    /// Returns the next prediction, waiting for it at most `timeout`.
    ///
    /// # Errors
    /// [`RecvTimeoutError::Timeout`] if none came, [`RecvTimeoutError::Disconnected`] if the engine has ended.
    pub fn next(&self, timeout: Duration) -> Result<Arc<Prediction>, RecvTimeoutError> {
        self.receiver.recv_timeout(timeout)
    }

    /// How many predictions were dropped because this subscriber's queue was full.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

struct Subscriber {
    sender: Sender<Arc<Prediction>>,
    missed: Arc<AtomicU64>,
}

/// What was published last, and who gets what comes next.
#[derive(Default)]
struct Inner {
    /// Which choice of models the newest result belongs to; results of an earlier one no longer count.
    epoch: u64,
    /// The epoch whose model the state names as current.
    announced: Option<u64>,
    /// Which choice of models to compare is the newest; comparisons of an earlier one no longer count.
    compared: u64,
    /// When the frame of the newest result was captured.
    captured: Option<Instant>,
    /// Comes before the other stages.
    analysis: Analysis,
    stages: Vec<Box<dyn Stage>>,
    subscribers: Vec<Subscriber>,
}

/// See the module.
pub(super) struct Publisher {
    context: Arc<Context>,
    state: Arc<ArcSwap<ModelState>>,
    inner: Mutex<Inner>,
    screen: (LatestWriter<Arc<Prediction>>, LatestReader<Arc<Prediction>>),
    comparison: (LatestWriter<Arc<Comparison>>, LatestReader<Arc<Comparison>>),
}

impl Publisher {
    pub fn new(context: Arc<Context>, state: Arc<ArcSwap<ModelState>>, stages: Vec<Box<dyn Stage>>) -> Self {
        let inner = Mutex::new(Inner { stages, ..Inner::default() });
        Self { context, state, inner, screen: latest(), comparison: latest() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a prediction that the caller alone holds. `epoch` tells under which choice of models it was made, `again` that
    /// its frame was run before. Returns `false` if it no longer counts: its source or its model is gone, or a newer
    /// frame's result was published.
    pub fn publish(&self, prediction: &mut Arc<Prediction>, epoch: u64, again: bool) -> bool {
        let captured = prediction.frame.captured;
        let mut inner = self.lock();
        let is_newest = epoch > inner.epoch || inner.captured.is_none_or(|newest| captured >= newest);
        if epoch < inner.epoch || !is_newest || prediction.frame.generation != self.context.feed() {
            return false;
        }
        (inner.epoch, inner.captured) = (epoch, Some(captured));
        if let Some(prediction) = Arc::get_mut(prediction) {
            let frame = Arc::clone(&prediction.frame);
            let Inner { analysis, stages, .. } = &mut *inner;
            let controls = self.context.controls.now();
            analysis.follow(&controls.analysis, controls.resets);
            let first: &mut dyn Stage = analysis;
            for stage in std::iter::once(first).chain(stages.iter_mut().map(|s| &mut **s as &mut dyn Stage)) {
                let applied = catch_unwind(AssertUnwindSafe(|| stage.apply(&frame, prediction)));
                if applied.is_err() {
                    // The next frames may do better; without this no result would ever come again.
                    tracing::error!("a stage crashed on frame {}", frame.sequence);
                    stage.reset();
                }
            }
        }
        self.context.metrics.finished(captured, &prediction.times, again);
        // The result and the name of its model change together.
        let _ = self.screen.0.put(Arc::clone(prediction));
        self.context.follow.result(prediction);
        self.context.taps.send(|| TapItem::Result(Arc::clone(prediction)));
        self.name_model(&mut inner, epoch, &prediction.model);
        inner.subscribers.retain(|subscriber| match subscriber.sender.try_send(Arc::clone(prediction)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                subscriber.missed.fetch_add(1, Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        });
        drop(inner);
        self.context.wake();
        true
    }

    /// Publishes what several models found in a frame; the first model's prediction has passed [`Self::publish`] before.
    /// `choice` counts the choices of models to compare.
    pub fn publish_comparison(&self, comparison: Arc<Comparison>, epoch: u64, choice: u64) {
        let inner = self.lock();
        if epoch < inner.epoch
            || choice < inner.compared
            || comparison.frame.generation != self.context.feed()
        {
            return;
        }
        let _ = self.comparison.0.put(comparison);
        drop(inner);
        self.context.wake();
    }

    /// Names a model as current that has no frame to run: a model is chosen before a source is. The caller wakes the window.
    pub fn announce(&self, epoch: u64, model: &Arc<ModelInfo>) {
        let mut inner = self.lock();
        if epoch < inner.epoch {
            return;
        }
        inner.epoch = epoch;
        self.name_model(&mut inner, epoch, model);
    }

    fn name_model(&self, inner: &mut Inner, epoch: u64, model: &Arc<ModelInfo>) {
        if inner.announced.replace(epoch) == Some(epoch) {
            return;
        }
        self.state.rcu(|state| {
            let mut state = ModelState::clone(state);
            state.opened(&model.path);
            // Going back to the model that ran before leaves the reason to be read.
            if state.current.as_ref().is_none_or(|current| !Arc::ptr_eq(current, model)) {
                let old = state.current.replace(Arc::clone(model));
                // A failure of this model or the one before is over. Another model may have been asked for since, and failed.
                let is_over =
                    |path: &Path| path == model.path || old.as_ref().is_some_and(|old| path == old.path);
                state.failed.take_if(|(path, _)| is_over(path));
            }
            state
        });
    }

    /// No model runs from `epoch` on: its results disappear and none of an earlier epoch follows.
    pub fn withdraw(&self, epoch: u64) {
        let mut inner = self.lock();
        inner.epoch = inner.epoch.max(epoch);
        inner.announced = None;
        self.screen.0.clear();
        self.context.forget_results();
        self.comparison.0.clear();
    }

    /// The running model failed on the newest frame: there is no result to show.
    pub fn clear(&self, epoch: u64) {
        let inner = self.lock();
        if epoch >= inner.epoch {
            self.screen.0.clear();
            self.context.forget_results();
        }
    }

    /// Other models are compared from this choice on, or none: then the newest comparison disappears.
    pub fn compare(&self, choice: u64, any: bool) {
        let mut inner = self.lock();
        inner.compared = choice;
        if !any {
            self.comparison.0.clear();
        }
    }

    /// Another source was opened, or the source was closed.
    pub fn restart(&self) {
        let mut inner = self.lock();
        inner.captured = None;
        inner.analysis.reset();
        for stage in &mut inner.stages {
            stage.reset();
        }
        self.screen.0.clear();
        self.context.forget_results();
        self.comparison.0.clear();
    }

    /// The newest prediction of the current source.
    pub fn newest(&self) -> Option<Arc<Prediction>> {
        self.screen.1.peek().filter(|prediction| prediction.frame.generation == self.context.feed())
    }

    /// The newest comparison of the current source.
    pub fn comparison(&self) -> Option<Arc<Comparison>> {
        self.comparison.1.peek().filter(|comparison| comparison.frame.generation == self.context.feed())
    }

    /// Adds a subscriber whose queue holds `bound` predictions.
    pub fn subscribe(&self, bound: usize) -> Subscription {
        let (sender, receiver) = crossbeam_channel::bounded(bound.max(1));
        let missed = Arc::<AtomicU64>::default();
        self.lock().subscribers.push(Subscriber { sender, missed: Arc::clone(&missed) });
        Subscription { receiver, missed }
    }
}
