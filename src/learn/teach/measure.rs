//! How good a head is, and what would make it better.

use std::path::PathBuf;

use serde::Serialize;

use super::embeddings::{Sample, as_text};

/// A share with its 95 % interval after Wilson (1927), each 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Wilson {
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

/// How often each class was taken for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// A row a class as it is; a column a class as it was taken for.
    pub rows: Vec<Vec<usize>>,
}

/// An example that a head is least sure of, or wrong about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uncertain {
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    /// Its class.
    pub class: usize,
    /// What it was taken for.
    pub taken_for: usize,
    /// The probability of its own class.
    pub score: f32,
}

/// What heads achieve on examples that they didn't learn from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    pub correct: usize,
    pub count: usize,
    pub accuracy: Wilson,
    /// Mean of −ln(probability of the right class).
    pub log_loss: f64,
    pub confusion: Confusion,
    /// The least certain first.
    pub uncertain: Vec<Uncertain>,
    /// Every example, in the same order.
    #[serde(skip)]
    pub answers: Vec<Uncertain>,
}

/// What to collect next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Advice {
    /// This class has the fewest examples, far fewer than others or too few to measure by.
    Few { class: usize, count: usize },
    /// These two are taken for each other so often.
    Confused { class: usize, with: usize, times: usize },
    /// All examples of each of these were taken in one go: the accuracy looks better than it is.
    OneTake { classes: Vec<usize> },
    /// Nothing is confused: try new places, light and backgrounds.
    Vary,
}

/// The normal quantile of 97.5 %.
const Z: f64 = 1.959_963_984_540_054;
/// How many examples are listed as least certain.
const MOST_UNCERTAIN: usize = 20;
/// Fewer examples of a class say little.
const FEW: usize = 10;

impl Wilson {
    /// The share of `correct` in `count`.
    #[must_use]
    pub fn of(correct: usize, count: usize) -> Self {
        if count == 0 {
            return Self { share: 0.0, low: 0.0, high: 1.0 };
        }
        let (n, z2) = (count as f64, Z * Z);
        let share = correct as f64 / n;
        let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        Self { share, low: (centre - half).max(0.0), high: (centre + half).min(1.0) }
    }
}

impl Measured {
    /// Compares probabilities of every class with what the samples are.
    pub(super) fn of<'a>(classes: usize, scored: impl IntoIterator<Item = (&'a Sample, Vec<f32>)>) -> Self {
        let mut measured =
            Self { confusion: Confusion { rows: vec![vec![0; classes]; classes] }, ..Self::default() };
        for (sample, scores) in scored {
            let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let taken_for = best.map_or(0, |(class, _)| class);
            let score = scores.get(sample.class).copied().unwrap_or(0.0);
            measured.count += 1;
            measured.correct += usize::from(taken_for == sample.class);
            measured.log_loss -= f64::from(score).max(1e-12).ln();
            measured.confusion.rows[sample.class][taken_for] += 1;
            measured.uncertain.push(Uncertain {
                path: sample.path.clone(),
                class: sample.class,
                taken_for,
                score,
            });
        }
        measured.log_loss /= measured.count.max(1) as f64;
        measured.accuracy = Wilson::of(measured.correct, measured.count);
        measured.uncertain.sort_by(|a, b| a.score.total_cmp(&b.score));
        measured.answers.clone_from(&measured.uncertain);
        measured.uncertain.truncate(MOST_UNCERTAIN);
        measured
    }
}

/// What to collect next, the most useful first.
/// `one_take`: see [`Folds`](super::folds::Folds).
pub(super) fn advice(counts: &[usize], one_take: &[usize], measured: Option<&Measured>) -> Vec<Advice> {
    let mut advice = Vec::new();
    let most = counts.iter().copied().max().unwrap_or(0);
    let fewest = counts.iter().copied().enumerate().min_by_key(|(_, count)| *count);
    if let Some((class, count)) = fewest.filter(|(_, count)| *count < FEW || count * 3 < most) {
        advice.push(Advice::Few { class, count });
    }
    if !one_take.is_empty() {
        advice.push(Advice::OneTake { classes: one_take.to_vec() });
    }
    let rows = measured.map(|measured| &measured.confusion.rows[..]).unwrap_or_default();
    let pairs = (0..rows.len()).flat_map(|a| (0..a).map(move |b| (b, a, rows[a][b] + rows[b][a])));
    if let Some((class, with, times)) = pairs.max_by_key(|pair| pair.2).filter(|pair| pair.2 > 0) {
        advice.push(Advice::Confused { class, with, times });
    } else if advice.is_empty() {
        advice.push(Advice::Vary);
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wilson's interval as `statsmodels.stats.proportion.proportion_confint(…, method="wilson")` gives it.
    #[test]
    fn the_interval_is_wilsons() {
        for (correct, count, low, high) in
            [(9, 10, 0.595_849_97, 0.982_123_79), (30, 30, 0.886_486_83, 1.0), (0, 5, 0.0, 0.434_482_45)]
        {
            let got = Wilson::of(correct, count);
            assert!((got.low - low).abs() < 1e-6 && (got.high - high).abs() < 1e-6, "{got:?}");
        }
        assert_eq!(Wilson::of(0, 0).high, 1.0);
    }

    #[test]
    fn what_is_wrong_comes_first_and_the_worst_pair_is_named() {
        let sample = |class: usize, name: &str| Sample {
            path: name.into(),
            class,
            group: String::new(),
            embedding: [0.0].into(),
        };
        let (a, b, c) = (sample(0, "a"), sample(1, "b"), sample(2, "c"));
        let scored = [(&a, vec![0.9, 0.1, 0.0]), (&b, vec![0.7, 0.2, 0.1]), (&c, vec![0.0, 0.45, 0.55])];
        let measured = Measured::of(3, scored);
        assert_eq!((measured.correct, measured.count), (2, 3));
        assert_eq!(measured.confusion.rows, [[1, 0, 0], [1, 0, 0], [0, 0, 1]]);
        let order: Vec<_> =
            measured.uncertain.iter().map(|u| u.path.to_string_lossy().into_owned()).collect();
        assert_eq!(order, ["b", "c", "a"]);
        let few = Advice::Few { class: 1, count: 4 };
        let confused = Advice::Confused { class: 0, with: 1, times: 1 };
        assert_eq!(advice(&[30, 4, 12], &[], Some(&measured)), [few, confused.clone()]);
        assert_eq!(advice(&[30, 20, 12], &[], Some(&measured)), std::slice::from_ref(&confused));
        assert_eq!(advice(&[30, 20, 12], &[], None), [Advice::Vary]);
        let again = Advice::OneTake { classes: vec![0, 2] };
        assert_eq!(advice(&[30, 20, 12], &[0, 2], Some(&measured)), [again, confused]);
    }
}
