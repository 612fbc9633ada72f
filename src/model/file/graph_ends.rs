//! The first and last operations of a graph, which show whether it scales its image itself and what bounds its output.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Scaling comes within the first operations, or not at all.
const FIRST: usize = 16;
/// An output's bound comes within the last operations, or not at all.
const LAST: usize = 8;

/// The operations at both ends of a graph, in the file's order, which is that of computation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphEnds {
    first: Vec<(String, Vec<String>)>,
    last: VecDeque<String>,
    /// Small constants by name: their first value.
    constants: BTreeMap<String, f32>,
}

impl GraphEnds {
    /// Whether the input names of one more operation are needed.
    pub(super) fn needs_inputs(&self) -> bool {
        self.first.len() < FIRST
    }

    pub(super) fn push(&mut self, kind: &str, inputs: Vec<String>) {
        if self.needs_inputs() {
            self.first.push((kind.to_owned(), inputs));
        }
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(kind.to_owned());
    }

    pub(super) fn constant(&mut self, name: String, value: f32) {
        self.constants.insert(name, value);
    }

    /// Leaves out constants that say nothing: those that no first operation takes, and those that aren't numbers.
    pub(in crate::model) fn trim(&mut self) {
        let first = &self.first;
        let is_taken = |name: &String| first.iter().any(|(_, inputs)| inputs.contains(name));
        self.constants.retain(|name, value| value.is_finite() && is_taken(name));
    }

    /// Whether the first thing done with this input brings bytes down to small numbers.
    #[must_use]
    pub fn scales_bytes(&self, input: &str) -> bool {
        self.first.iter().any(|(kind, inputs)| {
            let constant = || inputs.iter().find_map(|name| self.constants.get(name)).copied();
            inputs.iter().any(|name| name == input)
                && match kind.as_str() {
                    "Div" => constant().is_some_and(|c| c > 50.0),
                    "Mul" => constant().is_some_and(|c| c > 0.0 && c < 0.02),
                    // A mean of bytes.
                    "Sub" => constant().is_some_and(|c| c > 50.0),
                    _ => false,
                }
        })
    }

    /// The last operation that changes values rather than their order or size.
    #[must_use]
    pub fn last_operator(&self) -> Option<&str> {
        const SHAPES: [&str; 9] = [
            "Cast",
            "Concat",
            "Flatten",
            "Identity",
            "Reshape",
            "Resize",
            "Squeeze",
            "Transpose",
            "Unsqueeze",
        ];
        let quiet = |kind: &&String| {
            SHAPES.contains(&kind.as_str())
                || matches!(kind.as_str(), "Constant" | "QuantizeLinear" | "DequantizeLinear")
        };
        self.last.iter().rev().find(|kind| !quiet(kind)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_division_by_255_is_scaling_and_an_activation_is_the_last_operator() {
        let mut ends = GraphEnds::default();
        ends.push("Div", vec!["input".into(), "c".into()]);
        ends.constant("c".into(), 255.0);
        for kind in ["Conv", "Sigmoid", "Reshape"] {
            ends.push(kind, Vec::new());
        }
        assert!(ends.scales_bytes("input") && !ends.scales_bytes("other"));
        assert_eq!(ends.last_operator(), Some("Sigmoid"));
    }

    #[test]
    fn a_division_by_a_deviation_is_no_scaling() {
        let mut ends = GraphEnds::default();
        ends.push("Div", vec!["x".into(), "std".into()]);
        ends.constant("std".into(), 0.229);
        assert!(!ends.scales_bytes("x"));
    }
}
