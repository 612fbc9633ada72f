//! The settings of a user for a model, in a file `NAME.toml` next to it: any part of a spec.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::GraphInfo;
use super::labels::Labels;
use super::spec::{ColourOrder, Family, Fit, Layout, Range, Resample, Spec, Task};
use super::{ModelError, folders, served};
use crate::server::{ModelAddress, is_address};
use crate::whole_file;

/// A file with more bytes is neither read nor written: class names by the hundred thousand fit.
const MAX_BYTES: u64 = 8 << 20;

/// The key of a file's metadata under which a model that was taught here carries its settings, as JSON.
pub const METADATA_KEY: &str = "sightline";

/// Why the settings next to a model can't be used; each message is the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{}", .0.message())]
    Syntax(#[from] toml::de::Error),
    #[error("{0}")]
    Serialize(#[from] toml::ser::Error),
    #[error("its range divides by zero or isn't a number")]
    Range,
    #[error("an anchor has no size")]
    Anchor,
    #[error("{} doesn't {task}", .family.name())]
    Task { family: Family, task: Task },
}

/// Any part of a spec. A field that is `None` keeps the identified value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sidecar {
    pub family: Option<Family>,
    pub task: Option<Task>,
    pub layout: Option<Layout>,
    pub order: Option<ColourOrder>,
    pub range: Option<Range>,
    pub fit: Option<Fit>,
    pub resample: Option<Resample>,
    /// Anchor boxes of raw heads, width and height in input pixels, finest map first.
    pub anchors: Option<Vec<[f32; 2]>>,
    /// The file of its second model, relative to its own folder: a pose model for actions, a matting model for a style.
    pub companion: Option<PathBuf>,
    /// Class names, in order.
    pub labels: Option<Vec<String>>,
}

/// The path of a model's sidecar: that of the model with the extension `.toml`; for a model on a server a file in the folder of
/// servers.
#[must_use]
pub fn path_for(model: &Path) -> PathBuf {
    let Ok(Some(address)) = ModelAddress::of_path(model) else { return model.with_extension("toml") };
    let server = served::safe(&format!("{}_{}", address.server.host, address.server.port));
    let version = address.version.as_deref().map(|version| format!(" {}", served::safe(version)));
    let name = format!("{}{}.toml", served::safe(&address.model), version.unwrap_or_default());
    folders::servers_folder().unwrap_or_default().join(server).join(name)
}

impl Sidecar {
    /// Reads the sidecar of a model; `None` if there is none.
    ///
    /// # Errors
    /// [`ModelError::BadSidecar`] if it can't be read or something in it is wrong.
    pub fn load(model: &Path) -> Result<Option<Self>, ModelError> {
        let path = path_for(model);
        let bad = |reason: SidecarError| ModelError::BadSidecar { path: path.clone(), reason };
        let text = match whole_file::read_text(&path, MAX_BYTES) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(bad(e.into())),
        };
        Self::parse(&text).map(Some).map_err(bad)
    }

    /// Reads the text of a sidecar.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn parse(text: &str) -> Result<Self, SidecarError> {
        let sidecar: Self = toml::from_str(text)?;
        sidecar.check()?;
        Ok(sidecar)
    }

    /// The settings that a file carries in its own metadata ([`METADATA_KEY`]); empty if there are none, or none that this version
    /// understands. Anything else about the model wins over them.
    #[must_use]
    pub fn of_metadata(graph: &GraphInfo) -> Self {
        let Some(text) = graph.meta(METADATA_KEY) else { return Self::default() };
        let read = serde_json::from_str::<Self>(text).map_err(|error| error.to_string());
        let read = read.and_then(|own| own.check().map(|()| own).map_err(|error| error.to_string()));
        read.map_or_else(
            |error| {
                tracing::warn!("the settings in a model's metadata aren't understood: {error}");
                Self::default()
            },
            // Paths mean nothing on another computer, and those of a stranger aren't followed.
            |own| Self { companion: None, ..own },
        )
    }

    /// Writes the sidecar next to the model: whole or not at all.
    ///
    /// # Errors
    /// [`ModelError::BadSidecar`] if it can't be written.
    pub fn save(&self, model: &Path) -> Result<PathBuf, ModelError> {
        let path = path_for(model);
        let bad = |reason: SidecarError| ModelError::BadSidecar { path: path.clone(), reason };
        let text = toml::to_string_pretty(self).map_err(|e| bad(e.into()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(bad(whole_file::too_large(MAX_BYTES).into()));
        }
        if is_address(model) {
            // The folder of a server is made with its first settings.
            std::fs::create_dir_all(whole_file::folder_of(&path)).map_err(|e| bad(e.into()))?;
        }
        whole_file::write(&path, text.as_bytes()).map_err(|e| bad(e.into()))?;
        Ok(path)
    }

    /// Whether no field is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks values that the types allow and no model can have.
    pub(crate) fn check(&self) -> Result<(), SidecarError> {
        if let Some(range) = self.range {
            let numbers = [range.scale].into_iter().chain(range.mean).chain(range.std);
            if numbers.into_iter().any(|n| !n.is_finite()) || range.scale == 0.0 || range.std.contains(&0.0) {
                return Err(SidecarError::Range);
            }
        }
        let sides = self.anchors.iter().flatten().flatten();
        if sides.clone().any(|n| !n.is_finite() || *n <= 0.0) {
            return Err(SidecarError::Anchor);
        }
        if let (Some(family), Some(task)) = (self.family, self.task)
            && !family.tasks().contains(&task)
        {
            return Err(SidecarError::Task { family, task });
        }
        Ok(())
    }

    /// The fields of `later`, and of this one those that `later` doesn't set.
    #[must_use]
    pub fn overlaid(self, later: Self) -> Self {
        Self {
            family: later.family.or(self.family),
            task: later.task.or(self.task),
            layout: later.layout.or(self.layout),
            order: later.order.or(self.order),
            range: later.range.or(self.range),
            fit: later.fit.or(self.fit),
            resample: later.resample.or(self.resample),
            anchors: later.anchors.or(self.anchors),
            companion: later.companion.or(self.companion),
            labels: later.labels.or(self.labels),
        }
    }

    /// Sets the fields in a spec; `who` says so in its evidence.
    pub(super) fn apply(&self, spec: &mut Spec, who: &str) {
        let mut set = Vec::new();
        if let Some(task) = self.task {
            spec.task = task;
            set.push("task");
        }
        if let Some(layout) = self.layout {
            spec.input.layout = layout;
            set.push("layout");
        }
        if let Some(order) = self.order {
            spec.input.order = order;
            set.push("colour order");
        }
        if let Some(range) = self.range {
            spec.input.range = range;
            set.push("value range");
        }
        if let Some(fit) = self.fit {
            spec.input.fit = fit;
            set.push("fit");
        }
        if let Some(resample) = self.resample {
            spec.input.resample = resample;
            set.push("resampling");
        }
        if let Some(anchors) = &self.anchors {
            spec.output.anchors.clone_from(anchors);
            set.push("anchors");
        }
        spec.companion.clone_from(&self.companion);
        if let Some(labels) = &self.labels {
            spec.labels = Labels::new(labels.clone());
            set.push("labels");
        }
        if !set.is_empty() {
            spec.evidence.push(format!("{who}: {}", set.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred megabytes of class names, by mistake or on purpose.
    #[test]
    fn settings_without_bounds_are_neither_read_nor_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("mine.onnx");
        let sidecar = Sidecar { labels: Some(vec!["name".into(); 1_000_000]), ..Sidecar::default() };
        let error = sidecar.save(&model).expect_err("too long");
        assert!(error.to_string().contains("it is larger than 8 MB"), "{error}");
        assert!(!path_for(&model).exists());
        let file = std::fs::File::create(path_for(&model)).expect("a file");
        file.set_len(100 << 20).expect("a sparse file");
        let error = Sidecar::load(&model).expect_err("too long");
        assert!(error.to_string().contains("it is larger than 8 MB"), "{error}");
    }

    /// What a stranger's file says of itself is checked as a settings file is, and names no other file.
    #[test]
    fn settings_in_a_files_metadata_are_checked() {
        let of = |text: &str| {
            let metadata = vec![(METADATA_KEY.to_owned(), text.to_owned())];
            Sidecar::of_metadata(&GraphInfo { metadata, ..GraphInfo::default() })
        };
        let read = of(r#"{"family": "classifier", "order": "bgr", "companion": "/etc/passwd"}"#);
        assert_eq!((read.family, read.order), (Some(Family::Classifier), Some(ColourOrder::Bgr)));
        assert_eq!(read.companion, None);
        let divides = r#"{"range": {"scale": 0.0, "mean": [0, 0, 0], "std": [1, 1, 1]}}"#;
        for text in ["", "[]", "{\"famly\": 1}", divides, &"[".repeat(100_000)] {
            assert!(of(text).is_empty(), "{text:.20}");
        }
        assert!(Sidecar::of_metadata(&GraphInfo::default()).is_empty());
    }

    #[test]
    fn a_sidecar_is_saved_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("mine.onnx");
        assert_eq!(Sidecar::load(&model).expect("none is fine"), None);
        let sidecar = Sidecar {
            family: Some(Family::Yolox),
            task: Some(Task::Detect),
            range: Some(Range::IMAGENET),
            fit: Some(Fit::Letterbox { pad: 114, centred: true, rounded: true }),
            resample: Some(Resample::Bicubic),
            labels: Some(vec!["a, b".into(), "狗".into()]),
            ..Sidecar::default()
        };
        let path = sidecar.save(&model).expect("saved");
        assert_eq!(path, folder.path().join("mine.toml"));
        assert_eq!(Sidecar::load(&model).expect("read"), Some(sidecar));
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file stays");
    }

    #[test]
    fn the_kernels_have_the_names_that_people_know() {
        let text = "resample = \"bicubic\"\nfit = { kind = \"centre-crop\", resize = 256 }";
        let sidecar = Sidecar::parse(text).expect("both keys");
        assert_eq!(sidecar.resample, Some(Resample::Bicubic));
        assert_eq!(sidecar.fit, Some(Fit::CentreCrop { resize: 256 }));
        for (name, resample) in [("opencv", Resample::OpenCv), ("bilinear", Resample::Bilinear)] {
            let sidecar = Sidecar::parse(&format!("resample = \"{name}\"")).expect(name);
            assert_eq!(sidecar.resample, Some(resample));
        }
    }

    #[test]
    fn errors_in_a_sidecar_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let model = folder.path().join("mine.onnx");
        for (text, word) in [
            ("famly = 'yolox'", "famly"),
            ("family = 'abacus'", "abacus"),
            ("family = 'yolox'\ntask = 'depth'", "depth"),
            ("anchors = [[10.0, -3.0]]", "anchor"),
            ("range = { scale = 1.0, mean = [0,0,0], std = [1,0,1] }", "zero"),
        ] {
            std::fs::write(path_for(&model), text).expect("written");
            let error = Sidecar::load(&model).expect_err(text).to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
