//! Ends what a client waits for, from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::sync::Notify;

/// Ends the requests of the clients that hold it, now and later. All clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stopped: AtomicBool,
    notify: Notify,
}

impl Stop {
    /// Ends the request that is under way, and every later one.
    pub fn stop(&self) {
        self.0.stopped.store(true, SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Whether [`stop`](Self::stop) was called.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(SeqCst)
    }

    /// Waits until it is stopped.
    pub(super) async fn wait(&self) {
        loop {
            // Registered before the flag is read: a stop in between is noticed.
            let mut notified = std::pin::pin!(self.0.notify.notified());
            notified.as_mut().enable();
            if self.is_stopped() {
                return;
            }
            notified.await;
        }
    }
}
