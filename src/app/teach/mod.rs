//! The page "Teach": examples of new classes in front of the camera, training, results, export, and finding by example.
//!
//! It shows what its controller (`controllers/teach`) brings and reports intents.

mod confusion;
mod examples;
mod export;
mod find;
mod gallery;
pub mod intent;
mod live;
mod map;
mod page;
mod parts;
pub mod pictures;
pub mod quitting;
mod results;
mod start;
pub mod state;
mod training;

pub use state::TeachPage;
pub use training::suits;

use std::path::PathBuf;

use state::Target;

/// What a worker did for the page.
pub enum TeachDone {
    /// A picture was read, or why not, as the end of a sentence.
    Picture(PathBuf, Result<egui::ColorImage, String>),
    /// What an export would find where its file is to be.
    Target(PathBuf, Target),
}
