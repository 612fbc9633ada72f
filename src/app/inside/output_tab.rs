//! The tab with what the network answers before that becomes results: scores of cells, candidates and their suppression step by step,
//! queries, raw scores of classes, and any output as it is.

use std::sync::Arc;

use egui::{
    self, Align2, Color32, FontId, Painter, Rect, Sense, Stroke, StrokeKind, TextureOptions, Ui, pos2, vec2,
};

use super::found::{DetectorFound, MapsFound, OutputFound};
use super::parts::{OnScreen, bar_row, fit_left, picture, segments, short, value_text, waiting};
use super::state::{InsidePage, OutputView};
use crate::app::icons::Icon;
use crate::app::intent::{InsideIntent, InsideTab, Intent};
use crate::app::strings::{Inside, class_name, shown};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{icon_button, wide_slider};
use crate::learn::inside::heads::Fate;
use crate::model::labels::{Labels, Language};
use crate::scene::palette::class as class_colour;

/// Height of a row of a list.
const ROW: f32 = 22.0;

/// The name of a class in the window.
pub(super) fn name_of(labels: Option<&Labels>, class_id: u32, language: Language) -> String {
    let name = labels.map(|labels| labels.name(class_id, language).into_owned());
    name.map_or_else(|| class_id.to_string(), |name| shown(&class_name(language, &name)))
}

impl InsidePage {
    pub(super) fn output_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        if self.tables.output == OutputView::Masks {
            ui.horizontal(|ui| {
                self.output_views(ui, w, true);
                self.masks_bar(ui, view, out);
            });
            self.masks_ui(ui, view, out);
            return;
        }
        let Some(found) = self.found.output.clone() else {
            if self.found.failed.is_none() {
                waiting(ui, self.doing_text(w));
            }
            return;
        };
        let has_answer = found.finds_objects || !found.classes.is_empty();
        ui.horizontal(|ui| {
            if has_answer {
                self.output_views(ui, w, found.has_prototypes);
            }
            if self.is_raw(&found) {
                self.output_choice(ui, w, &found, out);
            }
        });
        ui.add_space(4.0);
        if self.is_raw(&found) {
            match self.output_maps(&found) {
                Some(maps) => {
                    ui.horizontal(|ui| self.sorting_bar(ui, w, Some(maps), out));
                    self.stack_ui(ui, view, maps, out);
                }
                None if self.found.failed.is_none() => waiting(ui, self.doing_text(w)),
                None => {}
            }
        } else if let Some(detector) = &found.detector {
            self.detector_ui(ui, view, &found, detector, out);
        } else if found.classes.is_empty() {
            self.queries_ui(ui, view, &found);
        } else {
            classes_ui(ui, view, &found, out);
        }
    }

    /// The choice of what is shown of the output.
    fn output_views(&mut self, ui: &mut Ui, w: &Inside, has_prototypes: bool) {
        let all =
            [(OutputView::Answer, w.answer), (OutputView::Raw, w.raw_tensors), (OutputView::Masks, w.masks)];
        let count = if has_prototypes { 3 } else { 2 };
        if let Some(output) = segments(ui, self.tables.output, all.into_iter().take(count)) {
            self.tables.output = output;
            self.order.channel = None;
        }
    }

    /// Whether outputs are shown as they are: chosen, or because there is no answer to be shown.
    pub(super) fn is_raw(&self, found: &OutputFound) -> bool {
        let has_answer = found.finds_objects || !found.classes.is_empty();
        match self.tables.output {
            OutputView::Answer => !has_answer,
            OutputView::Raw => true,
            OutputView::Masks => false,
        }
    }

    /// The maps of an output that is shown as it is.
    pub(super) fn raw_maps<'a>(&self, found: &'a OutputFound) -> Option<&'a MapsFound> {
        let is_shown = self.order.tab == InsideTab::Output && self.is_raw(found);
        self.output_maps(found).filter(|_| is_shown)
    }

    fn output_choice(&self, ui: &mut Ui, w: &Inside, found: &OutputFound, out: &mut Vec<Intent>) {
        let name = |(name, shape): &(String, String)| format!("{}  {shape}", short(name));
        let now = found.outputs.get(self.order.output.min(found.outputs.len().saturating_sub(1)));
        let combo = egui::ComboBox::from_id_salt("output")
            .selected_text(now.map(name).unwrap_or_default())
            .width(260.0)
            .show_ui(ui, |ui| {
                for (place, output) in found.outputs.iter().enumerate() {
                    if ui.selectable_label(place == self.order.output, name(output)).clicked() {
                        out.push(Intent::Inside(InsideIntent::Output(place)));
                    }
                }
            });
        combo.response.accessible_name(w.output);
    }

    fn detector_ui(
        &mut self,
        ui: &mut Ui,
        view: &View<'_>,
        found: &OutputFound,
        detector: &DetectorFound,
        out: &mut Vec<Intent>,
    ) {
        let w = &view.strings.inside;
        let p = palette(ui);
        let DetectorFound { all, all_passing, kept, .. } = *detector;
        let counts = if all == 0 {
            w.no_candidates.to_owned()
        } else {
            (w.candidates)(all, all_passing, found.conf, kept, found.iou)
        };
        ui.add(egui::Label::new(egui::RichText::new(counts).color(p.text)).wrap());
        if all > detector.steps.len() {
            let text = (w.candidates_listed)(detector.steps.len());
            ui.label(egui::RichText::new(text).small().color(p.weak));
        }
        let area = ui.available_rect_before_wrap();
        let left = if detector.levels.is_empty() { 0.0 } else { (area.width() * 0.42).min(360.0) };
        if left > 0.0 {
            let rect = Rect::from_min_size(area.min, vec2(left, area.height()));
            let builder = egui::UiBuilder::new().id_salt("levels").max_rect(rect);
            ui.scope_builder(builder, |ui| self.levels_ui(ui, view, detector, out));
        }
        let rect = Rect::from_min_max(
            pos2(area.left() + left + if left > 0.0 { 16.0 } else { 0.0 }, area.top()),
            area.max,
        );
        let builder = egui::UiBuilder::new().id_salt("steps").max_rect(rect);
        ui.scope_builder(builder, |ui| self.steps_ui(ui, view, found, detector, out));
        ui.allocate_rect(area, Sense::hover());
    }

    /// The level that is shown: the chosen one, else that with the greatest score.
    fn level(&self, detector: &DetectorFound) -> usize {
        let levels = detector.levels.iter().enumerate();
        let best = levels.max_by(|a, b| a.1.pane.max.total_cmp(&b.1.pane.max)).map_or(0, |(place, _)| place);
        self.order.level.unwrap_or(best).min(detector.levels.len().saturating_sub(1))
    }

    fn levels_ui(&mut self, ui: &mut Ui, view: &View<'_>, detector: &DetectorFound, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        ui.label(egui::RichText::new(w.score_maps).color(p.strong));
        let level = self.level(detector);
        ui.horizontal(|ui| {
            for (place, of) in detector.levels.iter().enumerate() {
                let name = format!("÷{}", of.stride);
                let response = ui.selectable_label(place == level, name);
                if response.on_hover_text((w.level_hint)(of.stride, of.pane.width, of.pane.height)).clicked()
                {
                    out.push(Intent::Inside(InsideIntent::Level(place)));
                }
            }
            self.class_choice(ui, view, detector, out);
        });
        let Some(of) = detector.levels.get(level) else { return };
        let room = ui.available_rect_before_wrap();
        let room = Rect::from_min_max(room.min, room.max - vec2(4.0, 30.0));
        let at = fit_left((of.pane.width, of.pane.height), room);
        let texture = self.pictures.levels.show(ui.ctx(), &of.pane.image, TextureOptions::NEAREST);
        let response = picture(ui, texture, at, w.score_maps);
        let text = response.hover_pos().and_then(|pointer| {
            let share = (pointer - at.min) / at.size();
            of.pane.at(share.x, share.y)
        });
        let text = match text {
            Some((x, y, value)) => (w.value_at)(x, y, &value_text(value)),
            None => (w.best_score)(&value_text(of.pane.max)),
        };
        ui.painter().text(
            at.left_bottom() + vec2(0.0, 5.0),
            Align2::LEFT_TOP,
            text,
            FontId::proportional(12.0),
            p.weak,
        );
    }

    fn class_choice(&self, ui: &mut Ui, view: &View<'_>, detector: &DetectorFound, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let name = |class: Option<u32>| {
            class.map_or_else(|| w.any_class.to_owned(), |class| name_of(view.labels(), class, view.language))
        };
        let combo = egui::ComboBox::from_id_salt("class")
            .selected_text(name(self.order.class))
            .width(110.0)
            .show_ui(ui, |ui| {
                let mut classes: Vec<u32> = detector.steps.iter().map(|step| step.class_id).collect();
                classes.sort_unstable();
                classes.dedup();
                for class in std::iter::once(None).chain(classes.into_iter().map(Some)) {
                    if ui.selectable_label(class == self.order.class, name(class)).clicked() {
                        out.push(Intent::Inside(InsideIntent::Class(class)));
                    }
                }
            });
        combo.response.accessible_name(w.class);
    }

    fn steps_ui(
        &mut self,
        ui: &mut Ui,
        view: &View<'_>,
        found: &OutputFound,
        detector: &DetectorFound,
        out: &mut Vec<Intent>,
    ) {
        let w = &view.strings.inside;
        let p = palette(ui);
        ui.label(egui::RichText::new(w.suppression).color(p.strong));
        let last = detector.passing;
        let step = self.step.min(last);
        let go = |to: usize| Intent::Inside(InsideIntent::Step(to));
        ui.horizontal(|ui| {
            if icon_button(ui, Icon::Previous, w.step_before, false).clicked() {
                out.push(go(step.saturating_sub(1)));
            }
            if icon_button(ui, Icon::Next, w.step_after, false).clicked() {
                out.push(go((step + 1).min(last)));
            }
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - 70.0).max(60.0));
                let mut at = step;
                let slider = egui::Slider::new(&mut at, 0..=last.max(1)).show_value(false);
                if wide_slider(ui, slider).accessible_name(w.suppression).changed() {
                    out.push(go(at));
                }
            });
            ui.label(format!("{step} / {last}"));
        });
        let fate = |place: usize| -> (String, Color32) {
            let Some(of) = detector.steps.get(place) else { return (String::new(), p.weak) };
            match of.fate {
                _ if place >= detector.passing => ((w.below)(found.conf), p.weak),
                _ if place >= step => (w.not_yet.into(), p.weak),
                Fate::Kept => (w.kept.into(), p.good),
                Fate::Suppressed { by, iou } => ((w.suppressed)(by + 1, iou), p.bad),
                Fate::LeftOut => (w.left_out.into(), p.weak),
            }
        };
        let area = egui::ScrollArea::vertical().id_salt("candidates").auto_shrink([false, false]);
        ui.spacing_mut().item_spacing.y = 0.0;
        let labels = view.labels();
        area.show_rows(ui, ROW, detector.steps.len(), |ui, rows| {
            for place in rows {
                let Some(of) = detector.steps.get(place) else { continue };
                let size = vec2(ui.available_width() - 10.0, ROW);
                let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                let (text, colour) = fate(place);
                let name = name_of(labels, of.class_id, view.language);
                let label = format!("{} {name} {:.2} {text}", place + 1, of.score);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                let is_now = place + 1 == step || self.tables.candidate == Some(place);
                if is_now || response.hovered() {
                    let ground = if is_now { p.wash } else { p.button[1] };
                    ui.painter().rect_filled(rect, 4, ground);
                }
                let dim = if place >= detector.passing { 0.6 } else { 1.0 };
                let font = FontId::proportional(12.0);
                let put = |x: f32, align: Align2, text: &str, colour: Color32| {
                    let at = pos2(rect.left() + x, rect.center().y);
                    ui.painter().text(at, align, text, font.clone(), colour.gamma_multiply(dim));
                };
                put(26.0, Align2::RIGHT_CENTER, &(place + 1).to_string(), p.weak);
                let [r, g, b] = class_colour(of.class_id);
                ui.painter().circle_filled(
                    rect.left_center() + vec2(38.0, 0.0),
                    4.0,
                    Color32::from_rgb(r, g, b).gamma_multiply(dim),
                );
                put(48.0, Align2::LEFT_CENTER, &name, p.strong);
                put(170.0, Align2::RIGHT_CENTER, &format!("{:.3}", of.score), p.text);
                put(182.0, Align2::LEFT_CENTER, &text, colour);
                if response.hovered() {
                    self.tables.hovered = Some(place);
                }
                if response.clicked() {
                    self.tables.candidate =
                        if self.tables.candidate == Some(place) { None } else { Some(place) };
                }
            }
        });
    }

    fn queries_ui(&mut self, ui: &mut Ui, view: &View<'_>, found: &OutputFound) {
        let w = &view.strings.inside;
        let p = palette(ui);
        let above = found.queries.iter().filter(|query| query.score >= found.conf).count();
        let text = if found.queries.is_empty() {
            w.no_candidates.to_owned()
        } else {
            (w.queries)(found.queries.len(), above, found.conf)
        };
        ui.add(egui::Label::new(egui::RichText::new(text).color(p.text)).wrap());
        ui.add_space(4.0);
        let labels = view.labels();
        let area = egui::ScrollArea::vertical().id_salt("queries").auto_shrink([false, false]);
        ui.spacing_mut().item_spacing.y = 0.0;
        area.show_rows(ui, ROW, found.queries.len(), |ui, rows| {
            for place in rows {
                let Some(query) = found.queries.get(place) else { continue };
                let size = vec2(ui.available_width() - 10.0, ROW);
                let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                let name = name_of(labels, query.class_id, view.language);
                bar_row(
                    ui,
                    rect,
                    &name,
                    query.score,
                    &format!("{:.3}", query.score),
                    query.score >= found.conf,
                );
                let label = format!("{name} {:.3}", query.score);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
                if response.hovered() {
                    self.tables.hovered = Some(place);
                }
                if response.clicked() {
                    self.tables.candidate =
                        if self.tables.candidate == Some(place) { None } else { Some(place) };
                }
            }
        });
    }

    /// Whether the preview is shown without its results, which the boxes of this tab take the place of.
    pub(super) fn has_own_boxes(&self) -> bool {
        let has_candidates = || self.found.output.as_ref().is_some_and(|found| found.detector.is_some());
        self.order.tab == InsideTab::Output
            && match self.tables.output {
                OutputView::Answer => has_candidates(),
                OutputView::Raw => false,
                OutputView::Masks => true,
            }
    }

    /// Draws the candidates as far as suppression has come.
    pub(super) fn overlay_output(&mut self, ui: &Ui, on: OnScreen, painter: &Painter) {
        let hovered = self.tables.hovered.take();
        if self.order.tab != InsideTab::Output || self.tables.output != OutputView::Answer {
            return;
        }
        let Some(found) = self.found.output.clone() else { return };
        if (found.frame.width, found.frame.height) != on.size {
            return;
        }
        let marked = hovered.or(self.tables.candidate);
        match &found.detector {
            Some(detector) => self.overlay_candidates(ui, on, painter, &found, detector, marked),
            None => {
                if let Some(query) = marked.and_then(|place| found.queries.get(place)) {
                    box_ui(painter, on, query.bbox, Stroke::new(2.5, Color32::WHITE));
                }
            }
        }
    }

    fn overlay_candidates(
        &mut self,
        ui: &Ui,
        on: OnScreen,
        painter: &Painter,
        found: &Arc<OutputFound>,
        detector: &DetectorFound,
        marked: Option<usize>,
    ) {
        let p = palette(ui);
        let step = self.step.min(detector.passing);
        let marked = marked.or(step.checked_sub(1).filter(|_| step < detector.passing));
        if let Some(level) = detector.levels.get(self.level(detector))
            && self.overlay
            && let Some(texture) = self.pictures.over.show(ui.ctx(), &level.over, TextureOptions::NEAREST)
        {
            on.lay_over(painter, texture, found.covered, self.opacity);
        }
        for (place, of) in detector.steps.iter().enumerate().take(detector.passing).rev() {
            let stroke = match of.fate {
                _ if place >= step => Stroke::new(1.0, Color32::from_white_alpha(70)),
                Fate::Kept => {
                    let [r, g, b] = class_colour(of.class_id);
                    Stroke::new(2.0, Color32::from_rgb(r, g, b))
                }
                Fate::Suppressed { .. } => Stroke::new(1.0, p.bad.gamma_multiply(0.45)),
                Fate::LeftOut => Stroke::new(1.0, p.weak.gamma_multiply(0.4)),
            };
            box_ui(painter, on, of.bbox, stroke);
        }
        let Some(of) = marked.and_then(|place| detector.steps.get(place)) else { return };
        let colour = match of.fate {
            Fate::Suppressed { .. } => p.bad,
            _ => p.good,
        };
        let rect = box_ui(painter, on, of.bbox, Stroke::new(3.0, colour));
        if let Fate::Suppressed { by, iou } = of.fate
            && let Some(winner) = detector.steps.get(by)
        {
            let other = box_ui(painter, on, winner.bbox, Stroke::new(3.0, p.good));
            let text = format!("IoU {iou:.2}");
            let at = rect.intersect(other).center();
            let galley = painter.layout_no_wrap(text, FontId::proportional(13.0), Color32::WHITE);
            let ground = Rect::from_center_size(at, galley.size() + vec2(12.0, 6.0));
            painter.rect_filled(ground, 5, Color32::from_black_alpha(190));
            painter.galley(ground.center() - galley.size() / 2.0, galley, Color32::WHITE);
        }
    }
}

pub(super) fn box_ui(painter: &Painter, on: OnScreen, [x1, y1, x2, y2]: [f32; 4], stroke: Stroke) -> Rect {
    let rect = Rect::from_two_pos(on.to_screen([x1, y1]), on.to_screen([x2, y2]));
    painter.rect_stroke(rect, 1, stroke, StrokeKind::Middle);
    rect
}

/// Raw scores, and what the softmax makes of them.
fn classes_ui(ui: &mut Ui, view: &View<'_>, found: &OutputFound, out: &mut Vec<Intent>) {
    let w = &view.strings.inside;
    let p = palette(ui);
    ui.label(egui::RichText::new(w.logits).color(p.text));
    ui.add_space(4.0);
    for class in &found.classes {
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width() - 12.0, 26.0), Sense::hover());
        let name = name_of(view.labels(), class.class_id, view.language);
        let figure = format!("{:.1} %  ({} {:.2})", class.share * 100.0, w.logit, class.raw);
        bar_row(ui, rect, &name, class.share, &figure, true);
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {figure}")));
    }
    ui.add_space(10.0);
    ui.label(egui::RichText::new((w.temperature)(found.temperature)).color(p.strong));
    ui.horizontal(|ui| {
        ui.scope(|ui| {
            ui.set_max_width(320.0);
            let mut temperature = found.temperature;
            let slider = egui::Slider::new(&mut temperature, 0.1..=10.0).logarithmic(true).show_value(false);
            if wide_slider(ui, slider).accessible_name(w.temperature_name).changed() {
                out.push(Intent::Inside(InsideIntent::Temperature(temperature)));
            }
        });
        if ui.button(w.reset).clicked() {
            out.push(Intent::Inside(InsideIntent::Temperature(1.0)));
        }
    });
    ui.add(egui::Label::new(egui::RichText::new(w.temperature_hint).small().color(p.weak)).wrap());
}
