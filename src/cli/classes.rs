//! `--classes`: class names in English or Chinese, or ids, separated by commas.

use crate::model::labels::Labels;

use super::failure::Failure;

/// The ids of the classes that `text` names. If several classes have that name, all of them.
///
/// # Errors
/// A name or id that the model does not have.
pub fn parse(text: &str, labels: &Labels) -> Result<Vec<u32>, Failure> {
    let mut ids = Vec::new();
    for word in text.split([',', '，']).map(str::trim).filter(|w| !w.is_empty()) {
        let found: Vec<u32> = match word.parse::<u32>() {
            // A model without labels has classes too.
            Ok(id) if labels.is_empty() || (id as usize) < labels.len() => vec![id],
            _ => labels.ids(word),
        };
        if found.is_empty() {
            return Err(unknown(word, labels));
        }
        ids.extend(found);
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(Failure::usage(
            "\u{201c}--classes\u{201d} names no class.",
            "Give names or ids separated by commas, like \u{201c}--classes person,car\u{201d}, or leave it out for all.",
        ));
    }
    Ok(ids)
}

/// The failure for a class that the model does not have, with similar names, or else its first ones.
fn unknown(word: &str, labels: &Labels) -> Failure {
    let names = labels.english();
    let message = format!("This model has no class \u{201c}{word}\u{201d}.");
    if names.is_empty() {
        return Failure::usage(message, "It names no classes: give ids, like \u{201c}--classes 0,2\u{201d}.");
    }
    let small = word.to_lowercase();
    let alike = |name: &&String| {
        let name = name.to_lowercase();
        name.contains(&small) || small.contains(&name) || strsim::osa_distance(&name, &small) <= 1
    };
    let near: Vec<&str> = names.iter().filter(alike).map(String::as_str).take(5).collect();
    let fix = if near.is_empty() {
        let first: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
        let more = if names.len() > first.len() { ", …" } else { "" };
        format!(
            "It has {} (0 to {}): {}{more}. \u{201c}sightline models info FILE\u{201d} lists them.",
            names.len(),
            names.len() - 1,
            first.join(", ")
        )
    } else {
        format!("Did you mean {}?", near.join(", "))
    };
    Failure::usage(message, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_has_two_chinese_names() {
        let coco = Labels::coco80();
        for text in ["公共汽车", "公交车", "bus", "5"] {
            assert_eq!(parse(text, &coco).unwrap(), [5], "{text}");
        }
    }

    #[test]
    fn names_in_both_languages_and_ids_can_be_mixed() {
        let coco = Labels::coco80();
        assert_eq!(parse("Person, 汽车，5", &coco).unwrap(), [0, 2, 5]);
        assert_eq!(parse("traffic light,person,person", &coco).unwrap(), [0, 9]);
    }

    #[test]
    fn an_unknown_class_is_wrong_usage_with_a_hint() {
        let coco = Labels::coco80();
        let fix = |text: &str| match parse(text, &coco) {
            Err(Failure::Usage { fix, .. }) => fix,
            other => panic!("{other:?}"),
        };
        assert_eq!(fix("persn"), "Did you mean person?");
        assert_eq!(fix("catt"), "Did you mean cat?");
        assert_eq!(fix("acr"), "Did you mean car?");
        assert!(fix("80").starts_with("It has 80 (0 to 79): person, bicycle"), "{}", fix("80"));
        assert!(fix(" , ").contains("leave it out"), "{}", fix(" , "));
    }

    #[test]
    fn a_model_without_labels_takes_ids() {
        assert_eq!(parse("3,1", &Labels::default()).unwrap(), [1, 3]);
        assert!(parse("cat", &Labels::default()).is_err());
    }
}
