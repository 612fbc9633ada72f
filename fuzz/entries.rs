//! Everything that reads bytes from outside, each as a function of bytes: driven by the fuzz targets, and with random and
//! damaged bytes by `tests/hostile.rs` in every `make test`. None may panic, hang or take much more memory than its input.

use std::collections::HashMap;
use std::io::Cursor;

use sightline::frame::convert::Decoder;
use sightline::frame::jpeg::JpegDecoder;
use sightline::frame::{Frame, PixelFormat};
use sightline::learn::inside::{Graph, LinearEnd, cam, layers};
use sightline::learn::lessons::{Course, Facts, Lesson, Progress, Reply};
use sightline::model::families::{self, Context, Scratch};
use sightline::model::file::{GraphInfo, onnx};
use sightline::model::geometry::Geometry;
use sightline::model::metadata::Literal;
use sightline::model::sidecar::Sidecar;
use sightline::model::tensor::{Data, Tensor};
use sightline::model::{Family, Results, Spec, Thresholds, identify};
use sightline::save::TrackedLines;
use sightline::track::TrackerOptions;
use sightline::track::zones::SceneFile;

/// An ONNX file: its contents, and its spec.
pub fn model_file(bytes: &[u8]) {
    let Ok(graph) = GraphInfo::parse(Cursor::new(bytes), bytes.len() as u64) else { return };
    if let Ok(spec) = identify::identify(&graph, &Sidecar::default()) {
        assert!((0.0..=1.0).contains(&spec.confidence) && !spec.evidence.is_empty());
    }
    inside(bytes);
    for family in Family::ALL {
        let overrides = Sidecar { family: Some(family), ..Sidecar::default() };
        let _ = identify::identify(&graph, &overrides);
    }
}

/// The whole of an ONNX file as a learner sees it.
fn inside(bytes: &[u8]) {
    let Ok(model) = onnx::parse(bytes.to_vec()) else { return };
    let graph = Graph::of(model.graph.unwrap_or_default());
    let _ = LinearEnd::find(&graph);
    let layers = layers::of(&graph, &HashMap::new());
    let _ = cam::usual_layer(&layers);
    if let Ok(numbered) = onnx::numbered(bytes.to_vec()) {
        assert!(onnx::parse(onnx::with_outputs(numbered, &["further"])).is_ok());
    }
}

/// A value that an exporter wrote with Python's `str()`.
pub fn metadata(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(literal) = Literal::parse(text) {
        let _ = (literal.as_count(), literal.as_counts());
        if let Some(names) = literal.as_names() {
            let _ = sightline::model::labels::Labels::new(names);
        }
    }
}

/// The settings beside a model, and the text that names a source.
pub fn texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(sidecar) = Sidecar::parse(text) {
        let again = toml::to_string(&sidecar).ok().and_then(|text| Sidecar::parse(&text).ok());
        assert_eq!(again, Some(sidecar), "a sidecar that was read can be written and read again");
    }
    let _ = text.parse::<sightline::source::Address>();
}

/// A scene file.
pub fn scene_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(scene) = SceneFile::parse(text) else { return };
    // What was read is written and read again.
    assert_eq!(SceneFile::parse(&scene.to_text()).ok().as_ref(), Some(&scene));
}

/// A lesson's file.
pub fn lesson_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Lesson::parse(text) {
        Ok(lesson) => {
            assert!(!lesson.steps.is_empty());
            // Whatever is answered, it comes to an end.
            let steps = lesson.steps.len();
            let mut course =
                Course::begin(lesson.into(), Progress { step: usize::MAX, ..Progress::default() });
            for n in 0..=steps {
                course.answer(Reply::Option(n), &Facts::default());
                course.answer(Reply::Number(f64::NAN, None), &Facts::default());
                course.next();
            }
            assert!(course.is_finished());
        }
        Err((problem, line)) => {
            assert!(!problem.to_string().is_empty());
            assert!(line.is_none_or(|line| (1..=text.lines().count() + 1).contains(&line)));
        }
    }
}

/// Lines for `sightline track`.
pub fn result_lines(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = TrackedLines::new(TrackerOptions::default(), None);
    for line in text.lines() {
        if let Ok(tracked) = lines.track(line) {
            assert!(!tracked.contains('\n'), "a line stays a line");
        }
    }
}

/// `preprocessor_config.json` and `config.json` beside a classifier.
pub fn published_settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for side in [1, 224, 4096] {
        let Some(found) = sightline::model::preprocessing::parse(text, side) else { continue };
        let sidecar =
            Sidecar { fit: found.fit, resample: found.resample, range: found.range, ..Sidecar::default() };
        let written = toml::to_string(&sidecar).expect("an import writes them into a sidecar");
        assert!(Sidecar::parse(&written).is_ok(), "{written}");
    }
}

/// A JPEG image.
pub fn jpeg(bytes: &[u8]) {
    let mut frame = Frame::default();
    if JpegDecoder::new().is_ok_and(|mut decoder| decoder.decode(bytes, &mut frame).is_ok()) {
        assert!(frame.is_whole());
    }
}

/// A camera's frame: format and size in the first three bytes.
pub fn camera_frame(bytes: &[u8]) {
    const FORMATS: [PixelFormat; 7] = [
        PixelFormat::Rgba8,
        PixelFormat::Rgb8,
        PixelFormat::Bgr8,
        PixelFormat::Gray8,
        PixelFormat::Yuyv,
        PixelFormat::Nv12,
        PixelFormat::Mjpeg,
    ];
    let [format, width, height, data @ ..] = bytes else { return };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let (width, height) = (u32::from(*width), u32::from(*height));
    let mut raw = Frame { width, height, format, data: data.to_vec(), ..Frame::default() };
    let (mut out, mut decoder) = (Frame::default(), Decoder::default());
    let _ = decoder.decode(&raw, &mut out);
    // As long as its format and size require.
    if let Some(len) = format.byte_len(width, height) {
        raw.data.resize(len, 7);
        if decoder.decode(&raw, &mut out).is_ok() {
            assert!(out.is_whole() && out.format == PixelFormat::Rgba8);
        }
    }
}

/// The outputs of a network, of whatever shape: family in the first byte, then the outputs' shapes, then their values.
pub fn outputs(bytes: &[u8], spec: &Spec) {
    const NAMES: [&str; 8] = ["output0", "boxes", "scores", "dets", "labels", "cls_8", "obj_8", "bbox_8"];
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next().unwrap_or(0);
    let mut spec = spec.clone();
    spec.family = Family::ALL[usize::from(next()) % Family::ALL.len()];
    let tasks = spec.family.tasks();
    spec.task = tasks[usize::from(next()) % tasks.len()];
    let bits = next();
    spec.output.end_to_end = bits & 1 != 0;
    spec.output.decoded = bits & 2 != 0;
    spec.output.classes = (bits & 4 != 0).then(|| usize::from(next()));
    spec.output.keypoints = (bits & 8 != 0).then(|| (usize::from(next()), usize::from(next())));
    if bits & 16 != 0 {
        spec.output.anchors = vec![[10.0, 13.0]; usize::from(next()) % 12];
    }
    let mut made: Vec<(Vec<i64>, Vec<f32>)> = Vec::new();
    for _ in 0..next() % 13 {
        let axes = next() % 6;
        let shape: Vec<i64> = (0..axes)
            .map(|_| match next() {
                n @ 0..=40 => i64::from(n),
                n @ 41..=90 => [1, 3, 6, 7, 84, 85, 255, 425, 2100, -1][usize::from(n) % 10],
                n => i64::from(n % 9),
            })
            .collect();
        let len = shape.iter().try_fold(1i64, |n, d| n.checked_mul(*d)).unwrap_or(-1);
        // Sometimes fewer values than the shape says.
        let len = if bits & 32 == 0 { len.clamp(0, 60_000) } else { len.clamp(0, 500) };
        let values = (0..len).map(|_| match next() {
            255 => f32::NAN,
            254 => f32::INFINITY,
            253 => -1e30,
            n => (f32::from(n) - 100.0) / 16.0,
        });
        made.push((shape, values.collect()));
    }
    let tensors: Vec<Tensor<'_>> = made
        .iter()
        .zip(NAMES.iter().cycle())
        .map(|((shape, values), name)| Tensor { name, shape, data: Data::F32(values) })
        .collect();
    let geometry = Geometry::new((640, 360), spec.input.size, spec.input.fit);
    let thresholds = Thresholds { conf: 0.1, ..Thresholds::default() };
    let (mut scratch, mut results) = (Scratch::default(), Results::default());
    let context = Context { spec: &spec, geometry: &geometry, thresholds: &thresholds };
    if families::decode(&tensors, context, &mut scratch, &mut results).is_ok() {
        assert!(results.detections.len() <= thresholds.max_det);
        for detection in &results.detections {
            assert!(detection.score.is_finite() && detection.bbox.iter().all(|v| v.is_finite()));
        }
    }
}

/// The spec of a small model file, to decode outputs with.
pub fn spec(model: &[u8]) -> Option<Spec> {
    let graph = GraphInfo::parse(Cursor::new(model), model.len() as u64).ok()?;
    identify::identify(&graph, &Sidecar::default()).ok()
}
