//! Training: heads are measured by cross-validation, and the best learns from all examples.

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

    /// Classes all of whose examples were taken in one go: cross-validation can't tell how well others of them would be known.
    #[must_use]
    pub fn one_take(&self) -> &[usize] {
        let found = self.advice.iter().find_map(|advice| match advice {
            Advice::OneTake { classes } => Some(&classes[..]),
            _ => None,
        });
        found.unwrap_or_default()
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

/// Trains a head. Left to choose, it takes the nearest class mean where some class has one example, else the head with the best
/// cross-validated accuracy, and of equals the one with the better probabilities.
///
/// # Errors
/// If a class has no example, a number isn't one, or it was cancelled.
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
    let cross_validation = cross_validated(samples, kinds, &folds, options, &stop);
    if stop() {
        return Err(TeachError::Stopped);
    }
    let better =
        |a: &Measured, b: &Measured| a.correct.cmp(&b.correct).then(b.log_loss.total_cmp(&a.log_loss));
    let best = cross_validation.iter().max_by(|a, b| better(&a.1, &b.1));
    let kind = best.map_or(kinds[0], |(kind, _)| *kind);
    let head = Examples::of(samples, |_| true, &[kind]).fit(kind, options, &stop);
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
    let mut counts = vec![0; classes];
    let length = samples.train.first().map_or(0, |sample| sample.embedding.len());
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
    fn of(samples: &'a Samples, chosen: impl Fn(usize) -> bool, kinds: &[HeadKind]) -> Self {
        let own = samples.train.iter().enumerate().filter(|(index, _)| chosen(*index));
        let (embeddings, classes): (Vec<&[f32]>, Vec<usize>) =
            own.map(|(_, sample)| (&*sample.embedding, sample.class)).unzip();
        let needs = kinds.iter().any(|kind| *kind != HeadKind::Mean);
        let coordinates = needs.then(|| Coordinates::of(&embeddings));
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

/// Measures kinds of heads: each fold's examples by heads that learnt from all others. Nothing without folds.
fn cross_validated(
    samples: &Samples,
    kinds: &[HeadKind],
    folds: &Folds,
    options: &TrainOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Vec<(HeadKind, Measured)> {
    if folds.count == 0 {
        return Vec::new();
    }
    // The scores of each kind for the examples of one fold.
    let one = |left_out: usize| -> Vec<Vec<Scored>> {
        let learnt = Examples::of(samples, |index| folds.fold[index] != left_out, kinds);
        let of_kind = |kind: &HeadKind| {
            let head = learnt.fit(*kind, options, &|| stop());
            let tested = samples.train.iter().enumerate().filter(|(index, _)| folds.fold[*index] == left_out);
            tested.map(|(index, sample)| (index, scores(&head, &sample.embedding))).collect()
        };
        kinds.iter().map(of_kind).collect()
    };
    let one = &one;
    let found: Vec<Vec<Vec<Scored>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..folds.count).map(|left_out| scope.spawn(move || one(left_out))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let measured = |(place, kind): (usize, &HeadKind)| {
        let mut all: Vec<&Scored> = found.iter().filter_map(|fold| fold.get(place)).flatten().collect();
        all.sort_by_key(|(index, _)| *index);
        let scored = all.into_iter().map(|(index, scores)| (&samples.train[*index], scores.clone()));
        (*kind, Measured::of(samples.names.len(), scored))
    };
    kinds.iter().enumerate().map(measured).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::learn::teach::embeddings::Sample;

    fn samples(rows: &[&[f32]], classes: &[usize]) -> Samples {
        let count = classes.iter().max().map_or(0, |most| most + 1);
        let sample = |(index, (row, class)): (usize, (&&[f32], &usize))| Sample {
            path: format!("{index}.png").into(),
            class: *class,
            group: index.to_string(),
            embedding: (**row).into(),
        };
        Samples {
            names: (0..count).map(|n| format!("c{n}")).collect(),
            train: rows.iter().zip(classes).enumerate().map(sample).collect(),
            ..Samples::default()
        }
    }

    fn taught(samples: &Samples, head: HeadChoice, c: f64) -> Trained {
        let options = TrainOptions { head, c, ..TrainOptions::default() };
        train(samples, &options, &CancelToken::default()).expect("trained")
    }

    const ROWS: [&[f32]; 10] = [
        &[1.0, 0.0, 2.0],
        &[2.0, 1.0, 0.0],
        &[1.5, 0.5, 1.0],
        &[4.0, 3.0, 1.0],
        &[5.0, 2.0, 2.0],
        &[4.5, 3.5, 0.0],
        &[0.0, 5.0, 4.0],
        &[1.0, 6.0, 3.0],
        &[0.5, 5.5, 5.0],
        &[0.2, 4.0, 4.5],
    ];

    /// The probabilities are those of scikit-learn 1.9: `make_pipeline(StandardScaler(), LogisticRegression(C=…,
    /// class_weight="balanced", tol=1e-12))`.
    #[test]
    fn logistic_regression_gives_scikit_learns_probabilities() {
        let three = samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
        let two = samples(&ROWS, &[0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
        let of_three = [[0.511_275, 0.274_999, 0.213_725], [0.184_131, 0.620_546, 0.195_323]];
        let of_two = [[0.511_352, 0.488_648], [0.295_368, 0.704_632]];
        for (samples, c, want) in [(three, 1.0, of_three.map(Vec::from)), (two, 0.5, of_two.map(Vec::from))] {
            let head = taught(&samples, HeadChoice::Logistic, c).head;
            for (at, want) in [[2.0, 2.0, 2.0], [3.0, 4.0, 1.0]].iter().zip(want) {
                let got = scores(&head, at);
                assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() < 2e-6), "{got:?} {want:?}");
            }
        }
    }

    /// What is left out isn't standardised by either. The figures are those of scikit-learn 1.9's pipeline (as above), fitted to each of two folds;
    /// standardised over all examples beforehand, the log loss would be 0.281197.
    #[test]
    fn cross_validation_learns_mean_and_deviation_anew_in_each_fold() {
        let samples = samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
        let folds = Folds { count: 2, fold: (0..10).map(|index| index % 2).collect(), one_take: Vec::new() };
        let found =
            cross_validated(&samples, &[HeadKind::Logistic], &folds, &TrainOptions::default(), &|| false);
        let measured = &found[0].1;
        assert_eq!((found.len(), measured.count, measured.correct), (1, 10, 10));
        assert!((measured.log_loss - 0.263_139_7).abs() < 2e-6, "{}", measured.log_loss);
        let own = |name: &str| measured.answers.iter().find(|one| one.path == Path::new(name));
        let score = own("3.png").expect("its score").score;
        assert!((score - 0.657_121).abs() < 2e-6, "{score}");
    }

    /// All of a class in one go: nothing says how well it would be known tomorrow.
    #[test]
    fn classes_of_one_take_are_named() {
        let mut samples = samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
        let taught_now = |samples: &Samples| taught(samples, HeadChoice::Mean, 1.0).report;
        assert!(taught_now(&samples).one_take().is_empty());
        for sample in samples.train.iter_mut().filter(|sample| sample.class == 1) {
            sample.group = "one press".into();
        }
        let report = taught_now(&samples);
        assert_eq!((report.one_take(), report.folds), (&[1][..], 3));
        assert!(report.advice.contains(&Advice::OneTake { classes: vec![1] }));
    }

    /// More numbers than examples: the coordinates are fewer, and what is learnt is the same.
    #[test]
    fn wide_embeddings_are_learnt_as_exactly_as_narrow_ones() {
        let wide: Vec<Vec<f32>> = ROWS.iter().map(|row| row.repeat(7)).collect();
        let views: Vec<&[f32]> = wide.iter().map(|row| &row[..]).collect();
        let classes = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
        // Seven equal numbers share a weight: a seventh each, and a seventh of the penalty.
        let wide = taught(&samples(&views, &classes), HeadChoice::Logistic, 1.0).head;
        let narrow = taught(&samples(&ROWS, &classes), HeadChoice::Logistic, 7.0).head;
        for row in ROWS {
            let (a, b) = (scores(&wide, &row.repeat(7)), scores(&narrow, row));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5), "{a:?} {b:?}");
        }
    }

    #[test]
    fn every_head_learns_and_cross_validation_chooses() {
        let (mut rows, mut classes) = (Vec::new(), Vec::new());
        for index in 0..36 {
            let class = index % 3;
            let noise = |n: usize| ((index * 37 + n * 11) % 17) as f32 / 17.0 - 0.5;
            rows.push(
                (0..40).map(|n| noise(n) + f32::from(u8::from(n % 3 == class)) * 2.0).collect::<Vec<f32>>(),
            );
            classes.push(class);
        }
        let views: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
        let samples = samples(&views, &classes);
        for head in [HeadChoice::Mean, HeadChoice::Logistic, HeadChoice::Mlp, HeadChoice::Auto] {
            let trained = taught(&samples, head, 1.0);
            let measured = trained.report.chosen().expect("cross-validated");
            assert_eq!((measured.correct, measured.count), (36, 36), "{head:?}");
            assert_eq!(trained.report.folds, 5);
            let again = taught(&samples, head, 1.0);
            assert_eq!(again.head, trained.head, "the seed decides");
        }
        let trained = taught(&samples, HeadChoice::Auto, 1.0);
        assert_eq!(trained.report.cross_validation.len(), 3);
    }

    #[test]
    fn one_example_a_class_is_enough_to_begin_with() {
        let trained = taught(&samples(&[&[1.0, 0.0], &[0.0, 1.0]], &[0, 1]), HeadChoice::Auto, 1.0);
        assert_eq!((trained.report.head, trained.report.folds), (HeadKind::Mean, 0));
        let got = scores(&trained.head, &[0.9, 0.2]);
        assert!(got[0] > 0.9, "{got:?}");
        assert!(trained.report.advice.contains(&Advice::Few { class: 0, count: 1 }));
    }

    #[test]
    fn what_cannot_be_learnt_from_is_said() {
        let fails = |samples: &Samples, c: f64| {
            let options = TrainOptions { c, ..TrainOptions::default() };
            train(samples, &options, &CancelToken::default()).expect_err("fails").to_string()
        };
        let mut empty = samples(&[&[1.0], &[2.0]], &[0, 1]);
        empty.names.push("new".into());
        assert!(fails(&empty, 1.0).contains("\u{201c}new\u{201d} has no image"));
        assert!(fails(&samples(&[&[1.0], &[f32::NAN]], &[0, 1]), 1.0).contains("1.png"));
        assert!(fails(&samples(&[&[1.0], &[1.0, 2.0]], &[0, 1]), 1.0).contains("length"));
        assert!(fails(&samples(&[&[1.0]], &[0]), 1.0).contains("two classes"));
        assert!(fails(&samples(&[&[1.0], &[2.0]], &[0, 1]), 0.0).contains('C'));
        let token = CancelToken::default();
        token.cancel();
        let stopped =
            train(&samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]), &TrainOptions::default(), &token);
        assert!(matches!(stopped, Err(TeachError::Stopped)));
    }

    /// Images that are all alike, and embeddings that don't vary, end in numbers.
    #[test]
    fn examples_that_are_all_the_same_give_even_scores() {
        let same: &[f32] = &[1.0, 2.0];
        let alike = samples(&[same; 6], &[0, 0, 0, 1, 1, 1]);
        for head in [HeadChoice::Mean, HeadChoice::Logistic, HeadChoice::Mlp] {
            let got = scores(&taught(&alike, head, 1.0).head, &[1.0, 2.0]);
            assert!(got.iter().all(|score| (score - 0.5).abs() < 0.05), "{head:?} {got:?}");
        }
    }
}
