//! Zones, lines, counts, heat map and speed: what a scene file says about a source, and the counter that follows it.
//!
//! ```text
//!        left side                 The picture, with y growing downwards.
//!   a ──────────────▶ b            A line from a to b: “in” is a crossing from its left side
//!        right side                to its right, here downwards. A line drawn from b to a counts
//!             │ in                 the same crossing as “out”.
//!             ▼
//! ```

mod confirm;
mod counter;
mod error;
pub mod geometry;
mod heat;
mod read;
mod scene_file;
mod shapes;
mod speed;
#[cfg(test)]
mod tests;
mod write;

pub use counter::Counter;
pub use error::{Part, SceneFileError, SceneProblem};
pub use read::{MAX_BYTES, MAX_NAME, MAX_POINTS, MAX_SHAPES, check_polygon, is_name, parse_colour};
pub use scene_file::{
    Anchor, ClassName, Counting, Distances, Exercise, HeatMap, Line, Look, Perspective, SceneFile, Zone,
    means,
};
