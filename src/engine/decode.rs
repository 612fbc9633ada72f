//! The decode worker: the newest raw frame → RGBA, once, for screen and model alike. Older frames are never decoded, and none
//! while the window is hidden.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::frame::convert::Decoder;
use crate::frame::{Frame, FramePool, PixelFormat};

const WAIT: Duration = Duration::from_millis(100);
/// Decoded frames that may be held at once: slot, preview, inference, predictions, screen.
const POOL: usize = 10;

pub(super) fn run(shared: &Shared) {
    let mut decoder = Decoder::default();
    let mut pool = FramePool::new(POOL);
    while !shared.stopping() {
        let Some(raw) = shared.raw.wait(WAIT) else { continue };
        // Nobody sees the image: nothing is decoded, and so nothing looked at.
        if shared.hidden.load(Relaxed) {
            shared.mark_idle();
            continue;
        }
        let begin = Instant::now();
        let decoded = if raw.format == PixelFormat::Rgba8 {
            Ok(raw.is_whole().then(|| Arc::clone(&raw)))
        } else {
            decode(&mut decoder, &mut pool, &raw).map(Some)
        };
        match decoded {
            Ok(Some(frame)) if raw.generation == shared.generation() => {
                shared.book.decoded(begin.elapsed());
                shared.set_decodable(true);
                shared.preview.store(Some(Arc::clone(&frame)));
                shared.book.previewed(frame.captured);
                shared.decoded.put(frame);
                shared.wake();
            }
            // Of a source that was closed meanwhile.
            Ok(Some(_)) => {}
            Ok(None) | Err(()) => {
                shared.book.undecodable();
                shared.set_decodable(false);
                shared.mark_idle();
            }
        }
    }
}

fn decode(decoder: &mut Decoder, pool: &mut FramePool, raw: &Frame) -> Result<Arc<Frame>, ()> {
    let filled = pool.fill(|out| {
        // A decoder's library is foreign code that reads a camera's bytes: a panic there is a damaged frame.
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| decoder.decode(raw, out)));
        match answer {
            Ok(Ok(())) => {
                out.copy_stamp_from(raw);
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::debug!("frame {} can't be decoded: {error}", raw.sequence);
                Err(())
            }
            Err(_) => {
                tracing::error!("the decoder crashed on frame {}", raw.sequence);
                *decoder = Decoder::default();
                Err(())
            }
        }
    });
    filled.map(|(frame, ())| frame)
}
