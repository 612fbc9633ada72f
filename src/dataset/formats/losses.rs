//! What a format can't hold.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Something that a format can't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Images that nobody has reviewed were left out.
    NotReviewed,
    /// Images that somebody has rejected were left out.
    Rejected,
    /// Images that can't be found were left out.
    MissingImages,
    /// Suggestions of a model in reviewed images were left out.
    Suggestions,
    /// Objects of images that have the same name but for the ending were renamed.
    Renamed,
    /// Outlines and masks were left out.
    Outlines,
    /// Keypoints were left out.
    Keypoints,
    /// Keypoints of a class with another number of them were left out.
    OtherKeypoints,
    /// Oriented boxes became upright ones, or outlines were kept instead of them.
    Orientation,
    /// Crowds were left out.
    Crowds,
    /// Crowds are held as single objects.
    CrowdMark,
    /// Holes in masks were filled.
    Holes,
    /// Parts of an object were joined by a seam.
    Parts,
    /// Parts of an object are held as objects of their own.
    SeparateParts,
    /// Objects without an outline became rectangles.
    Rectangles,
    /// Objects without an angle were written as upright ones.
    Upright,
    /// Objects without keypoints got points that aren't labelled.
    NoKeypoints,
    /// Classes of whole images were left out.
    ImageClasses,
    /// Images without a class were left out.
    NoClass,
    /// Coordinates were rounded to whole pixels.
    WholePixels,
    /// Scores of models were left out.
    Scores,
    /// Tracks were left out.
    Tracks,
    /// Attributes of objects and images were left out.
    Details,
    /// Which keypoints change places in a mirrored image was left out.
    MirroredPoints,
    /// Which keypoints are hidden was left out.
    Hidden,
    /// Objects without an area of at least a pixel were left out.
    Empty,
}

impl Loss {
    /// What was lost, with its number: `3 crowds were left out`.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::NotReviewed => (
                "1 image that nobody has reviewed was left out",
                "images that nobody has reviewed were left out",
            ),
            Self::Rejected => ("1 rejected image was left out", "rejected images were left out"),
            Self::MissingImages => {
                ("1 image that isn't there was left out", "images that aren't there were left out")
            }
            Self::Suggestions => (
                "1 suggestion that nobody has accepted was left out",
                "suggestions that nobody has accepted were left out",
            ),
            Self::Renamed => {
                ("1 image got another name", "images got other names, as two would have had the same")
            }
            Self::Outlines => {
                ("1 outline was left out, its box stays", "outlines were left out, their boxes stay")
            }
            Self::Keypoints => ("the keypoints of 1 object were left out", "objects lost their keypoints"),
            Self::OtherKeypoints => (
                "1 object with another number of keypoints was left out",
                "objects with another number of keypoints were left out",
            ),
            Self::Orientation => ("1 oriented box lost its angle", "oriented boxes lost their angle"),
            Self::Crowds => ("1 crowd was left out", "crowds were left out"),
            Self::CrowdMark => ("1 crowd is held as a single object", "crowds are held as single objects"),
            Self::Holes => ("1 hole in a mask was filled", "holes in masks were filled"),
            Self::Parts => (
                "1 object of several parts was joined by a seam",
                "objects of several parts were joined by seams",
            ),
            Self::SeparateParts => (
                "1 object of several parts is held as several outlines",
                "objects of several parts are held as several outlines each",
            ),
            Self::Rectangles => (
                "1 object without an outline became a rectangle",
                "objects without an outline became rectangles",
            ),
            Self::Upright => (
                "1 object without an angle was written upright",
                "objects without an angle were written upright",
            ),
            Self::NoKeypoints => (
                "1 object without keypoints got unlabelled ones",
                "objects without keypoints got unlabelled ones",
            ),
            Self::ImageClasses => ("the class of 1 image was left out", "images lost their class"),
            Self::NoClass => ("1 image without a class was left out", "images without a class were left out"),
            Self::WholePixels => ("1 box was rounded to whole pixels", "boxes were rounded to whole pixels"),
            Self::Scores => ("1 label lost its score", "labels lost their scores"),
            Self::Tracks => ("1 label lost its track", "labels lost their tracks"),
            Self::Details => {
                ("1 label or image lost its attributes", "labels and images lost their attributes")
            }
            Self::MirroredPoints => (
                "which keypoints change places in a mirrored image was left out",
                "lists of keypoints that change places in a mirrored image were left out",
            ),
            Self::Hidden => (
                "1 object lost which of its keypoints are hidden",
                "objects lost which of their keypoints are hidden",
            ),
            Self::Empty => ("1 object without an area was left out", "objects without an area were left out"),
        }
    }
}

/// How often each of them occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Losses(BTreeMap<Loss, usize>);

impl Losses {
    /// One loss with its number.
    #[must_use]
    pub fn of(loss: Loss, count: usize) -> Self {
        let mut losses = Self::default();
        losses.add(loss, count);
        losses
    }

    /// Counts so many more.
    pub fn add(&mut self, loss: Loss, count: usize) {
        if count > 0 {
            *self.0.entry(loss).or_default() += count;
        }
    }

    /// Each with its number, which is never 0.
    pub fn iter(&self) -> impl Iterator<Item = (Loss, usize)> {
        self.0.iter().map(|(loss, count)| (*loss, *count))
    }

    /// How many there are of one kind.
    #[must_use]
    pub fn count(&self, loss: Loss) -> usize {
        self.0.get(&loss).copied().unwrap_or_default()
    }

    /// Whether everything could be held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Losses {
    /// One sentence; empty if everything could be held.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (loss, count)) in self.iter().enumerate() {
            let (one, many) = loss.text();
            let text = if count == 1 { one.to_owned() } else { format!("{count} {many}") };
            let mut text = text;
            if index == 0 {
                // Only letters of ASCII begin these texts.
                text[..1].make_ascii_uppercase();
            } else {
                f.write_str("; ")?;
            }
            f.write_str(&text)?;
        }
        if self.is_empty() { Ok(()) } else { f.write_str(".") }
    }
}
