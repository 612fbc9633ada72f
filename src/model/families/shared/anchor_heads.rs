//! Raw heads with anchor boxes: a map for each stride, and in each cell a few anchors with box, objectness and classes.
//!
//! With cell `c` (column, row), stride `s`, anchor `a` in input pixels and σ the sigmoid:
//! - YOLOv5, v7 and YOLOv5-face, `[1, 3, h, w, n]`: `xy = (2σ(t) − 0.5 + c)·s`, `wh = (2σ(t))²·a`, objectness and classes σ
//!   (`yolov7/models/yolo.py`, `Detect`). A face's landmarks: `t·a + c·s` (`yolov5-face/models/yolo.py`).
//! - YOLOv4 of the ONNX model zoo, `[1, h, w, 3, n]`: `xy = (σ(t)·k − (k − 1)/2 + c)·s` with `k` = 1.2, 1.1, 1.05 from the finest map on,
//!   `wh = exp(t)·a`; objectness and classes are finished (zoo `yolov4/README.md`, `postprocess_bbbox`).
//! - YOLOv2, `[1, 5·n, h, w]`: `xy = (σ(t) + c)·s`, `wh = exp(t)·a`, objectness σ, classes softmax (darknet `region_layer.c`).
//!
//! Score = objectness · class.

use crate::model::families::shared::candidates::{LANDMARKS, best_class, consider, finish, landmarks};
use crate::model::families::{Context, OutputError, Scratch};
use crate::model::results::Results;
use crate::model::tensor::Tensor;

/// How the raw values of a map become boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorHead {
    /// YOLOv5, v7, YOLOv5-face.
    Yolov5,
    /// YOLOv4 of the ONNX model zoo.
    Yolov4,
    /// YOLOv2.
    Yolov2,
}

/// YOLOv5's anchors, also those of YOLOv3 and YOLOv7-tiny, in input pixels, finest map first.
pub const YOLOV5: [[f32; 2]; 9] = [
    [10., 13.],
    [16., 30.],
    [33., 23.],
    [30., 61.],
    [62., 45.],
    [59., 119.],
    [116., 90.],
    [156., 198.],
    [373., 326.],
];
/// Anchors of YOLOv4 and of YOLOv7 but for the tiny one (`cfg/yolov4.cfg`, `cfg/training/yolov7.yaml`).
pub const YOLOV4: [[f32; 2]; 9] = [
    [12., 16.],
    [19., 36.],
    [40., 28.],
    [36., 75.],
    [76., 55.],
    [72., 146.],
    [142., 110.],
    [192., 243.],
    [459., 401.],
];
/// Anchors of YOLOv5-face (`models/yolov5n-0.5.yaml`).
pub const YOLOV5_FACE: [[f32; 2]; 9] = [
    [4., 5.],
    [8., 10.],
    [13., 16.],
    [23., 29.],
    [43., 55.],
    [73., 105.],
    [146., 217.],
    [231., 300.],
    [335., 433.],
];
/// Anchors of the P6 models of YOLOv5 and YOLOv7, strides 8 to 64 (`cfg/training/yolov7-w6.yaml`).
pub const P6: [[f32; 2]; 12] = [
    [19., 27.],
    [44., 40.],
    [38., 94.],
    [96., 68.],
    [86., 152.],
    [180., 137.],
    [140., 301.],
    [303., 264.],
    [238., 542.],
    [436., 615.],
    [739., 380.],
    [925., 792.],
];
/// YOLOv2's anchors for COCO, in cells of 32 pixels (`cfg/yolov2.cfg`).
pub const YOLOV2_COCO: [[f32; 2]; 5] =
    [[0.57273, 0.677_385], [1.87446, 2.06253], [3.33843, 5.47434], [7.88282, 3.52778], [9.77052, 9.16828]];
/// Tiny YOLOv2's anchors for VOC, in cells of 32 pixels (`cfg/yolov2-tiny-voc.cfg`).
pub const YOLOV2_TINY_VOC: [[f32; 2]; 5] =
    [[1.08, 1.19], [3.42, 4.41], [6.63, 11.38], [9.42, 5.11], [16.62, 10.52]];

/// One map, with the distances between its values.
struct Map<'a> {
    values: &'a [f32],
    across: usize,
    down: usize,
    columns: usize,
    anchor_step: usize,
    cell_step: usize,
    column_step: usize,
}

impl<'a> Map<'a> {
    fn new(tensor: &Tensor<'a>, anchors: usize) -> Result<Self, OutputError> {
        let values = tensor.floats()?;
        let a = |axis| tensor.axis(axis);
        let wrong = || OutputError::shape(tensor, format!("that of a map with {anchors} anchors"));
        let (across, down, columns, steps) = match tensor.shape.len() {
            5 if a(1) == anchors => (a(3), a(2), a(4), [a(2) * a(3) * a(4), a(4), 1]),
            5 if a(3) == anchors => (a(2), a(1), a(4), [a(4), anchors * a(4), 1]),
            4 if a(1).is_multiple_of(anchors) => {
                let (columns, cells) = (a(1) / anchors, a(2) * a(3));
                (a(3), a(2), columns, [columns * cells, 1, cells])
            }
            _ => return Err(wrong()),
        };
        if a(0) != 1 || columns < 5 || across == 0 || down == 0 {
            return Err(wrong());
        }
        let [anchor_step, cell_step, column_step] = steps;
        Ok(Self { values, across, down, columns, anchor_step, cell_step, column_step })
    }

    fn at(&self, anchor: usize, cell: usize, column: usize) -> f32 {
        self.values[anchor * self.anchor_step + cell * self.cell_step + column * self.column_step]
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

pub fn decode(
    head: AnchorHead,
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    scratch: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let all = &context.spec.output.anchors;
    if outputs.is_empty() || all.is_empty() || !all.len().is_multiple_of(outputs.len()) {
        return Err(OutputError::AnchorCount { maps: outputs.len(), anchors: all.len() });
    }
    let each = all.len() / outputs.len();
    // Finest map first, whatever the order of the outputs.
    let mut maps = smallvec::SmallVec::<[Map<'_>; 4]>::new();
    for output in outputs {
        maps.push(Map::new(output, each)?);
    }
    maps.sort_by_key(|map| std::cmp::Reverse(map.across * map.down));
    let points = context.spec.output.keypoints.map_or(0, |(count, values)| count * values);
    let skip = 5 + points;
    let has_landmarks = points == 2 * LANDMARKS;
    let conf = context.thresholds.conf;
    // σ(t) > conf exactly where t > ln(conf / (1 − conf)): most anchors end here without an exponential.
    let least = if head == AnchorHead::Yolov4 { conf } else { (conf / (1.0 - conf)).ln() };

    scratch.candidates.clear();
    scratch.points.clear();
    for (level, map) in maps.iter().enumerate() {
        if map.columns <= skip {
            return Err(OutputError::TooFewValues { values: map.columns });
        }
        let stride = [
            context.geometry.input.0 as f32 / map.across as f32,
            context.geometry.input.1 as f32 / map.down as f32,
        ];
        for (number, &size) in all[level * each..][..each].iter().enumerate() {
            for cell in 0..map.across * map.down {
                if map.at(number, cell, 4) <= least {
                    continue;
                }
                let (class_id, score) = class_of(map, number, cell, skip, head, scratch);
                let place = [(cell % map.across) as f32, (cell / map.across) as f32];
                let t: [f32; 4] = std::array::from_fn(|column| map.at(number, cell, column));
                let [x, y, w, h] = bbox(head, level, t, place, stride, size);
                let found = scratch.candidates.len();
                let b = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
                consider(scratch, &context, score, class_id as f32, b, found);
                if has_landmarks && scratch.candidates.len() > found {
                    for point in 0..LANDMARKS {
                        scratch.points.push(std::array::from_fn(|axis| {
                            map.at(number, cell, 5 + 2 * point + axis) * size[axis]
                                + place[axis] * stride[axis]
                        }));
                    }
                }
            }
        }
    }
    finish(scratch, &context, results);
    if has_landmarks {
        landmarks(scratch, &context, results, |anchor, point| scratch.points[anchor * LANDMARKS + point]);
    }
    Ok(())
}

/// The best class of an anchor and its score.
fn class_of(
    map: &Map<'_>,
    anchor: usize,
    cell: usize,
    skip: usize,
    head: AnchorHead,
    scratch: &mut Scratch,
) -> (u32, f32) {
    scratch.best.clear();
    scratch.best.extend((skip..map.columns).map(|column| map.at(anchor, cell, column)));
    let (class_id, top) = best_class(&scratch.best);
    let objectness = map.at(anchor, cell, 4);
    let score = match head {
        AnchorHead::Yolov4 => objectness * top,
        AnchorHead::Yolov2 => {
            let sum: f32 = scratch.best.iter().map(|t| (t - top).exp()).sum();
            sigmoid(objectness) / sum
        }
        AnchorHead::Yolov5 => sigmoid(objectness) * sigmoid(top),
    };
    (class_id, score)
}

/// Centre and size in input pixels.
fn bbox(
    head: AnchorHead,
    level: usize,
    t: [f32; 4],
    place: [f32; 2],
    stride: [f32; 2],
    anchor: [f32; 2],
) -> [f32; 4] {
    const XY_SCALE: [f32; 3] = [1.2, 1.1, 1.05];
    let centre = |axis: usize| {
        let s = sigmoid(t[axis]);
        let inside = match head {
            AnchorHead::Yolov2 => s,
            AnchorHead::Yolov4 => {
                let k = XY_SCALE.get(level).copied().unwrap_or(1.0);
                s * k - 0.5 * (k - 1.0)
            }
            AnchorHead::Yolov5 => 2.0 * s - 0.5,
        };
        (inside + place[axis]) * stride[axis]
    };
    let length = |axis: usize| match head {
        AnchorHead::Yolov2 => t[2 + axis].exp() * anchor[axis] * stride[axis],
        AnchorHead::Yolov4 => t[2 + axis].exp() * anchor[axis],
        AnchorHead::Yolov5 => (2.0 * sigmoid(t[2 + axis])).powi(2) * anchor[axis],
    };
    [centre(0), centre(1), length(0), length(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::families::Family;
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Task, Thresholds};

    fn close(got: [f32; 4], want: [f32; 4]) {
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() < 1e-2, "{got:?} is {want:?}");
        }
    }

    #[test]
    fn three_maps_of_yolov7_in_any_order() {
        let mut spec = spec(Family::Yolov7, Task::Detect, 64, 64);
        spec.output.anchors = YOLOV4.to_vec();
        // Two classes; one cell of the middle map (stride 16), anchor 1 (76×55), column 2, row 1.
        let mut middle = vec![-20.0; 3 * 16 * 7];
        let at = (16 + 4 + 2) * 7;
        middle[at..at + 7].copy_from_slice(&[0., 0., 0., 0., 20., -20., 20.]);
        let outputs: [(&str, &[i64], Vec<f32>); 3] = [
            ("c", &[1, 3, 2, 2, 7], vec![-20.0; 84]),
            ("b", &[1, 3, 4, 4, 7], middle),
            ("a", &[1, 3, 8, 8, 7], vec![-20.0; 1344]),
        ];
        let found = decode_with(&spec, (64, 64), &Thresholds::default(), &outputs).expect("fits");
        assert_eq!((found.detections.len(), found.detections[0].class_id), (1, 1));
        // σ(0) = 0.5: centre (2.5·16, 1.5·16), size the anchor's; cut at the image.
        close(found.detections[0].bbox, [2.0, 0.0, 64.0, 51.5]);
    }

    #[test]
    fn yolov4_of_the_zoo_scales_its_offsets() {
        let mut spec = spec(Family::Yolov4Keras, Task::Detect, 32, 32);
        spec.output.anchors = YOLOV4.to_vec();
        let empty = |cells: usize| vec![0.0; cells * 3 * 6];
        let mut fine = empty(16);
        let at = ((4 + 1) * 3) * 6; // cell (1, 1), anchor 0 (12×16)
        fine[at..at + 6].copy_from_slice(&[f32::ln(3.0), 0., 0., f32::ln(0.5), 0.9, 0.8]);
        let outputs: [(&str, &[i64], Vec<f32>); 3] = [
            ("Identity:0", &[1, 4, 4, 3, 6], fine),
            ("Identity_1:0", &[1, 2, 2, 3, 6], empty(4)),
            ("Identity_2:0", &[1, 1, 1, 3, 6], empty(1)),
        ];
        let found = decode_with(&spec, (32, 32), &Thresholds::default(), &outputs).expect("fits");
        assert!((found.detections[0].score - 0.72).abs() < 1e-6);
        // x: σ = 0.75 → (0.75·1.2 − 0.1 + 1)·8 = 14.4; y: (0.5·1.2 − 0.1 + 1)·8 = 12; 12 wide, 8 high.
        close(found.detections[0].bbox, [8.4, 8.0, 20.4, 16.0]);
    }

    #[test]
    fn yolov2_has_a_softmax_over_its_classes() {
        let mut spec = spec(Family::Yolov2, Task::Detect, 64, 64);
        spec.output.anchors = YOLOV2_COCO.to_vec();
        // Two cells across and down, two classes: 5·7 channels.
        let mut values = vec![-20.0; 35 * 4];
        let mut set = |channel: usize, value: f32| values[(7 + channel) * 4 + 3] = value; // anchor 1, cell (1, 1)
        for (channel, value) in [(0, 0.), (1, 0.), (2, 0.), (3, 0.), (4, 20.), (5, 0.), (6, f32::ln(3.0))] {
            set(channel, value);
        }
        let found = decode_with(&spec, (64, 64), &Thresholds::default(), &[("grid", &[1, 35, 2, 2], values)])
            .expect("fits");
        assert_eq!((found.detections.len(), found.detections[0].class_id), (1, 1));
        assert!((found.detections[0].score - 0.75).abs() < 1e-5, "3 / (1 + 3)");
        // Centre (48, 48), size anchor · 32 = 59.98 × 66.0.
        close(found.detections[0].bbox, [18.01, 15.0, 64.0, 64.0]);
    }

    #[test]
    fn landmarks_of_a_face_are_in_anchors() {
        let mut spec = spec(Family::Yolov5Face, Task::Detect, 32, 32);
        spec.output.anchors = YOLOV5_FACE.to_vec();
        spec.output.keypoints = Some((5, 2));
        let empty = |cells: usize| vec![-20.0; cells * 3 * 16];
        let mut fine = empty(16);
        let at = (2 * 16 + 5) * 16; // anchor 2 (13×16), cell (1, 1)
        fine[at..at + 16].fill(0.5);
        fine[at..at + 5].copy_from_slice(&[0., 0., 0., 0., 20.]);
        fine[at + 15] = 20.0;
        let outputs: [(&str, &[i64], Vec<f32>); 3] = [
            ("stride_8", &[1, 3, 4, 4, 16], fine),
            ("stride_16", &[1, 3, 2, 2, 16], empty(4)),
            ("stride_32", &[1, 3, 1, 1, 16], empty(1)),
        ];
        let found = decode_with(&spec, (32, 32), &Thresholds::default(), &outputs).expect("fits");
        close(found.detections[0].bbox, [5.5, 4.0, 18.5, 20.0]);
        let points = found.keypoints_of(&found.detections[0]);
        assert_eq!((points.len(), points[4].x, points[4].y), (5, 0.5 * 13.0 + 8.0, 0.5 * 16.0 + 8.0));
    }

    /// Keypoints of another number than a face's are skipped, not read past their end.
    #[test]
    fn other_keypoints_are_no_landmarks() {
        for keypoints in [(1, 1), (1, 2), (0, 7), (4, 2)] {
            let mut spec = spec(Family::Yolov5Face, Task::Detect, 32, 32);
            spec.output.anchors = YOLOV5[..3].to_vec();
            spec.output.keypoints = Some(keypoints);
            let columns = 6 + keypoints.0 * keypoints.1;
            let outputs: [(&str, &[i64], Vec<f32>); 1] =
                [("map", &[1, 3, 1, 1, columns as i64], vec![9.0; 3 * columns])];
            let found = decode_with(&spec, (32, 32), &Thresholds::default(), &outputs).expect("fits");
            assert!(!found.detections.is_empty() && found.keypoints.is_empty(), "{keypoints:?}");
        }
    }

    #[test]
    fn maps_without_their_anchors_are_named() {
        let mut spec = spec(Family::Yolov7, Task::Detect, 64, 64);
        spec.output.anchors = YOLOV5.to_vec();
        let outputs: [(&str, &[i64], Vec<f32>); 1] = [("a", &[1, 3, 2, 2, 7], vec![0.0; 84])];
        assert!(decode_with(&spec, (64, 64), &Thresholds::default(), &outputs).is_err());
    }
}
