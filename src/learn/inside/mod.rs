//! The inside of a network.
//!
//! | what is shown | where |
//! |---|---|
//! | layers with sizes, parameters, multiply-adds, receptive fields and times | [`layers`], [`measure`] |
//! | how a frame becomes the input tensor | [`preparing`] |
//! | any tensor, in NumPy's format too | [`tensor`] |
//! | channels as images | [`maps`] |
//! | the kernels of the first convolution | [`kernels`] |
//! | raw outputs, and suppression step by step | [`heads`] |
//! | instance masks as sums of prototypes, term by term | [`prototypes`] |
//! | what a result rests on | [`cam`], [`linear_end`], [`why`] |
//! | where two forms of a network come apart | [`diverge`] |

pub mod cam;
pub mod colours;
pub mod diverge;
mod graph;
pub mod heads;
pub mod kernels;
pub mod layers;
pub mod linear_end;
pub mod maps;
pub mod measure;
pub mod preparing;
pub mod prototypes;
mod receptive_field;
pub mod tensor;
pub mod why;

pub use graph::Graph;
pub use layers::{Layer, Layers};
pub use linear_end::LinearEnd;
pub use measure::measure;
pub use receptive_field::ReceptiveField;
