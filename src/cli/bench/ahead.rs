//! The loop as `predict` runs it: the next frame is decoded while the model looks at this one.

use std::time::Instant;

use crossbeam_channel::bounded;

use super::frames::Frames;
use crate::cli::failure::Failure;
use crate::cli::figures::Series;
use crate::cli::interrupt::Interrupt;
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, Results, Thresholds};

/// Looks at `count` frames and adds to `took` the milliseconds from one result to the next.
///
/// # Errors
/// Why a frame can't be read or looked at.
pub(super) fn run(
    frames: &mut Frames,
    model: &mut Model,
    thresholds: &Thresholds,
    count: u64,
    interrupt: &Interrupt,
    took: &mut Series,
) -> Result<(), Failure> {
    let (to_model, ready) = bounded::<Frame>(1);
    let (spent, spare) = bounded::<Frame>(2);
    std::thread::scope(|scope| {
        // One more than is measured: the first is decoded with nothing beside it.
        let reader = scope.spawn(move || {
            for _ in 0..=count {
                frames.advance()?;
                let free = spare.try_recv().unwrap_or_default();
                if to_model.send(std::mem::replace(&mut frames.frame, free)).is_err() {
                    break;
                }
            }
            Ok::<(), Failure>(())
        });
        let mut results = Results::default();
        let mut last = None;
        let mut looked = Ok(StageTimes::default());
        for frame in ready {
            if interrupt.is_set() {
                break;
            }
            looked = model.run(&frame, thresholds, &mut results);
            if looked.is_err() {
                break;
            }
            let now = Instant::now();
            if let Some(last) = last.replace(now) {
                took.push(now.duration_since(last).as_secs_f32() * 1e3);
            }
            let _ = spent.try_send(frame);
        }
        looked?;
        reader.join().unwrap_or_else(|_| {
            Err(Failure::failed("The reading thread ended early.", "Report this, with the source."))
        })
    })
}
