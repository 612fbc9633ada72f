//! What a result rests on: activation maps with a sign that means something, and what changes when a part of the image is hidden.
//!
//! - `EigenCAM`'s sign is chosen by the model's own score: the image is hidden where the map is dark, then where it is bright; the
//!   sign that leaves more of the score is the right one. Otherwise it flips from frame to frame.
//! - Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901) hides one square after the other and measures the loss of score, first in large
//!   squares, then in smaller ones where a large one mattered.

use super::cam::{ActivationMap, eigen_cam};
use super::heads;
use super::linear_end::LinearEnd;
use super::tensor::OwnedTensor;
use crate::frame::Frame;
use crate::model::boxes::iou;
use crate::model::geometry::Geometry;
use crate::model::results::{Plane, PlaneValues};
use crate::model::tensor::Tensor;
use crate::model::{Family, Model, ModelError, Results, Task, Thresholds};

/// What is explained.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Target {
    /// Everything that the model found; of a classifier its best class.
    #[default]
    Result,
    /// A class.
    Class(u32),
    /// An object of a class at x1, y1, x2, y2, in pixels of the frame.
    Object { class_id: u32, bbox: [f32; 4] },
}

/// How it is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Class activation mapping; exact.
    Cam,
    EigenCam,
    Occlusion,
}

/// An explanation of one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    pub method: Method,
    pub map: ActivationMap,
    /// What of the frame the map covers: x1, y1, x2, y2 in its pixels.
    pub region: [f32; 4],
    /// The score that was explained, 0..=1; of CAM the class's score before a softmax.
    pub score: f32,
    /// The class, if it is one's.
    pub class_id: Option<u32>,
}

/// Scores of one target; runs the model on changed images.
#[derive(Debug, Default)]
pub struct Scorer {
    target: Target,
    thresholds: Thresholds,
    results: Results,
    changed: Frame,
    /// The image, class map, matte or depth map of the unchanged frame.
    reference: Option<Plane>,
    /// How many objects there are in the unchanged frame.
    objects: usize,
    /// The model runs without its second one, as its inside is shown.
    is_alone: bool,
}

impl Scorer {
    /// Scores for a target in a frame: runs the model on it once. [`Target::Result`] of a classifier becomes its best class.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn new(model: &mut Model, frame: &Frame, target: Target) -> Result<Self, ModelError> {
        let mut scorer = Self::of(model, target);
        model.run(frame, &scorer.thresholds, &mut scorer.results)?;
        Ok(scorer.referring())
    }

    /// As [`Self::new`], of the network alone, and shows the outputs of that run: see [`Model::run_inside`].
    fn alone(
        model: &mut Model,
        frame: &Frame,
        target: Target,
        show: impl FnOnce(&[Tensor<'_>], &Geometry),
    ) -> Result<Self, ModelError> {
        let mut scorer = Self { is_alone: true, ..Self::of(model, target) };
        model.run_inside(frame, &scorer.thresholds, &mut scorer.results, show)?;
        Ok(scorer.referring())
    }

    fn of(model: &Model, target: Target) -> Self {
        let mut scorer = Self { target, ..Self::default() };
        scorer.thresholds = model.spec().family.thresholds();
        if let Target::Class(class_id) | Target::Object { class_id, .. } = target {
            scorer.thresholds.classes = vec![class_id];
            // Low scores count too: a hidden object's score falls, and must not vanish at once.
            scorer.thresholds.conf = 0.01;
        }
        scorer
    }

    /// Its results are those of the unchanged frame.
    fn referring(mut self) -> Self {
        if self.target == Target::Result
            && let Some(best) = self.results.top.first()
        {
            self.target = Target::Class(best.class_id);
            self.thresholds.classes = vec![best.class_id];
        }
        self.reference = self.results.plane.clone();
        self.objects = self.results.detections.len();
        self
    }

    /// The class that is explained, if it is one's.
    #[must_use]
    pub fn class_id(&self) -> Option<u32> {
        match self.target {
            Target::Result => None,
            Target::Class(class_id) | Target::Object { class_id, .. } => Some(class_id),
        }
    }

    /// The score in a frame, 0..=1.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn score(&mut self, model: &mut Model, frame: &Frame) -> Result<f32, ModelError> {
        if self.is_alone {
            model.run_inside(frame, &self.thresholds, &mut self.results, |_, _| {})?;
        } else {
            model.run(frame, &self.thresholds, &mut self.results)?;
        }
        Ok(self.of_results())
    }

    /// The score of the results: a classifier's probability, a detector's confidence in an object of that class or at that place, or its mean
    /// over all objects, the share of pixels of a class, or how
    /// far an image of its own has stayed the same.
    #[must_use]
    pub fn of_results(&self) -> f32 {
        let results = &self.results;
        if results.task == Task::Classify || results.task == Task::Action {
            return results.top.first().map_or(0.0, |class| class.score);
        }
        if results.task.finds_objects() {
            let scores = results.detections.iter().map(|found| match self.target {
                Target::Object { bbox, .. } => found.score * iou(&found.bbox, &bbox),
                _ => found.score,
            });
            return match self.target {
                Target::Result => (scores.sum::<f32>() / self.objects.max(1) as f32).min(1.0),
                _ => scores.fold(0.0, f32::max),
            };
        }
        match (&results.plane, &self.reference) {
            (Some(plane), Some(reference)) => likeness(plane, reference, self.class_id()),
            _ => 0.0,
        }
    }

    /// The score with the frame hidden by `hide`, which paints over a copy of it.
    fn changed(
        &mut self,
        model: &mut Model,
        frame: &Frame,
        hide: impl FnOnce(&mut Frame),
    ) -> Result<f32, ModelError> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.reset(frame.width, frame.height, frame.format);
        changed.data.copy_from_slice(&frame.data);
        changed.copy_stamp_from(frame);
        hide(&mut changed);
        let score = self.score(model, &changed);
        self.changed = changed;
        score
    }
}

/// How alike two planes are, 0..=1: of a class map the share of its pixels that stayed, of others 1 less the mean difference.
fn likeness(plane: &Plane, reference: &Plane, class: Option<u32>) -> f32 {
    let share = |same: usize, all: usize| if all > 0 { same as f32 / all as f32 } else { 0.0 };
    match (&plane.values, &reference.values) {
        (PlaneValues::Classes(now), PlaneValues::Classes(before)) => {
            // Without a class, that of the background, which is 0 as a rule, doesn't count.
            let counts = |value: u16| class.map_or(value != 0, |class| u32::from(value) == class);
            let of_class = before.iter().filter(|value| counts(**value)).count();
            let same = now.iter().zip(before).filter(|(a, b)| a == b && counts(**b)).count();
            share(same, of_class)
        }
        (PlaneValues::Image(now), PlaneValues::Image(before)) => {
            let sum: u64 = now.iter().zip(before).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            1.0 - sum as f32 / 255.0 / before.len().max(1) as f32
        }
        (PlaneValues::Matte(now), PlaneValues::Matte(before)) => 1.0 - difference(now, before),
        (PlaneValues::Depth { values: now, .. }, PlaneValues::Depth { values: before, .. }) => {
            let most = before.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            1.0 - (difference(now, before) / most).min(1.0)
        }
        _ => 0.0,
    }
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / b.len().max(1) as f32
}

/// The stride, in input pixels, of the detector's level that found the best object of a target: `EigenCAM` of that level shows what objects of this size rest
/// on. `None` for models without such levels, or where nothing was found. Runs the model once.
///
/// # Errors
/// As [`Model::run`].
pub fn level_of(model: &mut Model, frame: &Frame, target: Target) -> Result<Option<u32>, ModelError> {
    // Of these, a candidate's number isn't that of a cell.
    if model.spec().task == Task::Obb || matches!(model.spec().family, Family::YuNet | Family::CenterFace) {
        return Ok(None);
    }
    let mut thresholds = model.spec().family.thresholds();
    if let Target::Class(class_id) | Target::Object { class_id, .. } = target {
        thresholds.classes = vec![class_id];
    }
    let mut found = None;
    model.run_inside(frame, &thresholds, &mut Results::default(), |outputs, geometry| {
        found = heads::anchors_of(outputs, geometry.input).map(|anchors| (anchors, geometry.input));
    })?;
    let (candidates, kept) = model.candidates();
    let mut kept = kept.iter().filter_map(|place| candidates.get(*place));
    let best = match target {
        Target::Object { bbox, .. } => {
            kept.max_by(|a, b| iou(&a.bbox, &bbox).total_cmp(&iou(&b.bbox, &bbox)))
        }
        _ => kept.next(),
    };
    Ok(found.zip(best).and_then(|((anchors, input), best)| heads::stride_of(best.anchor, anchors, input)))
}

/// Explains a frame by the activations of the tensor `layer`, which the model must have been opened with ([`crate::model::Inside`]): exactly where `end`
/// is the model's end and `layer` its features, else by `EigenCAM`. Runs the model three times at most. `None`: the model looks for objects
/// and found none of the target's. `stop` is asked in between.
///
/// # Errors
/// As [`Model::run`]; [`ModelError::RunFailed`] if the tensor isn't there or has no cells; [`ModelError::Stopped`].
pub fn explain(
    model: &mut Model,
    frame: &Frame,
    layer: &str,
    end: Option<&LinearEnd>,
    target: Target,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Explanation>, ModelError> {
    let mut shown = None;
    // A copy, because the class that is explained is known only after the run.
    let mut scorer = Scorer::alone(model, frame, target, |outputs, geometry| {
        let tensor = outputs.iter().find(|output| output.name == layer);
        shown = tensor.map(|tensor| (OwnedTensor::of(tensor), geometry.covered(), geometry.input));
    })?;
    let class_id = scorer.class_id();
    if scorer.results.task.finds_objects() && scorer.results.detections.is_empty() {
        return Ok(None);
    }
    let (tensor, region, input) = shown.unwrap_or_default();
    let found = tensor.show(|tensor| match end.filter(|end| end.features == layer).zip(class_id) {
        Some((end, class)) => {
            let map = end.map(tensor, input, class as usize);
            map.map(|map| (Method::Cam, map, end.bias(class as usize)))
        }
        None => eigen_cam(tensor, input, stop).map(|map| (Method::EigenCam, map, 0.0)),
    });
    if stop() {
        return Err(ModelError::Stopped);
    }
    let Some((method, mut map, bias)) = found else {
        return Err(ModelError::RunFailed {
            reason: format!("\u{201c}{layer}\u{201d} has no cells over the image"),
        });
    };
    let score = match method {
        Method::Cam => map.values.iter().sum::<f32>() / map.values.len().max(1) as f32 + bias,
        _ => scorer.of_results(),
    };
    if method == Method::EigenCam && !is_upright(model, &mut scorer, frame, &map, region)? {
        map = map.negated();
    }
    Ok(Some(Explanation { method, map, region, score, class_id }))
}

/// Whether the bright parts of a map are what the score rests on, rather than the dark ones.
fn is_upright(
    model: &mut Model,
    scorer: &mut Scorer,
    frame: &Frame,
    map: &ActivationMap,
    region: [f32; 4],
) -> Result<bool, ModelError> {
    let inside = scorer.results.task.finds_objects().then(|| {
        // Boxes tell it without another run: whether the map is brighter on the objects.
        let objects = scorer.results.detections.iter().filter(|found| match scorer.target {
            Target::Object { bbox, .. } => iou(&found.bbox, &bbox) > 0.3,
            _ => true,
        });
        objects.map(|found| (found.bbox, found.score)).collect::<Vec<_>>()
    });
    if let Some(boxes) = inside.filter(|boxes| !boxes.is_empty()) {
        let (value, most) = correlation(map, region, &boxes);
        // Boxes that cover everything say nothing.
        if value.abs() > most * 1e-3 {
            return Ok(value > 0.0);
        }
    }
    let bright = map.normalised();
    let dark = map.clone().negated().normalised();
    let (width, height) = (map.width, map.height);
    let with_bright = scorer.changed(model, frame, |image| fade(image, &bright, (width, height), region))?;
    let with_dark = scorer.changed(model, frame, |image| fade(image, &dark, (width, height), region))?;
    Ok(with_bright >= with_dark)
}

/// How the map goes along with boxes, each with a weight: positive if it is brighter on them; and the greatest value that this could have. A cell counts by
/// the part of it that a box covers, so that small objects count too.
fn correlation(map: &ActivationMap, [x1, y1, x2, y2]: [f32; 4], boxes: &[([f32; 4], f32)]) -> (f32, f32) {
    let (w, h) = ((x2 - x1) / map.width.max(1) as f32, (y2 - y1) / map.height.max(1) as f32);
    let weights: Vec<f32> = (0..map.height * map.width)
        .map(|place| {
            let (x, y) = (x1 + (place % map.width) as f32 * w, y1 + (place / map.width) as f32 * h);
            let covered = |b: &[f32; 4]| {
                let across = (b[2].min(x + w) - b[0].max(x)).max(0.0);
                let down = (b[3].min(y + h) - b[1].max(y)).max(0.0);
                across * down / (w * h).max(1e-6)
            };
            boxes.iter().map(|(b, score)| covered(b) * score).fold(0.0, f32::max)
        })
        .collect();
    let count = weights.len().max(1) as f32;
    let mean = |values: &[f32]| values.iter().sum::<f32>() / count;
    let (a, b) = (mean(&map.values), mean(&weights));
    let (mut value, mut of_map, mut of_weights) = (0.0, 0.0, 0.0);
    for (own, weight) in map.values.iter().zip(&weights) {
        let (x, y) = (own - a, weight - b);
        value += x * y;
        of_map += x * x;
        of_weights += y * y;
    }
    (value, (of_map * of_weights).sqrt())
}

/// The grey that hides: that of letterboxes.
const GREY: u8 = 114;

/// Fades an RGBA image to grey where the values (0..=1, over `region`) are low.
fn fade(image: &mut Frame, values: &[f32], (width, height): (usize, usize), [x1, y1, x2, y2]: [f32; 4]) {
    let columns = image.width as usize;
    let scale = |at: f32, from: f32, to: f32, cells: usize| {
        let cell = (at - from) / (to - from).max(1e-6) * cells as f32;
        (cell.max(0.0) as usize).min(cells.saturating_sub(1))
    };
    for (place, pixel) in image.data.chunks_exact_mut(4).enumerate() {
        let (x, y) = ((place % columns) as f32 + 0.5, (place / columns) as f32 + 0.5);
        let cell = scale(y, y1, y2, height) * width + scale(x, x1, x2, width);
        let stays = values.get(cell).copied().unwrap_or(0.0).clamp(0.0, 1.0);
        for value in &mut pixel[..3] {
            let grey = f32::from(GREY);
            *value = (grey + (f32::from(*value) - grey) * stays).round() as u8;
        }
    }
}

/// Occlusion, square by square: its map gets finer while it goes on.
#[derive(Debug)]
pub struct Occlusion {
    scorer: Scorer,
    frame: Frame,
    /// The score of the unchanged frame.
    pub score: f32,
    /// The loss of score for each square of the present level, over the whole frame.
    pub map: ActivationMap,
    /// Squares of the present level that are still to be hidden.
    waiting: Vec<usize>,
}

impl Occlusion {
    /// Squares along the longer side: at first, and at most.
    const FIRST: usize = 4;
    const FINEST: usize = 16;

    /// Begins with a frame, which must be RGBA.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn new(model: &mut Model, frame: &Frame, target: Target) -> Result<Self, ModelError> {
        let scorer = Scorer::new(model, frame, target)?;
        let score = scorer.of_results();
        let (w, h) = (frame.width.max(1) as f32, frame.height.max(1) as f32);
        let side = |own: f32| ((own / w.max(h) * Self::FIRST as f32).round() as usize).max(1);
        let (width, height) = (side(w), side(h));
        let map = ActivationMap { width, height, values: vec![0.0; width * height] };
        let waiting = (0..width * height).rev().collect();
        Ok(Self { scorer, frame: frame.clone(), score, map, waiting })
    }

    /// The class that is explained, if it is one's.
    #[must_use]
    pub fn class_id(&self) -> Option<u32> {
        self.scorer.class_id()
    }

    /// Whether the model looks for objects and found none of the target's in the unchanged frame: no square could take anything away.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        self.scorer.results.task.finds_objects() && self.scorer.objects == 0
    }

    /// How many squares of the present level are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.waiting.len()
    }

    /// Hides the next square. Returns `false` when all is done.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn step(&mut self, model: &mut Model) -> Result<bool, ModelError> {
        if self.waiting.is_empty() && !self.refine() {
            return Ok(false);
        }
        let Some(square) = self.waiting.pop() else { return Ok(false) };
        let (columns, rows) = (self.map.width, self.map.height);
        let (width, height) = (self.frame.width as usize, self.frame.height as usize);
        let (column, row) = (square % columns, square / columns);
        let (x1, x2) = (column * width / columns, (column + 1) * width / columns);
        let (y1, y2) = (row * height / rows, (row + 1) * height / rows);
        let score = self.scorer.changed(model, &self.frame, |image| {
            for y in y1..y2 {
                for pixel in image.data[(y * width + x1) * 4..(y * width + x2) * 4].chunks_exact_mut(4) {
                    pixel[..3].fill(GREY);
                }
            }
        })?;
        self.map.values[square] = self.score - score;
        Ok(true)
    }

    /// Halves the squares; only those are hidden again whose large square took a good part of the score.
    fn refine(&mut self) -> bool {
        /// This part of the greatest loss.
        const MATTERS: f32 = 0.125;
        let ActivationMap { width, height, values } = &self.map;
        if width.max(height) * 2 > Self::FINEST {
            return false;
        }
        let most = values.iter().copied().fold(0.0, f32::max);
        let (columns, rows) = (width * 2, height * 2);
        let parent = |place: usize| (place / columns / 2) * width + place % columns / 2;
        // A square that isn't hidden again has a quarter of what its large square took: each place counts by its area.
        let finer: Vec<f32> = (0..columns * rows).map(|place| values[parent(place)] / 4.0).collect();
        self.waiting = (0..columns * rows)
            .rev()
            .filter(|place| finer[*place] > most / 4.0 * MATTERS && most > 0.0)
            .collect();
        self.map = ActivationMap { width: columns, height: rows, values: finer };
        !self.waiting.is_empty()
    }

    /// The explanation so far.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        let (width, height) = (self.frame.width as f32, self.frame.height as f32);
        Explanation {
            method: Method::Occlusion,
            map: self.map.clone(),
            region: [0.0, 0.0, width, height],
            score: self.score,
            class_id: self.class_id(),
        }
    }
}

/// Lays a map over an RGBA frame as a heat map: the brighter the map, the more of its colour.
pub fn overlay(frame: &mut Frame, map: &ActivationMap, [x1, y1, x2, y2]: [f32; 4], opacity: f32) {
    let values = map.normalised();
    let columns = frame.width as usize;
    let at = |row: usize, column: usize| values.get(row * map.width + column).copied().unwrap_or(0.0);
    // Between the centres of cells, values go over into each other.
    let along = |at: f32, from: f32, to: f32, cells: usize| {
        let cell =
            ((at - from) / (to - from).max(1e-6) * cells as f32 - 0.5).clamp(0.0, cells.max(1) as f32 - 1.0);
        let first = cell as usize;
        (first, (first + 1).min(cells.saturating_sub(1)), cell - first as f32)
    };
    for (place, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        let (x, y) = ((place % columns) as f32 + 0.5, (place / columns) as f32 + 0.5);
        let (left, right, u) = along(x, x1, x2, map.width);
        let (top, bottom, v) = along(y, y1, y2, map.height);
        let upper = at(top, left) * (1.0 - u) + at(top, right) * u;
        let lower = at(bottom, left) * (1.0 - u) + at(bottom, right) * u;
        let heat = upper * (1.0 - v) + lower * v;
        let colour = super::colours::inferno(heat);
        let share = opacity * (0.25 + 0.75 * heat);
        for (value, colour) in pixel.iter_mut().zip(colour) {
            *value = (f32::from(*value) * (1.0 - share) + f32::from(colour) * share).round() as u8;
        }
    }
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;
