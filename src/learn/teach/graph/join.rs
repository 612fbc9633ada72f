//! A backbone's graph as far as the embedding, with a head behind it and, where asked for, the preparation of raw bytes before it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use prost::Message as _;

use super::external::{MOST_BYTES, TOO_LARGE, inline};
use crate::learn::teach::{Head, Layer, Pooling};
use crate::model::families::Family;
use crate::model::file::onnx::tensor_shape_proto::{Dimension, dimension};
use crate::model::file::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, attribute_type, data_type, type_proto,
};
use crate::model::sidecar::{METADATA_KEY, Sidecar};
use crate::model::spec::{ColourOrder, Element, InputSpec, Layout, Range};

/// ONNX's number of 32-bit integers.
const INT32: i32 = 6;
/// The oldest operator set whose operators are used here as they are written.
const OLDEST: i64 = 9;
/// Keys of the backbone's metadata that stay true of what is made of it.
const KEPT: [&str; 2] = ["author", "license"];

/// What is joined.
pub(in super::super) struct Join<'a> {
    pub model: ModelProto,
    /// Where the model lies, for weights in other files.
    pub folder: &'a Path,
    pub tensor: &'a str,
    pub pooling: Pooling,
    /// How the model's image is prepared.
    pub input: &'a InputSpec,
    /// `None`: the embedding itself comes out.
    pub head: Option<(&'a Head, &'a [String])>,
    /// Raw bytes go in.
    pub bytes: bool,
    /// More metadata.
    pub about: Vec<(String, String)>,
}

/// Makes the model.
///
/// # Errors
/// Why it can't be made, as the end of a sentence.
pub(in super::super) fn join(parts: Join<'_>) -> Result<ModelProto, String> {
    let Join { mut model, folder, tensor, pooling, input, head, bytes, about } = parts;
    let version = opset(&mut model);
    if version < OLDEST {
        return Err(format!(
            "its operator set {version} is older than {OLDEST}, the oldest that a head can be joined to"
        ));
    }
    let mut graph = model.graph.take().ok_or("it has no graph")?;
    cut(&mut graph, tensor)?;
    inline(&mut graph, folder)?;
    let image = match &graph.input[..] {
        [image] => image,
        [] => return Err("its embedding is the same for every image".into()),
        _ => return Err(format!("besides the image it needs {}", others(&graph, &input.name))),
    };
    if image.name() != input.name {
        return Err(format!("its embedding doesn't come from the image \u{201c}{}\u{201d}", input.name));
    }
    let batch = fix_size(&mut graph.input[0], input);
    let mut writer = Writer { taken: names_of(&graph), graph, version };
    if bytes {
        prepare_bytes(&mut writer, input, batch.clone());
    }
    let embedding = pool(&mut writer, tensor, pooling);
    let (output, count) = match head {
        Some((head, _)) => (put_head(&mut writer, head, &embedding), head.classes()),
        None => (embedding, 0),
    };
    let count = Dimension {
        value: (count > 0).then_some(dimension::Value::DimValue(count as i64)),
        ..Dimension::default()
    };
    let mut graph = writer.graph;
    graph.output = vec![value_info(&output, data_type::FLOAT, vec![batch, count])];
    model.graph = Some(graph);
    // From version 4 on, weights needn't be listed among the inputs.
    model.ir_version = Some(model.ir_version.unwrap_or(0).max(4));
    model.training_info.clear();
    model.metadata_props = metadata(&model, input, head.map(|(_, names)| names), bytes, about);
    model.producer_name = Some("Sightline".into());
    model.producer_version = Some(env!("CARGO_PKG_VERSION").into());
    model.doc_string = None;
    if model.encoded_len() as u64 >= MOST_BYTES {
        return Err(TOO_LARGE.into());
    }
    Ok(model)
}

/// The version of ONNX's own operator set.
fn opset(model: &mut ModelProto) -> i64 {
    let own = model.opset_import.iter().find(|set| matches!(set.domain(), "" | "ai.onnx"));
    if let Some(set) = own {
        return set.version();
    }
    let version = 13;
    model.opset_import.push(OperatorSetIdProto { domain: None, version: Some(version) });
    version
}

/// The tensors that a node reads, also those that graphs inside of it read from around them.
fn inputs_of(node: &NodeProto, found: &mut Vec<String>) {
    found.extend(node.input.iter().filter(|name| !name.is_empty()).cloned());
    for graph in node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs)) {
        for inner in &graph.node {
            inputs_of(inner, found);
        }
        found.extend(graph.output.iter().map(|output| output.name().to_owned()));
    }
}

/// Leaves in a graph what `tensor` is computed from.
fn cut(graph: &mut GraphProto, tensor: &str) -> Result<(), String> {
    let producers: BTreeMap<&str, usize> = graph
        .node
        .iter()
        .enumerate()
        .flat_map(|(index, node)| node.output.iter().map(move |name| (&name[..], index)))
        .collect();
    if !producers.contains_key(tensor) {
        return Err(format!("no operation of its graph gives the tensor \u{201c}{tensor}\u{201d}"));
    }
    let mut kept = vec![false; graph.node.len()];
    let mut used: HashSet<String> = HashSet::new();
    let mut wanted = vec![tensor.to_owned()];
    while let Some(name) = wanted.pop() {
        if let Some(index) = producers.get(&name[..]).copied()
            && !std::mem::replace(&mut kept[index], true)
        {
            inputs_of(&graph.node[index], &mut wanted);
        }
        used.insert(name);
    }
    drop(producers);
    let mut keep = kept.iter();
    graph.node.retain(|_| keep.next().copied().unwrap_or(false));
    let outputs = graph.node.iter().flat_map(|node| node.output.iter().cloned());
    used.extend(outputs);
    graph.initializer.retain(|weights| used.contains(weights.name()));
    graph.sparse_initializer.retain(|s| s.values.as_ref().is_some_and(|values| used.contains(values.name())));
    let weights: HashSet<&str> = graph.initializer.iter().map(TensorProto::name).collect();
    graph.input.retain(|input| used.contains(input.name()) && !weights.contains(input.name()));
    graph.value_info.retain(|value| used.contains(value.name()));
    graph.quantization_annotation.retain(|one| used.contains(one.tensor_name()));
    graph.output.clear();
    Ok(())
}

fn others(graph: &GraphProto, image: &str) -> String {
    let others = graph.input.iter().map(ValueInfoProto::name).filter(|name| *name != image);
    others.map(|name| format!("\u{201c}{name}\u{201d}")).collect::<Vec<_>>().join(", ")
}

fn names_of(graph: &GraphProto) -> HashSet<String> {
    let values = graph.input.iter().map(|value| value.name().to_owned());
    let weights = graph.initializer.iter().map(|tensor| tensor.name().to_owned());
    let nodes =
        graph.node.iter().flat_map(|node| node.output.iter().cloned().chain([node.name().to_owned()]));
    values.chain(weights).chain(nodes).collect()
}

fn side(n: u32) -> Dimension {
    Dimension { value: Some(dimension::Value::DimValue(i64::from(n))), ..Dimension::default() }
}

fn value_info(name: &str, element: i32, dim: Vec<Dimension>) -> ValueInfoProto {
    let shape = Some(TensorShapeProto { dim });
    let tensor = type_proto::Tensor { elem_type: Some(element), shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: Some(name.to_owned()), r#type, ..ValueInfoProto::default() }
}

/// Fixes the image's width and height in the input's shape; returns its axis of the batch.
fn fix_size(image: &mut ValueInfoProto, input: &InputSpec) -> Dimension {
    let (width, height) = input.size.bound();
    let Some(type_proto::Value::TensorType(tensor)) = image.r#type.as_mut().and_then(|t| t.value.as_mut())
    else {
        return side(1);
    };
    let Some(shape) = tensor.shape.as_mut() else { return side(1) };
    let first = shape.dim.len().saturating_sub(3);
    let (row, column) = match input.layout {
        Layout::Nchw => (first + 1, first + 2),
        Layout::Nhwc => (first, first + 1),
    };
    for (place, n) in [(row, height), (column, width)] {
        if let Some(dim) = shape.dim.get_mut(place) {
            *dim = side(n);
        }
    }
    match shape.dim.first() {
        Some(batch) if first == 1 => batch.clone(),
        _ => side(1),
    }
}

/// Adds nodes to a graph under names that nothing has.
struct Writer {
    graph: GraphProto,
    taken: HashSet<String>,
    version: i64,
}

impl Writer {
    /// A name for what people see: as it is, if nothing has it.
    fn plain_name(&mut self, wanted: &str) -> String {
        if self.taken.insert(wanted.to_owned()) { wanted.to_owned() } else { self.name(wanted) }
    }

    fn name(&mut self, wanted: &str) -> String {
        let mut name = format!("teach_{wanted}");
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    fn node(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        let output = self.name(&op.to_ascii_lowercase());
        self.node_to(op, inputs, attribute, &output);
        output
    }

    fn node_to(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>, output: &str) {
        let name = self.name("node");
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            name: Some(name),
            op_type: Some(op.to_owned()),
            attribute,
            ..NodeProto::default()
        });
    }

    fn weights(&mut self, name: &str, dims: &[i64], values: &[f32]) -> String {
        let name = self.name(name);
        self.graph.initializer.push(TensorProto::of_floats(&name, dims, values));
        name
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INT),
        i: Some(value),
        ..AttributeProto::default()
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INTS),
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

/// Puts an input of raw bytes (N×H×W×3, RGB) before the image's: its colour order and values become the network's with the very
/// operations of our own input stage, so that an 8-bit network gives the same to the last bit.
fn prepare_bytes(writer: &mut Writer, input: &InputSpec, batch: Dimension) {
    let (width, height) = input.size.bound();
    let bytes = writer.plain_name("image");
    let begin = writer.graph.node.len();
    let without_batch = match writer.graph.input.first().and_then(|i| i.r#type.as_ref()?.value.as_ref()) {
        Some(type_proto::Value::TensorType(tensor)) => {
            tensor.shape.as_ref().is_some_and(|s| s.dim.len() == 3)
        }
        _ => false,
    };
    let mut at = bytes.clone();
    let range = input.range;
    if input.order == ColourOrder::Bgr {
        let indices = writer.name("colours");
        writer.graph.initializer.push(TensorProto::of_ints(&indices, &[3], &[2, 1, 0]));
        at = writer.node("Gather", &[&at, &indices], vec![int("axis", 3)]);
    }
    if input.element != Element::U8 || range != Range::BYTE {
        at = writer.node("Cast", &[&at], vec![int("to", i64::from(data_type::FLOAT))]);
        let gain: [f32; 3] = std::array::from_fn(|c| range.scale / range.std[c]);
        let bias: [f32; 3] = std::array::from_fn(|c| -range.mean[c] / range.std[c]);
        let gain = writer.weights("gain", &[3], &gain);
        at = writer.node("Mul", &[&at, &gain], Vec::new());
        let bias = writer.weights("bias", &[3], &bias);
        at = writer.node("Add", &[&at, &bias], Vec::new());
    }
    if input.layout == Layout::Nchw {
        at = writer.node("Transpose", &[&at], vec![ints("perm", &[0, 3, 1, 2])]);
    }
    let to = match input.element {
        Element::F32 => None,
        Element::F16 => Some(data_type::FLOAT16),
        Element::I32 => Some(INT32),
        Element::U8 => (range != Range::BYTE).then_some(data_type::UINT8),
    };
    if let Some(to) = to {
        at = writer.node("Cast", &[&at], vec![int("to", i64::from(to))]);
    }
    if without_batch {
        let shape = match input.layout {
            Layout::Nchw => [3, i64::from(height), i64::from(width)],
            Layout::Nhwc => [i64::from(height), i64::from(width), 3],
        };
        let name = writer.name("shape");
        writer.graph.initializer.push(TensorProto::of_ints(&name, &[3], &shape));
        at = writer.node("Reshape", &[&at, &name], Vec::new());
    }
    writer.node_to("Identity", &[&at], Vec::new(), &input.name);
    // They come before all others.
    let added = writer.graph.node.len() - begin;
    writer.graph.node.rotate_right(added);
    let dims = vec![batch, side(height), side(width), side(3)];
    writer.graph.input = vec![value_info(&bytes, data_type::UINT8, dims)];
}

/// The embedding as one row of floats an image.
fn pool(writer: &mut Writer, tensor: &str, pooling: Pooling) -> String {
    // Half floats and 8-bit integers become floats; of floats nothing is changed.
    let float = writer.node("Cast", &[tensor], vec![int("to", i64::from(data_type::FLOAT))]);
    let pooled = match pooling {
        Pooling::None => float,
        Pooling::Mean => writer.node("GlobalAveragePool", &[&float], Vec::new()),
        Pooling::FirstToken => {
            let first = writer.name("first");
            writer.graph.initializer.push(TensorProto::of_ints(&first, &[], &[0]));
            writer.node("Gather", &[&float, &first], vec![int("axis", 1)])
        }
        Pooling::MeanToken if writer.version >= 18 => {
            let axes = writer.name("axes");
            writer.graph.initializer.push(TensorProto::of_ints(&axes, &[1], &[1]));
            writer.node("ReduceMean", &[&float, &axes], vec![int("keepdims", 0)])
        }
        Pooling::MeanToken => {
            writer.node("ReduceMean", &[&float], vec![ints("axes", &[1]), int("keepdims", 0)])
        }
    };
    let embedding = writer.plain_name("embedding");
    writer.node_to("Flatten", &[&pooled], vec![int("axis", 1)], &embedding);
    embedding
}

fn put_layer(writer: &mut Writer, layer: &Layer, from: &str) -> String {
    let dims = [layer.outputs() as i64, layer.inputs as i64];
    let weights = writer.weights("weights", &dims, &layer.weights);
    let bias = writer.weights("layer_bias", &dims[..1], &layer.bias);
    writer.node("Gemm", &[from, &weights, &bias], vec![int("transB", 1)])
}

/// The head; returns its probabilities.
fn put_head(writer: &mut Writer, head: &Head, embedding: &str) -> String {
    let mut at = embedding.to_owned();
    if let Some(centre) = &head.centre {
        let centre = writer.weights("centre", &[centre.len() as i64], centre);
        at = writer.node("Sub", &[&at, &centre], Vec::new());
        at = writer.node("LpNormalization", &[&at], vec![int("axis", 1), int("p", 2)]);
    }
    for (index, layer) in head.layers.iter().enumerate() {
        if index > 0 {
            at = writer.node("Relu", &[&at], Vec::new());
        }
        at = put_layer(writer, layer, &at);
    }
    let scores = writer.plain_name("scores");
    writer.node_to("Softmax", &[&at], vec![int("axis", 1)], &scores);
    scores
}

/// Labels as exporters write them, and how images are prepared, as [`Sidecar::of_metadata`] reads it.
fn metadata(
    model: &ModelProto,
    input: &InputSpec,
    names: Option<&[String]>,
    bytes: bool,
    about: Vec<(String, String)>,
) -> Vec<StringStringEntryProto> {
    let settings = Sidecar {
        family: Some(Family::Classifier),
        layout: Some(if bytes { Layout::Nhwc } else { input.layout }),
        order: Some(if bytes { ColourOrder::Rgb } else { input.order }),
        range: Some(if bytes { Range::BYTE } else { input.range }),
        fit: Some(input.fit),
        resample: Some(input.resample),
        ..Sidecar::default()
    };
    let entry =
        |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
    let mut entries: Vec<StringStringEntryProto> =
        model.metadata_props.iter().filter(|entry| KEPT.contains(&entry.key())).cloned().collect();
    let mut settings = serde_json::to_value(&settings).unwrap_or_default();
    if let Some(settings) = settings.as_object_mut() {
        settings.retain(|_, value| !value.is_null());
    }
    entries.push(entry(METADATA_KEY, settings.to_string()));
    if let Some(names) = names {
        let names = names.iter().enumerate().map(|(index, name)| format!("{index}: {}", literal(name)));
        entries.push(entry("names", format!("{{{}}}", names.collect::<Vec<_>>().join(", "))));
    }
    entries.extend(about.into_iter().map(|(key, value)| entry(&key, value)));
    entries
}

/// A text as Python writes it.
fn literal(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metadata::Literal;

    #[test]
    fn names_are_read_as_they_were_written() {
        let names = ["it's", "a\\b", "猫", "two\nlines\t\u{7}", "{0: 'x'}", "../x"];
        let text = names.iter().enumerate().map(|(index, name)| format!("{index}: {}", literal(name)));
        let text = format!("{{{}}}", text.collect::<Vec<_>>().join(", "));
        assert_eq!(Literal::parse(&text).and_then(|l| l.as_names()).expect("names"), names);
    }
}
