//! The lessons that there are: those that come with the program, and the user's own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use super::error::LessonError;
use super::lesson::Lesson;
use crate::model::folders;

/// Files that are looked at in the user's folder, at most.
const MAX_FILES: usize = 200;

/// A lesson of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its file, if it is the user's own.
    pub path: Option<PathBuf>,
    /// The lesson, or why it can't be taken.
    pub lesson: Result<Arc<Lesson>, LessonError>,
}

impl Listed {
    /// The lesson, if it can be taken.
    #[must_use]
    pub fn lesson(&self) -> Option<&Arc<Lesson>> {
        self.lesson.as_ref().ok()
    }
}

macro_rules! lessons {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../assets/lessons/", $name, ".toml")))),*]
    };
}

/// The files that come with the program, in the order in which they are best taken.
pub(super) const BUILT_IN: [(&str, &str); 7] = lessons!(
    "1-pixels",
    "2-convolution",
    "3-boxes",
    "4-precision",
    "5-transfer",
    "6-compression",
    "7-transformers"
);

/// The lessons that come with the program, in the order in which they are best taken.
#[must_use]
pub fn built_in() -> &'static [Arc<Lesson>] {
    static LESSONS: LazyLock<Vec<Arc<Lesson>>> = LazyLock::new(|| {
        // A test parses each of them.
        BUILT_IN.iter().filter_map(|(_, text)| Lesson::parse(text).ok()).map(Arc::new).collect()
    });
    &LESSONS
}

/// The folder of the user's own lessons: `lessons` in the data folder; `None` if the user has no home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(folders::data_folder()?.join("lessons"))
}

/// Every lesson: those that come with the program, then the `.toml` files of this folder by their names. A file that can't be
/// used is listed with its error; one with the id of an earlier lesson stands in that one's place, so that a teacher can
/// improve on it. Reads the disk.
#[must_use]
pub fn list(own: Option<&Path>) -> Vec<Listed> {
    let mut all: Vec<Listed> =
        built_in().iter().map(|lesson| Listed { path: None, lesson: Ok(Arc::clone(lesson)) }).collect();
    let entries = own.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")))
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .take(MAX_FILES)
        .collect();
    files.sort();
    for path in files {
        let lesson = Lesson::load(&path).map(Arc::new);
        let listed = Listed { lesson, path: Some(path) };
        let id = listed.lesson().map(|lesson| lesson.id.clone());
        let same =
            all.iter_mut().find(|old| id.is_some() && old.lesson().map(|lesson| &lesson.id) == id.as_ref());
        match same {
            Some(old) => *old = listed,
            None => all.push(listed),
        }
    }
    all
}
