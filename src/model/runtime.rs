//! Finding and loading ONNX Runtime's shared library.

/// How to get ONNX Runtime on this system, in a sentence.
#[must_use]
pub fn how_to_get() -> String {
    String::new()
}
