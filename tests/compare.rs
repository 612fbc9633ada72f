//! `sightline compare`: several models on the same frames.

mod common;

use common::{Ended, TestEnv, frames_in, shared};

const V8: &str = "models/yolov8n_int8.onnx";
const V11: &str = "models/yolo11n_int8.onnx";

/// Runs `compare` with these models of the sample data.
fn compare(env: &TestEnv, models: &[&str], arguments: &[&str]) -> Ended {
    let mut command = env.command();
    command.arg("compare");
    for model in models {
        command.arg("--model").arg(shared(model));
    }
    Ended::of(command.args(arguments).output().expect("the program starts"))
}

#[test]
fn two_models_are_compared_frame_by_frame() {
    let env = TestEnv::new();
    env.bring("media/bus.jpg", "bus.jpg");
    let ended = compare(&env, &[V8, V11], &["bus.jpg", "--format", "json", "--save", "out"]).with_code(0);
    let lines = ended.json_lines();
    let [frame] = &lines[..] else { panic!("one line: {}", ended.out) };
    assert_eq!(frame["size"], serde_json::json!([810, 1080]));
    for (model, name) in
        frame["models"].as_array().expect("models").iter().zip(["yolov8n_int8", "yolo11n_int8"])
    {
        assert_eq!(model["model"], name);
        let found = model["detections"].as_array().expect("detections");
        assert!(found.iter().any(|d| d["label"] == "bus") && found.len() >= 3, "{model}");
        assert!(model["ms"]["total"].as_f64() > Some(0.0));
    }
    let agreement = &frame["agreement"][0];
    assert_eq!(agreement["of"], serde_json::json!(["yolov8n_int8", "yolo11n_int8"]));
    assert!(agreement["share"].as_f64() >= Some(0.7), "both see the bus and its people: {agreement}");
    assert!(
        agreement["matched"].as_u64() >= Some(3) && agreement["mean_iou"].as_f64() > Some(0.7),
        "{agreement}"
    );
    let image = frame["image"].as_str().expect("an image");
    let size = image::image_dimensions(env.path(image)).expect("it is one");
    assert!(size.0 > 2 * 810 && size.1 > 1080, "side by side, under headers: {size:?}");
    assert!(
        ended.err.contains("agreement") && ended.err.contains('×'),
        "the table goes to standard error: {}",
        ended.err
    );
}

#[test]
fn a_video_becomes_one_video_with_both() {
    let env = TestEnv::new();
    let video = env.bring("media/traffic.mp4", "traffic.mp4");
    let video = video.to_str().expect("a plain path");
    let models = ["models/yunet_2023mar.onnx", "models/ultraface_rfb_320.onnx"];
    let ended = compare(&env, &models, &[video, "--max-frames", "8", "--save", "out"]).with_code(0);
    assert_eq!(ended.out.lines().filter(|l| l.contains("1280×720: A ")).count(), 8, "{}", ended.out);
    assert!(ended.out.contains("8 frames") && ended.out.contains("median ms"), "{}", ended.out);
    assert_eq!(frames_in(&env.path("out/traffic-compared.mp4")), 8);
}

#[test]
fn models_of_other_tasks_are_compared_in_speed_only() {
    let env = TestEnv::new();
    env.bring("media/dog.jpg", "dog.jpg");
    let models = [V11, "models/mobilenet_v2_int8.onnx", "models/tcmonodepth_small_192x320.onnx"];
    let ended = compare(&env, &models, &["dog.jpg", "--format", "json"]).with_code(0);
    let frame = &ended.json_lines()[0];
    assert_eq!(frame["models"].as_array().map(Vec::len), Some(3));
    for agreement in frame["agreement"].as_array().expect("agreements") {
        assert_eq!(agreement["share"], serde_json::Value::Null, "{agreement}");
    }
}

#[test]
fn wrong_usage_is_reported() {
    let env = TestEnv::new();
    env.bring("media/dog.jpg", "dog.jpg");
    let ended = compare(&env, &[V11], &["dog.jpg"]).with_code(2);
    assert!(ended.err.contains("Between two and 4 models") && ended.err.contains("  fix: "), "{}", ended.err);
    let ended = compare(&env, &[], &["dog.jpg"]).with_code(2);
    assert!(ended.err.contains("none was named"), "{}", ended.err);
    let ended = compare(&env, &[V11, V8], &["dog.jpg", "--classes", "dgo"]).with_code(2);
    assert!(ended.err.contains("dog"), "{}", ended.err);
    let ended = compare(&env, &[V11, V8], &["missing.jpg"]).with_code(1);
    assert!(ended.err.contains("doesn't exist"), "{}", ended.err);
}
