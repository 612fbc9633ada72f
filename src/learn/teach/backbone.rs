//! A network as far as one of its tensors, the embedding.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TeachError;
use crate::frame::Frame;
use crate::model::spec::InputSpec;
use crate::model::{Model, OpenOptions, Results, StopHandle};

/// How a tensor becomes one vector for the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// It is one.
    None,
    /// The mean of each map over the image.
    Mean,
    /// The first token, which stands for the image (vision transformers with a class token).
    FirstToken,
    /// The mean of all tokens.
    MeanToken,
}

/// A tensor that can be the embedding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Its name in the graph.
    pub tensor: String,
    /// Why, in plain words.
    pub evidence: String,
}

/// An open model that turns frames into embeddings.
#[derive(Debug)]
pub struct Backbone {
    path: PathBuf,
    model: Model,
    cut: Cut,
    candidates: Vec<Cut>,
    pooling: Pooling,
    length: usize,
    results: Results,
}

impl Backbone {
    /// Reads a model's graph without running it: the tensors that can be the embedding, the best first.
    ///
    /// # Errors
    /// If the file can't be read, or has no such tensor.
    pub fn candidates_of(path: &Path) -> Result<Vec<Cut>, TeachError> {
        let _ = path;
        todo!()
    }

    /// Opens a model, cut at the tensor of that name or else at the best one, and runs it once.
    ///
    /// # Errors
    /// If it can't be opened or run, or can't be a backbone.
    pub fn open(path: &Path, tensor: Option<&str>, options: &OpenOptions) -> Result<Self, TeachError> {
        let _ = (path, tensor, options);
        todo!()
    }

    /// The model's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the model's file, hex, lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        self.model.sha256()
    }

    /// How an image becomes the input.
    #[must_use]
    pub fn input(&self) -> &InputSpec {
        &self.model.spec().input
    }

    /// The tensor that is the embedding, and why.
    #[must_use]
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// All tensors that can be, the best first.
    #[must_use]
    pub fn candidates(&self) -> &[Cut] {
        &self.candidates
    }

    /// How the tensor becomes one vector.
    #[must_use]
    pub fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// How many numbers an embedding has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Ends a run from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.model.stop_handle()
    }

    /// The embedding of a frame, written into `embedding`; no memory is allocated once that has room.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn embed(&mut self, frame: &Frame, embedding: &mut Vec<f32>) -> Result<(), TeachError> {
        let _ = (&mut self.results, frame, embedding);
        todo!()
    }
}
