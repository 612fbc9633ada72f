//! t-SNE (van der Maaten & Hinton, Visualizing Data using t-SNE, JMLR 2008), exact: neighbours in many dimensions become neighbours in the
//! plane. Distances between groups that lie apart, and their sizes, mean little.
//!
//! The step size is that of Belkina et al. (2019), early exaggeration and momentum those of van der Maaten's own program; each step costs n².

use super::random::Random;

/// How many neighbours count for each point, about.
const PERPLEXITY: f64 = 30.0;
/// At first points attract each other so much more, so that groups form.
const EXAGGERATION: f64 = 12.0;
const EARLY_STEPS: usize = 250;
const STEPS: usize = 750;
/// How far apart points are in the beginning.
const START: f64 = 1e-4;
/// Smaller probabilities count as this.
const LEAST: f64 = 1e-12;

/// A point in the plane for each of `rows` of `width` numbers, beginning at `start` (the first two principal components, say). `None` if it
/// was stopped, or for fewer than four rows.
pub(in super::super) fn points(
    rows: &[f64],
    width: usize,
    start: &[[f64; 2]],
    seed: u64,
    stop: &dyn Fn() -> bool,
) -> Option<Vec<[f64; 2]>> {
    let n = start.len();
    if n < 4 || rows.len() != n * width {
        return None;
    }
    let p = joint(rows, width, n, stop)?;
    let mut random = Random::new(seed);
    let spread = (start.iter().flatten().map(|v| v * v).sum::<f64>() / (2 * n) as f64).sqrt();
    let scale = if spread > 1e-24 { START / spread } else { 0.0 };
    // Points that begin at the same place would never part.
    let mut y: Vec<[f64; 2]> =
        start.iter().map(|at| at.map(|v| scale * v + 0.01 * START * random.signed())).collect();
    let mut speed = vec![[0.0f64; 2]; n];
    let mut gains = vec![[1.0f64; 2]; n];
    let mut gradient = vec![[0.0f64; 2]; n];
    let mut weights = vec![0.0; n * n];
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    for step in 0..STEPS {
        if stop() {
            return None;
        }
        let early = step < EARLY_STEPS;
        slope(&p, &y, if early { EXAGGERATION } else { 1.0 }, &mut weights, &mut gradient);
        let momentum = if early { 0.5 } else { 0.8 };
        for (((y, speed), gains), gradient) in y.iter_mut().zip(&mut speed).zip(&mut gains).zip(&gradient) {
            for axis in 0..2 {
                let turned = (gradient[axis] > 0.0) == (speed[axis] > 0.0);
                gains[axis] = if turned { gains[axis] * 0.8 } else { gains[axis] + 0.2 }.max(0.01);
                speed[axis] = momentum * speed[axis] - rate * gains[axis] * gradient[axis];
                y[axis] += speed[axis];
            }
        }
    }
    let middle: [f64; 2] = std::array::from_fn(|axis| y.iter().map(|at| at[axis]).sum::<f64>() / n as f64);
    for at in &mut y {
        *at = [at[0] - middle[0], at[1] - middle[1]];
    }
    Some(y)
}

/// Half of how likely each pair is to be neighbours, `p(j|i) + p(i|j)` of the paper over 2n, row by row.
fn joint(rows: &[f64], width: usize, n: usize, stop: &dyn Fn() -> bool) -> Option<Vec<f64>> {
    let row = |index: usize| &rows[index * width..(index + 1) * width];
    let mut p = vec![0.0; n * n];
    for a in 0..n {
        if stop() {
            return None;
        }
        for b in 0..a {
            let square: f64 = row(a).iter().zip(row(b)).map(|(a, b)| (a - b) * (a - b)).sum();
            p[a * n + b] = square;
            p[b * n + a] = square;
        }
    }
    // Few points have few neighbours.
    let perplexity = PERPLEXITY.min((n - 1) as f64 / 3.0);
    for (index, own) in p.chunks_exact_mut(n).enumerate() {
        neighbours(own, index, perplexity.ln());
    }
    let mut joint = vec![0.0; n * n];
    for a in 0..n {
        for b in 0..n {
            joint[a * n + b] = (p[a * n + b] + p[b * n + a]) / (2 * n) as f64;
        }
    }
    Some(joint)
}

/// Squared distances from one point become probabilities whose entropy is the one that is wanted, by bisection over the width of the bell.
fn neighbours(own: &mut [f64], index: usize, entropy: f64) {
    let others = || (0..own.len()).filter(|other| *other != index);
    let nearest = others().map(|other| own[other]).fold(f64::INFINITY, f64::min);
    let farthest = others().map(|other| own[other]).fold(0.0, f64::max);
    let (mut low, mut high) = (0.0, f64::INFINITY);
    // The distances' own measure, so that any will do.
    let mut precision = 1.0 / (farthest - nearest).max(1e-300);
    for _ in 0..100 {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for other in others() {
            let away = own[other] - nearest;
            let weight = (-away * precision).exp();
            sum += weight;
            weighted += weight * away;
        }
        let difference = sum.ln() + precision * weighted / sum - entropy;
        if difference.abs() < 1e-5 {
            break;
        }
        if difference > 0.0 {
            low = precision;
            precision = if high.is_finite() { f64::midpoint(low, high) } else { precision * 2.0 };
        } else {
            high = precision;
            precision = f64::midpoint(low, high);
        }
        if !precision.is_finite() {
            precision = low;
            break;
        }
    }
    let mut sum = 0.0;
    for (other, value) in own.iter_mut().enumerate() {
        *value = if other == index { 0.0 } else { (-(*value - nearest) * precision).exp() };
        sum += *value;
    }
    for value in own {
        *value /= sum;
    }
}

/// The gradient of the divergence of the plane's probabilities from `exaggeration · p` (equation 5 of the paper). `weights` is room for n².
fn slope(p: &[f64], y: &[[f64; 2]], exaggeration: f64, weights: &mut [f64], gradient: &mut [[f64; 2]]) {
    let n = y.len();
    let mut sum = 0.0;
    for (a, own) in weights.chunks_exact_mut(n).enumerate() {
        for ((b, weight), at) in own.iter_mut().enumerate().zip(y) {
            let (dx, dy) = (y[a][0] - at[0], y[a][1] - at[1]);
            *weight = if a == b { 0.0 } else { 1.0 / (1.0 + dx * dx + dy * dy) };
            sum += *weight;
        }
    }
    let rows = weights.chunks_exact(n).zip(p.chunks_exact(n));
    for ((from, gradient), (weights, p)) in y.iter().zip(gradient).zip(rows) {
        *gradient = [0.0; 2];
        for ((weight, p), at) in weights.iter().zip(p).zip(y) {
            let factor = 4.0 * (exaggeration * p - (weight / sum).max(LEAST)) * weight;
            gradient[0] += factor * (from[0] - at[0]);
            gradient[1] += factor * (from[1] - at[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Kullback–Leibler divergence that is minimised (equation 2 of the paper).
    fn divergence(p: &[f64], y: &[[f64; 2]]) -> f64 {
        let n = y.len();
        let weight =
            |a: usize, b: usize| 1.0 / (1.0 + (y[a][0] - y[b][0]).powi(2) + (y[a][1] - y[b][1]).powi(2));
        let pairs = || (0..n).flat_map(|a| (0..n).filter(move |b| a != *b).map(move |b| (a, b)));
        let sum: f64 = pairs().map(|(a, b)| weight(a, b)).sum();
        let part = |(a, b): (usize, usize)| {
            let p = p[a * n + b];
            if p > 0.0 { p * (p / (weight(a, b) / sum)).ln() } else { 0.0 }
        };
        pairs().map(part).sum()
    }

    /// Three clouds of forty points in ten dimensions, made of sines so that Python makes the same.
    fn clouds() -> Vec<f64> {
        let value = |index: usize, axis: usize| {
            let noise = ((index * 10 + axis) as f64 * 12.9898).sin();
            noise + if axis == index / 40 { 4.0 } else { 0.0 }
        };
        (0..120).flat_map(|index| (0..10).map(move |axis| value(index, axis))).collect()
    }

    fn start(rows: &[f64]) -> Vec<[f64; 2]> {
        rows.chunks_exact(10).map(|row| [row[0], row[1]]).collect()
    }

    #[test]
    fn three_clouds_stay_apart_and_neighbours_stay_neighbours() {
        let rows = clouds();
        let found = points(&rows, 10, &start(&rows), 0, &|| false).expect("points");
        let apart = |a: usize, b: usize| (found[a][0] - found[b][0]).hypot(found[a][1] - found[b][1]);
        let pairs = || (0..120).flat_map(|a| (0..a).map(move |b| (a, b)));
        let widest = pairs().filter(|(a, b)| a / 40 == b / 40).map(|(a, b)| apart(a, b)).fold(0.0, f64::max);
        let gap =
            pairs().filter(|(a, b)| a / 40 != b / 40).map(|(a, b)| apart(a, b)).fold(f64::INFINITY, f64::min);
        assert!(gap > widest, "{gap} between clouds, {widest} within");
        // scikit-learn 1.9, `TSNE(method="exact", perplexity=30, init="pca", max_iter=2000)`, comes to 0.0373.
        let p = joint(&rows, 10, 120, &|| false).expect("probabilities");
        let reached = divergence(&p, &found);
        assert!(reached < 0.0373 * 1.02, "{reached}");
        assert_eq!(points(&rows, 10, &start(&rows), 0, &|| false).as_ref(), Some(&found), "the seed decides");
    }

    #[test]
    fn the_slope_is_that_of_the_divergence() {
        let rows: Vec<f64> = (0..12 * 3).map(|n| (f64::from(n * n) * 0.7).sin()).collect();
        let p = joint(&rows, 3, 12, &|| false).expect("probabilities");
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let y: Vec<[f64; 2]> = (0..12).map(|n| [f64::from(n).sin(), (f64::from(n) * 1.7).cos()]).collect();
        let mut gradient = vec![[0.0; 2]; 12];
        slope(&p, &y, 1.0, &mut vec![0.0; 144], &mut gradient);
        for (index, axis) in [(0, 0), (3, 1), (11, 0)] {
            let moved = |by: f64| {
                let mut y = y.clone();
                y[index][axis] += by;
                divergence(&p, &y)
            };
            let want = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((gradient[index][axis] - want).abs() < 1e-7, "{} {want}", gradient[index][axis]);
        }
    }

    #[test]
    fn every_point_has_as_many_neighbours_as_asked_for() {
        let mut own: Vec<f64> = (0..50).map(|n| f64::from(n * n) * 1e6).collect();
        neighbours(&mut own, 0, 5f64.ln());
        let entropy: f64 = own.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() - 5.0).abs() < 1e-3, "{}", entropy.exp());
        assert_eq!(own[0], 0.0);
    }

    #[test]
    fn what_is_all_the_same_or_stopped_ends() {
        let found = points(&[1.0; 24], 3, &[[0.0; 2]; 8], 0, &|| false).expect("points");
        assert!(found.iter().flatten().all(|v| v.is_finite()), "{found:?}");
        assert!(points(&[1.0; 24], 3, &[[0.0; 2]; 8], 0, &|| true).is_none());
        assert!(points(&[1.0; 9], 3, &[[0.0; 2]; 3], 0, &|| false).is_none());
    }
}
