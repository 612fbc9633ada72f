//! Choosing between the two languages.

use crate::model::labels::Language;

/// The one of two texts that is in `language`.
#[must_use]
pub fn pick(language: Language, (english, chinese): (&'static str, &'static str)) -> &'static str {
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// The language of the system: Chinese if the system is set to it, else English.
#[must_use]
pub fn system_language() -> Language {
    match sys_locale::get_locale() {
        Some(locale) if locale.to_lowercase().starts_with("zh") => Language::Chinese,
        _ => Language::English,
    }
}
