//! `sightline models deploy`: writing what an inference server reads.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Format};
use crate::deploy::{self, DeployError, Deployed, Options, ScaleMetric, Target};
use crate::library::Catalogue;

/// Arguments of `sightline models deploy`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It prints the files, the command that starts the server, and what --model takes then. Other models in the folder \
    stay. docs/servers.md tells more.\n\n\
    Examples:\n  sightline models deploy yolox_nano.onnx --to triton repository\n  \
    sightline models deploy yolox_nano.onnx --to triton --python repository   for a Triton without ONNX Runtime\n  \
    sightline models deploy yolox_nano.onnx --to ovms models\n  \
    sightline models deploy yolox_nano.onnx --to kserve served --storage-uri s3://models/yolox"
)]
#[expect(clippy::doc_markdown, reason = "the text of --help")]
pub struct DeployArgs {
    /// ONNX file, or the name of a model in the library
    model: PathBuf,
    /// The folder to write into
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: PathBuf,
    /// The server
    #[arg(long, value_enum)]
    to: Server,
    /// The model's name on the server [default: the file's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Run on a GPU
    #[arg(long)]
    gpu: bool,
    /// How many times the server opens the model
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    instances: u32,
    /// Threads of each [default: the server's choice]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    threads: Option<u32>,
    /// Triton: run it in the Python backend with the package onnxruntime, for servers without ONNX Runtime's backend
    #[arg(long)]
    python: bool,
    /// Triton: run so many images as one, where the model takes several
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    max_batch: u32,
    /// Triton: how long a request waits for others to run with, in microseconds
    #[arg(long, value_name = "US", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=10_000_000))]
    batch_delay_us: u64,
    /// KServe: where the cluster gets the model from, e.g. s3://bucket/models [default: pvc://models/NAME]
    #[arg(long, value_name = "URI")]
    storage_uri: Option<String>,
    /// KServe: the fewest servers; 0 stops them while nobody asks
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1000))]
    min_replicas: u32,
    /// KServe: the most servers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_replicas: u32,
    /// KServe: what is watched to start more servers; without Knative, cpu or memory
    #[arg(long, value_enum, default_value_t)]
    scale_metric: Metric,
    /// KServe: the value for each server that more are started at [default: 4 requests at once, 20 a second, or 80 %]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    scale_target: Option<u32>,
    /// Replace an earlier deployment of this name
    #[arg(long)]
    force: bool,
    /// Output: text, or one JSON document
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[expect(clippy::doc_markdown, reason = "the text of --help")]
enum Server {
    /// NVIDIA Triton Inference Server: a model repository
    Triton,
    /// OpenVINO Model Server: its configuration
    Ovms,
    /// KServe: a manifest for Kubernetes, and a server in Python
    Kserve,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Metric {
    /// Requests at the same time
    #[default]
    Concurrency,
    /// Requests a second
    Rps,
    /// Per cent of the processors
    Cpu,
    /// Per cent of the memory
    Memory,
}

#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    folder: String,
    /// Relative to the folder.
    files: Vec<String>,
    /// Commands that start a server, one of which will do.
    start: &'a [String],
    /// What `--model` takes.
    addresses: &'a [String],
    notes: Vec<String>,
}

/// Deploys a model.
///
/// # Errors
/// It can't be read or written, or standard output can't.
pub fn run(args: &DeployArgs) -> Result<Exit, Failure> {
    let wrong = |option: &str, server: &str| {
        Err(Failure::usage(
            format!("{option} is for {server} only."),
            "Leave it out, or choose another --to.",
        ))
    };
    if args.python && args.to != Server::Triton {
        return wrong("--python", "Triton");
    }
    if args.storage_uri.is_some() && args.to != Server::Kserve {
        return wrong("--storage-uri", "KServe");
    }
    if args.min_replicas > args.max_replicas {
        let message = format!(
            "--min-replicas {} is more than --max-replicas {}.",
            args.min_replicas, args.max_replicas
        );
        return Err(Failure::usage(message, "Write the fewest servers first, then the most."));
    }
    let model = crate::cli::chosen_model(Some(&args.model))?;
    let known = Catalogue::load().hints(&model);
    let target = match args.to {
        Server::Triton => Target::Triton,
        Server::Ovms => Target::Ovms,
        Server::Kserve => Target::KServe,
    };
    let scale_metric = match args.scale_metric {
        Metric::Concurrency => ScaleMetric::Concurrency,
        Metric::Rps => ScaleMetric::Rps,
        Metric::Cpu => ScaleMetric::Cpu,
        Metric::Memory => ScaleMetric::Memory,
    };
    let options = Options {
        name: args.name.clone(),
        python: args.python,
        gpu: args.gpu,
        instances: args.instances,
        threads: args.threads,
        max_batch: args.max_batch,
        batch_delay_us: args.batch_delay_us,
        storage_uri: args.storage_uri.clone(),
        replicas: (args.min_replicas, args.max_replicas),
        scale_metric,
        scale_target: args.scale_target,
        force: args.force,
    };
    let deployed =
        deploy::deploy(&model, &known, target, &args.folder, &options).map_err(|error| match error {
            DeployError::Model(error) => error.into(),
            error => Failure::failed(error.to_string(), error.fix()),
        })?;
    print(args.format, &deployed)?;
    Ok(Exit::Done)
}

fn print(format: Format, deployed: &Deployed) -> Result<(), Failure> {
    let files: Vec<String> = deployed.files.iter().map(|file| file.display().to_string()).collect();
    let notes: Vec<String> = deployed.notes.iter().map(ToString::to_string).collect();
    if format == Format::Json {
        return output::json(&Document {
            name: &deployed.name,
            folder: deployed.folder.display().to_string(),
            files,
            start: &deployed.start,
            addresses: &deployed.addresses,
            notes,
        });
    }
    let block = |title: &str, lines: &[String]| {
        let lines = lines.iter().map(|line| format!("\n  {line}"));
        format!("{title}{}", lines.collect::<String>())
    };
    let or = if deployed.start.len() > 1 { "Start a server (one of these):" } else { "Start the server:" };
    let addresses: Vec<String> = deployed.addresses.iter().map(|a| format!("--model {a}")).collect();
    let folder = deployed.folder.display().to_string();
    output::lines(&block(&format!("In {folder}:"), &files))?;
    output::lines(&block(or, &deployed.start))?;
    output::lines(&block("Then, with localhost or the server\u{2019}s address:", &addresses))?;
    for note in &notes {
        output::line(&format!("note: {note}"))?;
    }
    Ok(())
}
