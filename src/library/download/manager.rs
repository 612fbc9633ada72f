//! Several downloads at once: a few run, the others wait in order, and any thread may look, pause, resume or cancel.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{DownloadError, Failure};
use super::part::{self, Kept};
use super::progress::{Control, Live, Phase, Progress, Stop};
use super::space::folder_of;
use super::transfer::{End, Task, run};
use super::{Job, Options, Outcome};

/// Jobs that may wait or run; more are refused.
const MOST_JOBS: usize = 1000;
/// How long dropping waits for what runs. A disk that hangs is left to the system.
const LAST_WAIT: Duration = Duration::from_millis(400);

/// Names a job of one [`Downloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(u64);

/// Where a job is in its life.
#[derive(Clone, Debug)]
pub enum State {
    /// Waits until one of those before it is done.
    Waiting,
    Running(Progress),
    /// Stopped on purpose, to be resumed. `None`: nothing could be kept, it will start from the beginning.
    Paused(Option<Kept>),
    Done(Arc<Outcome>),
    Failed(Arc<Failure>),
    /// Stopped on purpose; nothing of it is left on the disk.
    Cancelled,
}

impl State {
    /// Whether it waits or runs.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running(_))
    }
}

/// A job and its state at one moment.
#[derive(Clone, Debug)]
pub struct Download {
    pub ticket: Ticket,
    pub job: Arc<Job>,
    pub state: State,
}

/// Does jobs. Dropping it pauses what runs, so that a later start resumes it.
pub struct Downloads {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    wake: Arc<dyn Fn() + Send + Sync>,
    state: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    tickets: u64,
    running: usize,
    closing: bool,
}

struct Entry {
    ticket: Ticket,
    job: Arc<Job>,
    /// The target, as one name for all the ways to write it.
    target: PathBuf,
    slot: Slot,
}

enum Slot {
    Waiting,
    /// `again`: resumed while it was stopping.
    Running {
        control: Arc<Control>,
        live: Arc<Live>,
        again: bool,
    },
    Paused(Option<Kept>),
    Done(Arc<Outcome>),
    Failed(Arc<Failure>),
    Cancelled,
}

impl Slot {
    fn is_active(&self) -> bool {
        matches!(self, Self::Waiting | Self::Running { .. })
    }

    /// Whether nothing is left to do or to explain.
    fn is_over(&self) -> bool {
        match self {
            Self::Done(_) | Self::Cancelled => true,
            Self::Failed(failure) => failure.kept.is_none(),
            _ => false,
        }
    }

    fn state(&self) -> State {
        match self {
            Self::Waiting => State::Waiting,
            Self::Running { live, .. } => State::Running(live.progress()),
            Self::Paused(kept) => State::Paused(kept.clone()),
            Self::Done(outcome) => State::Done(Arc::clone(outcome)),
            Self::Failed(failure) => State::Failed(Arc::clone(failure)),
            Self::Cancelled => State::Cancelled,
        }
    }
}

impl fmt::Debug for Downloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

impl Downloads {
    /// No job yet. `wake` is called, from any thread and at most a few times a second for each job, when something
    /// changed; it should only make somebody look, and must not call back in here.
    #[must_use]
    pub fn new(options: Options, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { options, wake: Arc::new(wake), state, changed }) }
    }

    /// Takes a job; it starts when it is its turn. A job for a target that another one has already is that one, which
    /// goes on where it was paused, failed or cancelled.
    ///
    /// # Errors
    /// [`DownloadError::TargetTaken`] where that other one, not done yet, gets another file;
    /// [`DownloadError::Broken`] where too many jobs wait.
    pub fn add(&self, job: Job) -> Result<Ticket, DownloadError> {
        let target = one_name(&job.target);
        let mut inner = self.shared.lock();
        let ticket = if let Some(at) = inner.entries.iter().position(|e| e.target == target) {
            let entry = &mut inner.entries[at];
            let same = (entry.job.sha256, entry.job.bytes, &entry.job.member)
                == (job.sha256, job.bytes, &job.member);
            match &mut entry.slot {
                Slot::Waiting | Slot::Running { .. } | Slot::Paused(_) if !same => {
                    return Err(DownloadError::TargetTaken { path: job.target });
                }
                Slot::Waiting => return Ok(entry.ticket),
                Slot::Running { control, again, .. } => {
                    *again |= control.check().is_err();
                    return Ok(entry.ticket);
                }
                _ => {}
            }
            let mut entry = inner.entries.remove(at);
            entry.job = Arc::new(job);
            entry.slot = Slot::Waiting;
            let ticket = entry.ticket;
            inner.entries.push(entry);
            ticket
        } else {
            if inner.entries.iter().filter(|e| !e.slot.is_over()).count() >= MOST_JOBS {
                return Err(DownloadError::Broken {
                    reason: format!("more than {MOST_JOBS} downloads wait"),
                });
            }
            if inner.entries.len() >= 2 * MOST_JOBS {
                inner.entries.retain(|e| !e.slot.is_over());
            }
            inner.tickets += 1;
            let ticket = Ticket(inner.tickets);
            inner.entries.push(Entry { ticket, job: Arc::new(job), target, slot: Slot::Waiting });
            ticket
        };
        self.shared.start_waiting(&mut inner);
        self.shared.changed(inner);
        Ok(ticket)
    }

    /// Every job in order, finished ones too until they are cleared.
    #[must_use]
    pub fn list(&self) -> Vec<Download> {
        let inner = self.shared.lock();
        let one = |e: &Entry| Download { ticket: e.ticket, job: Arc::clone(&e.job), state: e.slot.state() };
        inner.entries.iter().map(one).collect()
    }

    /// The state of one job; `None` where it was cleared.
    #[must_use]
    pub fn state(&self, ticket: Ticket) -> Option<State> {
        let inner = self.shared.lock();
        inner.entries.iter().find(|e| e.ticket == ticket).map(|e| e.slot.state())
    }

    /// Stops a job that waits or runs; what is there is kept. It stays running, in [`Phase::Stopping`], for the moment
    /// that takes.
    pub fn pause(&self, ticket: Ticket) {
        self.with(ticket, |slot, job| match slot {
            Slot::Waiting => *slot = Slot::Paused(part::kept(&job.target)),
            Slot::Running { control, live, again } => {
                *again = false;
                stop(control, live, Stop::Pause);
            }
            _ => {}
        });
    }

    /// Goes on with a job that was paused, failed or cancelled; it waits for its turn.
    pub fn resume(&self, ticket: Ticket) {
        self.with(ticket, |slot, _| match slot {
            Slot::Paused(_) | Slot::Failed(_) | Slot::Cancelled => *slot = Slot::Waiting,
            Slot::Running { control, again, .. } => *again = control.check().is_err(),
            _ => {}
        });
    }

    /// Ends a job and removes what is there of it; a file that is done stays.
    pub fn cancel(&self, ticket: Ticket) {
        self.with(ticket, |slot, job| match slot {
            Slot::Running { control, live, again } => {
                *again = false;
                stop(control, live, Stop::Cancel);
            }
            Slot::Waiting | Slot::Paused(_) | Slot::Failed(_) => {
                part::discard(&job.target);
                *slot = Slot::Cancelled;
            }
            _ => {}
        });
    }

    /// Pauses every job that waits or runs.
    pub fn pause_all(&self) {
        let active = |d: &Download| d.state.is_active();
        // Those that wait first, lest they start in the place of those that stop.
        let (running, waiting): (Vec<_>, Vec<_>) =
            self.list().into_iter().filter(active).partition(|d| matches!(d.state, State::Running(_)));
        waiting.iter().chain(&running).for_each(|d| self.pause(d.ticket));
    }

    /// Takes jobs off the list that are done or cancelled, and those that failed and left nothing on the disk.
    pub fn clear_finished(&self) {
        let mut inner = self.shared.lock();
        inner.entries.retain(|e| !e.slot.is_over());
        self.shared.changed(inner);
    }

    /// Waits until a job neither waits nor runs; `None` after `timeout`, or where it was cleared.
    #[must_use]
    pub fn wait(&self, ticket: Ticket, timeout: Duration) -> Option<State> {
        let busy = |inner: &mut Inner| inner.entries.iter().any(|e| e.ticket == ticket && e.slot.is_active());
        self.wait_while(timeout, busy).then(|| self.state(ticket))?
    }

    /// Waits until no job waits or runs; false after `timeout`.
    #[must_use]
    pub fn wait_all(&self, timeout: Duration) -> bool {
        self.wait_while(timeout, |inner| inner.entries.iter().any(|e| e.slot.is_active()))
    }

    fn wait_while(&self, timeout: Duration, busy: impl FnMut(&mut Inner) -> bool) -> bool {
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), timeout, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn with(&self, ticket: Ticket, change: impl FnOnce(&mut Slot, &Job)) {
        let mut inner = self.shared.lock();
        if let Some(entry) = inner.entries.iter_mut().find(|e| e.ticket == ticket) {
            change(&mut entry.slot, &entry.job);
        }
        self.shared.start_waiting(&mut inner);
        self.shared.changed(inner);
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        inner.closing = true;
        for entry in &mut inner.entries {
            if let Slot::Running { control, live, again } = &mut entry.slot {
                *again = false;
                stop(control, live, Stop::Pause);
            }
        }
        let end = Instant::now() + LAST_WAIT;
        while inner.running > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!("{} downloads didn't stop in time", inner.running);
                return;
            }
            inner = self.shared.changed.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn stop(control: &Control, live: &Live, stop: Stop) {
    control.stop(stop);
    live.set_phase(Phase::Stopping);
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait and those who watch.
    fn changed(&self, inner: MutexGuard<'_, Inner>) {
        drop(inner);
        self.changed.notify_all();
        (self.wake)();
    }

    /// Starts those whose turn it is.
    fn start_waiting(self: &Arc<Self>, inner: &mut Inner) {
        while inner.running < self.options.at_once.max(1) && !inner.closing {
            let Some(entry) = inner.entries.iter_mut().find(|e| matches!(e.slot, Slot::Waiting)) else {
                return;
            };
            let control = Arc::new(Control::default());
            let live = Arc::new(Live::new(Arc::clone(&self.wake)));
            let (shared, job, ticket) = (Arc::clone(self), Arc::clone(&entry.job), entry.ticket);
            let (their_control, their_live) = (Arc::clone(&control), Arc::clone(&live));
            let work = move || {
                let task =
                    Task { job: &job, options: &shared.options, control: &their_control, live: &their_live };
                let end = catch_unwind(AssertUnwindSafe(|| run(&task))).unwrap_or_else(|_| {
                    let reason = "its worker broke, which is a mistake of the program".to_owned();
                    End::Failed(failure(DownloadError::Broken { reason }, &job.target))
                });
                shared.ended(ticket, end);
            };
            match std::thread::Builder::new().name("download".into()).spawn(work) {
                Ok(_) => {
                    entry.slot = Slot::Running { control, live, again: false };
                    inner.running += 1;
                }
                Err(error) => {
                    let error = DownloadError::Broken { reason: error.to_string() };
                    entry.slot = Slot::Failed(Arc::new(failure(error, &entry.job.target)));
                }
            }
        }
    }

    /// ModelRecords how a job ended and lets the next start.
    fn ended(self: &Arc<Self>, ticket: Ticket, end: End) {
        let mut inner = self.lock();
        inner.running -= 1;
        if let Some(entry) = inner.entries.iter_mut().find(|e| e.ticket == ticket) {
            let again = matches!(entry.slot, Slot::Running { again: true, .. });
            entry.slot = match end {
                End::Done(outcome) => Slot::Done(Arc::new(outcome)),
                End::Failed(failure) => Slot::Failed(Arc::new(failure)),
                End::Stopped(..) if again => Slot::Waiting,
                End::Stopped(Stop::Pause, kept) => Slot::Paused(kept),
                End::Stopped(Stop::Cancel, _) => Slot::Cancelled,
            };
        }
        self.start_waiting(&mut inner);
        self.changed(inner);
    }
}

/// A failure outside the download itself.
fn failure(error: DownloadError, target: &Path) -> Failure {
    Failure { error, kept: part::kept(target), tried: Vec::new() }
}

/// One name for all the ways to write a target: absolute, its folder without links.
fn one_name(target: &Path) -> PathBuf {
    let absolute = std::path::absolute(target).unwrap_or_else(|_| target.to_owned());
    match (folder_of(&absolute).canonicalize(), absolute.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => absolute,
    }
}
