//! The loader: a thread that opens models while the current ones run, ends runs that hang, and closes sessions that nobody needs.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::cache::SessionCache;
use super::lifecycle::{Job, JobPlace};
use super::models::Models;
use super::session::{Health, Session, open};
use super::worker::{Shared, run_further};
use crate::engine::factories::Factories;
use crate::engine::threads::{spawn, wait_for};
use crate::model::{CancelToken, ModelError};

const WAIT: Duration = Duration::from_millis(100);
/// How long the end of the engine waits for the last run of a further session, which was told to end.
const LAST_RUN: Duration = Duration::from_millis(500);

/// Opens and closes what `shared.models` asks for, until the engine ends. The workers of further sessions are its own.
pub(in crate::engine) fn run(shared: &Shared, factories: &Factories, cache: &SessionCache) {
    let Shared { context, models, .. } = shared;
    let mut workers: Vec<Option<JoinHandle<()>>> = Vec::new();
    while !context.is_stopping() {
        if let Some((job, cancel)) = models.next_job(WAIT) {
            let result = obtain(factories, models, cache, &job, &cancel);
            models.opened(&job, result);
        }
        models.tick();
        start_workers(shared, &mut workers);
        drop(cache.evict());
    }
    for worker in workers.into_iter().flatten() {
        wait_for(&worker, LAST_RUN);
    }
}

/// Sees that every further session has a worker; one whose session is gone has ended by itself.
fn start_workers(shared: &Shared, workers: &mut Vec<Option<JoinHandle<()>>>) {
    let count = shared.models.assignment().further.len();
    workers.resize_with(workers.len().max(count), || None);
    for (index, worker) in workers.iter_mut().enumerate().take(count) {
        if worker.as_ref().is_none_or(JoinHandle::is_finished) {
            let shared = shared.clone();
            *worker = spawn(&format!("sightline-infer-{}", index + 2), move || run_further(&shared, index));
        }
    }
}

/// Returns a warm session, or opens one.
fn obtain(
    factories: &Factories,
    models: &Models,
    cache: &SessionCache,
    job: &Job,
    cancel: &CancelToken,
) -> Result<Arc<Session>, ModelError> {
    if job.place == JobPlace::First
        && let Some(running) = models.running(&job.choice)
    {
        if running.is_current() {
            return Ok(running);
        }
        // It runs on until the new one has its first result.
        running.set_health(Health::Outdated);
    }
    if let Some(session) = cache.lease(&job.choice) {
        return Ok(session);
    }
    open(&factories.model, &job.choice, cancel).map(|opened| cache.insert(opened))
}
