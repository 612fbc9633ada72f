//! The texts of a page that says what went wrong: a title, an explanation and a fix.

use super::failures::FailureText;
use crate::model::labels::Language;

/// The texts of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    pub title: String,
    /// What happened.
    pub explanation: String,
    /// What the user can do.
    pub fix: String,
}

impl From<PageText> for FailureText {
    fn from(page: PageText) -> Self {
        Self { message: page.explanation, fix: page.fix }
    }
}

/// The texts of an error's page in both languages. Explanation and fix in English are those of the error itself.
pub(super) struct Texts {
    english_title: &'static str,
    chinese: PageText,
}

impl Texts {
    pub(super) fn new(
        english_title: &'static str,
        chinese_title: &str,
        explanation: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let chinese =
            PageText { title: chinese_title.into(), explanation: explanation.into(), fix: fix.into() };
        Self { english_title, chinese }
    }

    /// What happened, in a few words.
    pub(super) fn title(self, language: Language) -> String {
        match language {
            Language::English => self.english_title.into(),
            Language::Chinese => self.chinese.title,
        }
    }

    /// The Chinese text.
    pub(super) fn into_chinese(self) -> FailureText {
        self.chinese.into()
    }

    pub(super) fn of(self, language: Language, error: &dyn std::error::Error, fix: &str) -> PageText {
        match language {
            Language::English => PageText {
                title: self.english_title.into(),
                explanation: plain_quotes(&error.to_string()),
                fix: plain_quotes(fix),
            },
            Language::Chinese => self.chinese,
        }
    }
}

/// English text as the window shows it: in the bundled font curly quotes are as wide as a Chinese character, so
/// straight ones stand for them. Chinese sentences keep theirs.
#[must_use]
pub fn plain_quotes(text: &str) -> String {
    if text.contains(['。', '，', '：', '（']) {
        return text.to_owned();
    }
    text.replace(['\u{201c}', '\u{201d}'], "\"")
}
