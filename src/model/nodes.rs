//! Which execution provider runs which nodes of a network, from the profile that ONNX Runtime writes.

use std::collections::HashMap;
use std::path::Path;

use super::profile::{self, Event};
use super::{Model, ModelError, OpenOptions};

/// The nodes of a network that one provider runs.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct NodeShare {
    /// The runtime's name for it without "`ExecutionProvider`": `CPU`, `OpenVINO`, `CUDA`.
    pub provider: String,
    /// Number of nodes. Nodes that a provider compiles together count as one.
    pub nodes: usize,
    /// Their time per run, in milliseconds.
    pub ms: f32,
}

/// Opens the model again, runs it on an empty image with the runtime's profiler, and returns how many nodes each provider ran,
/// the provider with the most time first. Takes as long as opening a model: not for a window's thread.
///
/// # Errors
/// As [`Model::open`] and [`Model::run`]; [`ModelError::RunFailed`] if the runtime writes no profile.
pub fn who_ran_what(path: &Path, options: &OpenOptions) -> Result<Vec<NodeShare>, ModelError> {
    let failed = |reason: String| ModelError::RunFailed { reason };
    let folder = tempfile::tempdir().map_err(|e| failed(format!("no room for its profile: {e}")))?;
    let options = OpenOptions { profile: Some(folder.path().join("run")), cache: None, ..options.clone() };
    let mut model = Model::open(path, &options)?;
    model.warm_up()?;
    Ok(shares(&profile::end(&mut model)?))
}

/// Returns the shares in a profile; times are per run.
fn shares(events: &[Event]) -> Vec<NodeShare> {
    let runs = events.iter().filter(|event| event.is_run()).count().max(1);
    let mut nodes: HashMap<&str, HashMap<&str, f64>> = HashMap::new();
    for event in events {
        let (Some(node), Some(provider)) = (event.kernel(), event.provider()) else { continue };
        *nodes.entry(provider).or_default().entry(node).or_default() += event.dur;
    }
    let mut shares: Vec<NodeShare> = nodes
        .into_iter()
        .map(|(provider, nodes)| NodeShare {
            provider: provider.to_owned(),
            nodes: nodes.len(),
            ms: (nodes.values().sum::<f64>() / runs as f64 / 1000.0) as f32,
        })
        .collect();
    shares.sort_by(|a, b| b.ms.total_cmp(&a.ms).then_with(|| a.provider.cmp(&b.provider)));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_counted_once_and_their_times_are_those_of_one_run() {
        let profile = br#"[
            {"cat":"Session","name":"session_initialization","dur":900,"args":{}},
            {"cat":"Session","name":"model_run","dur":4000,"args":{}},
            {"cat":"Node","name":"conv_kernel_time","dur":2000,"args":{"provider":"CPUExecutionProvider","op_name":"Conv"}},
            {"cat":"Node","name":"conv_fence_before","dur":1,"args":{"op_name":"Conv"}},
            {"cat":"Node","name":"block_kernel_time","dur":6000,"args":{"provider":"OpenVINOExecutionProvider"}},
            {"cat":"Session","name":"model_run","dur":4000,"args":{}},
            {"cat":"Node","name":"conv_kernel_time","dur":1000,"args":{"provider":"CPUExecutionProvider"}},
            {"cat":"Node","name":"block_kernel_time","dur":2000,"args":{"provider":"OpenVINOExecutionProvider"}}
        ]"#;
        let expected = [
            NodeShare { provider: "OpenVINO".into(), nodes: 1, ms: 4.0 },
            NodeShare { provider: "CPU".into(), nodes: 1, ms: 1.5 },
        ];
        let read = |profile: &[u8]| profile::parse(profile).map(|events| shares(&events));
        assert_eq!(read(profile).unwrap(), expected);
        assert_eq!(read(b"[]").unwrap(), []);
        assert!(read(b"<html>").is_err());
    }
}
