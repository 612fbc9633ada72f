//! Running a saved snapshot or recording again: the same model on the clean image, and whether it finds the same.

mod compare;
mod error;
mod file;

pub use compare::{Comparison, Difference, compare};
pub use error::ReplayError;
pub use file::{Kind, SavedFile, SavedModel};
