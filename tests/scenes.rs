//! Counting with a scene file on the command line.

mod common;

use common::{TestEnv, real, shared};
use serde_json::Value;

/// The lines and zones of the sample clip with what a person counted in it; the file says how.
const COUNTED: &str = "tests/data/traffic_counts.toml";

/// How many frames are noted under these keys.
fn counted(file: &toml::Table, keys: [&str; 4]) -> i64 {
    let found = keys.iter().try_fold(&toml::Value::Table(file.clone()), |value, key| value.get(key)).cloned();
    found.as_ref().and_then(toml::Value::as_array).expect("a list of frames").len() as i64
}

fn counts_as_a_person_does(model: &str) {
    let env = TestEnv::new();
    let scene = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(COUNTED);
    let file: toml::Table =
        toml::from_str(&std::fs::read_to_string(&scene).expect("the counts")).expect("TOML");
    let output = env
        .command()
        .args(["predict", "--format", "jsonl", "--quiet", "--model"])
        .arg(real(model))
        .arg("--scene")
        .arg(&scene)
        .arg(shared("media/traffic.mp4"))
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let last: Value = serde_json::from_str(text.lines().last().expect("lines")).expect("JSON");
    for name in ["left", "right"] {
        let of = |kind: &str| {
            let all = last[kind].as_array().expect("a list");
            all.iter().find(|one| one["name"] == name).cloned().expect("one of this name")
        };
        for (kind, key) in [("lines", "in"), ("lines", "out"), ("zones", "entries"), ("zones", "exits")] {
            let (ours, theirs) =
                (of(kind)[key].as_i64().expect("a number"), counted(&file, ["counted", kind, name, key]));
            assert!((ours - theirs).abs() <= 1, "{model}: {kind} {name} {key}: {ours}, counted {theirs}");
        }
    }
}

#[test]
fn yolov8n_counts_cars_as_a_person_does() {
    counts_as_a_person_does("models/yolov8n_int8.onnx");
}

#[test]
fn yolo11n_counts_cars_as_a_person_does() {
    counts_as_a_person_does("models/yolo11n_int8.onnx");
}

#[test]
fn yolox_counts_cars_as_a_person_does() {
    counts_as_a_person_does("models/yolox_nano.onnx");
}
