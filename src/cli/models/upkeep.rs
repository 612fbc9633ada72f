//! `sightline models verify|remove|rename|favourite|measure`: looking after models.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use serde::Serialize;

use super::{exit, load_inventory, named};
use crate::cli::failure::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{self, Format};
use crate::library::upkeep::{self, Removal, Verdict};
use crate::library::{Catalogue, Inventory, Measured, ModelEntry, measure as measuring, records::FileStamp};

/// Arguments of `sightline models verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 1 if a model has changed.\n\nExample:\n  sightline models verify yolox_nano"
)]
pub struct VerifyArgs {
    /// Names or files [default: every model here]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Text for people, or one JSON object per model (JSON Lines)
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// Arguments of `sightline models remove`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A model's settings and external weights are removed too. If the model is a link, the file behind it stays.\n\n\
    Example:\n  sightline models remove yolov8n"
)]
pub struct RemoveArgs {
    /// Names or files
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Delete permanently instead of using the trash
    #[arg(long)]
    delete: bool,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// Arguments of `sightline models rename`.
#[derive(Debug, clap::Args)]
pub struct RenameArgs {
    /// Name or file
    #[arg(value_name = "NAME")]
    name: String,
    /// The name to show; empty: the file's own
    #[arg(value_name = "NEW")]
    new: String,
}

/// Arguments of `sightline models favourite`.
#[derive(Debug, clap::Args)]
pub struct FavouriteArgs {
    /// Names or files
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// No longer a favourite
    #[arg(long)]
    off: bool,
}

/// Arguments of `sightline models measure`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each model runs on a few frames of 1280×720; the median is recorded and shown in lists.\n\
    \u{201c}sightline bench\u{201d} measures every stage of one model thoroughly."
)]
pub struct MeasureArgs {
    /// Names or files [default: every model here that has no time yet]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Text for people, or one JSON object per model (JSON Lines)
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Verified {
    file: String,
    /// `right`, `whole`, `changed` or `broken`
    state: &'static str,
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn load() -> (Arc<Catalogue>, Inventory, Vec<ModelEntry>) {
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = load_inventory(&catalogue);
    let entries = inventory.entries();
    (catalogue, inventory, entries)
}

/// Checks models against their expected hashes.
///
/// # Errors
/// Standard output can't be written.
pub fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let (catalogue, mut inventory, entries) = load();
    let (chosen, mut succeeded) = chosen(&entries, &args.names);
    let interrupt = Interrupt::listen();
    for entry in chosen {
        if interrupt.is_set() {
            return Ok(Exit::Interrupted);
        }
        let verdict = upkeep::verify(entry, &catalogue);
        if let (Ok(Verdict::Right { sha256, .. } | Verdict::Whole { sha256 }), Ok(stamp)) =
            (&verdict, FileStamp::of(&entry.path))
        {
            inventory.update(|r| r.set_hash(&entry.path, stamp, sha256));
        }
        let file = entry.path.display().to_string();
        let shown = output::printable(&file).into_owned();
        let (text, line) = match verdict {
            Ok(Verdict::Right { sha256, pinned }) => (
                if pinned {
                    "the same as at its first download"
                } else {
                    "right: as its project published it"
                }
                .into(),
                Verified { file, state: "right", sha256: Some(sha256), expected: None, reason: None },
            ),
            Ok(Verdict::Whole { sha256 }) => (
                format!("complete; there is no hash to compare it with (sha256 {sha256})"),
                Verified { file, state: "whole", sha256: Some(sha256), expected: None, reason: None },
            ),
            Ok(Verdict::Changed { sha256, expected }) => {
                succeeded = false;
                (
                    format!("CHANGED: its sha256 is {sha256}, expected was {expected}. Download it again."),
                    Verified {
                        file,
                        state: "changed",
                        sha256: Some(sha256),
                        expected: Some(expected),
                        reason: None,
                    },
                )
            }
            Err(error) => {
                succeeded = false;
                (
                    format!("BROKEN: {error} {}", error.fix()),
                    Verified {
                        file,
                        state: "broken",
                        sha256: None,
                        expected: None,
                        reason: Some(error.to_string()),
                    },
                )
            }
        };
        match args.format {
            Format::Json => output::json_line(&line)?,
            Format::Text => output::line(&format!("{shown}: {text}"))?,
        }
    }
    Ok(exit(succeeded))
}

fn chosen<'a>(entries: &'a [ModelEntry], names: &[String]) -> (Vec<&'a ModelEntry>, bool) {
    if names.is_empty() { (entries.iter().collect(), true) } else { named(entries, names) }
}

/// Removes models.
///
/// # Errors
/// A question is needed and standard input is no terminal.
pub fn remove(args: &RemoveArgs) -> Result<Exit, Failure> {
    let (_, mut inventory, entries) = load();
    let (chosen, mut succeeded) = named(&entries, &args.names);
    let removal = if args.delete { Removal::Delete } else { Removal::Trash };
    for entry in chosen {
        let file = entry.path.display().to_string();
        let file = output::printable(&file);
        if args.delete && !args.yes && !ask(&format!("Delete {file} permanently?"))? {
            continue;
        }
        match upkeep::remove(&entry.path, removal) {
            Ok(_) => {
                inventory.update(|r| r.forget(&entry.path));
                let result = if args.delete { "deleted" } else { "in the trash" };
                output::line(&format!("{file}: {result}"))?;
            }
            Err(error) => {
                let _ = Failure::failed(error.to_string(), error.fix()).report();
                succeeded = false;
            }
        }
    }
    Ok(exit(succeeded))
}

/// Asks a question on the terminal; "no" unless the answer starts with y.
///
/// # Errors
/// Standard input is no terminal.
pub fn ask(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            format!("{question} Standard input is no terminal, so nobody can answer."),
            "Add --yes.",
        ));
    }
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && answer.trim().to_lowercase().starts_with('y'))
}

/// Renames a model in lists.
///
/// # Errors
/// The name can't be saved.
pub fn rename(args: &RenameArgs) -> Result<Exit, Failure> {
    let (_, mut inventory, entries) = load();
    let (chosen, succeeded) = named(&entries, std::slice::from_ref(&args.name));
    let new = args.new.trim();
    for entry in chosen {
        inventory.update(|r| r.change(&entry.path, |r| r.name = (!new.is_empty()).then(|| new.to_owned())));
    }
    saved(&mut inventory)?;
    Ok(exit(succeeded))
}

/// Makes models favourites.
///
/// # Errors
/// That can't be saved.
pub fn favourite(args: &FavouriteArgs) -> Result<Exit, Failure> {
    let (_, mut inventory, entries) = load();
    let (chosen, succeeded) = named(&entries, &args.names);
    for entry in chosen {
        inventory.update(|r| r.change(&entry.path, |r| r.favourite = !args.off));
    }
    saved(&mut inventory)?;
    Ok(exit(succeeded))
}

fn saved(inventory: &mut Inventory) -> Result<(), Failure> {
    match inventory.take_error() {
        None => Ok(()),
        Some(error) => Err(Failure::failed(error.to_string(), "")),
    }
}

#[derive(Serialize)]
struct Time<'a> {
    file: String,
    #[serde(flatten)]
    measured: &'a Measured,
}

/// Measures models.
///
/// # Errors
/// Standard output can't be written. Errors of single models are printed.
pub fn measure(args: &MeasureArgs) -> Result<Exit, Failure> {
    let (catalogue, mut inventory, entries) = load();
    let (mut chosen, mut succeeded) = chosen(&entries, &args.names);
    if args.names.is_empty() {
        chosen.retain(|c| c.measured.is_none() && c.spec().is_some());
    }
    let interrupt = Interrupt::listen();
    for entry in chosen {
        let hints = catalogue.hints(&entry.path);
        let cancel = Some(interrupt.cancel_token());
        let options = crate::model::OpenOptions { hints, cancel, ..Default::default() };
        match measuring::measure(&entry.path, &options, || !interrupt.is_set()) {
            Ok(measured) => {
                let (stamp, sha256) = (FileStamp::of(&entry.path), crate::model::sha256(&entry.path));
                if let (Ok(stamp), Ok(sha256)) = (stamp, sha256) {
                    inventory.update(|r| {
                        r.set_hash(&entry.path, stamp, &sha256);
                        r.change(&entry.path, |r| {
                            r.measured = Some(measured.clone());
                            r.failed = None;
                        });
                    });
                }
                match args.format {
                    Format::Json => {
                        output::json_line(&Time {
                            file: entry.path.display().to_string(),
                            measured: &measured,
                        })?;
                    }
                    Format::Text => output::line(&format!(
                        "{}: {:.1} ms per frame, of which the network {:.1} ms ({}, {} threads)",
                        entry.name,
                        measured.total_ms,
                        measured.inference_ms,
                        measured.provider,
                        measured.threads
                    ))?,
                }
            }
            Err(crate::model::ModelError::Stopped) => return Ok(Exit::Interrupted),
            Err(error) => {
                succeeded = false;
                let _ = Failure::from(error).report();
            }
        }
    }
    Ok(exit(succeeded))
}
