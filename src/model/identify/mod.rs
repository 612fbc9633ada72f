//! Working out what a model is from what its file contains: inputs, outputs, types, metadata; never its name.
//!
//! The rules of the [families](super::families) are tried, the surest first. A family chosen by hand skips its rules.

#[cfg(test)]
mod tests;

use std::path::Path;

use super::ModelError;
use super::families::{Family, ImageInput, Rule};
use super::file::{GraphInfo, ValueInfo};
use super::sidecar::Sidecar;
use super::spec::{Element, Layout, Spec};

/// Why there is no spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// No rule fits; what the file has, as the end of a sentence.
    NotUnderstood(String),
    /// It is known, and can't run here.
    CannotRun { reason: String, remedy: String },
}

impl Unknown {
    /// Why, as the end of a sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NotUnderstood(reason) | Self::CannotRun { reason, .. } => reason,
        }
    }

    /// The error of opening this model.
    #[must_use]
    pub fn into_error(self, path: &Path) -> ModelError {
        let path = path.to_owned();
        match self {
            Self::NotUnderstood(reason) => ModelError::NotUnderstood { path, reason },
            Self::CannotRun { reason, remedy } => ModelError::CannotRun { path, reason, remedy },
        }
    }
}

/// A file that leaves sizes open, with a shape to try.
#[derive(Debug)]
pub struct OpenShape {
    /// Name of the image input.
    pub input: String,
    pub element: Element,
    pub layout: Layout,
    /// Shape of the image input with every open side set.
    pub shape: [i64; 4],
}

/// The shape to try a file with that leaves sizes open: `side` for every open side. `None` if nothing is open, or the file wants
/// more than an image.
#[must_use]
pub fn open_shape(graph: &GraphInfo, overrides: &Sidecar, side: u32) -> Option<OpenShape> {
    let open = |values: &[ValueInfo]| {
        values.iter().any(|v| v.shape.is_empty() || v.shape.iter().skip(1).any(Option::is_none))
    };
    let image = ImageInput::find(graph, overrides)?;
    if graph.inputs.len() != 1 || !open(&graph.outputs) {
        return None;
    }
    let (w, h) = (i64::from(image.width.unwrap_or(side)), i64::from(image.height.unwrap_or(side)));
    let shape = match image.layout {
        Layout::Nchw => [1, 3, h, w],
        Layout::Nhwc => [1, h, w, 3],
    };
    Some(OpenShape { input: image.name, element: image.element, layout: image.layout, shape })
}

/// How the evidence begins that a file carries in its metadata.
const OF_METADATA: &str = "the file's metadata say";

/// Works out what a model is. `overrides` is what the user sets.
///
/// # Errors
/// [`Unknown`], with what the file has.
pub fn identify(graph: &GraphInfo, overrides: &Sidecar) -> Result<Spec, Unknown> {
    if let Some((domain, kind)) = graph.operators.iter().find(|(d, k)| d == "TRT" || k.ends_with("_TRT")) {
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
    let own = Sidecar::of_metadata(graph);
    let all = own.clone().overlaid(overrides.clone());
    let mut spec = match without_image(graph, &all) {
        Some(spec) => spec,
        None => with_image(graph, &all)?,
    };
    if own.family.is_some() && overrides.family.is_none() {
        // What the file says of itself was chosen by nobody, and what its family takes for usual doesn't count.
        spec.evidence = vec![format!("{}: {}", OF_METADATA, spec.family.name())];
    }
    own.apply(&mut spec, OF_METADATA);
    overrides.apply(&mut spec, "chosen by hand");
    if spec.input.size.is_too_large() {
        let (width, height) = spec.input.size.bound();
        return Err(Unknown::CannotRun {
            reason: format!("its input of {width}\u{d7}{height} pixels is larger than any image"),
            remedy: "Export it again with a smaller input.".into(),
        });
    }
    Ok(spec)
}

/// The families whose input is not an image, or the one of them that the user chose.
fn without_image(graph: &GraphInfo, overrides: &Sidecar) -> Option<Spec> {
    let families = Family::ALL.into_iter().filter(|family| overrides.family.is_none_or(|f| f == *family));
    families.flat_map(Family::rules).find_map(|rule| match rule {
        Rule::WithoutImage(rule) => rule(graph),
        _ => None,
    })
}

fn with_image(graph: &GraphInfo, overrides: &Sidecar) -> Result<Spec, Unknown> {
    let image = ImageInput::find(graph, overrides).ok_or_else(|| Unknown::NotUnderstood(no_image(graph)))?;
    let spec = match overrides.family {
        Some(family) => by_hand(family, graph, &image, overrides),
        None => by_rules(graph, &image),
    };
    spec.ok_or_else(|| Unknown::NotUnderstood(nothing_fits(graph)))
}

/// The first rule that fits, in the order of what they go by, then in that of the table.
fn by_rules(graph: &GraphInfo, image: &ImageInput) -> Option<Spec> {
    let rules = || Family::ALL.into_iter().flat_map(Family::rules);
    let inputs = rules().filter_map(|r| if let Rule::Inputs(rule) = r { Some(rule) } else { None });
    let metadata = rules().filter_map(|r| if let Rule::Metadata(rule) = r { Some(rule) } else { None });
    let outputs = rules().filter_map(|r| if let Rule::Outputs(rule) = r { Some(rule) } else { None });
    let shapes = rules().filter_map(|r| if let Rule::Shapes(rule) = r { Some(rule) } else { None });
    inputs.chain(metadata).chain(outputs).chain(shapes).find_map(|rule| rule(graph, image))
}

/// The spec of a family that the user chose.
fn by_hand(family: Family, graph: &GraphInfo, image: &ImageInput, overrides: &Sidecar) -> Option<Spec> {
    graph.outputs.first()?;
    let mut spec = family.spec_by_hand(graph, image, overrides)?;
    spec.evidence = vec![format!("chosen by hand: {}", family.name())];
    spec.confidence = 1.0;
    Some(spec)
}

fn no_image(graph: &GraphInfo) -> String {
    format!("none of its inputs takes an image of three colours ({})", value_list(&graph.inputs))
}

fn nothing_fits(graph: &GraphInfo) -> String {
    let task = graph.meta("task").map(|t| format!("; its metadata say task {t}")).unwrap_or_default();
    format!("inputs {}; outputs {}{task}", value_list(&graph.inputs), value_list(&graph.outputs))
}

fn value_list(values: &[ValueInfo]) -> String {
    /// Enough to recognise a model by.
    const MOST: usize = 6;
    let mut texts: Vec<String> =
        values.iter().take(MOST).map(|v| format!("{} {} {}", v.name, v.shape_text(), v.element)).collect();
    if values.len() > MOST {
        texts.push(format!("and {} more", values.len() - MOST));
    }
    if texts.is_empty() { "none".into() } else { texts.join(", ") }
}
