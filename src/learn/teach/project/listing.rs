//! Which folders and images a project has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Class, Example};
use crate::learn::teach::TeachError;
use crate::library::names;
use crate::model::CancelToken;
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
    /// `train` is no class if it holds folders and no image. A link isn't it: it may lead anywhere.
    pub fn of(root: &Path, cancel: &CancelToken) -> Self {
        let train = root.join("train");
        let is_split = !is_link(&train)
            && Content::of(&train, cancel)
                .is_ok_and(|train| !train.folders.is_empty() && train.images.is_empty());
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
    #[expect(clippy::unused_self, reason = "it belongs to the layout, whatever that is")]
    pub fn held_out(self, root: &Path) -> PathBuf {
        root.join("val")
    }

    /// The names of the classes' folders, in the order that torchvision's `ImageFolder` gives them, and those of folders that are
    /// links.
    pub fn folders(
        self,
        root: &Path,
        cancel: &CancelToken,
    ) -> std::io::Result<(BTreeSet<String>, BTreeSet<String>)> {
        let Content { mut folders, mut links, .. } = Content::of(&self.learnt(root), cancel)?;
        if self == Self::Split {
            let held_out = self.held_out(root);
            if is_link(&held_out) {
                links.insert("val".into());
            } else {
                let held_out = Content::of(&held_out, cancel).unwrap_or_default();
                folders.extend(held_out.folders);
                links.extend(held_out.links);
            }
        }
        Ok((folders, links))
    }

    /// Lists a class's images.
    ///
    /// # Errors
    /// [`TeachError::Stopped`].
    pub fn fill(self, root: &Path, class: &mut Class, cancel: &CancelToken) -> Result<(), TeachError> {
        class.examples = examples(&self.learnt(root).join(&class.folder), cancel)?;
        if self == Self::Split && !is_link(&self.held_out(root)) {
            class.held_out = examples(&self.held_out(root).join(&class.folder), cancel)?;
        }
        Ok(())
    }

    /// Refuses to write into the folder of a class that is learnt from where a link would lead elsewhere.
    ///
    /// # Errors
    /// [`TeachError::Linked`].
    pub fn check_writable(self, root: &Path, folder: &str) -> Result<(), TeachError> {
        let base = self.learnt(root);
        let own = base.join(folder);
        // The project's own folder may be a link: it was chosen.
        let links = [(self == Self::Split).then_some(base), Some(own)];
        match links.into_iter().flatten().find(|path| is_link(path)) {
            Some(path) => Err(TeachError::Linked { path }),
            None => Ok(()),
        }
    }
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}

/// What lies in a folder itself.
#[derive(Default)]
struct Content {
    images: Vec<PathBuf>,
    /// Names of folders; those that aren't text can't be written into teach.toml and are left out.
    folders: BTreeSet<String>,
    /// Names of links to folders, which may lead anywhere, also back here.
    links: BTreeSet<String>,
}

impl Content {
    /// As far as it was read when it was cancelled.
    fn of(folder: &Path, cancel: &CancelToken) -> std::io::Result<Self> {
        let mut content = Self::default();
        for entry in std::fs::read_dir(folder)?.flatten() {
            if cancel.is_cancelled() {
                break;
            }
            let name = entry.file_name();
            let Ok(kind) = entry.file_type() else { continue };
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let path = entry.path();
            if is_image(&path) && (kind.is_file() || kind.is_symlink() && path.is_file()) {
                content.images.push(path);
            } else if let Ok(name) = name.into_string() {
                if kind.is_dir() {
                    content.folders.insert(name);
                } else if kind.is_symlink() && path.is_dir() {
                    content.links.insert(name);
                }
            }
        }
        Ok(content)
    }
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| IMAGE_EXTENSIONS.contains(&&ending[..]))
}

fn examples(folder: &Path, cancel: &CancelToken) -> Result<Vec<Example>, TeachError> {
    let mut found = Vec::new();
    let mut folders = if is_link(folder) { Vec::new() } else { vec![(folder.to_owned(), DEPTH)] };
    while let Some((folder, depth)) = folders.pop() {
        if cancel.is_cancelled() {
            return Err(TeachError::Stopped);
        }
        let Content { images, folders: inner, .. } = Content::of(&folder, cancel).unwrap_or_default();
        found.extend(images);
        if depth > 0 {
            folders.extend(inner.into_iter().map(|name| (folder.join(name), depth - 1)));
        }
    }
    if cancel.is_cancelled() {
        return Err(TeachError::Stopped);
    }
    found.sort_by(|a, b| alphanumeric_sort::compare_path(a, b));
    Ok(found.into_iter().map(Example::at).collect())
}

/// What was taken in one go: the folder, and the name without the number at its end (`clip_0012.png`, `2026-11-28 12.44.00.123_0004.jpg`).
/// A copy (`clip_0012 (2).png`) belongs to its original.
pub(super) fn group_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut original = stem.trim_end();
    while let Some((before, number)) = original.strip_suffix(')').and_then(|stem| stem.rsplit_once('(')) {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        original = before.trim_end();
    }
    let name = original.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
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
