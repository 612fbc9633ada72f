//! Parts of the rows of both lists.

use egui::{self, Align2, Color32, Response, Sense, TextStyle, Ui, vec2};

use crate::app::style::{Palette, palette};
use crate::library::Permits;
use crate::model::Task;
use crate::scene::palette::class as class_colour;

/// A small word on a tinted ground.
pub fn chip(ui: &mut Ui, text: &str, colour: Color32) -> Response {
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, colour);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(14.0, 6.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    ui.painter().rect_filled(rect, 6, colour.gamma_multiply(0.16));
    let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, colour);
    response
}

/// The colour of a licence: green if everything is permitted, a warning if not.
pub fn licence_colour(p: &Palette, permits: Permits) -> Color32 {
    match permits {
        Permits::Commercial => p.good,
        Permits::Copyleft | Permits::Unstated => p.warn,
        Permits::NonCommercial => p.bad,
    }
}

/// A square in the task's colour with its first letter: it is seen before the text is read.
pub fn task_mark(ui: &mut Ui, task: Option<Task>, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(38.0, 38.0), Sense::hover());
    let p = palette(ui);
    let place = task.and_then(|t| Task::ALL.iter().position(|a| *a == t));
    let colour = place.map_or(p.weak, |n| {
        let [r, g, b] = class_colour(n as u32);
        Color32::from_rgb(r, g, b)
    });
    ui.painter().rect_filled(rect, 9, colour.gamma_multiply(0.22));
    let first: String = name.chars().take(1).collect();
    let ink = if ui.visuals().dark_mode {
        colour.lerp_to_gamma(Color32::WHITE, 0.35)
    } else {
        colour.lerp_to_gamma(Color32::BLACK, 0.45)
    };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, first, egui::FontId::proportional(18.0), ink);
    response.on_hover_text(name)
}

/// A star that is filled or not.
pub fn star(ui: &mut Ui, on: bool, label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 24.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, on, label));
    let p = palette(ui);
    let lit = response.hovered() || response.has_focus();
    let colour = if on {
        p.warn
    } else if lit {
        p.text
    } else {
        p.weak.gamma_multiply(0.6)
    };
    let centre = rect.center();
    let point = |i: usize| {
        let radius = if i.is_multiple_of(2) { 8.5 } else { 3.7 };
        centre
            + radius
                * egui::Vec2::angled(-std::f32::consts::FRAC_PI_2 + i as f32 * std::f32::consts::PI / 5.0)
    };
    let points: Vec<egui::Pos2> = (0..10).map(point).collect();
    if on {
        // A star isn't convex: five tips and the middle, each of which is.
        for tip in 0..5 {
            let at = |n: usize| points.get(n % 10).copied().unwrap_or(centre);
            let triangle = vec![at(2 * tip + 9), at(2 * tip), at(2 * tip + 1)];
            ui.painter().add(egui::Shape::convex_polygon(triangle, colour, egui::Stroke::NONE));
        }
        let middle: Vec<egui::Pos2> = points.iter().skip(1).step_by(2).copied().collect();
        ui.painter().add(egui::Shape::convex_polygon(middle, colour, egui::Stroke::NONE));
    } else {
        ui.painter().add(egui::Shape::closed_line(points, egui::Stroke::new(1.4, colour)));
    }
    response.on_hover_text(label)
}

/// A quiet bar of progress, 0..=1; without a length it only says that something moves.
pub fn progress(ui: &mut Ui, share: Option<f32>, width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, 6.0), Sense::hover());
    let p = palette(ui);
    ui.painter().rect_filled(rect, 3, p.button[0]);
    let part = if let Some(share) = share {
        egui::Rect::from_min_size(rect.min, vec2(rect.width() * share.clamp(0.0, 1.0), rect.height()))
    } else {
        let at = (ui.input(|i| i.time) * 0.6).fract() as f32;
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
        let left = rect.left() + rect.width() * 0.75 * at;
        egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(rect.width() * 0.25, rect.height()))
    };
    ui.painter().rect_filled(part, 3, p.accent);
}

/// A frame around one row or a group of rows.
pub fn row_frame(ui: &mut Ui, marked: bool, add: impl FnOnce(&mut Ui)) {
    let p = palette(ui);
    let line = if marked { p.accent } else { p.line };
    egui::Frame::new()
        .fill(p.raised)
        .stroke(egui::Stroke::new(1.0, line))
        .corner_radius(crate::app::style::CARD_RADIUS)
        .inner_margin(egui::Margin::symmetric(12, 9))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui);
        });
}
