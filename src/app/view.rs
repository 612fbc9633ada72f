//! What the panels are given to show: plain data, borrowed for one pass.

use std::path::Path;

use super::library::LibraryView;
use super::strings::Strings;
use crate::engine::{ModelState, PaceReport, Prediction, SourceState, Stats};
use crate::model::labels::{Labels, Language};
use crate::model::{ModelError, Thresholds};
use crate::settings::Settings;
use crate::source::camera::CameraInfo;
use crate::source::{Address, Pace, SourceInfo};

/// The cameras, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cameras {
    /// `None`: never looked.
    pub items: Option<Vec<CameraInfo>>,
    /// A worker is looking.
    pub looking: bool,
}

impl Cameras {
    /// The known cameras.
    #[must_use]
    pub fn items(&self) -> &[CameraInfo] {
        self.items.as_deref().unwrap_or_default()
    }

    /// The one that `address` means, where it is known.
    #[must_use]
    pub fn find(&self, address: &Address, playing: Option<&str>) -> Option<&CameraInfo> {
        let items = self.items();
        match address {
            Address::Camera { .. } => items
                .iter()
                .find(|c| c.address() == *address)
                .or_else(|| by_name(items, &address.to_string())),
            Address::AnyCamera | Address::CameraIndex(_) => by_name(items, playing?),
            _ => None,
        }
    }
}

fn by_name<'a>(items: &'a [CameraInfo], name: &str) -> Option<&'a CameraInfo> {
    items.iter().find(|c| c.name == name)
}

/// What the panels show.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub strings: &'static Strings,
    pub language: Language,
    pub settings: &'a Settings,
    pub source: &'a SourceState,
    pub model: &'a ModelState,
    pub stats: &'a Stats,
    /// How results are made, and what was measured for it.
    pub pace: PaceReport,
    /// The newest result.
    pub prediction: Option<&'a Prediction>,
    pub thresholds: &'a Thresholds,
    pub cameras: &'a Cameras,
    /// The models on this computer and those to download.
    pub library: LibraryView<'a>,
    /// Seconds into a video, or the image's index in a folder.
    pub position: Option<f64>,
    pub as_fast_as_possible: bool,
    pub full_screen: bool,
    /// Several models look at the same frames.
    pub comparing: bool,
    /// An image of the source is there to be seen.
    pub has_image: bool,
}

impl View<'_> {
    /// What is known of the source, where it is open.
    #[must_use]
    pub fn info(&self) -> Option<&SourceInfo> {
        source_info(self.source)
    }

    /// The source's address, where there is one.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        source_address(self.source)
    }

    /// The source stands still because the user said so.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self.source, SourceState::Paused { .. })
    }

    /// How the open source behaves in time.
    #[must_use]
    pub fn pace(&self) -> Option<Pace> {
        self.info().map(|i| i.pace)
    }

    /// The class names of the running model.
    #[must_use]
    pub fn labels(&self) -> Option<&Labels> {
        self.model.current.as_ref().map(|card| &card.spec.labels)
    }

    /// ONNX Runtime isn't there.
    #[must_use]
    pub fn lacks_runtime(&self) -> bool {
        matches!(&self.model.failed, Some((_, error)) if matches!(**error, ModelError::NoRuntime { .. }))
    }
}

/// See [`View::info`].
#[must_use]
pub fn source_info(state: &SourceState) -> Option<&SourceInfo> {
    match state {
        SourceState::Playing { info, .. }
        | SourceState::Paused { info, .. }
        | SourceState::Ended { info, .. } => Some(info),
        _ => None,
    }
}

/// See [`View::address`].
#[must_use]
pub fn source_address(state: &SourceState) -> Option<&Address> {
    match state {
        SourceState::Closed => None,
        SourceState::Opening { address }
        | SourceState::Playing { address, .. }
        | SourceState::Paused { address, .. }
        | SourceState::Ended { address, .. }
        | SourceState::Failed { address, .. } => Some(address),
    }
}

/// What the user calls a source.
#[must_use]
pub fn address_name(address: &Address, strings: &Strings) -> String {
    match address {
        Address::AnyCamera => strings.any_camera.into(),
        Address::CameraIndex(index) => format!("{} {}", strings.camera, index + 1),
        Address::Camera { name, .. } => name.clone(),
        Address::Video(path) | Address::Image(path) | Address::Folder(path) => file_name(path),
        Address::Glob(text) | Address::Stream(text) => text.clone(),
        Address::Pattern { .. } => strings.test_pattern.into(),
    }
}

/// The last part of a path, or all of it where it has none.
#[must_use]
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// The name of a model's file without its ending.
#[must_use]
pub fn model_name(path: &Path) -> String {
    path.file_stem().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}
