//! One model on this computer: what its file is, and the record about it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::catalogue::{Catalogue, Permits, Precision};
use super::names;
use super::records::{FileStamp, Measured, ModelRecord, Origin, Tuned};
use crate::model::file::GraphInfo;
use crate::model::identify::Unknown;
use crate::model::isolation::{self, Ending, Remembered, Runs};
use crate::model::sidecar::{self, Sidecar};
use crate::model::spec::{Size, Spec};
use crate::model::{self, Family, ModelError, Task};

/// What a model file is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// It can be run.
    Known(Box<Spec>),
    /// It is a complete ONNX file, but its family isn't known; the reason.
    Unknown(String),
    /// It can't be used: the error and its fix.
    Broken { message: String, fix: String },
}

/// A model on this computer.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelEntry {
    pub path: PathBuf,
    /// The user's name for it, or the file's without its ending; safe to show.
    pub name: String,
    pub stamp: FileStamp,
    pub kind: Kind,
    pub precision: Precision,
    /// Hex; `None` until it is computed.
    pub sha256: Option<String>,
    /// What the hash of the weights in other files was when the model was imported or first verified.
    pub weights: Option<String>,
    pub origin: Option<Origin>,
    pub favourite: bool,
    /// Seconds since 1970.
    pub used: Option<u64>,
    pub measured: Option<Measured>,
    /// The best number of threads on this computer.
    pub tuned: Option<Tuned>,
    /// Models of the same group are one model in several precisions.
    pub group: String,
    /// The same file in other folders: each file is listed once.
    pub copies: Vec<PathBuf>,
    /// What the file's metadata says of its licence.
    pub licence: Option<String>,
    /// How it ended the process that it ran in, if it ever did.
    pub ending: Option<Ending>,
    /// It may be run without anybody having asked for it.
    pub may_be_measured: bool,
}

/// What a file's content tells, without its record.
#[derive(Clone, Debug)]
pub(super) struct FileContent {
    pub kind: Kind,
    pub precision: Precision,
    /// What its metadata says of its licence.
    pub licence: Option<String>,
    /// The other files in which its weights lie; with them, two files of the same bytes may be two models.
    pub weights: Vec<PathBuf>,
}

impl FileContent {
    /// Reads a file and its sidecar.
    pub fn read(path: &Path, hints: &Sidecar) -> Self {
        let broken = |error: &ModelError| Self {
            kind: Kind::Broken { message: error.to_string(), fix: error.fix() },
            precision: Precision::default(),
            licence: None,
            weights: Vec::new(),
        };
        match inspect(path, hints) {
            Ok(model::Inspection { graph, spec }) => {
                let kind = match spec {
                    Ok(spec) => Kind::Known(Box::new(spec)),
                    Err(Unknown::NotUnderstood(reason)) => Kind::Unknown(reason),
                    Err(unknown @ Unknown::CannotRun { .. }) => {
                        let error = unknown.into_error(path);
                        Kind::Broken { message: error.to_string(), fix: error.fix() }
                    }
                };
                Self {
                    kind,
                    precision: precision(&graph),
                    licence: licence(&graph),
                    weights: graph.external_files(path).collect(),
                }
            }
            Err(error) => broken(&error),
        }
    }
}

#[cfg(test)]
impl FileContent {
    /// The content of a complete file that isn't understood.
    pub fn unknown(reason: &str) -> Self {
        Self {
            kind: Kind::Unknown(reason.into()),
            precision: Precision::default(),
            licence: None,
            weights: Vec::new(),
        }
    }
}

fn inspect(path: &Path, hints: &Sidecar) -> Result<model::Inspection, ModelError> {
    let overrides = Sidecar::load(path)?.unwrap_or_default();
    model::inspect_with(path, &hints.clone().overlaid(overrides))
}

/// What a file's metadata says of its licence, without the address that exporters write after it: “AGPL-3.0 License
/// (https://…)”.
fn licence(graph: &GraphInfo) -> Option<String> {
    let value = graph.metadata.iter().find(|(key, _)| {
        ["license", "licence", "model_license", "model_licence"]
            .iter()
            .any(|known| key.eq_ignore_ascii_case(known))
    });
    let text = value?.1.split(" (").next().unwrap_or_default().trim();
    let text = ["License", "license", "Licence", "licence"]
        .iter()
        .find_map(|word| text.strip_suffix(word))
        .unwrap_or(text)
        .trim();
    (!text.is_empty()).then(|| names::shown(&text.chars().take(60).collect::<String>()).into_owned())
}

/// What a licence that is only named permits, as far as its name tells.
fn permits(licence: &str) -> Permits {
    let text = licence.to_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["NON-COMMERCIAL", "NONCOMMERCIAL", "-NC"]) {
        Permits::NonCommercial
    } else if has(&["GPL", "-SA", "MPL", "EUPL"]) {
        Permits::Copyleft
    } else if has(&["MIT", "APACHE", "BSD", "ISC", "CC0", "CC-BY", "UNLICENSE", "ZLIB"]) {
        Permits::Commercial
    } else {
        Permits::Unstated
    }
}

fn precision(graph: &GraphInfo) -> Precision {
    match graph.precision() {
        "int8" => Precision::Int8,
        "float16" => Precision::Fp16,
        _ => Precision::Fp32,
    }
}

impl ModelEntry {
    /// The file and its copies in other folders, each of which has a record.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.path).chain(&self.copies).map(PathBuf::as_path)
    }

    pub(super) fn new(
        path: &Path,
        stamp: FileStamp,
        content: FileContent,
        record: &ModelRecord,
        runs: &Runs,
        catalogue: &Catalogue,
    ) -> Self {
        let current = record.stamp == stamp;
        let sha256 = record.sha256.clone().filter(|_| current);
        let whole = sha256.as_deref().and_then(|sha256| isolation::content(sha256, &content.weights).ok());
        let remembered = whole.as_deref().and_then(|content| runs.of(content));
        let entry = sha256.as_deref().and_then(|hash| catalogue.by_hash(hash));
        let listed = || entry.map(|e| Origin::of(e, sha256.as_deref().unwrap_or_default()));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let origin = record.origin.clone().or_else(listed);
        Self {
            path: path.to_owned(),
            name: names::shown(record.name.as_deref().unwrap_or(&stem)).into_owned(),
            stamp,
            precision: content.precision,
            kind: content.kind,
            origin,
            favourite: record.favourite,
            used: record.used,
            measured: record.measured.clone().filter(|_| current),
            tuned: record.tuned.clone().filter(|_| current),
            group: entry.and_then(|e| e.group.clone()).unwrap_or_else(|| group_of(&stem)),
            weights: record.weights.clone().filter(|_| current),
            copies: Vec::new(),
            licence: content.licence,
            ending: remembered.and_then(|remembered| remembered.ending),
            may_be_measured: remembered.is_none_or(Remembered::may_be_measured),
            sha256,
        }
    }

    /// Its licence and what that permits: as its project states it, or else as its file does.
    #[must_use]
    pub fn stated_licence(&self) -> Option<(&str, Permits)> {
        match (&self.origin, &self.licence) {
            (Some(origin), _) => Some((&origin.licence, origin.permits)),
            (None, Some(licence)) => Some((licence, permits(licence))),
            (None, None) => None,
        }
    }

    /// Its spec, if it can be run.
    #[must_use]
    pub fn spec(&self) -> Option<&Spec> {
        match &self.kind {
            Kind::Known(spec) => Some(spec),
            _ => None,
        }
    }

    /// Its task, if it can be run.
    #[must_use]
    pub fn task(&self) -> Option<Task> {
        self.spec().map(|s| s.task)
    }

    /// Why it can't be run, if it can't.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match &self.kind {
            Kind::Known(_) => None,
            Kind::Unknown(reason) => Some(reason),
            Kind::Broken { message, .. } => Some(message),
        }
    }

    /// Whether its file is complete; one that isn't may still be being copied.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self.kind, Kind::Broken { .. })
    }

    /// The path of its settings file.
    #[must_use]
    pub fn sidecar(&self) -> PathBuf {
        sidecar::path_for(&self.path)
    }

    /// Its JSON form.
    #[must_use]
    pub fn summary(&self) -> Summary<'_> {
        let spec = self.spec();
        Summary {
            file: self.path.display().to_string(),
            name: &self.name,
            family: spec.map(|s| s.family),
            task: spec.map(|s| s.task),
            input: spec.map(|s| s.input.size.bound()),
            dynamic: spec.is_some_and(|s| matches!(s.input.size, Size::Dynamic { .. })),
            labels: spec.map_or(0, |s| s.labels.len()),
            precision: self.precision,
            bytes: self.stamp.bytes,
            sha256: self.sha256.as_deref(),
            favourite: self.favourite,
            licence: self.stated_licence().map(|(licence, _)| licence),
            origin: self.origin.as_ref(),
            measured: self.measured.as_ref(),
            reason: self.problem(),
            ended: self.ending.map(Ending::note),
        }
    }
}

/// A model as JSON.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    pub file: String,
    pub name: &'a str,
    pub family: Option<Family>,
    pub task: Option<Task>,
    /// Width and height of the input.
    pub input: Option<(u32, u32)>,
    pub dynamic: bool,
    pub labels: usize,
    pub precision: Precision,
    pub bytes: u64,
    pub sha256: Option<&'a str>,
    pub favourite: bool,
    pub licence: Option<&'a str>,
    pub origin: Option<&'a Origin>,
    pub measured: Option<&'a Measured>,
    /// Why it can't be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// How it ended the process that it ran in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// Removes the words for a precision from a name: `yolov8n_int8` and `yolov8n-fp16` are both `yolov8n`.
fn group_of(stem: &str) -> String {
    const WORDS: [&str; 12] = [
        "int8",
        "uint8",
        "fp16",
        "fp32",
        "float16",
        "float32",
        "half",
        "quant",
        "quantized",
        "qdq",
        "q8",
        "dynamic",
    ];
    let lower = stem.to_lowercase();
    let parts: Vec<&str> = lower.split_inclusive(['_', '-', '.']).collect();
    let rest: String =
        parts.into_iter().filter(|part| !WORDS.contains(&part.trim_end_matches(['_', '-', '.']))).collect();
    let rest = rest.trim_end_matches(['_', '-', '.']);
    if rest.is_empty() { lower } else { rest.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_read_from_the_files_metadata() {
        let of = |key: &str, value: &str| {
            let metadata = vec![(key.to_owned(), value.to_owned())];
            licence(&GraphInfo { metadata, ..GraphInfo::default() })
        };
        let ultralytics = of("license", "AGPL-3.0 License (https://ultralytics.com/license)");
        assert_eq!(ultralytics.as_deref(), Some("AGPL-3.0"));
        assert_eq!(of("License", "apache-2.0").as_deref(), Some("apache-2.0"));
        assert_eq!((of("license", " "), of("author", "MIT")), (None, None));
        assert_eq!(permits("AGPL-3.0"), Permits::Copyleft);
        assert_eq!(permits("apache-2.0"), Permits::Commercial);
        assert_eq!(permits("CC-BY-NC-4.0"), Permits::NonCommercial);
        assert_eq!(permits("my own"), Permits::Unstated);
    }

    #[test]
    fn variants_of_a_model_share_a_group() {
        for name in ["yolov8n", "yolov8n_int8", "YOLOv8n-fp16", "yolov8n.quant", "yolov8n_dynamic_int8"] {
            assert_eq!(group_of(name), "yolov8n");
        }
        assert_ne!(group_of("yolov8s"), group_of("yolov8n"));
        assert_eq!(group_of("int8"), "int8");
    }
}
