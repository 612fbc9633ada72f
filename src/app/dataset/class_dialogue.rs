//! Choosing a class by typing or clicking.

use egui::{self, Key, TextEdit, Ui};

use super::document::{Document, Edit};
use super::state::{DatasetPage, Naming};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{dialogue, plain_button, primary_button};

/// Shows the dialogue while a class is being chosen.
pub(super) fn ui(page: &mut DatasetPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(naming) = page.naming else { return };
    let w = &view.strings.datasets;
    let classes: Vec<String> = page
        .document
        .as_ref()
        .map(Document::classes)
        .unwrap_or_default()
        .iter()
        .map(|class| class.name.clone())
        .collect();
    let title = match naming {
        Naming::Label(_) => w.class,
        Naming::New => w.new_class_for,
        Naming::Image => w.image_class,
    };
    // The inner one: no class.
    let mut chosen: Option<Option<String>> = None;
    let mut closed = false;
    let modal = dialogue(ui, "class of a label").show(ui.ctx(), |ui| {
        ui.set_width(300.0);
        ui.label(egui::RichText::new(title).heading().color(palette(ui).strong));
        let edit = TextEdit::singleline(&mut page.naming_text)
            .hint_text(w.type_a_class)
            .desired_width(f32::INFINITY);
        let field = ui.add(edit).accessible_name(w.type_a_class);
        if !std::mem::replace(&mut page.naming_shown, true) {
            field.request_focus();
        }
        let typed = page.naming_text.trim().to_owned();
        let fits: Vec<&String> = classes.iter().filter(|name| begins(name, &typed)).collect();
        if field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) && !typed.is_empty() {
            let exact = classes.contains(&typed);
            let name = if exact { typed.clone() } else { fits.first().map_or(&typed, |name| *name).clone() };
            chosen = Some(Some(name));
        }
        egui::ScrollArea::vertical().max_height(240.0).show(ui, |ui| {
            if naming == Naming::Image && ui.selectable_label(false, w.no_class).clicked() {
                chosen = Some(None);
            }
            for name in &fits {
                if ui.selectable_label(false, name.as_str()).clicked() {
                    chosen = Some(Some((*name).clone()));
                }
            }
        });
        ui.horizontal(|ui| {
            let is_new = !typed.is_empty() && !classes.contains(&typed);
            if is_new && primary_button(ui, &(w.add_class)(&typed)).clicked() {
                chosen = Some(Some(typed.clone()));
            }
            closed = plain_button(ui, view.strings.cancel).clicked();
        });
    });
    if let Some(name) = chosen {
        page.naming = None;
        let edit = match (naming, name) {
            (Naming::Label(place), Some(name)) => Some(Edit::Relabel(place, name)),
            (Naming::Image, name) => Some(Edit::ImageClass(name)),
            (Naming::New, Some(name)) => {
                page.class = name;
                None
            }
            (Naming::Label(_) | Naming::New, None) => None,
        };
        out.extend(edit.map(|edit| Intent::Dataset(DatasetIntent::Edit(edit))));
    } else if closed || modal.should_close() {
        page.naming = None;
    }
}

/// Whether a name begins with a text, whatever the case.
fn begins(name: &str, text: &str) -> bool {
    name.to_lowercase().starts_with(&text.to_lowercase())
}
