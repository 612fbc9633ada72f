//! Asks the recorder for the seconds around an event. It tells the outcome when the last of them is over.

use std::path::PathBuf;
use std::sync::Arc;

use super::{ActionError, Fired, Success};
use crate::events::rule::ClipAction;
use crate::record::{ClipRequest, RecordError};

/// Asks for a clip; `done` gets what became of it.
pub(super) fn ask(
    action: &ClipAction,
    fired: &Fired,
    done: impl FnOnce(Result<Success, ActionError>) + Send + 'static,
) {
    let Some(clips) = &fired.options.clips else { return done(Err(ActionError::NoRecorder)) };
    let told = move |result: Result<PathBuf, Arc<RecordError>>| {
        done(match result {
            Ok(file) => Ok(Success {
                note: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                file: Some(file),
            }),
            Err(error) => Err(ActionError::Clip(error)),
        });
    };
    let request = ClipRequest {
        before_s: action.before_s,
        after_s: action.after_s,
        rule: Some(fired.rule.name.clone()),
        done: Some(Box::new(told)),
    };
    clips.send(request, fired.options.recording.clone());
}
