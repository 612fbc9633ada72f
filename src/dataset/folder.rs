//! Sightline's own data set on the disk.
//!
//! ```text
//! dataset.json                 {"sightline-dataset": 1, "classes": [{"name": "car"}, …]}
//! images/street/0001.jpg
//! labels/street/0001.jpg.json  {"size": [1280, 720], "reviewed": true, "annotations": [{"class": "car", "box": […]}]}
//! ```
//!
//! Images may be put into `images` by hand; they are there without labels. Every file is written whole or not at all. What can't be
//! read is said and stays as it is; when an image's labels are saved over a damaged file, that is kept as `….bak`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::collect::Collected;
use super::error::DatasetError;
use super::label_file::{self, InfoFile, VERSION};
use super::names;
use super::problem::Problem;
use super::types::{Annotation, Class, Dataset, Item, KeypointScheme, Split};
use crate::frame::Frame;
use crate::save::{ImageFormat, encode_frame};
use crate::source::images::plain;
use crate::whole_file;

/// Larger label files aren't read: 64 MiB.
const MAX_LABELS: u64 = 64 << 20;
/// A larger `dataset.json` isn't read: 16 MiB.
const MAX_INFO: u64 = 16 << 20;
/// Folders within folders are followed so deep.
const MAX_DEPTH: usize = 16;
/// The quality of JPEGs that are added: labels are learnt from these pixels.
const JPEG_QUALITY: u8 = 95;

/// A data set on the disk. It holds only the path; what is in it is a [`Dataset`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    root: PathBuf,
}

/// A data set that was read.
#[derive(Clone, Debug)]
pub struct Opened {
    pub folder: Folder,
    pub dataset: Dataset,
    /// What is wrong with single files.
    pub problems: Vec<Problem>,
}

impl Folder {
    /// Whether a folder is a data set of Sightline.
    #[must_use]
    pub fn is_one(root: &Path) -> bool {
        root.join("dataset.json").is_file()
    }

    /// Makes a new data set in a folder that doesn't exist or is empty.
    ///
    /// # Errors
    /// Why it can't be made.
    pub fn create(root: &Path, classes: Vec<Class>) -> Result<Opened, DatasetError> {
        let folder = Self::prepare(root)?;
        let dataset = Dataset { name: folder.name(), classes, items: Vec::new() };
        folder.save_classes(&dataset)?;
        Ok(Opened { folder, dataset, problems: Vec::new() })
    }

    /// The data set at this path, which is one.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the folders of a new data set. It becomes one with its `dataset.json`.
    pub(super) fn prepare(root: &Path) -> Result<Self, DatasetError> {
        let taken = match fs::read_dir(root) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() == io::ErrorKind::NotADirectory,
        };
        if taken {
            return Err(DatasetError::Taken { path: root.to_owned() });
        }
        let folder = Self { root: root.to_owned() };
        for path in [folder.images(), folder.labels()] {
            fs::create_dir_all(&path).map_err(|error| DatasetError::writing(&path, error))?;
        }
        Ok(folder)
    }

    /// Reads a data set.
    ///
    /// # Errors
    /// Why it can't be read at all.
    pub fn open(root: &Path) -> Result<Opened, DatasetError> {
        let folder = Self { root: root.to_owned() };
        let info = folder.read_info()?;
        let mut dataset = Dataset { name: folder.name(), classes: info.classes, items: Vec::new() };
        let mut problems = Vec::new();
        let mut images = Self::names_in(&folder.images(), &mut problems);
        images.retain(|name| names::is_image(Path::new(name)));
        let mut labels: BTreeSet<String> = Self::names_in(&folder.labels(), &mut problems)
            .into_iter()
            .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
            .collect();
        for name in images {
            let path = folder.images().join(&name);
            let mut item = Item { name, path, ..Item::default() };
            if labels.remove(&item.name) {
                folder.read_labels(&mut item, &mut dataset.classes, &mut problems);
            }
            if item.size == (0, 0) {
                match image_size(&item.path) {
                    Ok(size) => item.size = size,
                    Err(reason) => problems.push(Problem::Image { path: item.path.clone(), reason }),
                }
            }
            dataset.items.push(item);
        }
        problems.extend(labels.iter().map(|name| Problem::NoImage { path: folder.label_path(name) }));
        Ok(Opened { folder, dataset, problems })
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the images.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// The folder of the label files.
    #[must_use]
    pub fn labels(&self) -> PathBuf {
        self.root.join("labels")
    }

    /// The label file of the image of this name, whether it exists or not.
    #[must_use]
    pub fn label_path(&self, name: &str) -> PathBuf {
        self.labels().join(format!("{name}.json"))
    }

    /// Writes the classes: their names, order and keypoints. When a class gets another name, the labels of all images that have it
    /// must be saved too.
    ///
    /// # Errors
    /// Why they can't be written; the old ones are unchanged.
    pub fn save_classes(&self, dataset: &Dataset) -> Result<(), DatasetError> {
        let path = self.info_path();
        // What a later version or the user wrote besides stays; a damaged file is kept aside.
        let other = match self.read_info() {
            Ok(info) => info.other,
            Err(error @ DatasetError::Newer { .. }) => return Err(error),
            Err(_) => Map::new(),
        };
        let info = InfoFile { version: VERSION, classes: dataset.classes.clone(), other };
        let mut bytes = serde_json::to_vec_pretty(&info).unwrap_or_default();
        bytes.push(b'\n');
        keep_aside(&path, |bytes| serde_json::from_slice::<Value>(bytes).is_ok())?;
        whole_file::write(&path, &bytes).map_err(|error| DatasetError::writing(&path, error))
    }

    /// Writes the labels of one image. It takes some milliseconds; after a crash the file holds either the old labels or the new ones.
    ///
    /// # Errors
    /// Why they can't be written; the old ones are unchanged.
    pub fn save_item(&self, dataset: &Dataset, item: &Item) -> Result<(), DatasetError> {
        let path = self.prepare_label_path(&item.name)?;
        keep_aside(&path, |bytes| label_file::read(bytes, &mut Item::default(), |_| 0).is_ok())?;
        let bytes = label_file::write(item, &dataset.classes);
        whole_file::write(&path, &bytes).map_err(|error| DatasetError::writing(&path, error))
    }

    /// Writes into the label files of a data set what an export has made of its images, which are named. Each is read right before,
    /// so that labels that somebody has saved meanwhile stay. Files that can't be read stay as they are.
    ///
    /// # Errors
    /// Why a file can't be written; those before it are.
    pub fn keep_splits(root: &Path, divided: &[(String, Split)]) -> Result<(), DatasetError> {
        let folder = Self::at(root);
        divided.iter().try_for_each(|(name, split)| folder.keep_split(name, *split))
    }

    fn keep_split(&self, name: &str, split: Split) -> Result<(), DatasetError> {
        let path = self.prepare_label_path(name)?;
        let bytes = match whole_file::read(&path, MAX_LABELS) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let image = self.images().join(name);
                let Ok(size) = image_size(&image) else { return Ok(()) };
                let item = Item { name: name.into(), split: Some(split), size, ..Item::default() };
                return self.save_item(&Dataset::default(), &item);
            }
            Err(_) => return Ok(()),
        };
        let is_whole = label_file::read(&bytes, &mut Item::default(), |_| 0).is_ok();
        let Some(mut labels) = serde_json::from_slice::<Map<String, Value>>(&bytes).ok().filter(|_| is_whole)
        else {
            return Ok(());
        };
        labels.insert("split".into(), split.name().into());
        let mut bytes = serde_json::to_vec(&labels).unwrap_or_default();
        bytes.push(b'\n');
        whole_file::write(&path, &bytes).map_err(|error| DatasetError::writing(&path, error))
    }

    /// Adds a frame (RGBA) with its labels and saves them, under the name `stem` or, if that is taken, `stem (2)` and so on.
    /// Classes that the data set doesn't have are added to it. Returns the index of the new item, which is the last one.
    ///
    /// # Errors
    /// Why it can't be added. The image may be there without labels.
    pub fn add(
        &self,
        dataset: &mut Dataset,
        stem: &str,
        frame: &Frame,
        format: ImageFormat,
        labels: Collected,
    ) -> Result<usize, DatasetError> {
        let bytes = encode_frame(frame, format, JPEG_QUALITY)?;
        let known = dataset.classes.len();
        let annotations = labels.annotations.into_iter().map(|(name, annotation)| {
            let class = class_for(dataset, &name, annotation.keypoints.len());
            Annotation { class, ..annotation }
        });
        let annotations = annotations.collect();
        let class = labels
            .class
            .map(|(name, class)| super::ImageClass { class: dataset.class_or_new(&name), ..class });
        if dataset.classes.len() > known {
            self.save_classes(dataset)?;
        }
        let (name, path) = self.write_image(stem, format.ending(), &bytes)?;
        let size = (frame.width, frame.height);
        let item = Item { name, path, size, annotations, class, origin: labels.origin, ..Item::default() };
        self.save_item(dataset, &item)?;
        dataset.items.push(item);
        Ok(dataset.items.len() - 1)
    }

    /// Writes an image under the first free name; returns the name and its path.
    fn write_image(&self, stem: &str, ending: &str, bytes: &[u8]) -> Result<(String, PathBuf), DatasetError> {
        let images = self.images();
        let failed = |error| DatasetError::writing(&images, error);
        let stem = crate::library::names::safe(stem);
        let stem = if stem.is_empty() { "image".to_owned() } else { stem };
        let mut file = tempfile::NamedTempFile::new_in(&images).map_err(failed)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        for number in 1_u32.. {
            let number = if number == 1 { String::new() } else { format!(" ({number})") };
            let name = format!("{stem}{number}.{ending}");
            // Labels may be there whose image is gone.
            if self.label_path(&name).symlink_metadata().is_ok() {
                continue;
            }
            let path = images.join(&name);
            match file.persist_noclobber(&path) {
                Ok(_) => return Ok((name, path)),
                Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => file = refused.file,
                Err(refused) => return Err(failed(refused.error)),
            }
        }
        Err(DatasetError::Taken { path: images })
    }

    /// The label file of an image, whose folder is made.
    pub(super) fn prepare_label_path(&self, name: &str) -> Result<PathBuf, DatasetError> {
        let outside = || DatasetError::Damaged {
            path: self.root.clone(),
            reason: format!("the name \u{201c}{name}\u{201d} leads out of it"),
        };
        let path = names::within(&self.labels(), &format!("{name}.json")).ok_or_else(outside)?;
        let parent = whole_file::folder_of(&path);
        fs::create_dir_all(parent).map_err(|error| DatasetError::writing(parent, error))?;
        Ok(path)
    }

    fn info_path(&self) -> PathBuf {
        self.root.join("dataset.json")
    }

    pub(super) fn name(&self) -> String {
        let whole = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn read_info(&self) -> Result<InfoFile, DatasetError> {
        if !self.root.exists() {
            return Err(DatasetError::Missing { path: self.root.clone() });
        }
        let path = self.info_path();
        let bytes = whole_file::read(&path, MAX_INFO).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                DatasetError::NotOne { path: self.root.clone() }
            }
            _ => DatasetError::Unreadable { path: path.clone(), source },
        })?;
        let damaged = |reason: String| DatasetError::Damaged { path: path.clone(), reason };
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match value.get("sightline-dataset").and_then(Value::as_u64) {
            Some(version) if version > VERSION => {
                return Err(DatasetError::Newer { path: self.root.clone(), version });
            }
            Some(_) => {}
            None => return Err(DatasetError::NotOne { path: self.root.clone() }),
        }
        let info: InfoFile = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        for (index, class) in info.classes.iter().enumerate() {
            if class.name.is_empty() {
                return Err(damaged(format!("class {} has no name", index + 1)));
            }
            if info.classes[..index].iter().any(|other| other.name == class.name) {
                return Err(damaged(format!("two classes have the name \u{201c}{}\u{201d}", class.name)));
            }
            if let Some(scheme) = &class.keypoints {
                scheme.check().map_err(damaged)?;
            }
        }
        Ok(info)
    }

    fn read_labels(&self, item: &mut Item, classes: &mut Vec<Class>, problems: &mut Vec<Problem>) {
        let path = self.label_path(&item.name);
        let known = classes.len();
        let index = |name: &str| {
            classes.iter().position(|class| class.name == name).unwrap_or_else(|| {
                classes.push(Class::new(name));
                classes.len() - 1
            })
        };
        let read = whole_file::read(&path, MAX_LABELS).map_err(|error| error.to_string());
        match read.and_then(|bytes| label_file::read(&bytes, item, index)) {
            Ok(()) => {
                let new = classes[known..].iter();
                problems.extend(
                    new.map(|class| Problem::NewClass { path: path.clone(), class: class.name.clone() }),
                );
            }
            Err(reason) => {
                // Classes of labels that aren't taken over aren't either.
                classes.truncate(known);
                problems.push(Problem::Labels { path, reason });
            }
        }
    }

    /// The names of all files in a folder and those in it, in natural order; hidden ones are left out.
    fn names_in(folder: &Path, problems: &mut Vec<Problem>) -> Vec<String> {
        let mut found = Vec::new();
        walk(folder, MAX_DEPTH, &mut |path, problem| match problem {
            Some(reason) => problems.push(Problem::Folder { path: path.to_owned(), reason }),
            None => found.extend(names::name_in(folder, path)),
        });
        // As images of a folder are sorted elsewhere: `a.png` before `a (2).png`.
        alphanumeric_sort::sort_slice_by_str_key(&mut found, |name| names::stem(name));
        found
    }
}

impl KeypointScheme {
    /// Whether skeleton and flip name only points that exist.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub(super) fn check(&self) -> Result<(), String> {
        let count = self.names.len();
        if self.skeleton.iter().flatten().chain(&self.flip).any(|&point| point >= count)
            || !matches!(self.flip.len(), 0) && self.flip.len() != count
        {
            return Err(format!("its keypoints name others than its {count}"));
        }
        Ok(())
    }
}

/// The class of this name whose objects have so many keypoints; 0 fits any. A class with another number of them stays as it is, and
/// one named after the number stands beside it.
fn class_for(dataset: &mut Dataset, name: &str, keypoints: usize) -> usize {
    let index = dataset.class_or_new(name);
    if keypoints == 0 {
        return index;
    }
    let scheme = dataset.classes[index].keypoints.get_or_insert_with(|| KeypointScheme::of_count(keypoints));
    if scheme.names.len() == keypoints {
        return index;
    }
    let other = dataset.class_or_new(&format!("{name} ({keypoints} points)"));
    dataset.classes[other].keypoints.get_or_insert_with(|| KeypointScheme::of_count(keypoints));
    other
}

/// Copies a file that isn't `whole` aside before it is replaced.
fn keep_aside(path: &Path, whole: impl Fn(&[u8]) -> bool) -> Result<(), DatasetError> {
    let failed = |error| DatasetError::writing(path, error);
    match whole_file::read(path, MAX_LABELS) {
        Ok(bytes) if whole(&bytes) => Ok(()),
        Ok(bytes) => whole_file::write(&whole_file::place_aside(path, &bytes), &bytes).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Calls `found` with every file in a folder and those in it, and with every folder that can't be read and why. Links to
/// folders aren't followed, so that none is entered twice.
pub(super) fn walk(folder: &Path, depth: usize, found: &mut impl FnMut(&Path, Option<String>)) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => return found(folder, Some(error.to_string())),
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth == 0 => {
                found(&path, Some(format!("it lies more than {MAX_DEPTH} folders deep")));
            }
            Ok(kind) if kind.is_dir() => walk(&path, depth - 1, found),
            Ok(kind) if kind.is_file() || path.is_file() => found(&path, None),
            _ => {}
        }
    }
}

/// The size (width, height) of an image, upright, without decoding its pixels.
///
/// # Errors
/// Why it can't be read, as the end of a sentence.
pub(super) fn image_size(path: &Path) -> Result<(u32, u32), String> {
    use image::metadata::Orientation;
    use image::{ImageDecoder as _, ImageReader};

    if let Some(kind) =
        fs::metadata(path).ok().and_then(|meta| crate::file_kind::FileKind::unless_file(&meta))
    {
        return Err(format!("it is {}, not a file", kind.name()));
    }
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let mut reader = reader.map_err(|error| error.to_string())?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(16 << 20);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| plain(&error))?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation().unwrap_or(Orientation::NoTransforms),
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Ok(if turned { (height, width) } else { (width, height) })
}

#[cfg(test)]
mod tests;
