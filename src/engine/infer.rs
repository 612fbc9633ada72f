//! The inference worker: takes the newest decoded frame when it is free and gives the newest outcome. A model is swapped
//! between two frames.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::open::Opened;
use super::shared::Shared;
use super::slot::Slot;
use super::{ModelCard, Outcome};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{ModelError, Results, Thresholds};

const WAIT: Duration = Duration::from_millis(50);
/// Outcomes that may be held at once: the newest, the screen's, one being written, one to spare.
const POOL: usize = 4;
/// So many failures on end, and the model is closed.
const MOST_FAILURES: u32 = 5;

/// What the worker is to do with its model.
pub(super) enum Change {
    /// Take this one from the next frame on.
    Take(Box<Opened>),
    /// Run none.
    Close,
}

pub(super) fn run(shared: &Shared, changes: &Slot<Change>) {
    let mut worker = Worker {
        shared,
        model: None,
        pool: Vec::with_capacity(POOL),
        last: None,
        seen_version: 0,
        look_again: false,
        failures: 0,
    };
    while !shared.stopping() {
        if let Some(change) = changes.take() {
            worker.change(change);
        }
        if worker.model.is_none() {
            // Nothing to do until a model comes; the newest frame is remembered for it.
            if let Some(frame) = shared.decoded.wait(WAIT) {
                worker.last = Some(frame);
            }
            continue;
        }
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

struct Worker<'a> {
    shared: &'a Shared,
    model: Option<Box<Opened>>,
    pool: Vec<Arc<Outcome>>,
    /// The frame that was looked at last: it is looked at again when the limits or the model change.
    last: Option<Arc<Frame>>,
    seen_version: u64,
    look_again: bool,
    failures: u32,
}

impl Worker<'_> {
    fn change(&mut self, change: Change) {
        match change {
            Change::Take(opened) => {
                let card = Arc::clone(&opened.card);
                self.failures = 0;
                self.look_again = true;
                self.model = Some(opened);
                self.shared.has_model.store(true, Relaxed);
                self.shared.change_model(|state| {
                    state.current = Some(Arc::clone(&card));
                    state.opening.take_if(|path| *path == card.path);
                    state.failed = None;
                });
            }
            Change::Close => self.close(),
        }
    }

    fn close(&mut self) {
        self.model = None;
        self.shared.has_model.store(false, Relaxed);
        self.shared.mark_idle();
        self.shared.outcome.store(None);
        self.shared.change_model(|state| state.current = None);
    }

    fn must_look_again(&self) -> bool {
        self.last.is_some()
            && (self.look_again || self.seen_version != self.shared.thresholds_version.load(Relaxed))
    }

    fn look(&mut self, frame: &Arc<Frame>, again: bool) {
        let Some(model) = &mut self.model else { return };
        self.look_again = false;
        self.seen_version = self.shared.thresholds_version.load(Relaxed);
        let thresholds = self.shared.thresholds();
        let slow_down = Duration::from_millis(self.shared.slow_down_ms.load(Relaxed));
        self.last = Some(Arc::clone(frame));
        let (captured, generation) = (frame.captured, frame.generation);

        let card = Arc::clone(&model.card);
        let answer = fill(&mut self.pool, frame, &card, &thresholds, |results| {
            // The network's output and the runtime are foreign: a panic there is a failed run, not a dead window.
            let run = catch_unwind(AssertUnwindSafe(|| model.look.look(frame, &thresholds, results)));
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
        });
        if !again {
            self.shared.mark_idle();
        }
        match answer {
            Ok(outcome) => {
                self.succeed();
                if generation == self.shared.generation() {
                    self.shared.book.finished(captured, &outcome.times, again);
                    self.shared.outcome.store(Some(outcome));
                    self.shared.wake();
                }
            }
            Err(ModelError::Stopped) => self.close(),
            Err(error) => self.fail(error),
        }
    }

    fn succeed(&mut self) {
        if std::mem::take(&mut self.failures) > 0 {
            self.shared.change_model(|state| state.failed = None);
        }
    }

    fn fail(&mut self, error: ModelError) {
        let Some(model) = &self.model else { return };
        tracing::warn!("{}: {error}", model.card.name);
        let failed = (model.card.path.clone(), Arc::new(error));
        self.failures += 1;
        self.shared.outcome.store(None);
        self.shared.change_model(|state| state.failed = Some(failed.clone()));
        if self.failures >= MOST_FAILURES {
            self.close();
        }
    }
}

/// Lets `write` fill an outcome that nobody else holds; its buffers are used again.
fn fill(
    pool: &mut Vec<Arc<Outcome>>,
    frame: &Arc<Frame>,
    card: &Arc<ModelCard>,
    thresholds: &Thresholds,
    write: impl FnOnce(&mut Results) -> Result<StageTimes, ModelError>,
) -> Result<Arc<Outcome>, ModelError> {
    for slot in pool.iter_mut() {
        if let Some(outcome) = Arc::get_mut(slot) {
            outcome.times = write(&mut outcome.results)?;
            outcome.frame = Arc::clone(frame);
            outcome.card = Arc::clone(card);
            outcome.thresholds.clone_from(thresholds);
            outcome.finished = Instant::now();
            return Ok(Arc::clone(slot));
        }
    }
    let mut results = Results::default();
    let times = write(&mut results)?;
    let outcome = Arc::new(Outcome {
        frame: Arc::clone(frame),
        results,
        card: Arc::clone(card),
        thresholds: thresholds.clone(),
        times,
        finished: Instant::now(),
    });
    if pool.len() < POOL {
        pool.push(Arc::clone(&outcome));
    }
    Ok(outcome)
}
