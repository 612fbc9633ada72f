//! The YOLO families beside Ultralytics'.

use super::super::file::{Facts, Port};
use super::super::output::yolox;
use super::super::spec::{ColourOrder, Family, Fit, OutputSpec, Range, Spec, Task};
use super::labels_for;
use super::picture::Picture;

pub(super) fn yolox(facts: &Facts, picture: &Picture) -> Option<Spec> {
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

pub(super) fn yolox_spec(output: &Port, picture: &Picture, classes: usize) -> Spec {
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
