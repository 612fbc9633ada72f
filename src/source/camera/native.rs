//! Cameras on macOS and Windows, with nokhwa's own backends. A thread reads, since a read there has no timeout.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, TrySendError, bounded};
use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Camera, query};

use super::{CameraInfo, Mode};
use crate::frame::{Frame, PixelFormat};
use crate::source::{Pace, Read, Source, SourceError, SourceInfo};

/// A camera that gives no frame for so long has stalled. The first may take longer: the system may ask for permission.
const STALL: Duration = Duration::from_secs(2);
const FIRST_FRAME: Duration = Duration::from_secs(15);

const FORMATS: [FrameFormat; 6] = [
    FrameFormat::MJPEG,
    FrameFormat::YUYV,
    FrameFormat::NV12,
    FrameFormat::GRAY,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
];

fn pixel_format(format: FrameFormat) -> PixelFormat {
    match format {
        FrameFormat::MJPEG => PixelFormat::Mjpeg,
        FrameFormat::YUYV => PixelFormat::Yuyv,
        FrameFormat::NV12 => PixelFormat::Nv12,
        FrameFormat::GRAY => PixelFormat::Gray8,
        FrameFormat::RAWRGB => PixelFormat::Rgb8,
        FrameFormat::RAWBGR => PixelFormat::Bgr8,
    }
}

fn frame_format(format: PixelFormat) -> FrameFormat {
    match format {
        PixelFormat::Mjpeg => FrameFormat::MJPEG,
        PixelFormat::Yuyv => FrameFormat::YUYV,
        PixelFormat::Nv12 => FrameFormat::NV12,
        PixelFormat::Gray8 => FrameFormat::GRAY,
        PixelFormat::Rgb8 | PixelFormat::Rgba8 => FrameFormat::RAWRGB,
        PixelFormat::Bgr8 => FrameFormat::RAWBGR,
    }
}

pub(super) fn list() -> Vec<CameraInfo> {
    let Ok(found) = query(ApiBackend::Auto) else { return Vec::new() };
    found
        .into_iter()
        .zip(0..)
        .map(|(info, index)| CameraInfo {
            index,
            name: info.human_name(),
            bus: info.misc(),
            path: info.index().to_string(),
            modes: modes(info.index().clone()),
            other_formats: Vec::new(),
            controls: Vec::new(),
            problem: None,
        })
        .collect()
}

fn modes(index: CameraIndex) -> Vec<Mode> {
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &FORMATS);
    let Ok(mut camera) = Camera::new(index, any) else { return Vec::new() };
    let formats = camera.compatible_camera_formats().unwrap_or_default();
    formats
        .into_iter()
        .map(|f| Mode {
            format: pixel_format(f.format()),
            width: f.width(),
            height: f.height(),
            interval: (1, f.frame_rate().max(1)),
        })
        .collect()
}

pub(super) fn open(camera: &CameraInfo, mode: Mode) -> Result<Box<dyn Source>, SourceError> {
    let format = CameraFormat::new(
        Resolution::new(mode.width, mode.height),
        frame_format(mode.format),
        mode.fps().round() as u32,
    );
    let (give, frames) = bounded::<Result<Frame, String>>(1);
    let newest = frames.clone();
    let index = CameraIndex::Index(camera.index);
    let reader = move || {
        let request = RequestedFormat::with_formats(RequestedFormatType::Closest(format), &FORMATS);
        let mut camera = match Camera::new(index, request).and_then(|mut c| c.open_stream().map(|()| c)) {
            Ok(camera) => camera,
            Err(error) => {
                let _ = give.send(Err(error.to_string()));
                return;
            }
        };
        for sequence in 0.. {
            let frame = camera.frame().map_err(|e| e.to_string()).map(|buffer| Frame {
                width: buffer.resolution().width(),
                height: buffer.resolution().height(),
                format: pixel_format(buffer.source_frame_format()),
                data: buffer.buffer().to_vec(),
                sequence,
                captured: Instant::now(),
                ..Frame::default()
            });
            let failed = frame.is_err();
            match give.try_send(frame) {
                Ok(()) => {}
                // Nobody may wait for an old frame: it makes room for the newest.
                Err(TrySendError::Full(frame)) => {
                    let _ = newest.try_recv();
                    let _ = give.try_send(frame);
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
            if failed {
                return;
            }
        }
    };
    let failed = |reason: String| SourceError::Camera { name: camera.name.clone(), reason };
    std::thread::Builder::new()
        .name("sightline-camera".into())
        .spawn(reader)
        .map_err(|e| failed(e.to_string()))?;
    Ok(Box::new(CameraSource {
        info: SourceInfo {
            name: camera.name.clone(),
            pace: Pace::Live,
            size: (mode.width, mode.height),
            fps: Some(mode.fps()),
            duration_s: None,
            frames: None,
            detail: mode.to_string(),
        },
        frames,
        last: Instant::now(),
        patience: FIRST_FRAME,
    }))
}

/// An open camera.
struct CameraSource {
    info: SourceInfo,
    frames: Receiver<Result<Frame, String>>,
    last: Instant,
    patience: Duration,
}

impl Source for CameraSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        let name = || self.info.name.clone();
        match self.frames.recv_timeout(timeout) {
            Ok(Ok(frame)) => {
                *into = frame;
                self.last = Instant::now();
                self.patience = STALL;
                Ok(Read::Frame)
            }
            Ok(Err(reason)) => Err(SourceError::Camera { name: name(), reason }),
            Err(RecvTimeoutError::Disconnected) => Err(SourceError::Unplugged { name: name() }),
            Err(RecvTimeoutError::Timeout) if self.last.elapsed() > self.patience => {
                Err(SourceError::Stalled { name: name() })
            }
            Err(RecvTimeoutError::Timeout) => Ok(Read::Nothing),
        }
    }
}
