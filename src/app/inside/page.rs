//! The page: the preview at the left with what the tab is about below it, the tab beside.

use egui::{self, Color32, Rect, Sense, Stroke, TextureOptions, Ui, pos2, vec2};

use super::found::Doing;
use super::parts::{OnScreen, waiting};
use super::perturb_tab::perturbed_note;
use super::state::{InsidePage, OutputView, Trouble};
use crate::app::icons::Icon;
use crate::app::intent::{InsideIntent, InsideTab, Intent, Page, SourceIntent, WhyTarget, WindowIntent};
use crate::app::pages;
use crate::app::stage::{Stage, fit};
use crate::app::strings::{Inside, MASKS_PAPER, model_page, tab_about, tab_name, tab_paper};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{
    at_right, centred_page, icon_button, notice, page_title, paragraph, primary_button, wide_slider,
};
use crate::learn::samples;

/// Height of the row with the title and the tabs.
const TOP: f32 = 50.0;

impl InsidePage {
    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui, view: &View<'_>, stage: &mut Stage, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let room = ui.max_rect();
        let top = Rect::from_min_max(room.min, pos2(room.right(), room.top() + TOP));
        let below = Rect::from_min_max(top.left_bottom(), room.max);
        let width = (room.width() * 0.32).clamp(280.0, 460.0);
        let left = Rect::from_min_size(below.min, vec2(width, below.height()));
        let right = Rect::from_min_max(left.right_top(), below.max);
        self.top_ui(ui, view, top, out);
        ui.painter().hline(room.x_range(), top.bottom(), Stroke::new(1.0, p.line));
        ui.painter().vline(left.right(), below.y_range(), Stroke::new(1.0, p.line));
        let inner = Rect::from_min_max(left.min + vec2(16.0, 12.0), left.max - vec2(14.0, 8.0));
        ui.scope_builder(egui::UiBuilder::new().id_salt("left").max_rect(inner), |ui| {
            self.left_ui(ui, view, stage, out);
        });
        let inner = Rect::from_min_max(right.min + vec2(16.0, 10.0), right.max - vec2(10.0, 6.0));
        ui.scope_builder(egui::UiBuilder::new().id_salt("tab").max_rect(inner), |ui| {
            ui.set_clip_rect(right.intersect(ui.clip_rect()));
            self.tab_ui(ui, view, out);
        });
    }

    fn top_ui(&self, ui: &mut Ui, view: &View<'_>, rect: Rect, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        let p = palette(ui);
        let inner = rect.shrink2(vec2(16.0, 6.0));
        let builder = egui::UiBuilder::new().id_salt("top").max_rect(inner);
        ui.scope_builder(builder.layout(egui::Layout::left_to_right(egui::Align::Center)), |ui| {
            page_title(ui, w.title);
            ui.add_space(10.0);
            ui.spacing_mut().item_spacing.x = 4.0;
            for tab in InsideTab::ALL {
                let text = egui::RichText::new(tab_name(w, tab)).size(14.5);
                if ui.selectable_label(self.order.tab == tab, text).clicked() {
                    out.push(Intent::Inside(InsideIntent::Tab(tab)));
                }
            }
            at_right(ui, "close", |ui| {
                let name = egui::RichText::new(&self.model_name).color(p.weak);
                ui.add(egui::Label::new(name).truncate());
                let back = format!("{}  (Esc)", view.strings.back);
                if icon_button(ui, Icon::Close, &back, false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Stage)));
                }
            });
        });
    }

    fn left_ui(&mut self, ui: &mut Ui, view: &View<'_>, stage: &mut Stage, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let w = &view.strings.inside;
        let width = ui.available_width();
        let size = stage.size().filter(|_| view.info().is_some());
        let shape = size.map_or(0.6, |(w, h)| h as f32 / w.max(1) as f32);
        let height = (width * shape).min(ui.available_height() * 0.52);
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
        ui.painter().rect_filled(rect, 0, p.stage);
        self.pointed = None;
        if let Some(size) = size {
            // Candidates take the place of the results, and what lies over the picture is seen better without a legend.
            let finds_objects =
                view.model.current.as_ref().is_some_and(|model| model.spec.task.finds_objects());
            let is_covered = self.overlay
                && !finds_objects
                && (self.order.tab == InsideTab::Why || self.order.channel.is_some());
            let held = self.held_picture().filter(|(_, of)| *of == size);
            if let Some((held, _)) = held {
                let (left, right) = if stage.is_mirrored(view.mirrored) { (1.0, 0.0) } else { (0.0, 1.0) };
                let uv = Rect { min: pos2(left, 0.0), max: pos2(right, 1.0) };
                if let Some(texture) = self.pictures.held.show(ui.ctx(), &held, TextureOptions::LINEAR) {
                    ui.painter().image(texture, fit(size, rect), uv, Color32::WHITE);
                }
            } else if self.has_own_boxes() || is_covered {
                stage.paint_frame(ui.painter(), fit(size, rect), view.mirrored);
            } else {
                stage.paint(ui, rect, view.mirrored);
            }
            let on = OnScreen { at: fit(size, rect), size, mirrored: stage.is_mirrored(view.mirrored) };
            self.pointed = response.hover_pos().and_then(|at| on.to_frame(at));
            let painter = ui.painter().with_clip_rect(on.at.intersect(ui.clip_rect()));
            if self.overlay {
                self.overlay_maps(ui, on, &painter);
                self.overlay_why(ui, on, &painter);
            }
            self.overlay_output(ui, on, &painter);
            self.overlay_masks(ui, on, &painter);
            self.overlay_input(on, &painter);
            if self.order.tab != InsideTab::Perturb {
                perturbed_note(ui, rect, w, &self.perturbation, out);
            }
            // Without objects there is no box to choose.
            if response.clicked() && self.order.tab == InsideTab::Why && finds_objects {
                out.extend(self.pointed.map(|at| Intent::Inside(InsideIntent::Why(WhyTarget::At(at)))));
            }
            if response.clicked() {
                let object = self.pointed.and_then(|at| self.masked_object_at(at));
                out.extend(object.map(|bbox| Intent::Inside(InsideIntent::MaskObject(Some(bbox)))));
            }
        }
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, w.preview));
        ui.add_space(6.0);
        let output = self.found.output.clone();
        let raw = output.as_deref().and_then(|output| self.raw_maps(output));
        let has_levels = self.order.tab == InsideTab::Output
            && self.tables.output == OutputView::Answer
            && output
                .as_deref()
                .and_then(|output| output.detector.as_ref())
                .is_some_and(|of| !of.levels.is_empty());
        if matches!(self.order.tab, InsideTab::Maps | InsideTab::Why)
            || has_levels
            || raw.is_some_and(|maps| maps.large.is_some())
        {
            self.overlay_bar(ui, view, out);
        } else if raw.is_some_and(|maps| maps.planes.is_some()) {
            ui.label(egui::RichText::new(w.raw_overlay).small().color(p.accent));
        }
        // A picture that stands still by nature isn't held.
        if self.order.held && !view.is_still() {
            ui.horizontal_wrapped(|ui| {
                ui.label(egui::RichText::new(w.held).color(p.accent));
                if ui.button(w.go_on).clicked() {
                    out.push(Intent::Inside(InsideIntent::GoOn));
                }
            });
        }
        egui::ScrollArea::vertical().id_salt("about").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_width(ui.available_width() - 8.0);
            let tab = self.order.tab;
            let (text, (paper, address)) = if self.order.masks {
                ((w.masks_about)(), MASKS_PAPER)
            } else {
                (tab_about(w, tab), tab_paper(tab))
            };
            ui.add(egui::Label::new(egui::RichText::new(text).color(p.text)).wrap().selectable(true));
            ui.add_space(4.0);
            ui.horizontal_wrapped(|ui| {
                ui.label(egui::RichText::new(w.paper).color(p.weak));
                ui.hyperlink_to(paper, address);
            });
            ui.add_space(2.0);
            if ui.button(w.show_me).on_hover_text(w.show_me_hint).clicked() {
                out.push(Intent::Inside(InsideIntent::ShowMe(self.order.tab)));
            }
            // A sample isn't remembered: the source before it still is.
            if view.lessons.course.is_none()
                && view.source.address().is_some_and(samples::is_one)
                && let Some(own) = view.settings.source.as_ref().filter(|own| !samples::is_one(own))
                && ui.button(w.back_to_source).clicked()
            {
                out.push(Intent::Source(SourceIntent::Open(own.clone())));
            }
        });
    }

    fn overlay_bar(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        ui.horizontal(|ui| {
            let mut on = self.overlay;
            if ui.checkbox(&mut on, w.overlay).changed() {
                out.push(Intent::Inside(InsideIntent::Overlay(on)));
            }
            let mut opacity = self.opacity;
            ui.add_enabled_ui(self.overlay, |ui| {
                let slider = egui::Slider::new(&mut opacity, 0.05..=1.0).show_value(false);
                if wide_slider(ui, slider).accessible_name(w.opacity).on_hover_text(w.opacity).changed() {
                    out.push(Intent::Inside(InsideIntent::Opacity(opacity)));
                }
            });
        });
    }

    /// What is waited for.
    pub(super) fn doing_text(&self, w: &Inside) -> &'static str {
        match self.found.doing {
            Doing::Measuring => w.measuring,
            Doing::Reading => w.reading,
            Doing::Opening | Doing::Watching | Doing::Comparing => w.opening,
        }
    }

    fn tab_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let w = &view.strings.inside;
        match self.trouble {
            Some(Trouble::NoModel) if view.loading().is_some() => return waiting(ui, w.opening),
            Some(Trouble::NoModel) if view.lacks_runtime() => return pages::runtime_banner(ui, view, out),
            Some(Trouble::NoModel) => {
                centred_page(ui, 420.0, |ui| {
                    page_title(ui, w.no_model);
                    paragraph(ui, w.no_model_text, palette(ui).weak);
                    ui.add_space(10.0);
                    if primary_button(ui, w.choose_model).clicked() {
                        out.push(Intent::Window(WindowIntent::Show(Page::Library)));
                    }
                });
                return;
            }
            // The picture is changed here, whatever runs on it.
            Some(Trouble::OnServer) if self.order.tab == InsideTab::Perturb => {}
            Some(Trouble::OnServer) => {
                centred_page(ui, 420.0, |ui| {
                    page_title(ui, w.on_server);
                    paragraph(ui, w.on_server_text, palette(ui).weak);
                    ui.add_space(10.0);
                    if primary_button(ui, w.choose_model).clicked() {
                        out.push(Intent::Window(WindowIntent::Show(Page::Library)));
                    }
                });
                return;
            }
            // The layers are known without one.
            Some(Trouble::NoPicture | Trouble::Hidden) if self.order.tab == InsideTab::Layers => {}
            Some(Trouble::NoThread) => {
                centred_page(ui, 420.0, |ui| paragraph(ui, w.no_thread, palette(ui).weak));
                return;
            }
            Some(trouble) => {
                let hidden = trouble == Trouble::Hidden;
                centred_page(ui, 420.0, |ui| {
                    page_title(ui, if hidden { w.hidden_title } else { w.no_picture });
                    paragraph(ui, if hidden { w.hidden } else { w.no_picture_text }, palette(ui).weak);
                });
                return;
            }
            None => {}
        }
        if let Some(error) = self.found.failed.clone() {
            let text = model_page(view.language, &error);
            notice(ui, palette(ui).bad, &text.title, &text.explanation, |ui| {
                ui.add(egui::Label::new(&text.fix).wrap().selectable(true));
                if ui.button(w.again).clicked() {
                    out.push(Intent::Inside(InsideIntent::Again));
                }
            });
            ui.add_space(8.0);
        }
        match self.order.tab {
            InsideTab::Input => self.input_ui(ui, view),
            InsideTab::Output => self.output_ui(ui, view, out),
            InsideTab::Layers => self.layers_ui(ui, view, out),
            InsideTab::Maps => self.maps_ui(ui, view, out),
            InsideTab::Why => self.why_ui(ui, view, out),
            InsideTab::Perturb => self.perturb_ui(ui, view, out),
        }
    }
}
