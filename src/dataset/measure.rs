//! Runs a model over a data set, says how good it is, and whether another one is really better.

use std::path::Path;

use super::Dataset;
use super::evaluate::{
    ClassMatch, DetectionEvaluator, Evaluation, Evaluators, Found, Kind, Measured, Truth, match_classes,
};
use super::types::{Item, Split, State};
use crate::frame::Frame;
use crate::model::spec::Detail;
use crate::model::{Model, ModelError, OpenOptions, Results, Task, Thresholds};
use crate::source::images;

/// Detections count from this score on, so that the whole curve of precision is seen.
const MIN_CONF: f32 = 0.001;
/// A detection is the object that it overlaps so much (IoU).
const MATCH_IOU: f64 = 0.5;
/// Images are drawn again about so often in all, to tell a difference from chance.
const DRAWS: usize = 60_000;

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
    pub evaluation: Evaluation,
    /// What was found in each image, by its place in the data set; boxes only.
    pub images: Vec<MeasuredImage>,
    /// Images that couldn't be read, or that have another size than their labels say.
    pub left_out: usize,
    /// Images whose labels began as suggestions of this very model: they favour it.
    pub own_labels: usize,
}

/// What was found in one image.
#[derive(Clone, Debug, Default)]
pub struct MeasuredImage {
    /// Its place in the data set.
    pub place: usize,
    pub truths: Vec<Truth>,
    pub found: Vec<Found>,
    /// Of a classifier: its likeliest class is right.
    pub is_right: Option<bool>,
}

/// How much better the second model is than the first on the same images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The second's figure less the first's: mAP50-95, or top-1 of a classifier. 0..=1
    pub by: f64,
    /// Where the difference lies for 95 % of data sets like this one: what comes of drawing its images again and again.
    pub low: f64,
    pub high: f64,
    pub images: usize,
}

impl Difference {
    /// With so few images a difference says little, however it looks.
    pub const FEW: usize = 30;

    /// Whether chance alone might have made it.
    #[must_use]
    pub fn is_noise(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// The images that are measured: those that somebody has reviewed; of the split `val` if there is one, else of `test`, else all.
#[must_use]
pub fn chosen(dataset: &Dataset) -> (Option<Split>, Vec<usize>) {
    let reviewed = |item: &&Item| item.reviewed;
    let has = |split: &Split| dataset.items.iter().filter(reviewed).any(|item| item.split == Some(*split));
    let split = [Split::Val, Split::Test].into_iter().find(has);
    let all = dataset.items.iter().enumerate();
    let fits = all.filter(|(_, item)| item.reviewed && (split.is_none() || item.split == split));
    (split, fits.map(|(place, _)| place).collect())
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
    let (split, places) = chosen(dataset);
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
            let mut image = MeasuredImage { place: *place, ..MeasuredImage::default() };
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
        split,
        images: images.len(),
        unknown_to_model: matched.unknown_to_model,
        unknown_to_dataset: matched.unknown_to_dataset,
        ms_per_image: ms / images.len() as f64,
        figures: evaluators.finish(None),
    };
    let own_labels = images.iter().filter(|image| is_from(dataset, image.place, &evaluation.model)).count();
    Ok(MeasuredModel { evaluation, images, left_out, own_labels })
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

/// How much better the second model is than the first, and whether that is more than chance: both are measured on images that are
/// drawn from these again and again (a paired bootstrap). `None` if they can't be compared, or if `go_on` says no.
#[must_use]
pub fn difference(
    classes: &[String],
    first: &MeasuredModel,
    second: &MeasuredModel,
    mut go_on: impl FnMut(usize, usize) -> bool,
) -> Option<Difference> {
    let places =
        |model: &MeasuredModel| -> Vec<usize> { model.images.iter().map(|image| image.place).collect() };
    let count = first.images.len();
    // Accuracy and average precision aren't of one kind.
    let classifies = |model: &MeasuredModel| model.images.iter().any(|image| image.is_right.is_some());
    if count == 0 || places(first) != places(second) || classifies(first) != classifies(second) {
        return None;
    }
    let figure = |model: &MeasuredModel, drawn: &[usize]| -> Option<f64> {
        if model.images.iter().any(|image| image.is_right.is_some()) {
            let rights = drawn.iter().filter_map(|n| model.images[*n].is_right);
            let (right, all) = rights.fold((0, 0), |(right, all), is| (right + usize::from(is), all + 1));
            return (all > 0).then(|| f64::from(right as u32) / f64::from(all));
        }
        let mut evaluator = DetectionEvaluator::new(classes.to_vec(), Measured::Box, MATCH_IOU);
        for n in drawn {
            let image = &model.images[*n];
            evaluator.add("", &image.truths, &image.found);
        }
        evaluator.finish(Some(0.5)).coco.map
    };
    let of = |drawn: &[usize]| Some(figure(second, drawn)? - figure(first, drawn)?);
    let all: Vec<usize> = (0..count).collect();
    let by = of(&all)?;
    let rounds = (DRAWS / count).clamp(60, 400);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut differences = Vec::with_capacity(rounds);
    for round in 0..rounds {
        if !go_on(round, rounds) {
            return None;
        }
        let drawn: Vec<usize> = (0..count).map(|_| random.below(count)).collect();
        differences.extend(of(&drawn));
    }
    if differences.is_empty() {
        return None;
    }
    differences.sort_by(f64::total_cmp);
    let at = |share: f64| differences[((differences.len() - 1) as f64 * share).round() as usize];
    Some(Difference { by, low: at(0.025), high: at(0.975), images: count })
}

/// Numbers that look random and are the same in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        value as usize % count.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::evaluate::ClassificationFigures;
    use crate::dataset::evaluate::Figures;

    const BOX: [f64; 4] = [10.0, 10.0, 50.0, 50.0];

    fn model(images: usize, finds: impl Fn(usize) -> bool) -> MeasuredModel {
        let image = |place: usize| {
            let truth = Truth { class: 0, bbox: BOX, mask: None, crowd: false, area: 1600.0 };
            let found = Found { class: 0, score: 0.9, bbox: BOX, mask: None };
            let found = if finds(place) { vec![found] } else { Vec::new() };
            MeasuredImage { place, truths: vec![truth], found, is_right: None }
        };
        let figures = Figures::Classification(Box::new(ClassificationFigures {
            top1: None,
            top5: None,
            classes: Vec::new(),
            confusion: crate::dataset::evaluate::Confusion::default(),
            worst: Vec::new(),
        }));
        let evaluation = Evaluation {
            model: "m".into(),
            sha256: String::new(),
            dataset: "d".into(),
            split: None,
            images,
            unknown_to_model: Vec::new(),
            unknown_to_dataset: Vec::new(),
            ms_per_image: 1.0,
            figures,
        };
        MeasuredModel { evaluation, images: (0..images).map(image).collect(), left_out: 0, own_labels: 0 }
    }

    #[test]
    fn a_large_difference_is_told_from_a_small_one() {
        let classes = ["car".to_owned()];
        let (all, half) = (model(100, |_| true), model(100, |n| n % 2 == 0));
        let better = difference(&classes, &half, &all, |_, _| true).unwrap();
        assert!(better.by > 0.4 && !better.is_noise(), "{better:?}");
        assert!(better.low < better.by && better.by < better.high, "{better:?}");
        let same = difference(&classes, &all, &all, |_, _| true).unwrap();
        assert_eq!((same.by, same.low, same.high, same.is_noise()), (0.0, 0.0, 0.0, true));
        // Each misses another image: one is no better than the other.
        let (a, b) = (model(100, |n| n != 3), model(100, |n| n != 4));
        assert!(difference(&classes, &a, &b, |_, _| true).unwrap().is_noise());
    }

    #[test]
    fn models_of_other_images_are_not_compared_and_it_can_be_stopped() {
        let classes = ["car".to_owned()];
        let (a, b) = (model(10, |_| true), model(11, |_| true));
        assert_eq!(difference(&classes, &a, &b, |_, _| true), None);
        assert_eq!(difference(&classes, &a, &a, |_, _| false), None);
    }

    #[test]
    fn only_reviewed_images_count_and_those_for_validation_before_others() {
        let item = |reviewed, split| Item { split, reviewed, ..Item::default() };
        let items = vec![item(true, None), item(false, Some(Split::Val)), item(true, Some(Split::Train))];
        let mut dataset = Dataset { items, ..Dataset::default() };
        assert_eq!(chosen(&dataset), (None, vec![0, 2]));
        dataset.items.push(item(true, Some(Split::Val)));
        assert_eq!(chosen(&dataset), (Some(Split::Val), vec![3]));
    }
}
