//! The page that shows what a model does inside, beside the preview: its input and output, its layers, the maps of any tensor, what
//! a result rests on.
//!
//! `worker.rs` is a thread with a session of its own, which lives while the page is shown; `state.rs` is what the page shows.

mod diagram_layout;
mod found;
mod look_input;
mod look_maps;
mod look_output;
mod look_why;
mod page;
mod picturing;
mod state;
mod work;
mod worker;

pub use state::InsidePage;
pub use worker::{Order, Subject, Worker};
