//! When a change counts: one result that differs is noise.

use super::scene_file::Counting;

/// A change that has been seen but doesn't count yet.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    since_s: f64,
    results: u32,
}

/// Follows a change. `differs` tells whether this result differs from what counts now, `predicted` that it was not measured.
/// Returns when the change happened, once enough results in a row agree for long enough.
///
/// A predicted position may confirm a change that was measured, as for an object that leaves the picture behind a line; it
/// can neither start one nor undo one.
pub fn confirm(
    change: &mut Option<Change>,
    differs: bool,
    predicted: bool,
    now_s: f64,
    counting: &Counting,
) -> Option<f64> {
    if !differs {
        if !predicted {
            *change = None;
        }
        return None;
    }
    match change {
        None if predicted => return None,
        None => *change = Some(Change { since_s: now_s, results: 1 }),
        Some(change) => change.results = change.results.saturating_add(1),
    }
    // Times of frames are rounded to milliseconds in JSON.
    let lasts = |c: &Change| {
        c.results >= counting.results && now_s - c.since_s + 0.002 >= f64::from(counting.seconds)
    };
    change.take_if(|change| lasts(change)).map(|change| change.since_s)
}
