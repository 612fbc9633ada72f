//! Lessons: short courses that set up the window, ask a question at each step and react to the answer.
//!
//! A lesson is a TOML file that a teacher writes; `docs/lessons.md` describes it. [`Lesson::parse`] reads one and says what is
//! wrong with its line, [`list`] finds those that come with the program and the user's own, [`Course`] is one that is being
//! taken: a state machine that knows neither window nor files. What a step asks about the window, it asks of [`Facts`].

mod condition;
mod course;
mod error;
mod facts;
mod lesson;
mod list;
mod read;
#[cfg(test)]
mod tests;
mod toml_part;

pub use condition::{Comparison, Condition};
pub use course::{Course, Outcome, Progress, Reaction, Reply};
pub use error::{LessonError, LessonProblem};
pub use facts::{Fact, Facts, Value};
pub use lesson::{
    ChoiceOption, Expected, FIRST_LAYER, Lesson, ModelWish, Question, Setup, SetupPage, SourceWish, Step,
    TABS, Text,
};
pub use list::{Listed, built_in, folder, list};
pub use read::MAX_BYTES;
