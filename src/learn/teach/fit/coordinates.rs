//! Embeddings in as few coordinates as they need.
//!
//! `n` standardised embeddings of `d` numbers span at most `n` directions. Heads that only see inner products (L2-regularised ones:
//! their weights lie in that span, by the representer theorem) learn the same from any coordinates with the same
//! inner products. The Cholesky factor of the table of inner products (Gram matrix) gives such coordinates: with 300 embeddings of 1280
//! numbers a step costs a quarter.

use super::{add_scaled, dot};

/// Mean and deviation of each number of the embeddings, as scikit-learn's `StandardScaler` has them: numbers that are always the
/// same are only centred.
#[derive(Clone, Debug)]
pub(in super::super) struct Standard {
    pub mean: Vec<f64>,
    /// 1 / deviation.
    pub gain: Vec<f64>,
}

impl Standard {
    pub fn of(rows: &[&[f32]]) -> Self {
        let width = rows.first().map_or(0, |row| row.len());
        let count = rows.len().max(1) as f64;
        let mut mean = vec![0.0; width];
        for row in rows {
            for (mean, value) in mean.iter_mut().zip(*row) {
                *mean += f64::from(*value) / count;
            }
        }
        let mut variance = vec![0.0; width];
        for row in rows {
            for ((variance, value), mean) in variance.iter_mut().zip(*row).zip(&mean) {
                *variance += (f64::from(*value) - mean).powi(2) / count;
            }
        }
        // A number that hardly ever varies among a few examples would be multiplied beyond all measure.
        let usual = variance.iter().sum::<f64>() / width.max(1) as f64;
        let least = usual * 1e-8;
        let gain = variance.iter().map(|v| if *v > least && *v > 1e-30 { v.sqrt().recip() } else { 1.0 });
        Self { gain: gain.collect(), mean }
    }

    fn apply<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let parts = row.iter().zip(&self.mean).zip(&self.gain);
        parts.map(|((value, mean), gain)| (f64::from(*value) - mean) * gain)
    }
}

/// Coordinates of standardised embeddings, with the way back.
#[derive(Clone, Debug)]
pub(in super::super) struct Coordinates {
    /// A row for each embedding.
    pub rows: Vec<f64>,
    pub width: usize,
    standard: Standard,
    /// `None` if the coordinates are the standardised numbers.
    factor: Option<Factor>,
}

/// The way back from coordinates to standardised embeddings.
#[derive(Clone, Debug, Default)]
struct Factor {
    /// All of them, row by row.
    standardised: Vec<f64>,
    /// Those whose combinations all others are.
    pivots: Vec<usize>,
    /// The square upper left part of the factor.
    square: Vec<f64>,
}

impl Coordinates {
    /// Coordinates of embeddings. Once `stop` says so there are only as many as were worked out so far, which are of no use.
    pub fn of(embeddings: &[&[f32]], stop: &dyn Fn() -> bool) -> Self {
        let standard = Standard::of(embeddings);
        let width = standard.mean.len();
        // All in one buffer: there may be gigabytes of them.
        let mut rows = Vec::with_capacity(embeddings.len() * width);
        for row in embeddings {
            if stop() {
                return Self { rows: Vec::new(), width: 0, standard, factor: Some(Factor::default()) };
            }
            rows.extend(standard.apply(row));
        }
        if embeddings.len() >= width {
            return Self { rows, width, standard, factor: None };
        }
        let (pivots, lower, rank) = cholesky(&rows, width, stop);
        let mut square = vec![0.0; rank * rank];
        for (into, pivot) in square.chunks_exact_mut(rank.max(1)).zip(&pivots) {
            into.copy_from_slice(&lower[pivot * rank..(pivot + 1) * rank]);
        }
        Self {
            rows: lower,
            width: rank,
            standard,
            factor: Some(Factor { standardised: rows, pivots, square }),
        }
    }

    /// Weights for standardised embeddings from weights for the coordinates.
    fn standardised(&self, weights: &[f64]) -> Vec<f64> {
        let Some(Factor { standardised, pivots, square }) = &self.factor else { return weights.to_vec() };
        // weights = squareᵀ a; the embedding's weights are the sum of a · the embeddings of the pivots.
        let rank = self.width;
        let mut a = weights.to_vec();
        for row in (0..rank).rev() {
            a[row] /= square[row * rank + row];
            let factor = a[row];
            let (before, _) = a.split_at_mut(row);
            add_scaled(before, -factor, &square[row * rank..row * rank + row]);
        }
        let width = self.standard.mean.len();
        let mut out = vec![0.0; width];
        for (factor, pivot) in a.iter().zip(pivots) {
            add_scaled(&mut out, *factor, &standardised[pivot * width..(pivot + 1) * width]);
        }
        out
    }

    /// Weights and bias for embeddings as they come from weights and bias for the coordinates.
    pub fn back(&self, weights: &[f64], bias: f64) -> (Vec<f32>, f32) {
        let mut weights = self.standardised(weights);
        for (weight, gain) in weights.iter_mut().zip(&self.standard.gain) {
            *weight *= gain;
        }
        let bias = bias - dot(&weights, &self.standard.mean);
        (weights.into_iter().map(|w| w as f32).collect(), bias as f32)
    }
}

/// Cholesky factor of the Gram matrix of rows of `width` numbers with pivots (Higham 1990): the pivots in order, the factor (a row for
/// each row, in the rows' own order), its rank. `stop` is asked before every column; what is there then is a factor of a lower rank.
fn cholesky(rows: &[f64], width: usize, stop: &dyn Fn() -> bool) -> (Vec<usize>, Vec<f64>, usize) {
    let n = rows.len().checked_div(width).unwrap_or(0);
    let row = |index: usize| &rows[index * width..(index + 1) * width];
    let mut left: Vec<f64> = (0..n).map(|index| dot(row(index), row(index))).collect();
    let enough = left.iter().copied().fold(0.0, f64::max) * n as f64 * 1e-13;
    let mut lower = vec![0.0; n * n];
    let mut pivots: Vec<usize> = Vec::with_capacity(n);
    let mut taken = vec![false; n];
    for column in 0..n {
        if stop() {
            break;
        }
        let rest = (0..n).filter(|i| !taken[*i]);
        let Some(pivot) = rest.max_by(|a, b| left[*a].total_cmp(&left[*b])) else { break };
        if left[pivot] <= enough {
            break;
        }
        let diagonal = left[pivot].sqrt();
        let of_pivot = lower[pivot * n..pivot * n + column].to_vec();
        for i in 0..n {
            if i == pivot || taken[i] {
                continue;
            }
            let done = dot(&lower[i * n..i * n + column], &of_pivot);
            let value = (dot(row(i), row(pivot)) - done) / diagonal;
            lower[i * n + column] = value;
            left[i] -= value * value;
        }
        lower[pivot * n + column] = diagonal;
        taken[pivot] = true;
        pivots.push(pivot);
    }
    let rank = pivots.len();
    // The columns beyond the rank go, in place.
    for index in 0..n {
        lower.copy_within(index * n..index * n + rank, index * rank);
    }
    lower.truncate(n * rank);
    (pivots, lower, rank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::teach::fit::random::Random;

    #[test]
    fn inner_products_stay_and_weights_come_back() {
        let mut random = Random::new(3);
        // The last row is the mean of two others: the rank is less than the count.
        let mut rows: Vec<Vec<f32>> =
            (0..6).map(|_| (0..20).map(|_| random.signed() as f32 * 3.0 + 1.0).collect()).collect();
        let mean: Vec<f32> = rows[0].iter().zip(&rows[1]).map(|(a, b)| f32::midpoint(*a, *b)).collect();
        rows.push(mean);
        let views: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
        let found = Coordinates::of(&views, &|| false);
        assert!(found.width <= 6, "{}", found.width);
        let standard = Standard::of(&views);
        for a in 0..7 {
            for b in 0..7 {
                let row = |i: usize| &found.rows[i * found.width..(i + 1) * found.width];
                let standardised = |row| standard.apply(row).collect::<Vec<f64>>();
                let want = dot(&standardised(views[a]), &standardised(views[b]));
                assert!((dot(row(a), row(b)) - want).abs() < 1e-4, "{a} {b}");
            }
        }
        let weights: Vec<f64> = (0..found.width).map(|_| random.signed()).collect();
        let (back, bias) = found.back(&weights, 0.5);
        for (index, view) in views.iter().enumerate() {
            let here = dot(&found.rows[index * found.width..(index + 1) * found.width], &weights) + 0.5;
            let there: f32 = view.iter().zip(&back).map(|(v, w)| v * w).sum::<f32>() + bias;
            assert!((here - f64::from(there)).abs() < 1e-4, "{here} {there}");
        }
    }

    #[test]
    fn every_column_asks_whether_to_stop() {
        let mut random = Random::new(3);
        let rows: Vec<Vec<f32>> =
            (0..40).map(|_| (0..60).map(|_| random.signed() as f32).collect()).collect();
        let views: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
        let asked = std::cell::Cell::new(0);
        let stop = |after: usize| {
            asked.set(asked.get() + 1);
            asked.get() > after
        };
        // Forty rows, then ten columns.
        let found = Coordinates::of(&views, &|| stop(50));
        assert_eq!((found.width, found.rows.len(), asked.get()), (10, 40 * 10, 51));
        assert!(found.back(&[1.0; 10], 0.0).0.iter().all(|weight| weight.is_finite()));
        asked.set(0);
        assert_eq!(Coordinates::of(&views, &|| stop(0)).width, 0);
    }

    #[test]
    fn numbers_that_never_change_are_only_centred() {
        let standard = Standard::of(&[&[1.0, 5.0], &[3.0, 5.0]]);
        assert_eq!((standard.mean, standard.gain), (vec![2.0, 5.0], vec![1.0, 1.0]));
    }
}
