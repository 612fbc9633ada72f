//! YOLOX: `[1, A, 5 + classes]`, a row an anchor point: box, objectness, class scores.
//!
//! Objectness and classes went through a sigmoid in the network. The box is undecoded in the project's usual export:
//! `xy = (v + grid) · stride`, `wh = exp(v) · stride` (`yolox/models/yolo_head.py`, `decode_outputs`; the same in
//! `yolox/utils/demo_utils.py`, `demo_postprocess`). Anchor points run over strides 8, 16, 32 (and 64 for P6), rows first.

use crate::frame::Frame;
use crate::model::ModelError;
use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{best_class, finish, passes};
use crate::model::families::shared::detector::{axis, detector};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Candidate, Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::input::InputStage;
use crate::model::network::Network;
use crate::model::results::Results;
use crate::model::sidecar::Sidecar;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "yolox",
    name: "YOLOX",
    tasks: &[Task::Detect],
    rules: &[Rule::Shapes(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    // The overlap of its `demo/ONNXRuntime/onnx_inference.py`.
    quirks: Quirks { probe: Some(probe), iou: 0.45, ..Quirks::NONE },
};

const STRIDES: [usize; 3] = [8, 16, 32];
const STRIDES_P6: [usize; 4] = [8, 16, 32, 64];
/// YOLOX's own letterbox.
const TOP_LEFT: Fit = Fit::Letterbox { pad: 114, centred: false, rounded: false };

/// The strides whose cells add up to `anchors` for an input of this size.
fn strides_for(width: usize, height: usize, anchors: usize) -> Option<&'static [usize]> {
    let count = |strides: &[usize]| strides.iter().map(|s| (width / s) * (height / s)).sum::<usize>();
    [STRIDES.as_slice(), STRIDES_P6.as_slice()].into_iter().find(|strides| count(strides) == anchors)
}

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let [output] = &graph.outputs[..] else { return None };
    let columns = output.axis(2)?;
    let expected = match (image.width, image.height, output.axis(1)) {
        (Some(w), Some(h), Some(n)) => {
            strides_for(w as usize, h as usize, usize::try_from(n).ok()?).is_some()
        }
        _ => output.name == "output",
    };
    if output.shape.len() != 3 || columns < 6 || !expected {
        return None;
    }
    let mut spec = spec(graph, image);
    if output.axis(1).is_none() || image.anchors().is_none() {
        spec.evidence.push("the file leaves the number of rows open: a run must tell".into());
        spec.confidence = 0.6;
    }
    Some(spec)
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 2)).map_or(80, |n| n.saturating_sub(5));
    let input = image.input(image.size((640, 640), 32), TOP_LEFT, ColourOrder::Bgr, Range::BYTE);
    let mut spec = detector(
        Family::Yolox,
        input,
        graph,
        classes,
        "one row an anchor with box, objectness and classes: YOLOX",
    );
    spec.evidence.push("no metadata; one anchor a cell (YOLOv5 and v7 have three)".into());
    spec.confidence = 0.85;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let output = outputs.first().ok_or(OutputError::NoOutput)?;
    let (anchors, columns) = (output.axis(1), output.axis(2));
    let values = output.floats()?;
    if output.shape.len() != 3 || columns < 6 || output.axis(0) != 1 {
        return Err(OutputError::shape(output, "1×anchors×(5 + classes)"));
    }
    let (width, height) = context.geometry.input;
    let strides = strides_for(width as usize, height as usize, anchors).ok_or(OutputError::InputSize {
        count: anchors,
        what: "anchors",
        input: (width, height),
    })?;

    scratch.candidates.clear();
    let mut rows = values.chunks_exact(columns).enumerate();
    for &stride in strides {
        let (across, down) = (width as usize / stride, height as usize / stride);
        for ((anchor, row), cell) in rows.by_ref().take(across * down).zip(0..) {
            let objectness = row[4];
            // Class scores are at most 1: most rows end here.
            if !passes(objectness, &context) {
                continue;
            }
            let (class_id, class_score) = best_class(&row[5..]);
            let score = objectness * class_score;
            if !passes(score, &context) || !context.thresholds.allows(class_id) {
                continue;
            }
            let [mut x, mut y, mut w, mut h] = [row[0], row[1], row[2], row[3]];
            if !context.spec.output.decoded {
                let size = stride as f32;
                x = (x + (cell % across) as f32) * size;
                y = (y + (cell / across) as f32) * size;
                w = w.exp() * size;
                h = h.exp() * size;
            }
            let bbox = context.geometry.box_to_frame([x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]);
            if bbox.iter().all(|v| v.is_finite()) {
                scratch.candidates.push(Candidate { score, class_id, bbox, anchor });
            }
        }
    }
    finish(scratch, &context, results);
    Ok(())
}

/// Runs the network once to see whether a file gives boxes in pixels: undecoded offsets stay near 0, decoded centres reach
/// the far side of the input. An objectness of exactly 1 everywhere is YOLOv6's.
fn probe(network: &mut Network, _: &GraphInfo, overrides: &Sidecar) -> Result<(), ModelError> {
    network.write(&Frame::filled(64, 64, [114, 114, 114, 255]))?;
    let (width, _) = network.spec.input.size.bound();
    let probed = network.session.run(|outputs| {
        let output = outputs.first()?;
        let columns = output.axis(2).max(1);
        let rows = output.floats().ok()?.chunks_exact(columns);
        let sure = columns > 5 && rows.clone().all(|row| row[4] == 1.0);
        let farthest = rows.map(|row| row[0].abs()).reduce(f32::max)?;
        Some((farthest, sure))
    })?;
    let Some((farthest, sure)) = probed else { return Ok(()) };
    let spec = &mut network.spec;
    spec.output.decoded = farthest > width as f32 / 4.0;
    if sure && spec.output.decoded && overrides.family.is_none() {
        spec.family = Family::Yolov6;
        let input = &mut spec.input;
        input.fit = overrides.fit.unwrap_or(Fit::LETTERBOX);
        input.order = overrides.order.unwrap_or(ColourOrder::Rgb);
        input.range = overrides.range.unwrap_or(Range::UNIT);
        spec.evidence.push("a probe run gives an objectness of 1 everywhere: YOLOv6".into());
        network.input = InputStage::new(network.spec.input.clone());
        return Ok(());
    }
    spec.evidence.push(if spec.output.decoded {
        "a probe run gives boxes in pixels: decoded inside the network".into()
    } else {
        "a probe run gives boxes as offsets in their cells: decoded here".into()
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    /// 32×32 input: 16 + 4 + 1 anchors, two classes.
    fn output(set: &[(usize, [f32; 7])]) -> Vec<f32> {
        let mut values = vec![0.0; 21 * 7];
        for (anchor, row) in set {
            values[anchor * 7..][..7].copy_from_slice(row);
        }
        values
    }

    #[test]
    fn boxes_are_decoded_by_grid_and_stride() {
        let spec = spec(Family::Yolox, Task::Detect, 32, 32);
        // Anchor 6 is cell (2, 1) of stride 8; anchor 20 the one cell of stride 32.
        let values = output(&[
            (6, [0.5, 0.25, 0.0, f32::ln(2.0), 0.8, 0.1, 0.9]),
            (20, [0.5, 0.5, 0.0, 0.0, 0.5, 0.6, 0.2]),
        ]);
        let frame = (64, 32); // twice as wide as the input
        let found = decode_with(&spec, frame, &Thresholds::default(), &[("output", &[1, 21, 7], values)])
            .expect("fits");
        // Centre (20, 10), size 8×16 → x 16..24 twice, y 2..18.
        assert_eq!(found.detections[0].bbox, [32.0, 2.0, 48.0, 18.0]);
        assert_eq!(found.detections[0].class_id, 1);
        assert!((found.detections[0].score - 0.72).abs() < 1e-6);
        assert_eq!(found.detections[1].bbox, [0.0, 0.0, 64.0, 32.0]);
        assert_eq!(found.detections.len(), 2);
    }

    #[test]
    fn a_decoded_export_is_taken_as_pixels() {
        let mut spec = spec(Family::Yolox, Task::Detect, 32, 32);
        spec.output.decoded = true;
        let values = output(&[(3, [16.0, 16.0, 8.0, 4.0, 1.0, 1.0, 0.0])]);
        let found = decode_with(&spec, (32, 32), &Thresholds::default(), &[("output", &[1, 21, 7], values)])
            .expect("fits");
        assert_eq!(found.detections[0].bbox, [12.0, 14.0, 20.0, 18.0]);
    }

    #[test]
    fn the_class_filter_and_absurd_values_are_heeded() {
        let spec = spec(Family::Yolox, Task::Detect, 32, 32);
        let values = output(&[
            (0, [0.0, 0.0, 0.0, 0.0, 1.0, 0.9, 0.0]),
            (1, [0.0, 0.0, 1000.0, 0.0, 1.0, 0.0, 0.9]), // exp overflows
            (2, [0.0, 0.0, 0.0, 0.0, f32::NAN, 0.9, 0.0]),
        ]);
        let only = |classes: Vec<u32>| {
            let thresholds = Thresholds { classes, ..Thresholds::default() };
            decode_with(&spec, (32, 32), &thresholds, &[("output", &[1, 21, 7], values.clone())])
                .expect("fits")
                .detections
                .len()
        };
        assert_eq!((only(vec![]), only(vec![0]), only(vec![1])), (1, 1, 0));
    }

    #[test]
    fn another_shape_is_named() {
        let spec = spec(Family::Yolox, Task::Detect, 32, 32);
        let answer =
            decode_with(&spec, (32, 32), &Thresholds::default(), &[("output", &[1, 20, 7], vec![0.0; 140])]);
        assert!(answer.is_err_and(|e| e.to_string().contains("20 anchors")));
    }
}
