//! What the user wants: panels report it, [`super::window::App`] does it, in one place.

use std::path::PathBuf;

use crate::engine::ResultPace;
use crate::library::search::SortOrder;
use crate::model::labels::Language;
use crate::model::sidecar::Sidecar;
use crate::save::SnapshotOptions;
use crate::settings::Theme;
use crate::source::{Address, CameraRequest};

/// What is chosen in a file dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// An image or a video.
    File,
    /// A folder of images.
    Folder,
    /// An ONNX model.
    Model,
    /// Where snapshots go.
    SnapshotFolder,
    /// ONNX Runtime's shared library.
    Runtime,
    /// A text file with a class name a line, for the model that is being explained.
    Labels,
    /// An ONNX model or an archive of models, for the library.
    ImportFile,
    /// A folder whose models are taken into the library.
    ImportFolder,
    /// A folder whose models are listed where they lie.
    WatchFolder,
}

/// What fills the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The image.
    #[default]
    Stage,
    Settings,
    /// The models on this computer and those to download.
    Library,
    /// "How to read this model", for this file.
    Reading(PathBuf),
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    OpenSource(Address),
    /// Open a camera in a mode of the user's choice.
    OpenCamera(Address, CameraRequest),
    TryAgain,
    /// Open a file or folder by what it is: a model, an image, a video.
    OpenPath(PathBuf),
    /// Open the camera at this place of the list.
    CameraNumber(usize),
    Choose(Choose),
    /// A path was typed where no dialogue could be shown.
    Typed(Choose, String),
    RefreshCameras,
    SetControl {
        id: u32,
        value: i64,
    },
    Pause(bool),
    Step,
    Seek(f64),
    /// This many images of a folder, or seconds of a video, on or back.
    Skip(i32),
    Loop(bool),
    AsFastAsPossible(bool),
    SetModel(PathBuf),
    /// Run the current model with this LoRA adapter, or with none.
    SetAdapter(Option<PathBuf>),
    /// Run the current model with this second one: a matting model for a style, a pose model for actions.
    SetCompanion(Option<PathBuf>),
    /// Run models on this execution provider; `None`: on the CPU.
    Device(Option<String>),
    /// Feed models that take any size as much as keeps this rate, in results a second; `None`: as much as they were made for.
    TargetRate(Option<u32>),
    /// Measure how many threads suit the running model.
    Tune,
    StopTune,
    NoModel,
    NextModel {
        back: bool,
    },
    /// Make it a favourite, or no longer.
    Favourite(PathBuf, bool),
    /// Show it under this name; empty: under its file's.
    RenameModel(PathBuf, String),
    VerifyModel(PathBuf),
    MeasureModel(PathBuf),
    RemoveModel {
        path: PathBuf,
        delete: bool,
    },
    ModelOrder(SortOrder),
    /// Fetch this entry of the catalogue.
    Pull(String),
    PausePull(String),
    ResumePull(String),
    CancelPull(String),
    /// Look at the same frames with several models, or with one again.
    Compare(bool),
    /// Compare with this model in this lane; a lane beyond the last is a new one.
    CompareWith(usize, PathBuf),
    /// Compare no longer with the model of this lane.
    CompareWithout(usize),
    /// Two models on an image each, or on the two sides of one.
    CompareTiles(bool),
    /// Where those sides meet, as a share of the image's width.
    CompareDivider(f32),
    Conf(f32),
    Iou(f32),
    /// How much of a style image, matte or depth map covers the image, 0..=1.
    Amount(f32),
    Classes(Vec<u32>),
    Snapshot,
    Mirror(bool),
    Figures(bool),
    ResultOnOwnFrame(bool),
    ResultPace(ResultPace),
    SidePanel(bool),
    FullScreen(bool),
    Help(bool),
    Show(Page),
    Language(Option<Language>),
    Theme(Theme),
    SnapshotOptions(SnapshotOptions),
    /// Use this reading of the model now.
    ApplyReading(PathBuf, Sidecar),
    /// Write it beside the model.
    SaveReading(PathBuf, Sidecar),
    OpenFolder(PathBuf),
    CopyText(String),
    Dismiss(u64),
    Quit,
}
