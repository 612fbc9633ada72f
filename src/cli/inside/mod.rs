//! `sightline inside`: the layers of a model, any of its tensors, and what a result rests on.

mod saving;
mod text;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::frames::Frames;
use super::interrupt::Interrupt;
use super::output::{self, Format};
use crate::frame::Frame;
use crate::learn::inside::cam;
use crate::learn::inside::maps::{ChannelStats, Mosaic, Planes, Sorting};
use crate::learn::inside::tensor::OwnedTensor;
use crate::learn::inside::why::{self, Explanation, Method, Occlusion, Target};
use crate::learn::inside::{Graph, Layers, LinearEnd, diverge, measure};
use crate::model::labels::Language;
use crate::model::{Family, Inside, ModelError, OpenOptions, Results, Spec, Task, Thresholds};
use crate::server::ModelAddress;
use crate::source::Address;

/// What `sightline inside` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline inside yolox_nano.onnx                           its layers\n  \
    sightline inside yolox_nano.onnx --format json > layers.json\n  \
    sightline inside yolox_nano.onnx street.jpg --tensor 864 --save features.npy\n  \
    sightline inside yolox_nano.onnx street.jpg --tensor 864 --save features.png\n  \
    sightline inside mobilenet_v2.onnx cat.jpg --why           what its best class rests on\n  \
    sightline inside yolox_nano.onnx street.jpg --why car --method occlusion --save why.png\n  \
    sightline inside model.onnx street.jpg --against model_int8.onnx\n\n\
    The file of the model stays as it is. Multiply-adds are those of convolutions and matrix products. A layer without a \
    time was joined with another one by ONNX Runtime. \u{201c}FILE.npy\u{201d} is NumPy\u{2019}s format (numpy.load); \
    the tensor that the model was given goes to \u{201c}FILE.input.npy\u{201d}.")]
pub struct InsideArgs {
    /// The model: an ONNX file, or a model’s name
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// An image, or another source, whose first frame is taken [default for lists: a grey image]
    #[arg(value_name = "IMAGE")]
    image: Option<OsString>,
    /// Show this tensor: the name of one that a layer makes, as the list shows it
    #[arg(long, value_name = "NAME", requires = "image", conflicts_with_all = ["why", "against"])]
    tensor: Option<String>,
    /// Show what the result rests on: of this class (name or id), or of the best one
    #[arg(long, value_name = "CLASS", num_args = 0..=1, default_missing_value = "", requires = "image")]
    why: Option<String>,
    /// How that is found: “cam” where a classifier ends in a mean and one linear layer, “eigen-cam” for any model, “occlusion” by hiding
    /// parts of the image [default: cam where it is exact, else eigen-cam]
    #[arg(long, value_name = "METHOD", value_enum, requires = "why")]
    method: Option<ChosenMethod>,
    /// The tensor whose activations “eigen-cam” takes [default: the last with the smallest maps]
    #[arg(long, value_name = "NAME", requires = "why")]
    layer: Option<String>,
    /// Compare the tensors of this other form of the model, such as its int8 copy, layer by layer
    #[arg(long, value_name = "MODEL", requires = "image", conflicts_with = "why")]
    against: Option<PathBuf>,
    /// Write to this file: “.npy” for a tensor’s values, “.png” for an image
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    save: Option<PathBuf>,
    /// Replace files of that name
    #[arg(long, requires = "save")]
    force: bool,
    #[command(flatten)]
    opening: super::OpeningArgs,
    /// Output: text or json
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// More channels than this aren't drawn.
const MOST_MAPS: usize = 1024;

/// How an explanation is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ChosenMethod {
    Cam,
    EigenCam,
    Occlusion,
}

/// The list as JSON.
#[derive(Debug, Serialize)]
struct ListJson<'a> {
    model: String,
    family: Family,
    task: Task,
    provider: &'a str,
    #[serde(flatten)]
    layers: &'a Layers,
}

/// A tensor as JSON.
#[derive(Debug, Serialize)]
struct TensorJson<'a> {
    model: String,
    tensor: &'a str,
    shape: &'a [usize],
    /// How it is read as images, if it can be.
    planes: Option<Planes>,
    /// The most active first.
    channels: &'a [ChannelStats],
    saved: Vec<String>,
}

/// An explanation as JSON.
#[derive(Debug, Serialize)]
struct WhyJson<'a> {
    model: String,
    method: Method,
    layer: Option<&'a str>,
    class_id: Option<u32>,
    label: Option<&'a str>,
    score: f32,
    /// What of the image the map covers, x1, y1, x2, y2 in its pixels.
    region: [f32; 4],
    width: usize,
    height: usize,
    /// Row by row.
    map: &'a [f32],
    saved: Vec<String>,
}

/// A comparison as JSON.
#[derive(Debug, Serialize)]
struct AgainstJson<'a> {
    model: String,
    against: String,
    #[serde(flatten)]
    comparison: &'a diverge::Comparison,
}

/// Shows what is asked for.
///
/// # Errors
/// What can't be read, run or written.
pub fn run(args: &InsideArgs) -> anyhow::Result<Exit> {
    let path = here(super::chosen_model(Some(&args.model))?)?;
    let frame = args.image.as_deref().map(first_frame).transpose()?;
    let interrupt = Interrupt::listen();
    let options = args.opening.options(&interrupt)?;
    if args.save.is_some() && args.tensor.is_none() && args.why.is_none() {
        return Err(Failure::usage(
            "\u{201c}--save\u{201d} says where to, and nothing says what.",
            "Add \u{201c}--tensor NAME\u{201d} or \u{201c}--why\u{201d}; a list is written with \u{201c}--format json > FILE\u{201d}.",
        )
        .into());
    }
    if let Some(save) = &args.save {
        saving::check(save, args.force, args.tensor.is_some())?;
    }
    match (frame, &args.tensor, &args.why, &args.against) {
        (Some(frame), Some(tensor), ..) => show_tensor(args, &path, &options, frame, tensor, &interrupt)?,
        (Some(frame), _, Some(class), _) => show_why(args, &path, &options, frame, class, &interrupt)?,
        (Some(frame), .., Some(other)) => {
            let other = here(super::chosen_model(Some(other))?)?;
            show_against(args, [path, other], &options, frame, &interrupt)?;
        }
        (frame, ..) => list(args, &path, &options, frame, &interrupt)?,
    }
    Ok(Exit::Done)
}

/// The path of a model on this computer.
///
/// # Errors
/// A model on a server.
fn here(path: PathBuf) -> Result<PathBuf, Failure> {
    match ModelAddress::of_path(&path) {
        Ok(None) => Ok(path),
        _ => Err(Failure::failed(
            "Only its server sees what is inside of this model.",
            "Name the model\u{2019}s file on this computer instead.",
        )),
    }
}

/// The first frame of a source.
fn first_frame(word: &std::ffi::OsStr) -> anyhow::Result<Frame> {
    let address: Address = super::sources::one(word, "sightline inside MODEL")?;
    let mut frames = Frames::open(&address)?;
    frames.advance()?;
    Ok(frames.frame)
}

fn list(
    args: &InsideArgs,
    path: &Path,
    options: &OpenOptions,
    frame: Option<Frame>,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let model = args.opening.open(path, options, interrupt)?;
    let (spec, provider) = (model.spec().clone(), model.provider().to_owned());
    drop(model);
    let frame = frame.unwrap_or_else(|| {
        let (width, height) = spec.input.size.bound();
        Frame::filled(width, height, [114, 114, 114, 255])
    });
    let (file, opening) = (path.to_owned(), options.clone());
    let layers = interrupt.attend("layers", move || measure(&file, &opening, &frame))??;
    match args.format {
        Format::Json => output::json(&ListJson {
            model: path.display().to_string(),
            family: spec.family,
            task: spec.task,
            provider: &provider,
            layers: &layers,
        })?,
        Format::Text => output::lines(&text::list(&layers))?,
    }
    Ok(())
}

/// What a tensor's run gives.
struct Shown {
    tensor: Option<OwnedTensor>,
    input: OwnedTensor,
    mosaic: Mosaic,
}

fn show_tensor(
    args: &InsideArgs,
    path: &Path,
    options: &OpenOptions,
    frame: Frame,
    name: &str,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    check_tensor(path, name, interrupt)?;
    let inside = Inside { tensors: vec![name.to_owned()], ..Inside::default() };
    let options = OpenOptions { inside: Some(inside), cache: None, ..options.clone() };
    let mut model = args.opening.open(path, &options, interrupt)?;
    let wanted = name.to_owned();
    let shown = interrupt.attend("run", move || -> Result<Shown, ModelError> {
        let (mut tensor, mut mosaic, mut geometry) = (None, Mosaic::default(), None);
        model.run_inside(&frame, &Thresholds::default(), &mut Results::default(), |outputs, fitted| {
            if let Some(output) = outputs.iter().find(|output| output.name == wanted) {
                mosaic.fill(output, fitted.input, Sorting::Activation, MOST_MAPS, 256);
                tensor = Some(OwnedTensor::of(output));
            }
            geometry = Some(*fitted);
        })?;
        let name = model.spec().input.name.clone();
        let input = match geometry {
            Some(geometry) => {
                model.show_input(&geometry, |tensor, shape| OwnedTensor::of_input(&name, tensor, shape))?
            }
            None => OwnedTensor::default(),
        };
        Ok(Shown { tensor, input, mosaic })
    })??;
    let Some(tensor) = shown.tensor else {
        return Err(Failure::failed(
            format!("The tensor \u{201c}{name}\u{201d} holds no numbers that can be shown."),
            "Choose another one; \u{201c}sightline inside MODEL\u{201d} lists them.",
        )
        .into());
    };
    let saved = match &args.save {
        Some(save) => saving::tensor(save, &tensor, &shown.input, &shown.mosaic, args.force)?,
        None => Vec::new(),
    };
    match args.format {
        Format::Json => output::json(&TensorJson {
            model: path.display().to_string(),
            tensor: &tensor.name,
            shape: &tensor.shape,
            planes: shown.mosaic.planes,
            channels: &shown.mosaic.stats,
            saved,
        })?,
        Format::Text => output::lines(&text::tensor(&tensor, &shown.mosaic, &saved))?,
    }
    Ok(())
}

/// Whether a tensor of that name can be shown.
fn check_tensor(path: &Path, name: &str, interrupt: &Interrupt) -> anyhow::Result<()> {
    let file = path.to_owned();
    let graph = interrupt.attend("graph", move || Graph::read(&file))??;
    if graph.producer(name).is_some_and(|_| graph.computed().contains(name)) {
        return Ok(());
    }
    let names = graph.nodes().iter().flat_map(|node| &node.output);
    // The name of a layer is taken for what it makes.
    let of_layer = graph.nodes().iter().find(|node| node.name() == name).and_then(|node| node.output.first());
    let near = of_layer.or_else(|| {
        let likeness = |other: &&String| strsim::jaro_winkler(other, name);
        names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|other| likeness(other) > 0.8)
    });
    let fix = match near {
        Some(near) => format!("Did you mean \u{201c}{near}\u{201d}?"),
        None => "\u{201c}sightline inside MODEL\u{201d} lists them.".to_owned(),
    };
    Err(Failure::usage(
        format!("The model has no tensor \u{201c}{name}\u{201d} that depends on the image."),
        fix,
    )
    .into())
}

fn show_why(
    args: &InsideArgs,
    path: &Path,
    options: &OpenOptions,
    frame: Frame,
    class: &str,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let file = path.to_owned();
    let end =
        interrupt.attend("graph", move || Graph::read(&file).map(|graph| LinearEnd::find(&graph)))??;
    let end = match args.method {
        Some(ChosenMethod::Cam) if args.layer.is_some() => {
            return Err(Failure::usage(
                "CAM takes the features that its classifier\u{2019}s mean is taken of, and no other layer.",
                "Leave \u{201c}--layer\u{201d} out, or take \u{201c}--method eigen-cam\u{201d}.",
            )
            .into());
        }
        Some(ChosenMethod::Cam) if end.is_none() => {
            return Err(Failure::usage(
                "CAM isn\u{2019}t exact for this model: it doesn\u{2019}t end in the mean over the image and one linear layer.",
                "Take \u{201c}--method eigen-cam\u{201d} or \u{201c}--method occlusion\u{201d}.",
            )
            .into());
        }
        Some(ChosenMethod::EigenCam | ChosenMethod::Occlusion) => None,
        _ if args.layer.is_some() => None,
        _ => end,
    };
    // How many classes there are, where the file or its last layer tells.
    let classes = end.as_ref().map(LinearEnd::classes);
    let target = |spec: &Spec| -> Result<Target, Failure> {
        if class.is_empty() {
            return Ok(Target::Result);
        }
        match super::classes::parse(class, &spec.labels)?[..] {
            [class_id] => match spec.output.classes.or(classes).filter(|count| class_id as usize >= *count) {
                Some(count) => Err(Failure::usage(
                    format!("This model has no class {class_id}."),
                    format!("Its classes are 0 to {}.", count.saturating_sub(1)),
                )),
                None => Ok(Target::Class(class_id)),
            },
            _ => Err(Failure::usage(
                format!("\u{201c}{class}\u{201d} is several classes."),
                "Give the id of one.",
            )),
        }
    };
    let is_occlusion = args.method == Some(ChosenMethod::Occlusion);
    let layer = match (&args.layer, &end) {
        _ if is_occlusion => None,
        (Some(layer), _) => {
            check_tensor(path, layer, interrupt)?;
            Some(layer.clone())
        }
        (None, Some(end)) => Some(end.features.clone()),
        (None, None) => {
            let mut model = args.opening.open(path, options, interrupt)?;
            let target = target(model.spec())?;
            let (file, opening, image) = (path.to_owned(), options.clone(), frame.clone());
            let found = interrupt.attend("layers", move || -> Result<Option<String>, ModelError> {
                let level = why::level_of(&mut model, &image, target)?;
                let layers = measure(&file, &opening, &image)?;
                let layer = cam::layer_at(&layers, level).or_else(|| cam::usual_layer(&layers));
                Ok(layer.map(str::to_owned))
            })??;
            let layer = found.ok_or_else(|| {
                Failure::failed(
                    "The model has no layer whose values lie over the image.",
                    "Take \u{201c}--method occlusion\u{201d}.",
                )
            })?;
            Some(layer)
        }
    };
    let inside = Inside { tensors: layer.iter().cloned().collect(), ..Inside::default() };
    let options = OpenOptions { inside: Some(inside), cache: None, ..options.clone() };
    let mut model = args.opening.open(path, &options, interrupt)?;
    let target = target(model.spec())?;
    let labels = model.spec().labels.clone();
    let is_stopped = {
        let interrupt = interrupt.clone();
        move || interrupt.is_set()
    };
    let (image, of_layer) = (frame.clone(), layer.clone());
    let explained = interrupt.attend("explain", move || -> Result<Option<Explanation>, ModelError> {
        let Some(layer) = of_layer else {
            let mut occlusion = Occlusion::new(&mut model, &image, target)?;
            if occlusion.is_of_nothing() {
                return Ok(None);
            }
            while !is_stopped() && occlusion.step(&mut model)? {}
            return Ok(Some(occlusion.explanation()));
        };
        why::explain(&mut model, &image, &layer, end.as_ref(), target, &is_stopped)
    })??;
    if interrupt.is_set() {
        return Err(Failure::Interrupted.into());
    }
    let Some(explained) = explained else {
        let class = args.why.as_deref().filter(|class| !class.is_empty());
        let what = class.map_or_else(|| "anything".to_owned(), |class| format!("\u{201c}{class}\u{201d}"));
        return Err(Failure::failed(
            format!("The model doesn't find {what} in this image, so there is nothing to explain."),
            "Choose another image or class; `sightline predict IMAGE` lists what is found.",
        )
        .into());
    };
    let saved = match &args.save {
        Some(save) => vec![saving::explanation(save, frame, &explained, args.force)?],
        None => Vec::new(),
    };
    let label = explained.class_id.and_then(|class_id| labels.get(class_id, Language::English));
    match args.format {
        Format::Json => output::json(&WhyJson {
            model: path.display().to_string(),
            method: explained.method,
            layer: layer.as_deref(),
            class_id: explained.class_id,
            label,
            score: explained.score,
            region: explained.region,
            width: explained.map.width,
            height: explained.map.height,
            map: &explained.map.values,
            saved,
        })?,
        Format::Text => output::lines(&text::why(&explained, layer.as_deref(), label, &saved))?,
    }
    Ok(())
}

fn show_against(
    args: &InsideArgs,
    [path, other]: [PathBuf; 2],
    options: &OpenOptions,
    frame: Frame,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let (paths, opening) = ([path.clone(), other.clone()], options.clone());
    let comparison = interrupt.attend("compare", move || -> Result<diverge::Comparison, ModelError> {
        let layers = measure(&paths[0], &opening, &frame)?;
        diverge::compare([&paths[0], &paths[1]], &layers, &opening, &frame)
    })??;
    match args.format {
        Format::Json => output::json(&AgainstJson {
            model: path.display().to_string(),
            against: other.display().to_string(),
            comparison: &comparison,
        })?,
        Format::Text => output::lines(&text::against(&comparison))?,
    }
    Ok(())
}
