//! Sightline shows, live, what a neural network sees.
//!
//! The map, in the order in which data flows. A module knows only those above it.

pub mod app; // the window
pub mod cli;
pub mod engine; // the live loop: capture → newest frame → inference → newest result
pub mod frame; // Frame: pixels, pixel format, sequence number, capture time
pub mod keep; // snapshots: the annotated picture, the clean one, the JSON of what was found
pub mod library; // many models: getting and keeping them
pub mod model; // one model: what it is, how we know, session, input, output, labels
pub mod scene; // what to draw, as data; two painters: picture and screen
pub mod settings; // what is remembered
pub mod source; // where frames come from: camera, video, pictures, test pattern // the command line: one file a command
