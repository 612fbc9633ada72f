//! The thresholds of results, and how results are combined with the preview.

use egui::Ui;

use super::intent::{Intent, ResultIntent};
use super::view::View;
use super::widgets::{section, slider_row};
use crate::model::Task;

/// Shows the sliders.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    let task = view.model.current.as_ref().map(|c| c.spec.task);
    let has_boxes =
        !matches!(task, Some(Task::Stylize | Task::Depth | Task::Matte | Task::Semantic | Task::Classify));
    section(ui, if has_boxes { s.detection } else { s.result }, |ui| {
        if has_boxes {
            let t = view.thresholds;
            let percent = |v: f32| format!("{:.0}%", v * 100.0);
            // Below 1 % there are thousands of candidates, and none is meaningful.
            if let Some(v) =
                slider_row(ui, s.confidence, s.confidence_hint, t.conf, 0.01..=0.99, &percent(t.conf))
            {
                out.push(Intent::Result(ResultIntent::Conf(v)));
            }
            if let Some(v) = slider_row(ui, s.iou, s.iou_hint, t.iou, 0.05..=0.95, &percent(t.iou)) {
                out.push(Intent::Result(ResultIntent::Iou(v)));
            }
        }
        if matches!(task, Some(Task::Stylize | Task::Depth | Task::Matte)) {
            let amount = view.settings.amount;
            let shown = format!("{:.0}%", amount * 100.0);
            if let Some(v) = slider_row(ui, s.amount, s.amount_hint, amount, 0.0..=1.0, &shown) {
                out.push(Intent::Result(ResultIntent::Amount(v)));
            }
        }
        let mut on = view.settings.result_on_own_frame;
        if ui.checkbox(&mut on, s.own_frame).on_hover_text(s.own_frame_hint).changed() {
            out.push(Intent::Result(ResultIntent::OwnFrame(on)));
        }
    });
}
