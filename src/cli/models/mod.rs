//! `sightline models`: what models are here and what there is to get, and looking after them. One file a command.

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
use crate::library::{Catalogue, Inventory, ModelEntry, inventory as library_shelf};
use crate::settings;

/// What `sightline models` takes.
#[derive(Debug, clap::Subcommand)]
pub enum ModelsCommand {
    /// List the models on this computer, or those that can be fetched
    List(list::ListArgs),
    /// Say what model files are and how Sightline knows; needs no ONNX Runtime
    Info(info::InfoArgs),
    /// Fetch models of the catalogue
    Pull(pull::PullArgs),
    /// Take models in from files, folders or .zip archives
    Import(import::ImportArgs),
    /// Compare models with what they must be, byte for byte
    Verify(upkeep::VerifyArgs),
    /// Put models into the trash
    Remove(upkeep::RemoveArgs),
    /// Give a model another name in lists; its file keeps its own
    Rename(upkeep::RenameArgs),
    /// Make models favourites: the first in lists, and those that M goes through
    Favourite(upkeep::FavouriteArgs),
    /// Measure how long models take on this computer
    Measure(upkeep::MeasureArgs),
}

/// Does what was asked for.
///
/// # Errors
/// Where the work can't be begun or standard output can't be written; what is wrong with single models is said as it
/// comes, and the others go on.
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

/// The user's models: the usual folders and those of the settings.
pub fn inventory(catalogue: &Arc<Catalogue>) -> Inventory {
    for problem in &catalogue.problems {
        output::note(&format!("warning: {problem}"));
    }
    let folders = settings::settings_file().map(|f| settings::peek_model_folders(&f)).unwrap_or_default();
    let mut inventory = Inventory::of_user(&folders, Arc::clone(catalogue));
    if let Some(trouble) = inventory.take_trouble() {
        output::note(&format!("warning: {trouble}"));
    }
    inventory
}

/// The cards that names mean; what isn't known is said.
fn named<'a>(cards: &'a [ModelEntry], names: &[String]) -> (Vec<&'a ModelEntry>, bool) {
    let mut all_known = true;
    let mut found = Vec::new();
    for name in names {
        if let Some(card) = library_shelf::find(cards, name) {
            found.push(card);
        } else {
            let message = format!("There is no model \u{201c}{name}\u{201d} in the library.");
            let _ = Failure::failed(message, "\u{201c}sightline models list\u{201d} shows what is there.")
                .report();
            all_known = false;
        }
    }
    (found, all_known)
}

fn exit(all_well: bool) -> Exit {
    if all_well { Exit::Done } else { Exit::Failed }
}

/// The folder that models are put into.
fn home() -> Result<PathBuf, Failure> {
    crate::library::home().ok_or_else(|| {
        let error = crate::library::ImportError::NoFolder;
        Failure::failed(error.to_string(), error.fix())
    })
}
