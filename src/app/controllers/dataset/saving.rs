//! Saving labels: one worker at a time, so that the newest state is the last one; and quitting, which waits for them without
//! holding up the window.

use std::time::{Duration, Instant};

use super::DatasetController;
use super::states::{Leaving, Saving};
use crate::app::controllers::core::Core;
use crate::app::dataset::document::Document;
use crate::app::dataset::state::Work;
use crate::app::intent::{Intent, Page, WindowIntent};
use crate::app::strings::explained;
use crate::app::view::Quitting;
use crate::app::workers::{DatasetDone, DatasetJob};
use crate::dataset::DatasetError;

/// Labels of so many images are handed to a worker at once.
const BATCH: usize = 32;
/// Quitting is held up so long before the window says why.
const PATIENCE: Duration = Duration::from_millis(500);

impl DatasetController {
    /// Hands labels that aren't saved to a worker.
    pub(super) fn save(&mut self, core: &Core) {
        let (Some(document), Some(collector)) = (&mut self.page.document, &self.collector) else { return };
        if self.saving != Saving::Idle {
            return;
        }
        let batch = document.take_unsaved(BATCH);
        if batch.is_empty() {
            return;
        }
        let places: Vec<usize> = batch.iter().map(|(place, _)| *place).collect();
        self.saving = Saving::Running(places.clone());
        self.revision += 1;
        let (collector, revision, generation) = (collector.clone(), self.revision, self.generation);
        let classes = document.classes().to_vec();
        self.run("save labels", DatasetJob::Save(places), core, move || {
            let mut failed = Vec::new();
            let mut why = None;
            for (place, item) in batch {
                let is_full = matches!(why, Some(DatasetError::Full { .. }));
                let saved = if is_full { None } else { Some(collector.save(&classes, &item, revision)) };
                match saved {
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        failed.push(place);
                        why = Some(error);
                    }
                    // A full disk isn't asked again for each image.
                    None => failed.push(place),
                }
            }
            DatasetDone::Saved(generation, failed, why)
        });
    }

    /// A worker has saved labels of the data set that is open, but for those of these images.
    pub(super) fn labels_saved(&mut self, failed: &[usize], why: Option<DatasetError>, core: &mut Core) {
        let places = std::mem::take(&mut self.saving);
        let Some(document) = &mut self.page.document else { return };
        document.not_saved(failed);
        // A damaged file was replaced.
        for place in places.in_hand().iter().filter(|place| !failed.contains(place)) {
            if let Some(item) = document.items().get(*place) {
                self.page.damaged.remove(&item.name);
            }
        }
        match why {
            None => {
                self.page.save_error = None;
                // What was changed meanwhile.
                self.save(core);
            }
            Some(error) => {
                let text = explained(&error, core.language());
                self.not_saved(text, core);
            }
        }
    }

    /// Labels couldn't be saved, and this is why.
    pub(super) fn not_saved(&mut self, text: String, core: &mut Core) {
        let is_new = self.page.save_error.as_ref() != Some(&text);
        if is_new && core.page != Page::Dataset && self.leaving == Leaving::No {
            core.toasts.bad(core.strings().datasets.save_failed, text.clone());
        }
        self.page.save_error = Some(text);
    }

    /// The user wants the labels that couldn't be saved to be saved after all.
    pub(super) fn save_again(&mut self, core: &Core) {
        if self.saving == Saving::Idle {
            self.page.save_error = None;
        }
        self.save(core);
    }

    /// How many images of the data set have labels that aren't on the disk yet.
    pub(super) fn unsaved_labels(&self) -> usize {
        let Some(document) = &self.page.document else { return 0 };
        let only_in_hand = self.saving.in_hand().iter().filter(|place| !document.is_unsaved(**place));
        document.unsaved() + only_in_hand.count()
    }

    /// How many images would be lost if the program ended now, or their labels.
    fn unsaved(&self) -> usize {
        let waiting = if self.page.opening { self.waiting.len() } else { 0 };
        self.unsaved_labels() + self.saving_frames + waiting
    }

    /// Work whose result would be lost if the program ended now.
    fn running(&self) -> Option<Work> {
        self.page.work.as_ref().map(|(work, _)| *work).filter(|work| *work != Work::Check)
    }

    /// The window is to be closed. Returns whether it may be now; otherwise it closes by itself when everything is saved, or when
    /// the user gives up what isn't.
    pub fn may_quit(&mut self, core: &Core) -> bool {
        if let Leaving::Anyway(since) = self.leaving {
            return self.running().is_none() || since.elapsed() >= PATIENCE;
        }
        if self.unsaved() == 0 && self.running().is_none() {
            return true;
        }
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Since(Instant::now());
            core.workers.context().request_repaint_after(PATIENCE);
        }
        self.save(core);
        false
    }

    /// Follows a wish to quit.
    pub(super) fn gather_leaving(&mut self, core: &mut Core) {
        self.quitting = None;
        let since = match self.leaving {
            Leaving::No => return,
            Leaving::Since(since) => since,
            Leaving::Anyway(_) => {
                if self.may_quit(core) {
                    core.ask(Intent::Window(WindowIntent::Quit));
                }
                return;
            }
        };
        let (images, work) = (self.unsaved(), self.running());
        if images == 0 && work.is_none() {
            self.leaving = Leaving::No;
            core.ask(Intent::Window(WindowIntent::Quit));
            return;
        }
        let error = self.page.save_error.clone();
        if error.is_some() || since.elapsed() >= PATIENCE {
            self.quitting = Some(Quitting { images, work, error });
        }
    }

    /// The user quits, whatever is lost.
    pub(super) fn quit_anyway(&mut self, core: &mut Core) {
        self.leaving = Leaving::Anyway(Instant::now());
        self.quitting = None;
        if let Some((_, progress)) = &self.page.work {
            progress.stop();
            core.workers.context().request_repaint_after(PATIENCE);
        }
        core.ask(Intent::Window(WindowIntent::Quit));
    }

    /// The user doesn't want to quit any more.
    pub(super) fn keep_open(&mut self) {
        self.leaving = Leaving::No;
        self.quitting = None;
    }

    /// The program ends. Nothing is waited for: [`Self::may_quit`] was asked before, unless the system closes the window.
    pub fn end(&self) {
        if let Some((_, progress)) = &self.page.work {
            progress.stop();
        }
        let lost = self.page.document.as_ref().map_or(0, Document::unsaved);
        if lost > 0 {
            tracing::error!("the labels of {lost} images are lost");
        }
    }
}
