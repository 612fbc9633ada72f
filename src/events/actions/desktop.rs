//! A message of the desktop, over the session's D-Bus.

use super::{ActionError, Fired, Success};
use crate::events::text::describe;
use crate::library::names::excerpt;

pub(super) fn show(fired: &Fired) -> Result<Success, ActionError> {
    let event = &fired.event;
    let text = describe(event, fired.options.style.language);
    let mut note = notify_rust::Notification::new();
    note.appname("Sightline").summary(&excerpt(&event.rule, 120)).body(&escaped(&text)).icon("sightline");
    let shown = note.show();
    shown.map(|_| Success::default()).map_err(|error| ActionError::Desktop {
        reason: excerpt(&error.to_string(), 160).trim_end_matches('.').into(),
    })
}

/// Desktops read the text as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
