//! How far a download is, readable from any thread at any time, and how it is told to stop.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use super::error::DownloadError;

/// The time over which the speed is averaged.
const WINDOW: Duration = Duration::from_secs(4);
/// How often the window is woken for progress.
const TICK: Duration = Duration::from_millis(100);
const UNKNOWN: u64 = u64::MAX;

/// What a running download does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Looking up the server, connecting, asking.
    Connecting,
    /// Bytes come in.
    Receiving,
    /// Waiting before the next try; [`Progress::trouble`] says why.
    Waiting,
    /// Reading what is on the disk, to check it.
    Checking,
    /// Taking the file out of the archive.
    Unpacking,
    /// Told to pause or to stop, and doing so.
    Stopping,
}

/// How far a download is.
#[derive(Clone, Debug)]
pub struct Progress {
    pub phase: Phase,
    /// Bytes that are on the disk.
    pub bytes: u64,
    /// Bytes that there will be, where that is known.
    pub total: Option<u64>,
    /// Averaged over the last seconds; falls while nothing comes.
    pub bytes_per_second: u64,
    /// Time left at that speed, where both are known.
    pub left: Option<Duration>,
    /// Requests so far.
    pub tries: u32,
    /// Why the last try failed; `None` while all is well.
    pub trouble: Option<Arc<DownloadError>>,
}

impl Progress {
    /// How much of it is done, 0..=1, where that is known.
    #[must_use]
    pub fn fraction(&self) -> Option<f32> {
        let total = self.total.filter(|t| *t > 0)?;
        Some((self.bytes as f64 / total as f64).min(1.0) as f32)
    }
}

/// What a running download tells of itself. Written by its thread, read by any.
pub(super) struct Live {
    started: Instant,
    phase: AtomicU8,
    bytes: AtomicU64,
    total: AtomicU64,
    tries: AtomicU32,
    /// Bytes that came since `window_start` (milliseconds after `started`).
    window_bytes: AtomicU64,
    window_start: AtomicU64,
    trouble: ArcSwapOption<DownloadError>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.progress().fmt(f)
    }
}

impl Live {
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            started: Instant::now(),
            phase: AtomicU8::new(Phase::Connecting as u8),
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            tries: AtomicU32::new(0),
            window_bytes: AtomicU64::new(0),
            window_start: AtomicU64::new(0),
            trouble: ArcSwapOption::empty(),
            wake,
        }
    }

    pub fn set_phase(&self, phase: Phase) {
        if self.phase.swap(phase as u8, Relaxed) != phase as u8 {
            (self.wake)();
        }
    }

    pub fn set_bytes(&self, bytes: u64, total: Option<u64>) {
        self.bytes.store(bytes, Relaxed);
        self.total.store(total.unwrap_or(UNKNOWN), Relaxed);
    }

    pub fn count_try(&self) {
        self.tries.fetch_add(1, Relaxed);
    }

    pub fn set_trouble(&self, trouble: Option<DownloadError>) {
        self.trouble.store(trouble.map(Arc::new));
        (self.wake)();
    }

    fn phase(&self) -> Phase {
        let phases = [
            Phase::Connecting,
            Phase::Receiving,
            Phase::Waiting,
            Phase::Checking,
            Phase::Unpacking,
            Phase::Stopping,
        ];
        let number = self.phase.load(Relaxed);
        phases.into_iter().find(|p| *p as u8 == number).unwrap_or(Phase::Connecting)
    }

    pub fn progress(&self) -> Progress {
        let phase = self.phase();
        let bytes = self.bytes.load(Relaxed);
        let total = Some(self.total.load(Relaxed)).filter(|t| *t != UNKNOWN);
        let now = self.started.elapsed().as_millis() as u64;
        let over = now.saturating_sub(self.window_start.load(Relaxed)).max(200);
        let bytes_per_second = match phase {
            Phase::Receiving => self.window_bytes.load(Relaxed).saturating_mul(1000) / over,
            _ => 0,
        };
        let left = total
            .filter(|_| bytes_per_second > 0)
            .map(|total| Duration::from_secs(total.saturating_sub(bytes) / bytes_per_second));
        let tries = self.tries.load(Relaxed);
        Progress { phase, bytes, total, bytes_per_second, left, tries, trouble: self.trouble.load_full() }
    }
}

/// Measures the speed of one body and wakes whoever watches, ten times a second at most.
pub(super) struct Meter<'a> {
    live: &'a Live,
    /// When so many bytes had come; the oldest is about [`WINDOW`] old.
    samples: VecDeque<(Instant, u64)>,
    came: u64,
}

impl<'a> Meter<'a> {
    pub fn new(live: &'a Live) -> Self {
        let meter = Self { live, samples: VecDeque::from([(Instant::now(), 0)]), came: 0 };
        meter.publish();
        meter
    }

    /// `more` bytes came.
    pub fn add(&mut self, more: usize, bytes: u64, total: Option<u64>) {
        self.came += more as u64;
        self.live.set_bytes(bytes, total);
        let now = Instant::now();
        if self.samples.back().is_some_and(|(last, _)| now.duration_since(*last) < TICK) {
            return;
        }
        self.samples.push_back((now, self.came));
        while self.samples.len() > 2 && now.duration_since(self.samples[1].0) > WINDOW {
            self.samples.pop_front();
        }
        self.publish();
        (self.live.wake)();
    }

    fn publish(&self) {
        if let Some((start, before)) = self.samples.front() {
            let start = start.duration_since(self.live.started).as_millis() as u64;
            self.live.window_start.store(start, Relaxed);
            self.live.window_bytes.store(self.came - before, Relaxed);
        }
    }
}

/// How a download is told to end before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The part stays.
    Pause,
    /// The part goes.
    Cancel,
}

/// Tells a running download to stop, from any thread.
#[derive(Debug, Default)]
pub(super) struct Control {
    state: Mutex<ControlState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ControlState {
    stop: Option<Stop>,
    /// What is connected now; shutting it down ends a read that waits.
    agent: Option<ureq::Agent>,
}

impl Control {
    /// Ends the download soon; a cancel outdoes a pause.
    pub fn stop(&self, stop: Stop) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.stop != Some(Stop::Cancel) {
            state.stop = Some(stop);
        }
        let agent = state.agent.take();
        drop(state);
        self.changed.notify_all();
        if let Some(agent) = agent {
            agent.shutdown();
        }
    }

    /// An error where the download was told to stop.
    pub fn check(&self) -> Result<(), Stop> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stop.map_or(Ok(()), Err)
    }

    /// Has `agent` shut down when the download is told to stop.
    pub fn watch(&self, agent: ureq::Agent) -> Result<(), Stop> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = state.stop {
            return Err(stop);
        }
        state.agent = Some(agent);
        Ok(())
    }

    /// Waits, unless told to stop.
    pub fn sleep(&self, time: Duration) -> Result<(), Stop> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .changed
            .wait_timeout_while(state, time, |s| s.stop.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        state.stop.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_outdoes_a_pause_and_ends_a_wait() {
        let control = Control::default();
        assert_eq!(control.check(), Ok(()));
        control.stop(Stop::Pause);
        assert_eq!(control.sleep(Duration::from_hours(1)), Err(Stop::Pause));
        control.stop(Stop::Cancel);
        control.stop(Stop::Pause);
        assert_eq!(control.check(), Err(Stop::Cancel));
    }

    #[test]
    fn progress_says_how_far_it_is() {
        let live = Live::new(Arc::new(|| ()));
        live.set_phase(Phase::Receiving);
        let mut meter = Meter::new(&live);
        meter.add(250, 250, Some(1000));
        let progress = live.progress();
        assert_eq!((progress.bytes, progress.total, progress.fraction()), (250, Some(1000), Some(0.25)));
        live.set_bytes(7, None);
        assert_eq!((live.progress().total, live.progress().fraction()), (None, None));
        assert_eq!(live.progress().left, None);
    }
}
