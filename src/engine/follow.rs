//! The motion worker: moves the newest result to each frame that comes until the next result is there, so that boxes stay on
//! their objects beside a slow model. See [`crate::motion`].
//!
//! ```text
//! decode ── every frame ──┐
//!                         ├─▶ slot of one ─▶ sightline-motion ─▶ newest frame with what is drawn on it ─▶ screen
//! publish ── every result ┘
//! ```
//! It works only while results come later than the next frame: a model that keeps up needs no help.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use super::context::Context;
use super::follow_slot::{Follow, Work};
use super::prediction_pool::PredictionPool;
use super::state::Prediction;
use super::tap::TapItem;
use crate::frame::Frame;
use crate::latest::Take;
use crate::motion::Follower;

const WAIT: Duration = Duration::from_millis(50);
/// So many results in a row must come in time before the worker rests.
const IN_TIME: u32 = 10;
/// A result that catches up goes on by so many images with every frame at least.
const CATCH_UP: usize = 3;
/// Predictions that may be held at once: in the slot, by the composer's request and its scenes, one that is being written; and by a tap.
const POOL: usize = 16;

/// Runs until the engine stops.
pub(super) fn run(context: &Context) {
    let mut worker = Worker {
        context,
        follow: &context.follow,
        follower: Follower::default(),
        frame: None,
        result: None,
        pool: PredictionPool::new(POOL),
        in_time: 0,
        epoch: Instant::now(),
    };
    while !context.is_stopping() {
        // A result that catches up goes on when no frame waits.
        let wait = if worker.follower.is_catching_up() { Duration::ZERO } else { WAIT };
        let work = match worker.follow.inbox.take(wait) {
            Take::Value(work) => Some(work),
            Take::Timeout => None,
            Take::Closed => return,
        };
        if catch_unwind(AssertUnwindSafe(|| worker.go_on(work))).is_err() {
            // Results are drawn as they come until the next late one.
            tracing::error!("following objects crashed");
            worker.follower = Follower::default();
            worker.rest();
        }
    }
}

struct Worker<'a> {
    context: &'a Context,
    follow: &'a Follow,
    follower: Follower,
    /// The newest frame.
    frame: Option<Arc<Frame>>,
    /// The newest result, as it was published.
    result: Option<Arc<Prediction>>,
    pool: PredictionPool,
    /// Results in a row that came before the next frame.
    in_time: u32,
    /// Times of frames without a position are counted from here.
    epoch: Instant,
}

impl Worker<'_> {
    /// Takes what came, if anything did, and lets a result that catches up go on.
    fn go_on(&mut self, work: Option<Work>) {
        // Where frames come faster than they are worked on, there is always one that waits, and each adds a step to catch up.
        let steps = if work.is_some() { CATCH_UP } else { 1 };
        if let Some(work) = work {
            self.take(work);
        }
        for _ in 0..steps {
            if self.follower.is_catching_up() && self.follower.advance() {
                self.show();
            }
        }
    }

    fn take(&mut self, work: Work) {
        if work.forget {
            self.follower.forget();
            self.result = None;
            self.follow.moved.0.clear();
        }
        if let Some(frame) = work.frame {
            self.take_frame(frame);
        }
        if let Some(result) = work.result {
            self.take_result(result);
        }
    }

    /// The time of a frame in seconds: its position in a video, else when it was captured.
    fn time(&self, frame: &Frame) -> f64 {
        frame.time_s.unwrap_or_else(|| frame.captured.saturating_duration_since(self.epoch).as_secs_f64())
    }

    fn is_active(&self) -> bool {
        self.follow.active.load(SeqCst)
    }

    fn take_frame(&mut self, frame: Arc<Frame>) {
        let another = self.frame.as_ref().is_some_and(|last| last.generation != frame.generation);
        if another {
            self.rest();
        }
        if self.is_active() {
            let time = self.time(&frame);
            self.follower.frame(&frame, time);
            if !self.follower.has_objects_of(frame.sequence, time) {
                // A jump in the video: what was moved belongs to another place.
                self.follow.moved.0.clear();
            }
        }
        self.frame = Some(frame);
        if self.is_active() {
            self.show();
        }
    }

    fn take_result(&mut self, result: Arc<Prediction>) {
        let controls = self.context.controls.now();
        let wanted = controls.follow && !controls.every_frame && result.results.task.finds_objects();
        drop(controls);
        let newest = self.frame.as_ref().filter(|frame| frame.generation == result.frame.generation);
        let late = newest.is_some_and(|frame| frame.captured > result.frame.captured);
        self.in_time = if late { 0 } else { self.in_time.saturating_add(1) };
        if !wanted || self.in_time >= IN_TIME {
            self.rest();
            self.result = Some(result);
            return;
        }
        if let Some(last) = &self.result {
            if !last.model.is_same_model(&result.model) {
                self.follower.forget();
            } else if last.thresholds != result.thresholds {
                self.follower.drop_missed();
            }
        }
        if late && !self.is_active() {
            self.follow.active.store(true, SeqCst);
        }
        let found = self.is_active() && {
            let time = self.time(&result.frame);
            self.follower.result(&result.results, result.frame.sequence, time)
        };
        self.result = Some(result);
        if self.is_active() && !found {
            // The frame is not remembered: its result is drawn as it is until another one can be followed.
            self.follower.forget();
            self.follow.moved.0.clear();
            self.context.wake();
        }
    }

    /// Results are drawn as they come from now on.
    fn rest(&mut self) {
        if self.follow.active.swap(false, SeqCst) {
            self.follower.reset();
            self.follow.moved.0.clear();
            self.context.wake();
        }
    }

    /// Hands the newest frame with what is drawn on it to the screen.
    fn show(&mut self) {
        if let (Some(frame), Some(result)) = (&self.frame, &self.result)
            && self.follower.has_objects_of(frame.sequence, self.time(frame))
        {
            let make = || Prediction { frame: Arc::clone(frame), ..Prediction::clone(result) };
            let mut shared = self.pool.take(frame, make);
            if let Some(moved) = Arc::get_mut(&mut shared) {
                // Everything of the result but its results and its frame.
                moved.results.task = result.results.task;
                moved.model = Arc::clone(&result.model);
                moved.thresholds.clone_from(&result.thresholds);
                (moved.times, moved.finished) = (result.times, result.finished);
                moved.report.clone_from(&result.report);
                self.follower.write(&mut moved.results);
                moved.results.moved = true;
            }
            let _ = self.follow.moved.0.put(Arc::clone(&shared));
            self.context.taps.send(|| TapItem::Moved(Arc::clone(&shared)));
            self.pool.give_back(shared);
        }
        self.context.wake();
    }
}
