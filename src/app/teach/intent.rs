//! What the user wants of the page "Teach", as plain data.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use crate::discard::Discarded;
use crate::learn::teach::{Class, HeadChoice, MapKind};

/// A class of a project, wherever it stands among the others: for what takes longer than a pass of the window, in which classes are
/// removed and projects are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(u64);

impl ClassId {
    /// The class with this folder, of the project in `root`.
    #[must_use]
    pub fn of(root: &Path, folder: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (root, folder).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// What brings back what was moved to the trash.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// The folder of the project.
    pub root: PathBuf,
    pub gone: Discarded,
    /// The class that was removed with its examples.
    pub class: Option<Class>,
}

/// Teaching a model new classes. A number names a class as the page shows it in this pass, the first being 0.
#[derive(Clone, Debug, PartialEq)]
pub enum TeachIntent {
    /// Make a project of this name in the usual folder, and open it.
    Create(String),
    /// Open the project in this folder, or a folder with a folder of images for each class.
    Open(PathBuf),
    Close,
    /// Show a tab of the page.
    Tab(TeachTab),
    AddClass(String),
    RenameClass(usize, String),
    /// Move a class and its images to the trash.
    RemoveClass(usize),
    /// Collect frames of the preview as examples of this class until told otherwise; `None`: stop.
    Collect(Option<usize>),
    /// Copy image files, and those of folders, into a class.
    AddFiles(ClassId, Vec<PathBuf>),
    /// Show the pictures of the gallery, to take some as examples of this class; `None`: close it.
    Gallery(Option<usize>),
    /// Move an example to the trash.
    RemoveExample(PathBuf),
    /// Bring examples back, and the class that was removed with them, whatever project is open now.
    Restore(Box<Undo>),
    /// Learn on top of this model.
    Backbone(PathBuf),
    /// The project's backbone is the one that is open from now on, although its content is another.
    KeepBackbone,
    /// Cut it at this tensor; `None`: at the one that is found.
    Tensor(Option<String>),
    Head(HeadChoice),
    /// How the map of the examples is drawn.
    Map(MapKind),
    /// Train now.
    Train,
    /// Stop training.
    Stop,
    /// Open the dialogue for exporting, or close it.
    ExportForm(bool),
    /// The model's folder was chosen in a file dialogue, or its file was typed.
    ExportTo(PathBuf),
    /// Export as the dialogue says.
    Export,
    /// Open an exported model in the window.
    Run(PathBuf),
    /// Quit although something isn't saved.
    QuitAnyway,
    /// Don't quit.
    KeepOpen,
    /// Find what is in this part of the frame: x1, y1, x2, y2, each 0..=1 of the frame's width and height; `None`: nothing.
    Find(Option<[f32; 4]>),
    /// Look for it in the maps of this tensor; `None`: those that suit best.
    FindIn(Option<String>),
}

/// A tab of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TeachTab {
    /// Classes and their examples.
    #[default]
    Examples,
    /// How good the head is.
    Results,
    /// Find by example.
    Find,
}
