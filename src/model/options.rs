//! How a model is opened.

use std::path::PathBuf;

use super::cancel::CancelToken;
use super::sidecar::Sidecar;

/// How a model is opened. Every field has a default that suits a model that nothing is known about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// Intra-op threads; `None`: a number that suits this machine.
    pub threads: Option<usize>,
    /// Name of an execution provider, "cpu" or another; `None`: CPU.
    pub device: Option<String>,
    /// Input size (width, height) of models with dynamic dimensions.
    pub size: Option<(u32, u32)>,
    /// What another source (the catalogue) knows about such files. The sidecar file wins over it.
    pub hints: Sidecar,
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
    /// Ends opening and running from another thread.
    pub cancel: Option<CancelToken>,
}
