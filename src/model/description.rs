//! What a server tells of a model, so that any Sightline that connects knows it exactly as from its file: what the file
//! contains, without the weights, and the settings.
//!
//! It is one line of JSON. Servers carry it in their metadata; beside those that can't, it is a file `NAME.sightline.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::families::Family;
use super::file::{self, GraphInfo};
use super::sidecar::{Sidecar, SidecarError};
use super::{ModelError, hash, identify, inspect, preprocessing};

/// The format that is written, and the newest that is read.
const FORMAT: u32 = 1;
/// A longer text isn't read: class names by the hundred thousand fit.
const MAX_BYTES: usize = 8 << 20;
/// A longer entry of a file's metadata is left out: no class names are as long.
const MAX_ENTRY: usize = 1 << 20;

/// The file that stands for a description where a server carries none: `NAME` with this ending.
pub const ENDING: &str = ".sightline.json";

/// What stands before a description in the `platform` of a model's metadata, from servers whose metadata have no better place.
pub const PLATFORM: &str = "onnxruntime_onnx ";

/// Why a text is no description; each message is the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    #[error("it is larger than {} MB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// Its format, which is newer than this version of Sightline.
    #[error("it was written by a newer Sightline (format {0}; this one reads {FORMAT})")]
    Newer(u32),
    #[error("its SHA-256 isn't one")]
    Hash,
    #[error("{0}")]
    Settings(#[from] SidecarError),
}

/// What a model is, apart from its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The version of this format.
    pub sightline: u32,
    /// SHA-256 of the file, hex, lower case.
    pub sha256: String,
    /// What the file contains. It names no other files.
    pub graph: GraphInfo,
    /// What was set by hand, and what files beside the model or its name say. It names no other files.
    #[serde(default)]
    pub settings: Sidecar,
}

impl Description {
    /// Describes a file with its sidecar and what is `known` about it otherwise, which the sidecar wins over. Says nothing of a
    /// second model or of LoRA adapters.
    ///
    /// # Errors
    /// If the file can't be read or isn't ONNX, or if something is wrong in its sidecar.
    pub fn of_file(path: &Path, known: &Sidecar) -> Result<Self, ModelError> {
        let mut graph = inspect::check(path)?;
        let mut settings = known.clone().overlaid(Sidecar::load(path)?.unwrap_or_default());
        if let Ok(spec) = identify::identify(&graph, &settings) {
            let mut complete = spec.clone();
            let settled = Sidecar::of_metadata(&graph).overlaid(settings.clone());
            preprocessing::complete(path, &settled, &mut complete);
            let (found, input) = (complete.input, spec.input);
            // What is as the rules say stays open: opening the model may settle it by runs.
            settings.fit = settings.fit.or((found.fit != input.fit).then_some(found.fit));
            settings.resample =
                settings.resample.or((found.resample != input.resample).then_some(found.resample));
            settings.range = settings.range.or((found.range != input.range).then_some(found.range));
        }
        graph.metadata.retain(|(_, value)| value.len() <= MAX_ENTRY);
        graph.ends.trim();
        Ok(Self { sightline: FORMAT, sha256: hash::sha256(path)?, graph, settings }.without_files())
    }

    /// The description as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Only maps with keys that aren't text, which there are none of, could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a description from anywhere; it may say anything.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        #[derive(Deserialize)]
        struct Format {
            sightline: u32,
        }
        if text.len() > MAX_BYTES {
            return Err(DescriptionError::TooLarge);
        }
        let Format { sightline } = serde_json::from_str(text)?;
        if sightline > FORMAT {
            return Err(DescriptionError::Newer(sightline));
        }
        let read: Self = serde_json::from_str(text)?;
        if read.sha256.len() != 64 || !read.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DescriptionError::Hash);
        }
        read.settings.check()?;
        Ok(read.without_files())
    }

    /// Paths mean nothing on another computer, and those of a stranger aren't followed.
    fn without_files(mut self) -> Self {
        self.graph.external_data.clear();
        self.settings.companion = None;
        self
    }
}

/// The contents of a file whose network takes images of any size although the file fixes one, with its sizes opened for a server;
/// `None` for every other family.
///
/// # Errors
/// If the file can't be read or isn't ONNX.
pub fn any_size(path: &Path, family: Family) -> Result<Option<Vec<u8>>, ModelError> {
    if !family.takes_any_size() {
        return Ok(None);
    }
    let bytes = std::fs::read(path)
        .map_err(|e| ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() })?;
    let open = file::open_sizes(&bytes);
    open.map(Some).map_err(|reason| ModelError::NotOnnx { path: path.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spec::{Fit, Range, Resample};
    use crate::model::{Spec, identify::Unknown, inspect_with};

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models").join(name)
    }

    /// The spec without how it was found.
    fn bare(spec: Result<Spec, Unknown>) -> Result<Spec, Unknown> {
        spec.map(|spec| Spec { evidence: Vec::new(), confidence: 0.0, companion: None, ..spec })
    }

    fn elsewhere(path: &Path, known: &Sidecar) -> Result<Spec, Unknown> {
        let text = Description::of_file(path, known).expect("a whole model").to_json();
        assert!(!text.contains('\n'), "one line");
        let read = Description::parse(&text).expect("our own");
        identify::identify(&read.graph, &read.settings)
    }

    #[test]
    fn every_family_is_known_elsewhere_as_from_its_file() {
        let files = std::fs::read_dir(file("")).expect("the models").flatten().map(|entry| entry.path());
        let mut seen = 0;
        for path in files.filter(|path| path.extension().is_some_and(|e| e == "onnx")) {
            let known = Sidecar::default();
            let here = inspect_with(&path, &Sidecar::default()).expect("a whole model").spec;
            assert_eq!(bare(elsewhere(&path, &known)), bare(here), "{}", path.display());
            seen += 1;
        }
        assert!(seen > 40, "{seen} models");
    }

    #[test]
    fn settings_and_what_lies_beside_the_file_come_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("classifier.onnx");
        std::fs::copy(file("lora_classifier.onnx"), &path).expect("a copy");
        let before = inspect_with(&path, &Sidecar::default()).expect("a model").spec.expect("a classifier");
        let preparation = r#"{"do_resize": true, "size": {"shortest_edge": 77}, "do_center_crop": true, "resample": 3,
            "do_normalize": true, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}"#;
        std::fs::write(folder.path().join("preprocessor_config.json"), preparation).expect("written");
        let labels = Sidecar {
            labels: Some(vec!["say \u{201c}hi\u{201d}\n".into(), "狗".into()]),
            companion: Some("/etc/passwd".into()),
            ..Sidecar::default()
        };
        labels.save(&path).expect("saved");
        let spec = elsewhere(&path, &Sidecar::default()).expect("a classifier");
        assert_ne!(spec.input.fit, before.input.fit);
        assert_eq!(spec.input.fit, Fit::CentreCrop { resize: 77 });
        assert_eq!(spec.input.resample, Resample::Bicubic);
        let range = Range { scale: 1.0 / 255.0, mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] };
        assert_eq!(spec.input.range, range);
        assert_eq!(spec.labels.english(), ["say \u{201c}hi\u{201d}\n", "狗"]);
        assert_eq!(spec.companion, None);
        let known = Sidecar { fit: Some(Fit::Stretch), ..Sidecar::default() };
        assert_eq!(elsewhere(&path, &known).expect("a classifier").input.fit, Fit::Stretch);
    }

    #[test]
    fn what_strangers_write_is_checked() {
        let own = Description::of_file(&file("yolox.onnx"), &Sidecar::default()).expect("a model");
        let with = |key: &str, value: serde_json::Value| {
            let mut json = serde_json::to_value(&own).expect("JSON");
            json[key] = value;
            Description::parse(&json.to_string())
        };
        let error = with("sightline", 2.into()).expect_err("a newer one").to_string();
        assert!(error.contains("newer Sightline"), "{error}");
        // A newer format may have other fields, and is still told by its number.
        let newer = Description::parse(r#"{"sightline": 9, "model": []}"#).expect_err("a newer one");
        assert!(matches!(newer, DescriptionError::Newer(9)));
        for hash in ["", "../../x", &"A".repeat(64), &"é".repeat(32)] {
            assert!(matches!(with("sha256", hash.into()), Err(DescriptionError::Hash)), "{hash}");
        }
        let range = serde_json::json!({"range": {"scale": 0.0, "mean": [0, 0, 0], "std": [1, 1, 1]}});
        assert!(matches!(with("settings", range), Err(DescriptionError::Settings(_))));
        let paths = with("settings", serde_json::json!({"companion": "/etc/passwd"})).expect("read");
        assert_eq!(paths.settings.companion, None);
        let mut graph = serde_json::to_value(&own.graph).expect("JSON");
        graph["external_data"] = serde_json::json!(["/etc/passwd"]);
        assert!(with("graph", graph).expect("read").graph.external_data.is_empty());
        let long = format!("{{\"sightline\": 1{}}}", " ".repeat(MAX_BYTES));
        assert!(matches!(Description::parse(&long), Err(DescriptionError::TooLarge)));
        for text in ["", "[]", "{}", "null", &"[".repeat(100_000), r#"{"sightline": -1}"#] {
            assert!(Description::parse(text).is_err(), "{text:.20}");
        }
    }
}
