//! The tab with the maps of one tensor: a mosaic of its channels, one of them enlarged, or the kernels of the first convolution.

use std::sync::Arc;

use egui::{self, Align2, Color32, FontId, Rect, Sense, Stroke, StrokeKind, TextureOptions, Ui, pos2, vec2};

use super::found::{Doing, KernelsFound, LayersFound, MapsFound, Pane};
use super::look_maps::PART;
use super::parts::{fit_left, kind_colour, ms_text, picture, segments, short, spinner, value_text, waiting};
use super::state::InsidePage;
use crate::app::icons::Icon;
use crate::app::intent::{InsideIntent, InsideTab, Intent, MapsOf};
use crate::app::strings::{Inside, maps_name, sorting_name};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{icon_button, wide_slider};
use crate::learn::inside::Layer;
use crate::learn::inside::layers::TensorSize;
use crate::learn::inside::maps::{PlaneLayout, Planes, Sorting};
use crate::model::labels::Labels;

/// Width of a small map on screen, at least.
const TILE: f32 = 92.0;
/// Height of the line below it.
const CAPTION: f32 = 17.0;

impl InsidePage {
    pub(super) fn maps_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        self.tensor_bar(ui, w, out);
        ui.horizontal_wrapped(|ui| {
            if let Some(kernels) = &self.found.kernels {
                let name = |on| if on { w.kernels_short } else { w.maps };
                if let Some(on) = segments(ui, self.order.kernels, [(false, name(false)), (true, name(true))])
                {
                    self.order.kernels = on;
                    self.order.channel = None;
                }
                if self.order.kernels {
                    ui.label((w.kernels)(kernels.count, kernels.size));
                    if kernels.sheet.count < kernels.count {
                        ui.label((w.kernels_first)(kernels.sheet.count));
                    }
                }
            } else {
                self.order.kernels = false;
            }
            if !self.order.kernels {
                let maps = self.maps();
                self.sorting_bar(ui, w, maps.as_deref(), out);
            }
        });
        ui.add_space(4.0);
        if let Some(kernels) = self.found.kernels.clone().filter(|_| self.order.kernels) {
            self.kernels_ui(ui, w, &kernels);
            return;
        }
        let is_measured = self.found.layers.as_ref().is_some_and(|layers| layers.is_measured);
        if is_measured && self.tensor().is_none() {
            ui.label(egui::RichText::new(w.no_maps).color(palette(ui).weak));
            return;
        }
        let Some(maps) = self.maps() else {
            if self.found.failed.is_some() {
                return;
            }
            waiting(ui, self.doing_text(w));
            return;
        };
        self.stack_ui(ui, view, &maps, out);
    }

    /// The maps of a tensor, whether of a layer or an output.
    pub(super) fn stack_ui(&mut self, ui: &mut Ui, view: &View<'_>, maps: &MapsFound, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        if maps.planes.is_none() {
            ui.label(egui::RichText::new((w.no_planes)(&maps.shape)).color(palette(ui).weak));
            if let Some(rows) = &maps.rows {
                let area = ui.available_rect_before_wrap();
                let area = Rect::from_min_max(area.min, area.max - vec2(8.0, 34.0));
                self.pane_ui(ui, w, rows, 0, area, &maps.tensor);
            }
        } else if maps.large.is_some() {
            self.large_ui(ui, w, maps, out);
        } else {
            self.mosaic_ui(ui, view, maps, out);
        }
    }

    /// Which tensor is shown, and the way through the layers.
    fn tensor_bar(&mut self, ui: &mut Ui, w: &Inside, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let Some(found) = self.found.layers.clone() else { return };
        self.find_steps(&found);
        let layers = &found.list.layers;
        let tensor = self.tensor().map(str::to_owned);
        let makes =
            |place: &usize| layers.get(*place).is_some_and(|layer| layer.outputs.first() == tensor.as_ref());
        let steps = &self.maps.steps;
        let now = steps.iter().position(makes);
        let show = |step: usize| {
            let name = steps.get(step).and_then(|place| layers.get(*place)?.outputs.first().cloned());
            Intent::Inside(InsideIntent::Tensor(name))
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let before = now.map_or(0, |now| now.saturating_sub(1));
            let is_pressed = |ui: &Ui, key| !ui.ctx().text_edit_focused() && ui.input(|i| i.key_pressed(key));
            let is_back = icon_button(ui, Icon::Previous, w.layer_before, false).clicked();
            if is_back || is_pressed(ui, egui::Key::PageUp) {
                out.push(show(before));
            }
            let after = now.map_or(0, |now| (now + 1).min(steps.len().saturating_sub(1)));
            let is_onward = icon_button(ui, Icon::Next, w.layer_after, false).clicked();
            if is_onward || is_pressed(ui, egui::Key::PageDown) {
                out.push(show(after));
            }
            ui.scope(|ui| {
                ui.set_max_width(220.0);
                let last = steps.len().saturating_sub(1);
                let mut at = self.maps.dragged.or(now).unwrap_or(0);
                let slider = egui::Slider::new(&mut at, 0..=last.max(1)).show_value(false);
                let response = wide_slider(ui, slider).accessible_name(w.depth);
                if response.dragged() {
                    self.maps.dragged = Some(at);
                } else if let Some(at) = self.maps.dragged.take() {
                    // The session is opened once for where the slider is let go, not for each layer on the way.
                    out.push(show(at));
                } else if response.changed() {
                    out.push(show(at));
                }
                response.on_hover_text(w.depth_hint);
            });
            let attention = &self.maps.attention;
            if !attention.is_empty() && ui.button(w.attention).on_hover_text(w.attention_next).clicked() {
                // The next one after what is shown, the first one after the last.
                let shown = layers.iter().position(|layer| layer.outputs.first() == tensor.as_ref());
                let next = attention.iter().find(|place| shown.is_some_and(|shown| **place > shown));
                let next = next.or(attention.first()).and_then(|place| layers.get(*place));
                let name = next.and_then(|layer| layer.outputs.first().cloned());
                out.push(Intent::Inside(InsideIntent::Tensor(name)));
            }
            ui.add_space(6.0);
            let place = self.maps.dragged.or(now).and_then(|step| self.maps.steps.get(step).copied());
            if let Some(layer) = place.and_then(|place| layers.get(place)) {
                let (dot, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
                ui.painter().circle_filled(dot.center(), 4.5, kind_colour(&layer.kind));
                ui.label(egui::RichText::new(short(&layer.kind)).color(p.strong));
                let size = layer.size.as_ref().map(TensorSize::text).unwrap_or_default();
                ui.label(egui::RichText::new(size).color(p.text));
                ui.add(egui::Label::new(egui::RichText::new(short(&layer.name)).color(p.weak)).truncate());
            } else if let Some(tensor) = &tensor {
                ui.add(egui::Label::new(egui::RichText::new(short(tensor)).color(p.strong)).truncate());
            }
        });
    }

    /// Finds the layers whose outputs may be maps.
    fn find_steps(&mut self, found: &Arc<LayersFound>) {
        let view = &mut self.maps;
        if view.steps_of.as_ref().is_some_and(|of| Arc::ptr_eq(of, found)) {
            return;
        }
        view.steps_of = Some(Arc::clone(found));
        let planes = |layer: &Layer| Planes::of_shape(&layer.size.as_ref()?.shape, found.list.input_size);
        let fits = |place: &usize| {
            let layer = found.list.layers.get(*place);
            // Before they are measured, sizes aren't known.
            layer.is_some_and(|layer| layer.size.is_none() || planes(layer).is_some())
        };
        view.steps = (0..found.list.layers.len()).filter(fits).collect();
        let is_attention = |layer: &Layer| {
            layer.kind == "Softmax"
                && planes(layer).is_some_and(|planes| planes.layout == PlaneLayout::Attention)
        };
        let all = found.list.layers.iter().enumerate();
        view.attention = all.filter(|(_, layer)| is_attention(layer)).map(|(place, _)| place).collect();
    }

    /// Whether a tensor is one of the graph's own outputs.
    fn is_output(&self, tensor: &str) -> bool {
        self.found.layers.as_ref().is_some_and(|layers| layers.outputs.iter().any(|name| name == tensor))
    }

    /// The order of the channels, and freezing; `maps` are those that are shown.
    pub(super) fn sorting_bar(
        &mut self,
        ui: &mut Ui,
        w: &Inside,
        maps: Option<&MapsFound>,
        out: &mut Vec<Intent>,
    ) {
        let p = palette(ui);
        let sorting = self.order.sorting;
        let combo = egui::ComboBox::from_id_salt("sorting")
            .selected_text(sorting_name(w, sorting))
            .width(120.0)
            .show_ui(ui, |ui| {
                for of in [Sorting::Activation, Sorting::Channel] {
                    if ui.selectable_label(of == sorting, sorting_name(w, of)).clicked() && of != sorting {
                        out.push(Intent::Inside(InsideIntent::Sort(of)));
                    }
                }
            });
        combo.response.accessible_name(w.order_hint);
        if sorting == Sorting::Activation && ui.button(w.sort_again).clicked() {
            out.push(Intent::Inside(InsideIntent::Sort(sorting)));
        }
        if self.order.frozen.is_none() {
            if ui.button(w.freeze).on_hover_text(w.freeze_hint).clicked() {
                out.push(Intent::Inside(InsideIntent::Freeze(true)));
            }
        } else {
            // What can't be kept can't be shown either, and what is marked is what is shown.
            if let Some(maps) = maps.filter(|maps| maps.frozen == self.order.frozen) {
                let all = [MapsOf::Live, MapsOf::Frozen, MapsOf::Difference].map(|of| (of, maps_name(w, of)));
                if let Some(of) = segments(ui, maps.of, all) {
                    out.push(Intent::Inside(InsideIntent::Maps(of)));
                }
            }
            if ui.button(w.thaw).clicked() {
                out.push(Intent::Inside(InsideIntent::Freeze(false)));
            }
        }
        if self.found.doing == Doing::Opening {
            spinner(ui);
            ui.label(egui::RichText::new(w.opening).small().color(p.weak));
        }
    }

    fn mosaic_ui(&mut self, ui: &mut Ui, view: &View<'_>, maps: &MapsFound, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        let is_attention = maps.planes.is_some_and(|planes| planes.layout == PlaneLayout::Attention);
        ui.horizontal(|ui| {
            let all = maps.stats.len();
            let text = if is_attention {
                (w.heads)(all)
            } else {
                (w.channels)(maps.first + 1, maps.first + maps.sheet.count, all)
            };
            ui.label(egui::RichText::new(text).color(p.text));
            if all > PART {
                let part = maps.first / PART;
                let go = |ui: &mut Ui, icon, name, to: Option<usize>| {
                    ui.add_enabled_ui(to.is_some(), |ui| icon_button(ui, icon, name, false)).inner.clicked()
                };
                let before = part.checked_sub(1);
                if go(ui, Icon::Previous, w.part_before, before) {
                    out.extend(before.map(|part| Intent::Inside(InsideIntent::Part(part))));
                }
                let after = Some(part + 1).filter(|part| part * PART < all);
                if go(ui, Icon::Next, w.part_after, after) {
                    out.extend(after.map(|part| Intent::Inside(InsideIntent::Part(part))));
                }
            }
            if self.order.frozen.is_some() && maps.frozen.is_none() && maps.is_too_large {
                ui.label(egui::RichText::new(w.too_large_to_freeze).small().color(p.warn));
            }
            ui.label(egui::RichText::new((w.run_took)(&ms_text(maps.ms))).small().color(p.weak));
            if is_attention {
                ui.label(egui::RichText::new(w.attention_choose).small().color(p.accent));
            }
        });
        let texture = self.pictures.sheet.show(ui.ctx(), &maps.sheet.image, TextureOptions::NEAREST);
        let most = maps.stats.iter().map(|stats| stats.activation).fold(0.0, f32::max);
        // Only what the network answers with has a channel for each class; a hidden layer may have as many by chance.
        let is_output = !is_attention && self.is_output(&maps.tensor);
        let has_classes = |labels: &&Labels| labels.len() == maps.stats.len() && labels.len() > 1;
        let labels = view.labels().filter(|labels| is_output && has_classes(labels));
        egui::ScrollArea::vertical().id_salt("mosaic").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            let width = ui.available_width() - 10.0;
            let columns = ((width + 8.0) / (TILE + 8.0)).floor().max(1.0);
            let side = (width - (columns - 1.0) * 8.0) / columns;
            let (tw, th) = (maps.sheet.tile.0.max(1) as f32, maps.sheet.tile.1.max(1) as f32);
            let height = (side * th / tw).min(side * 1.6);
            let count = maps.sheet.count;
            for row in 0..count.div_ceil(columns as usize) {
                ui.horizontal(|ui| {
                    for place in (row * columns as usize..count).take(columns as usize) {
                        let size = vec2(side, height + CAPTION);
                        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                        let Some(stats) = maps.stats.get(maps.first + place) else { continue };
                        let name =
                            if is_attention { (w.head)(stats.channel) } else { (w.channel)(stats.channel) };
                        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                        if !ui.is_rect_visible(rect) {
                            continue;
                        }
                        let at = Rect::from_min_size(rect.min, vec2(side, height));
                        if let Some(texture) = texture {
                            ui.painter().image(texture, at, maps.sheet.uv(place), Color32::WHITE);
                        }
                        if response.hovered() || response.has_focus() {
                            ui.painter().rect_stroke(at, 0, Stroke::new(2.0, p.accent), StrokeKind::Outside);
                        }
                        let caption = Rect::from_min_max(pos2(at.left(), at.bottom() + 2.0), rect.max);
                        let label = labels.map(|labels| labels.name(stats.channel as u32, view.language));
                        let label = label.map_or_else(
                            || stats.channel.to_string(),
                            |name| crate::app::strings::shown(&name),
                        );
                        caption_ui(ui, caption, &label, stats.activation, most);
                        let figures = (w.stats)(
                            &value_text(stats.min),
                            &value_text(stats.mean),
                            &value_text(stats.max),
                        );
                        if response.on_hover_text(format!("{name}\n{figures}")).clicked() {
                            out.push(Intent::Inside(InsideIntent::Channel(Some(stats.channel))));
                        }
                    }
                });
            }
        });
    }

    fn large_ui(&mut self, ui: &mut Ui, w: &Inside, maps: &MapsFound, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let Some(large) = &maps.large else { return };
        let is_attention = maps.planes.is_some_and(|planes| planes.layout == PlaneLayout::Attention);
        ui.horizontal(|ui| {
            let back = || format!("{}  (Esc)", w.back_to_all);
            if maps.stats.len() > 1 && icon_button(ui, Icon::Library, &back(), false).clicked() {
                out.push(Intent::Inside(InsideIntent::Channel(None)));
            }
            let place = maps.stats.iter().position(|stats| stats.channel == large.channel);
            let beside = |by: isize| {
                let place = place?.checked_add_signed(by)?;
                maps.stats.get(place).map(|stats| stats.channel)
            };
            for (icon, name, by) in [(Icon::Previous, w.channel_before, -1), (Icon::Next, w.channel_after, 1)]
            {
                let to = beside(by);
                let button = ui.add_enabled_ui(to.is_some(), |ui| icon_button(ui, icon, name, false)).inner;
                if button.clicked() {
                    out.push(Intent::Inside(InsideIntent::Channel(to)));
                }
            }
            let name = if is_attention { (w.head)(large.channel) } else { (w.channel)(large.channel) };
            ui.label(egui::RichText::new(name).color(p.strong));
            let figures = (w.stats)(
                &value_text(large.live.min),
                &value_text(large.live.mean),
                &value_text(large.live.max),
            );
            ui.label(egui::RichText::new(figures).small().color(p.weak));
        });
        if is_attention {
            ui.add(egui::Label::new(egui::RichText::new(w.attention_hint).color(p.accent)).wrap());
        }
        let area = ui.available_rect_before_wrap();
        let area = Rect::from_min_max(area.min, area.max - vec2(8.0, 8.0));
        let panes: Vec<(&Pane, &str)> = [
            Some((&large.live, w.live)),
            large.frozen.as_ref().map(|pane| (pane, w.frozen)),
            large.difference.as_ref().map(|pane| (pane, w.difference)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let count = panes.len() as f32;
        let width = (area.width() - 12.0 * (count - 1.0)) / count;
        for (n, (pane, name)) in panes.iter().enumerate() {
            let left = area.left() + n as f32 * (width + 12.0);
            let mut part = Rect::from_min_size(pos2(left, area.top()), vec2(width, area.height() - 26.0));
            if panes.len() > 1 {
                let font = FontId::proportional(12.5);
                ui.painter().text(part.left_top(), Align2::LEFT_TOP, name, font, p.text);
                part.min.y += 20.0;
            }
            let row = self.pane_ui(ui, w, pane, n, part, name);
            if is_attention && n == 0 {
                self.maps.row = row;
            }
        }
    }

    /// One picture with the value under the pointer. Returns the row that the pointer is in.
    fn pane_ui(
        &mut self,
        ui: &mut Ui,
        w: &Inside,
        pane: &Pane,
        number: usize,
        area: Rect,
        name: &str,
    ) -> Option<usize> {
        let p = palette(ui);
        let at = fit_left((pane.width, pane.height), area);
        let texture = self
            .pictures
            .large
            .get_mut(number)
            .and_then(|picture| picture.show(ui.ctx(), &pane.image, TextureOptions::NEAREST));
        let response = picture(ui, texture, at, name);
        let share = (response.hover_pos()? - at.min) / at.size();
        let (column, row, value) = pane.at(share.x, share.y)?;
        let cell = at.size() / vec2(pane.width as f32, pane.height as f32);
        let marked = Rect::from_min_size(at.min + cell * vec2(column as f32, row as f32), cell);
        ui.painter().rect_stroke(marked, 0, Stroke::new(1.5, Color32::WHITE), StrokeKind::Outside);
        let text = (w.value_at)(column, row, &value_text(value));
        let below = pos2(at.left(), at.bottom() + 5.0);
        ui.painter().text(below, Align2::LEFT_TOP, text, FontId::proportional(12.5), p.strong);
        Some(row)
    }

    fn kernels_ui(&mut self, ui: &mut Ui, w: &Inside, kernels: &KernelsFound) {
        let p = palette(ui);
        ui.label(egui::RichText::new(w.kernels_hint).color(p.weak));
        let texture = self.pictures.kernels.show(ui.ctx(), &kernels.sheet.image, TextureOptions::NEAREST);
        egui::ScrollArea::vertical().id_salt("kernels").auto_shrink([false, false]).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
                for place in 0..kernels.sheet.count {
                    let (rect, response) = ui.allocate_exact_size(vec2(60.0, 60.0), Sense::hover());
                    if let Some(texture) = texture.filter(|_| ui.is_rect_visible(rect)) {
                        ui.painter().image(texture, rect, kernels.sheet.uv(place), Color32::WHITE);
                    }
                    response.on_hover_text((w.channel)(place));
                }
            });
        });
    }

    /// Lays what is enlarged over the preview.
    pub(super) fn overlay_maps(&mut self, ui: &Ui, on: super::parts::OnScreen, painter: &egui::Painter) {
        let maps = match self.order.tab {
            InsideTab::Maps => self.maps(),
            _ => None,
        };
        let output = self.found.output.clone();
        let maps = maps.as_deref().or_else(|| self.raw_maps(output.as_deref()?));
        let Some(maps) = maps.filter(|maps| maps.frame_size == on.size) else { return };
        let (Some(large), Some(planes)) = (&maps.large, maps.planes) else { return };
        if planes.layout == PlaneLayout::Attention {
            self.overlay_attention(ui, on, painter, maps, &large.live);
            return;
        }
        // The same texture as on the tab, which is sharp; over the picture it would be taken for its edges otherwise.
        if let Some(texture) =
            self.pictures.large[0].show(ui.ctx(), &large.live.image, TextureOptions::NEAREST)
        {
            on.lay_over(painter, texture, maps.covered, self.opacity);
        }
    }

    /// How much the patch under the pointer looks at each other one, or the token whose row the pointer is in: the first ones may be no
    /// patches but a class token and registers.
    fn overlay_attention(
        &mut self,
        ui: &Ui,
        on: super::parts::OnScreen,
        painter: &egui::Painter,
        maps: &MapsFound,
        head: &Pane,
    ) {
        let tokens = head.width;
        // A table of so many tokens is read as patches of the picture.
        let Some(grid) = Planes::of(&[1, tokens, 8], maps.input) else { return };
        let PlaneLayout::Patches { before } = grid.layout else { return };
        let [x1, y1, x2, y2] = maps.covered;
        let [x, y] = self.pointed.unwrap_or([f32::midpoint(x1, x2), f32::midpoint(y1, y2)]);
        let cell = |at: f32, from: f32, to: f32, cells: usize| {
            let share = (at - from) / (to - from).max(1e-6);
            ((share * cells as f32).max(0.0) as usize).min(cells.saturating_sub(1))
        };
        let (column, row) = (cell(x, x1, x2, grid.width), cell(y, y1, y2, grid.height));
        let patch = before + row * grid.width + column;
        let query = self.maps.row.filter(|row| self.pointed.is_none() && *row < tokens).unwrap_or(patch);
        let start = query * tokens + before;
        let Some(values) = head.values.get(start..start + grid.width * grid.height) else { return };
        let made = self.pictures.attended.as_ref();
        let made = made.filter(|(of, at, _)| Arc::ptr_eq(of, &head.image) && *at == query);
        let made = made.map(|(.., image)| Arc::clone(image));
        let image = made.unwrap_or_else(|| {
            let most = values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            let shares: Vec<f32> = values.iter().map(|value| value / most).collect();
            super::picturing::heat(grid.width, grid.height, &shares)
        });
        self.pictures.attended = Some((Arc::clone(&head.image), query, Arc::clone(&image)));
        if let Some(texture) = self.pictures.attention.show(ui.ctx(), &image, TextureOptions::LINEAR) {
            on.lay_over(painter, texture, maps.covered, self.opacity.max(0.3));
        }
        // A class token has no place in the picture.
        let Some(place) = query.checked_sub(before) else { return };
        let size = [(x2 - x1) / grid.width as f32, (y2 - y1) / grid.height as f32];
        let (column, row) = (place % grid.width, place / grid.width);
        let corner = [x1 + column as f32 * size[0], y1 + row as f32 * size[1]];
        let marked = Rect::from_two_pos(
            on.to_screen(corner),
            on.to_screen([corner[0] + size[0], corner[1] + size[1]]),
        );
        painter.rect_stroke(marked, 0, Stroke::new(2.0, Color32::WHITE), StrokeKind::Outside);
    }
}

/// The channel's number, and a bar as long as its activation.
fn caption_ui(ui: &Ui, rect: Rect, name: &str, activation: f32, most: f32) {
    let p = palette(ui);
    let share = if most > 0.0 { (activation / most).clamp(0.0, 1.0) } else { 0.0 };
    let galley = egui::WidgetText::from(egui::RichText::new(name).size(10.5)).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        rect.width() * 0.6,
        egui::TextStyle::Small,
    );
    let text = galley.size().x;
    ui.painter().galley(rect.left_top(), galley, p.weak);
    let room = Rect::from_min_max(
        pos2(rect.left() + text + 6.0, rect.top() + 5.0),
        pos2(rect.right(), rect.top() + 9.0),
    );
    ui.painter().rect_filled(room, 2, p.button[0]);
    let bar = Rect::from_min_size(room.min, vec2(room.width() * share, room.height()));
    ui.painter().rect_filled(bar, 2, p.accent.gamma_multiply(0.8));
}
