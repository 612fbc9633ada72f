//! The live session: scores of the newest frame, or its features. A thread with a session of its own; both end with the page.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::app::strings::teach_error;
use crate::app::teach::state::{Found, Learned, LivePhase, LiveView};
use crate::frame::Frame;
use crate::latest::{LatestReader, LatestWriter, Take, latest};
use crate::learn::teach::find::Components;
use crate::learn::teach::{Backbone, Finder, TeachError};
use crate::model::labels::Language;
use crate::model::{CancelToken, OpenOptions};

/// How often a waiting thread looks whether something else is wanted.
const LOOK: Duration = Duration::from_millis(100);

/// What is wanted of the newest frame.
#[derive(Clone, Debug)]
pub enum Task {
    /// A score for each class.
    Scores(Arc<Learned>),
    Find(FindTask),
}

/// Features of the newest frame.
#[derive(Clone, Debug, PartialEq)]
pub struct FindTask {
    pub path: PathBuf,
    pub tensor: Option<String>,
    /// The part of the frame that is the example, and which one it is.
    pub example: Option<(u64, [f32; 4])>,
    pub colours: bool,
}

/// Which session a task needs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Needs {
    Backbone(PathBuf, String),
    Finder(PathBuf, Option<String>),
}

impl Task {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scores(a), Self::Scores(b)) => a.id == b.id,
            (Self::Find(a), Self::Find(b)) => a == b,
            _ => false,
        }
    }

    fn needs(&self) -> Needs {
        match self {
            Self::Scores(learned) => {
                Needs::Backbone(learned.key.path.clone(), learned.info.cut.tensor.clone())
            }
            Self::Find(find) => Needs::Finder(find.path.clone(), find.tensor.clone()),
        }
    }
}

/// The window's side.
pub struct Live {
    frames: Option<LatestWriter<Arc<Frame>>>,
    shared: Arc<Shared>,
    cancel: CancelToken,
    /// The frame that was handed over last.
    seen: Option<Arc<Frame>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    task: Mutex<Task>,
    view: Mutex<LiveView>,
    language: Mutex<Language>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    /// Starts the thread; `None` if the system has none to give.
    pub fn start(
        task: Task,
        options: &OpenOptions,
        language: Language,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Option<Self> {
        let cancel = CancelToken::default();
        // One thread: the preview and its model keep theirs.
        let options = OpenOptions { threads: Some(1), cancel: Some(cancel.clone()), ..options.clone() };
        let (frames, reader) = latest();
        let shared = Arc::new(Shared {
            task: Mutex::new(task),
            view: Mutex::default(),
            language: Mutex::new(language),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("teach live".into()).spawn(move || {
            let work = std::panic::AssertUnwindSafe(|| Looker::new(&own, options, &*wake).run(&reader));
            if std::panic::catch_unwind(work).is_err() {
                lock(&own.view).phase = LivePhase::Failed(String::new());
                wake();
            }
        });
        match thread {
            Ok(thread) => {
                Some(Self { frames: Some(frames), shared, cancel, seen: None, thread: Some(thread) })
            }
            Err(error) => {
                tracing::error!("no thread for live scores: {error}");
                None
            }
        }
    }

    /// What is wanted from now on.
    pub fn want(&self, task: Task) {
        *lock(&self.shared.task) = task;
    }

    /// Says a failure in this language from now on.
    pub fn speak(&self, language: Language) {
        *lock(&self.shared.language) = language;
    }

    /// Hands the newest frame over, unless it has it; one that nobody took is dropped.
    pub fn see_new(&mut self, frame: Arc<Frame>) {
        if self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &frame)) {
            return;
        }
        if let Some(frames) = &self.frames {
            let _ = frames.put(Arc::clone(&frame));
        }
        self.seen = Some(frame);
    }

    /// What came of the newest frame, written into `view`.
    pub fn read(&self, view: &mut LiveView) {
        view.take_over(&lock(&self.shared.view));
    }

    /// Ends the thread and its session as soon as it can. Returns what to wait for.
    pub fn end(mut self) -> Option<JoinHandle<()>> {
        self.cancel.cancel();
        self.frames = None;
        self.thread.take()
    }
}

/// An open session.
enum Session {
    None,
    Backbone(Box<Backbone>),
    Finder(Box<Finder>),
}

struct Looker<'a> {
    shared: &'a Shared,
    options: OpenOptions,
    wake: &'a dyn Fn(),
    session: Session,
    open: Option<Needs>,
    embedding: Vec<f32>,
    scores: Vec<f32>,
    /// The example that `example` was made for.
    asked: Option<u64>,
    example: Vec<f32>,
    components: Components,
    similarity: Vec<f32>,
    colours: Vec<[u8; 3]>,
    maps: Arc<Vec<crate::learn::teach::FeatureMap>>,
}

impl<'a> Looker<'a> {
    fn new(shared: &'a Shared, options: OpenOptions, wake: &'a dyn Fn()) -> Self {
        Self {
            shared,
            options,
            wake,
            session: Session::None,
            open: None,
            embedding: Vec::new(),
            scores: Vec::new(),
            asked: None,
            example: Vec::new(),
            components: Components::default(),
            similarity: Vec::new(),
            colours: Vec::new(),
            maps: Arc::default(),
        }
    }

    fn run(mut self, frames: &LatestReader<Arc<Frame>>) {
        let mut last: Option<Arc<Frame>> = None;
        let mut done: Option<Task> = None;
        loop {
            let task = lock(&self.shared.task).clone();
            if self.open.as_ref() != Some(&task.needs()) {
                self.change(&task);
                done = None;
            }
            let frame = match frames.take(LOOK) {
                Take::Closed => return,
                Take::Value(frame) => {
                    last = Some(Arc::clone(&frame));
                    frame
                }
                // A picture that stands still is looked at again when something else is wanted of it.
                Take::Timeout => match &last {
                    Some(frame) if !done.as_ref().is_some_and(|done| done.is_same(&task)) => {
                        Arc::clone(frame)
                    }
                    _ => continue,
                },
            };
            if matches!(self.session, Session::None) {
                continue;
            }
            let begin = Instant::now();
            let looked = self.look(&task, &frame);
            done = Some(task.clone());
            // Something else may be wanted by now: what was found for the task before isn't shown under it.
            let is_wanted = lock(&self.shared.task).needs() == task.needs();
            if is_wanted {
                self.publish(&task, looked, begin.elapsed());
                (self.wake)();
            }
        }
    }

    /// Opens the session that a task needs; the one before goes first.
    fn change(&mut self, task: &Task) {
        self.session = Session::None;
        let needs = task.needs();
        self.open = Some(needs.clone());
        (self.asked, self.maps) = (None, Arc::default());
        self.components.clear();
        {
            let view = &mut *lock(&self.shared.view);
            // The number goes on: nothing of the task before is taken for what comes.
            let found = Found { number: view.found.number + 1, ..Found::default() };
            *view = LiveView { phase: LivePhase::Opening, found, ..LiveView::default() };
        }
        (self.wake)();
        let opened = match &needs {
            Needs::Backbone(path, tensor) => Backbone::open(path, Some(tensor), &self.options)
                .map(|backbone| Session::Backbone(Box::new(backbone))),
            Needs::Finder(path, tensor) => Finder::open(path, tensor.as_deref(), &self.options)
                .map(|finder| Session::Finder(Box::new(finder))),
        };
        let phase = match opened {
            Ok(session) => {
                if let Session::Finder(finder) = &session {
                    self.maps = Arc::new(finder.maps().to_vec());
                }
                self.session = session;
                LivePhase::Running
            }
            Err(error) => LivePhase::Failed(self.said(&error)),
        };
        lock(&self.shared.view).phase = phase;
        (self.wake)();
    }

    fn said(&self, error: &TeachError) -> String {
        teach_error(error, *lock(&self.shared.language))
    }

    fn look(&mut self, task: &Task, frame: &Frame) -> Result<(), TeachError> {
        match (&mut self.session, task) {
            (Session::Backbone(backbone), Task::Scores(learned)) => {
                backbone.embed(frame, &mut self.embedding)?;
                learned.trained.head.scores(&self.embedding, &mut self.scores);
                Ok(())
            }
            (Session::Finder(finder), Task::Find(find)) => {
                // The example is what the user saw: the features of the frame before, if there is one.
                let has_seen = finder.features().cells() > 0;
                if !has_seen {
                    finder.look(frame)?;
                }
                match find.example {
                    Some((asked, part)) if self.asked != Some(asked) => {
                        self.asked = Some(asked);
                        finder.example(part, &mut self.example);
                    }
                    None => {
                        self.asked = None;
                        self.example.clear();
                    }
                    Some(_) => {}
                }
                if has_seen {
                    finder.look(frame)?;
                }
                finder.features().similarity(&self.example, &mut self.similarity);
                self.colours.clear();
                if find.colours {
                    self.components.colours(finder.features(), &mut self.colours);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn publish(&mut self, task: &Task, looked: Result<(), TeachError>, took: Duration) {
        if let Err(error) = looked {
            let said = self.said(&error);
            let view = &mut *lock(&self.shared.view);
            // What was found before isn't of what is seen now.
            view.scores.clear();
            view.found = Found { number: view.found.number + 1, ..Found::default() };
            view.phase = LivePhase::Failed(said);
            return;
        }
        let view = &mut *lock(&self.shared.view);
        view.phase = LivePhase::Running;
        view.ms = took.as_secs_f32() * 1000.0;
        match (task, &self.session) {
            (Task::Scores(learned), _) => {
                view.learned = learned.id;
                view.scores.clone_from(&self.scores);
            }
            (Task::Find(_), Session::Finder(finder)) => {
                let found: &mut Found = &mut view.found;
                let place = self.maps.iter().position(|map| map == finder.map());
                found.chosen = place.unwrap_or(0);
                found.maps = Arc::clone(&self.maps);
                found.similarity.clone_from(&self.similarity);
                found.colours.clone_from(&self.colours);
                found.covered = finder.covered();
                found.number += 1;
            }
            _ => {}
        }
    }
}
