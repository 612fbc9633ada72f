//! Measuring how long a model takes on this computer, with a few frames.

use std::path::Path;
use std::time::{Duration, Instant};

use super::records::Measured;
use crate::frame::Frame;
use crate::model::{Model, ModelError, OpenOptions, Results, Thresholds, runtime};

/// Frames for the median, and the longest time for them.
const FRAMES: usize = 9;
const LONGEST: Duration = Duration::from_secs(3);

/// Opens a model, runs it on a few frames of 1280×720 and returns the medians. It stops when `go_on`, called before every
/// step, returns false.
///
/// # Errors
/// The model can't be opened or run; [`ModelError::Stopped`] if it was told to stop.
pub fn measure(path: &Path, options: &OpenOptions, go_on: impl Fn() -> bool) -> Result<Measured, ModelError> {
    let mut model = Model::open_proved(path, options)?;
    if !go_on() {
        return Err(ModelError::Stopped);
    }
    model.warm_up()?;
    let frame = test_frame();
    let (thresholds, mut results) = (Thresholds::default(), Results::default());
    let (mut totals, mut runs) = (Vec::with_capacity(FRAMES), Vec::with_capacity(FRAMES));
    let begin = Instant::now();
    while totals.len() < FRAMES && (totals.is_empty() || begin.elapsed() < LONGEST) {
        if !go_on() {
            return Err(ModelError::Stopped);
        }
        let times = model.run(&frame, &thresholds, &mut results)?;
        totals.push(times.total);
        runs.push(times.inference);
    }
    Ok(Measured {
        total_ms: median(&mut totals),
        inference_ms: median(&mut runs),
        provider: model.provider().to_owned(),
        threads: model.threads(),
        runtime: runtime::load()?.version().to_owned(),
        live: None,
    })
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A frame with content: with uniform ones some networks are faster than with real ones.
fn test_frame() -> Frame {
    let mut frame = Frame::filled(1280, 720, [0, 0, 0, 255]);
    for (i, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i % 1280, i / 1280);
        pixel[..3].copy_from_slice(&[(x / 5) as u8, (y / 3) as u8, ((x * y) >> 8) as u8]);
    }
    frame
}
