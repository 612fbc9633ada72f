//! Copying a data set of another format into one of Sightline's own.

use std::fs;
use std::path::{Path, PathBuf};

use super::export::NewFolder;
use super::folder::Opened;
use super::formats::Read;
use super::{Class, Dataset, DatasetError, Folder, Item, label_file, names};

/// What was imported.
#[derive(Debug)]
pub struct Imported {
    pub opened: Opened,
    /// Images that aren't there; they were left out with their labels.
    pub missing: Vec<PathBuf>,
}

/// Copies images and labels into `out`, a folder that doesn't exist or is empty. Everything is there when this is done, or nothing.
/// `progress` is called with the number of images that are done and that there are; if it returns `false`, the work ends.
///
/// # Errors
/// Why nothing was imported.
pub fn import(
    read: Read,
    out: &Path,
    mut progress: impl FnMut(usize, usize) -> bool,
) -> Result<Imported, DatasetError> {
    let Read { dataset: Dataset { classes, items, .. }, problems, .. } = read;
    let target = NewFolder::beside(out)?;
    let folder = Folder::prepare(target.path())?;
    let total = items.len();
    let (mut taken, mut missing) = (Vec::with_capacity(total), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        if item.path.is_file() {
            taken.push(take(&folder, item, &classes)?);
        } else {
            missing.push(item.path);
        }
        if !progress(index + 1, total) {
            return Err(DatasetError::Ended);
        }
    }
    if taken.is_empty() && total > 0 {
        // Labels without any image are mostly those of a folder that wasn't found.
        let path = missing.into_iter().next().unwrap_or_default();
        return Err(DatasetError::NoImages { path });
    }
    let mut dataset = Dataset { classes, items: taken, ..Dataset::default() };
    // A folder is a data set once this file is there.
    folder.save_classes(&dataset)?;
    target.put_in_place()?;
    let folder = Folder::at(out);
    dataset.name = folder.name();
    for item in &mut dataset.items {
        item.path = folder.images().join(&item.name);
    }
    Ok(Imported { opened: Opened { folder, dataset, problems }, missing })
}

/// Copies an image and writes its labels. Thousands of files aren't flushed one by one: the folder has no name before all are there.
fn take(folder: &Folder, item: Item, classes: &[Class]) -> Result<Item, DatasetError> {
    let labels = folder.prepare_label_path(&item.name)?;
    let outside = || DatasetError::Damaged {
        path: item.path.clone(),
        reason: format!("the name \u{201c}{}\u{201d} leads out of it", item.name),
    };
    let image = names::within(&folder.images(), &item.name).ok_or_else(outside)?;
    let parent = crate::whole_file::folder_of(&image);
    fs::create_dir_all(parent).map_err(|error| DatasetError::writing(parent, error))?;
    fs::copy(&item.path, &image).map_err(|source| match fs::File::open(&item.path) {
        Ok(_) => DatasetError::writing(&image, source),
        Err(source) => DatasetError::Unreadable { path: item.path.clone(), source },
    })?;
    fs::write(&labels, label_file::write(&item, classes))
        .map_err(|error| DatasetError::writing(&labels, error))?;
    Ok(item)
}
