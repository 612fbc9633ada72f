//! The thresholds of results, and how results are combined with the preview.

use egui::Ui;

use super::intent::{Intent, ResultIntent};
use super::view::View;
use super::widgets::{section, slider_row};
use crate::model::{Family, Task};

/// Whether there is anything to set: without a model there is nothing that these limit; while one loads they stay, so that the
/// panel doesn't jump.
#[must_use]
pub fn has_any(view: &View<'_>) -> bool {
    let runs = view.model.current.is_some() || view.loading().is_some();
    let task = view.model.current.as_ref().map(|c| c.spec.task);
    runs && !(view.is_still() && matches!(task, Some(Task::Semantic | Task::Classify)))
}

/// Shows the sliders.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    if !has_any(view) {
        return;
    }
    let s = view.strings;
    let task = view.model.current.as_ref().map(|c| c.spec.task);
    let has_boxes =
        !matches!(task, Some(Task::Stylize | Task::Depth | Task::Matte | Task::Semantic | Task::Classify));
    section(ui, if has_boxes { s.detection } else { s.result }, |ui| {
        if has_boxes {
            let t = view.thresholds;
            let family = view.model.current.as_ref().map(|model| model.spec.family);
            let usual = family.map(Family::thresholds).unwrap_or_default();
            let percent = |v: f32| format!("{:.0}%", v * 100.0);
            let shown = |v: f32, usual: f32| {
                if v == usual { format!("{} · {}", percent(v), s.default_limit) } else { percent(v) }
            };
            // Below 1 % there are thousands of candidates, and none is meaningful.
            if let Some(v) = slider_row(
                ui,
                s.confidence,
                s.confidence_hint,
                t.conf,
                0.01..=0.99,
                &shown(t.conf, usual.conf),
            ) {
                out.push(Intent::Result(ResultIntent::Conf(v)));
            }
            if let Some(v) = slider_row(ui, s.iou, s.iou_hint, t.iou, 0.05..=0.95, &shown(t.iou, usual.iou)) {
                out.push(Intent::Result(ResultIntent::Iou(v)));
            }
            if let Some(family) = family.filter(|_| (t.conf, t.iou) != (usual.conf, usual.iou)) {
                let hint = (s.default_limits_hint)(&percent(usual.conf), &percent(usual.iou));
                if ui
                    .button((s.default_limits)(crate::app::strings::family_name(view.language, family)))
                    .on_hover_text(hint)
                    .clicked()
                {
                    out.push(Intent::Result(ResultIntent::UsualLimits));
                }
            }
        }
        if matches!(task, Some(Task::Stylize | Task::Depth | Task::Matte)) {
            let amount = view.settings.amount;
            let shown = format!("{:.0}%", amount * 100.0);
            if let Some(v) = slider_row(ui, s.amount, s.amount_hint, amount, 0.0..=1.0, &shown) {
                out.push(Intent::Result(ResultIntent::Amount(v)));
            }
        }
        // An image is one frame: its result is always its own.
        if view.is_still() {
            return;
        }
        if task.is_none_or(Task::finds_objects) {
            let mut on = view.settings.follow_objects;
            let follow = egui::Checkbox::new(&mut on, s.follow);
            let own_frame = view.settings.result_on_own_frame;
            if ui.add_enabled(!own_frame, follow).on_hover_text(s.follow_hint).changed() {
                out.push(Intent::Result(ResultIntent::Follow(on)));
            }
        }
        let mut on = view.settings.result_on_own_frame;
        if ui.checkbox(&mut on, s.own_frame).on_hover_text(s.own_frame_hint).changed() {
            out.push(Intent::Result(ResultIntent::OwnFrame(on)));
        }
    });
}
