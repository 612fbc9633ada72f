//! Classification of whole images.

use super::{ClassAccuracy, ClassificationFigures, Confusion, WrongImage, part};

/// Takes one image after the other; see [`ClassificationFigures`].
#[derive(Debug)]
pub struct ClassificationEvaluator {
    confusion: Confusion,
    /// Images of each class, those whose class is the likeliest, and those whose class is among five.
    counts: Vec<[usize; 3]>,
    worst: Vec<WrongImage>,
}

impl ClassificationEvaluator {
    /// For a data set with these classes.
    #[must_use]
    pub fn new(classes: Vec<String>) -> Self {
        let counts = vec![[0; 3]; classes.len()];
        let matrix = vec![vec![0; classes.len() + 1]; classes.len()];
        Self { confusion: Confusion { classes, counts: matrix }, counts, worst: Vec::new() }
    }

    /// Takes over an image of a class, which must exist, and the likeliest classes that the model gave, best first: `None` is one
    /// that the data set doesn't have.
    pub fn add(&mut self, image: &str, class: usize, top: &[(Option<usize>, f64)]) {
        let Some(counts) = self.counts.get_mut(class) else { return };
        let place = top.iter().position(|(found, _)| *found == Some(class));
        counts[0] += 1;
        counts[1] += usize::from(place == Some(0));
        counts[2] += usize::from(place.is_some_and(|place| place < 5));
        let classes = &self.confusion.classes;
        let first = top.first().and_then(|&(found, score)| Some((found?, score)));
        let first = first.filter(|(found, _)| *found < classes.len());
        self.confusion.counts[class][first.map_or(classes.len(), |(found, _)| found)] += 1;
        if place != Some(0) {
            self.worst.push(WrongImage {
                image: image.to_owned(),
                class: classes[class].clone(),
                found: first.map(|(found, score)| (classes[found].clone(), score)),
                place: place.map(|place| place + 1),
            });
        }
    }

    /// How many images were taken over.
    #[must_use]
    pub fn images(&self) -> usize {
        self.counts.iter().map(|counts| counts[0]).sum()
    }

    /// The figures of all images.
    #[must_use]
    pub fn finish(mut self) -> ClassificationFigures {
        let sure = |wrong: &WrongImage| wrong.found.as_ref().map_or(0.0, |(_, score)| *score);
        self.worst.sort_by(|a, b| sure(b).total_cmp(&sure(a)));
        let sum = |index: usize| self.counts.iter().map(|counts| counts[index]).sum::<usize>();
        let classes = self.confusion.classes.iter().zip(&self.counts);
        ClassificationFigures {
            top1: part(sum(1), sum(0)),
            top5: part(sum(2), sum(0)),
            classes: classes
                .map(|(name, counts)| ClassAccuracy {
                    name: name.clone(),
                    images: counts[0],
                    top1: part(counts[1], counts[0]),
                    top5: part(counts[2], counts[0]),
                })
                .collect(),
            confusion: self.confusion,
            worst: self.worst,
        }
    }
}
