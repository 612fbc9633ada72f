//! `sightline dataset import`

use std::path::PathBuf;

use serde::Serialize;

use super::super::failure::Exit;
use super::super::interrupt::Interrupt;
use super::super::output::{self, Format};
use crate::cli::failure::Failure;
use crate::dataset::{self, SourceFormat};

/// What `sightline dataset import` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline dataset import coco128/ street              a folder with YOLO\u{2019}s data.yaml\n  \
    sightline dataset import instances_val2017.json val --images val2017/\n  \
    sightline dataset import flowers/ flowers-set         one folder of images for each class\n\n\
    Images are copied; what is imported counts as reviewed. docs/datasets.md says what each format holds.")]
pub struct ImportArgs {
    /// The data set: a folder, COCO’s JSON file or YOLO’s data.yaml
    #[arg(value_name = "DATASET", value_hint = clap::ValueHint::AnyPath)]
    from: PathBuf,
    /// The new data set: a folder that doesn’t exist or is empty
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    to: PathBuf,
    #[command(flatten)]
    shared: super::SharedArgs,
    /// Print only errors, no progress bar
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Serialize)]
struct Report {
    from: SourceFormat,
    folder: PathBuf,
    images: usize,
    labels: usize,
    classes: usize,
    /// Images that aren't there.
    missing: usize,
    /// Files and labels that something is wrong with.
    problems: usize,
}

/// Imports a data set.
///
/// # Errors
/// Why nothing was imported.
pub fn run(args: &ImportArgs) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen();
    let read = super::read(&args.from, args.shared.images.as_deref(), &interrupt)?;
    let (from, problems) = (read.format, read.problems.len());
    let bar = super::bar("Importing", args.quiet);
    let imported = dataset::import(read, &args.to, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        !interrupt.is_set()
    });
    bar.finish_and_clear();
    let imported = imported.map_err(Failure::from)?;
    let dataset = &imported.opened.dataset;
    let report = Report {
        from,
        folder: args.to.clone(),
        images: dataset.items.len(),
        labels: dataset
            .items
            .iter()
            .map(|item| item.annotations.len() + usize::from(item.class.is_some()))
            .sum(),
        classes: dataset.classes.len(),
        missing: imported.missing.len(),
        problems,
    };
    if let Some(first) = imported.missing.first() {
        output::note(&format!(
            "warning: {} can\u{2019}t be found and {} left out, such as \u{201c}{}\u{201d}.",
            super::count(report.missing, "image"),
            if report.missing == 1 { "was" } else { "were" },
            first.display()
        ));
    }
    match args.shared.format {
        Format::Json => output::json(&report)?,
        Format::Text if args.quiet => {}
        Format::Text => output::line(&format!(
            "Imported {} with {} of {} from {} into {}.",
            super::count(report.images, "image"),
            super::count(report.labels, "label"),
            super::count(report.classes, "class"),
            from.name(),
            args.to.display()
        ))?,
    }
    Ok(if report.missing + problems > 0 { Exit::Failed } else { Exit::Done })
}
