//! What the motion worker gets and gives: see [`super::follow`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::state::Prediction;
use crate::frame::Frame;
use crate::latest::{LatestReader, LatestWriter, latest};

/// What waits for the worker, merged: only the newest frame and the newest result count.
#[derive(Default)]
pub(super) struct Work {
    /// What was shown belongs to a source or a model that is gone. It comes before frame and result.
    pub forget: bool,
    pub frame: Option<Arc<Frame>>,
    pub result: Option<Arc<Prediction>>,
}

/// The worker's two ends, for those who bring frames and results and for the screen.
pub(super) struct Follow {
    work: LatestWriter<Work>,
    pub inbox: LatestReader<Work>,
    pub moved: (LatestWriter<Arc<Prediction>>, LatestReader<Arc<Prediction>>),
    /// Results are late and are being moved.
    pub active: AtomicBool,
}

impl Default for Follow {
    fn default() -> Self {
        let (work, inbox) = latest();
        Self { work, inbox, moved: latest(), active: AtomicBool::new(false) }
    }
}

impl Follow {
    fn add(&self, change: impl FnOnce(&mut Work)) {
        // The reader is held here too, so the slot is never closed.
        let _ = self.work.merge(|waiting| {
            let mut work = waiting.unwrap_or_default();
            change(&mut work);
            work
        });
    }

    /// A frame is decoded. Returns whether the worker wakes the window when it has moved the results to it.
    pub fn frame(&self, frame: &Arc<Frame>) -> bool {
        self.add(|work| work.frame = Some(Arc::clone(frame)));
        self.active.load(SeqCst)
    }

    /// A result is published.
    pub fn result(&self, prediction: &Arc<Prediction>) {
        self.add(|work| work.result = Some(Arc::clone(prediction)));
    }

    /// There are no results of this source or model any more.
    pub fn forget(&self) {
        self.moved.0.clear();
        self.add(|work| *work = Work { forget: true, ..Work::default() });
    }

    /// The newest frame with what is drawn on it, while results are being moved.
    pub fn newest(&self) -> Option<Arc<Prediction>> {
        self.active.load(SeqCst).then(|| self.moved.1.peek()).flatten()
    }
}
