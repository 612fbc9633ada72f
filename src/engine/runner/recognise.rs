//! What the objects of a prediction look like, so that a tracker recognises them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::engine::context::Context;
use crate::engine::state::Prediction;
use crate::model::isolation::Isolation;
use crate::model::{CancelToken, FeatureModel, ModelError, OpenOptions};
use crate::track::TrackerOptions;

/// So many objects of a frame are looked at, the surest first: each costs a run of the model.
const OBJECTS: usize = 16;

/// The model that tells what objects look like.
#[derive(Default)]
enum State {
    #[default]
    None,
    /// It is being opened on a thread of its own: results don't wait for it.
    Opening(Receiver<Result<FeatureModel, ModelError>>, CancelToken),
    Open(Box<FeatureModel>),
    /// It can't be run, and is not tried again.
    Failed,
}

impl Drop for State {
    fn drop(&mut self) {
        if let Self::Opening(_, cancel) = self {
            cancel.cancel();
        }
    }
}

/// Runs the model that tells what objects look like, on the thread of a worker.
#[derive(Default)]
pub(super) struct Recogniser {
    /// The model's file.
    path: Option<PathBuf>,
    state: State,
}

impl Recogniser {
    /// Adds what its objects look like to a prediction that the caller alone holds.
    pub fn look(&mut self, context: &Context, prediction: &mut Arc<Prediction>) {
        let Some(prediction) = Arc::get_mut(prediction) else { return };
        prediction.looks.clear();
        let options = Arc::clone(&context.controls.now().analysis);
        self.follow(options.looks.as_deref().filter(|_| options.tracker.is_some()));
        let State::Open(model) = &mut self.state else { return };
        let begin = Instant::now();
        let least = options.tracker.as_ref().map_or_else(|| TrackerOptions::default().high, |t| t.high);
        for (n, detection) in prediction.results.detections.iter().enumerate() {
            let wanted = n < OBJECTS && detection.score >= least;
            let features = if wanted { model.features(&prediction.frame, detection.bbox) } else { Ok(None) };
            match features {
                Ok(features) => prediction.looks.push(features),
                Err(error) => {
                    tracing::warn!("objects aren't recognised by their looks any more: {error}");
                    prediction.looks.clear();
                    self.state = State::Failed;
                    return;
                }
            }
        }
        // The result is as late as it is.
        prediction.times.total += begin.elapsed().as_secs_f32() * 1000.0;
        prediction.finished = Instant::now();
    }

    /// Begins to open the wanted model if it is another one, and takes over one that is open by now.
    fn follow(&mut self, wanted: Option<&Path>) {
        if self.path.as_deref() != wanted {
            self.path = wanted.map(Path::to_owned);
            self.state = wanted.map_or(State::None, open);
        }
        let State::Opening(opened, _) = &self.state else { return };
        let opened = match opened.try_recv() {
            Ok(opened) => opened,
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => Err(ModelError::Stopped),
        };
        self.state = match opened {
            Ok(model) => State::Open(Box::new(model)),
            Err(error) => {
                tracing::warn!("objects aren't recognised by their looks: {error}");
                State::Failed
            }
        };
    }
}

fn open(path: &Path) -> State {
    let (sender, opened) = bounded(1);
    let cancel = CancelToken::default();
    let options =
        OpenOptions { isolation: Isolation::usual(), cancel: Some(cancel.clone()), ..OpenOptions::default() };
    let path = path.to_owned();
    let thread = std::thread::Builder::new().name("sightline-appearance".into());
    match thread.spawn(move || drop(sender.send(FeatureModel::open(&path, &options)))) {
        Ok(_) => State::Opening(opened, cancel),
        Err(error) => {
            tracing::warn!("no thread for the appearance model: {error}");
            State::Failed
        }
    }
}
