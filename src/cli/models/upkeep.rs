//! `sightline models verify|remove|rename|favourite|measure`: looking after models.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use serde::Serialize;

use super::{exit, inventory, named};
use crate::cli::failure::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{self, Format};
use crate::library::upkeep::{self, Away, Verdict};
use crate::library::{Catalogue, Inventory, Measured, ModelEntry, measure as measuring, records::FileStamp};

/// What `sightline models verify` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 1 where a model isn't what it was.\n\nExample:\n  sightline models verify yolox_nano"
)]
pub struct VerifyArgs {
    /// Names or files [default: every model here]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Text for people, or one JSON object a model (JSON Lines)
    #[arg(short, long, value_enum, default_value_t)]
    format: Format,
}

/// What `sightline models remove` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A model's settings and weights beside it go, too. A link goes, the file behind it stays.\n\n\
    Example:\n  sightline models remove yolov8n"
)]
pub struct RemoveArgs {
    /// Names or files
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Delete for good instead of using the trash
    #[arg(long)]
    delete: bool,
    /// Don't ask
    #[arg(short, long)]
    yes: bool,
}

/// What `sightline models rename` takes.
#[derive(Debug, clap::Args)]
pub struct RenameArgs {
    /// Name or file
    #[arg(value_name = "NAME")]
    name: String,
    /// The name to show; leave it empty to go back to the file's own
    #[arg(value_name = "NEW")]
    new: String,
}

/// What `sightline models favourite` takes.
#[derive(Debug, clap::Args)]
pub struct FavouriteArgs {
    /// Names or files
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// No longer a favourite
    #[arg(long)]
    off: bool,
}

/// What `sightline models measure` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each model looks at a few frames of 1280×720; the median is remembered and shown in lists.\n\
    \u{201c}sightline bench\u{201d} measures every stage of one model thoroughly."
)]
pub struct MeasureArgs {
    /// Names or files [default: every model here that has no time yet]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Text for people, or one JSON object a model (JSON Lines)
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

fn user_shelf() -> (Arc<Catalogue>, Inventory, Vec<ModelEntry>) {
    let catalogue = Arc::new(Catalogue::load());
    let mut inventory = inventory(&catalogue);
    let cards = inventory.cards();
    (catalogue, inventory, cards)
}

/// Compares models with what they must be.
///
/// # Errors
/// Where standard output can't be written.
pub fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let (catalogue, mut inventory, cards) = user_shelf();
    let (chosen, mut all_well) = chosen(&cards, &args.names);
    let interrupt = Interrupt::listen();
    for card in chosen {
        if interrupt.is_set() {
            return Ok(Exit::Interrupted);
        }
        let verdict = upkeep::verify(card, &catalogue);
        if let (Ok(Verdict::Right { sha256, .. } | Verdict::Whole { sha256 }), Ok(stamp)) =
            (&verdict, FileStamp::of(&card.path))
        {
            inventory.note(|n| n.hashed(&card.path, stamp, sha256));
        }
        let file = card.path.display().to_string();
        let shown = output::printable(&file).into_owned();
        let (text, line) = match verdict {
            Ok(Verdict::Right { sha256, pinned }) => (
                if pinned { "as it was at its first download" } else { "right: as its project published it" }
                    .into(),
                Verified { file, state: "right", sha256: Some(sha256), expected: None, reason: None },
            ),
            Ok(Verdict::Whole { sha256 }) => (
                format!("whole; nothing to compare it with (sha256 {sha256})"),
                Verified { file, state: "whole", sha256: Some(sha256), expected: None, reason: None },
            ),
            Ok(Verdict::Changed { sha256, expected }) => {
                all_well = false;
                (
                    format!("CHANGED: its sha256 is {sha256}, and it must be {expected}. Fetch it again."),
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
                all_well = false;
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
    Ok(exit(all_well))
}

fn chosen<'a>(cards: &'a [ModelEntry], names: &[String]) -> (Vec<&'a ModelEntry>, bool) {
    if names.is_empty() { (cards.iter().collect(), true) } else { named(cards, names) }
}

/// Takes models away.
///
/// # Errors
/// Where nobody can be asked.
pub fn remove(args: &RemoveArgs) -> Result<Exit, Failure> {
    let (_, mut inventory, cards) = user_shelf();
    let (chosen, mut all_well) = named(&cards, &args.names);
    let away = if args.delete { Away::Deleted } else { Away::Trash };
    for card in chosen {
        let file = card.path.display().to_string();
        let file = output::printable(&file);
        if args.delete && !args.yes && !ask(&format!("Delete {file} for good?"))? {
            continue;
        }
        match upkeep::remove(&card.path, away) {
            Ok(()) => {
                inventory.note(|n| n.forget(&card.path));
                let where_to = if args.delete { "deleted" } else { "in the trash" };
                output::line(&format!("{file}: {where_to}"))?;
            }
            Err(error) => {
                let _ = Failure::failed(error.to_string(), error.fix()).report();
                all_well = false;
            }
        }
    }
    Ok(exit(all_well))
}

/// Asks a question on the terminal; "no" unless the answer begins with y.
///
/// # Errors
/// Where nobody sits there.
pub fn ask(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{question} Nobody can be asked here."), "Add --yes."));
    }
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && answer.trim().to_lowercase().starts_with('y'))
}

/// Gives a model another name.
///
/// # Errors
/// Where the model isn't known or the name can't be kept.
pub fn rename(args: &RenameArgs) -> Result<Exit, Failure> {
    let (_, mut inventory, cards) = user_shelf();
    let (chosen, all_well) = named(&cards, std::slice::from_ref(&args.name));
    let new = args.new.trim();
    for card in chosen {
        inventory.note(|n| n.change(&card.path, |n| n.name = (!new.is_empty()).then(|| new.to_owned())));
    }
    kept(&mut inventory)?;
    Ok(exit(all_well))
}

/// Makes models favourites.
///
/// # Errors
/// Where that can't be kept.
pub fn favourite(args: &FavouriteArgs) -> Result<Exit, Failure> {
    let (_, mut inventory, cards) = user_shelf();
    let (chosen, all_well) = named(&cards, &args.names);
    for card in chosen {
        inventory.note(|n| n.change(&card.path, |n| n.favourite = !args.off));
    }
    kept(&mut inventory)?;
    Ok(exit(all_well))
}

fn kept(inventory: &mut Inventory) -> Result<(), Failure> {
    match inventory.take_trouble() {
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
/// Where standard output can't be written; what is wrong with single models is said as it comes.
pub fn measure(args: &MeasureArgs) -> Result<Exit, Failure> {
    let (catalogue, mut inventory, cards) = user_shelf();
    let (mut chosen, mut all_well) = chosen(&cards, &args.names);
    if args.names.is_empty() {
        chosen.retain(|c| c.measured.is_none() && c.spec().is_some());
    }
    let interrupt = Interrupt::listen();
    for card in chosen {
        let hints = catalogue.hints(&card.path);
        let cancel = Some(interrupt.cancel_token());
        let options = crate::model::OpenOptions { hints, cancel, ..Default::default() };
        match measuring::measure(&card.path, &options, || !interrupt.is_set()) {
            Ok(measured) => {
                let (stamp, sha256) = (FileStamp::of(&card.path), crate::model::sha256(&card.path));
                if let (Ok(stamp), Ok(sha256)) = (stamp, sha256) {
                    inventory.note(|n| {
                        n.hashed(&card.path, stamp, &sha256);
                        n.change(&card.path, |n| {
                            n.measured = Some(measured.clone());
                            n.failed = None;
                        });
                    });
                }
                match args.format {
                    Format::Json => {
                        output::json_line(&Time {
                            file: card.path.display().to_string(),
                            measured: &measured,
                        })?;
                    }
                    Format::Text => output::line(&format!(
                        "{}: {:.1} ms a frame, of which the network {:.1} ms ({}, {} threads)",
                        card.name,
                        measured.total_ms,
                        measured.inference_ms,
                        measured.provider,
                        measured.threads
                    ))?,
                }
            }
            Err(crate::model::ModelError::Stopped) => return Ok(Exit::Interrupted),
            Err(error) => {
                all_well = false;
                let _ = Failure::from(error).report();
            }
        }
    }
    Ok(exit(all_well))
}
