//! What the workers of an engine share: slots, states, switches.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::helper::{PaceReport, ResultPace};
use super::slot::Slot;
use super::stats::Book;
use super::{Comparison, ModelState, Prediction, SourceState};
use crate::frame::Frame;
use crate::model::Thresholds;

/// Position "unknown", as bits.
const NOWHERE: u64 = u64::MAX;

pub(super) struct Shared {
    wake: Arc<dyn Fn() + Send + Sync>,
    stop: AtomicBool,
    /// Counts the sources that were opened; frames carry it.
    generation: AtomicU64,
    /// The newest raw frame.
    pub raw: Slot<Arc<Frame>>,
    /// The newest decoded frame, for the model.
    pub decoded: Slot<Arc<Frame>>,
    /// The model has taken the frame that was on its way.
    pub done: Slot<()>,
    /// The newest decoded frame, for the screen.
    pub preview: ArcSwapOption<Frame>,
    pub prediction: ArcSwapOption<Prediction>,
    pub comparison: ArcSwapOption<Comparison>,
    source: ArcSwap<SourceState>,
    pub model: ArcSwap<ModelState>,
    /// The limits, and how often they changed.
    thresholds: ArcSwap<Thresholds>,
    pub thresholds_version: AtomicU64,
    pub paused: AtomicBool,
    pub repeat: AtomicBool,
    pub every_frame: AtomicBool,
    pub hidden: AtomicBool,
    pub slow_down_ms: AtomicU64,
    pub pace: ArcSwap<ResultPace>,
    pub pace_report: ArcSwap<PaceReport>,
    /// When the frame of the newest prediction was captured: results come in the order of frames, whoever makes them.
    published: Mutex<Option<Instant>>,
    /// The last frame that the second session looked at.
    pub helped: Slot<Arc<Frame>>,
    /// A frame is on its way to the model.
    busy: AtomicBool,
    pub has_model: AtomicBool,
    position: AtomicU64,
    undecodable_since: Mutex<Option<Instant>>,
    pub book: Book,
}

impl Shared {
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            wake,
            stop: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            raw: Slot::default(),
            decoded: Slot::default(),
            done: Slot::default(),
            preview: ArcSwapOption::empty(),
            prediction: ArcSwapOption::empty(),
            comparison: ArcSwapOption::empty(),
            source: ArcSwap::from_pointee(SourceState::Closed),
            model: ArcSwap::from_pointee(ModelState::default()),
            thresholds: ArcSwap::from_pointee(Thresholds::default()),
            thresholds_version: AtomicU64::new(0),
            paused: AtomicBool::new(false),
            repeat: AtomicBool::new(false),
            every_frame: AtomicBool::new(false),
            hidden: AtomicBool::new(false),
            slow_down_ms: AtomicU64::new(0),
            pace: ArcSwap::from_pointee(ResultPace::default()),
            pace_report: ArcSwap::from_pointee(PaceReport::default()),
            published: Mutex::new(None),
            helped: Slot::default(),
            busy: AtomicBool::new(false),
            has_model: AtomicBool::new(false),
            position: AtomicU64::new(NOWHERE),
            undecodable_since: Mutex::new(None),
            book: Book::default(),
        }
    }

    /// Held while a prediction is put in place.
    pub fn published(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wake(&self) {
        (self.wake)();
    }

    pub fn stopping(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Relaxed)
    }

    /// Begins another source: everything of the last one is void.
    pub fn next_generation(&self) -> u64 {
        let generation = self.generation.fetch_add(1, Relaxed) + 1;
        self.raw.take();
        self.decoded.take();
        self.helped.take();
        *self.published() = None;
        self.preview.store(None);
        self.prediction.store(None);
        self.comparison.store(None);
        self.book.restart();
        self.set_position(None);
        self.set_decodable(true);
        self.mark_idle();
        generation
    }

    /// Sets the state of a source, unless another took over.
    pub fn set_source(&self, generation: u64, state: SourceState) {
        if self.generation() == generation {
            self.source.store(Arc::new(state));
            self.wake();
        }
    }

    pub fn source(&self) -> Arc<SourceState> {
        self.source.load_full()
    }

    pub fn change_model(&self, change: impl Fn(&mut ModelState)) {
        self.model.rcu(|state| {
            let mut state = ModelState::clone(state);
            change(&mut state);
            state
        });
        self.wake();
    }

    pub fn set_thresholds(&self, thresholds: Thresholds) {
        self.thresholds.store(Arc::new(thresholds));
        self.thresholds_version.fetch_add(1, Relaxed);
    }

    pub fn thresholds(&self) -> Arc<Thresholds> {
        self.thresholds.load_full()
    }

    pub fn set_position(&self, position: Option<f64>) {
        self.position.store(position.map_or(NOWHERE, f64::to_bits), Relaxed);
    }

    pub fn position(&self) -> Option<f64> {
        let bits = self.position.load(Relaxed);
        (bits != NOWHERE).then(|| f64::from_bits(bits))
    }

    pub fn mark_busy(&self) {
        self.busy.store(true, Relaxed);
    }

    pub fn mark_idle(&self) {
        self.busy.store(false, Relaxed);
        self.done.put(());
    }

    /// Whether a frame is on its way to a model that hasn't taken it yet.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Relaxed) && self.has_model.load(Relaxed)
    }

    pub fn set_decodable(&self, decodable: bool) {
        let mut since = self.undecodable_since.lock().unwrap_or_else(PoisonError::into_inner);
        if decodable {
            *since = None;
        } else {
            since.get_or_insert_with(Instant::now);
        }
    }

    /// For how long no frame could be decoded.
    pub fn undecodable_for(&self) -> Duration {
        let since = self.undecodable_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}
