//! Which examples are left out together when heads are measured.

use std::collections::BTreeMap;

/// Which examples are left out together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Folds {
    /// How many folds there are; 0 if a class has one example.
    pub count: usize,
    /// The fold of each example, `0..count`.
    pub fold: Vec<usize>,
    /// Classes all of whose examples are of one group: whatever is left out of these, others like it are learnt from, and the figures
    /// flatter.
    pub one_take: Vec<usize>,
}

/// Every class is spread over all folds as evenly as its groups allow, and a group stays together; so there are no more folds than
/// the class with the fewest groups has. Only a class of one group is cut into runs of neighbours.
///
/// `examples` are (class, group), in the order of their names; there are `most` folds at most.
pub(super) fn folds(examples: &[(usize, &str)], classes: usize, most: usize) -> Folds {
    let mut of_class: Vec<BTreeMap<&str, Vec<usize>>> = vec![BTreeMap::new(); classes];
    for (index, (class, group)) in examples.iter().enumerate() {
        of_class[*class].entry(*group).or_default().push(index);
    }
    // How often a class can be divided.
    let parts = |groups: &BTreeMap<&str, Vec<usize>>| match groups.len() {
        1 => groups.values().map(Vec::len).sum(),
        count => count,
    };
    let count = of_class.iter().map(parts).min().unwrap_or(0).min(most);
    if count < 2 {
        return Folds::default();
    }
    let one_take = (0..classes).filter(|class| of_class[*class].len() == 1).collect();
    let mut fold = vec![0; examples.len()];
    // Every class begins where the last one ended, so that small classes don't all leave out the same fold.
    let mut sizes = vec![0usize; count];
    for groups in of_class {
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
    Folds { count, fold, one_take }
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
        let Folds { count, fold, one_take } = folds(&examples, 2, 3);
        assert_eq!((count, one_take.len()), (3, 0));
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
        let Folds { count, fold, one_take } = folds(&examples, 2, 5);
        assert_eq!(count, 5);
        assert_eq!(one_take, [0, 1], "and it is said");
        let changes = fold[..10].windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes < 8, "neighbours stay together: {fold:?}");
        for f in 0..5 {
            assert!(fold[..10].contains(&f) && fold[10..].contains(&f), "{fold:?}");
        }
    }

    #[test]
    fn the_smallest_class_limits_the_number() {
        assert_eq!(folds(&[(0, "a"), (0, "b"), (0, "c"), (1, "a"), (1, "b")], 2, 5).count, 2);
        assert_eq!(folds(&[(0, "a"), (0, "b"), (1, "a")], 2, 5), Folds::default());
        assert_eq!(folds(&[], 2, 5), Folds::default());
    }

    /// Two takes of twenty frames a class: five folds would have frames on both sides that differ by a few milliseconds.
    #[test]
    fn a_take_is_never_on_both_sides_where_there_are_two() {
        let examples: Vec<(usize, &str)> =
            (0..80).map(|i| (i / 40, if i % 40 < 20 { "first" } else { "second" })).collect();
        let Folds { count, fold, one_take } = folds(&examples, 2, 5);
        assert_eq!((count, one_take.len()), (2, 0));
        for take in fold.chunks(20) {
            assert!(take.iter().all(|f| *f == take[0]), "{fold:?}");
        }
    }
}
