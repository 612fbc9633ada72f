//! Which examples are left out together when heads are measured.

use std::collections::BTreeMap;

/// The fold of each example, `0..folds`: every class is spread over all folds as evenly as its groups allow, and a group stays together.
/// A class with fewer groups than folds has its largest groups cut into runs of neighbours. Returns the number of folds: `most`, fewer where the
/// smallest class has fewer examples; 0 if that is fewer than two.
///
/// `examples` are (class, group), in the order of their names.
pub(super) fn folds(examples: &[(usize, &str)], classes: usize, most: usize) -> (usize, Vec<usize>) {
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (index, (class, _)) in examples.iter().enumerate() {
        of_class[*class].push(index);
    }
    let count = of_class.iter().map(Vec::len).min().unwrap_or(0).min(most);
    if count < 2 {
        return (0, Vec::new());
    }
    let mut fold = vec![0; examples.len()];
    // Every class begins where the last one ended, so that small classes don't all leave out the same fold.
    let mut sizes = vec![0usize; count];
    for own in &of_class {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for index in own {
            groups.entry(examples[*index].1).or_default().push(*index);
        }
        let mut blocks: Vec<Vec<usize>> = groups.into_values().collect();
        while blocks.len() < count {
            let Some(largest) = (0..blocks.len()).max_by_key(|i| (blocks[*i].len(), usize::MAX - i)) else {
                break;
            };
            let half = blocks[largest].len().div_ceil(2);
            let rest = blocks[largest].split_off(half);
            blocks.push(rest);
        }
        // The largest first, each to the fold that has the fewest of this class.
        blocks.sort_by_key(|block| (usize::MAX - block.len(), block.first().copied()));
        let mut of_this = vec![0usize; count];
        for block in blocks {
            let place = (0..count).min_by_key(|f| (of_this[*f], sizes[*f], *f)).unwrap_or(0);
            of_this[place] += block.len();
            sizes[place] += block.len();
            for index in block {
                fold[index] = place;
            }
        }
    }
    (count, fold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_classes_are_spread() {
        let mut examples = Vec::new();
        for class in 0..2 {
            for group in ["a", "b", "c", "d", "e", "f"] {
                examples.extend([(class, group); 3]);
            }
        }
        let (count, fold) = folds(&examples, 2, 3);
        assert_eq!(count, 3);
        for run in fold.chunks(3) {
            assert!(run.iter().all(|f| *f == run[0]), "{fold:?}");
        }
        for class in 0..2 {
            for f in 0..3 {
                let own = (0..36).filter(|i| examples[*i].0 == class && fold[*i] == f).count();
                assert_eq!(own, 6);
            }
        }
    }

    #[test]
    fn one_group_is_cut_into_runs_of_neighbours() {
        let examples: Vec<(usize, &str)> = (0..20).map(|i| (i / 10, "all")).collect();
        let (count, fold) = folds(&examples, 2, 5);
        assert_eq!(count, 5);
        let changes = fold[..10].windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes < 8, "neighbours stay together: {fold:?}");
        for f in 0..5 {
            assert!(fold[..10].contains(&f) && fold[10..].contains(&f), "{fold:?}");
        }
    }

    #[test]
    fn the_smallest_class_limits_the_number() {
        assert_eq!(folds(&[(0, "a"), (0, "b"), (0, "c"), (1, "a"), (1, "b")], 2, 5).0, 2);
        assert_eq!(folds(&[(0, "a"), (0, "b"), (1, "a")], 2, 5).0, 0);
        assert_eq!(folds(&[], 2, 5).0, 0);
    }
}
