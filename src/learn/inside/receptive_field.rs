//! The receptive field: the part of the input image that one value of a layer depends on.
//!
//! The recurrence is that of Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019):
//! a layer with kernel k, dilation d and stride s turns size r and step j into r + (k − 1)·d·j and j·s. Where branches meet, the largest counts.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use serde::Serialize;

use super::graph::Graph;
use super::layers::NodeSizes;
use crate::model::file::onnx::NodeProto;

/// The part of the input image that one value depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ReceptiveField {
    /// So many input pixels.
    Pixels { width: u32, height: u32 },
    /// The whole image.
    Whole,
    /// It can't be worked out from the layer's kind.
    #[default]
    Unknown,
}

/// What is known of a tensor on the way: size and step along height and width, and whether its channels are the last axis rather than the second.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Part { size: [f64; 2], step: [f64; 2], is_last: bool },
    Whole,
    Unknown,
}

/// The receptive fields of the nodes, by place.
pub fn of<S: BuildHasher>(
    graph: &Graph,
    computed: &HashSet<&str>,
    sizes: &HashMap<usize, NodeSizes, S>,
) -> HashMap<usize, ReceptiveField> {
    let start = Field::Part { size: [1.0; 2], step: [1.0; 2], is_last: false };
    let mut fields: HashMap<&str, Field> = graph.inputs().map(|name| (name, start)).collect();
    let mut of_nodes = HashMap::new();
    let none = NodeSizes::default();
    for (place, node) in graph.in_order() {
        let read: Vec<Field> = node
            .input
            .iter()
            .filter(|name| computed.contains(name.as_str()))
            .filter_map(|name| fields.get(name.as_str()).copied())
            .collect();
        // Of these, all inputs but the first say a size or a place.
        let is_moved = matches!(
            node.op_type(),
            "Reshape"
                | "Resize"
                | "Upsample"
                | "Expand"
                | "Slice"
                | "Tile"
                | "Pad"
                | "Unsqueeze"
                | "Squeeze"
                | "Gather"
        );
        let count = if is_moved { 1 } else { read.len() };
        let Some(before) = read.iter().take(count).copied().reduce(joined) else { continue };
        let field = after(graph, node, before, read.len(), sizes.get(&place).unwrap_or(&none));
        for output in &node.output {
            fields.insert(output, field);
        }
        of_nodes.insert(
            place,
            match field {
                Field::Part { size: [height, width], .. } => {
                    ReceptiveField::Pixels { width: width.round() as u32, height: height.round() as u32 }
                }
                Field::Whole => ReceptiveField::Whole,
                Field::Unknown => ReceptiveField::Unknown,
            },
        );
    }
    of_nodes
}

fn joined(a: Field, b: Field) -> Field {
    match (a, b) {
        (Field::Unknown, _) | (_, Field::Unknown) => Field::Unknown,
        (Field::Whole, _) | (_, Field::Whole) => Field::Whole,
        (
            Field::Part { size: a, step, is_last },
            Field::Part { size: b, step: other, is_last: is_other_last },
        ) => Field::Part {
            size: [a[0].max(b[0]), a[1].max(b[1])],
            step: [step[0].max(other[0]), step[1].max(other[1])],
            is_last: is_last || is_other_last,
        },
    }
}

fn after(graph: &Graph, node: &NodeProto, before: Field, computed_inputs: usize, sizes: &NodeSizes) -> Field {
    let Field::Part { size, step, is_last } = before else { return before };
    let shape_in = sizes.inputs.first().map(|size| &size.shape[..]).unwrap_or_default();
    let shape_out = sizes.outputs.first().map(|size| &size.shape[..]).unwrap_or_default();
    let pair = |name: &str| {
        let ints = node.ints(name);
        [ints.first().copied().unwrap_or(1).max(1) as f64, ints.get(1).copied().unwrap_or(1).max(1) as f64]
    };
    match node.op_type() {
        "Conv" | "FusedConv" | "ConvInteger" | "QLinearConv" | "MaxPool" | "AveragePool" | "LpPool"
        | "QLinearAveragePool" => {
            let mut kernel = pair("kernel_shape");
            if node.ints("kernel_shape").is_empty() {
                // A convolution's kernel may be told by its weights alone.
                let place = if node.op_type() == "QLinearConv" { 3 } else { 1 };
                if let Some([_, _, height, width]) = sizes.inputs.get(place).map(|size| &size.shape[..]) {
                    kernel = [*height as f64, *width as f64];
                }
            }
            let (stride, dilation) = (pair("strides"), pair("dilations"));
            let grown = |axis: usize| size[axis] + (kernel[axis] - 1.0) * dilation[axis] * step[axis];
            let step = [step[0] * stride[0], step[1] * stride[1]];
            Field::Part { size: [grown(0), grown(1)], step, is_last: false }
        }
        "ConvTranspose" => {
            let (mut kernel, stride, dilation) = (pair("kernel_shape"), pair("strides"), pair("dilations"));
            if let (true, Some([_, _, height, width])) =
                (node.ints("kernel_shape").is_empty(), sizes.inputs.get(1).map(|size| &size.shape[..]))
            {
                kernel = [*height as f64, *width as f64];
            }
            let reach = |axis: usize| (kernel[axis] - 1.0) * dilation[axis] + 1.0;
            let grown = |axis: usize| size[axis] + ((reach(axis) / stride[axis]).ceil() - 1.0) * step[axis];
            let step = [step[0] / stride[0], step[1] / stride[1]];
            Field::Part { size: [grown(0), grown(1)], step, is_last: false }
        }
        "SpaceToDepth" | "DepthToSpace" => {
            let block = node.int("blocksize").unwrap_or(1).max(1) as f64;
            if node.op_type() == "SpaceToDepth" {
                let grown = |axis: usize| size[axis] + (block - 1.0) * step[axis];
                Field::Part { size: [grown(0), grown(1)], step: step.map(|step| step * block), is_last }
            } else {
                Field::Part { size, step: step.map(|step| step / block), is_last }
            }
        }
        "Resize" | "Upsample" => {
            let ([.., h, w], [.., height, width]) = (shape_in, shape_out) else { return Field::Unknown };
            let ratio = [*h as f64 / (*height).max(1) as f64, *w as f64 / (*width).max(1) as f64];
            let mode = node.attribute_named("mode").and_then(|mode| mode.s.as_deref());
            // Neighbours that are mixed into a value besides its own.
            let reach = match mode {
                Some(b"linear") => 1.0,
                Some(b"cubic") => 3.0,
                _ => 0.0,
            };
            Field::Part {
                size: [size[0] + reach * step[0], size[1] + reach * step[1]],
                step: [step[0] * ratio[0], step[1] * ratio[1]],
                is_last,
            }
        }
        "Slice" => {
            let steps = node.input.get(4).and_then(|name| graph.constant(name));
            // Every other row and column, as YOLOX's and YOLOv5's focus takes them; together, the parts see them all.
            let halves = shape_in.len() == 4
                && steps.is_some()
                && shape_in.iter().zip(shape_out).skip(2).any(|(before, after)| after * 2 == *before);
            if !halves {
                return before;
            }
            let by = |axis: usize| {
                let (Some(a), Some(b)) = (shape_in.get(axis + 2), shape_out.get(axis + 2)) else {
                    return 1.0;
                };
                if b * 2 == *a { 2.0 } else { 1.0 }
            };
            let by = [by(0), by(1)];
            let grown = |axis: usize| size[axis] + (by[axis] - 1.0) * step[axis];
            Field::Part { size: [grown(0), grown(1)], step: [step[0] * by[0], step[1] * by[1]], is_last }
        }
        "GlobalAveragePool"
        | "GlobalMaxPool"
        | "QLinearGlobalAveragePool"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "Einsum"
        | "Gemm"
        | "QGemm"
        | "Attention"
        | "MultiHeadAttention"
        | "Flatten" => Field::Whole,
        "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceSum" | "ReduceProd" | "ReduceL1" | "ReduceL2"
        | "ReduceSumSquare" | "ReduceLogSum" | "ReduceLogSumExp" => {
            // Over the channels alone (the mean of a layer normalisation, say) each place stays on its own.
            let is_of_channels = reduces_channels(graph, node, shape_in.len(), is_last);
            // Axes that the network works out for itself are seen by the shapes.
            let seems = || match (shape_in, shape_out) {
                ([_, _, h, w], [_, _, height, width]) => (h, w) == (height, width),
                _ => false,
            };
            if is_of_channels.unwrap_or_else(seems) { before } else { Field::Whole }
        }
        "Transpose" => {
            let order = node.ints("perm");
            let rank = if order.is_empty() { shape_in.len() } else { order.len() };
            let Some(last) = rank.checked_sub(1) else { return before };
            let channels = if is_last { last } else { 1 };
            let now = if order.is_empty() {
                last.checked_sub(channels)
            } else {
                order.iter().position(|axis| usize::try_from(*axis) == Ok(channels))
            };
            Field::Part { size, step, is_last: if rank > 2 { now == Some(last) } else { is_last } }
        }
        "MatMul" | "MatMulInteger" | "QLinearMatMul" | "FusedMatMul" | "DynamicQuantizeMatMul" => {
            // Of tokens, a product with weights sees one token; a product of two computed matrices mixes them.
            if computed_inputs > 1 || shape_in.len() < 3 { Field::Whole } else { before }
        }
        "Reshape" => match (shape_in, shape_out) {
            // A vector of everything.
            ([_, _, h, w], [_, _]) if h * w > 1 => Field::Whole,
            _ => before,
        },
        "Loop" | "If" | "Scan" | "NonMaxSuppression" | "TopK" | "Shape" | "ConstantOfShape" | "Range"
        | "GridSample" | "RoiAlign" | "LSTM" | "GRU" | "GatherElements" | "GatherND" | "ScatterND" => {
            Field::Unknown
        }
        _ => before,
    }
}

/// Whether a node reduces nothing but the channels of its input, which has `rank` axes (0: nobody knows); `None`: its axes aren't in the file.
fn reduces_channels(graph: &Graph, node: &NodeProto, rank: usize, is_last: bool) -> Option<bool> {
    // An attribute, and from operator set 18 (of sums 13) on an input.
    let axes = match node.input.get(1).filter(|name| !name.is_empty()) {
        Some(name) => graph.constant(name)?.whole_numbers()?,
        None => node.ints("axes").to_vec(),
    };
    let [axis] = axes[..] else {
        return Some(axes.is_empty() && node.int("noop_with_empty_axes") == Some(1));
    };
    let rank = i64::try_from(rank).unwrap_or(0);
    // A vector is one of the whole image.
    let has_places = rank == 0 || rank > 2;
    // Also counted from the end.
    let channels = if is_last { [rank - 1, -1] } else { [1, 1 - rank] };
    Some(has_places && channels.contains(&axis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::inside::layers::TensorSize;
    use crate::model::file::onnx::{AttributeProto, GraphProto, TensorProto, ValueInfoProto};

    /// VGG-16: 212 pixels at its last pooling layer (table of Araujo et al. 2019: `VGG_16`, 212).
    #[test]
    fn vgg_16_sees_212_pixels() {
        let mut node = Vec::new();
        let mut last = "x".to_owned();
        let mut push = |kind: &str, kernel: i64, stride: i64| {
            let ints = |name: &str, n: i64| AttributeProto {
                name: Some(name.into()),
                ints: vec![n, n],
                ..AttributeProto::default()
            };
            let output = format!("t{}", node.len());
            node.push(NodeProto {
                op_type: Some(kind.into()),
                input: vec![std::mem::replace(&mut last, output.clone())],
                output: vec![output],
                attribute: vec![ints("kernel_shape", kernel), ints("strides", stride)],
                ..NodeProto::default()
            });
        };
        for convolutions in [2, 2, 3, 3, 3] {
            for _ in 0..convolutions {
                push("Conv", 3, 1);
            }
            push("MaxPool", 2, 2);
        }
        let input = vec![ValueInfoProto { name: Some("x".into()), ..ValueInfoProto::default() }];
        let graph = Graph::of(GraphProto { node, input, ..GraphProto::default() });
        let fields = of(&graph, &graph.computed(), &HashMap::new());
        assert_eq!(fields[&17], ReceptiveField::Pixels { width: 212, height: 212 });
        assert_eq!(fields[&1], ReceptiveField::Pixels { width: 5, height: 5 });
    }

    #[test]
    fn a_step_is_halved_again_where_the_image_grows() {
        let size = |shape: &[i64]| TensorSize { element: "float".into(), shape: shape.to_vec() };
        let grows = NodeProto {
            op_type: Some("Resize".into()),
            input: vec!["x".into()],
            output: vec!["y".into()],
            ..NodeProto::default()
        };
        let kernel = AttributeProto {
            name: Some("kernel_shape".into()),
            ints: vec![3, 3],
            ..AttributeProto::default()
        };
        let conv = NodeProto {
            op_type: Some("Conv".into()),
            input: vec!["y".into()],
            output: vec!["z".into()],
            attribute: vec![kernel],
            ..NodeProto::default()
        };
        let input = vec![ValueInfoProto { name: Some("x".into()), ..ValueInfoProto::default() }];
        let graph = Graph::of(GraphProto { node: vec![grows, conv], input, ..GraphProto::default() });
        let sizes = HashMap::from([(
            0,
            NodeSizes { inputs: vec![size(&[1, 3, 8, 8])], outputs: vec![size(&[1, 3, 16, 16])] },
        )]);
        let fields = of(&graph, &graph.computed(), &sizes);
        assert_eq!(fields[&1], ReceptiveField::Pixels { width: 2, height: 2 }, "1 + (3 − 1)·½");
    }

    /// Means over channels, as exporters write layer normalisation, see what their input sees; means over places see everything.
    #[test]
    fn a_mean_over_channels_sees_no_more_than_before() {
        let ints = |name: &str, ints: &[i64]| AttributeProto {
            name: Some(name.into()),
            ints: ints.to_vec(),
            ..AttributeProto::default()
        };
        let node = |kind: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>| NodeProto {
            op_type: Some(kind.into()),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            attribute,
            ..NodeProto::default()
        };
        let size = |shape: &[i64]| TensorSize { element: "float".into(), shape: shape.to_vec() };
        let sizes =
            |read: &[i64], made: &[i64]| NodeSizes { inputs: vec![size(read)], outputs: vec![size(made)] };
        // Patches of 16 pixels; then channels last, with the mean of each place (ConvNeXt), and tokens (ViT).
        let patches = || {
            node("Conv", &["x", "w"], "p", vec![ints("kernel_shape", &[16, 16]), ints("strides", &[16, 16])])
        };
        let last = || node("Transpose", &["p"], "l", vec![ints("perm", &[0, 2, 3, 1])]);
        let flat = || node("Reshape", &["p", "shape"], "f", Vec::new());
        let tokens = || node("Transpose", &["f"], "t", vec![ints("perm", &[0, 2, 1])]);
        let of = |nodes: Vec<NodeProto>, shapes: &[(&[i64], &[i64])]| {
            let input = vec![ValueInfoProto { name: Some("x".into()), ..ValueInfoProto::default() }];
            let initializer =
                vec![TensorProto::of_ints("axes", &[1], &[-1]), TensorProto::of_ints("both", &[2], &[2, 3])];
            let end = nodes.len() - 1;
            let graph = Graph::of(GraphProto { node: nodes, input, initializer, ..GraphProto::default() });
            let sizes: HashMap<usize, NodeSizes> =
                shapes.iter().enumerate().map(|(place, (read, made))| (place, sizes(read, made))).collect();
            of(&graph, &graph.computed(), &sizes)[&end]
        };
        let (image, map, rows): (&[i64], &[i64], &[i64]) = (&[1, 3, 64, 64], &[1, 8, 4, 4], &[1, 4, 4, 8]);
        let (flattened, list): (&[i64], &[i64]) = (&[1, 8, 16], &[1, 16, 8]);
        let patch = ReceptiveField::Pixels { width: 16, height: 16 };
        // The axes as an input, as an attribute, and before any shape is known.
        let mean = |input: &[&str], axes: &[i64]| node("ReduceMean", input, "m", vec![ints("axes", axes)]);
        let shapes = [(image, map), (map, rows), (rows, &[1, 4, 4, 1][..])];
        assert_eq!(
            of(vec![patches(), last(), node("ReduceMean", &["l", "axes"], "m", Vec::new())], &shapes),
            patch
        );
        assert_eq!(of(vec![patches(), last(), mean(&["l"], &[3])], &shapes), patch);
        assert_eq!(of(vec![patches(), last(), mean(&["l"], &[-1])], &[]), patch);
        assert_eq!(of(vec![patches(), last(), mean(&["l"], &[1, 2])], &shapes), ReceptiveField::Whole);
        let shapes = [(image, map), (map, &[1, 1, 4, 4][..])];
        assert_eq!(of(vec![patches(), mean(&["p"], &[1])], &shapes), patch);
        assert_eq!(of(vec![patches(), mean(&["p"], &[-3])], &shapes), patch);
        assert_eq!(
            of(vec![patches(), mean(&["p"], &[-1])], &shapes),
            ReceptiveField::Whole,
            "a mean over columns"
        );
        assert_eq!(of(vec![patches(), mean(&["p"], &[])], &shapes), ReceptiveField::Whole);
        assert_eq!(
            of(vec![patches(), node("ReduceMean", &["p", "both"], "m", Vec::new())], &shapes),
            ReceptiveField::Whole
        );
        let shapes = [(image, map), (map, flattened), (flattened, list), (list, &[1, 16, 1][..])];
        assert_eq!(of(vec![patches(), flat(), tokens(), mean(&["t"], &[-1])], &shapes), patch);
        assert_eq!(of(vec![patches(), flat(), tokens(), mean(&["t"], &[1])], &shapes), ReceptiveField::Whole);
        assert_eq!(of(vec![patches(), flat(), mean(&["f"], &[2])], &shapes[..2]), ReceptiveField::Whole);
    }
}
