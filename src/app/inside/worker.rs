//! The worker: a thread with a session of its own that looks into one model while the page is shown.
//!
//! ```text
//! window ── order, newest frame ──▶ Latest<Wish> ──▶ sightline-inside ──▶ Found ──▶ window
//! ```
//! A worker belongs to one model: for another one the old worker is dropped and a new one started, so that nothing of the old model
//! can appear under the new one's name. Dropping it cancels what is being opened or run; the thread ends by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::found::Found;
use super::order::{Order, Subject};
use super::work::Work;
use crate::frame::Frame;
use crate::latest::{LatestWriter, Take, latest};
use crate::model::CancelToken;

/// The name of the thread.
const THREAD: &str = "sightline-inside";

/// Without anything to do it waits until something is told.
const LONG: Duration = Duration::from_hours(1);

/// What the window tells the worker: what is new of both.
struct Wish {
    order: Option<Arc<Order>>,
    frame: Option<Arc<Frame>>,
}

/// The window's side. Ends the worker when it is dropped.
pub struct Worker {
    wishes: LatestWriter<Wish>,
    board: Arc<Board>,
    cancel: CancelToken,
    /// What was told last.
    order: Option<Arc<Order>>,
    frame: Option<Arc<Frame>>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("order", &self.order).finish_non_exhaustive()
    }
}

impl Worker {
    /// Starts one.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn start(subject: Subject, wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        Self::start_named(THREAD, subject, wake)
    }

    fn start_named(
        name: &str,
        subject: Subject,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (wishes, reader) = latest::<Wish>();
        let board = Arc::new(Board::new(wake));
        let cancel = CancelToken::default();
        let mut work = Work::new(subject, Arc::clone(&board), cancel.clone());
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut wait = LONG;
            loop {
                match reader.take(wait) {
                    Take::Closed => return,
                    Take::Value(wish) => {
                        if let Some(order) = wish.order {
                            work.order(order);
                        }
                        if let Some(frame) = wish.frame {
                            work.frame(frame);
                        }
                    }
                    Take::Timeout => {}
                }
                let step = catch_unwind(AssertUnwindSafe(|| work.step()));
                let next = step.unwrap_or_else(|_| {
                    work.panicked();
                    None
                });
                wait = next.unwrap_or(LONG);
            }
        })?;
        Ok(Self { wishes, board, cancel, order: None, frame: None })
    }

    /// Tells it what is shown, and the newest frame.
    pub fn tell(&mut self, order: &Order, frame: Option<&Arc<Frame>>) {
        let is_new_order = self.order.as_deref() != Some(order);
        let is_new_frame = match (&self.frame, frame) {
            (Some(old), Some(new)) => !Arc::ptr_eq(old, new),
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !is_new_order && !is_new_frame {
            return;
        }
        if is_new_order {
            self.order = Some(Arc::new(order.clone()));
        }
        let new_order = self.order.clone().filter(|_| is_new_order);
        let new_frame = frame.cloned().filter(|_| is_new_frame);
        if is_new_frame {
            self.frame.clone_from(&new_frame);
        }
        let _ = self.wishes.merge(|old| {
            let (order, frame) = old.map_or((None, None), |old| (old.order, old.frame));
            Wish { order: new_order.or(order), frame: new_frame.or(frame) }
        });
    }

    /// Tells later whether the thread has ended.
    #[cfg(test)]
    pub fn has_ended(&self) -> impl Fn() -> bool + use<> {
        let board = Arc::downgrade(&self.board);
        move || board.strong_count() == 0
    }

    /// What it has found.
    #[must_use]
    pub fn found(&self) -> Found {
        self.board.found()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
#[path = "worker_tests.rs"]
mod tests;
