//! What the user wants of the page "Teach", as plain data.

use std::path::PathBuf;

use crate::discard::Discarded;
use crate::learn::teach::HeadChoice;

/// Teaching a model new classes. Classes are named by their number, the first being 0.
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
    AddFiles(usize, Vec<PathBuf>),
    /// Show the pictures of the gallery, to take some as examples of this class; `None`: close it.
    Gallery(Option<usize>),
    /// Move an example to the trash.
    RemoveExample(PathBuf),
    /// Bring examples back, and the class of this name if it was removed with them.
    Restore(Discarded, Option<String>),
    /// Learn on top of this model.
    Backbone(PathBuf),
    /// Cut it at this tensor; `None`: at the one that is found.
    Tensor(Option<String>),
    Head(HeadChoice),
    /// Train now.
    Train,
    /// Stop training.
    Stop,
    /// Open the dialogue for exporting, or close it.
    ExportForm(bool),
    /// The model's file was chosen in a file dialogue.
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
