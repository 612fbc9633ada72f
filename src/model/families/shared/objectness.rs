//! YOLOv5's decoded head and its kin: `[1, N, 5 + classes]`, a row an anchor: box as centre and size in input pixels,
//! objectness, class scores; all after the sigmoid. Score = objectness · class (`yolov5/utils/general.py`,
//! `non_max_suppression`). The same for YOLOv3 of that project, YOLOv7 `--grid`, and YOLOv6, whose objectness is 1 everywhere.
//!
//! With one class YOLOv7 takes objectness alone (`yolov7/utils/general.py`). YOLOv5-face puts five landmarks between
//! objectness and class: 16 columns (`yolov5-face/models/yolo.py`). Segmentation puts mask coefficients behind the classes.

use crate::model::families::shared::anchor_heads::AnchorHead;
use crate::model::families::shared::candidates::{
    LANDMARKS, best_class, consider, finish, landmarks, passes,
};
use crate::model::families::shared::detector::three_an_anchor_cell;
use crate::model::families::shared::final_rows::RowOrder;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{anchor_heads, final_rows, masks};
use crate::model::families::{Context, OutputError, Scratch};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::results::Results;
use crate::model::spec::Task;
use crate::model::tensor::Tensor;

/// Box, objectness.
const BEFORE_CLASSES: usize = 5;

/// Columns of `[1, N, columns]` with three anchors a cell; `None` for other outputs.
pub fn columns_of_rows(graph: &GraphInfo, image: &ImageInput) -> Option<u64> {
    let [output] = &graph.outputs[..] else { return None };
    let columns = output.axis(2)?;
    let fits = output.shape.len() == 3 && columns >= 6 && three_an_anchor_cell(image, output.axis(1)?)?;
    fits.then_some(columns)
}

/// Columns of three or four maps `[1, 3, h, w, columns]`; `None` for other outputs.
pub fn columns_of_maps(graph: &GraphInfo) -> Option<u64> {
    let is_map = |output: &ValueInfo| {
        output.shape.len() == 5 && output.axis(1) == Some(3) && output.axis(4).is_some_and(|n| n > 5)
    };
    let fits = matches!(graph.outputs.len(), 3 | 4) && graph.outputs.iter().all(is_map);
    graph.outputs.first().filter(|_| fits)?.axis(4)
}

/// Decodes a head of YOLOv5's kind in any of its exports: final rows, joined, or raw maps (if the spec has anchors).
/// `objectness_alone`: a single class has its objectness for a score.
pub fn decode_any(
    objectness_alone: bool,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    if context.spec.output.end_to_end {
        final_rows::decode(&RowOrder::YOLOV7, outputs, context, scratch, results)
    } else if context.spec.output.anchors.is_empty() {
        decode(objectness_alone, outputs, context, scratch, results)
    } else {
        anchor_heads::decode(AnchorHead::Yolov5, outputs, context, scratch, results)
    }
}

fn decode(
    objectness_alone: bool,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let columns = output.axis(2);
    let points = context.spec.output.keypoints.map_or(0, |(count, values)| count * values);
    let skip = BEFORE_CLASSES + points;
    let classes = context.spec.output.classes.unwrap_or(columns.saturating_sub(skip));
    if output.shape.len() != 3 || output.axis(0) != 1 || classes == 0 || columns < skip + classes {
        return Err(OutputError::shape(output, format!("1×anchors×({skip} + {classes} classes)")));
    }
    let objectness_alone = objectness_alone && classes == 1;
    let values = output.floats()?;
    scratch.candidates.clear();
    for (anchor, row) in values.chunks_exact(columns).enumerate() {
        let objectness = row[4];
        // Class scores are at most 1: most rows end here.
        if !passes(objectness, &context) {
            continue;
        }
        let (class_id, class_score) = best_class(&row[skip..skip + classes]);
        let score = if objectness_alone { objectness } else { objectness * class_score };
        let (x, y, w, h) = (row[0], row[1], row[2], row[3]);
        let bbox = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
        consider(scratch, &context, score, class_id as f32, bbox, anchor);
    }
    finish(scratch, &context, results);
    if let (Task::Segment, Some(prototypes)) = (context.spec.task, outputs.get(1)) {
        let first = skip + classes;
        if columns < first + prototypes.axis(1) {
            return Err(OutputError::NoCoefficients { columns, prototypes: prototypes.axis(1) });
        }
        let coefficient = |anchor: usize, k: usize| values[anchor * columns + first + k];
        masks::attach(prototypes, coefficient, &context, scratch, results)?;
    }
    if points == 2 * LANDMARKS {
        landmarks(scratch, &context, results, |anchor, point| {
            let at = anchor * columns + BEFORE_CLASSES + 2 * point;
            [values[at], values[at + 1]]
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn the_score_is_objectness_times_class() {
        let spec = spec(Family::Yolov5, Task::Detect, 100, 100);
        let values = vec![
            50., 50., 20., 40., 0.5, 0.1, 0.8, // 0.4 of class 1
            50., 50., 20., 40., 0.3, 0.1, 0.8, // 0.24: under the threshold though the class isn't
        ];
        let found =
            decode_with(&spec, (100, 100), &Thresholds::default(), &[("output0", &[1, 2, 7], values)])
                .expect("fits");
        assert_eq!(found.detections.len(), 1);
        let d = &found.detections[0];
        assert_eq!((d.class_id, d.bbox), (1, [40., 30., 60., 70.]));
        assert!((d.score - 0.4).abs() < 1e-6);
    }

    /// Keypoints of another number than a face's are skipped, not read past their end.
    #[test]
    fn other_keypoints_are_no_landmarks() {
        let mut spec = spec(Family::Yolov5Face, Task::Detect, 100, 100);
        spec.output.keypoints = Some((1, 1));
        let values = vec![50., 50., 20., 40., 0.9, 7.0, 0.9];
        let found = decode_with(&spec, (100, 100), &Thresholds::default(), &[("output", &[1, 1, 7], values)])
            .expect("fits");
        assert_eq!((found.detections.len(), found.keypoints.len()), (1, 0));
    }

    #[test]
    fn a_single_class_of_yolov7_is_its_objectness() {
        let values = vec![50., 50., 20., 40., 0.5, 0.1];
        let scores = |family| {
            let mut spec = spec(family, Task::Detect, 100, 100);
            spec.output.classes = Some(1);
            let outputs: [(&str, &[i64], Vec<f32>); 1] = [("output", &[1, 1, 6], values.clone())];
            let found = decode_with(&spec, (100, 100), &Thresholds::default(), &outputs).expect("fits");
            found.detections.iter().map(|d| d.score).collect::<Vec<_>>()
        };
        assert_eq!(scores(Family::Yolov7), [0.5]);
        assert!(scores(Family::Yolov5).is_empty(), "0.05");
    }

    #[test]
    fn coefficients_lie_behind_the_classes() {
        let mut spec = spec(Family::Yolov5, Task::Segment, 8, 8);
        spec.output.classes = Some(1);
        // Two prototypes of 2×2 cells; the second one counts, negatively: positive in the right half.
        let row = vec![4., 4., 8., 8., 0.9, 1.0, 0.0, -1.0];
        let prototypes = vec![9.0, 9.0, 9.0, 9.0, 5.0, -5.0, 5.0, -5.0];
        let outputs: [(&str, &[i64], Vec<f32>); 2] =
            [("output0", &[1, 1, 8], row), ("output1", &[1, 2, 2, 2], prototypes)];
        let found = decode_with(&spec, (8, 8), &Thresholds::default(), &outputs).expect("fits");
        let mask = found.mask_of(&found.detections[0]).expect("a mask");
        let inside: Vec<bool> = mask.data.iter().map(|v| *v >= 128).collect();
        assert_eq!((mask.width, mask.height, inside), (2, 2, vec![false, true, false, true]));
    }

    #[test]
    fn landmarks_lie_between_objectness_and_class() {
        let mut spec = spec(Family::Yolov5Face, Task::Detect, 100, 100);
        spec.output.keypoints = Some((5, 2));
        spec.output.classes = Some(1);
        let mut row = vec![50., 50., 20., 40., 1.0];
        row.extend((0..10).map(|n| n as f32));
        row.push(0.9);
        let found = decode_with(&spec, (200, 100), &Thresholds::default(), &[("output", &[1, 1, 16], row)])
            .expect("fits");
        let points = found.keypoints_of(&found.detections[0]);
        assert_eq!((points.len(), points[1].x, points[1].y), (5, 4.0, 3.0));
    }
}
