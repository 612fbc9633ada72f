//! Named threads for slow work: listing cameras, file dialogues, reading and writing files.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::dataset::document::Document;
use super::dataset::pictures::{Read, Wish};
use super::dataset::state::{Evaluated, Flags};
use super::deployment::DeployOrder;
use super::intent::{Choose, Intent};
use super::labels_file::LabelsError;
use super::strings::Strings;
use super::teach::TeachDone;
use crate::dataset::measure::MeasureError;
use crate::dataset::{CollectError, Collector, DatasetError, Exported, Problem};
use crate::deploy::{DeployError, Deployed};
use crate::discard::{DiscardError, Discarded};
use crate::events::actions::ActionError;
use crate::events::{self, Deleted, Filter, LogError, LogSummary, Rules, RulesError};
use crate::frame::Frame;
use crate::gallery::RenameError;
use crate::learn::lessons;
use crate::library::download::{DownloadError, Ticket};
use crate::library::import::{ImportError, Imported};
use crate::library::records::ModelRecord;
use crate::library::servers::ReachedServer;
use crate::library::upkeep::{Removed, UpkeepError, Verdict};
use crate::model::isolation::Ending;
use crate::model::nodes::NodeShare;
use crate::model::sidecar::Sidecar;
use crate::model::{Inspection, ModelError};
use crate::save::{Saved, SnapshotError};
use crate::scene::Scene;
use crate::server::{ServerAddress, ServerError, ServerList, ServerListError};
use crate::source::SourceError;
use crate::source::address::IMAGE_EXTENSIONS;
use crate::source::camera::CameraInfo;
use crate::track::zones::{SceneFile, SceneFileError};

/// What a worker brought.
pub enum Done {
    /// Something was written; nothing is to be shown.
    Nothing,
    /// The worker found out what the user's wish means.
    Ask(Vec<Intent>),
    /// It didn't work: why, and the fix.
    Failed(String),
    Cameras(Vec<CameraInfo>),
    Library(LibraryDone),
    Servers(ServersDone),
    Events(EventsDone),
    Dataset(DatasetDone),
    Gallery(GalleryDone),
    Lessons(LessonsDone),
    Teach(TeachDone),
    /// What was chosen in a file dialogue: several files where it takes several, none if the user closed it.
    Chosen(Choose, Vec<PathBuf>),
    /// What a typed path means, or why it can't be opened.
    Typed(Result<Intent, SourceError>),
    /// No file dialogue can be shown here.
    NoDialogue(Choose),
    /// A snapshot, with the series that it belongs to.
    Snapshot(Option<u64>, Result<Box<Saved>, SnapshotError>),
    /// A snapshot at the camera's full resolution.
    Still(Box<StillSaved>),
    /// The picture was copied, or the clipboard doesn't take it.
    CopiedPicture(bool),
    /// The tick of a countdown can't be played.
    NoSound(ActionError),
    /// Files were moved to the trash.
    Discarded(Result<Discarded, DiscardError>),
    /// So many files were brought back.
    Restored(Result<usize, DiscardError>),
    /// Which provider ran which part of a model.
    Ran(PathBuf, Result<Vec<NodeShare>, String>),
    /// The model of the last time isn't opened, because it ended its process then; what is asked for instead.
    NotOpened(PathBuf, Ending, Option<Intent>),
    Inspected(PathBuf, Option<Sidecar>, Result<Box<Inspection>, ModelError>),
    ReadingSaved(PathBuf, Result<Box<Sidecar>, ModelError>),
    /// The class names for the model at the path.
    Labels(PathBuf, Result<Vec<String>, LabelsError>),
    /// A scene file was read.
    Scene(PathBuf, Result<Arc<SceneFile>, SceneFileError>),
    /// The source's own scene file was written.
    SceneSaved(Result<(), SceneFileError>),
    /// A copy of it was written for the user.
    SceneExported(PathBuf, Result<(), SceneFileError>),
    /// The worker ended without a result.
    Broken,
}

/// A snapshot that was to be taken at the camera's full resolution.
pub struct StillSaved {
    pub saved: Result<Saved, SnapshotError>,
    pub size: (u32, u32),
    /// How long the preview paused; or why it was saved as on screen instead.
    pub paused: Result<Duration, String>,
}

/// What a worker did for the gallery.
pub enum GalleryDone {
    /// The picture of an item, with or without boxes.
    Loaded(u64, bool, Result<Loaded, String>),
    Renamed(Result<(), RenameError>),
    /// So many files are in the clipboard; `None`: it doesn't take them.
    Copied(Option<usize>),
}

/// What a worker did for lessons.
pub enum LessonsDone {
    /// The lessons, and the folder of the user's own.
    Listed(Vec<lessons::Listed>, Option<PathBuf>),
    /// The pictures lie in this folder; or why they can't be written.
    Samples(Result<PathBuf, String>),
}

/// A picture of the gallery, and what is drawn over it.
pub struct Loaded {
    pub frame: Arc<Frame>,
    pub scene: Option<Arc<Scene>>,
}

/// What a worker did with events and rules.
pub enum EventsDone {
    /// The rules were read.
    Loaded(Result<Rules, RulesError>),
    Saved(Result<(), RulesError>),
    Listed(Result<Box<Listed>, LogError>),
    /// Events were deleted; they can be brought back, unless they were too many to be kept.
    Deleted(Vec<Deleted>),
    /// The log was changed.
    Changed,
    /// So many events were written to this file.
    Exported(u64, PathBuf),
    LogFailed(LogError),
}

/// What a worker did with a data set. The number says of which one: they are counted as they are opened.
pub enum DatasetDone {
    Opened(u64, Result<Box<OpenedDataset>, DatasetError>),
    /// A frame was collected.
    Collected(u64, Result<(), CollectError>),
    /// Labels were saved, but for those of these images, and why.
    Saved(u64, Vec<usize>, Option<DatasetError>),
    /// A picture was read.
    Picture(u64, Box<Read>),
    /// Images were looked at.
    Checked(u64, Flags),
    Exported(u64, Result<Box<Exported>, DatasetError>),
    /// Models were measured.
    Evaluated(u64, Result<Box<Evaluated>, MeasureError>),
    /// The worker that was to do this ended without a result.
    Broken(u64, DatasetJob),
}

/// What a worker is to do with a data set.
#[derive(Debug)]
pub enum DatasetJob {
    /// Open, make or import it.
    Open,
    Collect,
    /// Save the labels of the images at these places.
    Save(Vec<usize>),
    Picture(Wish),
    /// Check, export or measure.
    Work,
}

/// A data set as a worker read it.
pub struct OpenedDataset {
    pub document: Document,
    pub root: PathBuf,
    /// What couldn't be read.
    pub problems: Vec<Problem>,
    /// So many images were missing where it was imported from.
    pub missing: usize,
    pub collector: Collector,
}

/// Events as a worker read them.
#[derive(Default)]
pub struct Listed {
    pub filter: Filter,
    /// They follow those that are listed.
    pub follows: bool,
    pub page: events::Page,
    /// Next to the events.
    pub pictures: Vec<Option<egui::ColorImage>>,
    pub count: u64,
    pub summary: LogSummary,
}

/// What a worker did in the library.
pub enum LibraryDone {
    /// A download, by the entry's id, has begun.
    Pull(String, Result<Ticket, DownloadError>),
    /// A model, by its name, was compared with its published or remembered hash.
    Verified(String, Result<Verdict, ModelError>),
    /// A model, by its file, was removed; `true`: deleted permanently.
    Removed(PathBuf, bool, Box<ModelRecord>, Result<Removed, UpkeepError>),
    /// A model was brought back from the trash.
    Restored(PathBuf, Result<(), UpkeepError>),
    Imported(Box<Taken>),
    /// The running model's file is gone.
    FileGone(PathBuf),
    /// A model was written for an inference server; `None`: the worker ended without a result.
    Deployed(Box<DeployOrder>, Option<Result<Box<Deployed>, DeployError>>),
}

/// What a worker did for the list of inference servers.
pub enum ServersDone {
    /// It was read; before this change of it.
    List(u64, Result<ServerList, ServerListError>),
    /// It was changed and saved: what it is now.
    Saved(Result<ServerList, ServerListError>),
    /// A server was asked what it has, with this question.
    Asked(ServerAddress, u64, Result<Box<ReachedServer>, ServerError>),
    /// The worker that was to do this ended without a result.
    Broken(ServersJob),
}

/// What a worker is to do for the list of inference servers.
#[derive(Debug)]
pub enum ServersJob {
    Read,
    Save,
    Ask(ServerAddress, u64),
}

/// The models that were taken in, and those that couldn't be.
#[derive(Debug)]
pub struct Taken {
    pub imported: Vec<Imported>,
    pub failed: Vec<ImportError>,
    /// Run the first one.
    pub run: bool,
}

/// The answer of a file dialogue.
type Choice = Pin<Box<dyn Future<Output = Option<Vec<rfd::FileHandle>>> + Send>>;

/// The answer of a dialogue that takes one file or folder.
fn one(choice: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static) -> Choice {
    Box::pin(async { choice.await.map(|file| vec![file]) })
}

/// Starts workers and gathers what they bring.
pub struct Workers {
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    /// What is told for workers that couldn't be started.
    not_started: Mutex<Vec<Done>>,
    ctx: egui::Context,
    /// The next worker ends without a result.
    #[cfg(test)]
    pub break_next: std::sync::atomic::AtomicBool,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").finish_non_exhaustive()
    }
}

impl Workers {
    /// No worker yet; `ctx` is woken when one is done.
    #[must_use]
    pub fn new(ctx: egui::Context) -> Self {
        let (sender, receiver) = bounded(32);
        Self {
            sender,
            receiver,
            not_started: Mutex::default(),
            ctx,
            #[cfg(test)]
            break_next: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// Does `job` on a thread of that name.
    pub fn run(&self, name: &str, job: impl FnOnce() -> Done + Send + 'static) {
        self.run_or(name, Done::Broken, job);
    }

    /// Does `job` on a thread of that name; if it ends without a result, or no thread can be started, the result is `broken`.
    pub fn run_or(&self, name: &str, broken: Done, job: impl FnOnce() -> Done + Send + 'static) {
        let (sender, ctx) = (self.sender.clone(), self.ctx.clone());
        // Shared, so that it is still there if the thread isn't.
        let broken = Arc::new(Mutex::new(Some(broken)));
        let for_panics = Arc::clone(&broken);
        #[cfg(test)]
        let breaks = self.break_next.swap(false, std::sync::atomic::Ordering::Relaxed);
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let job = move || {
                #[cfg(test)]
                assert!(!breaks, "on purpose");
                job()
            };
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
            let done = done.unwrap_or_else(|_| taken(&for_panics));
            let _ = sender.send(done);
            ctx.request_repaint();
        });
        if let Err(error) = started {
            tracing::error!("no thread for {name}: {error}");
            self.not_started.lock().unwrap_or_else(PoisonError::into_inner).push(taken(&broken));
            self.ctx.request_repaint();
        }
    }

    /// The window's context, for textures.
    #[must_use]
    pub fn context(&self) -> &egui::Context {
        &self.ctx
    }

    /// Wakes the window, from any thread.
    #[must_use]
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let ctx = self.ctx.clone();
        Arc::new(move || ctx.request_repaint())
    }

    /// The next result, or `None` if no worker has finished.
    #[must_use]
    pub fn next(&self) -> Option<Done> {
        let not_started = self.not_started.lock().unwrap_or_else(PoisonError::into_inner).pop();
        not_started.or_else(|| self.receiver.try_recv().ok())
    }

    /// Shows a file dialogue. It is made on the interface's thread, as some systems demand, and waited for on
    /// another.
    pub fn choose(&self, what: Choose, strings: &Strings, window: &eframe::Frame) {
        let dialogue = rfd::AsyncFileDialog::new().set_parent(window);
        let images: Vec<&str> = IMAGE_EXTENSIONS.to_vec();
        let videos = ["mp4", "mkv", "mov", "avi", "webm", "m4v", "mpg", "mpeg", "ts", "wmv", "flv"];
        let both: Vec<&str> = images.iter().copied().chain(videos).collect();
        let future: Choice = match what {
            Choose::File | Choose::Address => {
                let dialogue =
                    dialogue.set_title(strings.open_file).add_filter(strings.image_or_video, &both);
                one(dialogue.add_filter("*", &["*"]).pick_file())
            }
            Choose::Model => {
                one(dialogue.set_title(strings.open_model).add_filter("ONNX", &["onnx"]).pick_file())
            }
            Choose::Labels => one(dialogue.set_title(strings.labels_file).pick_file()),
            Choose::Appearance => {
                let dialogue =
                    dialogue.set_title(strings.tracking.choose_model).add_filter("ONNX", &["onnx"]);
                one(dialogue.pick_file())
            }
            Choose::Runtime => one(dialogue.set_title(strings.choose_runtime).pick_file()),
            Choose::ImportFile => {
                let dialogue = dialogue.set_title(strings.open_model).add_filter("ONNX", &["onnx", "zip"]);
                one(dialogue.pick_file())
            }
            Choose::ImportFolder | Choose::WatchFolder => {
                one(dialogue.set_title(strings.open_folder).pick_folder())
            }
            Choose::SceneImport => {
                let dialogue = dialogue.set_title(strings.zones.import);
                one(dialogue.add_filter(strings.zones.scene_file, &["toml"]).pick_file())
            }
            Choose::SceneExport => {
                let dialogue = dialogue.set_title(strings.zones.export).set_file_name("scene.toml");
                one(dialogue.add_filter(strings.zones.scene_file, &["toml"]).save_file())
            }
            Choose::Dataset => one(dialogue.set_title(strings.datasets.open).pick_folder()),
            Choose::DatasetImportFolder => one(dialogue.set_title(strings.datasets.import).pick_folder()),
            Choose::DatasetImportFile => {
                let dialogue = dialogue.set_title(strings.datasets.import);
                let dialogue = dialogue.add_filter("COCO, YOLO", &["json", "yaml", "yml"]);
                one(dialogue.pick_file())
            }
            Choose::DatasetExport => one(dialogue.set_title(strings.datasets.export_title).pick_folder()),
            Choose::DeployFolder => one(dialogue.set_title(strings.deploy.folder).pick_folder()),
            Choose::TeachProject => one(dialogue.set_title(strings.teach.open).pick_folder()),
            Choose::TeachFiles(_) => {
                let dialogue = dialogue.set_title(strings.teach.add_files);
                Box::pin(dialogue.add_filter(strings.teach.images, &images).pick_files())
            }
            Choose::TeachFolder(_) => one(dialogue.set_title(strings.teach.add_folder).pick_folder()),
            Choose::TeachExport => one(dialogue.set_title(strings.teach.folder).pick_folder()),
            Choose::Folder => one(dialogue.set_title(strings.open_folder).pick_folder()),
            Choose::SnapshotFolder => one(dialogue.set_title(strings.snapshot_folder).pick_folder()),
            Choose::VideoFolder => one(dialogue.set_title(strings.recording.title).pick_folder()),
        };
        self.run("file dialogue", move || {
            let start = Instant::now();
            match pollster::block_on(future) {
                Some(files) => Done::Chosen(what, files.iter().map(|file| file.path().to_owned()).collect()),
                // No user closes a dialogue this fast: there was none.
                None if start.elapsed() < Duration::from_millis(400) => Done::NoDialogue(what),
                None => Done::Chosen(what, Vec::new()),
            }
        });
    }
}

/// Takes what stands for a worker without a result.
fn taken(broken: &Mutex<Option<Done>>) -> Done {
    broken.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Done::Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_worker_is_noticed() {
        let workers = Workers::new(egui::Context::default());
        workers.run("test", || panic!("on purpose"));
        let done = workers.receiver.recv_timeout(Duration::from_secs(5)).unwrap();
        assert!(matches!(done, Done::Broken));
    }
}
