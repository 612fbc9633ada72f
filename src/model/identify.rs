//! Working out what a model is from what its file says: inputs, outputs, types, metadata; never its name.
//!
//! Rules are tried in the order of `RULES`, the surest first. Each either says nothing, or gives a spec with its
//! evidence. A family chosen by hand goes through its own rule with the doubts switched off.

use super::file::{Facts, Port};
use super::labels::Labels;
use super::metadata::Literal;
use super::output::yolox;
use super::sidecar::Sidecar;
use super::spec::{
    ColourOrder, Element, Family, Fit, InputSpec, Layout, OutputSpec, Range, Size, Spec, Task,
};

/// The letterbox of Ultralytics and most who follow it.
pub const LETTERBOX: Fit = Fit::Letterbox { pad: 114, centred: true, rounded: true };

/// Why there is no spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing fits; what was seen, as the end of a sentence.
    NotUnderstood(String),
    /// It is known, and can't run here.
    CannotRun { reason: String, way_out: String },
}

/// Works out what a model is. `said` is what the user says of it.
///
/// # Errors
/// [`Unknown`], with what was seen.
pub fn identify(facts: &Facts, said: &Sidecar) -> Result<Spec, Unknown> {
    if let Some((domain, kind)) = facts.operators.iter().find(|(d, k)| d == "TRT" || k.ends_with("_TRT")) {
        let (domain, dot) = if domain.is_empty() { ("", "") } else { (domain.as_str(), "::") };
        return Err(Unknown::CannotRun {
            reason: format!(
                "it contains TensorRT's own operator {domain}{dot}{kind}, which ONNX Runtime doesn't have"
            ),
            way_out:
                "Export it again without end-to-end NMS for TensorRT (YOLOv7: without --end2end, or with \
                      --end2end --max-wh 640)."
                    .into(),
        });
    }
    let picture = Picture::find(facts, said).ok_or_else(|| Unknown::NotUnderstood(no_picture(facts)))?;
    let mut spec = match said.family {
        Some(family) => by_hand(family, facts, &picture, said),
        None => RULES.iter().find_map(|rule| rule(facts, &picture)),
    }
    .ok_or_else(|| Unknown::NotUnderstood(nothing_fits(facts)))?;
    said.apply(&mut spec);
    Ok(spec)
}

type Rule = fn(&Facts, &Picture) -> Option<Spec>;

const RULES: [Rule; 5] = [ultralytics, centerface, yolox_head, raw_head, picture_to_picture];

/// The input that takes the picture.
#[derive(Clone, Debug)]
struct Picture {
    name: String,
    layout: Layout,
    element: Element,
    width: Option<u32>,
    height: Option<u32>,
}

impl Picture {
    fn find(facts: &Facts, said: &Sidecar) -> Option<Self> {
        facts.inputs.iter().find_map(|port| {
            let element = match port.element.as_str() {
                "float" => Element::F32,
                "float16" => Element::F16,
                "uint8" => Element::U8,
                _ => return None,
            };
            if port.shape.len() != 4 {
                return None;
            }
            let layout = match (port.axis(1), port.axis(3)) {
                (Some(3), _) => Layout::Nchw,
                (_, Some(3)) => Layout::Nhwc,
                // Every axis dynamic: the usual layout, unless the user knows better.
                (None, _) => Layout::Nchw,
                _ => return None,
            };
            let layout = said.layout.unwrap_or(layout);
            let (h, w) = match layout {
                Layout::Nchw => (2, 3),
                Layout::Nhwc => (1, 2),
            };
            let size = |axis| port.axis(axis).and_then(|n| u32::try_from(n).ok());
            Some(Self { name: port.name.clone(), layout, element, width: size(w), height: size(h) })
        })
    }

    /// The size as the file fixes it, else dynamic up to `bound`.
    fn size(&self, bound: (u32, u32), stride: u32) -> Size {
        match (self.width, self.height) {
            (Some(width), Some(height)) => Size::Fixed { width, height },
            (width, height) => {
                Size::Dynamic { width: width.unwrap_or(bound.0), height: height.unwrap_or(bound.1), stride }
            }
        }
    }

    fn input(&self, size: Size, fit: Fit, order: ColourOrder, range: Range) -> InputSpec {
        InputSpec {
            name: self.name.clone(),
            layout: self.layout,
            element: self.element,
            size,
            fit,
            order,
            range,
        }
    }
}

/// Anchor points of heads at strides 8, 16 and 32.
fn anchors(width: u32, height: u32) -> u64 {
    [8, 16, 32].into_iter().map(|s| u64::from(width / s) * u64::from(height / s)).sum()
}

/// COCO's labels for 80 classes; none otherwise.
fn labels_for(classes: usize) -> (Labels, &'static str) {
    if classes == 80 {
        (Labels::coco80(), "80 classes: taken for COCO's")
    } else {
        (Labels::default(), "the file names no classes")
    }
}

/// What metadata of Ultralytics' exporter say, beyond the task.
struct Exported {
    task: Task,
    names: Vec<String>,
    stride: u32,
    imgsz: Option<(u32, u32)>,
    end_to_end: bool,
}

impl Exported {
    fn read(facts: &Facts) -> Option<Self> {
        let literal = |key| facts.meta(key).and_then(Literal::parse);
        let task = match facts.meta("task")? {
            "detect" => Task::Detect,
            "segment" => Task::Segment,
            "pose" => Task::Pose,
            "obb" => Task::Obb,
            "classify" => Task::Classify,
            "semantic" => Task::Semantic,
            "depth" => Task::Depth,
            _ => return None,
        };
        let nms_inside = match literal("args") {
            Some(Literal::Dict(args)) => args
                .iter()
                .any(|(key, value)| *key == Literal::Text("nms".into()) && *value == Literal::Bool(true)),
            _ => false,
        };
        Some(Self {
            task,
            names: literal("names").and_then(|l| l.as_names()).unwrap_or_default(),
            stride: literal("stride").and_then(|l| l.as_count()).map_or(32, |n| n.clamp(1, 256) as u32),
            imgsz: literal("imgsz").and_then(|l| l.as_counts()).and_then(|hw| match hw[..] {
                [h, w] => Some((u32::try_from(w).ok()?, u32::try_from(h).ok()?)),
                _ => None,
            }),
            end_to_end: nms_inside || literal("end2end") == Some(Literal::Bool(true)),
        })
    }
}

fn ultralytics(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let exported = Exported::read(facts)?;
    if exported.task != Task::Detect {
        return None;
    }
    let output = facts.outputs.first()?;
    let classes = exported.names.len();
    let raw = output.axis(1) == Some(4 + classes as u64);
    // Old metadata don't speak of it; six columns that aren't the rows of a two-class head do.
    let end_to_end = exported.end_to_end || (!raw && output.axis(2) == Some(6));
    let mut evidence =
        vec![format!("metadata: task {}, {classes} names: written by Ultralytics' exporter", exported.task)];
    evidence.push(if end_to_end {
        format!("output {}: final rows x1 y1 x2 y2 score class, no NMS needed", output.shape_text())
    } else {
        format!(
            "output {}: 4 box values and {classes} classes an anchor, no objectness; NMS needed",
            output.shape_text()
        )
    });
    Some(Spec {
        family: Family::Ultralytics,
        task: exported.task,
        input: picture.input(
            picture.size(exported.imgsz.unwrap_or((640, 640)), exported.stride),
            LETTERBOX,
            ColourOrder::Rgb,
            Range::UNIT,
        ),
        output: OutputSpec { classes: Some(classes), end_to_end, ..OutputSpec::default() },
        labels: Labels::new(exported.names),
        evidence,
        confidence: 0.99,
    })
}

fn centerface(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let channels: Vec<_> = facts.outputs.iter().map(|port| port.axis(1)).collect();
    let quarter = |port: &Port| match (port.axis(2), picture.height) {
        (Some(map), Some(input)) => map * 4 == u64::from(input),
        _ => true,
    };
    if channels != [Some(1), Some(2), Some(2), Some(10)] || !facts.outputs.iter().all(quarter) {
        return None;
    }
    Some(centerface_spec(picture, vec![
        "four maps of 1, 2, 2 and 10 channels at a quarter of the input: heat, scale, offset and landmarks of CenterFace".into(),
        "every layer is a convolution: it takes any size, whatever the file says".into(),
    ]))
}

fn centerface_spec(picture: &Picture, evidence: Vec<String>) -> Spec {
    Spec {
        family: Family::CenterFace,
        task: Task::Detect,
        input: picture.input(
            Size::Dynamic { width: 640, height: 640, stride: 32 },
            Fit::Letterbox { pad: 0, centred: false, rounded: true },
            ColourOrder::Rgb,
            Range::BYTE,
        ),
        output: OutputSpec { classes: Some(1), keypoints: Some((5, 2)), ..OutputSpec::default() },
        labels: Labels::face(),
        evidence,
        confidence: 0.95,
    }
}

fn yolox_head(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let columns = output.axis(2)?;
    let expected = match (picture.width, picture.height, output.axis(1)) {
        (Some(w), Some(h), Some(n)) => {
            yolox::strides_for(w as usize, h as usize, usize::try_from(n).ok()?).is_some()
        }
        _ => output.name == "output",
    };
    if output.shape.len() != 3 || columns < 6 || !expected {
        return None;
    }
    Some(yolox_spec(output, picture, usize::try_from(columns).ok()?.saturating_sub(5)))
}

fn yolox_spec(output: &Port, picture: &Picture, classes: usize) -> Spec {
    let (labels, labels_evidence) = labels_for(classes);
    Spec {
        family: Family::Yolox,
        task: Task::Detect,
        input: picture.input(
            picture.size((640, 640), 32),
            Fit::Letterbox { pad: 114, centred: false, rounded: false },
            ColourOrder::Bgr,
            Range::BYTE,
        ),
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
        evidence: vec![
            format!(
                "output {}: one row an anchor with box, objectness and {classes} classes: YOLOX",
                output.shape_text()
            ),
            "no metadata; one anchor a cell (YOLOv5 and v7 have three)".into(),
            labels_evidence.into(),
        ],
        confidence: 0.85,
    }
}

/// `[1, 4 + classes, anchors]` without metadata.
fn raw_head(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let (rows, cells) = (output.axis(1)?, output.axis(2)?);
    let (w, h) = (picture.width?, picture.height?);
    if output.shape.len() != 3 || rows < 5 || cells != anchors(w, h) {
        return None;
    }
    Some(raw_head_spec(output, picture, usize::try_from(rows).ok()?.saturating_sub(4)))
}

fn raw_head_spec(output: &Port, picture: &Picture, classes: usize) -> Spec {
    let (labels, labels_evidence) = labels_for(classes);
    Spec {
        family: Family::Ultralytics,
        task: Task::Detect,
        input: picture.input(picture.size((640, 640), 32), LETTERBOX, ColourOrder::Rgb, Range::UNIT),
        output: OutputSpec { classes: Some(classes), ..OutputSpec::default() },
        labels,
        evidence: vec![
            format!(
                "output {}: 4 box values and {classes} classes an anchor, no objectness: YOLOv8's head or its kin (v9, 11, 12)",
                output.shape_text()
            ),
            labels_evidence.into(),
        ],
        confidence: 0.8,
    }
}

/// One picture in, one picture of the same size out.
fn picture_to_picture(facts: &Facts, picture: &Picture) -> Option<Spec> {
    let [output] = &facts.outputs[..] else { return None };
    let (h, w) = match picture.layout {
        Layout::Nchw if output.axis(1) == Some(3) => (output.axis(2), output.axis(3)),
        Layout::Nhwc if output.axis(3) == Some(3) => (output.axis(1), output.axis(2)),
        _ => return None,
    };
    let same = |a: Option<u64>, b: Option<u32>| a.zip(b).is_none_or(|(a, b)| a == u64::from(b));
    if facts.inputs.len() != 1
        || output.shape.len() != 4
        || !same(h, picture.height)
        || !same(w, picture.width)
    {
        return None;
    }
    Some(style_spec(picture, output))
}

fn style_spec(picture: &Picture, output: &Port) -> Spec {
    Spec {
        family: Family::NeuralStyle,
        task: Task::Stylize,
        input: picture.input(picture.size((512, 512), 4), Fit::Stretch, ColourOrder::Rgb, Range::BYTE),
        output: OutputSpec::default(),
        labels: Labels::default(),
        evidence: vec![
            format!("a picture goes in and a picture of the same size comes out ({})", output.shape_text()),
            "the file doesn't tell the range of its values: taken for 0 to 255, as fast neural style has it"
                .into(),
        ],
        confidence: 0.6,
    }
}

/// The spec of a family that the user chose.
fn by_hand(family: Family, facts: &Facts, picture: &Picture, said: &Sidecar) -> Option<Spec> {
    let output = facts.outputs.first()?;
    let named = said.labels.as_ref().map(Vec::len);
    let axis = |index| output.axis(index).and_then(|n| usize::try_from(n).ok());
    let mut spec = match family {
        Family::Ultralytics => ultralytics(facts, picture).unwrap_or_else(|| {
            let end_to_end = axis(2) == Some(6);
            let classes = named.or_else(|| axis(1).map(|n| n.saturating_sub(4))).unwrap_or(80);
            let mut spec = raw_head_spec(output, picture, classes);
            spec.output.end_to_end = end_to_end;
            spec
        }),
        Family::Yolox => {
            yolox_spec(output, picture, axis(2).map(|n| n.saturating_sub(5)).or(named).unwrap_or(80))
        }
        Family::CenterFace => centerface_spec(picture, Vec::new()),
        Family::NeuralStyle => style_spec(picture, output),
    };
    spec.evidence = vec![format!("chosen by hand: {}", family.name())];
    spec.confidence = 1.0;
    Some(spec)
}

fn no_picture(facts: &Facts) -> String {
    format!("none of its inputs takes a picture of three colours ({})", ports(&facts.inputs))
}

fn nothing_fits(facts: &Facts) -> String {
    let task = facts.meta("task").map(|t| format!("; its metadata say task {t}")).unwrap_or_default();
    format!("inputs {}; outputs {}{task}", ports(&facts.inputs), ports(&facts.outputs))
}

fn ports(ports: &[Port]) -> String {
    /// Enough to recognise a model by.
    const MOST: usize = 6;
    let mut texts: Vec<String> =
        ports.iter().take(MOST).map(|p| format!("{} {} {}", p.name, p.shape_text(), p.element)).collect();
    if ports.len() > MOST {
        texts.push(format!("and {} more", ports.len() - MOST));
    }
    if texts.is_empty() { "none".into() } else { texts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, shape: &[u64]) -> Port {
        Port {
            name: name.into(),
            element: "float".into(),
            shape: shape.iter().map(|n| (*n > 0).then_some(*n)).collect(),
            symbols: vec![None; shape.len()],
        }
    }

    fn facts(input: &[u64], outputs: &[(&str, &[u64])], metadata: &[(&str, &str)]) -> Facts {
        Facts {
            inputs: vec![port("images", input)],
            outputs: outputs.iter().map(|(n, s)| port(n, s)).collect(),
            metadata: metadata.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            ..Facts::default()
        }
    }

    fn known(facts: &Facts) -> Spec {
        identify(facts, &Sidecar::default()).expect("known")
    }

    #[test]
    fn a_two_class_head_is_not_taken_for_end_to_end() {
        let names = [("task", "detect"), ("names", "{0: 'a', 1: 'b'}"), ("stride", "32")];
        let raw = known(&facts(&[1, 3, 640, 640], &[("output0", &[1, 6, 8400])], &names));
        assert!(!raw.output.end_to_end);
        let rows = known(&facts(&[1, 3, 640, 640], &[("output0", &[1, 300, 6])], &names));
        assert!(rows.output.end_to_end);
    }

    #[test]
    fn nms_inside_makes_rows_final() {
        let metadata =
            [("task", "detect"), ("names", "{0: 'a'}"), ("args", "{'nms': True}"), ("end2end", "False")];
        assert!(known(&facts(&[1, 3, 640, 640], &[("output0", &[1, 300, 6])], &metadata)).output.end_to_end);
    }

    #[test]
    fn heads_without_metadata_are_told_by_their_anchors() {
        let v8 = known(&facts(&[1, 3, 640, 640], &[("output0", &[1, 84, 8400])], &[]));
        assert_eq!((v8.family, v8.labels.len()), (Family::Ultralytics, 80));
        let x = known(&facts(&[1, 3, 416, 416], &[("output", &[1, 3549, 85])], &[]));
        assert_eq!((x.family, x.input.order, x.input.range), (Family::Yolox, ColourOrder::Bgr, Range::BYTE));
        // Three anchors a cell: YOLOv5 or v7, another decoder's.
        let v7 =
            identify(&facts(&[1, 3, 640, 640], &[("output", &[1, 25200, 85])], &[]), &Sidecar::default());
        assert!(v7.is_err());
    }

    #[test]
    fn dynamic_sizes_keep_the_exporters_bound() {
        let metadata = [("task", "detect"), ("names", "{0: 'a'}"), ("imgsz", "[480, 640]"), ("stride", "32")];
        let spec = known(&facts(&[0, 3, 0, 0], &[("output0", &[0, 5, 0])], &metadata));
        assert_eq!(spec.input.size, Size::Dynamic { width: 640, height: 480, stride: 32 });
    }

    #[test]
    fn a_choice_by_hand_wins() {
        let odd = facts(&[1, 3, 64, 64], &[("o", &[1, 9, 9, 9])], &[]);
        assert!(
            identify(&odd, &Sidecar::default())
                .is_err_and(|e| matches!(&e, Unknown::NotUnderstood(t) if t.contains("1×9×9×9")))
        );
        let said =
            Sidecar { family: Some(Family::NeuralStyle), range: Some(Range::UNIT), ..Sidecar::default() };
        let spec = identify(&odd, &said).expect("chosen");
        assert_eq!((spec.family, spec.input.range, spec.confidence), (Family::NeuralStyle, Range::UNIT, 1.0));
    }

    #[test]
    fn tensorrt_operators_are_named_with_the_way_out() {
        let mut model = facts(&[1, 3, 640, 640], &[("num_dets", &[1, 1])], &[]);
        model.operators.push(("TRT".into(), "EfficientNMS_TRT".into()));
        let answer = identify(&model, &Sidecar::default());
        assert!(answer.is_err_and(
            |e| matches!(&e, Unknown::CannotRun { reason, .. } if reason.contains("EfficientNMS"))
        ));
    }
}
