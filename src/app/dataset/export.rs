//! The dialogue that exports a data set, and the line that says how far a worker is.

use egui::{self, DragValue, TextEdit, Ui};

use super::state::{DatasetPage, ExportForm, Work};
use crate::app::intent::{Choose, DatasetIntent, FilesIntent, Intent};
use crate::app::strings::{format_name, losses_text, plain_quotes};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{combo_arrow, dialogue, plain_button, primary_button};
use crate::dataset::Format;

/// Shows the dialogue while it is open.
pub(super) fn ui(page: &mut DatasetPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(mut form) = page.export.take() else { return };
    let working = page.work.as_ref().is_some_and(|(work, _)| *work == Work::Export);
    let mut closed = false;
    let focused = ui.ctx().memory(|memory| memory.focused().is_some());
    let modal = dialogue(ui, "export").show(ui.ctx(), |ui| {
        ui.set_width(470.0);
        let w = &view.strings.datasets;
        ui.label(egui::RichText::new(w.export_title).heading().color(palette(ui).strong));
        ui.add_space(4.0);
        ui.add_enabled_ui(!working, |ui| form_ui(page, &mut form, ui, view, out));
        ui.add_space(4.0);
        outcome_ui(&form, ui, view, out);
        progress_ui(page, ui, view, out);
        ui.horizontal(|ui| {
            let ready = !working && page.work.is_none() && !form.to.trim().is_empty();
            let start = ui.add_enabled_ui(ready, |ui| primary_button(ui, w.export_start)).inner;
            // A focused button takes the key for itself.
            let entered = ready
                && !focused
                && !ui.ctx().any_popup_open()
                && ui.input(|i| i.key_pressed(egui::Key::Enter));
            if start.clicked() || entered {
                form.outcome = None;
                out.push(Intent::Dataset(DatasetIntent::Export));
            }
            closed = plain_button(ui, view.strings.close).clicked();
        });
    });
    closed |= modal.should_close();
    page.export = (!closed).then_some(form);
}

fn form_ui(page: &DatasetPage, form: &mut ExportForm, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    egui::Grid::new("export").num_columns(2).spacing([16.0, 8.0]).show(ui, |ui| {
        ui.label(w.export_format);
        let combo =
            egui::ComboBox::from_id_salt("export format").icon(combo_arrow).width(320.0).height(340.0);
        let before = form.format;
        let shown = combo.selected_text(format_name(view.language, form.format)).show_ui(ui, |ui| {
            for format in Format::ALL {
                ui.selectable_value(&mut form.format, format, format_name(view.language, format));
            }
        });
        shown.response.accessible_name(w.export_format);
        if form.format != before {
            form.follow(&page.root);
            form.outcome = None;
        }
        ui.end_row();
        ui.label(w.export_to);
        ui.horizontal(|ui| {
            let edit = ui.add(TextEdit::singleline(&mut form.to).desired_width(236.0));
            if edit.accessible_name(w.export_to).changed() {
                form.is_own = true;
            }
            if ui.button(view.strings.change).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::DatasetExport)));
            }
        });
        ui.end_row();
        for (name, value, most) in [(w.export_val, &mut form.val, 90), (w.export_test, &mut form.test, 90)] {
            ui.label(name);
            ui.add(DragValue::new(value).range(0..=most).suffix(" %").speed(0.5)).accessible_name(name);
            ui.end_row();
        }
        form.test = form.test.min(100 - form.val);
    });
    ui.add(egui::Label::new(egui::RichText::new(w.export_split_hint).small().color(p.weak)).wrap());
    ui.checkbox(&mut form.unreviewed, w.export_unreviewed);
}

fn outcome_ui(form: &ExportForm, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    match &form.outcome {
        None => {}
        Some(Err(error)) => {
            ui.add(egui::Label::new(egui::RichText::new(error).color(p.bad)).wrap().selectable(true));
        }
        Some(Ok(exported)) => {
            ui.add(egui::Label::new(egui::RichText::new((w.exported)(exported)).color(p.good)).wrap());
            let losses = losses_text(&exported.losses, view.language);
            let (text, colour) =
                if losses.is_empty() { (w.no_losses.to_owned(), p.weak) } else { (losses, p.warn) };
            let text = egui::RichText::new(plain_quotes(&text)).color(colour);
            ui.add(egui::Label::new(text).wrap().selectable(true));
            if ui.button(view.strings.show_folder).clicked() {
                out.push(Intent::Files(FilesIntent::OpenFolder(form.to.trim().into())));
            }
        }
    }
}

/// Says how far a worker is, with a button that stops it.
pub(super) fn progress_ui(page: &DatasetPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some((work, progress)) = &page.work else { return };
    let w = &view.strings.datasets;
    let (done, all) = progress.get();
    let text = match work {
        Work::Check => (w.checking)(done, all),
        Work::Import => (w.importing)(done, all),
        Work::Export => (w.exporting)(done, all),
        Work::Evaluate => (w.evaluating)(done, all),
    };
    ui.horizontal(|ui| {
        let share = if all == 0 { 0.0 } else { done as f32 / all as f32 };
        ui.add(egui::ProgressBar::new(share).desired_width(160.0).desired_height(8.0));
        ui.label(text);
        if ui.button(w.stop).clicked() {
            out.push(Intent::Dataset(DatasetIntent::Stop));
        }
    });
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(150));
}
