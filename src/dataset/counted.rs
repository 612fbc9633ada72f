//! Which images of a data set a model is measured by: best those that none was trained with.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::types::{Item, Split};

/// The part of a data set that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// Images for validation.
    Val,
    /// Images for the test.
    Test,
    /// Images for training: a model that was trained with them is flattered.
    Train,
    /// Images that aren't for training, as the data set has some for training, but none for validation or the test.
    NotTrain,
    /// All: either they were asked for, or the data set doesn't say what its images are for.
    All,
}

impl Counted {
    /// Whether images that a model was trained with may be among them.
    #[must_use]
    pub fn may_be_learnt(self) -> bool {
        matches!(self, Self::Train | Self::All)
    }

    /// The split, if it is one.
    #[must_use]
    pub fn split(self) -> Option<Split> {
        match self {
            Self::Val => Some(Split::Val),
            Self::Test => Some(Split::Test),
            Self::Train => Some(Split::Train),
            Self::NotTrain | Self::All => None,
        }
    }

    fn fits(self, item: &Item) -> bool {
        match self {
            Self::All => true,
            Self::NotTrain => item.split != Some(Split::Train),
            Self::Val | Self::Test | Self::Train => item.split == self.split(),
        }
    }
}

impl From<Split> for Counted {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Self::Train,
            Split::Val => Self::Val,
            Split::Test => Self::Test,
        }
    }
}

/// The images that a model is measured by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub counted: Counted,
    /// Their places in the data set.
    pub places: Vec<usize>,
    /// Images that somebody has reviewed and that don't count.
    pub left_out: usize,
    /// Some of them are of a video or camera of which there are images for training, too: a model that was trained with those is
    /// flattered.
    pub mixed: bool,
}

/// Chooses among the images that somebody has reviewed: those of `wanted`, or those for validation if there are any, else for the
/// test, else those that aren't for training, else all.
pub fn chosen<'a>(items: impl Iterator<Item = &'a Item>, wanted: Option<Counted>) -> Chosen {
    let items: Vec<&Item> = items.collect();
    let reviewed = || items.iter().filter(|item| item.reviewed);
    let has = |split| reviewed().any(|item| item.split == split);
    let counted =
        wanted.unwrap_or_else(|| match [Split::Val, Split::Test, Split::Train].map(|s| has(Some(s))) {
            [true, ..] => Counted::Val,
            [_, true, _] => Counted::Test,
            [.., true] if has(None) => Counted::NotTrain,
            [.., true] => Counted::Train,
            _ => Counted::All,
        });
    let fits = items.iter().enumerate().filter(|(_, item)| item.reviewed && counted.fits(item));
    let places: Vec<usize> = fits.map(|(place, _)| place).collect();
    let left_out = reviewed().count() - places.len();
    let learnt: HashSet<&str> = match counted {
        Counted::All | Counted::Train => HashSet::new(),
        _ => items.iter().filter(|i| i.split == Some(Split::Train)).filter_map(|i| i.source()).collect(),
    };
    let is_learnt = |place: &usize| items[*place].source().is_some_and(|source| learnt.contains(source));
    let mixed = !learnt.is_empty() && places.iter().any(is_learnt);
    Chosen { counted, places, left_out, mixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(reviewed: bool, split: Option<Split>) -> Item {
        Item { split, reviewed, ..Item::default() }
    }

    fn of(items: &[Item]) -> (Counted, Vec<usize>, usize) {
        let Chosen { counted, places, left_out, .. } = chosen(items.iter(), None);
        (counted, places, left_out)
    }

    #[test]
    fn images_for_training_count_only_where_nothing_else_is_reviewed() {
        let mut items = vec![item(true, None), item(false, Some(Split::Val))];
        assert_eq!(of(&items), (Counted::All, vec![0], 0), "the one for validation isn't reviewed");
        items.push(item(true, Some(Split::Train)));
        assert_eq!(of(&items), (Counted::NotTrain, vec![0], 1));
        assert_eq!(of(&items[2..]), (Counted::Train, vec![0], 0));
        items.push(item(true, Some(Split::Test)));
        assert_eq!(of(&items), (Counted::Test, vec![3], 2));
        items.push(item(true, Some(Split::Val)));
        assert_eq!(of(&items), (Counted::Val, vec![4], 3));
        assert!(
            !Counted::Val.may_be_learnt() && Counted::All.may_be_learnt() && Counted::Train.may_be_learnt()
        );
        let train = chosen(items.iter(), Some(Counted::Train));
        assert_eq!((train.places, train.left_out), (vec![2], 3), "as it was asked for");
    }
}
