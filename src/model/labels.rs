//! Class names in English and Chinese.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The language of class names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    English,
    Chinese,
}

/// The class names of one model; cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    english: Arc<[String]>,
    /// Next to `english`, or empty.
    chinese: Arc<[String]>,
}

impl Labels {
    /// Creates labels from the names in a model's file. If they are those of a known list (COCO, ImageNet, …) in its
    /// order, the Chinese names are those of the list. Otherwise each name that any list contains is translated, and the
    /// others stay as they are.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        let list = LISTS.iter().find(|list| {
            let same = list.iter().zip(&names).filter(|(entry, name)| keys(name).any(|key| key == entry.key));
            // Published copies of a list differ in the spelling of a few names.
            list.len() == names.len() && same.count() * 10 >= names.len() * 9
        });
        let chinese: Vec<String> = if let Some(list) = list {
            list.iter().map(|entry| entry.chinese.to_owned()).collect()
        } else {
            let own = |name| keys(name).find_map(|key| CHINESE.get(&key).copied());
            let found: Vec<_> = names.iter().map(|name| own(name)).collect();
            if found.iter().all(Option::is_none) {
                Vec::new()
            } else {
                let pairs = found.into_iter().zip(&names);
                pairs.map(|(chinese, name)| chinese.unwrap_or(name).to_owned()).collect()
            }
        };
        Self { english: names.into(), chinese: chinese.into() }
    }

    /// The 80 classes of COCO, in the usual order.
    #[must_use]
    pub fn coco80() -> Self {
        Self::listed(&LISTS[0])
    }

    /// COCO's classes by the ids of its annotations, 1 (person) to 90, as TensorFlow and RF-DETR use them. Unused ids are
    /// named “–”.
    #[must_use]
    pub fn coco91() -> Self {
        const LEFT_OUT: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
        let known = Self::coco80();
        let spread = |names: &[String]| {
            let mut names = names.iter();
            (0..91)
                .map(|id| if LEFT_OUT.contains(&id) { None } else { names.next() })
                .map(|name| name.map_or_else(|| "\u{2013}".to_owned(), Clone::clone))
                .collect::<Arc<[String]>>()
        };
        Self { english: spread(&known.english), chinese: spread(&known.chinese) }
    }

    /// The 20 classes of Pascal VOC, without the background.
    #[must_use]
    pub fn voc20() -> Self {
        Self::listed(&LISTS[1][1..])
    }

    /// The 21 classes of Pascal VOC's segmentation, background first.
    #[must_use]
    pub fn voc21() -> Self {
        Self::listed(&LISTS[1])
    }

    /// The 19 classes of Cityscapes.
    #[must_use]
    pub fn cityscapes19() -> Self {
        Self::listed(&LISTS[2])
    }

    /// The 10 classes of CIFAR-10.
    #[must_use]
    pub fn cifar10() -> Self {
        Self::listed(&LISTS[4])
    }

    /// The 100 classes of CIFAR-100.
    #[must_use]
    pub fn cifar100() -> Self {
        Self::listed(&LISTS[5])
    }

    /// The 1000 classes of the ImageNet challenge, in its order.
    #[must_use]
    pub fn imagenet() -> Self {
        Self::listed(&LISTS[6])
    }

    /// ImageNet's classes after a background class, as some TensorFlow models number them.
    #[must_use]
    pub fn imagenet_with_background() -> Self {
        let known = Self::imagenet();
        let after = |first: &str, names: &[String]| {
            std::iter::once(first.to_owned()).chain(names.iter().cloned()).collect::<Arc<[String]>>()
        };
        Self { english: after("background", &known.english), chinese: after("背景", &known.chinese) }
    }

    /// The 400 actions of Kinetics-400.
    #[must_use]
    pub fn kinetics400() -> Self {
        Self::listed(&LISTS[7])
    }

    /// The names of a bundled list, as the catalogue names it.
    #[must_use]
    pub fn of_list(name: &str) -> Option<Self> {
        Some(match name {
            "coco80" => Self::coco80(),
            "voc21" => Self::voc21(),
            "cityscapes19" => Self::cityscapes19(),
            "dota15" => Self::listed(&LISTS[3]),
            "cifar10" => Self::cifar10(),
            "cifar100" => Self::cifar100(),
            "imagenet1k" => Self::imagenet(),
            "kinetics400" => Self::kinetics400(),
            _ => return None,
        })
    }

    fn listed(list: &[Entry]) -> Self {
        Self {
            english: list.iter().map(|entry| entry.english.to_owned()).collect(),
            chinese: list.iter().map(|entry| entry.chinese.to_owned()).collect(),
        }
    }

    /// The only class of face detectors.
    #[must_use]
    pub fn face() -> Self {
        Self { english: Arc::from(["face".to_owned()]), chinese: Arc::from(["人脸".to_owned()]) }
    }

    /// Returns the number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.english.len()
    }

    /// Whether there are no class names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.english.is_empty()
    }

    /// Returns the name of a class; `None` if it has none.
    #[must_use]
    pub fn get(&self, class_id: u32, language: Language) -> Option<&str> {
        let list = match language {
            Language::Chinese if !self.chinese.is_empty() => &self.chinese,
            _ => &self.english,
        };
        list.get(class_id as usize).map(String::as_str)
    }

    /// Returns the name of a class, or `class 7` if it has none.
    #[must_use]
    pub fn name(&self, class_id: u32, language: Language) -> std::borrow::Cow<'_, str> {
        self.get(class_id, language).map_or_else(
            || match language {
                Language::English => format!("class {class_id}").into(),
                Language::Chinese => format!("类别 {class_id}").into(),
            },
            Into::into,
        )
    }

    /// Returns the ids of the classes of this name, in English or Chinese, whatever its case. Lists repeat names.
    #[must_use]
    pub fn ids(&self, name: &str) -> Vec<u32> {
        let name = name.trim().to_lowercase();
        let is = |id: u32, language| {
            self.get(id, language)
                .is_some_and(|own| own.to_lowercase() == name || other_names(own).contains(&name.as_str()))
        };
        let ids = 0..self.len() as u32;
        ids.filter(|&id| is(id, Language::English) || is(id, Language::Chinese)).collect()
    }

    /// Returns the English names.
    #[must_use]
    pub fn english(&self) -> &[String] {
        &self.english
    }

    /// Whether there are Chinese names.
    #[must_use]
    pub fn has_chinese(&self) -> bool {
        !self.chinese.is_empty()
    }
}

/// Returns what a class of this English name is called in a language; names that no list knows stay as they are.
#[must_use]
pub fn in_language(name: &str, language: Language) -> &str {
    match language {
        Language::English => name,
        Language::Chinese => keys(name).find_map(|key| CHINESE.get(&key).copied()).unwrap_or(name),
    }
}

/// What else a class of this Chinese name is called every day.
#[must_use]
pub fn other_names(chinese: &str) -> &'static [&'static str] {
    match chinese {
        "公共汽车" => &["公交车"],
        _ => &[],
    }
}

/// A class of a known list.
struct Entry {
    english: &'static str,
    chinese: &'static str,
    /// The English name in the form in which names are compared; see [`key`].
    key: String,
}

/// The known lists. If lists translate an English name differently, the first one wins.
static LISTS: LazyLock<[Vec<Entry>; 8]> = LazyLock::new(|| {
    [
        include_str!("../../assets/labels/coco80.tsv"),
        include_str!("../../assets/labels/voc21.tsv"),
        include_str!("../../assets/labels/cityscapes19.tsv"),
        include_str!("../../assets/labels/dota15.tsv"),
        include_str!("../../assets/labels/cifar10.tsv"),
        include_str!("../../assets/labels/cifar100.tsv"),
        include_str!("../../assets/labels/imagenet1k.tsv"),
        include_str!("../../assets/labels/kinetics400.tsv"),
    ]
    .map(entries)
});

/// The translation of each name in the lists, by its key.
static CHINESE: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for entry in LISTS.iter().flatten() {
        all.entry(entry.key.clone()).or_insert(entry.chinese);
    }
    all
});

fn entries(text: &'static str) -> Vec<Entry> {
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.map(|(english, chinese)| Entry { english, chinese, key: key(english) }).collect()
}

/// Returns the form in which names are compared: only letters and digits, in lower case.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the key of a name and then those of its synonyms, which ImageNet lists in one name ("tench, Tinca tinca").
fn keys(name: &str) -> impl Iterator<Item = String> {
    let synonyms = name.split(',').filter(move |_| name.contains(','));
    std::iter::once(name).chain(synonyms).map(key).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coco_has_eighty_names_in_both_languages() {
        let coco = Labels::coco80();
        assert_eq!((coco.len(), coco.chinese.len()), (80, 80));
        assert_eq!(coco.name(0, Language::English), "person");
        assert_eq!(coco.name(0, Language::Chinese), "人");
        assert_eq!(coco.name(79, Language::English), "toothbrush");
        assert_eq!(coco.name(79, Language::Chinese), "牙刷");
        assert_eq!(coco.name(80, Language::English), "class 80");
    }

    #[test]
    fn coco_has_gaps_under_its_own_ids() {
        let coco = Labels::coco91();
        assert_eq!(coco.len(), 91);
        for (id, name) in
            [(1, "person"), (13, "stop sign"), (18, "dog"), (90, "toothbrush"), (12, "\u{2013}")]
        {
            assert_eq!(coco.name(id, Language::English), name);
        }
        assert_eq!((Labels::voc20().len(), Labels::voc20().name(14, Language::Chinese).as_ref()), (20, "人"));
    }

    #[test]
    fn names_of_a_known_list_bring_their_chinese() {
        let names = Labels::coco80().english().to_vec();
        assert!(Labels::new(names).has_chinese());
        assert!(!Labels::new(vec!["left shoe".into()]).has_chinese());
        assert!(!Labels::new(Vec::new()).has_chinese());
    }

    fn chinese(names: &[&str]) -> Vec<String> {
        let labels = Labels::new(names.iter().map(ToString::to_string).collect());
        (0..names.len() as u32).map(|id| labels.name(id, Language::Chinese).into_owned()).collect()
    }

    #[test]
    fn a_name_is_told_in_the_language_of_the_window() {
        assert_eq!(in_language("traffic light", Language::Chinese), "红绿灯");
        assert_eq!(in_language("traffic light", Language::English), "traffic light");
        assert_eq!(in_language("left shoe", Language::Chinese), "left shoe");
        assert_eq!(in_language("猫", Language::Chinese), "猫");
    }

    #[test]
    fn single_known_names_are_translated_and_others_stay() {
        assert_eq!(chinese(&["person", "left shoe", "猫", ""]), ["人", "left shoe", "猫", ""]);
        assert_eq!(chinese(&["tench, Tinca tinca", "yellow_lady's_slipper"]), ["丁鱥", "黄色杓兰"]);
    }

    #[test]
    fn a_list_in_another_spelling_is_known_by_its_order() {
        // ImageNet has two cranes: a bird, and a machine.
        let mut names: Vec<String> = LISTS[6].iter().map(|entry| entry.english.replace(' ', "_")).collect();
        names[134] = "crane".into();
        let labels = Labels::new(names);
        assert_eq!(labels.name(134, Language::English), "crane");
        assert_eq!(labels.name(134, Language::Chinese), "鹤");
        assert_eq!(labels.name(517, Language::Chinese), "起重机");
    }

    #[test]
    fn every_list_is_whole_and_has_no_empty_name() {
        let sizes = LISTS.each_ref().map(Vec::len);
        assert_eq!(sizes, [80, 21, 19, 15, 10, 100, 1000, 400]);
        for entry in LISTS.iter().flatten() {
            assert!(!entry.english.is_empty() && !entry.chinese.trim().is_empty(), "{}", entry.english);
        }
    }
}
