//! The page that shows what a model does inside, beside the preview: its input and output, its layers, the maps of any tensor, what
//! a result rests on.
//!
//! `worker.rs` is a thread with a session of its own, which lives while the page is shown; `state.rs` is what the page shows.

mod page;
mod state;

pub use state::InsidePage;
