//! The stage that follows objects and counts them: [`Analyser`] between the model and everybody who gets its results.

use std::sync::Arc;
use std::time::Instant;

use super::stage::Stage;
use super::state::{ModelInfo, Prediction};
use crate::frame::Frame;
use crate::track::{Analyser, AnalyserOptions};

/// Analyses predictions while its options ask for it; without them nothing runs.
#[derive(Default)]
pub(super) struct Analysis {
    options: Option<Arc<AnalyserOptions>>,
    analyser: Option<Analyser>,
    /// The model of the last prediction: the classes of another one mean something else.
    model: Option<Arc<ModelInfo>>,
    /// Times of frames without a position are counted from here.
    began: Option<Instant>,
    /// How often counts had been set to nothing when they were last.
    resets: u64,
}

impl Analysis {
    /// Other options from the next prediction on; the same `Arc` is no change. `resets` tells how often counts were to be set to
    /// nothing.
    pub fn follow(&mut self, options: &Arc<AnalyserOptions>, resets: u64) {
        if std::mem::replace(&mut self.resets, resets) != resets
            && let Some(counter) = self.analyser.as_mut().and_then(Analyser::counter)
        {
            counter.reset_counts();
        }
        if self.options.as_ref().is_some_and(|old| Arc::ptr_eq(old, options)) {
            return;
        }
        self.options = Some(Arc::clone(options));
        let wanted = options.tracker.is_some() || options.scene.is_some();
        match &mut self.analyser {
            Some(analyser) if wanted => analyser.set_options(AnalyserOptions::clone(options)),
            analyser => *analyser = wanted.then(|| Analyser::new(AnalyserOptions::clone(options))),
        }
    }
}

impl Stage for Analysis {
    fn apply(&mut self, frame: &Frame, prediction: &mut Prediction) {
        prediction.report = None;
        let Some(analyser) = &mut self.analyser else { return };
        let model = &prediction.model;
        let other = |old: &Arc<ModelInfo>| !old.is_same_model(model) && old.spec.labels != model.spec.labels;
        if self.model.as_ref().is_some_and(other) {
            analyser.reset();
        }
        self.model = Some(Arc::clone(model));
        let labels = &model.spec.labels;
        prediction.report = Some(if frame.origin.is_some() {
            // The images of a folder have nothing to do with one another.
            analyser.apply_image(&prediction.results, labels)
        } else {
            let began = *self.began.get_or_insert(frame.captured);
            let since = || frame.captured.saturating_duration_since(began).as_secs_f64();
            let time_s = frame.time_s.unwrap_or_else(since);
            analyser.apply(&mut prediction.results, labels, time_s, None)
        });
    }

    fn reset(&mut self) {
        self.began = None;
        if let Some(analyser) = &mut self.analyser {
            analyser.reset();
        }
    }
}
