//! Why teaching fails; each message says what happened, each [`TeachError::fix`] what to do.

use std::path::PathBuf;

use crate::discard::DiscardError;
use crate::model::ModelError;

/// Why a project, its training or its export fails.
#[derive(Debug, thiserror::Error)]
pub enum TeachError {
    /// There is no such folder.
    #[error("The folder \u{201c}{}\u{201d} doesn't exist.", path.display())]
    NoFolder { path: PathBuf },
    /// It exists but can't be read.
    #[error("\u{201c}{}\u{201d} can't be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// A file of the project can't be written.
    #[error("\u{201c}{}\u{201d} can't be written: {reason}.", path.display())]
    Unwritable { path: PathBuf, reason: String },
    /// Something in `teach.toml` is wrong.
    #[error("The project file \u{201c}{}\u{201d} is invalid: {reason}.", path.display())]
    BadProject { path: PathBuf, reason: String },
    /// A folder with fewer than two classes of images.
    #[error("\u{201c}{}\u{201d} has {} with images, and a model learns to tell apart two or more.", path.display(), if *count == 1 { "1 class".to_owned() } else { format!("{count} classes") })]
    TooFewClasses { path: PathBuf, count: usize },
    /// More classes than a project may have: so many at least, since nobody counts further.
    #[error("The project has more classes than {}, the most that a project may have.", super::MAX_CLASSES)]
    TooManyClasses { count: usize },
    /// `teach.toml` isn't as it was read or written last.
    #[error("\u{201c}{}\u{201d} was changed by another window or program, so it wasn't overwritten.", path.display())]
    ChangedOutside { path: PathBuf },
    /// A class needs a name of its own.
    #[error("There is a class \u{201c}{name}\u{201d} already.")]
    NameTaken { name: String },
    /// A class needs a name.
    #[error("A class needs a name.")]
    NoName,
    /// A class has a name that nothing has room for.
    #[error("The name has {count} characters, and {} are the most.", super::MAX_NAME)]
    NameTooLong { count: usize },
    /// There is no class of that number.
    #[error("There is no class {index}.")]
    NoClass { index: usize },
    /// A class that has no example which can be used.
    #[error("The class \u{201c}{name}\u{201d} has no image that can be read.")]
    EmptyClass { name: String },
    /// The model can't be opened or run.
    #[error("{0}")]
    Model(#[from] ModelError),
    /// The model can't be a backbone.
    #[error("\u{201c}{}\u{201d} can't be a backbone: {reason}.", path.display())]
    NoBackbone { path: PathBuf, reason: String },
    /// The tensor that the user named can't be the embedding.
    #[error("The tensor \u{201c}{name}\u{201d} can't be the embedding: {reason}.")]
    BadTensor { name: String, reason: String },
    /// The project was taught with another model.
    #[error("The project was made with another backbone than \u{201c}{}\u{201d}.", path.display())]
    OtherBackbone { path: PathBuf },
    /// The numbers don't let a head be trained.
    #[error("No head can be trained: {reason}.")]
    Untrainable { reason: String },
    /// More embeddings than memory should hold.
    #[error(
        "Embeddings of {images} images with {numbers} numbers each are more than can be learnt from at once."
    )]
    TooMuch { images: usize, numbers: usize },
    /// A link where the project's own folder is expected: what is written there would go elsewhere.
    #[error("\u{201c}{}\u{201d} is a link, and links to folders aren't followed.", path.display())]
    Linked { path: PathBuf },
    /// A file that nobody said may be replaced.
    #[error("\u{201c}{}\u{201d} exists.", path.display())]
    Exists { path: PathBuf },
    /// The written file gives other scores than the head.
    #[error(
        "The exported model gives other scores than the head that was trained (by up to {difference:.6}), so it wasn't kept."
    )]
    Differs { difference: f64 },
    /// No image was there to compare both on.
    #[error(
        "The exported model couldn't be verified, because none of the images can be read any more, so it wasn't kept."
    )]
    Unverified,
    /// The file that the exported model would replace is its own backbone.
    #[error("The exported model would replace its own backbone, \u{201c}{}\u{201d}.", path.display())]
    IsBackbone { path: PathBuf },
    /// A settings file that goes before what the exported file says of itself.
    #[error("\u{201c}{}\u{201d} lies there: a settings file, which would change how the exported model is read.", path.display())]
    SidecarThere { path: PathBuf },
    /// The joined graph can't be made.
    #[error("The model can't be exported: {reason}.")]
    NotExported { reason: String },
    /// Moving an example to the trash, or back, failed.
    #[error("{0}")]
    Discard(#[from] DiscardError),
    /// A cancel token ended it.
    #[error("Training was stopped.")]
    Stopped,
}

impl TeachError {
    /// What the user can do about it, in a sentence; may be empty.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::NoFolder { .. } => "Check the name and the folder that you are in.".into(),
            Self::Unreadable { .. } => "Check that this account may read it.".into(),
            Self::Unwritable { .. } => "Check that the folder exists, that this account may write there, and that the disk isn't full.".into(),
            Self::BadProject { .. } => "Correct it, or delete it: the folder's class folders are then found without it.".into(),
            Self::TooFewClasses { .. } => "Make one folder for each class inside it, and put images into them.".into(),
            Self::TooManyClasses { .. } => "Remove classes, or split the project.".into(),
            Self::ChangedOutside { .. } => "Open the project again, then change it once more.".into(),
            Self::NameTaken { .. } => "Choose another name.".into(),
            Self::NameTooLong { .. } => "Choose a shorter name.".into(),
            Self::NoName => "Type a name.".into(),
            Self::NoClass { .. } => "Choose a class of the project.".into(),
            Self::EmptyClass { .. } => "Put images into its folder, or remove the class.".into(),
            Self::Model(error) => error.fix(),
            Self::NoBackbone { .. } => "Choose a classifier, an embedding model or a detector with one image as input.".into(),
            Self::BadTensor { .. } => "Choose one of the tensors that are listed as candidates.".into(),
            Self::OtherBackbone { .. } => "Choose the model that it was made with, or this one for the project from now on.".into(),
            Self::Untrainable { .. } => "Collect other examples, or choose another backbone.".into(),
            Self::TooMuch { .. } => "Take fewer images, or a tensor with fewer numbers as the embedding.".into(),
            Self::Linked { .. } => "Copy the folder into the project.".into(),
            Self::Exists { .. } => "Choose another name, or have it replaced.".into(),
            Self::Differs { .. } => "Choose another tensor or backbone, or report this with the model's name.".into(),
            Self::Unverified => "Check that the project's folder is there, and train again.".into(),
            Self::IsBackbone { .. } => "Give the exported model another name, or choose another folder.".into(),
            Self::SidecarThere { .. } => "Give the exported model another name, or move the settings file away.".into(),
            Self::NotExported { .. } => "Choose another backbone or tensor.".into(),
            Self::Discard(error) => error.fix().into(),
            Self::Stopped => String::new(),
        }
    }
}
