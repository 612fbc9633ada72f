//! The settings: language, appearance, snapshots.

use egui::{self, Ui};

use super::intent::{Choose, FilesIntent, Intent, SettingsIntent};
use super::page_frame::page_frame;
use super::style::palette;
use super::view::View;
use super::widgets::card;
use crate::model::labels::Language;
use crate::save::{ImageFormat, SnapshotOptions};
use crate::settings::Theme;

/// Shows the page.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
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
                        out.push(Intent::Settings(SettingsIntent::Language(value)));
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
                        out.push(Intent::Settings(SettingsIntent::Theme(value)));
                    }
                }
            });
        });
        card(ui, s.snapshots, |ui| snapshots_ui(ui, view, out));
        card(ui, s.about, |ui| {
            ui.label(format!("Sightline {}", env!("CARGO_PKG_VERSION")));
            if let Some(path) = view.settings_file {
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
                out.push(Intent::Files(FilesIntent::Choose(Choose::SnapshotFolder)));
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
        out.push(Intent::Settings(SettingsIntent::Snapshot(shots)));
    }
}
