//! What the window is made of: the stage, the side panel, the bar, and the pages over them.

use std::time::Duration;

use egui::{self, Ui};

use crate::app::classes_panel::ClassesPanel;
use crate::app::compare::Compare;
use crate::app::dataset::state::DatasetPage;
use crate::app::events::EventsPage;
use crate::app::gallery::GalleryPage;
use crate::app::icons::Icon;
use crate::app::inside::{InsidePage, perturbed_note};
use crate::app::intent::{Choose, FilesIntent, Intent, Page, WindowIntent};
use crate::app::lessons;
use crate::app::lessons::state::LessonPanel;
use crate::app::library::LibraryPage;
use crate::app::reading::Reading;
use crate::app::stage::{Stage, fit};
use crate::app::strings::Strings;
use crate::app::style::palette;
use crate::app::teach::TeachPage;
use crate::app::toasts::Toasts;
use crate::app::tracking_panel;
use crate::app::view::{Typed, View};
use crate::app::widgets::{
    at_right, dialogue, follow_focus, icon_button, icon_text_button, menu_row, plain_button, primary_button,
};
use crate::app::zones::{self, Editor};
use crate::app::{
    collecting, command_line, detect_panel, figures_panel, model_panel, pace_panel, pages, recording,
    settings_page, shutter_panel, source_panel, speed, toolbar,
};
use crate::privacy::Covered;

/// In full screen the bar goes when the pointer rests this long.
const BAR_STAYS: f64 = 2.5;
/// Width of the side panel.
const SIDE: f32 = 308.0;
/// Height of the line with the position, above the bar's buttons.
const SEEK: f32 = 22.0;

/// The state of panels and pages that painting changes.
pub(super) struct Layout<'a> {
    pub(super) stage: &'a mut Stage,
    pub(super) classes: &'a mut ClassesPanel,
    pub(super) library: &'a mut LibraryPage,
    pub(super) compare: &'a mut Compare,
    pub(super) reading: Option<&'a mut Reading>,
    pub(super) events: &'a mut EventsPage,
    pub(super) dataset: &'a mut DatasetPage,
    pub(super) gallery: &'a mut GalleryPage,
    pub(super) teach: &'a mut TeachPage,
    pub(super) inside: &'a mut InsidePage,
    pub(super) toasts: &'a Toasts,
    pub(super) zones: &'a mut Editor,
    pub(super) lesson: &'a mut LessonPanel,
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
            if view.settings.figures {
                // Each model's picture has its answer at the left, and its strip above it.
                figures_panel::overlay(ui, view, Compare::pictures(area), egui::Align2::RIGHT_BOTTOM);
            }
            let pictures = Compare::pictures(area);
            recording::badge(ui, view, pictures);
            perturbed_note(ui, pictures, &view.strings.inside, &view.perturbation, out);
            shutter_panel::overlay(ui, view, pictures, pictures, out);
            return;
        }
        let shown = if open { self.paint_preview(ui, view, area) } else { None };
        if let Some(at) = shown {
            ui.allocate_rect(area, egui::Sense::hover());
            if view.editing {
                zones::canvas_ui(ui, at, view, self.zones, out);
            }
            if view.settings.figures {
                // What a classifier answers is at the left.
                figures_panel::overlay(ui, view, area, egui::Align2::RIGHT_TOP);
            }
            announce(ui, view, area);
            recording::badge(ui, view, area);
            collecting::badge(ui, view, area);
            hidden_note(ui, view, area);
            // Above the badge of what is collected, which then holds changed pictures.
            let above = if view.dataset.collecting.is_some() { 48.0 } else { 0.0 };
            let free = area.with_max_y(area.max.y - above);
            perturbed_note(ui, free, &view.strings.inside, &view.perturbation, out);
            shutter_panel::overlay(ui, view, area, at, out);
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
        self.stage.paint(ui, area, view.mirrored)
    }

    fn side_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let s = view.strings;
        ui.horizontal(|ui| {
            ui.set_min_height(40.0);
            ui.set_max_width(ui.available_width() - 12.0);
            ui.label(egui::RichText::new("Sightline").size(17.0).color(palette(ui).strong));
            at_right(ui, "top", |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                let library = s.library.models;
                let help = icon_button(ui, Icon::Help, s.help, false);
                egui::Popup::menu(&help).width(230.0).show(|ui| help_menu(ui, s, out));
                if icon_button(ui, Icon::Settings, &format!("{}  (Ctrl+,)", s.settings), false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Settings)));
                }
                events_button(ui, view, out);
                if icon_button(ui, Icon::Labels, &format!("{}  (D)", s.datasets.title), false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Dataset)));
                }
                if icon_button(ui, Icon::Image, &format!("{}  (G)", s.gallery.title), false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Gallery)));
                }
                if icon_button(ui, Icon::Library, &format!("{library}  (L)"), false).clicked() {
                    out.push(Intent::Window(WindowIntent::Show(Page::Library)));
                }
            });
        });
        learn_ui(ui, view, out);
        // The scroll bar lies in the margin, not on the text.
        let margin = egui::Margin { right: 12, bottom: 12, ..egui::Margin::ZERO };
        egui::ScrollArea::vertical().auto_shrink([false, false]).content_margin(margin).show(ui, |ui| {
            source_panel::ui(ui, view, out);
            ui.separator();
            model_panel::ui(ui, view, out);
            if detect_panel::has_any(view) {
                ui.separator();
                detect_panel::ui(ui, view, out);
            }
            if view.has_image && !view.comparing {
                ui.separator();
                zones::panel_ui(ui, view, self.zones, out);
            }
            // Below the zones: it grows with every class that comes.
            tracking_panel::ui(ui, view, out);
            if view.labels().is_some_and(|l| !l.is_empty()) {
                ui.separator();
                self.classes.ui(ui, view, out);
            }
            if figures_panel::has_any(view) {
                ui.separator();
                figures_panel::ui(ui, view);
            }
            if let Some(model) = &view.model.current {
                speed::ui(ui, view, model, out);
            }
            pace_panel::ui(ui, view, out);
            if let Some(command) = command_line::of(view).filter(|_| !view.comparing) {
                ui.separator();
                let hint = format!("{}\n\n{command}", s.recording.copy_command_hint);
                if ui.button(s.recording.copy_command).on_hover_text(hint).clicked() {
                    out.push(Intent::Window(WindowIntent::CopyText(command)));
                }
            }
            follow_focus(ui);
        });
    }

    /// Shows the page that is open, with the side panel, the bar and the messages.
    pub(super) fn ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let p = palette(ui);
        let on_stage = *view.page == Page::Stage;
        let full = view.full_screen;
        let mut whole = ui.max_rect();
        if view.lessons.has_panel(view.page) {
            let panel = whole.with_max_x(whole.left() + lessons::WIDTH);
            whole.min.x = panel.right();
            part(ui, "lesson", panel, p.panel, |ui| lessons::panel_ui(ui, view, self.lesson, out));
        }
        let mut stage = whole;
        if view.settings.side_panel && on_stage && !full {
            stage.max.x -= SIDE;
        }
        let now = ui.input(|i| {
            if i.pointer.is_moving() || i.pointer.any_down() {
                *self.pointer_at = i.time;
            }
            i.time
        });
        let bar = on_stage && (!full || now - *self.pointer_at < BAR_STAYS);
        let seekable = view.seek_end().is_some();
        if bar {
            stage.max.y -= toolbar::HEIGHT + if seekable { SEEK } else { 0.0 };
            if full {
                ui.ctx().request_repaint_after(Duration::from_secs_f64(BAR_STAYS));
            }
        } else if full {
            ui.ctx().set_cursor_icon(egui::CursorIcon::None);
        }
        // In reading order, in which Tab goes through the controls: the preview or page, the bar below, the side panel.
        part(ui, "content", stage, if on_stage { p.stage } else { p.panel }, |ui| match view.page {
            Page::Stage => self.stage_ui(ui, view, out),
            Page::Settings => settings_page::ui(ui, view, out),
            Page::Library => self.library.ui(ui, view, out),
            Page::Events => self.events.ui(ui, view, out),
            Page::Dataset => self.dataset.ui(ui, view, out),
            Page::Gallery => self.gallery.ui(ui, view, out),
            Page::Inside => self.inside.ui(ui, view, self.stage, out),
            Page::Lessons => lessons::list_ui(ui, view, out),
            Page::Teach => self.teach.ui(ui, view, self.stage, out),
            Page::Reading(_) => self.reading_ui(ui, view, out),
        });
        if bar {
            let rect =
                egui::Rect::from_min_max(stage.left_bottom(), egui::pos2(stage.right(), whole.bottom()));
            part(ui, "bar", rect, p.panel, |ui| {
                let mut rest = rect;
                if seekable {
                    let seek = egui::Rect::from_min_max(
                        rest.min + egui::vec2(16.0, 6.0),
                        egui::pos2(rest.right() - 16.0, rest.top() + 24.0),
                    );
                    ui.scope_builder(egui::UiBuilder::new().max_rect(seek), |ui| {
                        toolbar::seek_ui(ui, view, out);
                    });
                    rest.min.y += SEEK;
                }
                ui.scope_builder(egui::UiBuilder::new().max_rect(rest), |ui| toolbar::ui(ui, view, out));
            });
        }
        if stage.right() < whole.right() {
            let side = egui::Rect::from_min_max(egui::pos2(stage.right(), whole.top()), whole.max);
            part(ui, "side", side, p.panel, |ui| {
                let inner = egui::Rect::from_min_max(
                    side.min + egui::vec2(16.0, 8.0),
                    side.max - egui::vec2(4.0, 0.0),
                );
                ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| self.side_ui(ui, view, out));
            });
        }
        let free = if *view.page == Page::Dataset { self.dataset.free_area(stage) } else { stage };
        self.toasts.ui(ui, view.strings, free, out);
    }

    fn reading_ui(&mut self, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
        let Some(reading) = &mut self.reading else { return };
        let stage = &mut *self.stage;
        reading.ui(ui, view, out, |ui, rect, its_own| {
            if its_own {
                stage.paint(ui, rect, false);
            } else if let Some(size) = stage.size() {
                stage.paint_frame(ui.painter(), fit(size, rect), false);
            }
        });
    }
}

/// Shows a part of the window on its ground.
fn part(ui: &mut Ui, salt: &str, rect: egui::Rect, ground: egui::Color32, add: impl FnOnce(&mut Ui)) {
    let builder = egui::UiBuilder::new().id_salt(salt).max_rect(rect);
    let mut part = ui.new_child(builder.layout(egui::Layout::top_down(egui::Align::Min)));
    part.set_clip_rect(rect.intersect(ui.clip_rect()));
    part.painter().rect_filled(rect, 0, ground);
    add(&mut part);
}

/// What helps: the keys, and the lessons.
fn help_menu(ui: &mut Ui, s: &Strings, out: &mut Vec<Intent>) {
    ui.spacing_mut().item_spacing.y = 2.0;
    if menu_row(ui, Icon::Lessons, s.lessons.title, "Shift+F1", false).clicked() {
        out.push(Intent::Window(WindowIntent::Show(Page::Lessons)));
    }
    if menu_row(ui, Icon::Help, s.keys, "F1", false).clicked() {
        out.push(Intent::Window(WindowIntent::Help(true)));
    }
}

/// The pages for those who want to see how networks work.
fn learn_ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    ui.horizontal(|ui| {
        let s = view.strings;
        let pages = [
            (Icon::Inside, s.inside.title, s.inside.key, "I", Page::Inside),
            (Icon::Teach, s.teach.button, s.teach.key, "T", Page::Teach),
        ];
        for (icon, name, hint, key, page) in pages {
            if icon_text_button(ui, icon, name).on_hover_text(format!("{hint}  ({key})")).clicked() {
                out.push(Intent::Window(WindowIntent::Show(page)));
            }
        }
    });
}

/// Opens the page of events; a number says how many are new.
fn events_button(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let label = format!("{}  (E)", view.strings.events.title);
    let button = icon_button(ui, Icon::Bell, &label, false);
    if view.events.unseen > 0 {
        let p = palette(ui);
        let text = if view.events.unseen > 99 { "99+".to_owned() } else { view.events.unseen.to_string() };
        let at = button.rect.right_top() + egui::vec2(-8.0, 9.0);
        let galley = ui.painter().layout_no_wrap(text, egui::FontId::proportional(10.5), p.on_accent);
        let badge = egui::Rect::from_center_size(at, egui::vec2((galley.size().x + 7.0).max(15.0), 15.0));
        ui.painter().rect_filled(badge, 8, p.accent);
        ui.painter().galley(badge.center() - galley.size() / 2.0, galley, p.on_accent);
    }
    if button.clicked() {
        out.push(Intent::Window(WindowIntent::Show(Page::Events)));
    }
}

/// Says why nothing can be made out on the preview.
fn hidden_note(ui: &Ui, view: &View<'_>, area: egui::Rect) {
    if view.covered != Some(Covered::Everything) {
        return;
    }
    let w = &view.strings.events;
    let text = if view.prediction.is_some() { w.hidden_model } else { w.hidden_waiting };
    let font = egui::FontId::proportional(14.0);
    let galley =
        ui.painter().layout(text.to_owned(), font, egui::Color32::WHITE, (area.width() - 60.0).max(80.0));
    let rect = egui::Rect::from_min_size(
        area.left_top() + egui::vec2(16.0, 16.0),
        galley.size() + egui::vec2(24.0, 14.0),
    );
    ui.painter().rect_filled(rect, 8, egui::Color32::from_black_alpha(190));
    ui.painter().galley(rect.min + egui::vec2(12.0, 7.0), galley, egui::Color32::WHITE);
    ui.interact(rect, ui.scope_id().with("hidden"), egui::Sense::hover())
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
}

/// Shows the name of the model that a key has just chosen, where the side panel doesn't.
fn announce(ui: &Ui, view: &View<'_>, area: egui::Rect) {
    let Some(name) = view.announced.filter(|_| view.full_screen || !view.settings.side_panel) else { return };
    let font = egui::FontId::proportional(18.0);
    let galley =
        ui.painter().layout(name.to_owned(), font, egui::Color32::WHITE, (area.width() - 80.0).max(80.0));
    let size = galley.size() + egui::vec2(32.0, 18.0);
    // Below: legends and figures are above and at the left.
    let rect =
        egui::Rect::from_center_size(area.center_bottom() - egui::vec2(0.0, 24.0 + size.y / 2.0), size);
    // The ground is dark in both themes: it lies on an image.
    ui.painter().rect_filled(rect, 10, egui::Color32::from_black_alpha(190));
    let at = rect.center() - galley.size() / 2.0;
    ui.painter().galley(at, galley, egui::Color32::WHITE);
    ui.interact(rect, ui.scope_id().with("announced"), egui::Sense::hover())
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, name));
}

/// A field for a path or an address, shown where no file dialogue can be shown or none fits.
pub(super) fn typed_ui(ui: &Ui, s: &Strings, typed: &mut Option<Typed>, out: &mut Vec<Intent>) {
    let Some(typed) = typed else { return };
    let (title, text, hint) = match typed.what {
        Choose::Address => (s.network_address, s.network_address_text, "rtsp://192.168.1.20:554/stream"),
        _ => (s.type_a_path, s.no_dialogue, ""),
    };
    let mut done = None;
    let modal = dialogue(ui, "typed path").show(ui.ctx(), |ui| {
        ui.set_width(440.0);
        ui.label(egui::RichText::new(title).heading().color(palette(ui).strong));
        ui.add(egui::Label::new(egui::RichText::new(text).color(palette(ui).weak)).wrap());
        let edit = egui::TextEdit::singleline(&mut typed.text).hint_text(hint).desired_width(f32::INFINITY);
        let first = !std::mem::replace(&mut typed.shown, true);
        let response = ui.add(edit).accessible_name(title);
        let entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        if first || entered {
            response.request_focus();
        }
        if response.changed() {
            typed.error = None;
        }
        if let Some(error) = &typed.error {
            ui.add(egui::Label::new(egui::RichText::new(error).color(palette(ui).bad)).wrap());
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
    if done == Some(true) && !typed.text.trim().is_empty() {
        out.push(Intent::Files(FilesIntent::Typed(typed.what, typed.text.trim().to_owned())));
    } else if done == Some(false) || modal.should_close() {
        out.push(Intent::Files(FilesIntent::CancelTyped));
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::app::tests::Bench;

    fn overlays(bench: &mut Bench, ui: &mut Ui) {
        let view = bench.view();
        let area = ui.max_rect();
        announce(ui, &view, area);
        figures_panel::overlay(ui, &view, area, egui::Align2::RIGHT_TOP);
    }

    #[test]
    fn the_chosen_model_is_named_where_the_panel_doesnt_and_nothing_overlaps() {
        let bench = || Bench { announced: Some("street".into()), ..Bench::default() };
        assert!(bench().shown(overlays).query_by_label("street").is_none(), "the panel names it");
        let full = Bench { full_screen: true, ..bench() }.shown(overlays);
        assert!(full.query_by_label("street").is_some());
        let mut hidden = bench();
        hidden.settings.side_panel = false;
        let hidden = hidden.shown(overlays);
        let name = hidden.get_by_label("street").rect();
        let figures = hidden.get_by_label_contains("Preview").rect();
        // Legends and answers are at the left, 19 letters wide.
        assert!(figures.left() > 450.0 && !figures.intersects(name), "{figures:?} {name:?}");
    }
}
