//! A frame: the pixels of one moment, with their format, place in the source and capture time.

pub mod convert;
pub mod jpeg;

use std::sync::Arc;
use std::time::Instant;

/// How the bytes of a [`Frame`] are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelFormat {
    /// Four bytes a pixel, alpha always 255. What every stage after decoding works on.
    Rgba8,
    /// Three bytes a pixel: red, green, blue.
    Rgb8,
    /// Three bytes a pixel: blue, green, red.
    Bgr8,
    /// One byte a pixel.
    Gray8,
    /// Packed 4:2:2, two bytes a pixel: Y0 U Y1 V.
    Yuyv,
    /// A plane of Y, then a half-size plane of interleaved U and V.
    Nv12,
    /// One JPEG image, perhaps without its Huffman tables (the DHT segment).
    Mjpeg,
}

impl PixelFormat {
    /// The exact number of bytes a `width`×`height` image takes, or `None` for a compressed format.
    #[must_use]
    pub fn byte_len(self, width: u32, height: u32) -> Option<usize> {
        let pixels = width as usize * height as usize;
        match self {
            Self::Rgba8 => Some(pixels * 4),
            Self::Rgb8 | Self::Bgr8 => Some(pixels * 3),
            Self::Gray8 => Some(pixels),
            Self::Yuyv => Some((width as usize).div_ceil(2) * 4 * height as usize),
            Self::Nv12 => Some(pixels + (width as usize).div_ceil(2) * 2 * (height as usize).div_ceil(2)),
            Self::Mjpeg => None,
        }
    }

    /// The name that camera programs show: `MJPEG`, `YUYV`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rgba8 => "RGBA",
            Self::Rgb8 => "RGB",
            Self::Bgr8 => "BGR",
            Self::Gray8 => "GREY",
            Self::Yuyv => "YUYV",
            Self::Nv12 => "NV12",
            Self::Mjpeg => "MJPEG",
        }
    }
}

/// How the bytes of a YUV frame become colours; both in the limited range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum YuvMatrix {
    /// ITU-R BT.601: cameras, old videos, and whatever says nothing else.
    #[default]
    Bt601,
    /// ITU-R BT.709: videos in high definition.
    Bt709,
}

/// One image of a source, raw or decoded.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How `data` is to be read.
    pub format: PixelFormat,
    /// How YUV formats become colours; says nothing for others.
    pub matrix: YuvMatrix,
    /// The pixels, rows from the top, without padding between rows.
    pub data: Vec<u8>,
    /// Counts the frames of the source from 0; a gap says that the source lost frames.
    pub sequence: u64,
    /// When the frame reached this program (for a camera: as near to the exposure as the driver tells).
    pub captured: Instant,
    /// Position in a video, in seconds.
    pub time_s: Option<f64>,
    /// The file that this frame came from, where the source is one or many files.
    pub origin: Option<Arc<str>>,
    /// Which opening of a source this frame belongs to; the engine's generation number.
    pub generation: u64,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            width: 0,
            height: 0,
            format: PixelFormat::Rgba8,
            matrix: YuvMatrix::default(),
            data: Vec::new(),
            sequence: 0,
            captured: Instant::now(),
            time_s: None,
            origin: None,
            generation: 0,
        }
    }
}

impl Frame {
    /// An RGBA frame of one colour.
    #[must_use]
    pub fn filled(width: u32, height: u32, rgba: [u8; 4]) -> Self {
        let mut frame = Self::default();
        frame.reset(width, height, PixelFormat::Rgba8);
        for pixel in frame.data.chunks_exact_mut(4) {
            pixel.copy_from_slice(&rgba);
        }
        frame
    }

    /// Makes the frame `width`×`height` in `format`, keeping its buffer; for uncompressed formats
    /// `data` gets its exact length, for compressed ones it is emptied.
    pub fn reset(&mut self, width: u32, height: u32, format: PixelFormat) {
        self.width = width;
        self.height = height;
        self.format = format;
        self.matrix = YuvMatrix::default();
        match format.byte_len(width, height) {
            Some(len) => self.data.resize(len, 0),
            None => self.data.clear(),
        }
    }

    /// Takes over everything but size, format and pixels: sequence, times, origin, generation.
    pub fn copy_stamp_from(&mut self, other: &Self) {
        self.sequence = other.sequence;
        self.captured = other.captured;
        self.time_s = other.time_s;
        if self.origin != other.origin {
            self.origin.clone_from(&other.origin);
        }
        self.generation = other.generation;
    }

    /// Whether `data` holds what `format` and size promise.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.width > 0
            && self.height > 0
            && match self.format.byte_len(self.width, self.height) {
                Some(len) => self.data.len() == len,
                None => !self.data.is_empty(),
            }
    }
}

/// A ring of frames that are written again once nobody else holds them, so that a steady stream
/// allocates nothing.
#[derive(Debug, Default)]
pub struct FramePool {
    frames: Vec<Arc<Frame>>,
    limit: usize,
}

impl FramePool {
    /// A pool that keeps at most `limit` frames; more than that may be handed out, but aren't kept.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { frames: Vec::with_capacity(limit), limit }
    }

    /// Lets `write` fill a frame that nobody else holds and hands it out.
    ///
    /// # Errors
    /// Passes on what `write` answers; the frame then stays in the pool.
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
        let third = fill(&mut pool, 3); // over the limit: handed out, not kept
        assert_eq!([first.data[0], second.data[0], third.data[0]], [1, 2, 3]);
        let address = first.data.as_ptr();
        drop(first);
        let fourth = fill(&mut pool, 4);
        assert_eq!(fourth.data.as_ptr(), address, "the freed buffer is used again");
        assert_eq!(second.data[0], 2, "a held frame is never overwritten");
    }

    #[test]
    fn odd_sizes_round_chroma_up() {
        assert_eq!(PixelFormat::Yuyv.byte_len(3, 2), Some(16));
        assert_eq!(PixelFormat::Nv12.byte_len(3, 3), Some(9 + 8));
        assert_eq!(PixelFormat::Mjpeg.byte_len(3, 3), None);
    }
}
