//! The library page: the models on this computer and those to download.

mod available;
mod here;
mod page;
mod parts;
mod state;

pub(in crate::app) use parts::size;
pub use state::LibraryPage;
