//! The figures: rates, stages, ages, losses. In the side panel and, in short, over the preview.

use egui::{self, Ui};

use super::view::View;
use super::widgets::{figure_row, section_with};
use crate::engine::{Percentiles, SourceState, Stats};

/// What stands for a value that isn't measured now.
const NONE: &str = "–";

/// A time in milliseconds; a stage that didn't run in the last seconds has none.
fn ms(value: f32) -> String {
    if value <= 0.0 {
        NONE.to_owned()
    } else if value < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A rate in frames a second; nothing goes on while the source is paused or has ended.
fn rate(view: &View<'_>, value: f32) -> String {
    let rests = view.is_paused() || matches!(view.source, SourceState::Ended { .. });
    if rests && value < 0.05 { NONE.to_owned() } else { (view.strings.per_second)(value) }
}

fn spread(s: Percentiles) -> String {
    if s.median <= 0.0 { NONE.to_owned() } else { format!("{} · {}", ms(s.median), ms(s.p95)) }
}

/// Whether anything is measured: not without a source, nor on an image without a model.
#[must_use]
pub fn has_any(view: &View<'_>) -> bool {
    view.info().is_some() && !(view.is_still() && view.model.current.is_none())
}

/// Shows the part of the side panel with the figures, folded away at first.
pub fn ui(ui: &mut Ui, view: &View<'_>) {
    let s = view.strings;
    let stats = view.stats;
    if !has_any(view) {
        return;
    }
    section_with(
        ui,
        s.figures,
        |_| {},
        |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let still = view.is_still();
            if !still {
                figure_row(ui, s.camera_rate, &rate(view, stats.source_fps));
                figure_row(ui, s.preview_rate, &rate(view, stats.preview_fps));
                if view.model.current.is_some() {
                    figure_row(ui, s.inference_rate, &rate(view, stats.inference_fps));
                }
                hinted(ui, s.age_shown, s.age_shown_hint, &age(stats.shown_age));
                if view.model.current.is_some() {
                    hinted(ui, s.age_result, s.age_shown_hint, &age(stats.prediction_age));
                    hinted(ui, s.skipped, s.skipped_hint, &stats.dropped.to_string());
                }
                hinted(ui, s.lost, s.lost_hint, &stats.lost.to_string());
                ui.add_space(6.0);
            }
            // An image is processed once: there is no spread.
            let shown = |times: Percentiles| if still { ms(times.median) } else { spread(times) };
            if still {
                hinted(ui, s.single_run, s.single_run_hint, "ms");
            } else {
                figure_row(ui, s.stages, s.median_p95);
            }
            figure_row(ui, s.decode, &shown(stats.decode));
            if view.model.current.is_some() {
                for (name, value) in [
                    (s.prepare, stats.input),
                    (s.inference, stats.inference),
                    (s.output, stats.output),
                    (s.total, stats.total),
                ] {
                    figure_row(ui, name, &shown(value));
                }
            }
        },
    );
}

fn age(s: Percentiles) -> String {
    if s.median <= 0.0 { NONE.to_owned() } else { format!("{} ms", ms(s.median)) }
}

fn hinted(ui: &mut Ui, name: &str, hint: &str, value: &str) {
    figure_row(ui, name, value).on_hover_text(hint);
}

/// The figures in short, over a corner of the preview.
pub fn overlay(ui: &mut Ui, view: &View<'_>, stage: egui::Rect, corner: egui::Align2) {
    let s = view.strings;
    let Stats { source_fps, preview_fps, inference_fps, .. } = *view.stats;
    let stats = view.stats;
    let mut lines = Vec::new();
    if view.is_still() {
        // It is looked at once, and read before that: there are no rates, and its age says nothing.
        if view.model.current.is_some() {
            lines.push((s.single_run, String::new()));
            let stages = [(s.prepare, stats.input), (s.inference, stats.inference)];
            lines.extend(stages.map(|(name, time)| (name, age(time))));
            lines.extend([(s.output, age(stats.output)), (s.total, age(stats.total))]);
        }
    } else {
        lines.push((s.camera_rate, rate(view, source_fps)));
        lines.push((s.preview_rate, rate(view, preview_fps)));
        // Each compared model has its own figures above its preview.
        if view.model.current.is_some() && !view.comparing {
            lines.push((s.inference_rate, rate(view, inference_fps)));
            lines.push((s.inference, age(stats.inference)));
        }
        lines.push((s.age_shown, age(stats.shown_age)));
    }
    if lines.is_empty() {
        return;
    }
    let font = egui::TextStyle::Small.resolve(ui.style());
    let line = 17.0;
    let size = egui::vec2(150.0, line * lines.len() as f32 + 14.0);
    let rect = corner.align_size_within_rect(size, stage.shrink(12.0));
    // The ground is dark in both themes: it lies on an image.
    ui.painter().rect_filled(rect, 8, egui::Color32::from_black_alpha(170));
    for (n, (name, value)) in lines.iter().enumerate() {
        let y = rect.top() + 7.0 + line * (n as f32 + 0.5);
        let grey = egui::Color32::from_gray(190);
        let left = egui::pos2(rect.left() + 10.0, y);
        ui.painter().text(left, egui::Align2::LEFT_CENTER, name, font.clone(), grey);
        let right = egui::pos2(rect.right() - 10.0, y);
        ui.painter().text(right, egui::Align2::RIGHT_CENTER, value, font.clone(), egui::Color32::WHITE);
    }
    let text = lines.iter().map(|(n, v)| format!("{n} {v}")).collect::<Vec<_>>().join(", ");
    ui.interact(rect, ui.scope_id().with("figures"), egui::Sense::hover())
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &text));
}
