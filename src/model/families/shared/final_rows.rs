//! Final rows, one a detection: the network did its own NMS and puts everything into one table.
//!
//! The orders differ: YOLOv7's `--end2end --max-wh` gives `[N, 7]` batch, box, class, score (`models/experimental.py`,
//! `ONNX_ORT`); super-gradients' flat format `[N, 7]` batch, box, score, class (`models_export.md`); PaddleDetection
//! `[N, 6]` class, score, box (`ppyoloe_head.py`, `post_process`). Boxes are x1, y1, x2, y2 in input pixels; rows
//! of −1 are padding.

use crate::model::families::shared::candidates::{consider, finish_without_nms};
use crate::model::families::{Context, OutputError, Scratch};
use crate::model::results::Results;
use crate::model::tensor::Tensor;

/// Where the parts of a row lie.
#[derive(Debug)]
pub struct RowOrder {
    columns: usize,
    bbox: usize,
    score: usize,
    class: usize,
}

impl RowOrder {
    /// Batch, box, class, score.
    pub const YOLOV7: Self = Self { columns: 7, bbox: 1, score: 6, class: 5 };
    /// Batch, box, score, class.
    pub const SUPER_GRADIENTS: Self = Self { columns: 7, bbox: 1, score: 5, class: 6 };
    /// Class, score, box.
    pub const PADDLE: Self = Self { columns: 6, bbox: 2, score: 1, class: 0 };
}

pub fn decode(
    order: &RowOrder,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let columns = output.shape.last().copied().unwrap_or(0);
    if columns != order.columns as i64 {
        return Err(OutputError::shape(output, format!("rows×{}", order.columns)));
    }
    scratch.candidates.clear();
    for (index, row) in output.floats()?.chunks_exact(order.columns).enumerate() {
        let (score, class) = (row[order.score], row[order.class]);
        let at = order.bbox;
        consider(scratch, &context, score, class, [row[at], row[at + 1], row[at + 2], row[at + 3]], index);
    }
    finish_without_nms(scratch, &context, results);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    fn one(family: Family, columns: i64, row: Vec<f32>) -> (u32, f32, [f32; 4]) {
        let mut spec = spec(family, Task::Detect, 100, 100);
        spec.output.end_to_end = true;
        let rows = row.len() as i64 / columns;
        let found = decode_with(&spec, (200, 100), &Thresholds::default(), &[("o", &[rows, columns], row)])
            .expect("fits");
        assert_eq!(found.detections.len(), 1, "{family:?}");
        let d = &found.detections[0];
        (d.class_id, d.score, d.bbox)
    }

    #[test]
    fn each_order_of_columns_is_read_as_its_own() {
        // The batch index 0 is neither the class nor anything to threshold with.
        let want = (3, 0.75, [20.0, 20.0, 60.0, 40.0]);
        assert_eq!(one(Family::Yolov7, 7, vec![0., 10., 20., 30., 40., 3., 0.75]), want);
        assert_eq!(one(Family::YoloNas, 7, vec![0., 10., 20., 30., 40., 0.75, 3.]), want);
        let padded = vec![3., 0.75, 10., 20., 30., 40., -1., -1., -1., -1., -1., -1.];
        assert_eq!(one(Family::PpYoloe, 6, padded), want);
    }

    #[test]
    fn no_second_nms_and_no_rows_are_fine() {
        let mut spec = spec(Family::Yolov7, Task::Detect, 100, 100);
        spec.output.end_to_end = true;
        let twice = [[0., 10., 20., 30., 40., 3., 0.5], [0., 10., 20., 30., 40., 3., 0.75]].concat();
        let found = decode_with(&spec, (100, 100), &Thresholds::default(), &[("output", &[2, 7], twice)]);
        let scores: Vec<f32> = found.expect("fits").detections.iter().map(|d| d.score).collect();
        assert_eq!(scores, [0.75, 0.5]);
        let none = decode_with(&spec, (100, 100), &Thresholds::default(), &[("output", &[0, 7], vec![])]);
        assert!(none.expect("fits").detections.is_empty());
    }
}
