//! Pictures of the gallery that become examples.

use egui::{self, ScrollArea, Stroke, StrokeKind, Ui, vec2};

use super::parts::{picture_cell, weak};
use super::state::TeachPage;
use crate::app::intent::{Intent, TeachIntent};
use crate::app::strings::shown;
use crate::app::style::palette;
use crate::app::view::{View, file_name};
use crate::app::widgets::{dialogue, page_title, plain_button, primary_button};

/// Width and height of a picture.
const CELL: egui::Vec2 = vec2(132.0, 99.0);
const COLUMNS: usize = 5;

pub(super) fn ui(page: &mut TeachPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(mut form) = page.gallery.take() else { return };
    let s = view.strings;
    let w = &s.teach;
    let name = shown(&form.name);
    let mut wants_close = false;
    let modal = dialogue(ui, "teach gallery").show(ui.ctx(), |ui| {
        ui.set_width((CELL.x + 8.0) * COLUMNS as f32 + 16.0);
        page_title(ui, &(w.gallery_title)(&name));
        ui.add_space(6.0);
        if form.pictures.is_empty() {
            weak(ui, if form.index.is_complete { w.gallery_none } else { s.gallery.reading });
        }
        let rows = form.pictures.len().div_ceil(COLUMNS);
        let scroll = ScrollArea::vertical().max_height(ui.ctx().content_rect().height() - 240.0);
        scroll.show_rows(ui, CELL.y, rows, |ui, range| {
            for row in range {
                ui.horizontal(|ui| {
                    for path in form.pictures.iter().skip(row * COLUMNS).take(COLUMNS) {
                        let label = file_name(path);
                        let response = picture_cell(page, ui, path, CELL, &label);
                        let chosen = form.chosen.contains(path);
                        if chosen || response.hovered() || response.has_focus() {
                            let p = palette(ui);
                            let width = if chosen { 3.0 } else { 1.0 };
                            let stroke = Stroke::new(width, p.accent);
                            ui.painter().rect_stroke(response.rect, 6, stroke, StrokeKind::Inside);
                        }
                        if response.clicked() && !form.chosen.remove(path) {
                            form.chosen.insert(path.clone());
                        }
                    }
                });
            }
        });
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let count = form.chosen.len();
            let add = ui.add_enabled_ui(count > 0, |ui| primary_button(ui, &(w.gallery_add)(count))).inner;
            if add.clicked() {
                let files = form.chosen.iter().cloned().collect();
                out.push(Intent::Teach(TeachIntent::AddFiles(form.class, files)));
            }
            wants_close |= plain_button(ui, s.cancel).clicked();
        });
    });
    page.gallery = Some(form);
    if wants_close || modal.should_close() {
        out.push(Intent::Teach(TeachIntent::Gallery(None)));
    }
}
