//! `sightline track`: tracks the objects in the results of an earlier run, without a model.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};
use super::output;
use super::predict::counting::{self, Counting};
use crate::model::labels::Language;
use crate::save::TrackedLines;
use crate::track::{TrackerKind, TrackerOptions};

/// Longer lines are refused: no model finds as much, and a file without line ends would fill the memory.
const LONGEST_MB: usize = 16;

/// What `sightline track` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sightline track found.jsonl > tracked.jsonl              number the objects that \u{201c}predict --format jsonl\u{201d} found\n  \
    sightline predict traffic.mp4 --format jsonl | sightline track -\n  \
    sightline track found.jsonl --scene gate.toml            count in zones and at lines, too\n\n\
    Each detection that belongs to a track gets \u{201c}track_id\u{201d} and a smoothed box; where an object is hidden for a \
    moment, a detection is added. Everything else in a line stays as it is. docs/tracking.md tells more.")]
pub struct TrackArgs {
    /// The lines that “predict --format jsonl” wrote; “-” reads standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// How objects are tracked
    #[arg(long, value_enum, value_name = "TRACKER", default_value_t)]
    tracker: TrackerKind,
    /// Count in the zones and at the lines of this scene file (docs/scenes.md)
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    scene: Option<PathBuf>,
    /// Give a track up when it wasn't seen for so many seconds [default: 1.2]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    lost: Option<f64>,
    /// Print no summary
    #[arg(short, long)]
    quiet: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.1..=60.0).contains(&value) => Ok(value),
        _ => Err("it must be a number of seconds from 0.1 to 60".into()),
    }
}

/// Tracks every line, and writes it as soon as it was read.
///
/// # Errors
/// The first line that is wrong, with its number; or why the file can't be read or standard output can't be written.
pub fn run(args: &TrackArgs) -> Result<Exit, Failure> {
    let counting = args.scene.as_deref().map(Counting::open).transpose()?;
    let standard = TrackerOptions::default();
    let options =
        TrackerOptions { kind: args.tracker, lost_s: args.lost.unwrap_or(standard.lost_s), ..standard };
    let mut tracked = TrackedLines::new(options, counting.as_ref().map(Counting::scene));
    let input: Box<dyn BufRead> = if args.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&args.file).map_err(|error| unreadable(&args.file, &error))?))
    };
    track(input, args, &mut tracked)?;
    if args.quiet {
        return Ok(Exit::Done);
    }
    if let Some(names) =
        counting.as_ref().map(|counting| counting.scene().unknown_classes(tracked.labels()).join(", "))
        && !names.is_empty()
    {
        output::note(&format!("The scene file names classes that no line has: {names}."));
    }
    let (lines, tracks) = tracked.totals();
    output::note(&format!("{lines} lines, {tracks} tracks"));
    if counting.is_some() {
        let table = counting::table(tracked.report(), tracked.labels(), Language::English);
        table.lines().for_each(output::note);
    }
    Ok(Exit::Done)
}

fn track(mut input: Box<dyn BufRead>, args: &TrackArgs, tracked: &mut TrackedLines) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        let most = (LONGEST_MB * 1_000_000 + 1) as u64;
        let read = input.by_ref().take(most).read_until(b'\n', &mut bytes);
        if read.map_err(|error| unreadable(&args.file, &error))? == 0 {
            break;
        }
        let wrong = |what: &str| {
            Failure::failed(
                format!("Line {number} can\u{2019}t be tracked: {what}."),
                "Give it the lines that \u{201c}sightline predict --format jsonl\u{201d} writes.",
            )
        };
        if bytes.len() as u64 == most {
            return Err(wrong(&format!("it is longer than {LONGEST_MB} MB")));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| wrong("it is no UTF-8 text"))?.trim();
        if !text.is_empty() {
            output::json_text(&tracked.track(text).map_err(|error| wrong(&error.to_string()))?)?;
        }
    }
    Ok(())
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::failed(
        format!("\u{201c}{}\u{201d} can\u{2019}t be read: {error}.", file.display()),
        "Check the name and the folder that you are in.",
    )
}
