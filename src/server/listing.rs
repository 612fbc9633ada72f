//! How servers list their models over HTTP, each in its own way.

use serde::Deserialize;

use super::metadata::ListedModel;

/// An entry of `/v2/repository/index`.
#[derive(Deserialize)]
pub(super) struct IndexJson {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

impl IndexJson {
    pub fn listed(self) -> ListedModel {
        listed(
            self.name,
            self.version.unwrap_or_default(),
            &self.state.unwrap_or_default(),
            self.reason.unwrap_or_default(),
        )
    }
}

/// An entry of a repository's index, as HTTP and gRPC tell it.
pub(super) fn listed(name: String, version: String, state: &str, reason: String) -> ListedModel {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    ListedModel {
        name,
        version: some(version),
        // A server that tells no state lists what it serves.
        ready: state.is_empty() || state.eq_ignore_ascii_case("READY"),
        reason: some(reason),
    }
}

#[derive(Deserialize)]
pub(super) struct NamesJson {
    pub models: Vec<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct ConfigJson {
    #[serde(default)]
    pub parameters: std::collections::BTreeMap<String, ParameterJson>,
}

#[derive(Deserialize)]
pub(super) struct ParameterJson {
    #[serde(default)]
    pub string_value: String,
}

/// OpenVINO Model Server's list: states of versions by model.
pub(super) fn from_openvino(config: &serde_json::Map<String, serde_json::Value>) -> Vec<ListedModel> {
    let mut models = Vec::new();
    for (name, status) in config {
        for version in status["model_version_status"].as_array().into_iter().flatten() {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let state = text(&version["state"]);
            let reason = text(&version["status"]["error_message"]);
            let reason = if reason == "OK" { String::new() } else { reason };
            let state = if state == "AVAILABLE" { "READY" } else { &state };
            models.push(listed(name.clone(), text(&version["version"]), state, reason));
        }
    }
    models
}
