//! `sightline teach`: teaches a model new classes from a folder of images for each, and measures how well.

mod answer;
mod text;

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::{self, Format};
use crate::learn::teach::{
    Backbone, Embeddings, ExportOptions, HeadChoice, Opened, Project, TeachError, TrainOptions, check_target,
    export, train,
};
use crate::model::OpenOptions;
use answer::{Answer, Times};

/// What `sightline teach` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline teach fruit --backbone mobilenet_v2.onnx                        measure only\n  \
    sightline teach fruit --backbone mobilenet_v2.onnx --save fruit.onnx      and write the model\n  \
    sightline teach fruit --save fruit.onnx --bytes --force                   replace it; raw bytes in, normalisation inside\n  \
    sightline teach fruit --backbone yolox_nano.onnx --format json            a detector as backbone; for programs\n\n\
    The project is a folder with a folder of images for each class (2 to 20), as the window\u{2019}s page \u{201c}Teach\u{201d} makes it; or \
    \u{201c}train\u{201d} and \u{201c}val\u{201d} with such folders each, of which \u{201c}val\u{201d} is only measured by.\n\n\
    Accuracy is cross-validated: every image is judged by a head that didn\u{2019}t learn from it. Images whose names differ only in the number at \
    their end count as taken in one go and stay together; a class that was taken in one go altogether is named.\n\n\
    The saved model is verified on all images before it is kept. It runs with:  sightline predict IMAGE --model fruit.onnx")]
pub struct TeachArgs {
    /// The project: a folder with a folder of images for each class
    #[arg(value_name = "PROJECT", value_hint = clap::ValueHint::DirPath)]
    project: PathBuf,
    /// The model that turns images into numbers: a classifier, an embedding model or a detector; an ONNX file, or a model’s name
    /// [default: the project’s]
    #[arg(long, value_name = "MODEL")]
    backbone: Option<PathBuf>,
    /// Write backbone and head as one ONNX file; without it, heads are only measured
    #[arg(long, value_name = "OUT.onnx", value_hint = clap::ValueHint::FilePath)]
    save: Option<PathBuf>,
    /// Replace a file of that name
    #[arg(long, requires = "save")]
    force: bool,
    /// The tensor of the backbone that is the embedding [default: the project’s, or the one that is found; --format json lists them]
    #[arg(long, value_name = "NAME")]
    tensor: Option<String>,
    /// How classes are told apart: by the nearest class mean, logistic regression, a small network, or the best of them [default: the
    /// project’s, or auto]
    #[arg(long, value_name = "HEAD", value_enum)]
    head: Option<ChosenHead>,
    /// For logistic regression: the inverse strength of regularisation, as scikit-learn’s C [default: the project’s, or 1]
    #[arg(long, value_name = "C", value_parser = above_zero)]
    c: Option<f64>,
    /// The saved model takes raw bytes (uint8, 1×H×W×3, RGB): colour order and normalisation are built in
    #[arg(long)]
    bytes: bool,
    /// What random numbers begin with, for the small network [default: the project’s, or 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
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

/// A head, or the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ChosenHead {
    Auto,
    Mean,
    Logistic,
    Mlp,
}

impl From<ChosenHead> for HeadChoice {
    fn from(chosen: ChosenHead) -> Self {
        match chosen {
            ChosenHead::Auto => Self::Auto,
            ChosenHead::Mean => Self::Mean,
            ChosenHead::Logistic => Self::Logistic,
            ChosenHead::Mlp => Self::Mlp,
        }
    }
}

fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|c| c.is_finite() && *c > 0.0);
    number.ok_or_else(|| "it must be a number above zero".into())
}

/// Teaches.
///
/// # Errors
/// Why nothing can be taught, measured or saved.
pub fn run(args: &TeachArgs) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen();
    if let Some(save) = &args.save {
        check_place(save, args.force)?;
    } else if args.bytes {
        let fix = "Add \u{201c}--save OUT.onnx\u{201d}, or leave \u{201c}--bytes\u{201d} out.";
        return Err(Failure::usage("\u{201c}--bytes\u{201d} is for a model that is saved.", fix).into());
    }
    if args.opening.adapter().is_some() {
        let fix = "Leave \u{201c}--adapter\u{201d} out, or merge the adapter into the model\u{2019}s own file first.";
        return Err(Failure::usage(
            "A backbone can\u{2019}t run with an adapter: the saved model would be without it.",
            fix,
        )
        .into());
    }
    let cancel = interrupt.cancel_token();
    let Opened { project, notes } = Project::open_until(&args.project, &cancel)?;
    let with_images = project.classes().iter().filter(|class| !class.examples.is_empty()).count();
    if with_images < 2 {
        return Err(TeachError::TooFewClasses { path: args.project.clone(), count: with_images }.into());
    }
    if !args.quiet {
        for note in &notes {
            output::note(&format!("note: {note}"));
        }
    }
    let mut backbone = open_backbone(args, &project, &interrupt)?;
    if let Some(save) = &args.save {
        check_target(save, backbone.path(), args.force)?;
    }
    let show = !args.no_progress && !args.quiet;

    let begin = Instant::now();
    let bar = bar("looking at images", show);
    let samples = Embeddings::default().of_project(&project, &mut backbone, &cancel, &mut |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let samples = samples?;
    let embed_ms = ms_since(begin);
    for left_out in &samples.left_out {
        let place = left_out.path.display();
        output::note(&format!("warning: \u{201c}{place}\u{201d} was left out: {}.", left_out.reason));
    }

    let settings = &project.settings;
    let options = TrainOptions {
        head: args.head.map_or(settings.head, HeadChoice::from),
        c: args.c.or(settings.c).unwrap_or(1.0),
        seed: args.seed.unwrap_or(settings.seed),
        ..TrainOptions::default()
    };
    let trained = train(&samples, &options, &cancel)?;
    let mut times = Times { embed_ms, train_ms: trained.report.train_ms, verify_ms: None };
    let mut saved = None;
    if let Some(path) = &args.save {
        let begin = Instant::now();
        let opening = args.opening.options(&interrupt)?;
        let opening = OpenOptions { adapter: None, size: None, ..opening };
        let bar = self::bar("verifying the saved model", show);
        let export_options = ExportOptions { bytes: args.bytes, replace: args.force, opening };
        let done =
            export(&backbone, &trained.head, &samples, path, &export_options, &cancel, &mut |done, of| {
                bar.set_length(of as u64);
                bar.set_position(done as u64);
            });
        bar.finish_and_clear();
        saved = Some(done?);
        times.verify_ms = Some(ms_since(begin));
    }
    let answer = Answer::new(&project, &backbone, &samples, &trained.report, &options, saved, times);
    match args.format {
        Format::Json => output::json(&answer)?,
        Format::Text => output::lines(&text::of(&answer))?,
    }
    Ok(if samples.left_out.is_empty() { Exit::Done } else { Exit::Failed })
}

fn open_backbone(args: &TeachArgs, project: &Project, interrupt: &Interrupt) -> anyhow::Result<Backbone> {
    let own = project.backbone();
    let Some(named) = args.backbone.as_deref().or(own.as_deref()) else {
        let fix = "Name a classifier, an embedding model or a detector with \u{201c}--backbone MODEL\u{201d}; \u{201c}sightline models list\u{201d} lists those here.";
        return Err(Failure::usage("The project has no backbone yet.", fix).into());
    };
    let path = super::chosen_model(Some(named))?;
    let settings = &project.settings;
    // The project's tensor belongs to the project's backbone.
    let tensor = args.tensor.clone().or_else(|| settings.tensor.clone().filter(|_| args.backbone.is_none()));
    let options = args.opening.options(interrupt)?;
    let backbone =
        interrupt.attend("open model", move || Backbone::open(&path, tensor.as_deref(), &options))??;
    let other = settings.backbone_sha256.as_deref().is_some_and(|sha256| sha256 != backbone.sha256());
    if other && args.backbone.is_none() {
        return Err(TeachError::OtherBackbone { path: backbone.path().to_owned() }.into());
    }
    Ok(backbone)
}

/// Refuses before any work what couldn't be written after it.
fn check_place(save: &Path, force: bool) -> Result<(), Failure> {
    let place = save.display();
    let folder = crate::whole_file::folder_of(save);
    if save.is_dir() {
        let fix = "Name the file: \u{201c}--save FOLDER/NAME.onnx\u{201d}.";
        return Err(Failure::usage(format!("\u{201c}{place}\u{201d} is a folder."), fix));
    }
    if save.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("onnx")) {
        let fix = "Give it a name that ends in \u{201c}.onnx\u{201d}, so that it is known as a model.";
        return Err(Failure::usage(
            format!("\u{201c}{place}\u{201d} has another ending than a model\u{2019}s."),
            fix,
        ));
    }
    if !force && save.symlink_metadata().is_ok() {
        return Err(TeachError::Exists { path: save.to_owned() }.into());
    }
    if !folder.is_dir() {
        let message = format!("The folder \u{201c}{}\u{201d} doesn\u{2019}t exist.", folder.display());
        return Err(Failure::failed(message, "Make it, or choose another."));
    }
    Ok(())
}

fn bar(what: &'static str, show: bool) -> ProgressBar {
    // indicatif draws nothing if standard error is no terminal.
    let target = if show { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {elapsed} (ready in {eta})") {
        bar.set_style(style);
    }
    bar.with_message(what)
}

fn ms_since(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1000.0
}
