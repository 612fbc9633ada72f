//! What is kept: the record of what was found in a frame, snapshots, and what compares models.

pub mod comparison;
mod images_folder;
pub mod record;
pub mod rle;
pub mod snapshot;

pub use comparison::{ComparisonRecord, ComparisonView, comparison_image, save_comparison};
pub use images_folder::default_folder;
pub use record::{FrameFacts, FrameRecord};
pub use snapshot::{ImageFormat, Saved, SnapshotError, SnapshotOptions, SnapshotView, save};
