//! What of a project holds up quitting.

use egui::{self, Ui};

use crate::app::intent::{Intent, TeachIntent};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{dialogue, paragraph, plain_button};

/// Says what is still being saved while the user wants to quit.
pub fn ui(ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(quitting) = view.teach.quitting else { return };
    let w = &view.strings.teach;
    let modal = dialogue(ui, "teach quitting").show(ui.ctx(), |ui| {
        ui.set_width(420.0);
        let p = palette(ui);
        let title =
            if quitting.unsaved > 0 { (w.quit_saving)(quitting.unsaved) } else { w.quit_exporting.into() };
        ui.add(egui::Label::new(egui::RichText::new(title).heading().color(p.strong)).wrap());
        paragraph(ui, w.quit_text, p.weak);
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if plain_button(ui, w.quit_anyway).clicked() {
                out.push(Intent::Teach(TeachIntent::QuitAnyway));
            }
            if plain_button(ui, view.strings.cancel).clicked() {
                out.push(Intent::Teach(TeachIntent::KeepOpen));
            }
        });
    });
    if modal.should_close() {
        out.push(Intent::Teach(TeachIntent::KeepOpen));
    }
}
