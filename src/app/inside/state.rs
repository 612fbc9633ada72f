//! What the page shows: the choices, and what the worker found.

use crate::app::intent::InsideTab;

/// The page.
#[derive(Debug, Default)]
pub struct InsidePage {
    /// The tab that is shown.
    pub tab: InsideTab,
}

impl InsidePage {
    /// Whether Escape leaves something on the page before the page itself.
    #[must_use]
    pub fn has_layer(&self) -> bool {
        false
    }
}
