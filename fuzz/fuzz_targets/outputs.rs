#![no_main]
#[allow(dead_code, reason = "every target uses one of them")]
#[path = "../entries.rs"]
mod entries;

static SPEC: std::sync::LazyLock<Option<sightline::model::Spec>> =
    std::sync::LazyLock::new(|| entries::spec(include_bytes!("../../tests/families/models/yolov5_seg.onnx")));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(spec) = &*SPEC {
        entries::outputs(bytes, spec);
    }
});
