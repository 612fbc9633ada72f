//! The least value of a smooth function: L-BFGS (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 7.4) with the weak Wolfe
//! conditions by bisection (Lewis & Overton 2013).

use super::{add_scaled, dot};

/// How many steps are remembered.
const MEMORY: usize = 10;
const SUFFICIENT: f64 = 1e-4;
const CURVATURE: f64 = 0.9;

/// When the search ends.
pub(in super::super) struct Limits<'a> {
    pub steps: usize,
    /// The greatest part of the gradient that counts as none.
    pub gradient: f64,
    /// Asked before every evaluation.
    pub stop: &'a dyn Fn() -> bool,
}

/// Improves `at`. `function` returns the value at a point and writes its gradient.
pub(in super::super) fn minimise(
    at: &mut Vec<f64>,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    limits: &Limits<'_>,
) {
    let mut gradient = vec![0.0; at.len()];
    let mut value = function(at, &mut gradient);
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    let mut next = at.clone();
    let mut next_gradient = gradient.clone();
    for _ in 0..limits.steps {
        let steepest = gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        if steepest.is_nan() || steepest <= limits.gradient {
            return;
        }
        let mut direction = downhill(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope.is_nan() || slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -dot(&gradient, &gradient);
        }
        let first = if memory.is_empty() { (1.0 / steepest.max(1.0)).min(1.0) } else { 1.0 };
        let (mut low, mut high, mut step) = (0.0, f64::INFINITY, first);
        let mut next_value = f64::INFINITY;
        for _ in 0..50 {
            if (limits.stop)() {
                return;
            }
            next.copy_from_slice(at);
            add_scaled(&mut next, step, &direction);
            next_value = function(&next, &mut next_gradient);
            if next_value.is_nan() || next_value > value + SUFFICIENT * step * slope {
                high = step;
            } else if dot(&next_gradient, &direction) < CURVATURE * slope {
                low = step;
            } else {
                break;
            }
            step = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * low };
        }
        // Rounding lets no step go down any more.
        if next_value.is_nan() || next_value >= value {
            return;
        }
        let moved: Vec<f64> = next.iter().zip(&*at).map(|(a, b)| a - b).collect();
        let changed: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&moved, &changed);
        if curvature > 1e-12 * dot(&changed, &changed) {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((moved, changed, 1.0 / curvature));
        }
        at.copy_from_slice(&next);
        gradient.copy_from_slice(&next_gradient);
        value = next_value;
    }
}

/// The direction of the next step: the gradient times the inverse Hessian as far as the last steps tell it.
fn downhill(gradient: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for (moved, changed, rho) in memory.iter().rev() {
        let alpha = rho * dot(moved, &q);
        add_scaled(&mut q, -alpha, changed);
        alphas.push(alpha);
    }
    if let Some((moved, changed, _)) = memory.last() {
        let gamma = dot(moved, changed) / dot(changed, changed);
        for value in &mut q {
            *value *= gamma;
        }
    }
    for ((moved, changed, rho), alpha) in memory.iter().zip(alphas.iter().rev()) {
        let beta = rho * dot(changed, &q);
        add_scaled(&mut q, alpha - beta, moved);
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley, whose lowest point is (1, 1).
    #[test]
    fn a_bent_valley_is_followed_to_its_end() {
        let mut at = vec![-1.2, 1.0];
        let function = |p: &[f64], g: &mut [f64]| {
            let (x, y) = (p[0], p[1]);
            g[0] = -400.0 * x * (y - x * x) - 2.0 * (1.0 - x);
            g[1] = 200.0 * (y - x * x);
            100.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)
        };
        minimise(&mut at, function, &Limits { steps: 200, gradient: 1e-9, stop: &|| false });
        assert!((at[0] - 1.0).abs() < 1e-6 && (at[1] - 1.0).abs() < 1e-6, "{at:?}");
    }

    #[test]
    fn every_evaluation_asks_whether_to_stop() {
        let (mut at, asked, evaluated) = (vec![1.0], std::cell::Cell::new(0), std::cell::Cell::new(0));
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        // No step goes down: the search would go on for fifty evaluations.
        let function = |p: &[f64], g: &mut [f64]| {
            evaluated.set(evaluated.get() + 1);
            g[0] = 1.0;
            if p[0] == 1.0 { 0.0 } else { 1.0 }
        };
        minimise(&mut at, function, &Limits { steps: 9, gradient: 1e-9, stop: &stop });
        assert_eq!((at, evaluated.get()), (vec![1.0], 4));
    }

    #[test]
    fn what_is_no_number_ends_the_search() {
        let mut at = vec![1.0];
        let limits = Limits { steps: 100, gradient: 1e-9, stop: &|| false };
        minimise(
            &mut at,
            |_, g| {
                g[0] = f64::NAN;
                f64::NAN
            },
            &limits,
        );
        assert_eq!(at, [1.0]);
    }
}
