//! How a model is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::cancel::CancelToken;
use super::isolation::Isolation;
use super::sidecar::Sidecar;

/// What another source (the catalogue) knows about files, by their SHA-256 (hex). It is asked where a model is opened, which
/// hashes the file anyway: hashing takes too long for a window's thread.
#[derive(Clone, Default)]
pub struct Known(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&str) -> Option<Sidecar> + Send + Sync;

impl Known {
    /// Asks `lookup`.
    pub fn new(lookup: impl Fn(&str) -> Option<Sidecar> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    /// What is known about a file with this hash.
    #[must_use]
    pub fn about(&self, sha256: &str) -> Sidecar {
        self.0.as_ref().and_then(|lookup| lookup(sha256)).unwrap_or_default()
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Known").finish_non_exhaustive()
    }
}

impl PartialEq for Known {
    /// Whether both ask the same source.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

/// What of a network is shown besides its results: see [`Model::run_inside`](super::Model::run_inside).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// Tensors of its graph that come as further outputs, after its own.
    pub tensors: Vec<String>,
    /// The runtime runs the graph as the file has it: it fuses and rearranges nothing.
    pub as_written: bool,
    /// Every node gets its place in the graph as its name ([`onnx::numbered`](super::file::onnx::numbered)), so that a profile tells which
    /// one took how long.
    pub numbered: bool,
}

/// How a model is opened. Every field has a default that suits a model that nothing is known about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// Intra-op threads; `None`: a number that suits this machine.
    pub threads: Option<usize>,
    /// Name of an execution provider, "cpu" or another; `None`: CPU.
    pub device: Option<String>,
    /// Input size (width, height) of models with dynamic dimensions.
    pub size: Option<(u32, u32)>,
    /// Tells what is known about a file of that content. The sidecar file wins over it.
    pub known: Known,
    /// What the user chose instead of what was identified. Wins over the sidecar file.
    pub overrides: Option<Sidecar>,
    /// A LoRA adapter to run the model with; see [`super::adapter`].
    pub adapter: Option<PathBuf>,
    /// The pose model that finds the skeletons for an action model; `None`: the first that is found. Other models ignore
    /// it.
    pub pose: Option<PathBuf>,
    /// The matting model that cuts the person out of the image of a style model. Other models ignore it.
    pub matte: Option<PathBuf>,
    /// The runtime writes a profile of all runs to a file whose name begins with this; see [`super::nodes`].
    pub profile: Option<PathBuf>,
    /// The folder of optimised models, which open faster the next time; see [`super::optimised`].
    pub cache: Option<PathBuf>,
    /// Which models run in a process of their own; `None`: none does, and nothing is remembered of them.
    pub isolation: Option<Isolation>,
    /// What is shown of its inside; the file itself stays as it is. `None`: its results alone.
    pub inside: Option<Inside>,
    /// What runs a model on a server while the server doesn't: addresses of the model on other servers, and last a file. Empty:
    /// what is saved for the server.
    pub fallbacks: Vec<PathBuf>,
    /// How long a run on a server tries again before it fails.
    pub patience: Duration,
    /// Ends opening and running from another thread.
    pub cancel: Option<CancelToken>,
}
