//! The kernels of the first convolution, which reads the picture itself: what a network looks for first, as small colour pictures.

use std::collections::HashMap;

use super::graph::Graph;
use crate::model::file::onnx::NodeProto;
use crate::model::spec::ColourOrder;

/// Larger kernels aren't pictures of anything; smaller ones only mix colours.
const SIDES: std::ops::RangeInclusive<usize> = 2..=32;

/// The kernels of a convolution as pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kernels {
    /// The tensor that the convolution makes.
    pub tensor: String,
    pub count: usize,
    pub width: usize,
    pub height: usize,
    /// 1 or 3.
    pub colours: usize,
    /// Kernel, row, column, colour: red first.
    pub values: Vec<f32>,
}

impl Kernels {
    /// The kernels of the first convolution that reads the picture, with nothing but its preparation between them, for a network that takes colours
    /// in this order; `None` if there is none, if it doesn't read colours or grey values, or its weights aren't in the file.
    #[must_use]
    pub fn first(graph: &Graph, order: ColourOrder) -> Option<Self> {
        let (node, is_turned) = reads_picture(graph)?;
        // Each colour for itself: these are no pictures.
        if node.int("group").is_some_and(|groups| groups != 1) {
            return None;
        }
        let (dims, weights) = weights(graph, node)?;
        let [count, channels, height, width] = dims;
        let tensor = node.output.first()?.clone();
        let mut kernels = Self { tensor, count, width, height, ..Self::default() };
        match channels {
            1 | 3 => kernels.colours = channels,
            // YOLOX and the first YOLOv5 put four neighbours one behind the other as channels ("Focus"): every second pixel from the
            // left above, from the left below, from the right above and from the right below.
            12 if follows_focus(graph, node) => {
                (kernels.colours, kernels.width, kernels.height) = (3, 2 * width, 2 * height);
            }
            _ => return None,
        }
        if !SIDES.contains(&kernels.width) || !SIDES.contains(&kernels.height) {
            return None;
        }
        let at = |kernel: usize, channel: usize, row: usize, column: usize| {
            weights.get(((kernel * channels + channel) * height + row) * width + column).copied()
        };
        kernels.values.reserve(kernels.count * kernels.width * kernels.height * kernels.colours);
        for kernel in 0..count {
            for row in 0..kernels.height {
                for column in 0..kernels.width {
                    for colour in 0..kernels.colours {
                        let is_blue_first = (order == ColourOrder::Bgr) != is_turned;
                        let colour = if is_blue_first { kernels.colours - 1 - colour } else { colour };
                        let value = if channels == 12 {
                            let neighbour = 2 * (column % 2) + row % 2;
                            at(kernel, neighbour * 3 + colour, row / 2, column / 2)
                        } else {
                            at(kernel, colour, row, column)
                        };
                        kernels.values.push(value?);
                    }
                }
            }
        }
        Some(kernels)
    }

    /// A kernel as a picture, RGB row by row: grey where a weight is 0, brighter where it is positive, stretched over its
    /// greatest weight.
    #[must_use]
    pub fn picture(&self, kernel: usize) -> Vec<[u8; 3]> {
        let values = self.width * self.height * self.colours;
        let weights = self.values.chunks_exact(values.max(1)).nth(kernel).unwrap_or_default();
        let most = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
        let most = if most > 0.0 { most } else { 1.0 };
        let shade = |weight: f32| (127.5 + 127.5 * weight / most).round().clamp(0.0, 255.0) as u8;
        let pixels = weights.chunks_exact(self.colours.max(1));
        pixels.map(|pixel| std::array::from_fn(|c| shade(pixel[c.min(pixel.len() - 1)]))).collect()
    }
}

/// Whether a node puts the last of three colours first.
fn turns_colours(graph: &Graph, node: &NodeProto) -> bool {
    let numbers = |place: usize| graph.constant(node.input.get(place)?)?.whole_numbers();
    match node.op_type() {
        "Gather" => numbers(1).is_some_and(|places| places == [2, 1, 0]),
        "Slice" => numbers(4).is_some_and(|steps| steps == [-1]),
        _ => false,
    }
}

/// The first convolution, as tensors depend on one another, that reads the picture itself, and whether the graph turns the order of the
/// colours before it.
fn reads_picture(graph: &Graph) -> Option<(&NodeProto, bool)> {
    let computed = graph.computed();
    // The tensors that still are the picture, and whether their colours are turned.
    let mut pictures: HashMap<&str, bool> = graph.inputs().map(|name| (name, false)).collect();
    for (_, node) in graph.in_order() {
        let is_picture = |name: &String| pictures.contains_key(name.as_str());
        let of_first = node.input.first().and_then(|name| pictures.get(name.as_str())).copied();
        if let Some(is_turned) = of_first.filter(|_| weights_place(node).is_some()) {
            return Some((node, is_turned));
        }
        // Of these, all inputs but the first say a size or a place.
        let is_moved = matches!(
            node.op_type(),
            "Resize"
                | "Upsample"
                | "Pad"
                | "Slice"
                | "Gather"
                | "Reshape"
                | "Squeeze"
                | "Unsqueeze"
                | "Split"
        );
        let is_prepared = is_moved
            || matches!(
                node.op_type(),
                "Identity"
                    | "Cast"
                    | "Clip"
                    | "Add"
                    | "Sub"
                    | "Mul"
                    | "Div"
                    | "Neg"
                    | "Transpose"
                    | "Concat"
                    | "SpaceToDepth"
                    | "BatchNormalization"
                    | "QuantizeLinear"
                    | "DequantizeLinear"
                    | "DynamicQuantizeLinear"
            );
        let count = if is_moved { 1 } else { node.input.len() };
        let mut read =
            node.input.iter().take(count).filter(|name| computed.contains(name.as_str())).peekable();
        if is_prepared && read.peek().is_some() && read.all(is_picture) {
            let of_any = node.input.iter().find_map(|name| pictures.get(name.as_str())).copied();
            let is_turned = of_any.unwrap_or_default() != turns_colours(graph, node);
            pictures.extend(node.output.iter().map(|name| (name.as_str(), is_turned)));
        }
    }
    None
}

/// Where a convolution's weights stand among its inputs; `None` for any other node.
fn weights_place(node: &NodeProto) -> Option<usize> {
    match node.op_type() {
        "Conv" | "FusedConv" | "ConvInteger" => Some(1),
        "QLinearConv" => Some(3),
        _ => None,
    }
}

/// The sizes and values of a convolution's weights; quantised ones as real numbers, but for their common scale where the file has it
/// elsewhere.
fn weights(graph: &Graph, node: &NodeProto) -> Option<([usize; 4], Vec<f32>)> {
    let name = node.input.get(weights_place(node)?)?;
    let (tensor, scale, zero) = if let Some(tensor) = graph.constant(name) {
        let (scale, zero) = match node.op_type() {
            "QLinearConv" => (node.input.get(4), node.input.get(5)),
            "ConvInteger" => (None, node.input.get(3)),
            _ => (None, None),
        };
        (tensor, scale, zero)
    } else {
        let dequantised = graph.nodes().get(graph.producer(name)?)?;
        if dequantised.op_type() != "DequantizeLinear" {
            return None;
        }
        (graph.constant(dequantised.input.first()?)?, dequantised.input.get(1), dequantised.input.get(2))
    };
    let dims: Vec<usize> = tensor.dims.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
    let dims: [usize; 4] = dims.try_into().ok()?;
    if let Some(values) = tensor.floats() {
        return Some((dims, values));
    }
    let mut values = tensor.integers()?;
    let list = |name: Option<&String>| {
        let tensor = graph.constant(name?)?;
        tensor.floats().or_else(|| tensor.integers())
    };
    let (scale, zero) = (list(scale).unwrap_or_default(), list(zero).unwrap_or_default());
    let of = |list: &[f32], kernel: usize, otherwise: f32| {
        list.get(kernel).or(list.first().filter(|_| list.len() == 1)).copied().unwrap_or(otherwise)
    };
    let of_kernel = dims[1] * dims[2] * dims[3];
    for (kernel, weights) in values.chunks_exact_mut(of_kernel.max(1)).enumerate() {
        let (scale, zero) = (of(&scale, kernel, 1.0), of(&zero, kernel, 0.0));
        for weight in weights {
            *weight = (*weight - zero) * scale;
        }
    }
    Some((dims, values))
}

/// Whether a convolution reads four slices of the picture that were put together.
fn follows_focus(graph: &Graph, node: &NodeProto) -> bool {
    let producer = |name: &str| graph.producer(name).and_then(|place| graph.nodes().get(place));
    let mut tensor = node.input.first().map(String::as_str).unwrap_or_default();
    // Quantised files have steps between the two.
    for _ in 0..4 {
        let Some(before) = producer(tensor) else { return false };
        match before.op_type() {
            "Concat" => {
                let is_slice = |name: &String| producer(name).is_some_and(|node| node.op_type() == "Slice");
                return before.input.len() == 4 && before.input.iter().all(is_slice);
            }
            "QuantizeLinear" | "DequantizeLinear" | "DynamicQuantizeLinear" | "Cast" => {
                tensor = before.input.first().map(String::as_str).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::onnx::{AttributeProto, GraphProto, TensorProto, ValueInfoProto};

    fn node(kind: &str, inputs: &[&str], output: &str) -> NodeProto {
        NodeProto {
            op_type: Some(kind.into()),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            ..NodeProto::default()
        }
    }

    fn graph(node: Vec<NodeProto>, initializer: Vec<TensorProto>) -> Graph {
        let input = vec![ValueInfoProto { name: Some("x".into()), ..ValueInfoProto::default() }];
        Graph::of(GraphProto { node, initializer, input, ..GraphProto::default() })
    }

    fn first(graph: &Graph) -> Option<Kernels> {
        Kernels::first(graph, ColourOrder::Rgb)
    }

    #[test]
    fn kernels_become_colours() {
        // One kernel of 2×2: red 1 at the left above, green −0.5 at the right below.
        let mut weights = vec![0.0; 12];
        (weights[0], weights[7]) = (1.0, -0.5);
        let weights = TensorProto::of_floats("w", &[1, 3, 2, 2], &weights);
        let kernels = first(&graph(vec![node("Conv", &["x", "w"], "y")], vec![weights])).unwrap();
        assert_eq!((kernels.count, kernels.width, kernels.height, kernels.colours), (1, 2, 2, 3));
        assert_eq!(kernels.picture(0), [[255, 128, 128], [128; 3], [128; 3], [128, 64, 128]]);
        let mixing = TensorProto::of_floats("w", &[1, 3, 1, 1], &[1.0; 3]);
        assert_eq!(first(&graph(vec![node("Conv", &["x", "w"], "y")], vec![mixing])), None);
    }

    #[test]
    fn quantised_kernels_have_their_own_zero_and_scale() {
        let integers = TensorProto {
            name: Some("q".into()),
            dims: vec![2, 1, 2, 2],
            data_type: Some(crate::model::file::onnx::data_type::UINT8),
            raw_data: Some(vec![10u8, 12, 10, 10, 20, 20, 20, 24].into()),
            ..TensorProto::default()
        };
        let scale = TensorProto::of_floats("s", &[2], &[0.5, 2.0]);
        let zero = TensorProto {
            name: Some("z".into()),
            dims: vec![2],
            data_type: Some(crate::model::file::onnx::data_type::UINT8),
            raw_data: Some(vec![10u8, 20].into()),
            ..TensorProto::default()
        };
        let nodes = vec![node("DequantizeLinear", &["q", "s", "z"], "w"), node("Conv", &["x", "w"], "y")];
        let kernels = first(&graph(nodes, vec![integers, scale, zero])).unwrap();
        assert_eq!(kernels.values, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0]);
    }

    #[test]
    fn four_neighbours_become_one_kernel_of_twice_the_size() {
        let slices = ["a", "b", "c", "d"];
        let mut nodes: Vec<_> = slices.iter().map(|name| node("Slice", &["x"], name)).collect();
        nodes.extend([node("Concat", &slices, "f"), node("Conv", &["f", "w"], "y")]);
        // Channel n of the one pixel has the weight n.
        let weights: Vec<f32> = (0..12).map(|n| n as f32).collect();
        let weights = TensorProto::of_floats("w", &[1, 12, 1, 1], &weights);
        let kernels = first(&graph(nodes, vec![weights])).unwrap();
        assert_eq!((kernels.width, kernels.height), (2, 2));
        let red: Vec<f32> = kernels.values.iter().step_by(3).copied().collect();
        assert_eq!(red, [0.0, 6.0, 3.0, 9.0], "left above, right above, left below, right below");
    }

    /// YOLOX takes blue first.
    #[test]
    fn red_is_red_whatever_order_the_network_takes() {
        let weights =
            TensorProto::of_floats("w", &[1, 3, 2, 2], &[&[0.0; 8][..], &[1.0, 0.0, 0.0, 0.0]].concat());
        let plain = graph(vec![node("Conv", &["x", "w"], "y")], vec![weights]);
        let at = |graph: &Graph, order| Kernels::first(graph, order).map(|kernels| kernels.picture(0)[0]);
        assert_eq!(at(&plain, ColourOrder::Rgb), Some([128, 128, 255]));
        assert_eq!(at(&plain, ColourOrder::Bgr), Some([255, 128, 128]));

        // The graph itself turns the colours, as taught models that take raw bytes do.
        let weights =
            TensorProto::of_floats("w", &[1, 3, 2, 2], &[&[0.0; 8][..], &[1.0, 0.0, 0.0, 0.0]].concat());
        let nodes = vec![node("Gather", &["x", "places"], "b"), node("Conv", &["b", "w"], "y")];
        let turned = graph(nodes, vec![weights, TensorProto::of_ints("places", &[3], &[2, 1, 0])]);
        assert_eq!(at(&turned, ColourOrder::Rgb), Some([255, 128, 128]));

        let slices = ["a", "b", "c", "d"];
        let mut nodes: Vec<_> = slices.iter().map(|name| node("Slice", &["x"], name)).collect();
        nodes.extend([node("Concat", &slices, "f"), node("Conv", &["f", "w"], "y")]);
        // The last colour of the first neighbour.
        let mut weights = vec![0.0; 12];
        weights[2] = 1.0;
        let focus = graph(nodes, vec![TensorProto::of_floats("w", &[1, 12, 1, 1], &weights)]);
        assert_eq!(at(&focus, ColourOrder::Rgb), Some([128, 128, 255]));
        assert_eq!(at(&focus, ColourOrder::Bgr), Some([255, 128, 128]));
    }

    #[test]
    fn the_first_convolution_is_the_one_that_reads_the_picture() {
        let depthwise = || TensorProto::of_floats("d", &[2, 1, 2, 2], &[1.0; 8]);
        let colours = || TensorProto::of_floats("w", &[2, 3, 2, 2], &[0.5; 24]);
        let mean = || TensorProto::of_floats("m", &[1, 3, 1, 1], &[0.5; 3]);
        // The file has the second layer first.
        let nodes = vec![
            node("Conv", &["a", "d"], "b"),
            node("Sub", &["x", "m"], "p"),
            node("Pad", &["p", "pads"], "q"),
            node("Conv", &["q", "w"], "y"),
            node("Relu", &["y"], "a"),
        ];
        let kernels = first(&graph(nodes, vec![depthwise(), colours(), mean()])).unwrap();
        assert_eq!((&kernels.tensor[..], kernels.colours), ("y", 3));
        // What has gone through a layer is no picture any more.
        let nodes =
            vec![node("MatMul", &["x", "w"], "p"), node("Relu", &["p"], "a"), node("Conv", &["a", "d"], "b")];
        assert_eq!(first(&graph(nodes, vec![depthwise(), colours()])), None);
        let group = AttributeProto { name: Some("group".into()), i: Some(3), ..AttributeProto::default() };
        let alone = NodeProto { attribute: vec![group], ..node("Conv", &["x", "d"], "y") };
        assert_eq!(first(&graph(vec![alone], vec![depthwise()])), None, "each colour for itself");
    }
}
