//! Finding models: by words in English and Chinese or by the first letters of pinyin, by task, in several orders.

use pinyin::ToPinyin as _;
use serde::{Deserialize, Serialize};

use super::catalogue::Entry;
use super::model_entry::ModelEntry;
use crate::model::Task;

/// What a list of models is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SortOrder {
    /// Favourites, then those used last, then by name.
    #[default]
    Recent,
    Name,
    Task,
    /// The fastest first.
    Speed,
    /// The smallest first.
    Size,
}

impl SortOrder {
    /// Every order, as menus show them.
    pub const ALL: [Self; 5] = [Self::Recent, Self::Name, Self::Task, Self::Speed, Self::Size];
}

/// Sorts cards; equal ones by name.
pub fn sort<T: std::borrow::Borrow<ModelEntry>>(cards: &mut [T], order: SortOrder) {
    let key = |c: &ModelEntry| c.name.to_lowercase();
    cards.sort_by(|a, b| {
        let (a, b) = (a.borrow(), b.borrow());
        let first = match order {
            SortOrder::Recent => b.favourite.cmp(&a.favourite).then(b.used.cmp(&a.used)),
            SortOrder::Name => std::cmp::Ordering::Equal,
            SortOrder::Task => rank(a.task()).cmp(&rank(b.task())),
            SortOrder::Speed => {
                let time = |c: &ModelEntry| c.measured.as_ref().map_or(f32::INFINITY, |m| m.total_ms);
                time(a).total_cmp(&time(b))
            }
            SortOrder::Size => a.stamp.bytes.cmp(&b.stamp.bytes),
        };
        first.then_with(|| key(a).cmp(&key(b)))
    });
}

fn rank(task: Option<Task>) -> usize {
    task.and_then(|t| Task::ALL.iter().position(|all| *all == t)).unwrap_or(usize::MAX)
}

/// What a search looks through: every word in one text, and the pinyin of its Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haystack(String);

impl Haystack {
    /// Of these words.
    #[must_use]
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut text = String::new();
        for word in words.into_iter().filter(|w| !w.is_empty()) {
            let lower = word.to_lowercase();
            text.push_str(&lower);
            text.push('\n');
            let squeezed: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
            text.push_str(&squeezed);
            text.push('\n');
            if word.chars().any(|c| c.to_pinyin().is_some()) {
                let (mut initials, mut whole) = (String::new(), String::new());
                for c in lower.chars() {
                    match c.to_pinyin() {
                        Some(sound) => {
                            initials.push_str(sound.first_letter());
                            whole.push_str(sound.plain());
                        }
                        None if c.is_alphanumeric() => {
                            initials.push(c);
                            whole.push(c);
                        }
                        None => {}
                    }
                }
                text.push_str(&initials);
                text.push('\n');
                text.push_str(&whole);
                text.push('\n');
            }
        }
        Self(text)
    }

    /// That of a card: name, family, task in both languages, licence, some labels.
    #[must_use]
    pub fn of_card(card: &ModelEntry, task_words: &[&str]) -> Self {
        let spec = card.spec();
        let file = card.path.file_name().unwrap_or_default().to_string_lossy();
        let mut words = vec![card.name.as_str(), &file, card.precision.name()];
        words.extend(spec.map(|s| s.family.name()));
        words.extend(spec.map(|s| s.task.name()));
        words.extend(card.origin.iter().flat_map(|o| [o.licence.as_str(), o.id.as_str()]));
        words.extend(task_words);
        Self::new(words)
    }

    /// That of a catalogue's entry.
    #[must_use]
    pub fn of_entry(entry: &Entry, task_words: &[&str]) -> Self {
        let mut words = vec![
            entry.name.as_str(),
            &entry.id,
            entry.family.name(),
            entry.task.name(),
            &entry.licence,
            &entry.note,
            &entry.note_zh,
            entry.precision.name(),
        ];
        words.extend(entry.name_zh.as_deref());
        words.extend(task_words);
        Self::new(words)
    }

    /// Whether every word that was typed occurs.
    #[must_use]
    pub fn has(&self, typed: &str) -> bool {
        typed.split_whitespace().all(|word| {
            let word = word.to_lowercase();
            let squeezed: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
            self.0.contains(&word) || (!squeezed.is_empty() && self.0.contains(&squeezed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_in_english_in_chinese_and_by_pinyin() {
        let hay = Haystack::new(["YOLOX-Nano", "目标检测", "Apache-2.0"]);
        for typed in ["yolox nano", "yoloxnano", "检测", "mbjc", "mubiao", "apache", "NANO mbjc"] {
            assert!(hay.has(typed), "{typed}");
        }
        assert!(!hay.has("yolox large") && !hay.has("fenge"));
        assert!(hay.has("  "), "nothing typed: everything fits");
    }
}
