//! Many models: those to download (the catalogue), those on this computer (the inventory), how one becomes the other, and
//! how they are looked after.

pub mod archive;
pub mod catalogue;
pub mod download;
mod folder_events;
pub mod import;
pub mod inventory;
pub mod leftovers;
pub mod measure;
pub mod model_entry;
pub mod names;
pub mod pull;
pub mod records;
pub mod search;
pub mod servers;
pub mod upkeep;
pub mod watch;

use std::path::PathBuf;

pub use catalogue::{Catalogue, CatalogueEntry, Mirrors, Permits, Precision};
pub(crate) use folder_events::FolderEvents;
pub use import::{ImportError, ImportMode, Imported};
pub use inventory::Inventory;
pub use model_entry::{Kind, ModelEntry};
pub use records::{Measured, Origin, RecordsFile};
pub use watch::Watcher;

use crate::model::folders;

/// The folder of downloaded and imported models: `models` in the data folder.
#[must_use]
pub fn home() -> Option<PathBuf> {
    Some(folders::data_folder()?.join("models"))
}
