//! Logistic regression with L2 and class weights, whose least value is scikit-learn's: of
//! `C · Σ weight · −ln p(class) + ½ ‖W‖²`, biases apart. Two classes have one row of weights (binomial), more have one each
//! (multinomial), as `LogisticRegression(class_weight="balanced")` does.

use super::lbfgs::{Limits, minimise};
use super::{Rows, add_scaled, dot, softmax};

/// A row of weights and a bias for each class.
pub(in super::super) fn fit(rows: &Rows<'_>, c: f64, stop: &dyn Fn() -> bool) -> Vec<(Vec<f64>, f64)> {
    let (width, classes) = (rows.width, rows.count);
    let weights = rows.balanced();
    // Divided by the number of examples, so that the gradient's limit means the same for any.
    let total: f64 = rows.classes.iter().map(|class| weights[*class]).sum::<f64>().max(1.0);
    let strength = 1.0 / (c * total);
    let binomial = classes == 2;
    let outputs = if binomial { 1 } else { classes };
    let stride = width + 1;
    let mut scores = vec![0.0; classes];
    let function = |p: &[f64], gradient: &mut [f64]| {
        let mut value = 0.0;
        for output in 0..outputs {
            let own = output * stride..output * stride + width;
            value += 0.5 * strength * dot(&p[own.clone()], &p[own.clone()]);
            for (gradient, p) in gradient[own.clone()].iter_mut().zip(&p[own]) {
                *gradient = strength * p;
            }
            gradient[output * stride + width] = 0.0;
        }
        for (index, class) in rows.classes.iter().enumerate() {
            let row = rows.row(index);
            let weight = weights[*class] / total;
            if binomial {
                let score = dot(row, &p[..width]) + p[width];
                let margin = if *class == 1 { score } else { -score };
                // ln(1 + e^−m) without overflow.
                value += weight * ((-margin.abs()).exp().ln_1p() + (-margin).max(0.0));
                let wrong = 1.0 / (1.0 + margin.exp());
                let slope = if *class == 1 { -wrong } else { wrong } * weight;
                add_scaled(&mut gradient[..width], slope, row);
                gradient[width] += slope;
                continue;
            }
            for (output, score) in scores.iter_mut().enumerate() {
                let own = output * stride;
                *score = dot(row, &p[own..own + width]) + p[own + width];
            }
            let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = scores.iter().map(|score| (score - greatest).exp()).sum();
            value += weight * (greatest + sum.ln() - scores[*class]);
            softmax(&mut scores);
            for (output, score) in scores.iter().enumerate() {
                let slope = (score - f64::from(u8::from(output == *class))) * weight;
                let own = output * stride;
                add_scaled(&mut gradient[own..own + width], slope, row);
                gradient[own + width] += slope;
            }
        }
        value
    };
    let mut p = vec![0.0; outputs * stride];
    minimise(&mut p, function, &Limits { steps: 1000, gradient: 1e-7, stop });
    if binomial {
        // The same probabilities from two scores and a softmax.
        let half = |sign: f64| {
            (p[..width].iter().map(|w| 0.5 * sign * w).collect::<Vec<f64>>(), 0.5 * sign * p[width])
        };
        return vec![half(-1.0), half(1.0)];
    }
    p.chunks_exact(stride).map(|own| (own[..width].to_vec(), own[width])).collect()
}
