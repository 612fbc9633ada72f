//! The inside of a network: its layers with their sizes and times ([`layers`], [`measure`]), any tensor ([`tensor`]), and more.
//! images ([`maps`]), and more.

pub mod cam;
pub mod colours;
mod graph;
pub mod kernels;
pub mod layers;
pub mod maps;
pub mod measure;
mod receptive_field;
pub mod tensor;

pub use graph::Graph;
pub use layers::{Layer, Layers};
pub use measure::measure;
