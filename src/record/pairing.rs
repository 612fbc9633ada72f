//! Which results are drawn on which frame of a recording.
//!
//! The screen draws the newest results over the newest frame at once. A recording can wait a little: a frame stays here until its own
//! results are there, so that boxes lie where they were found. It is given up after [`HOLD`] and gets what the screen showed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Prediction, TapItem};
use crate::frame::Frame;

/// How long a frame waits for its own results. When the program is killed, that much is lost.
const HOLD: Duration = Duration::from_millis(100);
/// So many frames wait at most.
const MOST: usize = 8;

/// Where the results that are drawn on a frame come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They were found in this frame.
    Own,
    /// They were moved to it from an earlier frame.
    Moved,
    /// They are those of an earlier frame, where they were.
    Earlier,
}

/// A frame with what is drawn on it.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// RGBA.
    pub frame: Arc<Frame>,
    /// `None` while there are no results.
    pub results: Option<(Arc<Prediction>, Origin)>,
}

struct Waiting {
    frame: Arc<Frame>,
    moved: Option<Arc<Prediction>>,
}

/// See the module.
#[derive(Default)]
pub struct Pairing {
    waiting: VecDeque<Waiting>,
    /// What was drawn last.
    last: Option<Arc<Prediction>>,
    own_only: bool,
}

fn is_frame(a: &Frame, b: &Frame) -> bool {
    a.generation == b.generation && a.captured == b.captured
}

impl Pairing {
    /// With `own_only`, only frames whose own results are there come out: with privacy on, nobody knows what is in the others.
    pub fn set_own_only(&mut self, own_only: bool) {
        if self.own_only != own_only {
            self.own_only = own_only;
            self.clear();
        }
    }

    /// Forgets everything: no frame of before comes out.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.last = None;
    }

    /// Takes what came; `ready` gets the frames that are ready, in their order.
    pub fn take(&mut self, item: TapItem, mut ready: impl FnMut(Drawn)) {
        match item {
            TapItem::Forget => {
                self.last = None;
                self.waiting.iter_mut().for_each(|waiting| waiting.moved = None);
            }
            TapItem::Result(result) if self.own_only => {
                let frame = Arc::clone(&result.frame);
                ready(Drawn { frame, results: Some((result, Origin::Own)) });
            }
            TapItem::Frame(_) | TapItem::Moved(_) if self.own_only => {}
            TapItem::Frame(frame) => self.take_frame(frame, &mut ready),
            TapItem::Moved(moved) => {
                let waiting = self.waiting.iter_mut().rev().find(|w| is_frame(&w.frame, &moved.frame));
                if let Some(waiting) = waiting {
                    waiting.moved = Some(moved);
                }
            }
            TapItem::Result(result) => {
                let Some(place) = self.waiting.iter().position(|w| is_frame(&w.frame, &result.frame)) else {
                    // Its frame is gone. Where nothing is moved, it is drawn on the frames that come.
                    if self.last.as_ref().is_none_or(|last| result.frame.captured > last.frame.captured) {
                        self.last = Some(result);
                    }
                    return;
                };
                // Results come in the order of frames: those before it get none of their own any more.
                for _ in 0..place {
                    self.release(&mut ready);
                }
                self.waiting.pop_front();
                self.last = Some(Arc::clone(&result));
                let frame = Arc::clone(&result.frame);
                ready(Drawn { frame, results: Some((result, Origin::Own)) });
            }
        }
    }

    fn take_frame(&mut self, frame: Arc<Frame>, ready: &mut impl FnMut(Drawn)) {
        let is_over = |first: &Waiting| {
            first.frame.generation != frame.generation
                || frame.captured.saturating_duration_since(first.frame.captured) > HOLD
        };
        while self.waiting.len() >= MOST || self.waiting.front().is_some_and(is_over) {
            self.release(ready);
        }
        self.waiting.push_back(Waiting { frame, moved: None });
    }

    /// Hands out the frames that have waited long enough, also if no other comes.
    pub fn give_up(&mut self, now: Instant, mut ready: impl FnMut(Drawn)) {
        let is_over = |first: &Waiting| now.saturating_duration_since(first.frame.captured) > HOLD;
        while self.waiting.front().is_some_and(is_over) {
            self.release(&mut ready);
        }
    }

    /// Hands out all frames that wait: no more come for now.
    pub fn flush(&mut self, mut ready: impl FnMut(Drawn)) {
        while !self.waiting.is_empty() {
            self.release(&mut ready);
        }
    }

    /// Hands out the first frame that waits, with what there is for it.
    fn release(&mut self, ready: &mut impl FnMut(Drawn)) {
        let Some(Waiting { frame, moved }) = self.waiting.pop_front() else { return };
        if let Some(moved) = moved {
            self.last = Some(Arc::clone(&moved));
            return ready(Drawn { frame, results: Some((moved, Origin::Moved)) });
        }
        let fits = |last: &&Arc<Prediction>| {
            let of = &last.frame;
            of.generation == frame.generation
                && (of.width, of.height) == (frame.width, frame.height)
                && of.captured <= frame.captured
                && !frame.is_before(of)
        };
        let results = self.last.as_ref().filter(fits).map(|last| (Arc::clone(last), Origin::Earlier));
        ready(Drawn { frame, results });
    }
}

#[cfg(test)]
#[path = "pairing_tests.rs"]
mod tests;
