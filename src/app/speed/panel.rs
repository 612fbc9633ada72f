//! The lines of the side panel that say what runs the model, and with how many threads.

use egui::{self, Ui};

use super::size::RATES;
use crate::app::icons::Icon;
use crate::app::intent::{Intent, ModelIntent};
use crate::app::strings::{Speed, phrase, why_not};
use crate::app::style::palette;
use crate::app::view::{Ran, View, frames_come};
use crate::app::widgets::{combo_arrow, figure_row, sized_icon_button};
use crate::engine::ModelInfo;
use crate::model::Task;
use crate::model::runtime::{self, Provider};
use crate::model::spec::Size;

/// Shows the lines.
pub fn ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo, out: &mut Vec<Intent>) {
    let w = &view.strings.speed;
    provider_ui(ui, view, model, w, out);
    // "CPU (OpenVINO failed: why)"
    if let Some((_, why)) = model.provider.split_once(" (") {
        let text = (w.fell_back)(&phrase(view.language, why.trim_end_matches(')')));
        ui.add(egui::Label::new(egui::RichText::new(text).small().color(palette(ui).warn)).wrap());
    }
    match view.speed.ran {
        Some(Ran::Looking) => grey(ui, w.looking),
        Some(Ran::Failed(error)) => grey(ui, &phrase(view.language, error)),
        Some(Ran::Known(shares)) => {
            let all: f32 = shares.iter().map(|s| s.ms).sum();
            for share in shares {
                grey(ui, &(w.share)(&share.provider, share.nodes, 100.0 * share.ms / all.max(f32::EPSILON)));
            }
        }
        None => {}
    }
    if matches!(model.spec.input.size, Size::Dynamic { .. }) && model.spec.task != Task::Action {
        rate_ui(ui, view, w, out);
    }
    threads_ui(ui, view, model, w, out);
}

fn grey(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(egui::RichText::new(text).small().color(palette(ui).weak)).wrap());
}

fn provider_ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo, w: &Speed, out: &mut Vec<Intent>) {
    let runs = model.provider.split(" (").next().unwrap_or_default();
    let offered = runtime::loaded().map(|r| r.providers.as_slice()).unwrap_or_default();
    if offered.is_empty() {
        figure_row(ui, view.strings.runs_on, runs);
        return;
    }
    let chosen = view.settings.device.as_deref().and_then(Provider::from_name).unwrap_or(Provider::Cpu);
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        ui.label(egui::RichText::new(view.strings.runs_on).color(palette(ui).weak));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let combo = egui::ComboBox::from_id_salt("provider").width(150.0).truncate().icon(combo_arrow);
            let response = combo.selected_text(runs).show_ui(ui, |ui| {
                for provider in Provider::ALL {
                    let there = offered.contains(&provider);
                    let button = egui::Button::selectable(chosen == provider, provider.name());
                    let row = ui
                        .add_enabled(there, button)
                        .on_disabled_hover_text(why_not(view.language, provider));
                    if row.clicked() && provider != chosen {
                        let name = (provider != Provider::Cpu).then(|| provider.name().to_owned());
                        out.push(Intent::Model(ModelIntent::Device(name)));
                    }
                }
            });
            response.response.accessible_name(w.provider);
        });
    });
}

/// The choice of a rate that the input size is adapted to.
fn rate_ui(ui: &mut Ui, view: &View<'_>, w: &Speed, out: &mut Vec<Intent>) {
    let now = view.settings.target_rate;
    let name = |rate: Option<u32>| rate.map_or_else(|| w.own_size.to_owned(), w.for_rate);
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        ui.label(egui::RichText::new(w.input_size).color(palette(ui).weak)).on_hover_text(w.input_size_hint);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let combo = egui::ComboBox::from_id_salt("rate").width(150.0).truncate().icon(combo_arrow);
            let response = combo.selected_text(name(now)).show_ui(ui, |ui| {
                for rate in std::iter::once(None).chain(RATES.map(Some)) {
                    if ui.selectable_label(now == rate, name(rate)).clicked() && now != rate {
                        out.push(Intent::Model(ModelIntent::TargetRate(rate)));
                    }
                }
            });
            response.response.accessible_name(w.input_size);
        });
    });
}

fn threads_ui(ui: &mut Ui, view: &View<'_>, model: &ModelInfo, w: &Speed, out: &mut Vec<Intent>) {
    let p = palette(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(24.0);
        ui.label(egui::RichText::new(w.threads).color(p.weak));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if let Some(tune) = view.speed.tune {
                if sized_icon_button(ui, Icon::Close, w.stop, false, 22.0).clicked() {
                    out.push(Intent::Model(ModelIntent::StopTune));
                }
                let (at, of) = tune.place;
                ui.label(egui::RichText::new((w.trying)(tune.threads, at, of)).color(p.accent));
                return;
            }
            let playing = frames_come(view.source);
            let hint = if playing { w.measure_hint } else { w.needs_image };
            let button = egui::Button::new(egui::RichText::new(w.measure).small()).frame_when_inactive(false);
            if ui.add_enabled(playing, button).on_hover_text(hint).on_disabled_hover_text(hint).clicked() {
                out.push(Intent::Model(ModelIntent::Tune));
            }
            ui.label(egui::RichText::new(model.threads.to_string()).color(p.text));
        });
    });
    let Some(tuned) = view.tuned(model) else { return };
    let trials: Vec<String> = tuned.trials.iter().map(|t| (w.trial)(t.threads, t.total_ms)).collect();
    let text = egui::RichText::new(trials.join("  ·  ")).small().color(p.weak);
    ui.add(egui::Label::new(text).wrap()).on_hover_text(w.measured_hint);
}
