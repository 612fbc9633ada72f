//! YuNet: for each of strides 8, 16, 32 a class score, an objectness, a box and five landmarks a cell
//! (`cls_8` `[1, N, 1]`, `obj_8`, `bbox_8` `[1, N, 4]`, `kps_8` `[1, N, 10]`, …).
//!
//! `score = √(cls · obj)`, both cut to 0..1; centre `(cell + t)·s`, size `exp(t)·s`, landmarks `(cell + t)·s` (OpenCV
//! `modules/objdetect/src/face_detect.cpp`, `postProcess`).

use crate::model::families::definition::{Definition, Quirks, Rule};
use crate::model::families::shared::candidates::{LANDMARKS, consider, finish, landmarks};
use crate::model::families::shared::detector::{axis, face};
use crate::model::families::shared::image_input::ImageInput;
use crate::model::families::{Context, Family, OutputError, Scratch};
use crate::model::file::GraphInfo;
use crate::model::results::Results;
use crate::model::spec::{ColourOrder, Fit, Range, Spec, Task};
use crate::model::tensor::Tensor;

pub(super) const FAMILY: Definition = Definition {
    id: "yunet",
    name: "YuNet",
    tasks: &[Task::Detect],
    rules: &[Rule::Outputs(rule)],
    by_hand: |graph, image, _| Some(spec(graph, image)),
    decode,
    // The overlap of OpenCV zoo's `demo.py`.
    quirks: Quirks { old_ids: &["yu-net"], iou: 0.3, ..Quirks::NONE },
};

const STRIDES: [u32; 3] = [8, 16, 32];

/// Class, objectness, box and landmarks for each of three strides.
fn rule(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let columns: Vec<_> = graph.outputs.iter().map(|p| axis(p, 2)).collect();
    let count = |n: usize| columns.iter().filter(|c| **c == Some(n)).count();
    (columns.len() == 12 && count(1) == 6 && count(4) == 3 && count(10) == 3).then(|| spec(graph, image))
}

fn spec(graph: &GraphInfo, image: &ImageInput) -> Spec {
    let fit = Fit::Letterbox { pad: 0, centred: false, rounded: true };
    let input = image.input(image.size((640, 640), 32), fit, ColourOrder::Bgr, Range::BYTE);
    let evidence =
        "class, objectness, box and five landmarks a cell at strides 8, 16 and 32: YuNet; NMS needed";
    let mut spec = face(Family::YuNet, input, graph, evidence);
    spec.confidence = 0.95;
    spec
}

fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let input = context.geometry.input;
    scratch.candidates.clear();
    scratch.points.clear();
    for (level, stride) in STRIDES.into_iter().enumerate() {
        let (across, down) = ((input.0 / stride) as usize, (input.1 / stride) as usize);
        let cells = across * down;
        // By name where it has one, else in the file's order: cls, obj, bbox, kps, each for three strides.
        let part = |kind: usize, columns: usize| {
            let word = ["cls", "obj", "bbox", "kps"][kind];
            let tensor = outputs
                .iter()
                .find(|t| {
                    t.name
                        .strip_prefix(word)
                        .is_some_and(|rest| rest.trim_matches('_') == ["8", "16", "32"][level])
                })
                .or_else(|| outputs.get(kind * STRIDES.len() + level))
                .ok_or(OutputError::OutputCount { found: outputs.len(), expected: "12" })?;
            let values = tensor.floats()?;
            if values.len() == cells * columns {
                Ok(values)
            } else {
                Err(OutputError::ValueCount {
                    name: tensor.name.to_owned(),
                    found: values.len(),
                    columns,
                    cells: (across, down),
                })
            }
        };
        let (cls, obj, boxes, points) = (part(0, 1)?, part(1, 1)?, part(2, 4)?, part(3, 2 * LANDMARKS)?);
        let size = stride as f32;
        for cell in 0..cells {
            let score = (cls[cell].clamp(0.0, 1.0) * obj[cell].clamp(0.0, 1.0)).sqrt();
            if score <= context.thresholds.conf {
                continue;
            }
            let place = [(cell % across) as f32, (cell / across) as f32];
            let b = &boxes[cell * 4..][..4];
            let (x, y) = ((place[0] + b[0]) * size, (place[1] + b[1]) * size);
            let (w, h) = (b[2].exp() * size, b[3].exp() * size);
            let found = scratch.candidates.len();
            let bbox = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
            consider(scratch, &context, score, 0.0, bbox, found);
            if scratch.candidates.len() > found {
                let points = points[cell * 2 * LANDMARKS..][..2 * LANDMARKS].chunks_exact(2);
                scratch.points.extend(points.map(|p| [(p[0] + place[0]) * size, (p[1] + place[1]) * size]));
            }
        }
    }
    finish(scratch, &context, results);
    landmarks(scratch, &context, results, |anchor, point| scratch.points[anchor * LANDMARKS + point]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    #[test]
    fn a_cell_becomes_a_face_with_landmarks() {
        let spec = spec(Family::YuNet, Task::Detect, 32, 32);
        let mut outputs: Vec<(String, [i64; 3], Vec<f32>)> = Vec::new();
        for (word, columns) in [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)] {
            for (stride, cells) in [(8, 16), (16, 4), (32, 1)] {
                outputs.push((
                    format!("{word}_{stride}"),
                    [1, cells, columns],
                    vec![0.0; (cells * columns) as usize],
                ));
            }
        }
        // Stride 16, column 1, row 1.
        outputs[1].2[3] = 0.81;
        outputs[4].2[3] = 1.5; // cut to 1
        outputs[7].2[12..].copy_from_slice(&[0.5, 0.25, 0.0, f32::ln(0.5)]);
        outputs[10].2[30..].copy_from_slice(&[0.5, 0.5, 0., 0., 0., 0., 0., 0., -0.5, 0.25]);
        outputs.reverse(); // names tell, not the order
        let outputs: Vec<(&str, &[i64], Vec<f32>)> =
            outputs.iter().map(|(n, s, v)| (n.as_str(), s.as_slice(), v.clone())).collect();
        let found = decode_with(&spec, (64, 32), &Thresholds::default(), &outputs).expect("fits");
        let d = &found.detections[0];
        assert!((d.score - 0.9).abs() < 1e-6);
        assert_eq!((found.detections.len(), d.bbox), (1, [32., 16., 64., 24.]));
        let points = found.keypoints_of(d);
        assert_eq!((points[0].x, points[0].y), (48., 24.));
        assert_eq!((points[4].x, points[4].y), (16., 20.));
    }
}
