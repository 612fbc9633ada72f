//! The settings: language, appearance, snapshots.

use egui::{self, Ui};

use super::intent::{Choose, FilesIntent, Intent, SettingsIntent};
use super::page_frame::page_frame;
use super::recording;
use super::strings::private_class;
use super::style::palette;
use super::view::View;
use super::widgets::{at_right, card, slider_row};
use crate::library::catalogue::{HUB_VARIABLE, hub_address};
use crate::model::labels::Language;
use crate::privacy::{Cover, PRIVATE_CLASSES};
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
        card(ui, s.overlay, |ui| overlay_ui(ui, view, out));
        card(ui, s.snapshots, |ui| snapshots_ui(ui, view, out));
        card(ui, s.recording.title, |ui| recording::settings_ui(ui, view, out));
        card(ui, s.downloads, |ui| mirror_ui(ui, view, out));
        card(ui, s.events.privacy, |ui| privacy_ui(ui, view, out));
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

/// Where models of Hugging Face are downloaded from. What is typed is taken over when it is an address.
fn mirror_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let key = ui.scope_id().with("hub mirror");
    let chosen = view.settings.hub_mirror.clone().unwrap_or_default();
    let mut typed: String = ui.data(|d| d.get_temp(key)).unwrap_or_else(|| chosen.clone());
    let wrong = hub_address(&typed).is_err();
    ui.horizontal(|ui| {
        let label = ui.label(s.hub_mirror);
        let edit = egui::TextEdit::singleline(&mut typed).hint_text("https://huggingface.co");
        let response = ui.add(edit.desired_width(280.0).char_limit(200)).labelled_by(label.id);
        if response.changed() {
            ui.data_mut(|d| d.insert_temp(key, typed.clone()));
            if let Ok(address) = hub_address(&typed) {
                out.push(Intent::Settings(SettingsIntent::HubMirror(address)));
            }
        } else if !response.has_focus() && !wrong {
            // Shown as it is used, "https://" in front.
            ui.data_mut(|d| d.remove::<String>(key));
        }
    });
    let p = palette(ui);
    let mut line = |text: &str, colour| {
        ui.add(egui::Label::new(egui::RichText::new(text).small().color(colour)).wrap());
    };
    if wrong {
        line(s.hub_mirror_wrong, p.bad);
    }
    line(s.hub_mirror_hint, p.weak);
    if let Some(address) = std::env::var(HUB_VARIABLE).ok().filter(|v| !v.trim().is_empty()) {
        line(&(s.hub_variable)(&address), p.warn);
    }
}

/// How boxes and names are drawn.
fn overlay_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let (s, set) = (view.strings, view.settings);
    let percent = |size: f32| format!("{:.0}%", size * 100.0);
    if let Some(size) =
        slider_row(ui, s.label_size, s.overlay_hint, set.label_size, 0.5..=3.0, &percent(set.label_size))
    {
        out.push(Intent::Settings(SettingsIntent::LabelSize(size)));
    }
    if let Some(size) =
        slider_row(ui, s.line_size, s.overlay_hint, set.line_size, 0.5..=3.0, &percent(set.line_size))
    {
        out.push(Intent::Settings(SettingsIntent::LineSize(size)));
    }
    let changed = (set.label_size, set.line_size) != (1.0, 1.0);
    if ui.add_enabled(changed, egui::Button::new(s.reset)).clicked() {
        out.push(Intent::Settings(SettingsIntent::LabelSize(1.0)));
        out.push(Intent::Settings(SettingsIntent::LineSize(1.0)));
    }
}

/// Who is hidden.
fn privacy_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.events;
    let mut privacy = view.settings.privacy.clone();
    ui.checkbox(&mut privacy.on, w.privacy_on);
    ui.horizontal_wrapped(|ui| {
        for class in PRIVATE_CLASSES {
            let mut hidden = privacy.classes.iter().any(|of| of == class);
            if ui.checkbox(&mut hidden, private_class(view.language, class)).changed() {
                privacy.classes.retain(|of| of != class);
                privacy.classes.extend(hidden.then(|| class.to_owned()));
            }
        }
    });
    ui.horizontal(|ui| {
        ui.selectable_value(&mut privacy.cover, Cover::Pixelate, w.pixelate);
        ui.selectable_value(&mut privacy.cover, Cover::Blur, w.blur);
    });
    ui.horizontal(|ui| {
        ui.label(w.other_classes);
        let is_other = |class: &&String| !PRIVATE_CLASSES.contains(&class.as_str());
        let others: Vec<String> = privacy.classes.iter().filter(is_other).cloned().collect();
        let mut text = others.join(",");
        let edit = egui::TextEdit::singleline(&mut text).desired_width(220.0);
        if ui.add(edit).accessible_name(w.other_classes).changed() {
            privacy.classes.retain(|class| !is_other(&class));
            let typed = text.split([',', '，']).map(str::trim_start).filter(|class| !class.is_empty());
            privacy.classes.extend(typed.map(str::to_owned));
        }
    });
    ui.add(egui::Label::new(egui::RichText::new(w.privacy_text).small().color(palette(ui).weak)).wrap());
    if privacy != view.settings.privacy {
        out.push(Intent::Settings(SettingsIntent::Privacy(privacy)));
    }
}

fn format_name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
    }
}

fn snapshots_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let mut shots: SnapshotOptions = view.settings.snapshot.clone();
    ui.horizontal(|ui| {
        ui.label(s.snapshot_folder);
        let chosen = shots.folder.clone();
        let folder = chosen.as_deref().unwrap_or(view.snapshot_folder).display().to_string();
        let buttons = if chosen.is_some() { 190.0 } else { 110.0 };
        ui.scope(|ui| {
            ui.set_max_width((ui.available_width() - buttons).max(60.0));
            let text = egui::RichText::new(&folder).color(palette(ui).weak);
            ui.add(egui::Label::new(text).truncate().selectable(true)).on_hover_text(&folder);
        });
        at_right(ui, "snapshot folder", |ui| {
            if chosen.is_some() && ui.button(s.reset).clicked() {
                shots.folder = None;
            }
            if ui.button(s.change).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::SnapshotFolder)));
            }
        });
    });
    ui.horizontal(|ui| {
        ui.label(s.format);
        for format in ImageFormat::ALL {
            ui.selectable_value(&mut shots.format, format, format_name(format));
        }
    });
    let w = &s.shutter;
    let note = match shots.format {
        ImageFormat::Png => w.png_note,
        ImageFormat::Jpeg => w.jpeg_note,
        ImageFormat::WebP => w.webp_note,
    };
    ui.add(egui::Label::new(egui::RichText::new(note).small().color(palette(ui).weak)).wrap());
    if shots.format != ImageFormat::Png {
        let shown = shots.quality.to_string();
        let quality = f32::from(shots.quality);
        if let Some(quality) = slider_row(ui, w.quality, note, quality, 1.0..=100.0, &shown) {
            shots.quality = quality.round() as u8;
        }
    }
    ui.checkbox(&mut shots.clean, s.also_clean);
    ui.checkbox(&mut shots.objects, s.also_objects);
    ui.checkbox(&mut shots.json, s.also_json);
    ui.add(egui::Label::new(egui::RichText::new(s.mirror_note).small().color(palette(ui).weak)).wrap());
    if shots != view.settings.snapshot {
        out.push(Intent::Settings(SettingsIntent::Snapshot(shots)));
    }
}
