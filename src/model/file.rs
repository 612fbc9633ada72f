//! What an ONNX file says of itself, read from its bytes without ONNX Runtime.
//!
//! An ONNX file is one protobuf message, `ModelProto`; field numbers are those of the ONNX project's
//! `onnx.proto`. Weights are skipped, not read, so a file of gigabytes costs no more than a small one, and
//! nothing that the file declares makes us reserve memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::ModelError;
use super::steps::Steps;

/// A tensor that goes in or comes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// ONNX's name of the element type: "float", "float16", "uint8", "int64", …
    pub element: String,
    /// One entry an axis; `None` where it is dynamic. Empty also where the file gives no shape.
    pub shape: Vec<Option<u64>>,
    /// The names of dynamic axes, beside `shape` ("batch", "height", …).
    pub symbols: Vec<Option<String>>,
}

impl Port {
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

    /// The size of an axis counted from the front, where it is fixed.
    #[must_use]
    pub fn axis(&self, index: usize) -> Option<u64> {
        self.shape.get(index).copied().flatten()
    }
}

/// What the file says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// Metadata properties, in the file's order.
    pub metadata: Vec<(String, String)>,
    pub producer: String,
    /// Operator sets, (domain, version); "" is ONNX's own.
    pub opsets: Vec<(String, u64)>,
    /// Operator types that occur, as (domain, type), sorted, each once.
    pub operators: Vec<(String, String)>,
    /// Elements of the weights by type, as ONNX names them.
    pub weights: BTreeMap<String, u64>,
    /// Files that the weights lie in, beside the model.
    pub external_data: Vec<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Its first and last operations.
    pub steps: Steps,
}

impl Facts {
    /// A metadata property.
    #[must_use]
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The output of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Port> {
        self.outputs.iter().find(|port| port.name == name)
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

    /// Reads the facts of a file.
    ///
    /// # Errors
    /// [`ModelError::NoFile`], [`ModelError::Unreadable`], or [`ModelError::NotOnnx`] with what is wrong.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let unreadable = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => ModelError::NoFile { path: path.to_owned() },
            _ => ModelError::Unreadable { path: path.to_owned(), reason: e.to_string() },
        };
        let file = File::open(path).map_err(unreadable)?;
        let meta = file.metadata().map_err(unreadable)?;
        if !meta.is_file() {
            return Err(ModelError::Unreadable { path: path.to_owned(), reason: "it is not a file".into() });
        }
        Self::parse(BufReader::new(file), meta.len())
            .map_err(|reason| ModelError::NotOnnx { path: path.to_owned(), reason })
    }

    /// Reads the facts from `len` bytes of an ONNX file.
    ///
    /// # Errors
    /// What is wrong with the bytes, as the end of a sentence.
    pub fn parse(reader: impl Read + Seek, len: u64) -> Result<Self, String> {
        if len == 0 {
            return Err("it is empty".into());
        }
        let mut wire = Wire { reader, at: 0, depth: 0 };
        if let Some(other) = wire.what_it_is_instead() {
            return Err(other.into());
        }
        let mut facts = Self { bytes: len, ..Self::default() };
        let mut graph = Graph::default();
        let mut seen_graph = false;
        wire.message(len, &mut |wire, field, value| {
            match (field, value) {
                (2, Value::Bytes(n)) => facts.producer = wire.text(n)?,
                (7, Value::Bytes(n)) => {
                    seen_graph = true;
                    wire.graph(n, &mut graph, true)?;
                }
                (8, Value::Bytes(n)) => facts.opsets.push(wire.opset(n)?),
                (14, Value::Bytes(n)) => facts.metadata.push(wire.pair(n)?),
                (25, Value::Bytes(n)) => wire.function(n, &mut graph)?,
                _ => {}
            }
            Ok(())
        })?;
        if !seen_graph || facts.opsets.is_empty() {
            return Err("it holds no model".into());
        }
        // Exporters of old list weights among the inputs.
        graph.inputs.retain(|port| !graph.weight_names.contains(&port.name));
        facts.inputs = graph.inputs;
        facts.outputs = graph.outputs;
        facts.operators = graph.operators.into_iter().collect();
        facts.weights = graph.weights;
        facts.steps = graph.steps;
        facts.external_data = graph.external.into_iter().collect();
        Ok(facts)
    }
}

/// What is gathered from graphs and their subgraphs.
#[derive(Default)]
struct Graph {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    weight_names: BTreeSet<String>,
    operators: BTreeSet<(String, String)>,
    weights: BTreeMap<String, u64>,
    external: BTreeSet<String>,
    steps: Steps,
}

/// A field's value; the content of a length-delimited one is still to be read.
#[derive(Clone, Copy)]
enum Value {
    Number(u64),
    Bytes(u64),
    Fixed,
}

/// Reads protobuf's wire format.
struct Wire<R> {
    reader: R,
    at: u64,
    depth: u32,
}

/// Texts longer than this are no names; they are cut.
const LONGEST_TEXT: u64 = 1 << 20;
/// Subgraphs within subgraphs deeper than this are no honest model.
const DEEPEST: u32 = 64;

type Field<'a, R> = dyn FnMut(&mut Wire<R>, u32, Value) -> Result<(), String> + 'a;

impl<R: Read + Seek> Wire<R> {
    fn byte(&mut self) -> Result<u8, String> {
        let mut byte = [0];
        self.reader.read_exact(&mut byte).map_err(|_| "it is cut short".to_owned())?;
        self.at += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("its bytes are no ONNX".into())
    }

    fn float(&mut self) -> Result<f32, String> {
        Ok(f32::from_le_bytes([self.byte()?, self.byte()?, self.byte()?, self.byte()?]))
    }

    fn skip_to(&mut self, target: u64) -> Result<(), String> {
        // A message inside that says it is longer than the one around it was read beyond its end.
        let by = target
            .checked_sub(self.at)
            .and_then(|n| i64::try_from(n).ok())
            .ok_or("its lengths are absurd")?;
        self.reader.seek(SeekFrom::Current(by)).map_err(|e| e.to_string())?;
        self.at = target;
        Ok(())
    }

    /// Calls `each` for every field of a message of `len` bytes; what it leaves unread is skipped.
    fn message(&mut self, len: u64, each: &mut Field<'_, R>) -> Result<(), String> {
        let end = self.at.checked_add(len).ok_or("its lengths are absurd")?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("its graphs are nested too deeply".into());
        }
        while self.at < end {
            let key = self.varint()?;
            let field = u32::try_from(key >> 3).map_err(|_| "its bytes are no ONNX")?;
            let (value, next) = match key & 7 {
                0 => (Value::Number(self.varint()?), self.at),
                1 => (Value::Fixed, self.at + 8),
                2 => {
                    let n = self.varint()?;
                    (Value::Bytes(n), self.at.checked_add(n).ok_or("its lengths are absurd")?)
                }
                5 => (Value::Fixed, self.at + 4),
                _ => return Err("its bytes are no ONNX".into()),
            };
            if field == 0 {
                return Err("its bytes are no ONNX".into());
            }
            if next > end {
                return Err("it is cut short".into());
            }
            each(self, field, value)?;
            self.skip_to(next)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn text(&mut self, len: u64) -> Result<String, String> {
        let mut bytes = Vec::new();
        let take = len.min(LONGEST_TEXT);
        let got = (&mut self.reader).take(take).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        self.at += got as u64;
        if (got as u64) < take {
            return Err("it is cut short".into());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// `StringStringEntryProto`: key 1, value 2.
    fn pair(&mut self, len: u64) -> Result<(String, String), String> {
        let (mut key, mut text) = (String::new(), String::new());
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) => key = wire.text(n)?,
                (2, Value::Bytes(n)) => text = wire.text(n)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok((key, text))
    }

    /// `OperatorSetIdProto`: domain 1, version 2.
    fn opset(&mut self, len: u64) -> Result<(String, u64), String> {
        let (mut domain, mut version) = (String::new(), 0);
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) => domain = wire.text(n)?,
                (2, Value::Number(n)) => version = n,
                _ => {}
            }
            Ok(())
        })?;
        Ok((domain, version))
    }

    /// `GraphProto`: node 1, initializer 5, input 11, output 12, sparse initializer 15.
    fn graph(&mut self, len: u64, graph: &mut Graph, top: bool) -> Result<(), String> {
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) => wire.node(n, graph, top)?,
                (5, Value::Bytes(n)) => {
                    wire.weight(n, graph)?;
                }
                (11, Value::Bytes(n)) if top => {
                    let port = wire.port(n)?;
                    graph.inputs.push(port);
                }
                (12, Value::Bytes(n)) if top => {
                    let port = wire.port(n)?;
                    graph.outputs.push(port);
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// `FunctionProto`: node 7.
    fn function(&mut self, len: u64, graph: &mut Graph) -> Result<(), String> {
        self.message(len, &mut |wire, field, value| match (field, value) {
            (7, Value::Bytes(n)) => wire.node(n, graph, false),
            _ => Ok(()),
        })
    }

    /// `NodeProto`: input 1, output 2, `op_type` 4, attribute 5, domain 7. Attributes may hold graphs (6, 11) and tensors (5).
    fn node(&mut self, len: u64, graph: &mut Graph, top: bool) -> Result<(), String> {
        let (mut kind, mut domain) = (String::new(), String::new());
        let (mut inputs, mut output, mut constant) = (Vec::new(), String::new(), None);
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) if top && graph.steps.wants_inputs() => inputs.push(wire.text(n)?),
                (2, Value::Bytes(n)) if top && output.is_empty() => output = wire.text(n)?,
                (4, Value::Bytes(n)) => kind = wire.text(n)?,
                (7, Value::Bytes(n)) => domain = wire.text(n)?,
                (5, Value::Bytes(n)) => {
                    wire.message(n, &mut |wire, field, value| match (field, value) {
                        (6 | 11, Value::Bytes(n)) => wire.graph(n, graph, false),
                        (5, Value::Bytes(n)) => {
                            constant = wire.weight(n, graph)?;
                            Ok(())
                        }
                        _ => Ok(()),
                    })?;
                }
                _ => {}
            }
            Ok(())
        })?;
        if top {
            if let ("Constant", Some(value)) = (kind.as_str(), constant) {
                graph.steps.constant(output, value);
            }
            graph.steps.push(&kind, inputs);
        }
        graph.operators.insert((domain, kind));
        Ok(())
    }

    /// `TensorProto`: dims 1, `data_type` 2, `float_data` 4, name 8, `raw_data` 9, `external_data` 13. Answers the first value of
    /// a handful of floats.
    fn weight(&mut self, len: u64, graph: &mut Graph) -> Result<Option<f32>, String> {
        /// A constant a colour is a handful; weights are more.
        const HANDFUL: u64 = 16;
        let (mut name, mut kind, mut elements) = (String::new(), 0, 1u64);
        let mut first = None;
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Number(n)) => elements = elements.saturating_mul(n),
                // Packed: many numbers in one field.
                (1, Value::Bytes(n)) => {
                    let end = wire.at + n;
                    while wire.at < end {
                        elements = elements.saturating_mul(wire.varint()?);
                    }
                }
                (2, Value::Number(n)) => kind = n,
                (4 | 9, Value::Bytes(n)) if kind == 1 && (4..=HANDFUL).contains(&n) => {
                    first = Some(wire.float()?);
                }
                (8, Value::Bytes(n)) => name = wire.text(n)?,
                (13, Value::Bytes(n)) => {
                    let (key, place) = wire.pair(n)?;
                    if key == "location" {
                        graph.external.insert(place);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        let sum = graph.weights.entry(element_name(kind).to_owned()).or_default();
        *sum = sum.saturating_add(elements);
        if !name.is_empty() {
            if let Some(value) = first {
                graph.steps.constant(name.clone(), value);
            }
            graph.weight_names.insert(name);
        }
        Ok(first)
    }

    /// `ValueInfoProto`: name 1, type 2 → `TypeProto`: tensor 1 → element 1, shape 2 → dim 1 → value 1, name 2.
    fn port(&mut self, len: u64) -> Result<Port, String> {
        let mut port = Port { element: "no tensor".into(), ..Port::default() };
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) => port.name = wire.text(n)?,
                (2, Value::Bytes(n)) => wire.message(n, &mut |wire, field, value| match (field, value) {
                    (1, Value::Bytes(n)) => wire.tensor_type(n, &mut port),
                    _ => Ok(()),
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(port)
    }

    fn tensor_type(&mut self, len: u64, port: &mut Port) -> Result<(), String> {
        self.message(len, &mut |wire, field, value| match (field, value) {
            (1, Value::Number(n)) => {
                element_name(n).clone_into(&mut port.element);
                Ok(())
            }
            (2, Value::Bytes(n)) => wire.message(n, &mut |wire, field, value| match (field, value) {
                (1, Value::Bytes(n)) => wire.dimension(n, port),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })
    }

    fn dimension(&mut self, len: u64, port: &mut Port) -> Result<(), String> {
        let (mut size, mut symbol) = (None, None);
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                // Some exporters write a dynamic axis as 0 or −1.
                (1, Value::Number(n)) => size = i64::try_from(n).ok().filter(|n| *n > 0).map(|n| n as u64),
                (2, Value::Bytes(n)) => symbol = Some(wire.text(n)?),
                _ => {}
            }
            Ok(())
        })?;
        port.shape.push(size);
        port.symbols.push(symbol);
        Ok(())
    }

    /// For a file that reads as protobuf (or not at all) but isn't a model.
    /// What people often have in place of a model, told by its first bytes.
    fn what_it_is_instead(&mut self) -> Option<&'static str> {
        let mut head = Vec::with_capacity(16);
        let _ = self.reader.by_ref().take(16).read_to_end(&mut head);
        let _ = self.reader.seek(SeekFrom::Start(0));
        let text = head.trim_ascii_start();
        if head.starts_with(b"version https://") {
            Some("it is a Git LFS pointer, not the model itself")
        } else if text.starts_with(b"<!") || text.starts_with(b"<h") || text.starts_with(b"<?xml") {
            Some("it is a web page, not a model")
        } else if head.starts_with(b"PK\x03\x04") {
            Some("it is a zip archive (perhaps a PyTorch model, which must be exported to ONNX first)")
        } else if head.get(4..8) == Some(b"TFL3") {
            Some("it is a TensorFlow Lite model")
        } else {
            None
        }
    }
}

/// ONNX's name of `TensorProto.DataType`.
fn element_name(kind: u64) -> &'static str {
    match kind {
        1 => "float",
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 => "int32",
        7 => "int64",
        8 => "string",
        9 => "bool",
        10 => "float16",
        11 => "double",
        12 => "uint32",
        13 => "uint64",
        16 => "bfloat16",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A field of bytes, in protobuf's wire format.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut n = bytes.len();
        while n > 0x7f {
            out.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
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

    fn parse(bytes: &[u8]) -> Result<Facts, String> {
        Facts::parse(Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn a_model_tells_its_ports_operators_and_metadata() {
        let facts = parse(&small_model()).expect("a whole model");
        assert_eq!(facts.inputs.len(), 1, "a weight is no input");
        assert_eq!(facts.inputs[0].shape_text(), "1×batch");
        assert_eq!(facts.inputs[0].element, "float");
        assert_eq!(facts.meta("stride"), Some("32"));
        assert_eq!(facts.opsets, [(String::new(), 17)]);
        assert!(facts.has_operator("Secret"), "operators in subgraphs count");
        assert_eq!(facts.weights["int8"], 20);
        assert_eq!(facts.precision(), "int8");
    }

    #[test]
    fn every_cut_is_an_error_and_none_panics() {
        let model = small_model();
        for len in 0..model.len() {
            // A cut between two top-level fields reads as a smaller message, but without all it needs.
            let facts = parse(&model[..len]);
            assert!(facts.is_err() || facts.is_ok_and(|f| f.metadata.is_empty()), "cut at {len}");
        }
    }

    #[test]
    fn what_is_no_model_is_named() {
        assert!(parse(b"").is_err_and(|e| e.contains("empty")));
        assert!(parse(b"<!DOCTYPE html><html>").is_err());
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
        assert!(parse(pointer).is_err());
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
