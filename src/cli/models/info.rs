//! `sightline models info`: what a model file is, and how Sightline recognised it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, LineFormat};
use crate::library::Catalogue;
use crate::model::identify::Unknown;
use crate::model::isolation::{self, Ending};
use crate::model::sidecar::Sidecar;
use crate::model::spec::{ColourOrder, Fit, InputSpec, OutputSpec, Resample, Size};
use crate::model::{self, Family, Inspection, ModelError, Spec, Task, Thresholds, file};

/// Arguments of `sightline models info`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline models info yolox_nano.onnx\n  \
    sightline models info models/*.onnx --format jsonl | jq -r .family\n\n\
    Exit code 1 if a model isn't recognised; its contents are shown all the same.")]
pub struct InfoArgs {
    /// ONNX files, or names of models in the library
    #[arg(required = true, value_name = "MODEL")]
    files: Vec<PathBuf>,
    /// Output: text, or JSON Lines with one object per model
    #[arg(short, long, value_enum, default_value_t)]
    format: LineFormat,
}

/// The JSON of `models info` for one file.
#[derive(Debug, Serialize)]
struct Info<'a> {
    file: String,
    family: Option<Family>,
    task: Option<Task>,
    confidence: f32,
    evidence: Vec<String>,
    input: Option<&'a InputSpec>,
    labels: &'a [String],
    output: Option<&'a OutputSpec>,
    /// How it ended the process that it ran in.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Why the model isn't understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    bytes: u64,
    producer: &'a str,
    inputs: Vec<ValueJson<'a>>,
    outputs: Vec<ValueJson<'a>>,
    metadata: serde_json::Map<String, serde_json::Value>,
}

/// An input or output as JSON; a dynamic axis is its name, or null.
#[derive(Debug, Serialize)]
struct ValueJson<'a> {
    name: &'a str,
    element: &'a str,
    shape: Vec<serde_json::Value>,
}

impl<'a> Info<'a> {
    fn new(path: &Path, inspection: &'a Inspection, ending: Option<Ending>) -> Self {
        let spec = inspection.spec.as_ref().ok();
        let graph = &inspection.graph;
        Self {
            file: path.display().to_string(),
            family: spec.map(|s| s.family),
            task: spec.map(|s| s.task),
            confidence: spec.map_or(0.0, |s| s.confidence),
            evidence: spec.map(|s| s.evidence.clone()).unwrap_or_default(),
            input: spec.map(|s| &s.input),
            labels: spec.map_or(&[], |s| s.labels.english()),
            output: spec.map(|s| &s.output),
            ended: ending.map(Ending::note),
            reason: inspection.spec.as_ref().err().map(Unknown::reason),
            bytes: graph.bytes,
            producer: &graph.producer,
            inputs: graph.inputs.iter().map(ValueJson::new).collect(),
            outputs: graph.outputs.iter().map(ValueJson::new).collect(),
            metadata: graph.metadata.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect(),
        }
    }
}

impl<'a> ValueJson<'a> {
    fn new(value: &'a file::ValueInfo) -> Self {
        let symbol = |axis: usize| value.symbols.get(axis).cloned().flatten();
        let axes = value.shape.iter().enumerate();
        Self {
            name: &value.name,
            element: &value.element,
            shape: axes.map(|(i, n)| n.map_or_else(|| symbol(i).into(), Into::into)).collect(),
        }
    }
}

/// Describes model files.
///
/// # Errors
/// Standard output can't be written. Errors of single files are printed.
pub fn run(args: &InfoArgs) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let catalogue = Catalogue::load();
    for (number, named) in args.files.iter().enumerate() {
        let path = match crate::cli::chosen_model(Some(named)) {
            Ok(path) => path,
            Err(failure) => {
                exit = exit.worse(failure.report());
                continue;
            }
        };
        let path = path.as_path();
        let inspection = match inspect(path, &catalogue) {
            Ok(inspection) => inspection,
            Err(error) => {
                exit = exit.worse(Failure::from(error).report());
                continue;
            }
        };
        // A file that was read a moment ago.
        let ending = isolation::how_it_ended(path, false).unwrap_or_default();
        match args.format {
            LineFormat::Json => output::json_line(&Info::new(path, &inspection, ending))?,
            LineFormat::Text => {
                let gap = if number == 0 { "" } else { "\n" };
                output::lines(&format!("{gap}{}", description(path, &inspection, ending)))?;
            }
        }
        if let Err(unknown) = &inspection.spec {
            exit = exit.worse(Failure::from(unknown.clone().into_error(path)).report());
        }
    }
    Ok(exit)
}

/// Inspects a file, with the settings of the catalogue and of its sidecar.
fn inspect(path: &Path, catalogue: &Catalogue) -> Result<Inspection, ModelError> {
    let overrides = Sidecar::load(path)?.unwrap_or_default();
    model::inspect_with(path, &catalogue.hints(path).overlaid(overrides))
}

/// The description of a file as text.
fn description(path: &Path, inspection: &Inspection, ending: Option<Ending>) -> String {
    let graph = &inspection.graph;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![format!("  {name}"), clean(&value)]);
    match &inspection.spec {
        Ok(spec) => {
            row("family", format!("{} ({:.0}% certain)", spec.family.name(), spec.confidence * 100.0));
            row("task", spec.task.to_string());
            row("preprocessing", input_line(spec));
            row("classes", labels_line(spec.labels.english()));
            if spec.task.finds_objects() {
                let Thresholds { conf, iou, .. } = spec.family.thresholds();
                row(
                    "thresholds",
                    format!("confidence {conf}, IoU {iou}: the defaults for {}", spec.family.name()),
                );
            }
            for (number, evidence) in spec.evidence.iter().enumerate() {
                row(if number == 0 { "evidence" } else { "" }, evidence.clone());
            }
        }
        Err(unknown) => row("family", format!("not recognised: {}", unknown.reason())),
    }
    if let Some(ending) = ending {
        row("note", format!("{} {}", ending.note(), ending.fix()));
    }
    for (name, values) in [("inputs", &graph.inputs), ("outputs", &graph.outputs)] {
        for (number, value) in values.iter().enumerate() {
            row(if number == 0 { name } else { "" }, value_line(value));
        }
    }
    for (number, (key, value)) in graph.metadata.iter().enumerate() {
        row(if number == 0 { "metadata" } else { "" }, format!("{key}: {}", shortened(value, 100)));
    }
    row("producer", if graph.producer.is_empty() { "not given".into() } else { graph.producer.clone() });
    row("size", output::size(graph.bytes));
    format!("{}\n{}", clean(&path.display().to_string()), output::table(&rows, &[]))
}

fn clean(text: &str) -> String {
    output::printable(text).into_owned()
}

fn value_line(value: &file::ValueInfo) -> String {
    format!("{} {} {}", value.name, value.element, value.shape_text())
}

fn input_line(spec: &Spec) -> String {
    let input = &spec.input;
    if spec.task == Task::Action {
        let (joints, frames) = input.size.bound();
        return format!("skeletons of {joints} joints over {frames} frames, from a pose model");
    }
    let size = size_of(input.size);
    let fit = match input.fit {
        Fit::Letterbox { pad, centred: true, .. } => format!("letterbox, padded with {pad} on both sides"),
        Fit::Letterbox { pad, .. } => format!("letterbox, padded with {pad} right and below"),
        Fit::Stretch => "stretched".into(),
        Fit::CentreCrop { resize } => format!("shorter side to {resize}, centre cropped"),
        Fit::StretchCrop { width, height } => format!("stretched to {width}\u{d7}{height}, centre cropped"),
    };
    let resample = match input.resample {
        Resample::OpenCv => "",
        Resample::Bilinear => ", Pillow\u{2019}s bilinear",
        Resample::Bicubic => ", Pillow\u{2019}s bicubic",
    };
    let order = match input.order {
        ColourOrder::Rgb => "RGB",
        ColourOrder::Bgr => "BGR",
    };
    let range = input.range;
    let value = |byte: f32, c: usize| (byte * range.scale - range.mean[c]) / range.std[c];
    let (low, high) = (value(0.0, 0), value(255.0, 0));
    format!("{size}, {fit}{resample}, {order} {}..{}", rounded(low), rounded(high))
}

/// The size as text.
fn size_of(size: Size) -> String {
    match size {
        Size::Fixed { width, height } => format!("{width}×{height}"),
        Size::Dynamic { width, height, stride } => {
            format!("any multiple of {stride}, {width}×{height} by default")
        }
    }
}

fn rounded(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn labels_line(labels: &[String]) -> String {
    if labels.is_empty() {
        return "none".into();
    }
    let first: Vec<&str> = labels.iter().take(6).map(String::as_str).collect();
    let more = if labels.len() > first.len() { ", …" } else { "" };
    format!("{}: {}{more}", labels.len(), first.join(", "))
}

/// The text, cut after `max` characters.
fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::{GraphInfo, ValueInfo};

    fn unknown_model() -> Inspection {
        let value = ValueInfo {
            name: "x\n".into(),
            element: "float".into(),
            shape: vec![None, Some(3), None],
            symbols: vec![Some("batch".into()), None, None],
        };
        let graph = GraphInfo {
            inputs: vec![value],
            metadata: vec![("note".into(), "z".repeat(500))],
            bytes: 1234,
            ..GraphInfo::default()
        };
        Inspection { graph, spec: Err(Unknown::NotUnderstood("no output looks like boxes".into())) }
    }

    #[test]
    fn a_model_that_is_not_understood_is_described() {
        let text = description(Path::new("a.onnx"), &unknown_model(), None);
        assert!(text.contains("not recognised: no output looks like boxes"), "{text}");
        assert!(text.contains("x\\n float batch×3×?"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 130), "{text}");
    }

    #[test]
    fn the_json_has_every_key_even_when_nothing_is_known() {
        let json = serde_json::to_value(Info::new(Path::new("a.onnx"), &unknown_model(), None)).unwrap();
        for key in ["file", "family", "task", "confidence", "evidence", "input", "labels"] {
            assert!(json.get(key).is_some(), "{key}");
        }
        assert_eq!(json["inputs"][0]["shape"], serde_json::json!(["batch", 3, null]));
    }
}
