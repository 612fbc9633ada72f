//! Boxes of DETR's queries.

use crate::model::families::Context;

/// Centre and size in 0..1 as corners in input pixels.
pub fn corners(b: &[f32], context: &Context<'_>) -> [f32; 4] {
    let (w, h) = (context.geometry.input.0 as f32, context.geometry.input.1 as f32);
    let (x, y, half_w, half_h) = (b[0] * w, b[1] * h, b[2] * w / 2.0, b[3] * h / 2.0);
    [x - half_w, y - half_h, x + half_w, y + half_h]
}
