//! What is kept: the record of what was found in a frame, snapshots, and what compares models.

pub mod comparison;
mod pictures_folder;
pub mod record;
pub mod rle;
pub mod snapshot;

pub use comparison::{ComparisonRecord, ComparisonView, comparison_picture, save_comparison};
pub use pictures_folder::default_folder;
pub use record::{FrameFacts, FrameRecord};
pub use snapshot::{PictureFormat, Saved, SnapshotError, SnapshotOptions, SnapshotView, save};
