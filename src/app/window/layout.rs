//! What the window is made of: the stage, the side panel, the bar, and the pages over them.

use std::time::Duration;

use egui::{self, CentralPanel, Frame, Panel, Ui};

use crate::app::classes_panel::ClassesPanel;
use crate::app::compare::Compare;
use crate::app::icons::Icon;
use crate::app::intent::{Choose, FilesIntent, Intent, Page, WindowIntent};
use crate::app::library::LibraryPage;
use crate::app::reading::Reading;
use crate::app::stage::Stage;
use crate::app::strings::Strings;
use crate::app::style::palette;
use crate::app::toasts::Toasts;
use crate::app::view::View;
use crate::app::widgets::{icon_button, plain_button, primary_button};
use crate::app::{
    detect_panel, figures_panel, model_panel, pace_panel, pages, settings_page, source_panel, toolbar,
};

/// In full screen the bar goes when the pointer rests this long.
const BAR_STAYS: f64 = 2.5;

/// The state of panels and pages that painting changes.
pub(super) struct Layout<'a> {
    pub(super) stage: &'a mut Stage,
    pub(super) classes: &'a mut ClassesPanel,
    pub(super) library: &'a mut LibraryPage,
    pub(super) compare: &'a mut Compare,
    pub(super) reading: Option<&'a mut Reading>,
    pub(super) toasts: &'a Toasts,
    /// When the pointer last moved, in egui's seconds.
    pub(super) pointer_at: &'a mut f64,
}

impl Layout<'_> {
    fn stage_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let area = ui.max_rect();
        ui.painter().rect_filled(area, 0, palette(ui).stage);
        let open = view.info().is_some();
        if open && view.comparing {
            self.compare.ui(ui, area, view, self.stage, out);
            return;
        }
        let shown = if open { self.paint_preview(ui, view, area) } else { None };
        if let Some(at) = shown {
            ui.allocate_rect(area, egui::Sense::hover());
            if view.settings.figures {
                figures_panel::overlay(ui, view, at.intersect(area));
            }
        } else {
            pages::ui(ui, view, out);
        }
        if view.lacks_runtime() {
            let width = (area.width() - 32.0).min(520.0);
            let at = egui::pos2(area.center().x - width / 2.0, area.top() + 16.0);
            let rect = egui::Rect::from_min_size(at, egui::vec2(width, area.height() - 32.0));
            ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
                pages::runtime_banner(ui, view, out);
            });
        }
    }

    /// Paints the preview with the newest result; returns where.
    fn paint_preview(&mut self, ui: &Ui, view: &View<'_>, area: egui::Rect) -> Option<egui::Rect> {
        self.stage.paint(ui, area, view.settings.mirror)
    }

    fn side_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        ui.horizontal(|ui| {
            ui.set_min_height(40.0);
            ui.set_max_width(ui.available_width() - 12.0);
            ui.label(egui::RichText::new("Sightline").size(17.0).color(palette(ui).strong));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                let library = s.library.models;
                if icon_button(ui, Icon::Library, &format!("{library}  (L)"), false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Library)));
                }
                if icon_button(ui, Icon::Settings, s.settings, *view.page == Page::Settings).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Settings)));
                }
                if icon_button(ui, Icon::Help, &format!("{}  (F1)", s.help), false).clicked() {
                    out.push(Intent::Window(WindowIntent::Help(true)));
                }
            });
        });
        // The scroll bar lies in the margin, not on the text.
        let margin = egui::Margin { right: 12, bottom: 12, ..egui::Margin::ZERO };
        egui::ScrollArea::vertical().auto_shrink([false, false]).content_margin(margin).show(ui, |ui| {
            source_panel::ui(ui, view, out);
            ui.separator();
            model_panel::ui(ui, view, out);
            ui.separator();
            detect_panel::ui(ui, view, out);
            if view.labels().is_some_and(|l| !l.is_empty()) {
                ui.separator();
                self.classes.ui(ui, view, out);
            }
            ui.separator();
            figures_panel::ui(ui, view);
            pace_panel::ui(ui, view, out);
        });
    }

    /// Shows the page that is open, with the side panel, the bar and the messages.
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let on_stage = *view.page == Page::Stage;
        let full = view.full_screen;
        if view.settings.side_panel && on_stage && !full {
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
                .show(ui, |ui| self.side_ui(ui, view, out));
        }
        let now = ui.input(|i| {
            if i.pointer.is_moving() || i.pointer.any_down() {
                *self.pointer_at = i.time;
            }
            i.time
        });
        let bar = on_stage && (!full || now - *self.pointer_at < BAR_STAYS);
        if bar {
            if full {
                ui.ctx().request_repaint_after(Duration::from_secs_f64(BAR_STAYS));
            }
            let seekable = view.seek_end().is_some();
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
                            toolbar::seek_ui(ui, view, out);
                        });
                        rest.min.y += 22.0;
                    }
                    ui.scope_builder(egui::UiBuilder::new().max_rect(rest), |ui| toolbar::ui(ui, view, out));
                });
        } else if full {
            ui.ctx().set_cursor_icon(egui::CursorIcon::None);
        }
        CentralPanel::default().frame(Frame::new().fill(if on_stage { p.stage } else { p.panel })).show(
            ui,
            |ui| {
                let stage = ui.max_rect();
                match view.page {
                    Page::Stage => self.stage_ui(ui, view, out),
                    Page::Settings => settings_page::ui(ui, view, out),
                    Page::Library => self.library.ui(ui, view, out),
                    Page::Reading(_) => self.reading_ui(ui, view, out),
                }
                self.toasts.ui(ui, view.strings, stage, out);
            },
        );
    }

    fn reading_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let Some(reading) = &mut self.reading else { return };
        let stage = &mut *self.stage;
        reading.ui(ui, view, out, |ui, rect| {
            stage.paint(ui, rect, false);
        });
    }
}

/// A field for a path, shown if no file dialogue can be shown.
pub(super) fn typed_ui(ui: &Ui, s: &Strings, typed: &mut Option<(Choose, String)>, out: &mut Vec<Intent>) {
    let Some((what, text)) = typed else { return };
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
            if primary_button(ui, s.open).clicked() || entered {
                done = Some(true);
            }
            if plain_button(ui, s.cancel).clicked() {
                done = Some(false);
            }
        });
    });
    if done == Some(true) && !text.trim().is_empty() {
        out.push(Intent::Files(FilesIntent::Typed(*what, text.trim().to_owned())));
    } else if done.is_some() || modal.should_close() {
        out.push(Intent::Files(FilesIntent::CancelTyped));
    }
}
