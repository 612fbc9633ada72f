//! Principal components (PCA) by subspace iteration with Gram–Schmidt (Golub & Van Loan, Matrix Computations, 8.2.4).

use super::random::Random;
use super::{add_scaled, dot};

const ROUNDS: usize = 40;

/// The directions along which centred rows vary most, the most first: `count` unit vectors of `width` numbers, fewer where the rows span
/// fewer. `stop` is asked in every round; what is there then is of no use.
pub(in super::super) fn directions(
    rows: &[f64],
    width: usize,
    count: usize,
    stop: &dyn Fn() -> bool,
) -> Vec<Vec<f64>> {
    let rows_count = rows.len().checked_div(width).unwrap_or(0);
    let count = count.min(width).min(rows_count);
    let mut random = Random::new(1);
    // A few more than asked for: those that are asked for settle sooner.
    let more = (count + 8).min(width);
    let mut found: Vec<Vec<f64>> = (0..more).map(|_| (0..width).map(|_| random.signed()).collect()).collect();
    orthonormal(&mut found);
    let mut along = vec![0.0; rows_count];
    for _ in 0..ROUNDS {
        if stop() {
            break;
        }
        for direction in &mut found {
            for (along, row) in along.iter_mut().zip(rows.chunks_exact(width)) {
                *along = dot(row, direction);
            }
            direction.fill(0.0);
            for (along, row) in along.iter().zip(rows.chunks_exact(width)) {
                add_scaled(direction, *along, row);
            }
        }
        orthonormal(&mut found);
    }
    found.retain(|direction| direction.iter().any(|value| *value != 0.0));
    found.truncate(count);
    // Which way a direction points means nothing; it is the same every time.
    for direction in &mut found {
        let greatest = direction.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
        if greatest < 0.0 {
            for value in direction {
                *value = -*value;
            }
        }
    }
    found
}

/// Makes vectors orthogonal and of length 1; those that nothing is left of become zero, and stay it.
fn orthonormal(vectors: &mut [Vec<f64>]) {
    for index in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(index);
        let own = &mut rest[0];
        let whole = dot(own, own).sqrt();
        // Twice is enough (Kahan).
        for _ in 0..2 {
            for other in &*before {
                let shared = dot(own, other);
                add_scaled(own, -shared, other);
            }
        }
        let length = dot(own, own).sqrt();
        if length > 1e-12 * whole.max(1e-300) {
            for value in own {
                *value /= length;
            }
        } else {
            own.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_axis_of_a_cloud_is_found_first() {
        // Along (3, 4) / 5 with deviations of 5, across it with 1.
        let points = [[3.0, 4.0], [-3.0, -4.0], [0.8, -0.6], [-0.8, 0.6]].concat();
        let found = directions(&points, 2, 2, &|| false);
        assert!((found[0][0] - 0.6).abs() < 1e-9 && (found[0][1] - 0.8).abs() < 1e-9, "{found:?}");
        assert!(dot(&found[0], &found[1]).abs() < 1e-12);
    }

    #[test]
    fn rows_that_span_nothing_have_no_direction() {
        let of = |rows: &[f64], width| directions(rows, width, 2, &|| false);
        assert!(of(&[0.0; 6], 3).is_empty() && of(&[], 3).is_empty() && of(&[], 0).is_empty());
        // All along one line.
        let line = [[1.0, 2.0, -1.0], [-2.0, -4.0, 2.0], [1.0, 2.0, -1.0]].concat();
        let found = of(&line, 3);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!((dot(&found[0], &found[0]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn every_round_asks_whether_to_stop() {
        let asked = std::cell::Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() == 3
        };
        directions(&[3.0, 4.0, -3.0, -4.0], 2, 1, &stop);
        assert_eq!(asked.get(), 3);
    }
}
