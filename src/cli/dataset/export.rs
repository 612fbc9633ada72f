//! `sightline dataset export`

use std::path::PathBuf;

use serde::Serialize;

use super::super::failure::{Exit, Failure};
use super::super::interrupt::Interrupt;
use super::super::output::{self, Format};
use crate::dataset::{self, ExportOptions, Exported, Folder, Split, SplitParts};

/// What `sightline dataset export` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline dataset export street out --to yolo-detect          with 80 % for training and 20 % for validation\n  \
    sightline dataset export street out --to coco --split 70/20/10\n  \
    sightline dataset export coco/ out --to yolo-segment          from one format to another\n  \
    sightline dataset export street out --to crops                a folder of images for each class\n\n\
    The same images, parts and seed always give the same division; a data set of Sightline\u{2019}s own keeps it, so that \
    \u{201c}sightline evaluate\u{201d} measures by images for validation. What a format can\u{2019}t hold is said with its number; \
    docs/datasets.md has the table.")]
pub struct ExportArgs {
    /// The data set: a folder, COCO’s JSON file or YOLO’s data.yaml
    #[arg(value_name = "DATASET", value_hint = clap::ValueHint::AnyPath)]
    from: PathBuf,
    /// Where to write: a folder that doesn’t exist or is empty
    #[arg(value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    out: PathBuf,
    /// The format
    #[arg(long, value_name = "FORMAT", value_enum)]
    to: dataset::Format,
    /// Divide images that have no split yet: per cent for training, validation and perhaps the test; “none” doesn’t
    #[arg(long, value_name = "PARTS", default_value = "80/20", value_parser = parts)]
    split: Parts,
    /// Divide all images anew, those that have a split already too
    #[arg(long)]
    split_again: bool,
    /// Another seed gives another division
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Export images that nobody has reviewed and suggestions that nobody has accepted, too
    #[arg(long)]
    unreviewed: bool,
    #[command(flatten)]
    shared: super::SharedArgs,
    /// Print only errors, no progress bar
    #[arg(short, long)]
    quiet: bool,
}

/// The parts for validation and for the test, 0..=1; `None`: images aren't divided.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Parts(Option<(f64, f64)>);

fn parts(text: &str) -> Result<Parts, String> {
    let wrong = || "write it as 80/20 or 70/20/10, in per cent, or as none".to_owned();
    if text == "none" {
        return Ok(Parts(None));
    }
    let numbers: Vec<f64> =
        text.split('/').map(|part| part.trim().parse().ok()).collect::<Option<_>>().ok_or_else(wrong)?;
    let (train, val, test) = match numbers[..] {
        [train, val] => (train, val, 0.0),
        [train, val, test] => (train, val, test),
        _ => return Err(wrong()),
    };
    let all = train + val + test;
    if [train, val, test].iter().any(|part| !(0.0..=100.0).contains(part)) || (all - 100.0).abs() > 0.01 {
        return Err("the parts must be 100 together, as in 80/20".into());
    }
    Ok(Parts(Some((val / 100.0, test / 100.0))))
}

#[derive(Serialize)]
struct Report<'a> {
    to: dataset::Format,
    folder: &'a PathBuf,
    images: usize,
    labels: usize,
    train: usize,
    val: usize,
    test: usize,
    undivided: usize,
    /// What the format can't hold, with its number.
    losses: &'a dataset::Losses,
}

/// Exports a data set.
///
/// # Errors
/// Why nothing was exported.
pub fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen();
    let read = super::read(&args.from, args.shared.images.as_deref(), &interrupt)?;
    let parts =
        args.split.0.map(|(val, test)| SplitParts { val, test, seed: args.seed, again: args.split_again });
    let options = ExportOptions { unreviewed: args.unreviewed, parts };
    let bar = super::bar("Exporting", args.quiet);
    let exported = dataset::export(&read.dataset, args.to, &options, &args.out, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        !interrupt.is_set()
    });
    bar.finish_and_clear();
    let Exported { images, labels, splits: [train, val, test, undivided], losses, divided } =
        exported.map_err(Failure::from)?;
    // So that "evaluate" measures models by images that none was trained with.
    if Folder::is_one(&args.from)
        && let Err(error) = Folder::keep_splits(&args.from, &divided)
    {
        output::note(&format!("warning: The data set itself doesn\u{2019}t keep the split. {error}"));
    }
    match args.shared.format {
        Format::Json => output::json(&Report {
            to: args.to,
            folder: &args.out,
            images,
            labels,
            train,
            val,
            test,
            undivided,
            losses: &losses,
        })?,
        Format::Text if args.quiet => {}
        Format::Text => {
            let divided = Split::ALL.iter().zip([train, val, test]).filter(|(_, count)| *count > 0);
            let divided: Vec<String> =
                divided.map(|(split, count)| format!("{} {count}", split.name())).collect();
            let divided =
                if divided.is_empty() { String::new() } else { format!(" ({})", divided.join(", ")) };
            output::line(&format!(
                "Exported {}{divided} with {} to {}.",
                super::count(images, "image"),
                super::count(labels, "label"),
                args.out.display()
            ))?;
        }
    }
    if !losses.is_empty() && (args.shared.format == Format::Json || !args.quiet) {
        output::note(&losses.to_string());
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_per_cent() {
        assert_eq!(parts("80/20"), Ok(Parts(Some((0.2, 0.0)))));
        assert_eq!(parts("70/20/10"), Ok(Parts(Some((0.2, 0.1)))));
        assert_eq!(parts("none"), Ok(Parts(None)));
        for wrong in ["80", "80/30", "-10/110", "a/b", "", "NaN/20", "25/25/25/25"] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
