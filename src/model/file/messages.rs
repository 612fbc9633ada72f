//! The messages of a model that are read without its weights: graphs with their nodes and weights, inputs and outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use super::graph_ends::GraphEnds;
use super::wire::{Value, Wire};
use super::{FileError, ValueInfo};

/// The parts of graphs and their subgraphs that matter here.
#[derive(Default)]
pub(super) struct Graph {
    pub inputs: Vec<ValueInfo>,
    pub outputs: Vec<ValueInfo>,
    pub weight_names: BTreeSet<String>,
    pub operators: BTreeSet<(String, String)>,
    pub weights: BTreeMap<String, u64>,
    pub external: BTreeSet<String>,
    pub ends: GraphEnds,
}

impl<R: Read + Seek> Wire<R> {
    /// `StringStringEntryProto`: key 1, value 2.
    pub fn pair(&mut self, len: u64) -> Result<(String, String), FileError> {
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
    pub fn opset(&mut self, len: u64) -> Result<(String, u64), FileError> {
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
    pub fn graph(&mut self, len: u64, graph: &mut Graph, top: bool) -> Result<(), FileError> {
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) => wire.node(n, graph, top)?,
                (5, Value::Bytes(n)) => {
                    wire.weight(n, graph)?;
                }
                (15, Value::Bytes(n)) => wire.sparse_weight(n, graph)?,
                (11, Value::Bytes(n)) if top => {
                    let info = wire.value_info(n)?;
                    graph.inputs.push(info);
                }
                (12, Value::Bytes(n)) if top => {
                    let info = wire.value_info(n)?;
                    graph.outputs.push(info);
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// `FunctionProto`: node 7, default attributes 11.
    pub fn function(&mut self, len: u64, graph: &mut Graph) -> Result<(), FileError> {
        self.message(len, &mut |wire, field, value| match (field, value) {
            (7, Value::Bytes(n)) => wire.node(n, graph, false),
            (11, Value::Bytes(n)) => wire.attribute(n, graph).map(drop),
            _ => Ok(()),
        })
    }

    /// `TrainingInfoProto`: its graphs are 1 and 2.
    pub fn training(&mut self, len: u64, graph: &mut Graph) -> Result<(), FileError> {
        self.message(len, &mut |wire, field, value| match (field, value) {
            (1 | 2, Value::Bytes(n)) => wire.graph(n, graph, false),
            _ => Ok(()),
        })
    }

    /// `AttributeProto`: tensor 5, graph 6, tensors 10, graphs 11, sparse tensor 22, sparse tensors 23. Returns what
    /// [`Self::weight`] returns for its tensor.
    fn attribute(&mut self, len: u64, graph: &mut Graph) -> Result<Option<f32>, FileError> {
        let mut constant = None;
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (6 | 11, Value::Bytes(n)) => wire.graph(n, graph, false)?,
                (5 | 10, Value::Bytes(n)) => constant = wire.weight(n, graph)?,
                (22 | 23, Value::Bytes(n)) => wire.sparse_weight(n, graph)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(constant)
    }

    /// `SparseTensorProto`: values 1 and indices 2, both tensors.
    fn sparse_weight(&mut self, len: u64, graph: &mut Graph) -> Result<(), FileError> {
        self.message(len, &mut |wire, field, value| match (field, value) {
            (1 | 2, Value::Bytes(n)) => wire.weight(n, graph).map(drop),
            _ => Ok(()),
        })
    }

    /// `NodeProto`: input 1, output 2, `op_type` 4, attribute 5, domain 7.
    fn node(&mut self, len: u64, graph: &mut Graph, top: bool) -> Result<(), FileError> {
        let (mut kind, mut domain) = (String::new(), String::new());
        let (mut inputs, mut output, mut constant) = (Vec::new(), String::new(), None);
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) if top && graph.ends.needs_inputs() => inputs.push(wire.text(n)?),
                (2, Value::Bytes(n)) if top && output.is_empty() => output = wire.text(n)?,
                (4, Value::Bytes(n)) => kind = wire.text(n)?,
                (7, Value::Bytes(n)) => domain = wire.text(n)?,
                (5, Value::Bytes(n)) => constant = wire.attribute(n, graph)?.or(constant),
                _ => {}
            }
            Ok(())
        })?;
        if top {
            if let ("Constant", Some(value)) = (kind.as_str(), constant) {
                graph.ends.constant(output, value);
            }
            graph.ends.push(&kind, inputs);
        }
        graph.operators.insert((domain, kind));
        Ok(())
    }

    /// `TensorProto`: dims 1, `data_type` 2, `float_data` 4, name 8, `raw_data` 9, `external_data` 13. Returns the first value of
    /// a handful of floats.
    fn weight(&mut self, len: u64, graph: &mut Graph) -> Result<Option<f32>, FileError> {
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
                graph.ends.constant(name.clone(), value);
            }
            graph.weight_names.insert(name);
        }
        Ok(first)
    }

    /// `ValueInfoProto`: name 1, type 2 → `TypeProto`: tensor 1 → element 1, shape 2 → dim 1 → value 1, name 2.
    fn value_info(&mut self, len: u64) -> Result<ValueInfo, FileError> {
        let mut info = ValueInfo { element: "no tensor".into(), ..ValueInfo::default() };
        self.message(len, &mut |wire, field, value| {
            match (field, value) {
                (1, Value::Bytes(n)) => info.name = wire.text(n)?,
                (2, Value::Bytes(n)) => wire.message(n, &mut |wire, field, value| match (field, value) {
                    (1, Value::Bytes(n)) => wire.tensor_type(n, &mut info),
                    _ => Ok(()),
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(info)
    }

    fn tensor_type(&mut self, len: u64, info: &mut ValueInfo) -> Result<(), FileError> {
        self.message(len, &mut |wire, field, value| match (field, value) {
            (1, Value::Number(n)) => {
                element_name(n).clone_into(&mut info.element);
                Ok(())
            }
            (2, Value::Bytes(n)) => wire.message(n, &mut |wire, field, value| match (field, value) {
                (1, Value::Bytes(n)) => wire.dimension(n, info),
                _ => Ok(()),
            }),
            _ => Ok(()),
        })
    }

    fn dimension(&mut self, len: u64, info: &mut ValueInfo) -> Result<(), FileError> {
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
        info.shape.push(size);
        info.symbols.push(symbol);
        Ok(())
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
