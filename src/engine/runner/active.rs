//! A session at work in a worker: its thresholds, its failures, and the predictions that it fills again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::predictor::Predictor;
use super::session::Session;
use crate::engine::prediction_pool::PredictionPool;
use crate::engine::state::{ModelInfo, PREDICTIONS, Prediction};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{ModelError, Results, Thresholds};

/// After so many failures in a row a model is closed.
const MOST_FAILURES: u32 = 5;

/// The life cycle of a session in a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    /// Another thread may still run it, over frames that these do not follow.
    New,
    /// It has no result yet.
    Ready,
    /// It was told that the model runs.
    Announced,
}

/// A session at work.
pub(in crate::engine) struct ActiveModel {
    session: Arc<Session>,
    readiness: Readiness,
    /// Predictions that nobody else holds, or will be so soon.
    pool: PredictionPool,
    /// The thresholds for this model, with classes numbered as in its own list; `is_limited`: they are up to date.
    thresholds: Thresholds,
    is_limited: bool,
    /// In a row.
    failures: u32,
    /// It isn't run before this: its server failed.
    rests_until: Option<Instant>,
}

impl ActiveModel {
    pub fn new(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            readiness: Readiness::New,
            pool: PredictionPool::new(PREDICTIONS),
            thresholds: Thresholds::default(),
            is_limited: false,
            failures: 0,
            rests_until: None,
        }
    }

    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Makes the session forget the frames of an earlier use. Returns whether it can be run now.
    pub fn prepare(&mut self) -> bool {
        let forget = |predictor: &mut dyn Predictor| {
            // A panic shows in the next run, too, whose failure is reported.
            let _ = catch_unwind(AssertUnwindSafe(|| predictor.forget()));
        };
        if self.readiness == Readiness::New && self.session.with(forget).is_some() {
            self.readiness = Readiness::Ready;
        }
        self.readiness != Readiness::New
    }

    /// The model was chosen anew: its frames so far do not count, and neither does its first result.
    pub fn start_again(&mut self) {
        self.readiness = Readiness::New;
    }

    pub fn is_announced(&self) -> bool {
        self.readiness == Readiness::Announced
    }

    pub fn announce(&mut self) {
        self.readiness = Readiness::Announced;
    }

    /// A run failed. Returns whether the model is to be closed.
    pub fn fail(&mut self) -> bool {
        self.failures += 1;
        self.failures >= MOST_FAILURES
    }

    /// It isn't run for so long.
    pub fn rest(&mut self, most: Option<Duration>) {
        self.rests_until = most.map(|most| Instant::now() + most);
    }

    /// For how long it isn't to be run yet.
    pub fn rest_left(&self) -> Duration {
        self.rests_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    /// A run succeeded. Returns whether the one before failed.
    pub fn recover(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }

    /// The thresholds have changed, or the model that numbers their classes.
    pub fn forget_limits(&mut self) {
        self.is_limited = false;
    }

    /// Uses these thresholds as they are.
    pub fn limit_as(&mut self, thresholds: &Thresholds) {
        self.thresholds.clone_from(thresholds);
    }

    /// Works out the thresholds for this model. They are those of `first`: limits that the user did not change for all are
    /// replaced with those of this model's own family, and the classes get the numbers that its own list has for their names.
    pub fn limit(&mut self, thresholds: &Thresholds, first: Option<&ModelInfo>) {
        if std::mem::replace(&mut self.is_limited, true) {
            return;
        }
        self.thresholds.clone_from(thresholds);
        let Some(first) = first else { return };
        let (usual, own) = (first.spec.family.thresholds(), self.session.info.spec.family.thresholds());
        let [usual_conf, usual_iou] = thresholds.base.unwrap_or([usual.conf, usual.iou]);
        let unless_changed =
            |now: f32, usual: f32, own: f32| if (now - usual).abs() < f32::EPSILON { own } else { now };
        self.thresholds.conf = unless_changed(thresholds.conf, usual_conf, own.conf);
        self.thresholds.iou = unless_changed(thresholds.iou, usual_iou, own.iou);
        let (theirs, own) = (&first.spec.labels, &self.session.info.spec.labels);
        if theirs != own && !thresholds.classes.is_empty() {
            use crate::model::labels::Language::English;
            let wanted = |id: &u32| {
                let name = own.name(*id, English);
                thresholds.classes.iter().any(|class| theirs.name(*class, English) == name)
            };
            self.thresholds.classes = (0..own.len() as u32).filter(wanted).collect();
            if self.thresholds.classes.is_empty() {
                // An empty list means every class; this one means none.
                self.thresholds.classes.push(u32::MAX);
            }
        }
    }

    /// Runs the session on a frame, into a prediction that nobody else holds.
    pub fn predict(
        &mut self,
        frame: &Arc<Frame>,
        slow_down: Duration,
    ) -> Result<Arc<Prediction>, ModelError> {
        let mut filled = self.take_prediction(frame);
        let session = &self.session;
        let thresholds = &self.thresholds;
        let mut spare = Results::default();
        let results = Arc::get_mut(&mut filled).map_or(&mut spare, |prediction| &mut prediction.results);
        let times = session.with(|predictor| {
            // The network's output and the runtime are foreign: a panic there is a failed run and does not end the worker.
            let run = catch_unwind(AssertUnwindSafe(|| predictor.predict(frame, thresholds, results)));
            run.unwrap_or_else(|_| {
                Err(ModelError::RunFailed { reason: "it crashed; please report this model".into() })
            })
        });
        let busy = || ModelError::RunFailed { reason: "another thread still runs it".into() };
        let times = times.ok_or_else(busy).and_then(|times| times);
        let mut times = match times {
            Ok(times) => times,
            Err(error) => {
                self.give_back(filled);
                return Err(error);
            }
        };
        slow_down_by(slow_down, &mut times);
        if let Some(prediction) = Arc::get_mut(&mut filled) {
            prediction.times = times;
            prediction.thresholds.clone_from(&self.thresholds);
            prediction.finished = Instant::now();
        }
        Ok(filled)
    }

    /// Takes a prediction out of the pool that nobody else holds, or makes one.
    fn take_prediction(&mut self, frame: &Arc<Frame>) -> Arc<Prediction> {
        let (session, thresholds) = (&self.session, &self.thresholds);
        self.pool.take(frame, || Prediction {
            frame: Arc::clone(frame),
            results: Results::default(),
            model: Arc::clone(&session.info),
            thresholds: thresholds.clone(),
            times: StageTimes::default(),
            finished: Instant::now(),
            looks: crate::track::Looks::default(),
            report: None,
        })
    }

    /// Puts a prediction into the pool, to be filled again once nobody else holds it.
    pub fn give_back(&mut self, prediction: Arc<Prediction>) {
        self.pool.give_back(prediction);
    }
}

fn slow_down_by(slow_down: Duration, times: &mut StageTimes) {
    if slow_down.is_zero() {
        return;
    }
    let begin = Instant::now();
    std::thread::sleep(slow_down);
    let slept = begin.elapsed().as_secs_f32() * 1000.0;
    times.inference += slept;
    times.total += slept;
}
