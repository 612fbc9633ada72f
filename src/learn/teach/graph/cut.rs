//! Finding the embedding in a graph.

use std::collections::{HashMap, HashSet};

use super::view::View;
use crate::learn::teach::Cut;
use crate::model::file::onnx::tensor_shape_proto::{Dimension, dimension};
use crate::model::file::onnx::{GraphProto, NodeProto, ValueInfoProto, type_proto};

/// No more feature maps are listed.
const MOST_MAPS: usize = 4;
/// No more pooled tensors are listed.
const MOST_POOLED: usize = 3;
/// How far the way from the output to the last layer may be.
const FAR: usize = 24;
/// The fewest numbers of an output that is taken for an embedding.
const LEAST: u64 = 32;

/// What is known of the model besides its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// It gives scores of classes.
    Classifier,
    /// Its output may be an embedding.
    Unknown,
    /// It gives something else: boxes, maps.
    Other,
}

/// The tensors that can be the embedding, the best first.
pub(in super::super) fn candidates(graph: &GraphProto, kind: Kind) -> Vec<Cut> {
    let view = View::of(graph);
    let mut found = Vec::new();
    let output = vector_output(graph).filter(|_| kind != Kind::Other);
    let last =
        output.as_ref().and_then(|output| last_layer(&view, output.name(), FAR, &mut Visited::default()));
    let softmax = output
        .as_ref()
        .is_some_and(|o| view.producer(o.name()).is_some_and(|n| n.op_type().contains("Softmax")));
    let is_embedding = kind == Kind::Unknown && !softmax;
    if let Some(output) = output.as_ref().filter(|_| is_embedding) {
        let shape = shape_text(output);
        let evidence = format!(
            "the model's own output{shape}: the file names no classes, so that it is taken for a vector that tells what an image looks like"
        );
        found.push(Cut { tensor: output.name().to_owned(), evidence });
    }
    found.extend(last);
    found.extend(pooled(&view));
    found.extend(maps(&view));
    if let Some(output) = output.filter(|_| !is_embedding) {
        let evidence = format!("the model's own output{}: its class scores", shape_text(&output));
        found.push(Cut { tensor: output.name().to_owned(), evidence });
    }
    let mut seen = HashSet::new();
    found.retain(|cut| seen.insert(cut.tensor.clone()));
    found
}

fn shape(value: &ValueInfoProto) -> Option<Vec<Option<u64>>> {
    let Some(type_proto::Value::TensorType(tensor)) = value.r#type.as_ref()?.value.as_ref() else {
        return None;
    };
    let side = |d: &Dimension| match d.value {
        Some(dimension::Value::DimValue(n)) => u64::try_from(n).ok(),
        _ => None,
    };
    Some(tensor.shape.as_ref()?.dim.iter().map(side).collect())
}

fn shape_text(value: &ValueInfoProto) -> String {
    let Some(shape) = shape(value).filter(|shape| !shape.is_empty()) else { return String::new() };
    let sides: Vec<String> =
        shape.iter().map(|n| n.map_or_else(|| "?".to_owned(), |n| n.to_string())).collect();
    format!(" ({})", sides.join("\u{d7}"))
}

/// The first output that holds one vector for the image, or tokens; by its name if one is named so.
fn vector_output(graph: &GraphProto) -> Option<ValueInfoProto> {
    let fits = |output: &&ValueInfoProto| {
        shape(output).is_none_or(|shape| match shape[..] {
            [_, n] | [_, _, n] => n.is_none_or(|n| n >= 2),
            [_, _, Some(1), Some(1)] => true,
            _ => false,
        })
    };
    let named = |output: &&ValueInfoProto| {
        let name = output.name().to_ascii_lowercase();
        ["pool", "embed"].iter().any(|word| name.contains(word))
    };
    let fitting = || graph.output.iter().filter(fits);
    let chosen = fitting().find(named).or_else(|| fitting().next())?;
    let long = shape(chosen).is_none_or(|shape| shape.get(1).is_none_or(|n| n.is_none_or(|n| n >= LEAST)));
    (long || graph.output.len() == 1).then(|| chosen.clone())
}

/// The nodes that were looked at: each is looked at once, however many ways lead to it.
#[derive(Default)]
struct Visited {
    layers: HashSet<*const NodeProto>,
    pooling: HashSet<*const NodeProto>,
}

/// The input of the last fully connected layer before `tensor`.
fn last_layer(view: &View<'_>, tensor: &str, far: usize, visited: &mut Visited) -> Option<Cut> {
    let far = far.checked_sub(1)?;
    let node = view.producer(tensor)?;
    if !visited.layers.insert(std::ptr::from_ref(node)) {
        return None;
    }
    let first = node.input.first()?;
    match node.op_type() {
        "Softmax" | "LogSoftmax" | "Sigmoid" | "Identity" | "Cast" | "Reshape" | "Flatten" | "Squeeze"
        | "Unsqueeze" | "Dropout" | "Clip" | "DequantizeLinear" | "QuantizeLinear" | "QLinearSoftmax"
        | "QLinearSigmoid" => last_layer(view, first, far, visited),
        "Mul" | "Add" | "Sub" | "Div" | "QLinearAdd" | "QLinearMul" => {
            let mut inputs = node.input.iter().take(2).filter(|name| !view.is_constant(name));
            inputs.find_map(|name| last_layer(view, name, far, visited))
        }
        "Gemm"
        | "FusedGemm"
        | "MatMul"
        | "FusedMatMul"
        | "MatMulInteger"
        | "MatMulIntegerToFloat"
        | "DynamicQuantizeMatMul"
        | "QLinearMatMul"
        | "QGemm" => {
            let place = if matches!(node.op_type(), "QLinearMatMul" | "QGemm") { 3 } else { 1 };
            let weights = node.input.get(place).filter(|name| view.is_constant(name))?;
            let sides = view.weights(weights).map(|tensor| tensor.dims.clone()).unwrap_or_default();
            let sides = sides.iter().map(ToString::to_string).collect::<Vec<_>>().join("\u{d7}");
            let tensor = before_rounding(view, first);
            let evidence = format!(
                "it goes into the last fully connected layer ({}{}{sides}), which gives the scores of the classes",
                node.op_type(),
                if sides.is_empty() { "" } else { " " },
            );
            Some(Cut { tensor, evidence })
        }
        "Conv" | "FusedConv" | "ConvInteger" | "QLinearConv" => {
            let is_point = kernel(view, node).is_some_and(|(_, sides)| sides.iter().all(|side| *side == 1));
            if !is_point || !comes_from_pooling(view, first, FAR, &mut visited.pooling) {
                return None;
            }
            let evidence = "it goes into the last layer, a convolution of one pixel after global pooling, which gives the scores of the classes";
            Some(Cut { tensor: before_rounding(view, first), evidence: evidence.into() })
        }
        "GlobalAveragePool" | "QLinearGlobalAveragePool" | "ReduceMean" | "AveragePool" => {
            // Scores are maps that are averaged (SqueezeNet): what the last convolution sees is averaged instead.
            let mut tensor = first;
            for _ in 0..FAR {
                let node = view.producer(tensor)?;
                match node.op_type() {
                    "Conv" | "FusedConv" | "ConvInteger" | "QLinearConv" => {
                        let (_, sides) = kernel(view, node)?;
                        if sides.iter().any(|side| *side != 1) {
                            return None;
                        }
                        let evidence = "it goes into the last convolution, whose maps are averaged into the scores of the classes; its mean over the image is taken";
                        return Some(Cut {
                            tensor: before_rounding(view, node.input.first()?),
                            evidence: evidence.into(),
                        });
                    }
                    "Relu" | "Clip" | "Cast" | "DequantizeLinear" | "QuantizeLinear" => {
                        tensor = node.input.first()?;
                    }
                    "Mul" | "Add" => tensor = node.input.iter().find(|name| !view.is_constant(name))?,
                    _ => return None,
                }
            }
            None
        }
        _ => None,
    }
}

/// The tensor before it was rounded to 8 bits, or left out in part while training.
fn before_rounding(view: &View<'_>, tensor: &str) -> String {
    let mut tensor = tensor;
    for _ in 0..FAR {
        let Some(node) = view.producer(tensor) else { break };
        let Some(input) = node.input.first() else { break };
        match node.op_type() {
            "DynamicQuantizeLinear" | "QuantizeLinear" | "Dropout" | "Identity" => tensor = input,
            "DequantizeLinear" if view.producer(input).is_some_and(|n| n.op_type() == "QuantizeLinear") => {
                tensor = input;
            }
            _ => break,
        }
    }
    tensor.to_owned()
}

/// Channels that a convolution gives, and the sides of its kernel.
fn kernel(view: &View<'_>, node: &NodeProto) -> Option<(i64, Vec<i64>)> {
    let place = if node.op_type() == "QLinearConv" { 3 } else { 1 };
    let weights = view.weights(node.input.get(place)?)?;
    match &weights.dims[..] {
        [channels, _, sides @ ..] if !sides.is_empty() => Some((*channels, sides.to_vec())),
        _ => None,
    }
}

/// Whether one pixel is left of the image.
fn comes_from_pooling(
    view: &View<'_>,
    tensor: &str,
    far: usize,
    visited: &mut HashSet<*const NodeProto>,
) -> bool {
    let Some(far) = far.checked_sub(1) else { return false };
    let Some(node) = view.producer(tensor) else { return false };
    if !visited.insert(std::ptr::from_ref(node)) {
        return false;
    }
    match node.op_type() {
        "GlobalAveragePool" | "GlobalMaxPool" | "QLinearGlobalAveragePool" | "ReduceMean" | "AveragePool" => {
            true
        }
        "Conv"
        | "Relu"
        | "Clip"
        | "HardSwish"
        | "Dropout"
        | "Identity"
        | "Reshape"
        | "Flatten"
        | "Squeeze"
        | "Unsqueeze"
        | "QuantizeLinear"
        | "DequantizeLinear"
        | "DynamicQuantizeLinear"
        | "Mul"
        | "Add"
        | "BatchNormalization" => {
            let inputs = node.input.iter().take(2).filter(|name| !view.is_constant(name));
            inputs.into_iter().any(|name| comes_from_pooling(view, name, far, visited))
        }
        _ => false,
    }
}

/// Whether a node takes the mean (or the greatest) of each map over the whole image.
fn is_global_pooling(view: &View<'_>, node: &NodeProto) -> bool {
    match node.op_type() {
        "GlobalAveragePool" | "GlobalMaxPool" | "QLinearGlobalAveragePool" => true,
        "ReduceMean" => {
            let axes = match node.input.get(1) {
                Some(name) => view.ints(name).unwrap_or_default(),
                None => node.ints("axes").to_vec(),
            };
            let mut axes: Vec<i64> =
                axes.into_iter().map(|axis| if axis < 0 { axis + 4 } else { axis }).collect();
            axes.sort_unstable();
            axes == [2, 3]
        }
        _ => false,
    }
}

/// The outputs of global pooling, the last first. Pooling that only weighs its own maps (squeeze and excitation) or brings them to
/// one measure (instance normalisation) reads maps that others read too.
fn pooled(view: &View<'_>) -> Vec<Cut> {
    let nodes = view.order.iter().rev().filter(|node| {
        let alone = node.input.first().is_some_and(|name| view.consumers(name).len() == 1);
        alone && is_global_pooling(view, node)
    });
    let cut = |node: &&NodeProto| {
        let evidence = format!("the output of global pooling ({})", node.op_type());
        Some(Cut { tensor: node.output.first()?.clone(), evidence })
    };
    nodes.filter_map(cut).take(MOST_POOLED).collect()
}

/// Feature maps, the last of the coarsest grid first.
fn maps(view: &View<'_>) -> Vec<Cut> {
    // How often the grid was halved, and whether one pixel is left of it.
    let mut state: HashMap<&str, (i32, bool)> = HashMap::new();
    let mut found: Vec<(i32, i64, usize, &NodeProto)> = Vec::new();
    for (index, node) in view.order.iter().enumerate() {
        let own = node.input.iter().filter(|name| !view.is_constant(name));
        let inputs: Vec<(i32, bool)> = own.filter_map(|name| state.get(&name[..]).copied()).collect();
        let mut level = inputs.iter().map(|(level, _)| *level).max().unwrap_or(0);
        let mut point = !inputs.is_empty() && inputs.iter().all(|(_, point)| *point);
        let halved = || node.ints("strides").first().map_or(0, |stride| stride.max(&1).ilog2() as i32);
        match node.op_type() {
            "Conv" | "FusedConv" | "ConvInteger" | "QLinearConv" => {
                level += halved();
                if let Some((channels, sides)) = kernel(view, node).filter(|_| !point)
                    && sides.len() == 2
                {
                    found.push((level, channels, index, node));
                }
            }
            "MaxPool" | "AveragePool" | "QLinearAveragePool" => level += halved(),
            "ConvTranspose" => level -= halved(),
            "Resize" | "Upsample" => level -= 1,
            // Most write two of its outputs to say that each halves the grid (Focus); one number says it as well.
            _ => point |= is_global_pooling(view, node),
        }
        state.extend(node.output.iter().map(|name| (&name[..], (level, point))));
    }
    let mut levels: Vec<i32> = found.iter().map(|one| one.0).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut cuts = Vec::new();
    for (place, level) in levels.into_iter().rev().take(MOST_MAPS).enumerate() {
        let best = found.iter().filter(|one| one.0 == level).max_by_key(|one| (one.1, one.2));
        let Some((_, channels, _, node)) = best else { continue };
        let Some(output) = node.output.first() else { continue };
        let grid =
            ["the coarsest", "the second coarsest", "the third coarsest", "the fourth coarsest"][place];
        let evidence = format!(
            "the last and widest feature map of {grid} grid: {channels} maps; the mean of each over the image is taken"
        );
        cuts.push(Cut { tensor: settled(view, output), evidence });
    }
    cuts
}

/// What a convolution's output becomes by scaling, normalisation and activation.
fn settled(view: &View<'_>, tensor: &str) -> String {
    let mut tensor = tensor.to_owned();
    let mut rounded = false;
    for _ in 0..FAR {
        let consumers = view.consumers(&tensor);
        let next = match consumers {
            [only] => {
                let others = only.input.iter().filter(|name| **name != tensor);
                let alone = others.clone().all(|name| name.is_empty() || view.is_constant(name));
                match only.op_type() {
                    "BatchNormalization" | "Relu" | "LeakyRelu" | "PRelu" | "Clip" | "HardSwish" | "Elu"
                    | "Gelu" | "Cast" | "Identity" | "DequantizeLinear" => Some(*only),
                    // The scale of what was computed in 8 bits isn't a constant where it is found anew for each image.
                    "Mul" | "Add" if alone || (rounded && only.op_type() == "Mul") => Some(*only),
                    _ => None,
                }
            }
            // Swish: x · sigmoid(x)
            [a, b] => {
                let (gate, product) = if a.op_type() == "Mul" { (b, a) } else { (a, b) };
                let gates = matches!(gate.op_type(), "Sigmoid" | "HardSigmoid" | "Tanh");
                let joins = gate.output.first().is_some_and(|out| product.input.contains(out));
                (gates && product.op_type() == "Mul" && joins).then_some(*product)
            }
            _ => None,
        };
        let Some(output) = next.and_then(|node| node.output.first()) else { break };
        rounded = next.is_some_and(|node| node.op_type() == "Cast");
        tensor.clone_from(output);
    }
    tensor
}
