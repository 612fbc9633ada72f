//! What measures one model on one data set, image by image.

use super::{
    ClassificationEvaluator, DetectionEvaluator, Figures, Found, Measured, Truth, found_in, truths_of,
};
use crate::dataset::{Dataset, Item};
use crate::model::Results;

/// What of a model is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Boxes,
    BoxesAndMasks,
    /// The class of the whole image.
    Classes,
}

/// See the module.
#[derive(Debug)]
pub struct Evaluators {
    kind: Kind,
    boxes: DetectionEvaluator,
    masks: Option<DetectionEvaluator>,
    classes: ClassificationEvaluator,
}

impl Evaluators {
    /// For a data set with classes of these names; objects are found where boxes or masks overlap by `match_iou`.
    #[must_use]
    pub fn new(kind: Kind, classes: &[String], match_iou: f64) -> Self {
        let detection = |measured| DetectionEvaluator::new(classes.to_vec(), measured, match_iou);
        Self {
            kind,
            boxes: detection(Measured::Box),
            masks: (kind == Kind::BoxesAndMasks).then(|| detection(Measured::Mask)),
            classes: ClassificationEvaluator::new(classes.to_vec()),
        }
    }

    /// What is measured.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds an image whose class is measured; `to_dataset` says which class of the data set each of the model's is. Returns whether
    /// the model's best class is right; `None` if the data set doesn't say it.
    pub fn add_class(
        &mut self,
        item: &Item,
        results: &Results,
        to_dataset: &[Option<usize>],
    ) -> Option<bool> {
        let class = |id: u32| to_dataset.get(id as usize).copied().flatten();
        let top: Vec<(Option<usize>, f64)> =
            results.top.iter().map(|one| (class(one.class_id), f64::from(one.score))).collect();
        let truth = item.class?;
        self.classes.add(&item.name, truth.class, &top);
        Some(top.first().and_then(|(class, _)| *class) == Some(truth.class))
    }

    /// Adds an image whose objects are measured. Returns what the data set has in it and what the model found.
    pub fn add_objects(
        &mut self,
        dataset: &Dataset,
        item: &Item,
        results: &Results,
        to_dataset: &[Option<usize>],
    ) -> (Vec<Truth>, Vec<Found>) {
        let truths = truths_of(dataset, item, self.masks.is_some());
        let found = found_in(results, to_dataset, self.masks.is_some());
        self.boxes.add(&item.name, &truths, &found);
        if let Some(masks) = &mut self.masks {
            masks.add(&item.name, &truths, &found);
        }
        (truths, found)
    }

    /// How many images were added.
    #[must_use]
    pub fn images(&self) -> usize {
        if self.kind == Kind::Classes { self.classes.images() } else { self.boxes.images() }
    }

    /// Returns the figures; those of single detections at the confidence `conf`, or where F1 is best.
    #[must_use]
    pub fn finish(self, conf: Option<f64>) -> Figures {
        if self.kind == Kind::Classes {
            return Figures::Classification(Box::new(self.classes.finish()));
        }
        let mask = self.masks.map(|masks| Box::new(masks.finish(conf)));
        Figures::Detection { boxes: Box::new(self.boxes.finish(conf)), mask }
    }
}
