//! What can be wrong with a lesson's file.

use std::path::PathBuf;

/// Why a lesson can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LessonError {
    /// It can't be read.
    #[error("The lesson \u{201c}{}\u{201d} can\u{2019}t be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// Something in it is wrong.
    #[error("The lesson \u{201c}{}\u{201d}{}: {problem}", path.display(), line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Wrong { path: PathBuf, line: Option<usize>, problem: LessonProblem },
}

fn meant(close: Option<&str>) -> String {
    close.map(|close| format!(" Did you mean \u{201c}{close}\u{201d}?")).unwrap_or_default()
}

/// What is wrong in the text of a lesson. Each is a sentence or two, with what to write instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LessonProblem {
    #[error("it isn\u{2019}t a text file in UTF-8. Save it as text.")]
    NotText,
    #[error("it is larger than {limit} bytes, which no lesson needs. Make two lessons of it.")]
    TooLarge { limit: usize },
    #[error("it isn\u{2019}t valid TOML ({reason}).")]
    Syntax { reason: String },
    #[error("{part} has no key \u{201c}{key}\u{201d}.{} It can have: {known}.", meant(*close))]
    Key { part: &'static str, key: String, close: Option<&'static str>, known: String },
    #[error("{part} lacks \u{201c}{key}\u{201d}. Add a line like: {example}")]
    Missing { part: &'static str, key: &'static str, example: &'static str },
    #[error("\u{201c}{key}\u{201d} must be {expected}.")]
    Type { key: &'static str, expected: &'static str },
    #[error("\u{201c}{key}\u{201d} is empty. Write a text.")]
    Empty { key: &'static str },
    #[error("\u{201c}{key}\u{201d} has {count} characters and may have {limit}. Shorten it.")]
    TooLong { key: &'static str, count: usize, limit: usize },
    #[error("\u{201c}{key}\u{201d} is {value} and must be from {least} to {most}.")]
    Range { key: &'static str, value: f64, least: f64, most: f64 },
    #[error("\u{201c}{name}\u{201d} isn\u{2019}t known as \u{201c}{key}\u{201d}.{} Use one of: {known}.", meant(*close))]
    Word { key: &'static str, name: String, close: Option<&'static str>, known: String },
    #[error("there are {count} of \u{201c}{key}\u{201d}, and there must be from {least} to {most}.")]
    Count { key: &'static str, count: usize, least: usize, most: usize },
    #[error("the step asks {count} questions. Give it one: [step.choice], [step.number] or [step.do].")]
    Questions { count: usize },
    #[error("{count} options are right. Write \u{201c}right = true\u{201d} in exactly one.")]
    Right { count: usize },
    #[error("the link \u{201c}{text}\u{201d} must begin with https:// and have no spaces.")]
    Link { text: String },
    #[error("\u{201c}{name}\u{201d} must be the name of a file beside the lesson, without a folder.")]
    Picture { name: String },
    #[error(
        "\u{201c}{text}\u{201d} isn\u{2019}t a condition. Write it like \"boxes >= 5\", \"confidence <= 0.2\" or \"page = inside\"."
    )]
    Condition { text: String },
    #[error("\u{201c}sample\u{201d} and \u{201c}picture\u{201d} are both given. Keep one.")]
    TwoSources,
    #[error(
        "the id \u{201c}{id}\u{201d} must be small letters, digits and hyphens, 40 at most, like \"my-lesson\"."
    )]
    Id { id: String },
}
