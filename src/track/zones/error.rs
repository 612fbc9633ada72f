//! What can be wrong with a scene file.

use std::fmt;
use std::path::PathBuf;

/// Why a scene file can't be used. Each message is a sentence or two that say what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SceneFileError {
    /// It can't be read.
    #[error("The scene file \u{201c}{}\u{201d} can\u{2019}t be read: {reason}.", path.display())]
    Unreadable { path: PathBuf, reason: String },
    /// It can't be written.
    #[error("The scene file \u{201c}{}\u{201d} can\u{2019}t be saved: {reason}. Check that its folder can be written and that the disk has space.", path.display())]
    Unwritable { path: PathBuf, reason: String },
    /// Something in it is wrong.
    #[error("The scene file \u{201c}{}\u{201d}{}: {problem}", path.display(), line.map(|n| format!(", line {n}")).unwrap_or_default())]
    Wrong { path: PathBuf, line: Option<usize>, problem: SceneProblem },
}

/// A part of a scene file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Zone(String),
    Line(String),
    Exercise(String),
    /// The zone, line or exercise at this place of its list, counted from 1, which has no name.
    Nameless(&'static str, usize),
    Perspective,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(name) => write!(f, "zone \u{201c}{name}\u{201d}"),
            Self::Line(name) => write!(f, "line \u{201c}{name}\u{201d}"),
            Self::Exercise(name) => write!(f, "exercise \u{201c}{name}\u{201d}"),
            Self::Nameless(kind, place) => write!(f, "{kind} {place}"),
            Self::Perspective => f.write_str("the perspective"),
        }
    }
}

/// What is wrong in the text of a scene file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SceneProblem {
    #[error("it isn\u{2019}t a text file.")]
    NotText,
    #[error("it is larger than {limit} bytes, which no scene file is. Name another file.")]
    TooLarge { limit: usize },
    #[error("it isn\u{2019}t valid TOML ({reason}).")]
    Syntax { reason: String },
    #[error("\u{201c}{key}\u{201d} must be {expected}.")]
    Type { key: String, expected: &'static str },
    #[error("{what} lacks \u{201c}{key}\u{201d}. Add a line like: {example}")]
    Missing { what: Part, key: &'static str, example: &'static str },
    #[error(
        "a point of {what} isn\u{2019}t two numbers. Write it as [x, y], each from 0 (left, top) to 1 (right, bottom)."
    )]
    Point { what: Part },
    #[error(
        "the point [{x}, {y}] of {what} lies outside the picture. Coordinates go from 0 to 1: divide pixels by the picture\u{2019}s width and height."
    )]
    Outside { what: Part, x: f32, y: f32 },
    #[error("{what} has {count} points and needs {needed}.")]
    Count { what: Part, count: usize, needed: &'static str },
    #[error("{what} has no area: its corners lie in a row. Move one of them.")]
    Flat { what: Part },
    #[error(
        "the edges of {what} cross each other. List its corners in the order in which you walk around it."
    )]
    Crossing { what: Part },
    #[error("the two points of {what} are the same. Move one of them.")]
    NoLength { what: Part },
    #[error("there are two of the name \u{201c}{name}\u{201d}. Rename one of them.")]
    Twice { name: String },
    #[error("there are more than {limit} {what}. Leave some out.")]
    TooMany { what: &'static str, limit: usize },
    #[error(
        "\u{201c}{colour}\u{201d} isn\u{2019}t a colour. Write it as \"#rrggbb\", for example \"#ff8800\"."
    )]
    Colour { colour: String },
    #[error("there is no {what} \u{201c}{name}\u{201d}. Use one of: {known}.")]
    Word { what: &'static str, name: String, known: String },
    #[error("\u{201c}{key}\u{201d} is {value} and must be from {least} to {most}.")]
    Range { key: String, value: f64, least: f64, most: f64 },
    #[error(
        "the four points of the perspective don\u{2019}t make a rectangle on the ground: three of them lie in a row, or their order jumps across. List them in the order in which you walk around it."
    )]
    Perspective,
    #[error(
        "the joint is straight above {up}\u{b0} and bent below {down}\u{b0}; \u{201c}up\u{201d} must be larger."
    )]
    Angles { up: f32, down: f32 },
}
