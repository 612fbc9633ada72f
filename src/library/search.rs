//! Finding models: by words in English and Chinese or by the first letters of pinyin, by task, in several orders.

use std::collections::HashMap;
use std::sync::LazyLock;

use pinyin::ToPinyin as _;

use super::catalogue::CatalogueEntry;
use super::model_entry::{Kind, ModelEntry};
use crate::model::labels::{Labels, Language};
use crate::model::{Family, Task};
pub use crate::settings::SortOrder;

/// Sorts models; equal ones by name.
pub fn sort<T: std::borrow::Borrow<ModelEntry>>(entries: &mut [T], order: SortOrder) {
    let key = |c: &ModelEntry| c.name.to_lowercase();
    entries.sort_by(|a, b| {
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

/// The models that can be run as menus list them: favourites first, each group by name, so that the order stays the same
/// however often models are changed.
#[must_use]
pub fn menu(models: &[std::sync::Arc<ModelEntry>]) -> Vec<&ModelEntry> {
    let runs = |entry: &&ModelEntry| !matches!(entry.kind, Kind::Broken { .. });
    let mut menu: Vec<&ModelEntry> = models.iter().map(std::sync::Arc::as_ref).filter(runs).collect();
    sort(&mut menu, SortOrder::Name);
    menu.sort_by_key(|entry| !entry.favourite);
    menu
}

fn rank(task: Option<Task>) -> usize {
    task.and_then(|t| Task::ALL.iter().position(|all| *all == t)).unwrap_or(usize::MAX)
}

/// The text that a search looks through: words, and the pinyin of Chinese ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haystack {
    text: String,
    /// The first letters of the pinyin of Chinese words, a line each.
    initials: String,
    /// The class names that many entries share.
    classes: Option<&'static Haystack>,
}

/// The texts of the bundled lists of class names, worked out once: entries of the catalogue share them.
static LISTS: LazyLock<HashMap<&str, Haystack>> = LazyLock::new(|| {
    let names =
        ["coco80", "voc21", "cityscapes19", "dota15", "cifar10", "cifar100", "imagenet1k", "kinetics400"];
    let text = |name| {
        let labels = Labels::of_list(name)?;
        let get = |id, language| labels.get(id, language);
        let of = |language| (0..labels.len() as u32).filter_map(move |id| get(id, language));
        Some((name, Haystack::new(of(Language::English).chain(of(Language::Chinese)))))
    };
    names.into_iter().filter_map(text).collect()
});

impl Haystack {
    /// Made of these words.
    #[must_use]
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut text, mut all_initials) = (String::new(), String::new());
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
                all_initials.push_str(&initials);
                all_initials.push('\n');
                text.push_str(&whole);
                text.push('\n');
            }
        }
        Self { text, initials: all_initials, classes: None }
    }

    /// The text of a model: name, file, precision, family, task, licence, id, class names. Classes make it long: keep it.
    #[must_use]
    pub fn of_model(entry: &ModelEntry, task_words: &[&str]) -> Self {
        let spec = entry.spec();
        let file = entry.path.file_name().unwrap_or_default().to_string_lossy();
        let mut words = vec![entry.name.as_str(), &file, entry.precision.name()];
        words.extend(spec.map(|s| s.family.name()));
        words.extend(spec.map(|s| s.task.name()));
        words.extend(entry.origin.iter().map(|o| o.id.as_str()));
        words.extend(entry.stated_licence().map(|(licence, _)| licence));
        let labels = spec.map(|s| &s.labels);
        let of_language = |language| {
            (0..labels.map_or(0, Labels::len) as u32).filter_map(move |id| labels?.get(id, language))
        };
        words.extend(of_language(Language::English));
        words.extend(of_language(Language::Chinese));
        words.extend(task_words);
        Self::new(words)
    }

    /// The text of a catalogue entry.
    #[must_use]
    pub fn of_catalogue(entry: &CatalogueEntry, task_words: &[&str]) -> Self {
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
        words.extend(entry.read.labels.iter().flatten().map(String::as_str));
        if matches!(entry.family, Family::Yolov5Face | Family::CenterFace | Family::YuNet | Family::UltraFace)
        {
            words.extend(["face", "人脸"]);
        }
        words.extend(task_words);
        let list = entry.labels.as_deref().and_then(|list| LISTS.get(list));
        Self { classes: list, ..Self::new(words) }
    }

    /// Whether every typed word occurs in it.
    #[must_use]
    pub fn has(&self, typed: &str) -> bool {
        typed.split_whitespace().all(|word| {
            let word = word.to_lowercase();
            let squeezed: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
            [Some(self), self.classes].into_iter().flatten().any(|Self { text, .. }| {
                text.contains(&word) || (!squeezed.is_empty() && text.contains(&squeezed))
            })
        })
    }

    /// How well it fits what is typed, the least first: each word begins a word or is among the initials of a Chinese one;
    /// the same in its class names; letters within words.
    #[must_use]
    pub fn rank(&self, typed: &str) -> u8 {
        let good = |text: &Self, word: &str| {
            let begins = |(at, _): (usize, &str)| {
                !text.text.get(..at).and_then(|t| t.chars().next_back()).is_some_and(char::is_alphanumeric)
            };
            let has = text.text.contains(word);
            has && (!word.is_ascii()
                || text.initials.contains(word)
                || text.text.match_indices(word).any(begins))
        };
        let all = |text: &Self| typed.split_whitespace().all(|word| good(text, &word.to_lowercase()));
        match self.classes {
            _ if all(self) => 0,
            Some(classes) if all(classes) => 1,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_downloaded_is_found_by_its_classes() {
        let all = crate::library::Catalogue::load_from(&[]);
        let found = |typed: &str, id: &str| Haystack::of_catalogue(all.find(id).unwrap(), &[]).has(typed);
        for typed in ["car", "汽车", "qiche", "yolox car"] {
            assert!(found(typed, "yolox-nano"), "{typed}");
        }
        assert!(!found("goldfish", "yolox-nano"), "a class of ImageNet");
        for entry in &all.entries {
            let list = entry.labels.as_deref();
            assert!(list.is_none_or(|list| LISTS.contains_key(list)), "{}: {list:?}", entry.id);
        }
    }

    #[test]
    fn models_are_found_in_english_in_chinese_and_by_pinyin() {
        let hay = Haystack::new(["YOLOX-Nano", "目标检测", "Apache-2.0"]);
        for typed in ["yolox nano", "yoloxnano", "检测", "mbjc", "mubiao", "apache", "NANO mbjc"] {
            assert!(hay.has(typed), "{typed}");
        }
        assert!(!hay.has("yolox large") && !hay.has("fenge"));
        assert!(hay.has("  "), "nothing typed: everything fits");
        let within = Haystack::new(["Lumbjcord"]);
        assert!(within.has("mbjc") && hay.rank("mbjc") < within.rank("mbjc"), "initials come first");
        assert_eq!(hay.rank("jc"), 0, "consecutive ones in the middle, too");
    }
}
