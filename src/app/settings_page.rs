//! The settings: language, appearance, snapshots.

use std::path::Path;

use egui::{self, Ui};

use super::icons::Icon;
use super::intent::{Choose, Intent, Page};
use super::style::{CARD_RADIUS, palette};
use super::view::View;
use super::widgets::{icon_button, page_title};
use crate::model::labels::Language;
use crate::save::{ImageFormat, SnapshotOptions};
use crate::settings::Theme;

/// Shows the page.
pub fn ui(ui: &mut Ui, view: &View<'_>, settings_file: Option<&Path>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let set = view.settings;
    page_frame(ui, s.settings, s.back, out, |ui, out| {
        card(ui, s.language, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (value, name) in [
                    (None, s.as_the_system),
                    (Some(Language::English), "English"),
                    (Some(Language::Chinese), "中文"),
                ] {
                    if ui.selectable_label(set.language == value, name).clicked() {
                        out.push(Intent::Language(value));
                    }
                }
            });
        });
        card(ui, s.appearance, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (value, name) in
                    [(Theme::System, s.as_the_system), (Theme::Light, s.light), (Theme::Dark, s.dark)]
                {
                    if ui.selectable_label(set.theme == value, name).clicked() {
                        out.push(Intent::Theme(value));
                    }
                }
            });
        });
        card(ui, s.snapshots, |ui| snapshots_ui(ui, view, out));
        card(ui, s.about, |ui| {
            ui.label(format!("Sightline {}", env!("CARGO_PKG_VERSION")));
            if let Some(path) = settings_file {
                ui.horizontal_wrapped(|ui| {
                    ui.label(egui::RichText::new(s.settings_file).color(palette(ui).weak));
                    ui.add(egui::Label::new(path.display().to_string()).selectable(true).wrap());
                });
            }
        });
    });
}

fn snapshots_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let mut shots: SnapshotOptions = view.settings.snapshot.clone();
    ui.horizontal(|ui| {
        ui.label(s.snapshot_folder);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button(s.change).clicked() {
                out.push(Intent::Choose(Choose::SnapshotFolder));
            }
            if shots.folder.is_some() && ui.button(s.reset).clicked() {
                shots.folder = None;
            }
            let shown = match &shots.folder {
                Some(folder) => folder.display().to_string(),
                None => s.snapshot_folder_default.to_owned(),
            };
            ui.add(egui::Label::new(egui::RichText::new(shown).color(palette(ui).weak)).truncate());
        });
    });
    ui.horizontal(|ui| {
        ui.label(s.format);
        ui.selectable_value(&mut shots.format, ImageFormat::Png, "PNG");
        ui.selectable_value(&mut shots.format, ImageFormat::Jpeg, "JPEG");
    });
    ui.checkbox(&mut shots.clean, s.also_clean);
    ui.checkbox(&mut shots.json, s.also_json);
    ui.add(egui::Label::new(egui::RichText::new(s.mirror_note).small().color(palette(ui).weak)).wrap());
    if shots != view.settings.snapshot {
        out.push(Intent::SnapshotOptions(shots));
    }
}

/// A page with a title and a way back.
pub fn page_frame(
    ui: &mut Ui,
    title: &str,
    back: &str,
    out: &mut Vec<Intent>,
    add: impl FnOnce(&mut Ui, &mut Vec<Intent>),
) {
    egui::ScrollArea::vertical().id_salt(title).auto_shrink([false, false]).show(ui, |ui| {
        let width = (ui.available_width() - 48.0).min(720.0);
        let margin = (ui.available_width() - width) / 2.0;
        ui.horizontal_top(|ui| {
            ui.add_space(margin);
            ui.vertical(|ui| {
                ui.set_width(width);
                ui.add_space(20.0);
                ui.horizontal(|ui| {
                    page_title(ui, title);
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if icon_button(ui, Icon::Close, back, false).clicked() {
                            out.push(Intent::Show(Page::Stage));
                        }
                    });
                });
                ui.add_space(8.0);
                add(ui, out);
                ui.add_space(24.0);
            });
        });
    });
}

/// A titled card of a page.
pub fn card(ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui)) {
    let p = palette(ui);
    egui::Frame::new()
        .fill(p.raised)
        .stroke(egui::Stroke::new(1.0, p.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(16)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(egui::RichText::new(title).heading().color(p.strong));
            ui.add_space(4.0);
            add(ui);
        });
    ui.add_space(6.0);
}
