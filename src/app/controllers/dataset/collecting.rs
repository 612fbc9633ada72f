//! Frames that become images of the data set.

use std::sync::Arc;

use super::DatasetController;
use super::states::Waiting;
use crate::app::controllers::core::Core;
use crate::app::intent::Page;
use crate::app::strings::explained;
use crate::app::view::Collected;
use crate::app::workers::{DatasetDone, DatasetJob};
use crate::dataset::{CollectError, Sight};
use crate::frame::Frame;

/// So many frames may wait to be collected.
const WAITING: usize = 8;

impl DatasetController {
    /// Saves what is shown; without a data set, one is chosen first.
    pub(super) fn collect(&mut self, shown: Option<&Arc<Frame>>, core: &mut Core) {
        let w = &core.strings().datasets;
        let Some(shown) = shown else {
            core.toasts.bad(w.not_collected, w.nothing_to_collect);
            return;
        };
        if self.waiting.len() + self.saving_frames >= WAITING {
            core.toasts.bad(w.not_collected, w.too_fast);
            return;
        }
        if core.settings.privacy.on && self.comparing {
            // Several models find who is to be hidden, and labels are those of one.
            core.toasts.bad(w.not_collected, w.comparing_hides);
            return;
        }
        // A result goes with its own frame, so that labels lie where objects were found.
        let prediction = core.prediction.clone().filter(|o| o.frame.generation == shown.generation);
        let frame = prediction.as_ref().map_or_else(|| Arc::clone(shown), |o| Arc::clone(&o.frame));
        let source = core.source.address().map(ToString::to_string).unwrap_or_default();
        let frame = Waiting { frame, prediction, source };
        if self.collector.is_some() {
            self.collect_now(frame, core);
            return;
        }
        if self.page.opening {
            self.waiting.push(frame);
            return;
        }
        if let Some(path) = core.settings.datasets.first().cloned().filter(|_| !self.page.choose_first) {
            self.waiting.push(frame);
            self.open(path, core);
            return;
        }
        self.page.choose_first = true;
        self.page.focus_name = true;
        self.waiting = vec![frame];
        core.page = Page::Dataset;
    }

    pub(super) fn collect_now(&mut self, waiting: Waiting, core: &Core) {
        let Some(collector) = self.collector.clone() else { return };
        self.saving_frames += 1;
        self.last = Some(Collected::Saving);
        let generation = self.generation;
        // As it is now: a frame may have waited until a data set was chosen.
        let privacy = core.settings.privacy.clone();
        self.run("collect frame", DatasetJob::Collect, core, move || {
            let Waiting { frame, prediction, source } = waiting;
            let sight = Sight {
                frame: &frame,
                prediction: prediction.as_deref(),
                source: &source,
                privacy: &privacy,
            };
            DatasetDone::Collected(generation, collector.collect(&sight).map(|_| ()))
        });
    }

    /// A worker has collected a frame for the data set of this number, or not.
    pub(super) fn frame_collected(
        &mut self,
        generation: u64,
        result: Result<(), CollectError>,
        core: &mut Core,
    ) {
        self.saving_frames = self.saving_frames.saturating_sub(1);
        let is_open = generation == self.generation;
        match result {
            Ok(()) if is_open => self.last = Some(Collected::Saved),
            Ok(()) => {}
            Err(error) => {
                let text = explained(&error, core.language());
                self.not_collected(is_open, text, core);
            }
        }
    }

    pub(super) fn not_collected(&mut self, is_open: bool, text: String, core: &mut Core) {
        if is_open {
            self.last = Some(Collected::Failed);
        }
        core.toasts.bad(core.strings().datasets.not_collected, text);
        // A user who wants to quit is to see it.
        self.keep_open();
    }
}
