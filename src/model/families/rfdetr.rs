//! Roboflow RF-DETR: `dets` `[1, Q, 4]` as centre and size in 0..1 and `labels` `[1, Q, classes]` as logits. The score is their
//! sigmoid; every (query, class) pair counts, so that a query may be found twice (`rfdetr/models/lwdetr.py`, `PostProcess`). No
//! NMS. With segmentation a third output `[1, Q, h, w]` holds mask logits, inside above 0.

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{consider, finish_without_nms};
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::{masks, queries};
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "rfdetr",
    name: "RF-DETR",
    tasks: &[Task::Detect, Task::Segment],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    quirks: Quirks { old_ids: &["rf-detr"], ..Quirks::NONE },
};

/// The names of the outputs.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let dets = graph.output("dets")?;
    graph.output("labels")?;
    if dets.axis(2).is_some_and(|n| n != 4) || graph.output("scores").is_some() {
        return None;
    }
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.output("labels").or(graph.outputs.get(1)).and_then(|p| axis(p, 2)).unwrap_or(91);
    let size = image.size((560, 560), 56);
    let input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::IMAGENET);
    let mut spec = detector(
        Family::RfDetr,
        input,
        graph,
        classes,
        "outputs \u{201c}dets\u{201d} and \u{201c}labels\u{201d}: queries with logits of RF-DETR; no NMS needed",
    );
    spec.output.end_to_end = true;
    if graph.outputs.len() > 2 {
        spec.task = Task::Segment;
        spec.evidence.push("a third output: masks".into());
    }
    spec.confidence = 0.95;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let named =
        |name: &str, index: usize| outputs.iter().find(|t| t.name == name).or_else(|| outputs.get(index));
    let (Some(dets), Some(labels)) = (named("dets", 0), named("labels", 1)) else {
        return Err(OutputError::Missing("two outputs for boxes and class logits"));
    };
    let (queries, classes) = (dets.axis(1), labels.axis(2));
    if dets.axis(2) != 4 || labels.axis(1) != queries || dets.axis(0) != 1 || classes == 0 {
        return Err(OutputError::mismatch(&[("boxes", dets), ("logits", labels)]));
    }
    let (boxes, values) = (dets.floats()?, labels.floats()?);
    let conf = context.thresholds.conf;
    // σ(t) > conf exactly where t > ln(conf / (1 − conf)).
    let least = (conf / (1.0 - conf)).ln();
    scratch.candidates.clear();
    for (query, (b, logits)) in boxes.chunks_exact(4).zip(values.chunks_exact(classes)).enumerate() {
        for (class, &logit) in logits.iter().enumerate().filter(|(_, logit)| **logit > least) {
            let score = 1.0 / (1.0 + (-logit).exp());
            consider(scratch, &context, score, class as f32, queries::corners(b, &context), query);
        }
    }
    finish_without_nms(scratch, &context, results);
    if let (Task::Segment, Some(maps)) = (context.spec.task, outputs.iter().find(|t| t.shape.len() == 4)) {
        masks::attach_own(maps, &context, scratch, results)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
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
}
