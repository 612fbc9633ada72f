//! When to train.

use std::time::{Duration, Instant};

use crate::app::teach::TeachPage;
use crate::app::teach::state::Training;
use crate::model::CancelToken;

/// Training begins when nothing has changed for so long.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// When to train.
#[derive(Default)]
pub(super) struct Plan {
    /// Something was changed that isn't trained yet.
    pub(super) since: Option<Instant>,
    /// At once, and also if the user stopped it before.
    pub(super) now: bool,
    /// The user stopped it: the next change begins it again.
    pub(super) stopped: bool,
    /// Ends the job that runs.
    pub(super) cancel: Option<CancelToken>,
}

impl Plan {
    /// Examples were changed.
    pub(super) fn changed(&mut self, page: &mut TeachPage) {
        self.since = Some(Instant::now());
        self.stopped = false;
        page.outdated = page.learned.is_some();
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
        if page.can_train() && page.backbone.is_some() && !page.training.is_running() {
            page.training = Training::Waiting;
        }
    }

    /// Another backbone was chosen: it is opened at once.
    pub(super) fn backbone_changed(&mut self, page: &mut TeachPage) {
        self.changed(page);
        self.now = true;
        page.training = Training::Opening;
    }

    /// The user wants it now.
    pub(super) fn now(&mut self, page: &mut TeachPage) {
        self.changed(page);
        self.now = true;
    }

    /// The user wants it to end.
    pub(super) fn stop(&mut self, page: &mut TeachPage) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
        self.stopped = true;
        self.since = None;
        if page.training.is_running() || page.training == Training::Waiting {
            page.training = Training::Stopped;
        }
    }

    /// The page was left while something wasn't trained: it is when the page is shown again.
    pub(super) fn left(&mut self, page: &mut TeachPage) {
        if let Some(cancel) = self.cancel.take() {
            cancel.cancel();
            self.since.get_or_insert_with(Instant::now);
        }
        if page.training.is_running() {
            page.training = Training::Waiting;
        }
    }

    pub(super) fn is_due(&self) -> bool {
        !self.stopped && self.since.is_some_and(|since| self.now || since.elapsed() >= PAUSE)
    }
}
