//! Weights that lie in files beside a model.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path};

use crate::model::file::onnx::{GraphProto, TensorProto};

/// Tensors that lie in another file.
const EXTERNAL: i32 = 1;
/// The size that an ONNX file stays below.
pub(super) const MOST_BYTES: u64 = 1 << 31;
pub(super) const TOO_LARGE: &str = "it would be larger than 2 GB, the most that an ONNX file can hold";

/// Every tensor of a graph that holds values, also of graphs inside of it.
fn each_tensor(
    graph: &mut GraphProto,
    act: &mut impl FnMut(&mut TensorProto) -> Result<(), String>,
) -> Result<(), String> {
    for tensor in &mut graph.initializer {
        act(tensor)?;
    }
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        for tensor in attribute.t.iter_mut().chain(&mut attribute.tensors) {
            act(tensor)?;
        }
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            each_tensor(graph, act)?;
        }
    }
    Ok(())
}

/// Brings weights from files beside the model into it. They may lie in its folder or below and nowhere else, also behind links: what is
/// read here is passed on with the exported file.
pub(super) fn inline(graph: &mut GraphProto, folder: &Path) -> Result<(), String> {
    let mut total = 0u64;
    each_tensor(graph, &mut |tensor| {
        if tensor.data_location != Some(EXTERNAL) {
            return Ok(());
        }
        let about =
            |key: &str| tensor.external_data.iter().find(|e| e.key() == key).map(|e| e.value().to_owned());
        let number = |key: &str| about(key).and_then(|text| text.trim().parse::<u64>().ok());
        let name = about("location").ok_or("its weights lie in a file that it doesn't name")?;
        let place = Path::new(&name);
        if !place.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
            return Err("it wants to read its weights from outside its own folder".into());
        }
        let failed = |error: std::io::Error| {
            format!("its weights in \u{201c}{}\u{201d} can't be read: {error}", place.display())
        };
        let home = folder.canonicalize().map_err(failed)?;
        let target = folder.join(place).canonicalize().map_err(failed)?;
        if !target.starts_with(&home) {
            let place = place.display();
            return Err(format!(
                "its weights in \u{201c}{place}\u{201d} are a link to a file outside its own folder"
            ));
        }
        // Opening a pipe would wait for its other end.
        if !target.is_file() {
            return Err(format!("its weights in \u{201c}{}\u{201d} aren't in a file", place.display()));
        }
        let mut file = File::open(target).map_err(failed)?;
        let offset = number("offset").unwrap_or(0);
        let whole = file.metadata().map_err(failed)?.len();
        let length = number("length").unwrap_or(whole.saturating_sub(offset));
        if length > whole.saturating_sub(offset) {
            return Err(format!("its weights in \u{201c}{}\u{201d} are cut short", place.display()));
        }
        total = total.saturating_add(length);
        if total >= MOST_BYTES {
            return Err(
                "its weights in other files are larger than 2 GB together, more than an ONNX file can hold"
                    .into(),
            );
        }
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        tensor.raw_data = Some(bytes.into());
        tensor.data_location = None;
        tensor.external_data.clear();
        Ok(())
    })
}
