//! The YOLO families beside Ultralytics'.

use super::super::file::{GraphInfo, ValueInfo};
use super::super::output::{anchor_heads, nanodet, yolox};
use super::super::spec::{ColourOrder, Family, Fit, Layout, Range, Spec, Task};
use super::image_out::Image;
use super::{LETTERBOX, anchors, axis, detector, final_detections, is_stack};

/// YOLOX's own letterbox.
const TOP_LEFT: Fit = Fit::Letterbox { pad: 114, centred: false, rounded: false };

/// Anchor boxes of a head with three a cell at strides 8, 16 and 32, perhaps 64.
fn three_a_cell(image: &Image, count: u64) -> Option<bool> {
    let (w, h) = (image.width?, image.height?);
    let coarse = u64::from(w / 64) * u64::from(h / 64);
    Some(count == 3 * anchors(w, h) || count == 3 * (anchors(w, h) + coarse))
}

fn only_stride_and_names(facts: &GraphInfo) -> bool {
    facts.meta("task").is_none() && facts.meta("stride").is_some() && facts.meta("names").is_some()
}

/// YOLOv5 and v3 of that project: metadata, but no task.
pub(super) fn yolov5(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let output = facts.outputs.first()?;
    let classes = super::names(facts)?.len();
    let masks = facts.outputs.get(1).filter(|p| p.shape.len() == 4).and_then(|p| axis(p, 1)).unwrap_or(0);
    if !only_stride_and_names(facts) || output.shape.len() != 3 || axis(output, 2)? != classes + 5 + masks {
        return None;
    }
    let mut spec = yolov5_spec(facts, image);
    spec.evidence.insert(0, "metadata: stride and names, no task: written by YOLOv5's exporter".into());
    spec.confidence = 0.97;
    Some(spec)
}

pub(super) fn yolov5_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let mut spec = objectness(Family::Yolov5, facts, image);
    if facts.outputs.get(1).is_some_and(|p| p.shape.len() == 4) {
        spec.task = Task::Segment;
    }
    spec
}

/// YOLOv9: metadata as YOLOv5's, columns as YOLOv8's; or two equal heads.
pub(super) fn yolov9(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let output = facts.outputs.first()?;
    let two = matches!(&facts.outputs[..], [a, b] if a.shape == b.shape && a.shape.len() == 3);
    let named = only_stride_and_names(facts) && super::names(facts).map(|n| n.len() + 4) == axis(output, 1);
    let columns = axis(output, 1)? >= 5 && output.axis(2) == image.anchors();
    let equal_heads = two && columns;
    if !named && !equal_heads {
        return None;
    }
    let mut spec = yolov9_spec(facts, image);
    if named {
        spec.evidence.insert(
            0,
            "metadata: stride and names, no task, no objectness: written by YOLOv9's exporter".into(),
        );
    }
    if two {
        spec.evidence.push("two heads: the second is the main one".into());
    }
    spec.confidence = if named { 0.97 } else { 0.85 };
    Some(spec)
}

pub(super) fn yolov9_spec(facts: &GraphInfo, image: &Image) -> Spec {
    columns(Family::Yolov9, facts, image)
}

/// YOLOv10's raw head with corners; only by hand.
pub(super) fn yolov10_spec(facts: &GraphInfo, image: &Image) -> Spec {
    columns(Family::Yolov10Corners, facts, image)
}

/// `[1, 4 + classes, anchors]`.
fn columns(family: Family, facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 1)).map_or(80, |n| n.saturating_sub(4));
    let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    detector(family, input, facts, classes, "4 box values and the classes an anchor, no objectness")
}

/// `[1, N, 5 + classes]` with three anchors a cell: YOLOv7 (or YOLOv5 without its metadata), or faces.
pub(super) fn yolov7(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    if output.shape.len() != 3 || axis(output, 2)? < 6 || !three_a_cell(image, output.axis(1)?)? {
        return None;
    }
    let mut spec = if axis(output, 2) == Some(16) {
        super::faces::yolov5_face_spec(facts, image)
    } else {
        yolov7_spec(facts, image)
    };
    spec.confidence = 0.88;
    Some(spec)
}

pub(super) fn yolov7_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let Some(output) = facts.outputs.first() else { return objectness(Family::Yolov7, facts, image) };
    if output.shape.len() == 2 {
        let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT);
        let evidence = "batch, box, class and score a row: YOLOv7 with --end2end --max-wh; no NMS needed";
        return final_detections(detector(Family::Yolov7, input, facts, 80, evidence));
    }
    if output.shape.len() == 5 {
        return yolov7_maps_spec(facts, image);
    }
    let mut spec = objectness(Family::Yolov7, facts, image);
    spec.evidence.push("three anchors a cell and no metadata: YOLOv7 --grid (YOLOv5 reads the same)".into());
    spec
}

/// Rows of seven: YOLOv7 with NMS inside.
pub(super) fn yolov7_rows(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    if output.shape.len() != 2 || output.axis(1) != Some(7) {
        return None;
    }
    let mut spec = yolov7_spec(facts, image);
    spec.confidence = 0.9;
    Some(spec)
}

/// Maps `[1, 3, h, w, 5 + classes]` of raw values: YOLOv7 without `--grid`, or faces.
pub(super) fn yolov7_maps(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let is_map =
        |p: &ValueInfo| p.shape.len() == 5 && p.axis(1) == Some(3) && p.axis(4).is_some_and(|n| n > 5);
    if !matches!(facts.outputs.len(), 3 | 4) || !facts.outputs.iter().all(is_map) {
        return None;
    }
    Some(if facts.outputs.first().and_then(|p| p.axis(4)) == Some(16) {
        super::faces::yolov5_face_spec(facts, image)
    } else {
        yolov7_maps_spec(facts, image)
    })
}

fn yolov7_maps_spec(facts: &GraphInfo, image: &Image) -> Spec {
    /// YOLOv7-tiny has 6 million weights, the next larger one 37.
    const TINY: u64 = 15_000_000;
    let classes = facts.outputs.first().and_then(|p| axis(p, 4)).map_or(80, |n| n.saturating_sub(5));
    let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let mut spec = detector(
        Family::Yolov7,
        input,
        facts,
        classes,
        "raw maps of three anchors a cell: YOLOv7 without --grid",
    );
    let weights: u64 = facts.weights.values().sum();
    let (anchors, evidence): (&[[f32; 2]], _) = if facts.outputs.len() == 4 {
        (&anchor_heads::P6, "four maps: the anchors of the P6 models")
    } else if weights < TINY {
        (
            &anchor_heads::YOLOV5,
            "the file doesn't hold the anchors' sizes (a sidecar may): few weights: those of YOLOv7-tiny",
        )
    } else {
        (
            &anchor_heads::YOLOV4,
            "the file doesn't hold the anchors' sizes (a sidecar may): many weights: those of YOLOv7",
        )
    };
    spec.output.anchors = anchors.to_vec();
    spec.evidence.push(evidence.into());
    spec.confidence = 0.8;
    spec
}

/// `[1, N, 5 + classes]`, letterboxed RGB in 0..1.
fn objectness(family: Family, facts: &GraphInfo, image: &Image) -> Spec {
    let proto = facts.outputs.get(1).filter(|p| p.shape.len() == 4).and_then(|p| axis(p, 1)).unwrap_or(0);
    let columns = facts.outputs.first().and_then(|p| axis(p, 2));
    let classes = columns.map_or(80, |n| n.saturating_sub(5 + proto));
    let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    detector(
        family,
        input,
        facts,
        classes,
        "box, objectness and the classes a row; score = objectness × class",
    )
}

/// YOLOv6, by its output's name.
pub(super) fn yolov6(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    if output.name != "outputs" || output.shape.len() != 3 || output.axis(1) != image.anchors() {
        return None;
    }
    let mut spec = yolov6_spec(facts, image);
    spec.confidence = 0.9;
    Some(spec)
}

pub(super) fn yolov6_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let mut spec = objectness(Family::Yolov6, facts, image);
    spec.evidence.push(
        "one anchor a cell and an output named \u{201c}outputs\u{201d}: YOLOv6, whose objectness is 1".into(),
    );
    spec
}

/// Six columns without metadata that are no anchors' rows: an end-to-end head (YOLOv10).
pub(super) fn final_rows(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let rows = output.axis(1)?;
    let of_a_head = image.anchors() == Some(rows) || three_a_cell(image, rows) == Some(true);
    if output.shape.len() != 3 || output.axis(2) != Some(6) || rows > 1000 || of_a_head {
        return None;
    }
    let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT);
    let spec = detector(
        Family::Ultralytics,
        input,
        facts,
        80,
        "few rows of six: x1 y1 x2 y2 score class of an end-to-end head (YOLOv10, YOLO26); no NMS needed",
    );
    let mut spec = final_detections(spec);
    spec.confidence = 0.8;
    Some(spec)
}

pub(super) fn yolox(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let columns = output.axis(2)?;
    let expected = match (image.width, image.height, output.axis(1)) {
        (Some(w), Some(h), Some(n)) => {
            yolox::strides_for(w as usize, h as usize, usize::try_from(n).ok()?).is_some()
        }
        _ => output.name == "output",
    };
    if output.shape.len() != 3 || columns < 6 || !expected {
        return None;
    }
    let mut spec = yolox_spec(facts, image);
    if output.axis(1).is_none() || image.anchors().is_none() {
        spec.evidence.push("the file leaves the number of rows open: a run must tell".into());
        spec.confidence = 0.6;
    }
    Some(spec)
}

pub(super) fn yolox_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 2)).map_or(80, |n| n.saturating_sub(5));
    let input = image.input(image.size((640, 640), 32), TOP_LEFT, ColourOrder::Bgr, Range::BYTE);
    let mut spec = detector(
        Family::Yolox,
        input,
        facts,
        classes,
        "one row an anchor with box, objectness and classes: YOLOX",
    );
    spec.evidence.push("no metadata; one anchor a cell (YOLOv5 and v7 have three)".into());
    spec.confidence = 0.85;
    spec
}

/// Two tensors with a row an anchor: DAMO-YOLO has its scores first, YOLO-NAS its boxes.
pub(super) fn boxes_and_scores(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [a, b] = &facts.outputs[..] else { return None };
    let rows = a.axis(1)?;
    if !is_stack(a) || !is_stack(b) || b.axis(1) != Some(rows) || image.anchors()? != rows {
        return None;
    }
    Some(match (a.axis(2)?, b.axis(2)?) {
        (4, _) if !b.name.contains("box") => yolo_nas_spec(facts, image),
        (_, 4) => damo_yolo_spec(facts, image),
        _ => return None,
    })
}

pub(super) fn damo_yolo_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 2)).unwrap_or(80);
    let input = image.input(image.size((640, 640), 32), Fit::Stretch, ColourOrder::Rgb, Range::BYTE);
    let mut spec = detector(
        Family::DamoYolo,
        input,
        facts,
        classes,
        "scores, then boxes, a row an anchor: DAMO-YOLO, which takes 0 to 255; NMS needed",
    );
    spec.confidence = 0.85;
    spec
}

/// super-gradients: bytes in planes, or outputs by its names.
pub(super) fn yolo_nas(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let bytes = image.element == super::super::spec::Element::U8 && image.layout == Layout::Nchw;
    let flat = facts.outputs.first().is_some_and(|p| p.name.contains("flat"));
    if !bytes && !flat {
        return None;
    }
    let fits = match &facts.outputs[..] {
        [rows] => rows.shape.is_empty() || rows.axis(1) == Some(7),
        [a, b] => is_stack(a) && is_stack(b),
        outputs => outputs.len() == 4,
    };
    if !fits {
        return None;
    }
    let mut spec = yolo_nas_spec(facts, image);
    if bytes {
        spec.evidence.insert(0, "takes bytes in planes, as super-gradients exports it".into());
        spec.confidence = 0.93;
    }
    Some(spec)
}

pub(super) fn yolo_nas_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let bytes = image.element == super::super::spec::Element::U8;
    let range = if bytes { Range::BYTE } else { Range::UNIT };
    let input = image.input(image.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, range);
    let (classes, evidence) = match &facts.outputs[..] {
        [_] => (None, "one table of batch, box, score, class (flat format); no NMS needed"),
        [_, scores] => (axis(scores, 2), "boxes, then scores, a row an anchor; NMS needed"),
        _ => (None, "count, boxes, scores and classes (batch format); no NMS needed"),
    };
    let mut spec = detector(Family::YoloNas, input, facts, classes.unwrap_or(80), evidence);
    if classes.is_none() {
        spec = final_detections(spec);
    }
    spec.confidence = 0.85;
    spec
}

/// NanoDet v1 (scores and distances a map) and Plus (joined).
pub(super) fn nanodet(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let (w, h) = (image.width?, image.height?);
    let fits = match &facts.outputs[..] {
        [one] => {
            let columns = one.axis(2)?;
            one.shape.len() == 3
                && columns > 32
                && one.axis(1) == u64::try_from(nanodet::points(w, h)).ok()
                && (columns == 112 || image.name == "data")
        }
        [..] if matches!(facts.outputs.len(), 6 | 8) => {
            let sides = facts.outputs.iter().filter(|p| p.shape.len() == 3 && p.axis(2) == Some(32)).count();
            facts.outputs.iter().all(is_stack) && sides * 2 >= facts.outputs.len()
        }
        _ => false,
    };
    fits.then(|| nanodet_spec(facts, image))
}

pub(super) fn nanodet_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let one = facts.outputs.len() == 1;
    let columns = facts.outputs.first().and_then(|p| axis(p, 2));
    let classes = columns.map_or(80, |n| if one { n.saturating_sub(32) } else { n });
    let size = image.size((416, 416), 32);
    let input = image.input(size, Fit::Stretch, ColourOrder::Bgr, Range::IMAGENET_BYTES_BGR);
    let evidence = if one {
        "classes and 4×8 distances a cell over strides 8 to 64: NanoDet-Plus"
    } else {
        "a tensor of scores and one of 4×8 distances for each stride: NanoDet"
    };
    let mut spec = detector(Family::NanoDet, input, facts, classes, evidence);
    spec.confidence = 0.92;
    spec
}

/// FastestDet: one map at stride 16 of objectness, box and classes.
pub(super) fn fastestdet(facts: &GraphInfo, image: &Image) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let middle =
        |map: Option<u64>, input: Option<u32>| map.zip(input).is_some_and(|(m, i)| m * 16 == u64::from(i));
    let channels = output.axis(1)?;
    if output.shape.len() != 4
        || image.layout != Layout::Nchw
        || channels < 6
        || !middle(output.axis(2), image.height)
        || !middle(output.axis(3), image.width)
    {
        return None;
    }
    let mut spec = fastestdet_spec(facts, image);
    spec.confidence = if channels == 85 { 0.88 } else { 0.7 };
    Some(spec)
}

pub(super) fn fastestdet_spec(facts: &GraphInfo, image: &Image) -> Spec {
    let classes = facts.outputs.first().and_then(|p| axis(p, 1)).map_or(80, |n| n.saturating_sub(5));
    let input = image.input(image.size((352, 352), 32), Fit::Stretch, ColourOrder::Bgr, Range::UNIT);
    let mut spec = detector(
        Family::FastestDet,
        input,
        facts,
        classes,
        "one map at stride 16 with objectness, box and classes in its channels: FastestDet",
    );
    spec.output.agnostic_nms = true;
    spec
}
