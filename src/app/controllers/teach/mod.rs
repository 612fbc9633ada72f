//! Teaching: the project on a thread of its own (`desk.rs`), training on another (`learner.rs`), the live session on a third
//! (`live.rs`), the map by t-SNE on a fourth (`mapper.rs`). But for an export that has begun, nothing of it runs, and no session is open,
//! while another page is shown.

mod choice;
mod collecting;
mod desk;
mod hearing;
mod learner;
mod leaving;
mod live;
mod mapper;
mod plan;
mod training;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use super::core::Core;
use crate::app::dataset::pictures::{self, Wish};
use crate::app::intent::{Intent, LibraryIntent, ModelIntent, Page, TeachIntent, WindowIntent};
use crate::app::teach::TeachDone;
use crate::app::teach::TeachPage;
use crate::app::teach::state::GalleryForm;
use crate::app::view::TeachQuitting;
use crate::app::workers::Done;
use crate::gallery::Gallery;
use crate::learn::teach::Embeddings;
use crate::library::names::safe;
use crate::model::{CancelToken, OpenOptions, folders};
use crate::save;
use collecting::Collecting;
use desk::{Desk, Order};
use learner::Learner;
use live::Live;
use mapper::Mapper;
use plan::Plan;

/// Whether the user wants to quit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leaving {
    #[default]
    No,
    Since(Instant),
    /// Whatever is lost.
    Anyway,
}

/// See the module.
pub struct TeachController {
    pub page: TeachPage,
    /// Where new projects are made.
    pub folder: PathBuf,
    /// What holds up quitting, once the user is to know.
    pub quitting: Option<TeachQuitting>,
    desk: Option<Desk>,
    /// Those of projects that were closed, until their last order is carried out.
    closing: Vec<Desk>,
    /// What a thread begins with as soon as none writes to the same folder any more.
    next: Option<(PathBuf, Order)>,
    /// Orders for projects that may be closed, until no other thread writes to the same folder.
    late: Vec<(PathBuf, Order)>,
    /// An export was asked for and isn't begun: a training still ends.
    wants_export: bool,
    /// Ends the export that runs.
    exporting: Option<CancelToken>,
    /// The user chose the backbone since the project was opened.
    has_chosen: bool,
    learner: Option<Learner>,
    live: Option<Live>,
    /// Computes the map of the examples.
    mapper: Option<Mapper>,
    /// Threads that were told to end.
    ending: Vec<JoinHandle<()>>,
    /// Kept from one visit of the page to the next.
    embeddings: Arc<Mutex<Embeddings>>,
    collecting: Collecting,
    plan: Plan,
    leaving: Leaving,
    /// Lists the pictures of the gallery while they are being chosen from.
    gallery: Option<Gallery>,
    /// The folder of the project that is open, or was when the page was left.
    root: Option<PathBuf>,
    /// The folder of the project that was being opened when the page was left.
    given_up: Option<PathBuf>,
    /// The last project was opened by itself.
    tried: bool,
    /// The page was shown in the last pass.
    was_on: bool,
}

impl std::fmt::Debug for TeachController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TeachController").field("page", &self.page).finish_non_exhaustive()
    }
}

impl Default for TeachController {
    fn default() -> Self {
        Self {
            page: TeachPage::default(),
            folder: save::default_folder().with_file_name("Sightline projects"),
            quitting: None,
            desk: None,
            closing: Vec::new(),
            next: None,
            late: Vec::new(),
            wants_export: false,
            exporting: None,
            has_chosen: false,
            learner: None,
            live: None,
            mapper: None,
            ending: Vec::new(),
            embeddings: Arc::default(),
            collecting: Collecting::default(),
            plan: Plan::default(),
            leaving: Leaving::default(),
            gallery: None,
            root: None,
            given_up: None,
            tried: false,
            was_on: false,
        }
    }
}

impl TeachController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: TeachIntent, core: &mut Core) {
        match intent {
            TeachIntent::Create(name) => {
                let name = safe(&name);
                let root = self.folder.join(if name.is_empty() { "project".into() } else { name });
                self.open(root.clone(), Order::Create(root), core);
            }
            TeachIntent::Open(root) => self.open(root.clone(), Order::Open(root), core),
            TeachIntent::Close => {
                self.close();
                self.tried = true;
            }
            TeachIntent::Tab(tab) => self.page.tab = tab,
            TeachIntent::AddClass(name) => {
                self.order(Order::AddClass(name), core);
            }
            TeachIntent::RenameClass(class, name) => {
                if let Some(folder) = self.folder_of(class) {
                    self.order(Order::RenameClass(folder, name), core);
                }
            }
            TeachIntent::RemoveClass(class) => {
                self.collecting.stop(&mut self.page);
                if let Some(folder) = self.folder_of(class) {
                    self.order(Order::RemoveClass(folder), core);
                }
            }
            TeachIntent::Collect(class) => self.collect(class, core),
            TeachIntent::AddFiles(class, files) => {
                if self.page.gallery.take().is_some() {
                    self.gallery = None;
                }
                let folder = self.page.place(class).and_then(|class| self.folder_of(class));
                let root = self.page.project.as_ref().map(|project| project.root().to_owned());
                match root.zip(folder) {
                    // The page may have been left while a file dialogue was open.
                    Some((root, folder)) => self.order_in(root, Order::Files(folder, files), core),
                    None => core.failed(core.strings().teach.class_gone),
                }
            }
            TeachIntent::Gallery(None) => {
                self.page.gallery = None;
                self.gallery = None;
            }
            TeachIntent::Gallery(Some(class)) => {
                let name = self.page.name(class).unwrap_or_default().to_owned();
                self.page.gallery = self.page.id(class).map(|id| GalleryForm::new(id, name));
            }
            TeachIntent::RemoveExample(path) => {
                self.order(Order::RemoveExample(path), core);
            }
            TeachIntent::Restore(undo) => {
                let root = undo.root.clone();
                self.order_in(root, Order::Restore(undo), core);
            }
            TeachIntent::Backbone(path) => {
                self.has_chosen = true;
                self.choose_backbone(path, None, core);
            }
            TeachIntent::Tensor(tensor) => {
                if let Some(key) = self.page.backbone.clone() {
                    self.choose_backbone(key.path, tensor, core);
                }
            }
            TeachIntent::KeepBackbone => self.keep_backbone(),
            TeachIntent::Head(head) => {
                self.order(Order::Head(head), core);
                self.plan.changed(&mut self.page);
            }
            TeachIntent::Map(kind) => self.page.map.kind = kind,
            TeachIntent::Train => self.plan.now(&mut self.page),
            TeachIntent::Stop => self.plan.stop(&mut self.page),
            TeachIntent::ExportForm(open) => self.export_form(open),
            TeachIntent::ExportTo(path) => {
                if let Some(form) = &mut self.page.export {
                    form.choose(&path);
                }
            }
            TeachIntent::Export => self.export(core),
            TeachIntent::Run(path) => {
                self.page.export = None;
                core.ask(Intent::Model(ModelIntent::Open(path)));
                core.ask(Intent::Window(WindowIntent::Show(Page::Stage)));
            }
            TeachIntent::QuitAnyway => self.quit_anyway(core),
            TeachIntent::KeepOpen => self.keep_open(),
            TeachIntent::Find(example) => {
                // What was asked last is what is shown.
                self.page.find.colours &= example.is_none();
                self.page.find.example = example;
                self.page.find.asked += 1;
            }
            TeachIntent::FindIn(tensor) => {
                // What was clicked has other numbers there.
                self.page.find.example = None;
                self.page.find.tensor = tensor;
            }
        }
    }

    /// The folder of a class that the page shows.
    fn folder_of(&self, class: usize) -> Option<String> {
        Some(self.page.project.as_ref()?.classes().get(class)?.folder.clone())
    }

    /// Hands an order to the project's thread; returns whether it was taken.
    fn order(&self, order: Order, core: &mut Core) -> bool {
        let Some(desk) = &self.desk else { return false };
        let taken = desk.order(order);
        if !taken {
            core.failed(core.strings().teach.busy);
        }
        taken
    }

    /// Opens or makes a project; the one before is closed.
    fn open(&mut self, root: PathBuf, order: Order, core: &mut Core) {
        // One that is still being read, from a slow folder say, gives way.
        self.close();
        self.tried = true;
        self.start_desk(root, order, core);
    }

    fn start_desk(&mut self, root: PathBuf, order: Order, core: &mut Core) {
        self.page.opening = self.page.project.is_none();
        self.next = Some((root, order));
        self.begin_next(core);
    }

    /// Starts the thread of a project that is to be opened, as soon as the one that had the same folder before has ended: what that
    /// one still writes is in what is opened.
    fn begin_next(&mut self, core: &mut Core) {
        if self.next.as_ref().is_none_or(|(root, _)| self.is_closing(root)) {
            return;
        }
        let Some((root, order)) = self.next.take() else { return };
        self.desk = Desk::start(root, core.workers.waker());
        if !self.order(order, core) {
            // No thread, or one that died at once.
            self.close();
            self.page.error = Some(core.strings().teach.broken.to_owned());
        }
    }

    /// Has an order carried out in the project in this folder, whatever is open now.
    fn order_in(&mut self, root: PathBuf, order: Order, core: &mut Core) {
        self.late.push((root, order));
        self.begin_late(core);
    }

    fn begin_late(&mut self, core: &mut Core) {
        for (root, order) in std::mem::take(&mut self.late) {
            if self.desk.as_ref().is_some_and(|desk| desk.root() == root) {
                self.order(order, core);
            } else if self.is_closing(&root) {
                self.late.push((root, order));
            } else {
                // A thread for this alone.
                let desk = Desk::start(root.clone(), core.workers.waker());
                match desk.filter(|desk| desk.order(Order::Open(root)) && desk.order(order)) {
                    Some(desk) => self.closing.push(desk.close()),
                    None => core.failed(core.strings().teach.broken),
                }
            }
        }
    }

    /// Whether a thread still works on the project in this folder, which isn't the one that is shown.
    fn is_closing(&self, root: &Path) -> bool {
        self.closing.iter().any(|desk| desk.root() == root && !desk.is_finished())
    }

    /// The page is left before its project is open: that is done when the page is shown again.
    fn give_up_opening(&mut self) {
        if std::mem::take(&mut self.page.opening) {
            self.given_up = self.desk.as_ref().map(|desk| desk.root().to_owned());
        }
    }

    /// Lets the project's thread end with its last order.
    fn close_desk(&mut self) {
        self.closing.extend(self.desk.take().map(Desk::close));
    }

    fn close(&mut self) {
        self.end_sessions();
        self.close_desk();
        self.next = None;
        self.has_chosen = false;
        self.collecting = Collecting::default();
        self.plan = Plan::default();
        (self.root, self.given_up) = (None, None);
        self.embeddings = Arc::default();
        self.page.forget();
    }

    /// Ends training, the live session and the map.
    fn end_sessions(&mut self) {
        self.plan.stop(&mut self.page);
        self.end_map();
        self.stop_export();
        self.ending.extend(self.learner.take().and_then(Learner::end));
        self.end_live();
    }

    /// Takes over what the threads brought, and gives them what the page needs.
    pub fn gather(&mut self, core: &mut Core, ctx: &egui::Context) {
        self.ending.retain(|thread| !thread.is_finished());
        let mut late = Vec::new();
        self.closing.retain(|desk| {
            let has_ended = desk.is_finished();
            late.extend(desk.told());
            !has_ended
        });
        for told in late {
            // The project isn't shown any more: what happened to its files is told all the same, and only that.
            self.tell(told, core);
        }
        self.begin_late(core);
        self.begin_next(core);
        if !self.ending.is_empty() || !self.closing.is_empty() {
            ctx.request_repaint_after(std::time::Duration::from_millis(50));
        }
        self.gather_leaving(core);
        let on = core.page == Page::Teach;
        let has_threads = self.desk.is_some() || self.learner.is_some() || self.live.is_some();
        if !on && !self.was_on && !has_threads {
            return;
        }
        self.hear_desk(core);
        self.hear_learner(core);
        if on {
            self.attend(core, ctx);
        } else {
            self.leave(core);
        }
        self.was_on = on;
    }

    /// The page is shown.
    fn attend(&mut self, core: &mut Core, ctx: &egui::Context) {
        if self.desk.is_none() && self.next.is_none() {
            // The project that was open when the page was left, which may have changed meanwhile, or the last one.
            let last = || core.settings.teach_projects.first().cloned().filter(|_| !self.tried);
            if let Some(root) = self.root.clone().or_else(|| self.given_up.take()).or_else(last) {
                self.tried = true;
                self.start_desk(root.clone(), Order::Open(root), core);
            }
        }
        self.look_for_export(core);
        self.begin_export(core);
        self.collecting.pass(&mut self.page, self.desk.as_ref(), core, ctx);
        self.choose_default(core);
        self.gather_training(core, ctx);
        self.gather_live(core);
        self.gather_map(core);
        self.gather_gallery(core);
        while let Some(path) = self.page.pictures.next() {
            let unread = Done::Teach(TeachDone::Picture(path.clone(), Err("it is damaged".into())));
            core.workers.run_or("example", unread, move || {
                let read = pictures::read(&path, Wish::Small(0), &[]);
                Done::Teach(TeachDone::Picture(path, read.image))
            });
        }
    }

    /// Another page is shown: everything ends, the project's thread with its last order.
    fn leave(&mut self, core: &mut Core) {
        self.collecting.stop(&mut self.page);
        if self.learner.as_ref().is_some_and(|learner| !learner.is_exporting()) {
            // What it told last, before it was idle.
            self.hear_learner(core);
            self.ending.extend(self.learner.take().and_then(Learner::end));
            self.plan.left(&mut self.page);
        }
        if self.wants_export {
            self.stop_export();
        }
        self.end_live();
        self.end_map();
        self.gallery = None;
        self.page.gallery = None;
        self.page.pictures.clear();
        self.page.overlay = None;
        if self.desk.as_ref().is_some_and(|desk| desk.unsaved() == 0) {
            // What it told last.
            self.hear_desk(core);
            self.give_up_opening();
            self.close_desk();
            self.page.in_hand.clear();
        }
    }

    fn gather_gallery(&mut self, core: &Core) {
        let Some(form) = &mut self.page.gallery else { return };
        let gallery = self.gallery.get_or_insert_with(|| {
            let wake = core.workers.waker();
            Gallery::start(super::gallery::folders(core), move || wake())
        });
        form.list(gallery.index());
    }

    /// A worker has done something.
    pub fn done(&mut self, done: TeachDone, core: &Core, ctx: &egui::Context) {
        match done {
            TeachDone::Picture(path, image) => {
                if core.page == Page::Teach {
                    self.page.pictures.arrived(ctx, path, image);
                } else {
                    self.page.pictures.left();
                }
            }
            TeachDone::Target(path, target) => {
                if let Some(form) = &mut self.page.export {
                    form.looked = Some((path, Some(target)));
                }
            }
        }
    }

    /// How many threads of the page there are, with those that were told to end and haven't yet.
    #[cfg(test)]
    pub fn threads(&self) -> usize {
        let open = [self.desk.is_some(), self.learner.is_some(), self.live.is_some(), self.mapper.is_some()];
        open.iter().filter(|open| **open).count()
            + self.ending.iter().filter(|thread| !thread.is_finished()).count()
            + self.closing.iter().filter(|desk| !desk.is_finished()).count()
    }

    /// Begins to collect examples of a class, or stops.
    fn collect(&mut self, class: Option<usize>, core: &mut Core) {
        let w = &core.strings().teach;
        let class = class.and_then(|class| self.page.id(class));
        if class.is_some() && core.engine.preview().is_none() {
            core.toasts.bad(w.not_collected, w.no_frame);
            return;
        }
        self.collecting.hold(class, &mut self.page);
        // The first frame at once: a short tap is one example.
        let ctx = core.workers.context().clone();
        self.collecting.pass(&mut self.page, self.desk.as_ref(), core, &ctx);
    }
}

/// How models are opened here: as elsewhere, on all threads but in the process that they need.
fn options(core: &Core) -> OpenOptions {
    OpenOptions {
        known: core.known.clone(),
        device: core.settings.device.clone(),
        cache: folders::cache_folder(),
        isolation: core.isolation.clone(),
        ..OpenOptions::default()
    }
}

/// The folder that exported models go into: one that is listed in the library.
fn export_folder(project: &Path) -> PathBuf {
    crate::library::home().unwrap_or_else(|| project.to_owned())
}

/// Takes an exported model into the library, if it lies in no folder that is listed.
fn listed(path: &Path, core: &mut Core) {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut listed = folders::model_folders();
    listed.extend(core.settings.model_folders.iter().cloned());
    if !listed.contains(&folder) {
        core.ask(Intent::Library(LibraryIntent::WatchFolder(folder)));
    }
}
