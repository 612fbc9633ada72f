//! The frame of a page: a title, a way back, and a column of cards.

use egui::{self, TextEdit, Ui};

use super::icons::Icon;
use super::intent::{Intent, Page, WindowIntent};
use super::style::palette;
use super::widgets::{card, follow_focus, icon_button, page_title, primary_button};

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

/// What a card asks that makes something new in a folder.
pub struct NewCard<'a> {
    pub title: &'a str,
    /// What the field is for, and what stands in it while it is empty.
    pub name: &'a str,
    pub hint: &'a str,
    pub create: &'a str,
    /// Where it goes.
    pub goes_to: &'a str,
    /// The most characters of a name.
    pub limit: Option<usize>,
    /// Nothing can be made now.
    pub is_busy: bool,
}

/// A card with a field for a name. Returns the name when something is to be made; `focuses` puts the cursor into the field once.
pub fn new_card(ui: &mut Ui, new: &NewCard<'_>, typed: &mut String, focuses: &mut bool) -> Option<String> {
    let mut wanted = None;
    card(ui, new.title, |ui| {
        ui.horizontal(|ui| {
            let mut edit = TextEdit::singleline(typed)
                .hint_text(new.hint)
                .margin(egui::Margin::symmetric(10, 7))
                .desired_width(260.0);
            if let Some(limit) = new.limit {
                edit = edit.char_limit(limit);
            }
            let field = ui.add(edit).accessible_name(new.name);
            if std::mem::take(focuses) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
            let name = typed.trim();
            let ready = !name.is_empty() && !new.is_busy;
            let create = ui.add_enabled_ui(ready, |ui| primary_button(ui, new.create)).inner.clicked();
            wanted = (ready && (create || entered)).then(|| name.to_owned());
        });
        let text = egui::RichText::new(new.goes_to).small().color(palette(ui).weak);
        ui.add(egui::Label::new(text).wrap());
    });
    wanted
}
