//! `sightline evaluate`: measures how good a model is on a data set.
//!
//! Threads as in `predict`: one reads and decodes, one or more run the model, one compares what it found with the labels.

mod compared;
mod predictions;
mod text;

use std::path::PathBuf;

use anyhow::Context as _;
use crossbeam_channel::bounded;

use super::dataset::count;
use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::{self, Format};
use super::predict::progress::Progress;
use super::predict::reader::Reader;
use super::predict::{
    self,
    workers::{self, Workers},
};
use compared::Comparing;
use predictions::Predictions;

use crate::dataset::evaluate::{ClassMatch, Kind, match_classes};
use crate::dataset::{Chosen, Counted, Dataset, Item, Split, State, chosen};
use crate::model::{Model, Task, Thresholds};
use crate::source::Address;

/// What `sightline evaluate` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline evaluate yolov8n.onnx coco128/data.yaml\n  \
    sightline evaluate yolov8n-seg.onnx instances_val2017.json --images val2017 --max-images 500\n  \
    sightline evaluate mine.onnx street --split val --format json > mine.json\n  \
    sightline evaluate mobilenet_v2.onnx flowers/              a folder of images for each class\n\n\
    Detection and segmentation: mAP50-95, mAP50 and the other figures of COCO\u{2019}s own program (pycocotools), which they equal. \
    So that the whole curve of precision is seen, detections count from a score of 0.001 on (\u{201c}--min-conf\u{201d}). Precision, \
    recall, confusion and the worst images are told at one confidence (\u{201c}--conf\u{201d}). Classification: top-1 and top-5.\n\n\
    Classes are matched by their names. Only labels that somebody has accepted count, in images that somebody has reviewed.")]
pub struct EvaluateArgs {
    /// The model: an ONNX file, or a model’s name
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The data set: a folder (Sightline’s own, COCO, YOLO, or one folder for each class), COCO’s JSON file or YOLO’s data.yaml
    #[arg(value_name = "DATASET", value_hint = clap::ValueHint::AnyPath)]
    dataset: PathBuf,
    /// Only images of this split [default: val if there is one, else test, else those that aren’t for training, else all]
    #[arg(long, value_name = "SPLIT", value_enum)]
    split: Option<ChosenSplit>,
    /// Where the images of COCO’s files are [default: the usual places beside them]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    images: Option<PathBuf>,
    /// Only the first N images
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_images: Option<u64>,
    /// The confidence at which precision, recall, confusion and mistakes are told [default: where F1 is best]
    #[arg(long, value_name = "CONF", value_parser = super::shared_args::fraction)]
    conf: Option<f32>,
    /// Detections with a lower score are left out; more than 0.001 cuts off the curve of precision
    #[arg(long, value_name = "CONF", default_value_t = 0.001, value_parser = super::shared_args::fraction)]
    min_conf: f32,
    /// IoU threshold for non-maximum suppression, 0 to 1 [default: that of the model’s family, which “models info” shows]
    #[arg(long, value_name = "IOU", value_parser = super::shared_args::fraction)]
    iou: Option<f32>,
    /// The overlap (IoU) from which on a detection counts as the object, for precision, recall, confusion and mistakes: 0.5, 0.55 …
    /// 0.95
    #[arg(long, value_name = "IOU", default_value_t = 0.5, value_parser = match_iou)]
    match_iou: f64,
    /// Maximum number of detections per image
    #[arg(long, value_name = "N", default_value_t = Thresholds::default().max_det as u64,
          value_parser = clap::value_parser!(u64).range(1..=100_000))]
    max_det: u64,
    /// Write all detections as COCO’s results, for pycocotools and other programs
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    save_predictions: Option<PathBuf>,
    /// As text, show the N worst images
    #[arg(long, value_name = "N", default_value_t = 5)]
    worst: usize,
    #[command(flatten)]
    opening: super::OpeningArgs,
    /// Output: text or json
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
    /// Print only results and errors
    #[arg(short, long)]
    quiet: bool,
}

/// A split, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ChosenSplit {
    Train,
    Val,
    Test,
    All,
}

impl From<ChosenSplit> for Counted {
    fn from(chosen: ChosenSplit) -> Self {
        match chosen {
            ChosenSplit::Train => Self::Train,
            ChosenSplit::Val => Self::Val,
            ChosenSplit::Test => Self::Test,
            ChosenSplit::All => Self::All,
        }
    }
}

fn match_iou(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value)
            if (0.5..=0.95).contains(&value) && ((value * 20.0).round() - value * 20.0).abs() < 1e-9 =>
        {
            Ok(value)
        }
        _ => Err("it must be 0.5, 0.55, 0.6 … or 0.95, the thresholds of COCO".into()),
    }
}

/// Measures a model.
///
/// # Errors
/// Why nothing can be measured.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen();
    let path = super::chosen_model(Some(&args.model))?;
    let mut dataset = super::dataset::read(&args.dataset, args.images.as_deref(), &interrupt)?.dataset;
    let counted = choose(&mut dataset, args)?;
    let addresses: Vec<Address> =
        dataset.items.iter().map(|item| Address::Image(item.path.clone())).collect();
    let mut options = args.opening.options(&interrupt)?;
    let mut count = workers::count(&addresses, &path, &options);
    if count > 1 {
        options.threads = Some(1);
    }
    let mut model = args.opening.open(&path, &options, &interrupt)?;
    if count > 1 && !model.is_stateless() {
        count = 1;
        options = args.opening.options(&interrupt)?;
        model = args.opening.open(&path, &options, &interrupt)?;
    }
    let measured = measured(&model, &dataset)?;
    let matched = matched(&model, &dataset)?;
    if !args.quiet {
        note_unmatched(&matched, &dataset);
    }
    let usual = model.spec().family.thresholds();
    let thresholds = Thresholds {
        conf: args.min_conf,
        iou: args.iou.unwrap_or(usual.iou),
        max_det: args.max_det as usize,
        detail: crate::model::spec::Detail::Full,
        ..Thresholds::default()
    };
    let progress = Progress::new(!args.no_progress && !args.quiet, addresses.len(), None);
    let predictions =
        args.save_predictions.as_deref().map(|path| Predictions::create(path, &dataset)).transpose()?;
    let (spent_results, spare_results) = bounded(2 + 2 * count);
    let reader = Reader::start(addresses, None, false).context("No thread can be started")?;
    let mut evaluation = compared::start(&model, args, &matched, counted);
    let comparing = Comparing {
        match_iou: args.match_iou,
        conf: args.conf.map(f64::from),
        to_dataset: matched.to_dataset,
        measured,
        dataset,
        predictions,
        progress,
        spent: (reader.spent(), spent_results),
    };
    let (mut workers, results) =
        Workers::start(model, count, &options, &thresholds, &spare_results, &interrupt)
            .context("No thread can be started")?;
    let compare = std::thread::Builder::new()
        .name("compare".into())
        .spawn(move || comparing.run(results))
        .context("No thread can be started")?;
    let failed = predict::feed(&reader, &mut workers, None, &interrupt);
    workers.finish();
    let done = compare.join().map_err(|_| Failure::failed("Comparing the results failed.", ""))?;
    drop(reader);
    let done = match done {
        Err(Failure::Interrupted) => return Err(Failure::Interrupted.into()),
        other => other?,
    };
    if done.images == 0 {
        if interrupt.is_set() {
            return Err(Failure::Interrupted.into());
        }
        return Err(Failure::failed(
            "No image of the data set could be read.",
            "Check where its images are.",
        )
        .into());
    }
    evaluation.images = done.images;
    evaluation.ms_per_image = done.ms_per_image;
    evaluation.figures = done.figures;
    if interrupt.is_set() {
        output::note("Interrupted: the figures are those of the images until then.");
    }
    match args.format {
        Format::Json => output::json(&evaluation)?,
        Format::Text => output::lines(&text::of(&evaluation, args.worst))?,
    }
    Ok(match (interrupt.is_set(), failed || done.left_out > 0) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Done,
    })
}

/// Keeps the images that are to be looked at; returns which part of the data set they are.
fn choose(dataset: &mut Dataset, args: &EvaluateArgs) -> Result<Counted, Failure> {
    let has = |split: Split| dataset.items.iter().any(|item| item.split == Some(split));
    let wanted = args.split.map(Counted::from);
    if let Some(split) = wanted.and_then(Counted::split).filter(|split| !has(*split)) {
        let parts: Vec<&str> = Split::ALL.into_iter().filter(|split| has(*split)).map(Split::name).collect();
        let fix = if parts.is_empty() {
            "Leave \u{201c}--split\u{201d} out: no image of it has a split.".to_owned()
        } else {
            format!("It has: {}.", parts.join(", "))
        };
        return Err(Failure::usage(
            format!("The data set has no images for \u{201c}{}\u{201d}.", split.name()),
            fix,
        ));
    }
    let Chosen { counted, places, left_out, mixed } = chosen(dataset.items.iter(), wanted);
    if let Some(split) = wanted.and_then(Counted::split).filter(|_| places.is_empty() && left_out > 0) {
        return Err(Failure::failed(
            format!("No image for \u{201c}{}\u{201d} is reviewed, only others are.", split.name()),
            "Review some of them in the window, or choose others with \u{201c}--split\u{201d}.",
        ));
    }
    if places.is_empty() {
        return Err(Failure::failed(
            "The data set has no image that somebody has reviewed.",
            "Review its images in the window first.",
        ));
    }
    let unreviewed = dataset.items.len() - places.len() - left_out;
    if unreviewed > 0 && !args.quiet {
        let are = if unreviewed == 1 { "is" } else { "are" };
        output::note(&format!("{} that nobody has reviewed {are} left out.", count(unreviewed, "image")));
    }
    if mixed && !args.quiet {
        output::note(
            "Some images are of the same video or camera as images for training: a model that was trained with those looks better than it is.",
        );
    }
    if wanted.is_none() && counted.may_be_learnt() && !args.quiet {
        output::note(match counted {
            Counted::Train => {
                "The data set has images for training only: a model that was trained with them looks better than it is."
            }
            _ => {
                "The data set has no split, so that all images count: a model that was trained with some of them looks better than it is."
            }
        });
    }
    let mut place = 0;
    let mut places = places.into_iter().peekable();
    dataset.items.retain(|_| {
        let is_kept = places.next_if_eq(&place).is_some();
        place += 1;
        is_kept
    });
    dataset.items.truncate(args.max_images.map_or(usize::MAX, |most| most as usize));
    Ok(counted)
}

fn measured(model: &Model, dataset: &Dataset) -> Result<Kind, Failure> {
    let task = model.spec().task;
    let is_labelled = |item: &&Item| item.annotations.iter().any(|one| one.state == State::Accepted);
    let objects = dataset.items.iter().filter(is_labelled).count();
    let classes = dataset.items.iter().filter(|item| item.class.is_some()).count();
    let has_masks = dataset
        .items
        .iter()
        .flat_map(|item| &item.annotations)
        .any(|one| !one.polygons.is_empty() || one.mask.is_some());
    match task {
        Task::Classify if classes > 0 => Ok(Kind::Classes),
        Task::Segment if objects > 0 && has_masks => Ok(Kind::BoxesAndMasks),
        Task::Detect | Task::Segment | Task::Pose | Task::Obb if objects > 0 => Ok(Kind::Boxes),
        Task::Classify => Err(Failure::failed(
            "The model classifies whole images, and the data set doesn\u{2019}t say the class of an image.",
            "Name a folder with one folder of images for each class.",
        )),
        Task::Detect | Task::Segment | Task::Pose | Task::Obb => Err(Failure::failed(
            "The data set has no labels of objects in these images.",
            "Choose other images with \u{201c}--split\u{201d}, or label some objects first.",
        )),
        task => Err(Failure::failed(
            format!("A model whose task is \u{201c}{task}\u{201d} can\u{2019}t be measured on a data set."),
            "Detection, segmentation, pose, oriented boxes and classification can.",
        )),
    }
}

fn matched(model: &Model, dataset: &Dataset) -> Result<ClassMatch, Failure> {
    let names: Vec<String> = dataset.classes.iter().map(|class| class.name.clone()).collect();
    let matched = match_classes(model.spec().labels.english(), &names);
    if matched.to_dataset.iter().all(Option::is_none) {
        let few = |names: &[String]| {
            let more = if names.len() > 3 { ", \u{2026}" } else { "" };
            format!("{}{more}", names.iter().take(3).cloned().collect::<Vec<_>>().join(", "))
        };
        return Err(Failure::failed(
            format!(
                "The model and the data set have no class in common: the model knows {}, the data set {}.",
                few(&matched.unknown_to_dataset),
                few(&names)
            ),
            "Give the classes the same names; \u{201c}sightline models info\u{201d} lists the model\u{2019}s.",
        ));
    }
    Ok(matched)
}

/// Tells which classes don't match.
fn note_unmatched(matched: &ClassMatch, dataset: &Dataset) {
    let list = |names: &[String]| {
        let more = names.len().saturating_sub(10);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.iter().take(10).cloned().collect::<Vec<_>>().join(", "))
    };
    if !matched.unknown_to_model.is_empty() {
        output::note(&format!(
            "Classes that the model doesn\u{2019}t know, whose objects count as missed ({} of {}): {}.",
            matched.unknown_to_model.len(),
            dataset.classes.len(),
            list(&matched.unknown_to_model)
        ));
    }
    if !matched.unknown_to_dataset.is_empty() {
        output::note(&format!(
            "Classes of the model that the data set doesn\u{2019}t have, which are left out ({}): {}.",
            matched.unknown_to_dataset.len(),
            list(&matched.unknown_to_dataset)
        ));
    }
}
