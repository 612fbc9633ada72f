//! How sources and models are opened.

use super::choice::ModelChoice;
use super::runner::predictor::Predictor;
use crate::model::{CancelToken, Model, ModelError, OpenOptions};
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
/// Opens a model. The token ends the opening of a model that nobody wants any more; it is not used after that.
pub type ModelFactory =
    Box<dyn Fn(&ModelChoice, &CancelToken) -> Result<Box<dyn Predictor>, ModelError> + Send + Sync>;

impl Default for Factories {
    fn default() -> Self {
        Self {
            source: Box::new(crate::source::open),
            model: Box::new(|choice, cancel| {
                let options = OpenOptions { cancel: Some(cancel.clone()), ..choice.options.clone() };
                let model = Model::open(&choice.path, &options)?;
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
