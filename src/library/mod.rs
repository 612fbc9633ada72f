//! Many models: getting and keeping them.

pub mod download;
