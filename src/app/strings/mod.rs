//! Every text of the window, in English and Chinese, each text with its translation next to it. A text without a
//! translation doesn't compile; a test finds one that isn't translated.

/// Makes one table: a struct with a field for each text, and the table in both languages.
///
/// `name = "English", "中文";` is a fixed text, `name: fn(…) -> String = |…| …, |…| …;` one with values in it.
macro_rules! strings {
    (
        $(#[$about:meta])*
        $table:ident {
            $( $(#[$field_about:meta])* $field:ident $(: $kind:ty)? = $english:expr, $chinese:expr; )*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug)]
        #[allow(clippy::struct_field_names, reason = "a text has the name of its place")]
        pub struct $table {
            $( $(#[$field_about])* pub $field: strings!(@kind $($kind)?), )*
        }

        impl $table {
            pub(super) const ENGLISH: Self = Self { $( $field: $english, )* };
            pub(super) const CHINESE: Self = Self { $( $field: $chinese, )* };

            /// The name of each text with the text in both languages; texts with values in them are left out.
            #[cfg(test)]
            #[expect(clippy::vec_init_then_push, reason = "a line of the macro for each text")]
            pub(super) fn texts() -> Vec<(&'static str, &'static str, &'static str)> {
                let mut texts = Vec::new();
                $( strings!(@text texts $field $english, $chinese, $($kind)?); )*
                texts
            }
        }
    };
    (@kind) => { &'static str };
    (@kind $kind:ty) => { $kind };
    (@text $texts:ident $field:ident $english:expr, $chinese:expr,) => {
        $texts.push((stringify!($field), $english, $chinese));
    };
    (@text $texts:ident $field:ident $english:expr, $chinese:expr, $kind:ty) => {};
}

mod compare;
mod datasets;
mod deploy;
#[cfg(test)]
mod english_left;
mod errors;
mod evaluation;
mod event_failures;
mod events;
#[cfg(test)]
mod examples;
mod failures;
mod gallery;
mod inside;
mod language;
mod lessons;
mod library;
mod page_text;
mod phrases;
mod recording;
mod review;
mod servers;
mod shutter;
mod speed;
mod teach;
mod tracking;
mod window;
mod zones;

use std::ops::Deref;

pub use compare::Compare;
#[allow(unused_imports, reason = "for the page of data sets")]
pub use datasets::{dataset_problem, losses_text};
pub use deploy::{Deploy, note_text, target_name, target_text};
pub use errors::{chinese_kind, ending_note, model_page, source_page};
pub use evaluation::{counted_text, verdict};
pub use events::{Events, action_name, direction_name, private_class, problem_text, rule_text, when_name};
#[cfg(test)]
pub(in crate::app) use examples::source_errors as every_source_error;
pub use failures::{Explain, FailureText, sentences};
pub use gallery::{Gallery, item_kind, item_reason};
pub use inside::{Inside, MASKS_PAPER, maps_name, method_name, sorting_name, tab_about, tab_name, tab_paper};
pub use language::system_language;
pub use lessons::Lessons;
pub use library::{Library, order_name, permits};
pub use page_text::{PageText, plain_quotes};
pub use phrases::{family_name, kind_text, phrase, task_name};
pub use recording::{Recording, container_name, what_name};
pub use review::{Datasets, explained, format_folder, format_name};
pub use servers::{Servers, server_title};
pub use shutter::Shutter;
pub use speed::{Pace, Speed, pace_name, why_not};
pub use teach::{Teach, advice_text, head_name, pooling_text, teach_error};
pub use tracking::Tracking;
pub use window::Window;
pub use zones::{Zones, anchor_name, zone_problem};

use crate::model::labels::Language;

/// All texts of one language. Those of the window itself are its own fields (`strings.open`), those of a page have the
/// page's name before them (`strings.library.rename`).
#[derive(Debug)]
pub struct Strings {
    window: Window,
    pub library: Library,
    pub compare: Compare,
    pub speed: Speed,
    pub pace: Pace,
    pub tracking: Tracking,
    pub events: Events,
    pub zones: Zones,
    pub recording: Recording,
    pub datasets: Datasets,
    pub shutter: Shutter,
    pub gallery: Gallery,
    pub inside: Inside,
    pub servers: Servers,
    pub deploy: Deploy,
    pub lessons: Lessons,
    pub teach: Teach,
}

impl Strings {
    /// The texts of `language`.
    #[must_use]
    pub fn of(language: Language) -> &'static Self {
        static ENGLISH: Strings = Strings {
            window: Window::ENGLISH,
            library: Library::ENGLISH,
            compare: Compare::ENGLISH,
            speed: Speed::ENGLISH,
            pace: Pace::ENGLISH,
            tracking: Tracking::ENGLISH,
            events: Events::ENGLISH,
            zones: Zones::ENGLISH,
            recording: Recording::ENGLISH,
            datasets: Datasets::ENGLISH,
            shutter: Shutter::ENGLISH,
            gallery: Gallery::ENGLISH,
            inside: Inside::ENGLISH,
            servers: Servers::ENGLISH,
            deploy: Deploy::ENGLISH,
            lessons: Lessons::ENGLISH,
            teach: Teach::ENGLISH,
        };
        static CHINESE: Strings = Strings {
            window: Window::CHINESE,
            library: Library::CHINESE,
            compare: Compare::CHINESE,
            speed: Speed::CHINESE,
            pace: Pace::CHINESE,
            tracking: Tracking::CHINESE,
            events: Events::CHINESE,
            zones: Zones::CHINESE,
            recording: Recording::CHINESE,
            datasets: Datasets::CHINESE,
            shutter: Shutter::CHINESE,
            gallery: Gallery::CHINESE,
            inside: Inside::CHINESE,
            servers: Servers::CHINESE,
            deploy: Deploy::CHINESE,
            lessons: Lessons::CHINESE,
            teach: Teach::CHINESE,
        };
        match language {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

impl Deref for Strings {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}

/// A text as the bundled font can show it.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    crate::scene::fonts::push_shown(text, &mut shown);
    shown
}

/// What a class of this English name is called in the window.
#[must_use]
pub fn class_name(language: Language, name: &str) -> String {
    shown(crate::model::labels::in_language(name, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_chinese(c: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&c)
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let tables = [
            Window::texts(),
            Library::texts(),
            Compare::texts(),
            Speed::texts(),
            Pace::texts(),
            Tracking::texts(),
            Events::texts(),
            Zones::texts(),
            Recording::texts(),
            Datasets::texts(),
            Shutter::texts(),
            Gallery::texts(),
            Inside::texts(),
            Servers::texts(),
            Deploy::texts(),
            Lessons::texts(),
            Teach::texts(),
        ]
        .concat();
        assert!(tables.len() > 250, "{}", tables.len());
        for (name, english, chinese) in tables {
            assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{name} is empty");
            assert!(!english.chars().any(is_chinese), "{name} is Chinese in the English table: {english}");
            // Names of things that have no other name in Chinese.
            let same = ["SHA-256"].contains(&english);
            assert!(
                chinese.chars().any(is_chinese) || same,
                "{name} isn't translated: {english} / {chinese}"
            );
        }
    }
}
