//! What a learner sees: the inside of a network while it runs.

pub mod inside;
