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
    let found = cross_validated(&samples, &[HeadKind::Logistic], &folds, &TrainOptions::default(), &|| false)
        .expect("measured");
    let measured = &found[0].1;
    assert_eq!((found.len(), measured.count, measured.correct), (1, 10, 10));
    assert!((measured.log_loss - 0.263_139_7).abs() < 2e-6, "{}", measured.log_loss);
    let own = |name: &str| measured.answers.iter().find(|one| one.path == Path::new(name));
    let score = own("3.png").expect("its score").score;
    assert!((score - 0.657_121).abs() < 2e-6, "{score}");
}

/// Figures without the examples of one fold would be of nobody knows what.
#[test]
fn a_fold_that_crashes_is_an_error() {
    let samples = samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
    // The folds of the last examples are missing: looking for them ends in a panic.
    let folds = Folds { count: 2, fold: vec![0, 1, 0, 1], one_take: Vec::new() };
    let found = cross_validated(&samples, &[HeadKind::Mean], &folds, &TrainOptions::default(), &|| false);
    let error = found.expect_err("a mistake");
    assert!(matches!(&error, TeachError::Untrainable { reason } if reason.contains("mistake")), "{error}");
}

#[test]
fn more_numbers_than_memory_should_hold_are_refused_before_they_are_looked_at() {
    let embedding: std::sync::Arc<[f32]> = vec![0.0; 8192].into();
    let sample = |index: usize| Sample {
        path: "a.png".into(),
        class: index % 2,
        group: String::new(),
        embedding: std::sync::Arc::clone(&embedding),
    };
    let of = |count| Samples {
        names: vec!["a".into(), "b".into()],
        train: (0..count).map(sample).collect(),
        ..Samples::default()
    };
    let most = MOST / 8192;
    let error = train(&of(most + 1), &TrainOptions::default(), &CancelToken::default());
    assert!(matches!(error, Err(TeachError::TooMuch { images: 16_385, numbers: 8192 })));
    assert!(folds_at_once(&of(most), 5) <= 2, "a gigabyte each");
    assert!(folds_at_once(&of(4), 3) <= 3 && folds_at_once(&Samples::default(), 5) >= 1);
}

/// All of a class in one go: nothing says how well it would be known tomorrow.
#[test]
fn classes_of_one_take_are_named() {
    let mut samples = samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]);
    let taught_now = |samples: &Samples| taught(samples, HeadChoice::Mean, 1.0).report;
    let is_told = |advice: &Advice| matches!(advice, Advice::OneTake { .. });
    assert!(!taught_now(&samples).advice.iter().any(is_told));
    for sample in samples.train.iter_mut().filter(|sample| sample.class == 1) {
        sample.group = "one press".into();
    }
    let report = taught_now(&samples);
    assert_eq!(report.folds, 3);
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
    let stopped = train(&samples(&ROWS, &[0, 0, 0, 1, 1, 1, 2, 2, 2, 2]), &TrainOptions::default(), &token);
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
