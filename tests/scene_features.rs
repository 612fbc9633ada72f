//! What users know from other tools, with a scene file on the command line: counting, queues, parking, speed, distances, heat maps,
//! repetitions, crops. The models look for coloured spots, so that what must come out is known.

mod common;

use std::path::PathBuf;

use common::clips::{BLUE, FPS, GREEN, RED, SIDE, last_frame, write};
use common::{TestEnv, onnx};
use serde_json::Value;

/// A home with a model and a clip in which a red spot goes from the left to the right in five seconds, at 40 pixels a second,
/// beside a green and a blue one that stand.
fn street() -> (TestEnv, PathBuf) {
    let env = TestEnv::new();
    onnx::colours(&env.path("colours.onnx"), 20.0);
    let clip = env.path("street.mkv");
    write(&clip, 55, |time, frame| {
        frame.spot([24.0 + 40.0 * time, 90.0], RED);
        frame.spot([64.0, 180.0], GREEN);
        frame.spot([192.0, 180.0], BLUE);
    });
    (env, clip)
}

/// Runs `predict` with a scene file; returns its standard output.
fn predict(env: &TestEnv, model: &str, scene: &str, arguments: &[&str]) -> String {
    std::fs::write(env.path("scene.toml"), scene).expect("written");
    let model = env.path(model);
    let output = env
        .command()
        .args(["predict", "--scene", "scene.toml", "--no-progress", "--model"])
        .arg(model)
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn last_line(text: &str) -> Value {
    serde_json::from_str(text.lines().last().expect("lines")).expect("JSON")
}

fn near(value: &Value, expected: f64, share: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() <= expected * share)
}

const PLACES: &str = r#"
[[lines]]
name = "gate"
points = [[0.5, 0.9], [0.5, 0.1]]
[[zones]]
name = "east"
points = [[0.7, 0.1], [1.0, 0.1], [1.0, 0.6], [0.7, 0.6]]
[[zones]]
name = "queue"
points = [[0.1, 0.6], [0.4, 0.6], [0.4, 0.9], [0.1, 0.9]]
capacity = 3
[[zones]]
name = "P1"
points = [[0.6, 0.6], [0.9, 0.6], [0.9, 0.95], [0.6, 0.95]]
capacity = 1
classes = ["blue"]
[[zones]]
name = "P2"
points = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]
capacity = 1
"#;

#[test]
fn lines_regions_queues_and_parking_spaces_are_counted() {
    let (env, _) = street();
    let line = last_line(&predict(&env, "colours.onnx", PLACES, &["street.mkv", "--format", "jsonl"]));
    assert_eq!(line["lines"], serde_json::json!([{"name": "gate", "in": 1, "out": 0}]));
    let zone = |name: &str, occupancy: u32, entries: u32| serde_json::json!({"name": name, "occupancy": occupancy, "entries": entries, "exits": 0});
    assert_eq!(
        line["zones"],
        serde_json::json!([zone("east", 1, 1), zone("queue", 1, 1), zone("P1", 1, 1), zone("P2", 0, 0)])
    );
    // People read which space is free.
    let text = predict(&env, "colours.onnx", PLACES, &["street.mkv"]);
    for (name, inside) in [("queue", "1 of 3"), ("P1", "1 of 1"), ("P2", "0 of 1")] {
        assert!(text.lines().any(|line| line.starts_with(name) && line.contains(inside)), "{text}");
    }
}

const GROUND: &str = r#"
[perspective]
points = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
width = 10.0
length = 10.0
[distances]
classes = ["green", "blue"]
"#;

#[test]
fn speeds_and_distances_are_in_metres_where_the_ground_is_measured() {
    let (env, _) = street();
    let arguments = ["street.mkv", "--format", "jsonl"];
    let line = last_line(&predict(&env, "colours.onnx", GROUND, &arguments));
    let metre = SIDE as f64 / 10.0;
    let detections = line["detections"].as_array().expect("a list");
    let red = detections.iter().find(|d| d["label"] == "red").expect("it is there");
    assert!(near(&red["speed"], 40.0 / metre, 0.05), "{red}");
    let distance = &line["distances"][0];
    assert!(near(&distance["distance"], 128.0 / metre, 0.03) && distance["unit"] == "m", "{distance}");
    let line =
        last_line(&predict(&env, "colours.onnx", "[distances]\nclasses = [\"green\", \"blue\"]", &arguments));
    assert!(near(&line["distances"][0]["distance"], 128.0, 0.03) && line["distances"][0]["unit"] == "px");
}

#[test]
fn a_heat_map_colours_where_something_was() {
    let (env, _) = street();
    let heat = "[heat_map]\nmode = \"cumulative\"\nclasses = [\"red\"]";
    predict(&env, "colours.onnx", heat, &["street.mkv", "--save", "out"]);
    let saved =
        std::fs::read_dir(env.path("out")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let saved: Vec<_> = saved.collect();
    let frame = last_frame(&saved[0]);
    // The way below the spot, at the bottom of its boxes, long after it went by; and a place where it never was.
    let colour = |x: usize, y: usize| {
        let pixel = &frame[(y * SIDE + x) * 3..][..3];
        pixel.iter().max().expect("three") - pixel.iter().min().expect("three")
    };
    assert!(colour(110, 108) > 25, "{}", colour(110, 108));
    assert!(colour(128, 20) < 12, "{}", colour(128, 20));
}

#[test]
fn repetitions_are_counted_with_a_pose_model() {
    let env = TestEnv::new();
    onnx::arm(&env.path("arm.onnx"));
    // The forearm swings three times in nine seconds: straight, bent, straight.
    write(&env.path("curls.mkv"), 91, |time, frame| {
        let bent = (1.0 - (time / 3.0 * std::f64::consts::TAU).cos()) / 2.0;
        let angle = (175.0 - 130.0 * bent).to_radians();
        let elbow = [100.0, 150.0];
        frame.spot([elbow[0], elbow[1] - 70.0], RED);
        frame.spot(elbow, GREEN);
        frame.spot([elbow[0] + 70.0 * angle.sin(), elbow[1] - 70.0 * angle.cos()], BLUE);
    });
    let scene =
        "[[exercises]]\nname = \"curls\"\njoints = [\"left-shoulder\", \"left-elbow\", \"left-wrist\"]";
    let arguments = ["curls.mkv", "--format", "jsonl"];
    let text = predict(&env, "arm.onnx", scene, &arguments);
    let person = last_line(&text)["exercises"][0].clone();
    assert_eq!((&person["name"], &person["people"][0]["count"]), (&"curls".into(), &3.into()), "{person}");
    // In the middle of the second swing.
    let middle: Value =
        serde_json::from_str(text.lines().nth((4.5 * FPS) as usize).expect("a line")).expect("JSON");
    let person = &middle["exercises"][0]["people"][0];
    assert!(person["count"] == 1 && near(&person["angle"], 45.0, 0.15), "{person}");
    let table = predict(&env, "arm.onnx", scene, &["curls.mkv"]);
    assert!(table.contains("curls") && table.contains("repetitions"), "{table}");
}

#[test]
fn objects_are_cut_out() {
    let (env, _) = street();
    predict(&env, "colours.onnx", PLACES, &["street.mkv", "--crops", "cut", "--max-frames", "3"]);
    let files = std::fs::read_dir(env.path("cut")).expect("a folder");
    let names: Vec<_> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    for colour in ["red", "green", "blue"] {
        assert_eq!(names.iter().filter(|name| name.contains(colour)).count(), 3, "{names:?}");
    }
}
