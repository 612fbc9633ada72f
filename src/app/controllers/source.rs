//! The source: opening, playing, cameras and their controls.

use std::sync::Arc;

use super::core::Core;
use crate::app::intent::{Intent, Page, SourceIntent, WindowIntent};
use crate::app::view::Cameras;
use crate::app::workers::Done;
use crate::engine::{Command, SourceState};
use crate::learn::samples;
use crate::source::camera::{self, CameraInfo};
use crate::source::{Address, CameraRequest, Pace, SourceInfo};

/// The state of the source panel.
#[derive(Debug)]
pub struct SourceController {
    pub cameras: Cameras,
    /// List the cameras again when the listing under way is done: it may be older than the camera that just came back.
    list_again: bool,
    pub as_fast_as_possible: bool,
    /// How many times its own rate a video is played at.
    pub speed: f32,
}

impl Default for SourceController {
    fn default() -> Self {
        Self { cameras: Cameras::default(), list_again: false, as_fast_as_possible: false, speed: 1.0 }
    }
}

/// The address to remember: a camera by its name and bus, whatever number it has today.
fn lasting_address(address: &Address, info: &SourceInfo, cameras: &Cameras) -> Address {
    match address {
        Address::AnyCamera | Address::CameraIndex(_) => match cameras.find(address, Some(&info.name)) {
            Some(camera) => camera.address(),
            None => Address::Camera { name: info.name.clone(), bus: None },
        },
        other => other.clone(),
    }
}

impl SourceController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: SourceIntent, core: &mut Core) {
        match intent {
            SourceIntent::Open(address) => self.open(&address, core),
            SourceIntent::OpenCamera(address, request) => {
                if let Some(info) = core.source.info() {
                    let name = info.name.clone();
                    if request == CameraRequest::default() {
                        core.settings.cameras.remove(&name);
                    } else {
                        core.settings.cameras.insert(name, request.clone());
                    }
                }
                core.engine.send(Command::Open { address, camera: request });
            }
            SourceIntent::TryAgain => {
                if let Some(address) = core.source.address().cloned() {
                    self.open(&address, core);
                }
            }
            SourceIntent::CameraNumber(n) => {
                let known = self.cameras.items().get(n).map(CameraInfo::address);
                if let Some(address) = known {
                    self.open(&address, core);
                } else if self.cameras.items.is_none() {
                    self.open(&Address::CameraIndex(n as u32), core);
                }
            }
            SourceIntent::RefreshCameras => self.list_cameras(core),
            SourceIntent::SetControl { id, value } => {
                // Shown at once; the next listing shows the value that the driver accepted.
                let cameras = self.cameras.items.iter_mut().flatten();
                for control in cameras.flat_map(|camera| &mut camera.controls).filter(|c| c.id == id) {
                    control.value = value;
                }
                core.engine.send(Command::SetControl { id, value });
            }
            SourceIntent::Pause(on) => core.engine.send(Command::Pause(on)),
            SourceIntent::Step => {
                if matches!(*core.source, SourceState::Playing { .. }) {
                    core.engine.send(Command::Pause(true));
                }
                core.engine.send(Command::Step);
            }
            SourceIntent::StepBack => {
                let (pauses, to) = step_back(&core.source, core.position);
                if pauses {
                    core.engine.send(Command::Pause(true));
                }
                core.engine.send(Command::Seek(to));
            }
            SourceIntent::Speed(speed) => {
                self.speed = speed;
                core.engine.send(Command::Speed(speed));
            }
            SourceIntent::Seek(to) => {
                let ended = matches!(*core.source, SourceState::Ended { .. });
                core.engine.send(Command::Seek(to));
                if ended {
                    core.engine.send(Command::Pause(false));
                }
            }
            SourceIntent::Skip(by) => skip(by, core),
            SourceIntent::Loop(on) => {
                core.settings.looping = on;
                core.engine.send(Command::Loop(on));
            }
            SourceIntent::AsFastAsPossible(on) => {
                self.as_fast_as_possible = on;
                core.engine.send(Command::AsFastAsPossible(on));
            }
        }
    }

    fn open(&self, address: &Address, core: &mut Core) {
        let address = address.absolute();
        if !matches!(core.page, Page::Stage | Page::Inside) {
            core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
        }
        // The name of what plays now says nothing of another address.
        let same = core.source.address() == Some(&address);
        let playing = core.source.info().filter(|_| same).map(|info| info.name.as_str());
        let name = match (&address, self.cameras.find(&address, playing)) {
            (_, Some(camera)) => Some(camera.name.clone()),
            (Address::Camera { name, .. }, None) => Some(name.clone()),
            _ => None,
        };
        if !same {
            core.file_mirrored = false;
        }
        let camera = name.and_then(|name| core.settings.cameras.get(&name).cloned()).unwrap_or_default();
        core.engine.send(Command::Open { address, camera });
    }

    /// Takes over a new state of the source.
    pub fn changed(&mut self, source: Arc<SourceState>, core: &mut Core) {
        if let (Some(info), Some(address)) = (source.info(), source.address())
            && (core.source.info().is_none() || core.source.address() != Some(address))
        {
            self.cameras.remember_name(address, &info.name);
            // A sample was opened by the program, not chosen: the user's own source is opened next time.
            if !samples::is_one(address) {
                core.settings.remember_source(&lasting_address(address, info, &self.cameras));
            }
        }
        if needs_listing(&core.source, &source) {
            self.list_cameras(core);
        }
        core.source = source;
    }

    /// Lists the cameras on a worker.
    fn list_cameras(&mut self, core: &Core) {
        if self.cameras.looking {
            self.list_again = true;
            return;
        }
        self.cameras.looking = true;
        core.workers.run("list cameras", || Done::Cameras(camera::list()));
    }

    /// Takes over a listing; `None` if its worker failed.
    pub fn cameras_listed(&mut self, found: Option<Vec<CameraInfo>>, core: &Core) {
        self.cameras.looking = false;
        if let Some(found) = found {
            self.cameras.set(found);
        }
        if std::mem::take(&mut self.list_again) {
            self.list_cameras(core);
        }
    }
}

/// Whether the cameras are to be listed because the source changed: a failure offers the other cameras, and a camera
/// that begins to play may have been plugged in since the last listing, with its controls at their defaults.
fn needs_listing(before: &SourceState, now: &SourceState) -> bool {
    let is_camera = now.address().is_some_and(Address::is_camera);
    let failed = matches!(now, SourceState::Failed { .. });
    let begins = now.info().is_some() && before.info().is_none();
    is_camera && (failed || begins)
}

/// How a video goes back by a frame: whether it is paused first, and to which second.
fn step_back(source: &SourceState, position: Option<f64>) -> (bool, f64) {
    // At the end of a video it is paused too: otherwise it would play on from there.
    let pauses = !matches!(source, SourceState::Paused { .. });
    let fps = source.info().and_then(|info| info.fps).filter(|fps| *fps > 0.0);
    (pauses, (position.unwrap_or(0.0) - 1.0 / fps.unwrap_or(25.0)).max(0.0))
}

/// Goes this many images of a folder forward or back.
fn skip(by: i32, core: &Core) {
    let Some(info) = core.source.info().filter(|info| info.pace == Pace::Stills) else { return };
    let last = info.frames.map_or(f64::MAX, |n| n.saturating_sub(1) as f64);
    let now = core.position.unwrap_or(0.0);
    let mut to = now + f64::from(by);
    if core.settings.looping && last < f64::MAX {
        to = if to > last {
            0.0
        } else if to < 0.0 {
            last
        } else {
            to
        };
    }
    core.engine.send(Command::Seek(to.clamp(0.0, last)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceError;

    #[test]
    fn a_video_that_has_ended_is_paused_before_it_goes_back_by_a_frame() {
        let address = Address::Video("/a.mp4".into());
        let info = SourceInfo { fps: Some(25.0), ..SourceInfo::new("a.mp4", Pace::Video) };
        let ended = SourceState::Ended { address: address.clone(), info: info.clone() };
        assert_eq!(step_back(&ended, Some(8.0)), (true, 7.96));
        let paused = SourceState::Paused { address, info };
        assert_eq!(step_back(&paused, Some(8.0)), (false, 7.96));
        assert_eq!(step_back(&paused, Some(0.01)), (false, 0.0));
    }

    #[test]
    fn cameras_are_listed_again_when_one_fails_and_when_it_plays_again() {
        let address = Address::CameraIndex(0);
        let info = SourceInfo { size: (640, 480), ..SourceInfo::new("Front", Pace::Live) };
        let playing = SourceState::Playing { address: address.clone(), info: info.clone() };
        let error = SourceError::Unplugged { name: "Front".into() };
        let failed = SourceState::Failed { address, error, retrying: true };
        assert!(needs_listing(&playing, &failed));
        assert!(needs_listing(&failed, &playing), "its settings are shown again");
        assert!(!needs_listing(&playing, &playing));
        let video = SourceState::Playing { address: Address::Video("/a.mp4".into()), info };
        assert!(!needs_listing(&SourceState::Closed, &video));
    }
}
