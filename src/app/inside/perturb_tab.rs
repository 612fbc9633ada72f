//! The tab that changes the picture before it is shown and run, and tells what is left of the answer; and where two forms of one model
//! come apart.

use std::path::Path;

use egui::{self, Align2, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::found::Doing;
use super::parts::{bar_row, short, spinner, value_text};
use super::state::{CLASSES, InsidePage, scores_of};
use crate::app::intent::{CompareIntent, InsideIntent, Intent};
use crate::app::strings::{Inside, class_name};
use crate::app::style::palette;
use crate::app::view::{View, is_of, same_file};
use crate::app::widgets::slider_row;
use crate::frame::perturb::Perturbation;
use crate::learn::inside::diverge::Comparison;
use crate::library::Kind;
use crate::model::name_of;
/// Height of a row of the comparison.
const ROW: f32 = 22.0;
/// Above this there is hardly a difference, in decibels.
const CLEAR_DB: f32 = 40.0;

impl InsidePage {
    pub(super) fn perturb_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let area = ui.available_rect_before_wrap();
        let width = (area.width() * 0.4).clamp(240.0, 360.0);
        let left = Rect::from_min_size(area.min, vec2(width, area.height()));
        let right = Rect::from_min_max(pos2(left.right() + 24.0, area.top()), area.max);
        ui.scope_builder(egui::UiBuilder::new().id_salt("sliders").max_rect(left), |ui| {
            self.sliders_ui(ui, w, out);
        });
        ui.scope_builder(egui::UiBuilder::new().id_salt("answers").max_rect(right), |ui| {
            self.answers_ui(ui, view);
            // A model on a server has no tensors here to compare.
            if self.trouble.is_none() {
                ui.add_space(10.0);
                ui.separator();
                self.against_ui(ui, view, out);
            }
        });
    }

    fn sliders_ui(&mut self, ui: &mut Ui, w: &Inside, out: &mut Vec<Intent>) {
        let before = self.perturbation;
        let mut how = before;
        let p = palette(ui);
        ui.label(egui::RichText::new(w.change_picture).color(p.strong));
        let row = |ui: &mut Ui, name, value: &mut f32, range, shown: String| {
            if let Some(moved) = slider_row(ui, name, "", *value, range, &shown) {
                *value = moved;
            }
        };
        let percent = |value: f32| format!("{:.0} %", value * 100.0);
        row(ui, w.blur, &mut how.blur, 0.0..=20.0, format!("{:.1} px", before.blur));
        row(ui, w.brightness, &mut how.brightness, -1.0..=1.0, percent(before.brightness));
        row(ui, w.noise, &mut how.noise, 0.0..=100.0, format!("σ {:.0}", before.noise));
        row(ui, w.rotation, &mut how.rotation, -180.0..=180.0, format!("{:.0}°", before.rotation));
        row(ui, w.crop, &mut how.crop, 0.0..=0.9, percent(before.crop));
        ui.checkbox(&mut how.grey, w.grey);
        let mut compressed = how.jpeg.is_some();
        if ui.checkbox(&mut compressed, w.jpeg).changed() {
            how.jpeg = compressed.then_some(20);
        }
        if let Some(quality) = how.jpeg {
            let shown = quality.to_string();
            if let Some(moved) = slider_row(ui, w.jpeg_quality, "", f32::from(quality), 1.0..=100.0, &shown) {
                how.jpeg = Some(moved.round() as u8);
            }
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            ui.add_enabled_ui(!before.is_none(), |ui| {
                if ui.button(w.reset).clicked() {
                    how = Perturbation::default();
                }
            });
            if ui.button(w.compare_two).on_hover_text(w.compare_two_hint).clicked() {
                out.push(Intent::Compare(CompareIntent::Show(true)));
            }
        });
        if how != before {
            out.push(Intent::Inside(InsideIntent::Perturb(how)));
        }
    }

    /// What the model says now, beside what it said of the unchanged picture.
    fn answers_ui(&mut self, ui: &mut Ui, view: &View<'_>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        ui.label(egui::RichText::new(w.scores_now).color(p.strong));
        let mut now: Vec<(u32, f32)> = Vec::new();
        if let Some(prediction) = view.prediction {
            scores_of(prediction, &mut now);
        }
        // While nothing is changed there is nothing to compare with.
        let before = if self.perturbation.is_none() { &[][..] } else { self.before() };
        // Those of the unchanged picture keep their places.
        let mut rows: Vec<(u32, Option<f32>, f32)> =
            before.iter().map(|(class, score)| (*class, Some(*score), 0.0)).collect();
        for (class, score) in &now {
            match rows.iter_mut().find(|(of, ..)| of == class) {
                Some(row) => row.2 = *score,
                None => rows.push((*class, None, *score)),
            }
        }
        rows.truncate(CLASSES);
        if rows.is_empty() {
            let has_plane = view.prediction.is_some_and(|prediction| prediction.results.plane.is_some());
            ui.label(
                egui::RichText::new(if has_plane { w.no_scores } else { w.nothing_found }).color(p.weak),
            );
        }
        for (class_id, before, score) in rows {
            let name = view.labels().map(|labels| labels.name(class_id, view.language).into_owned());
            let name = name.map_or_else(|| class_id.to_string(), |name| class_name(view.language, &name));
            let (rect, response) =
                ui.allocate_exact_size(vec2(ui.available_width() - 8.0, 24.0), Sense::hover());
            let figure = match before {
                Some(before) if !self.perturbation.is_none() => format!("{score:.2}  ({before:.2})"),
                _ => format!("{score:.2}"),
            };
            bar_row(ui, rect, &name, score, &figure, score > 0.0);
            if let Some(before) = before.filter(|_| !self.perturbation.is_none()) {
                let left = rect.left() + 150.0_f32.min(rect.width() * 0.35) + 10.0;
                let x = left + (rect.right() - 140.0 - left) * before.clamp(0.0, 1.0);
                ui.painter().vline(x, rect.shrink(5.0).y_range(), Stroke::new(2.0, p.strong));
            }
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {figure}"))
            });
        }
        if !self.perturbation.is_none() && !self.before().is_empty() {
            ui.label(egui::RichText::new(w.mark_is_before).small().color(p.weak));
        }
    }

    fn against_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        ui.label(egui::RichText::new(w.against_title).color(p.strong));
        ui.add(egui::Label::new(egui::RichText::new(w.against_text).small().color(p.weak)).wrap());
        let own = view.model.current.as_ref().map(|model| model.path.clone()).unwrap_or_default();
        let chosen = self.order.against.clone();
        ui.horizontal(|ui| {
            let text = chosen.as_deref().map_or_else(|| w.against_choose.to_owned(), name_of);
            let combo =
                egui::ComboBox::from_id_salt("against").selected_text(text).width(240.0).show_ui(ui, |ui| {
                    let mut others: Vec<_> = view.library.models.iter().collect();
                    let task = view.model.current.as_ref().map(|model| model.spec.task);
                    others.retain(|entry| {
                        matches!(entry.kind, Kind::Known(_)) && entry.task() == task && !is_of(entry, &own)
                    });
                    // The nearest names first: forms of one model are called alike.
                    let own_name = name_of(&own);
                    others.sort_by(|a, b| {
                        let near = |name: &str| strsim::jaro_winkler(name, &own_name);
                        near(&b.name).total_cmp(&near(&a.name))
                    });
                    if others.is_empty() {
                        ui.label(w.against_none);
                    }
                    for entry in others {
                        let is_chosen = chosen.as_deref().is_some_and(|path| same_file(path, &entry.path));
                        if ui.selectable_label(is_chosen, &entry.name).clicked() {
                            out.push(Intent::Inside(InsideIntent::Against(Some(entry.path.clone()))));
                        }
                    }
                });
            combo.response.accessible_name(w.against_choose);
            if chosen.is_some() && ui.button(w.against_again).clicked() {
                out.push(Intent::Inside(InsideIntent::Again));
            }
            if matches!(self.found.doing, Doing::Comparing | Doing::Measuring) {
                spinner(ui);
            }
        });
        let found = self.found.against.clone();
        let Some(found) = found.filter(|found| Some(&found.path) == chosen.as_ref()) else { return };
        if self.now.is_some_and(|now| now != (found.generation, found.sequence)) {
            ui.label(egui::RichText::new(w.against_earlier).small().color(p.weak));
        }
        comparison_ui(ui, w, &found.path, &found.comparison, out);
    }
}

/// The layers of both, with how far they are apart.
fn comparison_ui(ui: &mut Ui, w: &Inside, other: &Path, comparison: &Comparison, out: &mut Vec<Intent>) {
    let p = palette(ui);
    let worst = comparison.worst_step.and_then(|place| comparison.tensors.get(place));
    let text = match worst {
        Some(worst) => (w.diverges_at)(
            comparison.tensors.len(),
            &name_of(other),
            &short(&worst.layer),
            &short(&worst.kind),
        ),
        None => (w.no_divergence)(comparison.tensors.len(), &name_of(other)),
    };
    ui.add(egui::Label::new(egui::RichText::new(text).color(p.text)).wrap());
    if comparison.is_doubtful() {
        let text = (w.doubtful)(comparison.tensors.len(), comparison.layers);
        ui.add(egui::Label::new(egui::RichText::new(text).color(p.warn)).wrap());
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = egui::ScrollArea::vertical().id_salt("divergence").auto_shrink([false, false]);
    area.show_rows(ui, ROW, comparison.tensors.len(), |ui, rows| {
        for place in rows {
            let Some(of) = comparison.tensors.get(place) else { continue };
            let (rect, response) =
                ui.allocate_exact_size(vec2(ui.available_width() - 10.0, ROW), Sense::click());
            let is_worst = comparison.worst_step == Some(place);
            if is_worst || response.hovered() {
                ui.painter().rect_filled(rect, 4, if is_worst { p.wash } else { p.button[1] });
            }
            let figure = of.snr_db.map_or_else(|| w.identical.to_owned(), |db| format!("{db:.1} dB"));
            let (layer, kind) = (short(&of.layer), short(&of.kind));
            let label = format!("{layer} {kind} {figure}");
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
            let name = format!("{kind}  {layer}");
            let galley = egui::WidgetText::from(name).into_galley(
                ui,
                Some(egui::TextWrapMode::Truncate),
                rect.width() * 0.5,
                egui::TextStyle::Small,
            );
            ui.painter().galley(
                pos2(rect.left() + 6.0, rect.center().y - galley.size().y / 2.0),
                galley,
                p.text,
            );
            let left = rect.left() + rect.width() * 0.52;
            let room = Rect::from_min_max(
                pos2(left, rect.center().y - 4.0),
                pos2(rect.right() - 70.0, rect.center().y + 4.0),
            );
            let share = of.snr_db.map_or(1.0, |db| (db / CLEAR_DB).clamp(0.0, 1.0));
            ui.painter().rect_filled(room, 3, p.button[0]);
            let bar = Rect::from_min_size(room.min, vec2(room.width() * share, room.height()));
            ui.painter().rect_filled(bar, 3, colour(share, p.good, p.bad));
            let at = pos2(rect.right() - 4.0, rect.center().y);
            ui.painter().text(at, Align2::RIGHT_CENTER, &figure, FontId::proportional(11.5), p.text);
            let hint = (w.divergence_hint)(of.cosine, &value_text(of.greatest));
            if response.on_hover_text(hint).clicked() {
                out.push(Intent::Inside(InsideIntent::Tensor(Some(of.tensor.clone()))));
            }
        }
    });
}

fn colour(share: f32, good: Color32, bad: Color32) -> Color32 {
    bad.lerp_to_gamma(good, share)
}

/// Says on the preview that the picture is changed, with the way back.
pub fn perturbed_note(ui: &mut Ui, area: Rect, w: &Inside, how: &Perturbation, out: &mut Vec<Intent>) {
    if how.is_none() {
        return;
    }
    let rect =
        Rect::from_min_size(pos2(area.left() + 16.0, area.bottom() - 46.0), vec2(area.width() - 32.0, 34.0));
    // It lies over what is there, and moves nothing.
    let mut ui = ui.new_child(egui::UiBuilder::new().id_salt("perturbed").max_rect(rect));
    ui.horizontal(|ui| {
        if ui.button(w.perturbed).clicked() {
            out.push(Intent::Inside(InsideIntent::Perturb(Perturbation::default())));
        }
    });
}
