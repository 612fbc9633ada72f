//! Saves the frame that a rule fired on, as a snapshot by hand would be.

use super::{ActionError, Fired, Success};
use crate::save;

pub(super) fn save(fired: &Fired) -> Result<Success, ActionError> {
    let prediction = fired.prediction.as_deref().ok_or(ActionError::NoFrame)?;
    let view = save::SnapshotView {
        source: &fired.event.source,
        frame: &prediction.frame,
        prediction: Some(prediction.into()),
        style: &fired.options.style,
        privacy: &fired.options.privacy,
    };
    let saved = save::save(&view, &fired.options.snapshot)?;
    Ok(Success { note: saved.annotated.display().to_string(), file: Some(saved.annotated) })
}
