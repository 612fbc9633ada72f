//! What is shown while no project is open.

use egui::{self, TextEdit, Ui};

use super::state::TeachPage;
use crate::app::intent::{Choose, FilesIntent, Intent, TeachIntent};
use crate::app::page_frame::page_frame;
use crate::app::strings::shown;
use crate::app::style::palette;
use crate::app::view::{View, file_name};
use crate::app::widgets::{card, notice, paragraph, plain_button, primary_button};

pub(super) fn ui(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let w = &s.teach;
    page_frame(ui, w.title, s.back, out, |ui, out| {
        let p = palette(ui);
        if let Some(error) = &page.error {
            notice(ui, p.bad, s.not_done, error, |_| {});
            ui.add_space(6.0);
        }
        paragraph(ui, w.about, p.text);
        ui.add_space(4.0);
        paragraph(ui, w.about_training, p.weak);
        ui.hyperlink_to(egui::RichText::new(w.paper).small(), super::training::TRANSFER)
            .on_hover_text(super::training::TRANSFER);
        ui.add_space(8.0);
        card(ui, w.new, |ui| {
            ui.horizontal(|ui| {
                let edit = TextEdit::singleline(&mut page.new_name)
                    .hint_text(w.name_hint)
                    .char_limit(super::examples::NAME_LIMIT)
                    .margin(egui::Margin::symmetric(10, 7))
                    .desired_width(260.0);
                let field = ui.add(edit).accessible_name(w.name);
                if std::mem::take(&mut page.focus_name) {
                    field.request_focus();
                }
                let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
                let name = page.new_name.trim().to_owned();
                let ready = !name.is_empty() && !page.opening;
                let create = ui.add_enabled_ui(ready, |ui| primary_button(ui, w.create)).inner.clicked();
                if ready && (create || entered) {
                    out.push(Intent::Teach(TeachIntent::Create(name)));
                }
            });
            let folder = view.teach.folder.display().to_string();
            let text = egui::RichText::new((w.goes_to)(&folder)).small().color(p.weak);
            ui.add(egui::Label::new(text).wrap());
        });
        ui.horizontal_wrapped(|ui| {
            if plain_button(ui, w.open).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::TeachProject)));
            }
            ui.label(egui::RichText::new(w.open_hint).color(p.weak));
        });
        if page.opening {
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(w.opening);
            });
        }
        let recent = &view.settings.teach_projects;
        if !recent.is_empty() {
            ui.add_space(10.0);
            ui.label(egui::RichText::new(w.recent).color(p.weak));
            for path in recent {
                let button = egui::Button::new(shown(&file_name(path))).min_size(egui::vec2(200.0, 32.0));
                if ui.add(button).on_hover_text(path.display().to_string()).clicked() {
                    out.push(Intent::Teach(TeachIntent::Open(path.clone())));
                }
            }
        }
    });
}
