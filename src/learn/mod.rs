//! What a learner sees and does: the inside of a network while it runs, and teaching one new classes.

pub mod inside;
pub mod teach;
