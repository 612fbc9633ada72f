//! The best class of each anchor where a row of memory is a class and a column an anchor.

/// Scores, `classes` rows of `anchors` values.
#[derive(Clone, Copy, Debug)]
pub struct ScoreRows<'a> {
    pub values: &'a [f32],
    pub anchors: usize,
    pub classes: usize,
}

/// Anchors that are looked at together: their best scores and a piece of each row stay in the nearer caches.
const BLOCK: usize = 1024;

impl ScoreRows<'_> {
    /// Calls `found` with anchor, class and score for each anchor whose best score is finite and above `conf`, in
    /// order. Of equal scores the first class counts, as with `argmax`. `best` is a buffer.
    ///
    /// One pass over all scores finds the best of each anchor and nothing else, in vectors; classes are looked up only
    /// for those that passed, while their scores are still near.
    pub fn each_above(&self, conf: f32, best: &mut Vec<f32>, mut found: impl FnMut(usize, u32, f32)) {
        best.resize(BLOCK, 0.0);
        for first in (0..self.anchors).step_by(BLOCK) {
            let best = &mut best[..BLOCK.min(self.anchors - first)];
            self.best_of(first, best);
            for (anchor, &score) in (first..).zip(&*best) {
                if score > conf && score.is_finite() {
                    found(anchor, self.class_of(anchor, score), score);
                }
            }
        }
    }

    /// Writes the best class of every anchor: of equal scores the first, as with `argmax`. What isn't a number is passed over.
    /// `best` and `best_class` are buffers.
    pub fn argmax(&self, best: &mut Vec<f32>, best_class: &mut Vec<u32>, classes: &mut Vec<u16>) {
        best.resize(BLOCK, 0.0);
        best_class.resize(BLOCK, 0);
        classes.reserve(self.anchors);
        for first in (0..self.anchors).step_by(BLOCK) {
            let count = BLOCK.min(self.anchors - first);
            self.best_class_of(first, &mut best[..count], &mut best_class[..count]);
            classes.extend(best_class[..count].iter().map(|class| *class as u16));
        }
    }

    /// The greatest score of each anchor from `first` on, and its class. Four classes at a time: what is best so far is then
    /// read and written a quarter as often.
    fn best_class_of(&self, first: usize, best: &mut [f32], best_class: &mut [u32]) {
        best.fill(f32::NEG_INFINITY);
        best_class.fill(0);
        let count = best.len();
        let mut class = 0;
        while class + 4 <= self.classes {
            let [a, b, c, d] = [0, 1, 2, 3].map(|k| self.part(class + k, first, count));
            let so_far = best.iter_mut().zip(&mut *best_class);
            for (((((best, best_class), a), b), c), d) in so_far.zip(a).zip(b).zip(c).zip(d) {
                let (mut top, mut at) = (*best, *best_class);
                for (k, score) in [*a, *b, *c, *d].into_iter().enumerate() {
                    let better = score > top;
                    at = if better { (class + k) as u32 } else { at };
                    top = if better { score } else { top };
                }
                (*best, *best_class) = (top, at);
            }
            class += 4;
        }
        for class in class..self.classes {
            for ((best, best_class), score) in
                best.iter_mut().zip(&mut *best_class).zip(self.part(class, first, count))
            {
                if *score > *best {
                    (*best, *best_class) = (*score, class as u32);
                }
            }
        }
    }

    /// A piece of a class's row.
    fn part(&self, class: usize, first: usize, count: usize) -> &[f32] {
        &self.values[class * self.anchors + first..][..count]
    }

    /// The greatest score of each anchor from `first` on; what isn't a number is passed over.
    fn best_of(&self, first: usize, best: &mut [f32]) {
        best.fill(f32::NEG_INFINITY);
        let count = best.len();
        // This order of the comparison keeps `b` where `a` isn't a number.
        let most = |a: f32, b: f32| if a > b { a } else { b };
        let mut class = 0;
        while class + 4 <= self.classes {
            let [a, b, c, d] = [0, 1, 2, 3].map(|k| self.part(class + k, first, count));
            for ((((best, a), b), c), d) in best.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *best = most(*d, most(*c, most(*b, most(*a, *best))));
            }
            class += 4;
        }
        for class in class..self.classes {
            for (best, score) in best.iter_mut().zip(self.part(class, first, count)) {
                *best = most(*score, *best);
            }
        }
    }

    /// The first class that has this score at an anchor.
    fn class_of(&self, anchor: usize, score: f32) -> u32 {
        let column = self.values[anchor..].iter().step_by(self.anchors);
        column.take(self.classes).position(|value| *value == score).unwrap_or(0) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(rows: &ScoreRows<'_>, conf: f32) -> Vec<(usize, u32, f32)> {
        let mut list = Vec::new();
        rows.each_above(conf, &mut Vec::new(), |a, c, s| list.push((a, c, s)));
        list
    }

    proptest! {
        /// Against anchors looked at one by one, over the ends of blocks.
        #[test]
        fn the_best_class_is_argmax(
            anchors in prop_oneof![1usize..40, 1020usize..1030, 2040usize..2100],
            classes in 1usize..11,
            conf in 0.0f32..1.0,
            seed: u32,
        ) {
            // Few distinct values, so that scores are often equal; some aren't numbers.
            let value = |i: u32| match i.wrapping_add(seed).wrapping_mul(0x9e37_79b1) >> 25 {
                0 => f32::NAN,
                1 => f32::INFINITY,
                n => n as f32 / 128.0,
            };
            let values: Vec<f32> = (0..(anchors * classes) as u32).map(value).collect();
            let mut expected = Vec::new();
            for anchor in 0..anchors {
                let mut best = (0, f32::NEG_INFINITY);
                for class in 0..classes {
                    let score = values[class * anchors + anchor];
                    if score > best.1 {
                        best = (class as u32, score);
                    }
                }
                if best.1 > conf && best.1.is_finite() {
                    expected.push((anchor, best.0, best.1));
                }
            }
            let rows = ScoreRows { values: &values, anchors, classes };
            prop_assert_eq!(found(&rows, conf), expected);
            let best_of = |anchor: usize| {
                let scores = (0..classes).map(|class| values[class * anchors + anchor]);
                let better = |best: (usize, f32), (class, score)| if score > best.1 { (class, score) } else { best };
                scores.enumerate().fold((0, f32::NEG_INFINITY), better).0 as u16
            };
            let mut all = Vec::new();
            rows.argmax(&mut Vec::new(), &mut Vec::new(), &mut all);
            prop_assert_eq!(all, (0..anchors).map(best_of).collect::<Vec<_>>());
        }
    }
}
