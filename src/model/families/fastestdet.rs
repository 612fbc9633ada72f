//! FastestDet: one map `[1, 5 + classes, h, w]` of objectness (after the sigmoid), box and classes (after the softmax).
//!
//! `score = objectness^0.6 · class^0.4`, centre `(cell + tanh(t)) / map`, size `σ(t)`, both in parts of the input
//! (`FastestDet/utils/tool.py`, `handle_preds`).

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{consider, finish};
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Fit, Layout, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "fastestdet",
    name: "FastestDet",
    tasks: &[Task::Detect],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    // The overlap of its `utils/tool.py`, the score of its `test.py`: the score is a root, so that weak ones look high.
    quirks: Quirks { old_ids: &["fastest-det"], conf: 0.65, iou: 0.45, ..Quirks::NONE },
};

/// One map at stride 16.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let middle =
        |map: Option<u64>, input: Option<u32>| map.zip(input).is_some_and(|(m, i)| m * 16 == u64::from(i));
    let channels = output.axis(1)?;
    if output.shape.len() != 4
        || image.layout != Layout::Nchw
        || channels < 6
        || !middle(output.axis(2), image.height)
        || !middle(output.axis(3), image.width)
    {
        return None;
    }
    let mut spec = spec(graph, image);
    spec.confidence = if channels == 85 { 0.88 } else { 0.7 };
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 1)).map_or(80, |n| n.saturating_sub(5));
    let input = image.input(image.size((352, 352), 32), Fit::Stretch, ColourOrder::Bgr, Range::UNIT);
    let mut spec = detector(
        Family::FastestDet,
        input,
        graph,
        classes,
        "one map at stride 16 with objectness, box and classes in its channels: FastestDet",
    );
    spec.output.agnostic_nms = true;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let (channels, down, across) = (output.axis(1), output.axis(2), output.axis(3));
    if output.shape.len() != 4 || output.axis(0) != 1 || channels < 6 {
        return Err(OutputError::shape(output, "1×(5 + classes)×rows×columns"));
    }
    let values = output.floats()?;
    let cells = across * down;
    let (width, height) = (context.geometry.input.0 as f32, context.geometry.input.1 as f32);
    // A class score is at most 1: below this objectness no score passes.
    let least = context.thresholds.conf.powf(1.0 / 0.6);
    scratch.candidates.clear();
    for cell in 0..cells {
        let at = |channel: usize| values[channel * cells + cell];
        let objectness = at(0);
        if objectness <= least {
            continue;
        }
        let (class, top) = (5..channels).fold((0, f32::NEG_INFINITY), |(best, top), channel| {
            if at(channel) > top { (channel - 5, at(channel)) } else { (best, top) }
        });
        let score = objectness.powf(0.6) * top.max(0.0).powf(0.4);
        let x = ((cell % across) as f32 + at(1).tanh()) / across as f32 * width;
        let y = ((cell / across) as f32 + at(2).tanh()) / down as f32 * height;
        let [w, h] = [at(3), at(4)].map(|t| 1.0 / (1.0 + (-t).exp()));
        let (w, h) = (w * width, h * height);
        consider(
            scratch,
            &context,
            score,
            class as f32,
            [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0],
            cell,
        );
    }
    finish(scratch, &context, results);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn a_cell_becomes_a_box() {
        let spec = spec(Family::FastestDet, Task::Detect, 64, 64);
        let mut values = vec![0.0; 7 * 16];
        for (channel, value) in
            [(0, 0.9), (1, 0.5f32.atanh()), (3, 0.0), (4, -(3f32.ln())), (5, 0.2), (6, 0.8)]
        {
            values[channel * 16 + 6] = value; // column 2, row 1
        }
        let found = decode_with(&spec, (64, 64), &Thresholds::default(), &[("o", &[1, 7, 4, 4], values)])
            .expect("fits");
        let d = &found.detections[0];
        assert_eq!((found.detections.len(), d.class_id), (1, 1));
        assert!((d.score - 0.9f32.powf(0.6) * 0.8f32.powf(0.4)).abs() < 1e-6);
        // Centre (2.5, 1)/4 of 64 = (40, 16); half the width, a quarter of the height.
        for (got, want) in d.bbox.iter().zip([24.0, 8.0, 56.0, 24.0]) {
            assert!((got - want).abs() < 1e-3, "{:?}", d.bbox);
        }
    }
}
