//! What the page and the panel show, and the little that they keep between two passes.

use std::path::Path;

use crate::app::intent::Page;
use crate::learn::lessons::{Course, Facts, Listed};

/// A model that a step wants and this computer doesn't have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingModel {
    /// The entry of the catalogue that would do, if there is one.
    pub id: Option<String>,
    /// What it is called.
    pub name: String,
    /// Size of its file in bytes, if it is known.
    pub bytes: Option<u64>,
}

/// Lessons, as the window shows them.
#[derive(Clone, Copy, Debug)]
pub struct LessonsView<'a> {
    pub listed: &'a [Listed],
    /// Where the user's own lessons lie.
    pub folder: Option<&'a Path>,
    /// The one that is being taken.
    pub course: Option<&'a Course>,
    pub facts: &'a Facts,
    /// Models that the step wants and this computer doesn't have.
    pub missing: &'a [MissingModel],
    /// The pictures are being written.
    pub is_preparing: bool,
    /// Why they can't be.
    pub trouble: Option<&'a str>,
}

impl LessonsView<'_> {
    /// Whether the panel of a lesson stands beside this page.
    #[must_use]
    pub fn has_panel(&self, page: &Page) -> bool {
        self.course.is_some() && *page != Page::Lessons
    }
}

/// The state of the panel.
#[derive(Debug, Default)]
pub struct LessonPanel {
    /// The number that is being typed.
    pub typed: String,
    /// What was typed isn't a number.
    pub is_no_number: bool,
    /// The hint is open.
    pub hint: bool,
    /// The lesson and step that all this belongs to.
    pub of: Option<(String, usize)>,
}

impl LessonPanel {
    /// Forgets what belongs to another step. Returns whether this one is shown for the first time.
    pub fn shows(&mut self, lesson: &str, step: usize) -> bool {
        if self.of.as_ref().is_some_and(|(id, at)| id == lesson && *at == step) {
            return false;
        }
        *self = Self { of: Some((lesson.to_owned(), step)), ..Self::default() };
        true
    }
}
