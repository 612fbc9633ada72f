//! What the objects of a prediction look like, so that a tracker recognises them.

use std::path::Path;
use std::sync::Arc;

use crate::engine::context::Context;
use crate::engine::state::Prediction;
use crate::model::isolation::Isolation;
use crate::model::{FeatureModel, OpenOptions};
use crate::track::TrackerOptions;

/// So many objects of a frame are looked at, the surest first: each costs a run of the model.
const OBJECTS: usize = 16;

/// Runs the model that tells what objects look like, on the thread of a worker.
#[derive(Default)]
pub(super) struct Recogniser {
    /// The options that are followed, by their address, and the model that they name; `None` if it can't be run.
    model: Option<(Arc<crate::track::AnalyserOptions>, Option<FeatureModel>)>,
}

impl Recogniser {
    /// Adds what its objects look like to a prediction that the caller alone holds.
    pub fn look(&mut self, context: &Context, prediction: &mut Arc<Prediction>) {
        let Some(prediction) = Arc::get_mut(prediction) else { return };
        prediction.looks.clear();
        let options = Arc::clone(&context.controls.now().analysis);
        let Some(model) = self.follow(&options) else { return };
        let least = options.tracker.as_ref().map_or_else(|| TrackerOptions::default().high, |t| t.high);
        for (n, detection) in prediction.results.detections.iter().enumerate() {
            let wanted = n < OBJECTS && detection.score >= least;
            let features = if wanted { model.features(&prediction.frame, detection.bbox) } else { Ok(None) };
            match features {
                Ok(features) => prediction.looks.push(features),
                Err(error) => {
                    tracing::warn!("{}: {error}", model.path().display());
                    prediction.looks.clear();
                    self.model = Some((options, None));
                    return;
                }
            }
        }
    }

    /// Opens the model that the options name, if it isn't open.
    fn follow(&mut self, options: &Arc<crate::track::AnalyserOptions>) -> Option<&mut FeatureModel> {
        let Some(wanted) = options.looks.as_deref().filter(|_| options.tracker.is_some()) else {
            self.model = None;
            return None;
        };
        let old = self.model.take();
        let model = match old {
            Some((known, model)) if Arc::ptr_eq(&known, options) => model,
            Some((_, Some(model))) if model.path() == wanted => Some(model),
            _ => open(wanted),
        };
        self.model.insert((Arc::clone(options), model)).1.as_mut()
    }
}

fn open(path: &Path) -> Option<FeatureModel> {
    FeatureModel::open(path, &OpenOptions { isolation: Isolation::usual(), ..OpenOptions::default() })
        .inspect_err(|error| tracing::warn!("objects aren't recognised by their looks: {error}"))
        .ok()
}
