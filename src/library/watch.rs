//! Keeps the list of models up to date: one thread scans the folders when they change, computes hashes a little at a
//! time, and measures models when nothing else runs.
//!
//! The system reports changes of most folders. Folders where it can't (network disks, a reached limit) are polled, and
//! all folders are scanned every two seconds, in case a report was lost.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};
use sha2::{Digest as _, Sha256};

use super::catalogue::Catalogue;
use super::folder_events::FolderEvents;
use super::inventory::{self, Inventory};
use super::measure;
use super::model_entry::ModelEntry;
use super::records::{FileStamp, ModelRecords, RecordsError};
use crate::model::isolation::{self, Isolation};
use crate::model::{CancelToken, ModelError, OpenOptions, folders};

/// How often folders are scanned whose changes the system doesn't report.
const POLL: Duration = Duration::from_millis(400);
/// How often all folders are scanned, in case a report was lost.
const FULL_SCAN: Duration = Duration::from_secs(2);
/// Shortest time between two scans after reports: a file that is being written reports a change with every block.
const REPORT_GAP: Duration = Duration::from_millis(200);
/// Hashing takes so long at a time, so that new files are seen meanwhile.
const HASHING: Duration = Duration::from_millis(150);
/// Rest between two turns of hashing.
const HASHING_REST: Duration = Duration::from_millis(20);
/// Larger models are only measured on request.
const MEASURED_UP_TO: u64 = 600 << 20;
/// Models are measured after the program has been idle for so long.
const QUIET: Duration = Duration::from_secs(3);
/// How long dropping waits. A measurement ends at once, with its process.
const DROP_TIMEOUT: Duration = Duration::from_millis(300);

struct Shared {
    inventory: Mutex<Inventory>,
    entries: ArcSwap<Vec<Arc<ModelEntry>>>,
    wake: Box<dyn Fn() + Send + Sync>,
    stop: AtomicBool,
    idle: AtomicBool,
    measuring: AtomicBool,
    /// Ends the measurement that is under way.
    measurement: Mutex<Option<CancelToken>>,
    /// Scan at once.
    rescan: AtomicBool,
    /// The system reported a change in a folder.
    reported: AtomicBool,
    /// Wakes the thread; holds one signal.
    signal: Sender<()>,
}

impl Shared {
    fn inventory(&self) -> MutexGuard<'_, Inventory> {
        self.inventory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a flag and wakes the thread. A flag that is set already doesn't wake it again: a file that is being written
    /// reports thousands of changes.
    fn set(&self, flag: &AtomicBool) {
        if !flag.swap(true, Relaxed) {
            // If the channel is full, the thread wakes anyway.
            let _ = self.signal.try_send(());
        }
    }

    fn measurement(&self) -> MutexGuard<'_, Option<CancelToken>> {
        self.measurement.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the measurement that is under way: the program has other work, or ends.
    fn end_measurement(&self) {
        if let Some(measurement) = &*self.measurement() {
            measurement.cancel();
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }
}

/// The list of models, kept up to date in the background. Dropping it ends its thread.
pub struct Watcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("entries", &self.entries().len()).finish_non_exhaustive()
    }
}

impl Watcher {
    /// Starts the thread. It calls `wake` whenever the list has changed; `wake` must return at once.
    #[must_use]
    pub fn start(inventory: Inventory, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::start_with(inventory, wake, |shared| {
            let shared = Arc::clone(shared);
            FolderEvents::new(move || shared.set(&shared.reported))
        })
    }

    fn start_with(
        inventory: Inventory,
        wake: impl Fn() + Send + Sync + 'static,
        events: impl FnOnce(&Arc<Shared>) -> FolderEvents + Send + 'static,
    ) -> Self {
        let (signal, signals) = bounded(1);
        let shared = Arc::new(Shared {
            inventory: Mutex::new(inventory),
            entries: ArcSwap::default(),
            wake: Box::new(wake),
            stop: AtomicBool::new(false),
            idle: AtomicBool::new(false),
            measuring: AtomicBool::new(false),
            measurement: Mutex::new(None),
            rescan: AtomicBool::new(true),
            reported: AtomicBool::new(false),
            signal,
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sightline-library".into()).spawn(move || {
            let events = events(&own);
            run(&own, events, &signals);
        });
        let thread = thread.map_err(|e| tracing::error!("the models aren't watched: {e}")).ok();
        Self { shared, thread }
    }

    /// The models as they are now.
    #[must_use]
    pub fn entries(&self) -> Arc<Vec<Arc<ModelEntry>>> {
        self.shared.entries.load_full()
    }

    /// The catalogue that models are compared with.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(self.shared.inventory().catalogue())
    }

    /// The records of all models.
    #[must_use]
    pub fn records(&self) -> ModelRecords {
        self.shared.inventory().records().clone()
    }

    /// Sets whether the program is idle: then models without a time are measured.
    pub fn set_idle(&self, idle: bool) {
        if self.shared.idle.swap(idle, Relaxed) && !idle {
            self.shared.end_measurement();
        }
    }

    /// Whether a model is being measured now.
    #[must_use]
    pub fn is_measuring(&self) -> bool {
        self.shared.measuring.load(Relaxed)
    }

    /// Changes the records; the list follows at once. Writes a file, so the UI thread must not call it.
    pub fn update(&self, change: impl Fn(&mut ModelRecords)) {
        self.shared.inventory().update(change);
        self.rescan();
    }

    /// Records that a model is being run. Writes a file, so the UI thread must not call it.
    pub fn mark_used(&self, path: &Path) {
        self.shared.inventory().mark_used(path);
        self.rescan();
    }

    /// Adds folders to those that are watched.
    pub fn add_folders(&self, folders: &[PathBuf]) {
        self.shared.inventory().add_folders(folders);
        self.rescan();
    }

    /// Returns the last error of reading or writing the records, once.
    #[must_use]
    pub fn take_error(&self) -> Option<RecordsError> {
        self.shared.inventory.try_lock().ok()?.take_error()
    }

    /// Scans the folders now.
    pub fn rescan(&self) {
        self.shared.set(&self.shared.rescan);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.set(&self.shared.stop);
        self.shared.end_measurement();
        let Some(thread) = self.thread.take() else { return };
        let deadline = Instant::now() + DROP_TIMEOUT;
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn run(shared: &Shared, mut events: FolderEvents, signals: &Receiver<()>) {
    let mut seen = Vec::new();
    let mut hashing = Hashing::default();
    let mut quiet_since = Instant::now();
    let mut last_scan = Instant::now();
    while !shared.is_stopped() {
        let rescan = shared.rescan.swap(false, Relaxed);
        let (folders, records_changed) = {
            let inventory = shared.inventory();
            (inventory.folders().to_vec(), inventory.records_changed())
        };
        let since = last_scan.elapsed();
        let reported = since >= REPORT_GAP && shared.reported.swap(false, Relaxed);
        let poll = since >= POLL && !events.cover(&folders);
        if rescan || reported || records_changed || poll || since >= FULL_SCAN {
            // Before the scan, so that a change during it is reported.
            events.watch(&folders);
            let files = inventory::scan(&folders);
            last_scan = Instant::now();
            if rescan || records_changed || files != seen {
                refresh(shared, &files, records_changed);
                seen = files;
            }
        }
        let wait = if hashing.step(shared) {
            HASHING_REST
        } else if !shared.idle.load(Relaxed) {
            quiet_since = Instant::now();
            POLL
        } else if quiet_since.elapsed() >= QUIET && measure_one(shared) {
            continue;
        } else {
            POLL
        };
        let pending = shared.reported.load(Relaxed);
        let wait = if pending { wait.min(REPORT_GAP.saturating_sub(last_scan.elapsed())) } else { wait };
        let _ = signals.recv_timeout(wait);
    }
}

/// Makes the list anew from these files; `wake` is called without the lock.
fn refresh(shared: &Shared, files: &[inventory::ScannedFile], reload_records: bool) {
    let entries: Vec<Arc<ModelEntry>> = {
        let mut inventory = shared.inventory();
        if reload_records {
            inventory.reload_records();
        }
        inventory.entries_of(files).into_iter().map(Arc::new).collect()
    };
    if **shared.entries.load() != entries {
        shared.entries.store(Arc::new(entries));
        (shared.wake)();
    }
}

/// Computes missing hashes, one file after the other.
#[derive(Default)]
struct Hashing {
    current: Option<HalfHashed>,
    /// Contents that couldn't be read to the end or whose hash can't be recorded: they aren't tried again, so that others
    /// get their turn.
    tried: HashSet<(PathBuf, u64, u64)>,
}

/// A file whose hash is half computed.
struct HalfHashed {
    path: PathBuf,
    stamp: FileStamp,
    file: File,
    hasher: Sha256,
}

impl Hashing {
    /// Computes a part of the next missing hash; returns whether there is more to do.
    fn step(&mut self, shared: &Shared) -> bool {
        if self.current.is_none() {
            self.current = self.next(&shared.entries.load());
        }
        let Some(current) = &mut self.current else { return false };
        let begin = Instant::now();
        let mut chunk = vec![0; 1 << 18];
        while begin.elapsed() < HASHING && !shared.is_stopped() {
            match current.file.read(&mut chunk) {
                Ok(0) => {
                    if let Some(HalfHashed { path, stamp, hasher, .. }) = self.current.take()
                        // A file that was written meanwhile is hashed again.
                        && FileStamp::of(&path).is_ok_and(|now| now == stamp)
                    {
                        let sha256 = crate::model::hex(hasher);
                        let mut inventory = shared.inventory();
                        inventory.update(|records| records.set_hash(&path, stamp, &sha256));
                        if inventory.record(&path).sha256.is_none() {
                            self.tried.insert(key(&path, stamp));
                        }
                        drop(inventory);
                        shared.rescan.store(true, Relaxed);
                    }
                    break;
                }
                Ok(read) => current.hasher.update(chunk.get(..read).unwrap_or_default()),
                Err(error) => {
                    tracing::warn!("{} can't be hashed: {error}", current.path.display());
                    self.tried.insert(key(&current.path, current.stamp));
                    self.current = None;
                    break;
                }
            }
        }
        true
    }

    /// Opens the next file without a hash.
    fn next(&mut self, entries: &[Arc<ModelEntry>]) -> Option<HalfHashed> {
        for entry in entries.iter().filter(|e| e.sha256.is_none() && e.is_whole()) {
            let key = key(&entry.path, entry.stamp);
            if self.tried.contains(&key) {
                continue;
            }
            match File::open(&entry.path) {
                Ok(file) => {
                    let (path, stamp) = (entry.path.clone(), entry.stamp);
                    return Some(HalfHashed { path, stamp, file, hasher: Sha256::new() });
                }
                Err(error) => {
                    tracing::warn!("{} can't be hashed: {error}", entry.path.display());
                    self.tried.insert(key);
                }
            }
        }
        None
    }
}

fn key(path: &Path, stamp: FileStamp) -> (PathBuf, u64, u64) {
    (path.to_owned(), stamp.bytes, stamp.modified)
}

/// Measures the next model whose time isn't known, or only from running live; returns whether there was one.
fn measure_one(shared: &Shared) -> bool {
    if !isolation::is_available() {
        return false;
    }
    let entries = shared.entries.load_full();
    let next = entries.iter().find(|e| {
        e.spec().is_some()
            && e.measured.as_ref().is_none_or(|measured| measured.live.is_some())
            && e.sha256.is_some()
            && e.may_be_measured
            && e.stamp.bytes <= MEASURED_UP_TO
            && shared.inventory().record(&e.path).failed.is_none()
    });
    let Some(ModelEntry { path, .. }) = next.map(|entry| &**entry) else { return false };
    shared.measuring.store(true, Relaxed);
    let cancel = CancelToken::default();
    *shared.measurement() = Some(cancel.clone());
    let go_on = || shared.idle.load(Relaxed) && !shared.is_stopped();
    // It may have stopped being idle before there was anything to cancel.
    if !go_on() {
        *shared.measurement() = None;
        shared.measuring.store(false, Relaxed);
        return false;
    }
    let known = shared.inventory().catalogue().known();
    let options = OpenOptions {
        known,
        cache: folders::cache_folder(),
        // Nobody asked for it: whatever the file does, it does to another process.
        isolation: Some(Isolation::unasked()),
        cancel: Some(cancel),
        ..OpenOptions::default()
    };
    let run = std::panic::AssertUnwindSafe(|| measure::measure(path, &options, go_on));
    let result = std::panic::catch_unwind(run);
    *shared.measurement() = None;
    shared.measuring.store(false, Relaxed);
    let failed = |reason: String| {
        shared.inventory().update(|r| r.change(path, |r| r.failed = Some(reason.clone())));
    };
    match result {
        Ok(Ok(measured)) => {
            shared.inventory().update(|r| r.change(path, |r| r.measured = Some(measured.clone())));
        }
        // Without the runtime nothing can be measured; it may be installed later.
        Ok(Err(ModelError::Stopped | ModelError::NoRuntime { .. } | ModelError::NoHelper { .. })) => {
            return false;
        }
        Ok(Err(error)) => failed(error.to_string()),
        Err(_) => failed("it crashed".into()),
    }
    shared.rescan.store(true, Relaxed);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any of these tests takes.
    const LONG: Duration = Duration::from_secs(20);

    fn inventory(folder: &Path) -> Inventory {
        Inventory::new(vec![folder.to_owned()], None, Arc::new(Catalogue::default()))
    }

    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < LONG, "never: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// A folder whose changes are reported isn't polled, and the full scan comes after 2 s.
    #[test]
    fn a_new_file_is_listed_before_the_next_full_scan() {
        let folder = tempfile::tempdir().unwrap();
        let watcher = Watcher::start(inventory(folder.path()), || ());
        let mut fastest = Duration::MAX;
        for n in 0..4 {
            // Reports count again, and polling would take another 0.2 s.
            std::thread::sleep(REPORT_GAP + Duration::from_millis(10));
            std::fs::write(folder.path().join(format!("{n}.onnx")), "no model").unwrap();
            let start = Instant::now();
            until("the file is listed", || watcher.entries().len() == n + 1);
            fastest = fastest.min(start.elapsed());
        }
        assert!(fastest < POLL / 4, "{fastest:?}");
        // In a new subfolder too, and a removed file goes.
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/deep.onnx"), "no model").unwrap();
        until("the file in the subfolder is listed", || watcher.entries().len() == 5);
        std::fs::remove_dir_all(folder.path().join("sub")).unwrap();
        until("it is gone", || watcher.entries().len() == 4);
    }

    #[test]
    fn a_folder_that_appears_later_is_watched() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("models");
        let watcher = Watcher::start(inventory(&folder), || ());
        std::thread::sleep(Duration::from_millis(50));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.onnx"), "no model").unwrap();
        until("it is listed", || watcher.entries().len() == 1);
    }

    #[test]
    fn without_reports_folders_are_polled() {
        let folder = tempfile::tempdir().unwrap();
        let events = FolderEvents::unavailable();
        assert!(!events.cover(&[folder.path().to_owned()]), "an unwatched folder is polled");
        assert!(events.cover(&[folder.path().join("missing")]));
        let watcher = Watcher::start_with(inventory(folder.path()), || (), |_| events);
        let mut fastest = Duration::MAX;
        for n in 0..3 {
            std::fs::write(folder.path().join(format!("{n}.onnx")), "no model").unwrap();
            let start = Instant::now();
            until("the file is listed", || watcher.entries().len() == n + 1);
            fastest = fastest.min(start.elapsed());
        }
        assert!(fastest < FULL_SCAN / 2, "{fastest:?}");
    }

    /// Only a folder's report is counted: reading its files, as hashing does, must not cause another scan.
    #[test]
    fn reading_a_file_is_not_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.onnx");
        std::fs::write(&path, "x").unwrap();
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let own = Arc::clone(&count);
        let mut events = FolderEvents::new(move || {
            own.fetch_add(1, Relaxed);
        });
        let folders = [folder.path().to_owned()];
        events.watch(&folders);
        // scripts/totals.py counts tests that fail with these words apart.
        assert!(events.cover(&folders), "this test can't run here: the system reports no changes of folders");
        for _ in 0..3 {
            std::fs::read(&path).unwrap();
        }
        std::thread::sleep(Duration::from_millis(150));
        assert_eq!(count.load(Relaxed), 0);
        std::fs::write(&path, "y").unwrap();
        until("the change is reported", || count.load(Relaxed) > 0);
    }

    /// Its first file can be listed and not be read: the others are hashed all the same.
    #[test]
    fn an_unreadable_file_does_not_stop_hashing() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |name: &str| {
            let path = folder.path().join(name);
            let read = super::super::model_entry::FileContent::unknown("a test");
            let record = super::super::records::ModelRecord::default();
            let stamp = FileStamp { bytes: 1, modified: 1 };
            let runs = isolation::Runs::default();
            Arc::new(ModelEntry::new(&path, stamp, read, &record, &runs, &Catalogue::default()))
        };
        let entries = [entry("gone.onnx"), entry("there.onnx")];
        std::fs::write(&entries[1].path, "x").unwrap();
        let mut hashing = Hashing::default();
        let next = hashing.next(&entries).map(|h| h.path);
        assert_eq!(next, Some(entries[1].path.clone()));
        assert_eq!(hashing.tried.len(), 1, "it isn't tried again");
    }
}
