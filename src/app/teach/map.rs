//! The map of the examples.

use egui::{self, Sense, Stroke, Ui, pos2, vec2};

use super::live::named;
use super::parts::{class_colour, picture_hover};
use super::state::{Learned, TeachPage};
use crate::app::style::palette;
use crate::app::view::View;

/// Principal component analysis: Jolliffe and Cadima, 2016.
pub(super) const PCA: &str = "https://doi.org/10.1098/rsta.2015.0202";
/// How near the pointer must be to a point.
const NEAR: f32 = 12.0;

/// Shows a point for each example; the picture of the one under the pointer.
pub(super) fn ui(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, learned: &Learned, names: &[String]) {
    let w = &view.strings.teach;
    let p = palette(ui);
    let size = vec2(ui.available_width(), (ui.available_width() * 0.72).min(300.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, w.map));
    ui.painter().rect_filled(rect, 8, p.panel);
    let inner = rect.shrink(12.0);
    let place = |point: &[f32; 2]| {
        let x = inner.center().x + point[0].clamp(-1.0, 1.0) * inner.width() / 2.0;
        pos2(x, inner.center().y - point[1].clamp(-1.0, 1.0) * inner.height() / 2.0)
    };
    let pointer = response.hover_pos();
    let mut nearest: Option<(f32, usize)> = None;
    for (number, (point, sample)) in learned.map.iter().zip(&learned.samples.train).enumerate() {
        let at = place(point);
        ui.painter().circle(at, 4.5, class_colour(sample.class), Stroke::new(1.0, p.panel));
        if let Some(pointer) = pointer {
            let distance = at.distance(pointer);
            if distance < NEAR && nearest.is_none_or(|(best, _)| distance < best) {
                nearest = Some((distance, number));
            }
        }
    }
    if let Some((_, number)) = nearest
        && let (Some(point), Some(sample)) = (learned.map.get(number), learned.samples.train.get(number))
    {
        ui.painter().circle_stroke(place(point), 7.0, Stroke::new(2.0, p.strong));
        let name = names.get(sample.class).map_or("", String::as_str);
        response.on_hover_ui_at_pointer(|ui| picture_hover(page, ui, view, &sample.path, name));
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (class, name) in names.iter().enumerate() {
            named(ui, class, name);
            ui.add_space(6.0);
        }
    });
}
