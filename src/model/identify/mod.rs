//! Working out what a model is from what its file says: inputs, outputs, types, metadata; never its name.
//!
//! Rules are tried in the order of `RULES`, the surest first. Each either says nothing, or gives a spec with its
//! evidence. A family chosen by hand goes through its own rule with the doubts switched off.

mod faces;
mod images;
mod picture;
#[cfg(test)]
mod tests;
mod ultralytics;
mod yolo;

use super::file::{Facts, Port};
use super::labels::Labels;
use super::sidecar::Sidecar;
use super::spec::{Family, Fit, Spec};
use picture::Picture;

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

const RULES: &[Rule] = &[
    ultralytics::exported,
    faces::centerface,
    yolo::yolox,
    ultralytics::raw_head,
    images::picture_to_picture,
];

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

/// The spec of a family that the user chose.
fn by_hand(family: Family, facts: &Facts, picture: &Picture, said: &Sidecar) -> Option<Spec> {
    let output = facts.outputs.first()?;
    let named = said.labels.as_ref().map(Vec::len);
    let axis = |index| output.axis(index).and_then(|n| usize::try_from(n).ok());
    let mut spec = match family {
        Family::Ultralytics => ultralytics::exported(facts, picture).unwrap_or_else(|| {
            let end_to_end = axis(2) == Some(6);
            let classes = named.or_else(|| axis(1).map(|n| n.saturating_sub(4))).unwrap_or(80);
            let mut spec = ultralytics::raw_head_spec(output, picture, classes);
            spec.output.end_to_end = end_to_end;
            spec
        }),
        Family::Yolox => {
            yolo::yolox_spec(output, picture, axis(2).map(|n| n.saturating_sub(5)).or(named).unwrap_or(80))
        }
        Family::CenterFace => faces::centerface_spec(picture, Vec::new()),
        Family::NeuralStyle => images::style_spec(picture, output),
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
