//! Where frames come from: camera, video, images, test pattern.
//!
//! A [`Source`] is read from one thread with a timeout and never blocks for longer. It knows nothing of
//! models, the engine or the window.

pub mod address;
pub mod camera;
mod error;
pub mod images;
pub mod pattern;
pub mod video;

use std::time::Duration;

pub use address::Address;
pub use error::SourceError;

use crate::frame::Frame;

/// What one call of [`Source::read`] brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The frame was written.
    Frame,
    /// Nothing new within the timeout; the source is well.
    Nothing,
    /// The source has no more frames (never said by a live source).
    End,
}

/// How a source behaves in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Frames come when they come and are lost if not taken: camera, stream, pattern.
    Live,
    /// A video: it can be paused, sought, stepped, looped, and played as fast as possible.
    Video,
    /// Separate images, one after the other, each as long as the viewer wants.
    Stills,
}

/// What is known of an open source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// What the user calls it: the camera's name, the file's name, "Test pattern".
    pub name: String,
    /// How it behaves in time.
    pub pace: Pace,
    /// Frame size in pixels, (0, 0) where not yet known.
    pub size: (u32, u32),
    /// Nominal frames a second.
    pub fps: Option<f64>,
    /// Length of a video in seconds, where known.
    pub duration_s: Option<f64>,
    /// Number of frames or images, where known.
    pub frames: Option<u64>,
    /// The format that the source delivers, for the user ("MJPEG 1280×720 @ 30").
    pub detail: String,
}

/// A source of frames.
pub trait Source: Send {
    /// What is known of it now; may change after a read.
    fn info(&self) -> &SourceInfo;

    /// Writes the next frame into `into`, waiting at most `timeout`. `into`'s buffer is reused; the
    /// source fills size, format, data, sequence, captured, time and origin.
    ///
    /// A video or a folder gives its next frame at once: the one who reads sets the pace.
    ///
    /// # Errors
    /// The state that the source is in. After an error the source is done with: drop it and open again.
    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError>;

    /// Goes to `time_s` of a video (clamped to its length), or to the image of that index.
    ///
    /// # Errors
    /// [`SourceError::NotSeekable`] for a live source, or why the file couldn't be read again.
    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        let _ = time_s;
        Err(SourceError::NotSeekable)
    }

    /// Sets a control of a camera (brightness, exposure, …) to a value of its own range.
    ///
    /// # Errors
    /// Why the camera didn't take it; it goes on as it was. Other sources have no controls.
    fn set_control(&mut self, id: u32, value: i64) -> Result<(), SourceError> {
        let _ = (id, value);
        Ok(())
    }
}

/// How a camera is to be opened; `None` leaves the choice to Sightline (the largest mode with at least
/// 24 frames a second up to 1280×720, MJPEG before raw at HD).
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CameraRequest {
    pub format: Option<crate::frame::PixelFormat>,
    pub size: Option<(u32, u32)>,
    pub fps: Option<u32>,
}

/// Opens a source. May take a few seconds (a camera that wakes up), never for ever: call it off the interface's thread.
///
/// # Errors
/// The state that the source is in, with its fix.
pub fn open(address: &Address, request: &CameraRequest) -> Result<Box<dyn Source>, SourceError> {
    Ok(match address {
        Address::Image(path) => Box::new(images::Images::file(path)?),
        Address::Folder(path) => Box::new(images::Images::folder(path)?),
        Address::Glob(text) => Box::new(images::Images::glob(text)?),
        Address::Pattern { width, height, fps } => Box::new(pattern::Pattern::new(*width, *height, *fps)),
        Address::AnyCamera | Address::CameraIndex(_) | Address::Camera { .. } => {
            return camera::open(address, request);
        }
        Address::Video(path) => Box::new(video::Video::file(path)?),
        Address::Stream(text) => Box::new(video::Video::stream(text)?),
    })
}
