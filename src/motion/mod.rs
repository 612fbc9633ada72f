//! How things move from one frame to the next.

mod similarity;

pub use similarity::Similarity;
