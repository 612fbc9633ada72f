//! Snapshots: the annotated image and, if the options ask for them, the frame without a drawing and a JSON record.

use std::borrow::Cow;
use std::path::PathBuf;

use chrono::{DateTime, FixedOffset, Local};
use serde::{Deserialize, Serialize};

use super::error::SnapshotError;
use super::files::{self, Contents, Pixels, Saved};
use super::objects::{cut_out, object_name};
use super::record::{FrameInfo, FrameRecord, SnapshotRecord};
use crate::engine::{ModelInfo, Prediction};
use crate::frame::{Frame, PixelFormat};
use crate::model::Thresholds;
use crate::model::results::{Results, StageTimes};
use crate::privacy::{Censor, Covered, Found, Privacy};
use crate::scene::{Scene, Style, image_painter};
use crate::track::Report;

/// The format of image files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// Without loss.
    #[default]
    Png,
    /// Much smaller, with a little loss.
    Jpeg,
    /// Smaller still, with a little loss.
    WebP,
}

impl ImageFormat {
    /// All formats, in the order of the settings.
    pub const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::WebP];

    /// Returns the ending of its files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }
}

/// How and where snapshots are saved; part of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct SnapshotOptions {
    /// The folder. It is made if the folder above it exists. `None`: [`super::default_folder`], which is made with all folders
    /// above it.
    pub folder: Option<PathBuf>,
    pub format: ImageFormat,
    /// The quality of JPEG and WebP, 1..=100.
    pub quality: u8,
    /// Save also the frame without a drawing, never mirrored.
    pub clean: bool,
    /// Save also each object as an image of its own, never mirrored.
    pub objects: bool,
    /// Save also a JSON record.
    pub json: bool,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self { folder: None, format: ImageFormat::Png, quality: 92, clean: false, objects: false, json: true }
    }
}

/// A model's prediction for the frame that is saved, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct PredictionView<'a> {
    pub results: &'a Results,
    pub model: &'a ModelInfo,
    pub thresholds: &'a Thresholds,
    pub times: &'a StageTimes,
    /// What tracking, zones and lines say of the frame.
    pub report: Option<&'a Report>,
}

impl<'a> From<&'a Prediction> for PredictionView<'a> {
    fn from(prediction: &'a Prediction) -> Self {
        let Prediction { results, model, thresholds, times, report, .. } = prediction;
        Self { results, model, thresholds, times, report: report.as_deref() }
    }
}

impl PredictionView<'_> {
    /// Returns what it found, for [`Privacy`].
    pub(super) fn found(&self) -> Found<'_> {
        Found { results: self.results, labels: &self.model.spec.labels, thresholds: self.thresholds }
    }

    /// Returns the scene of its results.
    pub(super) fn scene(&self, style: &Style) -> Scene {
        let mut scene = Scene::new();
        scene.compose_with(self.results, self.report, &self.model.spec.labels, style);
        scene
    }
}

/// What to save.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotView<'a> {
    /// The source as the user named it.
    pub source: &'a str,
    /// The frame at the source's full resolution (RGBA).
    pub frame: &'a Frame,
    /// `None` if no model runs: then the frame is saved without a drawing.
    pub prediction: Option<PredictionView<'a>>,
    /// As on screen; if it mirrors, the annotated image is mirrored as well and the JSON says so.
    pub style: &'a Style,
    /// Who is hidden, in both images.
    pub privacy: &'a Privacy,
}

/// Returns the annotated image as a snapshot saves it, for the clipboard. It takes as long as a snapshot, without the disk: call
/// it on a worker.
///
/// # Errors
/// [`SnapshotError::NoImage`].
pub fn picture(view: &SnapshotView<'_>) -> Result<Frame, SnapshotError> {
    let drawn = Drawn::new(view)?;
    Ok(Frame { data: drawn.annotated, ..Frame::filled(view.frame.width, view.frame.height, [0; 4]) })
}

/// A frame as it may be saved, and with its results drawn on it.
struct Drawn<'a> {
    frame: Cow<'a, Frame>,
    /// RGBA, of the frame's size.
    annotated: Vec<u8>,
    mirrored: bool,
}

impl<'a> Drawn<'a> {
    fn new(view: &SnapshotView<'a>) -> Result<Self, SnapshotError> {
        let frame = view.frame;
        if frame.format != PixelFormat::Rgba8 || !frame.is_whole() {
            return Err(SnapshotError::NoImage);
        }
        let found: Vec<Found<'_>> = view.prediction.iter().map(PredictionView::found).collect();
        let (frame, planes) = covered(frame, view.privacy, &found);
        let style = &Style { planes: view.style.planes && planes && !view.privacy.on, ..view.style.clone() };
        let scene = view.prediction.map_or_else(
            || {
                let mut empty = Scene::new();
                empty.clear((frame.width, frame.height), view.style.mirror);
                empty
            },
            |prediction| prediction.scene(style),
        );
        let mut annotated = Vec::new();
        image_painter::render(&frame, &scene, &mut annotated);
        Ok(Self { frame, annotated, mirrored: scene.is_mirrored() })
    }
}

/// Saves a snapshot. It takes as long as the disk does: call it on a worker.
///
/// # Errors
/// Why nothing was saved; [`SnapshotError::fix`] tells the user what to do.
pub fn save(view: &SnapshotView<'_>, options: &SnapshotOptions) -> Result<Saved, SnapshotError> {
    save_at(view, options, Local::now().fixed_offset())
}

fn save_at(
    view: &SnapshotView<'_>,
    options: &SnapshotOptions,
    now: DateTime<FixedOffset>,
) -> Result<Saved, SnapshotError> {
    let drawn = Drawn::new(view)?;
    let frame = &*drawn.frame;
    let size = (frame.width, frame.height);
    let contents = Contents {
        suffix: "",
        annotated: Pixels { rgba: &drawn.annotated, size },
        mirrored: drawn.mirrored,
        clean: options.clean.then_some(Pixels { rgba: &frame.data, size }),
        objects: if options.objects { objects(view, frame) } else { Vec::new() },
    };
    files::save(&contents, options, now, |files| SnapshotRecord {
        frame: record(view),
        model_details: view.prediction.map(|prediction| prediction.model.into()),
        thresholds: view.prediction.map(|prediction| prediction.thresholds.into()),
        privacy: view.privacy.on,
        files,
        made: now.into(),
    })
}

/// The objects of a frame as images of their own, with their names.
fn objects(view: &SnapshotView<'_>, frame: &Frame) -> Vec<(String, Frame)> {
    let Some(prediction) = view.prediction else { return Vec::new() };
    let labels = &prediction.model.spec.labels;
    let all = prediction.results.detections.iter().enumerate();
    all.filter_map(|(place, detection)| {
        Some((object_name(detection, place, labels), cut_out(frame, detection.bbox)?))
    })
    .collect()
}

/// Returns the frame as it may be saved, and whether planes (style images, depth maps) may be drawn on it: where all of it is
/// hidden, they would show it again.
pub(super) fn covered<'a>(
    frame: &'a Frame,
    privacy: &Privacy,
    found: &[Found<'_>],
) -> (Cow<'a, Frame>, bool) {
    if !privacy.on {
        return (Cow::Borrowed(frame), true);
    }
    let mut copy = frame.clone();
    let covered = Censor::default().cover_frame(privacy, &mut copy, found);
    (Cow::Owned(copy), covered != Covered::Everything)
}

fn record(view: &SnapshotView<'_>) -> FrameRecord {
    let frame = view.frame;
    let model = view.prediction.map_or("", |prediction| &prediction.model.name);
    let info = FrameInfo::of(frame, view.source, model);
    match view.prediction {
        Some(p) => FrameRecord::new(info, p.results, &p.model.spec.labels, p.times),
        None => FrameRecord::without_model(info, (frame.width, frame.height)),
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
pub(super) mod tests;
