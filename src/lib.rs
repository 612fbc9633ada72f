//! Sightline shows, live, what a neural network sees.
//!
//! The modules, in the order in which data flows; a module knows only those above it, `app` and `cli` may know all:
//!
//! | module | what it is |
//! |---|---|
//! | [`file_kind`] | what a path leads to that isn't what was expected |
//! | [`alive`] | files that exist while a process does |
//! | [`whole_file`] | files that are written whole or not at all |
//! | [`discard`] | the user's files, moved to the trash and brought back |
//! | [`latest`] | a slot of one value between two threads; the newest wins |
//! | [`frame`] | one image with its pixel format, sequence number and capture time |
//! | [`source`] | where frames come from: camera, video, images, test pattern |
//! | [`server`] | models on inference servers: the Open Inference Protocol over HTTP and gRPC |
//! | [`model`] | one model: what it is, how we know, session, input, output, labels |
//! | [`deploy`] | what inference servers read of a model |
//! | [`library`] | many models: catalogue, inventory, download, import, verification |
//! | [`motion`] | how things move from one frame to the next |
//! | [`track`] | what becomes of objects over time: tracks, zones, lines, counts |
//! | [`engine`] | the live loop: a feed of frames, a runner of models, one place that publishes results |
//! | [`scene`] | what to draw, as data; two painters: image and screen |
//! | [`privacy`] | hides people, faces and number plates in images |
//! | [`save`] | snapshots: the annotated image, the clean one, the JSON of what was found |
//! | [`record`] | recordings: frames with their own times, through ffmpeg, in files that survive a kill |
//! | [`replay`] | running a saved snapshot or recording again |
//! | [`gallery`] | everything that was saved, listed, with small images |
//! | [`dataset`] | data sets: images with labels, to train models with and to measure them by |
//! | [`learn`] | the inside of a network while it runs, teaching one new classes, and lessons |
//! | [`settings`] | what is remembered |
//! | [`events`] | rules, what they do when they fire, and the log of events |
//! | [`app`] | the window |
//! | [`cli`] | the command line, one file a command |

pub mod alive;
pub mod app;
pub mod cli;
pub mod dataset;
pub mod deploy;
pub mod discard;
pub mod engine;
pub mod events;
pub mod file_kind;
#[cfg(test)]
mod fixtures;
pub mod frame;
pub mod gallery;
pub mod latest;
pub mod learn;
pub mod library;
pub mod model;
pub mod motion;
pub mod privacy;
pub mod record;
pub mod replay;
pub mod save;
pub mod scene;
pub mod server;
pub mod settings;
pub mod source;
pub mod track;
pub mod whole_file;
