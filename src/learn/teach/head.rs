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
    /// the embedding has another length, or it or the weights hold what is no number.
    pub fn scores(&self, embedding: &[f32], scores: &mut Vec<f32>) {
        scores.clear();
        scores.resize(self.classes(), 0.0);
        if embedding.len() != self.inputs() || embedding.iter().any(|v| !v.is_finite()) {
            return;
        }
        // In 64 bits nothing is too large, whatever the embedding holds.
        let mut logits: SmallVec<[f64; 32]> = match (&self.centre, &self.layers[..]) {
            (Some(centre), [layer]) => {
                let away = || embedding.iter().zip(centre).map(|(v, c)| f64::from(*v) - f64::from(*c));
                let length = away().map(|v| v * v).sum::<f64>().sqrt().max(LEAST);
                let of = |(row, bias): (&[f32], f32)| {
                    let sum: f64 = away().zip(row).map(|(v, w)| v * f64::from(*w)).sum();
                    sum / length + f64::from(bias)
                };
                layer.rows().map(of).collect()
            }
            (None, [layer]) => layer.rows().map(|row| affine(widened(embedding), row)).collect(),
            (None, [first, last]) => {
                let hidden: SmallVec<[f64; 64]> =
                    first.rows().map(|row| affine(widened(embedding), row).max(0.0)).collect();
                last.rows().map(|row| affine(hidden.iter().copied(), row)).collect()
            }
            _ => return,
        };
        let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for logit in &mut logits {
            *logit = (*logit - greatest).exp();
            sum += *logit;
        }
        // Weights that are no numbers give no scores.
        if sum.is_finite() {
            for (score, logit) in scores.iter_mut().zip(logits) {
                *score = (logit / sum) as f32;
            }
        }
    }
}

/// A shorter vector has no direction.
const LEAST: f64 = 1e-12;

fn widened(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
    values.iter().copied().map(f64::from)
}

/// One output of a layer: its weights times the input, and its bias.
fn affine(input: impl Iterator<Item = f64>, (row, bias): (&[f32], f32)) -> f64 {
    input.zip(row).map(|(v, w)| v * f64::from(*w)).sum::<f64>() + f64::from(bias)
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
        assert_eq!(scores(&head, &[f32::MAX]), [0.0, 1.0], "beyond what 32 bits hold");
        let large = Layer { inputs: 1, weights: vec![3e38, 2e38], bias: vec![0.0; 2] };
        let two = Head {
            layers: vec![
                head.layers[0].clone(),
                Layer { inputs: 2, weights: vec![3e38, 3e38, 1.0, 1.0], ..large.clone() },
            ],
            ..head.clone()
        };
        assert_eq!(scores(&two, &[f32::MAX]), [1.0, 0.0]);
        let mean = Head { kind: HeadKind::Mean, centre: Some(vec![-f32::MAX]), layers: vec![large] };
        assert_eq!(scores(&mean, &[f32::MAX]), [1.0, 0.0]);
        let broken = Layer { inputs: 1, weights: vec![f32::NAN, 1.0], bias: vec![0.0; 2] };
        assert_eq!(scores(&Head { layers: vec![broken], ..head }, &[1.0]), [0.0, 0.0]);
    }
}
