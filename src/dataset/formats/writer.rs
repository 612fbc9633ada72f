//! What is exported, and where it goes.

use std::fs;
use std::path::{Path, PathBuf};

use super::losses::{Loss, Losses};
use crate::dataset::{Annotation, Dataset, DatasetError, Item, Split, names};
use crate::whole_file;

/// What of a data set is exported.
pub(in crate::dataset) struct Prepared<'a> {
    pub dataset: &'a Dataset,
    pub items: Vec<ExportItem<'a>>,
}

/// An image that is exported.
pub(in crate::dataset) struct ExportItem<'a> {
    pub item: &'a Item,
    /// Its name in the export: unique without its ending, too.
    pub name: String,
    pub split: Option<Split>,
    /// Those that count.
    pub annotations: Vec<&'a Annotation>,
}

impl ExportItem<'_> {
    /// The name without its ending.
    pub fn stem(&self) -> &str {
        names::stem(&self.name)
    }

    /// Its split; training where there is none.
    pub fn part(&self) -> Split {
        self.split.unwrap_or(Split::Train)
    }
}

/// The folder that an export is written into. It gets its name when everything is there.
pub(in crate::dataset) struct Target<'a> {
    root: PathBuf,
    /// Called with each image that is done; ends the work if it returns `false`.
    progress: &'a mut dyn FnMut() -> bool,
}

impl<'a> Target<'a> {
    pub fn new(root: &Path, progress: &'a mut dyn FnMut() -> bool) -> Self {
        Self { root: root.to_owned(), progress }
    }

    /// Copies an item's image to this name.
    pub fn image(&mut self, item: &Item, name: &str) -> Result<(), DatasetError> {
        let to = self.place(name)?;
        fs::copy(&item.path, &to).map_err(|source| match fs::File::open(&item.path) {
            Ok(_) => DatasetError::writing(&to, source),
            Err(source) => DatasetError::Unreadable { path: item.path.clone(), source },
        })?;
        self.step()
    }

    /// An image is done.
    pub fn step(&mut self) -> Result<(), DatasetError> {
        if (self.progress)() { Ok(()) } else { Err(DatasetError::Ended) }
    }

    /// Writes a file of this name.
    pub fn file(&self, name: &str, content: &[u8]) -> Result<(), DatasetError> {
        let path = self.place(name)?;
        fs::write(&path, content).map_err(|error| DatasetError::writing(&path, error))
    }

    fn place(&self, name: &str) -> Result<PathBuf, DatasetError> {
        let outside = || DatasetError::Damaged {
            path: self.root.clone(),
            reason: format!("the name \u{201c}{name}\u{201d} leads out of it"),
        };
        let path = names::within(&self.root, name).ok_or_else(outside)?;
        let folder = whole_file::folder_of(&path);
        fs::create_dir_all(folder).map_err(|error| DatasetError::writing(folder, error))?;
        Ok(path)
    }
}

/// Counts what nearly every format but COCO's and Sightline's own leaves out of a label.
pub(super) fn count_details(item: &ExportItem<'_>, losses: &mut Losses) {
    for one in &item.annotations {
        losses.add(Loss::Scores, usize::from(one.score.is_some()));
        losses.add(Loss::Tracks, usize::from(one.track_id.is_some()));
        losses.add(Loss::Details, usize::from(!one.other.is_empty()));
    }
    losses.add(Loss::Details, usize::from(!item.item.other.is_empty()));
}
