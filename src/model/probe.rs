//! Shapes that a file leaves open and one run shows.

use std::sync::Arc;

use super::file::GraphInfo;
use super::identify::{self, OpenShape, Unknown};
use super::isolation::Attempt;
use super::session::{Bytes, Session};
use super::sidecar::Sidecar;
use super::spec::{Layout, Size, Spec};
use super::tensor::Tensor;
use super::{CancelToken, ModelError, OpenOptions};

/// A spec of this confidence needs no shapes that only a run shows.
const SURE: f32 = 0.9;
/// The usual size of exporters that leave the size open, in pixels.
pub(super) const SIDE: u32 = 640;

/// Whether shapes that only a run shows may tell more than what is known already.
pub(super) fn is_needed(overrides: &Sidecar, spec: &Result<Spec, Unknown>) -> bool {
    overrides.family.is_none() && !spec.as_ref().is_ok_and(|spec| spec.confidence >= SURE)
}

/// Identifies a file that leaves sizes open once more, with the shapes of one run; leaves `spec` as it is if that shows
/// nothing new. The sizes stay open.
///
/// # Errors
/// The model ended the process that it ran in, or was told to stop; other failures only show nothing.
pub(super) fn with_real_shapes(
    graph: &GraphInfo,
    overrides: &Sidecar,
    cancel: Option<&CancelToken>,
    attempt: &Arc<Attempt>,
    spec: &mut Result<Spec, Unknown>,
) -> Result<(), ModelError> {
    let Some(open) = identify::open_shape(graph, overrides, SIDE) else { return Ok(()) };
    settle(graph, overrides, &open, spec, |shape, read| {
        let options = OpenOptions { cancel: cancel.cloned(), ..OpenOptions::default() };
        let image = (&open.input[..], open.element);
        let mut session = Session::open(&Bytes::File, image, None, &options, attempt)?;
        session.image(shape)?;
        session.run(read)
    })
}

/// As [`with_real_shapes`], by a run on an image of the shape `open`. `run` is given that shape and what reads the outputs.
///
/// # Errors
/// As [`with_real_shapes`].
pub(super) fn settle(
    graph: &GraphInfo,
    overrides: &Sidecar,
    open: &OpenShape,
    spec: &mut Result<Spec, Unknown>,
    run: impl FnOnce(&[i64], &mut dyn FnMut(&[Tensor<'_>])) -> Result<(), ModelError>,
) -> Result<(), ModelError> {
    let OpenShape { input: name, layout, shape, .. } = open;
    let mut known = graph.clone();
    let ran = run(shape, &mut |outputs| {
        let sizes = |shape: &[i64]| shape.iter().map(|n| u64::try_from(*n).ok()).collect();
        for value in &mut known.outputs {
            if let Some(output) = outputs.iter().find(|t| t.name == value.name) {
                value.shape = sizes(output.shape);
            }
        }
        for value in known.inputs.iter_mut().filter(|p| p.name == *name) {
            value.shape = sizes(shape);
        }
    });
    match ran {
        Ok(()) => {}
        Err(error @ (ModelError::Ended { .. } | ModelError::Stopped | ModelError::Server { .. })) => {
            return Err(error);
        }
        Err(error) => {
            tracing::debug!("a probe run for shapes failed: {error}");
            return Ok(());
        }
    }
    let Ok(mut found) = identify::identify(&known, overrides) else { return Ok(()) };
    // The spec that is known already has its sizes open.
    if spec.as_ref().is_ok_and(|s| s.family == found.family && s.task == found.task) {
        return Ok(());
    }
    let sides = match layout {
        Layout::Nchw => [2, 3],
        Layout::Nhwc => [1, 2],
    };
    let fixed = graph
        .inputs
        .iter()
        .find(|p| p.name == *name)
        .is_some_and(|p| sides.map(|s| p.axis(s)).iter().all(Option::is_some));
    if !fixed && let Size::Fixed { width, height } = found.input.size {
        let before = spec.as_ref().ok().map(|s| s.input.size);
        found.input.size = before.unwrap_or(Size::Dynamic { width, height, stride: 32 });
    }
    found.evidence.push("the file leaves sizes open: the shapes are those of a probe run".into());
    *spec = Ok(found);
    Ok(())
}
