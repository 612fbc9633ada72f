//! How long the window takes: when the first things appeared, and how long a pass of the interface takes.
//!
//! The program logs when the first things appeared. A benchmark sees every pass through an [`Observer`].

use std::time::{Duration, Instant};

use crate::engine::Stats;

/// The first things, in the order in which they appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The first pass of the interface.
    Paint,
    /// A frame of the source.
    Image,
    /// A model that is open.
    Model,
    /// A prediction.
    Result,
}

impl First {
    fn name(self) -> &'static str {
        match self {
            Self::Paint => "first paint",
            Self::Image => "first image",
            Self::Model => "model open",
            Self::Result => "first result",
        }
    }
}

/// One pass of the interface.
#[derive(Clone, Debug)]
pub struct Pass {
    /// From the beginning of the pass to the last widget, without drawing on the graphics card.
    pub took: Duration,
    /// How long a new frame took to be written into the texture; `None` if there was no new frame.
    pub frame_written: Option<Duration>,
    /// What the whole pass before took, drawing included, in seconds, as eframe measures it.
    pub previous_whole_s: Option<f32>,
    /// Since the window was asked for.
    pub elapsed: Duration,
    /// Rates and times of the engine. They are only up to date if [`Observer::wants_stats`].
    pub stats: Stats,
    /// Detections in the newest prediction.
    pub found: usize,
}

/// Sees what the window does; see [`run_observed`](super::run_observed).
pub trait Observer {
    /// Something appeared for the first time, so long after the window was asked for.
    fn first(&mut self, what: First, after: Duration);

    /// Whether the next pass should carry the engine's statistics.
    fn wants_stats(&self, elapsed: Duration) -> bool;

    /// A pass is over. Returns how long the window is to stay open; zero closes it.
    fn pass(&mut self, pass: &Pass) -> Duration;
}

/// Times since the window was asked for.
pub struct Timing {
    started: Instant,
    seen: [bool; 4],
    /// Within the current pass: writing a new frame.
    written: Option<Duration>,
    observer: Option<Box<dyn Observer>>,
}

impl std::fmt::Debug for Timing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timing").field("started", &self.started).finish_non_exhaustive()
    }
}

impl Timing {
    /// The window was asked for at `started`.
    #[must_use]
    pub fn since(started: Instant, observer: Option<Box<dyn Observer>>) -> Self {
        Self { started, seen: [false; 4], written: None, observer }
    }

    /// Something is there. The first time is logged.
    pub fn there(&mut self, what: First) {
        let seen = &mut self.seen[what as usize];
        if *seen {
            return;
        }
        *seen = true;
        let after = self.started.elapsed();
        tracing::info!("{} after {:.0} ms", what.name(), after.as_secs_f64() * 1e3);
        if let Some(observer) = &mut self.observer {
            observer.first(what, after);
        }
    }

    /// A new frame was written into the texture in this pass.
    pub fn wrote(&mut self, took: Duration) {
        self.written = Some(took);
    }

    /// A pass is over; `previous_whole_s` is eframe's time of the whole pass before. Returns how long the observer wants the
    /// window to stay open; `None` if nobody observes.
    pub fn pass(
        &mut self,
        took: Duration,
        previous_whole_s: Option<f32>,
        stats: impl FnOnce() -> Stats,
        found: usize,
    ) -> Option<Duration> {
        let frame_written = self.written.take();
        let observer = self.observer.as_mut()?;
        let elapsed = self.started.elapsed();
        let stats = if observer.wants_stats(elapsed) { stats() } else { Stats::default() };
        Some(observer.pass(&Pass { took, frame_written, previous_whole_s, elapsed, stats, found }))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// Writes down what it sees.
    #[derive(Clone, Default)]
    struct Log(Rc<RefCell<Vec<String>>>);

    impl Observer for Log {
        fn first(&mut self, what: First, _after: Duration) {
            self.0.borrow_mut().push(format!("{what:?}"));
        }

        fn wants_stats(&self, _elapsed: Duration) -> bool {
            self.0.borrow().len() > 1
        }

        fn pass(&mut self, pass: &Pass) -> Duration {
            let line = format!("{:?} {} {}", pass.frame_written, pass.stats.lost, pass.found);
            self.0.borrow_mut().push(line);
            Duration::from_secs(1)
        }
    }

    #[test]
    fn an_observer_sees_every_pass_and_each_first_once() {
        let log = Log::default();
        let mut timing = Timing::since(Instant::now(), Some(Box::new(log.clone())));
        let stats = || Stats { lost: 3, ..Stats::default() };
        timing.there(First::Paint);
        timing.wrote(Duration::from_millis(2));
        assert_eq!(timing.pass(Duration::from_millis(5), None, stats, 7), Some(Duration::from_secs(1)));
        timing.there(First::Paint);
        timing.pass(Duration::from_millis(5), None, stats, 0);
        assert_eq!(*log.0.borrow(), ["Paint", "Some(2ms) 0 7", "None 3 0"]);
    }

    #[test]
    fn nobody_observes_the_program_itself() {
        let mut timing = Timing::since(Instant::now(), None);
        timing.there(First::Image);
        let stats = || panic!("nobody wants them");
        assert_eq!(timing.pass(Duration::ZERO, None, stats, 0), None);
    }
}
