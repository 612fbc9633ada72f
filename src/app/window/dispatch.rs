//! The one place where intents are handed to the controllers that carry them out.

use egui::ViewportCommand;

use super::App;
use crate::app::controllers::{Beside, SettingsController, results};
use crate::app::intent::{Intent, Page, WindowIntent};
use crate::app::shutter::Happening;

impl App {
    /// Carries out all intents that wait, with those that they lead to.
    pub(super) fn dispatch(&mut self, ctx: &egui::Context, frame: &eframe::Frame) {
        while let Some(intent) = self.core.intents.pop_front() {
            let core = &mut self.core;
            match intent {
                Intent::Source(intent) => self.source.apply(intent, core),
                Intent::Model(intent) => self.model.apply(intent, core),
                Intent::Result(intent) => results::apply(intent, core),
                Intent::Library(intent) => self.library.apply(intent, core),
                Intent::Servers(intent) => self.servers.apply(intent, core),
                Intent::Compare(intent) => self.compare.apply(intent, core),
                Intent::Reading(intent) => self.reading.apply(intent, core),
                Intent::Events(intent) => self.events.apply(intent, core),
                Intent::Files(intent) => self.files.apply(intent, core, frame),
                Intent::Settings(intent) => SettingsController::apply(intent, core, ctx),
                Intent::Zones(intent) => self.zones.apply(intent, core),
                Intent::Record(intent) => self.record.apply(intent, core),
                Intent::Dataset(intent) => self.dataset.apply(intent, self.stage.frame(), core),
                Intent::Gallery(intent) => self.gallery.apply(intent, core),
                Intent::Inside(intent) => self.inside.apply(intent, core),
                Intent::Lessons(intent) => {
                    let beside = Beside::of(&self.compare, &self.inside.page, &self.teach.page);
                    self.lessons.apply(intent, &beside, core);
                }
                Intent::Teach(intent) => self.teach.apply(intent, core),
                Intent::Shutter(intent) => self.apply_shutter(intent, ctx),
                Intent::Window(intent) => self.apply(intent, ctx),
            }
        }
    }

    fn apply(&mut self, intent: WindowIntent, ctx: &egui::Context) {
        match intent {
            WindowIntent::Show(page) => self.show(page),
            WindowIntent::FullScreen(on) => {
                self.window.full_screen = on;
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(on));
            }
            WindowIntent::Help(on) => self.window.help = on,
            WindowIntent::CopyText(text) => {
                ctx.copy_text(text);
                self.core.toasts.good(self.core.strings().copied, "");
            }
            WindowIntent::Dismiss(id) => self.core.toasts.dismiss(id),
            WindowIntent::OpenRemembered => self.open_remembered(),
            WindowIntent::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn show(&mut self, page: Page) {
        self.reading.shown(&page, &self.core);
        if page != Page::Stage && self.core.page == Page::Stage {
            self.shutter_happens(Happening::PageLeft);
        }
        if page == Page::Lessons {
            self.lessons.shown(&self.core);
        }
        self.core.page = page;
    }
}
