//! The thread that owns the project which is open: every change of it goes through this thread's queue, in order.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::app::teach::intent::{ClassId, Undo};
use crate::discard;
use crate::engine::Prediction;
use crate::frame::Frame;
use crate::learn::teach::{HeadChoice, Project, Take, TeachError};
use crate::model::CancelToken;
use crate::privacy::{Censor, Covered, Found, Privacy};
use crate::save::ImageFormat;
use crate::source::address::IMAGE_EXTENSIONS;

/// So many orders may wait; frames are left out long before.
const WAITING: usize = 64;
/// So many images are taken from a folder at most.
const MOST_FILES: usize = 5000;

/// What is to be done with the project. Classes are named by their folders, which stay when others come and go.
pub enum Order {
    Create(PathBuf),
    Open(PathBuf),
    AddClass(String),
    RenameClass(String, String),
    RemoveClass(String),
    /// A frame becomes an example.
    Frame(Box<Shot>),
    /// Copy image files, and those of folders.
    Files(String, Vec<PathBuf>),
    RemoveExample(PathBuf),
    Restore(Box<Undo>),
    Head(HeadChoice),
    /// Remember the backbone: its file, its hash, and the tensor that the user chose.
    Backbone(PathBuf, String, Option<String>),
}

/// A frame that becomes an example.
pub struct Shot {
    /// The class's folder.
    pub folder: String,
    pub class: ClassId,
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
    FrameDone(ClassId),
    /// So many files became examples, and so many couldn't; the reason of the first.
    Added(usize, usize, Option<TeachError>),
    /// An example was moved to the trash, or a class with all of its own.
    Removed(Box<Undo>),
    Restored,
    /// Privacy hides the whole frame.
    Hidden,
    /// The class was removed before the order's turn came.
    NoClass,
    Failed(TeachError),
    /// The thread ended in the middle of an order.
    Broken,
}

/// The window's side.
pub struct Desk {
    /// The folder of its project.
    root: PathBuf,
    orders: Option<Sender<Order>>,
    shared: Arc<Shared>,
    /// Ends the opening of the project.
    opening: CancelToken,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    told: Mutex<Vec<Told>>,
    /// Orders that aren't carried out yet.
    pending: AtomicUsize,
    /// One of them is to open the project.
    opens: AtomicBool,
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
    pub fn start(root: PathBuf, wake: Arc<dyn Fn() + Send + Sync>) -> Option<Self> {
        let (orders, waiting) = bounded(WAITING);
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let opening = CancelToken::default();
        let cancel = opening.clone();
        let thread = std::thread::Builder::new().name("teach project".into()).spawn(move || {
            let work = std::panic::AssertUnwindSafe(|| run(&waiting, &own, cancel, &*wake));
            if std::panic::catch_unwind(work).is_err() {
                own.tell(Told::Broken);
                own.pending.store(0, Release);
                own.opens.store(false, Release);
                wake();
            }
        });
        match thread {
            Ok(thread) => Some(Self { root, orders: Some(orders), shared, opening, thread: Some(thread) }),
            Err(error) => {
                tracing::error!("no thread for a project: {error}");
                None
            }
        }
    }

    /// Hands an order over; returns whether there was room for it.
    pub fn order(&self, order: Order) -> bool {
        let opens = matches!(order, Order::Open(_));
        if opens {
            self.shared.opens.store(true, Release);
        }
        self.shared.pending.fetch_add(1, AcqRel);
        let taken = self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok());
        if !taken {
            self.shared.pending.fetch_sub(1, AcqRel);
            if opens {
                self.shared.opens.store(false, Release);
            }
        }
        taken
    }

    /// How many orders aren't carried out yet. What those that are told lies in [`Self::told`] by then.
    pub fn pending(&self) -> usize {
        self.shared.pending.load(Acquire)
    }

    /// How many changes aren't on the disk yet: opening the project is none.
    pub fn unsaved(&self) -> usize {
        // In this order: an opening that ends meanwhile is counted twice rather than taken off twice.
        let pending = self.pending();
        pending.saturating_sub(usize::from(self.shared.opens.load(Acquire)))
    }

    /// The folder of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was told since the last call.
    pub fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.shared.lock())
    }

    /// Takes no further orders: the thread ends with the last one. A project that is still being opened isn't, unless something is to be
    /// changed in it.
    pub fn close(mut self) -> Self {
        if self.unsaved() == 0 {
            self.opening.cancel();
        }
        self.orders = None;
        self
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

fn run(orders: &Receiver<Order>, shared: &Shared, opening: CancelToken, wake: &dyn Fn()) {
    let mut keeper = Keeper { opening, ..Keeper::default() };
    while let Ok(order) = orders.recv() {
        let opens = matches!(order, Order::Open(_));
        keeper.carry_out(order, &mut |told| shared.tell(told));
        if opens {
            shared.opens.store(false, Release);
        }
        shared.pending.fetch_sub(1, AcqRel);
        wake();
    }
}

/// The project with what its thread remembers.
#[derive(Default)]
struct Keeper {
    project: Option<Project>,
    /// Ends its opening.
    opening: CancelToken,
    take: Option<(u64, Take)>,
    censor: Censor,
    covered: Frame,
}

impl Keeper {
    fn carry_out(&mut self, order: Order, tell: &mut dyn FnMut(Told)) {
        match order {
            Order::Create(root) => {
                let created = Project::create(&root);
                self.opened(created.map(|project| (project, Vec::new())), tell);
            }
            Order::Open(root) => {
                let opened = Project::open_until(&root, &self.opening);
                self.opened(opened.map(|opened| (opened.project, opened.notes)), tell);
            }
            order => {
                let Some(project) = &mut self.project else { return };
                let done = match order {
                    Order::Create(_) | Order::Open(_) => Ok(()),
                    Order::AddClass(name) => project.add_class(&name).map(drop),
                    Order::RenameClass(folder, name) => {
                        if let Some(class) = place_of(project, &folder) {
                            project.rename_class(class, &name)
                        } else {
                            no_class(tell);
                            Ok(())
                        }
                    }
                    // A class that is gone already is as it was wanted.
                    Order::RemoveClass(folder) => match place_of(project, &folder) {
                        Some(class) => remove_class(project, class, tell),
                        None => Ok(()),
                    },
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
                        let root = project.root().to_owned();
                        let removed = |gone| Told::Removed(Box::new(Undo { root, gone, class: None }));
                        project.remove_example(&path).map(|gone| tell(removed(gone)))
                    }
                    Order::Files(folder, paths) => {
                        match place_of(project, &folder) {
                            Some(class) => add_files(project, class, &paths, tell),
                            None => no_class(tell),
                        }
                        Ok(())
                    }
                    Order::Frame(shot) => {
                        let class = shot.class;
                        let added = self.add_frame(&shot, tell);
                        tell(Told::FrameDone(class));
                        added
                    }
                    Order::Restore(undo) => self.restore(*undo, tell),
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

    fn add_frame(&mut self, shot: &Shot, tell: &mut dyn FnMut(Told)) -> Result<(), TeachError> {
        let Some(project) = &mut self.project else { return Ok(()) };
        let Some(class) = place_of(project, &shot.folder) else {
            no_class(tell);
            return Ok(());
        };
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
            Some((_, take)) => project.add_frame(class, frame, ImageFormat::Jpeg, take).map(drop),
            None => Ok(()),
        }
    }

    /// Brings files back, and the class if it went with them; then the folder is read again.
    fn restore(&mut self, undo: Undo, tell: &mut dyn FnMut(Told)) -> Result<(), TeachError> {
        let Some(project) = &mut self.project else { return Ok(()) };
        let Undo { root, gone, class } = undo;
        if let Some(class) = &class {
            // Its folder went with it.
            for folder in class.examples.iter().chain(&class.held_out).filter_map(|e| e.path.parent()) {
                let _ = std::fs::create_dir_all(folder);
            }
        }
        discard::restore(&gone)?;
        let mut opened = Project::open(&root)?.project;
        if let Some(class) = class {
            // Another class may have its name by now.
            let mut name = class.name.clone();
            while opened.classes().iter().any(|other| other.folder != class.folder && other.name == name) {
                name.push_str(" (2)");
            }
            // It comes back under the name of its folder.
            match opened.classes().iter().position(|other| other.folder == class.folder) {
                Some(place) if opened.classes()[place].name != name => opened.rename_class(place, &name)?,
                Some(_) => opened.save()?,
                None => drop(opened.add_class(&name)?),
            }
        }
        *project = opened;
        tell(Told::Restored);
        Ok(())
    }
}

/// Where the class with this folder stands now.
fn place_of(project: &Project, folder: &str) -> Option<usize> {
    project.classes().iter().position(|class| class.folder == folder)
}

/// What an order is answered whose class is gone.
fn no_class(tell: &mut dyn FnMut(Told)) {
    tell(Told::NoClass);
}

fn remove_class(project: &mut Project, class: usize, tell: &mut dyn FnMut(Told)) -> Result<(), TeachError> {
    let root = project.root().to_owned();
    let removed = project.classes().get(class).cloned();
    let gone = project.remove_class(class)?;
    tell(Told::Removed(Box::new(Undo { root, gone, class: removed })));
    Ok(())
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
