//! What an ONNX file says of itself, read from its bytes without ONNX Runtime.

/// A tensor that goes in or comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// ONNX's name of the element type: "float", "float16", "uint8", "int64", …
    pub element: String,
    /// One entry an axis; `None` where it is dynamic.
    pub shape: Vec<Option<u64>>,
    /// The names of dynamic axes, beside `shape` ("batch", "height", …).
    pub symbols: Vec<Option<String>>,
}

/// What the file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// Metadata properties, in the file's order.
    pub metadata: Vec<(String, String)>,
    pub producer: String,
    /// Operator sets, (domain, version); "" is ONNX's own.
    pub opsets: Vec<(String, u64)>,
    /// Operator types that occur, with their domain, sorted, each once.
    pub operators: Vec<(String, String)>,
    /// Files that the weights lie in, beside the model.
    pub external_data: Vec<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
}
