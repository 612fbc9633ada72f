//! The gallery: everything that was saved, by day, and one item large.

mod grid;
mod large;
mod page;
mod state;

pub use state::{GalleryPage, Large, Shown, Small};
