//! Oriented boxes: their corners, their overlap and its suppression.
//!
//! Overlap is that of the boxes taken as Gaussian distributions, one minus their Hellinger distance ("Gaussian Bounding Boxes and
//! Probabilistic Intersection-over-Union", Llerena et al. 2021, equations 4 to 11).

use crate::model::families::Scratch;
use crate::model::results::Oriented;

/// A box of a given centre and size, turned by `angle` radians.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Turned {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub angle: f32,
}

impl Turned {
    /// The corners, in order around the box.
    #[must_use]
    pub fn oriented(&self) -> Oriented {
        let (sin, cos) = self.angle.sin_cos();
        let (ax, ay) = (self.width / 2.0 * cos, self.width / 2.0 * sin);
        let (bx, by) = (-self.height / 2.0 * sin, self.height / 2.0 * cos);
        let corner = |a: f32, b: f32| [self.x + a * ax + b * bx, self.y + a * ay + b * by];
        let corners = [corner(1.0, 1.0), corner(1.0, -1.0), corner(-1.0, -1.0), corner(-1.0, 1.0)];
        Oriented { corners, angle: self.angle }
    }

    /// The covariance of the box as a Gaussian: (xx, yy, xy).
    fn covariance(&self) -> [f32; 3] {
        let (a, b) = (self.width * self.width / 12.0, self.height * self.height / 12.0);
        let (sin, cos) = self.angle.sin_cos();
        [a * cos * cos + b * sin * sin, a * sin * sin + b * cos * cos, (a - b) * cos * sin]
    }
}

/// Probabilistic overlap of two oriented boxes, 0..=1.
#[must_use]
pub fn probabilistic_iou(p: &Turned, q: &Turned) -> f32 {
    const TINY: f32 = 1e-7;
    let ([a1, b1, c1], [a2, b2, c2]) = (p.covariance(), q.covariance());
    let (a, b, c) = (a1 + a2, b1 + b2, c1 + c2);
    let (dx, dy) = (q.x - p.x, p.y - q.y);
    let determinant = a * b - c * c;
    let distance = (a * dy * dy + b * dx * dx) / (determinant + TINY) * 0.25;
    let skew = c * dx * dy / (determinant + TINY) * 0.5;
    let each = (a1 * b1 - c1 * c1).max(0.0) * (a2 * b2 - c2 * c2).max(0.0);
    let shape = (determinant / (4.0 * each.sqrt() + TINY) + TINY).ln() * 0.5;
    let bhattacharyya = (distance + skew + shape).clamp(TINY, 100.0);
    1.0 - (1.0 - (-bhattacharyya).exp() + TINY).sqrt()
}

/// Suppression as Ultralytics does it for oriented boxes ("fast NMS", Bolya et al. 2019): a candidate goes if any better one of
/// its class overlaps it by `limit` or more, whether or not that one itself goes. `turned` belongs to the candidates by
/// `anchor`, an index into it.
pub fn suppress(scratch: &mut Scratch, limit: f32, most: usize, agnostic: bool) {
    scratch.candidates.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.anchor.cmp(&b.anchor)));
    // Each is compared with all better ones; more than this would take seconds.
    scratch.candidates.truncate(3000);
    scratch.kept.clear();
    for (index, candidate) in scratch.candidates.iter().enumerate() {
        if scratch.kept.len() >= most {
            break;
        }
        let own = &scratch.turned[candidate.anchor];
        let covered = scratch.candidates[..index].iter().any(|better| {
            (agnostic || better.class_id == candidate.class_id)
                && probabilistic_iou(&scratch.turned[better.anchor], own) >= limit
        });
        if !covered {
            scratch.kept.push(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

    use super::*;
    use crate::model::boxes::hull;

    fn turned(x: f32, y: f32, width: f32, height: f32, angle: f32) -> Turned {
        Turned { x, y, width, height, angle }
    }

    #[test]
    fn corners_turn_with_the_angle() {
        let o = turned(10.0, 10.0, 4.0, 2.0, FRAC_PI_2).oriented();
        for (got, want) in o.corners.iter().zip([[9.0, 12.0], [11.0, 12.0], [11.0, 8.0], [9.0, 8.0]]) {
            assert!((got[0] - want[0]).abs() < 1e-4 && (got[1] - want[1]).abs() < 1e-4, "{o:?}");
        }
        let [x1, y1, x2, y2] = hull(&turned(0.0, 0.0, 2.0, 2.0, FRAC_PI_4).oriented().corners);
        for (got, want) in [(x1, -1.0), (y1, -1.0), (x2, 1.0), (y2, 1.0)] {
            assert!((got / 2f32.sqrt() - want).abs() < 1e-4);
        }
    }

    #[test]
    fn overlap_is_whole_with_itself_and_none_far_away() {
        let a = turned(50.0, 50.0, 20.0, 10.0, 0.3);
        assert!(probabilistic_iou(&a, &a) > 0.99);
        // The same box told with its sides swapped and a right angle more.
        assert!(probabilistic_iou(&a, &turned(50.0, 50.0, 10.0, 20.0, 0.3 + FRAC_PI_2)) > 0.99);
        assert!(probabilistic_iou(&a, &turned(500.0, 50.0, 20.0, 10.0, 0.3)) < 0.01);
        // By hand: squares of side √12 at distance 2: covariances 1, B_D = 2²/(1+1)/4 = 0.5; 1 − √(1 − e^−0.5) = 0.3727.
        let side = 12f32.sqrt();
        let shifted =
            probabilistic_iou(&turned(0.0, 0.0, side, side, 0.0), &turned(2.0, 0.0, side, side, 0.0));
        assert!((shifted - 0.3727).abs() < 1e-3, "{shifted}");
    }

    /// Area of the overlap of two oriented boxes by clipping one polygon with the other's sides.
    fn clipped_iou(p: &Turned, q: &Turned) -> f32 {
        let area = |poly: &[[f32; 2]]| {
            let next = poly.iter().cycle().skip(1);
            (poly.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f32>() / 2.0).abs()
        };
        let (subject, clip) = (p.oriented().corners, q.oriented().corners);
        let centre = [q.x, q.y];
        let mut poly = subject.to_vec();
        for i in 0..4 {
            let (a, b) = (clip[i], clip[(i + 1) % 4]);
            let side = |r: [f32; 2]| (b[0] - a[0]) * (r[1] - a[1]) - (b[1] - a[1]) * (r[0] - a[0]);
            let inner = side(centre).signum();
            let mut next = Vec::new();
            for (j, &r) in poly.iter().enumerate() {
                let s = poly[(j + 1) % poly.len()];
                let (dr, ds) = (side(r) * inner, side(s) * inner);
                if dr >= 0.0 {
                    next.push(r);
                }
                if (dr >= 0.0) != (ds >= 0.0) {
                    let t = dr / (dr - ds);
                    next.push([r[0] + t * (s[0] - r[0]), r[1] + t * (s[1] - r[1])]);
                }
            }
            poly = next;
            if poly.is_empty() {
                return 0.0;
            }
        }
        let overlap = area(&poly);
        overlap / (p.width * p.height + q.width * q.height - overlap)
    }

    proptest::proptest! {
        /// The two measures differ in value, never in what they mean: whole overlap, none, and order by distance.
        #[test]
        fn probabilistic_overlap_follows_the_polygons(
            w in 5.0f32..50.0, h in 5.0f32..50.0, angle in -1.5f32..1.5, step in 0.0f32..1.0, way in 0.0f32..6.0,
        ) {
            let p = turned(100.0, 100.0, w, h, angle);
            let at = |part: f32| {
                let d = (w + h) * 0.6 * part;
                turned(100.0 + d * way.cos(), 100.0 + d * way.sin(), w, h, angle)
            };
            let (near, far) = (at(step * 0.5), at(step));
            proptest::prop_assert!(probabilistic_iou(&p, &near) + 1e-3 >= probabilistic_iou(&p, &far));
            proptest::prop_assert!(clipped_iou(&p, &near) + 1e-3 >= clipped_iou(&p, &far));
            let both = (probabilistic_iou(&p, &far), clipped_iou(&p, &far));
            proptest::prop_assert!(both.1 < 0.9 || both.0 > 0.7, "{both:?}");
        }
    }
}
