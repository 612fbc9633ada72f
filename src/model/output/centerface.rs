//! CenterFace: four maps at a quarter of the input: heat `[1,1,h,w]` (after the sigmoid), scale `[1,2,h,w]`, offset
//! `[1,2,h,w]`, landmarks `[1,10,h,w]`; the pairs are (y, x).
//!
//! A cell over the threshold is a face: its centre `(cell + offset + 0.5) · 4`, its size `exp(scale) · 4`, its five
//! landmarks in parts of that size from the corner (Star-Clouds/CenterFace, `centerface.py`, `decode`). NMS follows.

use super::{Candidate, Context, Data, Scratch, Tensor, finish, passes, shape_text};
use crate::model::results::{Keypoint, Results};

const STRIDE: f32 = 4.0;
const LANDMARKS: usize = 5;

pub(super) fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), String> {
    let [heat, scale, offset, landmarks] = outputs else {
        return Err(format!("it has {} outputs, not heat, scale, offset and landmarks", outputs.len()));
    };
    let (down, across) = (heat.axis(2), heat.axis(3));
    for (map, channels) in [(heat, 1), (scale, 2), (offset, 2), (landmarks, 2 * LANDMARKS)] {
        if map.shape.len() != 4
            || [map.axis(0), map.axis(1), map.axis(2), map.axis(3)] != [1, channels, down, across]
        {
            return Err(format!(
                "a map has the shape {}, not 1×{channels}×{down}×{across}",
                shape_text(map.shape)
            ));
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

    let Data::F32(points) = landmarks.data else { return Err("its landmarks are no floats".into()) };
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
    use super::super::testing::{decode_with, spec};
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
        assert!(answer.is_err_and(|e| e.contains("1 outputs")));
    }
}
