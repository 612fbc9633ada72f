//! The image with its labels: zoom, the pointer, and what is painted.

use egui::{
    self, Align2, Color32, CornerRadius, CursorIcon, FontId, PointerButton, Pos2, Rect, Sense, Stroke, Ui,
    Vec2, vec2,
};

use super::document::{Document, Edit};
use super::drawing::{edit, finish_outline, put_point};
use super::pictures::Picture;
use super::shapes::{self, Part, Point, box_between, box_corners, clamped, handles, hit, pulled};
use super::state::{DatasetPage, Drag, MOST_ZOOM, Tool};
use crate::app::icons::draw_spinner;
use crate::app::intent::Intent;
use crate::app::style::palette;
use crate::app::view::View;
use crate::dataset::{Annotation, State, Visibility};
use crate::model::labels::in_language;
use crate::scene::palette::{class as class_colour, ink_on};

/// How near the pointer must be to a point or a side, in points of the screen.
const REACH: f32 = 8.0;
/// A box that is drawn smaller than this is a click, in points of the screen.
const SMALLEST: f32 = 4.0;

/// Where the image lies on screen.
#[derive(Clone, Copy, Debug)]
struct Map {
    at: Rect,
    size: (u32, u32),
}

impl Map {
    fn scale(self) -> f32 {
        self.at.width() / self.size.0.max(1) as f32
    }

    fn to_screen(self, [x, y]: Point) -> Pos2 {
        self.at.min + vec2(x as f32, y as f32) * self.scale()
    }

    /// The point of the image at a place on screen, to a hundredth of a pixel; it may lie outside.
    fn to_image(self, at: Pos2) -> Point {
        let offset = (at - self.at.min) / self.scale();
        [offset.x, offset.y].map(|value| (f64::from(value) * 100.0).round() / 100.0)
    }

    /// The pointer's reach in pixels of the image.
    fn reach(self) -> f64 {
        f64::from(REACH / self.scale())
    }
}

/// Shows the image that is being reviewed.
pub(super) fn ui(page: &mut DatasetPage, ui: &Ui, area: Rect, view: &View<'_>, out: &mut Vec<Intent>) {
    let p = palette(ui);
    ui.painter().rect_filled(area, 0, p.stage);
    let w = &view.strings.datasets;
    let Some((current, size)) = page.document.as_ref().and_then(|document| {
        let item = document.item()?;
        // An image that can't be read has no size.
        Some((document.current(), (item.size.0.max(1), item.size.1.max(1))))
    }) else {
        return;
    };
    let response = ui.interact(area, ui.scope_id().with("labels"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, w.editor));
    let picture = page.pictures.large(current);
    if let Picture::Failed(why) = &picture {
        failed(ui, area, view, why);
        return;
    }
    let map = zoomed(page, ui, area, size, &response);
    pointer(page, ui, map, &response, out);
    let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
    if let Picture::Shown(texture) = &picture {
        let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
        painter.image(texture.id(), map.at, uv, Color32::WHITE);
    } else {
        draw_spinner(ui.painter(), area.center(), 18.0, p.accent, ui.input(|i| i.time));
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
    }
    paint(page, &painter, map, response.hover_pos());
}

fn failed(ui: &Ui, area: Rect, view: &View<'_>, why: &str) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let text = format!("{}\n{}", (w.image_failed)(why), w.image_fix);
    let width = (area.width() - 60.0).clamp(120.0, 460.0);
    let galley = ui.painter().layout(text.clone(), FontId::proportional(15.0), p.text, width);
    let rect = Rect::from_center_size(area.center(), galley.size());
    ui.interact(rect, ui.scope_id().with("failed"), Sense::hover())
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &text));
    ui.painter().galley(rect.min, galley, p.text);
}

/// Takes the wheel and the drag that moves the image; returns where the image lies.
fn zoomed(page: &mut DatasetPage, ui: &Ui, area: Rect, size: (u32, u32), response: &egui::Response) -> Map {
    let canvas = &mut page.canvas;
    let image = vec2(size.0 as f32, size.1 as f32);
    let room = area.shrink(12.0);
    let fit = (room.width() / image.x).min(room.height() / image.y).max(1e-4);
    let place = |zoom: f32, middle: Vec2| {
        let shown = image * fit * zoom;
        Rect::from_min_size(area.center() - shown * middle, shown)
    };
    if let Some(pointer) = response.hover_pos() {
        let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta().y, i.zoom_delta()));
        let factor = (scroll * 0.004).exp() * if pinch == 1.0 || scroll != 0.0 { 1.0 } else { pinch };
        if factor != 1.0 {
            let before = place(canvas.zoom, canvas.middle);
            let under = (pointer - before.min) / before.size();
            canvas.zoom = (canvas.zoom * factor).clamp(1.0, MOST_ZOOM);
            // What is under the pointer stays there.
            let shown = image * fit * canvas.zoom;
            canvas.middle = under - (pointer - area.center()) / shown;
        }
    }
    let hand = ui.input(|i| i.pointer.button_down(PointerButton::Middle) || i.key_down(egui::Key::Space));
    if hand && response.hovered() {
        ui.ctx().set_cursor_icon(CursorIcon::Grab);
        let shown = image * fit * canvas.zoom;
        let by = ui.input(|i| if i.pointer.any_down() { i.pointer.delta() } else { Vec2::ZERO });
        canvas.middle -= by / shown;
    }
    // The image never leaves the window, and one that fits stays in the middle.
    let share = |room: f32, shown: f32| (room / shown / 2.0).min(0.5);
    let shown = image * fit * canvas.zoom;
    for (middle, least) in [
        (&mut canvas.middle.x, share(area.width(), shown.x)),
        (&mut canvas.middle.y, share(area.height(), shown.y)),
    ] {
        *middle = middle.clamp(least, 1.0 - least);
    }
    Map { at: place(canvas.zoom, canvas.middle), size }
}

fn pointer(page: &mut DatasetPage, ui: &Ui, map: Map, response: &egui::Response, out: &mut Vec<Intent>) {
    // Space and the middle button move the image.
    if ui.input(|i| i.key_down(egui::Key::Space) || i.pointer.button_down(PointerButton::Middle)) {
        return;
    }
    let origin = ui.input(|i| i.pointer.press_origin()).unwrap_or_default();
    let primary = |is: fn(&egui::Response, PointerButton) -> bool| is(response, PointerButton::Primary);
    match page.canvas.tool {
        Tool::Box => {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
            if primary(egui::Response::drag_started_by) {
                let from = clamped(map.to_image(origin), map.size);
                let label = Annotation { bbox: box_between(from, from, map.size), ..Annotation::default() };
                page.canvas.drag = Some(Drag {
                    place: None,
                    part: Part::Corner(2),
                    from,
                    before: label.clone(),
                    now: label,
                    is_done: false,
                });
            }
        }
        Tool::Outline => {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
            if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
                let first = page.canvas.draft.first().map(|first| map.to_screen(*first));
                let closes = page.canvas.draft.len() >= 3
                    && (first.is_some_and(|first| first.distance(at) <= REACH) || response.double_clicked());
                if closes {
                    out.extend(finish_outline(page));
                } else {
                    let corner = clamped(map.to_image(at), map.size);
                    if page.canvas.draft.last() != Some(&corner) {
                        page.canvas.draft.push(corner);
                    }
                }
            }
            return;
        }
        Tool::Select | Tool::Points => {}
    }
    let Some(document) = &page.document else { return };
    let current = document.current();
    let under = |page: &DatasetPage, at: Pos2| {
        let labels = page.document.as_ref().map(Document::labels).unwrap_or_default();
        let outlines = |label: &Annotation| {
            let own = &label.polygons;
            if own.is_empty() { page.pictures.outlines(current, label).to_vec() } else { own.clone() }
        };
        hit(labels, &outlines, map.to_image(at), page.canvas.selected, map.reach())
    };
    if page.canvas.tool != Tool::Box {
        if let Some(at) = response.hover_pos().filter(|_| page.canvas.drag.is_none()) {
            ui.ctx().set_cursor_icon(cursor(under(page, at).map(|(_, part)| part), page.canvas.tool));
        }
        if primary(egui::Response::drag_started_by) {
            take(page, under(page, origin), map.to_image(origin));
        }
    }
    let dragged = primary(egui::Response::dragged_by) || primary(egui::Response::drag_stopped_by);
    if let (true, Some(drag), Some(at)) = (dragged, &mut page.canvas.drag, response.interact_pointer_pos()) {
        let to = map.to_image(at);
        if drag.place.is_some() {
            drag.now = pulled(&drag.before, drag.part, drag.from, to, map.size);
        } else {
            drag.now.bbox = box_between(drag.from, clamped(to, map.size), map.size);
        }
    }
    if primary(egui::Response::drag_stopped_by) {
        out.extend(let_go(page, map));
    }
    if response.clicked_by(PointerButton::Primary) && page.canvas.tool != Tool::Box {
        let Some(at) = response.interact_pointer_pos() else { return };
        let found = under(page, at);
        if page.canvas.tool == Tool::Points
            && !matches!(found, Some((_, Part::Keypoint(_))))
            && page.next_point().is_some()
        {
            out.extend(put_point(page, clamped(map.to_image(at), map.size)));
            return;
        }
        page.canvas.select(found.map(|(place, _)| place));
        page.canvas.part = found.map(|(_, part)| part).filter(|part| part.is_point());
    }
}

fn cursor(part: Option<Part>, tool: Tool) -> CursorIcon {
    match part {
        Some(Part::Corner(0 | 2)) => CursorIcon::ResizeNwSe,
        Some(Part::Corner(_)) => CursorIcon::ResizeNeSw,
        Some(Part::Side(0 | 2)) => CursorIcon::ResizeVertical,
        Some(Part::Side(_)) => CursorIcon::ResizeHorizontal,
        Some(Part::Edge(..)) => CursorIcon::Copy,
        Some(Part::Vertex(..) | Part::Keypoint(_) | Part::Oriented(_)) => CursorIcon::Move,
        Some(Part::Turn) => CursorIcon::Alias,
        _ if tool == Tool::Points => CursorIcon::Crosshair,
        Some(Part::Whole) => CursorIcon::Grab,
        None => CursorIcon::Default,
    }
}

/// The pointer takes what is under it.
fn take(page: &mut DatasetPage, found: Option<(usize, Part)>, from: Point) {
    let labels = page.document.as_ref().map(Document::labels).unwrap_or_default();
    let taken = found.and_then(|(place, part)| Some((place, part, labels.get(place)?.clone())));
    let Some((place, part, label)) = taken else {
        page.canvas.select(None);
        return;
    };
    let label = page.with_outline(&label);
    page.canvas.select(Some(place));
    let (before, part) = match part {
        Part::Edge(outline, corner) => {
            let Some((label, part)) = shapes::with_corner(&label, outline, corner, from) else { return };
            (label, part)
        }
        _ => (label, part),
    };
    page.canvas.part = Some(part).filter(|part| part.is_point());
    page.canvas.drag =
        Some(Drag { place: Some(place), part, from, before: before.clone(), now: before, is_done: false });
}

/// The pointer lets go.
fn let_go(page: &mut DatasetPage, map: Map) -> Option<Intent> {
    let drag = page.canvas.drag.as_mut()?;
    drag.is_done = true;
    let Drag { place, now, before, .. } = drag.clone();
    let Some(place) = place else {
        let [x1, y1, x2, y2] = now.bbox;
        let side = (x2 - x1).min(y2 - y1) as f32 * map.scale();
        if side < SMALLEST {
            return None;
        }
        let count = page.document.as_ref().map_or(0, |document| document.labels().len());
        page.canvas.selected = Some(count);
        return Some(edit(Edit::Add(page.new_class(), Box::new(now))));
    };
    (now != before).then(|| edit(Edit::Put(place, Box::new(now))))
}

fn colour(label: &Annotation) -> Color32 {
    let [r, g, b] = class_colour(u32::try_from(label.class).unwrap_or(0));
    let colour = Color32::from_rgb(r, g, b);
    if label.state == State::Rejected { colour.gamma_multiply(0.45) } else { colour }
}

fn paint(page: &DatasetPage, painter: &egui::Painter, map: Map, hover: Option<Pos2>) {
    let Some(document) = &page.document else { return };
    let canvas = &page.canvas;
    for (place, label) in document.labels().iter().enumerate() {
        if canvas.selected != Some(place) {
            paint_label(page, document, painter, map, label, false);
        }
    }
    paint_overlay(page, document, painter, map);
    let dragged = canvas.drag.as_ref().and_then(|drag| Some((drag.place?, &drag.now)));
    if let Some(place) = canvas.selected
        && let Some(label) = document.labels().get(place)
    {
        let shown = dragged.filter(|(of, _)| *of == place).map_or(label, |(_, now)| now);
        paint_label(page, document, painter, map, shown, true);
    }
    if let Some(Drag { place: None, now, .. }) = &canvas.drag {
        let rect = Rect::from_two_pos(
            map.to_screen([now.bbox[0], now.bbox[1]]),
            map.to_screen([now.bbox[2], now.bbox[3]]),
        );
        stroke_line(painter, &corners_of(rect), true, Color32::WHITE, 2.0);
    }
    if canvas.tool == Tool::Outline && !canvas.draft.is_empty() {
        let mut corners: Vec<Pos2> = canvas.draft.iter().map(|at| map.to_screen(*at)).collect();
        let drawn = corners.len();
        corners.extend(hover);
        stroke_line(painter, &corners, false, Color32::WHITE, 2.0);
        for (place, corner) in corners.iter().take(drawn).enumerate() {
            let radius = if place == 0 && drawn >= 3 { 7.0 } else { 4.5 };
            painter.circle(*corner, radius, Color32::WHITE, Stroke::new(1.5, Color32::BLACK));
        }
    }
    if let (Tool::Box, Some(at)) = (canvas.tool, hover.filter(|_| canvas.drag.is_none())) {
        let stroke = Stroke::new(1.0, Color32::from_white_alpha(110));
        painter.hline(map.at.x_range(), at.y, stroke);
        painter.vline(at.x, map.at.y_range(), stroke);
    }
}

/// What a measured model found.
fn paint_overlay(page: &DatasetPage, document: &Document, painter: &egui::Painter, map: Map) {
    let Some(overlay) = page.overlay.as_ref().filter(|overlay| overlay.place == document.current()) else {
        return;
    };
    let colour = Color32::from_rgb(255, 80, 200);
    for (class, score, bbox) in &overlay.found {
        stroke_line(painter, &box_corners(*bbox).map(|at| map.to_screen(at)), true, colour, 1.5);
        let name =
            document.classes().get(*class).map_or("?", |class| in_language(&class.name, page.language));
        let mut text = String::new();
        crate::scene::fonts::push_shown(&format!("{name} {score:.2}"), &mut text);
        let galley = painter.layout_no_wrap(text, FontId::proportional(12.0), Color32::BLACK);
        let corner = map.to_screen([bbox[2], bbox[3]]);
        let rect = Align2::RIGHT_TOP.anchor_size(corner, galley.size() + vec2(8.0, 2.0));
        painter.rect_filled(rect, CornerRadius::same(2), colour);
        painter.galley(rect.min + vec2(4.0, 1.0), galley, Color32::BLACK);
    }
}

fn corners_of(rect: Rect) -> [Pos2; 4] {
    [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()]
}

/// A line with a dark edge, so that it is seen on any image.
fn stroke_line(painter: &egui::Painter, points: &[Pos2], closed: bool, colour: Color32, width: f32) {
    let shape = |stroke: Stroke| {
        if closed {
            egui::Shape::closed_line(points.to_vec(), stroke)
        } else {
            egui::Shape::line(points.to_vec(), stroke)
        }
    };
    painter.add(shape(Stroke::new(width + 2.0, Color32::from_black_alpha(130))));
    painter.add(shape(Stroke::new(width, colour)));
}

fn paint_label(
    page: &DatasetPage,
    document: &Document,
    painter: &egui::Painter,
    map: Map,
    label: &Annotation,
    selected: bool,
) {
    let colour = colour(label);
    let width = if selected { 3.0 } else { 2.0 };
    let outlines = if label.polygons.is_empty() {
        page.pictures.outlines(document.current(), label)
    } else {
        &label.polygons
    };
    let dashed = label.state == State::Suggested;
    let line = |points: &[Pos2]| {
        if dashed {
            let closed: Vec<Pos2> = points.iter().chain(points.first()).copied().collect();
            stroke_dashed(painter, &closed, colour, width);
        } else {
            stroke_line(painter, points, true, colour, width);
        }
    };
    for outline in outlines {
        line(&outline.iter().map(|at| map.to_screen(*at)).collect::<Vec<_>>());
    }
    if let Some(corners) = &label.corners {
        line(&corners.map(|at| map.to_screen(at)));
    }
    if outlines.is_empty() && label.corners.is_none() {
        line(&box_corners(label.bbox).map(|at| map.to_screen(at)));
    }
    paint_keypoints(page, document, painter, map, label, selected);
    if selected {
        for (part, at) in handles(label, map.reach()) {
            if matches!(part, Part::Keypoint(_)) {
                continue;
            }
            let at = map.to_screen(at);
            let radius = if page.canvas.part == Some(part) { 7.0 } else { 4.5 };
            painter.circle(at, radius, colour, Stroke::new(1.5, Color32::WHITE));
        }
    }
    let name =
        document.classes().get(label.class).map_or("?", |class| in_language(&class.name, page.language));
    let score = label.score.map(|score| format!(" {score:.2}")).unwrap_or_default();
    let mark = match label.state {
        State::Suggested => " ?",
        State::Accepted => "",
        State::Rejected => " ×",
    };
    let [r, g, b, _] = colour.to_array();
    let [ir, ig, ib] = ink_on([r, g, b]);
    let mut text = String::new();
    crate::scene::fonts::push_shown(&format!("{name}{score}{mark}"), &mut text);
    let galley = painter.layout_no_wrap(text, FontId::proportional(12.5), Color32::from_rgb(ir, ig, ib));
    let size = galley.size() + vec2(8.0, 2.0);
    let corner = map.to_screen([label.bbox[0], label.bbox[1]]);
    let mut rect = Align2::LEFT_BOTTOM.anchor_size(corner, size);
    if rect.top() < painter.clip_rect().top() {
        rect = Align2::LEFT_TOP.anchor_size(corner, size);
    }
    painter.rect_filled(rect, CornerRadius::same(2), colour);
    painter.galley(rect.min + vec2(4.0, 1.0), galley, Color32::WHITE);
}

/// A suggestion's line is dashed.
fn stroke_dashed(painter: &egui::Painter, points: &[Pos2], colour: Color32, width: f32) {
    painter.add(egui::Shape::line(points.to_vec(), Stroke::new(width + 1.5, Color32::from_black_alpha(110))));
    painter.extend(egui::Shape::dashed_line(points, Stroke::new(width, colour), 9.0, 5.0));
}

fn paint_keypoints(
    page: &DatasetPage,
    document: &Document,
    painter: &egui::Painter,
    map: Map,
    label: &Annotation,
    selected: bool,
) {
    if label.keypoints.is_empty() {
        return;
    }
    let colour = colour(label);
    let at = |n: usize| {
        let point = label.keypoints.get(n).filter(|point| point.visibility != Visibility::NotLabelled)?;
        Some(map.to_screen([point.x, point.y]))
    };
    let scheme = document.keypoints_of(label.class);
    for [a, b] in scheme.iter().flat_map(|scheme| &scheme.skeleton) {
        if let (Some(a), Some(b)) = (at(*a), at(*b)) {
            painter.line_segment([a, b], Stroke::new(3.0, Color32::from_black_alpha(120)));
            painter.line_segment([a, b], Stroke::new(1.5, colour));
        }
    }
    for (n, point) in label.keypoints.iter().enumerate() {
        let Some(at) = at(n) else { continue };
        let chosen = selected && page.canvas.part == Some(Part::Keypoint(n));
        let radius = if chosen { 6.5 } else { 4.0 };
        // A hidden point is a ring.
        let hidden = point.visibility == Visibility::Hidden;
        let fill = if hidden { Color32::TRANSPARENT } else { colour };
        let edge = if hidden { colour } else { Color32::WHITE };
        painter.circle(at, radius, fill, Stroke::new(if hidden { 2.0 } else { 1.2 }, edge));
        if chosen && let Some(name) = scheme.and_then(|scheme| scheme.names.get(n)) {
            let mut text = String::new();
            crate::scene::fonts::push_shown(name, &mut text);
            let font = FontId::proportional(12.5);
            let galley = painter.layout_no_wrap(text, font, Color32::WHITE);
            let rect = Rect::from_min_size(at + vec2(9.0, -9.0), galley.size() + vec2(8.0, 2.0));
            painter.rect_filled(rect, CornerRadius::same(2), Color32::from_black_alpha(190));
            painter.galley(rect.min + vec2(4.0, 1.0), galley, Color32::WHITE);
        }
    }
}
