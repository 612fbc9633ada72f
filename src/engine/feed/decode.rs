//! The decode worker: the newest raw frame → RGBA, once, for screen and model alike. Frames that were replaced are never
//! decoded, and none while the window is hidden; the newest one is decoded when the window is shown again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::state::FeedState;
use crate::engine::command::Perturbed;
use crate::engine::context::Context;
use crate::engine::tap::TapItem;
use crate::frame::convert::Decoder;
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
            Take::Timeout => {
                if let Some(frame) = perturbing.again(context, feed) {
                    put(context, &frame, preview, inbox);
                }
            }
            // The source has ended, but its last frame may still be waiting to be shown.
            Take::Closed if held.is_none() => return,
            Take::Closed => std::thread::sleep(WAIT),
        }
        if context.controls.now().hidden {
            continue;
        }
        let Some(raw) = held.take() else { continue };
        pool.set_limit(if context.taps.any() { POOL + POOL_OF_TAPS } else { POOL });
        let begin = Instant::now();
        let decoded = if raw.format == PixelFormat::Rgba8 {
            raw.is_whole().then(|| Arc::clone(&raw))
        } else {
            decode(&mut decoder, &mut pool, &raw)
        };
        if feed.is_stopped() {
            return;
        }
        let Some(frame) = decoded else {
            context.metrics.undecodable();
            feed.set_decodable(false);
            continue;
        };
        let frame = perturbing.changed(context, frame);
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

/// Shows and runs a frame that stands still once more.
fn put(
    context: &Context,
    frame: &Arc<Frame>,
    preview: &LatestWriter<Arc<Frame>>,
    inbox: &LatestWriter<Arc<Frame>>,
) {
    let _ = preview.put(Arc::clone(frame));
    context.taps.send(|| TapItem::Frame(Arc::clone(frame)));
    let _ = inbox.put(Arc::clone(frame));
    context.wake();
}

/// Changes pictures before anybody sees them, and keeps the newest as it came.
#[derive(Default)]
struct Perturbing {
    /// The last change that was made.
    made: Option<Arc<Perturbed>>,
    /// The newest picture as it came, while pictures are changed.
    original: Option<Arc<Frame>>,
}

impl Perturbing {
    /// The frame as it is to be shown.
    fn changed(&mut self, context: &Context, frame: Arc<Frame>) -> Arc<Frame> {
        self.made.clone_from(&context.controls.now().perturbed);
        let Some(perturbed) = &self.made else {
            self.original = None;
            return frame;
        };
        let mut changed = Frame::clone(&frame);
        perturbed.how.apply(&mut changed);
        self.original = Some(frame);
        Arc::new(changed)
    }

    /// The frame that stands still, if it is to be changed otherwise than it was.
    fn again(&mut self, context: &Context, feed: &FeedState) -> Option<Arc<Frame>> {
        let wanted = context.controls.now().perturbed.clone();
        let is_made = match (&self.made, &wanted) {
            (Some(made), Some(wanted)) => Arc::ptr_eq(made, wanted),
            (None, None) => true,
            _ => false,
        };
        if is_made || feed.is_stopped() {
            return None;
        }
        let shown = wanted.as_ref().and_then(|wanted| wanted.shown.clone());
        // That of another source, which was open before, is of no use.
        let original = self.original.take().or(shown).filter(|frame| frame.generation == feed.id);
        match original {
            Some(frame) => Some(self.changed(context, frame)),
            None => {
                self.made = wanted;
                None
            }
        }
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
