//! What the snapshot button does: one snapshot or several, at once or after a countdown.

use serde::{Deserialize, Serialize};

/// What is taken when the button is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    #[default]
    One,
    /// A few, one after the other.
    Burst,
    /// One every so often, until it is stopped.
    Lapse,
    /// One when objects come into the picture.
    Appears,
}

impl Take {
    /// All kinds, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::One, Self::Burst, Self::Lapse, Self::Appears];
}

/// What the snapshot button does; part of the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct ShutterOptions {
    pub take: Take,
    /// Seconds of the countdown before it; 0: at once.
    pub timer_s: u32,
    /// A tick sounds each second of the countdown.
    pub tick: bool,
    /// A single snapshot is taken in the camera's largest mode; the preview pauses for it.
    pub full_resolution: bool,
    /// Snapshots of a burst.
    pub burst: u32,
    /// Seconds between two of them.
    pub burst_every_s: f64,
    /// Seconds between two snapshots of a time lapse.
    pub lapse_every_s: f64,
    /// The class that is waited for, in English or Chinese, or "any".
    pub class: String,
    /// So many objects of it at the same time.
    pub at_least: u32,
}

impl Default for ShutterOptions {
    fn default() -> Self {
        Self {
            take: Take::One,
            timer_s: 0,
            tick: false,
            full_resolution: false,
            burst: 5,
            burst_every_s: 0.2,
            lapse_every_s: 10.0,
            class: "any".into(),
            at_least: 1,
        }
    }
}

impl ShutterOptions {
    /// The countdowns that can be chosen, in seconds.
    pub const TIMERS: [u32; 4] = [0, 3, 5, 10];
    /// The snapshots that a burst may have.
    pub const BURST: std::ops::RangeInclusive<u32> = 2..=50;
    /// The seconds that may lie between two snapshots of a burst.
    pub const BURST_EVERY_S: std::ops::RangeInclusive<f64> = 0.1..=5.0;
    /// The seconds that may lie between two snapshots of a time lapse.
    pub const LAPSE_EVERY_S: std::ops::RangeInclusive<f64> = 1.0..=86_400.0;
    /// The objects that can be waited for.
    pub const AT_LEAST: std::ops::RangeInclusive<u32> = 1..=100;

    /// Limits values to their ranges: a file edited by hand can hold others.
    pub fn clamp(&mut self) {
        let usual = Self::default();
        let within = |v: f64, range: &std::ops::RangeInclusive<f64>, usual: f64| {
            if v.is_finite() { v.clamp(*range.start(), *range.end()) } else { usual }
        };
        self.timer_s = self.timer_s.min(60);
        self.burst = self.burst.clamp(*Self::BURST.start(), *Self::BURST.end());
        self.burst_every_s = within(self.burst_every_s, &Self::BURST_EVERY_S, usual.burst_every_s);
        self.lapse_every_s = within(self.lapse_every_s, &Self::LAPSE_EVERY_S, usual.lapse_every_s);
        self.at_least = self.at_least.clamp(*Self::AT_LEAST.start(), *Self::AT_LEAST.end());
    }
}
