//! The tab with the layers as a list: only the rows that are seen are made.

use std::sync::Arc;

use egui::{self, Align2, Color32, Pos2, Rect, Sense, TextStyle, Ui, pos2, vec2};

use super::found::{Doing, LayersFound};
use super::parts::{
    count_text, field_text, fits, kind_colour, ms_text, segments, short, short_list, spinner, waiting,
};
use super::state::InsidePage;
use crate::app::intent::{InsideIntent, Intent};
use crate::app::strings::Inside;
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::at_right;
use crate::learn::inside::Layer;

/// Height of a row.
const ROW: f32 = 25.0;

/// Widths of the columns after the name.
const COLUMNS: [f32; 8] = [106.0, 116.0, 64.0, 64.0, 62.0, 136.0, 62.0, 56.0];

/// The columns that give way where there is no room, the first one first: what runs where, the precision, the receptive field. The
/// pointer over a row shows them.
const GIVE_WAY: [usize; 3] = [7, 6, 4];
/// Width of the name, at least.
const NAME: f32 = 110.0;
/// Between the figures and what begins at the left after them.
const APART: f32 = 8.0;

/// The widths of all columns in a row of this width; one that isn't shown has none.
fn columns(row: f32) -> [f32; 9] {
    let mut after = COLUMNS;
    for column in GIVE_WAY {
        if NAME + APART + after.iter().sum::<f32>() > row {
            after[column] = 0.0;
        }
    }
    let name = (row - APART - after.iter().sum::<f32>()).max(NAME);
    std::array::from_fn(|n| if n == 0 { name } else { after[n - 1] })
}

impl InsidePage {
    pub(super) fn layers_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let Some(found) = self.found.layers.clone() else {
            if self.found.failed.is_none() {
                waiting(ui, w.reading);
            }
            return;
        };
        self.layers_bar(ui, w, &found, out);
        summary(ui, w, &found, self.found.doing, out);
        ui.add_space(6.0);
        if self.is_diagram {
            self.diagram_ui(ui, view, &found, out);
        } else {
            self.list(&found);
            let (shown, all) = (self.layers.listed.len(), found.list.layers.len());
            if shown < all && shown > 0 {
                ui.label(egui::RichText::new((w.shown_of)(shown, all)).small().color(palette(ui).weak));
            }
            self.table_ui(ui, w, &found, out);
        }
    }

    fn layers_bar(&mut self, ui: &mut Ui, w: &Inside, found: &LayersFound, out: &mut Vec<Intent>) {
        ui.horizontal(|ui| {
            if let Some(on) = segments(ui, self.is_diagram, [(false, w.list), (true, w.diagram)]) {
                out.push(Intent::Inside(InsideIntent::Diagram(on)));
            }
            let layers = &mut self.layers;
            let search =
                egui::TextEdit::singleline(&mut layers.search).hint_text(w.search).desired_width(150.0);
            ui.add(search.char_limit(200)).accessible_name(w.search);
            let chosen = layers.kind.clone();
            let kind = egui::ComboBox::from_id_salt("kind")
                .selected_text(chosen.as_deref().unwrap_or(w.all_types))
                .width(130.0)
                .show_ui(ui, |ui| {
                    ui.selectable_value(&mut layers.kind, None, w.all_types);
                    for (kind, count) in &found.kinds {
                        let text = format!("{kind}  ({count})");
                        ui.selectable_value(&mut layers.kind, Some(kind.clone()), text);
                    }
                });
            kind.response.accessible_name(w.types_hint);
            if !self.is_diagram {
                let name = |by_time| if by_time { w.order_time } else { w.order_graph };
                let order = egui::ComboBox::from_id_salt("order")
                    .selected_text(name(layers.by_time))
                    .width(130.0)
                    .show_ui(ui, |ui| {
                        for by_time in [false, true] {
                            ui.selectable_value(&mut layers.by_time, by_time, name(by_time));
                        }
                    });
                order.response.accessible_name(w.order_hint);
            }
        });
    }

    /// Finds the layers that are listed, if what they are searched by has changed.
    fn list(&mut self, found: &Arc<LayersFound>) {
        let view = &mut self.layers;
        let is_listed = view.listed_for.as_ref().is_some_and(|(of, search, kind, by_time)| {
            Arc::ptr_eq(of, found) && *search == view.search && *kind == view.kind && *by_time == view.by_time
        });
        if is_listed {
            return;
        }
        view.listed_for = Some((Arc::clone(found), view.search.clone(), view.kind.clone(), view.by_time));
        let words = view.search.trim().to_lowercase();
        let layers = &found.list.layers;
        view.listed.clear();
        view.listed
            .extend((0..layers.len()).filter(|place| fits(&layers[*place], &words, view.kind.as_deref())));
        if view.by_time {
            let ms = |place: &usize| layers[*place].ms.unwrap_or(-1.0);
            view.listed.sort_by(|a, b| ms(b).total_cmp(&ms(a)));
        }
    }

    fn table_ui(&mut self, ui: &mut Ui, w: &Inside, found: &LayersFound, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let width = ui.available_width() - 10.0;
        let columns = columns(width);
        let (head, _) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
        let hints = [
            (w.name, ""),
            (w.kind, ""),
            (w.shape, ""),
            (w.parameters, ""),
            (w.macs, w.macs_hint),
            (w.field, w.field_hint),
            (w.time, ""),
            (w.precision, ""),
            (w.runs_on, ""),
        ];
        for ((cell, right), (text, hint)) in cells(head, &columns).into_iter().zip(hints) {
            if !cell.is_positive() {
                continue;
            }
            let response = ui.interact(cell, ui.scope_id().with(("head", text)), Sense::hover());
            paint_text(ui, cell, text, p.weak, right, true);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
            if !hint.is_empty() {
                response.on_hover_text(hint);
            }
        }
        ui.painter().hline(head.x_range(), head.bottom(), egui::Stroke::new(1.0, p.line));
        if self.layers.listed.is_empty() {
            ui.add_space(12.0);
            ui.label(egui::RichText::new(w.nothing_fits).color(p.weak));
            return;
        }
        let listed = &self.layers.listed;
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = egui::ScrollArea::vertical().id_salt("layers").auto_shrink([false, false]);
        area.show_rows(ui, ROW, listed.len(), |ui, rows| {
            for place in listed.get(rows).unwrap_or_default() {
                let Some(layer) = found.list.layers.get(*place) else { continue };
                let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::click());
                row_ui(ui, w, layer, found, rect, &columns, &response);
                let text = format!("{} {}", layer.name, layer.kind);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &text));
                if response.clicked() {
                    out.push(Intent::Inside(InsideIntent::Tensor(layer.outputs.first().cloned())));
                }
                response.on_hover_ui(|ui| details_ui(ui, w, layer));
            }
        });
    }
}

/// The cells of a row, and whether their text stands at the right.
fn cells(row: Rect, columns: &[f32; 9]) -> [(Rect, bool); 9] {
    let mut left = row.left();
    std::array::from_fn(|n| {
        // Figures that end at the right don't touch what begins at the left.
        left += if n == 6 { APART } else { 0.0 };
        let width = columns[n];
        let cell = Rect::from_min_size(pos2(left, row.top()), vec2(width - 8.0, row.height()));
        left += width;
        (cell, matches!(n, 3..=5))
    })
}

fn paint_text(ui: &Ui, cell: Rect, text: &str, colour: Color32, right: bool, small: bool) {
    if !cell.is_positive() {
        return;
    }
    let style = if small { TextStyle::Small } else { TextStyle::Body };
    let galley =
        egui::WidgetText::from(text).into_galley(ui, Some(egui::TextWrapMode::Truncate), cell.width(), style);
    let align = if right { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
    let at = align.align_size_within_rect(galley.size(), cell).min;
    ui.painter().galley(at, galley, colour);
}

fn row_ui(
    ui: &Ui,
    w: &Inside,
    layer: &Layer,
    found: &LayersFound,
    rect: Rect,
    columns: &[f32; 9],
    response: &egui::Response,
) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let p = palette(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 5, p.button[1]);
    }
    let cells = cells(rect, columns);
    let text = |n: usize, text: &str, colour| paint_text(ui, cells[n].0, text, colour, cells[n].1, n > 1);
    text(0, &short(&layer.name), p.strong);
    let dot = cells[1].0.left_center() + vec2(4.0, 0.0);
    ui.painter().circle_filled(dot, 4.0, kind_colour(&layer.kind));
    let kind = Rect::from_min_max(pos2(cells[1].0.left() + 14.0, cells[1].0.top()), cells[1].0.max);
    paint_text(ui, kind, &short(&layer.kind), p.text, false, true);
    let number = |count: u64| if count == 0 { String::new() } else { count_text(count) };
    if let Some(size) = &layer.size {
        text(2, &size.text(), p.text);
    }
    text(3, &number(layer.parameters), p.text);
    text(4, &number(layer.multiply_adds), p.text);
    text(5, &field_text(w, layer.receptive_field), p.text);
    time_ui(ui, w, layer, found, cells[6].0);
    text(7, layer.precision.unwrap_or_default(), p.weak);
    text(8, layer.provider.as_deref().unwrap_or_default(), p.weak);
}

/// A bar as long as its share of the slowest layer, with the milliseconds.
fn time_ui(ui: &Ui, w: &Inside, layer: &Layer, found: &LayersFound, cell: Rect) {
    let p = palette(ui);
    let Some(ms) = layer.ms else {
        if found.is_measured {
            paint_text(ui, cell, w.joined, p.weak.gamma_multiply(0.7), false, true);
        }
        return;
    };
    let share = if found.slowest_ms > 0.0 { ms / found.slowest_ms } else { 0.0 };
    let room = cell.width() - 58.0;
    let bar =
        Rect::from_min_size(pos2(cell.left(), cell.center().y - 5.0), vec2((room * share).max(1.5), 10.0));
    ui.painter().rect_filled(bar, 2, p.accent.gamma_multiply(0.85));
    let text = Rect::from_min_max(pos2(bar.left() + room + 6.0, cell.top()), cell.max);
    paint_text(ui, text, &ms_text(ms), p.text, false, true);
}

/// What a layer reads and makes.
pub(super) fn details_ui(ui: &mut Ui, w: &Inside, layer: &Layer) {
    let p = palette(ui);
    ui.label(egui::RichText::new(short(&layer.name)).color(p.strong));
    ui.label(egui::RichText::new(format!("{}: {}", w.reads, short_list(w, &layer.inputs))).small());
    ui.label(egui::RichText::new(format!("{}: {}", w.makes, short_list(w, &layer.outputs))).small());
    for (name, value) in [
        (w.field, field_text(w, layer.receptive_field)),
        (w.precision, layer.precision.unwrap_or_default().to_owned()),
        (w.runs_on, layer.provider.clone().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            ui.label(egui::RichText::new(format!("{name}: {value}")).small());
        }
    }
    if layer.ms.is_none() && layer.size.is_some() {
        ui.label(egui::RichText::new(w.joined_hint).small().color(p.weak));
    }
    ui.label(egui::RichText::new(w.show_maps).small().color(p.accent));
}

/// The sums, and how layers and the rest add up to a run.
fn summary(ui: &mut Ui, w: &Inside, found: &LayersFound, doing: Doing, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let list = &found.list;
    if !found.is_measured {
        // After a failure nothing is under way; the notice above says what failed.
        if doing == Doing::Measuring || doing == Doing::Reading {
            ui.horizontal(|ui| {
                spinner(ui);
                ui.label(egui::RichText::new(w.measuring).color(p.weak));
            });
        }
        return;
    }
    ui.horizontal(|ui| {
        let totals = (w.totals)(
            list.layers.len(),
            &count_text(list.parameters),
            &count_text(list.multiply_adds),
            list.input_size,
        );
        ui.label(egui::RichText::new(totals).color(p.text));
        at_right(ui, "measure", |ui| {
            if doing == Doing::Measuring {
                spinner(ui);
            }
            if ui.small_button(w.measure_again).on_hover_text(w.measured_beside).clicked() {
                out.push(Intent::Inside(InsideIntent::Measure));
            }
        });
    });
    let own = (list.run_ms - list.added_ms - list.between_ms).max(0.0);
    let parts = [
        (own, p.accent, w.sum_layers),
        (list.added_ms, p.warn, w.sum_added),
        (list.between_ms, p.weak, w.sum_between),
    ];
    let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width() - 10.0, 8.0), Sense::hover());
    let mut left = bar.left();
    for (ms, colour, _) in parts {
        let width = bar.width() * ms / list.run_ms.max(f32::MIN_POSITIVE);
        let part = Rect::from_min_size(Pos2::new(left, bar.top()), vec2(width, bar.height()));
        ui.painter().rect_filled(part, 2, colour);
        left += width;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let small = |text: String, colour| egui::RichText::new(text).small().color(colour);
        for (place, (ms, colour, name)) in parts.into_iter().enumerate() {
            if place > 0 {
                ui.label(small("+".into(), p.weak));
            }
            let (dot, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, colour);
            ui.label(small(format!("{} {name}", ms_text(ms)), p.text));
        }
        ui.label(small(format!("= {} {}", ms_text(list.run_ms), w.sum_run), p.strong));
        ui.label(small(format!("· {}", (w.sum_plain)(&ms_text(list.run_without_profiler_ms))), p.weak));
    });
}
