//! The page with the model's inside.

use super::core::Core;
use super::model::ModelController;
use crate::app::inside::InsidePage;
use crate::app::intent::{InsideIntent, Intent, Page, WindowIntent};
use crate::app::stage::Stage;

/// See the module.
#[derive(Debug, Default)]
pub struct InsideController {
    pub page: InsidePage,
}

impl InsideController {
    /// Carries out an intent.
    pub fn apply(&mut self, intent: InsideIntent, core: &mut Core) {
        if core.page != Page::Inside {
            core.ask(Intent::Window(WindowIntent::Show(Page::Inside)));
        }
        match intent {
            InsideIntent::Tab(tab) => self.page.tab = tab,
            _ => {}
        }
    }

    /// Takes over what the worker found, and tells it what is shown.
    pub fn gather(&mut self, _stage: &Stage, _model: &ModelController, _core: &mut Core) {}
}
