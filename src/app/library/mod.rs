//! The library page: the models on this computer and those to download.

mod available;
mod deploy;
mod here;
mod page;
mod parts;
mod servers;
mod state;

pub use state::LibraryPage;
