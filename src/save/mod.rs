//! What is saved: the record of a frame's results, snapshots, and comparisons of models.

pub mod comparison;
pub mod comparison_record;
pub mod comparison_text;
mod error;
mod files;
mod objects;
pub mod record;
pub mod rle;
mod shutter;
pub mod snapshot;
pub mod tracked_lines;
mod user_folders;

pub use comparison::{ComparisonView, comparison_image, save_comparison};
pub use comparison_record::ComparisonRecord;
pub use error::SnapshotError;
pub use files::{Saved, Thumbnail, encode_frame};
pub use objects::{cut_out, object_name};
pub use record::{FrameInfo, FrameRecord};
pub use shutter::{ShutterOptions, Take};
pub use snapshot::{ImageFormat, PredictionView, SnapshotOptions, SnapshotView, picture, save};
pub use tracked_lines::{TrackedLines, WrongLine};
pub(crate) use user_folders::{NoFolder, names_at, prepare_folder};
pub use user_folders::{default_folder, default_video_folder};
