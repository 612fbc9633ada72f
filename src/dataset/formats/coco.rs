//! COCO's JSON: instances and keypoints, with outlines and run lengths.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::losses::{Loss, Losses};
use super::writer::{Prepared, Target};
use super::{Read, Sources};
use crate::dataset::names;
use crate::dataset::types::{check_coordinates, hull_of, ordered};
use crate::dataset::{
    Annotation, Class, DatasetError, Item, KeypointScheme, LabelPoint, Polygon, Problem, Split, State,
    Visibility, masks,
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
struct Image {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
    #[serde(flatten)]
    other: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct Category {
    id: u64,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supercategory: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keypoints: Vec<String>,
    /// Pairs, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    skeleton: Vec<[usize; 2]>,
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

/// Writes `images/` and a file for each split in `annotations/`.
pub(super) fn write(
    prepared: &Prepared<'_>,
    runs: bool,
    target: &mut Target<'_>,
    losses: &mut Losses,
) -> Result<(), DatasetError> {
    let dataset = prepared.dataset;
    let categories = categories(&dataset.classes);
    let ids = numbers(prepared.items.iter().map(|item| item.item.id));
    let labels = prepared.items.iter().flat_map(|item| &item.annotations);
    let mut label_ids = numbers(labels.map(|one| one.id)).into_iter();
    let mut files: BTreeMap<Option<Split>, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for (exported, id) in prepared.items.iter().zip(ids) {
        let item = exported.item;
        let (images, annotations) = files.entry(exported.split).or_default();
        let image = Image {
            id,
            file_name: exported.name.clone(),
            width: item.size.0,
            height: item.size.1,
            other: item.other.clone(),
        };
        images.push(serde_json::to_value(image).unwrap_or_default());
        for annotation in &exported.annotations {
            let label_id = label_ids.next().unwrap_or_default();
            let category = categories[annotation.class].id;
            annotations.push(label(annotation, item.size, [label_id, id, category], runs, losses));
        }
        losses.add(Loss::ImageClasses, usize::from(item.class.is_some()));
        target.image(item, &format!("images/{}", exported.name))?;
    }
    if dataset
        .classes
        .iter()
        .any(|class| class.keypoints.as_ref().is_some_and(|scheme| !scheme.flip.is_empty()))
    {
        losses.add(Loss::MirroredPoints, 1);
    }
    let categories: Vec<Value> =
        categories.iter().map(|category| serde_json::to_value(category).unwrap_or_default()).collect();
    for (split, (images, annotations)) in files {
        let name = split
            .map_or_else(|| "instances.json".to_owned(), |split| format!("instances_{}.json", split.name()));
        let content = json!({
            "info": {"description": dataset.name, "version": "1.0"},
            "licenses": [],
            "images": images,
            "annotations": annotations,
            "categories": categories,
        });
        target.file(&format!("annotations/{name}"), content.to_string().as_bytes())?;
    }
    Ok(())
}

/// The categories of classes: with the ids that they were imported with, if every class has one of its own, else from 1.
fn categories(classes: &[Class]) -> Vec<Category> {
    let ids = numbers(classes.iter().map(|class| class.id));
    let category = |(class, id): (&Class, u64)| Category {
        id,
        name: class.name.clone(),
        supercategory: class.group.clone(),
        keypoints: class.keypoints.iter().flat_map(|scheme| scheme.names.clone()).collect(),
        skeleton: class
            .keypoints
            .iter()
            .flat_map(|scheme| &scheme.skeleton)
            .map(|&[a, b]| [a + 1, b + 1])
            .collect(),
    };
    classes.iter().zip(ids).map(category).collect()
}

/// The numbers that things were imported with, if each has one of its own that isn't 0, which pycocotools takes for "none"; else
/// numbers from 1.
#[must_use]
pub fn numbers(ids: impl Iterator<Item = Option<u64>>) -> Vec<u64> {
    let ids: Vec<Option<u64>> = ids.collect();
    let mut known: Vec<u64> = ids.iter().copied().flatten().filter(|id| *id > 0).collect();
    known.sort_unstable();
    known.dedup();
    if known.len() == ids.len() {
        ids.into_iter().flatten().collect()
    } else {
        (1..=ids.len() as u64).collect()
    }
}

fn label(
    annotation: &Annotation,
    size: (u32, u32),
    [id, image, category]: [u64; 3],
    runs: bool,
    losses: &mut Losses,
) -> Value {
    let [x1, y1, x2, y2] = annotation.bbox;
    let mut out = annotation.other.clone();
    let mut set = |key: &str, value: Value| out.insert(key.to_owned(), value);
    set("id", id.into());
    set("image_id", image.into());
    set("category_id", category.into());
    set("bbox", json!([x1, y1, x2 - x1, y2 - y1].map(rounded)));
    set("iscrowd", u8::from(annotation.crowd).into());
    let outline = |polygons: &[Polygon]| {
        let part = |polygon: &Polygon| polygon.iter().flatten().map(|v| rounded(*v)).collect::<Vec<_>>();
        json!(polygons.iter().map(part).collect::<Vec<_>>())
    };
    let pixels = |mask: &Rle| {
        // A crowd's runs are numbers, as in COCO's own files.
        if annotation.crowd {
            json!({"size": mask.size, "counts": mask.counts})
        } else {
            json!({"size": mask.size, "counts": masks::compressed(mask)})
        }
    };
    let segmentation = match (&annotation.mask, annotation.polygons.is_empty(), annotation.corners) {
        (_, false, _) if runs => pixels(&masks::fill(&annotation.polygons, size)),
        (_, false, _) => outline(&annotation.polygons),
        (Some(mask), true, _) => pixels(mask),
        (None, true, Some(corners)) => {
            set("corners", json!(corners));
            outline(&[corners.to_vec()])
        }
        // Without an outline there is an empty list, which every reader takes.
        (None, true, None) => json!([]),
    };
    if annotation.corners.is_some() {
        losses.add(
            Loss::Orientation,
            usize::from(!annotation.polygons.is_empty() || annotation.mask.is_some()),
        );
    }
    set("segmentation", segmentation);
    let area = annotation.area.unwrap_or_else(|| area_of(annotation, size));
    set("area", rounded(area).into());
    if !annotation.keypoints.is_empty() {
        let points = annotation.keypoints.iter();
        let values: Vec<f64> = points
            .clone()
            .flat_map(|p| [rounded(p.x), rounded(p.y), f64::from(p.visibility.number())])
            .collect();
        set("keypoints", json!(values));
        let labelled = points.filter(|point| point.visibility != Visibility::NotLabelled).count();
        set("num_keypoints", labelled.into());
    }
    if let Some(score) = annotation.score {
        set("score", score.into());
    }
    if let Some(track) = annotation.track_id {
        set("track_id", track.into());
    }
    Value::Object(out)
}

/// The area of an object in square pixels: of its pixels, else of its box.
pub(in crate::dataset) fn area_of(annotation: &Annotation, size: (u32, u32)) -> f64 {
    if !annotation.polygons.is_empty() {
        return masks::fill(&annotation.polygons, size).area() as f64;
    }
    if let Some(mask) = &annotation.mask {
        return mask.area() as f64;
    }
    if let Some(corners) = annotation.corners {
        return masks::area(&corners);
    }
    let [x1, y1, x2, y2] = ordered(annotation.bbox);
    (x2 - x1) * (y2 - y1)
}

/// Without the noise of x + w − x: to a millionth of a pixel.
fn rounded(value: f64) -> f64 {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded.is_finite() { rounded + 0.0 } else { 0.0 }
}
