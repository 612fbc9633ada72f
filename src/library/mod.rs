//! Many models: what there is to get (the catalogue), what is here (the inventory), how one becomes the other, and how it is
//! looked after.

pub mod archive;
pub mod catalogue;
pub mod download;
pub mod import;
pub mod inventory;
pub mod measure;
pub mod model_entry;
pub mod names;
pub mod pull;
pub mod records;
pub mod search;
pub mod upkeep;
pub mod watch;

use std::path::PathBuf;

pub use catalogue::{Catalogue, Entry, Mirrors, Permits, Precision};
pub use import::{How, ImportError, Imported};
pub use inventory::Inventory;
pub use model_entry::{Kind, ModelEntry};
pub use records::{Measured, Origin, RecordsFile};
pub use watch::Watcher;

use crate::model::folders;

/// Where models that are fetched or imported go: `models` in the data folder.
#[must_use]
pub fn home() -> Option<PathBuf> {
    Some(folders::data_folder()?.join("models"))
}
