//! Names of classes, in English and Chinese.

use std::sync::Arc;

/// Which language class names are shown in.
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
    /// As many as `english`, or none.
    chinese: Arc<[String]>,
}

impl Labels {
    /// Names as the model's file gives them; where they are a known list (COCO-80, …) the Chinese names
    /// come along.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        let coco = Self::coco80();
        if *coco.english == *names {
            return coco;
        }
        Self { english: names.into(), chinese: Arc::from([]) }
    }

    /// The 80 classes of COCO, in the usual order.
    #[must_use]
    pub fn coco80() -> Self {
        let (english, chinese) = include_str!("../../assets/labels/coco80.tsv")
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(en, zh)| (en.to_owned(), zh.to_owned()))
            .unzip::<String, String, Vec<_>, Vec<_>>();
        Self { english: english.into(), chinese: chinese.into() }
    }

    /// The one class of face detectors.
    #[must_use]
    pub fn face() -> Self {
        Self { english: Arc::from(["face".to_owned()]), chinese: Arc::from(["人脸".to_owned()]) }
    }

    /// How many classes have a name.
    #[must_use]
    pub fn len(&self) -> usize {
        self.english.len()
    }

    /// Whether no class has a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.english.is_empty()
    }

    /// The name of a class, or `None` where there is none.
    #[must_use]
    pub fn get(&self, class_id: u32, language: Language) -> Option<&str> {
        let list = match language {
            Language::Chinese if !self.chinese.is_empty() => &self.chinese,
            _ => &self.english,
        };
        list.get(class_id as usize).map(String::as_str)
    }

    /// The name of a class, or `class 7` where there is none.
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

    /// The English names.
    #[must_use]
    pub fn english(&self) -> &[String] {
        &self.english
    }

    /// Whether Chinese names are known.
    #[must_use]
    pub fn has_chinese(&self) -> bool {
        !self.chinese.is_empty()
    }
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
    fn names_of_a_known_list_bring_their_chinese() {
        let names = Labels::coco80().english().to_vec();
        assert!(Labels::new(names).has_chinese());
        assert!(!Labels::new(vec!["cat".into()]).has_chinese());
    }
}
