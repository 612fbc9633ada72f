//! `sightline dataset check`

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::super::failure::{Exit, Failure};
use super::super::interrupt::Interrupt;
use super::super::output::{self, Format};
use crate::dataset::check::{CheckOptions, Finding, check};

/// What `sightline dataset check` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline dataset check street\n  \
    sightline dataset check coco/ --alike 3 --format json\n\n\
    Near-duplicates are told by a perceptual hash (pHash), blur by the variance of the Laplacian. Images without labels and \
    classes without labels may be meant so; all else makes the exit code 1.")]
pub struct CheckArgs {
    /// The data set: a folder, COCO’s JSON file or YOLO’s data.yaml
    #[arg(value_name = "DATASET", value_hint = clap::ValueHint::AnyPath)]
    dataset: PathBuf,
    /// Images are near-duplicates if at most so many of the 64 bits of their hashes differ
    #[arg(long, value_name = "BITS", default_value_t = CheckOptions::default().alike,
          value_parser = clap::value_parser!(u32).range(0..=32))]
    alike: u32,
    /// Images are blurred if the variance of their Laplacian is lower
    #[arg(long, value_name = "SHARPNESS", default_value_t = CheckOptions::default().sharp)]
    sharp: f64,
    /// As text, at most N of each kind; 0: all
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    #[command(flatten)]
    shared: super::SharedArgs,
    /// No progress bar
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    images: usize,
    /// Files that something is wrong with, as sentences.
    problems: Vec<String>,
    findings: &'a [Finding],
}

/// Checks a data set.
///
/// # Errors
/// Why it can't be read, or [`Failure::Interrupted`].
pub fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::listen();
    let read = super::read(&args.dataset, args.shared.images.as_deref(), &interrupt)?;
    let bar = super::bar("Checking", args.quiet);
    let options = CheckOptions { alike: args.alike, sharp: args.sharp };
    let findings = check(&read.dataset, options, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        !interrupt.is_set()
    });
    bar.finish_and_clear();
    if interrupt.is_set() {
        return Err(Failure::Interrupted.into());
    }
    let images = read.dataset.items.len();
    match args.shared.format {
        Format::Json => {
            let problems = read.problems.iter().map(ToString::to_string).collect();
            output::json(&Report { images, problems, findings: &findings })?;
        }
        Format::Text => output::lines(&text(&findings, images, args.limit))?,
    }
    let may_be_meant =
        |finding: &Finding| matches!(finding, Finding::Unlabelled { .. } | Finding::UnusedClass { .. });
    let clean = read.problems.is_empty() && findings.iter().all(may_be_meant);
    Ok(if clean { Exit::Done } else { Exit::Failed })
}

fn text(findings: &[Finding], images: usize, limit: usize) -> String {
    let mut text = format!("{} checked.", super::count(images, "image"));
    let mut headings: Vec<&str> = Vec::new();
    for finding in findings {
        if !headings.contains(&finding.heading()) {
            headings.push(finding.heading());
        }
    }
    if headings.is_empty() {
        text.push_str(" Nothing was found.");
    }
    for heading in headings {
        let found: Vec<&Finding> = findings.iter().filter(|finding| finding.heading() == heading).collect();
        let _ = write!(text, "\n\n{heading}: {}", found.len());
        let shown = if limit == 0 { found.len() } else { limit };
        for finding in found.iter().take(shown) {
            // A name may hold a line break.
            let _ = write!(text, "\n  {}", output::printable(&finding.to_string()));
        }
        if found.len() > shown {
            let _ = write!(text, "\n  \u{2026} and {} more", found.len() - shown);
        }
    }
    text
}
