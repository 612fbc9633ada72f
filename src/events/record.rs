//! An event as the log holds it, as exports and webhooks write it.

use chrono::{DateTime, Local, TimeZone as _};
use serde::{Deserialize, Serialize};

/// A rule that fired.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Its number in the log; 0 before it is there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub id: i64,
    /// When it fired: milliseconds since 1970, UTC.
    #[serde(with = "rfc3339")]
    pub time: i64,
    /// When its alert closed.
    #[serde(with = "rfc3339_or_none")]
    pub ended: Option<i64>,
    pub rule: String,
    /// The name of a [`When`](super::When).
    pub when: String,
    /// In English.
    pub class: String,
    /// The number of the object's track.
    pub track: Option<u32>,
    pub zone: Option<String>,
    pub line: Option<String>,
    /// Of a crossing: "in" or "out".
    pub direction: Option<String>,
    /// How many objects there were, or how many events led to it.
    pub count: u32,
    /// The source as the user named it.
    pub source: String,
    /// The time of the frame, in seconds of the source.
    pub source_time_s: f64,
    /// x1, y1, x2, y2 in pixels of the frame.
    #[serde(rename = "box")]
    pub bbox: Option<[f32; 4]>,
    /// The snapshot that was saved.
    pub file: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(id: &i64) -> bool {
    *id == 0
}

impl EventRecord {
    /// The zone's or the line's name.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.zone.as_deref().or(self.line.as_deref())
    }

    /// When it fired, in local time.
    #[must_use]
    pub fn local_time(&self) -> DateTime<Local> {
        local(self.time)
    }
}

/// A moment in local time.
#[must_use]
pub fn local(milliseconds: i64) -> DateTime<Local> {
    Local.timestamp_millis_opt(milliseconds).single().unwrap_or_default()
}

/// A moment with its offset: `2026-11-28T14:03:07.250+01:00`.
#[must_use]
pub fn rfc3339_text(milliseconds: i64) -> String {
    local(milliseconds).to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}

mod rfc3339 {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub fn serialize<S: Serializer>(time: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::rfc3339_text(*time))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let time = chrono::DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(time.timestamp_millis())
    }
}

mod rfc3339_or_none {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub fn serialize<S: Serializer>(time: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_some(&super::rfc3339_text(*time)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let time = chrono::DateTime::parse_from_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(Some(time.timestamp_millis()))
    }
}
