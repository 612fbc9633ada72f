//! Keeps the list of items up to date: a thread that lists folders when something in them changes, and now and then where the
//! system reports no changes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::index::{Index, Indexer};
use crate::library::FolderEvents;

/// How often folders are listed whose changes the system doesn't report.
const POLL: Duration = Duration::from_secs(2);
/// How often all folders are listed, in case a report was lost.
const FULL: Duration = Duration::from_secs(30);
/// Shortest time between two listings: a video that is being written reports a change with every block.
const GAP: Duration = Duration::from_millis(400);
/// What is known is shown so often while records are read.
const SHOW_EVERY: Duration = Duration::from_millis(300);

struct Shared {
    folders: Mutex<Vec<PathBuf>>,
    index: ArcSwap<Index>,
    /// Nobody looks: nothing is listed.
    idle: AtomicBool,
    changed: AtomicBool,
    stop: AtomicBool,
    signal: Sender<()>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    fn notice(&self) {
        if !self.changed.swap(true, Relaxed) {
            let _ = self.signal.try_send(());
        }
    }

    fn folders(&self) -> Vec<PathBuf> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, index: &Index) {
        if **self.index.load() != *index {
            self.index.store(Arc::new(index.clone()));
            (self.wake)();
        }
    }
}

/// See the module. Dropping it ends its thread.
pub struct Gallery {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Gallery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gallery").field("items", &self.index().items.len()).finish_non_exhaustive()
    }
}

impl Gallery {
    /// Begins to list these folders. Calls `wake` whenever the list has changed; it must return at once.
    #[must_use]
    pub fn start(folders: Vec<PathBuf>, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (signal, signals) = bounded(1);
        let shared = Arc::new(Shared {
            folders: Mutex::new(folders),
            index: ArcSwap::default(),
            idle: AtomicBool::new(false),
            changed: AtomicBool::new(true),
            stop: AtomicBool::new(false),
            signal,
            wake: Box::new(wake),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sightline-gallery".into());
        let thread = thread.spawn(move || run(&own, &signals));
        let thread = thread.map_err(|error| tracing::error!("no thread for the gallery: {error}")).ok();
        Self { shared, thread }
    }

    /// The list as it is now.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.shared.index.load_full()
    }

    /// Lists other folders from now on.
    pub fn set_folders(&self, folders: &[PathBuf]) {
        let mut held = self.shared.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if *held != folders {
            folders.clone_into(&mut held);
            drop(held);
            self.shared.notice();
        }
    }

    /// Whether anybody looks at the list; while nobody does, folders aren't listed.
    pub fn set_idle(&self, idle: bool) {
        if self.shared.idle.swap(idle, Relaxed) && !idle {
            self.shared.changed.store(true, Relaxed);
            // Its thread waits for as long as nobody looks.
            let _ = self.shared.signal.try_send(());
        }
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        let _ = self.shared.signal.try_send(());
        // It ends with the record that it reads; a disk that hangs isn't waited for.
        drop(self.thread.take());
    }
}

fn run(shared: &Arc<Shared>, signals: &Receiver<()>) {
    let reported = Arc::clone(shared);
    let mut events = FolderEvents::new(move || reported.notice());
    let mut indexer = Indexer::default();
    let mut listed: Option<Instant> = None;
    while !shared.stop.load(Relaxed) {
        if shared.idle.load(Relaxed) {
            if signals.recv().is_err() {
                return;
            }
            continue;
        }
        let folders = shared.folders();
        events.watch(&folders);
        // A folder that isn't there yet is made with the first snapshot.
        let is_reported = events.cover(&folders) && folders.iter().all(|folder| folder.is_dir());
        let every = if is_reported { FULL } else { POLL };
        let is_due = listed.is_none_or(|at| at.elapsed() >= every);
        if shared.changed.swap(false, Relaxed) || is_due {
            list(shared, &mut indexer, &folders);
            listed = Some(Instant::now());
            if let Ok(()) = signals.recv_timeout(GAP) {
                std::thread::sleep(GAP);
            }
            continue;
        }
        let _ = signals.recv_timeout(every);
    }
}

fn list(shared: &Shared, indexer: &mut Indexer, folders: &[PathBuf]) {
    let (mut index, mut unread) = indexer.list(folders);
    shared.show(&index);
    while !shared.stop.load(Relaxed) && !index.is_complete {
        let until = Instant::now() + SHOW_EVERY;
        let go_on = || Instant::now() < until && !shared.stop.load(Relaxed);
        let is_left = indexer.read_some(&mut unread, go_on);
        indexer.fill(&mut index, !is_left);
        shared.show(&index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(gallery: &Gallery, is: impl Fn(&Index) -> bool) -> Arc<Index> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let index = gallery.index();
            if is(&index) || Instant::now() > until {
                return index;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn the_list_follows_what_comes_and_goes() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("Sightline");
        let gallery = Gallery::start(vec![folder.clone()], || {});
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.png"), "a").unwrap();
        assert_eq!(wait(&gallery, |index| index.items.len() == 1).items.len(), 1);
        std::fs::write(folder.join("b.png"), "b").unwrap();
        assert_eq!(wait(&gallery, |index| index.items.len() == 2).items.len(), 2);
        std::fs::remove_file(folder.join("a.png")).unwrap();
        let index = wait(&gallery, |index| index.items.len() == 1);
        assert_eq!(index.items[0].name, "b");
        // What comes while nobody looks is there when somebody does.
        gallery.set_idle(true);
        std::fs::write(folder.join("c.png"), "c").unwrap();
        std::thread::sleep(Duration::from_millis(100));
        gallery.set_idle(false);
        assert_eq!(wait(&gallery, |index| index.items.len() == 2).items.len(), 2);
        gallery.set_folders(&[]);
        assert!(wait(&gallery, |index| index.items.is_empty()).items.is_empty());
    }
}
