//! The tab with the tensor that the network is given: each step from the picture to it, and the pixel under the pointer as bytes and as
//! values.

use egui::{
    self, Align2, Color32, FontId, Painter, Rect, Stroke, StrokeKind, TextureOptions, Ui, pos2, vec2,
};

use super::found::InputFound;
use super::parts::{OnScreen, fit_left, picture, value_text, waiting};
use super::state::InsidePage;
use crate::app::intent::InsideTab;
use crate::app::strings::Inside;
use crate::app::style::{CARD_RADIUS, palette};
use crate::app::view::View;
use crate::learn::inside::preparing::Step;
use crate::model::spec::{ColourOrder, Element, Fit, Layout, Range, Resample};

/// Pixels along a side of the enlarged part.
const LENS: f32 = 13.0;

impl InsidePage {
    pub(super) fn input_ui(&mut self, ui: &mut Ui, view: &View<'_>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        let Some(found) = self.found.input.clone() else {
            if self.found.failed.is_none() {
                waiting(ui, self.doing_text(w));
            }
            return;
        };
        egui::ScrollArea::vertical().id_salt("input").auto_shrink([false, false]).show(ui, |ui| {
            ui.label(
                egui::RichText::new((w.tensor_of)(&super::parts::short(&found.name), &found.shape))
                    .color(p.strong),
            );
            steps_ui(ui, w, &found);
            ui.add_space(8.0);
            self.pictures_ui(ui, w, &found);
            ui.add_space(8.0);
            self.pixel_ui(ui, w, &found);
        });
    }

    fn pictures_ui(&mut self, ui: &mut Ui, w: &Inside, found: &InputFound) {
        let p = palette(ui);
        let (width, height) = found.prepared.geometry.input;
        let room = ui.available_width() - 14.0;
        let side = (room - 3.0 * 10.0) / 4.0;
        let shape = height as f32 / width.max(1) as f32;
        let tall = (side * shape).min(300.0);
        let (row, _) = ui.allocate_exact_size(vec2(room, tall + 20.0), egui::Sense::hover());
        let options = TextureOptions::NEAREST;
        let mut textures = [self.pictures.fitted.show(ui.ctx(), &found.fitted, options), None, None, None];
        for (n, plane) in found.planes.iter().enumerate() {
            textures[n + 1] = self.pictures.planes[n].show(ui.ctx(), plane, options);
        }
        // The pointer over the preview points at the tensor as well.
        self.input_at = self.pointed.map(|[x, y]| found.prepared.geometry.to_input(x, y));
        let mut places = [Rect::NOTHING; 4];
        for (n, texture) in textures.into_iter().enumerate() {
            let left = row.left() + n as f32 * (side + 10.0);
            let room = Rect::from_min_size(pos2(left, row.top() + 18.0), vec2(side, tall));
            let at = fit_left((width as usize, height as usize), room);
            places[n] = at;
            let name = match n.checked_sub(1) {
                None => w.fitted.to_owned(),
                Some(channel) => {
                    let [low, high] = found.bounds[channel];
                    let range = format!("{} … {}", value_text(low), value_text(high));
                    format!("{}  {range}", channel_name(w, found.order, channel))
                }
            };
            let response = picture(ui, texture, at, &name);
            let above = pos2(at.left(), at.top() - 4.0);
            ui.painter().text(above, Align2::LEFT_BOTTOM, &name, FontId::proportional(11.5), p.text);
            if let Some(pointer) = response.hover_pos() {
                let share = (pointer - at.min) / at.size();
                self.input_at = Some([share.x * width as f32, share.y * height as f32]);
            }
        }
        if let Some([x, y]) = self.input_at {
            for at in places {
                let place = at.min + at.size() * vec2(x / width as f32, y / height as f32);
                if at.contains(place) {
                    cross(ui.painter(), at, place);
                }
            }
        }
    }

    fn pixel_ui(&mut self, ui: &mut Ui, w: &Inside, found: &InputFound) {
        let p = palette(ui);
        let (width, height) = found.prepared.geometry.input;
        let (x, y) =
            self.input_at.map_or((width / 2, height / 2), |[x, y]| (x.max(0.0) as u32, y.max(0.0) as u32));
        let Some((bytes, values)) = found.prepared.at(x, y) else {
            ui.label(egui::RichText::new(w.pixel_outside).color(p.weak));
            return;
        };
        ui.horizontal_top(|ui| {
            let (lens, _) = ui.allocate_exact_size(vec2(130.0, 130.0), egui::Sense::hover());
            if let Some(texture) = self.pictures.fitted.show(ui.ctx(), &found.fitted, TextureOptions::NEAREST)
            {
                let size = vec2(width as f32, height as f32);
                let first = vec2(x as f32, y as f32) - egui::Vec2::splat((LENS - 1.0) / 2.0);
                let uv = Rect::from_min_size((first / size).to_pos2(), egui::Vec2::splat(LENS) / size);
                // At the edges nothing is there.
                let whole = super::parts::WHOLE;
                let cut = uv.intersect(whole);
                let scale = lens.size() / uv.size();
                let at = Rect::from_min_size(lens.min + (cut.min - uv.min) * scale, cut.size() * scale);
                ui.painter().rect_filled(lens, 0, p.stage);
                ui.painter().image(texture, at, cut, Color32::WHITE);
                let pixel = Rect::from_center_size(lens.center(), lens.size() / LENS);
                ui.painter().rect_stroke(pixel, 0, Stroke::new(1.5, Color32::WHITE), StrokeKind::Outside);
                ui.painter().rect_stroke(lens, 0, Stroke::new(1.0, p.line), StrokeKind::Outside);
            }
            ui.add_space(8.0);
            ui.vertical(|ui| {
                ui.label(egui::RichText::new((w.pixel)(x, y)).color(p.strong));
                egui::Grid::new("pixel").num_columns(4).spacing([18.0, 4.0]).show(ui, |ui| {
                    let mono = |text: String| egui::RichText::new(text).monospace().color(p.text);
                    ui.label(egui::RichText::new(w.channel_row).color(p.weak));
                    for channel in 0..3 {
                        ui.label(egui::RichText::new(channel_name(w, found.order, channel)).color(p.weak));
                    }
                    ui.end_row();
                    ui.label(egui::RichText::new(w.bytes_row).color(p.weak));
                    for channel in 0..3 {
                        let colour = colour_of(found.order, channel);
                        ui.label(mono(bytes[colour].to_string()));
                    }
                    ui.end_row();
                    ui.label(egui::RichText::new(w.values_row).color(p.weak));
                    for value in values {
                        ui.label(mono(format!("{value:.4}")));
                    }
                    ui.end_row();
                });
                let range = found.prepared.steps.iter().find_map(|step| match step {
                    Step::Values { range } => Some(*range),
                    _ => None,
                });
                if let Some(range) = range {
                    let byte = bytes[colour_of(found.order, 0)];
                    let sum = format!(
                        "({byte} × {} − {}) ÷ {} = {:.4}",
                        value_short(range.scale),
                        value_short(range.mean[0]),
                        value_short(range.std[0]),
                        values[0],
                    );
                    ui.label(egui::RichText::new(sum).monospace().color(p.weak));
                }
                ui.label(egui::RichText::new(w.pixel_hint).small().color(p.weak));
            });
        });
    }

    /// Marks on the preview what is pointed at on the tab, and what of the picture the network is given.
    pub(super) fn overlay_input(&self, on: OnScreen, painter: &Painter) {
        if self.order.tab != InsideTab::Input {
            return;
        }
        let Some(found) = self.found.input.as_ref().filter(|found| found.prepared.geometry.frame == on.size)
        else {
            return;
        };
        let geometry = &found.prepared.geometry;
        let [x1, y1, x2, y2] = geometry.clip(geometry.covered());
        let seen = Rect::from_two_pos(on.to_screen([x1, y1]), on.to_screen([x2, y2]));
        if seen.width() + 1.0 < on.at.width() || seen.height() + 1.0 < on.at.height() {
            // What is cut off is dark.
            let dark = Color32::from_black_alpha(150);
            for outside in [
                Rect::from_min_max(on.at.min, pos2(seen.left(), on.at.bottom())),
                Rect::from_min_max(pos2(seen.right(), on.at.top()), on.at.max),
                Rect::from_min_max(pos2(seen.left(), on.at.top()), pos2(seen.right(), seen.top())),
                Rect::from_min_max(pos2(seen.left(), seen.bottom()), pos2(seen.right(), on.at.bottom())),
            ] {
                painter.rect_filled(outside, 0, dark);
            }
            painter.rect_stroke(seen, 0, Stroke::new(1.5, Color32::WHITE), StrokeKind::Inside);
        }
        if let Some([x, y]) = self.input_at {
            let place = on.to_screen(geometry.to_frame(x, y));
            cross(painter, on.at, place);
        }
    }
}

/// Two thin lines through a point.
fn cross(painter: &Painter, area: Rect, at: egui::Pos2) {
    for (colour, width) in [(Color32::from_black_alpha(160), 3.0), (Color32::WHITE, 1.0)] {
        painter.hline(area.x_range(), at.y, Stroke::new(width, colour));
        painter.vline(at.x, area.y_range(), Stroke::new(width, colour));
    }
}

/// Which of red, green and blue a channel is.
fn colour_of(order: ColourOrder, channel: usize) -> usize {
    match order {
        ColourOrder::Rgb => channel,
        ColourOrder::Bgr => 2 - channel.min(2),
    }
}

fn channel_name(w: &Inside, order: ColourOrder, channel: usize) -> &'static str {
    [w.red, w.green, w.blue][colour_of(order, channel)]
}

/// What happens on the way, side by side.
fn steps_ui(ui: &mut Ui, w: &Inside, found: &InputFound) {
    let p = palette(ui);
    let room = ui.available_width() - 14.0;
    let count = found.prepared.steps.len().max(1) as f32;
    let width = (room - (count - 1.0) * 10.0) / count;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        for (number, step) in found.prepared.steps.iter().enumerate() {
            let (title, lines) = step_text(w, step);
            let frame = egui::Frame::new().fill(p.raised).corner_radius(CARD_RADIUS).inner_margin(10);
            frame.show(ui, |ui| {
                ui.set_width(width - 20.0);
                ui.set_min_height(116.0);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 3.0;
                    let title = format!("{}  {title}", number + 1);
                    ui.add(egui::Label::new(egui::RichText::new(title).color(p.strong)).wrap());
                    for line in lines {
                        ui.add(egui::Label::new(egui::RichText::new(line).small().color(p.text)).wrap());
                    }
                });
            });
        }
    });
}

fn size_text((width, height): (u32, u32)) -> String {
    format!("{width}×{height}")
}

/// A number of a formula, as short as it can be.
fn value_short(value: f32) -> String {
    if (value * 255.0 - 1.0).abs() < 1e-5 {
        "1/255".into()
    } else if (value * 127.5 - 1.0).abs() < 1e-5 {
        "1/127.5".into()
    } else {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn step_text(w: &Inside, step: &Step) -> (&'static str, Vec<String>) {
    match step {
        Step::Fit { from, scaled, to, fit, resample } => {
            let how = match fit {
                Fit::Letterbox { pad, .. } => (w.letterbox)(*pad),
                Fit::Stretch => w.stretch.into(),
                Fit::CentreCrop { .. } | Fit::StretchCrop { .. } => w.centre_crop.into(),
            };
            let resample = match resample {
                Resample::OpenCv => w.resample_opencv,
                Resample::Bilinear => w.resample_bilinear,
                Resample::Bicubic => w.resample_bicubic,
            };
            let sizes = [*from, *scaled, *to].map(size_text);
            let mut sizes = sizes.to_vec();
            sizes.dedup();
            (w.step_fit, vec![sizes.join(" → "), how, resample.into()])
        }
        Step::Colours { order } => {
            let (order, text) = match order {
                ColourOrder::Rgb => ("RGB", w.order_rgb),
                ColourOrder::Bgr => ("BGR", w.order_bgr),
            };
            (w.step_colours, vec![order.into(), text.into()])
        }
        Step::Values { range } => (w.step_values, values_text(w, range)),
        Step::Layout { layout, element } => {
            let (name, text) = match layout {
                Layout::Nchw => ("NCHW", w.layout_nchw),
                Layout::Nhwc => ("NHWC", w.layout_nhwc),
            };
            let element = match element {
                Element::F32 => "float32",
                Element::F16 => "float16",
                Element::U8 => "uint8",
                Element::I32 => "int32",
            };
            (w.step_layout, vec![format!("{name} · {element}"), text.into()])
        }
    }
}

fn values_text(w: &Inside, range: &Range) -> Vec<String> {
    if *range == Range::BYTE {
        return vec![w.values_bytes.into()];
    }
    let list = |values: [f32; 3]| {
        let texts = values.map(value_short);
        if texts[0] == texts[1] && texts[1] == texts[2] { texts[0].clone() } else { texts.join(", ") }
    };
    vec![
        w.values_formula.into(),
        format!("scale {}", value_short(range.scale)),
        format!("mean {}", list(range.mean)),
        format!("std {}", list(range.std)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_formulas_are_short() {
        assert_eq!(
            [1.0 / 255.0, 1.0 / 127.5, 0.485, 1.0, 0.0, 58.395].map(value_short),
            ["1/255", "1/127.5", "0.485", "1", "0", "58.395"]
        );
    }
}
