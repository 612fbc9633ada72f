//! The confusion matrix.

use egui::{self, Align2, Color32, FontId, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::parts::class_colour;
use super::state::TeachPage;
use crate::app::style::palette;
use crate::app::view::View;
use crate::learn::teach::Confusion;

/// Shows the matrix; a click on a cell opens its images.
pub(super) fn ui(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    confusion: &Confusion,
    names: &[String],
) {
    let w = &view.strings.teach;
    let p = palette(ui);
    let count = confusion.rows.len();
    if count == 0 {
        return;
    }
    let width = ui.available_width();
    let label = (width * 0.3).clamp(60.0, 130.0);
    let side = ((width - label) / count as f32).clamp(16.0, 54.0);
    let height = side.min(34.0);
    let head = 20.0;
    let (rect, _) = ui.allocate_exact_size(vec2(width, head + height * count as f32), Sense::hover());
    let font = FontId::proportional(12.5);
    let name_of = |ui: &Ui, class: usize, room: f32| {
        let name = names.get(class).map_or("", String::as_str);
        egui::WidgetText::from(egui::RichText::new(name).size(12.5)).into_galley(
            ui,
            Some(egui::TextWrapMode::Truncate),
            room,
            egui::TextStyle::Body,
        )
    };
    for class in 0..count {
        let x = rect.left() + label + side * class as f32;
        let mark = Rect::from_min_size(pos2(x + 2.0, rect.top() + head - 4.0), vec2(side - 4.0, 3.0));
        ui.painter().rect_filled(mark, 1, class_colour(class));
        if side >= 30.0 {
            let galley = name_of(ui, class, side - 4.0);
            let at = pos2(x + (side - galley.size().x) / 2.0, rect.top());
            ui.painter().galley(at, galley, p.weak);
        }
        let y = rect.top() + head + height * class as f32;
        let mark = Rect::from_min_size(pos2(rect.left(), y + 4.0), vec2(3.0, height - 8.0));
        ui.painter().rect_filled(mark, 1, class_colour(class));
        let galley = name_of(ui, class, label - 14.0);
        ui.painter().galley(pos2(rect.left() + 9.0, y + (height - galley.size().y) / 2.0), galley, p.text);
    }
    for (class, row) in confusion.rows.iter().enumerate() {
        let all: usize = row.iter().sum();
        for (taken_for, &times) in row.iter().enumerate() {
            let at = pos2(
                rect.left() + label + side * taken_for as f32,
                rect.top() + head + height * class as f32,
            );
            let cell = Rect::from_min_size(at, vec2(side, height)).shrink(1.0);
            let response = ui.interact(cell, ui.scope_id().with(("cell", class, taken_for)), Sense::click());
            let own = names.get(class).map_or("", String::as_str);
            let other = names.get(taken_for).map_or("", String::as_str);
            let text = (w.confusion_cell)(own, other, times);
            let chosen = page.cell == Some((class, taken_for));
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &text));
            let base = if class == taken_for { p.good } else { p.bad };
            let share = times as f32 / all.max(1) as f32;
            let ground = if times == 0 { p.button[0] } else { blend(p.button[0], base, 0.25 + 0.55 * share) };
            ui.painter().rect_filled(cell, 4, ground);
            if chosen || response.hovered() {
                ui.painter().rect_stroke(cell, 4, Stroke::new(1.5, p.accent), StrokeKind::Inside);
            }
            if times > 0 {
                ui.painter().text(
                    cell.center(),
                    Align2::CENTER_CENTER,
                    times.to_string(),
                    font.clone(),
                    p.strong,
                );
            }
            if response.clicked() {
                page.cell = if chosen || times == 0 { None } else { Some((class, taken_for)) };
            }
            response.on_hover_text(text);
        }
    }
}

fn blend(a: Color32, b: Color32, share: f32) -> Color32 {
    let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
    Color32::from_rgb(mix(a.r(), b.r()), mix(a.g(), b.g()), mix(a.b(), b.b()))
}
