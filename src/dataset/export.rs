//! Exporting a data set for other programs.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::formats::{self, ExportItem, Format, Loss, Losses, Prepared, Target};
use super::types::{Annotation, Dataset, Item, Split, State};
use super::{DatasetError, names};
use crate::whole_file;

/// How a data set is exported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportOptions {
    /// Export images that nobody has reviewed too, and suggestions that nobody has accepted.
    pub unreviewed: bool,
    /// How images without a split are divided; `None`: they aren't.
    pub parts: Option<SplitParts>,
}

/// How images are divided into those for training, for validation and for the test. The same images, parts and seed always give the
/// same division.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitParts {
    /// The part for validation, 0..=1.
    pub val: f64,
    /// The part for the test, 0..=1; the rest is for training.
    pub test: f64,
    /// Another seed gives another division.
    pub seed: u64,
    /// Divide images that have a split already, too.
    pub again: bool,
}

impl Default for SplitParts {
    fn default() -> Self {
        Self { val: 0.2, test: 0.0, seed: 0, again: false }
    }
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub images: usize,
    /// Labels of objects and of whole images.
    pub labels: usize,
    /// Images for training, for validation, for the test, and without a split.
    pub splits: [usize; 4],
    /// What the format can't hold and what was left out.
    pub losses: Losses,
    /// The images, by their names in the data set, that were given a split, and which.
    #[serde(skip)]
    pub divided: Vec<(String, Split)>,
}

/// Exports a data set into `out`, a folder that doesn't exist or is empty. Everything is there when this is done, or nothing.
/// `progress` is called with the number of images that are done and that there are; if it returns `false`, the work ends.
///
/// # Errors
/// Why nothing was exported.
pub fn export(
    dataset: &Dataset,
    format: Format,
    options: &ExportOptions,
    out: &Path,
    mut progress: impl FnMut(usize, usize) -> bool,
) -> Result<Exported, DatasetError> {
    let mut losses = Losses::default();
    let prepared = prepare(dataset, options, &mut losses);
    let total = prepared.items.len();
    if total == 0 {
        return Err(DatasetError::Nothing { losses });
    }
    let folder = NewFolder::beside(out)?;
    let mut done = 0;
    let mut step = || {
        done += 1;
        progress(done, total)
    };
    formats::write(&prepared, format, &mut Target::new(folder.path(), &mut step), &mut losses)?;
    folder.put_in_place()?;
    let left_out = [Loss::Crowds, Loss::OtherKeypoints, Loss::Empty]
        .map(|loss| losses.count(loss))
        .iter()
        .sum::<usize>();
    let mut exported = Exported { images: total, losses, ..Exported::default() };
    for item in &prepared.items {
        exported.labels += item.annotations.len() + usize::from(item.item.class.is_some());
        exported.splits[item.split.map_or(3, |split| split as usize)] += 1;
        if let Some(split) = item.split.filter(|split| item.item.split != Some(*split)) {
            exported.divided.push((item.item.name.clone(), split));
        }
    }
    exported.labels = exported.labels.saturating_sub(left_out);
    Ok(exported)
}

fn prepare<'a>(dataset: &'a Dataset, options: &ExportOptions, losses: &mut Losses) -> Prepared<'a> {
    let known = |class: usize| class < dataset.classes.len();
    let counts = |state: State| state == State::Accepted || (options.unreviewed && state == State::Suggested);
    let mut taken = HashSet::new();
    let mut items = Vec::new();
    for item in &dataset.items {
        if item.rejected {
            losses.add(Loss::Rejected, 1);
            continue;
        }
        if !item.reviewed && !options.unreviewed {
            losses.add(Loss::NotReviewed, 1);
            continue;
        }
        if !item.path.is_file() || item.size == (0, 0) {
            losses.add(Loss::MissingImages, 1);
            continue;
        }
        let annotations: Vec<&Annotation> =
            item.annotations.iter().filter(|one| counts(one.state) && known(one.class)).collect();
        let left = item.annotations.iter().filter(|one| one.state == State::Suggested).count();
        losses.add(Loss::Suggestions, if options.unreviewed { 0 } else { left });
        let name = free_name(&item.name, &mut taken);
        losses.add(Loss::Renamed, usize::from(name != item.name));
        items.push(ExportItem { item, name, split: item.split, annotations });
    }
    if let Some(parts) = &options.parts {
        divide(&mut items, parts);
    }
    Prepared { dataset, items }
}

/// A name of which no other image has the part before the ending, also where a format puts all images into one folder.
fn free_name(name: &str, taken: &mut HashSet<String>) -> String {
    let stem = names::stem(name);
    let ending = &name[stem.len()..];
    let mut free = name.to_owned();
    let mut number = 2;
    while !taken.insert(names::stem(&free).replace('/', "_").to_lowercase()) {
        free = format!("{stem} ({number}){ending}");
        number += 1;
    }
    free
}

/// Divides the items: they are put in an order that only their names and the seed decide. The frames of one video or camera are much
/// alike, so that they stay together and new ones follow the others, unless there is only one.
fn divide<'a>(items: &mut [ExportItem<'a>], parts: &SplitParts) {
    let witness = |item: &'a Item| item.source().map_or((false, item.name.as_str()), |source| (true, source));
    let witnesses: HashSet<_> = items.iter().map(|exported| witness(exported.item)).collect();
    let together = witnesses.len() > 1;
    if together && !parts.again {
        let mut known = HashMap::new();
        for exported in items.iter() {
            if let (Some(source), Some(split)) = (exported.item.source(), exported.split) {
                known.entry(source).or_insert(split);
            }
        }
        for exported in items.iter_mut().filter(|exported| exported.split.is_none()) {
            exported.split = exported.item.source().and_then(|source| known.get(source).copied());
        }
    }
    let mut groups = HashMap::<(bool, &str), Vec<usize>>::new();
    for (index, exported) in items.iter().enumerate() {
        if parts.again || exported.split.is_none() {
            let alone = (false, exported.item.name.as_str());
            let group = if together { witness(exported.item) } else { alone };
            groups.entry(group).or_default().push(index);
        }
    }
    let count: usize = groups.values().map(Vec::len).sum();
    let mut order: Vec<(Vec<u8>, Vec<usize>)> = groups
        .into_iter()
        .map(|((_, name), group)| {
            let mut hash = Sha256::new();
            hash.update(parts.seed.to_le_bytes());
            hash.update(name.as_bytes());
            (hash.finalize().to_vec(), group)
        })
        .collect();
    order.sort();
    let part = |part: f64| ((part.clamp(0.0, 1.0) * count as f64).round() as usize).min(count);
    // A part that is asked for has an image, and so has training.
    let least = |wanted: f64| usize::from(wanted > 0.0 && count > 1);
    let val = part(parts.val).max(least(parts.val));
    let test = part(parts.test).max(least(parts.test)).min(count - val.min(count));
    for (split, wanted) in [(Split::Val, val), (Split::Test, test)] {
        let mut left = wanted;
        let mut chosen: Vec<(Vec<u8>, Vec<usize>)> = order
            .extract_if(.., |(_, group)| {
                let fits = group.len() <= left;
                left -= if fits { group.len() } else { 0 };
                fits
            })
            .collect();
        // All have more images than are wanted: the smallest one is nearest.
        let smallest = (0..order.len()).min_by_key(|place| order[*place].1.len());
        if let Some(smallest) = smallest.filter(|_| chosen.is_empty() && wanted > 0 && order.len() > 1) {
            chosen.push(order.remove(smallest));
        }
        for index in chosen.into_iter().flat_map(|(_, group)| group) {
            items[index].split = Some(split);
        }
    }
    for index in order.into_iter().flat_map(|(_, group)| group) {
        items[index].split = Some(Split::Train);
    }
}

/// What the name of an unfinished folder begins and ends with.
const BEGIN: &str = ".sightline-";
const END: &str = ".unfinished";
/// An unfinished folder that is older was left by a program that ended in between.
const OLD: Duration = Duration::from_hours(24);

/// Deletes old unfinished folders in this one.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_unfinished = name.to_str().is_some_and(|name| name.starts_with(BEGIN) && name.ends_with(END));
        let is_old = || {
            let meta = entry.metadata().ok().filter(fs::Metadata::is_dir)?;
            Some(meta.modified().ok()?.elapsed().ok()? > OLD)
        };
        if is_unfinished && is_old() == Some(true) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A folder that gets its name when everything is in it; until then it goes away with this value.
pub(super) struct NewFolder<'a> {
    temporary: tempfile::TempDir,
    path: &'a Path,
}

impl<'a> NewFolder<'a> {
    /// Beside `path`, which doesn't exist or is an empty folder.
    pub fn beside(path: &'a Path) -> Result<Self, DatasetError> {
        if fs::read_dir(path)
            .map_or_else(|_| path.symlink_metadata().is_ok(), |mut entries| entries.next().is_some())
        {
            return Err(DatasetError::Taken { path: path.to_owned() });
        }
        let parent = whole_file::folder_of(path);
        let failed = |error| DatasetError::writing(path, error);
        fs::create_dir_all(parent).map_err(failed)?;
        sweep(parent);
        let mut builder = tempfile::Builder::new();
        builder.prefix(BEGIN).suffix(END);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As for any new folder, the user's umask decides.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let temporary = builder.tempdir_in(parent).map_err(failed)?;
        Ok(Self { temporary, path })
    }

    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Gives it its name.
    pub fn put_in_place(self) -> Result<(), DatasetError> {
        let failed = |error| DatasetError::writing(self.path, error);
        if self.path.is_dir() {
            fs::remove_dir(self.path).map_err(failed)?;
        }
        fs::rename(self.temporary.path(), self.path).map_err(failed)?;
        // It has another name now: there is nothing to delete.
        let _ = self.temporary.keep();
        Ok(())
    }
}
