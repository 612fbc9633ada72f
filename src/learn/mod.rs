//! For those who want to see how networks work, and teach one something new.

pub mod inside;
pub mod teach;
