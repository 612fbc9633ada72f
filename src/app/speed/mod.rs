//! What runs a model: the panel's lines, the search for the best number of threads, the input size for a rate.

mod panel;
pub mod size;
pub mod tune;

pub use panel::ui;
