//! `KServe`: an `InferenceService` for a cluster, which runs Triton there, and a server in Python for one computer.

use std::fmt::Write as _;
use std::path::Path;

use super::staging::Staging;
use super::tensors::Tensor;
use super::triton::{self, Use};
use super::{DeployError, Job, Note, ScaleMetric, json, names, quoted};

/// Serves the model with `KServe`'s own Python package.
const SERVER_PY: &str = include_str!("../../assets/servers/kserve_server.py");

impl ScaleMetric {
    /// The name in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Concurrency => "concurrency",
            Self::Rps => "rps",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }

    /// A value that suits a model of tens of milliseconds.
    fn usual_target(self) -> u32 {
        match self {
            Self::Concurrency => 4,
            Self::Rps => 20,
            Self::Cpu | Self::Memory => 80,
        }
    }
}

/// Writes manifest, repository and server; returns the commands that start one, and the addresses of the model.
pub(super) fn write(job: &Job<'_>, staging: &mut Staging, notes: &mut Vec<Note>) -> Result<Use, DeployError> {
    let uri = job.options.storage_uri.clone().unwrap_or_else(|| format!("pvc://models/{}", job.name));
    let is_address = uri.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && !rest.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if !is_address || uri.contains(char::is_whitespace) {
        return Err(DeployError::Storage { uri });
    }
    let repository = Path::new("repository").join(&job.name);
    triton::write_model(job, staging, &repository)?;
    staging.write(Path::new("inferenceservice.yaml"), manifest(job, &uri).as_bytes())?;
    staging.write(Path::new("server.py"), server(job).as_bytes())?;
    staging.write(Path::new("sightline.json"), job.description.to_json().as_bytes())?;
    let folder = staging.folder().join(&job.name);
    notes.push(Note::Upload { folder: folder.join("repository"), uri });
    let file = |name: &str| quoted(&folder.join(name).display().to_string());
    let start = vec![
        format!("python {}", file("server.py")),
        format!("kubectl apply -f {}", file("inferenceservice.yaml")),
    ];
    let addresses =
        vec![format!("oip://localhost:8080/{}", job.name), format!("grpc://localhost:8081/{}", job.name)];
    Ok((start, addresses))
}

/// `server.py` with what it is told of the model.
pub(super) fn server(job: &Job<'_>) -> String {
    let tensors = |tensors: &[Tensor]| {
        let one = |t: &Tensor| serde_json::json!({"name": t.name, "datatype": t.kind, "shape": t.shape});
        json(&tensors.iter().map(one).collect::<Vec<_>>())
    };
    let value = |mark: &str| match mark {
        "NAME" => json(&job.name),
        "GPU" => if job.options.gpu { "True" } else { "False" }.to_owned(),
        "INSTANCES" => job.options.instances.max(1).to_string(),
        "THREADS" => job.options.threads.unwrap_or(0).to_string(),
        "INPUTS" => tensors(&job.tensors.inputs),
        "OUTPUTS" => tensors(&job.tensors.outputs),
        other => other.to_owned(),
    };
    // In one pass, so that no name that a model gives its tensors is taken for a mark.
    let parts = SERVER_PY.split('@').enumerate();
    parts.map(|(number, part)| if number % 2 == 1 { value(part) } else { part.to_owned() }).collect()
}

/// The `InferenceService`.
fn manifest(job: &Job<'_>, uri: &str) -> String {
    let options = job.options;
    let (min, max) = options.replicas;
    let (metric, max) = (options.scale_metric, max.max(min).max(1));
    let target = options.scale_target.unwrap_or(metric.usual_target());
    let cpus = options.threads.filter(|n| *n > 0).unwrap_or(2) * options.instances.max(1);
    let mut text = format!(
        "# Written by Sightline for {name}. The storage must hold what is in the folder “repository”.\n\
         apiVersion: serving.kserve.io/v1beta1\n\
         kind: InferenceService\n\
         metadata:\n  name: {resource}\n\
         spec:\n  predictor:\n    minReplicas: {min}\n    maxReplicas: {max}\n    scaleMetric: {metric}\n    scaleTarget: {target}\n    \
         model:\n      modelFormat:\n        name: onnx\n      protocolVersion: v2\n      runtime: kserve-tritonserver\n      \
         storageUri: {uri}\n      resources:\n        requests:\n          cpu: \"{cpus}\"\n          memory: 2Gi\n        \
         limits:\n          cpu: \"{cpus}\"\n          memory: 4Gi\n",
        name = job.name,
        resource = json(&names::of_resource(&job.name)),
        metric = metric.name(),
        uri = json(&uri),
    );
    if options.gpu {
        let _ = writeln!(text, "          nvidia.com/gpu: \"1\"");
    }
    text
}
