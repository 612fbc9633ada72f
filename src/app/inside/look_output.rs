//! A look at what the network answers before that becomes results.

use std::sync::Arc;

use super::found::{ClassScore, DetectorFound, LevelFound, OutputFound};
use super::look_maps::MapsLook;
use super::order::Order;
use super::picturing::{Colours, frame_picture, over_picture, pane};
use crate::frame::Frame;
use crate::learn::inside::heads::{level_maps, nms_steps, softmax};
use crate::model::tensor::Tensor;
use crate::model::{Model, ModelError, Results, Task, Thresholds};

/// Everything above this score is a candidate.
const LEAST: f32 = 0.01;
/// Candidates that are shown.
const MOST: usize = 1000;
/// Pixels along the longer side of the picture of a held frame, at most.
const PICTURE: usize = 1280;
/// Classes that are listed.
const CLASSES: usize = 10;

/// Runs the model on a frame and reads its outputs.
///
/// # Errors
/// As [`Model::run`].
pub fn look(
    maps: &mut MapsLook,
    model: &mut Model,
    frame: &Arc<Frame>,
    order: &Order,
) -> Result<OutputFound, ModelError> {
    // Suppression goes through the surest first, so what happens above the user's threshold doesn't depend on what is below it.
    let thresholds = Thresholds { conf: LEAST, ..order.thresholds.clone() };
    let mut results = Results::default();
    let mut found = None;
    let task = model.spec().task;
    let names = model.spec().labels.len();
    model.run_inside(frame, &thresholds, &mut results, |outputs, geometry| {
        let list = outputs.iter().map(|output| (output.name.to_owned(), output.shape_text())).collect();
        let shown = outputs.get(order.output.min(outputs.len().saturating_sub(1)));
        let mut maps = shown.map(|output| maps.of_tensor(output, geometry.input, frame.generation, order));
        if let Some(maps) = &mut maps {
            (maps.covered, maps.frame_size) = (geometry.covered(), geometry.frame);
        }
        let classes =
            if task == Task::Classify { classes_of(outputs, names, order.temperature) } else { Vec::new() };
        found = Some((list, maps, classes, anchors(outputs, names), geometry.input, geometry.covered()));
    })?;
    let Some((outputs, maps, classes, anchors, input, covered)) = found else {
        return Err(ModelError::RunFailed { reason: "it gave no output".into() });
    };
    let (candidates, kept) = model.candidates();
    // Queries answer for an object each: nothing is suppressed, and they are no cells. The model tells, not what is found in this frame.
    let is_suppressed = task.finds_objects() && !model.spec().output.end_to_end;
    let detector = is_suppressed.then(|| {
        let agnostic = model.spec().output.agnostic_nms;
        let listed = candidates.get(..MOST.min(candidates.len())).unwrap_or_default();
        let steps = nms_steps(listed, kept, order.thresholds.iou, agnostic);
        let passes = |score: f32| score >= order.thresholds.conf;
        let passing = candidates.iter().take_while(|candidate| passes(candidate.score)).count();
        let levels = anchors.iter().find_map(|rows| level_maps(candidates, *rows, input, order.class));
        let levels = levels.unwrap_or_default().into_iter().map(|level| LevelFound {
            stride: level.stride,
            over: over_picture(level.width, level.height, &level.scores),
            pane: pane(level.width, level.height, level.scores, Colours::Heat),
        });
        DetectorFound {
            all: candidates.len(),
            all_passing: passing,
            kept: kept.iter().filter(|place| **place < passing).count(),
            passing: passing.min(steps.len()),
            steps,
            levels: levels.collect(),
        }
    });
    let queries = if detector.is_none() { results.detections.clone() } else { Vec::new() };
    Ok(OutputFound {
        outputs,
        maps,
        classes,
        detector,
        queries,
        finds_objects: task.finds_objects(),
        has_prototypes: model.has_prototypes(),
        covered,
        conf: order.thresholds.conf,
        iou: order.thresholds.iou,
        temperature: order.temperature,
        frame: Arc::clone(frame),
        picture: order.held.then(|| frame_picture(frame, PICTURE)),
    })
}

/// The raw scores of the likeliest classes with their probabilities, from the output that has a number for each class.
fn classes_of(outputs: &[Tensor<'_>], names: usize, temperature: f32) -> Vec<ClassScore> {
    let is_scores = |output: &&Tensor<'_>| {
        let count = output.data.len();
        count > 1
            && output.shape.iter().filter(|side| **side > 1).count() == 1
            && (names == 0 || count == names)
    };
    let any = |output: &&Tensor<'_>| output.shape.iter().filter(|side| **side > 1).count() == 1;
    let Some(output) = outputs.iter().find(is_scores).or_else(|| outputs.iter().find(any)) else {
        return Vec::new();
    };
    let raw: Vec<f32> = (0..output.data.len()).filter_map(|at| output.data.number(at)).collect();
    let shares = softmax(&raw, temperature);
    let mut places: Vec<usize> = (0..raw.len()).collect();
    places.sort_by(|a, b| raw[*b].total_cmp(&raw[*a]));
    places.truncate(CLASSES);
    let score = |class: usize| ClassScore { class_id: class as u32, raw: raw[class], share: shares[class] };
    places.into_iter().map(score).collect()
}

/// What may be the number of boxes that a detector's head has, the likeliest first.
fn anchors(outputs: &[Tensor<'_>], classes: usize) -> Vec<usize> {
    let sides = |output: &Tensor<'_>| -> Vec<usize> {
        output.shape.iter().skip(1).map(|n| usize::try_from(*n).unwrap_or(0)).collect()
    };
    let mut counts: Vec<usize> = outputs.iter().flat_map(sides).collect();
    // A head of several outputs: an output a level, as rows or as a grid.
    counts.push(outputs.iter().filter_map(|output| sides(output).into_iter().max()).sum());
    let cells = |output: &Tensor<'_>| {
        let sides = sides(output);
        (sides.len() == 3).then(|| sides[1] * sides[2])
    };
    counts.push(outputs.iter().filter_map(cells).sum());
    counts.sort_unstable();
    counts.dedup();
    counts.reverse();
    // The scores of all classes with four sides of a box, and perhaps a score for the box, are one row as a rule.
    let is_row = |count: &usize| classes > 0 && (*count == classes + 4 || *count == classes + 5);
    let (mut rows, mut counts): (Vec<usize>, Vec<usize>) = counts.into_iter().partition(is_row);
    rows.reverse();
    counts.extend(rows);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tensor::Data;

    #[test]
    fn classes_come_with_their_raw_scores_and_shares() {
        let raw = [1.0, 3.0, 2.0];
        let output = Tensor { name: "x", shape: &[1, 3], data: Data::F32(&raw) };
        let classes = classes_of(&[output], 3, 1.0);
        assert_eq!(classes.iter().map(|class| class.class_id).collect::<Vec<_>>(), [1, 2, 0]);
        // e³ / (e + e² + e³)
        assert!((classes[0].share - 0.665_24).abs() < 1e-4);
        assert_eq!(classes[0].raw, 3.0);
        assert!(classes_of(&[output], 3, 100.0)[0].share < 0.35, "all alike");
    }

    #[test]
    fn the_number_of_boxes_is_among_the_guesses() {
        let values = [0.0];
        let of = |shape| Tensor { name: "x", shape, data: Data::F32(&values) };
        assert!(anchors(&[of(&[1, 84, 8400])], 80).starts_with(&[8400]));
        let levels = [of(&[1, 6, 8, 8]), of(&[1, 6, 4, 4])];
        assert!(anchors(&levels, 1).contains(&80));
    }
}
