//! A table of a TOML file that is read key by key; what is wrong is told with its place.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "a part of a file is passed like any other")]

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::LessonProblem;

/// What is wrong, and at which byte.
pub(super) struct Wrong {
    pub(super) problem: LessonProblem,
    pub(super) at: usize,
}

pub(super) type Read<T> = Result<T, Wrong>;

/// The known name that this one was probably meant to be.
pub(super) fn close_to(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let name = name.to_lowercase().replace('_', "-");
    let far = |known: &str| strsim::damerau_levenshtein(&name, known);
    let best = known.iter().copied().min_by_key(|known| far(known))?;
    // No more than a third of the letters.
    (far(best) * 3 <= best.chars().count().max(3)).then_some(best)
}

/// A table with a name for messages, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Part<'t, 'i> {
    pub(super) table: &'t DeTable<'i>,
    pub(super) at: usize,
    /// "the lesson", "a step".
    pub(super) name: &'static str,
}

impl<'t, 'i> Part<'t, 'i> {
    /// The table has these keys and no others.
    pub(super) fn with_keys(self, known: &[&'static str]) -> Read<Self> {
        let other = self.table.keys().find(|key| !known.contains(&key.get_ref().as_ref()));
        let Some(other) = other else { return Ok(self) };
        let key = other.get_ref().to_string();
        let problem = LessonProblem::Key {
            part: self.name,
            close: close_to(&key, known),
            // What a file holds may be long.
            key: key.chars().take(60).collect(),
            known: known.join(", "),
        };
        Err(Wrong { problem, at: other.span().start })
    }

    /// An error that belongs to the whole table.
    pub(super) fn wrong(&self, problem: LessonProblem) -> Wrong {
        Wrong { problem, at: self.at }
    }

    pub(super) fn get(&self, key: &str) -> Option<Found<'t, 'i>> {
        self.table.get(key).map(Found)
    }

    /// The value of a key that must be there.
    pub(super) fn needed(&self, key: &'static str, example: &'static str) -> Read<Found<'t, 'i>> {
        let missing = || self.wrong(LessonProblem::Missing { part: self.name, key, example });
        self.get(key).ok_or_else(missing)
    }
}

/// A value with its place.
#[derive(Clone, Copy)]
pub(super) struct Found<'t, 'i>(&'t Spanned<DeValue<'i>>);

impl<'t, 'i> Found<'t, 'i> {
    pub(super) fn wrong(&self, problem: LessonProblem) -> Wrong {
        Wrong { problem, at: self.0.span().start }
    }

    fn wrong_type(&self, key: &'static str, expected: &'static str) -> Wrong {
        self.wrong(LessonProblem::Type { key, expected })
    }

    pub(super) fn table(&self, key: &'static str, name: &'static str) -> Read<Part<'t, 'i>> {
        match self.0.get_ref() {
            DeValue::Table(table) => Ok(Part { table, at: self.0.span().start, name }),
            _ => Err(self.wrong_type(key, "a table")),
        }
    }

    /// From `least` to `most` values.
    pub(super) fn list(&self, key: &'static str, least: usize, most: usize) -> Read<Vec<Found<'t, 'i>>> {
        let DeValue::Array(array) = self.0.get_ref() else { return Err(self.wrong_type(key, "a list")) };
        let count = array.len();
        if !(least..=most).contains(&count) {
            return Err(self.wrong(LessonProblem::Count { key, count, least, most }));
        }
        Ok(array.iter().map(Found).collect())
    }

    /// One text of no more than `limit` characters, without control characters; line ends count as spaces.
    pub(super) fn text(&self, key: &'static str, limit: usize) -> Read<String> {
        let DeValue::String(text) = self.0.get_ref() else {
            return Err(self.wrong_type(key, "a text in quotes"));
        };
        let count = text.chars().count();
        if count > limit {
            return Err(self.wrong(LessonProblem::TooLong { key, count, limit }));
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if text.is_empty() { Err(self.wrong(LessonProblem::Empty { key })) } else { Ok(text) }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.0.get_ref(), DeValue::String(_))
    }

    pub(super) fn flag(&self, key: &'static str) -> Read<bool> {
        match self.0.get_ref() {
            DeValue::Boolean(on) => Ok(*on),
            _ => Err(self.wrong_type(key, "true or false")),
        }
    }

    /// A number in a range.
    pub(super) fn number(&self, key: &'static str, least: f64, most: f64) -> Read<f64> {
        let value = match self.0.get_ref() {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n as f64)
            }
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let value = value.filter(|value: &f64| value.is_finite());
        let value = value.ok_or_else(|| self.wrong_type(key, "a number"))?;
        if !(least..=most).contains(&value) {
            return Err(self.wrong(LessonProblem::Range { key, value, least, most }));
        }
        Ok(value)
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&self, key: &'static str, known: &[(&'static str, T)]) -> Read<T> {
        let text = self.text(key, 60)?;
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let words: Vec<&'static str> = known.iter().map(|(word, _)| *word).collect();
        let close = close_to(&text, &words);
        Err(self.wrong(LessonProblem::Word { key, name: text, close, known: words.join(", ") }))
    }
}
