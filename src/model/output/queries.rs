//! DETR heads without a post-processor: a row a query, no NMS.
//!
//! RF-DETR: `dets` `[1, Q, 4]` as centre and size in 0..1 and `labels` `[1, Q, classes]` as logits: sigmoid, then the best of all
//! (query, class) pairs, so that a query may count twice (`rfdetr/models/lwdetr.py`, `PostProcess`); with segmentation a third output `[1, Q, h, w]` of
//! mask logits, inside above 0. RT-DETR as Ultralytics exports it:
//! `[1, Q, 4 + classes]`, scores after the sigmoid, the best class a query, or since 8.4 `[1, Q, 6]` with score and class
//! (`ultralytics/models/rtdetr/predict.py`).

use super::yolox::best_class;
use super::{Context, Scratch, Tensor, consider, finish_without_nms, first, mask, shape_text};
use crate::model::results::Results;
use crate::model::spec::Task;

/// Centre and size in 0..1 as corners in input pixels.
fn corners(b: &[f32], context: &Context<'_>) -> [f32; 4] {
    let (w, h) = (context.geometry.input.0 as f32, context.geometry.input.1 as f32);
    let (x, y, half_w, half_h) = (b[0] * w, b[1] * h, b[2] * w / 2.0, b[3] * h / 2.0);
    [x - half_w, y - half_h, x + half_w, y + half_h]
}

/// RF-DETR.
pub(super) fn logits(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    let named =
        |name: &str, index: usize| outputs.iter().find(|t| t.name == name).or_else(|| outputs.get(index));
    let (Some(dets), Some(labels)) = (named("dets", 0), named("labels", 1)) else {
        return Err("it has no two outputs for boxes and class logits".into());
    };
    let (queries, classes) = (dets.axis(1), labels.axis(2));
    if dets.axis(2) != 4 || labels.axis(1) != queries || dets.axis(0) != 1 || classes == 0 {
        return Err(format!(
            "boxes {} and logits {} don't belong together",
            shape_text(dets.shape),
            shape_text(labels.shape)
        ));
    }
    let (boxes, values) = (dets.floats()?, labels.floats()?);
    let conf = context.thresholds.conf;
    // σ(t) > conf exactly where t > ln(conf / (1 − conf)).
    let least = (conf / (1.0 - conf)).ln();
    scratch.candidates.clear();
    for (query, (b, logits)) in boxes.chunks_exact(4).zip(values.chunks_exact(classes)).enumerate() {
        for (class, &logit) in logits.iter().enumerate().filter(|(_, logit)| **logit > least) {
            let score = 1.0 / (1.0 + (-logit).exp());
            consider(scratch, &context, score, class as f32, corners(b, &context), query);
        }
    }
    finish_without_nms(scratch, &context, results);
    if let (Task::Segment, Some(maps)) = (context.spec.task, outputs.iter().find(|t| t.shape.len() == 4)) {
        mask::attach_own(maps, &context, scratch, results)?;
    }
    Ok(())
}

/// RT-DETR of Ultralytics.
pub(super) fn joined(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    let output = first(outputs)?;
    let columns = output.axis(2);
    if output.shape.len() != 3
        || output.axis(0) != 1
        || columns < 5 + usize::from(context.spec.output.decoded)
    {
        return Err(format!("its shape is {}, not 1×queries×(4 + classes)", shape_text(output.shape)));
    }
    scratch.candidates.clear();
    for (query, row) in output.floats()?.chunks_exact(columns).enumerate() {
        let (class, score) = if context.spec.output.decoded {
            (row[5], row[4])
        } else {
            let (class, score) = best_class(&row[4..]);
            (class as f32, score)
        };
        consider(scratch, &context, score, class, corners(row, &context), query);
    }
    finish_without_nms(scratch, &context, results);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn a_query_may_be_two_classes() {
        let spec = spec(Family::RfDetr, Task::Detect, 100, 100);
        let found = decode_with(
            &spec,
            (200, 100),
            &Thresholds::default(),
            &[
                ("dets", &[1, 2, 4], vec![0.5, 0.5, 0.25, 0.5, 0.1, 0.1, 0.1, 0.1]),
                ("labels", &[1, 2, 3], vec![0.0, f32::ln(3.0), -9.0, -9.0, -9.0, -9.0]),
            ],
        )
        .expect("fits");
        let got: Vec<_> = found.detections.iter().map(|d| (d.class_id, d.score)).collect();
        assert_eq!(got.len(), 2);
        assert!(got[0].0 == 1 && (got[0].1 - 0.75).abs() < 1e-6, "{got:?}");
        assert_eq!(got[1], (0, 0.5));
        assert_eq!(found.detections[0].bbox, [75., 25., 125., 75.]);
    }

    #[test]
    fn each_query_has_a_mask_of_its_own() {
        let spec = spec(Family::RfDetr, Task::Segment, 8, 8);
        let outputs: [(&str, &[i64], Vec<f32>); 3] = [
            ("dets", &[1, 2, 4], vec![0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0]),
            ("labels", &[1, 2, 1], vec![-9.0, 3.0]),
            ("4321", &[1, 2, 2, 2], vec![9.0, 9.0, 9.0, 9.0, -2.0, 2.0, -2.0, -2.0]),
        ];
        let found = decode_with(&spec, (8, 8), &Thresholds::default(), &outputs).expect("fits");
        let mask = found.mask_of(&found.detections[0]).expect("a mask");
        let inside: Vec<bool> = mask.data.iter().map(|v| *v >= 128).collect();
        assert_eq!((mask.width, mask.height, inside), (2, 2, vec![false, true, false, false]));
    }

    #[test]
    fn joined_rows_have_their_scores_finished() {
        let spec = spec(Family::RtDetrUltralytics, Task::Detect, 100, 100);
        let rows = vec![0.5, 0.5, 0.5, 0.25, 0.1, 0.6, 0.5, 0.5, 0.5, 0.25, 0.3, 0.2];
        let found = decode_with(&spec, (100, 100), &Thresholds::default(), &[("output0", &[1, 2, 6], rows)])
            .expect("fits");
        let got: Vec<_> = found.detections.iter().map(|d| (d.class_id, d.score)).collect();
        assert_eq!(got, [(1, 0.6), (0, 0.3)], "no NMS");
        assert_eq!(found.detections[0].bbox, [25., 37.5, 75., 62.5]);
    }
}
