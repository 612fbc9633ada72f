//! `sightline dataset`: imports, exports and checks data sets. One file a command.

mod check;
mod export;
mod import;
mod info;

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::output::{self, Format};
use crate::dataset::{self, DatasetError, Problem, Read};

/// The commands of `sightline dataset`.
#[derive(Debug, clap::Subcommand)]
pub enum DatasetCommand {
    /// Copy a data set (COCO, YOLO, or a folder for each class) into one of Sightline's own
    Import(import::ImportArgs),
    /// Write a data set in the format of another program
    Export(export::ExportArgs),
    /// Find near-duplicates, blurred and broken images, and labels that can't be right
    Check(check::CheckArgs),
    /// Tell what a data set holds
    Info(info::InfoArgs),
}

/// What all of them take.
#[derive(Debug, clap::Args)]
struct SharedArgs {
    /// Where the images of COCO’s files are [default: the usual places beside them]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    images: Option<PathBuf>,
    /// Output: text or json
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// Runs a command.
///
/// # Errors
/// Why it can't be done.
pub fn run(command: &DatasetCommand) -> anyhow::Result<Exit> {
    match command {
        DatasetCommand::Import(args) => import::run(args),
        DatasetCommand::Export(args) => export::run(args),
        DatasetCommand::Check(args) => check::run(args),
        DatasetCommand::Info(args) => info::run(args),
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Ended => Self::Interrupted,
            error => Self::failed(error.to_string(), error.fix()),
        }
    }
}

/// Reads a data set of any format and writes to standard error what is wrong with single files. Ctrl-C ends it.
///
/// # Errors
/// Why it can't be read at all.
pub(super) fn read(path: &Path, images: Option<&Path>, interrupt: &Interrupt) -> anyhow::Result<Read> {
    let (path, images) = (path.to_owned(), images.map(Path::to_owned));
    let read = interrupt.attend("read data set", move || dataset::read(&path, images.as_deref()))?;
    let read = read.map_err(Failure::from)?;
    report(&read.problems);
    Ok(read)
}

/// Most problems of one kind that are written out.
const SHOWN: usize = 3;

/// Writes problems to standard error: of each kind the first few, and how many more there are.
fn report(problems: &[Problem]) {
    let mut kinds: Vec<(std::mem::Discriminant<Problem>, usize)> = Vec::new();
    for problem in problems {
        let kind = std::mem::discriminant(problem);
        let at = kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            kinds.push((kind, 0));
            kinds.len() - 1
        });
        kinds[at].1 += 1;
        if kinds[at].1 <= SHOWN {
            output::note(&format!("warning: {problem}"));
        }
    }
    let more: usize = kinds.iter().map(|(_, count)| count.saturating_sub(SHOWN)).sum();
    if more > 0 {
        output::note(&format!("warning: {more} more such problem{}.", if more == 1 { "" } else { "s" }));
    }
}

/// A progress bar over images on standard error, if that is a terminal.
fn bar(what: &'static str, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {elapsed} (ready in {eta})") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// A number with its noun: `1 image`, `1,204 images`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let ending = match (number, noun) {
        (1, _) => "",
        (_, "class") => "es",
        _ => "s",
    };
    format!("{text} {noun}{ending}")
}
