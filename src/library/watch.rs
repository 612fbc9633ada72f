//! Keeps the list of models true: one thread looks at the folders twice a second, computes hashes a little at a time, and
//! measures models when nothing else is to be done.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};

use super::catalogue::Catalogue;
use super::inventory::Inventory;
use super::measure;
use super::model_entry::ModelEntry;
use super::records::{FileStamp, ModelRecords};
use crate::model::OpenOptions;

/// How often the folders are looked at: a new file is in the list within a second.
const EVERY: Duration = Duration::from_millis(400);
/// Hashing takes so much of a look at the most, so that new files aren't missed meanwhile.
const HASHING: Duration = Duration::from_millis(150);
/// Larger models aren't measured unasked.
const MEASURED_UP_TO: u64 = 600 << 20;
/// Nothing is measured before the computer was left alone for so long.
const QUIET: Duration = Duration::from_secs(3);

struct Shared {
    inventory: Mutex<Inventory>,
    cards: ArcSwap<Vec<Arc<ModelEntry>>>,
    wake: Box<dyn Fn() + Send + Sync>,
    stop: AtomicBool,
    idle: AtomicBool,
    measuring: AtomicBool,
    /// Predictor again at once.
    again: AtomicBool,
    thread: Mutex<Option<std::thread::Thread>>,
}

impl Shared {
    fn inventory(&self) -> MutexGuard<'_, Inventory> {
        self.inventory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The list of models, kept true in the background. Dropping it ends its thread.
pub struct Watcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("cards", &self.cards().len()).finish_non_exhaustive()
    }
}

impl Watcher {
    /// Begins; `wake` is called from its thread whenever the list changed and must return at once.
    #[must_use]
    pub fn start(inventory: Inventory, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            inventory: Mutex::new(inventory),
            cards: ArcSwap::default(),
            wake: Box::new(wake),
            stop: AtomicBool::new(false),
            idle: AtomicBool::new(false),
            measuring: AtomicBool::new(false),
            again: AtomicBool::new(true),
            thread: Mutex::new(None),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sightline-library".into()).spawn(move || run(&own));
        let thread = thread.map_err(|e| tracing::error!("the models aren't watched: {e}")).ok();
        if let Some(thread) = &thread {
            *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread.thread().clone());
        }
        Self { shared, thread }
    }

    /// The models as they are now.
    #[must_use]
    pub fn cards(&self) -> Arc<Vec<Arc<ModelEntry>>> {
        self.shared.cards.load_full()
    }

    /// The catalogue that they are compared with.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(self.shared.inventory().catalogue())
    }

    /// What is remembered of all models.
    #[must_use]
    pub fn notes(&self) -> ModelRecords {
        self.shared.inventory().notes().clone()
    }

    /// Whether nothing else is to be done: then models without a time are measured.
    pub fn set_idle(&self, idle: bool) {
        self.shared.idle.store(idle, Relaxed);
    }

    /// Whether a model is being measured now.
    #[must_use]
    pub fn is_measuring(&self) -> bool {
        self.shared.measuring.load(Relaxed)
    }

    /// Changes what is remembered of models; the list follows at once. Writes a file: not for the thread that paints.
    pub fn note(&self, change: impl Fn(&mut ModelRecords)) {
        self.shared.inventory().note(change);
        self.look_again();
    }

    /// Remembers that a model is being run. Writes a file: not for the thread that paints.
    pub fn used(&self, path: &Path) {
        self.shared.inventory().used(path);
        self.look_again();
    }

    /// Looks in these folders, too.
    pub fn watch_too(&self, folders: &[PathBuf]) {
        self.shared.inventory().watch_too(folders);
        self.look_again();
    }

    /// What went wrong with keeping notes, once.
    #[must_use]
    pub fn take_trouble(&self) -> Option<String> {
        self.shared.inventory.try_lock().ok()?.take_trouble().map(|e| e.to_string())
    }

    /// Looks at the folders now instead of within half a second.
    pub fn look_again(&self) {
        self.shared.again.store(true, Relaxed);
        if let Some(thread) = &*self.shared.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        self.look_again();
        let Some(thread) = self.thread.take() else { return };
        // A measurement ends between two frames; one that hangs is left to the system.
        let until = Instant::now() + Duration::from_millis(300);
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn run(shared: &Shared) {
    let mut seen = Vec::new();
    let mut hashing = None;
    let mut quiet_since = Instant::now();
    while !shared.stop.load(Relaxed) {
        let again = shared.again.swap(false, Relaxed);
        {
            let mut inventory = shared.inventory();
            let glance = inventory.glance();
            let noted = inventory.notes_changed();
            if noted {
                inventory.reload_notes();
            }
            if again || noted || glance != seen {
                seen = glance;
                let cards: Vec<Arc<ModelEntry>> = inventory.cards().into_iter().map(Arc::new).collect();
                drop(inventory);
                if *shared.cards.load_full() != cards {
                    shared.cards.store(Arc::new(cards));
                    (shared.wake)();
                }
            }
        }
        if hash_some(shared, &mut hashing) {
            // More to hash: no rest for the half second, but the folders are looked at in between.
            std::thread::sleep(Duration::from_millis(20));
            continue;
        }
        if !shared.idle.load(Relaxed) {
            quiet_since = Instant::now();
        } else if quiet_since.elapsed() >= QUIET && measure_one(shared) {
            continue;
        }
        std::thread::park_timeout(EVERY);
    }
}

/// A file whose hash is half computed.
struct Hashing {
    path: PathBuf,
    stamp: FileStamp,
    file: std::fs::File,
    hasher: Sha256,
}

/// Computes a part of the next hash that is missing; whether there is more to do.
fn hash_some(shared: &Shared, state: &mut Option<Hashing>) -> bool {
    let cards = shared.cards.load_full();
    if state.is_none() {
        let next = cards.iter().find(|c| c.sha256.is_none() && c.is_whole());
        *state = next.and_then(|card| {
            let file = std::fs::File::open(&card.path).ok()?;
            Some(Hashing { path: card.path.clone(), stamp: card.stamp, file, hasher: Sha256::new() })
        });
    }
    let Some(now) = state else { return false };
    let begin = Instant::now();
    let mut chunk = vec![0; 1 << 18];
    while begin.elapsed() < HASHING && !shared.stop.load(Relaxed) {
        match now.file.read(&mut chunk) {
            Ok(0) => {
                let (path, stamp) = (now.path.clone(), now.stamp);
                let done = state.take();
                // A file that was written meanwhile is hashed anew.
                if let Some(done) = done.filter(|_| FileStamp::of(&path).is_ok_and(|s| s == stamp)) {
                    let sha256 = crate::model::hex(done.hasher);
                    shared.inventory().note(|notes| notes.hashed(&path, stamp, &sha256));
                    shared.again.store(true, Relaxed);
                }
                return true;
            }
            Ok(read) => now.hasher.update(chunk.get(..read).unwrap_or_default()),
            Err(error) => {
                tracing::warn!("{} can't be hashed: {error}", now.path.display());
                *state = None;
                return false;
            }
        }
    }
    true
}

/// Measures the next model without a time; whether there was one.
fn measure_one(shared: &Shared) -> bool {
    let cards = shared.cards.load_full();
    let notes = |card: &ModelEntry| shared.inventory().remembered(&card.path);
    let next = cards.iter().find(|c| {
        c.spec().is_some()
            && c.measured.is_none()
            && c.sha256.is_some()
            && c.stamp.bytes <= MEASURED_UP_TO
            && notes(c).failed.is_none()
    });
    let Some(card) = next else { return false };
    shared.measuring.store(true, Relaxed);
    let go_on = || shared.idle.load(Relaxed) && !shared.stop.load(Relaxed);
    let hints = shared.inventory().catalogue().hints(&card.path);
    let cache = crate::model::folders::cache_folder();
    let options = OpenOptions { hints, cache, ..OpenOptions::default() };
    let run = std::panic::AssertUnwindSafe(|| measure::measure(&card.path, &options, go_on));
    let answer = std::panic::catch_unwind(run);
    shared.measuring.store(false, Relaxed);
    match answer {
        Ok(Ok(measured)) => {
            shared.inventory().note(|n| n.change(&card.path, |n| n.measured = Some(measured.clone())));
        }
        // Without the runtime nothing can be measured, and it may come.
        Ok(Err(crate::model::ModelError::Stopped | crate::model::ModelError::NoRuntime { .. })) => {
            return false;
        }
        Ok(Err(error)) => {
            let text = error.to_string();
            shared.inventory().note(|n| n.change(&card.path, |n| n.failed = Some(text.clone())));
        }
        Err(_) => {
            shared.inventory().note(|n| n.change(&card.path, |n| n.failed = Some("it crashed".into())));
        }
    }
    shared.again.store(true, Relaxed);
    true
}
