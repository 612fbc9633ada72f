//! Boxes x1, y1, x2, y2: area, overlap, hull.

/// Intersection over union of two boxes x1, y1, x2, y2; 0 where either is empty.
#[must_use]
pub fn iou(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    // Each side is clamped at 0 on its own: two negative overlaps must not multiply to a positive area.
    let w = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let h = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let overlap = w * h;
    let union = area(a) + area(b) - overlap;
    if union > 0.0 { overlap / union } else { 0.0 }
}

/// The area of a box; 0 if a side is negative.
#[must_use]
pub fn area(b: &[f32; 4]) -> f32 {
    (b[2] - b[0]).max(0.0) * (b[3] - b[1]).max(0.0)
}

/// The axis-aligned hull of corners, x1, y1, x2, y2.
#[must_use]
pub fn hull(corners: &[[f32; 2]; 4]) -> [f32; 4] {
    let fold =
        |axis: usize, pick: fn(f32, f32) -> f32| corners.iter().map(|c| c[axis]).fold(corners[0][axis], pick);
    [fold(0, f32::min), fold(1, f32::min), fold(0, f32::max), fold(1, f32::max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_known_areas() {
        let a = [0.0, 0.0, 2.0, 2.0];
        assert_eq!(iou(&a, &a), 1.0);
        assert_eq!(iou(&a, &[1.0, 1.0, 3.0, 3.0]), 1.0 / 7.0);
        assert_eq!(iou(&a, &[2.0, 0.0, 4.0, 2.0]), 0.0);
        assert_eq!(iou(&a, &[5.0, 5.0, 6.0, 6.0]), 0.0, "two negative sides are no overlap");
        assert_eq!(iou(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.0, 1.0, 1.0]), 0.0);
    }
}
