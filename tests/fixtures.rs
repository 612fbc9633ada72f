//! Networks written by Ultralytics' own exporter give what Ultralytics' own code makes of them: every task, version and form.
//!
//! `../shared/fixtures/expected.json` holds those results. Each network is fed its exact input, so that decoding is checked
//! apart from resizing; then the original images, where a share may differ by resizing alone.

mod common;

use std::collections::BTreeMap;

use common::{onnx_runtime, shared};
use serde_json::Value;
use sightline::frame::{Frame, PixelFormat};
use sightline::model::boxes::{hull, iou};
use sightline::model::geometry::Geometry;
use sightline::model::results::PlaneValues;
use sightline::model::spec::{Detail, Size};
use sightline::model::{Detection, Model, OpenOptions, Results, Task, Thresholds};
use sightline::save::rle::Rle;
use sightline::source::images;

/// How closely results must agree.
struct Tolerance {
    iou: f32,
    score: f32,
    mask: f64,
    point: f32,
    angle: f32,
}

const EXACT: Tolerance = Tolerance { iou: 0.99, score: 0.002, mask: 0.97, point: 1.0, angle: 0.01 };
/// Weights of 16 bits are rounded in another order from one build of the runtime to the next: scores move by 0.002, and boxes
/// of noise with them, in Python just as here.
const HALF: Tolerance = Tolerance { iou: 0.95, score: 0.006, ..EXACT };
const LOOSE: Tolerance = Tolerance { iou: 0.9, score: 0.05, mask: 0.85, point: 12.0, angle: 0.1 };

fn entries() -> Vec<Value> {
    let text = std::fs::read_to_string(shared("fixtures/expected.json")).expect("readable");
    serde_json::from_str(&text).expect("JSON")
}

fn open(name: &str) -> Model {
    // Set once, before anything else runs: the runtime is looked for in the environment.
    static RUNTIME: std::sync::Once = std::sync::Once::new();
    RUNTIME.call_once(|| sightline::model::runtime::prefer(Some(onnx_runtime())));
    let path = shared(&format!("fixtures/models/{name}"));
    Model::open(&path, &OpenOptions::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn load(path: &str) -> Frame {
    let mut frame = Frame::default();
    images::load(&shared(path), &mut frame, &mut None).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert_eq!(frame.format, PixelFormat::Rgba8);
    frame
}

fn number(value: &Value) -> f32 {
    value.as_f64().expect("a number") as f32
}

fn numbers<const N: usize>(value: &Value) -> [f32; N] {
    std::array::from_fn(|i| number(&value[i]))
}

fn thresholds(entry: &Value) -> Thresholds {
    Thresholds {
        conf: number(&entry["conf"]),
        iou: number(&entry["iou"]),
        max_det: entry["max_det"].as_u64().expect("a number") as usize,
        classes: Vec::new(),
        detail: Detail::Full,
        ..Thresholds::default()
    }
}

/// Where the exact input came from: the geometry that Sightline itself gives for this image and input.
fn geometry(model: &Model, frame: (u32, u32), input: &Frame) -> Geometry {
    let spec = &model.spec().input;
    let size = match spec.size {
        Size::Fixed { .. } => Size::Fixed { width: input.width, height: input.height },
        dynamic @ Size::Dynamic { .. } => dynamic,
    };
    Geometry::new(frame, size, spec.fit)
}

/// Whether a detection is the expected one; why not, otherwise.
fn compare(got: &Detection, results: &Results, want: &Value, tolerance: &Tolerance) -> Result<(), String> {
    let task = results.task;
    let score = (got.score - number(&want["score"])).abs();
    if score > tolerance.score {
        return Err(format!("score off by {score}"));
    }
    let overlap = if let (Task::Obb, Some(o)) = (task, got.oriented) {
        let corners: [[f32; 2]; 4] = std::array::from_fn(|i| numbers(&want["corners"][i]));
        iou(&hull(&o.corners), &hull(&corners))
    } else {
        // Sightline cuts boxes at the image's edge; what lies wholly beyond it is left as a line there.
        let (w, h) = (results.frame_size.0 as f32, results.frame_size.1 as f32);
        let [x1, y1, x2, y2] = numbers(&want["box"]);
        let want = [x1.clamp(0.0, w), y1.clamp(0.0, h), x2.clamp(0.0, w), y2.clamp(0.0, h)];
        // A line has no area to overlap by.
        let line = want[2] - want[0] < 0.01 || want[3] - want[1] < 0.01;
        let near = if line { 10.0 } else { 0.5 };
        let same = got.bbox.iter().zip(want).all(|(g, w)| (g - w).abs() < near);
        if same { 1.0 } else { iou(&got.bbox, &want) }
    };
    if overlap < tolerance.iou {
        return Err(format!("box overlaps by {overlap}"));
    }
    if let Some(o) = got.oriented {
        let off = (o.angle - number(&want["angle"])).abs();
        if off > tolerance.angle {
            return Err(format!("angle off by {off}"));
        }
    }
    if let Some(points) = want["keypoints"].as_array() {
        let own = results.keypoints_of(got);
        if own.len() != points.len() {
            return Err(format!("{} keypoints", own.len()));
        }
        for (own, want) in own.iter().zip(points) {
            let off = (own.x - number(&want[0])).abs().max((own.y - number(&want[1])).abs());
            let visible = want.get(2).map_or(0.0, |v| (own.score - number(v)).abs());
            if off > tolerance.point || visible > tolerance.score.max(0.01) {
                return Err(format!("a keypoint off by {off} and {visible}"));
            }
        }
    }
    if want.get("mask").is_some_and(|m| !m.is_null()) {
        let own = results.mask_of(got).map(|m| Rle::of(m, results.frame_size)).ok_or("no mask")?;
        let overlap = mask_iou(&bits(&serde_json::to_value(&own).expect("JSON")), &bits(&want["mask"]));
        if overlap < tolerance.mask {
            return Err(format!("mask overlaps by {overlap}"));
        }
    }
    Ok(())
}

/// A run-length mask, pixel by pixel.
fn bits(rle: &Value) -> Vec<bool> {
    let counts = rle["counts"].as_array().expect("counts");
    let mut bits = Vec::new();
    for (i, count) in counts.iter().enumerate() {
        bits.extend(std::iter::repeat_n(i % 2 == 1, count.as_u64().expect("a number") as usize));
    }
    bits
}

fn mask_iou(a: &[bool], b: &[bool]) -> f64 {
    assert_eq!(a.len(), b.len(), "masks of one size");
    let both = a.iter().zip(b).filter(|(a, b)| **a && **b).count();
    let any = a.iter().zip(b).filter(|(a, b)| **a || **b).count();
    if any == 0 { 1.0 } else { both as f64 / any as f64 }
}

/// The class map or depth sampled at the centres of 16×16 cells over the frame, as the expected grid was.
fn sample(results: &Results, row: usize, column: usize) -> f32 {
    let plane = results.plane.as_ref().expect("a plane");
    let (w, h) = results.frame_size;
    // A class map is enlarged by taking the nearest value (pixel · ratio, rounded down), depth by interpolation.
    let middle = if matches!(plane.values, PlaneValues::Classes(_)) { 0.0 } else { 0.5 };
    let at = |i: usize, n: u32| ((i as f32 + 0.5) * n as f32 / 16.0).floor() + middle;
    let [x1, y1, x2, y2] = plane.region;
    let x = ((at(column, w) - x1) / (x2 - x1) * plane.width as f32) as usize;
    let y = ((at(row, h) - y1) / (y2 - y1) * plane.height as f32) as usize;
    let index = y.min(plane.height - 1) * plane.width + x.min(plane.width - 1);
    match &plane.values {
        PlaneValues::Classes(classes) => f32::from(classes[index]),
        PlaneValues::Depth { values, .. } => values[index],
        other => panic!("{other:?}"),
    }
}

/// Expected results found, all expected ones, and what was wrong with the others.
fn agreement(entry: &Value, results: &Results, tolerance: &Tolerance) -> (usize, usize, Vec<String>) {
    let want = entry["results"].as_array().expect("results");
    let mut wrong = Vec::new();
    match entry["task"].as_str().expect("a task") {
        "classify" => {
            for (place, want) in want.iter().enumerate() {
                let found = results
                    .top
                    .iter()
                    .find(|c| u64::from(c.class_id) == want["class_id"].as_u64().unwrap_or(u64::MAX));
                match found {
                    Some(found) if (found.score - number(&want["score"])).abs() <= tolerance.score => {}
                    other => wrong.push(format!("class at place {place}: {other:?} is {want}")),
                }
            }
            (want.len() - wrong.len(), want.len(), wrong)
        }
        kind @ ("semantic" | "depth") => {
            let grid = want[0]["grid16"].as_array().expect("a grid");
            let mut same = 0;
            for (row, line) in grid.iter().enumerate() {
                for (column, want) in line.as_array().expect("a row").iter().enumerate() {
                    let (got, want) = (sample(results, row, column), number(want));
                    let close = if kind == "semantic" {
                        got == want
                    } else {
                        (got - want).abs() <= 0.3 + 0.1 * want.abs()
                    };
                    same += usize::from(close);
                }
            }
            // Class borders and the interpolation of depth fall differently on single pixels.
            if same * 100 < 256 * 85 {
                wrong.push(format!("{same} of 256 samples agree"));
            }
            (usize::from(wrong.is_empty()), 1, wrong)
        }
        _ => {
            let mut taken = vec![false; results.detections.len()];
            for want in want {
                let class = want["class_id"].as_u64().expect("a class");
                let mut best: Result<usize, String> = Err("nothing of its class".into());
                for (i, got) in results.detections.iter().enumerate() {
                    if taken[i] || u64::from(got.class_id) != class {
                        continue;
                    }
                    match compare(got, results, want, tolerance) {
                        Ok(()) => {
                            best = Ok(i);
                            break;
                        }
                        Err(why) => best = Err(why),
                    }
                }
                match best {
                    Ok(i) => taken[i] = true,
                    Err(why) => wrong.push(format!("{} {}: {why}", want["class_id"], want["score"])),
                }
            }
            (want.len() - wrong.len(), want.len(), wrong)
        }
    }
}

#[test]
fn the_exact_inputs_give_the_exporters_own_results() {
    let mut models: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for entry in entries() {
        models.entry(entry["model"].as_str().expect("a name").to_owned()).or_default().push(entry);
    }
    let mut wrong = Vec::new();
    let (mut found, mut all) = (0, 0);
    for (name, entries) in &models {
        let mut model = open(name);
        for entry in entries.iter().filter(|e| !e["input_png"].is_null()) {
            let input = load(&format!("fixtures/{}", entry["input_png"].as_str().expect("a path")));
            let size: [f32; 2] = numbers(&entry["picture_size"]);
            let geometry = geometry(&model, (size[0] as u32, size[1] as u32), &input);
            let mut results = Results::default();
            let label = format!("{name} {}", entry["picture"]);
            if let Err(error) = model.run_fitted(&input, &geometry, &thresholds(entry), &mut results) {
                wrong.push(format!("{label}: {error}"));
                continue;
            }
            let half = name.contains("_fp16");
            let (good, of, why) = agreement(entry, &results, if half { &HALF } else { &EXACT });
            found += good;
            all += of;
            if good < of {
                wrong.push(format!("{label}: {good} of {of}; {:?}", &why[..why.len().min(3)]));
            }
            // Nothing may be made up: scores on the very threshold aside.
            let sure = number(&entry["conf"]) + 0.01;
            let extra = results.detections.iter().filter(|d| d.score > sure).count();
            if extra > of && entry["task"] != "semantic" && entry["task"] != "depth" {
                wrong.push(format!("{label}: {extra} found, {of} expected"));
            }
        }
    }
    println!("{found} of {all} results agree");
    assert!(wrong.is_empty(), "{found} of {all}\n{}", wrong.join("\n"));
    assert!(all > 2000, "the fixtures were there: {all}");
}

#[test]
fn the_original_images_give_nearly_the_same() {
    let (mut found, mut all) = (0, 0);
    let mut lines = Vec::new();
    let mut last: Option<(String, Model)> = None;
    for entry in entries() {
        let name = entry["model"].as_str().expect("a name");
        let mut model = match last.take() {
            Some((same, model)) if same == name => model,
            _ => open(name),
        };
        let frame = load(&format!("media/{}", entry["picture"].as_str().expect("a name")));
        let mut results = Results::default();
        model.run(&frame, &thresholds(&entry), &mut results).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (good, of, why) = agreement(&entry, &results, &LOOSE);
        found += good;
        all += of;
        if good < of {
            lines.push(format!("{name} {}: {good} of {of}; {:?}", entry["picture"], why.first()));
        }
        last = Some((name.to_owned(), model));
    }
    println!("{found} of {all} results agree");
    assert!(found * 100 >= all * 95, "{found} of {all}\n{}", lines.join("\n"));
}

/// Averages over all tasks hide classifiers, whose images go through Pillow in Ultralytics' own code.
#[test]
fn classifiers_see_original_images_as_ultralytics_does() {
    let (mut good, mut all) = (0, 0);
    let mut lines = Vec::new();
    for entry in entries().iter().filter(|entry| entry["task"] == "classify") {
        let mut model = open(entry["model"].as_str().expect("a name"));
        let frame = load(&format!("media/{}", entry["picture"].as_str().expect("a name")));
        let mut results = Results::default();
        model.run(&frame, &thresholds(entry), &mut results).unwrap_or_else(|e| panic!("{e}"));
        let first = &entry["results"][0];
        let (class, score) = (first["class_id"].as_u64(), number(&first["score"]));
        let best = results.top.first().expect("a class");
        let right = Some(u64::from(best.class_id)) == class && (best.score - score).abs() <= 0.03;
        good += usize::from(right);
        all += 1;
        lines.push(format!(
            "{} {}: class {} at {:.4}, expected {first}",
            entry["model"], entry["picture"], best.class_id, best.score
        ));
    }
    println!("{good} of {all} classifications agree\n{}", lines.join("\n"));
    assert!(all >= 9 && good * 100 >= all * 95, "{good} of {all}\n{}", lines.join("\n"));
}
