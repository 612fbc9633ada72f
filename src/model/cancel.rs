//! Ends what models do from another thread: opening, a probe run, a warm-up, a run on a frame.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use ort::session::builder::LoadCanceler;
use ort::session::{NoSelectedOutputs, RunOptions};

use super::isolation::Helper;
use crate::server::Stop;

/// Cancels the work of every model that is opened with it ([`OpenOptions::cancel`](super::OpenOptions::cancel)). Cheap to
/// clone; all clones are the same token. After [`cancel`](Self::cancel), whatever is under way and whatever is begun later
/// ends with [`ModelError::Stopped`](super::ModelError::Stopped).
///
/// In this process ONNX Runtime looks at the request between two operators: an operator that computes for a minute ends only
/// when it is done. A model in a process of its own ends at once.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Mutex<Work>>);

/// What can be cancelled.
#[derive(Default)]
struct Work {
    cancelled: bool,
    loads: Vec<LoadCanceler>,
    runs: Vec<Weak<RunOptions<NoSelectedOutputs>>>,
    helpers: Vec<Weak<Helper>>,
    requests: Vec<Stop>,
}

impl CancelToken {
    /// Ends everything that runs under this token, now and later.
    pub fn cancel(&self) {
        let mut work = self.lock();
        work.cancelled = true;
        for load in &work.loads {
            cancel_load(load);
        }
        for run in &work.runs {
            terminate(run);
        }
        for helper in work.helpers.iter().filter_map(Weak::upgrade) {
            helper.stop();
        }
        for stop in &work.requests {
            stop.stop();
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Watches a session that is about to be created.
    pub(super) fn add_load(&self, load: LoadCanceler) {
        let mut work = self.lock();
        if work.cancelled {
            cancel_load(&load);
        }
        work.loads.push(load);
    }

    /// Watches all requests to servers with this stop.
    pub(super) fn add_stop(&self, stop: &Stop) {
        let mut work = self.lock();
        if work.cancelled {
            stop.stop();
        }
        work.requests.push(stop.clone());
    }

    /// Watches all runs with these options.
    pub(super) fn add_runs(&self, options: &Arc<RunOptions<NoSelectedOutputs>>) {
        let mut work = self.lock();
        let options = Arc::downgrade(options);
        if work.cancelled {
            terminate(&options);
        }
        work.runs.retain(|run| run.strong_count() > 0);
        work.runs.push(options);
    }

    /// Watches a process that runs a model.
    pub(super) fn add_helper(&self, helper: &Arc<Helper>) {
        let mut work = self.lock();
        if work.cancelled {
            helper.stop();
        }
        work.helpers.retain(|helper| helper.strong_count() > 0);
        work.helpers.push(Arc::downgrade(helper));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cancel_load(load: &LoadCanceler) {
    if let Err(error) = load.cancel() {
        tracing::warn!("the opening of a model can't be cancelled: {error}");
    }
}

fn terminate(run: &Weak<RunOptions<NoSelectedOutputs>>) {
    if let Some(Err(error)) = run.upgrade().map(|options| options.terminate()) {
        tracing::warn!("a run can't be stopped: {error}");
    }
}

impl PartialEq for CancelToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CancelToken")
    }
}
