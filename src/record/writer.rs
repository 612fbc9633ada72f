//! A thread that hands frames to an encoder, so that an encoder that is busy or hangs holds up nobody but its own queue.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::encoder::Container;
use super::process::Process;
use super::{RecordError, VideoFile};
use crate::frame::Frame;

/// Frames that wait for the encoder.
const QUEUE: usize = 6;
/// An encoder that takes no frame for so long is ended.
const STUCK: Duration = Duration::from_secs(10);

/// What the thread tells.
#[derive(Default)]
struct Shared {
    /// Milliseconds since the start at which it began to hand over a frame; 0: it waits for one.
    busy_since: AtomicU64,
    has_failed: AtomicBool,
    /// The second pass is left out, or ended.
    hurry: AtomicBool,
    copying: Mutex<Option<Process>>,
}

/// A video file, on a thread of its own.
pub(super) struct Writer {
    path: PathBuf,
    frames: Option<Sender<(Duration, Arc<Frame>)>>,
    outcome: Receiver<Result<(), RecordError>>,
    shared: Arc<Shared>,
    /// `None`: the encoder has none.
    process: Option<Process>,
    begin: Instant,
    thread: Option<JoinHandle<()>>,
    left_out: u64,
}

impl Writer {
    /// Starts to write a file.
    pub fn start(path: &Path, size: (u32, u32), fps: f64, container: Container) -> Result<Self, RecordError> {
        let file = VideoFile::create(path, size, fps, container)?;
        let process = file.process();
        let (frames, queue) = bounded(QUEUE);
        let (outcome_of, outcome) = bounded(1);
        let shared = Arc::<Shared>::default();
        let begin = Instant::now();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sightline-encode".into())
            .spawn(move || run(file, &queue, &outcome_of, &of_thread, begin))
            .map_err(|error| RecordError::unwritable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            frames: Some(frames),
            outcome,
            shared,
            process,
            begin,
            thread: Some(thread),
            left_out: 0,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a frame; leaves it out if the encoder is behind.
    pub fn add(&mut self, at: Duration, frame: Arc<Frame>) {
        let Some(frames) = &self.frames else { return };
        if let Err(TrySendError::Full(_)) = frames.try_send((at, frame)) {
            self.left_out += 1;
        }
    }

    /// Frames that the encoder had no time for.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many bytes the file has by now.
    pub fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |data| data.len())
    }

    /// Whether its encoder has ended early.
    pub fn has_failed(&self) -> bool {
        self.shared.has_failed.load(Relaxed)
    }

    /// Why it can't go on. An encoder that hangs is ended.
    pub fn trouble(&self) -> Option<RecordError> {
        let busy_since = self.shared.busy_since.load(Relaxed);
        if busy_since > 0 && self.begin.elapsed().saturating_sub(Duration::from_millis(busy_since)) > STUCK {
            self.kill();
            return Some(RecordError::Stuck { path: self.path.clone() });
        }
        if self.has_failed() {
            // The thread says it before it ends.
            return Some(self.outcome.recv().ok().and_then(Result::err).unwrap_or_else(|| self.stopped()));
        }
        (!self.path.exists()).then(|| RecordError::Removed { path: self.path.clone() })
    }

    fn kill(&self) {
        if let Some(process) = &self.process {
            process.kill();
        }
    }

    fn stopped(&self) -> RecordError {
        RecordError::Ended { path: self.path.clone(), reason: "the encoder ended early".into() }
    }

    /// No more frames come.
    pub fn close(&mut self) {
        self.frames = None;
    }

    /// Whether the file is complete, or why it isn't; `None`: not yet. It can be played then; a copy that can be sought faster may
    /// still take its place.
    pub fn outcome(&self) -> Option<Result<(), RecordError>> {
        match self.outcome.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(crossbeam_channel::TryRecvError::Empty) => {
                // Also the last frames may hang.
                self.trouble_at_the_end().map(Err)
            }
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Err(self.stopped())),
        }
    }

    fn trouble_at_the_end(&self) -> Option<RecordError> {
        let busy_since = self.shared.busy_since.load(Relaxed);
        let waited = self.begin.elapsed().saturating_sub(Duration::from_millis(busy_since));
        (busy_since > 0 && waited > STUCK).then(|| {
            self.kill();
            RecordError::Stuck { path: self.path.clone() }
        })
    }

    /// Whether nothing of it runs any more.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The program ends: the second pass isn't worth waiting for.
    pub fn hurry(&self) {
        self.shared.hurry.store(true, Relaxed);
        if let Some(copying) = &*self.shared.copying.lock().unwrap_or_else(PoisonError::into_inner) {
            copying.kill();
        }
    }
}

fn run(
    mut file: VideoFile,
    queue: &Receiver<(Duration, Arc<Frame>)>,
    outcome: &Sender<Result<(), RecordError>>,
    shared: &Shared,
    begin: Instant,
) {
    let busy = |busy: bool| {
        let now = if busy { (begin.elapsed().as_millis() as u64).max(1) } else { 0 };
        shared.busy_since.store(now, Relaxed);
    };
    for (at, frame) in queue {
        busy(true);
        let added = file.add(at, &frame.data);
        busy(false);
        if let Err(error) = added {
            let _ = outcome.send(Err(error));
            shared.has_failed.store(true, Relaxed);
            return;
        }
    }
    busy(true);
    let finished = file.finish();
    busy(false);
    let finished = match finished {
        Ok(finished) => finished,
        Err(error) => return drop(outcome.send(Err(error))),
    };
    let _ = outcome.send(Ok(()));
    // An empty one is gone.
    if shared.hurry.load(Relaxed) || !finished.path.exists() {
        return;
    }
    let copied = finished.make_seekable_with(|process| {
        if shared.hurry.load(Relaxed) {
            process.kill();
        }
        *shared.copying.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
    });
    if let Err(error) = copied {
        // It is whole and can be played as it is, also if there is no room for a copy.
        tracing::warn!("players may seek slowly: {error}");
    }
}
