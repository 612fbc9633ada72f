//! Counts in zones and at lines, after the stages: on the tracks that a tracker among them has reported.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::state::Prediction;
use crate::track::Report;
use crate::track::zones::{Counter, SceneFile};

/// The counter of the source that is open.
#[derive(Debug, Default)]
pub(super) struct Counting {
    counter: Counter,
    /// How often counts had been set to nothing when they were last.
    resets: u64,
}

impl Counting {
    /// Adds to a prediction's report what happened in the zones and at the lines of `scene`. A single image, which has no
    /// tracks, gets a report of who is where.
    pub fn apply(&mut self, scene: &Arc<SceneFile>, resets: u64, prediction: &mut Prediction) {
        if !Arc::ptr_eq(self.counter.scene(), scene) {
            self.counter.set_scene(Arc::clone(scene));
        }
        if std::mem::replace(&mut self.resets, resets) != resets {
            self.counter.reset_counts();
        }
        // Only images have a file each.
        let is_image = prediction.frame.origin.is_some();
        if scene.is_empty() || (prediction.report.is_none() && !is_image) {
            return;
        }
        let report = Arc::make_mut(prediction.report.get_or_insert_with(|| Arc::new(Report::default())));
        let (results, labels) = (&prediction.results, &prediction.model.spec.labels);
        let counter = &mut self.counter;
        let counted = catch_unwind(AssertUnwindSafe(|| {
            if is_image {
                counter.update_image(results, labels, report);
            } else {
                counter.update(results, labels, report);
            }
        }));
        if counted.is_err() {
            tracing::error!("counting crashed on frame {}", prediction.frame.sequence);
            self.reset();
        }
    }

    /// Another source was opened.
    pub fn reset(&mut self) {
        self.counter.reset();
    }
}
