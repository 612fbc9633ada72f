//! YOLOv3 and Tiny YOLOv3 of the ONNX model zoo: NMS inside, three tensors.
//!
//! Boxes `[1, N, 4]` as y1, x1, y2, x2 in pixels of the size it was given, scores `[1, classes, N]`, and the indices `[K, 3]` (or `[1, K, 3]`) of
//! batch, class and box that NMS kept (zoo `yolov3/README.md`).

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{consider, finish_without_nms};
use crate::model::families::shared::detector::{axis, detector, size_input};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Fit, Range, Size, Spec, Task};
use crate::model::tensor::{Data, Tensor};

pub(super) const FAMILY: Definition = Definition {
    id: "yolov3-keras",
    name: "YOLOv3 (model zoo)",
    tasks: &[Task::Detect],
    rules: &[Rule::Inputs(rule)],
    by_hand: |graph, image, _| {
        let other = graph.inputs.iter().find(|input| input.name != image.name);
        Some(spec(graph, image, other.map_or("image_shape", |input| input.name.as_str())))
    },
    decode,
    quirks: Quirks::NONE,
};

/// The image's size as a second input, and three outputs.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let size = graph.inputs.iter().find(|p| p.name == "image_shape")?;
    (graph.outputs.len() == 3).then(|| spec(graph, image, &size.name))
}

fn spec(graph: &GraphInfo, image: &ImageInput, other_input: &str) -> Spec {
    let (width, height) = (image.width.unwrap_or(416), image.height.unwrap_or(416));
    let fit = Fit::Letterbox { pad: 128, centred: true, rounded: false };
    let mut input = image.input(Size::Fixed { width, height }, fit, ColourOrder::Rgb, Range::UNIT);
    input.extras.push(size_input(other_input, true));
    let classes = graph.outputs.get(1).and_then(|p| axis(p, 1)).unwrap_or(80);
    let mut spec = detector(
        Family::Yolov3Keras,
        input,
        graph,
        classes,
        "the image's size as a second input, \u{201c}image_shape\u{201d}; boxes, scores and kept indices: YOLOv3 of the model zoo",
    );
    spec.output.end_to_end = true;
    spec.confidence = 0.95;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let integers = |t: &&Tensor<'_>| matches!(t.data, Data::I64(_) | Data::I32(_));
    let mut floats = outputs.iter().filter(|t| !integers(t));
    let (Some(boxes), Some(scores), Some(kept)) =
        (floats.next(), floats.next(), outputs.iter().find(integers))
    else {
        return Err(OutputError::Missing("outputs for boxes, scores and kept indices"));
    };
    let (count, classes) = (boxes.axis(1), scores.axis(1));
    let (rows, values) = (boxes.floats()?, scores.floats()?);
    if boxes.axis(2) != 4 || scores.axis(2) != count {
        return Err(OutputError::mismatch(&[("boxes", boxes), ("scores", scores)]));
    }
    scratch.candidates.clear();
    for index in 0..kept.data.len() / 3 {
        // Negative indices are padding.
        let part =
            |column: usize| kept.data.number(index * 3 + column).filter(|n| *n >= 0.0).map(|n| n as usize);
        let (Some(class), Some(row)) = (part(1), part(2)) else { continue };
        if class >= classes || row >= count {
            continue;
        }
        let b = &rows[row * 4..][..4];
        consider(
            scratch,
            &context,
            values[class * count + row],
            class as f32,
            [b[1], b[0], b[3], b[2]],
            index,
        );
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
    fn the_class_is_the_second_index() {
        let spec = spec(Family::Yolov3Keras, Task::Detect, 416, 416);
        let found = decode_tensors(
            &spec,
            (416, 416),
            &Thresholds::default(),
            &[
                Tensor {
                    name: "boxes",
                    shape: &[1, 2, 4],
                    data: Data::F32(&[0., 0., 9., 9., 10., 20., 30., 40.]),
                },
                Tensor {
                    name: "scores",
                    shape: &[1, 3, 2],
                    data: Data::F32(&[0.9, 0.1, 0.9, 0.2, 0.9, 0.7]),
                },
                Tensor { name: "indices", shape: &[2, 3], data: Data::I32(&[0, 2, 1, -1, -1, -1]) },
            ],
        )
        .expect("fits");
        assert_eq!(found.detections.len(), 1);
        let d = &found.detections[0];
        assert_eq!((d.class_id, d.score, d.bbox), (2, 0.7, [20., 10., 40., 30.]));
    }
}
