//! One ordinary ONNX file of backbone and head.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use prost::Message as _;
use serde::Serialize;

use super::backbone::Backbone;
use super::embeddings::{Samples, as_text};
use super::error::TeachError;
use super::head::Head;
use super::project::DRAFT;
use crate::frame::Frame;
use crate::model::sidecar;
use crate::model::tensor::Tensor;
use crate::model::{self, CancelToken, Family, Model, OpenOptions, Results, Thresholds};
use crate::source::images::load;
use crate::whole_file::{draft_in, folder_of};

/// How a model is exported.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// The input takes raw bytes (uint8, N×H×W×3, RGB): colour order and normalisation are part of the graph.
    pub bytes: bool,
    /// A file of that name may be replaced.
    pub replace: bool,
    /// How the written file is opened to be verified.
    pub opening: OpenOptions,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, hex, lower case.
    pub sha256: String,
    /// How many images both were run on.
    pub verified: usize,
    /// The largest difference of a score.
    pub difference: f64,
}

/// Writes backbone and head as one ONNX file, whole or not at all, and verifies it: it is opened and run on all examples, and its scores
/// must be those of the head within 1e-4. `progress` hears how many of how many were run.
///
/// # Errors
/// Why there is no file. One that was there before stays as it was.
pub fn export(
    backbone: &Backbone,
    head: &Head,
    samples: &Samples,
    path: &Path,
    options: &ExportOptions,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Exported, TeachError> {
    check_target(path, backbone.path(), options.replace)?;
    let about = vec![
        ("description".to_owned(), description(backbone, head, samples)),
        ("backbone".to_owned(), model::name_of(backbone.path())),
        ("backbone_sha256".to_owned(), backbone.sha256().to_owned()),
        ("embedding".to_owned(), backbone.cut().tensor.clone()),
    ];
    let joined = backbone.joined((head, &samples.names), options.bytes, about)?;
    let unwritable =
        |error: std::io::Error| TeachError::Unwritable { path: path.to_owned(), reason: error.to_string() };
    let mut draft = draft_in(folder_of(path), DRAFT, ".onnx").map_err(unwritable)?;
    let content = joined.encode_to_vec();
    drop(joined);
    draft.write_all(&content).and_then(|()| draft.as_file().sync_all()).map_err(unwritable)?;
    let (verified, difference) = verify(draft.path(), head, samples, options, cancel, progress)?;
    if verified == 0 {
        return Err(TeachError::Unverified);
    }
    if difference.is_nan() || difference > TOLERANCE {
        return Err(TeachError::Differs { difference });
    }
    let sha256 = model::sha256(draft.path())?;
    let persisted = if options.replace { draft.persist(path) } else { draft.persist_noclobber(path) };
    persisted.map_err(|error| match error.error.kind() {
        // It came while this one was written.
        std::io::ErrorKind::AlreadyExists => TeachError::Exists { path: path.to_owned() },
        _ => unwritable(error.error),
    })?;
    Ok(Exported { path: path.to_owned(), bytes: content.len() as u64, sha256, verified, difference })
}

/// Whether a model can be exported to a file, which can be asked before anything is trained.
///
/// # Errors
/// If it is the backbone itself, if it is there and mustn't be replaced, or if a settings file lies there: it would go before what the exported file says of itself, and the file
/// would be read otherwise than it was verified.
pub fn check_target(path: &Path, backbone: &Path, replace: bool) -> Result<(), TeachError> {
    if same_file::is_same_file(path, backbone).unwrap_or(false) {
        return Err(TeachError::IsBackbone { path: path.to_owned() });
    }
    // Also a link that leads nowhere.
    if !replace && path.symlink_metadata().is_ok() {
        return Err(TeachError::Exists { path: path.to_owned() });
    }
    let sidecar = sidecar::path_for(path);
    if sidecar.symlink_metadata().is_ok() {
        return Err(TeachError::SidecarThere { path: sidecar });
    }
    Ok(())
}

/// The most by which scores of file and head may differ.
const TOLERANCE: f64 = 1e-4;

fn description(backbone: &Backbone, head: &Head, samples: &Samples) -> String {
    format!(
        "{} classes taught with Sightline from {} images: {} up to \u{201c}{}\u{201d}, then a head ({})",
        head.classes(),
        samples.train.len(),
        model::name_of(backbone.path()),
        backbone.cut().tensor,
        head.kind.name(),
    )
}

/// Runs the file on every image and compares its scores with the head's. Returns on how many images, and the largest difference.
fn verify(
    file: &Path,
    head: &Head,
    samples: &Samples,
    options: &ExportOptions,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(usize, f64), TeachError> {
    let mut model = Model::open(file, &options.opening)?;
    let spec = model.spec();
    let named = spec.labels.english() == samples.names;
    if spec.family != Family::Classifier || !named {
        let reason = "the written file isn't recognised as a classifier with these classes".into();
        return Err(TeachError::NotExported { reason });
    }
    let (mut frame, mut jpeg, mut results, mut scores) =
        (Frame::default(), None, Results::default(), Vec::new());
    let all = samples.train.iter().chain(&samples.held_out);
    let total = samples.train.len() + samples.held_out.len();
    let (mut verified, mut most) = (0, 0f64);
    for (index, sample) in all.enumerate() {
        if cancel.is_cancelled() {
            return Err(TeachError::Stopped);
        }
        progress(index, total);
        // It may have been deleted since.
        if load(&sample.path, &mut frame, &mut jpeg).is_err() {
            continue;
        }
        head.scores(&sample.embedding, &mut scores);
        let mut difference = f64::INFINITY;
        model.run_inside(&frame, &Thresholds::default(), &mut results, |outputs, _| {
            let Some(Ok(values)) = outputs.first().map(Tensor::floats) else { return };
            if values.len() == scores.len() {
                let parts = values.iter().zip(&scores).map(|(a, b)| f64::from((a - b).abs()));
                // What is no number differs from everything.
                difference = parts.fold(0.0, |most, d| if d <= most { most } else { d });
            }
        })?;
        verified += 1;
        most = if difference <= most { most } else { difference };
    }
    progress(total, total);
    Ok((verified, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_where_that_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, backbone) = (folder.path().join("a.onnx"), folder.path().join("b.onnx"));
        assert!(check_target(&path, &backbone, false).is_ok());
        std::fs::write(&path, "mine").expect("written");
        assert!(matches!(check_target(&path, &backbone, false), Err(TeachError::Exists { .. })));
        assert!(check_target(&path, &backbone, true).is_ok());
        assert!(matches!(check_target(&path, &path, true), Err(TeachError::IsBackbone { .. })));
    }
}
