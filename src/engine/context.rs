//! What all workers of an engine need: the controls, the figures, which feed is current, and how to wake the window.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::command::ControlsCell;
use super::follow_slot::Follow;
use super::metrics::Metrics;
use super::state::SourceState;
use super::tap::{TapItem, Taps};
use crate::source::Pace;

/// Shared by the workers of one engine.
pub(super) struct Context {
    wake: Arc<dyn Fn() + Send + Sync>,
    stop: AtomicBool,
    source: Mutex<Source>,
    pub controls: ControlsCell,
    pub metrics: Metrics,
    pub follow: Follow,
    pub taps: Taps,
}

/// The feed that is open.
struct Source {
    /// Its number, which its frames carry.
    feed: u64,
    state: Arc<SourceState>,
}

impl Context {
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            wake,
            stop: AtomicBool::new(false),
            source: Mutex::new(Source { feed: 0, state: Arc::new(SourceState::Closed) }),
            controls: ControlsCell::default(),
            metrics: Metrics::default(),
            follow: Follow::default(),
            taps: Taps::default(),
        }
    }

    /// Tells the window that there is something new. Never called while a lock is held, because the window may call back.
    pub fn wake(&self) {
        (self.wake)();
    }

    pub fn is_stopping(&self) -> bool {
        self.stop.load(SeqCst)
    }

    pub fn stop(&self) {
        self.stop.store(true, SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, Source> {
        // Every change is one assignment, so a panic elsewhere cannot leave it half changed.
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the current feed.
    pub fn feed(&self) -> u64 {
        self.lock().feed
    }

    /// How the current source is.
    pub fn source(&self) -> Arc<SourceState> {
        Arc::clone(&self.lock().state)
    }

    /// What was found belongs to a source or a model that is gone: nothing of it is moved or recorded any more.
    pub fn forget_results(&self) {
        self.follow.forget();
        self.taps.send(|| TapItem::Forget);
    }

    /// Starts the next feed and returns its number; frames and results of the one before are dropped from now on. The caller
    /// wakes the window when it holds no lock any more.
    pub fn next_feed(&self, state: SourceState) -> u64 {
        let mut source = self.lock();
        source.feed += 1;
        source.state = Arc::new(state);
        let feed = source.feed;
        drop(source);
        self.metrics.restart();
        feed
    }

    /// Sets the state of a feed, unless another one has taken its place.
    pub fn set_source(&self, feed: u64, state: SourceState) {
        let mut source = self.lock();
        if source.feed != feed {
            return;
        }
        source.state = Arc::new(state);
        drop(source);
        self.wake();
    }

    /// Whether a second session can be of use now: live frames, or a video in real time.
    pub fn is_real_time(&self) -> bool {
        let plays = matches!(&*self.source(), SourceState::Playing { info, .. } if info.pace != Pace::Stills);
        plays && !self.controls.now().every_frame
    }
}
