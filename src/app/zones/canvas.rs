//! The editor on the preview: the pointer, the keys, and what is painted over the picture.

use std::sync::Arc;

use egui::{
    self, Align2, Color32, CornerRadius, CursorIcon, FontId, Key, Pos2, Rect, Sense, Stroke, Ui, vec2,
};

use super::editor::Editor;
use super::shapes::{Grab, Item, Kind, Map, items, points, top};
use crate::app::intent::{Intent, ZonesIntent};
use crate::app::strings::zone_problem;
use crate::app::style::palette;
use crate::app::view::View;
use crate::scene::zones::{arrow, line_colour, write_line, write_zone, zone_colour};
use crate::track::Report;
use crate::track::zones::SceneFile;

/// How near the pointer must be to a point or an edge, in points of the screen.
const REACH: f32 = 9.0;
/// How far an arrow key moves a shape, as a share of the picture.
const STEP: f32 = 0.005;

/// Shows the editor over the picture, which lies at `at`.
pub fn ui(ui: &Ui, at: Rect, view: &View<'_>, editor: &mut Editor, out: &mut Vec<Intent>) {
    let scene = view.zones;
    let map = Map { at, mirrored: view.mirrored };
    let response = ui.interact(at.expand(REACH), ui.scope_id().with("zone editor"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, view.strings.zones.editor));
    let before = out.len();
    keys(ui, view, editor, out);
    pointer(ui, map, &response, view, editor, out);
    // A change of this pass is shown in the next one.
    if out.len() == before {
        paint(ui, map, scene, view, editor, response.hover_pos());
    }
}

/// Puts a new scene into effect.
fn change(scene: Option<Arc<SceneFile>>, out: &mut Vec<Intent>) {
    out.extend(scene.map(|scene| Intent::Zones(ZonesIntent::Change(scene))));
}

/// What a shape's name begins with.
fn word(view: &View<'_>, kind: Kind) -> &'static str {
    if kind == Kind::Line { view.strings.zones.line } else { view.strings.zones.zone }
}

fn keys(ui: &Ui, view: &View<'_>, editor: &mut Editor, out: &mut Vec<Intent>) {
    if view.typing || view.menu_open || view.help || ui.ctx().text_edit_focused() {
        return;
    }
    let scene = view.zones;
    let widget = ui.ctx().memory(|m| m.focused().is_some());
    let pressed = |key| ui.input(|i| i.key_pressed(key) && !i.modifiers.command && !i.modifiers.alt);
    if pressed(Key::Escape) && !editor.cancel() {
        if editor.selected.take().is_none() {
            out.push(Intent::Zones(ZonesIntent::Edit(false)));
        }
        return;
    }
    if let Some(kind) = editor.drawing {
        if pressed(Key::Enter) && !widget {
            let finished = editor.finish(scene, word(view, kind));
            change(finished, out);
        } else if pressed(Key::Backspace) {
            editor.take_back();
        }
        return;
    }
    if pressed(Key::Delete) || (pressed(Key::Backspace) && !widget) {
        change(editor.delete(scene), out);
    }
    if editor.selected.is_some() && !widget {
        let far = if ui.input(|i| i.modifiers.shift) { 10.0 * STEP } else { STEP };
        let right = if view.mirrored { -far } else { far };
        let ways = [
            (Key::ArrowLeft, [-right, 0.0]),
            (Key::ArrowRight, [right, 0.0]),
            (Key::ArrowUp, [0.0, -far]),
            (Key::ArrowDown, [0.0, far]),
        ];
        for (key, by) in ways {
            if pressed(key) {
                change(editor.nudge(scene, by), out);
            }
        }
    }
}

fn pointer(
    ui: &Ui,
    map: Map,
    response: &egui::Response,
    view: &View<'_>,
    editor: &mut Editor,
    out: &mut Vec<Intent>,
) {
    let scene = view.zones;
    let origin = ui.input(|i| i.pointer.press_origin()).unwrap_or_default();
    if let Some(kind) = editor.drawing {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
        let Some(pointer) = response.interact_pointer_pos() else { return };
        let word = word(view, kind);
        let closes = kind == Kind::Zone
            && editor.draft.len() >= 3
            && editor.draft.first().is_some_and(|first| map.to_screen(*first).distance(pointer) <= REACH);
        if response.drag_started() && kind == Kind::Line && editor.draft.is_empty() {
            // A line can be drawn in one move, too.
            change(editor.add_point(scene, map.to_picture(origin), word), out);
        } else if response.clicked() && (closes || (response.double_clicked() && editor.draft.len() >= 3)) {
            change(editor.finish(scene, word), out);
        } else if response.clicked() || response.drag_stopped() {
            change(editor.add_point(scene, map.to_picture(pointer), word), out);
        }
        return;
    }
    if let Some(pointer) = response.hover_pos().filter(|_| editor.drag.is_none()) {
        let icon = match map.hit(scene, pointer, editor.selected, REACH) {
            Some((_, Grab::Vertex(_))) => CursorIcon::Move,
            Some((Item::Zone(_), Grab::Edge(_))) => CursorIcon::Copy,
            Some(_) => CursorIcon::Grab,
            None => CursorIcon::Default,
        };
        ui.ctx().set_cursor_icon(icon);
    }
    if response.drag_started() {
        match map.hit(scene, origin, editor.selected, REACH) {
            Some((item, grab)) => editor.take(scene, item, grab, map.to_picture(origin)),
            None => editor.selected = None,
        }
    }
    if response.dragged() || response.drag_stopped() {
        if let Some(pointer) = response.interact_pointer_pos() {
            editor.pull(map.to_picture(pointer));
        }
        if response.drag_stopped() {
            change(editor.let_go(scene), out);
        }
    }
    if response.clicked() || response.secondary_clicked() {
        let hit = response.interact_pointer_pos().and_then(|at| map.hit(scene, at, editor.selected, REACH));
        editor.selected = hit.map(|(item, _)| item);
        editor.vertex = match hit {
            Some((_, Grab::Vertex(place))) => Some(place),
            _ => None,
        };
        editor.problem = None;
        // The other button removes a vertex.
        if response.secondary_clicked() && editor.vertex.is_some() && matches!(hit, Some((Item::Zone(_), _)))
        {
            change(editor.delete(scene), out);
        }
    }
}

fn paint(ui: &Ui, map: Map, scene: &SceneFile, view: &View<'_>, editor: &Editor, hover: Option<Pos2>) {
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(map.at.expand(REACH)));
    let p = palette(ui);
    let report = view.prediction.and_then(|prediction| prediction.report.as_deref());
    let all: Vec<Item> = items(scene).collect();
    for item in all.into_iter().rev() {
        let dragged = editor.drag.as_ref().filter(|drag| drag.item == item);
        let shown = dragged.map_or_else(|| points(scene, item), |drag| drag.now.as_slice());
        let corners: Vec<Pos2> = shown.iter().map(|point| map.to_screen(*point)).collect();
        let selected = editor.selected == Some(item);
        let colour = colour_of(scene, item);
        let width = if selected { 3.0 } else { 2.0 };
        for (a, b) in edges(&corners, item.kind()) {
            painter.line_segment([a, b], Stroke::new(width + 2.0, Color32::from_black_alpha(150)));
            painter.line_segment([a, b], Stroke::new(width, colour));
        }
        if let (Item::Line(_), [a, b]) = (item, shown) {
            // In screen points without the mirror, so that the arrow points to the right side of the picture's own line.
            let unmirrored = Map { mirrored: false, ..map };
            let ends = [*a, *b].map(|point| {
                let at = unmirrored.to_screen(point);
                [at.x, at.y]
            });
            for stroke in arrow(ends, 22.0) {
                let turned = stroke.map(|[x, y]| {
                    let x = if map.mirrored { map.at.left() + map.at.right() - x } else { x };
                    Pos2::new(x, y)
                });
                painter.line_segment(turned, Stroke::new(width + 2.0, Color32::from_black_alpha(150)));
                painter.line_segment(turned, Stroke::new(width, colour));
            }
        }
        if selected {
            for (place, corner) in corners.iter().enumerate() {
                let radius = if editor.vertex == Some(place) { 7.0 } else { 5.0 };
                painter.circle(*corner, radius, colour, Stroke::new(2.0, Color32::WHITE));
            }
            if let Item::Zone(_) = item {
                for (a, b) in edges(&corners, Kind::Zone) {
                    painter.circle(a.lerp(b, 0.5), 3.0, Color32::WHITE, Stroke::new(1.0, colour));
                }
            }
        }
        let mut text = String::new();
        label(scene, item, report, view, &mut text);
        let at = if item.kind() == Kind::Line { corners.first().copied() } else { Some(top(&corners)) };
        if let Some(at) = at {
            chip(&painter, at - vec2(0.0, 12.0), Align2::LEFT_BOTTOM, &text, colour, map.at);
        }
    }
    if let Some(kind) = editor.drawing {
        let mut corners: Vec<Pos2> = editor.draft.iter().map(|point| map.to_screen(*point)).collect();
        let drawn = corners.len();
        corners.extend(hover.map(|at| map.to_screen(map.to_picture(at))));
        for pair in corners.windows(2) {
            painter.line_segment([pair[0], pair[1]], Stroke::new(4.0, Color32::from_black_alpha(150)));
            painter.line_segment([pair[0], pair[1]], Stroke::new(2.0, p.accent));
        }
        for (place, corner) in corners.iter().take(drawn).enumerate() {
            let closes = place == 0 && drawn >= 3 && kind == Kind::Zone;
            painter.circle(
                *corner,
                if closes { 8.0 } else { 5.0 },
                p.accent,
                Stroke::new(2.0, Color32::WHITE),
            );
        }
    }
    let z = &view.strings.zones;
    let (hint, colour) = match (&editor.problem, editor.drawing) {
        (Some(problem), _) => (zone_problem(view.language, problem), p.bad),
        (None, Some(Kind::Zone)) => (z.hint_zone.to_owned(), p.accent),
        (None, Some(Kind::Line)) => (z.hint_line.to_owned(), p.accent),
        (None, Some(Kind::Ground)) => (z.hint_ground.to_owned(), p.accent),
        (None, None) if editor.selected.is_some() => (z.hint_selected.to_owned(), p.accent),
        (None, None) => (z.hint_idle.to_owned(), p.accent),
    };
    let width = (map.at.width() - 32.0).max(120.0);
    let galley = painter.layout(hint, FontId::proportional(14.0), Color32::WHITE, width);
    let rect = Rect::from_center_size(
        map.at.center_top() + vec2(0.0, 14.0 + galley.size().y / 2.0),
        galley.size() + vec2(20.0, 10.0),
    );
    painter.rect(
        rect,
        CornerRadius::same(6),
        Color32::from_black_alpha(200),
        Stroke::new(1.0, colour),
        egui::StrokeKind::Inside,
    );
    painter.galley(rect.center() - galley.size() / 2.0, galley, Color32::WHITE);
}

fn colour_of(scene: &SceneFile, item: Item) -> Color32 {
    let rgb = match item {
        Item::Zone(place) => scene.zones.get(place).map(|zone| zone_colour(zone, place)),
        Item::Line(place) => scene.lines.get(place).map(|line| line_colour(line, place)),
        Item::Ground => None,
    };
    rgb.map_or(Color32::WHITE, |[r, g, b]| Color32::from_rgb(r, g, b))
}

/// A shape's name and, if they are known, its counts.
fn label(scene: &SceneFile, item: Item, report: Option<&Report>, view: &View<'_>, out: &mut String) {
    match item {
        Item::Zone(place) => {
            let Some(zone) = scene.zones.get(place) else { return };
            let counts =
                report.and_then(|report| report.zones.iter().find(|counts| counts.name == zone.name));
            match counts {
                Some(counts) => write_zone(counts, view.language, out),
                None => crate::scene::fonts::push_shown(&zone.name, out),
            }
        }
        Item::Line(place) => {
            let Some(line) = scene.lines.get(place) else { return };
            let counts =
                report.and_then(|report| report.lines.iter().find(|counts| counts.name == line.name));
            match counts {
                Some(counts) => write_line(counts, view.language, out),
                None => crate::scene::fonts::push_shown(&line.name, out),
            }
        }
        Item::Ground => {
            if let Some(ground) = &scene.perspective {
                out.push_str(&(view.strings.zones.ground_size)(ground.width, ground.length));
            }
        }
    }
}

fn edges(corners: &[Pos2], kind: Kind) -> impl Iterator<Item = (Pos2, Pos2)> + '_ {
    let closed = kind != Kind::Line;
    let next = corners.iter().cycle().skip(1);
    let count = if closed { corners.len() } else { corners.len().saturating_sub(1) };
    corners.iter().zip(next).take(count).map(|(a, b)| (*a, *b))
}

/// A text on a ground of the shape's colour, within `bounds`.
fn chip(painter: &egui::Painter, at: Pos2, align: Align2, text: &str, colour: Color32, bounds: Rect) {
    let [r, g, b, _] = colour.to_array();
    let [ir, ig, ib] = crate::scene::palette::ink_on([r, g, b]);
    let galley =
        painter.layout_no_wrap(text.to_owned(), FontId::proportional(13.0), Color32::from_rgb(ir, ig, ib));
    let size = galley.size() + vec2(10.0, 4.0);
    let mut rect = align.anchor_size(at, size);
    let inside = |low: f32, high: f32, min: f32, max: f32| (min - low).max(0.0) + (max - high).min(0.0);
    rect = rect.translate(vec2(
        inside(rect.left(), rect.right(), bounds.left(), bounds.right()),
        inside(rect.top(), rect.bottom(), bounds.top(), bounds.bottom()),
    ));
    painter.rect_filled(rect, CornerRadius::same(3), colour);
    painter.galley(rect.min + vec2(5.0, 2.0), galley, Color32::WHITE);
}
