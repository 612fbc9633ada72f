//! What is shown while no project is open.

use egui::{self, Ui};

use super::state::TeachPage;
use crate::app::intent::{Choose, FilesIntent, Intent, TeachIntent};
use crate::app::page_frame::{NewCard, new_card, page_frame};
use crate::app::strings::shown;
use crate::app::style::palette;
use crate::app::view::{View, file_name};
use crate::app::widgets::{notice, paragraph, plain_button};

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
        let new = NewCard {
            title: w.new,
            name: w.name,
            hint: w.name_hint,
            create: w.create,
            goes_to: &(w.goes_to)(&view.teach.folder.display().to_string()),
            limit: Some(super::examples::NAME_LIMIT),
            is_busy: page.opening,
        };
        if let Some(name) = new_card(ui, &new, &mut page.new_name, &mut page.focus_name) {
            out.push(Intent::Teach(TeachIntent::Create(name)));
        }
        ui.horizontal_wrapped(|ui| {
            if ui.add_enabled_ui(!page.opening, |ui| plain_button(ui, w.open)).inner.clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::TeachProject)));
            }
            ui.label(egui::RichText::new(w.open_hint).color(p.weak));
        });
        if page.opening {
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(w.opening);
                if plain_button(ui, s.cancel).clicked() {
                    out.push(Intent::Teach(TeachIntent::Close));
                }
            });
        }
        let recent = &view.settings.teach_projects;
        if !recent.is_empty() {
            ui.add_space(10.0);
            ui.label(egui::RichText::new(w.recent).color(p.weak));
            for path in recent {
                let button = egui::Button::new(shown(&file_name(path))).min_size(egui::vec2(200.0, 32.0));
                let button = ui.add_enabled(!page.opening, button);
                if button.on_hover_text(path.display().to_string()).clicked() {
                    out.push(Intent::Teach(TeachIntent::Open(path.clone())));
                }
            }
        }
    });
}
