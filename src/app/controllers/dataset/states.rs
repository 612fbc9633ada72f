//! What is under way with a data set.

use std::sync::Arc;
use std::time::Instant;

use crate::engine::Prediction;
use crate::frame::Frame;

/// A frame that is to be collected.
pub(super) struct Waiting {
    pub(super) frame: Arc<Frame>,
    pub(super) prediction: Option<Arc<Prediction>>,
    pub(super) source: String,
}

/// Whether a worker saves labels.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Saving {
    #[default]
    Idle,
    /// It saves those of the images at these places.
    Running(Vec<usize>),
}

impl Saving {
    /// The places of the images whose labels a worker has in hand.
    pub(super) fn in_hand(&self) -> &[usize] {
        match self {
            Self::Idle => &[],
            Self::Running(places) => places,
        }
    }
}

/// Whether the user wants to quit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Leaving {
    #[default]
    No,
    /// Since then, and what was done is being saved.
    Since(Instant),
    /// Whatever is lost. Since then, and work that was stopped gets a moment to tidy up.
    Anyway(Instant),
}
