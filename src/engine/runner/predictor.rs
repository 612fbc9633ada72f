//! What an engine needs of a model.

use std::path::PathBuf;

use crate::engine::state::ModelInfo;
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, ModelError, Results, Thresholds};

/// Ends the run that is going on, and all later ones, from any thread.
pub type Stop = Box<dyn Fn() + Send + Sync>;

/// What runs on frames: a model, or in tests something that fails on purpose.
pub trait Predictor: Send {
    /// Runs on one RGBA frame.
    ///
    /// # Errors
    /// As [`Model::run`].
    fn predict(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError>;
    /// What a snapshot must remember of it.
    fn info(&self) -> ModelInfo;
    /// Returns what ends a run that hangs.
    fn stopper(&self) -> Stop;
    /// Runs once on an empty image.
    ///
    /// # Errors
    /// As [`Model::run`].
    fn warm_up(&mut self) -> Result<(), ModelError>;
    /// Forgets the frames so far; the next one follows none.
    fn forget(&mut self) {}
    /// Whether nothing is carried over from one frame to the next, so that two sessions can share the frames.
    fn is_stateless(&self) -> bool {
        true
    }
    /// The files that it was made from: when one of them changes, the model is opened again.
    fn files(&self) -> Vec<PathBuf> {
        vec![self.info().path]
    }
}

impl Predictor for Model {
    fn predict(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        self.run(frame, thresholds, results)
    }

    fn info(&self) -> ModelInfo {
        ModelInfo {
            name: self.name(),
            path: self.path().to_owned(),
            sha256: self.sha256().to_owned(),
            spec: self.spec().clone(),
            provider: self.provider().to_owned(),
            threads: self.threads(),
            adapter: self.adapter().map(Into::into),
            adapters: crate::model::adapter::adapters_of(self.path()),
            companions: crate::model::companion::choices(self.path(), self.spec().task),
            server: self.server(),
        }
    }

    fn stopper(&self) -> Stop {
        let handle = self.stop_handle();
        Box::new(move || handle.stop())
    }

    fn warm_up(&mut self) -> Result<(), ModelError> {
        Self::warm_up(self)
    }

    fn forget(&mut self) {
        Self::forget(self);
    }

    fn is_stateless(&self) -> bool {
        Self::is_stateless(self)
    }

    fn files(&self) -> Vec<PathBuf> {
        Self::files(self)
    }
}
