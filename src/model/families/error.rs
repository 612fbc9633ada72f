//! How a network's outputs can differ from those of its family.

use std::fmt::Write as _;

use crate::model::tensor::Tensor;

/// How a network's outputs differ from those of its family; each message is the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// No output at all.
    #[error("it has no output")]
    NoOutput,
    /// Another number of outputs.
    #[error("it has {found} outputs, not {expected}")]
    OutputCount { found: usize, expected: &'static str },
    /// An output that the decoder needs isn't there.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// Fewer or more values than the shape says.
    #[error("output \u{201c}{name}\u{201d} is shorter than its shape")]
    TooShort { name: String },
    /// Another type of values.
    #[error("output \u{201c}{name}\u{201d} holds no floats")]
    NotFloats { name: String },
    /// The shape of the first or only output.
    #[error("its shape is {shape}, not {expected}")]
    Shape { shape: String, expected: String },
    /// The shape of one of several outputs; `part` is "a map has", "its masks have".
    #[error("{part} the shape {shape}, not {expected}")]
    PartShape { part: &'static str, shape: String, expected: String },
    /// Outputs whose sizes differ where they must be equal.
    #[error("{} don't belong together", list(.0))]
    Mismatch(Vec<(&'static str, String)>),
    /// As many anchors or cells as no input of this size has.
    #[error("{count} {what} don't belong to a {}×{} input", .input.0, .input.1)]
    InputSize { count: usize, what: &'static str, input: (u32, u32) },
    /// Too few columns for everything that the task needs.
    #[error("{shape} has no room for {what}")]
    NoRoom { shape: String, what: String },
    /// Too few columns for the coefficients of the masks.
    #[error("{columns} columns hold no coefficients for {prototypes} prototypes")]
    NoCoefficients { columns: usize, prototypes: usize },
    /// Maps and anchor boxes whose numbers don't fit.
    #[error("{maps} maps and {anchors} anchors don't go together")]
    AnchorCount { maps: usize, anchors: usize },
    /// A map without a class.
    #[error("a map has {values} values an anchor, too few for a class")]
    TooFewValues { values: usize },
    /// Scores without a class.
    #[error("its scores have the shape {shape}, without a class")]
    NoClass { shape: String },
    /// Values that don't belong to the cells of the input.
    #[error("output \u{201c}{name}\u{201d} has {found} values, not {columns} for each of {}×{} cells", .cells.0, .cells.1)]
    ValueCount { name: String, found: usize, columns: usize, cells: (usize, usize) },
    /// An image without a pixel.
    #[error("its image is empty ({shape})")]
    EmptyImage { shape: String },
    /// NaN, or nothing.
    #[error("it gives no numbers")]
    NotNumbers,
}

impl OutputError {
    /// An output of another shape than `expected`.
    pub(super) fn shape(output: &Tensor<'_>, expected: impl Into<String>) -> Self {
        Self::Shape { shape: output.shape_text(), expected: expected.into() }
    }

    /// Outputs whose sizes differ where they must be equal.
    pub(super) fn mismatch(parts: &[(&'static str, &Tensor<'_>)]) -> Self {
        Self::Mismatch(parts.iter().map(|(name, tensor)| (*name, tensor.shape_text())).collect())
    }
}

/// "boxes 1×2, scores 1×3 and classes 1×4".
fn list(parts: &[(&'static str, String)]) -> String {
    let mut text = String::new();
    for (at, (name, shape)) in parts.iter().enumerate() {
        let before = match parts.len() - at {
            _ if at == 0 => "",
            1 => " and ",
            _ => ", ",
        };
        let _ = write!(text, "{before}{name} {shape}");
    }
    text
}
