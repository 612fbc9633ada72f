//! Data sets: images with labels, to train models with and to measure them by.
//!
//! [`Dataset`] is plain data, whatever it was read from. [`Folder`] is Sightline's own data set on the disk: one small label file
//! an image, so that saving an edit is cheap and a crash loses nothing. Coordinates are pixels of the upright image (as its EXIF
//! orientation says), with the origin at the top left corner of the top left pixel.

pub mod check;
mod collect;
mod collector;
mod counted;
mod difference;
mod error;
pub mod evaluate;
mod export;
mod folder;
mod formats;
mod import;
mod label_file;
pub mod masks;
pub mod measure;
mod names;
mod problem;
mod types;

pub use collect::{Collected, labels_of};
pub use collector::{Added, CollectError, Collector, Sight};
pub use counted::{Chosen, Counted, chosen};
pub use difference::{Difference, Weight, difference};
pub use error::DatasetError;
pub use export::{ExportOptions, Exported, SplitParts, export};
pub use folder::{Folder, Opened};
pub use formats::{Format, Loss, Losses, Read, SourceFormat, coco_ids, read};
pub use import::{Imported, import};
pub use problem::Problem;
pub use types::{
    Annotation, Class, Dataset, ImageClass, Item, KeypointScheme, LabelPoint, Origin, Polygon, Split, State,
    Visibility,
};
