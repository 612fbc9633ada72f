//! Saves the frame that a rule fired on into the data set that is open.

use super::{ActionError, Fired, Success};
use crate::dataset::Sight;

pub(super) fn save(fired: &Fired) -> Result<Success, ActionError> {
    let collector = fired.options.dataset.as_ref().ok_or(ActionError::NoDataset)?;
    let prediction = fired.prediction.as_deref().ok_or(ActionError::NoFrame)?;
    let file = collector.collect(&Sight {
        frame: &prediction.frame,
        prediction: Some(prediction),
        source: &fired.event.source,
        privacy: &fired.options.privacy,
    })?;
    Ok(Success {
        note: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        file: Some(file),
    })
}
