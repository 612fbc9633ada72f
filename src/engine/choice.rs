//! Which models are run.

use std::path::PathBuf;

use crate::model::OpenOptions;

/// The most models that run on the same frames: the first, and those that are compared with it.
pub const MAX_COMPARED: usize = 4;

/// Which model to open, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelChoice {
    pub path: PathBuf,
    pub options: OpenOptions,
}
