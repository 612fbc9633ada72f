//! Frames that become examples while a key or a button is held.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::desk::{Desk, Order, Shot};
use crate::app::controllers::core::Core;
use crate::app::teach::TeachPage;
use crate::app::teach::intent::ClassId;
use crate::frame::Frame;

/// Between two frames that are collected.
const EVERY: Duration = Duration::from_millis(125);
/// So many frames may wait to be saved; more are left out.
const WAITING: usize = 6;

/// See the module.
#[derive(Default)]
pub(super) struct Collecting {
    class: Option<ClassId>,
    /// Counts the presses.
    press: u64,
    /// The frame that was collected last in this press.
    last: Option<Arc<Frame>>,
    at: Option<Instant>,
}

impl Collecting {
    /// Begins or ends a press.
    pub(super) fn hold(&mut self, class: Option<ClassId>, page: &mut TeachPage) {
        if class.is_some() && class != self.class {
            self.press += 1;
            (self.last, self.at) = (None, None);
        }
        self.class = class;
        page.collecting = class.and_then(|class| page.place(class));
    }

    pub(super) fn stop(&mut self, page: &mut TeachPage) {
        self.hold(None, page);
        self.last = None;
    }

    /// The project was changed: the class stands elsewhere now, or is gone.
    pub(super) fn changed(&mut self, page: &mut TeachPage) {
        page.collecting = self.class.and_then(|class| page.place(class));
        if page.collecting.is_none() {
            self.stop(page);
        }
    }

    /// A frame for this class is on the disk, or was given up.
    pub(super) fn saved(class: ClassId, page: &mut TeachPage) {
        if let Some(count) = page.in_hand.get_mut(&class) {
            *count = count.saturating_sub(1);
        }
    }

    /// Hands the newest frame over, if it is time and it is another one.
    pub(super) fn pass(
        &mut self,
        page: &mut TeachPage,
        desk: Option<&Desk>,
        core: &Core,
        ctx: &egui::Context,
    ) {
        let (Some(id), Some(desk), Some(project)) = (self.class, desk, &page.project) else { return };
        let Some(class) = page.place(id).and_then(|place| project.classes().get(place)) else { return };
        ctx.request_repaint_after(EVERY);
        if self.at.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        let privacy = &core.settings.privacy;
        // With privacy on, the frame is one in which somebody has looked for what is to be hidden.
        let prediction = core.prediction.as_ref().filter(|_| privacy.on);
        let frame = prediction.map(|found| Arc::clone(&found.frame)).or_else(|| core.engine.preview());
        let Some(frame) = frame else { return };
        let is_same = self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &frame));
        if is_same || page.in_hand.values().sum::<usize>() >= WAITING {
            return;
        }
        let shot = Shot {
            folder: class.folder.clone(),
            class: id,
            frame: Arc::clone(&frame),
            prediction: prediction.cloned(),
            privacy: privacy.clone(),
            press: self.press,
        };
        if desk.order(Order::Frame(Box::new(shot))) {
            *page.in_hand.entry(id).or_default() += 1;
            (self.last, self.at) = (Some(frame), Some(Instant::now()));
        }
    }
}
