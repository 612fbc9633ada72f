//! An event as webhooks and MQTT get it.

use base64::Engine as _;
use serde::Serialize;

use super::Fired;
use crate::events::record::EventRecord;

/// The JSON of an event.
#[derive(Debug, Serialize)]
pub(super) struct Payload<'a> {
    program: &'static str,
    version: &'static str,
    /// It is sent by "Test now": nothing has happened.
    test: bool,
    #[serde(flatten)]
    event: &'a EventRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<Picture>,
}

#[derive(Debug, Serialize)]
struct Picture {
    #[serde(rename = "type")]
    kind: &'static str,
    width: u32,
    height: u32,
    base64: String,
}

/// Returns the JSON of an event.
pub(super) fn json(fired: &Fired, with_thumbnail: bool) -> Vec<u8> {
    let picture = fired.thumbnail.as_ref().filter(|_| with_thumbnail).map(|thumbnail| Picture {
        kind: "image/jpeg",
        width: thumbnail.width,
        height: thumbnail.height,
        base64: base64::engine::general_purpose::STANDARD.encode(&thumbnail.jpeg),
    });
    let payload = Payload {
        program: "Sightline",
        version: env!("CARGO_PKG_VERSION"),
        test: fired.is_test(),
        event: &fired.event,
        thumbnail: picture,
    };
    // Only strings and finite numbers: this can't fail.
    serde_json::to_vec(&payload).unwrap_or_default()
}
