//! A tap on everything that the preview is made of: for a recorder, which wants every frame and what is drawn on it.
//!
//! The screen shows the newest frame and skips those that came in between; a tap gets all of them, in a bounded queue of its
//! own. When that is full, what comes is left out and counted: nobody waits for a tap.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::state::Prediction;
use crate::frame::Frame;

/// What passes a tap, in the order in which it comes about.
#[derive(Clone, Debug)]
pub enum TapItem {
    /// A decoded frame (RGBA), before any model has seen it.
    Frame(Arc<Frame>),
    /// A model's results, with the frame that they were found in. It comes after that frame, and maybe after later ones.
    Result(Arc<Prediction>),
    /// Earlier results that were moved to this frame; see [`Engine::followed`](super::Engine::followed). The same frame may come again, with
    /// better ones.
    Moved(Arc<Prediction>),
    /// The results so far belong to a source or a model that is gone.
    Forget,
}

/// A queue of everything that passes from now on; see [`Engine::tap`](super::Engine::tap). Ends with the engine; dropping it closes it.
#[derive(Debug)]
pub struct Tap {
    receiver: Receiver<TapItem>,
    missed: Arc<AtomicU64>,
    lost_forget: Arc<AtomicBool>,
    _open: Open,
}

impl Tap {
    /// The queue.
    #[must_use]
    pub fn items(&self) -> &Receiver<TapItem> {
        &self.receiver
    }

    /// How many frames were left out because the queue was full.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

impl Tap {
    /// Whether a [`TapItem::Forget`] found no room since this was asked last: what was found before it no longer counts.
    #[must_use]
    pub fn has_lost_forget(&self) -> bool {
        self.lost_forget.swap(false, Relaxed)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // The queue outlives its reader until the next frame; its frames needn't.
        while self.receiver.try_recv().is_ok() {}
    }
}

/// Counts a tap as long as it exists.
#[derive(Debug)]
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The taps of an engine.
#[derive(Default)]
pub(super) struct Taps {
    count: Arc<AtomicUsize>,
    senders: Mutex<Vec<Listener>>,
}

/// A tap, seen from the engine.
struct Listener {
    sender: Sender<TapItem>,
    missed: Arc<AtomicU64>,
    lost_forget: Arc<AtomicBool>,
}

impl Taps {
    /// Opens a tap whose queue holds `bound` items.
    pub fn open(&self, bound: usize) -> Tap {
        let (sender, receiver) = bounded(bound.max(1));
        let (missed, lost_forget) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        self.count.fetch_add(1, Relaxed);
        let open = Open(Arc::clone(&self.count));
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        let listener =
            Listener { sender, missed: Arc::clone(&missed), lost_forget: Arc::clone(&lost_forget) };
        senders.push(listener);
        Tap { receiver, missed, lost_forget, _open: open }
    }

    /// Whether anybody listens.
    pub fn any(&self) -> bool {
        self.count.load(Relaxed) > 0
    }

    /// Hands an item to all of them.
    pub fn send(&self, item: impl FnOnce() -> TapItem) {
        if !self.any() {
            return;
        }
        let item = item();
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|listener| match listener.sender.try_send(item.clone()) {
            Err(TrySendError::Full(TapItem::Frame(_))) => {
                listener.missed.fetch_add(1, Relaxed);
                true
            }
            Err(TrySendError::Full(TapItem::Forget)) => {
                listener.lost_forget.store(true, Relaxed);
                true
            }
            Ok(()) | Err(TrySendError::Full(_)) => true,
            Err(TrySendError::Disconnected(_)) => false,
        });
    }
}
