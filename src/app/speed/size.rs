//! The input size of a model that takes any: made smaller until it keeps the rate that the user asks for, or as large as that
//! allows.

use std::path::PathBuf;
use std::time::Instant;

use crate::app::window::App;
use crate::engine::{Command, ModelChoice, SourceState};
use crate::model::spec::Size;

/// The rates that can be asked for, in results a second.
pub const RATES: [u32; 4] = [5, 10, 15, 30];
/// Figures look back three seconds: so long after a change they are of what was there before.
const SETTLED: u64 = 4;
/// The smallest side that still shows a network anything.
const LEAST: u32 = 128;
/// A change of so little isn't worth opening the model again.
const WORTH: f32 = 0.12;

/// The size that was found for a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub path: PathBuf,
    pub size: (u32, u32),
}

/// The input size at which a run takes the time that `rate` runs a second leave, where one at `now` takes `took_ms`: a network's
/// time grows with the pixels that it is fed. `most` is the size that the model would take unasked, and never exceeded;
/// `None` where the size that it has is near enough.
#[must_use]
pub fn fitted(now: (u32, u32), most: (u32, u32), stride: u32, took_ms: f32, rate: u32) -> Option<(u32, u32)> {
    if took_ms <= 0.0 || rate == 0 || now.0 == 0 || now.1 == 0 {
        return None;
    }
    // A tenth is left for everything else.
    let wanted_ms = 900.0 / rate as f32;
    let scale = (wanted_ms / took_ms).sqrt();
    let side = |now: u32, most: u32| {
        let steps = (now as f32 * scale / stride.max(1) as f32).floor() as u32;
        (steps * stride.max(1)).clamp(LEAST.min(most), most)
    };
    let size = (side(now.0, most.0), side(now.1, most.1));
    let change = (size.0 as f32 * size.1 as f32) / (now.0 as f32 * now.1 as f32) - 1.0;
    (change.abs() > WORTH).then_some(size)
}

impl App {
    /// Asks for a rate, or for none.
    pub(in crate::app) fn set_target_rate(&mut self, rate: Option<u32>) {
        self.state.settings.target_rate = rate;
        self.speed.fitted = None;
        if let Some(card) = self.state.model.current.clone() {
            self.set_adapter(card.adapter.clone());
        }
    }

    /// The size that was found for this model.
    pub(in crate::app) fn size_for(&self, path: &std::path::Path) -> Option<(u32, u32)> {
        self.state.settings.target_rate?;
        self.speed.fitted.as_ref().filter(|f| f.path == path).map(|f| f.size)
    }

    /// Opens the running model with another input size, where its rate isn't what was asked for.
    pub(in crate::app) fn fit_size(&mut self) {
        let (Some(rate), Some(card)) = (self.state.settings.target_rate, self.state.model.current.clone())
        else {
            return;
        };
        let Size::Dynamic { width, height, stride } = card.spec.input.size else { return };
        let settled = |since: Option<Instant>| since.is_some_and(|s| s.elapsed().as_secs() >= SETTLED);
        let playing = matches!(*self.state.source, SourceState::Playing { .. });
        if !playing
            || self.speed.tune.is_some()
            || !settled(self.running_since)
            || self.state.model.opening.is_some()
        {
            return;
        }
        let first = self.speed.first_size.as_ref().filter(|f| f.path == card.path).map(|f| f.size);
        let most = first.unwrap_or((width, height));
        let took_ms = self.state.stats.total.median;
        let Some(size) = fitted((width, height), most, stride, took_ms, rate) else { return };
        self.speed.first_size = Some(Fitted { path: card.path.clone(), size: most });
        self.speed.fitted = Some(Fitted { path: card.path.clone(), size });
        // So that this waits for the figures of the new size.
        self.running_since = Some(Instant::now());
        let mut options = self.options_for(&card.path);
        options.adapter.clone_from(&card.adapter);
        self.engine.send(Command::SetModel(ModelChoice { path: card.path.clone(), options }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_pixels_for_four_times_the_rate_in_whole_steps_and_never_above_its_own() {
        // 360 ms at 640: 10 a second leave 90 ms, a quarter.
        assert_eq!(fitted((640, 640), (640, 640), 32, 360.0, 10), Some((320, 320)));
        // 320 at 10 ms: 30 ms would allow 552, which is 544 in steps of 32.
        assert_eq!(fitted((320, 320), (640, 640), 32, 10.0, 30), Some((544, 544)));
        assert_eq!(fitted((320, 320), (640, 640), 32, 1.0, 30), Some((640, 640)));
        assert_eq!(fitted((640, 640), (640, 640), 32, 1.0, 30), None, "it has all that it can have");
        assert_eq!(fitted((640, 640), (640, 640), 32, 92.0, 10), None, "near enough");
        assert_eq!(fitted((640, 352), (640, 352), 32, 9000.0, 30), Some((128, 128)), "no smaller than that");
        assert_eq!(fitted((640, 640), (640, 640), 32, 0.0, 30), None, "nothing is known yet");
    }
}
