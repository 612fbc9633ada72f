//! The formats of other programs, one file a format.

mod class_folders;
mod coco;
mod coco_writer;
mod csv;
mod cvat;
mod data_yaml;
mod label_studio;
mod losses;
mod pascal_voc;
mod shapes;
mod writer;
mod yolo;
mod yolo_writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub(super) use coco_writer::area_of;
pub use coco_writer::numbers as coco_ids;
pub use losses::{Loss, Losses};
pub(super) use writer::{ExportItem, Prepared, Target};

use super::{Dataset, DatasetError, Folder, Item, Opened, Problem, Split};

/// A format that data sets are exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// YOLO's boxes, with data.yaml
    YoloDetect,
    /// YOLO's outlines
    YoloSegment,
    /// YOLO's boxes with keypoints
    YoloPose,
    /// YOLO's oriented boxes
    YoloObb,
    /// COCO's JSON, masks as they are
    Coco,
    /// COCO's JSON, all masks as run lengths
    CocoRle,
    /// Pascal VOC's XML
    Voc,
    /// CVAT's XML for images, version 1.1
    Cvat,
    /// Label Studio's JSON
    LabelStudio,
    /// One line an object
    Csv,
    /// A folder of images for each class: for classifiers
    Crops,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::YoloDetect,
        Self::YoloSegment,
        Self::YoloPose,
        Self::YoloObb,
        Self::Coco,
        Self::CocoRle,
        Self::Voc,
        Self::Cvat,
        Self::LabelStudio,
        Self::Csv,
        Self::Crops,
    ];
}

/// What a data set was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceFormat {
    /// Sightline's own.
    Sightline,
    Coco,
    Yolo,
    /// One folder of images for each class.
    ClassFolders,
}

impl SourceFormat {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sightline => "Sightline",
            Self::Coco => "COCO",
            Self::Yolo => "YOLO",
            Self::ClassFolders => "a folder for each class",
        }
    }
}

/// A data set that was read from any format, where it is.
#[derive(Debug)]
pub struct Read {
    pub format: SourceFormat,
    pub dataset: Dataset,
    /// What is wrong with single files.
    pub problems: Vec<Problem>,
    /// The items by their names, so that each name is there once.
    names: HashMap<String, usize>,
}

/// Files with the part that each is of its data set.
type Sources = Vec<(PathBuf, Option<Split>)>;

impl Read {
    fn new(format: SourceFormat, path: &Path) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let name = whole.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let dataset = Dataset { name, ..Dataset::default() };
        Self { format, dataset, problems: Vec::new(), names: HashMap::new() }
    }

    /// Adds an item unless one has its name; returns its index.
    fn add(&mut self, item: Item) -> Option<usize> {
        if self.names.contains_key(&item.name) {
            return None;
        }
        self.names.insert(item.name.clone(), self.dataset.items.len());
        self.dataset.items.push(item);
        Some(self.dataset.items.len() - 1)
    }
}

/// Reads a data set of any format: a folder, COCO's JSON or YOLO's `data.yaml`. `images` is where COCO's images are; without it
/// the usual places are looked at.
///
/// # Errors
/// Why it can't be read at all.
pub fn read(path: &Path, images: Option<&Path>) -> Result<Read, DatasetError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    if !path.exists() {
        return Err(DatasetError::Missing { path: path.to_owned() });
    }
    if path.is_file() {
        return match &ending[..] {
            "json" if path.file_name().is_some_and(|name| name == "dataset.json") => {
                own(crate::whole_file::folder_of(path))
            }
            "json" => coco(path, &vec![(path.to_owned(), coco::split_of(path))], images),
            "yaml" | "yml" => yolo::read(path),
            _ => Err(DatasetError::Unknown { path: path.to_owned() }),
        };
    }
    if Folder::is_one(path) {
        return own(path);
    }
    if let Some(yaml) = yolo::yaml_in(path) {
        return yolo::read(&yaml);
    }
    let files = coco::files_in(path);
    if !files.is_empty() {
        return coco(path, &files, images);
    }
    if yolo::is_one(path) {
        return yolo::read(path);
    }
    class_folders::read(path)
}

/// Writes what is prepared in a format.
///
/// # Errors
/// Why it can't be written.
pub(super) fn write(
    prepared: &Prepared<'_>,
    format: Format,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    match format {
        Format::YoloDetect | Format::YoloSegment | Format::YoloPose | Format::YoloObb => {
            yolo_writer::write(prepared, format, target, losses)
        }
        Format::Coco => coco_writer::write(prepared, false, target, losses),
        Format::CocoRle => coco_writer::write(prepared, true, target, losses),
        Format::Voc => pascal_voc::write(prepared, target, losses),
        Format::Cvat => cvat::write(prepared, target, losses),
        Format::LabelStudio => label_studio::write(prepared, target, losses),
        Format::Csv => csv::write(prepared, target, losses),
        Format::Crops => class_folders::write(prepared, target, losses),
    }
}

fn own(path: &Path) -> Result<Read, DatasetError> {
    let Opened { dataset, problems, .. } = Folder::open(path)?;
    Ok(Read { dataset, problems, ..Read::new(SourceFormat::Sightline, path) })
}

fn coco(path: &Path, files: &Sources, images: Option<&Path>) -> Result<Read, DatasetError> {
    let mut read = Read::new(SourceFormat::Coco, path);
    for (file, split) in files {
        coco::read_file(file, images, *split, &mut read)?;
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
