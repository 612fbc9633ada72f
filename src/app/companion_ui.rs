//! The choice of a second model: whether a style covers the whole image or the person only, and who finds the skeletons
//! for a model of actions.

use std::path::PathBuf;

use egui::{self, Ui};

use super::intent::{Intent, ModelIntent};
use super::style::palette;
use super::view::{View, model_name};
use super::widgets::combo_arrow;
use crate::engine::ModelInfo;
use crate::model::Task;
use crate::model::companion::task_for;

/// Shows the choice if the model takes a second one.
pub fn ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo, out: &mut Vec<Intent>) {
    let s = view.strings;
    if task_for(model.spec.task).is_none() {
        return;
    }
    let style = model.spec.task == Task::Stylize;
    let name = |path: Option<&PathBuf>| match path {
        Some(path) if style => (s.person_only)(&model_name(path)),
        Some(path) => model_name(path),
        None => s.whole_image.to_owned(),
    };
    let current = model.spec.companion.as_ref();
    let title = if style { s.covers } else { s.skeletons_from };
    ui.horizontal(|ui| {
        ui.set_min_height(34.0);
        ui.label(egui::RichText::new(title).color(palette(ui).weak));
        let combo = egui::ComboBox::from_id_salt("companion").width(ui.available_width()).truncate();
        let combo = combo.icon(combo_arrow);
        let response = combo.selected_text(name(current)).show_ui(ui, |ui| {
            let whole = style.then_some(None);
            let unlisted = current.filter(|c| !model.companions.contains(c));
            let others = unlisted.into_iter().chain(&model.companions).map(Some);
            for choice in whole.into_iter().chain(others) {
                let chosen = current == choice;
                if ui.selectable_label(chosen, name(choice)).clicked() && !chosen {
                    out.push(Intent::Model(ModelIntent::Companion(choice.cloned())));
                }
            }
            if style && model.companions.is_empty() {
                ui.label(egui::RichText::new(s.no_matting_model).small().color(palette(ui).weak));
            }
        });
        response.response.accessible_name(title);
    });
}
