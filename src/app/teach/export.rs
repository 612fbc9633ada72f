//! The dialogue for exporting a model.

use egui::{self, Ui};

use super::parts::weak;
use super::state::{ExportState, TeachPage};
use crate::app::intent::{Choose, FilesIntent, Intent, TeachIntent};
use crate::app::strings::shown;
use crate::app::style::palette;
use crate::app::view::{View, file_name};
use crate::app::widgets::{dialogue, page_title, paragraph, plain_button, primary_button};

pub(super) fn ui(page: &mut TeachPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(mut form) = page.export.take() else { return };
    let s = view.strings;
    let w = &s.teach;
    let mut wants_close = false;
    let modal = dialogue(ui, "teach export").show(ui.ctx(), |ui| {
        ui.set_width(480.0);
        let p = palette(ui);
        page_title(ui, w.export_title);
        match form.state.clone() {
            ExportState::Asking | ExportState::Failed(_) => {
                paragraph(ui, w.export_text, p.weak);
                ui.add_space(6.0);
                ui.label(w.file_name);
                let edit = egui::TextEdit::singleline(&mut form.name)
                    .desired_width(f32::INFINITY)
                    .margin(egui::Margin::symmetric(10, 7));
                let field = ui.add(edit).accessible_name(w.file_name);
                if !std::mem::replace(&mut form.shown, true) {
                    field.request_focus();
                }
                ui.label(w.folder);
                ui.horizontal(|ui| {
                    if ui.button(w.choose_folder).clicked() {
                        out.push(Intent::Files(FilesIntent::Choose(Choose::TeachExport)));
                    }
                    let folder = form.folder.display().to_string();
                    ui.add(egui::Label::new(egui::RichText::new(shown(&folder)).color(p.weak)).truncate())
                        .on_hover_text(folder);
                });
                ui.add_space(6.0);
                ui.checkbox(&mut form.bytes, w.raw_bytes);
                weak(ui, w.raw_bytes_text);
                if let Some(text) = form.refused() {
                    ui.add_space(4.0);
                    ui.add(egui::Label::new(egui::RichText::new(text).color(p.bad)).wrap().selectable(true));
                } else if let Some(path) = form.path().filter(|_| form.replaces()) {
                    weak(ui, &(w.overwrite)(&shown(&file_name(&path))));
                }
                if let ExportState::Failed(text) = &form.state
                    && form.refused().is_none()
                {
                    ui.add_space(4.0);
                    ui.add(egui::Label::new(egui::RichText::new(text).color(p.bad)).wrap().selectable(true));
                }
                ui.add_space(10.0);
                ui.horizontal(|ui| {
                    let ready = form.path().is_some() && form.refused().is_none();
                    let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
                    let export = ui.add_enabled_ui(ready, |ui| primary_button(ui, w.export)).inner.clicked();
                    if ready && (export || entered) {
                        out.push(Intent::Teach(TeachIntent::Export));
                    }
                    wants_close |= plain_button(ui, s.cancel).clicked();
                });
            }
            ExportState::Writing => {
                ui.add_space(8.0);
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(w.exporting);
                });
                ui.add_space(10.0);
                wants_close |= plain_button(ui, s.cancel).clicked();
            }
            ExportState::Done(exported) => {
                ui.add_space(4.0);
                let size = crate::library::names::size(exported.bytes);
                let name = format!("{} ({size})", shown(&file_name(&exported.path)));
                ui.add(egui::Label::new(egui::RichText::new(name).color(p.strong)).wrap())
                    .on_hover_text(exported.path.display().to_string());
                paragraph(ui, &(w.exported_text)(exported.verified, exported.difference), p.good);
                paragraph(ui, w.in_library, p.weak);
                ui.add_space(10.0);
                ui.horizontal(|ui| {
                    if primary_button(ui, w.run_now).clicked() {
                        out.push(Intent::Teach(TeachIntent::Run(exported.path.clone())));
                    }
                    if plain_button(ui, s.show_folder).clicked()
                        && let Some(folder) = exported.path.parent()
                    {
                        out.push(Intent::Files(FilesIntent::OpenFolder(folder.to_owned())));
                    }
                    wants_close |= plain_button(ui, s.close).clicked();
                });
            }
        }
    });
    page.export = Some(form);
    if wants_close || modal.should_close() {
        out.push(Intent::Teach(TeachIntent::ExportForm(false)));
    }
}
