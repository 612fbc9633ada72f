//! What is shown while no data set is open.

use egui::{self, Ui};

use super::export::progress_ui;
use super::state::DatasetPage;
use crate::app::intent::{Choose, DatasetIntent, FilesIntent, Intent};
use crate::app::page_frame::{NewCard, new_card, page_frame};
use crate::app::style::palette;
use crate::app::view::{View, file_name};
use crate::app::widgets::{card, notice, paragraph, plain_button};

pub(super) fn ui(page: &mut DatasetPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let w = &s.datasets;
    page_frame(ui, w.title, s.back, out, |ui, out| {
        let p = palette(ui);
        if let Some(error) = &page.error {
            notice(ui, p.bad, s.not_done, error, |_| {});
            ui.add_space(6.0);
        }
        if page.choose_first {
            ui.add(egui::Label::new(egui::RichText::new(w.choose_first).color(p.strong)).wrap());
            ui.add_space(4.0);
        }
        paragraph(ui, w.about, p.weak);
        ui.add_space(10.0);
        let new = NewCard {
            title: w.new,
            name: w.name,
            hint: w.name_hint,
            create: w.create,
            goes_to: &(w.goes_to)(&view.dataset.folder.display().to_string()),
            limit: None,
            is_busy: page.opening,
        };
        if let Some(name) = new_card(ui, &new, &mut page.new_name, &mut page.focus_name) {
            out.push(Intent::Dataset(DatasetIntent::Create(name)));
        }
        ui.horizontal_wrapped(|ui| {
            if plain_button(ui, w.open).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::Dataset)));
            }
        });
        card(ui, w.import, |ui| {
            ui.add(egui::Label::new(egui::RichText::new(w.import_text).color(p.weak)).wrap());
            ui.horizontal_wrapped(|ui| {
                let idle = page.work.is_none();
                for (text, what) in [
                    (w.import_folder, Choose::DatasetImportFolder),
                    (w.import_file, Choose::DatasetImportFile),
                ] {
                    if ui.add_enabled_ui(idle, |ui| plain_button(ui, text)).inner.clicked() {
                        out.push(Intent::Files(FilesIntent::Choose(what)));
                    }
                }
            });
            progress_ui(page, ui, view, out);
        });
        if page.opening && page.work.is_none() {
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(w.opening);
            });
        }
        let recent = &view.settings.datasets;
        if !recent.is_empty() {
            ui.add_space(10.0);
            ui.label(egui::RichText::new(w.recent).color(p.weak));
            for path in recent {
                let button = egui::Button::new(file_name(path)).min_size(egui::vec2(200.0, 32.0));
                if ui.add(button).on_hover_text(path.display().to_string()).clicked() {
                    out.push(Intent::Dataset(DatasetIntent::Open(path.clone())));
                }
            }
        }
    });
}
