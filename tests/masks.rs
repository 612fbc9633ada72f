//! Instance masks at the image's own size agree with those that numpy and OpenCV computed
//! (`tests/reference/make_masks.py`, which says how).

mod common;

use common::{onnx_runtime, shared};
use serde_json::Value;
use sightline::frame::Frame;
use sightline::model::spec::Detail;
use sightline::model::{Model, OpenOptions, Results, Thresholds};
use sightline::save::rle::Rle;
use sightline::source::images;

/// Run lengths, pixel by pixel.
fn bits(counts: impl Iterator<Item = u64>) -> Vec<bool> {
    counts.enumerate().flat_map(|(i, n)| std::iter::repeat_n(i % 2 == 1, n as usize)).collect()
}

fn counts_of(value: &Value) -> impl Iterator<Item = u64> {
    value.as_array().expect("counts").iter().map(|n| n.as_u64().expect("a number"))
}

#[test]
fn instance_masks_cover_what_numpy_and_opencv_find() {
    let reference: Value = serde_json::from_str(include_str!("reference/masks.json")).expect("JSON");
    let number = |value: &Value| value.as_f64().expect("a number") as f32;
    sightline::model::runtime::prefer(Some(onnx_runtime()));
    let path = shared(&format!("models/{}", reference["model"].as_str().expect("a name")));
    let mut model = Model::open(&path, &OpenOptions::default()).expect("opens");
    let thresholds = Thresholds {
        conf: number(&reference["conf"]),
        iou: number(&reference["iou"]),
        detail: Detail::Full,
        ..Thresholds::default()
    };
    let (mut seen, mut worst) = (0, 1.0f64);
    for image in reference["pictures"].as_array().expect("a list") {
        let name = image["picture"].as_str().expect("a name");
        let (mut frame, mut results) = (Frame::default(), Results::default());
        images::load(&shared("media").join(name), &mut frame, &mut None).expect("an image");
        model.run(&frame, &thresholds, &mut results).expect("runs");
        let wanted = image["found"].as_array().expect("a list");
        assert_eq!(results.detections.len(), wanted.len(), "{name}");
        for want in wanted {
            let class = want["class_id"].as_u64().expect("a class") as u32;
            let corners: Vec<f32> = want["box"].as_array().expect("a box").iter().map(number).collect();
            let own = results
                .detections
                .iter()
                .find(|d| {
                    let off = d.bbox.iter().zip(&corners).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    d.class_id == class && off < 2.0
                })
                .unwrap_or_else(|| panic!("{name}: nothing of class {class} at {corners:?}"));
            let mask = results.mask_of(own).expect("a mask");
            let own = serde_json::to_value(Rle::of(mask, results.frame_size)).expect("JSON");
            let (a, b) = (bits(counts_of(&own["counts"])), bits(counts_of(&want["counts"])));
            assert_eq!(a.len(), b.len(), "{name}: masks of one size");
            let both = a.iter().zip(&b).filter(|(a, b)| **a && **b).count();
            let any = a.iter().zip(&b).filter(|(a, b)| **a || **b).count();
            let overlap = both as f64 / any.max(1) as f64;
            assert!(overlap >= 0.95, "{name}: class {class} at {corners:?} overlaps by {overlap}");
            worst = worst.min(overlap);
            seen += 1;
        }
    }
    println!("{seen} masks, the worst overlap {worst:.4}");
    assert!(seen >= 10, "only {seen} masks were compared");
}
