//! A whole ONNX file as messages, for those who need its weights or write a new one. What a file is,
//! [`GraphInfo`](super::GraphInfo) tells without them.

use std::collections::HashMap;
use std::path::Path;

use prost::Message as _;

use super::{FileError, decoded_size};
use crate::model::{ModelError, inspect};

/// Generated from `onnx.proto`.
#[allow(clippy::all, clippy::pedantic, missing_debug_implementations, unused_qualifications)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/onnx.rs"));
}

pub use generated::*;

/// `AttributeProto.type`.
pub mod attribute_type {
    pub const FLOAT: i32 = 1;
    pub const INT: i32 = 2;
    pub const STRING: i32 = 3;
    pub const TENSOR: i32 = 4;
    pub const FLOATS: i32 = 6;
    pub const INTS: i32 = 7;
}

/// `TensorProto.data_type`.
pub mod data_type {
    pub const FLOAT: i32 = 1;
    pub const UINT8: i32 = 2;
    pub const INT8: i32 = 3;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const STRING: i32 = 8;
    pub const BOOL: i32 = 9;
    pub const FLOAT16: i32 = 10;
}

/// Reads a whole file.
///
/// # Errors
/// [`ModelError::NoFile`], [`ModelError::Unreadable`], [`ModelError::NotOnnx`], or what [`inspect`] refuses.
pub fn read(path: &Path) -> Result<ModelProto, ModelError> {
    // What is no model (a pipe, a device, a video) is refused before all of it is read.
    inspect::check(path)?;
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ModelError::NoFile { path: path.to_owned() },
        _ => ModelError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    })?;
    parse(bytes).map_err(|reason| ModelError::NotOnnx { path: path.to_owned(), reason })
}

/// Reads the bytes of a file.
///
/// # Errors
/// What is wrong with the bytes: [`FileError::TooLarge`] if it would take far more memory than the file itself, [`FileError::NoModel`] if there
/// is no graph.
pub fn parse(bytes: Vec<u8>) -> Result<ModelProto, FileError> {
    decoded_size::check(&bytes)?;
    // Weights stay views of these bytes: they aren't copied.
    let model = ModelProto::decode(bytes::Bytes::from(bytes)).map_err(|_| FileError::NotOnnx)?;
    if model.graph.is_none() { Err(FileError::NoModel) } else { Ok(model) }
}

/// An ONNX file's bytes with these tensors of its graph as further outputs.
///
/// The bytes of a second graph are appended: readers of Protobuf join the two (as its encoding says of a field that comes
/// twice), so that a file of any size isn't taken apart. The runtime works out the types of the new outputs.
#[must_use]
pub fn with_outputs(mut model: Vec<u8>, names: &[impl AsRef<str>]) -> Vec<u8> {
    let output = names
        .iter()
        .map(|name| ValueInfoProto { name: Some(name.as_ref().to_owned()), ..ValueInfoProto::default() });
    let graph = GraphProto { output: output.collect(), ..GraphProto::default() };
    let more = ModelProto { graph: Some(graph), ..ModelProto::default() };
    model.extend(more.encode_to_vec());
    model
}

/// An ONNX file's bytes in which every node of the graph is named by its place, as [`number_name`] writes it.
///
/// # Errors
/// As [`parse`].
pub fn numbered(model: Vec<u8>) -> Result<Vec<u8>, FileError> {
    let mut model = parse(model)?;
    for (place, node) in model.graph.iter_mut().flat_map(|graph| &mut graph.node).enumerate() {
        node.name = Some(number_name(place));
    }
    Ok(model.encode_to_vec())
}

/// The name of a node by its place.
#[must_use]
pub fn number_name(place: usize) -> String {
    format!("layer#{place}#")
}

/// The places in a name that the runtime has made of one or more of [`number_name`]'s.
pub fn numbers_in(name: &str) -> impl Iterator<Item = usize> {
    name.split("layer#").skip(1).filter_map(|rest| rest.split_once('#')?.0.parse().ok())
}

/// The places of nodes, so that each comes after those that make what it reads, otherwise as they are: some quantisers write them in another order. Nodes that read each other in a circle, which no runtime
/// accepts, stay where they are.
#[must_use]
pub fn in_order(nodes: &[NodeProto]) -> Vec<usize> {
    let mut producers = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        producers.extend(node.output.iter().filter(|name| !name.is_empty()).map(|name| (&name[..], place)));
    }
    let mut order = Vec::with_capacity(nodes.len());
    let (mut begun, mut done) = (vec![false; nodes.len()], vec![false; nodes.len()]);
    for first in 0..nodes.len() {
        let mut waiting = vec![first];
        while let Some(&place) = waiting.last() {
            if !std::mem::replace(&mut begun[place], true) {
                let before =
                    nodes[place].input.iter().rev().filter_map(|name| producers.get(&name[..]).copied());
                waiting.extend(before.filter(|before| !begun[*before]));
                continue;
            }
            waiting.pop();
            if !std::mem::replace(&mut done[place], true) {
                order.push(place);
            }
        }
    }
    order
}

impl NodeProto {
    /// The attribute of that name.
    #[must_use]
    pub fn attribute_named(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|attribute| attribute.name() == name)
    }

    /// Integers of an attribute; empty if it isn't there.
    #[must_use]
    pub fn ints(&self, name: &str) -> &[i64] {
        self.attribute_named(name).map(|attribute| &attribute.ints[..]).unwrap_or_default()
    }

    /// An integer of an attribute.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        self.attribute_named(name).and_then(|attribute| attribute.i)
    }
}

impl TensorProto {
    /// A tensor of floats.
    #[must_use]
    pub fn of_floats(name: &str, dims: &[i64], values: &[f32]) -> Self {
        Self {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(data_type::FLOAT),
            raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
            ..Self::default()
        }
    }

    /// A tensor of integers.
    #[must_use]
    pub fn of_ints(name: &str, dims: &[i64], values: &[i64]) -> Self {
        Self {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(data_type::INT64),
            raw_data: Some(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()),
            ..Self::default()
        }
    }

    /// How many values it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        let sizes = self.dims.iter().map(|n| u64::try_from(*n).unwrap_or(0));
        sizes.fold(1, u64::saturating_mul)
    }

    /// Its values, if they are floats (32 or 16 bits) inside of the file and as many as its shape says.
    #[must_use]
    pub fn floats(&self) -> Option<Vec<f32>> {
        let count = usize::try_from(self.count()).ok()?;
        let raw = self.raw_data.as_deref().filter(|raw| !raw.is_empty());
        let values: Vec<f32> = match (self.data_type?, raw) {
            (data_type::FLOAT, Some(raw)) => {
                raw.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            (data_type::FLOAT, None) => self.float_data.clone(),
            (data_type::FLOAT16, Some(raw)) => {
                let halves = raw.as_chunks::<2>().0.iter();
                halves.map(|bytes| half::f16::from_le_bytes(*bytes).to_f32()).collect()
            }
            (data_type::FLOAT16, None) => {
                self.int32_data.iter().map(|bits| half::f16::from_bits(*bits as u16).to_f32()).collect()
            }
            _ => return None,
        };
        (values.len() == count).then_some(values)
    }

    /// Its values, if they are 64-bit integers inside of the file and as many as its shape says.
    #[must_use]
    pub fn whole_numbers(&self) -> Option<Vec<i64>> {
        let raw = self.raw_data.as_deref().filter(|raw| !raw.is_empty());
        let values = match (self.data_type?, raw) {
            (data_type::INT64, Some(raw)) => {
                raw.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
            }
            (data_type::INT64, None) => self.int64_data.clone(),
            _ => return None,
        };
        (values.len() as u64 == self.count()).then_some(values)
    }

    /// Its values, if they are 8-bit integers inside of the file and as many as its shape says.
    #[must_use]
    pub fn integers(&self) -> Option<Vec<f32>> {
        let count = usize::try_from(self.count()).ok()?;
        let raw = self.raw_data.as_deref().filter(|raw| !raw.is_empty());
        let values: Vec<f32> = match (self.data_type?, raw) {
            (data_type::UINT8, Some(raw)) => raw.iter().map(|byte| f32::from(*byte)).collect(),
            (data_type::INT8, Some(raw)) => raw.iter().map(|byte| f32::from(byte.cast_signed())).collect(),
            (data_type::UINT8 | data_type::INT8, None) => {
                self.int32_data.iter().map(|value| *value as f32).collect()
            }
            _ => return None,
        };
        (values.len() == count).then_some(values)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::model::file::GraphInfo;

    fn model() -> ModelProto {
        let value = |name: &str| ValueInfoProto { name: Some(name.into()), ..ValueInfoProto::default() };
        let node = NodeProto {
            input: vec!["x".into(), "w".into()],
            output: vec!["y".into()],
            op_type: Some("Mul".into()),
            ..NodeProto::default()
        };
        ModelProto {
            ir_version: Some(8),
            opset_import: vec![OperatorSetIdProto { domain: None, version: Some(17) }],
            graph: Some(GraphProto {
                node: vec![node],
                initializer: vec![TensorProto::of_floats("w", &[2], &[0.5, -2.0])],
                input: vec![value("x")],
                output: vec![value("y")],
                ..GraphProto::default()
            }),
            ..ModelProto::default()
        }
    }

    #[test]
    fn further_outputs_are_seen_and_everything_else_stays() {
        let before = model().encode_to_vec();
        let after = with_outputs(before.clone(), &["a", "b"]);
        let read = |bytes: &[u8]| GraphInfo::parse(Cursor::new(bytes), bytes.len() as u64).expect("a model");
        let names: Vec<String> = read(&after).outputs.into_iter().map(|output| output.name).collect();
        assert_eq!(names, ["y", "a", "b"]);
        assert_eq!(read(&after).weights, read(&before).weights);
        let graph = parse(after).expect("read").graph.expect("a graph");
        assert_eq!(graph.node.len(), 1);
        assert_eq!(graph.initializer[0].floats(), Some(vec![0.5, -2.0]));
    }

    #[test]
    fn places_are_found_in_names_of_fused_nodes() {
        let name = format!("fused {} {}_nchwc", number_name(3), number_name(12));
        assert_eq!(numbers_in(&name).collect::<Vec<_>>(), [3, 12]);
        assert_eq!(numbers_in("ReorderInput_token_1").count(), 0);
        let graph = parse(numbered(model().encode_to_vec()).expect("numbered")).expect("read").graph;
        assert_eq!(graph.expect("a graph").node[0].name(), "layer#0#");
    }

    #[test]
    fn weights_of_another_length_than_their_shape_are_none() {
        let tensor = TensorProto { dims: vec![3], ..TensorProto::of_floats("w", &[2], &[1.0, 2.0]) };
        assert_eq!(tensor.floats(), None);
        assert_eq!(TensorProto { dims: vec![-1], ..tensor }.floats(), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0u8.., 0..300)) {
            let _ = parse(bytes);
        }
    }
}
