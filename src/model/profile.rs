//! The profile that ONNX Runtime writes of a model's runs: how long each node took, and how large its tensors were.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Model, ModelError};

/// Larger profiles aren't read. The profile of ten thousand nodes has about 10 MB.
const MAX_BYTES: u64 = 200 << 20;

/// An event of the profile; only the fields that are used.
#[derive(Debug, Deserialize)]
pub struct Event {
    #[serde(default)]
    pub cat: String,
    #[serde(default)]
    pub name: String,
    /// When it began, in microseconds.
    #[serde(default)]
    pub ts: f64,
    /// How long it took, in microseconds.
    #[serde(default)]
    pub dur: f64,
    #[serde(default)]
    pub args: Args,
}

/// What an event tells of a node.
#[derive(Debug, Default, Deserialize)]
pub struct Args {
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    pub op_name: Option<String>,
    /// Each has one entry: the element type, and the shape.
    #[serde(default)]
    pub input_type_shape: Vec<HashMap<String, Vec<i64>>>,
    #[serde(default)]
    pub output_type_shape: Vec<HashMap<String, Vec<i64>>>,
}

impl Event {
    /// Whether it is a whole run.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.cat == "Session" && self.name == "model_run"
    }

    /// The name of the node whose computing it is.
    #[must_use]
    pub fn kernel(&self) -> Option<&str> {
        self.name.strip_suffix("_kernel_time").filter(|_| self.cat == "Node")
    }

    /// What ran the node, without "`ExecutionProvider`": `CPU`, `OpenVINO`, `CUDA`.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        let name = self.args.provider.as_deref()?;
        Some(name.strip_suffix("ExecutionProvider").unwrap_or(name))
    }
}

/// The events of a profile's bytes.
///
/// # Errors
/// Why they can't be read.
pub fn parse(profile: &[u8]) -> Result<Vec<Event>, serde_json::Error> {
    serde_json::from_slice(profile)
}

/// Ends the profile of a model that was opened with [`super::OpenOptions::profile`], and reads it.
///
/// # Errors
/// [`ModelError::RunFailed`] if there is none, or it can't be read.
pub fn end(model: &mut Model) -> Result<Vec<Event>, ModelError> {
    let failed = |reason: String| ModelError::RunFailed { reason };
    let profile = model.end_profile()?;
    let unreadable = |e: std::io::Error| failed(format!("its profile can't be read: {e}"));
    if std::fs::metadata(&profile).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(failed("its profile is too long to be read".into()));
    }
    let text = std::fs::read(&profile).map_err(unreadable)?;
    parse(&text).map_err(|e| failed(format!("its profile can't be read: {e}")))
}
