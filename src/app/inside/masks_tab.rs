//! The part of the tab "Output" that takes the mask of an object apart: its coefficients, the prototypes, and the sum of both, term by term, on
//! its way to the mask.

use std::ops::Range;

use egui::{
    self, Align2, Color32, FontId, Painter, Rect, Sense, Stroke, StrokeKind, TextureId, TextureOptions, Ui,
    pos2, vec2,
};

use super::found::MasksFound;
use super::output_tab::{box_ui, name_of};
use super::parts::{OnScreen, count_text, fit_left, picture, value_text, waiting};
use super::picturing::difference;
use super::state::InsidePage;
use crate::app::icons::Icon;
use crate::app::intent::{InsideIntent, Intent};
use crate::app::strings::Inside;
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{icon_button, wide_slider};
use crate::learn::inside::colours::inferno;
use crate::scene::palette::class as class_colour;

/// Height of a row of the list of coefficients.
const ROW: f32 = 20.0;
/// Height of the list and of the prototypes, at least.
const LOWER: f32 = 170.0;
/// Width of a prototype on screen, at least.
const TILE: f32 = 62.0;
/// How much of the picture a mask covers.
const MASK: f32 = 0.6;

impl InsidePage {
    /// The choice of the object.
    pub(super) fn masks_bar(&self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let Some(found) = self.masks().filter(|found| !found.objects.is_empty()) else { return };
        let name = |place: usize| {
            found.objects.get(place).map_or_else(String::new, |object| {
                let name = name_of(view.labels(), object.class_id, view.language);
                format!("{}  {name}  {:.2}", place + 1, object.score)
            })
        };
        ui.add_space(6.0);
        let combo = egui::ComboBox::from_id_salt("mask")
            .selected_text(name(found.chosen))
            .width(170.0)
            .show_ui(ui, |ui| {
                for (place, object) in found.objects.iter().enumerate() {
                    if ui.selectable_label(place == found.chosen, name(place)).clicked() {
                        out.push(Intent::Inside(InsideIntent::MaskObject(Some(object.bbox))));
                    }
                }
            });
        combo.response.accessible_name(w.mask_object);
        let text = egui::RichText::new(w.mask_click).small().color(palette(ui).weak);
        ui.add(egui::Label::new(text).truncate());
    }

    /// What is below that.
    pub(super) fn masks_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let Some(found) = self.masks() else {
            if self.found.failed.is_none() {
                waiting(ui, self.doing_text(w));
            }
            return;
        };
        let nothing = if found.count == 0 {
            Some(w.no_prototypes.to_owned())
        } else if found.is_too_large {
            Some((w.prototypes_many)(found.count, found.size))
        } else {
            found.objects.is_empty().then(|| w.no_masked_object.to_owned())
        };
        if let Some(nothing) = nothing {
            ui.add_space(8.0);
            ui.label(egui::RichText::new(nothing).color(palette(ui).warn));
            return;
        }
        egui::ScrollArea::vertical().id_salt("masks").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_width(ui.available_width() - 10.0);
            let room = ui.available_height();
            steps_ui(ui, w, &found, out);
            ui.add_space(4.0);
            self.way_ui(ui, view, &found, (room * 0.42).max(90.0));
            ui.add_space(10.0);
            let area = ui.available_rect_before_wrap();
            let height = area.height().max(LOWER);
            let (area, _) = ui.allocate_exact_size(vec2(area.width(), height), Sense::hover());
            let left = (area.width() * 0.46).floor();
            let part = |salt: &str, x: Range<f32>| {
                let rect = Rect::from_min_max(pos2(x.start, area.top()), pos2(x.end, area.bottom()));
                egui::UiBuilder::new().id_salt(salt).max_rect(rect)
            };
            let hovered = self.tables.term.take();
            let coefficients = part("coefficients", area.left()..area.left() + left);
            ui.scope_builder(coefficients, |ui| self.coefficients_ui(ui, w, &found, hovered, out));
            let prototypes = part("prototypes", area.left() + left + 18.0..area.right());
            ui.scope_builder(prototypes, |ui| self.prototypes_ui(ui, w, &found, hovered, out));
        });
    }

    /// The sum, its sigmoid and the mask, side by side.
    fn way_ui(&mut self, ui: &mut Ui, view: &View<'_>, found: &MasksFound, height: f32) {
        /// Height of the line above a picture and of the one below.
        const LINE: f32 = 20.0;
        const GAP: f32 = 14.0;
        let w = &view.strings.inside;
        let p = palette(ui);
        let size = (found.frame.width, found.frame.height);
        let width = (ui.available_width() - 2.0 * GAP) / 3.0;
        let left = ui.available_rect_before_wrap().min;
        let room = Rect::from_min_size(left + vec2(0.0, LINE), vec2(width, height - 2.0 * LINE));
        let first = fit_left((size.0 as usize, size.1 as usize), room);
        let (area, _) = ui.allocate_exact_size(
            vec2(ui.available_width(), first.height() + 2.0 * LINE + 10.0),
            Sense::hover(),
        );
        let frame = self.pictures.held.show(ui.ctx(), &found.picture, TextureOptions::LINEAR);
        let images = [&found.sum, &found.sigmoid, &found.mask];
        let textures: Vec<Option<TextureId>> = (self.pictures.mask.iter_mut().zip(images))
            .map(|(texture, image)| texture.show(ui.ctx(), image, TextureOptions::NEAREST))
            .collect();
        let object = found.objects.get(found.chosen);
        for (n, name) in [w.mask_sum, w.mask_sigmoid, w.mask_cut].into_iter().enumerate() {
            let at = first.translate(vec2(n as f32 * (width + GAP), 0.0));
            let font = FontId::proportional(12.5);
            let galley = egui::WidgetText::from(egui::RichText::new(format!("{}  {name}", n + 1)).font(font))
                .into_galley(ui, Some(egui::TextWrapMode::Truncate), width, egui::TextStyle::Body);
            ui.painter().galley(pos2(at.left(), area.top()), galley, p.strong);
            let on = OnScreen { at, size, mirrored: false };
            picture(ui, if n == 2 { frame } else { None }, at, name);
            let painter = ui.painter().with_clip_rect(at.intersect(ui.clip_rect()));
            if let Some(texture) = textures.get(n).copied().flatten() {
                let (region, opacity) = if n == 2 { (found.mask_region, MASK) } else { (found.covered, 1.0) };
                on.lay_over(&painter, texture, region, opacity);
            }
            if let Some(object) = object {
                box_ui(&painter, on, object.bbox, Stroke::new(1.5, Color32::WHITE));
            }
            let line = Rect::from_min_size(at.left_bottom() + vec2(0.0, 5.0), vec2(width, LINE - 5.0));
            match n {
                0 => {
                    let ends = (-found.sum_greatest, found.sum_greatest);
                    scale_ui(ui, line, (&value_text(ends.0), &value_text(ends.1)), difference);
                }
                1 => scale_ui(ui, line, ("0", "1"), inferno),
                _ => {
                    let text = (w.mask_pixels)(&count_text(found.mask_pixels as u64));
                    let font = FontId::proportional(11.5);
                    ui.painter().text(line.left_top(), Align2::LEFT_TOP, text, font, p.weak);
                }
            }
        }
    }

    fn coefficients_ui(
        &mut self,
        ui: &mut Ui,
        w: &Inside,
        found: &MasksFound,
        hovered: Option<usize>,
        out: &mut Vec<Intent>,
    ) {
        let p = palette(ui);
        ui.label(egui::RichText::new((w.coefficients)(found.terms.len())).color(p.strong));
        let text = egui::RichText::new(w.coefficients_sorted).small().color(p.weak);
        ui.add(egui::Label::new(text).wrap());
        let most = found.terms.iter().map(|term| term.coefficient.abs()).fold(0.0, f32::max);
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = egui::ScrollArea::vertical().id_salt("coefficients").auto_shrink([false, false]);
        area.show_rows(ui, ROW, found.terms.len(), |ui, rows| {
            for place in rows {
                let Some(term) = found.terms.get(place) else { continue };
                let size = vec2(ui.available_width() - 10.0, ROW);
                let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                let (coefficient, change) = (value_text(term.coefficient), value_text(term.change));
                let name = (w.term_hint)(term.prototype, &coefficient, &change);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                if response.hovered() || hovered == Some(place) {
                    ui.painter().rect_filled(rect, 4, p.button[1]);
                }
                let dim = if place < found.used { 1.0 } else { 0.45 };
                let put = |x: f32, text: &str, colour: Color32| {
                    let at = pos2(x, rect.center().y);
                    let font = FontId::proportional(12.0);
                    ui.painter().text(at, Align2::RIGHT_CENTER, text, font, colour.gamma_multiply(dim));
                };
                put(rect.left() + 26.0, &term.prototype.to_string(), p.weak);
                let room = Rect::from_min_max(
                    pos2(rect.left() + 34.0, rect.top() + 5.0),
                    pos2((rect.right() - 124.0).max(rect.left() + 60.0), rect.bottom() - 5.0),
                );
                ui.painter().rect_filled(room, 2, p.button[0].gamma_multiply(0.7));
                let share = if most > 0.0 { (term.coefficient / most).clamp(-1.0, 1.0) } else { 0.0 };
                let middle = room.center().x;
                let end = middle + share * room.width() / 2.0;
                let bar = Rect::from_x_y_ranges(middle.min(end)..=middle.max(end), room.y_range());
                let [r, g, b] = difference(if share < 0.0 { 0.0 } else { 1.0 });
                ui.painter().rect_filled(bar, 1, Color32::from_rgb(r, g, b).gamma_multiply(dim));
                ui.painter().vline(middle, rect.y_range(), Stroke::new(1.0, p.line));
                put(rect.right() - 62.0, &coefficient, p.text);
                put(rect.right() - 4.0, &change, p.strong);
                if response.hovered() {
                    self.tables.term = Some(place);
                }
                if response.clicked() {
                    out.push(up_to(place + 1, found.terms.len()));
                }
            }
        });
    }

    fn prototypes_ui(
        &mut self,
        ui: &mut Ui,
        w: &Inside,
        found: &MasksFound,
        hovered: Option<usize>,
        out: &mut Vec<Intent>,
    ) {
        let p = palette(ui);
        let sheet = &found.sheet;
        ui.label(egui::RichText::new((w.prototypes)(found.count, found.size)).color(p.strong));
        let mut text = (w.prototypes_colours)(&value_text(found.greatest));
        if sheet.count < found.count {
            text.push(' ');
            text.push_str(&(w.prototypes_first)(sheet.count));
        }
        ui.add(egui::Label::new(egui::RichText::new(text).small().color(p.weak)).wrap());
        let texture = self.pictures.prototypes.show(ui.ctx(), &sheet.image, TextureOptions::NEAREST);
        let area = egui::ScrollArea::vertical().id_salt("prototypes").auto_shrink([false, false]);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(5.0, 4.0);
            let width = ui.available_width() - 10.0;
            let columns = ((width + 5.0) / (TILE + 5.0)).floor().max(1.0);
            let side = ((width - (columns - 1.0) * 5.0) / columns).max(1.0);
            let (tw, th) = (sheet.tile.0.max(1) as f32, sheet.tile.1.max(1) as f32);
            let size = vec2(side, (side * th / tw).min(side * 1.6));
            let columns = columns as usize;
            for row in 0..sheet.count.div_ceil(columns) {
                ui.horizontal(|ui| {
                    for place in (row * columns..sheet.count).take(columns) {
                        let Some(term) = found.terms.get(place) else { continue };
                        let (at, response) = ui.allocate_exact_size(size, Sense::click());
                        let (coefficient, change) = (value_text(term.coefficient), value_text(term.change));
                        let name = (w.term_hint)(term.prototype, &coefficient, &change);
                        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
                        if response.hovered() {
                            self.tables.term = Some(place);
                        }
                        if response.clicked() {
                            out.push(up_to(place + 1, found.terms.len()));
                        }
                        if !ui.is_rect_visible(at) {
                            continue;
                        }
                        let tint = if place < found.used { 1.0 } else { 0.35 };
                        if let Some(texture) = texture {
                            let tint = Color32::WHITE.gamma_multiply(tint);
                            ui.painter().image(texture, at, sheet.uv(place), tint);
                        }
                        let ground = Rect::from_min_size(at.min, vec2(19.0, 14.0));
                        ui.painter().rect_filled(ground, 0, Color32::from_black_alpha(150));
                        let font = FontId::proportional(10.5);
                        let number = term.prototype.to_string();
                        let colour = Color32::WHITE.gamma_multiply(tint.max(0.6));
                        ui.painter().text(ground.center(), Align2::CENTER_CENTER, number, font, colour);
                        if response.hovered() || response.has_focus() || hovered == Some(place) {
                            let stroke = Stroke::new(2.0, p.accent);
                            ui.painter().rect_stroke(at, 0, stroke, StrokeKind::Inside);
                        }
                        response.on_hover_text(name);
                    }
                });
            }
        });
    }

    /// The box of the smallest object with a mask at a place of the frame: it is the one that is seen in front of larger ones.
    pub(super) fn masked_object_at(&self, [x, y]: [f32; 2]) -> Option<[f32; 4]> {
        let found = self.masks()?;
        let there = found
            .objects
            .iter()
            .map(|object| object.bbox)
            .filter(|[x1, y1, x2, y2]| (*x1..*x2).contains(&x) && (*y1..*y2).contains(&y));
        let area = |[x1, y1, x2, y2]: &[f32; 4]| (x2 - x1) * (y2 - y1);
        there.min_by(|a, b| area(a).total_cmp(&area(b)))
    }

    /// Draws the boxes that can be chosen over the preview, and the mask.
    pub(super) fn overlay_masks(&mut self, ui: &Ui, on: OnScreen, painter: &Painter) {
        let Some(found) = self.masks() else { return };
        if (found.frame.width, found.frame.height) != on.size {
            return;
        }
        let mask = self.pictures.mask[2].show(ui.ctx(), &found.mask, TextureOptions::NEAREST);
        if let Some(mask) = mask.filter(|_| !found.objects.is_empty()) {
            on.lay_over(painter, mask, found.mask_region, MASK);
        }
        for (place, object) in found.objects.iter().enumerate().rev() {
            if place != found.chosen {
                box_ui(painter, on, object.bbox, Stroke::new(1.0, Color32::from_white_alpha(150)));
            }
        }
        if let Some(object) = found.objects.get(found.chosen) {
            let [r, g, b] = class_colour(object.class_id);
            box_ui(painter, on, object.bbox, Stroke::new(3.5, Color32::from_black_alpha(140)));
            box_ui(painter, on, object.bbox, Stroke::new(2.0, Color32::from_rgb(r, g, b)));
        }
    }
}

/// Shows so many terms of all. The whole sum follows the picture; a part of it holds it.
fn up_to(terms: usize, all: usize) -> Intent {
    Intent::Inside(InsideIntent::MaskTerms((terms < all).then_some(terms)))
}

/// How many terms of the sum are shown.
fn steps_ui(ui: &mut Ui, w: &Inside, found: &MasksFound, out: &mut Vec<Intent>) {
    let (used, all) = (found.used, found.terms.len());
    let go = |to: usize| up_to(to, all);
    ui.horizontal(|ui| {
        if icon_button(ui, Icon::Previous, w.mask_fewer, false).clicked() {
            out.push(go(used.saturating_sub(1)));
        }
        if icon_button(ui, Icon::Next, w.mask_more, false).clicked() {
            out.push(go((used + 1).min(all)));
        }
        ui.scope(|ui| {
            ui.set_max_width((ui.available_width() - 190.0).max(60.0));
            let mut at = used;
            let slider = egui::Slider::new(&mut at, 0..=all.max(1)).show_value(false);
            if wide_slider(ui, slider).accessible_name(w.mask_terms).changed() {
                out.push(go(at));
            }
        });
        ui.label((w.mask_first)(used, all));
    });
}

/// What the colours of a picture mean.
fn scale_ui(ui: &Ui, rect: Rect, (low, high): (&str, &str), colour: fn(f32) -> [u8; 3]) {
    const STEPS: usize = 32;
    let p = palette(ui);
    let font = FontId::proportional(11.5);
    let text = ui.painter().text(rect.left_top(), Align2::LEFT_TOP, low, font.clone(), p.weak);
    let left = text.right() + 6.0;
    let step = (rect.width() * 0.4).min(120.0) / STEPS as f32;
    for n in 0..STEPS {
        let [r, g, b] = colour(n as f32 / (STEPS - 1) as f32);
        let at = pos2(left + n as f32 * step, text.center().y - 4.0);
        let part = Rect::from_min_size(at, vec2(step + 0.5, 8.0));
        ui.painter().rect_filled(part, 0, Color32::from_rgb(r, g, b));
    }
    let at = pos2(left + STEPS as f32 * step + 6.0, rect.top());
    ui.painter().text(at, Align2::LEFT_TOP, high, font, p.weak);
}
