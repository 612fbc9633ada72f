//! A small network: principal components, one hidden layer with `ReLU`, a softmax; learnt with L-BFGS and L2, from weights after Glorot
//! and Bengio (2010) that the seed decides.

use super::lbfgs::{Limits, minimise};
use super::principal::directions;
use super::random::Random;
use super::{Rows, add_scaled, dot, softmax};

/// Units of the hidden layer.
const HIDDEN: usize = 16;
/// Components that it sees.
const COMPONENTS: usize = 24;
/// Strength of L2, for an example.
const STRENGTH: f64 = 1e-2;
const STEPS: usize = 60;

/// Weights and biases of the two layers, a row a unit; the first for the rows' own coordinates.
pub(in super::super) type Layers = [Vec<(Vec<f64>, f64)>; 2];

/// Fits the network.
pub(in super::super) fn fit(rows: &Rows<'_>, seed: u64, stop: &dyn Fn() -> bool) -> Layers {
    let directions = directions(rows.values, rows.width, COMPONENTS, stop);
    let components = directions.len();
    let mut inputs: Vec<f64> = (0..rows.classes.len())
        .flat_map(|index| directions.iter().map(move |d| dot(rows.row(index), d)))
        .collect();
    // All in one measure: the later components stay the smaller ones.
    let power = inputs.iter().map(|v| v * v).sum::<f64>() / inputs.len().max(1) as f64;
    let gain = if power > 1e-24 { power.sqrt().recip() } else { 1.0 };
    for value in &mut inputs {
        *value *= gain;
    }

    let (one, classes) = (components + 1, rows.count);
    let two = HIDDEN + 1;
    let split = HIDDEN * one;
    let mut random = Random::new(seed);
    let mut p = vec![0.0; split + classes * two];
    for (layer, stride, fan) in [(0, one, components + HIDDEN), (split, two, HIDDEN + classes)] {
        let end = if layer == 0 { split } else { p.len() };
        let bound = (6.0 / fan.max(1) as f64).sqrt();
        for unit in p[layer..end].chunks_exact_mut(stride) {
            for weight in &mut unit[..stride - 1] {
                *weight = bound * random.signed();
            }
        }
    }
    let weights = rows.balanced();
    let total = rows.classes.len().max(1) as f64;
    let (mut hidden, mut scores, mut slopes) = (vec![0.0; HIDDEN], vec![0.0; classes], vec![0.0; HIDDEN]);
    let function = |p: &[f64], gradient: &mut [f64]| {
        let mut value = 0.5 * STRENGTH / total * dot(p, p);
        for (gradient, p) in gradient.iter_mut().zip(p) {
            *gradient = STRENGTH / total * p;
        }
        let (first, second) = p.split_at(split);
        let (first_gradient, second_gradient) = gradient.split_at_mut(split);
        for (index, class) in rows.classes.iter().enumerate() {
            // Rows that are all alike have no components.
            let input = &inputs[index * components..(index + 1) * components];
            for (hidden, unit) in hidden.iter_mut().zip(first.chunks_exact(one)) {
                *hidden = (dot(input, &unit[..components]) + unit[components]).max(0.0);
            }
            for (score, unit) in scores.iter_mut().zip(second.chunks_exact(two)) {
                *score = dot(&hidden, &unit[..HIDDEN]) + unit[HIDDEN];
            }
            softmax(&mut scores);
            let weight = weights[*class] / total;
            value -= weight * scores[*class].max(1e-300).ln();
            slopes.fill(0.0);
            let units = second.chunks_exact(two).zip(second_gradient.chunks_exact_mut(two));
            for (index, (score, (unit, gradient))) in scores.iter().zip(units).enumerate() {
                let slope = (score - f64::from(u8::from(index == *class))) * weight;
                add_scaled(&mut gradient[..HIDDEN], slope, &hidden);
                gradient[HIDDEN] += slope;
                add_scaled(&mut slopes, slope, &unit[..HIDDEN]);
            }
            for ((slope, hidden), gradient) in
                slopes.iter().zip(&hidden).zip(first_gradient.chunks_exact_mut(one))
            {
                if *hidden > 0.0 {
                    add_scaled(&mut gradient[..components], *slope, input);
                    gradient[components] += slope;
                }
            }
        }
        value
    };
    minimise(&mut p, function, &Limits { steps: STEPS, gradient: 1e-5, stop });
    let first = p[..split].chunks_exact(one).map(|unit| {
        let mut weights = vec![0.0; rows.width];
        for (weight, direction) in unit.iter().zip(&directions) {
            add_scaled(&mut weights, gain * weight, direction);
        }
        (weights, unit[components])
    });
    let second = p[split..].chunks_exact(two).map(|unit| (unit[..HIDDEN].to_vec(), unit[HIDDEN]));
    [first.collect(), second.collect()]
}
