//! `sightline models`: models on this computer and models to download. One file per command.

mod import;
mod info;
mod list;
mod pull;
mod upkeep;

use std::path::PathBuf;
use std::sync::Arc;

pub use info::reason_of;

use super::failure::{Exit, Failure};
use super::output;
use crate::library::{Catalogue, Inventory, ModelEntry, inventory};
use crate::settings;

/// The commands of `sightline models`.
#[derive(Debug, clap::Subcommand)]
pub enum ModelsCommand {
    /// List the models on this computer, or those that can be downloaded
    List(list::ListArgs),
    /// Show what model files are and how Sightline recognised them; needs no ONNX Runtime
    Info(info::InfoArgs),
    /// Download models of the catalogue
    Pull(pull::PullArgs),
    /// Import models from files, folders or .zip archives
    Import(import::ImportArgs),
    /// Check models against their published hashes
    Verify(upkeep::VerifyArgs),
    /// Move models to the trash
    Remove(upkeep::RemoveArgs),
    /// Give a model another name in lists; its file keeps its own
    Rename(upkeep::RenameArgs),
    /// Make models favourites: first in lists, and those that the M key switches between
    Favourite(upkeep::FavouriteArgs),
    /// Measure how long models take on this computer
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
        ModelsCommand::Pull(args) => pull::run(args),
        ModelsCommand::Import(args) => import::run(args),
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

/// Returns the models with these names, and whether all were found; names that weren't are printed.
fn named<'a>(entries: &'a [ModelEntry], names: &[String]) -> (Vec<&'a ModelEntry>, bool) {
    let mut all_found = true;
    let mut found = Vec::new();
    for name in names {
        if let Some(entry) = inventory::find(entries, name) {
            found.push(entry);
        } else {
            let message = format!("There is no model \u{201c}{name}\u{201d} in the library.");
            let _ =
                Failure::failed(message, "\u{201c}sightline models list\u{201d} lists the models.").report();
            all_found = false;
        }
    }
    (found, all_found)
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
