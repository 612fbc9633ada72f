//! RT-DETR as Ultralytics exports it: `[1, Q, 4 + classes]`, a row a query: centre and size in 0..1, then scores after the
//! sigmoid, of which the best counts; since 8.4 `[1, Q, 6]` with score and class (`ultralytics/models/rtdetr/predict.py`). No
//! NMS.

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{best_class, consider, finish_without_nms};
use crate::model::families::shared::detector::{axis, detector, names};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::shared::queries;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "rtdetr-ultralytics",
    name: "RT-DETR (Ultralytics)",
    tasks: &[Task::Detect],
    rules: &[Rule::Metadata(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    quirks: Quirks { old_ids: &["rt-detr-ultralytics"], ..Quirks::NONE },
};

/// Ultralytics' metadata, but rows of `4 + classes`.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let classes = names(graph)?.len();
    let described = graph.meta("description").is_some_and(|d| d.to_lowercase().contains("rtdetr"))
        || graph.meta("head") == Some("RTDETRDecoder");
    let columns = axis(output, 2)?;
    // Since 8.4 the best class a query is found inside.
    let found_inside = described && columns == 6 && classes != 2;
    // Two classes make six columns, as final rows have: then only the description tells.
    if graph.meta("task") != Some("detect")
        || output.shape.len() != 3
        || (columns != 4 + classes && !found_inside)
        || axis(output, 1) == Some(4 + classes)
        || (classes == 2 && !described)
    {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.output.decoded = found_inside;
    spec.evidence.insert(0, "metadata written by Ultralytics' exporter".into());
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 2)).map_or(80, |n| n.saturating_sub(4));
    let size = image.size((640, 640), 32);
    let input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::RtDetrUltralytics,
        input,
        graph,
        classes,
        "a row a query, box in parts of the image and scores: RT-DETR; no NMS needed",
    );
    spec.output.end_to_end = true;
    spec.confidence = 0.96;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let columns = output.axis(2);
    if output.shape.len() != 3
        || output.axis(0) != 1
        || columns < 5 + usize::from(context.spec.output.decoded)
    {
        return Err(OutputError::shape(output, "1×queries×(4 + classes)"));
    }
    scratch.candidates.clear();
    for (query, row) in output.floats()?.chunks_exact(columns).enumerate() {
        let (class, score) = if context.spec.output.decoded {
            (row[5], row[4])
        } else {
            let (class, score) = best_class(&row[4..]);
            (class as f32, score)
        };
        consider(scratch, &context, score, class, queries::corners(row, &context), query);
    }
    finish_without_nms(scratch, &context, results);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

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
