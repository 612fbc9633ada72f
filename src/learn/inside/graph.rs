//! A network's graph with its weights: which node makes which tensor, and which weights a node has.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::model::ModelError;
use crate::model::file::onnx::{self, GraphProto, NodeProto, TensorProto, ValueInfoProto, in_order};

/// A graph whose tensors are found by name.
#[derive(Debug)]
pub struct Graph {
    proto: GraphProto,
    /// The node that makes a tensor.
    producers: HashMap<String, usize>,
    /// Places of initializers by name.
    weights: HashMap<String, usize>,
    /// Places of the nodes, each after those whose tensors it reads.
    order: Vec<usize>,
}

impl Graph {
    /// Reads a model's file.
    ///
    /// # Errors
    /// As [`onnx::read`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Ok(Self::of(onnx::read(path)?.graph.unwrap_or_default()))
    }

    /// A graph of these messages.
    #[must_use]
    pub fn of(proto: GraphProto) -> Self {
        let mut producers = HashMap::new();
        for (place, node) in proto.node.iter().enumerate() {
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                producers.insert(output.clone(), place);
            }
        }
        let weights = proto.initializer.iter().enumerate();
        let weights = weights.map(|(place, weight)| (weight.name().to_owned(), place)).collect();
        let order = in_order(&proto.node);
        Self { proto, producers, weights, order }
    }

    /// Every node with its place in the file, each after those whose tensors it reads; some quantisers write them in another order.
    pub fn in_order(&self) -> impl Iterator<Item = (usize, &NodeProto)> {
        self.order.iter().map(|place| (*place, &self.proto.node[*place]))
    }

    /// Every node, in the order of the file.
    #[must_use]
    pub fn nodes(&self) -> &[NodeProto] {
        &self.proto.node
    }

    /// The place of the node that makes a tensor.
    #[must_use]
    pub fn producer(&self, tensor: &str) -> Option<usize> {
        self.producers.get(tensor).copied()
    }

    /// The weights that a constant comes from: itself, or what quantising or changing its type made it of.
    #[must_use]
    pub fn weights(&self, name: &str) -> Option<&TensorProto> {
        /// Such a chain is no longer.
        const LONGEST: usize = 8;
        let mut name = name;
        for _ in 0..LONGEST {
            if let Some(constant) = self.constant(name) {
                return Some(constant);
            }
            let node = self.proto.node.get(self.producer(name)?)?;
            match node.op_type() {
                "DequantizeLinear" | "QuantizeLinear" | "Identity" | "Cast" | "Transpose" => {
                    name = node.input.first()?;
                }
                _ => return None,
            }
        }
        None
    }

    /// The constant of that name: an initializer, or the value of a node that is a constant.
    #[must_use]
    pub fn constant(&self, name: &str) -> Option<&TensorProto> {
        if let Some(place) = self.weights.get(name) {
            return self.proto.initializer.get(*place);
        }
        let node = self.proto.node.get(self.producer(name)?)?;
        if node.op_type() != "Constant" {
            return None;
        }
        node.attribute_named("value")?.t.as_ref()
    }

    /// The names of its outputs.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.proto.output.iter().map(ValueInfoProto::name)
    }

    /// The names of its inputs that aren't weights.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        let is_weight = |name: &str| self.weights.contains_key(name);
        self.proto.input.iter().map(ValueInfoProto::name).filter(move |name| !is_weight(name))
    }

    /// The tensors that depend on the inputs, by name: what isn't among them is a constant.
    #[must_use]
    pub fn computed(&self) -> HashSet<&str> {
        let mut computed: HashSet<&str> = self.inputs().collect();
        for (_, node) in self.in_order() {
            if node.input.iter().any(|input| computed.contains(input.as_str())) {
                computed.extend(node.output.iter().map(String::as_str));
            }
        }
        computed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(input: &str, output: &str) -> NodeProto {
        NodeProto { input: vec![input.into()], output: vec![output.into()], ..NodeProto::default() }
    }

    #[test]
    fn nodes_come_after_those_that_they_read() {
        let input = vec![ValueInfoProto { name: Some("x".into()), ..ValueInfoProto::default() }];
        let node = vec![node("b", "c"), node("x", "a"), node("a", "b"), node("w", "v")];
        let graph = Graph::of(GraphProto { node, input, ..GraphProto::default() });
        assert_eq!(graph.in_order().map(|(place, _)| place).collect::<Vec<_>>(), [1, 2, 0, 3]);
        let computed = graph.computed();
        assert!(computed.contains("c") && !computed.contains("v"));
    }

    #[test]
    fn a_circle_ends() {
        let node = vec![node("b", "a"), node("a", "b")];
        let graph = Graph::of(GraphProto { node, ..GraphProto::default() });
        assert_eq!(graph.in_order().count(), 2);
    }
}
