//! How much memory a file takes as messages, told before it is decoded.
//!
//! A message in memory is much larger than an empty one in a file: two bytes are an attribute of more than a thousand. Views of the
//! file (weights as raw bytes) and numbers that are as large in the file aren't counted.

use std::io::Cursor;

use super::FileError;
use super::onnx::{self, tensor_shape_proto, type_proto};
use super::wire::{Value, Wire};

/// The most bytes of messages, texts and numbers. A graph of ten thousand nodes takes a fifth of it. Lists grow by doubling, so that up to
/// twice as much is taken, and three times while the last one is copied.
const MOST: u64 = 1 << 29;

/// The messages of `onnx.proto`.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Device,
    Attribute,
    Tensor,
    Sparse,
    Value,
    Type,
    TensorType,
    /// A type that holds another one: `Sequence`, `Optional`.
    ElementType,
    MapType,
    Opaque,
    Shape,
    Dimension,
    Pair,
    Annotation,
    OperatorSet,
}

/// What a field holds.
enum Part {
    Message(Kind),
    Text,
    /// Bytes that stay where they are.
    View,
    /// Whole numbers that take so many bytes each, whatever they take in the file.
    Numbers(u64),
    Nothing,
}

impl Kind {
    /// Bytes of one in memory.
    fn size(self) -> u64 {
        let size = match self {
            Self::Model => size_of::<onnx::ModelProto>(),
            Self::Training => size_of::<onnx::TrainingInfoProto>(),
            Self::Function => size_of::<onnx::FunctionProto>(),
            Self::Graph => size_of::<onnx::GraphProto>(),
            Self::Node => size_of::<onnx::NodeProto>(),
            Self::Device => size_of::<onnx::NodeDeviceConfigurationProto>(),
            Self::Attribute => size_of::<onnx::AttributeProto>(),
            Self::Tensor => size_of::<onnx::TensorProto>(),
            Self::Sparse => size_of::<onnx::SparseTensorProto>(),
            Self::Value => size_of::<onnx::ValueInfoProto>(),
            Self::Type => size_of::<onnx::TypeProto>(),
            Self::TensorType => size_of::<type_proto::Tensor>(),
            Self::ElementType => size_of::<type_proto::Sequence>(),
            Self::MapType => size_of::<type_proto::Map>(),
            Self::Opaque => size_of::<type_proto::Opaque>(),
            Self::Shape => size_of::<onnx::TensorShapeProto>(),
            Self::Dimension => size_of::<tensor_shape_proto::Dimension>(),
            Self::Pair => size_of::<onnx::StringStringEntryProto>(),
            Self::Annotation => size_of::<onnx::TensorAnnotation>(),
            Self::OperatorSet => size_of::<onnx::OperatorSetIdProto>(),
        };
        size as u64
    }

    /// What the field of that number holds.
    fn part(self, field: u32) -> Part {
        use Part::{Message, Numbers, Text, View};
        match (self, field) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Message(Self::Graph),
            (Self::Model, 20) => Message(Self::Training),
            (Self::Model, 25) => Message(Self::Function),
            (Self::Model, 8) | (Self::Function, 9) => Message(Self::OperatorSet),
            (Self::Graph, 1) | (Self::Function, 7) => Message(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Message(Self::Attribute),
            (Self::Node, 10) => Message(Self::Device),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::Sparse, 1 | 2) => Message(Self::Tensor),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Message(Self::Sparse),
            (Self::Graph, 11..=13) | (Self::Function, 12) => Message(Self::Value),
            (Self::Graph, 14) => Message(Self::Annotation),
            (Self::Attribute, 14 | 15) | (Self::ElementType, 1) | (Self::MapType | Self::Value, 2) => {
                Message(Self::Type)
            }
            (Self::Type, 1 | 8) => Message(Self::TensorType),
            (Self::Type, 4 | 9) => Message(Self::ElementType),
            (Self::Type, 5) => Message(Self::MapType),
            (Self::Type, 7) => Message(Self::Opaque),
            (Self::TensorType, 2) => Message(Self::Shape),
            (Self::Shape, 1) => Message(Self::Dimension),
            (Self::Model | Self::Function, 14)
            | (Self::Training, 3 | 4)
            | (Self::Graph, 16)
            | (Self::Node, 9)
            | (Self::Tensor, 13 | 16)
            | (Self::Value, 4)
            | (Self::Annotation, 2) => Message(Self::Pair),
            (Self::Model, 26) | (Self::Device, 2) | (Self::Attribute, 9) | (Self::Tensor, 6) => View,
            (Self::Attribute, 8) | (Self::Tensor, 1 | 7 | 11) | (Self::Sparse, 3) => Numbers(8),
            (Self::Tensor, 5) => Numbers(4),
            (Self::Model, 2 | 3 | 4 | 6)
            | (Self::Function, 1 | 4..=6 | 8 | 10 | 13)
            | (Self::Graph, 2 | 10)
            | (Self::Node, 1..=4 | 6..=8)
            | (Self::Device | Self::OperatorSet | Self::Annotation, 1)
            | (Self::Attribute, 1 | 13 | 21)
            | (Self::Tensor, 8 | 12)
            | (Self::Value, 1 | 3)
            | (Self::Type, 6)
            | (Self::Opaque | Self::Pair, 1 | 2)
            | (Self::Dimension, 2 | 3) => Text,
            _ => Part::Nothing,
        }
    }
}

/// Whether a file can be decoded without taking more than [`MOST`].
///
/// # Errors
/// [`FileError::TooLarge`], or what is wrong with the bytes.
pub(super) fn check(bytes: &[u8]) -> Result<(), FileError> {
    let mut sum = 0;
    add(&mut Wire::new(Cursor::new(bytes)), bytes, bytes.len() as u64, Kind::Model, &mut sum)
}

/// Adds what a message of `len` bytes holds to `sum`.
fn add(
    wire: &mut Wire<Cursor<&[u8]>>,
    bytes: &[u8],
    len: u64,
    kind: Kind,
    sum: &mut u64,
) -> Result<(), FileError> {
    wire.message(len, &mut |wire, field, value| {
        let own = match (kind.part(field), value) {
            (Part::Message(kind), Value::Bytes(n)) => {
                count(sum, kind.size())?;
                return add(wire, bytes, n, kind, sum);
            }
            (Part::Text, Value::Bytes(n)) => n.saturating_add(size_of::<String>() as u64),
            (Part::View, Value::Bytes(_)) => size_of::<bytes::Bytes>() as u64,
            (Part::Numbers(each), Value::Number(_)) => each,
            // Packed: many numbers in one field, each with one last byte.
            (Part::Numbers(each), Value::Bytes(n)) => {
                let from = usize::try_from(wire.at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let own = &from[..from.len().min(usize::try_from(n).unwrap_or(usize::MAX))];
                each.saturating_mul(own.iter().filter(|byte| **byte < 0x80).count() as u64)
            }
            _ => 0,
        };
        count(sum, own)
    })
}

fn count(sum: &mut u64, own: u64) -> Result<(), FileError> {
    *sum = sum.saturating_add(own);
    if *sum > MOST { Err(FileError::TooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::onnx::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, parse};
    use super::*;

    fn model(graph: GraphProto) -> Vec<u8> {
        ModelProto { graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
    }

    fn node(attribute: Vec<AttributeProto>) -> GraphProto {
        GraphProto { node: vec![NodeProto { attribute, ..NodeProto::default() }], ..GraphProto::default() }
    }

    fn size(bytes: &[u8]) -> u64 {
        let mut sum = 0;
        add(&mut Wire::new(Cursor::new(bytes)), bytes, bytes.len() as u64, Kind::Model, &mut sum)
            .expect("read");
        sum
    }

    /// Two bytes each in the file; together they would take more than a gigabyte.
    #[test]
    fn a_small_file_of_many_empty_attributes_is_refused() {
        let count = usize::try_from(MOST / Kind::Attribute.size()).expect("a number");
        let message = |tag: u8, content: Vec<u8>| {
            let mut bytes = vec![tag];
            super::super::wire::write_varint(&mut bytes, content.len() as u64);
            [bytes, content].concat()
        };
        let attributes = |count: usize| [0x2a, 0].repeat(count);
        let file = |count| message(0x3a, message(0x0a, attributes(count)));
        let small = file(count + 1);
        assert!(small.len() < 4_000_000, "{}", small.len());
        assert!(matches!(parse(small), Err(FileError::TooLarge)));
        assert!(parse(file(1000)).is_ok());
        assert_eq!(size(&file(1000)) - size(&file(0)), 1000 * Kind::Attribute.size());
    }

    #[test]
    fn packed_numbers_count_as_what_they_become() {
        let tensor = TensorProto { int64_data: vec![3; 1000], ..TensorProto::default() };
        let bytes = model(GraphProto { initializer: vec![tensor], ..GraphProto::default() });
        assert!(bytes.len() < 1100);
        assert!((8000..9000).contains(&size(&bytes)), "{}", size(&bytes));
        let ints = AttributeProto { ints: vec![1 << 40; 1000], ..AttributeProto::default() };
        let counted = size(&model(node(vec![ints]))) - size(&model(node(vec![AttributeProto::default()])));
        assert_eq!(counted, 8000);
    }

    /// What is a view of the file takes nothing: networks are mostly weights.
    #[test]
    fn weights_as_bytes_are_not_counted() {
        let with = |count: usize| {
            let weights = TensorProto::of_floats("w", &[count as i64], &vec![1.0; count]);
            size(&model(GraphProto { initializer: vec![weights], ..GraphProto::default() }))
        };
        assert_eq!(with(100_000), with(1));
    }
}
