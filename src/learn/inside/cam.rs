//! Activation maps: which parts of the image a result rests on, from the activations of one layer.
//!
//! - CAM (Zhou et al. 2016, arXiv 1512.04150) is exact where a classifier ends in the mean over the image and one linear layer: the
//!   score of a class is then the mean of its map, plus the bias.
//! - `EigenCAM` (Muhammad and Yeasin 2020, arXiv 2008.00299) takes the first principal component of any layer's activations. Its sign means nothing;
//!   [`super::why`] chooses it by the model's own score.

use super::graph::Graph;
use super::layers::Layers;
use super::maps::{PlaneLayout, Planes};
use crate::model::file::onnx::NodeProto;
use crate::model::tensor::Tensor;

/// A value for every cell of a layer, over the whole input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivationMap {
    pub width: usize,
    pub height: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl ActivationMap {
    /// The values brought to 0..=1, negative ones to 0.
    #[must_use]
    pub fn normalised(&self) -> Vec<f32> {
        let most = self.values.iter().copied().fold(0.0f32, f32::max);
        self.values.iter().map(|value| if most > 0.0 { (value / most).max(0.0) } else { 0.0 }).collect()
    }

    /// The same with the other sign.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.values.iter_mut().for_each(|value| *value = -*value);
        self
    }
}

/// The end of a classifier for which CAM is exact: the mean over a feature map, then one linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearEnd {
    /// The tensor whose mean is taken.
    pub features: String,
    /// The tensor with the scores (logits) that the linear layer makes.
    pub scores: String,
    /// One row of weights a class.
    weights: Vec<f32>,
    channels: usize,
    /// One a class; empty if there is none.
    bias: Vec<f32>,
}

impl LinearEnd {
    /// Finds it from the outputs back; `None` if the network ends otherwise.
    #[must_use]
    pub fn find(graph: &Graph) -> Option<Self> {
        graph.outputs().find_map(|output| Self::before(graph, output))
    }

    fn before(graph: &Graph, output: &str) -> Option<Self> {
        let mut bias = Vec::new();
        let mut scale: Option<Vec<f32>> = None;
        let mut tensor = output.to_owned();
        let mut scores = output.to_owned();
        for _ in 0..16 {
            let node = graph.nodes().get(graph.producer(&tensor)?)?;
            let (computed, constant) = split(graph, node);
            match node.op_type() {
                // The scores before a softmax are the linear layer's.
                "Softmax" | "LogSoftmax" | "Sigmoid" => {
                    scores = computed.first().map(|name| (*name).to_owned())?
                }
                "Identity" | "Cast" | "Flatten" | "Reshape" | "Squeeze" => {}
                "Add" if bias.is_empty() => bias = graph.constant(constant.first()?)?.floats()?,
                // Of dynamic quantisation: the weights' scale times that of the activations.
                "Mul" if scale.is_none() && computed.len() == 2 => {
                    let product = computed.iter().find_map(|name| scale_of(graph, name))?;
                    scale = Some(product);
                }
                "Gemm" => {
                    let weights = graph.constant(node.input.get(1)?)?;
                    let [rows, columns] = weights.dims[..] else { return None };
                    let is_turned = node.int("transB") == Some(1);
                    let alpha = node.attribute_named("alpha").map_or(1.0, |alpha| alpha.f());
                    let (classes, channels) = if is_turned { (rows, columns) } else { (columns, rows) };
                    let mut weights = weights.floats()?;
                    if !is_turned {
                        weights = turned(&weights, channels as usize, classes as usize);
                    }
                    weights.iter_mut().for_each(|weight| *weight *= alpha);
                    if let Some(name) = node.input.get(2).filter(|name| !name.is_empty()) {
                        bias = graph.constant(name)?.floats()?;
                    }
                    return Self::after(graph, node.input.first()?, weights, channels as usize, bias, scores);
                }
                "MatMul" => {
                    let weights = graph.constant(node.input.get(1)?)?;
                    let [channels, classes] = weights.dims[..] else { return None };
                    let (channels, classes) =
                        (usize::try_from(channels).ok()?, usize::try_from(classes).ok()?);
                    let weights = turned(&weights.floats()?, channels, classes);
                    return Self::after(graph, node.input.first()?, weights, channels, bias, scores);
                }
                "MatMulInteger" => {
                    let weights = graph.constant(node.input.get(1)?)?;
                    let [channels, classes] = weights.dims[..] else { return None };
                    let (channels, classes) =
                        (usize::try_from(channels).ok()?, usize::try_from(classes).ok()?);
                    let zero = node.input.get(3).and_then(|name| graph.constant(name)?.integers());
                    let mut values = turned(&weights.integers()?, channels, classes);
                    let scale = scale.as_ref()?;
                    for (class, row) in values.chunks_exact_mut(channels).enumerate() {
                        let of = |list: &[f32]| list.get(class).or(list.first()).copied();
                        let zero = zero.as_deref().and_then(of).unwrap_or(0.0);
                        let scale = of(scale)?;
                        row.iter_mut().for_each(|weight| *weight = (*weight - zero) * scale);
                    }
                    return Self::after(graph, node.input.first()?, values, channels, bias, scores);
                }
                _ => return None,
            }
            // A product of scale and integers goes on with the integers.
            let is_scaled = node.op_type() == "Mul";
            let next = computed.iter().find(|name| !is_scaled || scale_of(graph, name).is_none())?;
            tensor = (*next).to_owned();
        }
        None
    }

    /// The mean over the image must come before the linear layer.
    fn after(
        graph: &Graph,
        input: &str,
        weights: Vec<f32>,
        channels: usize,
        bias: Vec<f32>,
        scores: String,
    ) -> Option<Self> {
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
                "GlobalAveragePool" | "ReduceMean" => {
                    let fits = channels > 0 && weights.len().is_multiple_of(channels);
                    return fits.then(|| Self { features: before.clone(), scores, weights, channels, bias });
                }
                _ => return None,
            }
        }
        None
    }

    /// How many classes it has.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.weights.len() / self.channels.max(1)
    }

    /// The map of a class from the features of a frame: its mean plus [`Self::bias`] is the class's score. `None` if there is no such class, or the tensor
    /// isn't the features.
    #[must_use]
    pub fn map(&self, features: &Tensor<'_>, input: (u32, u32), class: usize) -> Option<ActivationMap> {
        let planes = planes_of(features, input).filter(|planes| planes.count == self.channels)?;
        let weights = self.weights.chunks_exact(self.channels).nth(class)?;
        let mut map = ActivationMap {
            width: planes.width,
            height: planes.height,
            values: Vec::with_capacity(planes.width * planes.height),
        };
        for row in 0..planes.height {
            for column in 0..planes.width {
                let products = weights.iter().enumerate().map(|(channel, weight)| {
                    let value = features.data.number(planes.place(channel, row, column));
                    f64::from(*weight) * f64::from(value.unwrap_or_default())
                });
                map.values.push(products.sum::<f64>() as f32);
            }
        }
        Some(map)
    }

    /// What is added to a class's score besides its map.
    #[must_use]
    pub fn bias(&self, class: usize) -> f32 {
        self.bias.get(class).copied().unwrap_or(0.0)
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

/// A matrix of `rows` × `columns`, turned.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for column in 0..columns {
        out.extend((0..rows).filter_map(|row| values.get(row * columns + column)));
    }
    out
}

fn planes_of(tensor: &Tensor<'_>, input: (u32, u32)) -> Option<Planes> {
    let shape: Vec<usize> = tensor.shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
    Planes::of(&shape, input).filter(|planes| planes.values() <= tensor.data.len())
}

/// The first principal component of a layer's activations: for each cell, its vector of channels, less the mean of all cells, along the direction in
/// which these vectors differ most. Its sign means nothing. `None` if the tensor has no cells.
#[must_use]
pub fn eigen_cam(features: &Tensor<'_>, input: (u32, u32)) -> Option<ActivationMap> {
    /// Power iteration ends when the direction turns by less than this.
    const TURNED: f64 = 1e-12;
    let planes = planes_of(features, input)?;
    let (cells, channels) = (planes.width * planes.height, planes.count);
    // One row a cell.
    let mut rows = vec![0.0f32; cells * channels];
    for channel in 0..channels {
        let mut sum = 0.0f64;
        for row in 0..planes.height {
            for column in 0..planes.width {
                let value = features.data.number(planes.place(channel, row, column)).unwrap_or_default();
                let value = if value.is_finite() { value } else { 0.0 };
                rows[(row * planes.width + column) * channels + channel] = value;
                sum += f64::from(value);
            }
        }
        let mean = (sum / cells as f64) as f32;
        rows.iter_mut().skip(channel).step_by(channels).for_each(|value| *value -= mean);
    }
    // It begins with the cell that differs most from the mean, which the answer can't be at a right angle to.
    let length = |row: &[f32]| row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
    let most = rows.chunks_exact(channels).max_by(|a, b| length(a).total_cmp(&length(b)))?;
    let mut direction: Vec<f64> = most.iter().map(|value| f64::from(*value)).collect();
    let mut projection = vec![0.0f64; cells];
    let unit = |vector: &mut Vec<f64>| {
        let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|v| *v /= length);
        }
    };
    unit(&mut direction);
    for _ in 0..200 {
        for (value, row) in projection.iter_mut().zip(rows.chunks_exact(channels)) {
            *value = row.iter().zip(&direction).map(|(a, b)| f64::from(*a) * b).sum();
        }
        let mut next = vec![0.0f64; channels];
        for (value, row) in projection.iter().zip(rows.chunks_exact(channels)) {
            next.iter_mut().zip(row).for_each(|(sum, a)| *sum += f64::from(*a) * value);
        }
        unit(&mut next);
        let along: f64 = next.iter().zip(&direction).map(|(a, b)| a * b).sum();
        direction = next;
        if 1.0 - along.abs() < TURNED {
            break;
        }
    }
    for (value, row) in projection.iter_mut().zip(rows.chunks_exact(channels)) {
        *value = row.iter().zip(&direction).map(|(a, b)| f64::from(*a) * b).sum();
    }
    let values = projection.into_iter().map(|value| value as f32).collect();
    Some(ActivationMap { width: planes.width, height: planes.height, values })
}

/// The layer whose activations say most of what a network sees: the last of those with the smallest maps that has about as many
/// channels as any of them. The output of a backbone or neck, not the few channels of a head. Its tensor's name.
#[must_use]
pub fn usual_layer(layers: &Layers) -> Option<&str> {
    layer_at(layers, None)
}

/// As [`usual_layer`], of the maps with this stride in input pixels: of a detector with several levels, the one that finds objects of a size.
#[must_use]
pub fn layer_at(layers: &Layers, stride: Option<u32>) -> Option<&str> {
    let maps = layers.layers.iter().filter_map(|layer| {
        let size = layer.size.as_ref().filter(|size| size.element.starts_with("float"))?;
        let shape: Vec<usize> = size.shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
        let planes = Planes::of(&shape, layers.input_size)?;
        let is_map = match planes.layout {
            PlaneLayout::Patches { .. } => true,
            PlaneLayout::ChannelsFirst | PlaneLayout::ChannelsLast => {
                is_at_stride(layers.input_size, &planes, stride)
            }
            PlaneLayout::Attention => false,
        };
        let is_large = planes.width.min(planes.height) >= 4 && planes.count >= 2;
        (is_map && is_large).then_some((layer, planes))
    });
    let maps: Vec<_> = maps.collect();
    let least = maps.iter().map(|(_, planes)| planes.width * planes.height).min()?;
    let smallest = || maps.iter().filter(|(_, planes)| planes.width * planes.height == least);
    let most = smallest().map(|(_, planes)| planes.count).max()?;
    let (layer, _) = smallest().rfind(|(_, planes)| planes.count * 2 >= most)?;
    layer.outputs.first().map(String::as_str)
}

/// Whether planes are a feature map of the input at a stride: this one, or any power of two.
fn is_at_stride((width, height): (u32, u32), planes: &Planes, stride: Option<u32>) -> bool {
    let fits = |stride: u32| {
        // Without padding, a map may be a cell smaller; with a border, one larger.
        let near = |side: u32, cells: usize| (side.div_ceil(stride) as usize).abs_diff(cells) <= 1;
        near(width, planes.width) && near(height, planes.height)
    };
    match stride {
        Some(stride) => fits(stride),
        None => [2, 4, 8, 16, 32, 64].into_iter().any(fits),
    }
}
