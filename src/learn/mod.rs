//! What a learner sees and does: the inside of a network while it runs, teaching one new classes, and lessons.

pub mod inside;
pub mod lessons;
pub mod samples;
pub mod teach;
