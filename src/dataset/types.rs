//! A data set as plain data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::save::rle::Rle;

/// Images with labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// What its user calls it; for a folder, the folder's name.
    pub name: String,
    /// The classes; [`Annotation::class`] and [`ImageClass::class`] are indices into them.
    pub classes: Vec<Class>,
    /// In natural order of their names.
    pub items: Vec<Item>,
}

/// A class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Unique within the data set, never empty.
    pub name: String,
    /// The keypoints of its objects, if they have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<KeypointScheme>,
    /// Its number in the file that it was imported from, such as COCO's category id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The group that it belongs to, as COCO's `supercategory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl Class {
    /// A class of this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// What the keypoints of a class are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeypointScheme {
    /// The names of the points in their order; each object has as many.
    pub names: Vec<String>,
    /// Pairs of points, counted from 0, that are joined by a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skeleton: Vec<[usize; 2]>,
    /// For each point the one that it becomes in a mirrored image (left eye ↔ right eye); empty if that isn't known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flip: Vec<usize>,
}

/// An image with its labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Its file's name within the data set's images, with `/` between folders: `street/0001.jpg`. Unique.
    pub name: String,
    /// Where the image file is.
    pub path: PathBuf,
    /// Width and height in pixels, upright. (0, 0) if the image can't be read.
    pub size: (u32, u32),
    pub split: Option<Split>,
    /// Somebody has looked at all labels of the image. Imported labels count as reviewed.
    pub reviewed: bool,
    /// Somebody doesn't want the image in the data set. It isn't reviewed then, so that it is left out of exports.
    pub rejected: bool,
    pub annotations: Vec<Annotation>,
    /// The class of the whole image, for classification.
    pub class: Option<ImageClass>,
    /// Where it comes from, if that is known.
    pub origin: Option<Origin>,
    /// Its number in the file that it was imported from.
    pub id: Option<u64>,
    /// What else a file said of it (COCO's `license`), kept as it was.
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// What an image is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// A model learns from it.
    Train,
    /// A model is measured with it while it learns.
    Val,
    /// A model is measured with it in the end.
    Test,
}

impl Split {
    /// All splits, in their usual order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name in files: `train`, `val` or `test`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// What is to be thought of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A model gave it, and nobody has looked at it.
    Suggested,
    /// It is right: somebody drew or accepted it, or it was imported as a label.
    #[default]
    Accepted,
    /// It is wrong. It is kept in the data set and left out of exports.
    Rejected,
}

/// One object in an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotation {
    /// Index into [`Dataset::classes`].
    pub class: usize,
    pub state: State,
    /// How sure the model was that gave it, 0..=1; `None` if a person drew it.
    pub score: Option<f64>,
    /// x1, y1, x2, y2 with x1 ≤ x2 and y1 ≤ y2; around its other shapes where it has any.
    pub bbox: [f64; 4],
    /// Its outline, of several parts where something stands before it. Empty without an outline.
    pub polygons: Vec<Polygon>,
    /// Its pixels, where an outline can't say them (holes, crowds, a model's mask). If it has polygons too, the polygons count.
    pub mask: Option<Rle>,
    /// One for each name of the class's [`KeypointScheme`]; empty without keypoints.
    pub keypoints: Vec<LabelPoint>,
    /// The corners of an oriented box, in order around it.
    pub corners: Option<[[f64; 2]; 4]>,
    /// Stands for many objects that can't be told apart (COCO's `iscrowd`).
    pub crowd: bool,
    /// Its area in square pixels as the imported file gave it. A change of the shape sets it to `None`.
    pub area: Option<f64>,
    /// The track that it belongs to in its video.
    pub track_id: Option<u32>,
    /// Its number in the file that it was imported from.
    pub id: Option<u64>,
    /// What else a file said of it (COCO's `attributes`), kept as it was.
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// A closed outline: its corners in order, without the first one again at the end.
pub type Polygon = Vec<[f64; 2]>;

/// A keypoint of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LabelPoint {
    /// 0 where it isn't labelled.
    pub x: f64,
    /// 0 where it isn't labelled.
    pub y: f64,
    pub visibility: Visibility,
}

/// Whether a keypoint can be seen, as COCO's `v`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// 0: nobody said where it is.
    #[default]
    NotLabelled,
    /// 1: hidden by something, but known where.
    Hidden,
    /// 2
    Visible,
}

impl Visibility {
    /// COCO's number for it, 0 to 2.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::NotLabelled => 0,
            Self::Hidden => 1,
            Self::Visible => 2,
        }
    }

    /// The one with COCO's number, if there is one.
    #[must_use]
    pub fn of_number(number: f64) -> Option<Self> {
        [Self::NotLabelled, Self::Hidden, Self::Visible].into_iter().find(|v| f64::from(v.number()) == number)
    }
}

/// The class of a whole image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageClass {
    /// Index into [`Dataset::classes`].
    pub class: usize,
    pub state: State,
    /// How sure the model was that gave it, 0..=1.
    pub score: Option<f64>,
}

/// Where an image comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The source as the user named it.
    pub source: String,
    /// The number of its frame, counted from 0.
    #[serde(default)]
    pub frame: u64,
    /// Its position in a video, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_s: Option<f64>,
    /// The name of the model that suggested labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Item {
    /// The video or camera that it is a frame of, or the image that it was; the frames of one are much alike.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.source.as_str()).filter(|source| !source.is_empty())
    }
}

impl Dataset {
    /// The index of the class of this name.
    #[must_use]
    pub fn class_named(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| class.name == name)
    }

    /// The index of the class of this name, which is added if there is none.
    pub fn class_or_new(&mut self, name: &str) -> usize {
        self.class_named(name).unwrap_or_else(|| {
            self.classes.push(Class::new(name));
            self.classes.len() - 1
        })
    }

    /// The keypoints of a class; none for a class that has none.
    #[must_use]
    pub fn keypoints_of(&self, class: usize) -> Option<&KeypointScheme> {
        self.classes.get(class)?.keypoints.as_ref()
    }

    /// How many images somebody has reviewed.
    #[must_use]
    pub fn reviewed(&self) -> usize {
        self.items.iter().filter(|item| item.reviewed).count()
    }
}

impl Annotation {
    /// A box that a person drew.
    #[must_use]
    pub fn new(class: usize, bbox: [f64; 4]) -> Self {
        Self { class, bbox: ordered(bbox), ..Self::default() }
    }

    /// The smallest box around its polygons, corners and labelled keypoints; its own box if it has none of them.
    #[must_use]
    pub fn hull(&self) -> [f64; 4] {
        let corners = self.corners.iter().flatten().copied();
        let labelled = self.keypoints.iter().filter(|p| p.visibility != Visibility::NotLabelled);
        let points = self.polygons.iter().flatten().copied().chain(corners);
        let points = points.chain(labelled.map(|p| [p.x, p.y]));
        hull_of(points).unwrap_or(self.bbox)
    }
}

/// No image is so large, in pixels.
const FARTHEST: f64 = 1e7;

/// Whether every coordinate of a label is a number that an image can have, so that sums and areas of them are numbers, too.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub(super) fn check_coordinates(one: &Annotation) -> Result<(), String> {
    let points = one.polygons.iter().flatten().chain(one.corners.iter().flatten()).flatten().copied();
    let keypoints = one.keypoints.iter().flat_map(|point| [point.x, point.y]);
    let sane = |value: f64| value.abs() <= FARTHEST;
    if one.bbox.iter().copied().chain(points).chain(keypoints).all(sane) {
        Ok(())
    } else {
        Err("a coordinate lies far beyond any image".into())
    }
}

/// The smallest box around points; `None` without a point.
#[must_use]
pub(super) fn hull_of(points: impl Iterator<Item = [f64; 2]>) -> Option<[f64; 4]> {
    points.fold(None, |hull, [x, y]| {
        let [x1, y1, x2, y2] = hull.unwrap_or([x, y, x, y]);
        Some([x1.min(x), y1.min(y), x2.max(x), y2.max(y)])
    })
}

/// A box whose first corner is the top left one.
#[must_use]
pub(super) fn ordered([x1, y1, x2, y2]: [f64; 4]) -> [f64; 4] {
    [x1.min(x2), y1.min(y2), x1.max(x2), y1.max(y2)]
}
