//! Which models run: the life cycle of the first model, of those compared with it, and of its further sessions.
//!
//! A user runs model A and picks B. A goes on while the loader opens B ([`Inner::wanted`]). Then B is given to the worker
//! ([`FirstModel::Warming`]) and A waits: if B fails on its very first frame, A comes back; with B's first result A is given back to
//! the cache and B is [`FirstModel::Running`]. Every change is one function here, under one lock; workers and loader report what
//! happened and read the [`Assignment`], which is replaced as a whole.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::cache::SessionCache;
use super::lifecycle::{Assignment, Compared, ComparedPhase, FirstModel, Inner, Job, JobPlace};
use super::pace::PaceReport;
use super::session::{Health, Session};
use crate::engine::choice::MAX_COMPARED;
use crate::engine::choice::ModelChoice;
use crate::engine::context::Context;
use crate::engine::publish::Publisher;
use crate::engine::state::{ComparedModel, ModelState};
use crate::model::{CancelToken, ModelError};

/// The run of a model that another one has replaced is ended after this long.
const OVERDUE: Duration = Duration::from_secs(2);
/// A compared model that keeps the worker for this long from a model that was just chosen hangs. Slow models are no slower.
const HANGING: Duration = Duration::from_secs(8);
/// A model whose server doesn't respond is opened again after this long, then after twice as long, and so on.
const FIRST_AGAIN: Duration = Duration::from_secs(1);
/// The longest of these pauses.
const LAST_AGAIN: Duration = Duration::from_secs(10);
/// A worker may begin one more run before it sees that the session was replaced.
const LAST_FRAME: Duration = Duration::from_millis(200);

/// See the module.
pub(in crate::engine) struct Models {
    inner: Mutex<Inner>,
    pub(super) work: Condvar,
    assignment: ArcSwap<Assignment>,
    state: Arc<ArcSwap<ModelState>>,
    pub(super) pace: ArcSwap<PaceReport>,
    pub(super) context: Arc<Context>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) cache: Arc<SessionCache>,
    /// The state was changed and the window does not know it yet.
    is_changed: AtomicBool,
}

/// The lock on [`Models`]. Wakes the window after it is free again, because the window may call back.
pub(super) struct Locked<'a> {
    models: &'a Models,
    inner: Option<MutexGuard<'a, Inner>>,
}

impl std::ops::Deref for Locked<'_> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        self.inner.as_ref().expect("held until it is dropped")
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Inner {
        self.inner.as_mut().expect("held until it is dropped")
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.inner = None;
        if self.models.is_changed.swap(false, SeqCst) {
            self.models.context.wake();
        }
    }
}

impl Models {
    pub fn new(
        context: Arc<Context>,
        publisher: Arc<Publisher>,
        cache: Arc<SessionCache>,
        state: Arc<ArcSwap<ModelState>>,
    ) -> Self {
        Self {
            inner: Mutex::default(),
            work: Condvar::new(),
            assignment: ArcSwap::default(),
            state,
            pace: ArcSwap::default(),
            context,
            publisher,
            cache,
            is_changed: AtomicBool::new(false),
        }
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        Locked { models: self, inner: Some(self.inner.lock().unwrap_or_else(PoisonError::into_inner)) }
    }

    /// Changes what the window is told; it is woken when the lock is free again.
    pub(super) fn change_state(&self, change: impl Fn(&mut ModelState)) {
        self.state.rcu(|state| {
            let mut state = ModelState::clone(state);
            change(&mut state);
            state
        });
        self.is_changed.store(true, SeqCst);
    }

    /// Which sessions to run now.
    pub fn assignment(&self) -> Arc<Assignment> {
        self.assignment.load_full()
    }

    /// Whether `assignment` is still the newest; cheap enough for every frame.
    pub fn is_newest(&self, assignment: &Arc<Assignment>) -> bool {
        Arc::ptr_eq(&self.assignment.load(), assignment)
    }

    pub fn pace(&self) -> PaceReport {
        **self.pace.load()
    }

    /// Gives the workers their sessions after a change of `inner`. `new_first`: another session became the first, or none.
    pub(super) fn assign(&self, inner: &mut Inner, new_first: bool) {
        inner.epoch += u64::from(new_first);
        let running = |compared: &Compared| match &compared.phase {
            ComparedPhase::Running(session) => Some(Arc::clone(session)),
            ComparedPhase::Wanted | ComparedPhase::Failed => None,
        };
        let new = Assignment {
            epoch: inner.epoch,
            first: inner.active.session().cloned(),
            choice: inner.choice,
            compared: inner.compared.iter().map(running).collect(),
            further: inner.further.running.clone(),
        };
        let is_in =
            |list: &Assignment, session: &Arc<Session>| list.sessions().any(|s| Arc::ptr_eq(s, session));
        let old = self.assignment.load_full();
        let now = Instant::now();
        for session in old.sessions().filter(|session| !is_in(&new, session)) {
            inner.replaced.push((Arc::clone(session), now));
        }
        self.assignment.store(Arc::new(new));
        self.work.notify_all();
    }

    // --- what the user wants ------------------------------------------------------------------------------------------

    /// Open this model and run it as the first.
    pub fn request(&self, choice: ModelChoice) {
        let mut inner = self.lock();
        let path = choice.path.clone();
        inner.wanted = Some(choice);
        inner.again = None;
        inner.cancel_unwanted();
        self.change_state(|state| {
            state.opening = Some(path.clone());
            state.failed = None;
        });
        self.work.notify_all();
    }

    /// Run these models on the same frames as the first; those that run already go on.
    pub fn compare(&self, choices: Vec<ModelChoice>) {
        let mut inner = self.lock();
        let mut old = std::mem::take(&mut inner.compared);
        for choice in choices.into_iter().take(MAX_COMPARED - 1) {
            let keeps = |c: &Compared| c.choice == choice && !matches!(c.phase, ComparedPhase::Failed);
            let kept = old.iter().position(keeps).map(|at| old.swap_remove(at));
            inner.compared.push(kept.unwrap_or(Compared { choice, phase: ComparedPhase::Wanted }));
        }
        for compared in old {
            if let ComparedPhase::Running(session) = compared.phase {
                self.cache.give_back(&session);
            }
        }
        self.end_further(&mut inner);
        inner.choice += 1;
        inner.cancel_unwanted();
        self.assign(&mut inner, false);
        self.publisher.compare(inner.choice, !inner.compared.is_empty());
        self.show_compared(&inner);
    }

    /// Puts the compared models into the state, keeping what is known of those that stay.
    fn show_compared(&self, inner: &Inner) {
        self.change_state(|state| {
            let old = std::mem::take(&mut state.compared);
            state.compared.extend(inner.compared.iter().map(|compared| {
                let known = old.iter().find(|known| known.choice == compared.choice);
                known.filter(|_| !matches!(compared.phase, ComparedPhase::Wanted)).cloned().unwrap_or_else(
                    || ComparedModel { choice: compared.choice.clone(), model: None, failed: None },
                )
            }));
        });
    }

    /// Run no model, and open none.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.wanted = None;
        for compared in std::mem::take(&mut inner.compared) {
            if let ComparedPhase::Running(session) = compared.phase {
                self.cache.give_back(&session);
            }
        }
        self.end_further(&mut inner);
        inner.choice += 1;
        inner.cancel_unwanted();
        self.publisher.compare(inner.choice, false);
        self.end_active(&mut inner);
        self.change_state(|state| *state = ModelState::default());
    }

    /// The engine ends: every run is ended, and the loader has no more work.
    pub fn stop(&self) {
        let mut inner = self.lock();
        inner.stopping = true;
        inner.wanted = None;
        inner.cancel_unwanted();
        for session in
            self.assignment.load().sessions().chain(inner.replaced.iter().map(|(session, _)| session))
        {
            session.end();
        }
        self.work.notify_all();
    }

    /// Ends the leases of an engine that has ended, for others that share the cache.
    pub fn give_all_back(&self) {
        let mut inner = self.lock();
        for session in self.assignment.load().sessions() {
            self.cache.give_back(session);
        }
        if let FirstModel::Warming { previous: Some(previous), .. } = &inner.active {
            self.cache.give_back(previous);
        }
        *inner = Inner { stopping: true, ..Inner::default() };
        self.assignment.store(Arc::default());
    }

    // --- what the loader does -----------------------------------------------------------------------------------------

    /// Returns what to open next, waiting for it at most `most`. The token is cancelled when nobody wants it any more.
    pub fn next_job(&self, most: Duration) -> Option<(Job, CancelToken)> {
        let until = Instant::now() + most;
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = inner.next_job() {
                let cancel = CancelToken::default();
                inner.loading = Some((job.clone(), cancel.clone()));
                return Some((job, cancel));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || inner.stopping {
                return None;
            }
            inner = self.work.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The session that runs this choice as the first, or would if the newer one failed.
    pub fn running(&self, choice: &ModelChoice) -> Option<Arc<Session>> {
        let inner = self.lock();
        let (session, previous) = match &inner.active {
            FirstModel::None => return None,
            FirstModel::Running(session) => (session, None),
            FirstModel::Warming { session, previous } => (session, previous.as_ref()),
        };
        let fits = |s: &&Arc<Session>| s.choice == *choice && s.health() == Health::Good;
        std::iter::once(session).chain(previous).find(fits).cloned()
    }

    /// The loader has done a job. A session that nobody wants any more stays warm.
    pub fn opened(&self, job: &Job, result: Result<Arc<Session>, ModelError>) {
        let mut inner = self.lock();
        // A model that was left and chosen again while it was being opened is opened again: this result is that of the choice
        // before.
        let was_cancelled = inner.loading.take().is_some_and(|(_, cancel)| cancel.is_cancelled());
        let is_wanted = !was_cancelled && inner.is_wanted(job);
        if let Ok(session) = &result
            && was_cancelled
            && !inner.active.holds(session)
        {
            // It was opened all the same, but its runs may be cancelled, too.
            session.set_health(Health::Dead);
        }
        match (result, job.place) {
            (Ok(session), JobPlace::First) if is_wanted => self.opened_first(&mut inner, session),
            (Ok(session), JobPlace::Compared) if is_wanted => {
                if let Some(compared) = inner.wanted_compared(&job.choice) {
                    compared.phase = ComparedPhase::Running(session);
                    self.assign(&mut inner, false);
                }
            }
            (Ok(session), JobPlace::Further(_)) if is_wanted => {
                inner.further.wanted = None;
                inner.further.running.push(session);
                inner.tuner.changed(true, Instant::now());
                self.assign(&mut inner, false);
            }
            // The same session may be running as the first: then it is not this job's to give back.
            (Ok(session), _) if inner.active.holds(&session) => {}
            (Ok(session), _) => self.cache.give_back(&session),
            (Err(error), JobPlace::First) if is_wanted => {
                if error.is_tried_again() {
                    let pause = inner.again.map_or(FIRST_AGAIN, |(_, pause)| (pause * 2).min(LAST_AGAIN));
                    inner.again = Some((Instant::now() + pause, pause));
                } else {
                    inner.wanted = None;
                }
                let failed = (job.choice.path.clone(), Arc::new(error));
                self.change_state(|state| {
                    state.opening = None;
                    state.failed = Some(failed.clone());
                });
            }
            (Err(error), JobPlace::Compared) if is_wanted => {
                let mut place = None;
                if let Some(at) = inner.position_of_wanted(&job.choice) {
                    inner.compared[at].phase = ComparedPhase::Failed;
                    place = Some(at);
                }
                let error = Arc::new(error);
                self.change_state(|state| {
                    if let Some(compared) = place.and_then(|at| state.compared.get_mut(at)) {
                        compared.failed = Some(Arc::clone(&error));
                    }
                });
            }
            (Err(error), JobPlace::Further(_)) if is_wanted => {
                tracing::warn!("no further session: {error}");
                inner.further.wanted = None;
                inner.tuner.refuse();
                let running = inner.further.running.len();
                inner.in_flight.refuse(1 + running, Instant::now());
            }
            // The failure of a model that nobody wants any more is of no interest.
            (Err(error), _) => tracing::debug!("{}: {error}", job.choice.path.display()),
        }
    }

    fn opened_first(&self, inner: &mut Inner, session: Arc<Session>) {
        inner.wanted = None;
        inner.again = None;
        if inner.active.session().is_some_and(|running| Arc::ptr_eq(running, &session)) {
            // A session that has no result yet is still shown as being opened.
            if matches!(inner.active, FirstModel::Running(_)) {
                let path = session.info.path.clone();
                self.change_state(|state| state.opened(&path));
            }
            return;
        }
        self.end_further(inner);
        // The session that ran before may have been given back since the loader found it.
        self.cache.lease_again(&session);
        let previous = match std::mem::take(&mut inner.active) {
            FirstModel::None => None,
            FirstModel::Running(session) => Some(session),
            FirstModel::Warming { session: skipped, previous } => {
                self.cache.give_back(&skipped);
                previous
            }
        };
        inner.active = match previous {
            // Back to the model that ran before, whose successor has no result yet.
            Some(previous) if Arc::ptr_eq(&previous, &session) => {
                FirstModel::Warming { session, previous: None }
            }
            previous => FirstModel::Warming { session, previous },
        };
        self.assign(inner, true);
    }

    /// Ends runs that hang, and decides about further sessions. Called a few times a second.
    pub fn tick(&self) {
        let mut inner = self.lock();
        self.end_overdue(&mut inner);
        self.tune(&mut inner);
    }

    /// Ends the runs of sessions that should have made room for others long ago. The worker that hangs in one is free then.
    fn end_overdue(&self, inner: &mut Inner) {
        let now = self.assignment.load();
        let mut replaced = std::mem::take(&mut inner.replaced);
        replaced.retain(|(session, at)| {
            let since = at.elapsed();
            if since < OVERDUE {
                return true;
            }
            let Some(busy) = session.busy_for() else { return false };
            // The same session may have been picked again; its run that began before hangs all the same.
            let is_assigned = now.sessions().any(|assigned| Arc::ptr_eq(assigned, session));
            let hangs = busy + LAST_FRAME >= since;
            if hangs {
                tracing::warn!("{} hangs and is ended", session.info.name);
                session.end();
            }
            !hangs && !is_assigned
        });
        inner.replaced = replaced;
        if matches!(inner.active, FirstModel::Warming { .. }) {
            for session in now.compared.iter().flatten() {
                if session.busy_for().is_some_and(|busy| busy > HANGING) {
                    tracing::warn!("{}, which is compared, hangs and is ended", session.info.name);
                    session.end();
                }
            }
        }
        // Somebody else's run of the session that is to warm up hangs: it is opened anew.
        let hanging = match &inner.active {
            FirstModel::Warming { session, .. } => session.health() == Health::Dead,
            FirstModel::None | FirstModel::Running(_) => false,
        };
        if hanging && let FirstModel::Warming { session, previous } = std::mem::take(&mut inner.active) {
            self.cache.give_back(&session);
            inner.wanted.get_or_insert_with(|| session.choice.clone());
            inner.active = previous.map_or(FirstModel::None, FirstModel::Running);
            self.assign(inner, true);
        }
    }

    /// No first model runs from now on.
    pub(super) fn end_active(&self, inner: &mut Inner) {
        if let FirstModel::Warming { session, previous } = &inner.active {
            self.cache.give_back(session);
            if let Some(previous) = previous {
                self.cache.give_back(previous);
            }
        } else if let FirstModel::Running(session) = &inner.active {
            self.cache.give_back(session);
        }
        inner.active = FirstModel::None;
        self.assign(inner, true);
        self.publisher.withdraw(inner.epoch);
    }
}
