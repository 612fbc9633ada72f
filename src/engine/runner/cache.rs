//! The sessions that are open: those in use, and the last few that were, kept warm.
//!
//! Going back to a model that ran a moment ago must not take seconds. A session in use is leased: who leases it runs it alone, so
//! that two engines can share one cache. Sessions are closed by the loader's thread, because closing one takes milliseconds
//! that no frame should wait for.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::session::{Health, Opened, Session};
use crate::engine::choice::ModelChoice;

/// So many sessions stay warm besides those in use.
const WARM: usize = 3;
/// What the warm sessions may take together, in bytes.
const BUDGET: u64 = 1 << 30;
/// What those of them may take together whose file has a session already, in bytes: with other threads, or another input size.
/// A network of 7 MB holds 100 MB and more for its layers, and who goes back goes back to another model.
const BUDGET_OF_SAME: u64 = 64 << 20;

/// A session in the cache.
struct Cached {
    session: Arc<Session>,
    /// Somebody runs it, or is about to.
    leased: bool,
    /// When it was last leased or given back, counted in such events.
    used: u64,
}

/// The open models: those in use, and the last few that were. Engines can share one.
#[derive(Default)]
pub struct SessionCache {
    sessions: Mutex<Vec<Cached>>,
    clock: AtomicU64,
}

impl std::fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionCache").field("sessions", &self.lock().len()).finish()
    }
}

impl SessionCache {
    fn lock(&self) -> MutexGuard<'_, Vec<Cached>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    /// Leases a warm session of this choice whose files are as they were, if there is one.
    pub(super) fn lease(&self, choice: &ModelChoice) -> Option<Arc<Session>> {
        loop {
            let session = {
                let mut sessions = self.lock();
                let fits = |c: &&mut Cached| {
                    !c.leased && c.session.choice == *choice && c.session.health() == Health::Good
                };
                let found = sessions.iter_mut().find(fits)?;
                found.leased = true;
                found.used = self.tick();
                Arc::clone(&found.session)
            };
            // The disk is looked at while nobody waits for the lock.
            if session.is_current() {
                return Some(session);
            }
            session.set_health(Health::Outdated);
            self.give_back(&session);
        }
    }

    /// Takes in a session, leased to the caller.
    pub(super) fn insert(&self, opened: Opened) -> Arc<Session> {
        let session = Arc::new(Session::new(self.tick(), opened));
        let cached = Cached { session: Arc::clone(&session), leased: true, used: self.tick() };
        self.lock().push(cached);
        session
    }

    /// Leases a session that the caller has held on to.
    pub(in crate::engine) fn lease_again(&self, session: &Arc<Session>) {
        if let Some(cached) = self.lock().iter_mut().find(|c| Arc::ptr_eq(&c.session, session)) {
            cached.leased = true;
        }
    }

    /// Ends a lease; the session stays warm.
    pub(super) fn give_back(&self, session: &Arc<Session>) {
        let used = self.tick();
        if let Some(cached) = self.lock().iter_mut().find(|c| Arc::ptr_eq(&c.session, session)) {
            (cached.leased, cached.used) = (false, used);
        }
    }

    /// Removes the sessions that need not be kept: those that cannot be taken up again, and of the warm ones those that were
    /// used longest ago, beyond the budgets. If no session is in use, none is kept: a user who closes the model wants its memory
    /// back. A session that a worker still runs stays until its run has ended. The caller drops what is returned.
    #[must_use]
    pub(super) fn evict(&self) -> Vec<Arc<Session>> {
        let mut sessions = self.lock();
        let most = if sessions.iter().any(|c| c.leased) { WARM } else { 0 };
        sessions.sort_unstable_by_key(|c| std::cmp::Reverse(c.used));
        let (mut count, mut sum, mut sum_of_same) = (0, 0u64, 0u64);
        let mut files: Vec<PathBuf> =
            sessions.iter().filter(|c| c.leased).map(|c| c.session.choice.path.clone()).collect();
        let gone = sessions.extract_if(.., |cached| {
            if cached.leased {
                return false;
            }
            let usable = cached.session.health() == Health::Good;
            let cost = cached.session.cost();
            let same = files.contains(&cached.session.choice.path);
            let fits = count < most
                && sum.saturating_add(cost) <= BUDGET
                && (!same || sum_of_same.saturating_add(cost) <= BUDGET_OF_SAME);
            if usable && fits {
                if same {
                    sum_of_same += cost;
                } else {
                    files.push(cached.session.choice.path.clone());
                }
                count += 1;
                sum += cost;
                return false;
            }
            Arc::strong_count(&cached.session) == 1
        });
        gone.map(|cached| cached.session).collect()
    }
}
