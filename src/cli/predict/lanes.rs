//! The model at work, on one frame or on several at once.
//!
//! Where frames come from files, the order of results matters and the age of a result doesn't: several frames are looked
//! at together, each by a model with one thread of its own, which takes less of two cores' time than two threads on one
//! frame. Frames go to the lanes in turn and are fetched in turn, so order needs no sorting and memory is bounded.

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
        !matches!(a, Address::Video(_) | Address::Picture(_) | Address::Folder(_) | Address::Glob(_))
    };
    let lone = matches!(addresses, [Address::Picture(_)]);
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
}

/// What the writer is to take next.
enum Ticket {
    /// The oldest result of this lane.
    Lane(usize),
    /// Something that needs no model.
    Ready(Box<Outcome>),
}

/// The side that frames are put in.
pub struct Lanes {
    jobs: Vec<Sender<Job>>,
    tickets: Sender<Ticket>,
    threads: Vec<JoinHandle<()>>,
    next: usize,
}

/// The side that results come out of, in the order of the frames.
pub struct Outcomes {
    tickets: Receiver<Ticket>,
    done: Vec<Receiver<Result<Seen, ModelError>>>,
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
        let (tickets, order) = bounded(2 * count);
        let mut lanes = Self { jobs: Vec::new(), tickets, threads: Vec::new(), next: 0 };
        let mut done = Vec::new();
        let mut first = Some(model);
        for number in 0..count {
            let (to_lane, jobs) = bounded(1);
            let (to_writer, results) = bounded(2);
            let model = first.take().map_or_else(
                || Opening::Later(path.clone(), options.clone()),
                |model| Opening::Open(Box::new(model)),
            );
            let lane = Lane { jobs, done: to_writer, thresholds: thresholds.clone(), spare: spare.clone() };
            let thread = std::thread::Builder::new().name(format!("model {}", number + 1));
            lanes.threads.push(thread.spawn(move || lane.run(model))?);
            lanes.jobs.push(to_lane);
            done.push(results);
        }
        Ok((lanes, Outcomes { tickets: order, done }))
    }

    /// Gives a frame to the next lane; waits while all are busy. Answers whether anybody still wants results.
    #[must_use]
    pub fn look_at(&mut self, frame: Frame, decode_ms: f32) -> bool {
        let lane = self.next;
        self.next = (lane + 1) % self.jobs.len();
        // The ticket first: a lane that ended early says why in answer to it.
        self.tickets.send(Ticket::Lane(lane)).is_ok()
            && self.jobs.get(lane).is_some_and(|jobs| jobs.send(Job { frame, decode_ms }).is_ok())
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
            Ticket::Lane(lane) => match self.done.get(lane)?.recv() {
                Ok(Ok(seen)) => Some(Ok(Outcome::Frame(Box::new(seen)))),
                Ok(Err(error)) => Some(Err(Failure::from(error))),
                Err(_) => Some(Err(Failure::failed(
                    "A model's thread ended early.",
                    "Report this, with the model's file.",
                ))),
            },
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
    done: Sender<Result<Seen, ModelError>>,
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
                let _ = self.done.send(Err(error));
                return;
            }
        };
        for Job { frame, decode_ms } in &self.jobs {
            let mut results = self.spare.try_recv().unwrap_or_default();
            let seen = model.run(&frame, &self.thresholds, &mut results).map(|mut times| {
                times.decode = decode_ms;
                times.total += decode_ms;
                Seen { frame, results, times }
            });
            let failed = seen.is_err();
            if self.done.send(seen).is_err() || failed {
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
        assert_eq!(count(&[Address::Picture("a.png".into())], &model, &auto), 1);
        assert_eq!(count(&[Address::AnyCamera], &model, &auto), 1);
        assert_eq!(count(&many, &model, &OpenOptions { threads: Some(2), ..auto.clone() }), 1);
        assert_eq!(count(&many, &model, &OpenOptions { device: Some("cuda".into()), ..auto.clone() }), 1);
        // So large a model fits once.
        std::fs::File::options().write(true).open(&model).unwrap().set_len(3 << 30).unwrap();
        assert_eq!(count(&many, &model, &auto), 1);
    }
}
