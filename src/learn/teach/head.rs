//! A head: plain numbers that turn an embedding into one score a class.

use serde::{Deserialize, Serialize};

/// How a head learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// The class whose mean the embedding points to best (nearest class mean, cosine), from one example a class on.
    Mean,
    /// Multinomial logistic regression with L2, on standardised numbers.
    Logistic,
    /// A small network with one hidden layer.
    Mlp,
}

impl HeadKind {
    /// The word on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Logistic => "logistic",
            Self::Mlp => "mlp",
        }
    }
}

/// A fully connected layer: `y = W x + b`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Inputs.
    pub inputs: usize,
    /// Weights row by row: a row for each output.
    pub weights: Vec<f32>,
    /// One number an output.
    pub bias: Vec<f32>,
}

impl Layer {
    /// Outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }
}

/// A trained head. Standardisation is part of the first layer's weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub kind: HeadKind,
    /// Subtracted from the embedding before it is brought to the length 1; `None`: neither is done.
    pub centre: Option<Vec<f32>>,
    /// One layer, or two with a ReLU between them; a softmax follows the last.
    pub layers: Vec<Layer>,
}

impl Head {
    /// How many numbers an embedding has.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers.last().map_or(0, Layer::outputs)
    }

    /// The probability of every class, written into `scores`; no memory is allocated once `scores` has room. All zero if
    /// the embedding has another length or holds what is no number.
    pub fn scores(&self, embedding: &[f32], scores: &mut Vec<f32>) {
        let _ = (embedding, scores);
        todo!()
    }
}
