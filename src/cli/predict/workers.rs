//! The model at work, on one frame or on several at once.
//!
//! With files, the order of results matters and the age of a result does not. So several frames are processed at the same
//! time, each by a copy of the model with one thread, which needs less time than one frame on all cores. A free worker takes
//! the next frame. Every frame has a place in a ring where its result will arrive; the places are read in order, so results
//! need no sorting and memory is bounded.

use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::writer::{Event, FrameResult};
use crate::cli::failure::Failure;
use crate::cli::interrupt::Interrupt;
use crate::frame::Frame;
use crate::model::results::StageTimes;
use crate::model::{Model, ModelError, OpenOptions, Results, Thresholds};
use crate::source::Address;

/// All copies of a model together may take this much memory, estimated from the file's size.
const MEMORY: u64 = 2 << 30;
/// A session takes about as much memory as this many times its file (weights, packed weights, activations).
const FILE_SIZES: u64 = 4;

/// Frames that are on their way to a server at once: while one travels, it computes another, or several together.
const REQUESTS: usize = 4;

/// How many frames to process at once: as many as there are cores, if the sources are files with more than one frame and the
/// user did not choose the number of threads; else 1.
pub fn count(addresses: &[Address], path: &Path, options: &OpenOptions) -> usize {
    let live = |a: &Address| {
        !matches!(
            a,
            Address::Video(_)
                | Address::Image(_)
                | Address::Folder(_)
                | Address::Images(_)
                | Address::Glob(_)
        )
    };
    let single = matches!(addresses, [Address::Image(_)]);
    let on_cpu = options.device.as_deref().is_none_or(|name| name.eq_ignore_ascii_case("cpu"));
    if single || options.threads.is_some() || !on_cpu || addresses.iter().any(live) {
        return 1;
    }
    if crate::server::is_address(path) {
        return REQUESTS;
    }
    let bytes = path.metadata().map_or(0, |m| m.len()).max(1);
    let fitting = usize::try_from(MEMORY / (bytes * FILE_SIZES)).unwrap_or(usize::MAX);
    std::thread::available_parallelism().map_or(1, usize::from).min(8).min(fitting.max(1))
}

/// A frame on its way to a worker.
struct Job {
    frame: Frame,
    decode_ms: f32,
    /// Whether the model runs on it.
    run: bool,
    result: PendingResult,
}

/// What a worker makes of a frame.
type Processed = Result<FrameResult, ModelError>;

/// The place of a frame's result in the ring. The writer waits there, so something is sent however the frame ends.
struct PendingResult(Option<Sender<Processed>>);

impl PendingResult {
    /// Puts the result into its place. Returns whether anybody receives it.
    fn send(mut self, result: Processed) -> bool {
        self.0.take().is_some_and(|place| place.send(result).is_ok())
    }
}

impl Drop for PendingResult {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            let _ = place.try_send(Err(ModelError::RunFailed { reason: "its thread ended early".into() }));
        }
    }
}

/// What the writer takes next.
enum Ticket {
    /// The result in this place of the ring.
    Place(usize),
    /// Something that needs no model.
    Ready(Box<Event>),
}

/// The side that takes frames.
pub struct Workers {
    jobs: Sender<Job>,
    tickets: Sender<Ticket>,
    /// Closed when all workers have ended.
    ended: Receiver<()>,
    places: Vec<Sender<Processed>>,
    next: usize,
    interrupt: Interrupt,
}

/// The side that gives results, in the order of the frames.
pub struct OrderedResults {
    tickets: Receiver<Ticket>,
    places: Vec<Receiver<Processed>>,
    interrupt: Interrupt,
}

impl Workers {
    /// Starts `count` workers. The first one runs `model`; every other one opens the same file for itself while the first is
    /// already at work.
    ///
    /// # Errors
    /// Why the system gives no thread.
    pub fn start(
        model: Model,
        count: usize,
        options: &OpenOptions,
        thresholds: &Thresholds,
        spare: &Receiver<Results>,
        interrupt: &Interrupt,
    ) -> std::io::Result<(Self, OrderedResults)> {
        let path = model.path().to_owned();
        // A place is free again when its ticket was taken and its result received: one more than there can be tickets.
        let places = 2 * count + 1;
        let (tickets, order) = bounded(2 * count);
        let (jobs, waiting) = bounded(count);
        let (ending, ended) = bounded(0);
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..places).map(|_| bounded(1)).unzip();
        let mut first = Some(model);
        for number in 0..count {
            let model = first.take().map_or_else(
                || WorkerModel::ToOpen(path.clone(), Box::new(options.clone())),
                |model| WorkerModel::Open(Box::new(model)),
            );
            let worker = Worker {
                jobs: waiting.clone(),
                thresholds: thresholds.clone(),
                spare: spare.clone(),
                _ending: ending.clone(),
            };
            let thread = std::thread::Builder::new().name(format!("model {}", number + 1));
            thread.spawn(move || worker.run(model))?;
        }
        let workers = Self { jobs, tickets, ended, places: senders, next: 0, interrupt: interrupt.clone() };
        Ok((workers, OrderedResults { tickets: order, places: receivers, interrupt: interrupt.clone() }))
    }

    /// Gives a frame to the workers; waits while all are busy, until Ctrl-C. Returns whether results are still wanted.
    #[must_use]
    pub fn submit(&mut self, frame: Frame, decode_ms: f32, run: bool) -> bool {
        let place = self.next;
        self.next = (place + 1) % self.places.len();
        let result = PendingResult(self.places.get(place).cloned());
        // The ticket goes first: if a worker ends early, the writer already waits at the place and hears of it.
        if self.interrupt.send(&self.tickets, Ticket::Place(place)).is_err() {
            return false;
        }
        match self.interrupt.send(&self.jobs, Job { frame, decode_ms, run, result }) {
            Ok(()) => true,
            Err(job) if self.interrupt.is_set() => {
                job.result.send(Err(ModelError::Stopped));
                false
            }
            Err(_) => false,
        }
    }

    /// Passes on, in its place, what needs no model. Returns whether it is still wanted.
    #[must_use]
    pub fn forward(&self, event: Event) -> bool {
        self.interrupt.send(&self.tickets, Ticket::Ready(Box::new(event))).is_ok()
    }

    /// Waits until the frames that were submitted are processed; no more come. After Ctrl-C, a worker that does not stop is
    /// abandoned.
    pub fn finish(self) {
        let Self { jobs, tickets, ended, interrupt, .. } = self;
        drop((jobs, tickets));
        interrupt.wait_until_closed(&ended);
    }
}

impl Iterator for OrderedResults {
    type Item = Result<Event, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.tickets.recv().ok()? {
            Ticket::Ready(event) => Some(Ok(*event)),
            // Something arrives at every place, unless a run does not end after Ctrl-C.
            Ticket::Place(place) => Some(match self.interrupt.receive(self.places.get(place)?) {
                Ok(Ok(result)) => Ok(Event::Frame(Box::new(result))),
                Ok(Err(error)) => Err(error.into()),
                Err(failure) => Err(failure),
            }),
        }
    }
}

/// A worker's model.
enum WorkerModel {
    Open(Box<Model>),
    ToOpen(PathBuf, Box<OpenOptions>),
}

/// One copy of the model on its thread.
struct Worker {
    jobs: Receiver<Job>,
    thresholds: Thresholds,
    spare: Receiver<Results>,
    /// Dropped when the worker ends, by a panic too.
    _ending: Sender<()>,
}

impl Worker {
    fn run(self, model: WorkerModel) {
        let opened = match model {
            WorkerModel::Open(model) => Ok(*model),
            WorkerModel::ToOpen(path, options) => Model::open(&path, &options),
        };
        let mut model = match opened {
            Ok(model) => model,
            Err(error) => {
                // Sent as the result of a frame, so that it comes in order.
                if let Ok(job) = self.jobs.recv() {
                    job.result.send(Err(error));
                }
                return;
            }
        };
        for Job { frame, decode_ms, run, result } in &self.jobs {
            let mut results = self.spare.try_recv().unwrap_or_default();
            let times = if run {
                model.run(&frame, &self.thresholds, &mut results)
            } else {
                results.clear(model.spec().task, (frame.width, frame.height));
                Ok(StageTimes::default())
            };
            let processed = times.map(|mut times| {
                times.decode = decode_ms;
                times.total += decode_ms;
                FrameResult { frame, results, times, ran: run }
            });
            let failed = processed.is_err();
            if !result.send(processed) || failed {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_many_frames_are_processed_together() {
        let many = [Address::Video("a.mp4".into())];
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("m.onnx");
        std::fs::write(&model, "weights").unwrap();
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let auto = OpenOptions::default();
        assert_eq!(count(&many, &model, &auto), cores);
        assert_eq!(count(&[Address::Image("a.png".into())], &model, &auto), 1);
        assert_eq!(count(&[Address::AnyCamera], &model, &auto), 1);
        assert_eq!(count(&many, &model, &OpenOptions { threads: Some(2), ..auto.clone() }), 1);
        assert_eq!(count(&many, &model, &OpenOptions { device: Some("cuda".into()), ..auto.clone() }), 1);
        // So large a model fits once.
        std::fs::File::options().write(true).open(&model).unwrap().set_len(3 << 30).unwrap();
        assert_eq!(count(&many, &model, &auto), 1);
    }
}
