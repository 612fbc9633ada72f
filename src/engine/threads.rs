//! Starting threads, and waiting for their end for a limited time.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Waits until a thread has ended, at most this long.
pub(super) fn wait_for(thread: &JoinHandle<()>, most: Duration) {
    let until = Instant::now() + most;
    while !thread.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Starts a named thread; `None` if the system does not allow another one.
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(thread) => Some(thread),
        Err(error) => {
            tracing::error!("{name} could not be started: {error}");
            None
        }
    }
}
