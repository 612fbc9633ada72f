//! One ordinary ONNX file of backbone and head.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::backbone::Backbone;
use super::embeddings::Samples;
use super::error::TeachError;
use super::head::Head;
use crate::model::{CancelToken, OpenOptions};

/// How a model is exported.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// The input takes raw bytes (uint8, N×H×W×3, RGB): colour order and normalisation are part of the graph.
    pub bytes: bool,
    /// How the written file is opened to be verified.
    pub opening: OpenOptions,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    pub path: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, hex, lower case.
    pub sha256: String,
    /// How many images both were run on.
    pub verified: usize,
    /// The largest difference of a score.
    pub difference: f64,
}

/// Writes backbone and head as one ONNX file, whole or not at all, and verifies it: it is opened and run on all examples, and its scores
/// must be those of the head within 1e-4.
///
/// # Errors
/// Why there is no file.
pub fn export(
    backbone: &Backbone,
    head: &Head,
    samples: &Samples,
    path: &Path,
    options: &ExportOptions,
    cancel: &CancelToken,
) -> Result<Exported, TeachError> {
    let _ = (backbone, head, samples, path, options, cancel);
    todo!()
}
