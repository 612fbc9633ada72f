//! The input size of a model that takes any: made smaller until it keeps the rate that the user asks for, or as large as that
//! allows.

use std::path::PathBuf;

/// The rates that can be asked for, in results a second.
pub const RATES: [u32; 4] = [5, 10, 15, 30];
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

/// The input size for `rate` runs a second, if a run at the size `now` takes `took_ms`: a network's time grows with the
/// number of its input's pixels. `most` is the size that the model has by itself, and is never exceeded. Returns `None` if the
/// size `now` is near enough.
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
