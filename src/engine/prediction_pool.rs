//! Predictions that are filled again once nobody else holds them.

use std::sync::Arc;

use super::state::Prediction;
use crate::frame::Frame;

/// See the module.
pub(super) struct PredictionPool {
    kept: Vec<Arc<Prediction>>,
    most: usize,
}

impl PredictionPool {
    /// An empty pool that keeps so many predictions.
    pub fn new(most: usize) -> Self {
        Self { kept: Vec::with_capacity(most), most }
    }

    /// Takes a prediction that nobody else holds, for this frame, or makes one. Its report and results are those of an earlier
    /// frame.
    pub fn take(&mut self, frame: &Arc<Frame>, make: impl FnOnce() -> Prediction) -> Arc<Prediction> {
        let idle = self.kept.iter_mut().position(|kept| Arc::get_mut(kept).is_some());
        let Some(idle) = idle else { return Arc::new(make()) };
        let mut taken = self.kept.swap_remove(idle);
        // The others that nobody holds let go of their old frames and reports, so that those can be written again.
        for prediction in std::iter::once(&mut taken).chain(&mut self.kept).filter_map(Arc::get_mut) {
            prediction.frame = Arc::clone(frame);
            prediction.report = None;
        }
        taken
    }

    /// Keeps a prediction to be filled again.
    pub fn give_back(&mut self, prediction: Arc<Prediction>) {
        if self.kept.len() < self.most {
            self.kept.push(prediction);
        }
    }
}
