//! Cameras, through nokhwa: on Linux with our own backend over V4L2, on other systems with nokhwa's.

#[cfg(target_os = "linux")]
mod backend;
mod choice;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(any(test, not(target_os = "linux")))]
mod reader;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use native as system;

pub use choice::{choose, larger};

use super::{Address, CameraRequest, Pace, Source, SourceError, SourceInfo};
use crate::frame::PixelFormat;

/// A capture device.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraInfo {
    /// Its number in the list, from 0.
    pub index: u32,
    /// The name that it reports.
    pub name: String,
    /// Where it is plugged in. Distinguishes two cameras with the same name. Empty if not known.
    pub bus: String,
    /// The system's name for it, such as `/dev/video0`.
    pub path: String,
    /// The modes in formats that Sightline reads.
    pub modes: Vec<Mode>,
    /// Formats that it offers and Sightline does not read.
    pub other_formats: Vec<String>,
    pub controls: Vec<Control>,
    /// Why it could not be asked for more: no permission, in use.
    pub problem: Option<SourceError>,
}

impl CameraInfo {
    /// The address under which it is found again, as settings remember it.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::Camera { name: self.name.clone(), bus: Some(self.bus.clone()) }
    }

    /// The properties of this camera opened in `mode`.
    fn source_info(&self, mode: Mode) -> SourceInfo {
        SourceInfo {
            address: Some(self.address()),
            size: (mode.width, mode.height),
            fps: Some(mode.fps()),
            detail: mode.to_string(),
            ..SourceInfo::new(self.name.clone(), Pace::Live)
        }
    }
}

/// A mode of a camera: pixel format, size and frame rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mode {
    pub format: PixelFormat,
    pub width: u32,
    pub height: u32,
    /// Seconds from one frame to the next, as a fraction: (1, 30) is 30 frames per second.
    pub interval: (u32, u32),
}

impl Mode {
    /// Frames per second.
    #[must_use]
    pub fn fps(&self) -> f64 {
        f64::from(self.interval.1) / f64::from(self.interval.0.max(1))
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fps = (self.fps() * 100.0).round() / 100.0;
        write!(f, "{} {}×{} @ {fps}", self.format.name(), self.width, self.height)
    }
}

/// A control of a camera, with its present value.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// The driver's identifier.
    pub id: u32,
    pub name: String,
    pub kind: ControlKind,
    pub default: i64,
    pub value: i64,
    /// Whether it can be changed now. The exposure time cannot while exposure is automatic.
    pub active: bool,
}

/// The values that a control can have.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlKind {
    Number {
        min: i64,
        max: i64,
        step: i64,
    },
    Switch,
    /// Named values.
    Menu(Vec<(i64, String)>),
}

/// Returns the cameras of this computer in the system's order. May take a moment: do not call it on the thread of the user
/// interface.
#[must_use]
pub fn list() -> Vec<CameraInfo> {
    system::list()
}

/// Opens a camera.
///
/// # Errors
/// If it is missing, in use, forbidden, …
pub fn open(address: &Address, request: &CameraRequest) -> Result<Box<dyn Source>, SourceError> {
    let cameras = list();
    let camera = find(&cameras, address)?;
    if let Some(problem) = &camera.problem {
        return Err(problem.clone());
    }
    let Some(mode) = choose(&camera.modes, request) else {
        let found =
            if camera.other_formats.is_empty() { "none".into() } else { camera.other_formats.join(", ") };
        return Err(SourceError::NoFormat { name: camera.name.clone(), found });
    };
    system::open(camera, mode)
}

/// Finds the camera of an address, wherever it is plugged in now: by its number, device or name, or a part of the name.
///
/// # Errors
/// If there is no such camera, or the address is none of a camera.
pub fn find<'a>(cameras: &'a [CameraInfo], address: &Address) -> Result<&'a CameraInfo, SourceError> {
    if cameras.is_empty() && matches!(address, Address::AnyCamera) {
        return Err(SourceError::NoCamera);
    }
    let missing = |name: String| SourceError::Missing { name };
    match address {
        Address::AnyCamera => {
            let usable = cameras.iter().find(|c| c.problem.is_none() && !c.modes.is_empty());
            usable.or(cameras.first()).ok_or(SourceError::NoCamera)
        }
        Address::CameraIndex(index) => {
            cameras.iter().find(|c| c.index == *index).ok_or_else(|| missing(index.to_string()))
        }
        Address::Camera { name, bus } => {
            let same_name = |c: &&CameraInfo| c.name.eq_ignore_ascii_case(name) || c.path == *name;
            let same_bus = |c: &&CameraInfo| bus.as_ref().is_some_and(|b| *b == c.bus);
            let both = cameras.iter().filter(same_name).find(same_bus);
            // In another port it has another bus. A user may also type a part of the name.
            both.or_else(|| cameras.iter().find(same_name))
                .or_else(|| {
                    let part = name.to_lowercase();
                    cameras.iter().find(|c| bus.is_none() && c.name.to_lowercase().contains(&part))
                })
                .ok_or_else(|| missing(name.clone()))
        }
        other => Err(SourceError::Unknown { text: other.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(index: u32, name: &str, bus: &str) -> CameraInfo {
        CameraInfo {
            index,
            name: name.into(),
            bus: bus.into(),
            path: format!("/dev/video{index}"),
            modes: vec![Mode { format: PixelFormat::Yuyv, width: 640, height: 480, interval: (1, 30) }],
            other_formats: Vec::new(),
            controls: Vec::new(),
            problem: None,
        }
    }

    #[test]
    fn a_camera_is_found_again_by_name_and_bus() {
        let cameras =
            [camera(0, "HD Webcam", "usb-1"), camera(1, "HD Webcam", "usb-2"), camera(2, "Other", "usb-3")];
        let found = |address: Address| find(&cameras, &address).map(|c| c.index);
        let named =
            |name: &str, bus: Option<&str>| Address::Camera { name: name.into(), bus: bus.map(Into::into) };
        assert_eq!(found(named("HD Webcam", Some("usb-2"))), Ok(1));
        assert_eq!(found(named("HD Webcam", Some("usb-9"))), Ok(0), "moved to another port");
        assert_eq!(found(named("oth", None)), Ok(2));
        assert_eq!(found(Address::CameraIndex(2)), Ok(2));
        assert_eq!(found(named("/dev/video1", None)), Ok(1), "by its device");
        assert!(matches!(found(named("Gone", Some("usb-1"))), Err(SourceError::Missing { .. })));
        assert_eq!(find(&[], &Address::AnyCamera), Err(SourceError::NoCamera));
    }

    #[test]
    fn an_open_camera_tells_under_which_address_it_is_found_again() {
        let cameras = [camera(0, "HD Webcam", "usb-1"), camera(1, "HD Webcam", "usb-2")];
        let opened = find(&cameras, &Address::CameraIndex(1)).expect("found");
        let address = opened.source_info(opened.modes[0]).address.expect("a camera");
        assert_eq!(find(&cameras, &address).map(|c| c.index), Ok(1));
        // Unplugged, it has a name.
        assert_eq!(find(&[], &address), Err(SourceError::Missing { name: "HD Webcam".into() }));
    }

    #[test]
    fn any_camera_means_one_that_works() {
        let mut cameras = [camera(0, "A", "1"), camera(1, "B", "2")];
        cameras[0].problem = Some(SourceError::Busy { name: "A".into(), by: None });
        assert_eq!(find(&cameras, &Address::AnyCamera).map(|c| c.index), Ok(1));
    }
}
