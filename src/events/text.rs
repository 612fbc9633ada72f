//! An event in a sentence, in both languages.

use super::record::EventRecord;
use super::rule::When;
use crate::model::labels::{Labels, Language};

/// The name of a class, which the log holds in English.
#[must_use]
pub fn class_name(english: &str, language: Language) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::Chinese => {
            let labels = Labels::new(vec![english.to_owned()]);
            labels.get(0, Language::Chinese).unwrap_or(english).to_owned()
        }
    }
}

/// Returns what happened: "car #12 entered Drive".
#[must_use]
pub fn describe(event: &EventRecord, language: Language) -> String {
    let zh = language == Language::Chinese;
    let class = class_name(&event.class, language);
    let who = match (event.track, event.count) {
        // Several at once.
        (_, count @ 2..) if When::of_name(&event.when).is_some_and(When::lasts) => {
            if zh {
                format!("{count} 个{class}")
            } else {
                format!("{count} × {class}")
            }
        }
        (Some(track), _) => format!("{class} #{track}"),
        (None, _) => class,
    };
    let place = event.place().unwrap_or(if zh { "画面" } else { "the picture" });
    let inward = event.direction.as_deref() == Some("in");
    match (When::of_name(&event.when), zh) {
        (Some(When::Enters), false) => format!("{who} entered {place}"),
        (Some(When::Enters), true) => format!("{who} 进入 {place}"),
        (Some(When::Leaves), false) => format!("{who} left {place}"),
        (Some(When::Leaves), true) => format!("{who} 离开 {place}"),
        (Some(When::StaysIn), false) => format!("{who} in {place}"),
        (Some(When::StaysIn), true) => format!("{who} 停留在 {place}"),
        (Some(When::Crosses), false) => {
            format!("{who} crossed {place} ({})", if inward { "in" } else { "out" })
        }
        (Some(When::Crosses), true) => {
            format!("{who} 穿过 {place}（{}）", if inward { "进" } else { "出" })
        }
        (Some(When::Appears), false) => format!("{who} appeared"),
        (Some(When::Appears), true) => format!("{who} 出现"),
        (Some(When::Disappears), false) => format!("{who} disappeared"),
        (Some(When::Disappears), true) => format!("{who} 消失"),
        (None, _) => format!("{who}: {} {place}", event.when),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_sentence_in_both_languages() {
        let event = EventRecord {
            class: "car".into(),
            track: Some(12),
            when: "enters".into(),
            zone: Some("Drive".into()),
            count: 1,
            ..EventRecord::default()
        };
        assert_eq!(describe(&event, Language::English), "car #12 entered Drive");
        assert_eq!(describe(&event, Language::Chinese), "汽车 #12 进入 Drive");
        let crowd = EventRecord { count: 3, when: "stays-in".into(), ..event };
        assert_eq!(describe(&crowd, Language::English), "3 × car in Drive");
        let unknown = EventRecord { class: "gizmo".into(), when: "appears".into(), ..EventRecord::default() };
        assert_eq!(describe(&unknown, Language::Chinese), "gizmo 出现");
    }
}
