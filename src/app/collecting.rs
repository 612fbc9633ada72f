//! Says over the preview into which data set frames are collected, and what became of the last one.

use egui::{self, Sense, Ui, WidgetInfo, vec2};

use super::style::palette;
use super::view::{Collected, View};

/// Shows the data set's name, its number of images and what became of the last frame, once one was collected.
pub fn badge(ui: &Ui, view: &View<'_>, area: egui::Rect) {
    let w = &view.strings.datasets;
    let Some((of, last)) = view.dataset.collecting.and_then(|of| Some((of, of.last?))) else { return };
    let p = palette(ui);
    let (state, colour) = match last {
        Collected::Saving => (w.collecting, p.warn),
        Collected::Saved => (w.last_saved, p.good),
        Collected::Failed => (w.last_failed, p.bad),
    };
    let mut text = String::new();
    let whole = format!("{} · {state}", (w.collected)(&of.name, of.images));
    crate::scene::fonts::push_shown(&whole, &mut text);
    let font = egui::FontId::proportional(14.0);
    let galley = ui.painter().layout_no_wrap(text.clone(), font, egui::Color32::WHITE);
    let size = galley.size() + vec2(38.0, 12.0);
    let rect = egui::Rect::from_min_size(area.left_bottom() + vec2(16.0, -16.0 - size.y), size);
    ui.painter().rect_filled(rect, 8, egui::Color32::from_black_alpha(190));
    ui.painter().circle_filled(egui::pos2(rect.left() + 17.0, rect.center().y), 5.0, colour);
    ui.painter().galley(egui::pos2(rect.left() + 29.0, rect.top() + 6.0), galley, egui::Color32::WHITE);
    let response = ui.interact(rect, ui.scope_id().with("collecting"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &text));
}
