//! Lessons: the list of them, and the panel beside the preview while one is being taken.

mod list;
mod panel;
mod setup;
pub mod state;

pub use list::ui as list_ui;
pub use panel::{WIDTH, ui as panel_ui};
pub use setup::{Around, SetUp, apply_setup, setup_of};
