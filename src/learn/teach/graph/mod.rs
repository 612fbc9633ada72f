//! The graph of a backbone: where it can be cut, and how a head is joined to it.

mod cut;
mod external;
mod join;
mod view;

pub(super) use cut::{Kind, candidates};
pub(super) use join::{Join, join};

#[cfg(test)]
mod tests;
