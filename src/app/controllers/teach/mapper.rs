//! The map of the examples by t-SNE, on a thread of its own: it takes seconds. It is computed when it is asked for, and ends when its
//! examples aren't those of the page any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::app::teach::state::{Learned, NoTsne, Placed};
use crate::learn::teach::{self, MapKind, MapPoint};
use crate::model::CancelToken;

/// The window's side.
pub(super) struct Mapper {
    /// The result whose examples are placed.
    learned: u64,
    cancel: CancelToken,
    placed: Arc<Mutex<Option<Placed>>>,
    thread: Option<JoinHandle<()>>,
}

fn lock(placed: &Mutex<Option<Placed>>) -> MutexGuard<'_, Option<Placed>> {
    placed.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mapper {
    /// Starts the thread.
    pub(super) fn start(learned: Arc<Learned>, seed: u64, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (id, cancel, placed) = (learned.id, CancelToken::default(), Arc::default());
        let (token, own) = (cancel.clone(), Arc::clone(&placed));
        let thread = std::thread::Builder::new().name("teach map".into()).spawn(move || {
            let work = std::panic::AssertUnwindSafe(|| place(&learned, seed, &token));
            let points = std::panic::catch_unwind(work).unwrap_or(Some(Err(NoTsne::Broken)));
            *lock(&own) = points.map(|points| Placed { learned: id, points });
            wake();
        });
        if let Err(error) = &thread {
            tracing::error!("no thread for a map: {error}");
            *lock(&placed) = Some(Placed { learned: id, points: Err(NoTsne::Broken) });
        }
        Self { learned: id, cancel, placed, thread: thread.ok() }
    }

    /// The result whose examples are placed.
    pub(super) fn learned(&self) -> u64 {
        self.learned
    }

    /// What was computed, once.
    pub(super) fn take(&self) -> Option<Placed> {
        lock(&self.placed).take()
    }

    /// Ends the thread as soon as it can. Returns what to wait for.
    pub(super) fn end(self) -> Option<JoinHandle<()>> {
        self.cancel.cancel();
        self.thread
    }
}

/// A point for each example, or why not; `None` if it was cancelled.
fn place(learned: &Learned, seed: u64, cancel: &CancelToken) -> Option<Result<Vec<MapPoint>, NoTsne>> {
    let count = learned.samples.train.len();
    if !(teach::MIN_TSNE..=teach::MAX_TSNE).contains(&count) {
        return Some(Err(NoTsne::why(count)));
    }
    match teach::map_as(&learned.samples, MapKind::Tsne, seed, cancel) {
        Ok((MapKind::Tsne, points)) => Some(Ok(points)),
        Ok((MapKind::Pca, _)) => Some(Err(NoTsne::why(count))),
        Err(error) => {
            tracing::debug!("no map: {error}");
            None
        }
    }
}
