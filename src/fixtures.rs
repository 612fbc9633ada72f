//! What tests of several modules need.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::{ModelInfo, Prediction};
use crate::frame::Frame;
use crate::model::labels::Labels;
use crate::model::results::StageTimes;
use crate::model::spec::{
    ColourOrder, Element, Family, Fit, InputSpec, Layout, OutputSpec, Range, Resample, Size, Spec, Task,
};
use crate::model::{Detection, Results, Thresholds};

/// A YOLOX model with the classes of COCO.
pub(crate) fn model_info() -> ModelInfo {
    let input = InputSpec {
        name: "images".into(),
        layout: Layout::Nchw,
        element: Element::F32,
        size: Size::Fixed { width: 416, height: 416 },
        fit: Fit::Stretch,
        resample: Resample::OpenCv,
        order: ColourOrder::Bgr,
        range: Range::BYTE,
        extras: Vec::new(),
    };
    ModelInfo {
        name: "yolox_nano".into(),
        path: "/models/yolox_nano.onnx".into(),
        sha256: String::new(),
        spec: Spec {
            family: Family::Yolox,
            task: Task::Detect,
            input,
            output: OutputSpec::default(),
            labels: Labels::coco80(),
            companion: None,
            evidence: vec!["One output of 85 values a row.".into()],
            confidence: 0.9,
        },
        provider: "CPU".into(),
        threads: 2,
        adapter: None,
        adapters: Vec::new(),
        companions: Vec::new(),
        server: None,
    }
}

/// What that model found in a frame: objects of these classes and boxes, with a score of 0.9.
pub(crate) fn prediction(frame: &Arc<Frame>, found: &[(u32, [f32; 4])]) -> Arc<Prediction> {
    let mut results = Results::default();
    results.clear(Task::Detect, (frame.width, frame.height));
    results.detections.extend(found.iter().map(|(class, bbox)| Detection::new(*class, 0.9, *bbox)));
    Arc::new(Prediction {
        frame: Arc::clone(frame),
        results,
        model: Arc::new(model_info()),
        thresholds: Thresholds::default(),
        times: StageTimes::default(),
        finished: Instant::now(),
        looks: crate::track::Looks::default(),
        report: None,
    })
}
