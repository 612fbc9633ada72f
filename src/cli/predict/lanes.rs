//! The model at work, on one frame or on several at once.
//!
//! Where frames come from files, the order of results matters and the age of a result doesn't: several frames are looked
//! at together, each by a model with one thread of its own, which takes less of two cores' time than two threads on one
//! frame. Whichever lane is free takes the next frame; results go into a ring of places in the order of the frames, so order
//! needs no sorting and memory is bounded.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::writer::{Outcome, Seen};
use crate::cli::failure::Failure;
use crate::frame::Frame;
use crate::model::{Model, ModelError, OpenOptions, Results, Thresholds};
use crate::source::Address;

/// Copies of a model may take this much memory together, estimated from the file's size.
const MEMORY: u64 = 2 << 30;
/// A session takes about as much memory as this many times its file (weights, packed weights, activations).
const FILE_SIZES: u64 = 4;

/// How many frames to look at together: as many as there are cores, where the sources hold more than one frame, wait for
/// nobody and the user didn't say how many threads a run takes.
pub fn count(addresses: &[Address], path: &Path, options: &OpenOptions) -> usize {
    let live = |a: &Address| {
        !matches!(a, Address::Video(_) | Address::Image(_) | Address::Folder(_) | Address::Glob(_))
    };
    let lone = matches!(addresses, [Address::Image(_)]);
    let on_cpu = options.device.as_deref().is_none_or(|name| name.eq_ignore_ascii_case("cpu"));
    if lone || options.threads.is_some() || !on_cpu || addresses.iter().any(live) {
        return 1;
    }
    let bytes = path.metadata().map_or(0, |m| m.len()).max(1);
    let fitting = usize::try_from(MEMORY / (bytes * FILE_SIZES)).unwrap_or(usize::MAX);
    std::thread::available_parallelism().map_or(1, usize::from).min(8).min(fitting.max(1))
}

/// A frame on its way to a model.
struct Job {
    frame: Frame,
    decode_ms: f32,
    answer: Unanswered,
}

/// What the model says of a frame.
type Answer = Result<Seen, ModelError>;

/// The place of a frame's result in the ring. However the frame ends, it is answered: somebody waits there.
struct Unanswered(Option<Sender<Answer>>);

impl Unanswered {
    /// Puts the result into its place; answers whether anybody wants it.
    fn with(mut self, answer: Answer) -> bool {
        self.0.take().is_some_and(|place| place.send(answer).is_ok())
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            let _ = place.try_send(Err(ModelError::RunFailed { reason: "its thread ended early".into() }));
        }
    }
}

/// What the writer is to take next.
enum Ticket {
    /// The result in this place of the ring.
    Place(usize),
    /// Something that needs no model.
    Ready(Box<Outcome>),
}

/// The side that frames are put in.
pub struct Lanes {
    jobs: Sender<Job>,
    tickets: Sender<Ticket>,
    threads: Vec<JoinHandle<()>>,
    places: Vec<Sender<Answer>>,
    next: usize,
}

/// The side that results come out of, in the order of the frames.
pub struct Outcomes {
    tickets: Receiver<Ticket>,
    places: Vec<Receiver<Answer>>,
}

impl Lanes {
    /// Puts `model` into the first lane; every other lane opens the same file for itself while the first is at work.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        model: Model,
        count: usize,
        options: &OpenOptions,
        thresholds: &Thresholds,
        spare: &Receiver<Results>,
    ) -> std::io::Result<(Self, Outcomes)> {
        let path = model.path().to_owned();
        // A place is free again when its ticket was taken and answered: one more than there can be tickets.
        let places = 2 * count + 1;
        let (tickets, order) = bounded(2 * count);
        let (jobs, waiting) = bounded(count);
        let (answers, results): (Vec<_>, Vec<_>) = (0..places).map(|_| bounded(1)).unzip();
        let mut lanes = Self { jobs, tickets, threads: Vec::new(), places: answers, next: 0 };
        let mut first = Some(model);
        for number in 0..count {
            let model = first.take().map_or_else(
                || Opening::Later(path.clone(), options.clone()),
                |model| Opening::Open(Box::new(model)),
            );
            let lane = Lane { jobs: waiting.clone(), thresholds: thresholds.clone(), spare: spare.clone() };
            let thread = std::thread::Builder::new().name(format!("model {}", number + 1));
            lanes.threads.push(thread.spawn(move || lane.run(model))?);
        }
        Ok((lanes, Outcomes { tickets: order, places: results }))
    }

    /// Gives a frame to the lanes; waits while all are busy. Answers whether anybody still wants results.
    #[must_use]
    pub fn look_at(&mut self, frame: Frame, decode_ms: f32) -> bool {
        let place = self.next;
        self.next = (place + 1) % self.places.len();
        let answer = Unanswered(self.places.get(place).cloned());
        // The ticket first: whoever waits at its place hears of a lane that ended early.
        self.tickets.send(Ticket::Place(place)).is_ok()
            && self.jobs.send(Job { frame, decode_ms, answer }).is_ok()
    }

    /// Passes on, in its place, what needs no model.
    #[must_use]
    pub fn pass(&self, outcome: Outcome) -> bool {
        self.tickets.send(Ticket::Ready(Box::new(outcome))).is_ok()
    }

    /// No more frames come: waits until those that are on their way are looked at.
    pub fn finish(self) {
        let Self { jobs, tickets, threads, .. } = self;
        drop((jobs, tickets));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a model's thread panicked");
            }
        }
    }
}

impl Iterator for Outcomes {
    type Item = Result<Outcome, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.tickets.recv().ok()? {
            Ticket::Ready(outcome) => Some(Ok(*outcome)),
            // Every place is answered, however its frame ended.
            Ticket::Place(place) => Some(match self.places.get(place)?.recv().ok()? {
                Ok(seen) => Ok(Outcome::Frame(Box::new(seen))),
                Err(error) => Err(Failure::from(error)),
            }),
        }
    }
}

/// A lane's model.
#[expect(clippy::large_enum_variant, reason = "a handful of lanes, each made once")]
enum Opening {
    Open(Box<Model>),
    Later(PathBuf, OpenOptions),
}

/// One model on its thread.
struct Lane {
    jobs: Receiver<Job>,
    thresholds: Thresholds,
    spare: Receiver<Results>,
}

impl Lane {
    fn run(self, model: Opening) {
        let opened = match model {
            Opening::Open(model) => Ok(*model),
            Opening::Later(path, options) => Model::open(&path, &options),
        };
        let mut model = match opened {
            Ok(model) => model,
            Err(error) => {
                // Told in answer to a frame, so that it comes in its place.
                if let Ok(job) = self.jobs.recv() {
                    job.answer.with(Err(error));
                }
                return;
            }
        };
        for Job { frame, decode_ms, answer } in &self.jobs {
            let mut results = self.spare.try_recv().unwrap_or_default();
            let seen = model.run(&frame, &self.thresholds, &mut results).map(|mut times| {
                times.decode = decode_ms;
                times.total += decode_ms;
                Seen { frame, results, times }
            });
            let failed = seen.is_err();
            if !answer.with(seen) || failed {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_many_frames_are_looked_at_together() {
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
