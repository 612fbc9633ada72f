//! Working out what a model is from what its file says: inputs, outputs, types, metadata; never its name.
//!
//! Rules are tried in the order of `RULES`, the surest first. Each either says nothing, or gives a spec with its
//! evidence. A family chosen by hand goes through its own rule with the doubts switched off.

mod action;
mod classify;
mod darknet;
mod detections;
mod faces;
mod image_out;
mod images;
mod pose;
mod semantic;
#[cfg(test)]
mod tests;
mod ultralytics;
mod yolo;

use super::file::{GraphInfo, ValueInfo};
use super::labels::Labels;
use super::metadata::Literal;
use super::sidecar::Sidecar;
use super::spec::{Element, Extra, ExtraValue, Family, Fit, InputSpec, Layout, OutputSpec, Spec, Task};
use image_out::Image;

/// The letterbox of Ultralytics and most who follow it.
pub const LETTERBOX: Fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };

/// Why there is no spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing fits; what was seen, as the end of a sentence.
    NotUnderstood(String),
    /// It is known, and can't run here.
    CannotRun { reason: String, remedy: String },
}

/// The image's input of a file that leaves sizes open, by name and element type, and its shape with `side` for every open side;
/// `None` where nothing is open, or the file wants more than an image.
#[must_use]
pub fn open_shape(
    facts: &GraphInfo,
    said: &Sidecar,
    side: u32,
) -> Option<(String, Element, Layout, [i64; 4])> {
    let open = |ports: &[ValueInfo]| {
        ports.iter().any(|p| p.shape.is_empty() || p.shape.iter().skip(1).any(Option::is_none))
    };
    let image = Image::find(facts, said)?;
    if facts.inputs.len() != 1 || !open(&facts.outputs) {
        return None;
    }
    let (w, h) = (i64::from(image.width.unwrap_or(side)), i64::from(image.height.unwrap_or(side)));
    let shape = match image.layout {
        Layout::Nchw => [1, 3, h, w],
        Layout::Nhwc => [1, h, w, 3],
    };
    Some((image.name, image.element, image.layout, shape))
}

/// Works out what a model is. `said` is what the user says of it.
///
/// # Errors
/// [`Unknown`], with what was seen.
pub fn identify(facts: &GraphInfo, said: &Sidecar) -> Result<Spec, Unknown> {
    if let Some((domain, kind)) = facts.operators.iter().find(|(d, k)| d == "TRT" || k.ends_with("_TRT")) {
        let (domain, dot) = if domain.is_empty() { ("", "") } else { (domain.as_str(), "::") };
        return Err(Unknown::CannotRun {
            reason: format!(
                "it contains TensorRT's own operator {domain}{dot}{kind}, which ONNX Runtime doesn't have"
            ),
            remedy:
                "Export it again without end-to-end NMS for TensorRT (YOLOv7: without --end2end, or with \
                      --end2end --max-wh 640)."
                    .into(),
        });
    }
    if matches!(said.family, None | Some(Family::StGcn))
        && let Some(mut spec) = action::st_gcn(facts)
    {
        said.apply(&mut spec);
        return Ok(spec);
    }
    let image = Image::find(facts, said).ok_or_else(|| Unknown::NotUnderstood(no_image(facts)))?;
    let mut spec = match said.family {
        Some(family) => by_hand(family, facts, &image, said),
        None => RULES.iter().find_map(|rule| rule(facts, &image)),
    }
    .ok_or_else(|| Unknown::NotUnderstood(nothing_fits(facts)))?;
    said.apply(&mut spec);
    Ok(spec)
}

type Rule = fn(&GraphInfo, &Image) -> Option<Spec>;

const RULES: &[Rule] = &[
    // Inputs that only one family has.
    images::rvm,
    detections::rt_detr,
    detections::pp_yoloe,
    detections::tf_detection,
    darknet::yolov3_keras,
    yolo::yolo_nas,
    // Metadata.
    detections::rt_detr_ultralytics,
    ultralytics::exported,
    yolo::yolov5,
    yolo::yolov9,
    // Names and numbers of outputs.
    faces::centerface,
    faces::yunet,
    pose::movenet,
    faces::ultraface,
    darknet::yolov4,
    darknet::yolov4_keras,
    yolo::nanodet,
    yolo::boxes_and_scores,
    detections::rf_detr,
    detections::nms_inside,
    // Shapes.
    yolo::yolov7_maps,
    yolo::yolov7_rows,
    yolo::yolov7,
    yolo::yolov6,
    yolo::final_rows,
    yolo::yolox,
    ultralytics::raw_head,
    darknet::yolov2,
    yolo::fastestdet,
    classify::classifier,
    semantic::segmenter,
    images::image_to_image,
    images::one_value_a_pixel,
];

/// Anchor points of heads at strides 8, 16 and 32.
fn anchors(width: u32, height: u32) -> u64 {
    [8, 16, 32].into_iter().map(|s| u64::from(width / s) * u64::from(height / s)).sum()
}

/// The labels of a well-known list with so many classes; none otherwise.
fn labels_for(classes: usize) -> (Labels, &'static str) {
    match classes {
        80 => (Labels::coco80(), "80 classes: taken for COCO's"),
        91 => (Labels::coco91(), "91 classes: taken for COCO's own ids"),
        20 => (Labels::voc20(), "20 classes: taken for Pascal VOC's"),
        _ => (Labels::default(), "the file names no classes"),
    }
}

/// A detector's spec: its labels come from the file's own names, else from the number of classes.
fn detector(family: Family, input: InputSpec, facts: &GraphInfo, classes: usize, evidence: &str) -> Spec {
    let output = facts.outputs.first().map(|p| format!("output {}: ", p.shape_text())).unwrap_or_default();
    let (labels, labels_evidence) = match names(facts) {
        Some(names) => (Labels::new(names), "class names in metadata"),
        None => labels_for(classes),
    };
    Spec {
        family,
        task: Task::Detect,
        input,
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
        companion: None,
        evidence: vec![format!("{output}{evidence}"), labels_evidence.into()],
        confidence: 0.9,
    }
}

/// The spec of a detector whose rows are final: no output tells its number of classes.
fn final_detections(mut spec: Spec) -> Spec {
    spec.output.end_to_end = true;
    spec.output.classes = None;
    for line in &mut spec.evidence {
        if let Some((_, taken)) = line.split_once(" classes: taken for") {
            *line = format!("the file names no classes: taken for{taken}");
        }
    }
    spec
}

/// The class names in metadata.
fn names(facts: &GraphInfo) -> Option<Vec<String>> {
    facts.meta("names").and_then(Literal::parse).and_then(|l| l.as_names()).filter(|names| !names.is_empty())
}

/// The size of an axis, where it is fixed.
fn axis(port: &ValueInfo, index: usize) -> Option<usize> {
    port.axis(index).and_then(|n| usize::try_from(n).ok())
}

/// Whether a port is a table an image: three axes, the first of them the batch.
fn is_stack(port: &ValueInfo) -> bool {
    port.shape.len() == 3 && port.axis(0).is_none_or(|n| n == 1)
}

/// An input that takes the size of the image.
fn size_input(name: &str, height_first: bool) -> Extra {
    Extra { name: name.to_owned(), value: ExtraValue::Size { height_first } }
}

/// The spec of a family that the user chose.
fn by_hand(family: Family, facts: &GraphInfo, image: &Image, said: &Sidecar) -> Option<Spec> {
    let output = facts.outputs.first()?;
    let named = said.labels.as_ref().map(Vec::len);
    let sizes = || facts.inputs.iter().find(|p| p.name != image.name).map(|p| p.name.as_str());
    let mut spec = match family {
        Family::Ultralytics => ultralytics::exported(facts, image).unwrap_or_else(|| {
            let end_to_end = axis(output, 2) == Some(6);
            let classes = named.or_else(|| axis(output, 1).map(|n| n.saturating_sub(4))).unwrap_or(80);
            let mut spec = ultralytics::raw_head_spec(output, image, classes);
            spec.output.end_to_end = end_to_end;
            spec
        }),
        Family::Yolov2 => darknet::yolov2_spec(facts, image),
        Family::Yolov3Keras => darknet::yolov3_keras_spec(facts, image, sizes().unwrap_or("image_shape")),
        Family::Yolov4 => darknet::yolov4_spec(facts, image),
        Family::Yolov4Keras => darknet::yolov4_keras_spec(facts, image),
        Family::Yolov5 => yolo::yolov5_spec(facts, image),
        Family::Yolov6 => yolo::yolov6_spec(facts, image),
        Family::Yolov7 => yolo::yolov7_spec(facts, image),
        Family::Yolov9 => yolo::yolov9_spec(facts, image),
        Family::Yolov10Corners => yolo::yolov10_spec(facts, image),
        Family::Yolox => yolo::yolox_spec(facts, image),
        Family::YoloNas => yolo::yolo_nas_spec(facts, image),
        Family::PpYoloe => detections::pp_yoloe_spec(facts, image),
        Family::DamoYolo => yolo::damo_yolo_spec(facts, image),
        Family::NanoDet => yolo::nanodet_spec(facts, image),
        Family::FastestDet => yolo::fastestdet_spec(facts, image),
        Family::RtDetr => detections::rt_detr_spec(facts, image, sizes()),
        Family::RtDetrUltralytics => detections::rt_detr_ultralytics_spec(facts, image),
        Family::RfDetr => detections::rf_detr_spec(facts, image),
        Family::TfDetection => detections::tf_detection_spec(facts, image),
        Family::NmsInside => detections::nms_inside_spec(facts, image),
        Family::CenterFace => faces::centerface_spec(facts, image),
        Family::UltraFace => faces::ultraface_spec(facts, image),
        Family::YuNet => faces::yunet_spec(facts, image),
        Family::Yolov5Face => faces::yolov5_face_spec(facts, image),
        Family::MoveNet => pose::movenet_spec(facts, image),
        Family::NeuralStyle | Family::Gan | Family::Enhance | Family::SuperResolution => {
            images::image_spec(family, facts, image)
        }
        Family::Matting => images::matting_spec(facts, image),
        Family::Rvm => images::rvm_spec(facts, image),
        Family::Depth => images::depth_spec(facts, image),
        // Its input is no image.
        Family::StGcn => return None,
        Family::Classifier => classify::classifier_spec(facts, image),
        Family::Segmenter => semantic::segmenter_spec(facts, image),
    };
    spec.evidence = vec![format!("chosen by hand: {}", family.name())];
    spec.confidence = 1.0;
    Some(spec)
}

fn no_image(facts: &GraphInfo) -> String {
    format!("none of its inputs takes an image of three colours ({})", ports(&facts.inputs))
}

fn nothing_fits(facts: &GraphInfo) -> String {
    let task = facts.meta("task").map(|t| format!("; its metadata say task {t}")).unwrap_or_default();
    format!("inputs {}; outputs {}{task}", ports(&facts.inputs), ports(&facts.outputs))
}

fn ports(ports: &[ValueInfo]) -> String {
    /// Enough to recognise a model by.
    const MOST: usize = 6;
    let mut texts: Vec<String> =
        ports.iter().take(MOST).map(|p| format!("{} {} {}", p.name, p.shape_text(), p.element)).collect();
    if ports.len() > MOST {
        texts.push(format!("and {} more", ports.len() - MOST));
    }
    if texts.is_empty() { "none".into() } else { texts.join(", ") }
}
