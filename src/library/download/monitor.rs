//! What a running download shares with other threads: how far it is, and whether it has been told to stop.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::DownloadError;

/// The time over which the speed is averaged.
const SPEED_WINDOW: Duration = Duration::from_secs(4);
/// How often progress calls `wake`.
const TICK: Duration = Duration::from_millis(100);

/// What a running download does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Looks up the server, connects, waits for the response.
    #[default]
    Connecting,
    /// Bytes come in.
    Receiving,
    /// Waits before the next attempt; [`Progress::problem`] says why.
    Waiting,
    /// Reads the bytes on the disk and checks them.
    Checking,
    /// Takes the file out of the archive.
    Unpacking,
    /// Has been told to pause or cancel, and is stopping.
    Stopping,
}

/// How far a download is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub phase: Phase,
    /// The server that is connected to, while it hasn't answered or is asked again later; `None` while bytes come in.
    pub host: Option<String>,
    /// Bytes on the disk.
    pub bytes: u64,
    /// Bytes of the whole file, if known.
    pub total: Option<u64>,
    /// Average over the last seconds; falls while nothing comes.
    pub bytes_per_second: u64,
    /// Time left at that speed, if both are known.
    pub left: Option<Duration>,
    /// Why the last attempt failed; `None` while bytes come in.
    pub problem: Option<Arc<DownloadError>>,
}

impl Progress {
    /// The share of the file that is on the disk, 0..=1, if the total is known.
    #[must_use]
    pub fn fraction(&self) -> Option<f32> {
        let total = self.total.filter(|t| *t > 0)?;
        Some((self.bytes as f64 / total as f64).min(1.0) as f32)
    }
}

/// Why a download is to stop early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Keep the partial download.
    Pause,
    /// Remove the partial download.
    Cancel,
    /// Start again: it was paused or cancelled and resumed before it had stopped.
    Restart,
}

/// The state of one run of a download, written by its thread and by those who tell it to stop.
pub(super) struct Monitor {
    state: Mutex<MonitorState>,
    stopped: Condvar,
    wake: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct MonitorState {
    stop: Option<Stop>,
    /// The current connection; shutting it down ends a blocking read.
    agent: Option<ureq::Agent>,
    progress: Progress,
    /// Bytes on the disk at moments of the last [`SPEED_WINDOW`], oldest first.
    samples: VecDeque<(Instant, u64)>,
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.progress().fmt(f)
    }
}

impl Monitor {
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { state: Mutex::default(), stopped: Condvar::new(), wake }
    }

    fn lock(&self) -> MutexGuard<'_, MonitorState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn progress(&self) -> Progress {
        let state = self.lock();
        let mut progress = state.progress.clone();
        if state.stop.is_some() {
            progress.phase = Phase::Stopping;
        }
        progress.host =
            progress.host.filter(|_| matches!(progress.phase, Phase::Connecting | Phase::Waiting));
        if let (Phase::Receiving, Some((since, before))) = (progress.phase, state.samples.front()) {
            let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(200);
            let speed = progress.bytes.saturating_sub(*before).saturating_mul(1000) / ms;
            progress.bytes_per_second = speed;
            let left = progress.total.map(|total| total.saturating_sub(progress.bytes));
            progress.left = left.and_then(|left| left.checked_div(speed)).map(Duration::from_secs);
        }
        progress
    }

    /// Changes the progress and calls `wake`.
    pub fn update(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock().progress);
        (self.wake)();
    }

    pub fn set_phase(&self, phase: Phase) {
        self.update(|p| p.phase = phase);
    }

    /// A server is looked up and asked.
    pub fn connect(&self, host: String) {
        self.update(|p| (p.phase, p.host) = (Phase::Connecting, Some(host)));
    }

    /// A body begins: its speed is measured from here.
    pub fn begin_receiving(&self, bytes: u64, total: Option<u64>) {
        self.lock().samples = VecDeque::from([(Instant::now(), bytes)]);
        self.update(|p| (p.phase, p.bytes, p.total, p.problem) = (Phase::Receiving, bytes, total, None));
    }

    /// So many bytes are on the disk, or have been checked. Calls `wake` at most ten times a second.
    pub fn set_bytes(&self, bytes: u64, total: Option<u64>) {
        let mut state = self.lock();
        (state.progress.bytes, state.progress.total) = (bytes, total);
        let now = Instant::now();
        if state.samples.back().is_some_and(|(last, _)| now.duration_since(*last) < TICK) {
            return;
        }
        state.samples.push_back((now, bytes));
        while state.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) > SPEED_WINDOW) {
            state.samples.pop_front();
        }
        drop(state);
        (self.wake)();
    }

    /// Tells the download to pause or cancel; a cancelled one isn't paused.
    pub fn stop(&self, stop: Stop) {
        let mut state = self.lock();
        if (state.stop, stop) != (Some(Stop::Cancel), Stop::Pause) {
            state.stop = Some(stop);
        }
        let agent = state.agent.take();
        drop(state);
        self.stopped.notify_all();
        if let Some(agent) = agent {
            agent.shutdown();
        }
    }

    /// Has a stopping download start again; one that runs on isn't changed.
    pub fn resume(&self) {
        let mut state = self.lock();
        state.stop = state.stop.map(|_| Stop::Restart);
    }

    /// Why the download is to stop, if it is.
    pub fn stop_reason(&self) -> Option<Stop> {
        self.lock().stop
    }

    /// Fails if the download has been told to stop.
    pub fn check(&self) -> Result<(), Stop> {
        self.stop_reason().map_or(Ok(()), Err)
    }

    /// Shuts `agent` down as soon as the download is told to stop.
    pub fn watch(&self, agent: ureq::Agent) -> Result<(), Stop> {
        let mut state = self.lock();
        state.stop.map_or(Ok(()), Err)?;
        state.agent = Some(agent);
        Ok(())
    }

    /// Waits for `time`, or until the download is told to stop.
    pub fn sleep(&self, time: Duration) -> Result<(), Stop> {
        let waited = self.stopped.wait_timeout_while(self.lock(), time, |s| s.stop.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.stop.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor() -> Monitor {
        Monitor::new(Arc::new(|| ()))
    }

    #[test]
    fn a_cancel_outdoes_a_pause_and_ends_a_wait() {
        let monitor = monitor();
        monitor.resume();
        assert_eq!(monitor.check(), Ok(()), "a running download isn't restarted");
        monitor.stop(Stop::Pause);
        assert_eq!(monitor.sleep(Duration::from_hours(1)), Err(Stop::Pause));
        monitor.stop(Stop::Cancel);
        monitor.stop(Stop::Pause);
        assert_eq!(monitor.check(), Err(Stop::Cancel));
        assert_eq!(monitor.progress().phase, Phase::Stopping);
    }

    #[test]
    fn progress_knows_share_and_speed() {
        let monitor = monitor();
        monitor.begin_receiving(50, Some(1000));
        monitor.set_bytes(250, Some(1000));
        let progress = monitor.progress();
        assert_eq!((progress.bytes, progress.total, progress.fraction()), (250, Some(1000), Some(0.25)));
        // 200 bytes within 0.2 s or a little more.
        assert!((500..=1000).contains(&progress.bytes_per_second), "{progress:?}");
        monitor.set_bytes(7, None);
        let progress = monitor.progress();
        assert_eq!((progress.total, progress.fraction(), progress.left), (None, None, None));
    }
}
