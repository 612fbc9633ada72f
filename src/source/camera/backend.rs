//! nokhwa's camera backend for Linux, over the `v4l` crate.
//!
//! nokhwa's own backend (0.10.11) waits for a frame without a timeout, hands out the whole buffer with the stale end of an
//! earlier image, ignores the driver's error flag and can't open a camera that another program left at an odd rate. This
//! one polls first, cuts at the bytes used, minds the flag and sets format and rate before it asks for anything.

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

/// Buffers asked of the driver.
const BUFFERS: u32 = 4;

/// What nokhwa's interface has no place for: it is shared with the one who reads.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// How long a read waits.
    pub timeout: Duration,
    /// The driver's count of the last frame.
    pub sequence: u32,
    /// When the last frame was taken, on the system's monotonic clock, where the driver says so.
    pub taken: Option<Duration>,
    /// Bytes from one row to the next, for raw formats.
    pub stride: u32,
    /// Why the last call failed.
    pub failure: Option<Failure>,
}

/// Why a read gave no frame.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing came in time.
    Nothing,
    /// A frame came and is damaged.
    Damaged,
    Io(io::Error),
}

pub(super) type Shared = Arc<Mutex<Beside>>;

pub(super) struct Backend {
    // The stream is let go before the device that it belongs to.
    stream: Option<Open>,
    device: Device,
    info: CameraInfo,
    mode: Mode,
    beside: Shared,
}

/// A running stream.
struct Open {
    stream: Stream<'static>,
    /// The first buffer was taken out, so that one is there to be given back.
    primed: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        // v4l panics in its own drop when the driver refuses to stop; stopping first shows whether it does.
        let _ = self.stream.stop();
    }
}

impl Backend {
    /// Sets the mode. The stream isn't open yet.
    pub fn new(device: Device, info: CameraInfo, mode: Mode, beside: Shared) -> io::Result<Self> {
        let asked = Format::new(mode.width, mode.height, FourCC::new(&fourcc(mode.format)));
        let got = device.set_format(&asked)?;
        if got.fourcc != asked.fourcc {
            return Err(io::Error::other("the camera didn't take the format that it offers"));
        }
        let (numerator, denominator) = mode.interval;
        let rate = v4l::video::capture::Parameters::new(Fraction::new(numerator, denominator));
        // A driver that can't set its rate still streams at the one it has.
        if let Err(error) = device.set_params(&rate)
            && error.raw_os_error() == Some(libc::EBUSY)
        {
            return Err(error);
        }
        if let Ok(mut beside) = beside.lock() {
            beside.stride = got.stride;
        }
        let mode = Mode { width: got.width, height: got.height, ..mode };
        Ok(Self { stream: None, device, info, mode, beside })
    }

    /// The mode as the driver took it.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    fn start(&mut self) -> io::Result<()> {
        let mut stream = Stream::with_buffers(&self.device, Type::VideoCapture, BUFFERS)?;
        // The driver may have given more or fewer buffers than asked for.
        let mut queued = 0;
        while queued < 32 && stream.queue(queued).is_ok() {
            queued += 1;
        }
        if queued < 2 {
            return Err(io::Error::other("the driver gives too few buffers"));
        }
        stream.start()?;
        self.stream = Some(Open { stream, primed: false });
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
            // `next` gives a buffer back before it takes one: the first is taken out by hand.
            open.stream.dequeue().map_err(Failure::Io)?;
            open.primed = true;
        }
        let (bytes, meta) = open.stream.next().map_err(Failure::Io)?;
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        beside.sequence = meta.sequence;
        let monotonic = meta.flags.contains(Flags::TIMESTAMP_MONOTONIC) && meta.timestamp.sec >= 0;
        beside.taken = monotonic.then(|| Duration::from(meta.timestamp));
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

    // The mode is chosen before the camera is opened; another one means opening it anew.
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

    /// Controls go by the driver's number, as `Other`.
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
            self.beside.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(Failure::Io(error));
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
        let beside = Arc::clone(&self.beside);
        let timeout = beside.lock().unwrap_or_else(PoisonError::into_inner).timeout;
        match self.next(timeout) {
            Ok(bytes) => Ok(Cow::Borrowed(bytes)),
            Err(failure) => {
                let text = format!("{failure:?}");
                beside.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(failure);
                Err(NokhwaError::ReadFrameError(text))
            }
        }
    }

    fn stop_stream(&mut self) -> Result<(), NokhwaError> {
        self.stream = None;
        Ok(())
    }
}
