//! A project: a folder with `teach.toml` and a folder of images for each class. A folder of class folders without that file is one
//! too, also with `train` and `val` in between, as torchvision's `ImageFolder` reads them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TeachError;
use super::train::HeadChoice;
use crate::discard::Discarded;
use crate::frame::Frame;
use crate::save::ImageFormat;

/// The most classes of a project.
pub const MAX_CLASSES: usize = 20;
/// The name of the class that is suggested for everything else.
pub const NOTHING: &str = "nothing";

/// What `teach.toml` holds besides the classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Settings {
    /// The backbone's file; relative to the project's folder if it lies below.
    pub backbone: Option<PathBuf>,
    /// SHA-256 of the backbone's file, hex, lower case.
    pub backbone_sha256: Option<String>,
    /// The tensor that is the embedding; `None`: the one that is found.
    pub tensor: Option<String>,
    pub head: HeadChoice,
    /// The inverse strength of regularisation of logistic regression, as scikit-learn's `C`.
    pub c: Option<f64>,
    /// What random numbers begin with.
    pub seed: u64,
}

/// One example image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Example {
    pub path: PathBuf,
    /// Examples of one group were taken in one go (frames of a video, one press of the key) and are alike: they stay together when
    /// heads are measured.
    pub group: String,
}

/// A class with its examples, in natural order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    /// The name of its folder, which any file system takes.
    pub folder: String,
    pub examples: Vec<Example>,
    /// Images of `val`: never learnt from, only measured by.
    pub held_out: Vec<Example>,
}

/// One press of the key: the examples that are taken during it are one group.
#[derive(Clone, Debug)]
pub struct Take {
    /// How the names of its files begin.
    stem: String,
    next: usize,
}

impl Take {
    /// A new take, named by the clock.
    #[must_use]
    pub fn now() -> Self {
        todo!()
    }
}

/// A project on the disk, and what is in it.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
    pub settings: Settings,
    classes: Vec<Class>,
    /// Keys of `teach.toml` that this version doesn't know.
    unknown: toml::Table,
}

/// A project that was opened.
#[derive(Debug)]
pub struct Opened {
    pub project: Project,
    /// What is wrong with it and doesn't keep it from being used, a sentence each.
    pub notes: Vec<String>,
}

impl Project {
    /// Makes a new project in a folder that doesn't exist or is empty.
    ///
    /// # Errors
    /// Why it can't be made.
    pub fn create(root: &Path) -> Result<Self, TeachError> {
        let _ = root;
        todo!()
    }

    /// Opens a project, or a folder of class folders. Lists files, reads no image.
    ///
    /// # Errors
    /// Why it is none. Fewer than two classes are fine here, more than [`MAX_CLASSES`] aren't.
    pub fn open(root: &Path) -> Result<Opened, TeachError> {
        let _ = root;
        todo!()
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The classes, in the order of the scores.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The names of the classes, in the order of the scores.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.classes.iter().map(|class| class.name.clone()).collect()
    }

    /// Writes `teach.toml`: whole or not at all; keys that this version doesn't know stay.
    ///
    /// # Errors
    /// [`TeachError::Unwritable`].
    pub fn save(&self) -> Result<(), TeachError> {
        todo!()
    }

    /// Adds a class at the end, with its folder, and saves. Returns its number.
    ///
    /// # Errors
    /// A name that is taken or empty, too many classes, or why it can't be written.
    pub fn add_class(&mut self, name: &str) -> Result<usize, TeachError> {
        let _ = name;
        todo!()
    }

    /// Renames a class and saves. Its folder keeps its name.
    ///
    /// # Errors
    /// As [`Project::add_class`].
    pub fn rename_class(&mut self, index: usize, name: &str) -> Result<(), TeachError> {
        let _ = (index, name);
        todo!()
    }

    /// Removes a class and moves its images to the trash.
    ///
    /// # Errors
    /// Why it stays.
    pub fn remove_class(&mut self, index: usize) -> Result<Discarded, TeachError> {
        let _ = index;
        todo!()
    }

    /// Writes a frame (RGBA) as an example of a class, JPEG in quality 95 or PNG: whole or not at all. Returns its file.
    ///
    /// # Errors
    /// Why it can't be written.
    pub fn add_frame(
        &mut self,
        class: usize,
        frame: &Frame,
        format: ImageFormat,
        take: &mut Take,
    ) -> Result<PathBuf, TeachError> {
        let _ = (class, frame, format, take);
        todo!()
    }

    /// Copies an image file into a class. Returns the copy.
    ///
    /// # Errors
    /// Why it can't be copied, or that it is no image.
    pub fn add_file(&mut self, class: usize, file: &Path) -> Result<PathBuf, TeachError> {
        let _ = (class, file);
        todo!()
    }

    /// Moves an example to the trash.
    ///
    /// # Errors
    /// Why it stays.
    pub fn remove_example(&mut self, path: &Path) -> Result<Discarded, TeachError> {
        let _ = path;
        todo!()
    }

    /// A sentence if one class has more than three times as many examples as another: which, and what to do.
    #[must_use]
    pub fn imbalance(&self) -> Option<(usize, usize)> {
        todo!()
    }

    /// Whether a class "nothing" should be suggested: there is none, and there are two classes or more.
    #[must_use]
    pub fn wants_nothing(&self) -> bool {
        todo!()
    }
}
