//! Networks whose detections are final: DETR and its kin, and exports with NMS inside.

use super::super::file::GraphInfo;
use super::super::labels::Labels;
use super::super::spec::{
    ColourOrder, Element, Extra, ExtraValue, Family, Fit, Layout, Range, Size, Spec, Task,
};
use super::image_out::Image;
use super::{LETTERBOX, axis, detector, final_detections, size_input};

/// RT-DETR, D-FINE, DEIM with their post-processor.
pub(super) fn rt_detr(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let sizes = facts.inputs.iter().find(|p| p.name == "orig_target_sizes").or_else(|| {
        let two = |p: &&super::super::file::ValueInfo| {
            p.element == "int64" && p.shape.len() == 2 && p.axis(1) == Some(2)
        };
        facts.inputs.iter().find(two)
    })?;
    (facts.outputs.len() >= 3).then(|| rt_detr_spec(facts, image, Some(&sizes.name)))
}

pub(super) fn rt_detr_spec(facts: &GraphInfo, image: &Image, sizes: Option<&str>) -> Spec {
    let size = image.size((640, 640), 32);
    let mut input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::UNIT);
    if let Some(name) = sizes {
        input.extras.push(size_input(name, false));
    }
    let spec = detector(
        Family::RtDetr,
        input,
        facts,
        80,
        "the image's size as a second input, and final labels, boxes and scores: RT-DETR, D-FINE or DEIM; no NMS needed",
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.96;
    spec
}

/// RT-DETR as Ultralytics exports it: its metadata, but `[1, Q, 4 + classes]`.
pub(super) fn rt_detr_ultralytics(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let classes = super::names(facts)?.len();
    let described = facts.meta("description").is_some_and(|d| d.to_lowercase().contains("rtdetr"))
        || facts.meta("head") == Some("RTDETRDecoder");
    let columns = axis(output, 2)?;
    // Since 8.4 the best class a query is found inside.
    let found_inside = described && columns == 6 && classes != 2;
    // Two classes make six columns, as final rows have: then only the description tells.
    if facts.meta("task") != Some("detect")
        || output.shape.len() != 3
        || (columns != 4 + classes && !found_inside)
        || axis(output, 1) == Some(4 + classes)
        || (classes == 2 && !described)
    {
        return None;
    }
    let mut spec = rt_detr_ultralytics_spec(facts, image);
    spec.output.decoded = found_inside;
    spec.evidence.insert(0, "metadata written by Ultralytics' exporter".into());
    Some(spec)
}

pub(super) fn rt_detr_ultralytics_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 2)).map_or(80, |n| n.saturating_sub(4));
    let size = image.size((640, 640), 32);
    let input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::RtDetrUltralytics,
        input,
        facts,
        classes,
        "a row a query, box in parts of the image and scores: RT-DETR; no NMS needed",
    );
    spec.output.end_to_end = true;
    spec.confidence = 0.96;
    spec
}

/// RF-DETR, by the names of its outputs.
pub(super) fn rf_detr(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let dets = facts.output("dets")?;
    facts.output("labels")?;
    if dets.axis(2).is_some_and(|n| n != 4) || facts.output("scores").is_some() {
        return None;
    }
    Some(rf_detr_spec(facts, image))
}

pub(super) fn rf_detr_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.output("labels").or(facts.outputs.get(1)).and_then(|p| axis(p, 2)).unwrap_or(91);
    let size = image.size((560, 560), 56);
    let input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::IMAGENET);
    let mut spec = detector(
        Family::RfDetr,
        input,
        facts,
        classes,
        "outputs \u{201c}dets\u{201d} and \u{201c}labels\u{201d}: queries with logits of RF-DETR; no NMS needed",
    );
    spec.output.end_to_end = true;
    if facts.outputs.len() > 2 {
        spec.task = Task::Segment;
        spec.evidence.push("a third output: masks".into());
    }
    spec.confidence = 0.95;
    spec
}

/// PaddleDetection.
pub(super) fn pp_yoloe(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    facts.inputs.iter().find(|p| p.name == "scale_factor")?;
    Some(pp_yoloe_spec(facts, image))
}

pub(super) fn pp_yoloe_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let size = image.size((640, 640), 32);
    let mut input = image.input(size, Fit::Stretch, ColourOrder::Rgb, Range::IMAGENET);
    for port in &facts.inputs {
        match port.name.as_str() {
            "scale_factor" => {
                let value = ExtraValue::Constant { value: 1.0 };
                input.extras.push(Extra { name: port.name.clone(), value });
            }
            "im_shape" => input.extras.push(size_input(&port.name, true)),
            _ => {}
        }
    }
    let mut spec = detector(
        Family::PpYoloe,
        input,
        facts,
        80,
        "an input \u{201c}scale_factor\u{201d}: a detector of PaddleDetection, rows of class, score and box; no NMS needed",
    );
    spec.evidence.push(
        "the file doesn't tell the range of its values: taken for ImageNet's; PP-YOLOE+ takes plain 0 to 1"
            .into(),
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.9;
    spec
}

/// TensorFlow's detection models: bytes, channels last.
pub(super) fn tf_detection(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let has = |word: &str| facts.outputs.iter().any(|p| p.name.contains(word));
    (image.layout == Layout::Nhwc && has("detection_boxes") && has("detection_scores"))
        .then(|| tf_detection_spec(facts, image))
}

pub(super) fn tf_detection_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let (size, fit) = match image.size((640, 640), 1) {
        fixed @ Size::Fixed { .. } => (fixed, Fit::Stretch),
        // It resizes inside; the shape of the image is kept.
        dynamic @ Size::Dynamic { .. } => (dynamic, Fit::Letterbox { pad: 0, centred: false, rounded: true }),
    };
    let range = if image.element == Element::U8 { Range::BYTE } else { Range::UNIT };
    let input = image.input(size, fit, ColourOrder::Rgb, range);
    let spec = detector(
        Family::TfDetection,
        input,
        facts,
        91,
        "outputs \u{201c}detection_boxes\u{201d} and \u{201c}detection_scores\u{201d}: TensorFlow's object detection with NMS inside",
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.95;
    spec
}

/// Separate outputs for count, boxes, scores and classes: YOLOv6 `--ort` and many others.
pub(super) fn nms_inside(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let has = |words: &[&str]| facts.outputs.iter().any(|p| words.iter().any(|w| p.name.contains(w)));
    let named = has(&["box"]) && has(&["score"]) && has(&["class", "label"]);
    (named && matches!(facts.outputs.len(), 3 | 4) && facts.inputs.len() == 1)
        .then(|| nms_inside_spec(facts, image))
}

pub(super) fn nms_inside_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let size = image.size((640, 640), 32);
    let input = image.input(size, LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::NmsInside,
        input,
        facts,
        80,
        "final boxes, scores and classes in outputs of their own; no NMS needed",
    );
    if super::names(facts).is_none() {
        spec.labels = Labels::coco80();
    }
    spec.evidence
        .push("the file doesn't tell the range of its values: taken for RGB in 0 to 1, letterboxed".into());
    let mut spec = final_detections(spec);
    spec.confidence = 0.75;
    spec
}
