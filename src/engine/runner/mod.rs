//! The runner: open sessions that take the newest frame when they are free, and which models those are.
//!
//! [`models`] owns the life cycles; the [`loader`] opens what it asks for and the [`worker`]s run what it assigns. Results go to
//! [`super::publish`], with the `ModelInfo` of the session that made them.

mod active;
pub(in crate::engine) mod cache;
mod further;
mod in_flight;
mod lifecycle;
pub(in crate::engine) mod loader;
pub(in crate::engine) mod models;
pub(super) mod pace;
pub(super) mod predictor;
mod recognise;
mod reports;
mod session;
pub(in crate::engine) mod worker;

pub use cache::SessionCache;
pub use pace::{PaceFigures, PaceReport, ResultPace};
pub use predictor::{Predictor, Stop};
