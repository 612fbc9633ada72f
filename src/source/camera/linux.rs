//! Cameras on Linux: listing and reading them.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use nokhwa::Camera;
use nokhwa_core::types::{
    ApiBackend, CameraIndex, CameraInfo as NokhwaInfo, ControlValueSetter, FrameFormat, KnownCameraControl,
};
use v4l::capability::Flags;
use v4l::control::{Flags as ControlFlags, MenuItem, Type as ControlType, Value};
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture as _;
use v4l::{Device, FourCC};

use super::backend::{Backend, Failure, SharedExchange};
use super::{CameraInfo, Control, ControlKind, Mode};
use crate::frame::{Frame, PixelFormat};
use crate::source::{Read, Source, SourceError, SourceInfo};

/// A camera that delivers nothing for this long has stalled.
const STALL: Duration = Duration::from_secs(2);
/// The first frame may take longer.
const FIRST_FRAME: Duration = Duration::from_secs(5);
/// Sizes offered for a camera that takes any size within a range.
const COMMON_SIZES: [(u32, u32); 5] = [(320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160)];

pub(super) fn fourcc(format: PixelFormat) -> [u8; 4] {
    *match format {
        PixelFormat::Mjpeg => b"MJPG",
        PixelFormat::Yuyv => b"YUYV",
        PixelFormat::Nv12 => b"NV12",
        PixelFormat::Gray8 => b"GREY",
        PixelFormat::Bgr8 => b"BGR3",
        PixelFormat::Rgb8 | PixelFormat::Rgba8 => b"RGB3",
    }
}

fn pixel_format(fourcc: FourCC) -> Option<PixelFormat> {
    Some(match &fourcc.repr {
        b"MJPG" | b"JPEG" => PixelFormat::Mjpeg,
        b"YUYV" => PixelFormat::Yuyv,
        b"NV12" => PixelFormat::Nv12,
        b"GREY" => PixelFormat::Gray8,
        b"BGR3" => PixelFormat::Bgr8,
        b"RGB3" => PixelFormat::Rgb8,
        _ => return None,
    })
}

pub(super) fn frame_format(format: PixelFormat) -> FrameFormat {
    match format {
        PixelFormat::Mjpeg => FrameFormat::MJPEG,
        PixelFormat::Yuyv => FrameFormat::YUYV,
        PixelFormat::Nv12 => FrameFormat::NV12,
        PixelFormat::Gray8 => FrameFormat::GRAY,
        PixelFormat::Bgr8 => FrameFormat::RAWBGR,
        PixelFormat::Rgb8 | PixelFormat::Rgba8 => FrameFormat::RAWRGB,
    }
}

pub(super) fn list() -> Vec<CameraInfo> {
    let Ok(entries) = std::fs::read_dir("/dev") else { return Vec::new() };
    let mut nodes: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let number = path.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?;
            Some((number, path))
        })
        .collect();
    nodes.sort();
    // The v4l crate panics if a device reports a name that is not UTF-8.
    let query =
        |(number, path): &(u32, PathBuf)| catch_unwind(AssertUnwindSafe(|| describe(*number, path))).ok()?;
    let mut cameras: Vec<CameraInfo> = nodes.iter().filter_map(query).collect();
    for (camera, index) in cameras.iter_mut().zip(0..) {
        camera.index = index;
    }
    cameras
}

/// Describes the camera of a device node. `None` if it is not a camera (a metadata node, an output) or has gone.
fn describe(number: u32, path: &Path) -> Option<CameraInfo> {
    let sysfs = |file: &str| {
        let text = std::fs::read_to_string(format!("/sys/class/video4linux/video{number}/{file}")).ok()?;
        Some(text.trim().to_owned())
    };
    let mut info = CameraInfo {
        index: 0,
        name: sysfs("name").unwrap_or_else(|| format!("Camera {number}")),
        bus: String::new(),
        path: path.display().to_string(),
        modes: Vec::new(),
        other_formats: Vec::new(),
        controls: Vec::new(),
        problem: None,
    };
    let device = match Device::with_path(path) {
        Ok(device) => device,
        Err(error) => {
            // Every UVC camera has a second node, for metadata. If the nodes cannot be opened, only the first is listed.
            let first = sysfs("index").is_none_or(|index| index == "0");
            let problem = source_error(&info.name, path, &error);
            let present = !matches!(problem, SourceError::Missing { .. } | SourceError::Unplugged { .. });
            info.problem = Some(problem);
            return (first && present).then_some(info);
        }
    };
    let caps = device.query_caps().ok()?;
    if !caps.capabilities.contains(Flags::VIDEO_CAPTURE) {
        return None;
    }
    info.name = if caps.card.is_empty() { info.name } else { without_repetition(&caps.card) };
    info.bus = caps.bus;
    for format in device.enum_formats().unwrap_or_default() {
        match pixel_format(format.fourcc) {
            Some(known) => add_modes(&device, format.fourcc, known, &mut info.modes),
            None => info.other_formats.push(format.description.trim().to_owned()),
        }
    }
    info.controls = controls(&device);
    Some(info)
}

/// Returns a camera's name once. UVC cameras report the maker's name and the product's, often the same twice, cut to 31
/// letters.
fn without_repetition(card: &str) -> String {
    match card.split_once(": ") {
        Some((name, again)) if name.starts_with(again.trim_end()) => name.to_owned(),
        _ => card.to_owned(),
    }
}

fn add_modes(device: &Device, fourcc: FourCC, format: PixelFormat, modes: &mut Vec<Mode>) {
    for size in device.enum_framesizes(fourcc).unwrap_or_default() {
        let sizes: Vec<(u32, u32)> = match size.size {
            FrameSizeEnum::Discrete(size) => vec![(size.width, size.height)],
            FrameSizeEnum::Stepwise(range) => COMMON_SIZES
                .into_iter()
                .filter(|(w, h)| {
                    (range.min_width..=range.max_width).contains(w)
                        && (range.min_height..=range.max_height).contains(h)
                })
                .collect(),
        };
        for (width, height) in sizes {
            let mut add = |numerator: u32, denominator: u32| {
                let mode = Mode { format, width, height, interval: (numerator.max(1), denominator.max(1)) };
                if !modes.contains(&mode) {
                    modes.push(mode);
                }
            };
            let intervals = device.enum_frameintervals(fourcc, width, height).unwrap_or_default();
            if intervals.is_empty() {
                add(1, 30);
            }
            for interval in intervals {
                match interval.interval {
                    FrameIntervalEnum::Discrete(f) => add(f.numerator, f.denominator),
                    // A range: its fastest end, and 30 per second if that lies within.
                    FrameIntervalEnum::Stepwise(range) => {
                        let fps = |f: v4l::Fraction| f64::from(f.denominator) / f64::from(f.numerator.max(1));
                        add(range.min.numerator, range.min.denominator);
                        if fps(range.max) < 30.0 && fps(range.min) > 30.0 {
                            add(1, 30);
                        }
                    }
                }
            }
        }
    }
}

fn controls(device: &Device) -> Vec<Control> {
    // The v4l crate panics if a driver reports a menu with a step of 0.
    let descriptions = catch_unwind(AssertUnwindSafe(|| device.query_controls())).ok().and_then(Result::ok);
    let usable = descriptions.unwrap_or_default().into_iter().filter_map(|d| {
        if d.flags.intersects(ControlFlags::DISABLED | ControlFlags::READ_ONLY) {
            return None;
        }
        let kind = match d.typ {
            ControlType::Integer => ControlKind::Number {
                min: d.minimum,
                max: d.maximum,
                step: i64::try_from(d.step).unwrap_or(1).max(1),
            },
            ControlType::Boolean => ControlKind::Switch,
            ControlType::Menu => ControlKind::Menu(
                d.items
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(value, item)| match item {
                        MenuItem::Name(name) => (i64::from(value), name),
                        MenuItem::Value(number) => (i64::from(value), number.to_string()),
                    })
                    .collect(),
            ),
            _ => return None,
        };
        let value = match device.control(d.id).ok()?.value {
            Value::Integer(value) => value,
            Value::Boolean(on) => i64::from(on),
            _ => return None,
        };
        let active = !d.flags.intersects(ControlFlags::INACTIVE | ControlFlags::GRABBED);
        Some(Control { id: d.id, name: d.name, kind, default: d.default, value, active })
    });
    usable.collect()
}

/// Turns an error of a driver into one for the user.
fn source_error(name: &str, path: &Path, error: &io::Error) -> SourceError {
    let name = name.to_owned();
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENXIO) => SourceError::Missing { name },
        Some(libc::ENODEV) => SourceError::Unplugged { name },
        Some(libc::EACCES | libc::EPERM) => SourceError::Forbidden { name },
        Some(libc::EBUSY) => SourceError::Busy { name, by: user_of(path) },
        _ => SourceError::Camera { name, reason: error.to_string() },
    }
}

/// Returns the program that has a device open, if this account may see it.
fn user_of(device: &Path) -> Option<String> {
    let own = std::process::id().to_string();
    std::fs::read_dir("/proc").ok()?.filter_map(Result::ok).find_map(|process| {
        let pid = process.file_name().into_string().ok().filter(|pid| *pid != own)?;
        pid.parse::<u32>().ok()?;
        let mut open = std::fs::read_dir(process.path().join("fd")).ok()?.filter_map(Result::ok);
        open.find(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == device))?;
        let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
        Some(format!("\u{201c}{}\u{201d} (process {pid})", name.trim()))
    })
}

pub(super) fn open(camera: &CameraInfo, mode: Mode) -> Result<Box<dyn Source>, SourceError> {
    let path = PathBuf::from(&camera.path);
    let failed = |error: io::Error| source_error(&camera.name, &path, &error);
    let exchange = SharedExchange::default();
    let device = Device::with_path(&path).map_err(failed)?;
    let info = NokhwaInfo::new(&camera.name, &camera.bus, &camera.path, CameraIndex::Index(camera.index));
    let backend = Backend::new(device, info, mode, Arc::clone(&exchange)).map_err(failed)?;
    let mode = backend.mode();
    let mut nokhwa =
        Camera::with_custom(CameraIndex::Index(camera.index), ApiBackend::Video4Linux, Box::new(backend));
    if let Err(error) = nokhwa.open_stream() {
        let failure = exchange.lock().unwrap_or_else(PoisonError::into_inner).failure.take();
        return Err(match failure {
            Some(Failure::Io(error)) => failed(error),
            _ => SourceError::Camera { name: camera.name.clone(), reason: error.to_string() },
        });
    }
    Ok(Box::new(CameraSource {
        info: camera.source_info(mode),
        mode,
        path,
        camera: nokhwa,
        exchange,
        last_sequence: None,
        sequence: 0,
        opened: Instant::now(),
        last_frame: None,
        last_buffer: None,
    }))
}

/// An open camera.
struct CameraSource {
    info: SourceInfo,
    mode: Mode,
    path: PathBuf,
    camera: Camera,
    exchange: SharedExchange,
    /// The driver's count of the last frame, which wraps at 32 bits.
    last_sequence: Option<u32>,
    sequence: u64,
    opened: Instant,
    last_frame: Option<Instant>,
    /// When the last buffer came, damaged or not.
    last_buffer: Option<Instant>,
}

impl CameraSource {
    /// Called if a read brought no whole frame. Returns an error if that has been so for too long.
    fn nothing(&self) -> Result<Read, SourceError> {
        let name = || self.info.name.clone();
        let (since, patience) = match self.last_frame {
            Some(last) => (last, STALL),
            None => (self.opened, if self.last_buffer.is_some() { STALL } else { FIRST_FRAME }),
        };
        if since.elapsed() < patience {
            return Ok(Read::Nothing);
        }
        // Some drivers report that a camera has gone only when it is opened again.
        if let Err(error) = Device::with_path(&self.path)
            && matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENODEV | libc::ENXIO))
        {
            return Err(SourceError::Unplugged { name: name() });
        }
        Err(match self.last_buffer {
            Some(last) if last.elapsed() < STALL => SourceError::Damaged { name: name() },
            _ => SourceError::Stalled { name: name() },
        })
    }
}

impl Source for CameraSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self, into: &mut Frame, timeout: Duration) -> Result<Read, SourceError> {
        let lock = || self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut exchange = lock();
            exchange.timeout = timeout;
            exchange.failure = None;
        }
        let read = match self.camera.frame_raw() {
            Ok(bytes) => {
                let stride = lock().stride;
                fill(into, self.mode, &bytes, stride)
            }
            Err(_) => match lock().failure.take() {
                Some(Failure::Nothing) => return self.nothing(),
                Some(Failure::Damaged) | None => false,
                Some(Failure::Io(error)) if error.raw_os_error() == Some(libc::EAGAIN) => {
                    return self.nothing();
                }
                Some(Failure::Io(error)) => return Err(source_error(&self.info.name, &self.path, &error)),
            },
        };
        let now = Instant::now();
        self.last_buffer = Some(now);
        let (sequence, taken) = {
            let exchange = lock();
            (exchange.sequence, exchange.taken)
        };
        // Gaps in the driver's count are kept, unless the driver seems to have started again.
        let step = self.last_sequence.map_or(0, |last| sequence.wrapping_sub(last));
        self.last_sequence = Some(sequence);
        self.sequence +=
            if step == 0 { u64::from(self.last_frame.is_some()) } else { u64::from(step.min(1000)) };
        if !read {
            return self.nothing();
        }
        self.last_frame = Some(now);
        into.sequence = self.sequence;
        into.captured = captured(now, taken);
        into.time_s = None;
        into.origin = None;
        Ok(Read::Frame)
    }

    fn set_control(&mut self, id: u32, value: i64) -> Result<(), SourceError> {
        self.camera
            .set_camera_control(KnownCameraControl::Other(u128::from(id)), ControlValueSetter::Integer(value))
            .map_err(|e| SourceError::Camera { name: self.info.name.clone(), reason: e.to_string() })
    }
}

/// Returns when a frame was taken: the driver's time if it is plausible, else now.
fn captured(now: Instant, taken: Option<Duration>) -> Instant {
    let Some(taken) = taken else { return now };
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let clock = Duration::new(clock.tv_sec.max(0) as u64, clock.tv_nsec.clamp(0, 999_999_999) as u32);
    let age = clock.saturating_sub(taken);
    if age > Duration::from_secs(1) { now } else { now.checked_sub(age).unwrap_or(now) }
}

/// Copies a frame from the driver's buffer, without the padding between rows. Returns whether it is whole.
fn fill(into: &mut Frame, mode: Mode, bytes: &[u8], stride: u32) -> bool {
    into.reset(mode.width, mode.height, mode.format);
    if mode.format == PixelFormat::Mjpeg {
        into.data.extend_from_slice(bytes);
        return bytes.starts_with(&[0xff, 0xd8]);
    }
    let (stride, height) = (stride as usize, mode.height as usize);
    let row = into.data.len() / height.max(1);
    if stride > row && mode.format != PixelFormat::Nv12 && bytes.len() >= stride * (height - 1) + row {
        for (to, from) in into.data.chunks_exact_mut(row).zip(bytes.chunks(stride)) {
            to.copy_from_slice(&from[..row]);
        }
        return true;
    }
    let whole = bytes.len() >= into.data.len();
    if whole {
        let len = into.data.len();
        into.data.copy_from_slice(&bytes[..len]);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_between_rows_is_removed_and_short_frames_are_refused() {
        let mode = Mode { format: PixelFormat::Gray8, width: 3, height: 2, interval: (1, 30) };
        let mut frame = Frame::default();
        assert!(fill(&mut frame, mode, &[1, 2, 3, 0, 4, 5, 6, 0], 4));
        assert_eq!(frame.data, [1, 2, 3, 4, 5, 6]);
        assert!(fill(&mut frame, mode, &[1, 2, 3, 4, 5, 6, 9, 9], 3));
        assert_eq!(frame.data, [1, 2, 3, 4, 5, 6]);
        assert!(!fill(&mut frame, mode, &[1, 2, 3], 3));
        let mode = Mode { format: PixelFormat::Mjpeg, ..mode };
        assert!(!fill(&mut frame, mode, &[0; 100], 0), "a JPEG does not begin like that");
    }

    #[test]
    fn a_repeated_name_is_shortened() {
        assert_eq!(without_repetition("Fake UVC Webcam: Fake UVC Webca"), "Fake UVC Webcam");
        assert_eq!(without_repetition("Acme: HD Webcam"), "Acme: HD Webcam");
    }

    #[test]
    fn errors_of_drivers_become_errors_for_the_user() {
        let error = |code| source_error("Cam", Path::new("/dev/none"), &io::Error::from_raw_os_error(code));
        assert!(matches!(error(libc::EBUSY), SourceError::Busy { .. }));
        assert!(matches!(error(libc::EACCES), SourceError::Forbidden { .. }));
        assert!(matches!(error(libc::ENODEV), SourceError::Unplugged { .. }));
        assert!(matches!(error(libc::ENOENT), SourceError::Missing { .. }));
        assert!(matches!(error(libc::EIO), SourceError::Camera { .. }));
    }
}
