//! Runs a [`Desk`] beside an engine, on a thread that reads the engine's predictions. When the thread is behind, predictions are
//! left out; the window and the model never wait for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};

use super::desk::{Desk, Happening, Seen, WatchOptions};
use super::rule::Rule;
use super::rules_file::Rules;
use crate::engine::{Engine, ModelInfo, Prediction, Subscription};
use crate::track::Report;

/// Predictions that wait at most.
const QUEUE: usize = 8;
/// How long the thread waits for a prediction before it looks at its orders.
const STEP: Duration = Duration::from_millis(50);
/// After so long without a result, all alerts close.
const REST: Duration = Duration::from_secs(10);
/// How long a test waits for a frame to send.
const NO_FRAME: Duration = Duration::from_secs(2);
/// How long ending waits, in all.
const QUIT: Duration = Duration::from_millis(450);

enum Order {
    Rules(Arc<Rules>),
    Options(Arc<WatchOptions>),
    Test { rule: Arc<Rule>, place: usize },
}

/// The thread's owner. Dropping it ends the thread within half a second.
#[derive(Debug)]
pub struct Watch {
    orders: Option<Sender<Order>>,
    happenings: Receiver<Happening>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts the thread on an engine's predictions, with a log at this path or without one. `wake` is called when there is
    /// something to tell.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(
        engine: &Engine,
        log: Option<PathBuf>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let (orders, waiting) = bounded(32);
        let predictions = engine.subscribe(QUEUE);
        let desk = Desk::new(log, wake);
        let happenings = desk.happenings();
        let thread = std::thread::Builder::new()
            .name("sightline-rules".into())
            .spawn(move || Work::new(desk).run(&predictions, &waiting))?;
        Ok(Self { orders: Some(orders), happenings, thread: Some(thread) })
    }

    /// Takes over rules.
    pub fn set_rules(&self, rules: Arc<Rules>) {
        self.send(Order::Rules(rules));
    }

    /// Takes over how pictures are made.
    pub fn set_options(&self, options: Arc<WatchOptions>) {
        self.send(Order::Options(options));
    }

    /// Carries out one action of a rule on the newest frame.
    pub fn test(&self, rule: Arc<Rule>, place: usize) {
        self.send(Order::Test { rule, place });
    }

    fn send(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // The thread takes them within a frame's time; it is full only if the thread hangs in the system.
            let _ = orders.try_send(order);
        }
    }

    /// What there is to tell.
    pub fn happenings(&self) -> impl Iterator<Item = Happening> {
        self.happenings.try_iter()
    }

    /// Asks the thread to end, without waiting for it.
    pub fn end(&mut self) {
        self.orders = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
        let until = Instant::now() + QUIT;
        if let Some(thread) = &self.thread {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(3));
            }
        }
    }
}

struct Work {
    desk: Desk,
    newest: Option<Arc<Prediction>>,
    /// The source, by its generation, and the model of the last result.
    last: Option<(u64, Arc<ModelInfo>)>,
    /// When the newest came.
    since: Instant,
    /// Tests that wait for a frame, since when.
    tests: Vec<(Arc<Rule>, usize, Instant)>,
}

impl Work {
    fn new(desk: Desk) -> Self {
        Self { desk, newest: None, last: None, since: Instant::now(), tests: Vec::new() }
    }

    /// No results come for now.
    fn rest(&mut self) {
        self.desk.rest();
        // Its frame is large.
        self.newest = None;
    }

    fn run(mut self, predictions: &Subscription, orders: &Receiver<Order>) {
        loop {
            loop {
                match orders.try_recv() {
                    Ok(order) => self.carry_out(order),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            match predictions.next(STEP) {
                Ok(prediction) => self.take(prediction),
                Err(RecvTimeoutError::Timeout) if self.since.elapsed() >= REST => self.rest(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.tests.iter().any(|(_, _, since)| since.elapsed() >= NO_FRAME) {
                self.test();
            }
            self.desk.gather();
        }
    }

    /// Carries out the tests that were asked for.
    fn test(&mut self) {
        let empty = Report::default();
        let seen =
            self.newest.as_deref().map(|newest| seen(newest, newest.report.as_deref().unwrap_or(&empty)));
        for (rule, place, _) in self.tests.drain(..) {
            self.desk.test(rule, place, seen.as_ref(), self.newest.clone());
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Rules(rules) => self.desk.set_rules(rules),
            Order::Options(options) => self.desk.set_options(options),
            Order::Test { rule, place } => {
                self.tests.push((rule, place, Instant::now()));
                // A watch that was just started has seen no frame yet.
                if self.newest.is_some() {
                    self.test();
                }
            }
        }
    }

    fn take(&mut self, prediction: Arc<Prediction>) {
        let (generation, model) = (prediction.frame.generation, &prediction.model);
        if self.last.as_ref().is_some_and(|(last, of)| *last != generation || !of.is_same_model(model)) {
            self.desk.restart();
        }
        self.last = Some((generation, Arc::clone(model)));
        self.since = Instant::now();
        if let Some(report) = &prediction.report {
            self.desk.frame(&seen(&prediction, report), || Some(Arc::clone(&prediction)));
        }
        self.newest = Some(prediction);
        if !self.tests.is_empty() {
            self.test();
        }
    }
}

fn seen<'a>(prediction: &'a Prediction, report: &'a Report) -> Seen<'a> {
    Seen { frame: &prediction.frame, found: prediction.into(), report }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
