//! A network's graph with its weights: which node makes which tensor, and which weights a node has.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::model::ModelError;
use crate::model::file::onnx::{self, GraphProto, NodeProto, TensorProto};

/// A graph whose tensors are found by name.
#[derive(Debug)]
pub struct Graph {
    proto: GraphProto,
    /// Opset of ONNX's own operators.
    pub opset: i64,
    /// The node that makes a tensor.
    producers: HashMap<String, usize>,
    /// Places of initializers by name.
    weights: HashMap<String, usize>,
}

impl Graph {
    /// Reads a model's file.
    ///
    /// # Errors
    /// As [`onnx::read`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let model = onnx::read(path)?;
        let opset = model.opset_import.iter().find(|set| matches!(set.domain(), "" | "ai.onnx"));
        let opset = opset.map_or(0, |set| set.version());
        Ok(Self::of(model.graph.unwrap_or_default(), opset))
    }

    /// A graph of these messages.
    #[must_use]
    pub fn of(proto: GraphProto, opset: i64) -> Self {
        let mut producers = HashMap::new();
        for (place, node) in proto.node.iter().enumerate() {
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                producers.insert(output.clone(), place);
            }
        }
        let weights = proto.initializer.iter().enumerate();
        let weights = weights.map(|(place, weight)| (weight.name().to_owned(), place)).collect();
        Self { proto, opset, producers, weights }
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

    /// The nodes that read a tensor.
    pub fn consumers<'a>(&'a self, tensor: &'a str) -> impl Iterator<Item = usize> + 'a {
        let nodes = self.proto.node.iter().enumerate();
        nodes.filter(move |(_, node)| node.input.iter().any(|input| input == tensor)).map(|(place, _)| place)
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
        self.proto.output.iter().map(|output| output.name())
    }

    /// The names of its inputs that aren't weights.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        let is_weight = |name: &str| self.weights.contains_key(name);
        self.proto.input.iter().map(|input| input.name()).filter(move |name| !is_weight(name))
    }

    /// The tensors that depend on the inputs, by name: what isn't among them is a constant.
    #[must_use]
    pub fn computed(&self) -> HashSet<&str> {
        let mut computed: HashSet<&str> = self.inputs().collect();
        // Files list their nodes so that each comes after those that it reads; runtimes refuse others.
        for node in &self.proto.node {
            if node.input.iter().any(|input| computed.contains(input.as_str())) {
                computed.extend(node.output.iter().map(String::as_str));
            }
        }
        computed
    }
}
