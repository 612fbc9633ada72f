//! What the specs of detectors have in common.

use crate::model::families::Family;
use crate::model::families::shared::image_input::ImageInput;
use crate::model::file::{GraphInfo, ValueInfo};
use crate::model::labels::Labels;
use crate::model::metadata::Literal;
use crate::model::spec::{
    ColourOrder, ExtraInput, ExtraValue, Fit, InputSpec, OutputSpec, Range, Spec, Task,
};

/// How many anchor points a head has at strides 8, 16 and 32.
pub fn anchor_points(width: u32, height: u32) -> u64 {
    [8, 16, 32].into_iter().map(|s| u64::from(width / s) * u64::from(height / s)).sum()
}

/// The labels of a well-known list with so many classes; none otherwise.
pub fn labels_for(classes: usize) -> (Labels, &'static str) {
    match classes {
        80 => (Labels::coco80(), "80 classes: taken for COCO's"),
        91 => (Labels::coco91(), "91 classes: taken for COCO's own ids"),
        20 => (Labels::voc20(), "20 classes: taken for Pascal VOC's"),
        _ => (Labels::default(), "the file names no classes"),
    }
}

/// A detector's spec: its labels come from the file's own names, else from the number of classes.
pub fn detector(family: Family, input: InputSpec, graph: &GraphInfo, classes: usize, evidence: &str) -> Spec {
    let output = graph.outputs.first().map(|p| format!("output {}: ", p.shape_text())).unwrap_or_default();
    let (labels, labels_evidence) = match names(graph) {
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
pub fn final_detections(mut spec: Spec) -> Spec {
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
pub fn names(graph: &GraphInfo) -> Option<Vec<String>> {
    graph.meta("names").and_then(Literal::parse).and_then(|l| l.as_names()).filter(|names| !names.is_empty())
}

/// The size of an axis, if it is fixed.
pub fn axis(port: &ValueInfo, index: usize) -> Option<usize> {
    port.axis(index).and_then(|n| usize::try_from(n).ok())
}

/// Whether a tensor holds one table an image: three axes, the first of them the batch.
pub fn is_stack(port: &ValueInfo) -> bool {
    port.shape.len() == 3 && port.axis(0).is_none_or(|n| n == 1)
}

/// An input that takes the size of the image.
pub fn size_input(name: &str, height_first: bool) -> ExtraInput {
    ExtraInput { name: name.to_owned(), value: ExtraValue::Size { height_first } }
}

/// Whether `count` is the number of anchor boxes of a head with three a cell at strides 8, 16 and 32, perhaps 64; `None` if
/// the size of the image is open.
pub fn three_an_anchor_cell(image: &ImageInput, count: u64) -> Option<bool> {
    let (w, h) = (image.width?, image.height?);
    let coarse = u64::from(w / 64) * u64::from(h / 64);
    Some(count == 3 * anchor_points(w, h) || count == 3 * (anchor_points(w, h) + coarse))
}

/// Whether the metadata are those of YOLOv5's exporter: stride and names, but no task.
pub fn only_stride_and_names(graph: &GraphInfo) -> bool {
    graph.meta("task").is_none() && graph.meta("stride").is_some() && graph.meta("names").is_some()
}

/// `[1, 4 + classes, anchors]`.
pub fn one_box_an_anchor(family: Family, graph: &GraphInfo, image: &ImageInput) -> Spec {
    let classes = graph.outputs.first().and_then(|p| axis(p, 1)).map_or(80, |n| n.saturating_sub(4));
    let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    detector(family, input, graph, classes, "4 box values and the classes an anchor, no objectness")
}

/// `[1, N, 5 + classes]`, letterboxed RGB in 0..1.
pub fn with_objectness(family: Family, graph: &GraphInfo, image: &ImageInput) -> Spec {
    let proto = graph.outputs.get(1).filter(|p| p.shape.len() == 4).and_then(|p| axis(p, 1)).unwrap_or(0);
    let columns = graph.outputs.first().and_then(|p| axis(p, 2));
    let classes = columns.map_or(80, |n| n.saturating_sub(5 + proto));
    let input = image.input(image.size((640, 640), 32), Fit::LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    detector(
        family,
        input,
        graph,
        classes,
        "box, objectness and the classes a row; score = objectness × class",
    )
}

/// A detector of the one class "face".
pub fn face(family: Family, input: InputSpec, graph: &GraphInfo, evidence: &str) -> Spec {
    let mut spec = detector(family, input, graph, 1, evidence);
    // What the file says of one class is that it names none.
    spec.evidence.truncate(1);
    spec.labels = Labels::face();
    spec.output.keypoints = Some((5, 2));
    spec
}
