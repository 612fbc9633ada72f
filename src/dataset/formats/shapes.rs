//! An object's shape as other formats want it.

use super::losses::{Loss, Losses};
use crate::dataset::{Annotation, Polygon, masks};

/// The outlines of an object: its polygons, those of its mask, its corners, or its box.
pub(super) fn outlines(annotation: &Annotation, losses: &mut Losses) -> Vec<Polygon> {
    if !annotation.polygons.is_empty() {
        return annotation.polygons.clone();
    }
    if let Some(mask) = &annotation.mask {
        let (outlines, holes) = masks::outlines(mask);
        losses.add(Loss::Holes, holes);
        return outlines;
    }
    if let Some(corners) = annotation.corners {
        return vec![corners.to_vec()];
    }
    losses.add(Loss::Rectangles, 1);
    vec![rectangle(annotation.bbox).to_vec()]
}

/// The corners of a box, clockwise from the top left one.
pub(super) fn rectangle([x1, y1, x2, y2]: [f64; 4]) -> [[f64; 2]; 4] {
    [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]
}

/// One outline of several: from each to the next there is a seam without a width, where they are nearest.
pub(super) fn joined(mut parts: Vec<Polygon>) -> Polygon {
    let mut all = if parts.is_empty() { return Polygon::new() } else { parts.remove(0) };
    for part in parts {
        let distance = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
        let mut nearest = (f64::INFINITY, 0, 0);
        // Long outlines are looked at in steps: the seam needn't be the very shortest.
        let (step_a, step_b) = (all.len() / 200 + 1, part.len() / 200 + 1);
        for a in (0..all.len()).step_by(step_a) {
            for b in (0..part.len()).step_by(step_b) {
                let is = distance(&all[a], &part[b]);
                if is < nearest.0 {
                    nearest = (is, a, b);
                }
            }
        }
        let (_, a, b) = nearest;
        let around = part[b..].iter().chain(&part[..=b]).copied();
        let seam: Vec<[f64; 2]> = around.chain([all[a]]).collect();
        let rest = all.split_off(a + 1);
        all.extend(seam.into_iter().chain(rest));
    }
    all
}

/// An oriented box as its centre, width, height and angle in degrees clockwise, as CVAT and Label Studio have it; `None` if the
/// corners aren't those of a rectangle to a hundredth of its size.
pub(super) fn turned(corners: &[[f64; 2]; 4]) -> Option<([f64; 2], [f64; 2], f64)> {
    let [a, b, c, d] = corners;
    let side = |from: &[f64; 2], to: &[f64; 2]| [to[0] - from[0], to[1] - from[1]];
    let length = |[x, y]: [f64; 2]| x.hypot(y);
    let (top, right) = (side(a, b), side(b, c));
    let (width, height) = (length(top), length(right));
    let centre = [(a[0] + b[0] + c[0] + d[0]) / 4.0, (a[1] + b[1] + c[1] + d[1]) / 4.0];
    let fits = length([a[0] + c[0] - b[0] - d[0], a[1] + c[1] - b[1] - d[1]]) < 0.01 * (width + height);
    let square = (top[0] * right[0] + top[1] * right[1]).abs() < 0.01 * width * height;
    let clockwise = top[0] * right[1] - top[1] * right[0] > 0.0;
    (fits && square && clockwise).then(|| (centre, [width, height], top[1].atan2(top[0]).to_degrees()))
}
