//! A lesson that is being taken.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::lesson::{Expected, Lesson, Question, Step, Text};

/// What is remembered of a lesson.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Progress {
    /// The step to go on with, from 0.
    pub step: usize,
    /// It was gone through to its end, at least once.
    pub done: bool,
    /// Questions that were answered rightly, the most in one go.
    pub right: usize,
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reply {
    /// The option at this place.
    Option(usize),
    /// What was typed, and its other reading where a comma may part thousands or be a decimal comma.
    Number(f64, Option<f64>),
}

/// What is said to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// What the option at this place says.
    Option(usize),
    Right,
    Low,
    High,
    /// What was to be done is done.
    Done,
    /// The right answer depends on a model or picture that isn't there.
    NotKnown,
}

/// How far a step's question is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has answered.
    #[default]
    Open,
    Wrong(Reaction),
    Right(Reaction),
}

impl Outcome {
    /// It was answered rightly.
    #[must_use]
    pub fn is_right(self) -> bool {
        matches!(self, Self::Right(_))
    }

    /// What is said now.
    #[must_use]
    pub fn reaction(self) -> Option<Reaction> {
        match self {
            Self::Open => None,
            Self::Wrong(reaction) | Self::Right(reaction) => Some(reaction),
        }
    }
}

/// Where the learner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Step(usize),
    /// After the last step.
    End,
}

/// A lesson with the learner's answers. Steps may be skipped: nobody gets stuck.
#[derive(Clone, Debug)]
pub struct Course {
    lesson: Arc<Lesson>,
    place: Place,
    outcomes: Vec<Outcome>,
}

impl Course {
    /// Begins a lesson at the step where it was left; one that was finished begins anew.
    #[must_use]
    pub fn begin(lesson: Arc<Lesson>, progress: Progress) -> Self {
        let last = lesson.steps.len().saturating_sub(1);
        let outcomes = vec![Outcome::Open; lesson.steps.len()];
        Self { place: Place::Step(progress.step.min(last)), outcomes, lesson }
    }

    /// The lesson.
    #[must_use]
    pub fn lesson(&self) -> &Arc<Lesson> {
        &self.lesson
    }

    /// The step that is shown, with its place from 0; `None` at the end.
    #[must_use]
    pub fn step(&self) -> Option<(usize, &Step)> {
        match self.place {
            Place::Step(at) => Some((at, self.lesson.steps.get(at)?)),
            Place::End => None,
        }
    }

    /// How far the question of the shown step is.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.step().and_then(|(at, _)| self.outcomes.get(at)).copied().unwrap_or_default()
    }

    /// Every step's outcome.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// All steps lie behind the learner.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.place == Place::End
    }

    /// Goes to the next step, or to the end; the question may be open.
    pub fn next(&mut self) {
        if let Place::Step(at) = self.place {
            self.place = if at + 1 < self.lesson.steps.len() { Place::Step(at + 1) } else { Place::End };
        }
    }

    /// Goes back by a step.
    pub fn back(&mut self) {
        self.place = match self.place {
            Place::Step(at) => Place::Step(at.saturating_sub(1)),
            Place::End => Place::Step(self.lesson.steps.len().saturating_sub(1)),
        };
    }

    /// Takes an answer to the shown question. One that doesn't fit the question changes nothing, and so does any once the right
    /// one was given.
    pub fn answer(&mut self, reply: Reply, facts: &Facts) {
        let Some((at, step)) = self.step() else { return };
        let outcome = match (&step.question, reply) {
            (Question::Choice { options, .. }, Reply::Option(chosen)) => match options.get(chosen) {
                Some(option) if option.right => Outcome::Right(Reaction::Option(chosen)),
                Some(_) => Outcome::Wrong(Reaction::Option(chosen)),
                None => return,
            },
            (Question::Number { expected, tolerance, .. }, Reply::Number(number, other)) => {
                let judged = |number| judge(number, *expected, *tolerance, facts);
                let other = other.map(judged).filter(|outcome| outcome.is_right());
                other.unwrap_or_else(|| judged(number))
            }
            _ => return,
        };
        self.settle(at, outcome);
    }

    /// Looks at the window: what was to be done may be done. Returns whether that has changed something.
    pub fn observe(&mut self, facts: &Facts) -> bool {
        let Some((at, Step { question: Question::Do { until, .. }, .. })) = self.step() else { return false };
        !self.outcome().is_right()
            && until.iter().all(|condition| condition.holds(facts))
            && self.settle(at, Outcome::Right(Reaction::Done))
    }

    fn settle(&mut self, at: usize, outcome: Outcome) -> bool {
        match self.outcomes.get_mut(at) {
            Some(old) if !old.is_right() => {
                *old = outcome;
                true
            }
            _ => false,
        }
    }

    /// What is said to the answer that was given.
    #[must_use]
    pub fn reaction(&self) -> Option<&Text> {
        let (_, step) = self.step()?;
        match (&step.question, self.outcome().reaction()?) {
            (Question::Choice { options, .. }, Reaction::Option(at)) => {
                options.get(at).map(|option| &option.reaction)
            }
            (Question::Number { right, .. }, Reaction::Right) => Some(right),
            (Question::Number { low, .. }, Reaction::Low) => Some(low),
            (Question::Number { high, .. }, Reaction::High) => Some(high),
            (Question::Do { done, .. }, Reaction::Done) => Some(done),
            _ => None,
        }
    }

    /// What is to be remembered, given what was remembered before.
    #[must_use]
    pub fn progress(&self, before: Progress) -> Progress {
        let right = self.outcomes.iter().filter(|outcome| outcome.is_right()).count().max(before.right);
        match self.place {
            Place::Step(step) => Progress { step, right, ..before },
            Place::End => Progress { step: 0, done: true, right },
        }
    }
}

fn judge(number: f64, expected: Expected, tolerance: f64, facts: &Facts) -> Outcome {
    let wanted = match expected {
        Expected::Value(value) => Some(value),
        Expected::Fact(fact) => facts.number(fact),
    };
    // So that 0.33 ± 0.01 takes in 0.34, which no float is exactly.
    let slack = tolerance + wanted.unwrap_or_default().abs() * 1e-9 + 1e-9;
    match wanted {
        None => Outcome::Wrong(Reaction::NotKnown),
        Some(wanted) if (number - wanted).abs() <= slack => Outcome::Right(Reaction::Right),
        Some(wanted) if number < wanted => Outcome::Wrong(Reaction::Low),
        // What isn't a number is no smaller either.
        Some(_) => Outcome::Wrong(Reaction::High),
    }
}
