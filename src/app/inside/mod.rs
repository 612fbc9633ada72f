//! The page that shows what a model does inside, beside the preview: its input and output, its layers, the maps of any tensor, what
//! a result rests on.
//!
//! `worker.rs` is a thread with a session of its own, which lives while the page is shown; `state.rs` is what the page shows.

mod board;
mod diagram;
mod diagram_layout;
mod found;
mod input_tab;
mod layers;
mod look_input;
mod look_maps;
mod look_masks;
mod look_output;
mod look_why;
mod maps;
mod masks_tab;
mod order;
mod output_tab;
mod page;
mod parts;
mod perturb_tab;
mod picturing;
mod state;
mod why_tab;
mod work;
mod worker;

pub use order::Subject;
pub use perturb_tab::perturbed_note;
pub use state::{InsidePage, Trouble};
pub use worker::Worker;
