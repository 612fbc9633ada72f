//! Ends what a client waits for, from any thread.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Ends the requests of the clients that hold it, now and later. All clones are the same.
#[derive(Clone, Default)]
pub struct Stop(Arc<State>);

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stop").field(&self.is_stopped()).finish()
    }
}

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    notify: Notify,
    /// What else it ends.
    also: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

impl Stop {
    /// Ends the request that is under way, and every later one.
    pub fn stop(&self) {
        self.0.stopped.store(true, SeqCst);
        self.0.notify.notify_waiters();
        self.also_list().iter().for_each(|end| end());
    }

    /// Ends this as well, now if it was stopped.
    pub fn also(&self, end: impl Fn() + Send + 'static) {
        let mut also = self.also_list();
        if self.is_stopped() {
            end();
        }
        also.push(Box::new(end));
    }

    fn also_list(&self) -> MutexGuard<'_, Vec<Box<dyn Fn() + Send>>> {
        self.0.also.lock().unwrap_or_else(PoisonError::into_inner)
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
