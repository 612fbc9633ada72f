//! How good a model is: what it finds against what a data set says.
//!
//! Detection and segmentation are measured as COCO does (pycocotools' `COCOeval`): for each class the average precision over 101
//! points of recall, at ten IoU thresholds from 0.50 to 0.95, with at most 100 detections of a class an image, and with crowds,
//! which are neither found nor missed. Nothing here knows files or models: [`DetectionEvaluator`] and
//! [`ClassificationEvaluator`] take one image after the other, and [`Evaluation`] is what comes of it.

mod class_names;
mod classification;
mod curves;
mod detection;
mod evaluators;
mod labels;
mod matching;
mod working_point;

use serde::{Deserialize, Serialize};

pub use class_names::{ClassMatch, match_classes};
pub use classification::ClassificationEvaluator;
pub use detection::DetectionEvaluator;
pub use evaluators::{Evaluators, Kind};
pub use labels::{found_in, truths_of};

use crate::save::rle::Rle;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measured {
    /// Boxes are compared.
    Box,
    /// Masks are compared.
    Mask,
}

/// An object that the data set has in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    pub class: usize,
    /// x1, y1, x2, y2
    pub bbox: [f64; 4],
    /// Its pixels; needed where masks are compared.
    pub mask: Option<Rle>,
    /// Many objects that can't be told apart: a detection inside counts neither for nor against the model.
    pub crowd: bool,
    /// In square pixels: decides whether it is small (below 32²), medium or large (above 96²).
    pub area: f64,
}

/// An object that the model found in an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub class: usize,
    /// 0..=1
    pub score: f64,
    /// x1, y1, x2, y2
    pub bbox: [f64; 4],
    /// Its pixels; needed where masks are compared.
    pub mask: Option<Rle>,
}

/// What a model is worth on a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The model as the user named it.
    pub model: String,
    /// Of the model's file, in lower-case hexadecimal.
    pub sha256: String,
    /// The data set as the user named it.
    pub dataset: String,
    /// The part of it that was used; `None`: all.
    pub split: Option<super::Split>,
    /// Which of its images count.
    pub counted: super::Counted,
    /// How many images were looked at.
    pub images: usize,
    /// Names of the data set's classes that the model doesn't have: it can't find them, and they count as missed.
    pub unknown_to_model: Vec<String>,
    /// Names of the model's classes that the data set doesn't have; what is found of them is left out.
    pub unknown_to_dataset: Vec<String>,
    /// Milliseconds that the model took for an image, on average: all stages but reading the file.
    pub ms_per_image: f64,
    pub figures: Figures,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Figures {
    /// Detection, and segmentation with `mask`.
    Detection {
        #[serde(rename = "box")]
        boxes: Box<DetectionFigures>,
        /// Of the masks, if model and data set have them.
        #[serde(skip_serializing_if = "Option::is_none")]
        mask: Option<Box<DetectionFigures>>,
    },
    Classification(Box<ClassificationFigures>),
}

/// How well objects are found. A figure that can't be said, as there is nothing to find, is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionFigures {
    pub coco: CocoFigures,
    /// The score from which on a detection counts in `precision`, `recall`, `confusion` and `worst`.
    pub confidence: f64,
    /// The IoU from which on a detection counts as the object there.
    pub iou: f64,
    /// Of what is found, the part that is right; the mean of the classes.
    pub precision: Option<f64>,
    /// Of what is there, the part that is found; the mean of the classes.
    pub recall: Option<f64>,
    /// The harmonic mean of both; the mean of the classes.
    pub f1: Option<f64>,
    /// In the data set's order.
    pub classes: Vec<ClassFigures>,
    pub confusion: Confusion,
    /// The images with mistakes, the worst first.
    pub worst: Vec<ImageMistakes>,
}

/// The twelve figures that COCO's own program prints, 0..=1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CocoFigures {
    /// mAP50-95
    pub map: Option<f64>,
    pub map50: Option<f64>,
    pub map75: Option<f64>,
    /// Of objects below 32 × 32 pixels.
    pub map_small: Option<f64>,
    pub map_medium: Option<f64>,
    /// Of objects above 96 × 96 pixels.
    pub map_large: Option<f64>,
    /// Average recall with at most 1, 10 and 100 detections of a class an image.
    pub recall_1: Option<f64>,
    pub recall_10: Option<f64>,
    pub recall_100: Option<f64>,
    pub recall_small: Option<f64>,
    pub recall_medium: Option<f64>,
    pub recall_large: Option<f64>,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    pub name: String,
    /// Images that have it.
    pub images: usize,
    /// Objects in the data set, without crowds.
    pub objects: usize,
    /// AP50-95
    pub ap: Option<f64>,
    pub ap50: Option<f64>,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
}

/// What was taken for what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The names of rows and columns. For detection there is one row more, of what is nothing in the data set, and one column more,
    /// of what was missed.
    pub classes: Vec<String>,
    /// A row for each class of the data set, a column for each class that was found.
    pub counts: Vec<Vec<u64>>,
}

/// The mistakes in one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageMistakes {
    /// Its name in the data set.
    pub image: String,
    /// Objects that were found and named rightly.
    pub right: usize,
    pub mistakes: Vec<Mistake>,
}

/// One mistake. Boxes are x1, y1, x2, y2 in pixels of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Mistake {
    /// An object that wasn't found.
    Missed {
        class: String,
        #[serde(rename = "box")]
        bbox: [f64; 4],
    },
    /// Something was found where nothing is, or twice.
    False {
        class: String,
        score: f64,
        #[serde(rename = "box")]
        bbox: [f64; 4],
    },
    /// An object was found and taken for another class.
    Confused {
        /// What it is.
        class: String,
        /// What it was taken for.
        found: String,
        score: f64,
        #[serde(rename = "box")]
        bbox: [f64; 4],
    },
}

/// How well whole images are classified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationFigures {
    /// The part of the images whose class is the likeliest one.
    pub top1: Option<f64>,
    /// The part of the images whose class is among the five likeliest.
    pub top5: Option<f64>,
    pub classes: Vec<ClassAccuracy>,
    /// Of the likeliest class. The last column counts images for which the model named no class of the data set.
    pub confusion: Confusion,
    /// The images that were taken for another class, the surest first.
    pub worst: Vec<WrongImage>,
}

/// One class of a classification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassAccuracy {
    pub name: String,
    pub images: usize,
    pub top1: Option<f64>,
    pub top5: Option<f64>,
}

/// An image that was taken for another class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrongImage {
    pub image: String,
    /// What it is.
    pub class: String,
    /// What it was taken for, with the score.
    pub found: Option<(String, f64)>,
    /// The place of its class among the likeliest, counted from 1; `None` if it isn't among those that the model gave.
    pub place: Option<usize>,
}

/// The mean; `None` of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// The part of a whole; `None` of nothing.
fn part(some: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| some as f64 / all as f64)
}

#[cfg(test)]
mod tests;
