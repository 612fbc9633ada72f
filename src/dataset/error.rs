//! Why a data set can't be read or written.

use std::io;
use std::path::{Path, PathBuf};

use super::formats::Losses;
use crate::save::SnapshotError;

/// Why a data set can't be read or written as a whole. What is wrong with single images is a [`super::Problem`].
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// Nothing is there.
    #[error("There is no data set at \u{201c}{}\u{201d}.", path.display())]
    Missing { path: PathBuf },
    /// Something else is there.
    #[error("\u{201c}{}\u{201d} is not a data set of Sightline: it has no dataset.json.", path.display())]
    NotOne { path: PathBuf },
    /// No format fits.
    #[error(
        "\u{201c}{}\u{201d} is not a data set that can be read: neither Sightline's own, COCO, YOLO nor a folder for each class.",
        path.display()
    )]
    Unknown { path: PathBuf },
    /// Nothing would be exported.
    #[error("No image of the data set can be exported: {losses}")]
    Nothing { losses: Losses },
    /// None of the images is there.
    #[error("None of the images is there: \u{201c}{}\u{201d} and all others are missing.", path.display())]
    NoImages { path: PathBuf },
    /// The user ended it.
    #[error("The work was ended before it was done; nothing was written.")]
    Ended,
    /// A newer Sightline made it.
    #[error(
        "The data set \u{201c}{}\u{201d} was made by a newer Sightline (its format is {version}, this one reads 1).",
        path.display()
    )]
    Newer { path: PathBuf, version: u64 },
    /// A file can't be read.
    #[error("\u{201c}{}\u{201d} can't be read: {source}.", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A file's content makes no sense.
    #[error("\u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// A file or folder can't be written.
    #[error("\u{201c}{}\u{201d} can't be written: {source}.", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error("The disk of \u{201c}{}\u{201d} is full.", path.display())]
    Full { path: PathBuf },
    /// Something is there where a new data set is to be made.
    #[error("\u{201c}{}\u{201d} holds something already.", path.display())]
    Taken { path: PathBuf },
    /// An image can't be encoded.
    #[error(transparent)]
    Image(#[from] SnapshotError),
}

impl DatasetError {
    /// What the user can do about it, as a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Missing { .. } => "Check the name and the folder that you are in.".into(),
            Self::NotOne { .. } => {
                "Choose a folder that Sightline made, or import what is there into a new one.".into()
            }
            Self::Unknown { .. } => {
                "Name a folder with a data.yaml, dataset.json or annotations, a COCO file, or a folder with one folder for each class."
                    .into()
            }
            Self::Nothing { .. } => "Review some images first, or export those that aren't reviewed too.".into(),
            Self::NoImages { .. } => "Name the folder of the images.".into(),
            Self::Ended => "Start it again when you want it done.".into(),
            Self::Newer { .. } => "Update Sightline.".into(),
            Self::Unreadable { .. } => "Check that the file is there and that this account may read it.".into(),
            Self::Damaged { .. } => {
                "Put a copy from a backup in its place, or export the data set again with the program that made it."
                    .into()
            }
            Self::Unwritable { .. } => {
                "Choose a folder that this account may write to, or free the one that is chosen.".into()
            }
            Self::Full { .. } => "Free some space, or choose a folder on another disk.".into(),
            Self::Taken { .. } => "Choose a new or an empty folder.".into(),
            Self::Image(_) => "Choose another format for images.".into(),
        }
    }

    /// The error of reading `path`.
    pub(super) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Unreadable { path, source },
        }
    }

    /// The error of writing `path`.
    pub(super) fn writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Unwritable { path, source },
        }
    }
}
