//! The loader: a thread that opens models while the current ones run, ends runs that hang, and closes sessions that nobody needs.

use std::sync::Arc;
use std::time::Duration;

use super::cache::SessionCache;
use super::lifecycle::{Job, JobPlace};
use super::models::Models;
use super::session::{Health, Session, open};
use crate::engine::context::Context;
use crate::engine::factories::Factories;
use crate::model::{CancelToken, ModelError};

const WAIT: Duration = Duration::from_millis(100);

pub(in crate::engine) fn run(
    context: &Context,
    factories: &Factories,
    models: &Models,
    cache: &SessionCache,
) {
    while !context.is_stopping() {
        if let Some((job, cancel)) = models.next_job(WAIT) {
            let result = obtain(factories, models, cache, &job, &cancel);
            models.opened(&job, result);
        }
        models.tick();
        drop(cache.evict());
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
