//! What a step between the models and everybody who gets their results is.

use super::state::Prediction;
use crate::frame::Frame;

/// A step between the model and everybody who gets its results, for example a tracker. Stages are called in the order of
/// frames, whichever session made the result, and never at the same time.
pub trait Stage: Send {
    /// Changes a prediction. `frame` is the frame that it was made from. A frame that stands still comes again when the
    /// thresholds or the model change.
    fn apply(&mut self, frame: &Frame, prediction: &mut Prediction);

    /// Another source was opened: the next frame has nothing to do with the last one.
    fn reset(&mut self);
}
