//! What the workers report about their sessions: first results, failures, recoveries, runs that were ended.

use std::sync::Arc;
use std::time::Instant;

use super::lifecycle::{ComparedPhase, FirstModel, Inner};
use super::models::Models;
use super::session::{Health, Session};
use crate::model::ModelError;

impl Models {
    /// A session has its first result, or has no frame that it could be run on.
    pub fn first_result(&self, session: &Arc<Session>) {
        let mut inner = self.lock();
        if let FirstModel::Warming { session: warming, .. } = &inner.active
            && Arc::ptr_eq(warming, session)
        {
            if let Some(previous) = std::mem::take(&mut inner.active).proved() {
                self.cache.give_back(&previous);
            }
            inner.active = FirstModel::Running(Arc::clone(session));
            // The loader may have waited for the session that is free now.
            self.work.notify_all();
        }
        self.works(&inner, session);
    }

    /// A session works again after it failed.
    pub fn recovered(&self, session: &Arc<Session>) {
        let inner = self.lock();
        if inner.active.session().is_some_and(|first| Arc::ptr_eq(first, session)) {
            self.change_state(|state| {
                state.failed.take_if(|(path, _)| *path == session.info.path);
            });
        }
        self.works(&inner, session);
    }

    /// Tells that a compared model works.
    fn works(&self, inner: &Inner, session: &Arc<Session>) {
        let Some(place) = inner.place_of(session) else { return };
        self.change_state(|state| {
            if let Some(compared) = state.compared.get_mut(place) {
                compared.model = Some(Arc::clone(&session.info));
                compared.failed = None;
            }
        });
    }

    /// A session failed on a frame. `hopeless`: it is not to be run again.
    pub fn failed(&self, session: &Arc<Session>, error: ModelError, hopeless: bool) {
        let mut inner = self.lock();
        let failed = (session.info.path.clone(), Arc::new(error));
        if let Some(place) = inner.place_of(session) {
            return self.compared_failed(&mut inner, place, session, &failed.1, hopeless);
        }
        if inner.further.running.iter().any(|further| Arc::ptr_eq(further, session)) {
            // A server that fails is asked again by each of its sessions.
            if failed.1.retry().is_some() && !hopeless {
                return;
            }
            tracing::warn!("a further session fails: {}", failed.1);
            session.set_health(Health::Dead);
            self.end_further(&mut inner);
            inner.tuner.refuse();
            inner.in_flight.refuse(1, Instant::now());
            return self.assign(&mut inner, false);
        }
        if inner.active.session().is_none_or(|first| !Arc::ptr_eq(first, session)) {
            return;
        }
        let usable = |previous: &Arc<Session>| previous.health() != Health::Dead;
        match std::mem::take(&mut inner.active) {
            // A model that fails on its very first frame does not take the place of the one that ran.
            FirstModel::Warming { previous: Some(previous), .. } if usable(&previous) => {
                session.set_health(Health::Dead);
                self.cache.give_back(session);
                inner.active = FirstModel::Running(previous);
                self.assign(&mut inner, true);
                self.change_state(|state| {
                    state.opened(&failed.0);
                    state.failed = Some(failed.clone());
                });
            }
            active => {
                if let FirstModel::Warming { previous: Some(previous), .. } = &active {
                    self.cache.give_back(previous);
                }
                inner.active = FirstModel::Running(Arc::clone(session));
                self.publisher.announce(inner.epoch, &session.info);
                self.publisher.clear(inner.epoch);
                if hopeless {
                    session.set_health(Health::Dead);
                    self.end_further(&mut inner);
                    self.end_active(&mut inner);
                }
                self.change_state(|state| {
                    state.failed = Some(failed.clone());
                    state.current.take_if(|_| hopeless);
                });
            }
        }
    }

    fn compared_failed(
        &self,
        inner: &mut Inner,
        place: usize,
        session: &Arc<Session>,
        error: &Arc<ModelError>,
        hopeless: bool,
    ) {
        if hopeless {
            session.set_health(Health::Dead);
            self.cache.give_back(session);
            inner.compared[place].phase = ComparedPhase::Failed;
            self.assign(inner, false);
        }
        self.change_state(|state| {
            if let Some(compared) = state.compared.get_mut(place) {
                compared.failed = Some(Arc::clone(error));
                compared.model.take_if(|_| hopeless);
            }
        });
    }

    /// The run of a session was ended from outside: it hung, or the engine ends.
    pub fn ended(&self, session: &Arc<Session>) {
        session.set_health(Health::Dead);
        let mut inner = self.lock();
        if inner.stopping {
            return;
        }
        if let Some(place) = inner.place_of(session) {
            return self.compared_failed(&mut inner, place, session, &Arc::new(ModelError::Stopped), true);
        }
        if inner.further.running.iter().any(|further| Arc::ptr_eq(further, session)) {
            self.end_further(&mut inner);
            return self.assign(&mut inner, false);
        }
        match &inner.active {
            // The next tick opens it anew.
            FirstModel::Warming { .. } | FirstModel::None => {}
            FirstModel::Running(first) if !Arc::ptr_eq(first, session) => {}
            FirstModel::Running(_) => {
                self.end_further(&mut inner);
                self.end_active(&mut inner);
                self.change_state(|state| state.current = None);
            }
        }
    }
}
