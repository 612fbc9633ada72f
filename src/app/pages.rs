//! What is shown while there is no preview: opening, welcome, and a page for every failure.

use egui::{self, Sense, Ui, Vec2, vec2};

use super::icons::{self, Icon};
use super::intent::{Choose, FilesIntent, Intent, ModelIntent, Page, SourceIntent, WindowIntent};
use super::strings::{PageText, model_page, source_page};
use super::style::palette;
use super::view::{View, file_name};
use super::widgets::{centred_page, notice, page_title, paragraph, plain_button, primary_button};
use crate::engine::SourceState;
use crate::source::address::PATTERN;
use crate::source::{Address, SourceError};

/// Shows the page that fits the source's state.
pub fn ui(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    match view.source {
        SourceState::Closed => welcome(ui, view, out),
        SourceState::Failed { address, error, retrying } => failed(ui, view, address, error, *retrying, out),
        SourceState::Opening { address } => {
            let s = view.strings;
            if address.is_camera() {
                waiting(ui, s.opening_camera, s.camera_permission_hint);
            } else {
                waiting(ui, &(s.opening_source)(&view.cameras.source_name(address, s)), "");
            }
        }
        SourceState::Playing { .. } | SourceState::Paused { .. } | SourceState::Ended { .. } => {
            waiting(ui, view.strings.waiting_for_image, "");
        }
    }
}

fn waiting(ui: &mut Ui, title: &str, text: &str) {
    centred_page(ui, 420.0, |ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(44.0), Sense::hover());
        let time = ui.input(|i| i.time);
        icons::draw_spinner(ui.painter(), rect.center(), 18.0, palette(ui).accent, time);
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
        ui.add_space(14.0);
        page_title(ui, title);
        paragraph(ui, text, palette(ui).weak);
    });
}

fn welcome(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    centred_page(ui, 560.0, |ui| {
        if view.safe {
            badge(ui, Icon::Warning, palette(ui).warn);
            page_title(ui, s.started_safely);
            paragraph(ui, s.started_safely_text, palette(ui).weak);
        } else {
            badge(ui, Icon::Camera, palette(ui).accent);
            page_title(ui, s.welcome);
            paragraph(ui, s.welcome_text, palette(ui).weak);
        }
        ui.add_space(16.0);
        button_row(ui, |ui| {
            if view.safe && primary_button(ui, s.open_remembered).clicked() {
                out.push(Intent::Window(WindowIntent::OpenRemembered));
            }
            let camera = if view.safe { plain_button } else { primary_button };
            if camera(ui, s.any_camera).clicked() {
                out.push(Intent::Source(SourceIntent::Open(Address::AnyCamera)));
            }
            other_sources(ui, view, out);
        });
    });
}

fn failed(
    ui: &mut Ui,
    view: &View<'_>,
    address: &Address,
    error: &SourceError,
    retrying: bool,
    out: &mut Vec<Intent>,
) {
    let s = view.strings;
    let PageText { title, explanation, fix } = source_page(view.language, error);
    centred_page(ui, 720.0, |ui| {
        let p = palette(ui);
        let icon = if address.is_camera() { Icon::CameraOff } else { Icon::Warning };
        badge(ui, icon, p.warn);
        page_title(ui, &title);
        ui.add_space(2.0);
        paragraph(ui, &explanation, p.text);
        paragraph(ui, &fix, p.weak);
        ui.add_space(16.0);
        button_row(ui, |ui| {
            if primary_button(ui, s.try_again).clicked() {
                out.push(Intent::Source(SourceIntent::TryAgain));
            }
            if let Address::Stream(text) = address
                && plain_button(ui, s.change_address).clicked()
            {
                out.push(Intent::Files(FilesIntent::ChangeAddress(text.clone())));
            }
            let failing = camera_name(error);
            let others = view.cameras.items().iter();
            let others = others.filter(|c| c.address() != *address && Some(c.name.as_str()) != failing);
            for camera in others.take(3) {
                if plain_button(ui, &camera.name).clicked() {
                    out.push(Intent::Source(SourceIntent::Open(camera.address())));
                }
            }
            other_sources(ui, view, out);
        });
        // The fixes of other failures already say so.
        if retrying && matches!(error, SourceError::NoCamera | SourceError::Forbidden { .. }) {
            ui.add_space(10.0);
            ui.label(egui::RichText::new(s.returns_by_itself).color(p.weak));
        }
    });
}

/// The camera that an error is about.
fn camera_name(error: &SourceError) -> Option<&str> {
    match error {
        SourceError::Missing { name }
        | SourceError::Unplugged { name }
        | SourceError::Busy { name, .. }
        | SourceError::Forbidden { name }
        | SourceError::Stalled { name }
        | SourceError::Damaged { name }
        | SourceError::NoFormat { name, .. }
        | SourceError::Camera { name, .. } => Some(name),
        _ => None,
    }
}

fn other_sources(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let s = view.strings;
    if plain_button(ui, s.image_or_video).clicked() {
        out.push(Intent::Files(FilesIntent::Choose(Choose::File)));
    }
    if plain_button(ui, s.folder_of_images).clicked() {
        out.push(Intent::Files(FilesIntent::Choose(Choose::Folder)));
    }
    if plain_button(ui, s.test_pattern).clicked() {
        out.push(Intent::Source(SourceIntent::Open(PATTERN)));
    }
    if view.lessons.course.is_none() && plain_button(ui, s.lessons.title).clicked() {
        out.push(Intent::Window(WindowIntent::Show(Page::Lessons)));
    }
}

/// A row of buttons in the middle; its width is known from the last pass.
fn button_row(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let id = ui.scope_id().with("buttons");
    let last: Option<f32> = ui.ctx().data(|d| d.get_temp(id));
    let room = ui.available_width();
    let width = last.unwrap_or(room).min(room);
    let response = ui.allocate_ui_with_layout(
        vec2(room, 34.0),
        egui::Layout::left_to_right(egui::Align::Center).with_main_wrap(true),
        |ui| {
            ui.add_space((room - width) / 2.0);
            let before = ui.cursor().left();
            add(ui);
            ui.min_rect().right() - before
        },
    );
    let width = response.inner.min(room);
    if last != Some(width) {
        ui.ctx().data_mut(|d| d.insert_temp(id, width));
        ui.ctx().request_repaint();
    }
}

fn badge(ui: &mut Ui, icon: Icon, colour: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(64.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 32.0, colour.gamma_multiply(0.16));
    icons::draw(ui.painter(), rect.shrink(17.0), icon, colour);
    ui.add_space(12.0);
}

/// The banner over the preview when ONNX Runtime is missing: the preview goes on.
pub fn runtime_banner(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let Some((path, error)) = &view.model.failed else { return };
    let s = view.strings;
    let text = model_page(view.language, error);
    let p = palette(ui);
    notice(ui, p.warn, s.no_runtime, s.no_runtime_text, |ui| {
        ui.add(egui::Label::new(egui::RichText::new(&text.fix).color(p.text)).wrap().selectable(true));
        ui.horizontal_wrapped(|ui| {
            if ui.button(s.try_again).clicked() {
                out.push(Intent::Model(ModelIntent::Open(path.clone())));
            }
            if ui.button(s.choose_runtime).clicked() {
                out.push(Intent::Files(FilesIntent::Choose(Choose::Runtime)));
            }
            if ui.button(s.copy).clicked() {
                out.push(Intent::Window(WindowIntent::CopyText(text.fix.clone())));
            }
        });
    });
}

/// Shown over everything while a file hangs over the window.
pub fn drop_sheet(ui: &Ui, view: &View<'_>) {
    let hovering = ui.input(|i| i.raw.hovered_files.first().map(|f| f.path.as_deref().map(file_name)));
    let Some(name) = hovering else { return };
    let p = palette(ui);
    let rect = ui.ctx().content_rect();
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop sheet"));
    let painter = ui.ctx().layer_painter(layer);
    painter.rect_filled(rect, 0, p.stage.gamma_multiply(0.85));
    let frame = rect.shrink(24.0);
    painter.rect_stroke(frame, 16, egui::Stroke::new(2.0, p.accent), egui::StrokeKind::Inside);
    let centre = rect.center();
    let square = egui::Rect::from_center_size(centre - vec2(0.0, 44.0), Vec2::splat(48.0));
    icons::draw(&painter, square, Icon::Image, p.accent);
    let font = egui::FontId::proportional(20.0);
    painter.text(
        centre + vec2(0.0, 8.0),
        egui::Align2::CENTER_CENTER,
        view.strings.drop_here,
        font,
        p.strong,
    );
    if let Some(name) = name {
        let font = egui::FontId::proportional(14.0);
        painter.text(centre + vec2(0.0, 38.0), egui::Align2::CENTER_CENTER, name, font, p.weak);
    }
}
