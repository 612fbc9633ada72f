//! A graph with its ways: who writes a tensor and who reads it.

use std::collections::{HashMap, HashSet};

use crate::model::file::onnx::{GraphProto, NodeProto, TensorProto, in_order};

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
        let order: Vec<&NodeProto> =
            in_order(&graph.node).into_iter().map(|place| &graph.node[place]).collect();
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
        self.weights(tensor)?.whole_numbers()
    }
}
