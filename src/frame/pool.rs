//! A pool of frames, so that a steady stream allocates nothing.

use std::sync::Arc;

use super::Frame;

/// Frames that are written again once nobody else holds them.
#[derive(Debug, Default)]
pub struct FramePool {
    frames: Vec<Arc<Frame>>,
    limit: usize,
}

impl FramePool {
    /// A pool that keeps at most `limit` frames. It can lend more, which it does not keep.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { frames: Vec::with_capacity(limit), limit }
    }

    /// Keeps at most so many frames from now on; lets go of those beyond.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.frames.truncate(limit);
    }

    /// Lets `write` fill a frame that nobody else holds, and returns it.
    ///
    /// # Errors
    /// The error of `write`. The frame then stays in the pool.
    pub fn fill<T, E>(
        &mut self,
        write: impl FnOnce(&mut Frame) -> Result<T, E>,
    ) -> Result<(Arc<Frame>, T), E> {
        for slot in &mut self.frames {
            if let Some(frame) = Arc::get_mut(slot) {
                let value = write(frame)?;
                return Ok((Arc::clone(slot), value));
            }
        }
        let mut frame = Frame::default();
        let value = write(&mut frame)?;
        let frame = Arc::new(frame);
        if self.frames.len() < self.limit {
            self.frames.push(Arc::clone(&frame));
        }
        Ok((frame, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;

    #[test]
    fn a_pool_writes_a_frame_again_only_when_it_is_free() {
        let mut pool = FramePool::new(2);
        let fill = |pool: &mut FramePool, value: u8| {
            pool.fill(|f| {
                f.reset(1, 1, PixelFormat::Gray8);
                f.data[0] = value;
                Ok::<_, ()>(())
            })
            .expect("the closure succeeds")
            .0
        };
        let first = fill(&mut pool, 1);
        let second = fill(&mut pool, 2);
        let third = fill(&mut pool, 3); // over the limit: lent, not kept
        assert_eq!([first.data[0], second.data[0], third.data[0]], [1, 2, 3]);
        let address = first.data.as_ptr();
        drop(first);
        let fourth = fill(&mut pool, 4);
        assert_eq!(fourth.data.as_ptr(), address, "the freed buffer is used again");
        assert_eq!(second.data[0], 2, "a held frame is never overwritten");
    }
}
