//! Which of a model's classes are which of a data set's: by their names, because numbers differ (COCO counts to 90 and models to 79).

use std::collections::HashMap;

/// A model's classes beside a data set's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassMatch {
    /// For each class of the model the one of the data set.
    pub to_dataset: Vec<Option<usize>>,
    /// Names of the data set's classes that the model doesn't have.
    pub unknown_to_model: Vec<String>,
    /// Names of the model's classes that the data set doesn't have.
    pub unknown_to_dataset: Vec<String>,
}

/// Matches names that are the same but for capital letters, `_`, `-` and spaces. Of a name that lists synonyms, as `ImageNet`'s do
/// ("tench, Tinca tinca"), each counts.
#[must_use]
pub fn match_classes(model: &[String], dataset: &[String]) -> ClassMatch {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (index, name) in dataset.iter().enumerate() {
        places.entry(key(name)).or_insert(index);
    }
    for (index, name) in dataset.iter().enumerate() {
        for synonym in name.split(',').skip(usize::from(!name.contains(','))) {
            places.entry(key(synonym)).or_insert(index);
        }
    }
    let find = |name: &String| {
        let whole = places.get(&key(name));
        whole.or_else(|| name.split(',').find_map(|synonym| places.get(&key(synonym)))).copied()
    };
    let to_dataset: Vec<Option<usize>> = model.iter().map(find).collect();
    let unmatched = |index: &usize| !to_dataset.contains(&Some(*index));
    ClassMatch {
        unknown_to_model: (0..dataset.len()).filter(unmatched).map(|index| dataset[index].clone()).collect(),
        unknown_to_dataset: model
            .iter()
            .zip(&to_dataset)
            .filter(|(_, to)| to.is_none())
            .map(|(name, _)| name.clone())
            .collect(),
        to_dataset,
    }
}

fn key(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_and_not_numbers() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let model = names(&["person", "Traffic_Light", "\u{2013}", "tench, Tinca tinca", "car"]);
        let dataset = names(&["car", "traffic light", "bus", "Person", "tinca-tinca"]);
        let matched = match_classes(&model, &dataset);
        assert_eq!(matched.to_dataset, [Some(3), Some(1), None, Some(4), Some(0)]);
        assert_eq!(matched.unknown_to_model, ["bus"]);
        assert_eq!(matched.unknown_to_dataset, ["\u{2013}"]);
    }
}
