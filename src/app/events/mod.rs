//! The page of events and rules.

mod editor;
mod list;
mod page;
mod rules;
mod state;

#[cfg(test)]
pub use state::EventsTab;
pub use state::{EventRow, EventsPage, Tested};
