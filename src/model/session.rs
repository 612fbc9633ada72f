//! A model's session: in this process, in one of its own ([`super::isolation`]), or on a server ([`super::served`]). Everything
//! else of a model works alike with each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use smallvec::SmallVec;

use super::extra_inputs::ExtraInputError;
use super::families::OutputError;
use super::input::TensorMut;
use super::isolation::{Attempt, Helper, RemoteSession};
use super::local_session::{LocalSession, Runs};
use super::runtime::Provider;
use super::served::{ServedSession, ServerStatus};
use super::spec::{Element, ExtraInput};
use super::tensor::Tensor;
use super::{ModelError, OpenOptions};
use crate::server::Stop;

/// Ends a run that hangs, from any thread.
#[derive(Clone)]
pub struct StopHandle(SmallVec<[Stopper; 2]>);

/// What ends the runs of one session.
#[derive(Clone)]
enum Stopper {
    Here(Runs),
    Apart(Arc<Helper>),
    Served(Stop),
}

impl std::fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StopHandle")
    }
}

impl StopHandle {
    /// Makes the run that is under way, and every later one, end with [`ModelError::Stopped`].
    pub fn stop(&self) {
        for stopper in &self.0 {
            match stopper {
                Stopper::Here(runs) => {
                    if let Err(error) = runs.terminate() {
                        tracing::warn!("a run couldn't be stopped: {error}");
                    }
                }
                Stopper::Apart(helper) => helper.stop(),
                Stopper::Served(stop) => stop.stop(),
            }
        }
    }

    /// Both at once.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// The bytes of a session's model.
#[derive(Clone, PartialEq, Eq)]
pub enum Bytes {
    /// The file.
    File,
    /// An edited copy of the file.
    Memory(Vec<u8>),
    /// The file, or its optimised form at this path, which is written if it doesn't exist. The names are those of the file's
    /// inputs.
    Optimised(PathBuf, Vec<String>),
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File => f.write_str("File"),
            Self::Optimised(place, _) => write!(f, "Optimised({})", place.display()),
            Self::Memory(bytes) => write!(f, "Memory({} bytes)", bytes.len()),
        }
    }
}

/// The provider of that name.
///
/// # Errors
/// [`ModelError::Provider`] if there is none.
pub fn provider_named(name: &str) -> Result<Provider, ModelError> {
    Provider::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Provider::ALL.iter().map(|p| p.name()).collect();
        ModelError::Provider {
            provider: name.to_owned(),
            reason: format!("the known ones are {}", known.join(", ")),
        }
    })
}

/// Threads for a model that runs together with the preview: all cores but one, which the preview needs.
#[must_use]
pub fn live_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).clamp(1, 8)
}

/// Where the runtime's session is.
#[derive(Debug)]
enum Place {
    Here(Box<LocalSession>),
    Apart(Box<RemoteSession>),
    Served(Box<ServedSession>),
}

/// An open session with a tensor for its image.
#[derive(Debug)]
pub struct Session {
    place: Place,
    /// What is remembered of its runs; nothing of those on a server.
    attempt: Option<Arc<Attempt>>,
    /// The provider that runs it.
    pub provider: Provider,
    /// Why the requested provider doesn't.
    pub fallback: Option<String>,
    /// Intra-op threads.
    pub threads: usize,
}

impl Session {
    /// Opens the model of an attempt, where that says. `image` is the name and the element type of the image input; of
    /// the options only `threads`, `profile` and `cancel` are used here.
    ///
    /// # Errors
    /// If there is no runtime, or the runtime refuses the file. A provider that can't be used is no error: the CPU runs the
    /// model and `fallback` contains the reason.
    pub(super) fn open(
        bytes: &Bytes,
        image: (&str, Element),
        device: Option<Provider>,
        options: &OpenOptions,
        attempt: &Arc<Attempt>,
    ) -> Result<Self, ModelError> {
        let path = attempt.path();
        let kept = Some(Arc::clone(attempt));
        Ok(match attempt.apart() {
            None => {
                let session = LocalSession::open(path, bytes, image, device, options)?;
                let (provider, fallback, threads) =
                    (session.provider, session.fallback.clone(), session.threads);
                Self { place: Place::Here(Box::new(session)), attempt: kept, provider, fallback, threads }
            }
            Some(isolation) => {
                let session = RemoteSession::open(bytes, image, device, options, (isolation, attempt))?;
                let (provider, fallback, threads) =
                    (session.provider, session.fallback.clone(), session.threads);
                Self { place: Place::Apart(Box::new(session)), attempt: kept, provider, fallback, threads }
            }
        })
    }

    /// A session on a server.
    pub(super) fn served(session: ServedSession) -> Self {
        Self {
            place: Place::Served(Box::new(session)),
            attempt: None,
            provider: Provider::Cpu,
            fallback: None,
            threads: 1,
        }
    }

    /// What is known of its server, if it is on one.
    #[must_use]
    pub fn server(&self) -> Option<Arc<ServerStatus>> {
        match &self.place {
            Place::Served(session) => Some(session.status()),
            Place::Here(_) | Place::Apart(_) => None,
        }
    }

    /// The outputs of the last run can't be read. On a server that is its failure; `None` elsewhere.
    pub(super) fn refuse_outputs(&mut self, reason: &OutputError) -> Option<ModelError> {
        match &mut self.place {
            Place::Served(session) => session.refuse(reason.to_string()),
            Place::Here(_) | Place::Apart(_) => None,
        }
    }

    /// Whether it is in a process of its own.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        matches!(self.place, Place::Apart(_))
    }

    /// Runs with a LoRA adapter from now on. Earlier handles of [`Session::stop_handle`] have no effect any more.
    ///
    /// # Errors
    /// [`ModelError::BadAdapter`].
    pub fn adapt(&mut self, path: &Path) -> Result<(), ModelError> {
        match &mut self.place {
            Place::Here(session) => session.adapt(path),
            Place::Apart(session) => session.adapt(path),
            Place::Served(_) => Err(ModelError::BadAdapter {
                path: path.to_owned(),
                reason: "a model on a server takes none".into(),
            }),
        }
    }

    /// Ends the runtime's profile and returns its path.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if the session was opened without one.
    pub fn end_profile(&mut self) -> Result<PathBuf, ModelError> {
        match &mut self.place {
            Place::Here(session) => session.end_profile(),
            Place::Apart(session) => session.end_profile(),
            Place::Served(_) => {
                Err(ModelError::RunFailed { reason: "a model on a server gives no profile".into() })
            }
        }
    }

    /// A handle that ends a hanging run.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        let stopper = match &self.place {
            Place::Here(session) => Stopper::Here(session.runs()),
            Place::Apart(session) => Stopper::Apart(session.helper()),
            Place::Served(session) => Stopper::Served(session.stop()),
        };
        StopHandle(smallvec::smallvec![stopper])
    }

    /// Makes the tensors of the inputs other than the image.
    ///
    /// # Errors
    /// If the spec doesn't name an input, or its tensor can't be made.
    pub fn set_extra_inputs(&mut self, specs: &[ExtraInput]) -> Result<(), ExtraInputError> {
        match &mut self.place {
            Place::Here(session) => session.set_extra_inputs(specs),
            Place::Apart(session) => session.set_extra_inputs(specs),
            Place::Served(session) => session.set_extra_inputs(specs),
        }
    }

    /// Writes the inputs other than the image for this size of the image input (width, height).
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if a tensor can't be made.
    pub fn fit_extra_inputs(&mut self, size: (u32, u32)) -> Result<(), ModelError> {
        match &mut self.place {
            Place::Here(session) => session.fit_extra_inputs(size),
            Place::Apart(session) => session.fit_extra_inputs(size),
            Place::Served(session) => {
                session.fit_extra_inputs(size);
                Ok(())
            }
        }
    }

    /// Resets the state that the network carries from frame to frame.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if a tensor can't be made.
    pub fn reset_state(&mut self) -> Result<(), ModelError> {
        match &mut self.place {
            Place::Here(session) => session.reset_state(),
            Place::Apart(session) => session.reset_state(),
            Place::Served(session) => {
                session.reset_state();
                Ok(())
            }
        }
    }

    /// The image's tensor for this shape, batch first; a new one is made only when the shape changes.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] if the tensor can't be made.
    pub fn image(&mut self, shape: &[i64]) -> Result<TensorMut<'_>, ModelError> {
        match &mut self.place {
            Place::Here(session) => session.image(shape),
            Place::Apart(session) => session.image(shape),
            Place::Served(session) => session.image(shape),
        }
    }

    /// Whether its input is for one image alone, without an axis for a batch.
    #[must_use]
    pub fn is_without_batch(&self) -> bool {
        match &self.place {
            Place::Here(session) => session.is_without_batch(),
            Place::Apart(session) => session.is_without_batch(),
            Place::Served(_) => false,
        }
    }

    /// Whether the outputs of a run are handed to the next one.
    #[cfg(test)]
    #[must_use]
    pub fn reuses_outputs(&self) -> bool {
        matches!(&self.place, Place::Here(session) if session.reuses_outputs())
    }

    /// How many bytes the image's tensor holds.
    #[must_use]
    pub fn image_bytes(&self) -> usize {
        match &self.place {
            Place::Here(session) => session.image_bytes(),
            Place::Apart(session) => session.image_bytes(),
            Place::Served(session) => session.image_bytes(),
        }
    }

    /// Runs the network on the image's tensor as it is and hands the outputs to `read`.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`] with the runtime's reason, [`ModelError::Ended`] if it ended its process, or
    /// [`ModelError::Stopped`].
    pub fn run<T>(&mut self, read: impl FnOnce(&[Tensor<'_>]) -> T) -> Result<T, ModelError> {
        let result = match &mut self.place {
            Place::Here(session) => session.run(read),
            Place::Apart(session) => session.run(read),
            Place::Served(session) => session.run(read),
        };
        if result.is_ok()
            && let Some(attempt) = &self.attempt
        {
            attempt.ran();
        }
        result
    }
}
