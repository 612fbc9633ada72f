//! Runs a model over a data set and says how good it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Dataset;
use super::counted::{Chosen, chosen};
use super::evaluate::{
    ClassMatch, ClassificationFigures, DetectionFigures, Evaluation, Evaluators, Figures, Found, Kind, Truth,
    match_classes,
};
use super::types::State;
use crate::frame::Frame;
use crate::model::spec::Detail;
use crate::model::{Model, ModelError, OpenOptions, Results, Task, Thresholds};
use crate::source::images;

/// Detections count from this score on, so that the whole curve of precision is seen.
const MIN_CONF: f32 = 0.001;
/// A detection is the object that it overlaps so much (IoU).
pub(super) const MATCH_IOU: f64 = 0.5;

/// Why a model can't be measured on a data set.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("The data set has no image that somebody has reviewed.")]
    NothingReviewed,
    #[error("The data set has no labels of objects.")]
    NoObjects,
    #[error("The data set doesn\u{2019}t say the class of any image, and the model classifies whole images.")]
    NoImageClasses,
    #[error("A model of this kind can\u{2019}t be measured on a data set: {task}.")]
    Task { task: Task },
    #[error(
        "The model and the data set have no class in common: the model knows {model}, the data set {dataset}."
    )]
    NoClass { model: String, dataset: String },
    #[error("None of the images can be read: {reason}.")]
    NoImage { reason: String },
    /// The user ended it.
    #[error("Measuring was stopped.")]
    Stopped,
}

impl MeasureError {
    /// What the user can do about it, as a sentence.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Model(error) => error.fix(),
            Self::NothingReviewed => "Review some images first.".into(),
            Self::NoObjects => "Label some objects first, or choose a classifier.".into(),
            Self::NoImageClasses => "Give images a class, or choose a model that finds objects.".into(),
            Self::Task { .. } => {
                "Detection, segmentation, pose, oriented boxes and classification can be measured.".into()
            }
            Self::NoClass { .. } => "Give the classes the same names.".into(),
            Self::NoImage { .. } => "Check that the images are there.".into(),
            Self::Stopped => "Start it again when you want the figures.".into(),
        }
    }
}

/// A model that was measured.
#[derive(Clone, Debug)]
pub struct MeasuredModel {
    /// Its file.
    pub path: PathBuf,
    pub evaluation: Evaluation,
    /// What was found in each image, by its place in the data set; boxes only.
    pub images: Vec<MeasuredImage>,
    /// Images that couldn't be read, or that have another size than their labels say.
    pub left_out: usize,
    /// Images whose labels began as suggestions of this very model: they favour it.
    pub own_labels: usize,
}

impl MeasuredModel {
    /// How well boxes were found; `None` for a classifier.
    #[must_use]
    pub fn boxes(&self) -> Option<&DetectionFigures> {
        match &self.evaluation.figures {
            Figures::Detection { boxes, .. } => Some(boxes),
            Figures::Classification(_) => None,
        }
    }

    /// How well masks were found, if they were measured.
    #[must_use]
    pub fn masks(&self) -> Option<&DetectionFigures> {
        match &self.evaluation.figures {
            Figures::Detection { mask, .. } => mask.as_deref(),
            Figures::Classification(_) => None,
        }
    }

    /// How well whole images were classified, for a classifier.
    #[must_use]
    pub fn classification(&self) -> Option<&ClassificationFigures> {
        match &self.evaluation.figures {
            Figures::Classification(figures) => Some(figures),
            Figures::Detection { .. } => None,
        }
    }
}

/// What was found in one image.
#[derive(Clone, Debug, Default)]
pub struct MeasuredImage {
    /// Its place in the data set.
    pub place: usize,
    /// The video, camera or file that it was collected from; `None` if that isn't known, as of imported images.
    pub source: Option<Arc<str>>,
    pub truths: Vec<Truth>,
    pub found: Vec<Found>,
    /// Of a classifier: its likeliest class is right.
    pub is_right: Option<bool>,
}

/// Runs a model over the images that somebody has reviewed. `progress` is called with the number of images that are done and that
/// there are; if it returns `false`, the work ends.
///
/// # Errors
/// Why nothing can be measured.
pub fn measure(
    dataset: &Dataset,
    path: &Path,
    options: &OpenOptions,
    mut progress: impl FnMut(usize, usize) -> bool,
) -> Result<MeasuredModel, MeasureError> {
    let Chosen { counted, places, .. } = chosen(dataset.items.iter(), None);
    if places.is_empty() {
        return Err(MeasureError::NothingReviewed);
    }
    if !progress(0, places.len()) {
        return Err(MeasureError::Stopped);
    }
    let mut model = Model::open_proved(path, options)?;
    // The first run is slower and isn't to count.
    model.warm_up()?;
    let kind = kind_of(model.spec().task, dataset, &places)?;
    let names: Vec<String> = dataset.classes.iter().map(|class| class.name.clone()).collect();
    let matched = matched(model.spec().labels.english(), &names)?;
    let thresholds = Thresholds {
        conf: MIN_CONF,
        iou: model.spec().family.thresholds().iou,
        detail: Detail::Full,
        ..Thresholds::default()
    };
    let mut evaluators = Evaluators::new(kind, &names, MATCH_IOU);
    let (mut frame, mut jpeg, mut results) = (Frame::default(), None, Results::default());
    let (mut images, mut left_out, mut ms, mut reason) = (Vec::new(), 0, 0.0, String::new());
    for (done, place) in places.iter().enumerate() {
        let item = &dataset.items[*place];
        if let Err(why) = images::load(&item.path, &mut frame, &mut jpeg) {
            reason = why;
            left_out += 1;
        } else if (frame.width, frame.height) != item.size {
            reason = "they have another size than their labels say".into();
            left_out += 1;
        } else {
            let times = model.run(&frame, &thresholds, &mut results)?;
            ms += f64::from(times.total - times.decode);
            let source = item.source().map(Arc::from);
            let mut image = MeasuredImage { place: *place, source, ..MeasuredImage::default() };
            if kind == Kind::Classes {
                image.is_right = evaluators.add_class(item, &results, &matched.to_dataset);
            } else {
                let (truths, found) = evaluators.add_objects(dataset, item, &results, &matched.to_dataset);
                image.truths = truths.into_iter().map(|truth| Truth { mask: None, ..truth }).collect();
                image.found = found.into_iter().map(|found| Found { mask: None, ..found }).collect();
            }
            images.push(image);
        }
        if !progress(done + 1, places.len()) {
            return Err(MeasureError::Stopped);
        }
    }
    if images.is_empty() {
        return Err(MeasureError::NoImage { reason });
    }
    let evaluation = Evaluation {
        model: model.name(),
        sha256: model.sha256().to_owned(),
        dataset: dataset.name.clone(),
        split: counted.split(),
        counted,
        images: images.len(),
        unknown_to_model: matched.unknown_to_model,
        unknown_to_dataset: matched.unknown_to_dataset,
        ms_per_image: ms / images.len() as f64,
        figures: evaluators.finish(None),
    };
    let own_labels = images.iter().filter(|image| is_from(dataset, image.place, &evaluation.model)).count();
    Ok(MeasuredModel { path: path.to_owned(), evaluation, images, left_out, own_labels })
}

/// Whether an image's labels began as suggestions of the model of this name.
fn is_from(dataset: &Dataset, place: usize, model: &str) -> bool {
    let origin = dataset.items.get(place).and_then(|item| item.origin.as_ref());
    origin.and_then(|origin| origin.model.as_deref()) == Some(model)
}

fn kind_of(task: Task, dataset: &Dataset, places: &[usize]) -> Result<Kind, MeasureError> {
    let items = || places.iter().filter_map(|place| dataset.items.get(*place));
    let accepted = || items().flat_map(|item| &item.annotations).filter(|one| one.state == State::Accepted);
    let has_objects = accepted().next().is_some();
    let has_masks = accepted().any(|one| !one.polygons.is_empty() || one.mask.is_some());
    match task {
        Task::Classify if items().any(|item| item.class.is_some()) => Ok(Kind::Classes),
        Task::Classify => Err(MeasureError::NoImageClasses),
        Task::Segment if has_objects && has_masks => Ok(Kind::BoxesAndMasks),
        Task::Detect | Task::Segment | Task::Pose | Task::Obb if has_objects => Ok(Kind::Boxes),
        Task::Detect | Task::Segment | Task::Pose | Task::Obb => Err(MeasureError::NoObjects),
        task => Err(MeasureError::Task { task }),
    }
}

fn matched(model: &[String], dataset: &[String]) -> Result<ClassMatch, MeasureError> {
    let matched = match_classes(model, dataset);
    if matched.to_dataset.iter().any(Option::is_some) {
        return Ok(matched);
    }
    let few = |names: &[String]| {
        let more = if names.len() > 3 { ", \u{2026}" } else { "" };
        format!("{}{more}", names.iter().take(3).cloned().collect::<Vec<_>>().join(", "))
    };
    Err(MeasureError::NoClass { model: few(&matched.unknown_to_dataset), dataset: few(dataset) })
}
