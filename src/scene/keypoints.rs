//! Skeletons, and the points of faces.

use super::compose::{Sizes, stroke_colours};
use super::{Scene, Shape, palette};
use crate::model::results::Keypoint;

/// Lines between the 17 points of a COCO skeleton (cocodataset.org, counted from 0), and the side of the body: 0
/// left, 1 right, 2 middle.
const COCO_LIMBS: [(usize, usize, usize); 19] = [
    (15, 13, 0),
    (13, 11, 0),
    (16, 14, 1),
    (14, 12, 1),
    (11, 12, 2),
    (5, 11, 0),
    (6, 12, 1),
    (5, 6, 2),
    (5, 7, 0),
    (6, 8, 1),
    (7, 9, 0),
    (8, 10, 1),
    (1, 2, 2),
    (0, 1, 0),
    (0, 2, 1),
    (1, 3, 0),
    (2, 4, 1),
    (3, 5, 0),
    (4, 6, 1),
];

/// Colours of the left side, the right side and the middle of a skeleton.
pub(super) const SIDES: [[u8; 3]; 3] = [[0x56, 0xb4, 0xe9], [0xe6, 0x9f, 0x00], [0xf0, 0xe4, 0x42]];

/// Colours of the five points of a face: left eye, right eye, nose, mouth left, mouth right.
const FACE: [usize; 5] = [0, 1, 2, 0, 1];

/// Points with a lower score are not drawn.
const MIN_POINT_SCORE: f32 = 0.5;

impl Scene {
    /// Adds the points of one detection, and the lines between them if they are a COCO skeleton.
    pub(super) fn add_keypoints(&mut self, points: &[Keypoint], class_id: u32, sizes: Sizes) {
        let drawn = |p: &Keypoint| p.score >= MIN_POINT_SCORE && p.x.is_finite() && p.y.is_finite();
        let limit = (self.size.0.max(self.size.1) as f32) * 4.0;
        let place = |scene: &Self, p: &Keypoint| scene.point([p.x, p.y]).map(|v| v.clamp(-limit, limit));
        if points.len() == 17 {
            for (a, b, side) in COCO_LIMBS {
                if let (Some(a), Some(b)) =
                    (points.get(a).filter(|p| drawn(p)), points.get(b).filter(|p| drawn(p)))
                {
                    let (colour, halo_colour) = stroke_colours(SIDES[side]);
                    let (from, to) = (place(self, a), place(self, b));
                    let Sizes { line: width, halo, .. } = sizes;
                    self.shapes.push(Shape::Line { from, to, width, halo, colour, halo_colour });
                }
            }
        }
        for (index, point) in points.iter().enumerate().filter(|(_, p)| drawn(p)) {
            let rgb = match points.len() {
                17 if index == 0 => SIDES[2],
                17 => SIDES[(index + 1) % 2],
                5 => SIDES[FACE[index]],
                _ => palette::class(class_id + 1 + index as u32),
            };
            let (colour, halo_colour) = stroke_colours(rgb);
            let (centre, radius) = (place(self, point), sizes.line * 1.4);
            self.shapes.push(Shape::Dot { centre, radius, halo: sizes.halo, colour, halo_colour });
        }
    }
}
