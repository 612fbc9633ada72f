//! Cameras on macOS and Windows, with nokhwa's own backends. A read there has no timeout, so a thread reads.

use std::time::Duration;

use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Camera, query};

use super::reader::{BlockingCamera, CameraReader, Patience};
use super::{CameraInfo, Mode};
use crate::frame::{Frame, PixelFormat};
use crate::source::{Source, SourceError};

/// The first frame may take longer: the system may ask the user for permission.
const PATIENCE: Patience =
    Patience { first_frame: Duration::from_secs(15), next_frame: Duration::from_secs(2) };

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
    let index = CameraIndex::Index(camera.index);
    let open = move || {
        let request = RequestedFormat::with_formats(RequestedFormatType::Closest(format), &FORMATS);
        let mut camera = Camera::new(index, request).map_err(|e| e.to_string())?;
        camera.open_stream().map_err(|e| e.to_string())?;
        Ok(NativeCamera(camera))
    };
    Ok(Box::new(CameraReader::start(camera.source_info(mode), PATIENCE, open)?))
}

/// An open camera of nokhwa, which closes it when it is dropped.
struct NativeCamera(Camera);

impl BlockingCamera for NativeCamera {
    fn read(&mut self, into: &mut Frame) -> Result<(), String> {
        let buffer = self.0.frame().map_err(|e| e.to_string())?;
        into.width = buffer.resolution().width();
        into.height = buffer.resolution().height();
        into.format = pixel_format(buffer.source_frame_format());
        into.data.clear();
        into.data.extend_from_slice(buffer.buffer());
        Ok(())
    }
}
