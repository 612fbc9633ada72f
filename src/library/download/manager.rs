//! Several downloads: a few run, the others wait in order; any thread can look, pause, resume or cancel.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::address::{server_of, without_secrets};
use super::disk::folder_of;
use super::error::{DownloadError, Failure};
use super::monitor::{Monitor, Progress, Stop};
use super::partial::{self, PartialDownload};
use super::run::{End, run};
use super::{Downloaded, Job, Options};

/// How long dropping waits for running downloads. A disk that hangs is left to the system.
const DROP_TIMEOUT: Duration = Duration::from_millis(400);

/// Identifies a job of one [`Downloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The life cycle of a download.
#[derive(Clone, Debug)]
pub enum State {
    /// Starts when one of those before it ends.
    Waiting,
    /// Runs, or is stopping: see [`Phase`](super::Phase).
    Running(Running),
    /// Can be resumed; `None`: from the beginning.
    Paused(Option<PartialDownload>),
    Done(Arc<Downloaded>),
    Failed(Arc<Failure>),
    /// Nothing of it is left on the disk.
    Cancelled,
}

/// A running download.
#[derive(Clone, Debug)]
pub struct Running(Arc<Monitor>);

impl Running {
    /// How far it is now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// What the user asks of a download.
#[derive(Clone, Copy, Debug)]
enum Request {
    Pause,
    Resume,
    Cancel,
}

impl State {
    /// Whether it waits or runs.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running(_))
    }

    /// Whether nothing is left to do or to show.
    fn is_finished(&self) -> bool {
        match self {
            Self::Done(_) | Self::Cancelled => true,
            Self::Failed(failure) => failure.partial.is_none(),
            _ => false,
        }
    }

    /// The transition that a request makes. A running download only stops later, in [`State::end`].
    /// `kept` is what a pause finds on the disk; of what a cancel leaves there, [`Downloads::cancel`] takes care.
    fn request(&mut self, request: Request, kept: Option<PartialDownload>) {
        match (&*self, request) {
            (Self::Running(running), Request::Pause) => running.0.stop(Stop::Pause),
            (Self::Running(running), Request::Cancel) => running.0.stop(Stop::Cancel),
            (Self::Running(running), Request::Resume) => running.0.resume(),
            (Self::Waiting, Request::Pause) => *self = Self::Paused(kept),
            (Self::Paused(_) | Self::Failed(_) | Self::Cancelled, Request::Resume) => *self = Self::Waiting,
            (Self::Waiting | Self::Paused(_) | Self::Failed(_), Request::Cancel) => *self = Self::Cancelled,
            (Self::Done(_), _)
            | (Self::Waiting, Request::Resume)
            | (Self::Paused(_) | Self::Failed(_), Request::Pause)
            | (Self::Cancelled, Request::Pause | Request::Cancel) => {}
        }
    }

    /// The transition at the end of a run: the last request counts, even if it came after the run had seen another
    /// one or had failed.
    fn end(&mut self, end: End, target: &Path) {
        let stop = if let Self::Running(running) = self { running.0.stop_reason() } else { None };
        *self = match (end, stop) {
            (End::Done(downloaded), _) => Self::Done(Arc::new(downloaded)),
            (_, Some(Stop::Cancel)) => {
                partial::discard(target);
                Self::Cancelled
            }
            (End::Failed(failure), _) => Self::Failed(Arc::new(failure)),
            (End::Stopped(_), Some(Stop::Restart)) => Self::Waiting,
            (End::Stopped(partial), _) => Self::Paused(partial),
        };
    }
}

/// A job and its state at one moment.
#[derive(Clone, Debug)]
pub struct Download {
    pub ticket: Ticket,
    pub job: Arc<Job>,
    pub state: State,
}

/// Runs jobs. Dropping it pauses them, so that a later start resumes them.
pub struct Downloads {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    wake: Arc<dyn Fn() + Send + Sync>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    downloads: Vec<Queued>,
    tickets: u64,
    running: usize,
    closing: bool,
}

struct Queued {
    download: Download,
    /// The target as an absolute path without links, so that it is the same however it is written.
    target: PathBuf,
}

impl Queue {
    fn find(&mut self, ticket: Ticket) -> Option<&mut Download> {
        self.downloads.iter_mut().map(|q| &mut q.download).find(|d| d.ticket == ticket)
    }

    /// Fails those that wait for servers which couldn't be reached: each would find out the same, one after the other.
    fn fail_alike(&mut self, failure: &Failure) {
        let unreached: Vec<(String, &DownloadError)> = failure
            .tried
            .iter()
            .filter(|(_, error)| error.is_of_connection())
            .filter_map(|(address, error)| Some((server_of(address)?, error)))
            .collect();
        for Queued { download: Download { job, state, .. }, .. } in &mut self.downloads {
            if !matches!(state, State::Waiting) {
                continue;
            }
            let error_of = |address: &String| {
                let server = server_of(address)?;
                let known = unreached.iter().find(|(known, _)| *known == server).map(|(_, error)| *error);
                Some((without_secrets(address), known.or(failure.offline())?.clone()))
            };
            let tried: Option<Vec<_>> = job.addresses.iter().map(error_of).collect();
            if let Some(tried) = tried
                && let Some((_, error)) = tried.first()
            {
                *state = State::Failed(Arc::new(Failure { error: error.clone(), partial: None, tried }));
            }
        }
    }
}

impl fmt::Debug for Downloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

impl Downloads {
    /// Starts without jobs. `wake` is called after changes, from any thread, at most a few times a second for each job;
    /// it should only make somebody look.
    #[must_use]
    pub fn new(options: Options, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (queue, changed) = (Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { options, wake: Arc::new(wake), queue, changed }) }
    }

    /// Adds a job; it starts when it is its turn. A job for the target of an earlier one replaces it if that has
    /// ended, or is the same job, which is resumed.
    ///
    /// # Errors
    /// [`DownloadError::TargetTaken`] if an unfinished job gets another file to the same target.
    pub fn add(&self, job: Job) -> Result<Ticket, DownloadError> {
        let target = absolute(&job.target);
        let mut queue = self.shared.lock();
        let earlier = queue.downloads.iter().position(|q| q.target == target);
        let ticket = if let Some(at) = earlier {
            let Download { ticket, job: old, state } = &mut queue.downloads[at].download;
            let same = (old.hashes(), old.bytes, &old.member) == (job.hashes(), job.bytes, &job.member);
            if !same && (state.is_active() || matches!(state, State::Paused(_))) {
                return Err(DownloadError::TargetTaken { path: job.target });
            }
            if state.is_active() {
                state.request(Request::Resume, None);
                return Ok(*ticket);
            }
            queue.downloads.remove(at).download.ticket
        } else {
            queue.tickets += 1;
            Ticket(queue.tickets)
        };
        let download = Download { ticket, job: Arc::new(job), state: State::Waiting };
        queue.downloads.push(Queued { download, target });
        self.shared.start_waiting(&mut queue);
        self.shared.changed(queue);
        Ok(ticket)
    }

    /// Every job in order, finished ones too until they are cleared.
    #[must_use]
    pub fn list(&self) -> Vec<Download> {
        self.shared.lock().downloads.iter().map(|q| q.download.clone()).collect()
    }

    /// The state of one job; `None` if it was cleared.
    #[must_use]
    pub fn state(&self, ticket: Ticket) -> Option<State> {
        self.shared.lock().find(ticket).map(|d| d.state.clone())
    }

    /// Stops a job that waits or runs; its bytes are kept. Until it has stopped, it is in
    /// [`Phase::Stopping`](super::Phase::Stopping). Reads the disk.
    pub fn pause(&self, ticket: Ticket) {
        let kept = self.target(ticket).and_then(|target| partial::find(&target));
        self.request(ticket, Request::Pause, kept);
    }

    /// Resumes a job that was paused, failed or cancelled; it waits for its turn.
    pub fn resume(&self, ticket: Ticket) {
        self.request(ticket, Request::Resume, None);
    }

    /// Ends a job and removes its partial download, on this thread; a file that is done stays.
    pub fn cancel(&self, ticket: Ticket) {
        let mut queue = self.shared.lock();
        let Some(Download { job, state, .. }) = queue.find(ticket) else { return };
        if matches!(state, State::Waiting | State::Paused(_) | State::Failed(_)) {
            // It doesn't start while its bytes are removed, for which nobody waits at the queue.
            *state = State::Paused(None);
            let target = job.target.clone();
            self.shared.changed(queue);
            partial::discard(&target);
        } else {
            drop(queue);
        }
        self.request(ticket, Request::Cancel, None);
    }

    fn target(&self, ticket: Ticket) -> Option<PathBuf> {
        self.shared.lock().find(ticket).map(|d| d.job.target.clone())
    }

    /// Pauses every job that waits or runs. Reads the disk.
    pub fn pause_all(&self) {
        let mut queue = self.shared.lock();
        for Queued { download, target } in &mut queue.downloads {
            if download.state.is_active() {
                download.state.request(Request::Pause, partial::find(target));
            }
        }
        self.shared.changed(queue);
    }

    /// Removes jobs from the list that are done or cancelled, and those that failed and left nothing on the disk.
    pub fn clear_finished(&self) {
        let mut queue = self.shared.lock();
        queue.downloads.retain(|q| !q.download.state.is_finished());
        self.shared.changed(queue);
    }

    /// Waits until a job neither waits nor runs; `None` after `timeout`, or if it was cleared.
    #[must_use]
    pub fn wait(&self, ticket: Ticket, timeout: Duration) -> Option<State> {
        let active = |queue: &mut Queue| queue.find(ticket).is_some_and(|d| d.state.is_active());
        self.wait_while(timeout, active).then(|| self.state(ticket))?
    }

    /// Waits until no job waits or runs; false after `timeout`.
    #[must_use]
    pub fn wait_all(&self, timeout: Duration) -> bool {
        self.wait_while(timeout, |queue| queue.downloads.iter().any(|q| q.download.state.is_active()))
    }

    fn wait_while(&self, timeout: Duration, active: impl FnMut(&mut Queue) -> bool) -> bool {
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), timeout, active);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn request(&self, ticket: Ticket, request: Request, kept: Option<PartialDownload>) {
        let mut queue = self.shared.lock();
        if let Some(Download { state, .. }) = queue.find(ticket) {
            state.request(request, kept);
        }
        self.shared.start_waiting(&mut queue);
        self.shared.changed(queue);
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closing = true;
        for Queued { download, .. } in &mut queue.downloads {
            if matches!(download.state, State::Running(_)) {
                download.state.request(Request::Pause, None);
            }
        }
        let end = Instant::now() + DROP_TIMEOUT;
        while queue.running > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!("{} downloads didn't stop in time", queue.running);
                return;
            }
            queue = self.shared.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks the queue, then wakes those who wait and those who watch: `wake` may call back.
    fn changed(&self, queue: MutexGuard<'_, Queue>) {
        drop(queue);
        self.changed.notify_all();
        (self.wake)();
    }

    /// Starts the jobs whose turn it is.
    fn start_waiting(self: &Arc<Self>, queue: &mut Queue) {
        while queue.running < self.options.at_once.max(1) && !queue.closing {
            let mut all = queue.downloads.iter_mut().map(|q| &mut q.download);
            let Some(Download { ticket, job, state }) = all.find(|d| matches!(d.state, State::Waiting))
            else {
                return;
            };
            let monitor = Arc::new(Monitor::new(Arc::clone(&self.wake)));
            let (shared, job, ticket) = (Arc::clone(self), Arc::clone(job), *ticket);
            *state = State::Running(Running(Arc::clone(&monitor)));
            let target = job.target.clone();
            let work = move || {
                let run = AssertUnwindSafe(|| run(&job, &shared.options, &monitor));
                let end = catch_unwind(run).unwrap_or_else(|_| {
                    broken("its thread crashed, which is a mistake of the program".into(), &job.target)
                });
                shared.ended(ticket, end);
            };
            match std::thread::Builder::new().name("download".into()).spawn(work) {
                Ok(_) => queue.running += 1,
                Err(error) => state.end(broken(error.to_string(), &target), &target),
            }
        }
    }

    /// Records how a run ended and starts the next job.
    fn ended(self: &Arc<Self>, ticket: Ticket, end: End) {
        let mut queue = self.lock();
        queue.running -= 1;
        if let End::Failed(failure) = &end {
            queue.fail_alike(failure);
        }
        if let Some(Download { job, state, .. }) = queue.find(ticket) {
            state.end(end, &job.target);
        }
        self.start_waiting(&mut queue);
        self.changed(queue);
    }
}

/// The end of a run that failed outside the download itself.
fn broken(reason: String, target: &Path) -> End {
    let error = DownloadError::Broken { reason };
    End::Failed(Failure { error, partial: partial::find(target), tried: Vec::new() })
}

/// The target as an absolute path, its folder without links.
fn absolute(target: &Path) -> PathBuf {
    let absolute = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    match (folder_of(&absolute).canonicalize(), absolute.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> (State, Arc<Monitor>) {
        let monitor = Arc::new(Monitor::new(Arc::new(|| ())));
        (State::Running(Running(Arc::clone(&monitor))), monitor)
    }

    /// A partial download in `folder`, as a run leaves it after a pause.
    fn kept(folder: &Path) -> (PathBuf, End) {
        let target = folder.join("m.onnx");
        let info = r#"{"address":"https://h.org/m","validator":"\"v\"","synced":5}"#;
        std::fs::write(folder.join("m.onnx.part"), "hello").unwrap();
        std::fs::write(folder.join("m.onnx.part.json"), info).unwrap();
        let partial = partial::find(&target);
        assert!(partial.is_some());
        (target, End::Stopped(partial))
    }

    /// The user pauses; the run sees that and keeps its bytes; before it has ended the user cancels.
    #[test]
    fn a_cancel_that_comes_while_pausing_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (target, end) = kept(folder.path());
        let (mut state, _) = running();
        state.request(Request::Pause, None);
        state.request(Request::Cancel, None);
        state.end(end, &target);
        assert!(matches!(state, State::Cancelled), "{state:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_cancel_counts_even_if_the_run_fails_first() {
        let folder = tempfile::tempdir().unwrap();
        let (target, _) = kept(folder.path());
        let (mut state, _) = running();
        state.request(Request::Cancel, None);
        state.end(broken("test".into(), &target), &target);
        assert!(matches!(state, State::Cancelled), "{state:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_last_request_decides() {
        let target = Path::new("/nowhere/m.onnx");
        for (requests, waits) in [
            (&[Request::Pause, Request::Resume][..], true),
            (&[Request::Cancel, Request::Resume], true),
            (&[Request::Pause, Request::Resume, Request::Pause], false),
        ] {
            let (mut state, monitor) = running();
            for request in requests {
                state.request(*request, None);
            }
            assert!(monitor.check().is_err(), "it stops");
            state.end(End::Stopped(None), target);
            assert_eq!(matches!(state, State::Waiting), waits, "{requests:?} {state:?}");
        }
    }
}
