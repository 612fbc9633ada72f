//! Training: heads are measured by cross-validation, and the best learns from all examples.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::MAX_CLASSES;
use super::embeddings::Samples;
use super::error::TeachError;
use super::fit::coordinates::Coordinates;
use super::fit::{Rows, logistic, mean, mlp};
use super::folds::{Folds, folds};
use super::head::{Head, HeadKind, Layer};
use super::measure::{Advice, Measured, advice};
use crate::model::CancelToken;

/// Which head is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadChoice {
    /// The one that cross-validation finds best.
    #[default]
    Auto,
    Mean,
    Logistic,
    Mlp,
}

/// How heads are trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    pub head: HeadChoice,
    /// The inverse strength of regularisation of logistic regression, as scikit-learn's `C`.
    pub c: f64,
    /// What random numbers begin with.
    pub seed: u64,
    /// Folds of the cross-validation, at most.
    pub folds: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { head: HeadChoice::Auto, c: 1.0, seed: 0, folds: 5 }
    }
}

/// What training found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The head that was chosen.
    pub head: HeadKind,
    /// Examples of each class.
    pub counts: Vec<usize>,
    /// Folds of the cross-validation; 0 if a class has too few examples for one.
    pub folds: usize,
    /// What each kind of head achieved in cross-validation; the chosen one among them. Empty without folds.
    pub cross_validation: Vec<(HeadKind, Measured)>,
    /// What the chosen head achieves on the images of `val`, if there are any.
    pub held_out: Option<Measured>,
    pub advice: Vec<Advice>,
    /// How long training and cross-validation took together, in milliseconds.
    pub train_ms: f64,
}

impl Report {
    /// What the chosen head achieved in cross-validation.
    #[must_use]
    pub fn chosen(&self) -> Option<&Measured> {
        self.cross_validation.iter().find(|(kind, _)| *kind == self.head).map(|(_, measured)| measured)
    }
}

/// A trained head with what is known of it.
#[derive(Clone, Debug)]
pub struct Trained {
    pub head: Head,
    pub report: Report,
}

/// A network with a hidden layer is tried from so many examples of every class on.
const ENOUGH_FOR_MLP: usize = 10;
/// All embeddings together have so many numbers at most: while a head learns they take 8 bytes each, which is a gigabyte.
const MOST: usize = 1 << 27;
/// Folds that are learnt at the same time have so many together.
const AT_ONCE: usize = 2 * MOST;

/// Trains a head. Left to choose, it takes the nearest class mean where some class has one example, else the head with the best
/// cross-validated accuracy, and of equals the one with the better probabilities.
///
/// # Errors
/// If a class has no example, a number isn't one, there are too many of them, or it was cancelled.
pub fn train(samples: &Samples, options: &TrainOptions, cancel: &CancelToken) -> Result<Trained, TeachError> {
    let begin = Instant::now();
    let counts = check(samples, options)?;
    let stop = || cancel.is_cancelled();
    let fewest = counts.iter().copied().min().unwrap_or(0);
    let kinds: &[HeadKind] = match options.head {
        HeadChoice::Mean => &[HeadKind::Mean],
        HeadChoice::Logistic => &[HeadKind::Logistic],
        HeadChoice::Mlp => &[HeadKind::Mlp],
        HeadChoice::Auto if fewest < 2 => &[HeadKind::Mean],
        HeadChoice::Auto if fewest < ENOUGH_FOR_MLP => &[HeadKind::Mean, HeadKind::Logistic],
        HeadChoice::Auto => &[HeadKind::Mean, HeadKind::Logistic, HeadKind::Mlp],
    };
    let groups: Vec<(usize, &str)> =
        samples.train.iter().map(|sample| (sample.class, &sample.group[..])).collect();
    let folds = folds(&groups, counts.len(), options.folds);
    let cross_validation = cross_validated(samples, kinds, &folds, options, &stop)?;
    if stop() {
        return Err(TeachError::Stopped);
    }
    let better =
        |a: &Measured, b: &Measured| a.correct.cmp(&b.correct).then(b.log_loss.total_cmp(&a.log_loss));
    let best = cross_validation.iter().max_by(|a, b| better(&a.1, &b.1));
    let kind = best.map_or(kinds[0], |(kind, _)| *kind);
    let head = Examples::of(samples, |_| true, &[kind], &stop).fit(kind, options, &stop);
    if stop() {
        return Err(TeachError::Stopped);
    }
    let train_ms = begin.elapsed().as_secs_f64() * 1000.0;
    if head.layers.iter().any(|layer| layer.weights.iter().chain(&layer.bias).any(|v| !v.is_finite())) {
        return Err(TeachError::Untrainable {
            reason: "the embeddings hold numbers beyond all measure".into(),
        });
    }
    let held_out = (!samples.held_out.is_empty()).then(|| {
        let scored = samples.held_out.iter().map(|sample| (sample, scores(&head, &sample.embedding)));
        Measured::of(counts.len(), scored)
    });
    let chosen = cross_validation.iter().find(|(of, _)| *of == kind).map(|(_, measured)| measured);
    let advice = advice(&counts, &folds.one_take, chosen.or(held_out.as_ref()));
    let folds = folds.count;
    let report = Report { head: kind, counts, folds, cross_validation, held_out, advice, train_ms };
    Ok(Trained { head, report })
}

fn scores(head: &Head, embedding: &[f32]) -> Vec<f32> {
    let mut scores = Vec::new();
    head.scores(embedding, &mut scores);
    scores
}

/// Whether the samples can be learnt from; returns how many each class has.
fn check(samples: &Samples, options: &TrainOptions) -> Result<Vec<usize>, TeachError> {
    let untrainable = |reason: &str| Err(TeachError::Untrainable { reason: reason.into() });
    let classes = samples.names.len();
    if classes < 2 {
        return untrainable("there are fewer than two classes");
    }
    if classes > MAX_CLASSES {
        return Err(TeachError::TooManyClasses { count: classes });
    }
    let length = samples.train.first().map_or(0, |sample| sample.embedding.len());
    if samples.train.len().saturating_mul(length) > MOST {
        return Err(TeachError::TooMuch { images: samples.train.len(), numbers: length });
    }
    let mut counts = vec![0; classes];
    for sample in samples.train.iter().chain(&samples.held_out) {
        if sample.embedding.len() != length || length == 0 || sample.class >= classes {
            return untrainable("the embeddings differ in length");
        }
        if sample.embedding.iter().any(|v| !v.is_finite()) {
            return Err(TeachError::Untrainable {
                reason: format!(
                    "the embedding of \u{201c}{}\u{201d} holds what is no number",
                    sample.path.display()
                ),
            });
        }
    }
    for sample in &samples.train {
        counts[sample.class] += 1;
    }
    if let Some(empty) = counts.iter().position(|count| *count == 0) {
        return Err(TeachError::EmptyClass { name: samples.names[empty].clone() });
    }
    if !(options.c.is_finite() && options.c > 0.0) {
        return untrainable("C must be a number above zero");
    }
    Ok(counts)
}

/// Examples in the forms that heads learn from.
struct Examples<'a> {
    embeddings: Vec<&'a [f32]>,
    classes: Vec<usize>,
    /// How many classes there are.
    count: usize,
    /// Of these examples alone: what is left out says nothing of mean and deviation either, as in scikit-learn's pipelines.
    coordinates: Option<Coordinates>,
}

impl<'a> Examples<'a> {
    /// The examples whose numbers are `chosen`, for these kinds of heads.
    fn of(
        samples: &'a Samples,
        chosen: impl Fn(usize) -> bool,
        kinds: &[HeadKind],
        stop: &dyn Fn() -> bool,
    ) -> Self {
        let own = samples.train.iter().enumerate().filter(|(index, _)| chosen(*index));
        let (embeddings, classes): (Vec<&[f32]>, Vec<usize>) =
            own.map(|(_, sample)| (&*sample.embedding, sample.class)).unzip();
        let needs = kinds.iter().any(|kind| *kind != HeadKind::Mean);
        let coordinates = needs.then(|| Coordinates::of(&embeddings, stop));
        Self { embeddings, classes, count: samples.names.len(), coordinates }
    }

    /// Fits a head to them.
    fn fit(&self, kind: HeadKind, options: &TrainOptions, stop: &dyn Fn() -> bool) -> Head {
        let Some(coordinates) = self.coordinates.as_ref().filter(|_| kind != HeadKind::Mean) else {
            return mean::fit(&self.embeddings, &self.classes, self.count);
        };
        let rows = Rows {
            values: &coordinates.rows,
            width: coordinates.width,
            classes: &self.classes,
            count: self.count,
        };
        let back = |rows: Vec<(Vec<f64>, f64)>| {
            Layer::of(rows.into_iter().map(|(weights, bias)| coordinates.back(&weights, bias)))
        };
        let layers = if kind == HeadKind::Logistic {
            vec![back(logistic::fit(&rows, options.c, stop))]
        } else {
            let [first, last] = mlp::fit(&rows, options.seed, stop);
            let plain = last
                .into_iter()
                .map(|(weights, bias)| (weights.into_iter().map(|w| w as f32).collect(), bias as f32));
            vec![back(first), Layer::of(plain)]
        };
        Head { kind, centre: None, layers }
    }
}

/// The number of an example, and its scores.
type Scored = (usize, Vec<f32>);

/// How many folds are learnt at the same time: as many as there are cores, and as their embeddings allow.
fn folds_at_once(samples: &Samples, folds: usize) -> usize {
    let length = samples.train.first().map_or(0, |sample| sample.embedding.len());
    let numbers = samples.train.len().saturating_mul(length).max(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    folds.min(cores).min(AT_ONCE / numbers).max(1)
}

/// Measures kinds of heads: each fold's examples by heads that learnt from all others. Nothing without folds.
///
/// # Errors
/// [`TeachError::Untrainable`] if the program makes a mistake: figures of the other folds alone would be wrong.
fn cross_validated(
    samples: &Samples,
    kinds: &[HeadKind],
    folds: &Folds,
    options: &TrainOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<(HeadKind, Measured)>, TeachError> {
    if folds.count == 0 {
        return Ok(Vec::new());
    }
    // The scores of each kind for the examples of one fold.
    let one = |left_out: usize| -> Vec<Vec<Scored>> {
        let learnt = Examples::of(samples, |index| folds.fold[index] != left_out, kinds, &|| stop());
        let of_kind = |kind: &HeadKind| {
            let head = learnt.fit(*kind, options, &|| stop());
            let tested = samples.train.iter().enumerate().filter(|(index, _)| folds.fold[*index] == left_out);
            tested.map(|(index, sample)| (index, scores(&head, &sample.embedding))).collect()
        };
        kinds.iter().map(of_kind).collect()
    };
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let left_out = next.fetch_add(1, Relaxed);
            if left_out >= folds.count || stop() {
                return;
            }
            let scored = catch_unwind(AssertUnwindSafe(|| one(left_out)));
            found.lock().unwrap_or_else(PoisonError::into_inner).push(scored);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..folds_at_once(samples, folds.count) {
            // Without a thread of its own, a fold is learnt on this one.
            let _ = std::thread::Builder::new().name("teach fold".into()).spawn_scoped(scope, work);
        }
        work();
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let found: Vec<Vec<Vec<Scored>>> = found
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|_| TeachError::Untrainable { reason: "the program made a mistake".into() })?;
    let measured = |(place, kind): (usize, &HeadKind)| {
        let mut all: Vec<&Scored> = found.iter().filter_map(|fold| fold.get(place)).flatten().collect();
        all.sort_by_key(|(index, _)| *index);
        let scored = all.into_iter().map(|(index, scores)| (&samples.train[*index], scores.clone()));
        (*kind, Measured::of(samples.names.len(), scored))
    };
    Ok(kinds.iter().enumerate().map(measured).collect())
}

#[cfg(test)]
mod tests;
