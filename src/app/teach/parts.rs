//! What several parts of the page share: titled panels that explain themselves, pictures of examples, colours of classes.

use egui::{self, Color32, Rect, Sense, Ui, Vec2, vec2};

use super::pictures::Picture;
use super::state::TeachPage;
use crate::app::icons::{self, Icon, draw_spinner};
use crate::app::strings::{Teach, item_reason};
use crate::app::style::{CARD_RADIUS, palette};
use crate::app::view::View;
use crate::app::widgets::sized_icon_button;
use crate::scene::palette as colours;

/// The name of the key that is held for a class.
pub(super) fn key_name(class: usize) -> Option<&'static str> {
    ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"].get(class).copied()
}

/// The colour of a class.
pub(super) fn class_colour(class: usize) -> Color32 {
    let [r, g, b] = colours::class(class as u32);
    Color32::from_rgb(r, g, b)
}

/// What a panel is about.
pub(super) struct About {
    /// Names the panel.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Its technical term in both languages.
    pub(super) term: &'static str,
    pub(super) text: &'static str,
    /// Where to read more.
    pub(super) paper: &'static str,
}

/// A titled card whose question mark opens an explanation.
pub(super) fn panel(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    about: &About,
    add: impl FnOnce(&mut TeachPage, &mut Ui),
) {
    let p = palette(ui);
    egui::Frame::new()
        .fill(p.raised)
        .stroke(egui::Stroke::new(1.0, p.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(egui::Margin::symmetric(14, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            title(page, ui, view, about);
            add(page, ui);
        });
    ui.add_space(4.0);
}

/// The title of a panel, with the explanation below it while that is open.
fn title(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, about: &About) {
    let p = palette(ui);
    let w = &view.strings.teach;
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(about.title).heading().color(p.strong));
        let open = page.explained.contains(about.id);
        let label = format!("{} {}", about.title, w.what_is_this);
        if sized_icon_button(ui, Icon::Help, &label, open, 24.0).clicked() && !page.explained.remove(about.id)
        {
            page.explained.insert(about.id);
        }
    });
    if page.explained.contains(about.id) {
        explanation(ui, w, about);
    }
}

fn explanation(ui: &mut Ui, w: &Teach, about: &About) {
    let p = palette(ui);
    ui.label(egui::RichText::new(about.term).small().color(p.accent));
    ui.add(egui::Label::new(egui::RichText::new(about.text).color(p.weak)).wrap().selectable(true));
    if !about.paper.is_empty() {
        ui.hyperlink_to(egui::RichText::new(w.paper).small(), about.paper).on_hover_text(about.paper);
    }
    ui.add_space(2.0);
}

/// Grey text that wraps.
pub(super) fn weak(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(egui::RichText::new(text).color(palette(ui).weak)).wrap());
}

/// Paints the picture of a file as large as it fits into `rect`, with round corners.
pub(super) fn paint_picture(page: &mut TeachPage, ui: &Ui, path: &std::path::Path, rect: Rect) {
    let p = palette(ui);
    ui.painter().rect_filled(rect, 6, p.button[0]);
    match page.pictures.get(path) {
        Picture::Shown(texture) => {
            // It fills the rectangle; what is too much is cut off at both sides.
            let size = texture.size_vec2();
            let scale = (rect.width() / size.x).max(rect.height() / size.y).max(f32::EPSILON);
            let part = rect.size() / (size * scale);
            let uv = Rect::from_center_size(egui::pos2(0.5, 0.5), part);
            egui::Image::new((texture.id(), rect.size())).uv(uv).corner_radius(6).paint_at(ui, rect);
        }
        Picture::Loading => {
            draw_spinner(ui.painter(), rect.center(), 7.0, p.weak, ui.input(|i| i.time));
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(60));
        }
        Picture::Failed(_) => {
            icons::draw(
                ui.painter(),
                Rect::from_center_size(rect.center(), Vec2::splat(16.0)),
                Icon::Warning,
                p.warn,
            );
        }
    }
}

/// A picture with a line below it, shown where the pointer rests.
pub(super) fn picture_hover(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    path: &std::path::Path,
    text: &str,
) {
    ui.set_max_width(240.0);
    match page.pictures.get(path) {
        Picture::Shown(texture) => {
            let size = texture.size_vec2();
            let shown = size * (224.0 / size.x).min(168.0 / size.y);
            ui.add(egui::Image::new((texture.id(), shown)).corner_radius(6));
        }
        Picture::Loading => drop(ui.spinner()),
        Picture::Failed(why) => {
            ui.label((view.strings.gallery.not_shown)(&item_reason(view.language, &why)));
        }
    }
    if !text.is_empty() {
        ui.add(egui::Label::new(text).wrap());
    }
}

/// A picture of this size that can be pointed at.
pub(super) fn picture_cell(
    page: &mut TeachPage,
    ui: &mut Ui,
    path: &std::path::Path,
    size: Vec2,
    label: &str,
) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    if ui.is_rect_visible(rect) {
        paint_picture(page, ui, path, rect);
    }
    response
}

/// A small square in the colour of a class.
pub(super) fn class_mark(ui: &mut Ui, class: usize) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(12.0), Sense::hover());
    ui.painter().rect_filled(rect, 3, class_colour(class));
}

/// A part of the page.
pub(super) fn inside(ui: &mut Ui, salt: &str, rect: Rect, add: impl FnOnce(&mut Ui)) {
    let builder =
        egui::UiBuilder::new().id_salt(salt).max_rect(rect).layout(egui::Layout::top_down(egui::Align::Min));
    let mut part = ui.new_child(builder);
    part.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
    add(&mut part);
}

/// A button with an icon before its text.
pub(super) fn small_button(ui: &mut Ui, text: &str) -> egui::Response {
    ui.add(egui::Button::new(text).min_size(vec2(0.0, 28.0)))
}
