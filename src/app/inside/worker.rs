//! The worker: a thread with a session of its own that looks into one model while the page is shown.
//!
//! ```text
//! window ── order, newest frame ──▶ Latest<Wish> ──▶ sightline-inside ──▶ Found ──▶ window
//! ```
//! A worker belongs to one model: for another one the old worker is dropped and a new one started, so that nothing of the old model
//! can appear under the new one's name. Dropping it cancels what is being opened or run; the thread ends by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::found::Found;
use super::work::Work;
use crate::app::intent::{InsideTab, MapsOf, WhyMethod, WhyTarget};
use crate::frame::Frame;
use crate::latest::{LatestWriter, Take, latest};
use crate::learn::inside::maps::Sorting;
use crate::model::{CancelToken, OpenOptions, Thresholds};

/// The name of the thread.
const THREAD: &str = "sightline-inside";

/// Without anything to do it waits until something is told.
const LONG: Duration = Duration::from_hours(1);

/// The model that is looked into.
#[derive(Clone, Debug)]
pub struct Subject {
    pub path: PathBuf,
    /// As the live view opens it.
    pub options: OpenOptions,
    /// Threads of the live session: layers are measured with as many.
    pub threads: usize,
}

/// What is shown now.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub tab: InsideTab,
    /// Counts how often to try again.
    pub tries: u64,
    /// Counts how often to measure again.
    pub measures: u64,
    /// The tensor whose maps are shown; `None`: the usual one.
    pub tensor: Option<String>,
    /// The channel that is enlarged.
    pub channel: Option<usize>,
    pub sorting: Sorting,
    /// Counts how often to sort again.
    pub sorts: u64,
    /// The kernels of the first convolution are shown instead of maps.
    pub kernels: bool,
    /// Which 64 channels are shown.
    pub part: usize,
    pub maps: MapsOf,
    /// The number of the freezing; `None`: nothing is frozen.
    pub frozen: Option<u64>,
    pub method: WhyMethod,
    pub target: WhyTarget,
    pub thresholds: Thresholds,
    pub output: usize,
    pub class: Option<u32>,
    /// The level of the head; `None`: the one with the greatest score.
    pub level: Option<usize>,
    pub temperature: f32,
    /// Candidates are being followed: the frame that was looked at last stays.
    pub held: bool,
    /// The model to compare with.
    pub against: Option<PathBuf>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            tab: InsideTab::default(),
            tries: 0,
            measures: 0,
            tensor: None,
            channel: None,
            sorting: Sorting::default(),
            sorts: 0,
            kernels: false,
            part: 0,
            maps: MapsOf::default(),
            frozen: None,
            method: WhyMethod::default(),
            target: WhyTarget::default(),
            thresholds: Thresholds::default(),
            output: 0,
            class: None,
            level: None,
            temperature: 1.0,
            held: false,
            against: None,
        }
    }
}

/// What the window tells the worker: what is new of both.
struct Wish {
    order: Option<Arc<Order>>,
    frame: Option<Arc<Frame>>,
}

/// Where the worker lays down what it found.
pub struct Board {
    found: Mutex<Found>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Board {
    /// An empty board; `wake` is called whenever something new is on it.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { found: Mutex::default(), wake: Box::new(wake) }
    }

    /// What was found so far.
    pub fn found(&self) -> Found {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it.
    pub fn put(&self, change: impl FnOnce(&mut Found)) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut found);
        drop(found);
        (self.wake)();
    }
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
