//! Teaching a model new classes from a few examples (transfer learning): a network that was trained already turns each image into
//! numbers, its *embedding*, and a small *head* learns to tell classes apart by them.
//!
//! | step | what does it |
//! |---|---|
//! | images in one folder a class | [`Project`] |
//! | an image becomes numbers | [`Backbone`], kept by file in [`Embeddings`] |
//! | a head learns | [`train`], which measures heads by cross-validation and chooses one |
//! | scores for one frame | [`Head::scores`] |
//! | one ordinary ONNX file | [`export`] |
//!
//! Everything here may be sent to another thread, and takes its time: none of it belongs on a window's thread.

mod backbone;
mod embeddings;
mod error;
mod export;
pub mod find;
mod finder;
mod fit;
mod folds;
mod graph;
mod head;
mod map;
mod measure;
mod project;
mod train;

pub use backbone::{Backbone, Cut, Pooling};
pub use embeddings::{Embedding, Embeddings, LeftOut, Sample, Samples};
pub use error::TeachError;
pub use export::{ExportOptions, Exported, check_target, export};
pub use finder::{FeatureMap, Finder};
pub use head::{Head, HeadKind, Layer};
pub use map::{MAX_TSNE, MIN_TSNE, MapKind, MapPoint, map, map_as};
pub use measure::{Advice, Confusion, Measured, Uncertain, Wilson};
pub use project::{Class, Example, MAX_CLASSES, MAX_NAME, NOTHING, Opened, Project, Settings, Take};
pub use train::{HeadChoice, Report, TrainOptions, Trained, train};
