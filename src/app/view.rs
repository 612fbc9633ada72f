//! What the panels and pages show: plain data, borrowed for one pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::intent::{Choose, Page};
use super::shutter::Shutter;
use super::strings::Strings;
use crate::app::dataset::state::Work;
use crate::app::deployment::Deployment;
use crate::app::lessons::state::LessonsView;
use crate::app::servers::ServerRow;
use crate::engine::{ModelInfo, ModelState, PaceReport, Prediction, SourceState, Stats};
use crate::events::{LogError, Problem, Rules, RulesError};
use crate::frame::perturb::Perturbation;
use crate::library::records::Tuned;
use crate::library::{Catalogue, ModelEntry};
use crate::model::labels::{Labels, Language};
use crate::model::nodes::NodeShare;
use crate::model::{ModelError, Thresholds, runtime};
use crate::privacy::Covered;
use crate::server::ServerListError;
use crate::settings::Settings;
use crate::source::CameraRequest;
use crate::source::camera::{self, CameraInfo};
use crate::source::{Address, Pace, SourceInfo};
use crate::track::zones::SceneFile;

/// The cameras, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cameras {
    /// The cameras that are plugged in; `None` before the first listing.
    pub items: Option<Vec<CameraInfo>>,
    /// A worker is listing them.
    pub looking: bool,
    /// The name that each number of the list had last, so that an unplugged camera keeps its name.
    names: BTreeMap<u32, String>,
}

impl Cameras {
    /// These cameras, listed once.
    #[cfg(test)]
    pub(super) fn listed(items: Vec<CameraInfo>) -> Self {
        let mut cameras = Self::default();
        cameras.set(items);
        cameras
    }

    /// Takes over a new listing.
    pub fn set(&mut self, items: Vec<CameraInfo>) {
        self.names.extend(items.iter().map(|camera| (camera.index, camera.name.clone())));
        self.items = Some(items);
        self.looking = false;
    }

    /// Remembers the name under which an address plays.
    pub fn remember_name(&mut self, address: &Address, name: &str) {
        if let Address::CameraIndex(index) = address {
            self.names.insert(*index, name.to_owned());
        }
    }

    /// The cameras that are plugged in.
    #[must_use]
    pub fn items(&self) -> &[CameraInfo] {
        self.items.as_deref().unwrap_or_default()
    }

    /// The camera of an address. `playing` is the name of the camera that plays.
    #[must_use]
    pub fn find(&self, address: &Address, playing: Option<&str>) -> Option<&CameraInfo> {
        let items = self.items();
        let by_name = |name: &str| items.iter().find(|camera| camera.name == name);
        match address {
            Address::Camera { name, .. } => {
                items.iter().find(|camera| camera.address() == *address).or_else(|| by_name(name))
            }
            Address::AnyCamera => by_name(playing?),
            Address::CameraIndex(index) => match playing {
                Some(name) => by_name(name),
                None => items.iter().find(|camera| camera.index == *index),
            },
            _ => None,
        }
    }

    /// What the user calls a source: a camera's name, a file's name.
    #[must_use]
    pub fn source_name(&self, address: &Address, strings: &Strings) -> String {
        match address {
            Address::AnyCamera => strings.any_camera.into(),
            Address::CameraIndex(index) => match self.names.get(index) {
                Some(name) => name.clone(),
                None => format!("{} {}", strings.camera, index + 1),
            },
            Address::Camera { name, .. } => name.clone(),
            Address::Video(path) | Address::Image(path) | Address::Folder(path) => file_name(path),
            Address::Images(paths) => {
                let first = paths.first().map(|path| file_name(path)).unwrap_or_default();
                format!("{first} + {}", paths.len().saturating_sub(1))
            }
            Address::Glob(_) | Address::Stream(_) => address.to_string(),
            Address::Pattern { .. } => strings.test_pattern.into(),
        }
    }
}

/// A path or an address that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    pub what: Choose,
    pub text: String,
    /// Why it can't be opened, and what to do about it.
    pub error: Option<String>,
    /// The field was shown before: it has had the focus.
    pub shown: bool,
}

impl Typed {
    /// Nothing was typed yet.
    #[must_use]
    pub fn new(what: Choose) -> Self {
        Self { what, text: String::new(), error: None, shown: false }
    }
}

/// A download as the library page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    /// The entry of the catalogue.
    pub id: String,
    pub state: PullState,
}

/// The state of a download. Sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum PullState {
    Waiting,
    /// The server hasn't answered yet.
    Connecting {
        host: String,
    },
    Running {
        done: u64,
        total: Option<u64>,
        bytes_per_s: f64,
        left: Option<Duration>,
    },
    Paused {
        done: u64,
        total: Option<u64>,
    },
    Failed {
        message: String,
        fix: String,
        /// The way to the server is broken: it is told once for all of them.
        of_connection: bool,
        /// The servers that couldn't be reached.
        unreached: Vec<String>,
    },
}

/// The models on this computer and those to download.
#[derive(Clone, Copy, Debug)]
pub struct LibraryView<'a> {
    pub models: &'a [Arc<ModelEntry>],
    pub catalogue: &'a Catalogue,
    pub pulls: &'a [Pull],
    pub servers: &'a [ServerRow],
    /// The list of servers was read, so that it is known whether there are any.
    pub servers_known: bool,
    pub servers_error: Option<&'a ServerListError>,
    /// Changes of the list are being saved.
    pub servers_saving: bool,
    /// The last changes were saved.
    pub servers_saved: bool,
    pub deployment: &'a Deployment,
}

/// Rules, and what is known of the log of events.
#[derive(Clone, Copy, Debug)]
pub struct EventsView<'a> {
    pub rules: &'a Rules,
    pub rules_file: Option<&'a Path>,
    pub rules_error: Option<&'a RulesError>,
    /// Why enabled rules can't fire now, by their names.
    pub obstacles: &'a [(String, Problem)],
    pub log_trouble: Option<&'a LogError>,
    /// Events since the page was last shown.
    pub unseen: usize,
}

impl EventsView<'_> {
    /// Why this rule can't fire now.
    #[must_use]
    pub fn obstacle(&self, name: &str) -> Option<&Problem> {
        self.obstacles.iter().find(|(of, _)| of == name).map(|(_, problem)| problem)
    }
}

/// The data set that frames are collected into, as the live view shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collecting {
    /// The data set's name.
    pub name: String,
    /// How many images it has.
    pub images: usize,
    /// What became of the last frame; `None`: none was collected since the data set was opened.
    pub last: Option<Collected>,
}

/// What became of a frame that is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collected {
    Saving,
    Saved,
    Failed,
}

/// Data sets.
#[derive(Clone, Copy, Debug)]
pub struct DatasetView<'a> {
    pub collecting: Option<&'a Collecting>,
    /// Where new ones are made.
    pub folder: &'a Path,
    /// Escape ends something on the page.
    pub holds_escape: bool,
    pub quitting: Option<&'a Quitting>,
}

/// Teaching, as other parts of the window need it.
#[derive(Clone, Copy, Debug)]
pub struct TeachView<'a> {
    /// Where new projects are made.
    pub folder: &'a Path,
    /// Escape ends something on the page.
    pub holds_escape: bool,
    pub quitting: Option<&'a TeachQuitting>,
}

/// What of a project that is being taught holds up quitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeachQuitting {
    /// So many changes and examples aren't saved yet.
    pub unsaved: usize,
    /// A model is being exported.
    pub exporting: bool,
}

/// What holds up quitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quitting {
    /// So many images aren't saved, or their labels.
    pub images: usize,
    /// What is running, whose result would be lost.
    pub work: Option<Work>,
    /// Why they can't be saved, with the fix; `None`: they are being saved.
    pub error: Option<String>,
}

/// Which execution provider ran which part of a model.
#[derive(Clone, Debug)]
pub enum Ran {
    /// A worker is finding out.
    Looking,
    Known(Vec<NodeShare>),
    Failed(String),
}

/// How far the search for the best number of threads is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TuneProgress {
    /// The number of threads that is being tried.
    pub threads: usize,
    /// Which trial it is, from 1, and of how many.
    pub place: (usize, usize),
}

/// What runs the current model.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpeedView<'a> {
    pub ran: Option<&'a Ran>,
    pub tune: Option<TuneProgress>,
}

/// What the snapshot button has begun.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShutterView<'a> {
    pub shutter: Shutter,
    /// Snapshots of a burst or a time lapse that were saved.
    pub saved: u32,
    /// Why what is waited for can't appear.
    pub problem: Option<&'a Problem>,
}

/// What the panels and pages show. Built once for each pass.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub strings: &'static Strings,
    pub language: Language,
    pub settings: &'a Settings,
    /// Where the settings are stored.
    pub settings_file: Option<&'a Path>,
    /// Where snapshots go if the user has chosen no folder.
    pub snapshot_folder: &'a Path,
    /// Where recordings go unless the user chose another folder.
    pub video_folder: &'a Path,
    pub recording: &'a crate::record::Status,
    pub source: &'a SourceState,
    pub model: &'a ModelState,
    pub stats: &'a Stats,
    /// How results are made, and the measurements behind that choice.
    pub pace: PaceReport,
    /// The newest result.
    pub prediction: Option<&'a Arc<Prediction>>,
    /// The result whose boxes are drawn: the newest one, or that moved to the frame that is shown.
    pub drawn: Option<&'a Arc<Prediction>>,
    pub thresholds: &'a Thresholds,
    pub cameras: &'a Cameras,
    pub library: LibraryView<'a>,
    pub events: EventsView<'a>,
    pub dataset: DatasetView<'a>,
    pub speed: SpeedView<'a>,
    pub shutter: ShutterView<'a>,
    pub lessons: LessonsView<'a>,
    /// On the gallery page, an item is open or some are selected.
    pub gallery_has_layer: bool,
    pub teach: TeachView<'a>,
    /// On the page with the model's inside, something is enlarged.
    pub inside_has_layer: bool,
    /// How the picture is changed on purpose before it is shown and run.
    pub perturbation: Perturbation,
    /// Seconds into a video, or the image's index in a folder.
    pub position: Option<f64>,
    pub as_fast_as_possible: bool,
    /// How many times its own rate a video is played at.
    pub playback_speed: f32,
    pub page: &'a Page,
    /// The help sheet is open.
    pub help: bool,
    /// The window started without the source and the model of the last time.
    pub safe: bool,
    /// A menu or a dialogue is open: it gets the keys.
    pub menu_open: bool,
    /// A text is being typed, or was until Escape took the focus from it.
    pub typing: bool,
    /// The newest message of a failure that is on screen.
    pub failure_shown: Option<u64>,
    pub full_screen: bool,
    /// Several models run on the same frames.
    pub comparing: bool,
    /// The preview is shown left-right reversed.
    pub mirrored: bool,
    /// The model that was just chosen by a key, to be named over the preview.
    pub announced: Option<&'a str>,
    /// There is a frame of the source to show.
    pub has_image: bool,
    /// How much of it is hidden, with privacy on.
    pub covered: Option<Covered>,
    /// The zones and lines of the source.
    pub zones: &'a SceneFile,
    /// Where they are saved.
    pub scene_path: Option<&'a Path>,
    /// The editor of zones and lines is open: it gets Escape, Enter and Delete.
    pub editing: bool,
}

impl View<'_> {
    /// Information about the source while it is open.
    #[must_use]
    pub fn info(&self) -> Option<&SourceInfo> {
        self.source.info()
    }

    /// The source's address; `None` if no source was chosen.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        self.source.address()
    }

    /// What the user calls the source that is chosen now: for a camera that plays, its own name.
    #[must_use]
    pub fn source_name(&self) -> Option<String> {
        current_source_name(self.source, self.cameras, self.strings)
    }

    /// The largest mode of the camera that plays, if it is larger than the frames that it sends now.
    #[must_use]
    pub fn larger_mode(&self) -> Option<CameraRequest> {
        larger_mode(self.source, self.cameras)
    }

    /// The camera that plays, if the source is one and it is listed.
    #[must_use]
    pub fn camera(&self) -> Option<&CameraInfo> {
        self.cameras.find(self.address()?, self.info().map(|info| info.name.as_str()))
    }

    /// Whether the source is separate images.
    #[must_use]
    pub fn is_still(&self) -> bool {
        self.pace() == Some(Pace::Stills)
    }

    /// The user has paused the source.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.source, SourceState::Paused { .. })
    }

    /// How the open source behaves in time.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.info().map(|info| info.pace)
    }

    /// The last position that can be sought: seconds of a video, index of an image.
    #[must_use]
    pub fn seek_end(&self) -> Option<f64> {
        let info = self.info()?;
        match info.pace {
            Pace::Live => None,
            Pace::Video => info.duration_s.filter(|d| d.is_finite() && *d > 0.0),
            Pace::Stills => info.frames.filter(|n| *n > 1).map(|n| (n - 1) as f64),
        }
    }

    /// The class names of the running model.
    #[must_use]
    pub fn labels(&self) -> Option<&Labels> {
        self.model.current.as_ref().map(|model| &model.spec.labels)
    }

    /// ONNX Runtime couldn't be found.
    #[must_use]
    pub fn lacks_runtime(&self) -> bool {
        matches!(&self.model.failed, Some((_, error)) if matches!(**error, ModelError::NoRuntime { .. }))
    }

    /// The model that is being opened, unless it is the running one in another way (with other threads, say).
    #[must_use]
    pub fn loading(&self) -> Option<&Path> {
        let running = self.model.current.as_ref().map(|model| model.path.as_path());
        self.model.opening.as_deref().filter(|opening| !running.is_some_and(|now| same_file(now, opening)))
    }

    /// The list's entry of the running model is this one.
    #[must_use]
    pub fn is_current(&self, entry: &ModelEntry) -> bool {
        self.model.current.as_ref().is_some_and(|model| is_of(entry, &model.path))
    }

    /// The measurement behind a model's number of threads, if there is one.
    #[must_use]
    pub fn tuned(&self, model: &ModelInfo) -> Option<&Tuned> {
        tuned(self.library.models, &model.path, &model.provider)
    }
}

/// The largest mode of the camera that plays, if it is larger than the frames that it sends now.
#[must_use]
pub fn larger_mode(state: &SourceState, cameras: &Cameras) -> Option<CameraRequest> {
    let SourceState::Playing { address, info } = state else { return None };
    camera::larger(&cameras.find(address, Some(&info.name))?.modes, info.size)
}

/// What the user calls the source that is chosen now: for a camera that plays, its own name.
#[must_use]
pub fn current_source_name(state: &SourceState, cameras: &Cameras, strings: &Strings) -> Option<String> {
    match (state.address(), state.info()) {
        (Some(address), Some(info)) if address.is_camera() => Some(info.name.clone()),
        (Some(address), _) => Some(cameras.source_name(address, strings)),
        (None, _) => None,
    }
}

/// Whether a source brings frame after frame, as an image doesn't.
#[must_use]
pub fn frames_come(source: &SourceState) -> bool {
    matches!(source, SourceState::Playing { info, .. } if info.pace != Pace::Stills)
}

/// Whether two paths name the same file, as far as their text tells.
#[must_use]
pub fn same_file(a: &Path, b: &Path) -> bool {
    a == b || (a.file_name() == b.file_name() && (a.ends_with(b) || b.ends_with(a)))
}

/// Whether an entry of the list is this file, or a copy of it in another folder.
#[must_use]
pub fn is_of(entry: &ModelEntry, path: &Path) -> bool {
    same_file(&entry.path, path) || entry.copies.iter().any(|copy| copy == path)
}

/// The list's entry of a model's file.
#[must_use]
pub fn listed<'a>(models: &'a [Arc<ModelEntry>], path: &Path) -> Option<&'a Arc<ModelEntry>> {
    models.iter().find(|entry| is_of(entry, path))
}

/// The measurement behind a model's number of threads, if there is one for this execution provider and this runtime.
#[must_use]
pub fn tuned<'a>(models: &'a [Arc<ModelEntry>], path: &Path, provider: &str) -> Option<&'a Tuned> {
    let version = runtime::loaded().map(runtime::Runtime::version);
    let tuned = listed(models, path)?.tuned.as_ref();
    tuned.filter(|t| t.provider == provider && version.is_none_or(|v| v == t.runtime))
}

/// The last part of a path, or all of it if it has none.
#[must_use]
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// The name of a model: that of its file without the ending, or that on its server.
#[must_use]
pub fn model_name(path: &Path) -> String {
    Some(crate::model::name_of(path))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(index: u32, name: &str) -> CameraInfo {
        CameraInfo {
            index,
            name: name.into(),
            bus: format!("usb-{name}"),
            path: format!("/dev/video{index}"),
            modes: Vec::new(),
            other_formats: Vec::new(),
            controls: Vec::new(),
            problem: None,
        }
    }

    #[test]
    fn a_camera_that_is_named_by_number_is_shown_by_its_name_even_when_it_is_unplugged() {
        let strings = Strings::of(Language::English);
        let address = Address::CameraIndex(1);
        let mut cameras = Cameras::default();
        assert_eq!(cameras.source_name(&address, strings), "Camera 2", "nothing is known yet");
        cameras.set(vec![camera(0, "Front"), camera(1, "Back")]);
        assert_eq!(cameras.source_name(&address, strings), "Back");
        assert_eq!(cameras.find(&address, None).map(|c| c.name.as_str()), Some("Back"));
        cameras.set(vec![camera(0, "Front")]);
        assert_eq!(cameras.source_name(&address, strings), "Back", "unplugged");
        cameras.remember_name(&Address::CameraIndex(3), "Side");
        assert_eq!(cameras.source_name(&Address::CameraIndex(3), strings), "Side", "it played");
    }
}
