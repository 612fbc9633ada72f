//! The live picture with the scores of the newest frame; below it training and the backbone.

use std::sync::Arc;

use egui::{
    self, Align2, Color32, ColorImage, CornerRadius, FontId, Rect, Sense, Stroke, StrokeKind, TextureOptions,
    Ui, pos2, vec2,
};

use super::parts::{About, class_colour, class_mark, panel, weak};
use super::state::{LivePhase, TeachPage};
use super::training;
use crate::app::inside::perturbed_note;
use crate::app::intent::{Intent, TeachIntent, TeachTab};
use crate::app::stage::{Stage, fit};
use crate::app::strings::shown;
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::follow_focus;

/// What a softmax's confidence means, and when it is too sure: Guo et al., 2017.
const CONFIDENCE: &str = "https://arxiv.org/abs/1706.04599";

pub(super) fn ui(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    stage: &mut Stage,
    out: &mut Vec<Intent>,
) {
    let room = ui.available_rect_before_wrap();
    if page.tab == TeachTab::Find {
        picture(page, ui, view, stage, room.with_max_y(room.max.y - 8.0), out);
        return;
    }
    let height = (room.width() * 9.0 / 16.0).min(room.height() * 0.46);
    let area = Rect::from_min_size(room.min, vec2(room.width(), height));
    ui.allocate_rect(area, Sense::hover());
    picture(page, ui, view, stage, area, out);
    ui.add_space(2.0);
    let margin = egui::Margin { right: 8, ..egui::Margin::ZERO };
    let scroll = egui::ScrollArea::vertical().id_salt("teach below").auto_shrink([false, false]);
    scroll.content_margin(margin).show(ui, |ui| {
        scores(page, ui, view);
        training::ui(page, ui, view, out);
        training::backbone_ui(page, ui, view, out);
        follow_focus(ui);
    });
}

fn picture(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    stage: &mut Stage,
    area: Rect,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let w = &view.strings.teach;
    ui.painter().rect_filled(area, 8, p.stage);
    let Some(size) = stage.size().filter(|_| view.info().is_some()) else {
        let inner = area.shrink(20.0);
        let text = egui::WidgetText::from(egui::RichText::new(w.no_picture).color(p.weak));
        let galley =
            text.into_galley(ui, Some(egui::TextWrapMode::Wrap), inner.width(), egui::TextStyle::Body);
        ui.painter().galley(inner.center() - galley.size() / 2.0, galley, p.weak);
        let label = ui.interact(inner, ui.scope_id().with("no picture"), Sense::hover());
        label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, w.no_picture));
        return;
    };
    let at = fit(size, area);
    stage.paint_frame(ui.painter(), at, view.mirrored);
    let mirrored = stage.is_mirrored(view.mirrored);
    if page.tab == TeachTab::Find {
        overlay(page, ui, at, mirrored);
        point(page, ui, view, at, mirrored, out);
    }
    if let Some(class) = page.collecting {
        let colour = class_colour(class);
        ui.painter().rect_stroke(at, 4, Stroke::new(4.0, colour), StrokeKind::Inside);
        let name = page.name(class).map(shown).unwrap_or_default();
        badge(ui, at, &format!("{name}  {}", page.count(class)), colour);
    } else if page.tab != TeachTab::Find
        && let Some((class, score)) = best(page)
        && let Some(learned) = &page.learned
        && let Some(name) = learned.samples.names.get(class)
    {
        badge(ui, at, &format!("{}  {:.0}%", shown(name), score * 100.0), class_colour(class));
    }
    // At the top, because the badge is at the bottom. Examples of a changed picture would be learned as they are.
    let top = at.with_max_y(at.top() + 58.0);
    perturbed_note(ui, top, &view.strings.inside, &view.perturbation, out);
}

/// The class with the highest score of the newest frame.
fn best(page: &TeachPage) -> Option<(usize, f32)> {
    let scores = page.live.scores.iter().copied().enumerate();
    scores.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// A line over the lower edge of the picture.
fn badge(ui: &Ui, at: Rect, text: &str, colour: Color32) {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(17.0), Color32::WHITE);
    let size = galley.size() + vec2(40.0, 12.0);
    let rect = Rect::from_center_size(at.center_bottom() - vec2(0.0, 12.0 + size.y / 2.0), size);
    // The ground is dark in both themes: it lies on an image.
    ui.painter().rect_filled(rect, 10, Color32::from_black_alpha(190));
    ui.painter().circle_filled(pos2(rect.left() + 18.0, rect.center().y), 5.0, colour);
    ui.painter().galley(rect.min + vec2(30.0, 6.0), galley, Color32::WHITE);
}

/// A bar for each class.
fn scores(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>) {
    let w = &view.strings.teach;
    let about = About {
        id: "live",
        title: w.live,
        term: "Confidence · 置信度",
        text: w.about_live,
        paper: CONFIDENCE,
    };
    panel(page, ui, view, &about, |page, ui| {
        let p = palette(ui);
        let Some(learned) = page.learned.clone() else {
            weak(ui, w.live_waiting);
            return;
        };
        match &page.live.phase {
            LivePhase::Failed(text) => {
                ui.add(egui::Label::new(egui::RichText::new(text).color(p.bad)).wrap());
            }
            LivePhase::Opening | LivePhase::Off if page.live.scores.is_empty() => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(16.0));
                    ui.label(w.live_opening);
                });
            }
            _ => {}
        }
        let top = best(page).map(|(class, _)| class);
        for (class, name) in learned.samples.names.iter().enumerate() {
            let score = page.live.scores.get(class).copied();
            bar(ui, class, &shown(name), score, top == Some(class));
        }
        if !page.live.scores.is_empty() {
            ui.label(egui::RichText::new((w.ms)(page.live.ms)).small().color(p.weak));
        }
    });
}

fn bar(ui: &mut Ui, class: usize, name: &str, score: Option<f32>, is_top: bool) {
    let p = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
    let percent = score.map_or_else(|| "–".to_owned(), |score| format!("{:.0}%", score * 100.0));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {percent}")));
    let names = (rect.width() * 0.34).clamp(80.0, 180.0);
    let colour = if is_top { p.strong } else { p.text };
    let text = egui::WidgetText::from(egui::RichText::new(name).color(colour));
    let galley = text.into_galley(ui, Some(egui::TextWrapMode::Truncate), names - 8.0, egui::TextStyle::Body);
    ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, colour);
    let track = Rect::from_min_max(
        pos2(rect.left() + names, rect.top() + 4.0),
        pos2(rect.right() - 46.0, rect.bottom() - 4.0),
    );
    ui.painter().rect_filled(track, CornerRadius::same(5), p.button[0]);
    let mut filled = track;
    filled.set_width(track.width() * score.unwrap_or(0.0).clamp(0.0, 1.0));
    if filled.width() >= 1.0 {
        ui.painter().rect_filled(filled, CornerRadius::same(5), class_colour(class));
    }
    let font = FontId::proportional(13.0);
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, percent, font, colour);
}

/// Lays what was found over the picture: what isn't alike is darkened.
fn overlay(page: &mut TeachPage, ui: &Ui, at: Rect, mirrored: bool) {
    let found = &page.live.found;
    let Some(map) = found.maps.get(found.chosen) else { return };
    let size = [map.width, map.height];
    let cells = map.width * map.height;
    let limit = page.find.limit;
    let coloured = page.find.colours && found.colours.len() == cells;
    if !coloured && found.similarity.len() != cells {
        return;
    }
    let shows = (found.number, limit.to_bits(), coloured);
    if page.overlay.as_ref().is_none_or(|(of, _)| *of != shows) {
        let pixels: Vec<Color32> = if coloured {
            let colour = |[r, g, b]: &[u8; 3]| Color32::from_rgba_unmultiplied(*r, *g, *b, 190);
            found.colours.iter().map(colour).collect()
        } else {
            found.similarity.iter().map(|value| lit(*value, limit)).collect()
        };
        let image = Arc::new(ColorImage::new(size, pixels));
        if let Some((of, texture)) = &mut page.overlay {
            *of = shows;
            texture.set(image, TextureOptions::LINEAR);
        } else {
            let texture = ui.ctx().load_texture("teach find", image, TextureOptions::LINEAR);
            page.overlay = Some((shows, texture));
        }
    }
    let Some((_, texture)) = &page.overlay else { return };
    let [x1, y1, x2, y2] = found.covered;
    let x = |share: f32| at.left() + share * at.width();
    let y = |share: f32| at.top() + share * at.height();
    let (x1, x2) = if mirrored { (1.0 - x2, 1.0 - x1) } else { (x1, x2) };
    let rect = Rect::from_min_max(pos2(x(x1), y(y1)), pos2(x(x2), y(y2)));
    let (left, right) = if mirrored { (1.0, 0.0) } else { (0.0, 1.0) };
    let uv = Rect { min: pos2(left, 0.0), max: pos2(right, 1.0) };
    let painter = ui.painter().with_clip_rect(at.intersect(ui.clip_rect()));
    painter.image(texture.id(), rect, uv, Color32::WHITE);
}

/// How a cell of this similarity is painted: dark below the limit, warm above it.
fn lit(similarity: f32, limit: f32) -> Color32 {
    let below = ((limit - similarity) / 0.15).clamp(0.0, 1.0);
    if similarity < limit {
        return Color32::from_black_alpha((90.0 + 90.0 * below) as u8);
    }
    let above = ((similarity - limit) / (1.0 - limit).max(0.05)).clamp(0.0, 1.0);
    Color32::from_rgba_unmultiplied(255, 176, 0, (70.0 + 90.0 * above) as u8)
}

/// A click or a dragged box names the example.
fn point(page: &mut TeachPage, ui: &Ui, view: &View<'_>, at: Rect, mirrored: bool, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let response = ui.interact(at, ui.scope_id().with("find in the picture"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, w.find_title));
    let share = |point: egui::Pos2| {
        let x = ((point.x - at.left()) / at.width()).clamp(0.0, 1.0);
        let y = ((point.y - at.top()) / at.height()).clamp(0.0, 1.0);
        [if mirrored { 1.0 - x } else { x }, y]
    };
    let part = |a: egui::Pos2, b: egui::Pos2| {
        let ([ax, ay], [bx, by]) = (share(a), share(b));
        [ax.min(bx), ay.min(by), ax.max(bx), ay.max(by)]
    };
    if response.drag_started() {
        page.find.from = response.interact_pointer_pos();
    }
    let now = response.interact_pointer_pos();
    let stroke = Stroke::new(2.0, Color32::WHITE);
    if let (Some(from), Some(to)) = (page.find.from, now)
        && response.dragged()
    {
        let rect = Rect::from_two_pos(from, to).intersect(at);
        ui.painter().rect_stroke(rect, 2, stroke, StrokeKind::Middle);
    }
    if response.drag_stopped() {
        if let (Some(from), Some(to)) = (page.find.from.take(), now) {
            out.push(Intent::Teach(TeachIntent::Find(Some(part(from, to)))));
        }
    } else if response.clicked()
        && let Some(to) = now
    {
        out.push(Intent::Teach(TeachIntent::Find(Some(part(to, to)))));
    } else if let Some(example) = page.find.example.filter(|_| !response.dragged()) {
        // Where the example was, as long as it says something.
        let [x1, y1, x2, y2] = example;
        let x = |share: f32| at.left() + if mirrored { 1.0 - share } else { share } * at.width();
        let y = |share: f32| at.top() + share * at.height();
        let rect = Rect::from_two_pos(pos2(x(x1), y(y1)), pos2(x(x2), y(y2)));
        if rect.width() < 4.0 && rect.height() < 4.0 {
            ui.painter().circle_stroke(rect.center(), 7.0, stroke);
        } else {
            ui.painter().rect_stroke(rect, 2, stroke, StrokeKind::Middle);
        }
    }
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
    }
}

/// The mark of a class with its name.
pub(super) fn named(ui: &mut Ui, class: usize, name: &str) {
    class_mark(ui, class);
    ui.label(shown(name));
}
