//! `OpenVINO` Model Server: `config.json` with the models of a folder, and `NAME/1/model.onnx`.

use std::path::Path;

use serde_json::{Value, json};

use super::staging::Staging;
use super::triton::Use;
use super::{DeployError, Job, Note, quoted};
use crate::model::description;

/// The server's configuration.
const CONFIG: &str = "config.json";

/// Writes the model and its entry; returns the commands that start a server, and the addresses of the model.
pub(super) fn write(job: &Job<'_>, staging: &mut Staging, notes: &mut Vec<Note>) -> Result<Use, DeployError> {
    job.write_model(staging, Path::new("1"))?;
    let place = staging.folder().join(CONFIG);
    let earlier = match std::fs::read(&place) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map_err(|_| DeployError::OtherConfig { path: place.clone() })?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => json!({"model_config_list": []}),
        Err(_) => return Err(DeployError::OtherConfig { path: place }),
    };
    let config = with_model(earlier, job).ok_or(DeployError::OtherConfig { path: place })?;
    let text = serde_json::to_string_pretty(&config).unwrap_or_default() + "\n";
    staging.write_beside(CONFIG, text.as_bytes(), true)?;
    let file = format!("{}{}", job.name, description::ENDING);
    staging.write_beside(&file, (job.description.to_json() + "\n").as_bytes(), true)?;
    notes.push(Note::Description { file: staging.folder().join(file), name: job.name.clone() });
    let device = if job.options.gpu { " --device /dev/dri" } else { "" };
    let image =
        if job.options.gpu { "openvino/model_server:latest-gpu" } else { "openvino/model_server:latest" };
    let start = format!(
        "docker run --rm{device} -p 8000:8000 -p 9000:9000 -v {}:/models:ro {image} --config_path /models/{CONFIG} --rest_port 8000 --port 9000",
        quoted(&staging.folder().display().to_string())
    );
    let addresses =
        vec![format!("oip://localhost:8000/{}", job.name), format!("grpc://localhost:9000/{}", job.name)];
    Ok((vec![start], addresses))
}

/// The configuration with this model, in place of an earlier entry of its name; `None` if it is no configuration.
fn with_model(mut config: Value, job: &Job<'_>) -> Option<Value> {
    let options = job.options;
    let mut entry = json!({"name": job.name, "base_path": format!("/models/{}", job.name)});
    if options.gpu {
        entry["target_device"] = "GPU".into();
    }
    if options.instances > 1 {
        entry["nireq"] = options.instances.into();
    }
    if let Some(threads) = options.threads.filter(|_| !options.gpu) {
        entry["plugin_config"] = json!({"INFERENCE_NUM_THREADS": threads});
    }
    let list = config.as_object_mut()?.get_mut("model_config_list")?.as_array_mut()?;
    list.retain(|one| one["config"]["name"] != job.name.as_str());
    list.push(json!({ "config": entry }));
    Some(config)
}
