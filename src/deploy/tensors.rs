//! The inputs and outputs of a model as servers name them.

use super::DeployError;
use crate::model::file::{GraphInfo, ValueInfo};

/// An input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tensor {
    pub name: String,
    /// The type in the Open Inference Protocol: FP32, UINT8, …
    pub kind: &'static str,
    /// Its shape; −1 for what is open.
    pub shape: Vec<i64>,
}

/// Those of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tensors {
    pub inputs: Vec<Tensor>,
    pub outputs: Vec<Tensor>,
    /// Whether the first axis of all is the number of images, and open.
    pub batched: bool,
}

impl Tensors {
    /// `any_size`: the network takes images of any size although its file fixes one.
    pub fn of(graph: &GraphInfo, any_size: bool) -> Result<Self, DeployError> {
        let all = |values: &[ValueInfo]| -> Result<Vec<Tensor>, DeployError> {
            values.iter().map(|value| tensor(value, any_size)).collect()
        };
        Ok(Self {
            inputs: all(&graph.inputs)?,
            outputs: all(&graph.outputs)?,
            batched: !any_size && is_batched(graph),
        })
    }
}

/// Whether every tensor's first axis bears the same name and is open: an output of its own length (detections after NMS) has an open
/// first axis too, and can't be cut in pieces for several requests.
fn is_batched(graph: &GraphInfo) -> bool {
    let first = |value: &ValueInfo| match (value.shape.as_slice(), value.symbols.first()) {
        ([None, _, ..], Some(Some(name))) if !name.is_empty() => Some(name.clone()),
        _ => None,
    };
    let mut names = graph.inputs.iter().chain(&graph.outputs).map(first);
    let Some(Some(batch)) = names.next() else { return false };
    names.all(|name| name.as_ref() == Some(&batch))
}

fn tensor(value: &ValueInfo, any_size: bool) -> Result<Tensor, DeployError> {
    let name = value.name.clone();
    let Some(kind) = kind(&value.element) else {
        return Err(DeployError::Type { tensor: name, element: value.element.clone() });
    };
    if value.shape.is_empty() {
        return Err(DeployError::NoShape { tensor: name });
    }
    let axis = |(axis, size): (usize, &Option<u64>)| {
        let open = any_size && axis != 1;
        size.filter(|_| !open).and_then(|size| i64::try_from(size).ok()).unwrap_or(-1)
    };
    Ok(Tensor { name, kind, shape: value.shape.iter().enumerate().map(axis).collect() })
}

fn kind(element: &str) -> Option<&'static str> {
    Some(match element {
        "float" => "FP32",
        "float16" => "FP16",
        "double" => "FP64",
        "bfloat16" => "BF16",
        "uint8" => "UINT8",
        "uint16" => "UINT16",
        "uint32" => "UINT32",
        "uint64" => "UINT64",
        "int8" => "INT8",
        "int16" => "INT16",
        "int32" => "INT32",
        "int64" => "INT64",
        "bool" => "BOOL",
        "string" => "BYTES",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, shape: &[&str]) -> ValueInfo {
        ValueInfo {
            name: name.into(),
            element: "float".into(),
            shape: shape.iter().map(|n| n.parse().ok()).collect(),
            symbols: shape.iter().map(|n| n.parse::<u64>().is_err().then(|| (*n).to_owned())).collect(),
        }
    }

    #[test]
    fn only_a_named_open_first_axis_of_all_is_a_batch() {
        let graph = |inputs: &[&[&str]], outputs: &[&[&str]]| GraphInfo {
            inputs: inputs.iter().map(|shape| value("in", shape)).collect(),
            outputs: outputs.iter().map(|shape| value("out", shape)).collect(),
            ..GraphInfo::default()
        };
        let batched = |inputs: &[&[&str]], outputs: &[&[&str]]| is_batched(&graph(inputs, outputs));
        assert!(batched(&[&["n", "3", "h", "w"]], &[&["n", "1000"]]));
        assert!(!batched(&[&["1", "3", "4", "4"]], &[&["1", "1000"]]));
        assert!(
            !batched(&[&["n", "3", "4", "4"]], &[&["rows", "7"]]),
            "detections of all images in one list"
        );
        assert!(!batched(&[&["n", "3", "4", "4"], &["1", "2"]], &[&["n", "7"]]));
        assert!(!batched(&[&["n", "3", "4", "4"]], &[&["n"]]), "nothing would be left of its shape");
        assert!(!batched(&[&["", "3", "4", "4"]], &[&["", "7"]]), "nobody says what is open");
    }

    #[test]
    fn what_a_server_must_know_is_asked_for() {
        let graph = GraphInfo { inputs: vec![value("x", &[])], ..GraphInfo::default() };
        assert!(matches!(Tensors::of(&graph, false), Err(DeployError::NoShape { tensor }) if tensor == "x"));
        let odd = ValueInfo { element: "other".into(), ..value("y", &["1"]) };
        let graph = GraphInfo { inputs: vec![odd], ..GraphInfo::default() };
        assert!(matches!(Tensors::of(&graph, false), Err(DeployError::Type { .. })));
        let graph = GraphInfo { inputs: vec![value("x", &["10", "3", "32", "32"])], ..GraphInfo::default() };
        assert_eq!(Tensors::of(&graph, true).expect("known").inputs[0].shape, [-1, 3, -1, -1]);
    }
}
