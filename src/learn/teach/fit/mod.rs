//! The mathematics of heads, on plain numbers.

pub(super) mod coordinates;
pub(super) mod lbfgs;
pub(super) mod logistic;
pub(super) mod mean;
pub(super) mod mlp;
pub(super) mod principal;
pub(super) mod random;
pub(super) mod tsne;

/// Examples for a fit: a row each, with its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    /// Row by row.
    pub values: &'a [f64],
    /// Numbers in a row.
    pub width: usize,
    /// The class of each row.
    pub classes: &'a [usize],
    /// How many classes there are.
    pub count: usize,
}

impl<'a> Rows<'a> {
    pub fn row(&self, index: usize) -> &'a [f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The weight of each class so that all count the same: n / (classes · n of the class), scikit-learn's "balanced".
    pub fn balanced(&self) -> Vec<f64> {
        let mut counts = vec![0usize; self.count];
        for class in self.classes {
            counts[*class] += 1;
        }
        let present = counts.iter().filter(|n| **n > 0).count();
        let weight = |n: usize| self.classes.len() as f64 / (present.max(1) * n.max(1)) as f64;
        counts.into_iter().map(weight).collect()
    }
}

/// The inner product, in eight sums so that the compiler can use vectors.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a8.0.iter().zip(b8.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + a8.1.iter().zip(b8.1).map(|(a, b)| a * b).sum::<f64>()
}

/// `y += factor · x`.
pub(super) fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

/// Turns scores into probabilities, without overflow.
pub(super) fn softmax(scores: &mut [f64]) {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in &mut *scores {
        *score = (*score - greatest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}
