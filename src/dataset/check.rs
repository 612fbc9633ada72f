//! What may be wrong with a data set: near-duplicates, blurred frames, broken images, labels that can't be right.

mod fingerprint;

use std::fmt;

use serde::Serialize;

pub use fingerprint::Fingerprint;

use super::types::{Annotation, Dataset, Item};
use crate::frame::Frame;
use crate::frame::jpeg::JpegDecoder;
use crate::source::images::load;

/// Something that somebody should look at. Images are named as in the data set; labels are counted from 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Finding {
    /// An image can't be read.
    Broken { image: String, reason: String },
    /// An image has another size (width, height) than its labels say.
    OtherSize { image: String, said: (u32, u32), is: (u32, u32) },
    /// Two images look alike.
    NearDuplicate {
        image: String,
        other: String,
        /// How many of the 64 bits of their hashes differ.
        distance: u32,
        /// One is for training and one for validation or the test: the model is measured by what it has learnt.
        across_splits: bool,
    },
    /// An image is blurred.
    Blurred {
        image: String,
        /// The variance of its Laplacian.
        sharpness: f64,
    },
    /// A label reaches out of its image by more than a pixel.
    Outside { image: String, label: usize },
    /// A label has no area.
    NoArea { image: String, label: usize },
    /// Two labels of a class are in the same place.
    Twice { image: String, label: usize, other: usize },
    /// A label has a class that doesn't exist, or keypoints that its class doesn't have.
    UnknownClass { image: String, label: usize },
    /// An image has no label at all. That may be right: it shows what nothing is.
    Unlabelled { image: String },
    /// No image has this class.
    UnusedClass { class: String },
}

impl Finding {
    /// The image that it is about, if it is about one.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Broken { image, .. }
            | Self::OtherSize { image, .. }
            | Self::NearDuplicate { image, .. }
            | Self::Blurred { image, .. }
            | Self::Outside { image, .. }
            | Self::NoArea { image, .. }
            | Self::Twice { image, .. }
            | Self::UnknownClass { image, .. }
            | Self::Unlabelled { image } => Some(image),
            Self::UnusedClass { .. } => None,
        }
    }

    /// What it is called, as a heading: `Near-duplicates`.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "Broken images",
            Self::OtherSize { .. } => "Images of another size than their labels say",
            Self::NearDuplicate { across_splits: true, .. } => "Near-duplicates in different splits",
            Self::NearDuplicate { .. } => "Near-duplicates",
            Self::Blurred { .. } => "Blurred images",
            Self::Outside { .. } => "Labels outside of their image",
            Self::NoArea { .. } => "Labels without an area",
            Self::Twice { .. } => "Labels that are there twice",
            Self::UnknownClass { .. } => "Labels of an unknown class",
            Self::Unlabelled { .. } => "Images without labels",
            Self::UnusedClass { .. } => "Classes without labels",
        }
    }
}

impl fmt::Display for Finding {
    /// The image or class, and what is to be said of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { image, reason } => write!(f, "{image}: {reason}"),
            Self::OtherSize { image, said, is } => {
                write!(f, "{image}: {}\u{d7}{}, labels say {}\u{d7}{}", is.0, is.1, said.0, said.1)
            }
            Self::NearDuplicate { image, other, distance, .. } => {
                write!(f, "{image} and {other} ({distance} of 64 bits differ)")
            }
            Self::Blurred { image, sharpness } => write!(f, "{image}: sharpness {sharpness:.0}"),
            Self::Outside { image, label }
            | Self::NoArea { image, label }
            | Self::UnknownClass { image, label } => {
                write!(f, "{image}: label {}", label + 1)
            }
            Self::Twice { image, label, other } => {
                write!(f, "{image}: labels {} and {}", label + 1, other + 1)
            }
            Self::Unlabelled { image } => f.write_str(image),
            Self::UnusedClass { class } => f.write_str(class),
        }
    }
}

/// What counts as alike and as blurred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckOptions {
    /// Images whose hashes differ in no more of their 64 bits are near-duplicates.
    pub alike: u32,
    /// Images with a lower variance of the Laplacian are blurred.
    pub sharp: f64,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { alike: 6, sharp: 100.0 }
    }
}

/// Looks at every image and label of a data set. `progress` is called with the number of images that are done and that there are; if
/// it returns `false`, the work ends, and what was found so far is returned.
pub fn check(
    dataset: &Dataset,
    options: CheckOptions,
    mut progress: impl FnMut(usize, usize) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut frame, mut jpeg) = (Frame::default(), None);
    let mut prints: Vec<(usize, Fingerprint)> = Vec::new();
    for (index, item) in dataset.items.iter().enumerate() {
        if let Some(print) = check_image(item, options, &mut frame, &mut jpeg, &mut findings) {
            if let Some(found) = nearest(dataset, item, print, &prints, options.alike) {
                findings.push(found);
            }
            prints.push((index, print));
        }
        check_labels(dataset, item, &mut findings);
        if !progress(index + 1, dataset.items.len()) {
            return findings;
        }
    }
    for (index, class) in dataset.classes.iter().enumerate() {
        let used = dataset.items.iter().any(|item| {
            item.class.is_some_and(|class| class.class == index)
                || item.annotations.iter().any(|one| one.class == index)
        });
        if !used {
            findings.push(Finding::UnusedClass { class: class.name.clone() });
        }
    }
    findings
}

/// The image that looks most like this one among those before it, if any is alike; one of another split comes first. Of each image one
/// other is told: the frames of a video are all alike, and nobody reads thousands of pairs.
fn nearest(
    dataset: &Dataset,
    item: &Item,
    print: Fingerprint,
    earlier: &[(usize, Fingerprint)],
    alike: u32,
) -> Option<Finding> {
    let near = earlier.iter().map(|(index, other)| (&dataset.items[*index], print.distance(*other)));
    let near = near.filter(|(_, distance)| *distance <= alike);
    let across = |other: &Item| item.split.is_some() && other.split.is_some() && item.split != other.split;
    let (other, distance) = near.min_by_key(|(other, distance)| (!across(other), *distance))?;
    Some(Finding::NearDuplicate {
        image: other.name.clone(),
        other: item.name.clone(),
        distance,
        across_splits: across(other),
    })
}

/// Reads an image; returns its fingerprint, or says why it can't be read.
fn check_image(
    item: &Item,
    options: CheckOptions,
    frame: &mut Frame,
    jpeg: &mut Option<JpegDecoder>,
    findings: &mut Vec<Finding>,
) -> Option<Fingerprint> {
    let image = || item.name.clone();
    if let Err(reason) = load(&item.path, frame, jpeg) {
        findings.push(Finding::Broken { image: image(), reason });
        return None;
    }
    let is = (frame.width, frame.height);
    if is != item.size && item.size != (0, 0) {
        findings.push(Finding::OtherSize { image: image(), said: item.size, is });
    }
    let print = Fingerprint::of(frame)?;
    if print.sharpness < options.sharp {
        findings.push(Finding::Blurred { image: image(), sharpness: print.sharpness });
    }
    Some(print)
}

fn check_labels(dataset: &Dataset, item: &Item, findings: &mut Vec<Finding>) {
    let image = || item.name.clone();
    if item.annotations.is_empty() && item.class.is_none() {
        findings.push(Finding::Unlabelled { image: image() });
    }
    let (width, height) = (f64::from(item.size.0), f64::from(item.size.1));
    for (label, one) in item.annotations.iter().enumerate() {
        let points = dataset.keypoints_of(one.class).map_or(0, |scheme| scheme.names.len());
        if one.class >= dataset.classes.len() || (!one.keypoints.is_empty() && one.keypoints.len() != points)
        {
            findings.push(Finding::UnknownClass { image: image(), label });
        }
        let [x1, y1, x2, y2] = one.bbox;
        if x2 <= x1 || y2 <= y1 {
            findings.push(Finding::NoArea { image: image(), label });
        }
        let [h1, v1, h2, v2] = one.hull();
        if item.size != (0, 0)
            && (x1.min(h1) < -1.0
                || y1.min(v1) < -1.0
                || x2.max(h2) > width + 1.0
                || y2.max(v2) > height + 1.0)
        {
            findings.push(Finding::Outside { image: image(), label });
        }
        let same = |other: &Annotation| {
            other.class == one.class && other.bbox == one.bbox && other.crowd == one.crowd
        };
        if let Some(other) = item.annotations[..label].iter().position(same) {
            findings.push(Finding::Twice { image: image(), label: other, other: label });
        }
    }
}

#[cfg(test)]
mod tests;
