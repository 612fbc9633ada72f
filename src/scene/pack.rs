//! Where labels go: near their boxes, inside the picture, off one another where that is simple.

use super::Rect;
use super::compose::Chip;

/// A place for a chip of `size` (width, height) that names the box `around`, in a picture of `picture` size,
/// among those `taken`.
///
/// Tried in turn: above the box at its left, inside it at its top, above at its right, below, inside at its
/// bottom and at its right; the first that covers no other chip wins, else the one that covers least. The chip
/// always lies wholly in the picture, if it fits there at all.
pub(super) fn place(size: [f32; 2], around: Rect, picture: [f32; 2], taken: &[Chip]) -> Rect {
    let [w, h] = size;
    let [x1, y1, x2, y2] = around;
    let candidates = [
        ([x1, y1 - h], true),
        ([x1, y1], false),
        ([x2 - w, y1 - h], true),
        ([x1, y2], true),
        ([x1, y2 - h], false),
        ([x2 - w, y1], false),
    ];
    let mut best: Option<(f32, Rect)> = None;
    for ([x, y], outside) in candidates {
        let fits_above_or_below = y >= 0.0 && y + h <= picture[1];
        if outside && !fits_above_or_below {
            continue;
        }
        let x = x.min(picture[0] - w).max(0.0);
        let y = y.min(picture[1] - h).max(0.0);
        let rect = [x, y, x + w, y + h];
        let covered: f32 = taken.iter().map(|other| shared_area(rect, other.rect)).sum();
        if covered <= 0.0 {
            return rect;
        }
        if best.is_none_or(|(least, _)| covered < least) {
            best = Some((covered, rect));
        }
    }
    best.map_or([0.0, 0.0, w, h], |(_, rect)| rect)
}

fn shared_area(a: Rect, b: Rect) -> f32 {
    let w = a[2].min(b[2]) - a[0].max(b[0]);
    let h = a[3].min(b[3]) - a[1].max(b[1]);
    w.max(0.0) * h.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::TextRange;

    const PICTURE: [f32; 2] = [100.0, 100.0];

    fn alone(around: Rect) -> Rect {
        place([30.0, 10.0], around, PICTURE, &[])
    }

    #[test]
    fn a_chip_stands_on_its_box() {
        assert_eq!(alone([20.0, 40.0, 80.0, 90.0]), [20.0, 30.0, 50.0, 40.0]);
    }

    #[test]
    fn at_the_upper_edge_it_goes_inside() {
        assert_eq!(alone([20.0, 2.0, 80.0, 90.0]), [20.0, 2.0, 50.0, 12.0]);
    }

    #[test]
    fn at_the_right_edge_it_is_pushed_back() {
        assert_eq!(alone([90.0, 40.0, 100.0, 90.0]), [70.0, 30.0, 100.0, 40.0]);
    }

    #[test]
    fn two_boxes_at_one_place_have_two_readable_chips() {
        let around = [20.0, 40.0, 80.0, 90.0];
        let first = alone(around);
        let second = place(
            [30.0, 10.0],
            around,
            PICTURE,
            &[Chip { rect: first, text: TextRange { start: 0, end: 0 }, class_id: 0 }],
        );
        assert_eq!(shared_area(first, second), 0.0);
    }

    #[test]
    fn a_box_outside_the_picture_is_named_inside() {
        for around in
            [[-50.0, -50.0, -20.0, -20.0], [120.0, 120.0, 150.0, 150.0], [-10.0, 99.0, 120.0, 130.0]]
        {
            let [x1, y1, x2, y2] = alone(around);
            assert!(x1 >= 0.0 && y1 >= 0.0 && x2 <= 100.0 && y2 <= 100.0, "{around:?}");
        }
    }
}
