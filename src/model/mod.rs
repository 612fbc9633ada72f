//! One model: what it is (spec), how we know (identify), its session, input, output and labels.

pub mod error;
pub mod file;
pub mod folders;
pub mod labels;
pub mod output;
pub mod results;
pub mod runtime;
pub mod sidecar;
pub mod spec;

pub use error::ModelError;
pub use results::{Detection, Results};
pub use spec::{Family, Spec, Task, Thresholds};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::frame::Frame;
use results::StageTimes;

/// How a model is to be opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenOptions {
    /// Intra-op threads; `None`: chosen for this machine.
    pub threads: Option<usize>,
    /// "cpu" or another execution provider's name; `None`: CPU.
    pub device: Option<String>,
    /// Input size for models with dynamic dimensions, (width, height).
    pub size: Option<(u32, u32)>,
    /// What the user chose in place of what was identified; wins over the sidecar file.
    pub overrides: Option<sidecar::Sidecar>,
}

/// An open model, ready to look at frames. Not shared: one thread runs it.
#[derive(Debug)]
pub struct Model {
    path: PathBuf,
    spec: Spec,
}

/// Ends a run that hangs; can be kept and called from any thread.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<()>);

impl StopHandle {
    /// Makes the run that is under way (and every later one) end with [`ModelError::Stopped`].
    pub fn stop(&self) {}
}

impl Model {
    /// Identifies and opens a model file.
    ///
    /// # Errors
    /// Why it can't be read, understood or run.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        todo!("{path:?} {options:?}")
    }

    /// The file's name without its ending.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// SHA-256 of the file, hex, lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        ""
    }

    /// What really runs it: "CPU", "CUDA", …
    #[must_use]
    pub fn provider(&self) -> &str {
        "CPU"
    }

    /// Intra-op threads of its session.
    #[must_use]
    pub fn threads(&self) -> usize {
        1
    }

    /// What ends a hanging run.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(Arc::new(()))
    }

    /// Runs once on an empty picture, so that the first real frame isn't slow.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn warm_up(&mut self) -> Result<(), ModelError> {
        Ok(())
    }

    /// Looks at one RGBA frame; `results` is filled anew. `StageTimes::decode` is left 0 for the caller.
    ///
    /// # Errors
    /// [`ModelError::RunFailed`], [`ModelError::UnexpectedOutput`] or [`ModelError::Stopped`].
    pub fn run(
        &mut self,
        frame: &Frame,
        thresholds: &Thresholds,
        results: &mut Results,
    ) -> Result<StageTimes, ModelError> {
        todo!("{frame:?} {thresholds:?} {results:?}")
    }
}

/// What a model file holds, whether or not it is understood: for `models info` and the page of a model
/// that isn't known.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub facts: file::Facts,
    /// The spec with its evidence, or why the model isn't understood.
    pub spec: Result<Spec, String>,
}

/// Reads a model file without ONNX Runtime and works out what it is (sidecar included).
///
/// # Errors
/// Why the file can't be read or isn't ONNX.
pub fn inspect(path: &Path) -> Result<Inspection, ModelError> {
    todo!("{path:?}")
}
