//! The thread that owns the project which is open: every change of it goes through this thread's queue, in order.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::discard::{self, Discarded};
use crate::engine::Prediction;
use crate::frame::Frame;
use crate::learn::teach::{Class, HeadChoice, Project, Take, TeachError};
use crate::privacy::{Censor, Covered, Found, Privacy};
use crate::save::ImageFormat;
use crate::source::address::IMAGE_EXTENSIONS;

/// So many orders may wait; frames are left out long before.
const WAITING: usize = 64;
/// So many images are taken from a folder at most.
const MOST_FILES: usize = 5000;

/// What is to be done with the project.
pub enum Order {
    Create(PathBuf),
    Open(PathBuf),
    AddClass(String),
    RenameClass(usize, String),
    RemoveClass(usize),
    /// A frame becomes an example.
    Frame(Box<Shot>),
    /// Copy image files, and those of folders.
    Files(usize, Vec<PathBuf>),
    RemoveExample(PathBuf),
    Restore(Discarded, Option<String>),
    Head(HeadChoice),
    /// Remember the backbone: its file, its hash, and the tensor that the user chose.
    Backbone(PathBuf, String, Option<String>),
}

/// A frame that becomes an example.
pub struct Shot {
    pub class: usize,
    pub frame: Arc<Frame>,
    /// What was found in it, for privacy.
    pub prediction: Option<Arc<Prediction>>,
    pub privacy: Privacy,
    /// Counts the presses of the key.
    pub press: u64,
}

/// What became of an order.
pub enum Told {
    /// A project was opened, with what is to be said of it; or why not.
    Opened(Result<(Arc<Project>, Vec<String>), TeachError>),
    /// The project was changed.
    Changed(Arc<Project>),
    /// The frame for this class is saved, or isn't.
    FrameDone(usize),
    /// So many files became examples, and so many couldn't; the reason of the first.
    Added(usize, usize, Option<TeachError>),
    /// An example was moved to the trash, or the class of this name.
    Removed(Discarded, Option<String>),
    Restored,
    /// Privacy hides the whole frame.
    Hidden,
    Failed(TeachError),
    /// The thread ended in the middle of an order.
    Broken,
}

/// The window's side.
pub struct Desk {
    orders: Option<Sender<Order>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    told: Mutex<Vec<Told>>,
    /// Orders that aren't carried out yet.
    pending: AtomicUsize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, told: Told) {
        let mut all = self.lock();
        // Of several states only the newest is of interest.
        if matches!(told, Told::Changed(_)) {
            all.retain(|old| !matches!(old, Told::Changed(_)));
        }
        all.push(told);
    }
}

impl Desk {
    /// Starts the thread; `None` if the system has none to give.
    pub fn start(wake: Arc<dyn Fn() + Send + Sync>) -> Option<Self> {
        let (orders, waiting) = bounded(WAITING);
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("teach project".into()).spawn(move || {
            let work = std::panic::AssertUnwindSafe(|| run(&waiting, &own, &*wake));
            if std::panic::catch_unwind(work).is_err() {
                own.tell(Told::Broken);
                own.pending.store(0, Relaxed);
                wake();
            }
        });
        match thread {
            Ok(thread) => Some(Self { orders: Some(orders), shared, thread: Some(thread) }),
            Err(error) => {
                tracing::error!("no thread for a project: {error}");
                None
            }
        }
    }

    /// Hands an order over; returns whether there was room for it.
    pub fn order(&self, order: Order) -> bool {
        self.shared.pending.fetch_add(1, Relaxed);
        let taken = self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok());
        if !taken {
            self.shared.pending.fetch_sub(1, Relaxed);
        }
        taken
    }

    /// How many orders aren't carried out yet.
    pub fn pending(&self) -> usize {
        self.shared.pending.load(Relaxed)
    }

    /// What was told since the last call.
    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.shared.lock())
    }

    /// Takes no further orders: the thread ends with the last one.
    pub fn close(mut self) -> Self {
        self.orders = None;
        self
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

fn run(orders: &Receiver<Order>, shared: &Shared, wake: &dyn Fn()) {
    let mut keeper = Keeper::default();
    while let Ok(order) = orders.recv() {
        keeper.carry_out(order, &mut |told| shared.tell(told));
        shared.pending.fetch_sub(1, Relaxed);
        wake();
    }
}

/// The project with what its thread remembers.
#[derive(Default)]
struct Keeper {
    project: Option<Project>,
    take: Option<(u64, Take)>,
    censor: Censor,
    covered: Frame,
    /// Classes that were removed, so that their images find their folders again.
    removed: Vec<Class>,
}

impl Keeper {
    fn carry_out(&mut self, order: Order, tell: &mut dyn FnMut(Told)) {
        match order {
            Order::Create(root) => {
                let created = Project::create(&root);
                self.opened(created.map(|project| (project, Vec::new())), tell);
            }
            Order::Open(root) => {
                let opened = Project::open(&root);
                self.opened(opened.map(|opened| (opened.project, opened.notes)), tell);
            }
            order => {
                let Some(project) = &mut self.project else { return };
                let done = match order {
                    Order::Create(_) | Order::Open(_) => Ok(()),
                    Order::AddClass(name) => project.add_class(&name).map(drop),
                    Order::RenameClass(class, name) => project.rename_class(class, &name),
                    Order::RemoveClass(class) => {
                        let class_gone = project.classes().get(class).cloned();
                        project.remove_class(class).map(|gone| {
                            let name = class_gone.as_ref().map(|class| class.name.clone());
                            self.removed.extend(class_gone);
                            tell(Told::Removed(gone, name));
                        })
                    }
                    Order::Head(head) => {
                        project.settings.head = head;
                        project.save()
                    }
                    Order::Backbone(path, sha256, tensor) => {
                        project.set_backbone(&path, &sha256);
                        project.settings.tensor = tensor;
                        project.save()
                    }
                    Order::RemoveExample(path) => {
                        project.remove_example(&path).map(|gone| tell(Told::Removed(gone, None)))
                    }
                    Order::Files(class, paths) => {
                        add_files(project, class, &paths, tell);
                        Ok(())
                    }
                    Order::Frame(shot) => {
                        let class = shot.class;
                        let added = self.add_frame(*shot, tell);
                        tell(Told::FrameDone(class));
                        added
                    }
                    Order::Restore(discarded, class) => self.restore(&discarded, class, tell),
                };
                if let Err(error) = done {
                    tell(Told::Failed(error));
                }
                if let Some(project) = &self.project {
                    tell(Told::Changed(Arc::new(project.clone())));
                }
            }
        }
    }

    fn opened(&mut self, opened: Result<(Project, Vec<String>), TeachError>, tell: &mut dyn FnMut(Told)) {
        self.take = None;
        tell(Told::Opened(opened.map(|(project, notes)| {
            self.project = Some(project.clone());
            (Arc::new(project), notes)
        })));
    }

    fn add_frame(&mut self, shot: Shot, tell: &mut dyn FnMut(Told)) -> Result<(), TeachError> {
        let Some(project) = &mut self.project else { return Ok(()) };
        let mut frame = &*shot.frame;
        if shot.privacy.on {
            self.covered.clone_from(frame);
            let found: Vec<Found<'_>> = shot.prediction.as_deref().map(Found::from).into_iter().collect();
            let covered = self.censor.cover_frame(&shot.privacy, &mut self.covered, &found);
            if covered == Covered::Everything {
                tell(Told::Hidden);
                return Ok(());
            }
            frame = &self.covered;
        }
        let same = self.take.as_ref().is_some_and(|(press, _)| *press == shot.press);
        if !same {
            self.take = Some((shot.press, Take::now()));
        }
        match &mut self.take {
            Some((_, take)) => project.add_frame(shot.class, frame, ImageFormat::Jpeg, take).map(drop),
            None => Ok(()),
        }
    }

    /// Brings files back, and the class if it went with them; then the folder is read again.
    fn restore(
        &mut self,
        discarded: &Discarded,
        class: Option<String>,
        tell: &mut dyn FnMut(Told),
    ) -> Result<(), TeachError> {
        let Some(project) = &mut self.project else { return Ok(()) };
        let root = project.root().to_owned();
        let gone = class.and_then(|name| self.removed.iter().rposition(|class| class.name == name));
        let gone = gone.map(|place| self.removed.remove(place));
        if let Some(class) = &gone {
            // Its folder went with it.
            for folder in class.examples.iter().chain(&class.held_out).filter_map(|e| e.path.parent()) {
                let _ = std::fs::create_dir_all(folder);
            }
        }
        discard::restore(discarded)?;
        let mut opened = Project::open(&root)?.project;
        if let Some(class) = gone {
            // It comes back under the name of its folder.
            match opened.classes().iter().position(|other| other.folder == class.folder) {
                Some(place) if opened.classes()[place].name != class.name => {
                    opened.rename_class(place, &class.name)?;
                }
                Some(_) => opened.save()?,
                None => drop(opened.add_class(&class.name)?),
            }
        }
        *project = opened;
        tell(Told::Restored);
        Ok(())
    }
}

fn add_files(project: &mut Project, class: usize, paths: &[PathBuf], tell: &mut dyn FnMut(Told)) {
    let (mut added, mut failed, mut why) = (0, 0, None);
    for file in images_of(paths) {
        match project.add_file(class, &file) {
            Ok(_) => added += 1,
            Err(error) => {
                failed += 1;
                why.get_or_insert(error);
            }
        }
        if added % 8 == 7 {
            tell(Told::Changed(Arc::new(project.clone())));
        }
    }
    tell(Told::Added(added, failed, why));
}

/// The files that were named, and the images in folders that were named, in natural order.
fn images_of(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            let mut inside: Vec<PathBuf> =
                entries.map(|entry| entry.path()).filter(|path| is_image(path)).take(MOST_FILES).collect();
            alphanumeric_sort::sort_path_slice(&mut inside);
            files.append(&mut inside);
        } else {
            files.push(path.clone());
        }
    }
    files.truncate(MOST_FILES);
    files
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| IMAGE_EXTENSIONS.contains(&ending.as_str()))
}
