//! Tracking: whether objects keep a number over time, how, and how many there were.

use egui::{self, ComboBox, Ui};

use super::icons::Icon;
use super::intent::{Choose, FilesIntent, Intent, ResultIntent};
use super::style::palette;
use super::view::View;
use super::widgets::{
    caption, combo_arrow, figure_row, plain_button, section_with, sized_icon_button, slider_row,
};
use crate::settings::Tracking;

/// Shows the part of the side panel for tracking, for models that find objects in a moving picture.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some(model) = &view.model.current else { return };
    if !model.spec.task.finds_objects() || view.comparing || view.is_still() {
        return;
    }
    let s = &view.strings.tracking;
    ui.separator();
    section_with(
        ui,
        s.title,
        |_| {},
        |ui| {
            let now = view.settings.tracking;
            let name = |tracking| match tracking {
                Tracking::Off => s.off,
                Tracking::ByteTrack => "ByteTrack",
                Tracking::OcSort => "OC-SORT",
            };
            let combo = ComboBox::from_id_salt("tracker").icon(combo_arrow).selected_text(name(now)).show_ui(
                ui,
                |ui| {
                    for tracking in Tracking::ALL {
                        if ui.selectable_label(tracking == now, name(tracking)).clicked() && tracking != now {
                            out.push(Intent::Result(ResultIntent::Track(tracking)));
                        }
                    }
                },
            );
            combo.response.on_hover_text(s.hint).accessible_name(s.title);
            let report = view.prediction.and_then(|prediction| prediction.report.as_ref());
            if now == Tracking::Off && report.is_some() {
                ui.add(egui::Label::new(egui::RichText::new(s.needed).color(palette(ui).weak)).wrap());
            }
            if now != Tracking::Off {
                let length = view.settings.trail_seconds as f32;
                let shown = (s.seconds)(length);
                if let Some(length) = slider_row(ui, s.trails, s.trails_hint, length, 0.0..=10.0, &shown) {
                    out.push(Intent::Result(ResultIntent::Trails(f64::from(length))));
                }
            }
            if now != Tracking::Off {
                appearance(ui, view, out);
            }
            let Some(report) = report.filter(|report| !report.counts.is_empty()) else { return };
            ui.add_space(4.0);
            figure_row(ui, s.class, s.now_and_total);
            for count in &report.counts {
                let class = model.spec.labels.name(count.class_id, view.language);
                figure_row(ui, &class, &format!("{} · {}", count.now, count.total));
            }
        },
    );
}

/// The model by which objects are recognised that come back.
fn appearance(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = &view.strings.tracking;
    ui.add_space(4.0);
    caption(ui, s.appearance);
    let Some(model) = &view.settings.appearance else {
        if plain_button(ui, s.choose_model).on_hover_text(s.appearance_hint).clicked() {
            out.push(Intent::Files(FilesIntent::Choose(Choose::Appearance)));
        }
        return;
    };
    ui.horizontal(|ui| {
        if sized_icon_button(ui, Icon::Close, s.no_appearance, false, 20.0).clicked() {
            out.push(Intent::Result(ResultIntent::Appearance(None)));
        }
        let name = model.file_stem().unwrap_or_default().to_string_lossy();
        let name = crate::library::names::shown(&name);
        ui.add(egui::Label::new(name.as_ref()).truncate()).on_hover_text(s.appearance_hint);
    });
}
