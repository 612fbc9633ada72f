//! nokhwa's camera backend for Linux, over the `v4l` crate.
//!
//! nokhwa's own backend (0.10.11) waits for a frame without a timeout, returns the whole buffer with the end of an earlier
//! image in it, ignores the driver's error flag, and cannot open a camera that another program left at an unusual rate. This
//! one polls first, returns only the bytes used, checks the flag, and sets format and rate before anything else.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nokhwa_core::buffer::Buffer;
use nokhwa_core::error::NokhwaError;
use nokhwa_core::traits::CaptureBackendTrait;
use nokhwa_core::types::{
    ApiBackend, CameraControl, CameraFormat, CameraInfo, ControlValueSetter, FrameFormat, KnownCameraControl,
    Resolution,
};
use v4l::buffer::{Flags, Type};
use v4l::control::{Control, Value};
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream as _, Stream as _};
use v4l::video::Capture as _;
use v4l::{Device, Format, FourCC, Fraction};

use super::Mode;
use super::linux::{fourcc, frame_format};

/// Buffers requested from the driver.
const BUFFERS: u32 = 4;

/// Values that nokhwa's interface has no parameters for. The reader and the backend share them.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// How long a read waits.
    pub timeout: Duration,
    /// The driver's count of the last frame.
    pub sequence: u32,
    /// When the last frame was taken, on the system's monotonic clock, if the driver reports it.
    pub taken: Option<Duration>,
    /// Bytes from one row to the next, for raw formats.
    pub stride: u32,
    /// Why the last call failed.
    pub failure: Option<Failure>,
}

/// Why a read returned no frame.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing came within the timeout.
    Nothing,
    /// The frame that came is damaged.
    Damaged,
    Io(io::Error),
}

pub(super) type SharedExchange = Arc<Mutex<Exchange>>;

pub(super) struct Backend {
    // Dropped before the device that it belongs to.
    stream: Option<RunningStream>,
    device: Device,
    info: CameraInfo,
    mode: Mode,
    exchange: SharedExchange,
}

/// A running stream.
struct RunningStream {
    stream: Stream<'static>,
    /// Whether the first buffer was taken out. `next` of the v4l crate gives a buffer back before it takes one.
    primed: bool,
}

impl Drop for RunningStream {
    fn drop(&mut self) {
        // The v4l crate panics in its own drop if the driver refuses to stop the stream. After this it has nothing to stop.
        let _ = self.stream.stop();
    }
}

impl Backend {
    /// Sets the mode. The stream is opened later.
    pub fn new(device: Device, info: CameraInfo, mode: Mode, exchange: SharedExchange) -> io::Result<Self> {
        let asked = Format::new(mode.width, mode.height, FourCC::new(&fourcc(mode.format)));
        let got = device.set_format(&asked)?;
        if got.fourcc != asked.fourcc {
            return Err(io::Error::other("the camera refuses a format that it offers"));
        }
        let (numerator, denominator) = mode.interval;
        let rate = v4l::video::capture::Parameters::new(Fraction::new(numerator, denominator));
        // A driver that cannot set its rate still delivers frames, at its own rate.
        if let Err(error) = device.set_params(&rate)
            && error.raw_os_error() == Some(libc::EBUSY)
        {
            return Err(error);
        }
        if let Ok(mut exchange) = exchange.lock() {
            exchange.stride = got.stride;
        }
        let mode = Mode { width: got.width, height: got.height, ..mode };
        Ok(Self { stream: None, device, info, mode, exchange })
    }

    /// The mode that the driver set.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    fn start(&mut self) -> io::Result<()> {
        let mut stream = Stream::with_buffers(&self.device, Type::VideoCapture, BUFFERS)?;
        // The driver may have created more or fewer buffers than requested.
        let mut queued = 0;
        while queued < 32 && stream.queue(queued).is_ok() {
            queued += 1;
        }
        if queued < 2 {
            return Err(io::Error::other("the driver has too few buffers"));
        }
        stream.start()?;
        self.stream = Some(RunningStream { stream, primed: false });
        Ok(())
    }

    fn next(&mut self, timeout: Duration) -> Result<&[u8], Failure> {
        let Some(open) = &mut self.stream else {
            return Err(Failure::Io(io::Error::other("the stream isn't open")));
        };
        let handle = open.stream.handle();
        let wait = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        for _ in 0..2 {
            if handle.poll(libc::POLLIN, wait).map_err(Failure::Io)? == 0 {
                return Err(Failure::Nothing);
            }
            if open.primed {
                break;
            }
            open.stream.dequeue().map_err(Failure::Io)?;
            open.primed = true;
        }
        let (bytes, meta) = open.stream.next().map_err(Failure::Io)?;
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.sequence = meta.sequence;
        let monotonic = meta.flags.contains(Flags::TIMESTAMP_MONOTONIC) && meta.timestamp.sec >= 0;
        exchange.taken = monotonic.then(|| Duration::from(meta.timestamp));
        if meta.flags.contains(Flags::ERROR) || meta.bytesused == 0 {
            return Err(Failure::Damaged);
        }
        Ok(bytes.get(..meta.bytesused as usize).unwrap_or(bytes))
    }
}

fn unsupported<T>() -> Result<T, NokhwaError> {
    Err(NokhwaError::UnsupportedOperationError(ApiBackend::Video4Linux))
}

impl CaptureBackendTrait for Backend {
    fn backend(&self) -> ApiBackend {
        ApiBackend::Video4Linux
    }

    fn camera_info(&self) -> &CameraInfo {
        &self.info
    }

    fn refresh_camera_format(&mut self) -> Result<(), NokhwaError> {
        Ok(())
    }

    fn camera_format(&self) -> CameraFormat {
        CameraFormat::new(self.resolution(), self.frame_format(), self.frame_rate())
    }

    // The mode is chosen before the camera is opened. To change it, the camera is opened again.
    fn set_camera_format(&mut self, _: CameraFormat) -> Result<(), NokhwaError> {
        unsupported()
    }

    fn compatible_list_by_resolution(
        &mut self,
        _: FrameFormat,
    ) -> Result<HashMap<Resolution, Vec<u32>>, NokhwaError> {
        unsupported()
    }

    fn compatible_fourcc(&mut self) -> Result<Vec<FrameFormat>, NokhwaError> {
        unsupported()
    }

    fn resolution(&self) -> Resolution {
        Resolution::new(self.mode.width, self.mode.height)
    }

    fn set_resolution(&mut self, _: Resolution) -> Result<(), NokhwaError> {
        unsupported()
    }

    fn frame_rate(&self) -> u32 {
        self.mode.fps().round() as u32
    }

    fn set_frame_rate(&mut self, _: u32) -> Result<(), NokhwaError> {
        unsupported()
    }

    fn frame_format(&self) -> FrameFormat {
        frame_format(self.mode.format)
    }

    fn set_frame_format(&mut self, _: FrameFormat) -> Result<(), NokhwaError> {
        unsupported()
    }

    fn camera_control(&self, _: KnownCameraControl) -> Result<CameraControl, NokhwaError> {
        unsupported()
    }

    fn camera_controls(&self) -> Result<Vec<CameraControl>, NokhwaError> {
        unsupported()
    }

    /// Sets a control, which is given by the driver's identifier as `Other`.
    fn set_camera_control(
        &mut self,
        id: KnownCameraControl,
        value: ControlValueSetter,
    ) -> Result<(), NokhwaError> {
        let refused = |error: String| NokhwaError::SetPropertyError {
            property: format!("{id:?}"),
            value: format!("{value:?}"),
            error,
        };
        let (KnownCameraControl::Other(number), ControlValueSetter::Integer(wanted)) = (id, &value) else {
            return unsupported();
        };
        let id = u32::try_from(number).map_err(|e| refused(e.to_string()))?;
        self.device
            .set_control(Control { id, value: Value::Integer(*wanted) })
            .map_err(|e| refused(e.to_string()))
    }

    fn open_stream(&mut self) -> Result<(), NokhwaError> {
        self.start().map_err(|error| {
            let text = error.to_string();
            self.exchange.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(Failure::Io(error));
            NokhwaError::OpenStreamError(text)
        })
    }

    fn is_stream_open(&self) -> bool {
        self.stream.is_some()
    }

    fn frame(&mut self) -> Result<Buffer, NokhwaError> {
        let (resolution, format) = (self.resolution(), self.frame_format());
        let bytes = self.frame_raw()?;
        Ok(Buffer::new(resolution, &bytes, format))
    }

    fn frame_raw(&mut self) -> Result<Cow<'_, [u8]>, NokhwaError> {
        let exchange = Arc::clone(&self.exchange);
        let timeout = exchange.lock().unwrap_or_else(PoisonError::into_inner).timeout;
        match self.next(timeout) {
            Ok(bytes) => Ok(Cow::Borrowed(bytes)),
            Err(failure) => {
                let text = format!("{failure:?}");
                exchange.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(failure);
                Err(NokhwaError::ReadFrameError(text))
            }
        }
    }

    fn stop_stream(&mut self) -> Result<(), NokhwaError> {
        self.stream = None;
        Ok(())
    }
}
