//! Data sets: images with labels, to train models with and to measure them by.
//!
//! [`Dataset`] is plain data, whatever it was read from. [`Folder`] is Sightline's own data set on the disk: one small label file
//! an image, so that saving an edit is cheap and a crash loses nothing. Coordinates are pixels of the upright image (as its EXIF
//! orientation says), with the origin at the top left corner of the top left pixel.

mod collect;
mod error;
mod folder;
mod label_file;
mod names;
mod problem;
mod types;

pub use collect::{Collected, labels_of};
pub use error::DatasetError;
pub use folder::{Folder, Opened};
pub use problem::Problem;
pub use types::{
    Annotation, Class, Dataset, ImageClass, Item, KeypointScheme, LabelPoint, Origin, Polygon, Split, State,
    Visibility,
};
