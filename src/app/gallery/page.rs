//! The frame of the page: title, filters, what is done with the selection, and the list or one item large.

use egui::{self, Ui};

use super::state::GalleryPage;
use super::{grid, large};
use crate::app::icons::Icon;
use crate::app::intent::{GalleryIntent, Intent, Page, WindowIntent};
use crate::app::strings::{class_name, item_kind, item_reason};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{
    at_right, combo_arrow, dialogue, icon_button, page_title, plain_button, primary_button,
};
use crate::gallery::{Filter, FolderState, Kind};

impl GalleryPage {
    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        if self.open.is_some() {
            large::ui(self, ui, view, out);
        } else {
            self.list_ui(ui, view, out);
        }
        rename_ui(self, ui, view, out);
    }

    fn list_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.gallery;
        let room = ui.available_rect_before_wrap();
        let column = room.shrink2(egui::vec2(24.0, 0.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(column), |ui| {
            ui.add_space(14.0);
            ui.horizontal(|ui| {
                page_title(ui, w.title);
                let all = self.index.items.len();
                let p = palette(ui);
                ui.label(egui::RichText::new((w.count)(self.places.len(), all)).color(p.weak));
                if !self.index.is_complete && all > 0 {
                    ui.label(egui::RichText::new(w.reading).color(p.weak));
                }
                at_right(ui, "title", |ui| {
                    if icon_button(ui, Icon::Close, view.strings.back, false).clicked() {
                        out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                    }
                });
            });
            ui.add_space(2.0);
            self.filters_ui(ui, view);
            self.folders_ui(ui, view);
            ui.add_space(2.0);
            self.selection_ui(ui, view, out);
            ui.add_space(4.0);
            grid::ui(self, ui, view, out);
        });
    }

    fn filters_ui(&mut self, ui: &mut Ui, view: &View<'_>) {
        let w = &view.strings.gallery;
        let index = std::sync::Arc::clone(&self.index);
        let filter = &mut self.filter;
        ui.horizontal_wrapped(|ui| {
            let search =
                egui::TextEdit::singleline(&mut filter.text).hint_text(w.search).desired_width(200.0);
            ui.add(search.char_limit(200)).accessible_name(w.search);
            let kind = filter.kind.map_or(w.all_kinds, |kind| item_kind(w, kind));
            let combo =
                egui::ComboBox::from_id_salt("kind").selected_text(kind).icon(combo_arrow).width(130.0);
            named(
                combo.show_ui(ui, |ui| {
                    ui.selectable_value(&mut filter.kind, None, w.all_kinds);
                    for kind in Kind::ALL {
                        ui.selectable_value(&mut filter.kind, Some(kind), item_kind(w, kind));
                    }
                }),
                w.kind,
            );
            for (salt, name, every, known, chosen) in [
                ("class", w.class, w.all_classes, &index.classes, &mut filter.class),
                ("model", w.model, w.all_models, &index.models, &mut filter.model),
            ] {
                // Records name classes in English.
                let told = |one: &str| match salt {
                    "class" => class_name(view.language, one),
                    _ => one.to_owned(),
                };
                let shown = chosen.as_deref().map_or_else(|| every.to_owned(), told);
                let combo = egui::ComboBox::from_id_salt(salt)
                    .selected_text(shown)
                    .icon(combo_arrow)
                    .width(130.0)
                    .truncate();
                named(
                    combo.height(360.0).show_ui(ui, |ui| {
                        ui.selectable_value(chosen, None, every);
                        for one in known {
                            ui.selectable_value(chosen, Some(one.clone()), told(one));
                        }
                    }),
                    name,
                );
            }
            if *filter != Filter::default() && ui.button(w.show_all).clicked() {
                *filter = Filter::default();
            }
        });
    }

    /// Folders that can't be listed.
    fn folders_ui(&self, ui: &mut Ui, view: &View<'_>) {
        let w = &view.strings.gallery;
        for (folder, state) in &self.index.folders {
            let path = folder.display().to_string();
            let text = match state {
                FolderState::Listed => continue,
                // One of several is usual before anything was saved there.
                FolderState::Missing if !self.index.items.is_empty() => continue,
                FolderState::Missing => (w.missing)(&path),
                FolderState::Forbidden => (w.forbidden)(&path),
                FolderState::Failed(why) => (w.not_listed)(&path, &item_reason(view.language, why)),
            };
            let p = palette(ui);
            let colour = if *state == FolderState::Missing { p.weak } else { p.bad };
            ui.add(egui::Label::new(egui::RichText::new(text).color(colour)).wrap());
        }
    }

    /// What is done with what is selected.
    fn selection_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.gallery;
        let chosen = self.chosen();
        let p = palette(ui);
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(30.0);
            if chosen.is_empty() {
                if !self.places.is_empty() {
                    ui.label(egui::RichText::new(w.keys_hint).color(p.weak));
                }
                return;
            }
            ui.label(egui::RichText::new((w.selected)(chosen.len())).color(p.strong));
            let ids = || chosen.iter().map(|item| item.id).collect::<Vec<_>>();
            if let [one] = &chosen[..] {
                if ui.button(w.open).clicked() {
                    out.push(Intent::Gallery(GalleryIntent::Open(one.id)));
                }
                if ui.button(w.rename).clicked() {
                    self.ask_name(one);
                }
                if ui.button(view.strings.show_folder).clicked() {
                    out.push(Intent::Gallery(GalleryIntent::ShowFolder(one.id)));
                }
            }
            if ui.button(w.copy_files).clicked() {
                out.push(Intent::Gallery(GalleryIntent::CopyFiles(ids())));
            }
            if ui.button(w.copy_path).clicked() {
                out.push(Intent::Gallery(GalleryIntent::CopyPaths(ids())));
            }
            if ui.button(w.trash).clicked() {
                out.push(Intent::Gallery(GalleryIntent::Delete(ids())));
            }
        });
    }
}

/// Names a combo box for screen readers.
fn named<R>(combo: egui::InnerResponse<Option<R>>, name: &str) {
    let value = combo.response;
    value.accessible_name(name);
}

/// Asks for a new name.
fn rename_ui(page: &mut GalleryPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.gallery;
    let Some(renaming) = &mut page.renaming else { return };
    let mut done = None;
    let error = &mut page.rename_error;
    let modal = dialogue(ui, "rename item").show(ui.ctx(), |ui| {
        ui.set_width(460.0);
        ui.label(egui::RichText::new(w.rename_title).heading().color(palette(ui).strong));
        ui.add(egui::Label::new(egui::RichText::new(w.rename_text).color(palette(ui).weak)).wrap());
        let edit =
            egui::TextEdit::singleline(&mut renaming.text).desired_width(f32::INFINITY).char_limit(400);
        let first = !std::mem::replace(&mut renaming.shown, true);
        let response = ui.add(edit);
        let entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        if first || entered {
            response.request_focus();
        }
        if response.changed() {
            *error = None;
        }
        response.accessible_name(w.rename_title);
        if let Some(error) = error {
            ui.add(egui::Label::new(egui::RichText::new(&*error).color(palette(ui).bad)).wrap());
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if primary_button(ui, w.rename_title).clicked() || entered {
                done = Some(true);
            }
            if plain_button(ui, view.strings.cancel).clicked() {
                done = Some(false);
            }
        });
    });
    if done == Some(true) {
        out.push(Intent::Gallery(GalleryIntent::Rename(renaming.id, renaming.text.clone())));
    } else if done == Some(false) || modal.should_close() {
        page.renaming = None;
    }
}
