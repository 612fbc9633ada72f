//! The frame of a page: a title, a way back, and a column of cards.

use egui::{self, Ui};

use super::icons::Icon;
use super::intent::{Intent, Page, WindowIntent};
use super::widgets::{follow_focus, icon_button, page_title};

/// A page with a title and a way back.
pub fn page_frame(
    ui: &mut Ui,
    title: &str,
    back: &str,
    out: &mut Vec<Intent>,
    add: impl FnOnce(&mut Ui, &mut Vec<Intent>),
) {
    egui::ScrollArea::vertical().id_salt(title).auto_shrink([false, false]).show(ui, |ui| {
        let width = (ui.available_width() - 48.0).min(720.0);
        let margin = (ui.available_width() - width) / 2.0;
        ui.horizontal_top(|ui| {
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.add_space(20.0);
                ui.horizontal(|ui| {
                    page_title(ui, title);
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if icon_button(ui, Icon::Close, back, false).clicked() {
                            out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                        }
                    });
                });
                ui.add_space(8.0);
                add(ui, out);
                ui.add_space(24.0);
            });
            follow_focus(ui);
        });
    });
}
