//! Classes of the whole image: `[1, n]` or `[1, n, 1, 1]`, probabilities or raw scores.

use crate::model::families::{Context, OutputError, Scratch};
use crate::model::results::{ClassScore, Results};
use crate::model::tensor::Tensor;

/// How many classes are listed, best first.
const TOP: usize = 5;

pub fn decode(
    outputs: &[Tensor<'_>],
    context: Context<'_>,
    _: &mut Scratch,
    results: &mut Results,
) -> Result<(), OutputError> {
    let scores = outputs.first().ok_or(OutputError::NoOutput)?.floats()?;
    if scores.is_empty() || scores.iter().any(|s| s.is_nan()) {
        return Err(OutputError::NotNumbers);
    }
    // Most networks end in raw scores (logits); a softmax over probabilities would flatten them.
    let sum: f32 = scores.iter().sum();
    let probabilities = scores.iter().all(|s| (0.0..=1.0).contains(s)) && (sum - 1.0).abs() < 0.01;
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = if probabilities { 1.0 } else { scores.iter().map(|s| (s - greatest).exp()).sum() };
    for (class_id, &score) in (0u32..).zip(scores) {
        if !context.thresholds.allows(class_id) {
            continue;
        }
        let score = if probabilities { score } else { (score - greatest).exp() / total };
        let place = results.top.partition_point(|better| better.score >= score);
        if place < TOP {
            results.top.truncate(TOP - 1);
            results.top.insert(place, ClassScore { class_id, score });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::families::testing::{decode_with, spec};
    use crate::model::spec::{Family, Task, Thresholds};

    fn top(scores: Vec<f32>) -> Vec<(u32, f32)> {
        let spec = spec(Family::Classifier, Task::Classify, 2, 2);
        let shape = [1, scores.len() as i64, 1, 1];
        let found =
            decode_with(&spec, (2, 2), &Thresholds::default(), &[("out", &shape, scores)]).expect("fits");
        found.top.iter().map(|c| (c.class_id, c.score)).collect()
    }

    #[test]
    fn raw_scores_become_probabilities() {
        // e^0 : e^ln 3 : e^ln 4 = 1 : 3 : 4
        let got = top(vec![0.0, 3f32.ln(), 4f32.ln()]);
        let want = [(2, 0.5), (1, 0.375), (0, 0.125)];
        assert!(got.iter().zip(want).all(|(g, w)| g.0 == w.0 && (g.1 - w.1).abs() < 1e-6), "{got:?}");
        assert_eq!(top(vec![1000.0, -1000.0])[0], (0, 1.0), "large scores don't overflow");
    }

    #[test]
    fn probabilities_stay_as_they_are_and_the_best_five_come_first() {
        let got = top(vec![0.05, 0.1, 0.4, 0.02, 0.2, 0.03, 0.2]);
        assert_eq!(got, [(2, 0.4), (4, 0.2), (6, 0.2), (1, 0.1), (0, 0.05)]);
    }
}
