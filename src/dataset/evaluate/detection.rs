//! Detection and segmentation, measured as COCO does.

use super::curves::{Average, Curve};
use super::matching::{self, AREAS, MAX_FOUND, THRESHOLDS};
use super::working_point::{self, ImageOverlaps, Points};
use super::{
    ClassFigures, CocoFigures, Confusion, DetectionFigures, Found, ImageMistakes, Measured, Mistake, Truth,
    mean,
};

/// Takes one image after the other; see [`DetectionFigures`].
#[derive(Debug)]
pub struct DetectionEvaluator {
    classes: Vec<String>,
    measured: Measured,
    /// The IoU threshold of precision, recall and confusion, as an index.
    threshold: usize,
    /// For each class a curve for each range of areas.
    curves: Vec<[Curve; AREAS.len()]>,
    /// Images that have each class.
    images_with: Vec<usize>,
    images: Vec<ImageOverlaps>,
}

impl DetectionEvaluator {
    /// For a data set with these classes. Precision, recall and confusion are told at `iou`, which is rounded to one of COCO's
    /// thresholds (0.50, 0.55, … 0.95).
    #[must_use]
    pub fn new(classes: Vec<String>, measured: Measured, iou: f64) -> Self {
        let threshold = (((iou - 0.5) / 0.05).round().max(0.0) as usize).min(THRESHOLDS - 1);
        let curves = classes.iter().map(|_| Default::default()).collect();
        let images_with = vec![0; classes.len()];
        Self { classes, measured, threshold, curves, images_with, images: Vec::new() }
    }

    /// Takes over an image: what the data set says, and what the model found, down to scores near 0 so that the whole curve of
    /// precision is seen. Labels of classes that don't exist are left out. Equal scores count in the order in which images and
    /// detections come.
    pub fn add(&mut self, image: &str, truths: &[Truth], found: &[Found]) {
        let exists = |class: usize| class < self.classes.len();
        let truths: Vec<&Truth> = truths.iter().filter(|one| exists(one.class)).collect();
        let mut found: Vec<&Found> =
            found.iter().filter(|one| exists(one.class) && one.score.is_finite()).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut classes: Vec<usize> =
            truths.iter().map(|one| one.class).chain(found.iter().map(|one| one.class)).collect();
        classes.sort_unstable();
        classes.dedup();
        for class in classes {
            let truths: Vec<&Truth> = truths.iter().filter(|one| one.class == class).copied().collect();
            let found: Vec<&Found> =
                found.iter().filter(|one| one.class == class).take(MAX_FOUND).copied().collect();
            let overlap = |one: &&Found| {
                truths.iter().map(|truth| matching::overlap(one, truth, self.measured)).collect()
            };
            let overlaps: Vec<Vec<f64>> = found.iter().map(overlap).collect();
            let found: Vec<(f64, f64)> =
                found.iter().map(|one| (one.score, matching::area(one, self.measured))).collect();
            for (curve, area) in self.curves[class].iter_mut().zip(AREAS) {
                let (matched, objects) = matching::match_found(&found, &truths, &overlaps, area);
                curve.add(matched, objects);
            }
            self.images_with[class] += usize::from(truths.iter().any(|truth| !truth.crowd));
        }
        let truths: Vec<Truth> = truths.into_iter().cloned().collect();
        let found: Vec<Found> = found.into_iter().cloned().collect();
        let iou = matching::threshold(self.threshold);
        self.images.push(ImageOverlaps::of(image, &truths, &found, iou, self.measured));
    }

    /// How many images were taken over.
    #[must_use]
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// The figures of all images. Precision, recall, confusion and mistakes are told at `confidence`; without one, where F1 is best
    /// as the mean of the classes.
    #[must_use]
    pub fn finish(self, confidence: Option<f64>) -> DetectionFigures {
        let averages = |area: usize, most: usize| -> Vec<Option<[Average; THRESHOLDS]>> {
            self.curves.iter().map(|curves| curves[area].averages(most)).collect()
        };
        let all = averages(0, MAX_FOUND);
        let (small, medium, large) = (averages(1, MAX_FOUND), averages(2, MAX_FOUND), averages(3, MAX_FOUND));
        let coco = CocoFigures {
            map: mean_of(&all, 0..THRESHOLDS, |average| average.precision),
            map50: mean_of(&all, 0..1, |average| average.precision),
            map75: mean_of(&all, 5..6, |average| average.precision),
            map_small: mean_of(&small, 0..THRESHOLDS, |average| average.precision),
            map_medium: mean_of(&medium, 0..THRESHOLDS, |average| average.precision),
            map_large: mean_of(&large, 0..THRESHOLDS, |average| average.precision),
            recall_1: mean_of(&averages(0, 1), 0..THRESHOLDS, |average| average.recall),
            recall_10: mean_of(&averages(0, 10), 0..THRESHOLDS, |average| average.recall),
            recall_100: mean_of(&all, 0..THRESHOLDS, |average| average.recall),
            recall_small: mean_of(&small, 0..THRESHOLDS, |average| average.recall),
            recall_medium: mean_of(&medium, 0..THRESHOLDS, |average| average.recall),
            recall_large: mean_of(&large, 0..THRESHOLDS, |average| average.recall),
        };
        let points: Vec<Points> =
            self.curves.iter().map(|curves| Points::of(&curves[0], self.threshold)).collect();
        let step = confidence.map_or_else(|| working_point::best_step(&points), working_point::step_of);
        let at: Vec<_> = points.iter().map(|class| class.at(step)).collect();
        let classes = self.classes.iter().enumerate().map(|(class, name)| {
            let average = all[class..=class].as_ref();
            ClassFigures {
                name: name.clone(),
                images: self.images_with[class],
                objects: self.curves[class][0].objects(),
                ap: mean_of(average, 0..THRESHOLDS, |average| average.precision),
                ap50: mean_of(average, 0..1, |average| average.precision),
                precision: at[class].and_then(|point| point.precision),
                recall: at[class].map(|point| point.recall),
                f1: at[class].map(|point| point.f1),
            }
        });
        let side = self.classes.len() + 1;
        let mut confusion = Confusion { classes: self.classes.clone(), counts: vec![vec![0; side]; side] };
        let confidence = confidence.unwrap_or_else(|| working_point::confidence(step));
        let mut worst: Vec<ImageMistakes> =
            self.images.iter().map(|image| image.judge(confidence, &mut confusion)).collect();
        worst.retain(|image| !image.mistakes.is_empty());
        worst.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        DetectionFigures {
            coco,
            confidence,
            iou: matching::threshold(self.threshold),
            precision: mean(at.iter().flatten().map(|point| point.precision.unwrap_or_default())),
            recall: mean(at.iter().flatten().map(|point| point.recall)),
            f1: mean(at.iter().flatten().map(|point| point.f1)),
            classes: classes.collect(),
            confusion,
            worst,
        }
    }
}

/// How bad an image's mistakes are: sure ones weigh more, and a missed object weighs as much as the surest.
fn weight(image: &ImageMistakes) -> f64 {
    image
        .mistakes
        .iter()
        .map(|mistake| match mistake {
            Mistake::Missed { .. } => 1.0,
            Mistake::False { score, .. } | Mistake::Confused { score, .. } => *score,
        })
        .sum()
}

/// The mean over classes and thresholds; `None` without a class that has objects.
fn mean_of(
    classes: &[Option<[Average; THRESHOLDS]>],
    thresholds: std::ops::Range<usize>,
    value: impl Fn(&Average) -> f64,
) -> Option<f64> {
    mean(classes.iter().flatten().flat_map(|class| class[thresholds.clone()].iter().map(&value)))
}
