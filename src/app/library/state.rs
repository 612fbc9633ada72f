//! What the library page remembers between two passes.

use std::path::PathBuf;

use crate::model::Task;

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Here,
    Available,
}

/// What is asked before something is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Question {
    /// A new name for the model of this file; the text that is typed.
    Rename(PathBuf, String),
    /// Whether to remove this file; the model's name.
    Remove(PathBuf, String),
    /// Whether to download this entry of the catalogue under its licence.
    Licence(String),
    /// Whether to download the starter set.
    Starters,
}

/// What the library page remembers between two passes.
#[derive(Debug, Default)]
pub struct LibraryPage {
    pub(super) tab: Tab,
    pub(super) search: String,
    /// Only models of this task are listed.
    pub(super) task: Option<Task>,
    /// Of those to download, only the classics are listed, in the order of a course.
    pub(super) classics: bool,
    /// The model whose details are open.
    pub(super) open: Option<PathBuf>,
    pub(super) question: Option<Question>,
}
