//! The label file of one image, and `dataset.json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::masks;
use super::types::{
    Annotation, Class, ImageClass, Item, LabelPoint, Origin, Polygon, Split, State, Visibility,
    check_coordinates,
};
use crate::save::rle::Rle;

/// The version of the format.
pub(super) const VERSION: u64 = 1;

/// `dataset.json`.
#[derive(Serialize, Deserialize)]
pub(super) struct InfoFile {
    /// [`VERSION`]
    #[serde(rename = "sightline-dataset")]
    pub version: u64,
    #[serde(default)]
    pub classes: Vec<Class>,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A label file: `labels/street/0001.jpg.json` for `images/street/0001.jpg`. Classes are named, so that it can be read without
/// any other file.
#[derive(Serialize, Deserialize)]
struct LabelFile {
    size: [u32; 2],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    #[serde(default)]
    reviewed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rejected: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<StoredClass>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    other: Map<String, Value>,
    #[serde(default)]
    annotations: Vec<Stored>,
}

#[derive(Serialize, Deserialize)]
struct StoredClass {
    class: String,
    #[serde(default, skip_serializing_if = "is_accepted")]
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    class: String,
    #[serde(default, skip_serializing_if = "is_accepted")]
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(rename = "box")]
    bbox: [f64; 4],
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    polygons: Vec<Polygon>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mask: Option<Rle>,
    /// x, y, visibility (0, 1, 2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keypoints: Vec<[f64; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    corners: Option<[[f64; 2]; 4]>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    crowd: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    area: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track_id: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    other: Map<String, Value>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_accepted(state: &State) -> bool {
    *state == State::Accepted
}

/// The labels of an item as the bytes of its file. Classes that don't exist are left out.
pub(super) fn write(item: &Item, classes: &[Class]) -> Vec<u8> {
    let name = |class: usize| classes.get(class).map(|class| class.name.clone());
    let stored = |one: &Annotation| {
        Some(Stored {
            class: name(one.class)?,
            state: one.state,
            score: one.score,
            bbox: one.bbox,
            polygons: one.polygons.clone(),
            mask: one.mask.clone(),
            keypoints: one.keypoints.iter().map(|p| [p.x, p.y, f64::from(p.visibility.number())]).collect(),
            corners: one.corners,
            crowd: one.crowd,
            area: one.area,
            track_id: one.track_id,
            id: one.id,
            other: one.other.clone(),
        })
    };
    let file = LabelFile {
        size: [item.size.0, item.size.1],
        split: item.split,
        reviewed: item.reviewed,
        rejected: item.rejected,
        class: item.class.and_then(|class| {
            Some(StoredClass { class: name(class.class)?, state: class.state, score: class.score })
        }),
        origin: item.origin.clone(),
        id: item.id,
        other: item.other.clone(),
        annotations: item.annotations.iter().filter_map(stored).collect(),
    };
    // Only strings and numbers: this cannot fail, and numbers that aren't finite become null, which isn't read again.
    let mut bytes = serde_json::to_vec(&file).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads a label file into `item`, whose name and path stay. `class` gives the index of a class by its name.
///
/// # Errors
/// What is wrong with it, as the end of a sentence; the item is unchanged.
pub(super) fn read(
    bytes: &[u8],
    item: &mut Item,
    mut class: impl FnMut(&str) -> usize,
) -> Result<(), String> {
    let file: LabelFile = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    for one in &file.annotations {
        if one.class.is_empty() {
            return Err("a label has no class".into());
        }
        if let Some(mask) = &one.mask {
            masks::check(mask)?;
        }
        if one.keypoints.iter().any(|[.., v]| Visibility::of_number(*v).is_none()) {
            return Err("the visibility of a keypoint isn't 0, 1 or 2".into());
        }
    }
    let mut annotation = |one: Stored| Annotation {
        class: class(&one.class),
        state: one.state,
        score: one.score,
        bbox: super::types::ordered(one.bbox),
        polygons: one.polygons,
        mask: one.mask,
        keypoints: one
            .keypoints
            .iter()
            .map(|&[x, y, v]| LabelPoint { x, y, visibility: Visibility::of_number(v).unwrap_or_default() })
            .collect(),
        corners: one.corners,
        crowd: one.crowd,
        area: one.area,
        track_id: one.track_id,
        id: one.id,
        other: one.other,
    };
    let annotations: Vec<Annotation> = file.annotations.into_iter().map(&mut annotation).collect();
    annotations.iter().try_for_each(check_coordinates)?;
    item.annotations = annotations;
    item.class = file.class.filter(|one| !one.class.is_empty()).map(|one| ImageClass {
        class: class(&one.class),
        state: one.state,
        score: one.score,
    });
    item.size = (file.size[0], file.size[1]);
    item.split = file.split;
    item.reviewed = file.reviewed;
    item.rejected = file.rejected;
    item.origin = file.origin;
    item.id = file.id;
    item.other = file.other;
    Ok(())
}
