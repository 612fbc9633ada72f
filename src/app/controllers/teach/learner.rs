//! The thread that opens the backbone, computes embeddings, trains heads and exports. One job at a time; it ends with the page.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::app::teach::state::{BackboneInfo, BackboneKey, Learned, Training};
use crate::learn::teach::{
    self, Backbone, Embeddings, ExportOptions, Exported, Project, TeachError, TrainOptions,
};
use crate::model::{CancelToken, OpenOptions};

/// What is to be done.
pub enum Job {
    /// Open the backbone, and train if `train` is given.
    Learn { key: BackboneKey, project: Arc<Project>, train: Option<TrainOptions>, cancel: CancelToken },
    /// Write a model.
    Export { learned: Arc<Learned>, path: PathBuf, bytes: bool, replace: bool, cancel: CancelToken },
}

/// What became of a job.
pub enum Told {
    /// What is known of a backbone.
    Backbone(BackboneKey, Box<BackboneInfo>),
    /// The job of training ended; `None`: there was nothing to train yet.
    Learned(BackboneKey, Result<Option<Arc<Learned>>, TeachError>),
    Exported(Result<Box<Exported>, TeachError>),
    /// The job ended in the middle.
    Broken,
}

/// The window's side.
pub struct Learner {
    jobs: Option<Sender<Job>>,
    shared: Arc<Shared>,
    /// Ends what the open session does.
    session: CancelToken,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    told: Mutex<Vec<Told>>,
    /// What it is busy with: see [`phase`].
    phase: AtomicUsize,
    done: AtomicUsize,
    all: AtomicUsize,
}

const IDLE: usize = 0;
const OPENING: usize = 1;
const EMBEDDING: usize = 2;
const FITTING: usize = 3;
const EXPORTING: usize = 4;

impl Shared {
    fn tell(&self, told: Told) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }
}

impl Learner {
    /// Starts the thread; `None` if the system has none to give. `embeddings` are kept from one visit of the page to the next.
    pub fn start(
        embeddings: Arc<Mutex<Embeddings>>,
        options: OpenOptions,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Option<Self> {
        let (jobs, waiting) = bounded(1);
        let shared = Arc::new(Shared::default());
        let session = CancelToken::default();
        let options = OpenOptions { cancel: Some(session.clone()), ..options };
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("teach".into()).spawn(move || {
            let worker = Worker { shared: own, embeddings, options, wake, backbone: None };
            worker.run(&waiting);
        });
        match thread {
            Ok(thread) => Some(Self { jobs: Some(jobs), shared, session, thread: Some(thread) }),
            Err(error) => {
                tracing::error!("no thread for teaching: {error}");
                None
            }
        }
    }

    /// Hands a job over, unless it is busy; returns whether it was taken.
    pub fn begin(&self, job: Job) -> bool {
        // What the last job told is heard before the next one begins: it is clear whose it is.
        let unheard = || !self.shared.told.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if self.is_busy() || unheard() {
            return false;
        }
        let phase = if matches!(job, Job::Export { .. }) { EXPORTING } else { OPENING };
        self.shared.phase.store(phase, Relaxed);
        let taken = self.jobs.as_ref().is_some_and(|jobs| jobs.try_send(job).is_ok());
        if !taken {
            self.shared.phase.store(IDLE, Relaxed);
        }
        taken
    }

    /// Whether a job is being done.
    pub fn is_busy(&self) -> bool {
        self.shared.phase.load(Acquire) != IDLE
    }

    /// Whether a model is being written.
    pub fn is_exporting(&self) -> bool {
        self.shared.phase.load(Acquire) == EXPORTING
    }

    /// How training is going, while it runs; not while a model is written.
    pub fn progress(&self) -> Option<Training> {
        match self.shared.phase.load(Relaxed) {
            OPENING => Some(Training::Opening),
            EMBEDDING => {
                Some(Training::Embedding(self.shared.done.load(Relaxed), self.shared.all.load(Relaxed)))
            }
            FITTING => Some(Training::Fitting),
            _ => None,
        }
    }

    /// What was told since the last call.
    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.shared.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the thread and its session as soon as it can. Returns what to wait for.
    pub fn end(mut self) -> Option<JoinHandle<()>> {
        self.session.cancel();
        self.jobs = None;
        self.thread.take()
    }
}

struct Worker {
    shared: Arc<Shared>,
    embeddings: Arc<Mutex<Embeddings>>,
    options: OpenOptions,
    wake: Arc<dyn Fn() + Send + Sync>,
    backbone: Option<(BackboneKey, Backbone)>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let work = std::panic::AssertUnwindSafe(|| self.work(job));
            if std::panic::catch_unwind(work).is_err() {
                self.backbone = None;
                self.shared.tell(Told::Broken);
            }
            self.phase(IDLE);
        }
    }

    fn phase(&self, phase: usize) {
        self.shared.phase.store(phase, Release);
        (self.wake)();
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Learn { key, project, train, cancel } => {
                let learned = self.learn(&key, &project, train.as_ref(), &cancel);
                self.shared.tell(Told::Learned(key, learned));
            }
            Job::Export { learned, path, bytes, replace, cancel } => {
                let exported = self.export(&learned, &path, (bytes, replace), &cancel);
                self.shared.tell(Told::Exported(exported.map(Box::new)));
            }
        }
    }

    /// The backbone, opened unless it is open already.
    fn open(&mut self, key: &BackboneKey) -> Result<&mut Backbone, TeachError> {
        if self.backbone.as_ref().is_none_or(|(open, _)| open != key) {
            // One at a time: the session before goes first.
            self.backbone = None;
            let backbone = Backbone::open(&key.path, key.tensor.as_deref(), &self.options)?;
            self.backbone = Some((key.clone(), backbone));
        }
        match &mut self.backbone {
            Some((_, backbone)) => Ok(backbone),
            None => Err(TeachError::Stopped),
        }
    }

    fn learn(
        &mut self,
        key: &BackboneKey,
        project: &Project,
        train: Option<&TrainOptions>,
        cancel: &CancelToken,
    ) -> Result<Option<Arc<Learned>>, TeachError> {
        static LEARNED: AtomicU64 = AtomicU64::new(1);
        let backbone = self.open(key)?;
        let info = BackboneInfo {
            cut: backbone.cut().clone(),
            candidates: backbone.candidates().to_vec(),
            pooling: backbone.pooling(),
            length: backbone.length(),
            sha256: backbone.sha256().to_owned(),
        };
        self.shared.tell(Told::Backbone(key.clone(), Box::new(info.clone())));
        let Some(train) = train else { return Ok(None) };
        if cancel.is_cancelled() {
            return Err(TeachError::Stopped);
        }
        self.shared.done.store(0, Relaxed);
        self.shared.all.store(0, Relaxed);
        self.phase(EMBEDDING);
        let (shared, wake) = (Arc::clone(&self.shared), Arc::clone(&self.wake));
        let embeddings = Arc::clone(&self.embeddings);
        let backbone = self.open(key)?;
        let samples = embeddings.lock().unwrap_or_else(PoisonError::into_inner).of_project(
            project,
            backbone,
            cancel,
            &mut |done, all| {
                shared.done.store(done, Relaxed);
                shared.all.store(all, Relaxed);
                wake();
            },
        )?;
        self.phase(FITTING);
        let trained = teach::train(&samples, train, cancel)?;
        let (_, map) = teach::map_as(&samples, teach::MapKind::Pca, train.seed, cancel)?;
        let id = LEARNED.fetch_add(1, Relaxed);
        Ok(Some(Arc::new(Learned { id, key: key.clone(), info, samples, trained, map })))
    }

    fn export(
        &mut self,
        learned: &Learned,
        path: &Path,
        (bytes, replace): (bool, bool),
        cancel: &CancelToken,
    ) -> Result<Exported, TeachError> {
        let opening = OpenOptions { cancel: Some(cancel.clone()), ..self.options.clone() };
        let options = ExportOptions { bytes, replace, opening };
        let (shared, wake) = (Arc::clone(&self.shared), Arc::clone(&self.wake));
        make_library(path, crate::library::home().as_deref())
            .map_err(|error| TeachError::Unwritable { path: path.to_owned(), reason: error.to_string() })?;
        let backbone = self.open(&learned.key)?;
        let mut progress = |done, all| {
            shared.done.store(done, Relaxed);
            shared.all.store(all, Relaxed);
            wake();
        };
        let head = &learned.trained.head;
        teach::export(backbone, head, &learned.samples, path, &options, cancel, &mut progress)
    }
}

/// The library's folder is made with the first model that it gets; any other folder that is missing may be a slip of the pen.
fn make_library(file: &Path, library: Option<&Path>) -> std::io::Result<()> {
    match library {
        Some(library) if file.parent() == Some(library) => std::fs::create_dir_all(library),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_library_is_made_and_no_other() {
        let dir = tempfile::tempdir().expect("a folder");
        let library = dir.path().join("data/models");
        for file in [dir.path().join("gone/model.onnx"), library.join("deeper/model.onnx")] {
            make_library(&file, Some(&library)).expect("nothing is made");
            assert!(!file.parent().expect("a folder").exists() && !library.exists());
        }
        make_library(&library.join("model.onnx"), None).expect("nothing is made");
        assert!(!library.exists());
        make_library(&library.join("model.onnx"), Some(&library)).expect("the folder");
        assert!(library.is_dir());
    }
}
