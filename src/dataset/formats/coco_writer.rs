//! Writing COCO's JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::coco::{Category, Image};
use super::losses::{Loss, Losses};
use super::writer::{Prepared, Target};
use crate::dataset::types::ordered;
use crate::dataset::{Annotation, Class, DatasetError, Polygon, Split, Visibility, masks};
use crate::save::rle::Rle;

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
