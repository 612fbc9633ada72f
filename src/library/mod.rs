//! Many models: what there is to get (the catalogue), what is here (the shelf), how one becomes the other, and how it is
//! looked after.

pub mod archive;
pub mod card;
pub mod catalogue;
pub mod download;
pub mod import;
pub mod measure;
pub mod names;
pub mod notes;
pub mod pull;
pub mod search;
pub mod shelf;
pub mod upkeep;
pub mod watch;

use std::path::PathBuf;

pub use card::{Card, Kind};
pub use catalogue::{Catalogue, Entry, Mirrors, Permits, Precision};
pub use import::{How, ImportError, Imported};
pub use notes::{Measured, NotesFile, Origin};
pub use shelf::Shelf;
pub use watch::Watcher;

use crate::model::folders;

/// Where models that are fetched or imported go: `models` in the data folder.
#[must_use]
pub fn home() -> Option<PathBuf> {
    Some(folders::data_folder()?.join("models"))
}
