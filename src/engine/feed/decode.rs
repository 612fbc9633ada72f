//! The decode worker: the newest raw frame → RGBA, once, for screen and model alike. Frames that were replaced are never
//! decoded, and none while the window is hidden; the newest one is decoded when the window is shown again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::state::FeedState;
use crate::engine::context::Context;
use crate::engine::tap::TapItem;
use crate::frame::convert::Decoder;
use crate::frame::jpeg::JpegDecoder;
use crate::frame::perturb::Perturbation;
use crate::frame::{Frame, FramePool, PixelFormat};
use crate::latest::{LatestReader, LatestWriter, Take};

const WAIT: Duration = Duration::from_millis(50);
/// Decoded frames that may be held at once: slot, preview, inference of two sessions, predictions, motion, screen.
const POOL: usize = 15;
/// While a recorder listens: its queue, the frames that it pairs with results, and what its encoders are about to take.
const POOL_OF_TAPS: usize = 24;

pub(super) fn run(
    context: &Context,
    feed: &FeedState,
    raw: &LatestReader<Arc<Frame>>,
    preview: &LatestWriter<Arc<Frame>>,
    inbox: &LatestWriter<Arc<Frame>>,
) {
    let mut decoder = Decoder::default();
    let mut pool = FramePool::new(POOL);
    // A frame that came while the window was hidden: an image comes only once.
    let mut held = None;
    let mut perturbing = Perturbing::default();
    while !feed.is_stopped() {
        match raw.take(WAIT) {
            Take::Value(frame) => held = Some(frame),
            Take::Timeout => {}
            // The source has ended, but its last frame may still be waiting to be shown.
            Take::Closed if held.is_none() => return,
            Take::Closed => std::thread::sleep(WAIT),
        }
        if context.controls.now().hidden {
            continue;
        }
        pool.set_limit(if context.taps.any() { POOL + POOL_OF_TAPS } else { POOL });
        let begin = Instant::now();
        let is_again = held.is_none();
        let decoded = match held.take() {
            Some(raw) if raw.format == PixelFormat::Rgba8 => raw.is_whole().then(|| Arc::clone(&raw)),
            Some(raw) => decode(&mut decoder, &mut pool, &raw),
            // A picture that stands still is shown and run again, changed as it is wanted now.
            None => match perturbing.outdated(context) {
                Some(original) => Some(original),
                None => continue,
            },
        };
        if feed.is_stopped() {
            return;
        }
        let Some(frame) = decoded else {
            context.metrics.undecodable();
            feed.set_decodable(false);
            continue;
        };
        let frame = perturbing.changed(context, &mut pool, frame, is_again);
        context.metrics.decoded(begin.elapsed());
        feed.set_decodable(true);
        let shown = preview.put(Arc::clone(&frame));
        context.taps.send(|| TapItem::Frame(Arc::clone(&frame)));
        let follower_wakes = context.follow.frame(&frame);
        context.metrics.previewed(frame.captured);
        // Where every frame is to be run, this one waits until the model has taken the one before.
        while context.controls.now().every_frame && !feed.is_stopped() && !inbox.wait_until_taken(WAIT) {}
        if feed.is_stopped() || (inbox.put(frame).is_err() && shown.is_err()) {
            return;
        }
        if !follower_wakes {
            context.wake();
        }
    }
}

/// Changes pictures before anybody sees them, and keeps the newest as it came, which the preview holds anyway.
#[derive(Default)]
struct Perturbing {
    /// The change that the newest picture was shown with.
    made: Option<Arc<Perturbation>>,
    original: Option<Arc<Frame>>,
    /// When what was shown of it last is said to be captured.
    captured: Option<Instant>,
    decoder: Option<JpegDecoder>,
}

/// A picture that is shown again is said to be captured so long ago: the next frame of a slow camera, whose time is that of its exposure, must
/// not be older.
const SHOWN_AGAIN: Duration = Duration::from_millis(150);

impl Perturbing {
    /// The newest picture as it came, if it is to be changed otherwise than it was.
    fn outdated(&self, context: &Context) -> Option<Arc<Frame>> {
        let is_outdated = match (&self.made, &context.controls.now().perturbation) {
            (Some(made), Some(wanted)) => !Arc::ptr_eq(made, wanted),
            (made, wanted) => made.is_some() != wanted.is_some(),
        };
        self.original.clone().filter(|_| is_outdated)
    }

    /// The frame as it is to be shown. One that is shown again is a frame of about this moment: by the time of its capture results are given
    /// to frames, and it would have those of the picture before, and its age.
    fn changed(
        &mut self,
        context: &Context,
        pool: &mut FramePool,
        frame: Arc<Frame>,
        is_again: bool,
    ) -> Arc<Frame> {
        self.made.clone_from(&context.controls.now().perturbation);
        self.original = Some(Arc::clone(&frame));
        let before = self.captured.filter(|_| is_again).unwrap_or(frame.captured);
        let recent = Instant::now().checked_sub(SHOWN_AGAIN).unwrap_or(before);
        let captured = if is_again { recent.max(before + Duration::from_millis(1)) } else { frame.captured };
        self.captured = Some(captured);
        if self.made.is_none() && !is_again {
            return frame;
        }
        let (how, decoder) = (self.made.as_deref(), &mut self.decoder);
        let filled = pool.fill(|out| {
            // Libraries for images are foreign code: a panic there is a picture that stays as it came.
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                out.reset(frame.width, frame.height, frame.format);
                out.data.copy_from_slice(&frame.data);
                out.copy_stamp_from(&frame);
                out.captured = captured;
                if let Some(how) = how {
                    out.is_changed = true;
                    how.apply(out, decoder);
                }
            }))
        });
        if let Ok((changed, ())) = filled {
            return changed;
        }
        tracing::error!("changing frame {} crashed", frame.sequence);
        frame
    }
}

fn decode(decoder: &mut Decoder, pool: &mut FramePool, raw: &Frame) -> Option<Arc<Frame>> {
    let filled = pool.fill(|out| {
        // The decoder's library is foreign code that reads a camera's bytes: a panic there is a damaged frame.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decoder.decode(raw, out)));
        match result {
            Ok(Ok(())) => {
                out.copy_stamp_from(raw);
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::debug!("frame {} cannot be decoded: {error}", raw.sequence);
                Err(())
            }
            Err(_) => {
                tracing::error!("the decoder crashed on frame {}", raw.sequence);
                *decoder = Decoder::default();
                Err(())
            }
        }
    });
    filled.ok().map(|(frame, ())| frame)
}
