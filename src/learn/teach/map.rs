//! The map of the embeddings: points in the plane, near each other where images look alike.

use super::embeddings::Samples;

/// A point of the map, each coordinate −1..=1.
pub type MapPoint = [f32; 2];

/// A point for each example of [`Samples::train`], in its order: the first two principal components (PCA) of the standardised
/// embeddings.
#[must_use]
pub fn map(samples: &Samples) -> Vec<MapPoint> {
    let _ = samples;
    todo!()
}
