//! Triton's model repository: `NAME/config.pbtxt`, `NAME/1/model.onnx`, and a `model.py` for servers without ONNX Runtime.

use std::fmt::Write as _;
use std::path::Path;

use super::staging::Staging;
use super::tensors::Tensor;
use super::{DeployError, Job, quoted};

/// Runs ONNX Runtime in Triton's Python backend.
const MODEL_PY: &str = include_str!("../../assets/servers/triton_model.py");
/// Starts the Triton of the Python package `nvidia-pytriton`, which has that backend only.
const START_PY: &str = include_str!("../../assets/servers/triton_start.py");
/// The image whose Triton the configuration is written for.
pub(super) const IMAGE: &str = "nvcr.io/nvidia/tritonserver:25.09-py3";

pub(super) type Use = (Vec<String>, Vec<String>);

/// Writes the repository; returns the commands that start a server on it, and the addresses of the model.
pub(super) fn write(job: &Job<'_>, staging: &mut Staging) -> Result<Use, DeployError> {
    write_model(job, staging, Path::new(""))?;
    let mut start = Vec::new();
    let repository = staging.folder().display().to_string();
    if job.options.python {
        staging.write_beside("start.py", START_PY.as_bytes(), false)?;
        start.push(format!("python {}", quoted(&format!("{repository}/start.py"))));
    }
    let gpus = if job.options.gpu { " --gpus all" } else { "" };
    let server = "tritonserver --model-repository=/models";
    let server = if job.options.python {
        let package = if job.options.gpu { "onnxruntime-gpu" } else { "onnxruntime" };
        format!("sh -c 'pip install {package} \"numpy<2\" && {server}'")
    } else {
        server.to_owned()
    };
    start.push(format!(
        "docker run --rm{gpus} --shm-size 256m -p 8000:8000 -p 8001:8001 -v {}:/models:ro {IMAGE} {server}",
        quoted(&repository)
    ));
    let addresses =
        vec![format!("oip://localhost:8000/{}", job.name), format!("grpc://localhost:8001/{}", job.name)];
    Ok((start, addresses))
}

/// Writes the folder of the model into `folder` of the deployment.
pub(super) fn write_model(job: &Job<'_>, staging: &mut Staging, folder: &Path) -> Result<(), DeployError> {
    let labels = job.labels();
    if let Some(labels) = &labels {
        staging.write(&folder.join("labels.txt"), labels.as_bytes())?;
    }
    staging.write(&folder.join("config.pbtxt"), config(job, labels.is_some()).as_bytes())?;
    job.write_model(staging, &folder.join("1"))?;
    if job.options.python {
        staging.write(&folder.join("1/model.py"), MODEL_PY.as_bytes())?;
    }
    Ok(())
}

/// `config.pbtxt`: a `ModelConfig` in protobuf's text format.
fn config(job: &Job<'_>, labels: bool) -> String {
    let options = job.options;
    let batched = job.tensors.batched;
    let mut text = String::new();
    let backend = if options.python { "python" } else { "onnxruntime" };
    let max_batch = if batched { options.max_batch.max(1) } else { 0 };
    let _ =
        writeln!(text, "name: {}\nbackend: \"{backend}\"\nmax_batch_size: {max_batch}", literal(&job.name));
    for (kind, tensors) in [("input", &job.tensors.inputs), ("output", &job.tensors.outputs)] {
        let one = |(number, tensor): (usize, &Tensor)| {
            let label = labels && kind == "output" && number == 0;
            entry(tensor, batched, label)
        };
        let all: Vec<String> = tensors.iter().enumerate().map(one).collect();
        let _ = writeln!(text, "{kind} [\n{}\n]", all.join(",\n"));
    }
    let place = if options.gpu { "KIND_GPU" } else { "KIND_CPU" };
    let _ = writeln!(text, "instance_group [ {{ count: {} kind: {place} }} ]", options.instances.max(1));
    if batched {
        let _ = match options.batch_delay_us {
            0 => writeln!(text, "dynamic_batching {{ }}"),
            delay => writeln!(text, "dynamic_batching {{ max_queue_delay_microseconds: {delay} }}"),
        };
    }
    if let Some(threads) = options.threads {
        parameter(&mut text, "intra_op_thread_count", &threads.to_string());
    }
    parameter(&mut text, "sightline", &job.description.to_json());
    text
}

fn entry(tensor: &Tensor, batched: bool, labels: bool) -> String {
    let kind = if tensor.kind == "BYTES" { "STRING" } else { tensor.kind };
    let sizes: Vec<String> = tensor.shape.iter().skip(usize::from(batched)).map(i64::to_string).collect();
    let labels = if labels { " label_filename: \"labels.txt\"" } else { "" };
    let name = literal(&tensor.name);
    format!("  {{ name: {name} data_type: TYPE_{kind} dims: [ {} ]{labels} }}", sizes.join(", "))
}

fn parameter(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "parameters {{ key: \"{key}\" value {{ string_value: {} }} }}", literal(value));
}

/// A string of protobuf's text format.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            c if c.is_ascii_control() => {
                let _ = write!(literal, "\\{:03o}", c as u32);
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_the_text_format() {
        assert_eq!(literal("say \"hi\" \\ 狗\n\u{1b}\t"), r#""say \"hi\" \\ 狗\n\033\011""#);
    }
}
