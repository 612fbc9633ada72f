//! Final detections in separate tensors: boxes, scores, classes and perhaps how many of them count.
//!
//! Three kinds. DETR with its post-processor (RT-DETR, D-FINE, DEIM: `labels`, `boxes`, `scores`), and exports with NMS inside
//! (YOLO-NAS's batch format, YOLOv6 `--ort`: `num_dets`, `det_boxes`, `det_scores`, `det_classes`) give x1, y1, x2, y2 in input
//! pixels. TensorFlow's object detection gives y1, x1, y2, x2 in 0..1 and counts its classes from 1 (`num_detections`,
//! `detection_boxes`, `detection_scores`, `detection_classes`); class 1 is "person", as in COCO's own list.

use crate::model::families::shared::candidates::{consider, finish_without_nms};
use crate::model::families::{Context, OutputError, Scratch};
use crate::model::results::Results;
use crate::model::tensor::{Data, Tensor};

/// Order and unit of the values of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxOrder {
    /// x1, y1, x2, y2 in input pixels.
    ColumnsFirst,
    /// y1, x1, y2, x2 in parts of the input.
    RowsFirst,
}

/// The tensors by what they hold: by name, else by type and shape, since exporters agree on neither.
struct Parts<'a, 'b> {
    boxes: &'b Tensor<'a>,
    scores: &'b Tensor<'a>,
    classes: &'b Tensor<'a>,
    count: Option<&'b Tensor<'a>>,
}

impl<'a, 'b> Parts<'a, 'b> {
    fn find(outputs: &'b [Tensor<'a>]) -> Option<Self> {
        let named = |words: &[&str]| outputs.iter().find(|t| words.iter().any(|w| t.name.contains(w)));
        if let (Some(boxes), Some(scores), Some(classes)) =
            (named(&["box"]), named(&["score"]), named(&["class", "label"]))
        {
            return Some(Self { boxes, scores, classes, count: named(&["num"]) });
        }
        match outputs {
            [count, boxes, scores, classes] if boxes.shape.last() == Some(&4) => {
                Some(Self { boxes, scores, classes, count: Some(count) })
            }
            [first, boxes, last] if boxes.shape.last() == Some(&4) => {
                let (scores, classes) =
                    if matches!(first.data, Data::F32(_)) { (first, last) } else { (last, first) };
                Some(Self { boxes, scores, classes, count: None })
            }
            _ => None,
        }
    }
}

pub fn decode(
    order: BoxOrder,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let parts = Parts::find(outputs).ok_or(OutputError::Missing("outputs for boxes, scores and classes"))?;
    let (boxes, scores) = (parts.boxes.floats()?, parts.scores.floats()?);
    let classes = parts.classes.data;
    if boxes.len() != scores.len() * 4 || classes.len() != scores.len() {
        return Err(OutputError::mismatch(&[
            ("boxes", parts.boxes),
            ("scores", parts.scores),
            ("classes", parts.classes),
        ]));
    }
    let counted = parts.count.and_then(|t| t.data.number(0)).map_or(scores.len(), |n| n.max(0.0) as usize);
    let (width, height) = (context.geometry.input.0 as f32, context.geometry.input.1 as f32);
    let rows_first = order == BoxOrder::RowsFirst;
    scratch.candidates.clear();
    for (index, (b, &score)) in boxes.chunks_exact(4).zip(scores).enumerate().take(counted) {
        let bbox = if rows_first {
            [b[1] * width, b[0] * height, b[3] * width, b[2] * height]
        } else {
            [b[0], b[1], b[2], b[3]]
        };
        consider(scratch, &context, score, classes.number(index).unwrap_or(-1.0), bbox, index);
    }
    finish_without_nms(scratch, &context, results);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Data, Tensor};
    use crate::model::families::testing::{decode_tensors, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn detr_gives_labels_first() {
        let spec = spec(Family::RtDetr, Task::Detect, 320, 320);
        let found = decode_tensors(
            &spec,
            (640, 320),
            &Thresholds::default(),
            &[
                Tensor { name: "labels", shape: &[1, 2], data: Data::I64(&[7, 2]) },
                Tensor {
                    name: "boxes",
                    shape: &[1, 2, 4],
                    data: Data::F32(&[0., 0., 9., 9., 10., 20., 30., 40.]),
                },
                Tensor { name: "scores", shape: &[1, 2], data: Data::F32(&[0.2, 0.9]) },
            ],
        )
        .expect("fits");
        assert_eq!(found.detections.len(), 1);
        assert_eq!((found.detections[0].class_id, found.detections[0].bbox), (2, [20., 20., 60., 40.]));
    }

    #[test]
    fn tensorflow_gives_rows_first_and_a_count() {
        let spec = spec(Family::TfDetection, Task::Detect, 300, 300);
        let found = decode_tensors(
            &spec,
            (300, 300),
            &Thresholds::default(),
            &[
                Tensor { name: "num_detections:0", shape: &[1], data: Data::F32(&[1.0]) },
                Tensor {
                    name: "detection_boxes:0",
                    shape: &[1, 2, 4],
                    data: Data::F32(&[0.1, 0.2, 0.5, 0.6, 0.1, 0.2, 0.5, 0.6]),
                },
                Tensor { name: "detection_scores:0", shape: &[1, 2], data: Data::F32(&[0.8, 0.7]) },
                Tensor { name: "detection_classes:0", shape: &[1, 2], data: Data::F32(&[18.0, 1.0]) },
            ],
        )
        .expect("fits");
        assert_eq!(found.detections.len(), 1, "the second is beyond the count");
        assert_eq!(found.detections[0].class_id, 18);
        for (got, want) in found.detections[0].bbox.iter().zip([60.0, 30.0, 180.0, 150.0]) {
            assert!((got - want).abs() < 1e-3);
        }
    }

    #[test]
    fn nameless_outputs_are_told_by_shape_and_padding_is_left_out() {
        let spec = spec(Family::NmsInside, Task::Detect, 64, 64);
        let found = decode_tensors(
            &spec,
            (64, 64),
            &Thresholds::default(),
            &[
                Tensor { name: "1", shape: &[1, 1], data: Data::I64(&[2]) },
                Tensor {
                    name: "2",
                    shape: &[1, 2, 4],
                    data: Data::F32(&[1., 2., 3., 4., -1., -1., -1., -1.]),
                },
                Tensor { name: "3", shape: &[1, 2], data: Data::F32(&[0.5, 0.9]) },
                Tensor { name: "4", shape: &[1, 2], data: Data::I64(&[5, -1]) },
            ],
        )
        .expect("fits");
        assert_eq!(found.detections.len(), 1);
        assert_eq!((found.detections[0].class_id, found.detections[0].bbox), (5, [1., 2., 3., 4.]));
    }
}
