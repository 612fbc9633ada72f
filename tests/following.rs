//! Boxes stay on their objects beside a slow model: `predict --live-latency` over traffic.mp4, against what the same
//! model finds in every frame.

mod common;

use common::boxes::{Box4, box_of, iou};
use common::{TestEnv, real};
use serde_json::Value;

/// The boxes of a line with at least this score.
fn boxes(line: &Value, least: f64) -> Vec<Box4> {
    let found = line["detections"].as_array().expect("detections").iter();
    found.filter(|d| d["score"].as_f64().expect("a score") >= least).map(box_of).collect()
}

/// The mean IoU of the objects of all frames with the boxes that are drawn, each box for one object.
fn mean_iou(truth: &[Value], drawn: &[Value]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (truth, drawn) in truth.iter().zip(drawn) {
        let (truth, drawn) = (boxes(truth, 0.5), boxes(drawn, 0.3));
        count += truth.len();
        let mut pairs: Vec<_> = (0..truth.len())
            .flat_map(|i| (0..drawn.len()).map(move |j| (i, j)))
            .map(|(i, j)| (iou(&truth[i], &drawn[j]), i, j))
            .collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (mut objects, mut used) = (vec![false; truth.len()], vec![false; drawn.len()]);
        for (overlap, i, j) in pairs {
            if !objects[i] && !used[j] {
                (objects[i], used[j]) = (true, true);
                sum += overlap;
            }
        }
    }
    sum / f64::from(u32::try_from(count).expect("few objects"))
}

fn lines(env: &TestEnv, more: &[&str]) -> Vec<Value> {
    let mut command = env.command();
    command
        .arg("predict")
        .arg(real("media/traffic.mp4"))
        .arg("--model")
        .arg(real("models/yolov8n_int8.onnx"));
    let ended =
        common::Ended::of(command.args(["--format", "jsonl", "-q"]).args(more).output().expect("it starts"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn boxes_stay_on_cars_beside_a_slow_model() {
    let env = TestEnv::new();
    let truth = lines(&env, &[]);
    assert_eq!(truth.len(), 249);
    for (latency, least) in [("100", 0.82), ("200", 0.76), ("400", 0.67), ("800", 0.5)] {
        let drawn = lines(&env, &["--live-latency", latency]);
        assert_eq!(drawn.len(), truth.len(), "one line a frame");
        let mean = mean_iou(&truth, &drawn);
        assert!(mean >= least, "{latency} ms: {mean:.3}");
        let age = |line: &Value| line["age_ms"].as_f64();
        let latency: f64 = latency.parse().expect("a number");
        assert!(drawn.iter().filter_map(age).all(|age| age >= latency - 0.1 && age <= 2.0 * latency + 67.0));
        assert!(drawn[0].get("age_ms").is_some_and(Value::is_null), "nothing is there yet");
    }
    let still = mean_iou(&truth, &lines(&env, &["--live-latency", "400", "--follow", "off"]));
    assert!(still < 0.1, "without following boxes stay behind: {still:.3}");
}

#[test]
fn only_videos_have_the_times_that_it_needs() {
    let env = TestEnv::new();
    let ended = env.predict(["pattern", "--live-latency", "100"]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("--live-latency needs the times of a video"), "{}", ended.err);
    let ended = env.predict(["pattern", "--live-latency", "fast"]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
}
