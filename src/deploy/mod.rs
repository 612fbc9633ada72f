//! Writing what an inference server reads: a model's file, its configuration, its class names, and the
//! [description](crate::model::description) by which any Sightline that connects knows it.
//!
//! A file a server; `staging.rs` writes a deployment whole or not at all.

mod kserve;
mod names;
mod ovms;
mod staging;
mod tensors;
mod triton;

use std::path::{Path, PathBuf};

use crate::model::description::Description;
use crate::model::sidecar::Sidecar;
use crate::model::spec::ExtraValue;
use crate::model::{ModelError, Spec, adapter, companion, description, identify, inspect_with};
use staging::Staging;
use tensors::Tensors;

/// A server that a model can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// NVIDIA's Triton Inference Server: a model repository.
    Triton,
    /// `OpenVINO` Model Server: its configuration.
    Ovms,
    /// `KServe`: a manifest for Kubernetes, and a server in Python for one computer.
    KServe,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Triton, Self::Ovms, Self::KServe];
}

/// What a cluster watches to start more servers or fewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleMetric {
    /// Requests at the same time, for each server (Knative).
    #[default]
    Concurrency,
    /// Requests a second, for each server (Knative).
    Rps,
    /// Per cent of the processors asked for.
    Cpu,
    /// Per cent of the memory asked for.
    Memory,
}

/// How a model is to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The model's name on the server; `None`: that of its file.
    pub name: Option<String>,
    /// Triton: run ONNX Runtime in Triton's Python backend.
    pub python: bool,
    /// Run on a GPU.
    pub gpu: bool,
    /// How many times the server opens the model, 1 at least.
    pub instances: u32,
    /// Threads of each; `None` leaves it to the server.
    pub threads: Option<u32>,
    /// Requests that run as one, where the model takes several images at once, 1 at least.
    pub max_batch: u32,
    /// How long a request waits for others to run with, in microseconds.
    pub batch_delay_us: u64,
    /// `KServe`: where a cluster gets the folder `repository` from.
    pub storage_uri: Option<String>,
    /// `KServe`: the fewest and the most servers.
    pub replicas: (u32, u32),
    pub scale_metric: ScaleMetric,
    /// The value of the metric that more servers are started at; `None`: a usual one.
    pub scale_target: Option<u32>,
    /// Replace an earlier deployment of this name.
    pub force: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: None,
            python: false,
            gpu: false,
            instances: 1,
            threads: None,
            max_batch: 8,
            batch_delay_us: 0,
            storage_uri: None,
            replicas: (1, 4),
            scale_metric: ScaleMetric::default(),
            scale_target: None,
            force: false,
        }
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A shape that the file doesn't tell and a server wants to know.
    #[error(
        "Servers want to know the shape of \u{201c}{tensor}\u{201d}, which the model\u{2019}s file doesn\u{2019}t tell."
    )]
    NoShape { tensor: String },
    #[error(
        "\u{201c}{tensor}\u{201d} holds values of the type \u{201c}{element}\u{201d}, which servers don\u{2019}t carry."
    )]
    Type { tensor: String, element: String },
    #[error("\u{201c}{}\u{201d} exists already, with other content.", path.display())]
    Exists { path: PathBuf },
    /// It was to be replaced.
    #[error("\u{201c}{}\u{201d} holds something else than a deployed model, and isn\u{2019}t replaced.", path.display())]
    NotDeployed { path: PathBuf },
    #[error("\u{201c}{}\u{201d} isn\u{2019}t a configuration of OpenVINO Model Server, and isn\u{2019}t replaced.", path.display())]
    OtherConfig { path: PathBuf },
    #[error("\u{201c}{uri}\u{201d} isn\u{2019}t an address of a storage.")]
    Storage { uri: String },
    #[error("\u{201c}{}\u{201d} can\u{2019}t be written: {reason}.", path.display())]
    Write { path: PathBuf, reason: String },
}

impl DeployError {
    /// What the user can do about it, in a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Model(error) => error.fix(),
            Self::NoShape { .. } => {
                "Add the shapes with \u{201c}python -m onnxruntime.tools.symbolic_shape_infer\u{201d}, or export the model again.".into()
            }
            Self::Type { .. } => "Export the model again with its image as numbers.".into(),
            Self::Exists { .. } => "Replace it with --force, or choose another name with --name.".into(),
            Self::NotDeployed { .. } | Self::OtherConfig { .. } => "Choose another folder or another name.".into(),
            Self::Storage { .. } => {
                "Write it as in s3://bucket/models, gs://bucket/models or pvc://claim/models.".into()
            }
            Self::Write { .. } => "Check that this account may write there and that the disk isn\u{2019}t full.".into(),
        }
    }
}

/// What the user should know about a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The name had characters that addresses and folders of models don't take.
    Renamed { from: String, to: String },
    /// It was there already, the same to the byte.
    Unchanged,
    /// Sightline doesn't know what it is, and why.
    NotUnderstood { reason: String },
    /// Its LoRA adapters stay behind.
    Adapters,
    /// Its second model runs where Sightline does.
    Companion,
    /// Its state travels with every request.
    State,
    /// The server tells no description; it lies here.
    Description { file: PathBuf, name: String },
    /// Where the folder for the cluster's storage lies, and where it is expected.
    Upload { folder: PathBuf, uri: String },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Renamed { from, to } => {
                write!(
                    f,
                    "\u{201c}{from}\u{201d} is called \u{201c}{to}\u{201d} on the server: names there are letters, digits, _, - and ."
                )
            }
            Self::Unchanged => f.write_str("It was deployed there before, and nothing has changed."),
            Self::NotUnderstood { reason } => write!(
                f,
                "Sightline doesn\u{2019}t recognise this model ({reason}); describe it in a settings file before deploying it, or where it is used."
            ),
            Self::Adapters => {
                f.write_str("Its LoRA adapters aren\u{2019}t carried: servers run the model without them.")
            }
            Self::Companion => f.write_str(
                "Its second model (for poses or mattes) isn\u{2019}t carried: it runs where Sightline does.",
            ),
            Self::State => {
                f.write_str("The state that it keeps from frame to frame travels with every request.")
            }
            Self::Description { file, name } => write!(
                f,
                "This server can\u{2019}t tell what the model is. Copy \u{201c}{}\u{201d} to \u{201c}servers/{name}{}\u{201d} in the models folder of every Sightline that uses it.",
                file.display(),
                description::ENDING
            ),
            Self::Upload { folder, uri } => write!(
                f,
                "Copy what is in \u{201c}{}\u{201d} to {uri}, where the cluster reads it (another place: --storage-uri).",
                folder.display()
            ),
        }
    }
}

/// A deployment that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The model's name on the server.
    pub name: String,
    /// The folder of all deployments.
    pub folder: PathBuf,
    /// What was written, relative to it.
    pub files: Vec<PathBuf>,
    /// Commands for a shell that start the server, one of which will do.
    pub start: Vec<String>,
    /// What `--model` takes once it runs.
    pub addresses: Vec<String>,
    pub notes: Vec<Note>,
}

/// A model that is deployed.
struct Job<'a> {
    path: &'a Path,
    name: String,
    description: Description,
    spec: Result<Spec, identify::Unknown>,
    tensors: Tensors,
    /// The file with its sizes opened, where its network takes any size; else `None`.
    edited: Option<Vec<u8>>,
    /// Files with weights, relative to the model's own.
    external: Vec<String>,
    options: &'a Options,
}

/// Writes a model for a server into a folder, which may hold other models for that server already. `known` is what is known about
/// it otherwise; its sidecar wins over that.
///
/// # Errors
/// [`DeployError`]: nothing was written or replaced.
pub fn deploy(
    model: &Path,
    known: &Sidecar,
    target: Target,
    folder: &Path,
    options: &Options,
) -> Result<Deployed, DeployError> {
    let external = inspect_with(model, known)?.graph.external_data;
    let description = Description::of_file(model, known)?;
    let spec = identify::identify(&description.graph, &description.settings);
    let edited = match &spec {
        Ok(spec) => description::any_size(model, spec.family)?,
        Err(_) => None,
    };
    let tensors = Tensors::of(&description.graph, edited.is_some())?;
    let own = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let wanted = options.name.clone().unwrap_or(own);
    let name = names::safe(&wanted, &description.sha256);
    let mut notes = Vec::new();
    if name != wanted {
        notes.push(Note::Renamed { from: wanted, to: name.clone() });
    }
    match &spec {
        Ok(spec) => {
            if companion::task_for(spec.task).is_some() {
                notes.push(Note::Companion);
            }
            if spec.input.extras.iter().any(|extra| matches!(extra.value, ExtraValue::State { .. })) {
                notes.push(Note::State);
            }
        }
        Err(identify::Unknown::NotUnderstood(reason) | identify::Unknown::CannotRun { reason, .. }) => {
            notes.push(Note::NotUnderstood { reason: reason.clone() });
        }
    }
    if !adapter::adapters_of(model).is_empty() {
        notes.push(Note::Adapters);
    }
    let job = Job { path: model, name, description, spec, tensors, edited, external, options };
    let mut staging = Staging::begin(folder, &job.name)?;
    let (start, addresses) = match target {
        Target::Triton => triton::write(&job, &mut staging)?,
        Target::Ovms => ovms::write(&job, &mut staging, &mut notes)?,
        Target::KServe => kserve::write(&job, &mut staging, &mut notes)?,
    };
    let written = staging.finish(options.force)?;
    if written.unchanged {
        notes.insert(0, Note::Unchanged);
    }
    Ok(Deployed { name: job.name, folder: written.folder, files: written.files, start, addresses, notes })
}

/// What a model is called on a server that was given this name. `sha256` is its file's, for a name of which nothing can be kept.
#[must_use]
pub fn name_on_server(name: &str, sha256: &str) -> String {
    names::safe(name, sha256)
}

impl Job<'_> {
    /// Writes the model's files into a folder of the deployment.
    fn write_model(&self, staging: &mut Staging, folder: &Path) -> Result<(), DeployError> {
        let place = folder.join("model.onnx");
        match &self.edited {
            Some(bytes) => staging.write(&place, bytes)?,
            None => staging.copy(&place, self.path)?,
        }
        let from = self.path.parent().unwrap_or(Path::new(""));
        for name in &self.external {
            staging.copy(&folder.join(name), &from.join(name))?;
        }
        Ok(())
    }

    /// The class names, one a line; `None` without any.
    fn labels(&self) -> Option<String> {
        let labels = self.spec.as_ref().ok()?.labels.english();
        let line = |name: &String| name.replace(['\r', '\n'], " ") + "\n";
        (!labels.is_empty()).then(|| labels.iter().map(line).collect())
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A text as a string of JSON, which is one of YAML and of Python too.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
