//! How the window starts: as it was left, or, if it crashed just after it last started, without what it opened then.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::alive::{self, Marker};
use crate::model::isolation;
use crate::whole_file;

/// A window that crashes later than this after its start has not crashed because of it.
const STARTED: Duration = Duration::from_secs(10);
/// How the names of the files beside the settings begin that say that a window is starting.
const PREFIX: &str = ".starting-";

/// A start that is under way. All clones are the same.
#[derive(Clone, Debug)]
pub struct Start {
    /// The file that says so; it goes when the window has started, or ends in order.
    marker: Arc<Mutex<Option<Marker>>>,
    since: Instant,
}

impl Start {
    /// Notes beside the settings that a window starts; returns also whether an earlier one crashed while it did.
    #[must_use]
    pub fn begin(settings: Option<&Path>) -> (Self, bool) {
        let folder = settings.map(whole_file::folder_of);
        let crashed = folder.is_some_and(|folder| !alive::left_behind(folder, PREFIX).is_empty());
        let marker = folder.and_then(|folder| match Marker::place(folder, PREFIX) {
            Ok(marker) => Some(marker),
            Err(error) => {
                tracing::warn!("the start can't be noted: {error}");
                None
            }
        });
        (Self { marker: Arc::new(Mutex::new(marker)), since: Instant::now() }, crashed)
    }

    /// Whether it is to be told now that the window has started ([`Self::end`]).
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.since.elapsed() >= STARTED && self.marker.try_lock().is_ok_and(|marker| marker.is_some())
    }

    /// The window has started.
    pub fn end(&self) {
        self.marker.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// The window ends because it was told to.
    pub fn end_in_order(&self) {
        self.end();
        isolation::end_in_order();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_start_that_nobody_ended_is_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings.toml");
        let (first, crashed) = Start::begin(Some(&settings));
        assert!(!crashed);
        let (second, crashed) = Start::begin(Some(&settings));
        assert!(!crashed, "the first still runs");
        first.end();
        drop(second);
        let (third, crashed) = Start::begin(Some(&settings));
        assert!(!crashed, "both ended in order");
        third.end();
        std::fs::write(folder.path().join(".starting-x"), "").unwrap();
        let (fourth, crashed) = Start::begin(Some(&settings));
        assert!(crashed && !fourth.is_over());
        let (_fifth, crashed) = Start::begin(Some(&settings));
        assert!(!crashed, "it is told once");
    }
}
