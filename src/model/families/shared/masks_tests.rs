//! Masks against their definition, for random outputs.

use proptest::prelude::*;

use crate::model::families::testing::{decode_with, spec};
use crate::model::spec::{Detail, Family, Task, Thresholds};

/// Cells of the prototypes and pixels of the frame, a side.
const CELLS: usize = 8;
const FRAME: usize = 48;

/// The sum of the weighed prototypes at a pixel's centre, interpolated between the four cells around it.
fn by_definition(prototypes: &[f32], weights: [f32; 2], x: usize, y: usize) -> f32 {
    let place = |pixel: usize| {
        let at = ((pixel as f32 + 0.5) * CELLS as f32 / FRAME as f32 - 0.5).clamp(0.0, CELLS as f32 - 1.0);
        let near = at.floor();
        (near as usize, (near as usize + 1).min(CELLS - 1), at - near)
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (place(x), place(y));
    let sum = |x: usize, y: usize| -> f32 {
        (0..2).map(|k| weights[k] * prototypes[(k * CELLS + y) * CELLS + x]).sum()
    };
    let top = sum(x0, y0) * (1.0 - fx) + sum(x1, y0) * fx;
    let bottom = sum(x0, y1) * (1.0 - fx) + sum(x1, y1) * fx;
    top * (1.0 - fy) + bottom * fy
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Inside its box a mask is what the definition says, and it has no pixel outside.
    #[test]
    fn a_mask_is_its_definition_cut_to_its_box(
        prototypes in prop::collection::vec(-2.0f32..2.0, 2 * CELLS * CELLS),
        weights in prop::array::uniform2(-1.5f32..1.5),
        (x, y, w, h) in (0.0f32..24.0, 0.0f32..24.0, 1.0f32..30.0, 1.0f32..30.0),
        full: bool,
    ) {
        let mut spec = spec(Family::Ultralytics, Task::Segment, 24, 24);
        spec.output.classes = Some(1);
        let row = vec![x, y, w, h, 0.9, weights[0], weights[1]];
        let shape = [1, 2, CELLS as i64, CELLS as i64];
        let outputs: [(&str, &[i64], Vec<f32>); 2] =
            [("output0", &[1, 7, 1], row), ("output1", &shape, prototypes.clone())];
        let detail = if full { Detail::Full } else { Detail::Live };
        let thresholds = Thresholds { detail, ..Thresholds::default() };
        let found = decode_with(&spec, (FRAME as u32, FRAME as u32), &thresholds, &outputs).expect("fits");
        for detection in &found.detections {
            let Some(mask) = found.mask_of(detection) else { continue };
            prop_assert_eq!(mask.data.len(), mask.width * mask.height);
            let [x1, y1, x2, y2] = mask.region;
            let bbox = detection.bbox;
            if !full {
                // Whole cells around the box, of 6 pixels each.
                prop_assert!(x1 <= bbox[0] && x1 > bbox[0] - 6.01 && x2 >= bbox[2] - 0.01 && x2 < bbox[2] + 6.01);
                prop_assert!(y1 <= bbox[1] && y1 > bbox[1] - 6.01 && y2 >= bbox[3] - 0.01 && y2 < bbox[3] + 6.01);
                continue;
            }
            prop_assert!(x1 >= bbox[0] && y1 >= bbox[1] && x2 <= bbox[2].ceil() && y2 <= bbox[3].ceil());
            for (at, &value) in mask.data.iter().enumerate() {
                let (x, y) = (x1 as usize + at % mask.width, y1 as usize + at / mask.width);
                let want = by_definition(&prototypes, weights, x, y);
                // Rounding decides what lies on the edge itself.
                if want.abs() > 1e-4 {
                    prop_assert_eq!(value == 255, want > 0.0, "{} {}: {}", x, y, want);
                }
            }
        }
    }
}
