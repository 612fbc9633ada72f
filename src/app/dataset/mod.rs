//! The page of data sets: a list of images, the editor of their labels, export and evaluation.

mod canvas;
mod class_dialogue;
pub mod document;
mod drawing;
mod evaluation;
mod export;
mod keys;
mod labels;
mod list;
mod page;
pub mod pictures;
pub mod shapes;
mod start;
pub mod state;
