//! What holds up quitting: labels of a data set that aren't saved, and work on it that is running.

use egui::{self, Ui};

use super::dataset::state::Work;
use super::intent::{DatasetIntent, Intent};
use super::style::palette;
use super::view::View;
use super::widgets::{dialogue, paragraph, plain_button, primary_button};

/// Asks what is to become of labels that aren't saved and of work that is running, while the user wants to quit.
pub fn ui(ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(quitting) = view.dataset.quitting else { return };
    let w = &view.strings.datasets;
    let modal = dialogue(ui, "quitting").show(ui.ctx(), |ui| {
        ui.set_width(460.0);
        let p = palette(ui);
        let heading = |ui: &mut Ui, text: String| {
            ui.add(egui::Label::new(egui::RichText::new(text).heading().color(p.strong)).wrap());
        };
        match &quitting.error {
            Some(error) => {
                heading(ui, (w.quit_failed)(quitting.images));
                paragraph(ui, error, p.text);
            }
            None => match quitting.work.filter(|_| quitting.images == 0) {
                Some(Work::Import) => heading(ui, w.quit_import.into()),
                Some(Work::Evaluate) => heading(ui, w.quit_evaluation.into()),
                Some(Work::Export | Work::Check) => heading(ui, w.quit_export.into()),
                None => heading(ui, (w.quit_saving)(quitting.images)),
            },
        }
        paragraph(ui, if quitting.images == 0 { w.quit_stops } else { w.quit_text }, p.weak);
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if quitting.error.is_some() && primary_button(ui, view.strings.try_again).clicked() {
                out.push(Intent::Dataset(DatasetIntent::SaveAgain));
            }
            if plain_button(ui, w.quit_anyway).clicked() {
                out.push(Intent::Dataset(DatasetIntent::QuitAnyway));
            }
            if plain_button(ui, view.strings.cancel).clicked() {
                out.push(Intent::Dataset(DatasetIntent::KeepOpen));
            }
        });
    });
    if modal.should_close() {
        out.push(Intent::Dataset(DatasetIntent::KeepOpen));
    }
}
