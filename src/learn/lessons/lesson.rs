//! A lesson as plain data.

use super::condition::Condition;
use super::facts::{Fact, Facts};
use crate::frame::perturb::Perturbation;
use crate::model::labels::Language;

/// A text in both languages. `{boxes}` and the like stand for facts; see [`Text::filled`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub en: String,
    pub zh: String,
}

impl Text {
    /// The text in a language.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }

    /// The text in a language, with the facts that it names in braces; a fact that isn't known is an ellipsis.
    #[must_use]
    pub fn filled(&self, language: Language, facts: &Facts) -> String {
        let mut filled = String::new();
        for piece in pieces(self.of(language)) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Fact(name) => match Fact::named(name).and_then(|fact| facts.get(fact)) {
                    Some(value) => filled.push_str(&value.to_string()),
                    None => filled.push('…'),
                },
            }
        }
        filled
    }

    /// The facts that it names, by their names in both languages.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &str> {
        pieces(&self.en).chain(pieces(&self.zh)).filter_map(|piece| match piece {
            Piece::Fact(name) => Some(name),
            Piece::Text(_) => None,
        })
    }
}

enum Piece<'a> {
    Text(&'a str),
    /// What stands in braces.
    Fact(&'a str),
}

fn pieces(mut rest: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix('{')
            && let Some((name, after)) = inside.split_once('}')
        {
            rest = after;
            return Some(Piece::Fact(name));
        }
        // A brace that nothing closes is text.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find('{').map_or(rest.len(), |at| first + at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

/// A lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// By which progress is remembered.
    pub id: String,
    pub title: Text,
    /// What one learns, in a sentence.
    pub summary: Text,
    /// How long it takes.
    pub minutes: u32,
    /// At least one.
    pub steps: Vec<Step>,
}

/// One step: something to read, something to see, and a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub text: Text,
    pub setup: Setup,
    pub question: Question,
    pub hint: Option<Text>,
    /// The paper that it comes from: an address that begins with https.
    pub paper: Option<String>,
}

/// What the window shows when a step begins. What isn't named stays as it was in the step before, but for a comparison and a changed
/// picture, which end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    pub page: Option<SetupPage>,
    pub source: Option<SourceWish>,
    /// The model that runs: the first of these that is on this computer. Empty: the one that runs.
    pub models: Vec<ModelWish>,
    /// The model that is compared with it: the first of these that is there. Empty: none.
    pub compare: Vec<ModelWish>,
    /// Confidence threshold, 0..=1.
    pub confidence: Option<f32>,
    /// IoU threshold, 0..=1.
    pub iou: Option<f32>,
    /// The part of the Inside page: one of [`TABS`].
    pub tab: Option<&'static str>,
    /// The tensor whose maps the Inside page shows, by its name in the file, or [`FIRST_LAYER`].
    pub layer: Option<String>,
    /// What is done to the picture before the model gets it.
    pub perturb: Option<Perturbation>,
}

/// The parts of the Inside page.
pub const TABS: [&str; 6] = ["input", "output", "layers", "maps", "why", "perturb"];

/// What lessons call the tensor that the first convolution makes, whatever the model.
pub const FIRST_LAYER: &str = "first";

/// Where a step is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupPage {
    Preview,
    Inside,
    Teach,
}

impl SetupPage {
    /// Every page with the word for it.
    pub const ALL: [(&'static str, Self); 3] =
        [("preview", Self::Preview), ("inside", Self::Inside), ("teach", Self::Teach)];
}

/// What is shown to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceWish {
    /// A picture that comes with the program, by its name.
    Sample(&'static str),
    /// The test pattern.
    Pattern,
    /// A picture or video beside the lesson's file, by its name.
    Beside(String),
}

/// A model that would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelWish {
    /// One by its number in the catalogue, or by the name of its file without the ending.
    Named(String),
    /// Any model of a task, by the task's name.
    Task(String),
}

/// What a step asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Choice {
        ask: Text,
        options: Vec<ChoiceOption>,
    },
    Number {
        ask: Text,
        expected: Expected,
        /// How far an answer may be off.
        tolerance: f64,
        right: Text,
        low: Text,
        high: Text,
    },
    /// Something to do in the window.
    Do {
        ask: Text,
        /// It is done when all of these hold.
        until: Vec<Condition>,
        done: Text,
    },
}

impl Question {
    /// What is asked.
    #[must_use]
    pub fn ask(&self) -> &Text {
        match self {
            Self::Choice { ask, .. } | Self::Number { ask, .. } | Self::Do { ask, .. } => ask,
        }
    }
}

/// One answer to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    pub text: Text,
    pub right: bool,
    /// What is said to those who choose it.
    pub reaction: Text,
}

/// The right number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    Value(f64),
    /// What the window knows, so that it is right for any model and picture.
    Fact(Fact),
}
