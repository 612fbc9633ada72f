//! The embeddings of files, each computed once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;

use super::backbone::Backbone;
use super::error::TeachError;
use super::project::Project;
use crate::frame::Frame;
use crate::model::CancelToken;

/// The embedding of one image.
pub type Embedding = Arc<[f32]>;

/// One example that a head learns from.
#[derive(Clone, Debug)]
pub struct Sample {
    pub path: PathBuf,
    /// Number of its class.
    pub class: usize,
    /// See [`Example::group`](super::Example::group).
    pub group: String,
    pub embedding: Embedding,
}

/// An image that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub path: PathBuf,
    /// Why, as the end of a sentence.
    pub reason: String,
}

/// The embeddings of a project.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Names of the classes, in the order of the scores.
    pub names: Vec<String>,
    pub train: Vec<Sample>,
    /// Never learnt from.
    pub held_out: Vec<Sample>,
    /// Images that can't be read.
    pub left_out: Vec<LeftOut>,
}

/// Embeddings by file. A file that has changed, or another backbone or tensor, is computed anew.
#[derive(Debug, Default)]
pub struct Embeddings {
    /// The backbone's hash and its tensor.
    of: (String, String),
    known: HashMap<PathBuf, (Stamp, Embedding)>,
}

/// When a file was last written, and how long it is.
type Stamp = (Option<SystemTime>, u64);

impl Embeddings {
    /// Computes what isn't known yet of a project's examples; `progress` hears how many are done of how many.
    ///
    /// # Errors
    /// If the model fails, or [`TeachError::Stopped`]. Images that can't be read are named in the result instead.
    pub fn of_project(
        &mut self,
        project: &Project,
        backbone: &mut Backbone,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Samples, TeachError> {
        let _ = (&self.of, project, backbone, cancel, progress);
        todo!()
    }

    /// The embedding of a file, if it is known and the file hasn't changed.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Embedding> {
        let _ = (&self.known, path);
        todo!()
    }

    /// Computes the embedding of a frame that was just saved as this file, and keeps it.
    ///
    /// # Errors
    /// If the model fails.
    pub fn add(
        &mut self,
        path: &Path,
        frame: &Frame,
        backbone: &mut Backbone,
    ) -> Result<Embedding, TeachError> {
        let _ = (path, frame, backbone);
        todo!()
    }

    /// Forgets a file.
    pub fn remove(&mut self, path: &Path) {
        self.known.remove(path);
    }
}
