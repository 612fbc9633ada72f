//! What objects look like, and how alike they are.

/// How much a track's looks follow its newest detection.
const FOLLOW: f32 = 0.1;
/// An object is the same as one that was seen before if both are at least so much alike (the cosine of their vectors), and at most
/// so much is asked for.
const ALIKE: (f32, f32) = (0.6, 0.97);
/// It must also be more alike than different objects of the same frames are, by so many standard deviations.
const BEYOND: f32 = 3.0;
/// The mean over different objects remembers about so many pairs.
const PAIRS: f32 = 300.0;

/// What the detections of a frame look like: a vector of length 1 each, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looks {
    length: usize,
    values: Vec<f32>,
    /// By detection: the place of its vector.
    places: Vec<Option<usize>>,
}

impl Looks {
    /// Nothing is known of any detection.
    pub fn clear(&mut self) {
        self.length = 0;
        self.values.clear();
        self.places.clear();
    }

    /// Adds what the next detection looks like. A vector of another length than those before it counts as none.
    pub fn push(&mut self, features: Option<&[f32]>) {
        let features =
            features.filter(|f| !f.is_empty() && (self.values.is_empty() || f.len() == self.length));
        self.places.push(features.map(|features| {
            self.length = features.len();
            self.values.extend_from_slice(features);
            self.values.len() / features.len() - 1
        }));
    }

    /// What a detection looks like.
    #[must_use]
    pub fn of(&self, detection: usize) -> Option<&[f32]> {
        let place = (*self.places.get(detection)?)?;
        self.values.get(place * self.length..(place + 1) * self.length)
    }
}

/// How alike two objects are, −1..=1; `None` if one of them is unknown.
pub(super) fn likeness(a: &[f32], b: &[f32]) -> Option<f32> {
    let known = !a.is_empty() && a.len() == b.len();
    known.then(|| a.iter().zip(b).map(|(a, b)| a * b).sum())
}

/// Lets the looks of a track follow its newest detection.
pub(super) fn follow(looks: &mut Vec<f32>, newest: &[f32]) {
    if looks.len() != newest.len() {
        looks.clear();
        looks.extend_from_slice(newest);
        return;
    }
    for (old, new) in looks.iter_mut().zip(newest) {
        *old += FOLLOW * (new - *old);
    }
    let length = looks.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
    for value in looks {
        *value /= length;
    }
}

/// How alike different objects are to this model. Vectors of classifiers are all much alike, those of models for re-identification
/// aren't: what counts as the same is learnt from objects that are seen at the same time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Different {
    mean: f32,
    variance: f32,
    pairs: f32,
}

impl Different {
    /// Takes the likeness of two objects of the same frame.
    pub fn add(&mut self, likeness: f32) {
        self.pairs = (self.pairs + 1.0).min(PAIRS);
        let off = likeness - self.mean;
        self.mean += off / self.pairs;
        self.variance += (off * (likeness - self.mean) - self.variance) / self.pairs;
    }

    /// From which likeness on two objects are the same.
    pub fn least(&self) -> f32 {
        // Without anything to compare with, little is believed.
        if self.pairs < 5.0 {
            return ALIKE.1.min(0.85);
        }
        (self.mean + BEYOND * self.variance.sqrt()).clamp(ALIKE.0, ALIKE.1)
    }

    /// How much more alike than different objects, 0..=1.
    pub fn gain(&self, likeness: f32) -> f32 {
        let mean = if self.pairs < 5.0 { 0.5 } else { self.mean.min(0.95) };
        ((likeness - mean) / (1.0 - mean)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_found_by_detection() {
        let mut looks = Looks::default();
        for features in [None, Some([1.0, 0.0].as_slice()), Some(&[1.0]), Some(&[]), Some(&[0.0, 1.0])] {
            looks.push(features);
        }
        let found: Vec<_> = (0..6).map(|n| looks.of(n)).collect();
        assert_eq!(found, [None, Some([1.0, 0.0].as_slice()), None, None, Some(&[0.0, 1.0]), None]);
        looks.clear();
        assert_eq!(looks.of(1), None);
    }

    #[test]
    fn what_counts_as_the_same_is_learnt_from_different_objects() {
        let mut different = Different::default();
        assert!((different.least() - 0.85).abs() < 1e-6);
        for n in 0..100 {
            different.add(0.8 + 0.02 * ((n % 3) as f32 - 1.0));
        }
        let least = different.least();
        assert!((0.83..0.87).contains(&least), "{least}");
        assert!(different.gain(0.8) < 0.05 && different.gain(0.95) > 0.7);
    }
}
