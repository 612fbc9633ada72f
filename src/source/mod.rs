//! Where frames come from: camera, video, images, test pattern.
//!
//! A [`Source`] is read from one thread with a timeout and never blocks for longer. It does not depend on models, the engine
//! or the window. Dropping it ends its threads and programs and closes its files.

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

/// The result of one call of [`Source::read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The frame was written.
    Frame,
    /// Nothing new came within the timeout.
    Nothing,
    /// The source has no more frames. A live source never returns this.
    End,
}

/// How a source behaves in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Frames arrive at the rate of the source and are lost if nobody reads them: camera, stream, test pattern.
    Live,
    /// A video: it can be paused, stepped, repeated, played as fast as possible, and can seek.
    Video,
    /// Separate images, each shown as long as the viewer wants.
    Stills,
}

/// Properties of an open source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// The name for the user: that of the camera or the file, "Test pattern".
    pub name: String,
    /// For a camera: its name and bus, under which it is found again after it was unplugged, whatever address it was
    /// opened with. `None` for other sources.
    pub address: Option<Address>,
    /// How it behaves in time.
    pub pace: Pace,
    /// Frame size in pixels, (0, 0) if not yet known.
    pub size: (u32, u32),
    /// Nominal frames per second.
    pub fps: Option<f64>,
    /// Length of a video in seconds, if known.
    pub duration_s: Option<f64>,
    /// Number of frames or images, if known.
    pub frames: Option<u64>,
    /// The format that the source delivers, for the user ("MJPEG 1280×720 @ 30").
    pub detail: String,
}

impl SourceInfo {
    /// A source of which nothing else is known.
    #[must_use]
    pub fn new(name: impl Into<String>, pace: Pace) -> Self {
        Self {
            name: name.into(),
            address: None,
            pace,
            size: (0, 0),
            fps: None,
            duration_s: None,
            frames: None,
            detail: String::new(),
        }
    }
}

/// A source of frames.
pub trait Source: Send {
    /// Its properties, which may change with a read.
    fn info(&self) -> &SourceInfo;

    /// Writes the next frame into `into`, waiting at most `timeout`. Reuses the buffer of `into` or replaces it by another
    /// that goes round; sets size, format, data, sequence, capture time, position and origin.
    ///
    /// A video or a folder delivers its next frame at once: the reader sets the pace.
    ///
    /// # Errors
    /// Why the source delivers no more frames. After an error, drop the source and open it again.
    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError>;

    /// Goes to the time `time_s` of a video, in seconds, or to the image with that index. A position after the end is the
    /// last frame. The next read never returns a frame from before the seek.
    ///
    /// # Errors
    /// [`SourceError::NotSeekable`] for a live source, or why the file could not be read again.
    fn seek(&mut self, time_s: f64) -> Result<(), SourceError> {
        let _ = time_s;
        Err(SourceError::NotSeekable)
    }

    /// Sets a control of a camera (brightness, exposure, …) to a value within its range. A camera that is opened again may
    /// have forgotten its values, and some controls take a value only after another one was set (exposure time after
    /// "manual exposure"): set them again in the same order. Other sources have no controls.
    ///
    /// # Errors
    /// Why the camera refused the value. It keeps delivering frames.
    fn set_control(&mut self, id: u32, value: i64) -> Result<(), SourceError> {
        let _ = (id, value);
        Ok(())
    }
}

/// The mode in which to open a camera. `None` leaves the choice to Sightline: the largest mode up to 1280×720 with at least
/// 24 frames per second; in HD, MJPEG before raw formats.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CameraRequest {
    pub format: Option<crate::frame::PixelFormat>,
    pub size: Option<(u32, u32)>,
    pub fps: Option<u32>,
}

/// Ends the programs that sources run (ffmpeg, ffprobe), and lets none be started any more: for the very end of this one, when
/// a thread may still wait for them.
pub fn end_programs() {
    video::end_programs();
}

/// Opens a source. May take a few seconds (a camera that wakes up, a stream that must be reached): do not call it on the
/// thread of the user interface.
///
/// # Errors
/// Why the source cannot be opened.
pub fn open(address: &Address, request: &CameraRequest) -> Result<Box<dyn Source>, SourceError> {
    Ok(match address {
        Address::Image(path) => Box::new(images::Images::file(path)?),
        Address::Folder(path) => Box::new(images::Images::folder(path)?),
        Address::Images(paths) => Box::new(images::Images::files(paths)?),
        Address::Glob(text) => Box::new(images::Images::glob(text)?),
        Address::Pattern { width, height, fps } => Box::new(pattern::Pattern::new(*width, *height, *fps)),
        Address::AnyCamera | Address::CameraIndex(_) | Address::Camera { .. } => {
            return camera::open(address, request);
        }
        Address::Video(path) => Box::new(video::Video::file(path)?),
        Address::Stream(text) => Box::new(video::Video::stream(text)?),
    })
}
