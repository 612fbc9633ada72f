//! How good a head is, and what would make it better.

use std::path::PathBuf;

use serde::Serialize;

/// A share with its 95 % interval after Wilson (1927), each 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Wilson {
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

/// How often each class was taken for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// A row a class as it is; a column a class as it was taken for.
    pub rows: Vec<Vec<usize>>,
}

/// An example that a head is least sure of, or wrong about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uncertain {
    pub path: PathBuf,
    /// Its class.
    pub class: usize,
    /// What it was taken for.
    pub taken_for: usize,
    /// The probability of its own class.
    pub score: f32,
}

/// What heads achieve on examples that they didn't learn from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    pub correct: usize,
    pub count: usize,
    pub accuracy: Wilson,
    /// Mean of −ln(probability of the right class).
    pub log_loss: f64,
    pub confusion: Confusion,
    /// The least certain first.
    pub uncertain: Vec<Uncertain>,
}

/// What to collect next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Advice {
    /// This class has the fewest examples, far fewer than others or too few to measure by.
    Few { class: usize, count: usize },
    /// These two are taken for each other so often.
    Confused { class: usize, with: usize, times: usize },
    /// Nothing is confused: try new places, light and backgrounds.
    Vary,
}
