//! The opener: opens and warms the model that was asked for last, while the current one goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::infer::Change;
use super::shared::Shared;
use super::slot::Slot;
use super::{ModelCard, ModelChoice, Openers};
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, ModelError, Results, Thresholds};

const WAIT: Duration = Duration::from_millis(100);

/// What looks at frames: a model, or in tests something that fails on purpose.
pub trait Look: Send {
    /// Looks at one RGBA frame.
    ///
    /// # Errors
    /// As [`Model::run`].
    fn look(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError>;
    /// What a snapshot must remember of it.
    fn card(&self) -> ModelCard;
    /// Ends a run that hangs, from any thread.
    fn stopper(&self) -> Box<dyn Fn() + Send + Sync>;
    /// Runs once on an empty picture.
    ///
    /// # Errors
    /// As [`Model::run`].
    fn warm_up(&mut self) -> Result<(), ModelError>;
}

impl Look for Model {
    fn look(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        self.run(frame, thresholds, results)
    }

    fn card(&self) -> ModelCard {
        ModelCard {
            name: self.name(),
            path: self.path().to_owned(),
            sha256: self.sha256().to_owned(),
            spec: self.spec().clone(),
            provider: self.provider().to_owned(),
            threads: self.threads(),
            adapter: self.adapter().map(Into::into),
            adapters: crate::model::adapter::beside(self.path()),
            companions: crate::model::companion::choices(self.path(), self.spec().task),
        }
    }

    fn stopper(&self) -> Box<dyn Fn() + Send + Sync> {
        let handle = self.stop_handle();
        Box::new(move || handle.stop())
    }

    fn warm_up(&mut self) -> Result<(), ModelError> {
        Self::warm_up(self)
    }
}

/// A model that is ready to run.
pub(super) struct Opened {
    pub look: Box<dyn Look>,
    pub card: Arc<ModelCard>,
}

/// Ends the run of the model that is running.
pub(super) type Stopper = Slot<Box<dyn Fn() + Send + Sync>>;

/// What the opener is asked for.
pub(super) enum Request {
    Open(Box<ModelChoice>),
    Close,
}

pub(super) fn run(
    shared: &Shared,
    openers: &Openers,
    requests: &Slot<Request>,
    changes: &Slot<Change>,
    stopper: &Stopper,
) {
    while !shared.stopping() {
        match requests.wait(WAIT) {
            Some(Request::Open(choice)) => open(shared, openers, &choice, requests, changes, stopper),
            Some(Request::Close) => {
                changes.put(Change::Close);
                stopper.take();
                shared.change_model(|state| {
                    state.opening = None;
                    state.failed = None;
                });
            }
            None => {}
        }
    }
}

fn open(
    shared: &Shared,
    openers: &Openers,
    choice: &ModelChoice,
    requests: &Slot<Request>,
    changes: &Slot<Change>,
    stopper: &Stopper,
) {
    shared.change_model(|state| state.opening = Some(choice.path.clone()));
    let answer = catch_unwind(AssertUnwindSafe(|| {
        let mut look = (openers.model)(choice)?;
        look.warm_up()?;
        Ok::<_, ModelError>(look)
    }))
    .unwrap_or_else(|_| {
        Err(ModelError::Refused {
            path: choice.path.clone(),
            reason: "reading it crashed; please report this model".into(),
        })
    });
    match answer {
        Ok(look) => {
            stopper.put(look.stopper());
            let card = Arc::new(look.card());
            changes.put(Change::Take(Box::new(Opened { look, card })));
        }
        // A newer choice is already waiting: this one's failure is of no interest.
        Err(error) => {
            if let Some(newer) = requests.take() {
                requests.put(newer);
            } else {
                let failed = (choice.path.clone(), Arc::new(error));
                shared.change_model(|state| {
                    state.opening = None;
                    state.failed = Some(failed.clone());
                });
            }
        }
    }
}
