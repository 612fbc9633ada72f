//! The inference worker: takes the newest decoded frame when it is free and gives the newest prediction. Models are swapped
//! between two frames.
//!
//! While models are compared they look at a frame one after the other, on this one thread. Side by side they would finish
//! sooner only where cores lie idle, and each would slow the others: the times to be compared would be wrong.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::open::Predictor;
use super::shared::Shared;
use super::shelf::{Plan, Shelf};
use super::{Comparison, MAX_COMPARED, ModelInfo, Prediction};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{ModelError, Results, Thresholds};

const WAIT: Duration = Duration::from_millis(50);
/// Predictions that may be held at once: the newest, the screen's, one being written, one to spare; and as many in
/// comparisons.
const POOL: usize = 8;
/// So many failures on end, and the model is closed.
const MOST_FAILURES: u32 = 5;

pub(super) fn run(shared: &Shared, shelf: &Shelf) {
    let mut worker = Worker {
        shared,
        shelf,
        lanes: [const { None }; MAX_COMPARED],
        before: None,
        missing: false,
        comparisons: Vec::with_capacity(POOL),
        last: None,
        seen_version: 0,
        look_again: false,
    };
    while !shared.stopping() {
        if let Some(plan) = shelf.follow().or_else(|| worker.missing.then(|| shelf.planned())) {
            worker.follow(&plan);
        }
        if worker.lanes.iter().all(Option::is_none) {
            // Nothing to do until a model comes; the newest frame is remembered for it.
            if let Some(frame) = shared.decoded.wait(WAIT) {
                worker.last = Some(frame);
            }
            continue;
        }
        worker.remember_helped();
        let fresh = shared.decoded.wait(if worker.must_look_again() { Duration::ZERO } else { WAIT });
        match fresh {
            Some(frame) => worker.look(&frame, false),
            None if worker.must_look_again() => {
                if let Some(frame) = worker.last.take().filter(|f| f.generation == shared.generation()) {
                    worker.look(&frame, true);
                }
            }
            None => {}
        }
    }
}

/// A model at work.
pub(super) struct Lane {
    id: u64,
    look: Box<dyn Predictor>,
    card: Arc<ModelInfo>,
    /// Its predictions, used again.
    pool: Vec<Arc<Prediction>>,
    /// The limits for it: classes by the numbers of its own list.
    limits: Thresholds,
    /// The limits were worked out.
    limited: bool,
    /// The state says that it runs.
    announced: bool,
    failures: u32,
}

struct Worker<'a> {
    shared: &'a Shared,
    shelf: &'a Shelf,
    lanes: [Option<Lane>; MAX_COMPARED],
    /// The first lane's model before the one that has yet to give its first prediction.
    before: Option<u64>,
    /// A model that is planned is still with the second session's worker.
    missing: bool,
    comparisons: Vec<Arc<Comparison>>,
    /// The frame that was looked at last: it is looked at again when the limits or the model change.
    last: Option<Arc<Frame>>,
    seen_version: u64,
    look_again: bool,
}

impl Worker<'_> {
    /// Puts the models that are planned into their lanes and the others back onto the shelf.
    fn follow(&mut self, plan: &Plan) {
        let mut old = std::mem::replace(&mut self.lanes, [const { None }; MAX_COMPARED]);
        let was = old[0].as_ref().filter(|lane| lane.announced).map(|lane| lane.id);
        for (place, id) in plan.iter().enumerate() {
            let Some(id) = *id else { continue };
            let stays = old.iter().position(|lane| lane.as_ref().is_some_and(|lane| lane.id == id));
            if let Some(from) = stays {
                self.lanes[place] = old[from].take();
                if from == place {
                    continue;
                }
            } else {
                self.lanes[place] = self.shelf.take(id).map(|(look, card)| Lane::new(id, look, card));
            }
            if let Some(lane) = &mut self.lanes[place] {
                lane.announced = false;
            }
            self.shared.book.restart_lane(place);
            self.look_again = true;
        }
        self.missing = plan.iter().zip(&self.lanes).any(|(id, lane)| id.is_some() && lane.is_none());
        for lane in old.into_iter().flatten() {
            lane.give_back(self.shelf, false);
        }
        for lane in self.lanes.iter_mut().flatten() {
            // The first model's class numbers may be others now.
            lane.limited = false;
        }
        if plan[0].is_none() {
            self.before = None;
        } else if was.is_some() && was != plan[0] {
            self.before = was;
        }
        self.shared.has_model.store(self.lanes.iter().any(Option::is_some), Relaxed);
        if self.lanes[0].is_none() {
            self.rest();
        }
        if self.lanes[1..].iter().all(Option::is_none) {
            self.shared.comparison.store(None);
        }
        // Where no frame is there to be looked at, a new model needn't wait for its first prediction.
        let idle = self.last.as_ref().is_none_or(|frame| frame.generation != self.shared.generation());
        for place in 0..MAX_COMPARED {
            if idle || self.lanes[place].as_ref().is_some_and(|lane| lane.announced) {
                self.announce(place);
            }
        }
    }

    /// The state says from now on that this lane's model runs.
    fn announce(&mut self, place: usize) {
        let Some(lane) = &mut self.lanes[place] else { return };
        lane.announced = true;
        let card = Arc::clone(&lane.card);
        if place == 0 {
            self.before = None;
        }
        self.shared.change_model(|state| {
            if place > 0 {
                if let Some(lane) = state.beside.get_mut(place - 1).filter(|l| l.choice.path == card.path) {
                    lane.model = Some(Arc::clone(&card));
                    lane.failed = None;
                }
                return;
            }
            state.opening.take_if(|path| *path == card.path);
            if state.current.as_ref().is_none_or(|current| !Arc::ptr_eq(current, &card)) {
                state.current = Some(Arc::clone(&card));
                state.failed = None;
            }
        });
    }

    /// No first model runs.
    fn rest(&mut self) {
        self.shared.mark_idle();
        self.shared.prediction.store(None);
        if self.shared.model.load().current.is_some() {
            self.shared.change_model(|state| state.current = None);
        }
    }

    /// Where the second session looked at a newer frame, that one is the last.
    fn remember_helped(&mut self) {
        let Some(frame) = self.shared.helped.take() else { return };
        let newer = |last: &Arc<Frame>| last.generation != frame.generation || last.captured < frame.captured;
        if self.last.as_ref().is_none_or(newer) {
            self.last = Some(frame);
        }
    }

    fn must_look_again(&self) -> bool {
        self.last.is_some()
            && (self.look_again || self.seen_version != self.shared.thresholds_version.load(Relaxed))
    }

    fn look(&mut self, frame: &Arc<Frame>, again: bool) {
        let version = self.shared.thresholds_version.load(Relaxed);
        let thresholds = self.shared.thresholds();
        if version != self.seen_version {
            for lane in self.lanes.iter_mut().flatten() {
                lane.limited = false;
            }
        }
        self.look_again = false;
        self.seen_version = version;
        self.last = Some(Arc::clone(frame));
        if !again {
            // Where every frame is to be looked at, the next one is read and decoded meanwhile.
            self.shared.mark_idle();
        }

        let compared = self.lanes[1..].iter().any(Option::is_some);
        let mut said: [Option<Arc<Prediction>>; MAX_COMPARED] = [const { None }; MAX_COMPARED];
        for (place, said) in said.iter_mut().enumerate() {
            *said = self.look_with(place, frame, &thresholds, again, compared);
        }
        if compared && frame.generation == self.shared.generation() {
            let comparison = self.compared(frame, &said);
            self.shared.comparison.store(Some(comparison));
            self.shared.wake();
        }
    }

    /// Lets one lane look at a frame.
    fn look_with(
        &mut self,
        place: usize,
        frame: &Arc<Frame>,
        thresholds: &Thresholds,
        again: bool,
        compared: bool,
    ) -> Option<Arc<Prediction>> {
        let first_card = self.lanes[0].as_ref().map(|lane| Arc::clone(&lane.card));
        let lane = self.lanes[place].as_mut()?;
        lane.limit(thresholds, first_card.as_deref());
        let slow_down = Duration::from_millis(self.shared.slow_down_ms.load(Relaxed));
        match lane.look(frame, slow_down) {
            Ok(prediction) => {
                let recovered = std::mem::take(&mut lane.failures) > 0;
                let announced = lane.announced;
                if frame.generation == self.shared.generation() {
                    if compared {
                        self.shared.book.lane_finished(place, &prediction.times);
                    }
                    // Result and state change together, and no result of the second session comes in between.
                    let shared = self.shared;
                    let mut newest = shared.published();
                    let is_newest = newest.is_none_or(|newest| newest <= frame.captured);
                    if place == 0 && (is_newest || again || !announced) {
                        *newest = Some(frame.captured);
                        self.shared.book.finished(frame.captured, &prediction.times, again);
                        self.shared.prediction.store(Some(Arc::clone(&prediction)));
                    }
                    if !announced || recovered {
                        self.announce(place);
                    }
                    drop(newest);
                    if recovered && place == 0 {
                        self.shared.change_model(|state| state.failed = None);
                    }
                    if place == 0 {
                        self.shared.wake();
                    }
                }
                Some(prediction)
            }
            Err(ModelError::Stopped) => {
                self.close(place);
                None
            }
            Err(error) => {
                self.fail(place, error);
                None
            }
        }
    }

    /// Takes a model that isn't to run again out of its lane.
    fn close(&mut self, place: usize) {
        let Some(lane) = self.lanes[place].take() else { return };
        lane.give_back(self.shelf, true);
        if place == 0 {
            self.rest();
        }
        self.shared.has_model.store(self.lanes.iter().any(Option::is_some), Relaxed);
    }

    fn fail(&mut self, place: usize, error: ModelError) {
        let Some(lane) = &mut self.lanes[place] else { return };
        tracing::warn!("{}: {error}", lane.card.name);
        lane.failures += 1;
        let (card, error) = (Arc::clone(&lane.card), Arc::new(error));
        let hopeless = lane.failures >= MOST_FAILURES;
        if place > 0 {
            self.shared.change_model(|state| {
                if let Some(lane) = state.beside.get_mut(place - 1).filter(|l| l.choice.path == card.path) {
                    lane.failed = Some(Arc::clone(&error));
                    lane.model.take_if(|_| hopeless);
                }
            });
            if hopeless {
                self.close(place);
            }
            return;
        }
        let failed = (card.path.clone(), error);
        // One that fails on its very first frame doesn't take the place of the one that ran.
        if !lane.announced
            && let Some(before) = self.before.take()
        {
            if let Some(lane) = self.lanes[0].take() {
                lane.give_back(self.shelf, true);
            }
            self.shelf.plan(|plan| {
                plan[0].get_or_insert(before);
            });
            self.shared.change_model(|state| {
                state.opening.take_if(|path| *path == failed.0);
                state.failed = Some(failed.clone());
            });
            return;
        }
        self.announce(0);
        self.shared.prediction.store(None);
        self.shared.change_model(|state| state.failed = Some(failed.clone()));
        if hopeless {
            self.close(0);
        }
    }

    /// A comparison that nobody else holds, filled.
    fn compared(
        &mut self,
        frame: &Arc<Frame>,
        said: &[Option<Arc<Prediction>>; MAX_COMPARED],
    ) -> Arc<Comparison> {
        let lanes = 1 + self.lanes.iter().rposition(Option::is_some).unwrap_or(0);
        // All that lie idle let go of what they hold, so that its buffers can be used again.
        let mut filled = None;
        for slot in &mut self.comparisons {
            let Some(comparison) = Arc::get_mut(slot) else { continue };
            comparison.frame = Arc::clone(frame);
            comparison.lanes.clear();
            if filled.is_none() {
                comparison.lanes.extend_from_slice(&said[..lanes]);
                filled = Some(Arc::clone(slot));
            }
        }
        if let Some(filled) = filled {
            return filled;
        }
        let comparison = Arc::new(Comparison { frame: Arc::clone(frame), lanes: said[..lanes].to_vec() });
        if self.comparisons.len() < POOL {
            self.comparisons.push(Arc::clone(&comparison));
        }
        comparison
    }
}

impl Lane {
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Puts the model back onto the shelf; `failed`: it isn't to be taken again.
    pub fn give_back(self, shelf: &Shelf, failed: bool) {
        shelf.give_back(self.id, self.look, failed);
    }

    /// Its next results are those of another model's card, under these limits.
    pub fn run_as(&mut self, card: &Arc<ModelInfo>, thresholds: &Thresholds) {
        self.card = Arc::clone(card);
        self.limits.clone_from(thresholds);
    }

    pub fn new(id: u64, mut look: Box<dyn Predictor>, card: Arc<ModelInfo>) -> Self {
        // A warm one may have run before, over frames that these don't follow.
        look.forget();
        Self {
            id,
            look,
            card,
            pool: Vec::with_capacity(POOL),
            limits: Thresholds::default(),
            limited: false,
            announced: false,
            failures: 0,
        }
    }

    /// Works out the limits for this model. They name classes by the first model's numbers; another list has others.
    fn limit(&mut self, thresholds: &Thresholds, first: Option<&ModelInfo>) {
        if std::mem::replace(&mut self.limited, true) {
            return;
        }
        self.limits.clone_from(thresholds);
        let Some(first) = first else { return };
        let (theirs, own) = (&first.spec.labels, &self.card.spec.labels);
        if theirs != own && !thresholds.classes.is_empty() {
            use crate::model::labels::Language::English;
            let wanted = |id: &u32| {
                let name = own.name(*id, English);
                thresholds.classes.iter().any(|class| theirs.name(*class, English) == name)
            };
            self.limits.classes = (0..own.len() as u32).filter(wanted).collect();
            if self.limits.classes.is_empty() {
                // An empty list means every class; this is none.
                self.limits.classes.push(u32::MAX);
            }
        }
    }

    pub fn look(&mut self, frame: &Arc<Frame>, slow_down: Duration) -> Result<Arc<Prediction>, ModelError> {
        let Self { look, card, pool, limits, .. } = self;
        fill(pool, frame, card, limits, |results| {
            // The network's output and the runtime are foreign: a panic there is a failed run, not a dead window.
            let run = catch_unwind(AssertUnwindSafe(|| look.look(frame, limits, results)));
            let mut times = run.unwrap_or_else(|_| {
                Err(ModelError::RunFailed { reason: "it crashed; please report this model".into() })
            })?;
            if !slow_down.is_zero() {
                let begin = Instant::now();
                std::thread::sleep(slow_down);
                let slept = begin.elapsed().as_secs_f32() * 1000.0;
                times.inference += slept;
                times.total += slept;
            }
            Ok(times)
        })
    }
}

/// Lets `write` fill a prediction that nobody else holds; its buffers are used again.
fn fill(
    pool: &mut Vec<Arc<Prediction>>,
    frame: &Arc<Frame>,
    card: &Arc<ModelInfo>,
    thresholds: &Thresholds,
    write: impl FnOnce(&mut Results) -> Result<StageTimes, ModelError>,
) -> Result<Arc<Prediction>, ModelError> {
    let Some(idle) = pool.iter_mut().position(|slot| Arc::get_mut(slot).is_some()) else {
        let mut results = Results::default();
        let times = write(&mut results)?;
        let prediction = Arc::new(Prediction {
            frame: Arc::clone(frame),
            results,
            model: Arc::clone(card),
            thresholds: thresholds.clone(),
            times,
            finished: Instant::now(),
        });
        if pool.len() < POOL {
            pool.push(Arc::clone(&prediction));
        }
        return Ok(prediction);
    };
    // The others that lie idle let go of their old frames, so that those can be written again.
    for prediction in pool[idle + 1..].iter_mut().filter_map(Arc::get_mut) {
        prediction.frame = Arc::clone(frame);
    }
    let slot = &mut pool[idle];
    if let Some(prediction) = Arc::get_mut(slot) {
        prediction.times = write(&mut prediction.results)?;
        prediction.frame = Arc::clone(frame);
        prediction.model = Arc::clone(card);
        prediction.thresholds.clone_from(thresholds);
        prediction.finished = Instant::now();
    }
    Ok(Arc::clone(slot))
}
