//! MoveNet: 17 keypoints of COCO as y, x, score, in parts of the input.
//!
//! `[1, 1, 17, 3]` for one person, whose score here is the mean of the keypoints' and whose box is the hull of those over the
//! threshold; `[1, 6, 56]` for six, a row each: 17 keypoints, then box ymin, xmin, ymax, xmax and score (TensorFlow Hub, "MoveNet" model
//! cards).

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{consider, finish_without_nms};
use crate::model::families::shared::detector::{detector, is_stack};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::labels::Labels;
use crate::model::results::{Keypoint, Results};
use crate::model::spec::{ColourOrder, Fit, Range, Size, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "movenet",
    name: "MoveNet",
    tasks: &[Task::Pose],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    quirks: Quirks { old_ids: &["move-net"], ..Quirks::NONE },
};

const POINTS: usize = 17;

/// 17 keypoints of one person, or of six with their boxes.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let single = output.shape.len() == 4
        && [output.axis(1), output.axis(2), output.axis(3)] == [Some(1), Some(17), Some(3)];
    let multi = is_stack(output) && output.axis(1) == Some(6) && output.axis(2) == Some(56);
    (single || multi).then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let multi = graph.outputs.first().is_some_and(|p| p.shape.len() == 3);
    // A single person's network has one size; that for six takes any, and its authors use 256.
    let bound = if multi { 256 } else { 192 };
    let size = match image.size((bound, bound), 32) {
        Size::Dynamic { width, height, .. } if !multi => Size::Fixed { width, height },
        size => size,
    };
    let fit = Fit::Letterbox { pad: 0, centred: true, rounded: true };
    let input = image.input(size, fit, ColourOrder::Rgb, Range::BYTE);
    let evidence = if multi {
        "17 keypoints, box and score for each of six people: MoveNet, which takes 0 to 255"
    } else {
        "17 keypoints of one person: MoveNet, which takes 0 to 255"
    };
    let mut spec = detector(Family::MoveNet, input, graph, 1, evidence);
    spec.evidence.truncate(1);
    spec.task = Task::Pose;
    spec.labels = Labels::new(vec!["person".into()]);
    spec.output.keypoints = Some((17, 3));
    spec.output.end_to_end = true;
    spec.confidence = 0.93;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let columns = match (output.shape.len(), output.axis(1), output.axis(2), output.axis(3)) {
        (4, 1, POINTS, 3) => POINTS * 3,
        (3, _, 56, _) => 56,
        _ => return Err(OutputError::shape(output, "1×1×17×3 or 1×6×56")),
    };
    let values = output.floats()?;
    let (w, h) = (context.geometry.input.0 as f32, context.geometry.input.1 as f32);
    scratch.candidates.clear();
    for (person, row) in values.chunks_exact(columns).enumerate() {
        let (score, bbox) = match row.get(POINTS * 3..) {
            Some([y1, x1, y2, x2, score]) => (*score, [x1 * w, y1 * h, x2 * w, y2 * h]),
            _ => alone(row, context.thresholds.conf, w, h),
        };
        consider(scratch, &context, score, 0.0, bbox, person);
    }
    finish_without_nms(scratch, &context, results);
    for (detection, &kept) in results.detections.iter_mut().zip(&scratch.kept) {
        let row = &values[scratch.candidates[kept].anchor * columns..][..POINTS * 3];
        detection.keypoints = (results.keypoints.len(), POINTS);
        for point in row.chunks_exact(3) {
            let [x, y] = context.geometry.to_frame(point[1] * w, point[0] * h);
            results.keypoints.push(Keypoint { x, y, score: point[2] });
        }
    }
    Ok(())
}

/// Score and box of a person who has only keypoints.
fn alone(row: &[f32], conf: f32, w: f32, h: f32) -> (f32, [f32; 4]) {
    let mut hull = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
    let mut sum = 0.0;
    for point in row.chunks_exact(3) {
        sum += point[2];
        if point[2] > conf {
            let (x, y) = (point[1] * w, point[0] * h);
            hull = [hull[0].min(x), hull[1].min(y), hull[2].max(x), hull[3].max(y)];
        }
    }
    (sum / POINTS as f32, hull)
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn one_person_has_the_hull_of_the_sure_points() {
        let spec = spec(Family::MoveNet, Task::Pose, 100, 100);
        let mut row = [0.5, 0.5, 0.5].repeat(17);
        row[..6].copy_from_slice(&[0.1, 0.2, 0.9, 0.8, 0.7, 0.9]);
        row[6..9].copy_from_slice(&[0.0, 0.0, 0.1]); // unsure: not in the box
        let found =
            decode_with(&spec, (200, 100), &Thresholds::default(), &[("output_0", &[1, 1, 17, 3], row)])
                .expect("fits");
        let d = &found.detections[0];
        for (got, want) in d.bbox.iter().zip([40.0, 10.0, 140.0, 80.0]) {
            assert!((got - want).abs() < 1e-3, "{:?}", d.bbox);
        }
        assert!((d.score - (0.9 * 2.0 + 0.1 + 14.0 * 0.5) / 17.0).abs() < 1e-5);
        let points = found.keypoints_of(d);
        assert_eq!((points.len(), points[2].score), (17, 0.1));
        assert!((points[1].x - 140.0).abs() < 1e-3 && (points[1].y - 80.0).abs() < 1e-3);
    }

    #[test]
    fn six_people_have_boxes_of_their_own() {
        let spec = spec(Family::MoveNet, Task::Pose, 100, 100);
        let mut rows = vec![0.0; 6 * 56];
        rows[2 * 56..][51..56].copy_from_slice(&[0.25, 0.5, 0.75, 1.0, 0.8]);
        let found = decode_with(&spec, (100, 100), &Thresholds::default(), &[("o", &[1, 6, 56], rows)])
            .expect("fits");
        assert_eq!((found.detections.len(), found.detections[0].bbox), (1, [50.0, 25.0, 100.0, 75.0]));
        assert_eq!(found.keypoints_of(&found.detections[0]).len(), 17);
    }
}
