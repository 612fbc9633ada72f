//! What a user can choose of a tracker.

use serde::{Deserialize, Serialize};

/// How detections are joined to tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum TrackerKind {
    /// Sure detections first, then unsure ones for the tracks that are left (Zhang et al. 2022).
    #[default]
    ByteTrack,
    /// The same, and a track that was out of sight is found again where it was seen last, prefers to keep its direction, and has its
    /// way in between filled in afterwards (Cao et al. 2023).
    OcSort,
}

/// What a user can choose of a tracker. [`Self::sound`] mends values that make no sense.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrackerOptions {
    pub kind: TrackerKind,
    /// Detections from this score on are joined first and may begin a track.
    pub high: f32,
    /// Detections below this score are not looked at; those in between only continue tracks.
    pub low: f32,
    /// A detection from this score on is shown as a track at once; a less sure one when it was seen twice.
    pub sure: f32,
    /// A track is given up when it wasn't seen for so many seconds.
    pub lost_s: f64,
    /// A track that isn't seen is shown for so many seconds where it should be.
    pub coast_s: f64,
    /// Objects of different classes are never the same track. Otherwise the class is voted over the track.
    pub per_class: bool,
}

impl Default for TrackerOptions {
    fn default() -> Self {
        Self {
            kind: TrackerKind::ByteTrack,
            high: 0.25,
            low: 0.1,
            sure: 0.62,
            lost_s: 1.2,
            coast_s: 0.45,
            per_class: false,
        }
    }
}

impl TrackerOptions {
    /// Returns the options with every value within its range: scores 0..=1 with `low` ≤ `high` ≤ `sure`, `lost_s` 0.1..=60,
    /// `coast_s` 0..=`lost_s`. What is no number becomes the default.
    #[must_use]
    pub fn sound(&self) -> Self {
        let standard = Self::default();
        let or = |value: f32, standard: f32| if value.is_finite() { value.clamp(0.0, 1.0) } else { standard };
        let high = or(self.high, standard.high);
        let lost_s = if self.lost_s.is_finite() { self.lost_s.clamp(0.1, 60.0) } else { standard.lost_s };
        let coast_s =
            if self.coast_s.is_finite() { self.coast_s.clamp(0.0, lost_s) } else { standard.coast_s };
        Self {
            kind: self.kind,
            high,
            low: or(self.low, standard.low).min(high),
            sure: or(self.sure, standard.sure).max(high),
            lost_s,
            coast_s,
            per_class: self.per_class,
        }
    }
}
