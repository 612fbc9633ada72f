//! Faces with landmarks, styled images, mattes and depth agree with values that OpenCV and numpy computed
//! (`tests/reference/make_planes_and_faces.py`, which says how).

mod common;

use common::real;
use serde_json::Value;
use sightline::frame::Frame;
use sightline::model::results::{Plane, PlaneValues};
use sightline::model::{Model, OpenOptions, Results, Thresholds};
use sightline::source::images;

fn reference() -> Value {
    serde_json::from_str(include_str!("reference/planes_and_faces.json")).expect("the reference is JSON")
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number") as f32).collect()
}

/// What the model of an entry finds in its image.
fn look(entry: &Value, thresholds: &Thresholds) -> Results {
    let name = |key: &str| entry[key].as_str().expect("a name");
    let mut frame = Frame::default();
    images::load(&real(&format!("media/{}", name("picture"))), &mut frame, &mut None).expect("an image");
    let path = real(&format!("models/{}", name("model")));
    let mut model = Model::open(&path, &OpenOptions::default()).expect("opens");
    let mut results = Results::default();
    model.run(&frame, thresholds, &mut results).expect("runs");
    results
}

#[test]
fn faces_and_landmarks_lie_where_opencv_and_numpy_find_them() {
    let reference = reference();
    let number = |key: &str| reference[key].as_f64().expect("a number") as f32;
    let thresholds = Thresholds { conf: number("conf"), iou: number("iou"), ..Thresholds::default() };
    let mut seen = 0;
    for entry in reference["faces"].as_array().expect("a list") {
        let found = look(entry, &thresholds);
        let wanted = entry["found"].as_array().expect("a list");
        assert_eq!(found.detections.len(), wanted.len(), "{} on {}", entry["model"], entry["picture"]);
        for (got, want) in found.detections.iter().zip(wanted) {
            let score = want["score"].as_f64().expect("a score") as f32;
            assert!((got.score - score).abs() < 0.01, "{}: {} is {score}", entry["model"], got.score);
            let mut places = floats(&want["box"]);
            places.extend(want["points"].as_array().expect("points").iter().flat_map(floats));
            let mut mine = got.bbox.to_vec();
            mine.extend(found.keypoints_of(got).iter().flat_map(|p| [p.x, p.y]));
            assert_eq!(mine.len(), 4 + 10, "{}: a box and five landmarks", entry["model"]);
            let off = mine.iter().zip(&places).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1.0, "{} on {}: off by {off} pixels", entry["model"], entry["picture"]);
            seen += 1;
        }
    }
    assert!(seen >= 6, "faces were compared: {seen}");
}

/// The plane's values on the reference's grid, images as three values a pixel.
fn on_grid(plane: &Plane, step: usize) -> Vec<f32> {
    let rows = (step / 2..plane.height).step_by(step);
    let places = rows.flat_map(|y| (step / 2..plane.width).step_by(step).map(move |x| y * plane.width + x));
    match &plane.values {
        PlaneValues::Image(pixels) => {
            places.flat_map(|at| pixels[at * 4..at * 4 + 3].iter().map(|v| f32::from(*v))).collect()
        }
        PlaneValues::Matte(values) | PlaneValues::Depth { values, .. } => {
            places.map(|at| values[at]).collect()
        }
        PlaneValues::Classes(_) => panic!("no classes were expected"),
    }
}

fn mean_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

/// Spearman's rank correlation.
fn rank_correlation(a: &[f32], b: &[f32]) -> f64 {
    let ranks = |values: &[f32]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
        let mut ranks = vec![0.0; values.len()];
        for (rank, index) in order.into_iter().enumerate() {
            ranks[index] = rank as f64;
        }
        ranks
    };
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let covariance: f64 = a.iter().zip(&b).map(|(a, b)| (a - mean) * (b - mean)).sum();
    let variance: f64 = a.iter().map(|a| (a - mean).powi(2)).sum();
    covariance / variance
}

#[test]
fn images_mattes_and_depth_agree_with_numpy() {
    let reference = reference();
    for entry in reference["planes"].as_array().expect("a list") {
        let plane = look(entry, &Thresholds::default()).plane.expect("a plane");
        let found = &entry["found"];
        let shape = floats(&found["shape"]);
        assert_eq!([plane.height as f32, plane.width as f32], shape[..], "{}", entry["model"]);
        let got = on_grid(&plane, found["step"].as_u64().expect("a step") as usize);
        let want = floats(&found["values"]);
        assert_eq!(got.len(), want.len(), "{}", entry["model"]);
        match plane.values {
            PlaneValues::Image(_) => {
                let off = mean_difference(&got, &want);
                assert!(off <= 2.0, "{}: {off} of 255", entry["model"]);
            }
            PlaneValues::Matte(_) => {
                let off = mean_difference(&got, &want);
                assert!(off <= 0.01, "{}: {off}", entry["model"]);
            }
            PlaneValues::Depth { .. } => {
                let alike = rank_correlation(&got, &want);
                assert!(alike >= 0.99, "{}: rank correlation {alike}", entry["model"]);
            }
            PlaneValues::Classes(_) => panic!("no classes were expected"),
        }
    }
}
