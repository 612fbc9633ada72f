//! `sightline models verify|remove|rename|favourite|measure`: looking after models.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;

use serde::Serialize;

use super::{Outside, load_inventory, named};
use crate::cli::failure::{Exit, Failure};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{self, LineFormat};
use crate::cli::predict::text::count_of;
use crate::library::upkeep::{self, Removal, Verdict, Verified};
use crate::library::{
    Catalogue, Inventory, Measured, ModelEntry, inventory, measure as measuring, records::FileStamp,
};
use crate::model::isolation::{Isolation, When};
use crate::model::{ModelError, OpenOptions};

/// Arguments of `sightline models verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A file is compared with the SHA-256 that its project published or, if there is none, with that of its first \
    download. Weights in other files are compared with those that were imported.\n\n\
    Exit code 1 if a model has changed.\n\nExamples:\n  sightline models verify yolox_nano\n  sightline models verify"
)]
pub struct VerifyArgs {
    /// Names or files of models [default: all in the library]
    #[arg(value_name = "MODEL")]
    names: Vec<String>,
    /// Output: text, or JSON Lines with one object per model
    #[arg(short, long, value_enum, default_value_t)]
    format: LineFormat,
}

/// Arguments of `sightline models remove`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A model's settings and its weights in other files are removed too, unless another model uses them. If the model \
    is a link, the file behind it stays. If nobody had published its SHA-256, that of its download is forgotten.\n\n\
    Each model is asked about; scripts add --yes.\n\n\
    Example:\n  sightline models remove yolov8n"
)]
pub struct RemoveArgs {
    /// Names or files of models in the library
    #[arg(required = true, value_name = "MODEL")]
    names: Vec<String>,
    /// Delete permanently instead of moving to the trash
    #[arg(long)]
    delete: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
}

/// Arguments of `sightline models rename`.
#[derive(Debug, clap::Args)]
pub struct RenameArgs {
    /// Name or file of a model in the library
    #[arg(value_name = "MODEL")]
    name: String,
    /// The new name; "" restores that of the file
    #[arg(value_name = "NEW_NAME")]
    new: String,
}

/// Arguments of `sightline models favourite`.
#[derive(Debug, clap::Args)]
pub struct FavouriteArgs {
    /// Names or files of models in the library
    #[arg(required = true, value_name = "MODEL")]
    names: Vec<String>,
    /// Remove from the favourites
    #[arg(long)]
    off: bool,
}

/// Arguments of `sightline models measure`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each model runs on a few frames of 1280×720; the median is remembered and shown in lists. \
    \u{201c}sightline bench\u{201d} measures every stage of one model thoroughly."
)]
pub struct MeasureArgs {
    /// Names or files of models [default: all in the library that weren't measured yet]
    #[arg(value_name = "MODEL")]
    names: Vec<String>,
    /// Output: text, or JSON Lines with one object per model
    #[arg(short, long, value_enum, default_value_t)]
    format: LineFormat,
}

#[derive(Serialize)]
struct VerifiedJson {
    file: String,
    /// `right`, `whole`, `changed` or `broken`
    state: &'static str,
    sha256: Option<String>,
    /// One hash over all weights in other files.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn load() -> (Arc<Catalogue>, Inventory) {
    let catalogue = Arc::new(Catalogue::load());
    let inventory = load_inventory(&catalogue);
    (catalogue, inventory)
}

/// The models that were named, in the library or not, or else all of the library; and the exit code so far.
fn chosen(inventory: &mut Inventory, names: &[String]) -> (Vec<ModelEntry>, Exit) {
    if names.is_empty() { (inventory.entries(), Exit::Done) } else { named(inventory, names, Outside::Taken) }
}

/// Checks models against their expected hashes.
///
/// # Errors
/// Standard output can't be written.
pub fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let (catalogue, mut inventory) = load();
    let (chosen, mut exit) = chosen(&mut inventory, &args.names);
    let interrupt = Interrupt::listen();
    for entry in chosen {
        if interrupt.is_set() {
            return Ok(Exit::Interrupted);
        }
        let verified = upkeep::verify(&entry, &catalogue);
        remember(&mut inventory, &entry, &verified);
        if !matches!(verified, Ok((Verdict::Right { .. } | Verdict::Whole { .. }, _))) {
            exit = exit.worse(Exit::Failed);
        }
        match args.format {
            LineFormat::Json => output::json_line(&record(&entry, verified))?,
            LineFormat::Text => {
                let file = entry.path.display().to_string();
                output::line(&format!("{}: {}", output::printable(&file), text(&verified)))?;
            }
        }
    }
    Ok(exit)
}

/// Remembers the hashes of a model that is as it should be.
fn remember(inventory: &mut Inventory, entry: &ModelEntry, verified: &Result<Verified, ModelError>) {
    let Ok((Verdict::Right { sha256, .. } | Verdict::Whole { sha256 }, weights)) = verified else { return };
    let Ok(stamp) = FileStamp::of(&entry.path) else { return };
    inventory.update(|records| {
        records.set_hash(&entry.path, stamp, sha256);
        if weights.is_some() {
            records.change(&entry.path, |record| record.weights.clone_from(weights));
        }
    });
}

/// A verdict as text.
fn text(verified: &Result<Verified, ModelError>) -> String {
    match verified {
        Ok((Verdict::Right { pinned: false, .. }, _)) => "verified: the file that its project published".into(),
        Ok((Verdict::Right { pinned: true, .. }, _)) => "verified: unchanged since it was downloaded".into(),
        Ok((Verdict::Whole { sha256 }, None)) => {
            format!("complete; no hash of it is published to compare with (SHA-256 {sha256})")
        }
        Ok((Verdict::Whole { sha256 }, Some(weights))) => format!(
            "complete; no hash of its weights is published to compare with (SHA-256 {sha256}, of the weights {weights})"
        ),
        Ok((Verdict::Changed { sha256, expected }, _)) => {
            format!("CHANGED: its SHA-256 is {sha256}, expected was {expected}. Download it again.")
        }
        Ok((Verdict::WeightsChanged { .. }, _)) => {
            "CHANGED: its weights, which lie in another file, aren't those that were imported. Import it again.".into()
        }
        Err(error) => format!("BROKEN: {error} {}", error.fix()),
    }
}

/// A verdict as JSON.
fn record(entry: &ModelEntry, verified: Result<Verified, ModelError>) -> VerifiedJson {
    let of = |state, sha256, weights_sha256, expected, reason| VerifiedJson {
        file: entry.path.display().to_string(),
        state,
        sha256,
        weights_sha256,
        expected,
        reason,
    };
    match verified {
        Ok((Verdict::Right { sha256, .. }, weights)) => of("right", Some(sha256), weights, None, None),
        Ok((Verdict::Whole { sha256 }, weights)) => of("whole", Some(sha256), weights, None, None),
        Ok((Verdict::Changed { sha256, expected }, _)) => {
            of("changed", Some(sha256), None, Some(expected), None)
        }
        Ok((Verdict::WeightsChanged { sha256, expected }, _)) => {
            of("changed", None, Some(sha256), Some(expected), None)
        }
        Err(error) => of("broken", None, None, None, Some(error.to_string())),
    }
}

/// Removes models.
///
/// # Errors
/// A question is needed and standard input is no terminal.
pub fn remove(args: &RemoveArgs) -> Result<Exit, Failure> {
    let (catalogue, mut inventory) = load();
    let names = forget_pins(&args.names, &catalogue, &mut inventory)?;
    let (chosen, mut exit) = named(&mut inventory, &names, Outside::Refused);
    let removal = if args.delete { Removal::Delete } else { Removal::Trash };
    for entry in chosen {
        let file = entry.path.display().to_string();
        let file = output::printable(&file);
        let question = if args.delete {
            format!("Delete {file} permanently?")
        } else {
            format!("Move {file} to the trash?")
        };
        if !args.yes && !ask(&question)? {
            continue;
        }
        match upkeep::remove(&entry.path, removal) {
            Ok(removed) => {
                inventory.update(|r| r.forget(&removed.model));
                let result = if args.delete { "deleted" } else { "in the trash" };
                output::line(&format!("{file}: {result}"))?;
            }
            Err(error) => {
                exit = exit.worse(Failure::failed(error.to_string(), error.fix()).report());
            }
        }
    }
    Ok(exit)
}

/// Forgets the hashes that were pinned for models whose files are gone, and returns the other names.
fn forget_pins(
    names: &[String],
    catalogue: &Catalogue,
    inventory: &mut Inventory,
) -> Result<Vec<String>, Failure> {
    let entries = inventory.entries();
    let mut others = Vec::new();
    for name in names {
        let gone = inventory::find(&entries, name).is_none().then(|| catalogue.find(name)).flatten();
        match gone.filter(|entry| inventory.records().pin(&entry.id).is_some()) {
            Some(entry) => {
                inventory.update(|records| records.forget_pin(&entry.id));
                output::line(&format!(
                    "{}: its file is gone; the SHA-256 of its download is forgotten",
                    entry.id
                ))?;
            }
            None => others.push(name.clone()),
        }
    }
    Ok(others)
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
    let _ = write!(io::stderr(), "{} [y/N] ", output::printable(question));
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
    let (_, mut inventory) = load();
    let (chosen, exit) = named(&mut inventory, std::slice::from_ref(&args.name), Outside::Refused);
    let new = args.new.trim();
    for entry in chosen {
        inventory.update(|r| r.change(&entry.path, |r| r.name = (!new.is_empty()).then(|| new.to_owned())));
    }
    saved(&mut inventory)?;
    Ok(exit)
}

/// Makes models favourites.
///
/// # Errors
/// That can't be saved.
pub fn favourite(args: &FavouriteArgs) -> Result<Exit, Failure> {
    let (_, mut inventory) = load();
    let (chosen, exit) = named(&mut inventory, &args.names, Outside::Refused);
    for entry in chosen {
        inventory.update(|records| {
            for path in entry.paths() {
                records.change(path, |record| record.favourite = !args.off);
            }
        });
    }
    saved(&mut inventory)?;
    Ok(exit)
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
    let (catalogue, mut inventory) = load();
    let (mut chosen, mut exit) = chosen(&mut inventory, &args.names);
    if args.names.is_empty() {
        chosen.retain(|c| c.measured.is_none() && c.spec().is_some());
    }
    let interrupt = Interrupt::listen();
    for entry in chosen {
        let (known, cancel) = (catalogue.known(), Some(interrupt.cancel_token()));
        let isolation = Some(Isolation::of_user(When::Needed));
        let options = OpenOptions { known, isolation, cancel, ..Default::default() };
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
                    LineFormat::Json => {
                        output::json_line(&Time {
                            file: entry.path.display().to_string(),
                            measured: &measured,
                        })?;
                    }
                    LineFormat::Text => output::line(&format!(
                        "{}: {:.1} ms per frame, inference {:.1} ms ({}, {})",
                        entry.name,
                        measured.total_ms,
                        measured.inference_ms,
                        measured.provider,
                        count_of(measured.threads as u64, "thread")
                    ))?,
                }
            }
            Err(ModelError::Stopped) => return Ok(Exit::Interrupted),
            Err(error) => exit = exit.worse(Failure::from(error).report()),
        }
    }
    Ok(exit)
}
