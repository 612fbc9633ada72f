//! A graph with its ways: who writes a tensor and who reads it.

use std::collections::{HashMap, HashSet};

use crate::model::file::onnx::{GraphProto, NodeProto, TensorProto, data_type};

/// So many operations between weights and what reads them are passed over.
const STEPS: usize = 16;

/// A graph that can be walked.
pub(super) struct View<'a> {
    /// The nodes, each after those whose outputs it reads.
    pub order: Vec<&'a NodeProto>,
    producer: HashMap<&'a str, &'a NodeProto>,
    consumers: HashMap<&'a str, Vec<&'a NodeProto>>,
    initializers: HashMap<&'a str, &'a TensorProto>,
    /// Tensors that are the same for every image.
    constant: HashSet<&'a str>,
}

impl<'a> View<'a> {
    pub fn of(graph: &'a GraphProto) -> Self {
        let mut producer = HashMap::new();
        let mut consumers: HashMap<&str, Vec<&NodeProto>> = HashMap::new();
        for node in &graph.node {
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                producer.insert(&output[..], node);
            }
            for input in node.input.iter().filter(|name| !name.is_empty()) {
                consumers.entry(&input[..]).or_default().push(node);
            }
        }
        let initializers: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name(), tensor)).collect();
        let order = in_order(graph, &producer);
        let mut constant: HashSet<&str> = initializers.keys().copied().collect();
        for node in &order {
            let fixed = node.input.iter().all(|name| name.is_empty() || constant.contains(&name[..]));
            // Random numbers aren't, and what holds a graph may read anything.
            if fixed && !node.op_type().starts_with("Random") && node.attribute.iter().all(|a| a.g.is_none())
            {
                constant.extend(node.output.iter().map(|name| &name[..]));
            }
        }
        Self { order, producer, consumers, initializers, constant }
    }

    pub fn producer(&self, tensor: &str) -> Option<&'a NodeProto> {
        self.producer.get(tensor).copied()
    }

    pub fn consumers(&self, tensor: &str) -> &[&'a NodeProto] {
        self.consumers.get(tensor).map(|nodes| &nodes[..]).unwrap_or_default()
    }

    pub fn is_constant(&self, tensor: &str) -> bool {
        self.constant.contains(tensor)
    }

    /// The weights of a node's input, also behind a `DequantizeLinear`.
    pub fn weights(&self, tensor: &str) -> Option<&'a TensorProto> {
        let mut tensor = tensor;
        // A graph may be a ring.
        for _ in 0..STEPS {
            if let Some(found) = self.initializers.get(tensor) {
                return Some(found);
            }
            let node = self.producer(tensor)?;
            match node.op_type() {
                "Constant" => return node.attribute_named("value")?.t.as_ref(),
                "DequantizeLinear" | "Identity" | "Cast" => tensor = node.input.first()?,
                _ => return None,
            }
        }
        None
    }

    /// Integers that are constants of the graph.
    pub fn ints(&self, tensor: &str) -> Option<Vec<i64>> {
        let tensor = self.weights(tensor)?;
        if tensor.data_type != Some(data_type::INT64) {
            return None;
        }
        let raw = tensor.raw_data.as_deref().unwrap_or_default();
        Some(if raw.is_empty() {
            tensor.int64_data.clone()
        } else {
            raw.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
        })
    }
}

/// The nodes so that each comes after those that it reads from; some quantizers don't write them so.
fn in_order<'a>(graph: &'a GraphProto, producer: &HashMap<&str, &'a NodeProto>) -> Vec<&'a NodeProto> {
    let number: HashMap<*const NodeProto, usize> =
        graph.node.iter().enumerate().map(|(index, node)| (std::ptr::from_ref(node), index)).collect();
    let mut order = Vec::with_capacity(graph.node.len());
    let mut done = vec![false; graph.node.len()];
    let mut begun = vec![false; graph.node.len()];
    for first in 0..graph.node.len() {
        let mut stack = vec![first];
        while let Some(&index) = stack.last() {
            let node = &graph.node[index];
            if !begun[index] {
                begun[index] = true;
                let before = node.input.iter().filter_map(|name| producer.get(&name[..]));
                let before = before.filter_map(|node| number.get(&std::ptr::from_ref(*node)).copied());
                stack.extend(before.filter(|i| !begun[*i]));
                continue;
            }
            stack.pop();
            if !done[index] {
                done[index] = true;
                order.push(node);
            }
        }
    }
    order
}
