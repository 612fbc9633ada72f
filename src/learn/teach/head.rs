//! A head: plain numbers that turn an embedding into one score a class.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

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

    /// The weights and the bias of each output.
    fn rows(&self) -> impl Iterator<Item = (&[f32], f32)> {
        self.weights.chunks_exact(self.inputs.max(1)).zip(self.bias.iter().copied())
    }

    /// A layer of rows of weights, each with its bias.
    pub(super) fn of(rows: impl IntoIterator<Item = (Vec<f32>, f32)>) -> Self {
        let mut layer = Self::default();
        for (weights, bias) in rows {
            layer.inputs = weights.len();
            layer.weights.extend(weights);
            layer.bias.push(bias);
        }
        layer
    }
}

/// A trained head. Standardisation is part of the first layer's weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub kind: HeadKind,
    /// Subtracted from the embedding before it is brought to the length 1; `None`: neither is done.
    pub centre: Option<Vec<f32>>,
    /// One layer, or two with a `ReLU` between them; a softmax follows the last.
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
        scores.clear();
        scores.resize(self.classes(), 0.0);
        if embedding.len() != self.inputs() || embedding.iter().any(|v| !v.is_finite()) {
            return;
        }
        match (&self.centre, &self.layers[..]) {
            (Some(centre), [layer]) => {
                let away = || embedding.iter().zip(centre).map(|(v, c)| f64::from(*v) - f64::from(*c));
                let length = away().map(|v| v * v).sum::<f64>().sqrt().max(LEAST);
                for (score, (row, bias)) in scores.iter_mut().zip(layer.rows()) {
                    let sum: f64 = away().zip(row).map(|(v, w)| v * f64::from(*w)).sum();
                    *score = (sum / length) as f32 + bias;
                }
            }
            (None, [layer]) => {
                for (score, (row, bias)) in scores.iter_mut().zip(layer.rows()) {
                    *score = affine(embedding, row, bias);
                }
            }
            (None, [first, last]) => {
                let hidden: SmallVec<[f32; 64]> =
                    first.rows().map(|(row, bias)| affine(embedding, row, bias).max(0.0)).collect();
                for (score, (row, bias)) in scores.iter_mut().zip(last.rows()) {
                    *score = affine(&hidden, row, bias);
                }
            }
            _ => return,
        }
        let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for score in &mut *scores {
            *score = (*score - greatest).exp();
            sum += *score;
        }
        for score in scores {
            *score /= sum;
        }
    }
}

/// A shorter vector has no direction.
const LEAST: f64 = 1e-12;

fn affine(input: &[f32], row: &[f32], bias: f32) -> f32 {
    let sum: f64 = input.iter().zip(row).map(|(v, w)| f64::from(*v) * f64::from(*w)).sum();
    (sum + f64::from(bias)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(head: &Head, embedding: &[f32]) -> Vec<f32> {
        let mut scores = Vec::new();
        head.scores(embedding, &mut scores);
        scores
    }

    #[test]
    fn each_form_of_head_is_computed_as_it_says() {
        let layer = |inputs, weights: &[f32], bias: &[f32]| Layer {
            inputs,
            weights: weights.to_vec(),
            bias: bias.to_vec(),
        };
        // e^0 : e^ln 3 = 1 : 3
        let one = Head {
            kind: HeadKind::Logistic,
            centre: None,
            layers: vec![layer(2, &[0.0, 0.0, 1.0, 1.0], &[0.0, 0.0])],
        };
        let got = scores(&one, &[3f32.ln() - 1.0, 1.0]);
        assert!((got[0] - 0.25).abs() < 1e-6 && (got[1] - 0.75).abs() < 1e-6, "{got:?}");
        // (4, 5) − (1, 1) is (3, 4), of length 5.
        let mean = Head { kind: HeadKind::Mean, centre: Some(vec![1.0, 1.0]), ..one.clone() };
        let got = scores(&mean, &[4.0, 5.0]);
        assert!((got[1] / got[0] - 1.4f32.exp()).abs() < 1e-4, "{got:?}");
        // The negative unit is cut off.
        let two = vec![layer(1, &[1.0, -1.0], &[0.0, 0.0]), layer(2, &[1.0, 9.0, 0.0, 0.0], &[0.0, 0.0])];
        let mlp = Head { kind: HeadKind::Mlp, centre: None, layers: two };
        let got = scores(&mlp, &[2.0]);
        assert!((got[0] / got[1] - 2f32.exp()).abs() < 1e-4, "{got:?}");
    }

    #[test]
    fn what_does_not_fit_gives_zeros() {
        let layers = vec![Layer { inputs: 1, weights: vec![1.0, 2.0], bias: vec![0.0; 2] }];
        let head = Head { kind: HeadKind::Logistic, centre: None, layers };
        for wrong in [&[][..], &[1.0, 2.0], &[f32::NAN], &[f32::INFINITY]] {
            assert_eq!(scores(&head, wrong), [0.0, 0.0]);
        }
        assert_eq!(scores(&head, &[1e30]), [0.0, 1.0], "no overflow");
    }
}
