//! What is wrong with single files of a data set that can be read otherwise.

use std::fmt;
use std::path::PathBuf;

/// Something in one file that could not be taken over. Nothing in the file is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A label file can't be read; its image is there without labels. Saving its labels keeps the damaged file as `….bak`.
    Labels { path: PathBuf, reason: String },
    /// A label file has no image.
    NoImage { path: PathBuf },
    /// An image can't be read.
    Image { path: PathBuf, reason: String },
    /// So many labels of a file make no sense and were left out.
    Label { path: PathBuf, reason: String, count: usize },
    /// Labels name a class that the data set didn't list; it was added.
    NewClass { path: PathBuf, class: String },
    /// A folder can't be looked into.
    Folder { path: PathBuf, reason: String },
}

impl Problem {
    /// The file or folder that it is about.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::Labels { path, .. }
            | Self::NoImage { path }
            | Self::Image { path, .. }
            | Self::Label { path, .. }
            | Self::NewClass { path, .. }
            | Self::Folder { path, .. } => path,
        }
    }
}

impl fmt::Display for Problem {
    /// A sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path().display();
        match self {
            Self::Labels { reason, .. } => {
                write!(f, "The labels in \u{201c}{path}\u{201d} can't be read: {reason}.")
            }
            Self::NoImage { .. } => {
                write!(f, "\u{201c}{path}\u{201d} has labels for an image that isn't there.")
            }
            Self::Image { reason, .. } => {
                write!(f, "The image \u{201c}{path}\u{201d} can't be read: {reason}.")
            }
            Self::Label { reason, count, .. } if *count > 1 => {
                write!(f, "{count} labels in \u{201c}{path}\u{201d} were left out: {reason}.")
            }
            Self::Label { reason, .. } => {
                write!(f, "A label in \u{201c}{path}\u{201d} was left out: {reason}.")
            }
            Self::NewClass { class, .. } => {
                write!(
                    f,
                    "\u{201c}{path}\u{201d} names the class \u{201c}{class}\u{201d}, which the data set didn't list."
                )
            }
            Self::Folder { reason, .. } => {
                write!(f, "The folder \u{201c}{path}\u{201d} can't be read: {reason}.")
            }
        }
    }
}
