//! What has to be so in the window: "boxes >= 5", "page = inside".

use super::error::LessonProblem;
use super::facts::{Fact, Facts, Value};
use super::toml_part::close_to;

/// How a fact is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    AtLeast,
    AtMost,
    Is,
}

/// A condition over one fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub fact: Fact,
    pub comparison: Comparison,
    pub value: Value,
}

impl Condition {
    /// Reads "FACT >= NUMBER", "FACT <= NUMBER" or "FACT = VALUE".
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, LessonProblem> {
        const SIGNS: [(&str, Comparison); 3] =
            [(">=", Comparison::AtLeast), ("<=", Comparison::AtMost), ("=", Comparison::Is)];
        let wrong = || LessonProblem::Condition { text: text.to_owned() };
        let sign = SIGNS.iter().find_map(|(sign, comparison)| {
            text.split_once(sign).map(|(name, value)| (name.trim(), *comparison, value.trim()))
        });
        let (name, comparison, value) = sign.ok_or_else(wrong)?;
        let fact = Fact::named(name).ok_or_else(|| unknown_fact(name))?;
        let value = if fact.is_number() {
            let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
            Value::Number(number.ok_or_else(wrong)?)
        } else if value.is_empty() || comparison != Comparison::Is {
            return Err(wrong());
        } else {
            Value::Word(value.to_owned())
        };
        Ok(Self { fact, comparison, value })
    }

    /// Whether it holds. What isn't known doesn't.
    #[must_use]
    pub fn holds(&self, facts: &Facts) -> bool {
        match (facts.get(self.fact), &self.value) {
            (Some(Value::Number(now)), Value::Number(wanted)) => match self.comparison {
                Comparison::AtLeast => now + 1e-6 >= *wanted,
                Comparison::AtMost => *now <= wanted + 1e-6,
                Comparison::Is => (now - wanted).abs() < 1e-6,
            },
            (Some(Value::Word(now)), Value::Word(wanted)) => now == wanted,
            _ => false,
        }
    }
}

/// There is no fact of this name.
pub(super) fn unknown_fact(name: &str) -> LessonProblem {
    let known: Vec<&str> = Fact::ALL.iter().map(|fact| fact.name()).collect();
    LessonProblem::Word {
        key: "fact",
        name: name.to_owned(),
        close: close_to(name, &known),
        known: known.join(", "),
    }
}
