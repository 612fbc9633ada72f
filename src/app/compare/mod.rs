//! The comparison of several models on the same frames.

mod header;
mod page;
mod pane;
mod panes;
#[cfg(test)]
mod tests;

pub use page::Compare;
