//! The graph as a diagram: moved by dragging, zoomed with the wheel. Only what is seen is painted.

use std::sync::Arc;

use egui::epaint::{CubicBezierShape, PathStroke};
use egui::{
    self, Align2, Color32, FontId, Painter, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, pos2, vec2,
};

use super::diagram_layout::{Diagram, NODE, ROW};
use super::found::LayersFound;
use super::parts::{count_text, field_text, fits, kind_colour, ms_text, segments, short, short_list};
use super::state::{DiagramView, InsidePage};
use crate::app::intent::{InsideIntent, Intent};
use crate::app::strings::Inside;
use crate::app::style::{Palette, palette};
use crate::app::view::View;
use crate::app::widgets::primary_button;
use crate::learn::inside::Layer;
use crate::learn::inside::colours::inferno;
use crate::learn::inside::layers::TensorSize;

/// How far one may zoom in.
const MOST_ZOOM: f32 = 2.0;
/// Below this zoom nodes have no names; below the second one no figures.
const NAMES: f32 = 0.3;
const FIGURES: f32 = 0.62;
/// Width of the small map of the whole graph.
const MAP: f32 = 56.0;

/// From points of the diagram to points of the screen.
#[derive(Clone, Copy)]
struct Map {
    area: Rect,
    middle: Vec2,
    zoom: f32,
}

/// Below this zoom wires are straight.
const FAR: f32 = 0.3;
/// More wires than this aren't painted at once.
const MOST_WIRES: usize = 8000;

impl Map {
    fn to_screen(self, at: [f32; 2]) -> Pos2 {
        self.area.center() + (vec2(at[0], at[1]) - self.middle) * self.zoom
    }

    fn to_diagram(self, at: Pos2) -> Vec2 {
        self.middle + (at - self.area.center()) / self.zoom
    }
}

impl InsidePage {
    pub(super) fn diagram_ui(
        &mut self,
        ui: &mut Ui,
        view: &View<'_>,
        found: &Arc<LayersFound>,
        out: &mut Vec<Intent>,
    ) {
        let w = &view.strings.inside;
        let p = palette(ui);
        let Some(diagram) = &found.diagram else {
            ui.label((w.diagram_large)(found.list.layers.len()));
            return;
        };
        ui.horizontal(|ui| {
            let colours = [(false, w.colour_kind), (true, w.colour_time)];
            if let Some(by_time) = segments(ui, self.diagram.by_time, colours) {
                self.diagram.by_time = by_time;
            }
            if ui.button(w.zoom_fit).clicked() {
                self.diagram.at = Some((vec2(diagram.width, diagram.height) / 2.0, 0.0));
            }
            if ui.button(w.zoom_one).clicked() {
                self.diagram.at = None;
            }
            ui.add(egui::Label::new(egui::RichText::new(w.diagram_hint).small().color(p.weak)).truncate());
        });
        let area = ui.available_rect_before_wrap();
        let area = Rect::from_min_max(area.min, area.max - vec2(6.0, 8.0));
        let response = ui.allocate_rect(area, Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, w.diagram));
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        painter.rect_filled(area, 6, p.stage);
        let map_area = Rect::from_min_max(pos2(area.right() - MAP, area.top()), area.max).shrink(5.0);
        let map = self.diagram.moved(ui, diagram, area, map_area, &response);
        let pointed = response.hover_pos().filter(|at| !map_area.contains(*at)).and_then(|at| {
            let at = map.to_diagram(at);
            diagram.node_at(at.x, at.y)
        });
        let words = self.layers.search.trim().to_lowercase();
        let kind = self.layers.kind.as_deref();
        let is_searched = !words.is_empty() || kind.is_some();
        let selected =
            self.selected.and_then(|node| found.list.layers.iter().position(|layer| layer.node == node));
        let shown = Shown { found, selected, pointed, by_time: self.diagram.by_time };
        let is_dimmed = |layer: &Layer| is_searched && !fits(layer, &words, kind);
        shown.paint(&painter, p, map, diagram, is_dimmed);
        small_map(&painter, p, diagram, &shown, map, map_area);
        if response.double_clicked()
            && let Some(layer) = pointed.and_then(|place| found.list.layers.get(place))
        {
            out.push(Intent::Inside(InsideIntent::Tensor(layer.outputs.first().cloned())));
        } else if response.clicked() {
            let node = pointed.and_then(|place| found.list.layers.get(place)).map(|layer| layer.node);
            out.push(Intent::Inside(InsideIntent::Layer(node)));
        }
        if let Some(layer) = selected.and_then(|place| found.list.layers.get(place)) {
            selected_ui(ui, w, layer, area, out);
        }
    }
}

impl DiagramView {
    /// Follows the wheel, the pointer and the small map.
    fn moved(
        &mut self,
        ui: &Ui,
        diagram: &Diagram,
        area: Rect,
        map_area: Rect,
        response: &egui::Response,
    ) -> Map {
        let whole = (area.width() / (diagram.width + 40.0)).min(area.height() / (diagram.height + 40.0));
        let least = whole.min(0.5);
        let (mut middle, mut zoom) = self.at.unwrap_or_else(|| {
            let zoom = ((area.width() - MAP) / (diagram.width + 40.0)).clamp(0.7, 1.0);
            let x = if diagram.width * zoom < area.width() {
                diagram.width / 2.0 + MAP / 2.0 / zoom
            } else {
                // The middle of what is seen first.
                let seen = diagram.rows.iter().take(6).flatten();
                let (sum, count) =
                    seen.fold((0.0, 0.0), |(sum, n), node| (sum + diagram.nodes[*node][0], n + 1.0));
                sum / f32::max(count, 1.0)
            };
            (vec2(x, area.height() / 2.0 / zoom - 16.0), zoom)
        });
        zoom = zoom.clamp(least, MOST_ZOOM);
        if let Some(at) = response.hover_pos() {
            let (scroll, pinch) = ui.input(|i| (i.smooth_scroll_delta().y, i.zoom_delta()));
            let factor = (scroll / 240.0).exp() * pinch;
            if (factor - 1.0).abs() > 1e-4 {
                let fixed = middle + (at - area.center()) / zoom;
                zoom = (zoom * factor).clamp(least, MOST_ZOOM);
                middle = fixed - (at - area.center()) / zoom;
            }
        }
        let from_map = response.interact_pointer_pos().filter(|at| map_area.contains(*at));
        if let Some(at) = from_map {
            let share = (at.y - map_area.top()) / map_area.height();
            middle.y = share * diagram.height;
        } else if response.dragged() {
            middle -= response.drag_delta() / zoom;
        }
        middle.x = middle.x.clamp(0.0, diagram.width);
        middle.y = middle.y.clamp(0.0, diagram.height);
        self.at = Some((middle, zoom));
        Map { area, middle, zoom }
    }
}

/// What of the diagram stands out.
struct Shown<'a> {
    found: &'a LayersFound,
    selected: Option<usize>,
    pointed: Option<usize>,
    by_time: bool,
}

impl Shown<'_> {
    fn colour(&self, layer: &Layer) -> Color32 {
        if !self.by_time {
            return kind_colour(&layer.kind);
        }
        let share = layer.ms.unwrap_or(0.0) / self.found.slowest_ms.max(f32::MIN_POSITIVE);
        // Not from black: the node is to be seen on a dark ground.
        let [r, g, b] = inferno(0.25 + 0.7 * share.sqrt());
        Color32::from_rgb(r, g, b)
    }

    fn paint(
        &self,
        painter: &Painter,
        p: &Palette,
        map: Map,
        diagram: &Diagram,
        is_dimmed: impl Fn(&Layer) -> bool,
    ) {
        let top = map.to_diagram(map.area.min);
        let bottom = map.to_diagram(map.area.max);
        let rows = diagram.rows_between(top.y, bottom.y);
        let marked = self.pointed.or(self.selected);
        let plain = Stroke::new((1.4 * map.zoom).clamp(0.5, 2.0), p.weak.gamma_multiply(0.55));
        let bright = Stroke::new((2.4 * map.zoom).clamp(1.2, 3.0), p.accent);
        // From far away nobody sees curves, and thousands of them take longer than a frame.
        let is_far = map.zoom < FAR;
        for wire in diagram.wires_of(rows.clone()).take(MOST_WIRES) {
            let is_bright = marked.is_some_and(|node| wire.source == node || wire.target == Some(node));
            let [from, to] = wire.ends.map(|end| map.to_screen(end));
            if from.x.max(to.x) < map.area.left() || from.x.min(to.x) > map.area.right() {
                continue;
            }
            let stroke = if is_bright { bright } else { plain };
            if is_far {
                painter.line_segment([from, to], stroke);
            } else {
                wire_ui(painter, from, to, stroke);
            }
        }
        for row in diagram.rows.get(rows).unwrap_or_default() {
            for place in row {
                let Some(layer) = self.found.list.layers.get(*place) else { continue };
                let rect =
                    Rect::from_center_size(map.to_screen(diagram.nodes[*place]), Vec2::from(NODE) * map.zoom);
                if !rect.intersects(map.area) {
                    continue;
                }
                let strength = if is_dimmed(layer) { 0.25 } else { 1.0 };
                self.node_ui(painter, p, map.zoom, rect, *place, layer, strength);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one node's look")]
    fn node_ui(
        &self,
        painter: &Painter,
        p: &Palette,
        zoom: f32,
        rect: Rect,
        place: usize,
        layer: &Layer,
        strength: f32,
    ) {
        let colour = self.colour(layer).gamma_multiply(strength);
        let radius = 7.0 * zoom;
        if zoom < NAMES {
            painter.rect_filled(rect, radius, colour);
        } else {
            painter.rect_filled(rect, radius, p.raised);
            painter.rect_filled(rect, radius, colour.gamma_multiply(0.22));
            let bar = Rect::from_min_size(rect.min, vec2(6.0 * zoom, rect.height()));
            painter.rect_filled(bar, radius.min(3.0), colour);
        }
        if self.selected == Some(place) || self.pointed == Some(place) {
            let stroke = Stroke::new(2.0, if self.selected == Some(place) { p.accent } else { p.weak });
            painter.rect_stroke(rect, radius, stroke, StrokeKind::Outside);
        }
        if zoom < NAMES {
            return;
        }
        // Whole sizes: each size of each letter is kept in a texture.
        let font = |size: f32| FontId::proportional((size * zoom).round().max(6.0));
        let inner = Rect::from_min_max(rect.min + vec2(14.0, 4.0) * zoom, rect.max - vec2(8.0, 4.0) * zoom);
        let painter = painter.with_clip_rect(painter.clip_rect().intersect(rect));
        let strong = p.strong.gamma_multiply(strength);
        let weak = p.text.gamma_multiply(strength);
        if zoom < FIGURES {
            painter.text(inner.left_center(), Align2::LEFT_CENTER, short(&layer.kind), font(17.0), strong);
            return;
        }
        let mut room = inner;
        if let Some(ms) = layer.ms {
            let at = inner.right_top() + vec2(0.0, zoom);
            let written = painter.text(at, Align2::RIGHT_TOP, ms_text(ms), font(11.0), weak);
            room.max.x = written.left() - 4.0 * zoom;
        }
        // A long type ends before the time.
        let before = painter.with_clip_rect(painter.clip_rect().intersect(room));
        before.text(inner.left_top(), Align2::LEFT_TOP, short(&layer.kind), font(13.0), strong);
        let text = layer.size.as_ref().map_or_else(|| short(&layer.name), TensorSize::text);
        painter.text(inner.left_bottom(), Align2::LEFT_BOTTOM, text, font(11.0), weak);
    }
}

/// A curve that leaves downwards and arrives from above.
fn wire_ui(painter: &Painter, from: Pos2, to: Pos2, stroke: Stroke) {
    if (from.x - to.x).abs() < 1.0 {
        painter.line_segment([from, to], stroke);
        return;
    }
    let bend = (to.y - from.y) * 0.5;
    painter.add(CubicBezierShape {
        points: [from, from + vec2(0.0, bend), to - vec2(0.0, bend), to],
        closed: false,
        fill: Color32::TRANSPARENT,
        stroke: PathStroke::from(stroke),
    });
}

/// The whole graph at the right, with the part that is seen.
fn small_map(painter: &Painter, p: &Palette, diagram: &Diagram, shown: &Shown<'_>, map: Map, area: Rect) {
    painter.rect_filled(area, 4, p.panel.gamma_multiply(0.9));
    let scale = vec2(area.width() / diagram.width.max(1.0), area.height() / diagram.height.max(1.0));
    let at = |point: [f32; 2]| area.min + vec2(point[0], point[1]) * scale;
    let size = vec2((NODE[0] * scale.x).max(2.0), (ROW * scale.y * 0.7).clamp(1.0, 6.0));
    // Of very many nodes as many as there are lines.
    let every = (diagram.rows.len() as f32 / area.height().max(1.0)).ceil().max(1.0) as usize;
    for place in diagram.rows.iter().step_by(every).flatten() {
        if let Some(layer) = shown.found.list.layers.get(*place) {
            painter.rect_filled(
                Rect::from_center_size(at(diagram.nodes[*place]), size),
                0,
                shown.colour(layer),
            );
        }
    }
    let top = map.to_diagram(map.area.min).y.max(0.0);
    let bottom = map.to_diagram(map.area.max).y.min(diagram.height);
    let seen = Rect::from_x_y_ranges(
        area.x_range(),
        area.top() + top * scale.y..=area.top() + (bottom * scale.y).max(top * scale.y + 3.0),
    );
    painter.rect_stroke(seen, 2, Stroke::new(1.5, p.accent), StrokeKind::Inside);
}

/// The selected layer, over the diagram's lower edge.
fn selected_ui(ui: &mut Ui, w: &Inside, layer: &Layer, area: Rect, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let width = (area.width() - MAP - 24.0).min(520.0);
    let rect = Rect::from_min_size(pos2(area.left() + 12.0, area.bottom() - 128.0), vec2(width, 116.0));
    ui.painter().rect_filled(rect, 10, p.raised);
    ui.painter().rect_stroke(rect, 10, Stroke::new(1.0, p.line), StrokeKind::Inside);
    // What lies below isn't clicked through it.
    ui.interact(rect, ui.scope_id().with("selected layer"), Sense::click());
    let builder = egui::UiBuilder::new().max_rect(rect.shrink2(vec2(14.0, 10.0)));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new(&layer.kind).color(kind_colour(&layer.kind)));
            let size = layer.size.as_ref().map(TensorSize::text).unwrap_or_default();
            let mut figures = vec![size];
            if layer.parameters > 0 {
                figures.push(format!("{} {}", w.parameters, count_text(layer.parameters)));
            }
            if layer.multiply_adds > 0 {
                figures.push(format!("{} {}", w.macs, count_text(layer.multiply_adds)));
            }
            let field = field_text(w, layer.receptive_field);
            if !field.is_empty() {
                figures.push(format!("{} {field}", w.field));
            }
            figures.extend(layer.ms.map(ms_text));
            ui.label(egui::RichText::new(figures.join(" · ")).small().color(p.text));
        });
        details_short(ui, w, layer);
        ui.horizontal(|ui| {
            if primary_button(ui, w.show_maps).clicked() {
                out.push(Intent::Inside(InsideIntent::Tensor(layer.outputs.first().cloned())));
            }
            if ui.button(w.close_layer).clicked() {
                out.push(Intent::Inside(InsideIntent::Layer(None)));
            }
        });
    });
}

fn details_short(ui: &mut Ui, w: &Inside, layer: &Layer) {
    let p = palette(ui);
    let line = |ui: &mut Ui, text: String, colour| {
        ui.add(egui::Label::new(egui::RichText::new(text).small().color(colour)).truncate());
    };
    line(ui, short(&layer.name), p.strong);
    line(
        ui,
        format!(
            "{}: {}  →  {}: {}",
            w.reads,
            short_list(w, &layer.inputs),
            w.makes,
            short_list(w, &layer.outputs)
        ),
        p.weak,
    );
}
