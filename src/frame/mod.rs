//! A frame: the pixels of one moment, with their format, their position in the source and the capture time.

pub mod convert;
mod format;
pub mod jpeg;
pub mod perturb;
mod pool;

use std::sync::Arc;
use std::time::Instant;

pub use format::{PixelFormat, YuvMatrix};
pub use pool::FramePool;

/// One frame of a source, raw or decoded.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The layout of `data`.
    pub format: PixelFormat,
    /// How YUV formats are converted to RGB. Not used for other formats.
    pub matrix: YuvMatrix,
    /// The pixels, from the top row to the bottom row, without padding between rows.
    pub data: Vec<u8>,
    /// The number of the frame, from 0. After a gap, the source has lost frames.
    pub sequence: u64,
    /// When the frame reached this program; for a camera, the time of the exposure if the driver reports it. Of a picture that is shown
    /// again, changed otherwise, the moment of that.
    pub captured: Instant,
    /// Position in a video, in seconds.
    pub time_s: Option<f64>,
    /// The file of this frame if the source is one or many image files.
    pub origin: Option<Arc<str>>,
    /// The generation number that the engine gave the source when it was opened.
    pub generation: u64,
    /// The picture was changed on purpose before anybody saw it (see [`perturb`]).
    pub is_changed: bool,
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
            is_changed: false,
        }
    }
}

/// Tells apart what frames show: a source that was opened, or one file of a folder of images. Two frames of a camera or a video have
/// the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// See [`Frame::generation`].
    pub generation: u64,
    /// See [`Frame::origin`].
    pub origin: Option<Arc<str>>,
}

impl Scene {
    /// Whether a frame shows this.
    #[must_use]
    pub fn is_of(&self, frame: &Frame) -> bool {
        self.generation == frame.generation && self.origin == frame.origin
    }
}

impl Frame {
    /// What it shows.
    #[must_use]
    pub fn scene(&self) -> Scene {
        Scene { generation: self.generation, origin: self.origin.clone() }
    }

    /// Whether both show the same source and, of a folder of images, the same file.
    #[must_use]
    pub fn shows_as(&self, other: &Self) -> bool {
        self.generation == other.generation && self.origin == other.origin
    }

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

    /// Makes the frame `width`×`height` in `format` and keeps its buffer. For uncompressed formats `data` gets its exact
    /// length; for compressed ones it is emptied.
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

    /// Copies everything but size, format and pixels: sequence, times, origin, generation, whether it was changed.
    pub fn copy_stamp_from(&mut self, other: &Self) {
        self.sequence = other.sequence;
        self.captured = other.captured;
        self.time_s = other.time_s;
        if self.origin != other.origin {
            self.origin.clone_from(&other.origin);
        }
        self.generation = other.generation;
        self.is_changed = other.is_changed;
    }

    /// Whether this frame, which came later, lies before `other` in their video: the video has begun again or was sought.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        let earlier_in_video = self.time_s.zip(other.time_s).is_some_and(|(own, other)| own < other);
        earlier_in_video && self.captured > other.captured
    }

    /// Whether `data` has the length that format and size require.
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
