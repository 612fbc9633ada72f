//! The recorder, seen from its owner: what it can be told, what it is doing, and what it has to tell. [`super::work`] is its thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::RecordError;
use super::clips::Done;
use super::options::{Look, RecordOptions};
use super::take::Saved;
use super::work::Work;
use crate::engine::Tap;

/// Orders, requests and news that wait at most.
const ORDERS: usize = 64;
/// Items that the queue of a recorder's tap should hold.
pub const TAP_QUEUE: usize = 12;
/// Where a recording is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Idle,
    /// It waits for its first frame, or for the encoder to be found.
    Starting,
    Recording,
    /// The user holds it.
    Paused,
}

/// What the recorder is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    pub phase: Phase,
    /// How long the recording is by now.
    pub elapsed: Duration,
    /// The size of its videos in bytes.
    pub bytes: u64,
    /// Frames that the encoder had no time for.
    pub left_out: u64,
    /// Its file.
    pub path: Option<PathBuf>,
    /// So many seconds are kept in memory.
    pub keeps_s: u32,
    /// Clips whose time isn't over yet.
    pub clips: usize,
}

/// What the recorder has to tell.
#[derive(Debug)]
pub enum Happening {
    /// A recording or a clip is complete.
    Saved(Box<Saved>),
    /// A recording couldn't begin.
    Failed(RecordError),
    /// A clip couldn't be saved.
    ClipFailed(Arc<RecordError>),
}

/// What to save of the last seconds and the next ones.
pub struct ClipRequest {
    /// Seconds before now and after now.
    pub before_s: f64,
    pub after_s: f64,
    /// The rule that asks for it.
    pub rule: Option<String>,
    /// Gets the file, or why there is none; without it, the recorder's owner is told.
    pub done: Option<Done>,
}

/// Asks a recorder for clips, from any thread. It doesn't keep the recorder alive.
#[derive(Clone, Debug)]
pub struct ClipSender(Sender<(ClipRequest, RecordOptions)>);

impl ClipSender {
    /// Asks for a clip, to be saved as `options` say. Without a recorder, the request is told so.
    pub fn send(&self, request: ClipRequest, options: RecordOptions) {
        if let Err(refused) = self.0.try_send((request, options))
            && let Some(done) = refused.into_inner().0.done
        {
            done(Err(Arc::new(RecordError::NothingKept)));
        }
    }
}

impl PartialEq for ClipSender {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

impl std::fmt::Debug for ClipRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClipRequest").field("rule", &self.rule).finish_non_exhaustive()
    }
}

/// What it can be told.
pub(super) enum Order {
    Start(Tap, RecordOptions),
    Pause(bool),
    Stop,
    /// Keep so many seconds of what passes the tap.
    Keep(u32, Option<Tap>),
}

/// What the owner and the thread share.
#[derive(Default)]
pub(super) struct Shared {
    status: Mutex<Status>,
    /// How frames are drawn from the next one on, if that has changed.
    look: Mutex<Option<Arc<Look>>>,
}

impl Shared {
    pub fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn look(&self) -> MutexGuard<'_, Option<Arc<Look>>> {
        self.look.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's owner. Dropping it ends what is being recorded; the files can be played.
#[derive(Debug)]
pub struct Recorder {
    orders: Option<Sender<Order>>,
    clips: ClipSender,
    happenings: Receiver<Happening>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("status", &*self.status()).finish()
    }
}

impl Recorder {
    /// Starts the thread; nothing is recorded yet. `wake` is called when there is something to tell or to show.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(wake: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        let (orders, received) = bounded(ORDERS);
        let (clips, requests) = bounded(ORDERS);
        let (happening, happenings) = bounded(ORDERS);
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sightline-record".into()).spawn(move || {
            Work::new(happening, of_thread, wake).run(&received, &requests);
        })?;
        Ok(Self { orders: Some(orders), clips: ClipSender(clips), happenings, shared, thread: Some(thread) })
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // The thread ends only with this, or by a panic, which `is_alive` tells. Nobody presses so many keys while it is busy.
            let _ = orders.try_send(order);
        }
    }

    /// Says how frames are drawn and who is hidden, from the next frame on.
    pub fn set_look(&self, look: Arc<Look>) {
        *self.shared.look() = Some(look);
    }

    /// Begins a recording of what passes this tap, unless one goes on.
    pub fn record(&self, tap: Tap, options: RecordOptions) {
        self.shared.status().phase = Phase::Starting;
        self.order(Order::Start(tap, options));
    }

    /// Holds the recording, or goes on. The time in between is left out.
    pub fn pause(&self, paused: bool) {
        self.order(Order::Pause(paused));
    }

    /// Ends the recording; [`Happening::Saved`] tells when its files are complete.
    pub fn stop(&self) {
        self.order(Order::Stop);
    }

    /// Keeps so many seconds of what passes this tap in memory; 0: none.
    pub fn keep(&self, seconds: u32, tap: Option<Tap>) {
        self.order(Order::Keep(seconds, tap));
    }

    /// Whom to ask for clips of the last seconds and the next ones.
    #[must_use]
    pub fn clips(&self) -> &ClipSender {
        &self.clips
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status().clone()
    }

    /// What it has to tell.
    #[must_use]
    pub fn happenings(&self) -> &Receiver<Happening> {
        &self.happenings
    }

    /// Whether its thread runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the recording and waits for its files, at most this long.
    pub fn end(&mut self, most: Duration) {
        self.orders = None;
        let until = Instant::now() + most;
        while self.is_alive() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.orders = None;
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
