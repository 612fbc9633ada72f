//! Boxes of the program's JSON.

use serde_json::Value;

/// x1, y1, x2, y2.
pub type Box4 = [f64; 4];

/// Intersection over union.
pub fn iou(a: &Box4, b: &Box4) -> f64 {
    let w = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let h = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let area = |b: &Box4| (b[2] - b[0]) * (b[3] - b[1]);
    w * h / (area(a) + area(b) - w * h)
}

/// The box of a detection.
pub fn box_of(detection: &Value) -> Box4 {
    std::array::from_fn(|i| detection["box"][i].as_f64().expect("a number"))
}
