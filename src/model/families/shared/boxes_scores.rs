//! Two tensors with a row an anchor: boxes `[1, N, 4]` (or `[1, N, 1, 4]`) as x1, y1, x2, y2, and scores `[1, N, classes]`;
//! NMS needed.

use crate::model::families::shared::candidates::{best_class, consider, finish, passes};
use crate::model::families::shared::detector::is_stack;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, OutputError, Scratch};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::results::Results;
use crate::model::tensor::Tensor;

/// How two such tensors are read.
#[derive(Clone, Copy, Debug)]
pub struct BoxesAndScores {
    /// Boxes are in parts of the input instead of its pixels.
    pub in_parts: bool,
    /// The first score is that of the background.
    pub background: bool,
}

impl BoxesAndScores {
    /// Boxes in input pixels, and no background.
    pub const PIXELS: Self = Self { in_parts: false, background: false };
}

/// Both outputs, if each is a table with a row for every anchor point of the input.
pub fn tables<'a>(graph: &'a GraphInfo, image: &ImageInput) -> Option<[&'a ValueInfo; 2]> {
    let [a, b] = &graph.outputs[..] else { return None };
    let rows = a.axis(1)?;
    (is_stack(a) && is_stack(b) && b.axis(1) == Some(rows) && image.anchors()? == rows).then_some([a, b])
}

pub fn decode(
    kind: BoxesAndScores,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let [a, b, ..] = outputs else { return Err(OutputError::Missing("two outputs for boxes and scores")) };
    let four = |t: &Tensor<'_>| t.shape.last() == Some(&4);
    // With four classes both have four columns: then the name tells.
    let a_is_boxes = match (four(a), four(b)) {
        (true, true) => a.name.contains("box") || !b.name.contains("box"),
        (a, _) => a,
    };
    let (boxes, scores) = if a_is_boxes { (a, b) } else { (b, a) };
    let columns = scores.shape.last().map_or(0, |n| usize::try_from(*n).unwrap_or(0));
    let (rows, values) = (boxes.floats()?, scores.floats()?);
    if !four(boxes) || columns == 0 || rows.len() / 4 != values.len() / columns {
        return Err(OutputError::mismatch(&[("boxes", boxes), ("scores", scores)]));
    }
    let background = usize::from(kind.background);
    let (w, h) = if kind.in_parts {
        (context.geometry.input.0 as f32, context.geometry.input.1 as f32)
    } else {
        (1.0, 1.0)
    };
    if columns <= background {
        return Err(OutputError::NoClass { shape: scores.shape_text() });
    }
    scratch.candidates.clear();
    for (anchor, (b, scores)) in rows.chunks_exact(4).zip(values.chunks_exact(columns)).enumerate() {
        let (class_id, score) = best_class(&scores[background..]);
        if passes(score, &context) {
            let bbox = [b[0] * w, b[1] * h, b[2] * w, b[3] * h];
            consider(scratch, &context, score, class_id as f32, bbox, anchor);
        }
    }
    finish(scratch, &context, results);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn ultraface_skips_the_background_and_scales_to_the_image() {
        let spec = spec(Family::UltraFace, Task::Detect, 320, 240);
        let found = decode_with(
            &spec,
            (640, 480),
            &Thresholds::default(),
            &[
                ("scores", &[1, 2, 2], vec![0.9, 0.1, 0.2, 0.8]),
                ("boxes", &[1, 2, 4], vec![0., 0., 1., 1., 0.25, 0.5, 0.5, 1.0]),
            ],
        )
        .expect("fits");
        assert_eq!(found.detections.len(), 1);
        assert_eq!((found.detections[0].class_id, found.detections[0].score), (0, 0.8));
        assert_eq!(found.detections[0].bbox, [160., 240., 320., 480.]);
    }

    #[test]
    fn yolov4_has_boxes_of_four_axes_in_parts_of_the_input() {
        let spec = spec(Family::Yolov4, Task::Detect, 416, 416);
        let found = decode_with(
            &spec,
            (100, 200),
            &Thresholds::default(),
            &[
                ("boxes", &[1, 1, 1, 4], vec![0.1, 0.25, 0.5, 0.75]),
                ("confs", &[1, 1, 3], vec![0.1, 0.7, 0.2]),
            ],
        )
        .expect("fits");
        assert_eq!(found.detections[0].class_id, 1);
        for (got, want) in found.detections[0].bbox.iter().zip([10.0, 50.0, 50.0, 150.0]) {
            assert!((got - want).abs() < 1e-3);
        }
    }

    #[test]
    fn damo_has_pixels_and_its_scores_first_even_with_four_classes() {
        let spec = spec(Family::DamoYolo, Task::Detect, 64, 64);
        let found = decode_with(
            &spec,
            (64, 64),
            &Thresholds::default(),
            &[
                ("scores", &[1, 1, 4], vec![0.1, 0.2, 0.6, 0.0]),
                ("boxes", &[1, 1, 4], vec![1., 2., 30., 40.]),
            ],
        )
        .expect("fits");
        assert_eq!((found.detections[0].class_id, found.detections[0].bbox), (2, [1., 2., 30., 40.]));
    }

    #[test]
    fn shapes_that_differ_are_named() {
        let spec = spec(Family::DamoYolo, Task::Detect, 64, 64);
        let outputs: [(&str, &[i64], Vec<f32>); 2] =
            [("a", &[1, 2, 80], vec![0.0; 160]), ("b", &[1, 3, 4], vec![0.0; 12])];
        let answer = decode_with(&spec, (64, 64), &Thresholds::default(), &outputs);
        assert!(answer.is_err_and(|e| e.to_string().contains("1×2×80") && e.to_string().contains("1×3×4")));
    }
}
