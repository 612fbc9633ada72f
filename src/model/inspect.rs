//! Reading a model file without opening it in the runtime.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;

use super::file::{FileError, GraphInfo};
use super::identify::{self, Unknown};
use super::sidecar::Sidecar;
use super::{ModelError, Spec, preprocessing, served};
use crate::server::{Client, ModelAddress};

/// The contents of a model file, whether or not a family fits: for `models info` and the page of an unknown model.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub graph: GraphInfo,
    /// The spec with its evidence, or why there is none.
    pub spec: Result<Spec, Unknown>,
}

/// Reads a model file without ONNX Runtime, or asks the server of a model's address, and works out what the model is, with what
/// its sidecar sets.
///
/// # Errors
/// If the file can't be read or isn't ONNX, or if something is wrong in its sidecar.
pub fn inspect(path: &Path) -> Result<Inspection, ModelError> {
    let overrides = Sidecar::load(path)?.unwrap_or_default();
    inspect_with(path, &overrides)
}

/// As [`inspect_with`] for a model on a server, which `client` is connected to.
///
/// # Errors
/// If the server doesn't respond or doesn't have the model.
pub fn inspect_on(
    client: &mut Client,
    address: &ModelAddress,
    overrides: &Sidecar,
) -> Result<Inspection, ModelError> {
    served::inspect_on(client, address, overrides)
}

/// As [`inspect`], with `overrides` instead of the sidecar.
///
/// # Errors
/// If the file can't be read or isn't ONNX.
pub fn inspect_with(path: &Path, overrides: &Sidecar) -> Result<Inspection, ModelError> {
    if let Some(address) = ModelAddress::of_path(path).map_err(|error| ModelError::Address { error })? {
        return served::inspect(&address, overrides);
    }
    let graph = check(path)?;
    let mut spec = identify::identify(&graph, overrides);
    if let Ok(spec) = &mut spec {
        let settled = Sidecar::of_metadata(&graph).overlaid(overrides.clone());
        preprocessing::complete(path, &settled, spec);
    }
    Ok(Inspection { graph, spec })
}

/// Reads the graph of a model that can be opened as far as its files tell; weights are passed over.
pub(super) fn check(path: &Path) -> Result<GraphInfo, ModelError> {
    let graph = GraphInfo::read(path)?;
    check_size(path, &graph)?;
    check_external_data(path, &graph)?;
    Ok(graph)
}

/// Reads a file of `len` bytes that is to lie at `path`, and checks that it is a whole model that can be opened there, as far
/// as its bytes and the files beside it tell.
///
/// # Errors
/// As [`inspect`]; [`ModelError::NotOnnx`] also if it computes nothing.
pub fn check_whole(file: &mut File, len: u64, path: &Path) -> Result<(), ModelError> {
    let not_onnx = |reason| ModelError::NotOnnx { path: path.to_owned(), reason };
    file.rewind().map_err(|e| not_onnx(FileError::Io(e)))?;
    let graph = GraphInfo::parse(file, len).map_err(not_onnx)?;
    if graph.outputs.is_empty() || graph.operators.is_empty() {
        return Err(not_onnx(FileError::NoModel));
    }
    check_size(path, &graph)?;
    check_external_data(path, &graph)
}

/// ONNX files are Protobuf messages, which can hold 2 GB at most.
fn check_size(path: &Path, graph: &GraphInfo) -> Result<(), ModelError> {
    if graph.bytes < 1 << 31 {
        return Ok(());
    }
    Err(ModelError::CannotRun {
        path: path.to_owned(),
        reason: "it is larger than 2 GB, the most that an ONNX file can hold".into(),
        remedy: "Export it again with its weights in a second file (external data).".into(),
    })
}

/// Weights outside the file must be in its folder or below: a file may not read any other file on the disk.
fn check_external_data(path: &Path, graph: &GraphInfo) -> Result<(), ModelError> {
    use std::path::Component;
    let folder = path.parent().unwrap_or(Path::new(""));
    for name in &graph.external_data {
        let place = Path::new(name);
        let shown = name.escape_debug();
        if !place.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
            return Err(ModelError::CannotRun {
                path: path.to_owned(),
                reason: format!(
                    "it wants to read its weights from \u{201c}{shown}\u{201d}, outside its own folder"
                ),
                remedy: "Don't trust this file: get the model from its own project.".into(),
            });
        }
        if !folder.join(place).is_file() {
            return Err(ModelError::CannotRun {
                path: path.to_owned(),
                reason: format!(
                    "its weights lie in a second file, \u{201c}{shown}\u{201d}, which is missing"
                ),
                remedy: "Put that file next to the model.".into(),
            });
        }
    }
    Ok(())
}
