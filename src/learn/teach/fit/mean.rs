//! Nearest class mean: embeddings are centred and brought to the length 1 (`CL2N` of Wang et al., `SimpleShot`, 2019), and the class whose
//! mean is nearest wins.
//!
//! Of `−t ‖x − m‖²`, `‖x‖` is the same for every class: what is left is a fully connected layer with the weights `2 t m` and the bias
//! `−t ‖m‖²`, and a softmax makes probabilities of it.

use crate::learn::teach::head::{Head, HeadKind, Layer};

/// Sharpnesses `t` that are tried.
const SHARPNESS: [f64; 9] = [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0];
/// How much worse than the best the mean of −ln(probability) may be: what is sure enough isn't made surer.
const ENOUGH: f64 = 0.03;
/// Where there are too few examples to try.
const USUAL: f64 = 8.0;

/// Fits the head to rows of embeddings with their classes.
pub(in super::super) fn fit(rows: &[&[f32]], classes: &[usize], count: usize) -> Head {
    let width = rows.first().map_or(0, |row| row.len());
    let counts: Vec<usize> =
        (0..count).map(|c| classes.iter().filter(|class| **class == c).count()).collect();
    // The middle of the classes' means, so that large classes don't pull it.
    let present = counts.iter().filter(|n| **n > 0).count().max(1);
    let mut centre = vec![0.0f64; width];
    for (row, class) in rows.iter().zip(classes) {
        let share = 1.0 / (counts[*class] * present) as f64;
        for (centre, value) in centre.iter_mut().zip(*row) {
            *centre += share * f64::from(*value);
        }
    }
    let unit: Vec<Vec<f64>> = rows.iter().map(|row| unit(row, &centre)).collect();
    let mut means = vec![vec![0.0; width]; count];
    for (row, class) in unit.iter().zip(classes) {
        super::add_scaled(&mut means[*class], 1.0 / counts[*class] as f64, row);
    }
    let sharpness = sharpness(&unit, classes, &means, &counts);
    let layer = Layer {
        inputs: width,
        weights: means.iter().flatten().map(|m| (2.0 * sharpness * m) as f32).collect(),
        bias: means.iter().map(|mean| (-sharpness * super::dot(mean, mean)) as f32).collect(),
    };
    let centre = centre.into_iter().map(|v| v as f32).collect();
    Head { kind: HeadKind::Mean, centre: Some(centre), layers: vec![layer] }
}

fn unit(row: &[f32], centre: &[f64]) -> Vec<f64> {
    let mut row: Vec<f64> = row.iter().zip(centre).map(|(v, c)| f64::from(*v) - c).collect();
    let length = super::dot(&row, &row).sqrt();
    if length > 1e-12 {
        for value in &mut row {
            *value /= length;
        }
    }
    row
}

/// The sharpness with the best probabilities when each example is left out of its class's mean.
fn sharpness(unit: &[Vec<f64>], classes: &[usize], means: &[Vec<f64>], counts: &[usize]) -> f64 {
    if counts.iter().any(|n| *n < 2) {
        return USUAL;
    }
    // −‖x − m‖² for every example and class.
    let distances: Vec<Vec<f64>> = unit
        .iter()
        .zip(classes)
        .map(|(row, class)| {
            let squares = dot_all(row, means);
            let mut all: Vec<f64> = squares;
            let n = counts[*class] as f64;
            let own: f64 = row
                .iter()
                .zip(&means[*class])
                .map(|(x, m)| {
                    let without = (m * n - x) / (n - 1.0);
                    (x - without).powi(2)
                })
                .sum();
            all[*class] = -own;
            all
        })
        .collect();
    let loss = |sharpness: f64| -> f64 {
        distances
            .iter()
            .zip(classes)
            .map(|(all, class)| {
                let mut scores: Vec<f64> = all.iter().map(|d| sharpness * d).collect();
                super::softmax(&mut scores);
                -scores[*class].max(1e-300).ln() / counts[*class] as f64
            })
            .sum()
    };
    let losses = SHARPNESS.map(loss);
    let best = losses.into_iter().fold(f64::INFINITY, f64::min);
    // Classes that lie far apart would allow any sharpness, and the surest scores for what is like no example at all.
    let enough = losses.iter().position(|loss| *loss <= best + ENOUGH * counts.len() as f64);
    enough.map_or(USUAL, |place| SHARPNESS[place])
}

fn dot_all(row: &[f64], means: &[Vec<f64>]) -> Vec<f64> {
    let distance = |mean: &Vec<f64>| -row.iter().zip(mean).map(|(x, m)| (x - m).powi(2)).sum::<f64>();
    means.iter().map(distance).collect()
}
