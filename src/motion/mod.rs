//! How things move from one frame to the next, and results with them.
//!
//! A model that takes 400 ms tells where things were 400 ms ago. [`Follower`] moves its results to the frame that is shown: it
//! follows points on every object through small grey images of all frames since (`flow`), fits one motion to the points
//! of each object (`fit`), and keeps those images (`images`) so that a result that comes late can catch up.

mod camera;
mod fit;
mod flow;
mod follower;
mod images;
mod object;
mod points;
mod pyramid;
mod shapes;
mod similarity;
#[cfg(test)]
mod tests;

pub use camera::CameraMotion;
pub use follower::Follower;
pub use similarity::Similarity;
