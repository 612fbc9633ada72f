//! An execution provider other than the CPU's: OpenVINO, where it can be installed and knows the processor.

mod common;

use std::path::Path;

use common::{Ended, TestEnv, shared};
use serde_json::Value;

/// What `predict` prints for an image on a device, with the runtime that set-up fetched.
fn predict(env: &TestEnv, device: &str, format: &str) -> Ended {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join(".setup/openvino/onnxruntime-openvino.so");
    // scripts/totals.py counts tests that fail with these words apart.
    assert!(runtime.exists(), "this test can't run here: ONNX Runtime with OpenVINO isn't installed");
    let mut command = env.bare();
    command.env("SIGHTLINE_ONNXRUNTIME", runtime).arg("predict").arg(shared("media/bus.jpg"));
    command
        .arg("--model")
        .arg(shared("models/yolox_nano.onnx"))
        .args(["--device", device, "--format", format]);
    Ended::of(command.output().expect("the program starts"))
}

#[test]
fn openvino_finds_what_the_cpu_finds() {
    let env = TestEnv::new();
    let shown = predict(&env, "openvino", "text").with_code(0);
    let intel = std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains("GenuineIntel"));
    // OpenVINO's package offers no device on other processors.
    assert!(intel || shown.out.contains(" on OpenVINO"), "this test can't run here: {}", shown.err);
    assert!(shown.out.contains(" on OpenVINO"), "out:\n{}\nerr:\n{}", shown.out, shown.err);
    let found = |device: &str| -> Vec<Value> {
        let frame = &predict(&env, device, "jsonl").with_code(0).json_lines()[0];
        frame["detections"].as_array().expect("a list").clone()
    };
    let (own, cpu) = (found("openvino"), found("cpu"));
    assert!(!cpu.is_empty() && own.len() == cpu.len(), "{own:?}\n{cpu:?}");
    let number = |value: &Value| value.as_f64().expect("a number");
    let near = |a: &Value, b: &Value| {
        a["label"] == b["label"]
            && (number(&a["score"]) - number(&b["score"])).abs() < 0.03
            && (0..4).all(|side| (number(&a["box"][side]) - number(&b["box"][side])).abs() < 3.0)
    };
    assert!(cpu.iter().all(|b| own.iter().any(|a| near(a, b))), "{own:?}\n{cpu:?}");
}
