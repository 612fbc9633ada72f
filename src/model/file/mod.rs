//! The contents of an ONNX file, read from its bytes without ONNX Runtime.
//!
//! An ONNX file is one protobuf message, `ModelProto`; field numbers are those of the ONNX project's
//! `onnx.proto`. Weights are skipped, not read, so a file of gigabytes costs no more than a small one, and
//! nothing that the file declares makes us reserve memory.

mod any_size;
mod decoded_size;
mod graph_ends;
mod messages;
pub mod onnx;
mod wire;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub(super) use any_size::{allow_any_size, open_sizes};
pub use graph_ends::GraphEnds;

use serde::{Deserialize, Serialize};

use super::ModelError;
use crate::file_kind::FileKind;
use messages::Graph;
use wire::{Value, Wire};

/// Why bytes can't be read as an ONNX file; each message is the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it is empty")]
    Empty,
    /// Another kind of file, named in the message.
    #[error("{0}")]
    Other(&'static str),
    /// A folder, pipe, socket or device, named in the message.
    #[error("it is {0}, not a file")]
    NoFile(&'static str),
    #[error("it is damaged or of another format")]
    NotOnnx,
    #[error("it is cut short")]
    CutShort,
    /// Parts that are longer than what holds them.
    #[error("the lengths of its parts don't fit")]
    Lengths,
    #[error("its graphs are nested too deeply")]
    Nested,
    /// Parts that would take more memory than they are worth.
    #[error("its parts would take more than 1 GB of memory")]
    TooLarge,
    /// A message without a graph or without an operator set.
    #[error("it contains no model")]
    NoModel,
    #[error("{0}")]
    Io(std::io::Error),
}

/// A tensor that goes in or comes out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueInfo {
    pub name: String,
    /// ONNX's name of the element type: "float", "float16", "uint8", "int64", …
    pub element: String,
    /// One entry an axis; `None` if it is dynamic. Also empty if the file gives no shape.
    pub shape: Vec<Option<u64>>,
    /// The names of dynamic axes, next to `shape` ("batch", "height", …).
    pub symbols: Vec<Option<String>>,
}

impl ValueInfo {
    /// The shape as people write it: `1×3×640×640`, with the names of dynamic axes.
    #[must_use]
    pub fn shape_text(&self) -> String {
        let axes: Vec<String> = self
            .shape
            .iter()
            .enumerate()
            .map(|(axis, size)| match (size, self.symbols.get(axis)) {
                (Some(size), _) => size.to_string(),
                (None, Some(Some(name))) if !name.is_empty() => name.clone(),
                _ => "?".into(),
            })
            .collect();
        if axes.is_empty() { "unknown shape".into() } else { axes.join("×") }
    }

    /// The size of an axis counted from the front, if it is fixed.
    #[must_use]
    pub fn axis(&self, index: usize) -> Option<u64> {
        self.shape.get(index).copied().flatten()
    }
}

/// What the file contains: its inputs and outputs, metadata, operators and the amount of its weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphInfo {
    pub inputs: Vec<ValueInfo>,
    pub outputs: Vec<ValueInfo>,
    /// Metadata properties, in the file's order.
    pub metadata: Vec<(String, String)>,
    pub producer: String,
    /// Operator sets, (domain, version); "" is ONNX's own.
    pub opsets: Vec<(String, u64)>,
    /// Operator types that occur, as (domain, type), sorted, each once.
    pub operators: Vec<(String, String)>,
    /// Elements of the weights by type, as ONNX names them.
    pub weights: BTreeMap<String, u64>,
    /// Files that the weights lie in, next to the model.
    pub external_data: Vec<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Its first and last operations.
    pub ends: GraphEnds,
}

impl GraphInfo {
    /// A metadata property.
    #[must_use]
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The files that hold its weights besides the model's own at `path`.
    pub fn external_files(&self, path: &Path) -> impl Iterator<Item = PathBuf> {
        let folder = path.parent().unwrap_or(Path::new(""));
        self.external_data.iter().map(|name| folder.join(name))
    }

    /// The output of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&ValueInfo> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// Whether an operator type occurs, in any domain.
    #[must_use]
    pub fn has_operator(&self, kind: &str) -> bool {
        self.operators.iter().any(|(_, k)| k == kind)
    }

    /// The precision of the weights in a word: `int8` where most are quantised, else `float16` or `float32`.
    #[must_use]
    pub fn precision(&self) -> &'static str {
        let count = |names: &[&str]| names.iter().filter_map(|n| self.weights.get(*n)).sum::<u64>();
        let (int8, half, full) =
            (count(&["int8", "uint8"]), count(&["float16", "bfloat16"]), count(&["float"]));
        if int8 > half && int8 > full {
            "int8"
        } else if half > full {
            "float16"
        } else {
            "float32"
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ModelError::NoFile`], [`ModelError::Unreadable`], or [`ModelError::NotOnnx`] with what is wrong.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let unreadable = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => ModelError::NoFile { path: path.to_owned() },
            _ => ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() },
        };
        let not_onnx = |reason| ModelError::NotOnnx { path: path.to_owned(), reason };
        // Before it is opened: opening a named pipe waits until somebody writes into it.
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if let Some(kind) = FileKind::unless_file(&metadata) {
            return Err(not_onnx(FileError::NoFile(kind.name())));
        }
        let file = File::open(path).map_err(unreadable)?;
        Self::parse(file, metadata.len()).map_err(not_onnx)
    }

    /// Reads `len` bytes of an ONNX file.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn parse(mut reader: impl Read + Seek, len: u64) -> Result<Self, FileError> {
        if len == 0 {
            return Err(FileError::Empty);
        }
        if let Some(other) = other_kind(&mut reader) {
            return Err(FileError::Other(other));
        }
        let mut wire = Wire::new(reader);
        let mut info = Self { bytes: len, ..Self::default() };
        let mut graph = Graph::default();
        let mut seen_graph = false;
        wire.message(len, &mut |wire, field, value| {
            match (field, value) {
                (2, Value::Bytes(n)) => info.producer = wire.text(n)?,
                (7, Value::Bytes(n)) => {
                    seen_graph = true;
                    wire.graph(n, &mut graph, true)?;
                }
                (8, Value::Bytes(n)) => info.opsets.push(wire.opset(n)?),
                (14, Value::Bytes(n)) => info.metadata.push(wire.pair(n)?),
                (20, Value::Bytes(n)) => wire.training(n, &mut graph)?,
                (25, Value::Bytes(n)) => wire.function(n, &mut graph)?,
                _ => {}
            }
            Ok(())
        })?;
        if !seen_graph || info.opsets.is_empty() {
            return Err(FileError::NoModel);
        }
        // Old exporters list weights among the inputs.
        graph.inputs.retain(|input| !graph.weight_names.contains(&input.name));
        info.inputs = graph.inputs;
        info.outputs = graph.outputs;
        info.operators = graph.operators.into_iter().collect();
        info.weights = graph.weights;
        info.ends = graph.ends;
        info.external_data = graph.external.into_iter().collect();
        Ok(info)
    }
}

/// What people often have instead of a model, by its first bytes.
fn other_kind(reader: &mut (impl Read + Seek)) -> Option<&'static str> {
    let mut head = Vec::with_capacity(16);
    let _ = reader.by_ref().take(16).read_to_end(&mut head);
    let _ = reader.seek(SeekFrom::Start(0));
    let text = head.trim_ascii_start();
    if head.starts_with(b"version https://") {
        Some("it is a Git LFS pointer, not the model itself")
    } else if text.starts_with(b"<!") || text.starts_with(b"<h") || text.starts_with(b"<?xml") {
        Some("it is a web page, not a model")
    } else if head.starts_with(b"PK\x03\x04") {
        Some("it is a zip archive (perhaps a PyTorch model, which must be exported to ONNX first)")
    } else if head.starts_with(&[0x1f, 0x8b]) {
        Some("it is compressed with gzip and must be unpacked first")
    } else if head.get(4..8) == Some(b"TFL3") {
        Some("it is a TensorFlow Lite model")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A field of bytes, in protobuf's wire format.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for mut n in [usize::from(number) << 3 | 2, bytes.len()] {
            while n > 0x7f {
                out.push((n & 0x7f) as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
        }
        out.extend_from_slice(bytes);
        out
    }

    fn number(field: u8, value: u8) -> Vec<u8> {
        vec![field << 3, value]
    }

    /// A model with one input 1×batch and an If node that hides a second operator.
    fn small_model() -> Vec<u8> {
        let shape = [field(1, &number(1, 1)), field(1, &field(2, b"batch"))].concat();
        let kind = field(1, &[number(1, 1), field(2, &shape)].concat());
        let port = [field(1, b"x"), field(2, &kind)].concat();
        let inner = field(1, &field(4, b"Secret"));
        let node = [field(4, b"If"), field(5, &field(6, &inner))].concat();
        let weight = [number(1, 4), number(1, 5), number(2, 3), field(8, b"w")].concat();
        let graph = [
            field(1, &node),
            field(5, &weight),
            field(11, &port),
            field(11, &field(1, b"w")),
            field(12, &port),
        ]
        .concat();
        [
            number(1, 8),
            field(2, b"pytorch"),
            field(7, &graph),
            field(8, &number(2, 17)),
            field(14, &[field(1, b"stride"), field(2, b"32")].concat()),
        ]
        .concat()
    }

    fn parse(bytes: &[u8]) -> Result<GraphInfo, FileError> {
        GraphInfo::parse(Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn inputs_operators_and_metadata_are_read() {
        let info = parse(&small_model()).expect("a whole model");
        assert_eq!(info.inputs.len(), 1, "a weight is no input");
        assert_eq!(info.inputs[0].shape_text(), "1×batch");
        assert_eq!(info.inputs[0].element, "float");
        assert_eq!(info.meta("stride"), Some("32"));
        assert_eq!(info.opsets, [(String::new(), 17)]);
        assert!(info.has_operator("Secret"), "operators in subgraphs count");
        assert_eq!(info.weights["int8"], 20);
        assert_eq!(info.precision(), "int8");
    }

    /// Field numbers of onnx.proto: a tensor may lie in an initializer, a sparse one, an attribute of a node in any graph, or
    /// a function; each may name another file.
    #[test]
    fn weights_in_other_files_are_seen_wherever_they_are_named() {
        let tensor = |file: &str| field(13, &[field(1, b"location"), field(2, file.as_bytes())].concat());
        let sparse = [field(1, &tensor("values")), field(2, &tensor("indices"))].concat();
        let attribute = [
            field(5, &tensor("tensor")),
            field(10, &tensor("tensors")),
            field(22, &field(1, &tensor("sparse"))),
            field(23, &field(2, &tensor("sparses"))),
            field(6, &field(5, &tensor("graph"))),
            field(11, &field(15, &field(1, &tensor("graphs")))),
        ]
        .concat();
        let node = field(1, &[field(4, b"Constant"), field(5, &attribute)].concat());
        let graph = [node, field(5, &tensor("dense")), field(15, &sparse)].concat();
        let function =
            [field(7, &field(5, &field(5, &tensor("function")))), field(11, &field(5, &tensor("default")))]
                .concat();
        let model = [
            field(7, &graph),
            field(8, &number(2, 17)),
            field(20, &field(1, &field(5, &tensor("training")))),
            field(25, &function),
        ]
        .concat();
        let mut named = parse(&model).expect("a model").external_data;
        named.sort();
        assert_eq!(
            named,
            [
                "default", "dense", "function", "graph", "graphs", "indices", "sparse", "sparses", "tensor",
                "tensors", "training", "values"
            ]
        );
    }

    #[test]
    fn every_cut_is_an_error_and_none_panics() {
        let model = small_model();
        for len in 0..model.len() {
            // A cut between two top-level fields reads as a smaller message, but without all it needs.
            let info = parse(&model[..len]);
            assert!(info.is_err() || info.is_ok_and(|f| f.metadata.is_empty()), "cut at {len}");
        }
    }

    #[test]
    fn what_is_no_model_is_named() {
        assert!(parse(b"").is_err_and(|e| e.to_string().contains("empty")));
        assert!(parse(b"<!DOCTYPE html><html>").is_err());
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
        assert!(parse(pointer).is_err());
        // What `gzip` writes for an empty file.
        let zipped = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";
        assert!(parse(zipped).is_err_and(|e| e.to_string().contains("gzip")));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(0u8.., 0..400)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_damaged_byte_is_read_or_refused(at in 0usize..1000, value in 0u8..) {
            let mut model = small_model();
            let at = at % model.len();
            model[at] = value;
            let _ = parse(&model);
        }
    }
}
