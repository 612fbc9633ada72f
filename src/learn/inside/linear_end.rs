//! The end of a classifier for which CAM is exact: the mean over a feature map, then one linear layer.

use super::cam::ActivationMap;
use super::graph::Graph;
use super::maps::{PlaneLayout, Planes};
use crate::model::file::onnx::{AttributeProto, NodeProto, TensorProto};
use crate::model::tensor::Tensor;

/// The end of such a classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearEnd {
    /// The tensor whose mean is taken.
    pub features: String,
    /// Its channels are the last axis.
    is_channels_last: bool,
    layer: Linear,
}

/// A linear layer.
#[derive(Clone, Debug, Default, PartialEq)]
struct Linear {
    /// One row of weights a class.
    weights: Vec<f32>,
    channels: usize,
    /// One a class, one for all, or none.
    bias: Vec<f32>,
}

impl Linear {
    /// A layer of a matrix with `rows` × `columns` values: a row a class, or, if `is_turned`, a column.
    fn of(values: Vec<f32>, dims: &[i64], is_turned: bool) -> Option<Self> {
        let [rows, columns] = *dims else { return None };
        let (rows, columns) = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
        // Also that there is something, and no more than the file holds.
        if values.is_empty() || rows.checked_mul(columns)? != values.len() {
            return None;
        }
        if !is_turned {
            return Some(Self { weights: values, channels: columns, bias: Vec::new() });
        }
        let weights =
            (0..columns).flat_map(|class| values.iter().skip(class).step_by(columns).copied()).collect();
        Some(Self { weights, channels: rows, bias: Vec::new() })
    }

    fn classes(&self) -> usize {
        self.weights.len() / self.channels.max(1)
    }
}

impl LinearEnd {
    /// Finds it from the outputs back; `None` if the network ends otherwise.
    #[must_use]
    pub fn find(graph: &Graph) -> Option<Self> {
        graph.outputs().find_map(|output| Self::before(graph, output))
    }

    fn before(graph: &Graph, output: &str) -> Option<Self> {
        /// Layers between the scores and the linear layer: of dynamic quantisation there are some.
        const FAR: usize = 16;
        let mut bias = Vec::new();
        let mut scale: Option<Vec<f32>> = None;
        let mut tensor = output.to_owned();
        for _ in 0..FAR {
            let node = graph.nodes().get(graph.producer(&tensor)?)?;
            let (computed, constant) = split(graph, node);
            let mut next = *computed.first()?;
            match node.op_type() {
                "Softmax" | "LogSoftmax" | "Sigmoid" | "Identity" | "Cast" | "Flatten" | "Reshape"
                | "Squeeze" => {}
                "Add" if bias.is_empty() => bias = graph.constant(constant.first()?)?.floats()?,
                // Of dynamic quantisation: the weights' scale times that of the activations.
                "Mul" if scale.is_none() && computed.len() == 2 => {
                    scale = Some(computed.iter().find_map(|name| scale_of(graph, name))?);
                    next = computed.iter().find(|name| scale_of(graph, name).is_none())?;
                }
                _ => {
                    let mut layer = linear(graph, node, scale.as_deref())?;
                    if layer.bias.is_empty() {
                        layer.bias = bias;
                    }
                    return Self::after(graph, node.input.first()?, layer);
                }
            }
            next.clone_into(&mut tensor);
        }
        None
    }

    /// The mean over the image must come before the linear layer.
    fn after(graph: &Graph, input: &str, layer: Linear) -> Option<Self> {
        let mut tensor = input.to_owned();
        for _ in 0..8 {
            let node = graph.nodes().get(graph.producer(&tensor)?)?;
            let before = node.input.first()?;
            match node.op_type() {
                "Flatten"
                | "Reshape"
                | "Squeeze"
                | "Identity"
                | "Dropout"
                | "DynamicQuantizeLinear"
                | "Cast"
                | "DequantizeLinear"
                | "QuantizeLinear" => before.clone_into(&mut tensor),
                "GlobalAveragePool" => {
                    return Some(Self { features: before.clone(), is_channels_last: false, layer });
                }
                "ReduceMean" => {
                    let told = node.input.get(1).and_then(|name| graph.constant(name)?.whole_numbers());
                    let mut axes = told.unwrap_or_else(|| node.ints("axes").to_vec());
                    axes.sort_unstable();
                    let is_channels_last = match axes[..] {
                        [2, 3] | [-2, -1] => false,
                        [1, 2] | [-3, -2] => true,
                        _ => return None,
                    };
                    return Some(Self { features: before.clone(), is_channels_last, layer });
                }
                _ => return None,
            }
        }
        None
    }

    /// How many classes it has.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layer.classes()
    }

    /// The map of a class from the features of a frame: its mean plus [`Self::bias`] is the class's score. `None` if there is no such class, or the tensor
    /// isn't the features.
    #[must_use]
    pub fn map(&self, features: &Tensor<'_>, input: (u32, u32), class: usize) -> Option<ActivationMap> {
        let layout =
            if self.is_channels_last { PlaneLayout::ChannelsLast } else { PlaneLayout::ChannelsFirst };
        let planes = Planes::of_tensor(features, input)?;
        let weights = self.layer.weights.chunks_exact(self.layer.channels).nth(class)?;
        if planes.count != self.layer.channels || planes.layout != layout {
            return None;
        }
        let mut values = Vec::with_capacity(planes.width * planes.height);
        for (row, column) in
            (0..planes.height).flat_map(|row| (0..planes.width).map(move |column| (row, column)))
        {
            let products = weights.iter().enumerate().map(|(channel, weight)| {
                let value = features.data.number(planes.place(channel, row, column));
                f64::from(*weight) * f64::from(value.unwrap_or_default())
            });
            values.push(products.sum::<f64>() as f32);
        }
        Some(ActivationMap { width: planes.width, height: planes.height, values })
    }

    /// What is added to a class's score besides its map.
    #[must_use]
    pub fn bias(&self, class: usize) -> f32 {
        match self.layer.bias[..] {
            [one] => one,
            _ => self.layer.bias.get(class).copied().unwrap_or(0.0),
        }
    }
}

/// The linear layer that a node is; `scale` is that of its weights, where they are integers.
fn linear(graph: &Graph, node: &NodeProto, scale: Option<&[f32]>) -> Option<Linear> {
    let weights = graph.constant(node.input.get(1)?)?;
    match node.op_type() {
        "Gemm" => {
            if node.int("transA").unwrap_or(0) != 0 {
                return None;
            }
            let factor = |name: &str| node.attribute_named(name).map_or(1.0, AttributeProto::f);
            let is_turned = node.int("transB").unwrap_or(0) == 0;
            let mut layer = Linear::of(weights.floats()?, &weights.dims, is_turned)?;
            let alpha = factor("alpha");
            for weight in &mut layer.weights {
                *weight *= alpha;
            }
            if let Some(name) = node.input.get(2).filter(|name| !name.is_empty()) {
                let beta = factor("beta");
                layer.bias = graph.constant(name)?.floats()?.into_iter().map(|value| value * beta).collect();
            }
            Some(layer)
        }
        "MatMul" => Linear::of(weights.floats()?, &weights.dims, true),
        // A convolution of one pixel, behind the mean.
        "Conv" => {
            let [classes, channels, 1, 1] = weights.dims[..] else { return None };
            let mut layer = Linear::of(weights.floats()?, &[classes, channels], false)?;
            if let Some(name) = node.input.get(2).filter(|name| !name.is_empty()) {
                layer.bias = graph.constant(name)?.floats()?;
            }
            (node.int("group").unwrap_or(1) == 1).then_some(layer)
        }
        "MatMulInteger" => {
            let mut layer = Linear::of(weights.integers()?, &weights.dims, true)?;
            let zero =
                node.input.get(3).and_then(|name| graph.constant(name)).and_then(TensorProto::integers);
            for (class, row) in layer.weights.chunks_exact_mut(layer.channels).enumerate() {
                let of = |list: &[f32]| list.get(class).or(list.first()).copied();
                let zero = zero.as_deref().and_then(of).unwrap_or(0.0);
                let scale = of(scale?)?;
                for weight in row {
                    *weight = (*weight - zero) * scale;
                }
            }
            Some(layer)
        }
        _ => None,
    }
}

/// A node's inputs that depend on the image, and those that are constants.
fn split<'a>(graph: &'a Graph, node: &'a NodeProto) -> (Vec<&'a str>, Vec<&'a str>) {
    let names = node.input.iter().map(String::as_str).filter(|name| !name.is_empty());
    names.partition(|name| graph.constant(name).is_none())
}

/// The constant scale of weights within the product of scales that dynamic quantisation computes.
fn scale_of(graph: &Graph, tensor: &str) -> Option<Vec<f32>> {
    let node = graph.nodes().get(graph.producer(tensor)?)?;
    if node.op_type() != "Mul" {
        return None;
    }
    let (computed, constant) = split(graph, node);
    let is_scale = computed.iter().any(|name| {
        let producer = graph.producer(name).and_then(|place| graph.nodes().get(place));
        producer.is_some_and(|node| node.op_type() == "DynamicQuantizeLinear")
    });
    if is_scale { graph.constant(constant.first()?)?.floats() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_read_by_rows_or_columns() {
        let rows = Linear::of(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3], false).expect("a layer");
        assert_eq!((rows.classes(), rows.channels, &rows.weights[..3]), (2, 3, &[1.0, 2.0, 3.0][..]));
        let columns = Linear::of(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[3, 2], true).expect("a layer");
        assert_eq!((columns.classes(), &columns.weights[..3]), (2, &[1.0, 3.0, 5.0][..]));
    }

    #[test]
    fn shapes_that_say_more_than_there_is_are_refused() {
        for dims in [[-1, 3], [0, i64::MAX], [2, 3], [i64::MAX, i64::MAX]] {
            assert_eq!(Linear::of(Vec::new(), &dims, true), None, "{dims:?}");
            assert_eq!(Linear::of(vec![1.0], &dims, false), None, "{dims:?}");
        }
    }
}
