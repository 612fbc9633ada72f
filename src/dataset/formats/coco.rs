//! Reading COCO's JSON: instances and keypoints, with outlines and run lengths.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Read, Sources};
use crate::dataset::names;
use crate::dataset::types::{check_coordinates, hull_of};
use crate::dataset::{
    Annotation, DatasetError, Item, KeypointScheme, LabelPoint, Polygon, Problem, Split, State, Visibility,
    masks,
};
use crate::save::rle::Rle;
use crate::whole_file;

/// Larger files aren't read: 2 GiB. All of COCO's own training labels take a quarter of it.
const MAX_BYTES: u64 = 2 << 30;

#[derive(Deserialize)]
struct File {
    images: Vec<Lenient<Image>>,
    #[serde(default)]
    annotations: Vec<Lenient<Label>>,
    categories: Vec<Lenient<Category>>,
}

/// One entry of a list, which may be damaged while the others aren't.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Good(T),
    Bad(serde::de::IgnoredAny),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) id: u64,
    pub(super) file_name: String,
    pub(super) width: u32,
    pub(super) height: u32,
    #[serde(flatten)]
    pub(super) other: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Category {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) supercategory: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) keypoints: Vec<String>,
    /// Pairs, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) skeleton: Vec<[usize; 2]>,
}

#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    id: Option<u64>,
    image_id: u64,
    category_id: u64,
    #[serde(default)]
    bbox: Option<Vec<f64>>,
    #[serde(default)]
    segmentation: Option<Segmentation>,
    #[serde(default)]
    area: Option<f64>,
    #[serde(default)]
    iscrowd: Option<Value>,
    #[serde(default)]
    keypoints: Vec<f64>,
    #[serde(default)]
    score: Option<f64>,
    #[serde(default)]
    track_id: Option<u32>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    Runs(Rle),
    Text { size: [u32; 2], counts: String },
}

/// Reads one file. `images` is where its images are; without it the usual places are looked at.
pub(super) fn read_file(
    path: &Path,
    images: Option<&Path>,
    split: Option<Split>,
    into: &mut Read,
) -> Result<(), DatasetError> {
    let bytes = whole_file::read(path, MAX_BYTES).map_err(|error| DatasetError::reading(path, error))?;
    let file: File = serde_json::from_slice(&bytes)
        .map_err(|error| DatasetError::Damaged { path: path.to_owned(), reason: error.to_string() })?;
    drop(bytes);
    let mut reader =
        Reader { into, classes: HashMap::new(), items: HashMap::new(), damaged: BTreeMap::new() };
    for category in file.categories {
        match category {
            Lenient::Good(category) => reader.category(category),
            Lenient::Bad(_) => reader.note("a class has no id or no name"),
        }
    }
    let listed: Vec<Image> = file
        .images
        .into_iter()
        .filter_map(|image| match image {
            Lenient::Good(image) => Some(image),
            Lenient::Bad(_) => {
                reader.note("an image has no id, name, width or height");
                None
            }
        })
        .collect();
    let folder = images
        .map_or_else(|| images_of(path, listed.iter().map(|image| &image.file_name[..])), Path::to_owned);
    for image in listed {
        reader.image(image, &folder, split);
    }
    for label in file.annotations {
        let read = match label {
            Lenient::Good(label) => reader.label(label),
            Lenient::Bad(_) => Err("it isn't written as COCO's labels are".to_owned()),
        };
        if let Err(reason) = read {
            reader.note(&reason);
        }
    }
    let damaged = std::mem::take(&mut reader.damaged);
    into.problems.extend(damaged.into_iter().map(|(reason, count)| Problem::Label {
        path: path.to_owned(),
        reason,
        count,
    }));
    Ok(())
}

struct Reader<'a> {
    into: &'a mut Read,
    /// The classes by their ids in the file.
    classes: HashMap<u64, usize>,
    /// The items by their ids in the file.
    items: HashMap<u64, usize>,
    /// What is wrong with entries, with how many.
    damaged: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn note(&mut self, reason: &str) {
        *self.damaged.entry(reason.to_owned()).or_default() += 1;
    }

    fn category(&mut self, category: Category) {
        let Category { id, name, supercategory, keypoints, skeleton } = category;
        if name.is_empty() {
            return self.note("a class has no name");
        }
        let skeleton = skeleton.iter().filter_map(|&[a, b]| Some([a.checked_sub(1)?, b.checked_sub(1)?]));
        let scheme = KeypointScheme { skeleton: skeleton.collect(), names: keypoints, flip: Vec::new() };
        let scheme = (!scheme.names.is_empty()).then_some(scheme).filter(|scheme| scheme.check().is_ok());
        let dataset = &mut self.into.dataset;
        let index = dataset.class_or_new(&name);
        let class = &mut dataset.classes[index];
        class.id = class.id.or(Some(id));
        class.group = class.group.take().or(supercategory);
        class.keypoints = class.keypoints.take().or(scheme);
        self.classes.insert(id, index);
    }

    fn image(&mut self, image: Image, folder: &Path, split: Option<Split>) {
        let Some(path) = names::within(folder, &image.file_name) else {
            let reason = format!("the name \u{201c}{}\u{201d} leads out of the folder", image.file_name);
            return self.note(&reason);
        };
        if self.items.contains_key(&image.id) {
            return self.note("two images have the same id");
        }
        let item = Item {
            name: image.file_name,
            path,
            size: (image.width, image.height),
            split,
            reviewed: true,
            id: Some(image.id),
            other: image.other,
            ..Item::default()
        };
        if let Some(index) = self.into.add(item) {
            self.items.insert(image.id, index);
        } else {
            self.note("two images have the same name");
        }
    }

    fn label(&mut self, label: Label) -> Result<(), String> {
        let &item = self.items.get(&label.image_id).ok_or("its image isn't listed")?;
        let &class = self.classes.get(&label.category_id).ok_or("its class isn't listed")?;
        let dataset = &mut self.into.dataset;
        let size = dataset.items[item].size;
        let (polygons, mask) = shape(label.segmentation, size)?;
        let keypoints = points(&label.keypoints, dataset.classes[class].keypoints.as_ref())?;
        let mut annotation = Annotation {
            class,
            state: State::Accepted,
            score: label.score,
            polygons,
            mask,
            keypoints,
            crowd: match &label.iscrowd {
                Some(Value::Bool(crowd)) => *crowd,
                Some(value) => value.as_u64() == Some(1),
                None => false,
            },
            area: label.area,
            track_id: label.track_id,
            id: label.id,
            other: label.other,
            ..Annotation::default()
        };
        annotation.other.remove("num_keypoints");
        let corners: Option<[[f64; 2]; 4]> =
            annotation.other.remove("corners").and_then(|corners| serde_json::from_value(corners).ok());
        annotation.corners = corners;
        annotation.bbox = match label.bbox.as_deref() {
            Some(&[x, y, w, h]) if w >= 0.0 && h >= 0.0 => [x, y, x + w, y + h],
            Some([_, _, _, _]) => return Err("its box has a negative width or height".into()),
            None | Some([]) => hull_of(annotation.polygons.iter().flatten().copied())
                .or_else(|| annotation.mask.as_ref().and_then(masks::hull))
                .ok_or("it has neither a box nor an outline")?,
            Some(_) => return Err("its box doesn't have four numbers".into()),
        };
        check_coordinates(&annotation)?;
        dataset.items[item].annotations.push(annotation);
        Ok(())
    }
}

fn shape(
    segmentation: Option<Segmentation>,
    (width, height): (u32, u32),
) -> Result<(Vec<Polygon>, Option<Rle>), String> {
    let mask = match segmentation {
        None => return Ok((Vec::new(), None)),
        Some(Segmentation::Polygons(parts)) => {
            let mut polygons = Vec::new();
            for part in parts {
                if part.len() < 6 || !part.len().is_multiple_of(2) {
                    return Err("its outline has fewer than three corners".into());
                }
                polygons.push(part.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect());
            }
            return Ok((polygons, None));
        }
        Some(Segmentation::Runs(mask)) => {
            masks::check(&mask)?;
            mask
        }
        Some(Segmentation::Text { size, counts }) => masks::decompressed(&counts, size)?,
    };
    if mask.size == [height, width] {
        Ok((Vec::new(), Some(mask)))
    } else {
        Err("its mask has another size than its image".into())
    }
}

fn points(values: &[f64], scheme: Option<&KeypointScheme>) -> Result<Vec<LabelPoint>, String> {
    let Some(scheme) = scheme.filter(|_| !values.is_empty()) else {
        return if values.is_empty() { Ok(Vec::new()) } else { Err("its class has no keypoints".into()) };
    };
    if values.len() != 3 * scheme.names.len() {
        return Err("it has another number of keypoints than its class".into());
    }
    let point = |v: &[f64]| {
        let visibility = Visibility::of_number(v[2]).ok_or("the visibility of a keypoint isn't 0, 1 or 2")?;
        Ok(LabelPoint { x: v[0], y: v[1], visibility })
    };
    values.chunks_exact(3).map(point).collect()
}

/// Where the images of a file are: the first of the usual places that has one of them, else the file's own folder.
fn images_of<'a>(path: &Path, names: impl Iterator<Item = &'a str>) -> PathBuf {
    let folder = whole_file::folder_of(path).to_owned();
    let above = folder.join("..");
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let split = stem.rsplit('_').next().unwrap_or_default();
    let places = [
        folder.clone(),
        folder.join("images"),
        above.join("images"),
        above.join(split),
        above.join("images").join(split),
        folder.join(split),
        above.clone(),
    ];
    let names: Vec<&str> = names.take(20).collect();
    let has_one = |place: &&PathBuf| {
        names.iter().any(|name| names::within(place, name).is_some_and(|path| path.is_file()))
    };
    places.iter().find(has_one).cloned().unwrap_or(folder)
}

/// The files of a data set with the part that each is, by its name or its folder's.
pub(super) fn files_in(root: &Path) -> Sources {
    let json = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
        files.sort();
        files
    };
    let mut found = json(&root.join("annotations"));
    // COCO's own folder has the same images three times: for instances, for people's keypoints and for captions.
    let instances = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("instances"))
    };
    if found.iter().any(&instances) {
        found.retain(instances);
    }
    let exported = |folder: &Path| Some(folder.join("_annotations.coco.json")).filter(|path| path.is_file());
    for split in ["train", "valid", "val", "test"] {
        found.extend(exported(&root.join(split)));
    }
    found.extend(exported(root));
    found.into_iter().map(|path| (split_of(&path), path)).map(|(split, path)| (path, split)).collect()
}

/// The part that a file is of its data set.
pub(super) fn split_of(path: &Path) -> Option<Split> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let folder = whole_file::folder_of(path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = if name == "_annotations.coco.json" { folder.to_lowercase() } else { name };
    Split::ALL.into_iter().find(|split| name.contains(split.name()))
}
