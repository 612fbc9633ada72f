//! The frame of the page: title, tabs and what they show.

use egui::Ui;

use super::state::{EventsPage, EventsTab};
use super::{editor, list, rules};
use crate::app::icons::Icon;
use crate::app::intent::{Intent, Page, WindowIntent};
use crate::app::view::View;
use crate::app::widgets::{at_right, follow_focus, icon_button, page_title, primary_button};

impl EventsPage {
    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.events;
        let room = ui.available_rect_before_wrap();
        let width = (room.width() - 48.0).min(900.0);
        let column = egui::Rect::from_center_size(room.center(), egui::vec2(width, room.height()));
        ui.scope_builder(egui::UiBuilder::new().max_rect(column), |ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                page_title(ui, w.title);
                at_right(ui, "title", |ui| {
                    if self.draft.is_none()
                        && self.tab == EventsTab::Rules
                        && primary_button(ui, w.new_rule).clicked()
                    {
                        self.edit(None);
                    }
                    if icon_button(ui, Icon::Close, view.strings.back, false).clicked() {
                        out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                    }
                });
            });
            ui.add_space(4.0);
            if self.draft.is_some() {
                editor::ui(self, ui, view, w, out);
                return;
            }
            ui.horizontal(|ui| {
                for (tab, text) in [
                    (EventsTab::Events, (w.events)(self.summary.events)),
                    (EventsTab::Rules, (w.rules)(view.events.rules.rules.len())),
                ] {
                    let button = egui::Button::selectable(self.tab == tab, text);
                    if ui.add(button.min_size(egui::vec2(0.0, 32.0))).clicked() {
                        self.tab = tab;
                    }
                }
                if self.tab == EventsTab::Events {
                    list::bar_ui(self, ui, view, w);
                }
            });
            ui.add_space(4.0);
            egui::ScrollArea::vertical()
                .id_salt(("events", self.tab == EventsTab::Events))
                .auto_shrink([false, false])
                .content_margin(egui::Margin { right: 12, bottom: 16, ..Default::default() })
                .show(ui, |ui| {
                    match self.tab {
                        EventsTab::Events => list::ui(self, ui, view, w, out),
                        EventsTab::Rules => rules::ui(self, ui, view, w, out),
                    }
                    follow_focus(ui);
                });
        });
        list::question_ui(self, ui, w, out);
    }
}
