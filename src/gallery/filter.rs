//! Which items are listed, and on which day each was saved.

use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use super::item::{Item, Kind};
use crate::model::labels::{Language, in_language};

/// What items are listed by. The default lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub kind: Option<Kind>,
    /// In English, as records say it.
    pub class: Option<String>,
    pub model: Option<String>,
    /// Words that names, sources, models and classes, in English or Chinese, are searched for; all must be there.
    pub text: String,
}

impl Filter {
    /// Whether an item fits.
    #[must_use]
    pub fn fits(&self, item: &Item) -> bool {
        let details = &item.details;
        self.kind.is_none_or(|kind| kind == item.kind)
            && self.class.as_ref().is_none_or(|class| details.classes.contains_key(class))
            && self.model.as_ref().is_none_or(|model| details.models.contains(model))
            && self.text.split_whitespace().all(|word| has_word(item, &word.to_lowercase()))
    }

    /// The places of the items that fit.
    #[must_use]
    pub fn places(&self, items: &[Arc<Item>]) -> Vec<usize> {
        let all = items.iter().enumerate();
        all.filter(|(_, item)| self.fits(item)).map(|(place, _)| place).collect()
    }
}

fn has_word(item: &Item, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    let details = &item.details;
    has(&item.name)
        || has(&details.source)
        || details.models.iter().any(|model| has(model))
        || details.classes.keys().any(|class| has(class) || has(in_language(class, Language::Chinese)))
}

/// Parts of a list of places that are of the same day; items are sorted by time.
#[must_use]
pub fn days(items: &[Arc<Item>], places: &[usize]) -> Vec<(NaiveDate, Range<usize>)> {
    let mut days: Vec<(NaiveDate, Range<usize>)> = Vec::new();
    for (number, item) in places.iter().enumerate().filter_map(|(n, &place)| Some((n, items.get(place)?))) {
        let day = item.local_time().date_naive();
        match days.last_mut() {
            Some((last, range)) if *last == day => range.end = number + 1,
            _ => days.push((day, number..number + 1)),
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::Details;

    fn item(name: &str, class: &str, model: &str) -> Arc<Item> {
        let details = Details {
            models: vec![model.into()],
            classes: [(class.to_owned(), 1)].into(),
            source: "/videos/Street.mp4".into(),
            ..Details::default()
        };
        Arc::new(Item { name: name.into(), details: Arc::new(details), ..Item::default() })
    }

    #[test]
    fn items_are_found_by_kind_class_model_and_words() {
        let items = [item("Party", "person", "yolox_nano"), item("Cat", "cat", "yolov8n")];
        let places = |filter: Filter| filter.places(&items);
        assert_eq!(places(Filter::default()), [0, 1]);
        assert_eq!(places(Filter { class: Some("cat".into()), ..Filter::default() }), [1]);
        assert_eq!(places(Filter { model: Some("yolox_nano".into()), ..Filter::default() }), [0]);
        assert_eq!(places(Filter { kind: Some(Kind::Clip), ..Filter::default() }), [0; 0]);
        assert_eq!(places(Filter { text: "street PERSON".into(), ..Filter::default() }), [0]);
        assert_eq!(places(Filter { text: "street 猫".into(), ..Filter::default() }), [1], "in Chinese, too");
        assert_eq!(places(Filter { text: "street dog".into(), ..Filter::default() }), [0; 0]);
    }

    #[test]
    fn days_follow_each_other_and_hold_every_item_once() {
        let at = |time| Arc::new(Item { time, ..Item::default() });
        let day = 24 * 3_600_000;
        let noon = 1_790_000_000_000;
        let items = [at(noon), at(noon - 1000), at(noon - day), at(noon - 3 * day)];
        let found = days(&items, &[0, 1, 2, 3]);
        assert_eq!(found.iter().map(|(_, range)| range.clone()).collect::<Vec<_>>(), [0..2, 2..3, 3..4]);
        assert_eq!(days(&items, &[]), []);
    }
}
