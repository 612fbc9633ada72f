//! The tab that explains results: which part of the picture the answer rests on.

use egui::{self, Color32, Painter, Rect, Stroke, StrokeKind, TextureOptions, Ui, vec2};

use super::found::Nothing;
use super::parts::{OnScreen, fit_left, picture, segments, short, spinner, value_text, waiting};
use super::state::InsidePage;
use crate::app::intent::{InsideIntent, InsideTab, Intent, WhyMethod, WhyTarget};
use crate::app::strings::{class_name, method_name};
use crate::app::style::palette;
use crate::app::view::View;
use crate::learn::inside::why::Method;

impl InsidePage {
    pub(super) fn why_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        ui.horizontal(|ui| {
            let all = [WhyMethod::Activation, WhyMethod::Occlusion].map(|of| (of, method_name(w, of)));
            if let Some(method) = segments(ui, self.order.method, all) {
                out.push(Intent::Inside(InsideIntent::Method(method)));
            }
            self.target_ui(ui, view, out);
            if ui.button(w.explain_again).on_hover_text(w.explain_again_hint).clicked() {
                out.push(Intent::Inside(InsideIntent::Again));
            }
        });
        let has_boxes = view.model.current.as_ref().is_some_and(|model| model.spec.task.finds_objects());
        if has_boxes {
            ui.label(egui::RichText::new(w.click_box).small().color(p.weak));
        }
        let Some(why) = self.why() else {
            if self.found.failed.is_some() {
                return;
            }
            let text = match self.found.doing {
                super::found::Doing::Measuring => w.measuring,
                _ => w.explaining,
            };
            waiting(ui, text);
            return;
        };
        let method = match why.method {
            Ok(method) => method,
            Err(nothing) => {
                ui.add_space(8.0);
                let text = match nothing {
                    Nothing::NoObject => w.no_object,
                    Nothing::NoBox => w.no_box,
                    Nothing::NoLayer => w.no_layer,
                };
                ui.label(egui::RichText::new(text).color(p.warn));
                return;
            }
        };
        let name = match method {
            Method::Cam => w.method_cam,
            Method::EigenCam => w.method_eigen,
            Method::Occlusion => w.method_occlusion,
        };
        let class = why.class_id.map(|class_id| {
            let name = view.labels().map(|labels| labels.name(class_id, view.language).into_owned());
            name.map_or_else(|| class_id.to_string(), |name| class_name(view.language, &name))
        });
        let what = class.unwrap_or_else(|| w.whole_answer.to_owned());
        ui.horizontal_wrapped(|ui| {
            ui.label(egui::RichText::new(what).color(p.strong));
            // CAM's sum is the class's score before the softmax.
            let score = if method == Method::Cam { w.logit_of } else { w.score_of };
            ui.label(egui::RichText::new(score(&value_text(why.score))).color(p.text));
            ui.label(egui::RichText::new(format!("· {name} · {}×{}", why.size.0, why.size.1)).color(p.weak));
            if method == Method::Occlusion {
                ui.label(egui::RichText::new((w.greatest_loss)(&value_text(why.greatest))).color(p.weak));
            }
            if let Some((done, left)) = why.under_way {
                spinner(ui);
                ui.label(egui::RichText::new((w.squares)(done, left)).color(p.accent));
            }
        });
        if let Some(layer) = &why.layer {
            let text = egui::RichText::new((w.of_layer)(&short(layer))).small().color(p.weak);
            ui.add(egui::Label::new(text).truncate());
        }
        ui.add_space(4.0);
        let area = ui.available_rect_before_wrap();
        let area = Rect::from_min_max(area.min, area.max - vec2(8.0, 22.0));
        let size = (why.frame.width as usize, why.frame.height as usize);
        let at = fit_left(size, area);
        let frame = self.pictures.frame.show(ui.ctx(), &why.picture, TextureOptions::LINEAR);
        picture(ui, frame, at, name);
        let on = OnScreen { at, size: (why.frame.width, why.frame.height), mirrored: false };
        let painter = ui.painter().with_clip_rect(at.intersect(ui.clip_rect()));
        if let Some(heat) = self.pictures.heat.show(ui.ctx(), &why.image, TextureOptions::LINEAR) {
            on.lay_over(&painter, heat, why.region, self.opacity.max(0.2));
        }
        if let Some(bbox) = why.bbox {
            target_box(&painter, on, bbox);
        }
        let scale = Rect::from_min_size(at.left_bottom() + vec2(0.0, 6.0), vec2(140.0, 8.0));
        heat_scale(ui, scale, w.little, w.much);
    }

    fn target_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let target = self.order.target;
        let labels = view.labels();
        let name = |class_id: u32| {
            labels.map_or_else(
                || class_id.to_string(),
                |labels| class_name(view.language, &labels.name(class_id, view.language)),
            )
        };
        let text = match target {
            WhyTarget::Surest => w.surest.to_owned(),
            WhyTarget::Class(class_id) => name(class_id),
            WhyTarget::At(_) => w.chosen_box.to_owned(),
        };
        let combo =
            egui::ComboBox::from_id_salt("target").selected_text(text).width(170.0).show_ui(ui, |ui| {
                if ui.selectable_label(target == WhyTarget::Surest, w.surest).clicked() {
                    out.push(Intent::Inside(InsideIntent::Why(WhyTarget::Surest)));
                }
                // What was found stands first.
                let mut found: Vec<u32> = view.prediction.map_or_else(Vec::new, |prediction| {
                    let results = &prediction.results;
                    let objects = results.detections.iter().map(|found| found.class_id);
                    objects.chain(results.top.iter().map(|top| top.class_id)).take(40).collect()
                });
                found.sort_unstable();
                found.dedup();
                for class_id in found {
                    if ui.selectable_label(target == WhyTarget::Class(class_id), name(class_id)).clicked() {
                        out.push(Intent::Inside(InsideIntent::Why(WhyTarget::Class(class_id))));
                    }
                }
            });
        combo.response.accessible_name(w.target);
        let search = egui::TextEdit::singleline(&mut self.tables.class_search)
            .hint_text(w.class_search)
            .desired_width(120.0);
        let response = ui.add(search.char_limit(80)).accessible_name(w.class_search);
        if response.changed() {
            self.tables.no_class = None;
        }
        if response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter)) {
            let typed = self.tables.class_search.trim().to_owned();
            let words = typed.to_lowercase();
            let has = |class_id: &u32| name(*class_id).to_lowercase().contains(&words);
            let is = |class_id: &u32| name(*class_id).to_lowercase() == words;
            let all = || 0..labels.map_or(0, |labels| labels.len() as u32);
            // A class without a name is known by its number.
            let number = || words.parse().ok();
            let found =
                all().find(is).or_else(|| all().find(has)).or_else(number).filter(|_| !words.is_empty());
            if let Some(class_id) = found {
                out.push(Intent::Inside(InsideIntent::Why(WhyTarget::Class(class_id))));
            }
            self.tables.no_class = Some(typed).filter(|typed| found.is_none() && !typed.is_empty());
        }
        if let Some(typed) = &self.tables.no_class {
            ui.label(egui::RichText::new((w.no_such_class)(typed)).color(palette(ui).warn));
        }
    }

    /// Lays the explanation over the preview.
    pub(super) fn overlay_why(&mut self, ui: &Ui, on: OnScreen, painter: &Painter) {
        if self.order.tab != InsideTab::Why {
            return;
        }
        let Some(why) = self.why().filter(|why| (why.frame.width, why.frame.height) == on.size) else {
            return;
        };
        if let Some(heat) = self.pictures.heat.show(ui.ctx(), &why.image, TextureOptions::LINEAR) {
            on.lay_over(painter, heat, why.region, self.opacity);
        }
        if let Some(bbox) = why.bbox {
            target_box(painter, on, bbox);
        }
    }
}

fn target_box(painter: &Painter, on: OnScreen, [x1, y1, x2, y2]: [f32; 4]) {
    let rect = Rect::from_two_pos(on.to_screen([x1, y1]), on.to_screen([x2, y2]));
    painter.rect_stroke(rect, 1, Stroke::new(3.5, Color32::from_black_alpha(160)), StrokeKind::Middle);
    painter.rect_stroke(rect, 1, Stroke::new(2.0, Color32::WHITE), StrokeKind::Middle);
}

/// What the colours mean.
fn heat_scale(ui: &Ui, rect: Rect, little: &str, much: &str) {
    let p = palette(ui);
    let font = egui::FontId::proportional(11.5);
    let text = ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, little, font.clone(), p.weak);
    let left = text.right() + 8.0;
    for n in 0..32 {
        let [r, g, b] = crate::learn::inside::colours::inferno(n as f32 / 31.0);
        let step = rect.width() / 32.0;
        let part = Rect::from_min_size(
            egui::pos2(left + n as f32 * step, rect.top()),
            vec2(step + 0.5, rect.height()),
        );
        ui.painter().rect_filled(part, 0, Color32::from_rgb(r, g, b));
    }
    let at = egui::pos2(left + rect.width() + 8.0, rect.center().y);
    ui.painter().text(at, egui::Align2::LEFT_CENTER, much, font, p.weak);
}
