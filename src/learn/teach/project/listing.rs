//! Which folders and images a project has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Class, Example};
use crate::library::names;
use crate::source::address::IMAGE_EXTENSIONS;

/// Folders within a class's folder are followed so deep.
const DEPTH: usize = 8;

/// Where the folders of the classes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In the project's folder.
    Plain,
    /// In `train`, and in `val` what is held out.
    Split,
}

impl Layout {
    /// `train` is no class if it holds folders and no image.
    pub fn of(root: &Path) -> Self {
        let train = root.join("train");
        let is_split =
            subfolders(&train).is_ok_and(|folders| !folders.is_empty()) && files(&train).is_empty();
        if is_split { Self::Split } else { Self::Plain }
    }

    /// The folder of the classes' folders that are learnt from.
    pub fn learnt(self, root: &Path) -> PathBuf {
        match self {
            Self::Plain => root.to_owned(),
            Self::Split => root.join("train"),
        }
    }

    /// The folder of the classes' folders that are held out; in the plain layout there is none of that name.
    pub fn held_out(self, root: &Path) -> PathBuf {
        root.join("val")
    }

    /// The names of the classes' folders, in the order that torchvision's `ImageFolder` gives them.
    pub fn folders(self, root: &Path) -> std::io::Result<BTreeSet<String>> {
        let mut found = subfolders(&self.learnt(root))?;
        if self == Self::Split {
            found.extend(subfolders(&self.held_out(root)).unwrap_or_default());
        }
        Ok(found)
    }

    /// Lists a class's images.
    pub fn fill(self, root: &Path, class: &mut Class) {
        class.examples = examples(&self.learnt(root).join(&class.folder));
        if self == Self::Split {
            class.held_out = examples(&self.held_out(root).join(&class.folder));
        }
    }
}

fn subfolders(folder: &Path) -> std::io::Result<BTreeSet<String>> {
    let entries = std::fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_dir());
    // A name that isn't text can't be written into teach.toml.
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| !name.starts_with('.')).collect())
}

/// The images that lie in a folder itself.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| is_image(path)).collect()
}

fn is_image(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    !hidden && ending.is_some_and(|ending| IMAGE_EXTENSIONS.contains(&&ending[..])) && path.is_file()
}

fn examples(folder: &Path) -> Vec<Example> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), DEPTH)];
    while let Some((folder, depth)) = folders.pop() {
        found.extend(files(&folder));
        if depth > 0 {
            let inner = subfolders(&folder).unwrap_or_default();
            folders.extend(inner.into_iter().map(|name| (folder.join(name), depth - 1)));
        }
    }
    found.sort_by(|a, b| alphanumeric_sort::compare_path(a, b));
    found.into_iter().map(Example::at).collect()
}

/// What was taken in one go: the folder, and the name without the number at its end (`clip_0012.png`, `2026-11-28 12.44.00.123_0004.jpg`).
pub(super) fn group_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let without = stem.trim_end_matches(|c: char| c.is_ascii_digit() || c == '(' || c == ')');
    let name = if without.is_empty() { "" } else { without.trim_end() };
    let folder = path.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{folder}/{name}")
}

/// A name for a class's folder, which a file system takes and nothing has.
pub(super) fn free_folder(base: &Path, name: &str, classes: &[Class]) -> String {
    let safe = names::safe(&name.replace(['/', '\\'], "_"));
    // These would be taken for something else when the folder is opened again.
    let special = ["train", "val", "teach.toml"].contains(&&safe.to_lowercase()[..]);
    let first = if special { format!("{safe}_") } else { safe };
    let taken = |name: &str| {
        let lower = name.to_lowercase();
        classes.iter().any(|class| class.folder.to_lowercase() == lower)
            || base.join(name).symlink_metadata().is_ok()
    };
    let mut folder = first.clone();
    let mut number = 1;
    while taken(&folder) {
        number += 1;
        folder = format!("{first} ({number})");
    }
    folder
}
