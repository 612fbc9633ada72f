//! The help sheet: every key.

use egui::{self, Ui};

use super::intent::{Intent, Page, WindowIntent};
use super::strings::Strings;
use super::style::palette;
use super::widgets::{dialogue, page_title, plain_button, primary_button};

/// The keys and what they do.
#[must_use]
pub fn rows(s: &Strings) -> Vec<(&'static str, &'static str)> {
    vec![
        ("Space", s.snapshot),
        ("R", s.recording.key),
        ("Shift+R", s.recording.key_last),
        ("Shift+Space", s.shutter.key_now),
        ("S", s.shutter.key_menu),
        ("Ctrl+C", s.shutter.key_copy),
        ("P", s.pause),
        ("M  Shift+M", s.key_model),
        ("C", s.compare_models),
        ("L", s.key_library),
        ("I", s.inside.key),
        ("G", s.gallery.key),
        ("E", s.events.key),
        ("D", s.datasets.key),
        ("K", s.datasets.key_collect),
        ("T", s.teach.key),
        ("1  …  9  0", s.teach.key_hold),
        ("Z", s.zones.key_edit),
        ("[  ]", s.key_confidence),
        ("{  }", s.key_iou),
        ("H", s.figures),
        ("F", s.mirror),
        ("F9", s.side_panel),
        ("1  …  9", s.key_camera),
        ("←  →", s.key_step),
        ("Ctrl+O", s.key_open),
        ("Ctrl+,", s.settings),
        ("F11  Esc", s.full_screen),
        ("F1  ?", s.key_help),
        ("Shift+F1", s.lessons.key),
        ("Alt+1  …  6", s.lessons.key_answer),
        ("Alt+←  Alt+→", s.lessons.key_step),
        ("Ctrl+Q", s.key_quit),
    ]
}

/// The keys in two columns.
fn columns_ui(ui: &mut Ui, rows: &[(&str, &str)]) {
    let half = rows.len().div_ceil(2);
    ui.columns(2, |columns| {
        for ((number, column), part) in columns.iter_mut().enumerate().zip(rows.chunks(half)) {
            egui::Grid::new(("keys", number)).num_columns(2).spacing([16.0, 8.0]).show(column, |ui| {
                for (keys, text) in part {
                    key_caps(ui, keys);
                    ui.scope(|ui| {
                        ui.set_max_width(220.0);
                        ui.add(egui::Label::new(*text).wrap());
                    });
                    ui.end_row();
                }
            });
        }
    });
}

/// Shows the sheet over everything.
pub fn ui(ui: &Ui, s: &Strings, out: &mut Vec<Intent>) {
    let modal = dialogue(ui, "help").show(ui.ctx(), |ui| {
        ui.set_width(700.0);
        page_title(ui, s.keys);
        ui.add_space(8.0);
        // Two columns fit a low window; a lower one scrolls.
        let room = (ui.ctx().content_rect().height() - 230.0).max(120.0);
        egui::ScrollArea::vertical().max_height(room).show(ui, |ui| columns_ui(ui, &rows(s)));
        ui.add_space(8.0);
        ui.label(egui::RichText::new((s.pair)(s.key_mouse_drop, s.key_drop)).color(palette(ui).weak));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if primary_button(ui, s.lessons.title).clicked() {
                out.push(Intent::Window(WindowIntent::Help(false)));
                out.push(Intent::Window(WindowIntent::Show(Page::Lessons)));
            }
            if plain_button(ui, s.close).clicked() {
                out.push(Intent::Window(WindowIntent::Help(false)));
            }
        });
    });
    if modal.should_close() {
        out.push(Intent::Window(WindowIntent::Help(false)));
    }
}

fn key_caps(ui: &mut Ui, keys: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for key in keys.split_whitespace() {
            let p = palette(ui);
            if key == "…" {
                ui.label(key);
                continue;
            }
            egui::Frame::new()
                .fill(p.button[1])
                .corner_radius(5)
                .inner_margin(egui::Margin::symmetric(8, 3))
                .show(ui, |ui| {
                    ui.label(egui::RichText::new(key).small().color(p.strong));
                });
        }
    });
}
