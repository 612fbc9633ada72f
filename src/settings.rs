//! The settings: one TOML file that people can read and edit.
//!
//! Every field has a default, so files of older versions load. Of files of newer versions, fields that this version doesn't
//! know are kept at any depth, and values that it doesn't know are left out.

mod file;
mod saver;
mod unknown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use file::{
    CONFIG_VARIABLE, SettingsError, load, peek_mirrors, peek_model_folders, peek_pictures, peek_window, save,
    settings_file,
};
pub use saver::Saver;
pub use unknown::Unknown;

use crate::engine::ResultPace;
use crate::learn::lessons::Progress;
use crate::model::labels::Language;
use crate::privacy::Privacy;
use crate::record::RecordOptions;
use crate::save::{ShutterOptions, SnapshotOptions};
use crate::source::{Address, CameraRequest};
use crate::track::TrackerKind;

/// Number of recent sources, and of recent data sets.
const RECENT_LIMIT: usize = 8;

/// Whether and how objects are tracked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tracking {
    /// Only for zones, lines and rules.
    #[default]
    Off,
    ByteTrack,
    OcSort,
}

impl Tracking {
    /// All choices, in the order of the window.
    pub const ALL: [Self; 3] = [Self::Off, Self::ByteTrack, Self::OcSort];

    /// The tracker, if the user wants one.
    #[must_use]
    pub fn kind(self) -> Option<TrackerKind> {
        match self {
            Self::Off => None,
            Self::ByteTrack => Some(TrackerKind::ByteTrack),
            Self::OcSort => Some(TrackerKind::OcSort),
        }
    }
}

/// Light, dark, or the system's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// What a list of models is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SortOrder {
    /// Favourites, then those used last, then by name.
    #[default]
    Recent,
    Name,
    Task,
    /// The fastest first.
    Speed,
    /// The smallest first.
    Size,
}

impl SortOrder {
    /// Every order, as menus show them.
    pub const ALL: [Self; 5] = [Self::Recent, Self::Name, Self::Task, Self::Speed, Self::Size];
}

/// Which detections of a model count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Lowest score, 0..=1.
    pub conf: f32,
    /// Largest overlap (IoU) of two boxes of a class, 0..=1.
    pub iou: f32,
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// `None`: the system's.
    pub language: Option<Language>,
    pub theme: Theme,
    /// The last model; `None`: the default one.
    pub model: Option<PathBuf>,
    pub mirror: bool,
    /// The figures are drawn over the preview.
    pub figures: bool,
    /// Opacity of a style image, matte or depth map over the preview, 0..=1.
    pub amount: f32,
    /// The matting model that limits styles to the person; `None`: the whole frame.
    pub matte: Option<PathBuf>,
    /// The pose model for models of actions; `None`: the first that is found.
    pub pose: Option<PathBuf>,
    /// The execution provider that models run on; `None`: the CPU.
    pub device: Option<String>,
    /// Results per second that models of variable input size should reach; `None`: their own size, at any rate.
    pub target_rate: Option<u32>,
    /// Move results to the frames that come until the next result is there.
    pub follow_objects: bool,
    /// Whether and how objects are tracked.
    pub tracking: Tracking,
    /// How long the trails of tracked objects are, in seconds.
    pub trail_seconds: f64,
    /// The model by which tracked objects are recognised when they come back; `None`: they aren't.
    pub appearance: Option<PathBuf>,
    /// Show each result on the frame it was made from, instead of on the newest frame.
    pub result_on_own_frame: bool,
    /// Whether results are as new as possible or as many as possible.
    pub result_pace: ResultPace,
    pub side_panel: bool,
    /// Width of lines over the preview; 1 fits the size of the frame. 0.5..=3.
    pub line_size: f32,
    /// Size of names over the preview; 1 fits the size of the frame. 0.5..=3.
    pub label_size: f32,
    /// The models that the user chose to compare with the one that ran.
    pub compare_models: Vec<PathBuf>,
    /// Two compared models have a view each, instead of the two sides of one.
    pub compare_tiles: bool,
    /// Where the two sides meet, as a share of the view's width.
    pub compare_divider: f32,
    /// Restart videos and folders at their end.
    pub looping: bool,
    /// Width and height of the window, in points.
    pub window: Option<(f32, f32)>,
    /// The window filled the screen when it was left; `window` is its size before that.
    pub maximised: bool,
    /// ONNX Runtime's shared library; `None`: Sightline looks for it.
    pub onnxruntime: Option<PathBuf>,
    /// Folders of models in addition to the usual ones.
    pub model_folders: Vec<PathBuf>,
    /// The mirror that models are downloaded from first: a folder or an address.
    pub model_mirror: Option<String>,
    /// The mirror of Hugging Face that models are downloaded from; `HF_ENDPOINT` goes before it.
    pub hub_mirror: Option<String>,
    /// The order of the list of models.
    pub model_order: SortOrder,
    /// The last source; `None`: the best camera.
    pub source: Option<Address>,
    /// Newest first.
    pub recent: Vec<Address>,
    pub snapshot: SnapshotOptions,
    pub recording: RecordOptions,
    /// The data sets that were open, the newest first: that is the one which frames are collected into.
    pub datasets: Vec<PathBuf>,
    /// The projects that were taught, the newest first.
    pub teach_projects: Vec<PathBuf>,
    /// What the snapshot button does.
    pub shutter: ShutterOptions,
    /// Who is hidden on screen and in everything that is saved or sent.
    pub privacy: Privacy,
    /// The limits that were changed for a model, by the SHA-256 of its file; other models have those of their family.
    pub limits: BTreeMap<String, Limits>,
    /// How each camera is opened, by its name.
    pub cameras: BTreeMap<String, CameraRequest>,
    /// How far lessons are, by their ids.
    pub lessons: BTreeMap<String, Progress>,
    /// What a newer version wrote and this one doesn't know: it is written again.
    #[serde(skip)]
    pub unknown: Unknown,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::System,
            model: None,
            mirror: false,
            figures: false,
            amount: 1.0,
            matte: None,
            pose: None,
            device: None,
            target_rate: None,
            follow_objects: true,
            tracking: Tracking::Off,
            trail_seconds: 2.0,
            appearance: None,
            result_on_own_frame: false,
            result_pace: ResultPace::default(),
            side_panel: true,
            line_size: 1.0,
            label_size: 1.0,
            compare_models: Vec::new(),
            compare_tiles: false,
            compare_divider: 0.5,
            looping: true,
            window: None,
            maximised: false,
            onnxruntime: None,
            model_folders: Vec::new(),
            model_mirror: None,
            hub_mirror: None,
            model_order: SortOrder::default(),
            source: None,
            recent: Vec::new(),
            snapshot: SnapshotOptions::default(),
            recording: RecordOptions::default(),
            datasets: Vec::new(),
            teach_projects: Vec::new(),
            shutter: ShutterOptions::default(),
            privacy: Privacy::default(),
            limits: BTreeMap::new(),
            cameras: BTreeMap::new(),
            lessons: BTreeMap::new(),
            unknown: Unknown::default(),
        }
    }
}

impl Settings {
    /// Limits values to their ranges: a file edited by hand can hold others.
    fn clamp(&mut self) {
        let default = Self::default();
        let unit = |v: f32, d: f32| if v.is_finite() { v.clamp(0.0, 1.0) } else { d };
        self.limits.retain(|_, limits| limits.conf.is_finite() && limits.iou.is_finite());
        for limits in self.limits.values_mut() {
            *limits = Limits { conf: limits.conf.clamp(0.0, 1.0), iou: limits.iou.clamp(0.0, 1.0) };
        }
        self.amount = unit(self.amount, default.amount);
        self.compare_divider = unit(self.compare_divider, default.compare_divider);
        self.snapshot.quality = self.snapshot.quality.clamp(1, 100);
        self.shutter.clamp();
        let scale = |v: f32| if v.is_finite() { v.clamp(0.5, 3.0) } else { 1.0 };
        (self.line_size, self.label_size) = (scale(self.line_size), scale(self.label_size));
        // Versions before 0.2 wrote paths as they were typed; from another folder they name nothing, or something else.
        self.recent.retain(|address| !address.is_relative());
        self.recent.truncate(RECENT_LIMIT);
        self.datasets.retain(|path| path.is_absolute());
        self.datasets.truncate(RECENT_LIMIT);
        self.teach_projects.retain(|path| path.is_absolute());
        self.teach_projects.truncate(RECENT_LIMIT);
        self.source.take_if(|address| address.is_relative());
        self.window =
            self.window.filter(|(w, h)| (320.0..=16_384.0).contains(w) && (240.0..=16_384.0).contains(h));
    }

    /// The settings without paths that aren't valid Unicode, which TOML can't hold.
    fn writable(&self) -> Self {
        let mut settings = self.clone();
        for path in [
            &mut settings.model,
            &mut settings.matte,
            &mut settings.pose,
            &mut settings.onnxruntime,
            &mut settings.snapshot.folder,
        ] {
            path.take_if(|path| path.to_str().is_none());
        }
        for paths in [&mut settings.compare_models, &mut settings.model_folders] {
            paths.retain(|path| path.to_str().is_some());
        }
        settings.source.take_if(|address| !address.is_unicode());
        settings.recent.retain(Address::is_unicode);
        settings
    }

    /// Records that a source was opened, by its whole path. Paths that aren't valid Unicode can't be written and are left
    /// out.
    pub fn remember_source(&mut self, address: &Address) {
        let address = &address.absolute();
        if !address.is_unicode() {
            return;
        }
        self.source = Some(address.clone());
        if !address.is_camera() {
            self.recent.retain(|a| a != address);
            self.recent.insert(0, address.clone());
            self.recent.truncate(RECENT_LIMIT);
        }
    }

    /// Records that a data set was opened, if its path can be written.
    pub fn remember_dataset(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if path.to_str().is_some() {
            self.datasets.retain(|old| *old != path);
            self.datasets.insert(0, path);
            self.datasets.truncate(RECENT_LIMIT);
        }
    }

    /// Records that a project was opened to be taught, if its path can be written.
    pub fn remember_teach_project(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if path.to_str().is_some() {
            self.teach_projects.retain(|old| *old != path);
            self.teach_projects.insert(0, path);
            self.teach_projects.truncate(RECENT_LIMIT);
        }
    }

    /// Records that a model was opened, if its path can be written.
    pub fn remember_model(&mut self, path: &Path) {
        let path = crate::model::whole_path(path);
        if path.to_str().is_some() {
            self.model = Some(path);
        }
    }
}

#[cfg(test)]
mod tests;
