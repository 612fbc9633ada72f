//! What the window is made of: the stage, the side panel, the bar, and the pages over them.

use std::time::{Duration, Instant};

use egui::{self, CentralPanel, Frame, Panel, Ui};

use super::App;
use crate::app::icons::Icon;
use crate::app::intent::{Intent, Page};
use crate::app::style::palette;
use crate::app::timing::First;
use crate::app::widgets::icon_button;
use crate::app::{
    detect_panel, figures_panel, model_panel, pace_panel, pages, settings_page, source_panel, toolbar,
};
use crate::engine::SourceState;
use crate::scene;

/// In full screen the bar goes when the pointer rests this long.
const BAR_STAYS: f64 = 2.5;

impl App {
    pub(super) fn stage_ui(&mut self, ui: &mut Ui, out: &mut Vec<Intent>) {
        let area = ui.max_rect();
        ui.painter().rect_filled(area, 0, palette(ui).stage);
        let ready = matches!(
            *self.state.source,
            SourceState::Playing { .. } | SourceState::Paused { .. } | SourceState::Ended { .. }
        );
        if ready && self.state.comparing {
            self.compare_ui(ui, area, out);
            return;
        }
        let shown = if ready { self.paint_image(ui, area) } else { None };
        let view = self.state.view(&self.catalogue, shown.is_some());
        if let Some(at) = shown {
            ui.allocate_rect(area, egui::Sense::hover());
            if view.settings.figures {
                figures_panel::overlay(ui, &view, at.intersect(area));
            }
        } else {
            pages::ui(ui, &view, out);
        }
        if view.lacks_runtime() {
            let width = (area.width() - 32.0).min(520.0);
            let at = egui::pos2(area.center().x - width / 2.0, area.top() + 16.0);
            let rect = egui::Rect::from_min_size(at, egui::vec2(width, area.height() - 32.0));
            ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
                pages::runtime_banner(ui, &view, out);
            });
        }
    }

    /// Paints the preview with the newest result. Returns where it is.
    fn paint_image(&mut self, ui: &Ui, area: egui::Rect) -> Option<egui::Rect> {
        self.take_frame(ui.ctx());
        self.stage.paint(ui, area, self.state.settings.mirror)
    }

    /// Asks for the scenes of what is shown now, so that they are composed while the panels are laid out.
    pub(super) fn request_scenes(&mut self, ctx: &egui::Context) {
        let (predictions, style) = match self.state.page {
            Page::Reading(_) => {
                let style = scene::Style { language: self.state.language(), ..scene::Style::default() };
                ([self.state.prediction.clone(), None, None, None], style)
            }
            _ if self.state.comparing => (self.compare.predictions(), self.style()),
            _ => ([self.state.prediction.clone(), None, None, None], self.style()),
        };
        self.stage.request_scenes(ctx, predictions, &style);
    }

    /// Takes the newest scenes and the newest frame, or, if each result is to be shown on its own frame, the frame of these
    /// scenes.
    fn take_frame(&mut self, ctx: &egui::Context) {
        self.stage.take_scenes();
        let own = self.stage.composed_frame().filter(|_| self.state.settings.result_on_own_frame);
        let begin = Instant::now();
        if let Some(frame) = own.or_else(|| self.engine.preview())
            && self.stage.set_frame(ctx, &frame)
        {
            self.timing.wrote(begin.elapsed());
            self.engine.shown(&frame);
            // With each result on its own frame, the frame's age is that of the result.
            if let Some(tune) = self.speed.tune.as_mut().filter(|_| !self.state.settings.result_on_own_frame)
            {
                tune.shown(frame.captured.elapsed().as_secs_f32() * 1000.0);
            }
            self.timing.there(First::Image);
        }
    }

    /// The image with the results of every model that is compared.
    fn compare_ui(&mut self, ui: &mut Ui, area: egui::Rect, out: &mut Vec<Intent>) {
        self.take_frame(ui.ctx());
        let view = self.state.view(&self.catalogue, self.stage.frame().is_some());
        self.compare.ui(ui, area, &view, &self.stage, view.settings.mirror, out);
    }

    fn side_ui(&mut self, ui: &mut Ui, out: &mut Vec<Intent>) {
        let view = self.state.view(&self.catalogue, self.stage.frame().is_some());
        let s = view.strings;
        ui.horizontal(|ui| {
            ui.set_min_height(40.0);
            ui.set_max_width(ui.available_width() - 12.0);
            ui.label(egui::RichText::new("Sightline").size(17.0).color(palette(ui).strong));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                let library = crate::app::library::words::Words::of(view.language).models;
                if icon_button(ui, Icon::Library, &format!("{library}  (L)"), false).clicked() {
                    out.push(Intent::Show(Page::Library));
                }
                if icon_button(ui, Icon::Settings, s.settings, view_is_settings(&self.state.page)).clicked() {
                    out.push(Intent::Show(Page::Settings));
                }
                if icon_button(ui, Icon::Help, &format!("{}  (F1)", s.help), false).clicked() {
                    out.push(Intent::Help(true));
                }
            });
        });
        // The scroll bar lies in the margin, not on the text.
        let margin = egui::Margin { right: 12, bottom: 12, ..egui::Margin::ZERO };
        egui::ScrollArea::vertical().auto_shrink([false, false]).content_margin(margin).show(ui, |ui| {
            source_panel::ui(ui, &view, out);
            ui.separator();
            model_panel::ui(ui, &view, &self.speed, out);
            ui.separator();
            detect_panel::ui(ui, &view, out);
            if view.labels().is_some_and(|l| !l.is_empty()) {
                ui.separator();
                self.classes.ui(ui, &view, out);
            }
            ui.separator();
            figures_panel::ui(ui, &view);
            pace_panel::ui(ui, &view, out);
        });
    }

    pub(super) fn main_ui(&mut self, ui: &mut Ui, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let on_stage = self.state.page == Page::Stage;
        let full = self.state.full_screen;
        if self.state.settings.side_panel && on_stage && !full {
            Panel::right("side")
                .exact_size(308.0)
                .resizable(false)
                .show_separator_line(false)
                .frame(Frame::new().fill(p.panel).inner_margin(egui::Margin {
                    left: 16,
                    right: 4,
                    top: 8,
                    bottom: 0,
                }))
                .show(ui, |ui| self.side_ui(ui, out));
        }
        let now = ui.input(|i| {
            if i.pointer.is_moving() || i.pointer.any_down() {
                self.pointer_at = i.time;
            }
            i.time
        });
        let bar = on_stage && (!full || now - self.pointer_at < BAR_STAYS);
        if bar {
            if full {
                ui.ctx().request_repaint_after(Duration::from_secs_f64(BAR_STAYS));
            }
            let view = self.state.view(&self.catalogue, self.stage.frame().is_some());
            let seekable = toolbar::seek_end(&view).is_some();
            let height = toolbar::HEIGHT + if seekable { 22.0 } else { 0.0 };
            Panel::bottom("bar")
                .exact_size(height)
                .resizable(false)
                .show_separator_line(false)
                .frame(Frame::new().fill(p.panel))
                .show(ui, |ui| {
                    let mut rest = ui.max_rect();
                    if seekable {
                        let seek = egui::Rect::from_min_max(
                            rest.min + egui::vec2(16.0, 6.0),
                            egui::pos2(rest.right() - 16.0, rest.top() + 24.0),
                        );
                        ui.scope_builder(egui::UiBuilder::new().max_rect(seek), |ui| {
                            toolbar::seek_ui(ui, &view, out);
                        });
                        rest.min.y += 22.0;
                    }
                    ui.scope_builder(egui::UiBuilder::new().max_rect(rest), |ui| toolbar::ui(ui, &view, out));
                });
        } else if full {
            ui.ctx().set_cursor_icon(egui::CursorIcon::None);
        }
        CentralPanel::default().frame(Frame::new().fill(if on_stage { p.stage } else { p.panel })).show(
            ui,
            |ui| {
                let stage = ui.max_rect();
                match self.state.page.clone() {
                    Page::Stage => self.stage_ui(ui, out),
                    Page::Settings => {
                        let view = self.state.view(&self.catalogue, false);
                        settings_page::ui(ui, &view, self.settings_file.as_deref(), out);
                    }
                    Page::Library => {
                        let view = self.state.view(&self.catalogue, false);
                        self.library.ui(ui, &view, out);
                    }
                    Page::Reading(_) => self.reading_ui(ui, out),
                }
                self.toasts.ui(ui, self.strings(), stage, out);
            },
        );
    }

    fn reading_ui(&mut self, ui: &mut Ui, out: &mut Vec<Intent>) {
        let Some(mut reading) = self.reading.take() else { return };
        let frame = self.stage.frame().is_some();
        let newest = self.engine.preview();
        self.stage.take_scenes();
        let (stage, engine) = (&mut self.stage, &self.engine);
        reading.ui(ui, &self.state.view(&self.catalogue, frame), out, |ui, rect| {
            if let Some(frame) = newest
                && stage.set_frame(ui.ctx(), &frame)
            {
                engine.shown(&frame);
            }
            stage.paint(ui, rect, false);
        });
        self.reading = Some(reading);
    }

    /// A field for a path, where no dialogue can be shown.
    pub(super) fn typed_ui(&mut self, ui: &Ui, out: &mut Vec<Intent>) {
        let s = self.strings();
        let Some((what, text)) = &mut self.state.typed else { return };
        let mut done = None;
        let modal = egui::Modal::new(egui::Id::unique("typed path")).show(ui.ctx(), |ui| {
            ui.set_width(440.0);
            ui.label(egui::RichText::new(s.type_a_path).heading().color(palette(ui).strong));
            ui.add(egui::Label::new(egui::RichText::new(s.no_dialogue).color(palette(ui).weak)).wrap());
            let edit = egui::TextEdit::singleline(text).desired_width(f32::INFINITY);
            let response = ui.add(edit).accessible_name(s.type_a_path);
            let entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
            if !response.has_focus() && !entered {
                response.request_focus();
            }
            ui.horizontal(|ui| {
                if crate::app::widgets::primary_button(ui, s.open).clicked() || entered {
                    done = Some(true);
                }
                if crate::app::widgets::plain_button(ui, s.cancel).clicked() {
                    done = Some(false);
                }
            });
        });
        if done == Some(true) && !text.trim().is_empty() {
            out.push(Intent::Typed(*what, text.trim().to_owned()));
        }
        if done.is_some() || modal.should_close() {
            self.state.typed = None;
        }
    }
}

fn view_is_settings(page: &Page) -> bool {
    *page == Page::Settings
}
