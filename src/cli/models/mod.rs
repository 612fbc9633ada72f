//! `sightline models`: models on this computer and models to download. One file per command.

mod deploy;
mod import;
mod info;
mod list;
mod pull;
mod servers;
mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::{Exit, Failure};
use super::output;
use crate::library::{Catalogue, Inventory, ModelEntry, inventory};
use crate::settings;

/// The commands of `sightline models`.
#[derive(Debug, clap::Subcommand)]
pub enum ModelsCommand {
    /// List the models on this computer, or those that can be downloaded
    List(list::ListArgs),
    /// Show what models are and how Sightline recognised them; needs no ONNX Runtime
    Info(info::InfoArgs),
    /// List the inference servers that are saved, save one or forget one
    Servers(servers::ServersArgs),
    /// Download models from the catalogue
    Pull(pull::PullArgs),
    /// Import models from files, folders or .zip archives
    Import(import::ImportArgs),
    /// Write what an inference server reads of a model
    Deploy(deploy::DeployArgs),
    /// Verify that model files are complete and unchanged
    Verify(upkeep::VerifyArgs),
    /// Move models to the trash
    Remove(upkeep::RemoveArgs),
    /// Rename a model in lists; its file keeps its name
    Rename(upkeep::RenameArgs),
    /// Add models to the favourites: first in lists, and what the M key switches between
    Favourite(upkeep::FavouriteArgs),
    /// Measure how long models take per frame on this computer
    Measure(upkeep::MeasureArgs),
}

/// Runs a command.
///
/// # Errors
/// The command can't start or standard output can't be written. Errors of single models are printed, and the others go
/// on.
pub fn run(command: &ModelsCommand) -> Result<Exit, Failure> {
    match command {
        ModelsCommand::List(args) => list::run(args),
        ModelsCommand::Info(args) => info::run(args),
        ModelsCommand::Servers(args) => servers::run(args),
        ModelsCommand::Pull(args) => pull::run(args),
        ModelsCommand::Import(args) => import::run(args),
        ModelsCommand::Deploy(args) => deploy::run(args),
        ModelsCommand::Verify(args) => upkeep::verify(args),
        ModelsCommand::Remove(args) => upkeep::remove(args),
        ModelsCommand::Rename(args) => upkeep::rename(args),
        ModelsCommand::Favourite(args) => upkeep::favourite(args),
        ModelsCommand::Measure(args) => upkeep::measure(args),
    }
}

/// Loads the user's models: the usual folders and those of the settings.
pub fn load_inventory(catalogue: &Arc<Catalogue>) -> Inventory {
    for problem in &catalogue.problems {
        output::note(&format!("warning: {problem}"));
    }
    let folders = settings::settings_file().map(|f| settings::peek_model_folders(&f)).unwrap_or_default();
    let mut inventory = Inventory::of_user(&folders, Arc::clone(catalogue));
    print_error(&mut inventory);
    inventory
}

/// Prints an error of reading or writing the records as a warning.
fn print_error(inventory: &mut Inventory) {
    if let Some(error) = inventory.take_error() {
        output::note(&format!("warning: {error}"));
    }
}

/// Whether a command takes files that aren't in the library, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    Taken,
    Refused,
}

/// Returns the models with these names, and the exit code so far; names of no model are reported.
fn named(inventory: &mut Inventory, names: &[String], outside: Outside) -> (Vec<ModelEntry>, Exit) {
    let entries = inventory.entries();
    let (mut found, mut exit) = (Vec::new(), Exit::Done);
    for name in names {
        let file = Path::new(name);
        if let Some(entry) = inventory::find(&entries, name) {
            found.push(entry.clone());
        } else if !file.exists() || file.is_dir() {
            exit = unknown(name, &entries, inventory.catalogue()).report();
        } else if let (Outside::Taken, Some(entry)) = (outside, inventory.entry(file)) {
            found.push(entry);
        } else {
            let message = format!("\u{201c}{name}\u{201d} isn\u{2019}t in the library.");
            let fix = format!("Import it first:  sightline models import {name}");
            exit = Failure::usage(message, fix).report();
        }
    }
    (found, exit)
}

/// The failure for a name that is neither a file nor a model of the library, with similar names.
pub fn unknown(name: &str, entries: &[ModelEntry], catalogue: &Catalogue) -> Failure {
    let message =
        format!("There is no model \u{201c}{name}\u{201d}: it is neither a file nor in the library.");
    if let Some(entry) = catalogue.find(name) {
        return Failure::usage(message, format!("Download it with:  sightline models pull {}", entry.id));
    }
    let small = name.to_lowercase();
    let similar = |entry: &&ModelEntry| {
        let other = entry.name.to_lowercase();
        other.contains(&small) || strsim::jaro_winkler(&small, &other) > 0.85
    };
    let mut near: Vec<&str> =
        entries.iter().filter(similar).map(|entry| entry.name.as_str()).take(5).collect();
    near.dedup();
    Failure::usage(
        message,
        if near.is_empty() {
            "\u{201c}sightline models list\u{201d} lists the models on this computer.".into()
        } else {
            format!("Did you mean {}?", near.join(", "))
        },
    )
}

/// The exit code, given whether every model succeeded.
fn exit(succeeded: bool) -> Exit {
    if succeeded { Exit::Done } else { Exit::Failed }
}

/// The folder of downloaded and imported models.
fn home() -> Result<PathBuf, Failure> {
    crate::library::home().ok_or_else(|| {
        let error = crate::library::ImportError::NoFolder;
        Failure::failed(error.to_string(), error.fix())
    })
}
