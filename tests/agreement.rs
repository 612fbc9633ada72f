//! `sightline predict` finds in the sample images what the reference finds, model by model.

mod common;

use common::{TestEnv, shared};
use serde_json::Value;

/// How near a model's results must be to the reference.
struct Promise {
    model: &'static str,
    /// Least IoU of a box with the reference's.
    iou: f64,
    /// Greatest difference of scores.
    score: f64,
}

const PROMISES: &[Promise] = &[
    Promise { model: "yolox_nano.onnx", iou: 0.98, score: 0.01 },
    Promise { model: "yolov8n_int8.onnx", iou: 0.95, score: 0.03 },
    Promise { model: "yolo11n_int8.onnx", iou: 0.95, score: 0.03 },
    Promise { model: "yolo26n_int8.onnx", iou: 0.95, score: 0.03 },
    Promise { model: "yolov8n-seg_int8.onnx", iou: 0.95, score: 0.03 },
    Promise { model: "deimv2_atto_int8.onnx", iou: 0.95, score: 0.03 },
    Promise { model: "ultraface_rfb_320.onnx", iou: 0.95, score: 0.03 },
];

/// What scores less may differ.
const LEAST_SCORE: f64 = 0.35;

#[derive(Clone, Debug)]
struct Found {
    class_id: u64,
    score: f64,
    bbox: [f64; 4],
}

impl Found {
    fn of(value: &Value) -> Self {
        let numbers: Vec<f64> =
            value["box"].as_array().expect("a box").iter().filter_map(Value::as_f64).collect();
        Self {
            class_id: value["class_id"].as_u64().expect("a class"),
            score: value["score"].as_f64().expect("a score"),
            bbox: numbers.try_into().expect("four corners"),
        }
    }

    fn iou(&self, other: &Self) -> f64 {
        let (a, b) = (self.bbox, other.bbox);
        let side = |low: usize, high: usize| (a[high].min(b[high]) - a[low].max(b[low])).max(0.0);
        let area = |r: [f64; 4]| (r[2] - r[0]) * (r[3] - r[1]);
        let both = side(0, 2) * side(1, 3);
        both / (area(a) + area(b) - both)
    }
}

/// What differs between `got` and `expected`, in words.
fn differences(promise: &Promise, got: &[Found], expected: &[Found]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: Vec<&Found> = got.iter().collect();
    for wanted in expected.iter().filter(|f| f.score >= LEAST_SCORE) {
        let alike = |f: &&Found| f.class_id == wanted.class_id;
        let best = (0..left.len())
            .filter(|&i| alike(&left[i]))
            .max_by(|&i, &j| left[i].iou(wanted).total_cmp(&left[j].iou(wanted)));
        let Some(best) = best else {
            wrong.push(format!("missing: {wanted:?}"));
            continue;
        };
        let (iou, score) = (left[best].iou(wanted), (left[best].score - wanted.score).abs());
        if iou < promise.iou || score > promise.score {
            wrong.push(format!("IoU {iou:.4}, score off by {score:.4}: {:?} for {wanted:?}", left[best]));
        }
        left.remove(best);
    }
    // What lies just under the limit in the reference may lie just above it here.
    let known = |f: &Found| {
        expected.iter().any(|e| {
            e.class_id == f.class_id && e.iou(f) >= promise.iou && (e.score - f.score).abs() <= promise.score
        })
    };
    wrong.extend(
        left.iter().filter(|f| f.score > LEAST_SCORE && !known(f)).map(|f| format!("not expected: {f:?}")),
    );
    wrong
}

#[test]
fn every_detector_agrees_with_the_reference_on_every_image() {
    let text = std::fs::read_to_string(shared("reference/expected.json")).expect("the reference");
    let reference: Vec<Value> = serde_json::from_str(&text).expect("the reference is JSON");
    let env = TestEnv::new();
    let mut wrong = Vec::new();
    for promise in PROMISES {
        let entries: Vec<&Value> = reference.iter().filter(|e| e["model"] == promise.model).collect();
        assert!(!entries.is_empty(), "the reference knows nothing of {}", promise.model);
        let images = entries.iter().map(|e| e["picture"].as_str().expect("an image"));
        let mut command = env.command();
        let limit =
            |key: &str| entries.first().map_or(0.0, |e| e[key].as_f64().expect("a limit")).to_string();
        command.args(["predict", "--format", "json", "--quiet"]);
        command.args(["--conf", &limit("conf"), "--iou", &limit("iou"), "--model"]);
        command.arg(shared("models").join(promise.model));
        command.args(images.map(|p| shared("media").join(p)));
        let ended = common::Ended::of(command.output().expect("the program starts")).with_code(0);
        let frames = ended.json_lines();
        assert_eq!(frames.len(), entries.len(), "{}: a line for each image", promise.model);
        for (frame, entry) in frames.iter().zip(entries) {
            let found = |list: &Value| -> Vec<Found> {
                list.as_array().expect("a list").iter().map(Found::of).collect()
            };
            let differ = differences(promise, &found(&frame["detections"]), &found(&entry["results"]));
            wrong.extend(
                differ.into_iter().map(|d| format!("{} on {}: {d}", promise.model, entry["picture"])),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a classifier on the images of `rows` and compares the best classes.
fn classes_agree(rows: &[&Value], sidecar: &str, most_off: f64) {
    let env = TestEnv::new();
    for row in rows {
        let (model, image) =
            (row["model"].as_str().expect("a name"), row["picture"].as_str().expect("a name"));
        let path = env.bring_real(&format!("models/{model}"), model);
        std::fs::write(path.with_extension("toml"), sidecar).expect("a sidecar");
        let mut command = env.command();
        command.arg("predict").arg(shared(&format!("media/{image}"))).arg("--model").arg(&path);
        let output = command.args(["--format", "jsonl"]).output().expect("the program starts");
        let frame = common::Ended::of(output).with_code(0).json_lines().remove(0);
        let (got, want) = (&frame["top"], &row["results"]);
        let score = |class: &Value| class["score"].as_f64().expect("a score");
        // Two that are nearly equal may change places.
        if score(&want[0]) - score(&want[1]) > most_off {
            assert_eq!(got[0]["class_id"], want[0]["class_id"], "{model} {image}");
        }
        for class in want.as_array().expect("classes").iter().take(3) {
            let own = got.as_array().expect("classes").iter().find(|c| c["class_id"] == class["class_id"]);
            let off = (own.map_or(0.0, score) - score(class)).abs();
            assert!(off <= most_off, "{model} {image}: {class} is off by {off}");
        }
    }
    assert_eq!(rows.len(), 3, "the reference has a classifier on three images");
}

/// That reference resizes with OpenCV.
#[test]
fn a_classifier_tells_the_reference_s_classes() {
    let text = std::fs::read_to_string(shared("reference/expected.json")).expect("readable");
    let rows: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let rows: Vec<&Value> = rows.iter().filter(|row| row["task"] == "classify").collect();
    classes_agree(&rows, "resample = \"opencv\"\n", 0.03);
}

/// `tests/reference/make_classes.py` says how these classes were found.
#[test]
fn a_classifier_tells_the_classes_that_torchvision_tells() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("reference/classes.json")).expect("JSON");
    classes_agree(&rows.iter().collect::<Vec<_>>(), "", 0.01);
}
