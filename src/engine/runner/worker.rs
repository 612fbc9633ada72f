//! The workers: threads that take the newest decoded frame when they are free, run their models on it and publish the results.
//!
//! The first runs the first model and those compared with it, one after the other: at the same time on two cores each would slow
//! the others down, and the times to be compared would be wrong. Each of the others runs a further session of the first model, if
//! there are any: all take frames from the same slot, so that each frame goes to one of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::active::ActiveModel;
use super::lifecycle::Assignment;
use super::models::Models;
use super::recognise::Recogniser;
use super::session::Session;
use crate::engine::choice::MAX_COMPARED;
use crate::engine::context::Context;
use crate::engine::publish::Publisher;
use crate::engine::state::{Comparison, PREDICTIONS, Prediction};
use crate::frame::Frame;
use crate::latest::{LatestReader, Take};
use crate::model::{ModelError, Thresholds};

const WAIT: Duration = Duration::from_millis(50);
/// How soon a worker looks again for a session that another thread still runs.
const SOON: Duration = Duration::from_millis(2);
/// How often a further worker looks whether it has something to do, where the source isn't live.
const IDLE: Duration = Duration::from_millis(100);

/// What a worker works with.
#[derive(Clone)]
pub(in crate::engine) struct Shared {
    pub context: Arc<Context>,
    pub models: Arc<Models>,
    pub publisher: Arc<Publisher>,
    pub inbox: LatestReader<Arc<Frame>>,
    /// The newest frame that a further worker took. It may be an image's only frame, which the first worker has never seen: if
    /// the model changes while the further session runs it, the new model is run on this frame.
    pub taken_by_further: Arc<Mutex<Option<Arc<Frame>>>>,
}

/// Runs the first model and those compared with it, until the engine ends.
pub(in crate::engine) fn run_first(shared: &Shared) {
    let mut worker = Worker {
        shared,
        active: [const { None }; MAX_COMPARED],
        comparisons: Vec::with_capacity(PREDICTIONS),
        recogniser: Recogniser::default(),
        last: None,
        thresholds: Arc::clone(&shared.context.controls.now().thresholds),
        must_run_again: false,
        one_rested: false,
        // None yet: models may have been assigned before this thread began.
        assignment: Arc::default(),
    };
    while !shared.context.is_stopping() {
        if !shared.models.is_newest(&worker.assignment) {
            worker.follow(shared.models.assignment());
        }
        if worker.active.iter().all(Option::is_none) {
            // Nothing to do until a model is opened; it will run on the newest frame first.
            if let Take::Value(frame) = shared.inbox.take(WAIT) {
                worker.last = Some(frame);
            }
            continue;
        }
        let is_prepared = worker.active.iter_mut().flatten().all(ActiveModel::prepare);
        // A model whose server fails rests for a while; with others the frames go on.
        if !is_prepared {
            std::thread::sleep(SOON);
            continue;
        }
        let rest = worker.active.iter().flatten().map(ActiveModel::rest_left).min().unwrap_or_default();
        if !rest.is_zero() {
            std::thread::sleep(rest.min(WAIT));
            continue;
        }
        let again = worker.must_run_again || !worker.has_newest_thresholds() || worker.is_rested();
        match shared.inbox.take(if again { Duration::ZERO } else { WAIT }) {
            Take::Value(frame) => worker.run(&frame, false),
            Take::Timeout if again => match worker.last_frame() {
                Some(frame) => worker.run(&frame, true),
                None => worker.has_no_frame(),
            },
            Take::Timeout | Take::Closed => {}
        }
    }
}

/// Runs a further session of the first model, the one with this index, while there is one.
pub(in crate::engine) fn run_further(shared: &Shared, index: usize) {
    let mut assignment = Arc::<Assignment>::default();
    let mut active: Option<ActiveModel> = None;
    let mut recogniser = Recogniser::default();
    while !shared.context.is_stopping() {
        if !shared.models.is_newest(&assignment) {
            assignment = shared.models.assignment();
            let session = assignment.further.get(index);
            if !is(active.as_ref(), session) {
                active = session.map(ActiveModel::new);
            }
        }
        let Some(active) = &mut active else { return };
        if !shared.context.is_real_time() {
            std::thread::sleep(IDLE);
            continue;
        }
        if !active.prepare() {
            std::thread::sleep(SOON);
            continue;
        }
        let rest = active.rest_left();
        if !rest.is_zero() {
            std::thread::sleep(rest.min(WAIT));
            continue;
        }
        let Take::Value(frame) = shared.inbox.take(WAIT) else { continue };
        if frame.generation != shared.context.feed() {
            continue;
        }
        let mut taken = shared.taken_by_further.lock().unwrap_or_else(PoisonError::into_inner);
        if taken
            .as_ref()
            .is_none_or(|taken| taken.generation != frame.generation || taken.captured <= frame.captured)
        {
            *taken = Some(Arc::clone(&frame));
        }
        drop(taken);
        let controls = shared.context.controls.now();
        active.limit_as(&controls.thresholds);
        match active.predict(&frame, controls.slow_down) {
            Ok(mut prediction) => {
                recogniser.look(&shared.context, &mut prediction);
                shared.publisher.publish(&mut prediction, assignment.epoch, false);
                active.give_back(prediction);
            }
            Err(ModelError::Stopped) => shared.models.ended(active.session()),
            Err(error) => {
                let retry = error.retry();
                active.rest(retry);
                shared.models.failed(active.session(), error, retry.is_none());
            }
        }
    }
}

fn is(active: Option<&ActiveModel>, session: Option<&Arc<Session>>) -> bool {
    match (active, session) {
        (Some(active), Some(session)) => Arc::ptr_eq(active.session(), session),
        (None, None) => true,
        _ => false,
    }
}

struct Worker<'a> {
    shared: &'a Shared,
    assignment: Arc<Assignment>,
    /// The first model and those compared with it.
    active: [Option<ActiveModel>; MAX_COMPARED],
    comparisons: Vec<Arc<Comparison>>,
    recogniser: Recogniser,
    /// The frame that was run last, or the newest one that came before there was a model. It is run again when the thresholds
    /// or the model change.
    last: Option<Arc<Frame>>,
    /// The thresholds of the last run.
    thresholds: Arc<Thresholds>,
    must_run_again: bool,
    /// A model rested at the last frame: an image has no further one that would show that its server is back.
    one_rested: bool,
}

impl Worker<'_> {
    /// Takes over the sessions that are assigned now.
    fn follow(&mut self, assignment: Arc<Assignment>) {
        let mut old = std::mem::replace(&mut self.active, [const { None }; MAX_COMPARED]);
        let new_epoch = assignment.epoch != self.assignment.epoch;
        for place in 0..MAX_COMPARED {
            let Some(session) = assignment.at(place) else { continue };
            let from = old.iter().position(|active| is(active.as_ref(), Some(session)));
            let kept = from.and_then(|from| old[from].take());
            let active = self.active[place].insert(kept.unwrap_or_else(|| ActiveModel::new(session)));
            // Under a new epoch the first model is a new choice, even if another one was chosen and left within one run.
            if from != Some(place) || (place == 0 && new_epoch) {
                active.start_again();
                self.shared.context.metrics.restart_model(place);
                self.must_run_again = true;
            }
        }
        for active in self.active.iter_mut().flatten() {
            // The classes of the thresholds are those of the first model, which may be another now.
            active.forget_limits();
        }
        self.assignment = assignment;
    }

    /// Whether a model rested at the last frame and none does now.
    fn is_rested(&self) -> bool {
        self.one_rested && self.active.iter().flatten().all(|active| active.rest_left().is_zero())
    }

    fn has_newest_thresholds(&self) -> bool {
        Arc::ptr_eq(&self.thresholds, &self.shared.context.controls.now().thresholds)
    }

    /// The newest frame of the current source that was run or could have been.
    fn last_frame(&mut self) -> Option<Arc<Frame>> {
        let by_further = self
            .shared
            .taken_by_further
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(Arc::clone);
        let published = self.shared.publisher.newest().map(|prediction| Arc::clone(&prediction.frame));
        let feed = self.shared.context.feed();
        let frames = [self.last.take(), by_further, published];
        frames
            .into_iter()
            .flatten()
            .filter(|frame| frame.generation == feed)
            .max_by_key(|frame| frame.captured)
    }

    /// There is no frame that new models could be run on: they need not wait for a first result.
    fn has_no_frame(&mut self) {
        self.must_run_again = false;
        self.thresholds = Arc::clone(&self.shared.context.controls.now().thresholds);
        for (place, active) in self.active.iter_mut().enumerate() {
            let Some(active) = active.as_mut().filter(|active| !active.is_announced()) else { continue };
            active.announce();
            if place == 0 {
                self.shared.publisher.announce(self.assignment.epoch, &active.session().info);
            }
            self.shared.models.first_result(active.session());
        }
        self.shared.context.wake();
    }

    /// Runs every model on a frame. `again`: it was run before.
    fn run(&mut self, frame: &Arc<Frame>, again: bool) {
        if frame.generation != self.shared.context.feed() {
            return;
        }
        let (thresholds, slow_down) = {
            let controls = self.shared.context.controls.now();
            (Arc::clone(&controls.thresholds), controls.slow_down)
        };
        if !Arc::ptr_eq(&self.thresholds, &thresholds) {
            self.active.iter_mut().flatten().for_each(ActiveModel::forget_limits);
        }
        self.must_run_again = false;
        self.thresholds = thresholds;
        self.last = Some(Arc::clone(frame));
        let mut by_further = self.shared.taken_by_further.lock().unwrap_or_else(PoisonError::into_inner);
        by_further.take_if(|taken| taken.captured <= frame.captured);
        drop(by_further);

        let compares = !self.assignment.compared.is_empty();
        let mut found: [Option<Arc<Prediction>>; MAX_COMPARED] = [const { None }; MAX_COMPARED];
        let mut is_wanted = true;
        for (place, found) in found.iter_mut().enumerate() {
            // Other models may have been chosen while one of these hung: the rest need not run.
            is_wanted = place == 0 || self.shared.models.is_newest(&self.assignment);
            if !is_wanted {
                break;
            }
            *found = self.run_at(place, frame, slow_down, again, compares);
        }
        if compares && is_wanted {
            let comparison = self.comparison(frame, &found);
            let Assignment { epoch, choice, .. } = *self.assignment;
            self.shared.publisher.publish_comparison(comparison, epoch, choice);
        }
        self.one_rested = self.active.iter().flatten().any(|active| !active.rest_left().is_zero());
        for (active, prediction) in self.active.iter_mut().zip(found) {
            if let (Some(active), Some(prediction)) = (active, prediction) {
                active.give_back(prediction);
            }
        }
    }

    /// Runs the model at one place.
    fn run_at(
        &mut self,
        place: usize,
        frame: &Arc<Frame>,
        slow_down: Duration,
        again: bool,
        compares: bool,
    ) -> Option<Arc<Prediction>> {
        // The limits are those of the first model as they are; the others work theirs out from them.
        let first = self.active[0].as_ref().filter(|_| place > 0);
        let first = first.map(|first| Arc::clone(&first.session().info));
        let Shared { context, models, publisher, .. } = self.shared;
        let active = self.active[place].as_mut().filter(|active| active.rest_left().is_zero())?;
        active.limit(&self.thresholds, first.as_deref());
        match active.predict(frame, slow_down) {
            Ok(mut prediction) => {
                if compares {
                    context.metrics.model_finished(place, &prediction.times);
                }
                if place == 0 {
                    self.recogniser.look(context, &mut prediction);
                }
                let is_shown = place > 0 || publisher.publish(&mut prediction, self.assignment.epoch, again);
                if !active.is_announced() {
                    active.announce();
                    if !is_shown {
                        // Its frame is no longer of interest, but the model works.
                        publisher.announce(self.assignment.epoch, &active.session().info);
                        context.wake();
                    }
                    models.first_result(active.session());
                }
                if active.recover() {
                    models.recovered(active.session());
                }
                Some(prediction)
            }
            Err(ModelError::Stopped) => {
                models.ended(active.session());
                None
            }
            Err(error) => {
                tracing::warn!("{}: {error}", active.session().info.name);
                let retry = error.retry();
                active.rest(retry);
                // A server that fails for an hour may come back.
                let hopeless = (active.fail() && retry.is_none()) || error.is_final();
                models.failed(active.session(), error, hopeless);
                None
            }
        }
    }

    /// Fills a comparison that nobody else holds.
    fn comparison(&mut self, frame: &Arc<Frame>, found: &[Option<Arc<Prediction>>]) -> Arc<Comparison> {
        let count = (1 + self.assignment.compared.len()).min(found.len());
        let mut filled = None;
        // All that nobody holds let go of their predictions, so that those can be filled again.
        for kept in &mut self.comparisons {
            let Some(comparison) = Arc::get_mut(kept) else { continue };
            comparison.frame = Arc::clone(frame);
            comparison.predictions.clear();
            if filled.is_none() {
                comparison.predictions.extend_from_slice(&found[..count]);
                filled = Some(Arc::clone(kept));
            }
        }
        filled.unwrap_or_else(|| {
            let comparison =
                Arc::new(Comparison { frame: Arc::clone(frame), predictions: found[..count].to_vec() });
            if self.comparisons.len() < PREDICTIONS {
                self.comparisons.push(Arc::clone(&comparison));
            }
            comparison
        })
    }
}
