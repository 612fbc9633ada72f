//! The layers of a network: what each computes, of which size, with how many parameters and multiply-adds.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use serde::Serialize;

use super::graph::Graph;
use super::receptive_field::{self, ReceptiveField};
use crate::model::file::onnx::{NodeProto, TensorProto, data_type};

/// The size of a tensor and the type of its elements, as the runtime tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TensorSize {
    /// "float", "uint8", …
    pub element: String,
    pub shape: Vec<i64>,
}

impl TensorSize {
    /// How many elements it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        product(&self.shape)
    }

    /// The shape as people write it: `1×64×80×80`.
    #[must_use]
    pub fn text(&self) -> String {
        self.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
    }
}

/// Sizes of a node's inputs and outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSizes {
    pub inputs: Vec<TensorSize>,
    pub outputs: Vec<TensorSize>,
}

/// A layer: one node of the graph that depends on the image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// Its place among the nodes of the file.
    pub node: usize,
    /// Its name, or that of its first output where the file gives none.
    pub name: String,
    /// ONNX's name of what it does: `Conv`, `MatMul`, …
    pub kind: String,
    /// The tensors that it reads, without weights.
    pub inputs: Vec<String>,
    /// The tensors that it makes.
    pub outputs: Vec<String>,
    /// The size of the first of these; `None` if the runtime didn't tell it.
    #[serde(flatten)]
    pub size: Option<TensorSize>,
    /// Values that were learnt, among them those that quantising added; those of several layers count at the first.
    pub parameters: u64,
    /// Multiply-adds (MACs) of convolutions and matrix products for one image; 0 for every other layer.
    pub multiply_adds: u64,
    /// The part of the input image, in input pixels, that one value of its output depends on.
    pub receptive_field: ReceptiveField,
    /// Precision of its weights; `None` without weights.
    pub precision: Option<&'static str>,
    /// Milliseconds per run; `None` where the runtime has joined it with another layer.
    pub ms: Option<f32>,
    /// What runs it: "CPU", "CUDA", …; `None` where it was joined.
    pub provider: Option<String>,
}

/// A network's layers and their sums.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Layers {
    /// Each after those whose tensors it reads.
    pub layers: Vec<Layer>,
    pub parameters: u64,
    pub multiply_adds: u64,
    /// Width and height of the input that the sizes are for.
    pub input_size: (u32, u32),
    /// What the runtime added, such as changes of the layout in memory: milliseconds a run.
    pub added_ms: f32,
    /// What a run takes besides its layers, in milliseconds: the runtime's own work.
    pub between_ms: f32,
    /// A whole run in milliseconds, which layers, `added_ms` and `between_ms` add up to.
    pub run_ms: f32,
    /// The same run without the runtime's profiler, in milliseconds.
    pub run_without_profiler_ms: f32,
}

/// The layers of a graph; `sizes` by the place of the node.
#[must_use]
pub fn of<S: BuildHasher>(graph: &Graph, sizes: &HashMap<usize, NodeSizes, S>) -> Layers {
    let computed = graph.computed();
    let fields = receptive_field::of(graph, &computed, sizes);
    let mut counted = HashSet::new();
    let mut layers = Vec::new();
    for (place, node) in graph.in_order() {
        if !node.output.iter().any(|output| computed.contains(output.as_str())) {
            continue;
        }
        let size = sizes.get(&place);
        let weights: Vec<&TensorProto> = node
            .input
            .iter()
            .filter(|name| !computed.contains(name.as_str()))
            .filter_map(|name| graph.weights(name).map(|weight| (name, weight)))
            .filter(|(name, weight)| is_learnt(node, weight) && counted.insert((*name).clone()))
            .map(|(_, weight)| weight)
            .collect();
        let heaviest = weights.iter().max_by_key(|weight| weight.count());
        let name = if node.name().is_empty() {
            node.output.iter().find(|name| !name.is_empty()).cloned().unwrap_or_default()
        } else {
            node.name().to_owned()
        };
        layers.push(Layer {
            node: place,
            name,
            kind: node.op_type().to_owned(),
            inputs: node.input.iter().filter(|name| computed.contains(name.as_str())).cloned().collect(),
            outputs: node.output.iter().filter(|name| !name.is_empty()).cloned().collect(),
            size: size.and_then(|size| size.outputs.first()).cloned(),
            parameters: weights.iter().fold(0u64, |sum, weight| sum.saturating_add(weight.count())),
            multiply_adds: size.map_or(0, |size| multiply_adds(node, size)),
            receptive_field: fields.get(&place).copied().unwrap_or_default(),
            precision: heaviest.map(|weight| precision(weight.data_type())),
            ms: None,
            provider: None,
        });
    }
    let sum = |of: fn(&Layer) -> u64| layers.iter().map(of).fold(0u64, u64::saturating_add);
    let (parameters, multiply_adds) = (sum(|layer| layer.parameters), sum(|layer| layer.multiply_adds));
    Layers { layers, parameters, multiply_adds, ..Layers::default() }
}

/// Whether a constant of a node holds learnt values, rather than a size, a limit, an exponent, or a table of places such as the cells of a detector.
fn is_learnt(node: &NodeProto, weight: &TensorProto) -> bool {
    // Shapes and indices are 64-bit integers; 32-bit ones are biases of quantised layers.
    if matches!(weight.data_type(), data_type::INT64 | data_type::BOOL | data_type::STRING) {
        return false;
    }
    match node.op_type() {
        // Scales, biases and position embeddings: long rows, or one value a channel. A single number is a factor, as the ½ of GELU.
        "Add" | "Sub" | "Mul" | "Div" | "QLinearAdd" | "QLinearMul" => {
            let sides: Vec<i64> = weight.dims.iter().copied().filter(|side| *side > 1).collect();
            let is_table = sides.len() > 1 && sides.iter().any(|side| *side <= 4);
            !sides.is_empty() && !is_table
        }
        "Resize" | "Upsample" | "Clip" | "Pad" | "Pow" | "Slice" | "Tile" | "Where" | "Equal" | "Greater"
        | "Less" | "Expand" | "Max" | "Min" | "TopK" | "OneHot" | "Concat" | "ScatterND"
        | "GatherElements" | "Mod" => false,
        _ => true,
    }
}

fn precision(kind: i32) -> &'static str {
    match kind {
        data_type::FLOAT16 => "float16",
        16 => "bfloat16",
        data_type::UINT8 | data_type::INT8 => "int8",
        data_type::INT32 => "int32",
        11 => "float64",
        _ => "float32",
    }
}

fn product(shape: &[i64]) -> u64 {
    shape.iter().map(|n| u64::try_from(*n).unwrap_or(0)).fold(1, u64::saturating_mul)
}

/// Multiply-adds of a convolution (each output value: one for every weight of its kernel) or a matrix product (each output value: one
/// for every column of the first matrix).
fn multiply_adds(node: &NodeProto, sizes: &NodeSizes) -> u64 {
    let input = |place: usize| sizes.inputs.get(place).map(|size| &size.shape[..]).unwrap_or_default();
    let output = sizes.outputs.first().map_or(0, TensorSize::count);
    let kernel = |place: usize| product(input(place).get(1..).unwrap_or_default());
    let columns = |shape: &[i64]| shape.last().map_or(0, |n| u64::try_from(*n).unwrap_or(0));
    match node.op_type() {
        "Conv" | "FusedConv" | "ConvInteger" => output.saturating_mul(kernel(1)),
        "QLinearConv" => output.saturating_mul(kernel(3)),
        "ConvTranspose" => product(input(0)).saturating_mul(kernel(1)),
        "MatMul" | "MatMulInteger" | "FusedMatMul" | "QLinearMatMul" | "DynamicQuantizeMatMul" => {
            output.saturating_mul(columns(input(0)))
        }
        "Gemm" | "QGemm" => {
            let a = input(0);
            let common = if node.int("transA") == Some(1) { a.first() } else { a.last() };
            output.saturating_mul(common.map_or(0, |n| u64::try_from(*n).unwrap_or(0)))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::onnx::{AttributeProto, GraphProto, ValueInfoProto};

    fn size(shape: &[i64]) -> TensorSize {
        TensorSize { element: "float".into(), shape: shape.to_vec() }
    }

    fn node(kind: &str, inputs: &[&str], output: &str) -> NodeProto {
        NodeProto {
            op_type: Some(kind.into()),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            ..NodeProto::default()
        }
    }

    /// `AlexNet`'s first convolution has 96·3·11·11 + 96 = 34,944 parameters and 55·55·96·363 = 105,415,200 multiply-adds (Krizhevsky et
    /// al. 2012); its last layer 4096·1000.
    #[test]
    fn sizes_of_known_layers_are_those_of_the_papers() {
        let mut conv = node("Conv", &["x", "w", "b"], "y");
        let ints = |name: &str, ints: &[i64]| AttributeProto {
            name: Some(name.into()),
            ints: ints.to_vec(),
            ..AttributeProto::default()
        };
        conv.attribute = vec![ints("kernel_shape", &[11, 11]), ints("strides", &[4, 4])];
        let graph = GraphProto {
            node: vec![conv, node("Flatten", &["y"], "f"), node("Gemm", &["f", "v", "c"], "z")],
            initializer: vec![
                TensorProto::of_floats("w", &[96, 3, 11, 11], &[]),
                TensorProto::of_floats("b", &[96], &[]),
                TensorProto::of_floats("v", &[4096, 1000], &[]),
                TensorProto::of_floats("c", &[1000], &[]),
            ],
            input: vec![ValueInfoProto { name: Some("x".into()), ..ValueInfoProto::default() }],
            ..GraphProto::default()
        };
        let sizes = HashMap::from([
            (
                0,
                NodeSizes {
                    inputs: vec![size(&[1, 3, 227, 227]), size(&[96, 3, 11, 11]), size(&[96])],
                    outputs: vec![size(&[1, 96, 55, 55])],
                },
            ),
            (
                2,
                NodeSizes {
                    inputs: vec![size(&[1, 4096]), size(&[4096, 1000])],
                    outputs: vec![size(&[1, 1000])],
                },
            ),
        ]);
        let layers = of(&Graph::of(graph), &sizes);
        let figures: Vec<(u64, u64)> =
            layers.layers.iter().map(|layer| (layer.parameters, layer.multiply_adds)).collect();
        assert_eq!(figures, [(34_944, 105_415_200), (0, 0), (4_097_000, 4_096_000)]);
        assert_eq!(layers.multiply_adds, 109_511_200);
        assert_eq!(layers.layers[0].receptive_field, ReceptiveField::Pixels { width: 11, height: 11 });
        assert_eq!(layers.layers[2].receptive_field, ReceptiveField::Whole);
        assert_eq!(layers.layers[0].name, "y", "a node without a name");
    }
}
