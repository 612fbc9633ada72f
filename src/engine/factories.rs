//! How sources and models are opened.

use super::command::ModelChoice;
use super::runner::predictor::Predictor;
use crate::model::ModelError;
use crate::source::{Address, CameraRequest, Source, SourceError};

/// How sources and models are opened. These are the engine's only ties to the outside, so that tests can script them.
pub struct Factories {
    /// Opens a source; may take seconds.
    pub source: SourceFactory,
    /// Opens a model; may take seconds.
    pub model: ModelFactory,
}

/// Opens a source.
pub type SourceFactory =
    Box<dyn Fn(&Address, &CameraRequest) -> Result<Box<dyn Source>, SourceError> + Send + Sync>;
/// Opens a model.
pub type ModelFactory = Box<dyn Fn(&ModelChoice) -> Result<Box<dyn Predictor>, ModelError> + Send + Sync>;

impl Default for Factories {
    fn default() -> Self {
        Self {
            source: Box::new(crate::source::open),
            model: Box::new(|choice| {
                let model = crate::model::Model::open(&choice.path, &choice.options)?;
                Ok(Box::new(model))
            }),
        }
    }
}

impl std::fmt::Debug for Factories {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Factories")
    }
}
