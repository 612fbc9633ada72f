//! CenterFace: four maps at a quarter of the input: heat `[1,1,h,w]` (after the sigmoid), scale `[1,2,h,w]`, offset
//! `[1,2,h,w]`, landmarks `[1,10,h,w]`; the pairs are (y, x).
//!
//! A cell over the threshold is a face: its centre `(cell + offset + 0.5) · 4`, its size `exp(scale) · 4`, its five
//! landmarks in parts of that size from the corner (Star-Clouds/CenterFace, `centerface.py`, `decode`). NMS follows.

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{LANDMARKS, finish, passes};
use crate::model::families::shared::detector::face;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Candidate, Context, Family, OutputError, Scratch};
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::results::{Keypoint, Results};
use crate::model::spec::{ColourOrder, Fit, Range, Size, Spec, Task};
use crate::model::tensor::{Data, Tensor};

pub(super) const FAMILY: Definition = Definition {
    id: "centerface",
    name: "CenterFace",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    // The overlap of its `centerface.py`.
    quirks: Quirks { old_ids: &["center-face"], takes_any_size: true, iou: 0.3, ..Quirks::NONE },
};

const STRIDE: f32 = 4.0;

fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let channels: Vec<_> = graph.outputs.iter().map(|port| port.axis(1)).collect();
    let quarter = |port: &ValueInfo| match (port.axis(2), image.height) {
        (Some(map), Some(input)) => map * 4 == u64::from(input),
        _ => true,
    };
    if channels != [Some(1), Some(2), Some(2), Some(10)] || !graph.outputs.iter().all(quarter) {
        return None;
    }
    Some(spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let input = image.input(
        Size::Dynamic { width: 640, height: 640, stride: 32 },
        Fit::Letterbox { pad: 0, centred: false, rounded: true },
        ColourOrder::Rgb,
        Range::BYTE,
    );
    let mut spec = face(
        Family::CenterFace,
        input,
        graph,
        "four maps of 1, 2, 2 and 10 channels at a quarter of the input: heat, scale, offset and landmarks of CenterFace",
    );
    spec.evidence.push("every layer is a convolution: it takes any size, whatever the file says".into());
    spec.confidence = 0.95;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let [heat, scale, offset, landmarks] = outputs else {
        return Err(OutputError::OutputCount {
            found: outputs.len(),
            expected: "heat, scale, offset and landmarks",
        });
    };
    let (down, across) = (heat.axis(2), heat.axis(3));
    for (map, channels) in [(heat, 1), (scale, 2), (offset, 2), (landmarks, 2 * LANDMARKS)] {
        if map.shape.len() != 4
            || [map.axis(0), map.axis(1), map.axis(2), map.axis(3)] != [1, channels, down, across]
        {
            return Err(OutputError::PartShape {
                part: "a map has",
                shape: map.shape_text(),
                expected: format!("1×{channels}×{down}×{across}"),
            });
        }
    }
    let cells = down * across;
    let (heat, scale, offset) = (heat.floats()?, scale.floats()?, offset.floats()?);

    scratch.candidates.clear();
    if context.thresholds.allows(0) {
        for (cell, &score) in heat.iter().enumerate() {
            if !passes(score, &context) {
                continue;
            }
            let b = face_box(scale, offset, cell, cells, across);
            let bbox = context.geometry.box_to_frame(b);
            if bbox.iter().all(|v| v.is_finite()) {
                scratch.candidates.push(Candidate { score, class_id: 0, bbox, anchor: cell });
            }
        }
    }
    finish(scratch, &context, results);

    let Data::F32(points) = landmarks.data else {
        return Err(OutputError::NotFloats { name: landmarks.name.to_owned() });
    };
    for (detection, &kept) in results.detections.iter_mut().zip(&scratch.kept) {
        let cell = scratch.candidates[kept].anchor;
        let [x1, y1, x2, y2] = face_box(scale, offset, cell, cells, across);
        detection.keypoints = (results.keypoints.len(), LANDMARKS);
        for point in 0..LANDMARKS {
            let [y, x] = [2 * point, 2 * point + 1].map(|channel| points[channel * cells + cell]);
            let [x, y] = context.geometry.to_frame(x1 + x * (x2 - x1), y1 + y * (y2 - y1));
            results.keypoints.push(Keypoint { x, y, score: 1.0 });
        }
    }
    Ok(())
}

/// x1, y1, x2, y2 in input pixels.
fn face_box(scale: &[f32], offset: &[f32], cell: usize, cells: usize, across: usize) -> [f32; 4] {
    let (row, column) = ((cell / across) as f32, (cell % across) as f32);
    let (h, w) = (scale[cell].exp() * STRIDE, scale[cells + cell].exp() * STRIDE);
    let y = (row + offset[cell] + 0.5) * STRIDE;
    let x = (column + offset[cells + cell] + 0.5) * STRIDE;
    [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0]
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::results::Keypoint;
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn a_peak_becomes_a_face_with_its_landmarks() {
        let spec = spec(Family::CenterFace, Task::Detect, 32, 32);
        let cells = 64;
        let at = 3 * 8 + 2; // row 3, column 2
        let map = |channels: usize, set: &[(usize, f32)]| {
            let mut values = vec![0.0; channels * cells];
            for (channel, value) in set {
                values[channel * cells + at] = *value;
            }
            values
        };
        let outputs: [(&str, &[i64], Vec<f32>); 4] = [
            ("537", &[1, 1, 8, 8], map(1, &[(0, 0.9)])),
            ("538", &[1, 2, 8, 8], map(2, &[(0, f32::ln(4.0)), (1, f32::ln(2.0))])),
            ("539", &[1, 2, 8, 8], map(2, &[(0, 0.5), (1, -0.5)])),
            ("540", &[1, 10, 8, 8], map(10, &[(0, 0.25), (1, 0.5)])),
        ];
        let found = decode_with(&spec, (64, 32), &Thresholds::default(), &outputs).expect("fits");
        // Centre y (3 + 0.5 + 0.5)·4 = 16, x (2 − 0.5 + 0.5)·4 = 8; 16 high, 8 wide; the frame is twice as wide.
        assert_eq!(found.detections.len(), 1);
        for (got, want) in found.detections[0].bbox.iter().zip([8.0, 8.0, 24.0, 24.0]) {
            assert!((got - want).abs() < 1e-4, "{got} is {want}");
        }
        let points = found.keypoints_of(&found.detections[0]);
        let Keypoint { x, y, .. } = points[0];
        assert!(points.len() == 5 && (x - 16.0).abs() < 1e-4 && (y - 12.0).abs() < 1e-4, "{x} {y}");
    }

    #[test]
    fn missing_maps_are_named() {
        let spec = spec(Family::CenterFace, Task::Detect, 32, 32);
        let outputs: [(&str, &[i64], Vec<f32>); 1] = [("537", &[1, 1, 8, 8], vec![0.0; 64])];
        let answer = decode_with(&spec, (32, 32), &Thresholds::default(), &outputs);
        assert!(answer.is_err_and(|e| e.to_string().contains("1 outputs")));
    }
}
