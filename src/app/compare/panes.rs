//! The panes of a comparison: the frame once for each model, or two models on the two sides of one frame.

use egui::{self, Align2, CursorIcon, EventFilter, Id, Key, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::pane::{Pane, colour};
use crate::app::icons;
use crate::app::intent::{CompareIntent, Intent};
use crate::app::stage::{Stage, fit};
use crate::app::style::palette;
use crate::app::view::View;
use crate::scene::screen_painter::ScreenPainter;

/// How far a key moves the divider, as a share of the frame's width.
const STEP: f32 = 0.02;

/// Paints the frame with the results of one model.
pub fn tile(
    ui: &Ui,
    area: Rect,
    view: &View<'_>,
    stage: &Stage,
    painter: &mut ScreenPainter,
    pane: &Pane<'_>,
) {
    let Some(size) = stage.size() else { return };
    let at = fit(size, area);
    let onto = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    stage.paint_frame(&onto, at, view.mirrored);
    paint_scene(&onto, at, stage, painter, pane);
}

/// Paints the scene of a model over the frame at `at`, if the model has a result.
fn paint_scene(onto: &egui::Painter, at: Rect, stage: &Stage, painter: &mut ScreenPainter, pane: &Pane<'_>) {
    if let Some(scene) = stage.scene(pane.index).filter(|_| pane.prediction.is_some()) {
        painter.paint(onto, at, scene);
    }
}

/// Paints one frame with the first model's results left of the divider and the second's right of it.
pub fn split_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    stage: &Stage,
    painters: &mut [ScreenPainter],
    panes: &[Pane<'_>],
    out: &mut Vec<Intent>,
) {
    let Some(size) = stage.size() else { return };
    let at = fit(size, area);
    let share = divider(ui, at, view, out);
    let cut = at.left() + share * at.width();
    let clip = at.intersect(ui.clip_rect());
    let sides = [
        Rect::from_min_max(clip.min, pos2(cut, clip.bottom())),
        Rect::from_min_max(pos2(cut, clip.top()), clip.max),
    ];
    stage.paint_frame(&ui.painter().with_clip_rect(clip), at, view.mirrored);
    for ((painter, pane), side) in painters.iter_mut().zip(panes).zip(sides) {
        paint_scene(&ui.painter().with_clip_rect(side), at, stage, painter, pane);
        state_ui(ui, side, view, pane);
    }
    handle(ui, at, cut);
}

fn divider_id(ui: &Ui) -> Id {
    ui.scope_id().with("compare divider")
}

/// Moves the divider. Returns where it is, as a share of the frame's width.
fn divider(ui: &mut Ui, at: Rect, view: &View<'_>, out: &mut Vec<Intent>) -> f32 {
    let share = view.settings.compare_divider.clamp(0.0, 1.0);
    let x = at.left() + share * at.width();
    let id = divider_id(ui);
    let grip = Rect::from_center_size(pos2(x, at.center().y), vec2(24.0, at.height()));
    let response = ui.interact(grip, id, Sense::click_and_drag());
    let label = view.strings.compare.divider;
    response.widget_info(|| WidgetInfo::slider(true, f64::from(share), label));
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    let mut moved = share;
    if response.double_clicked() {
        moved = 0.5;
    } else if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        moved = (pointer.x - at.left()) / at.width();
    } else if response.has_focus() {
        let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, arrows));
        let presses = |key| ui.input(|input| input.num_presses(key)) as f32;
        moved += (presses(Key::ArrowRight) - presses(Key::ArrowLeft)) * STEP;
    }
    let moved = moved.clamp(0.0, 1.0);
    if moved != share {
        out.push(Intent::Compare(CompareIntent::Divider(moved)));
    }
    moved
}

/// The line between the two sides, with its grip.
fn handle(ui: &Ui, at: Rect, x: f32) {
    let focused = ui.memory(|memory| memory.has_focus(divider_id(ui)));
    let p = palette(ui);
    let painter = ui.painter();
    let shade = egui::Color32::from_black_alpha(110);
    let (top, bottom) = (pos2(x, at.top()), pos2(x, at.bottom()));
    painter.line_segment([top, bottom], Stroke::new(5.0, shade));
    painter.line_segment([top, bottom], Stroke::new(2.0, egui::Color32::WHITE));
    let centre = pos2(x, at.center().y);
    painter.circle_filled(centre, 17.0, shade);
    painter.circle_filled(centre, 15.0, egui::Color32::WHITE);
    if focused {
        painter.circle_stroke(centre, 17.0, Stroke::new(2.5, p.accent));
    }
    for (side, index) in [(-1.0, 0), (1.0, 1)] {
        // Arrows in the colours of the models: which side is whose.
        let tip = centre + vec2(side * 10.5, 0.0);
        let back = centre.x + side * 3.5;
        let points = vec![tip, pos2(back, centre.y - 6.0), pos2(back, centre.y + 6.0)];
        painter.add(egui::Shape::convex_polygon(points, colour(index), Stroke::NONE));
    }
}

/// Shows over a model's pane that the model is being opened, or why it does not run.
pub fn state_ui(ui: &Ui, area: Rect, view: &View<'_>, pane: &Pane<'_>) {
    let text = match (&pane.failed, pane.opening) {
        (Some(failed), _) => failed.clone(),
        (None, true) => (view.strings.loading_model)(&pane.name),
        (None, false) => return,
    };
    let p = palette(ui);
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    let font = egui::FontId::proportional(14.0);
    let ink = if pane.failed.is_some() { p.warn } else { p.strong };
    let galley = painter.layout(text, font, ink, (area.width() - 48.0).max(40.0));
    let spinner = if pane.failed.is_none() { 30.0 } else { 0.0 };
    let size = galley.size() + vec2(28.0 + spinner, 20.0);
    let card = Align2::CENTER_CENTER.align_size_within_rect(size, area);
    painter.rect_filled(card, 10, p.raised.gamma_multiply(0.94));
    if pane.failed.is_none() {
        let centre = pos2(card.left() + 24.0, card.center().y);
        icons::draw_spinner(&painter, centre, 8.0, p.accent, ui.input(|input| input.time));
        ui.ctx().request_repaint();
    }
    painter.galley(pos2(card.left() + 14.0 + spinner, card.top() + 10.0), galley, ink);
}
