//! What the user wants. Panels and pages report it; `window/dispatch.rs` hands it to the controller of its page.

use std::path::PathBuf;
use std::sync::Arc;

use super::dataset::document::Edit;
use super::deployment::DeployOrder;
pub use super::teach::intent::{ClassId, TeachIntent, TeachTab};
use crate::discard::Discarded;
use crate::engine::ResultPace;
use crate::events::{Deleted, EventRecord, ExportFormat, Filter, MqttBroker, Rule};
use crate::frame::perturb::Perturbation;
use crate::learn::inside::maps::Sorting;
use crate::learn::lessons::Reply;
use crate::library::records::ModelRecord;
use crate::library::search::SortOrder;
use crate::library::upkeep::Removed;
use crate::model::labels::Language;
use crate::model::sidecar::Sidecar;
use crate::privacy::Privacy;
use crate::record::RecordOptions;
use crate::save::{ShutterOptions, SnapshotOptions};
use crate::server::{SavedServer, ServerAddress, Token};
use crate::settings::{Theme, Tracking};
use crate::source::{Address, CameraRequest};
use crate::track::zones::SceneFile;

/// What fills the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The preview.
    #[default]
    Stage,
    Settings,
    /// The models on this computer and those to download.
    Library,
    /// What rules were told of, and the rules.
    Events,
    /// Images with labels.
    Dataset,
    /// Everything that was saved.
    Gallery,
    /// What the model does inside, beside the preview.
    Inside,
    /// The list of lessons.
    Lessons,
    /// Teaching a model new classes.
    Teach,
    /// "Configure model", for this file.
    Reading(PathBuf),
}

/// What the user wants, by the page or panel that is responsible for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    Source(SourceIntent),
    Model(ModelIntent),
    Result(ResultIntent),
    Library(LibraryIntent),
    Servers(ServersIntent),
    Compare(CompareIntent),
    Reading(ReadingIntent),
    Events(EventsIntent),
    Files(FilesIntent),
    Settings(SettingsIntent),
    Zones(ZonesIntent),
    Record(RecordIntent),
    Dataset(DatasetIntent),
    Shutter(ShutterIntent),
    Gallery(GalleryIntent),
    Inside(InsideIntent),
    Lessons(LessonsIntent),
    Teach(TeachIntent),
    Window(WindowIntent),
}

/// Where frames come from, and how they are played.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceIntent {
    Open(Address),
    /// Open a camera in a mode of the user's choice.
    OpenCamera(Address, CameraRequest),
    TryAgain,
    /// Open the camera at this place of the list.
    CameraNumber(usize),
    RefreshCameras,
    SetControl {
        id: u32,
        value: i64,
    },
    Pause(bool),
    /// One frame forward.
    Step,
    /// One frame back.
    StepBack,
    /// Play a video at this many times its own rate.
    Speed(f32),
    /// To this second of a video, or to the image of this index.
    Seek(f64),
    /// This many images of a folder forward or back.
    Skip(i32),
    Loop(bool),
    AsFastAsPossible(bool),
}

/// The running model, and what runs it.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelIntent {
    Open(PathBuf),
    /// Open it as the user says on the page "Configure model".
    OpenAs(PathBuf, Sidecar),
    /// Run these models on the same frames as the current one; an empty list ends the comparison.
    OpenCompared(Vec<PathBuf>),
    Close,
    Next {
        back: bool,
    },
    /// Run the current model with this LoRA adapter, or with none.
    Adapter(Option<PathBuf>),
    /// Run the current model with this second one: a matting model for a style, a pose model for actions.
    Companion(Option<PathBuf>),
    /// Run models on this execution provider; `None`: on the CPU.
    Device(Option<String>),
    /// Choose the input size of models that take any size so that this rate, in results a second, is kept; `None`: the
    /// size that each model was made for.
    TargetRate(Option<u32>),
    /// Measure how many threads suit the running model.
    Tune,
    StopTune,
}

/// Which results count, and how they are made and drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultIntent {
    Conf(f32),
    Iou(f32),
    /// Back to the limits of the model's family.
    UsualLimits,
    /// How much of a style image, matte or depth map covers the frame, 0..=1.
    Amount(f32),
    Classes(Vec<u32>),
    /// Move results to the frames that come until the next result is there.
    Follow(bool),
    OwnFrame(bool),
    Track(Tracking),
    /// How long trails are, in seconds.
    Trails(f64),
    /// Recognise tracked objects by their appearance with this model, if it can be used for that.
    TryAppearance(PathBuf),
    /// Do so with this model, which can; `None`: not at all.
    Appearance(Option<PathBuf>),
    Pace(ResultPace),
}

/// The models on this computer, and downloads.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryIntent {
    /// Make it a favourite, or no longer.
    Favourite(PathBuf, bool),
    /// Show it under this name; an empty name: under its file's.
    Rename(PathBuf, String),
    Verify(PathBuf),
    Measure(PathBuf),
    Remove {
        path: PathBuf,
        delete: bool,
    },
    /// Bring a removed model back, with what was remembered of it.
    Restore(Box<Removed>, Box<ModelRecord>),
    Order(SortOrder),
    /// Take models into the library: a file, a folder or an archive; then run the first one.
    Import {
        path: PathBuf,
        run: bool,
    },
    /// List the models of this folder, too.
    WatchFolder(PathBuf),
    /// Download this entry of the catalogue.
    Pull(String),
    PausePull(String),
    ResumePull(String),
    CancelPull(String),
    /// Write a model for an inference server; `replace`: in place of an earlier deployment of its name.
    Deploy {
        order: Box<DeployOrder>,
        replace: bool,
    },
    /// The folder to deploy into was chosen.
    DeployInto(PathBuf),
    /// The dialogue for deploying was closed.
    DeployClosed,
}

/// The inference servers.
#[derive(Clone, Debug, PartialEq)]
pub enum ServersIntent {
    /// The library is on screen: their list is read, and nobody is asked.
    Read,
    /// Read the list again, which couldn't be read.
    ReadAgain,
    /// Their list is on screen.
    Shown,
    /// Ask this server again what it has.
    Ask(ServerAddress),
    /// Save a server, or change what is saved for it; without a token the saved one stays.
    Add { server: Box<SavedServer>, token: Option<Token> },
    /// Forget it.
    Remove(ServerAddress),
}

/// Several models on the same frames. The first model has the index 0.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareIntent {
    /// Compare, or run one model again.
    Show(bool),
    /// Put this model at this index; an index after the last adds one.
    Use(usize, PathBuf),
    Remove(usize),
    /// Show two models on a preview each, or on the two sides of one.
    Tiles(bool),
    /// Where the two sides meet, as a share of the preview's width.
    Divider(f32),
}

/// The page "Configure model".
#[derive(Clone, Debug, PartialEq)]
pub enum ReadingIntent {
    /// Write it next to the model.
    Save(PathBuf, Sidecar),
    /// Read class names from this text file, one a line.
    Labels(PathBuf),
}

/// Events and rules.
#[derive(Clone, Debug, PartialEq)]
pub enum EventsIntent {
    /// Read events of the log, those before `after`.
    List {
        filter: Filter,
        after: Option<Box<EventRecord>>,
    },
    /// Delete the events of these numbers.
    Delete(Vec<i64>),
    /// Delete all events that fit.
    DeleteListed(Filter),
    Restore(Vec<Deleted>),
    Export(Filter, ExportFormat),
    /// Put this rule in the place of the one of this name, or after all.
    SaveRule(Option<String>, Box<Rule>),
    Enable(String, bool),
    DeleteRule(String),
    Broker(Option<Box<MqttBroker>>),
    /// In megabytes.
    LogLimit(u32),
    /// Carry out the action at this place now.
    Test(Box<Rule>, usize),
    /// Read the file of rules again.
    Reload,
}

/// Files and folders that are chosen, typed or dropped.
#[derive(Clone, Debug, PartialEq)]
pub enum FilesIntent {
    Choose(Choose),
    /// A path was typed because no file dialogue could be shown.
    Typed(Choose, String),
    /// The typed path was given up.
    CancelTyped,
    /// Type another network address; this one stands in the field.
    ChangeAddress(String),
    /// Open files and folders by what they are: models, images, a video.
    OpenPaths(Vec<PathBuf>),
    /// Show a folder in the system's file manager.
    OpenFolder(PathBuf),
    /// Move files to the trash.
    Discard(Vec<PathBuf>),
    /// Bring them back.
    Restore(Discarded),
}

/// What is chosen in a file dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// An image or a video.
    File,
    /// The address of a network stream, which is always typed.
    Address,
    /// A folder of images.
    Folder,
    /// An ONNX model.
    Model,
    /// Where snapshots go.
    SnapshotFolder,
    /// Where recordings go.
    VideoFolder,
    /// ONNX Runtime's shared library.
    Runtime,
    /// A text file with a class name a line, for the page "Configure model".
    Labels,
    /// An ONNX model or an archive of models, for the library.
    ImportFile,
    /// A folder whose models are taken into the library.
    ImportFolder,
    /// A folder whose models are listed without being moved.
    WatchFolder,
    /// A model that tells what objects look like, for tracking.
    Appearance,
    /// A scene file to use for this source.
    SceneImport,
    /// Where the scene file is written.
    SceneExport,
    /// A data set's folder.
    Dataset,
    /// A folder of another program's data set.
    DatasetImportFolder,
    /// COCO's JSON or YOLO's data.yaml.
    DatasetImportFile,
    /// The folder in which a data set is exported.
    DatasetExport,
    /// The folder in which a model is written for an inference server.
    DeployFolder,
    /// A folder of classes to teach.
    TeachProject,
    /// Images that become examples of this class.
    TeachFiles(ClassId),
    /// A folder of such images.
    TeachFolder(ClassId),
    /// The folder in which a model that was taught is written.
    TeachExport,
}

/// What is remembered between two starts.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsIntent {
    Language(Option<Language>),
    Theme(Theme),
    Snapshot(SnapshotOptions),
    SnapshotFolder(PathBuf),
    Recording(RecordOptions),
    VideoFolder(PathBuf),
    /// Load ONNX Runtime from this file.
    Runtime(PathBuf),
    Mirror(bool),
    /// The mirror of Hugging Face; `None`: Hugging Face itself.
    HubMirror(Option<String>),
    /// Width of lines over the preview; 1 fits the size of the frame.
    LineSize(f32),
    /// Size of names over the preview; 1 fits the size of the frame.
    LabelSize(f32),
    /// The figures lie over the preview.
    Figures(bool),
    SidePanel(bool),
    Privacy(Privacy),
}

/// Zones, lines and what else a scene file says.
#[derive(Clone, Debug, PartialEq)]
pub enum ZonesIntent {
    /// Open or close the editor.
    Edit(bool),
    /// The scene is this one from now on.
    Change(Arc<SceneFile>),
    Undo,
    Redo,
    /// Count from nothing.
    ResetCounts,
    Import(PathBuf),
    Export(PathBuf),
}

/// Recording videos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordIntent {
    /// Start, or stop.
    Toggle,
    /// Hold the recording, or go on.
    Pause(bool),
    /// Save the seconds that are kept in memory.
    SaveLast,
}

/// Data sets.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetIntent {
    /// Save what is shown into the data set, with what was found as suggestions.
    Collect,
    /// Open the data set in this folder.
    Open(PathBuf),
    /// Make one of this name.
    Create(String),
    /// Close it.
    Close,
    /// Show the image at this place.
    Show(usize),
    /// Show the next image that nobody has decided about.
    ShowNextOpen,
    /// Change the labels of the image that is shown.
    Edit(Edit),
    Undo,
    Redo,
    /// Save the labels that couldn't be saved.
    SaveAgain,
    /// Quit although labels aren't saved.
    QuitAnyway,
    /// Don't quit.
    KeepOpen,
    /// Look for blurred images and those that are alike.
    Check,
    /// End what a worker does for the page.
    Stop,
    /// Copy a data set of another program into a new one.
    Import(PathBuf),
    /// Export into a new folder in this one.
    ExportInto(PathBuf),
    /// Export as the dialogue says.
    Export,
    /// Run these models over the data set.
    Evaluate(Vec<PathBuf>),
}

/// The gallery. Items are named by their ids.
#[derive(Clone, Debug, PartialEq)]
pub enum GalleryIntent {
    /// Show it large.
    Open(u64),
    /// Leave the large view, else the selection.
    Back,
    /// Show the item so many places after this one.
    Step(isize),
    Boxes(bool),
    Play(bool),
    /// To this second of the video.
    Seek(f64),
    Rename(u64, String),
    Delete(Vec<u64>),
    CopyFiles(Vec<u64>),
    CopyPaths(Vec<u64>),
    ShowFolder(u64),
}

/// The tabs of the page that shows a model's inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InsideTab {
    /// The tensor that the network is given, and how the picture becomes it.
    Input,
    /// What the network answers before it becomes results.
    Output,
    /// The layers, as a list or as a diagram.
    #[default]
    Layers,
    /// The channels of one tensor, live.
    Maps,
    /// Which parts of the picture a result rests on.
    Why,
    /// Changes of the picture before the model sees it.
    Perturb,
}

impl InsideTab {
    /// All of them, as they stand in the window.
    pub const ALL: [Self; 6] =
        [Self::Input, Self::Output, Self::Layers, Self::Maps, Self::Why, Self::Perturb];
}

/// Which maps are shown once some were frozen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapsOf {
    /// Those of the newest frame.
    #[default]
    Live,
    /// Those that were frozen.
    Frozen,
    /// The live ones less the frozen ones.
    Difference,
}

/// What a result is explained by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhyMethod {
    /// Class activation maps, exact for classifiers that end in a mean and one linear layer, else `EigenCAM`.
    #[default]
    Activation,
    /// Parts of the picture are covered, one after the other.
    Occlusion,
}

/// Which result is explained.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum WhyTarget {
    /// The surest one.
    #[default]
    Surest,
    /// The class of this number.
    Class(u32),
    /// The box at this point of the frame, in frame pixels.
    At([f32; 2]),
}

/// What a model does inside.
#[derive(Clone, Debug, PartialEq)]
pub enum InsideIntent {
    /// Show this tab; shows the page if it isn't shown.
    Tab(InsideTab),
    /// Select the layer that is this node of the graph; `None`: none.
    Layer(Option<usize>),
    /// Show the layers as a diagram, or as a list.
    Diagram(bool),
    /// Show the maps of this tensor of the graph, on the tab for maps; `None`: of the layer that says most.
    Tensor(Option<String>),
    /// Show the maps of the first convolution.
    FirstMaps,
    /// Enlarge this channel; `None`: show all.
    Channel(Option<usize>),
    /// In which order channels are shown; choosing the order again sorts anew.
    Sort(Sorting),
    /// Show the channels after the first `n`·64.
    Part(usize),
    /// Keep the maps as they are now to compare with, or let go of them.
    Freeze(bool),
    /// Which maps are shown.
    Maps(MapsOf),
    /// Lay the enlarged channel, the attention or the explanation over the preview.
    Overlay(bool),
    /// How much that covers, 0..=1.
    Opacity(f32),
    /// Measure the layers again.
    Measure,
    /// Try again what failed, or explain the newest frame.
    Again,
    /// Show the output of this place among the file's own.
    Output(usize),
    /// Show the scores of this class alone; `None`: the best of all.
    Class(Option<u32>),
    /// Show the scores of this level of the head.
    Level(usize),
    /// Show suppression up to this candidate; the picture is held meanwhile.
    Step(usize),
    /// Let go of the held picture: the newest one is shown again.
    GoOn,
    /// The temperature of the softmax; 1 is the model's own.
    Temperature(f32),
    /// Take the mask of the object with this box apart, in frame pixels; `None`: of the surest one.
    MaskObject(Option<[f32; 4]>),
    /// Show so many terms of the sum that a mask is made of; `None`: all.
    MaskTerms(Option<usize>),
    /// Compare the tensors of the running model with those of this one; `None`: no longer.
    Against(Option<PathBuf>),
    /// Change every picture like this before it is shown and run.
    Perturb(Perturbation),
    /// How results are explained.
    Method(WhyMethod),
    /// Which result is explained.
    Why(WhyTarget),
    /// Open a picture that comes with the program and set this tab up so that one sees what it is about.
    ShowMe(InsideTab),
    /// Leave the enlarged channel or the selected layer.
    Back,
}

/// Lessons.
#[derive(Clone, Debug, PartialEq)]
pub enum LessonsIntent {
    /// Begin the lesson of this id, or go on with it.
    Begin(String),
    Answer(Reply),
    Next,
    Back,
    /// Show again what the step shows.
    SetUp,
    /// End it: the window goes back to what the user had.
    Close,
    /// End it and show the list of lessons.
    List,
}

/// The snapshot button.
#[derive(Clone, Debug, PartialEq)]
pub enum ShutterIntent {
    /// Begin what is chosen, or stop what goes on.
    Press,
    Cancel,
    /// One snapshot at once, whatever is chosen.
    TakeNow,
    Options(ShutterOptions),
    /// Open the menu beside the button.
    Menu,
    CopyPicture,
}

/// The window itself.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowIntent {
    Show(Page),
    FullScreen(bool),
    Help(bool),
    CopyText(String),
    /// Take a message away.
    Dismiss(u64),
    /// Open the source and the model of the last time, without which the window started.
    OpenRemembered,
    Quit,
}
