//! Training: heads are measured by cross-validation, and the best learns from all examples.

use serde::{Deserialize, Serialize};

use super::embeddings::Samples;
use super::error::TeachError;
use super::head::{Head, HeadKind};
use super::measure::{Advice, Measured};
use crate::model::CancelToken;

/// Which head is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadChoice {
    /// The one that cross-validation finds best.
    #[default]
    Auto,
    Mean,
    Logistic,
    Mlp,
}

/// How heads are trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    pub head: HeadChoice,
    /// The inverse strength of regularisation of logistic regression, as scikit-learn's `C`.
    pub c: f64,
    /// What random numbers begin with.
    pub seed: u64,
    /// Folds of the cross-validation, at most.
    pub folds: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { head: HeadChoice::Auto, c: 1.0, seed: 0, folds: 5 }
    }
}

/// What training found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The head that was chosen.
    pub head: HeadKind,
    /// Examples of each class.
    pub counts: Vec<usize>,
    /// Folds of the cross-validation; 0 if a class has too few examples for one.
    pub folds: usize,
    /// What each kind of head achieved in cross-validation; the chosen one among them. Empty without folds.
    pub cross_validation: Vec<(HeadKind, Measured)>,
    /// What the chosen head achieves on the images of `val`, if there are any.
    pub held_out: Option<Measured>,
    pub advice: Vec<Advice>,
    /// How long training and cross-validation took together, in milliseconds.
    pub train_ms: f64,
}

impl Report {
    /// What the chosen head achieved in cross-validation.
    #[must_use]
    pub fn chosen(&self) -> Option<&Measured> {
        self.cross_validation.iter().find(|(kind, _)| *kind == self.head).map(|(_, measured)| measured)
    }
}

/// A trained head with what is known of it.
#[derive(Clone, Debug)]
pub struct Trained {
    pub head: Head,
    pub report: Report,
}

/// Trains a head. With fewer than two examples of some class, it is the nearest class mean whatever was asked for.
///
/// # Errors
/// If a class has no example, a number isn't one, or it was cancelled.
pub fn train(samples: &Samples, options: &TrainOptions, cancel: &CancelToken) -> Result<Trained, TeachError> {
    let _ = (samples, options, cancel);
    todo!()
}
