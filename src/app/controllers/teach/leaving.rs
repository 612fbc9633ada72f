//! Quitting, which waits for examples that are being saved and for a model that is being written, without holding up the window.

use std::time::{Duration, Instant};

use super::{Leaving, TeachController};
use crate::app::controllers::core::Core;
use crate::app::intent::{Intent, WindowIntent};
use crate::app::view::TeachQuitting;

/// Quitting is held up so long before the window says why.
const PATIENCE: Duration = Duration::from_millis(500);

impl TeachController {
    /// The window is to be closed. Returns whether it may be now; otherwise it closes by itself when everything is saved, or when the
    /// user gives up what isn't.
    pub fn may_quit(&mut self, core: &Core) -> bool {
        if self.leaving == Leaving::Anyway || (self.unsaved() == 0 && !self.is_exporting()) {
            return true;
        }
        self.collecting.stop(&mut self.page);
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Since(Instant::now());
            core.workers.context().request_repaint_after(PATIENCE);
        }
        false
    }

    /// Follows a wish to quit.
    pub(super) fn gather_leaving(&mut self, core: &mut Core) {
        self.quitting = None;
        let Leaving::Since(since) = self.leaving else { return };
        let (unsaved, exporting) = (self.unsaved(), self.is_exporting());
        if unsaved == 0 && !exporting {
            self.leaving = Leaving::No;
            core.ask(Intent::Window(WindowIntent::Quit));
        } else if since.elapsed() >= PATIENCE {
            self.quitting = Some(TeachQuitting { unsaved, exporting });
        }
    }

    /// The user quits, whatever is lost.
    pub(super) fn quit_anyway(&mut self, core: &mut Core) {
        self.leaving = Leaving::Anyway;
        self.quitting = None;
        core.ask(Intent::Window(WindowIntent::Quit));
    }

    /// The user doesn't want to quit any more.
    pub(super) fn keep_open(&mut self) {
        self.leaving = Leaving::No;
        self.quitting = None;
    }

    /// The program ends: nothing is waited for.
    pub fn end(&mut self) {
        self.end_sessions();
        let lost = self.unsaved();
        if lost > 0 {
            tracing::warn!("{lost} changes of the project weren't saved");
        }
    }
}
