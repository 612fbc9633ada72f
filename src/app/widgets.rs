//! The few widgets that egui doesn't have: icon buttons, drop-down buttons, cards, rows of figures.

use egui::{
    self, Align, Align2, Color32, Layout, Response, Role, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo, vec2,
};

use super::icons::{self, Icon};
use super::style::{self, CARD_RADIUS, RADIUS, palette};

/// A square button with an icon; `label` is its tooltip and its name for screen readers.
pub fn icon_button(ui: &mut Ui, icon: Icon, label: &str, on: bool) -> Response {
    sized_icon_button(ui, icon, label, on, 32.0)
}

/// As [`icon_button`], `side` points wide.
pub fn sized_icon_button(ui: &mut Ui, icon: Icon, label: &str, on: bool, side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, on, label));
    if ui.is_rect_visible(rect) {
        let p = palette(ui);
        let (ground, colour) = match (on, response.hovered() || response.has_focus()) {
            (true, false) => (p.wash, p.accent),
            (true, true) => (p.wash, p.strong),
            (false, true) => (p.button[1], p.strong),
            (false, false) => (Color32::TRANSPARENT, p.text),
        };
        ui.painter().rect_filled(rect, RADIUS, ground);
        if response.has_focus() {
            ui.painter().rect_stroke(rect, RADIUS, Stroke::new(1.5, p.accent), StrokeKind::Inside);
        }
        let colour = if enabled { colour } else { p.weak.gamma_multiply(0.5) };
        icons::draw(ui.painter(), rect.shrink(side * 0.22), icon, colour);
    }
    response.on_hover_text(label)
}

/// A button with an icon before its text.
pub fn icon_text_button(ui: &mut Ui, icon: Icon, text: &str) -> Response {
    // The text leaves room for the icon.
    let response = ui.add(egui::Button::new(format!("       {text}")).min_size(vec2(0.0, 30.0)));
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
    if ui.is_rect_visible(response.rect) {
        let at = egui::pos2(response.rect.left() + 19.0, response.rect.center().y);
        let colour = ui.style().interact(&response).text_color();
        icons::draw(ui.painter(), egui::Rect::from_center_size(at, Vec2::splat(18.0)), icon, colour);
    }
    response
}

/// Controls at the right end of a row, in reading order, so that Tab goes through them from left to right; their width is
/// known from the last pass. `salt` tells several rows of one part of the window apart.
pub fn at_right(ui: &mut Ui, salt: impl std::hash::Hash + std::fmt::Debug, add: impl FnOnce(&mut Ui)) {
    let id = ui.scope_id().with(("at right", salt));
    let last: Option<f32> = ui.ctx().data(|d| d.get_temp(id));
    let room = ui.available_rect_before_wrap();
    let left = (room.right() - last.unwrap_or(0.0)).max(room.left());
    let rect = egui::Rect::from_min_max(egui::pos2(left, room.top()), room.max);
    let response = ui.scope_builder(
        egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)),
        |ui| {
            if last.is_none() {
                ui.set_invisible();
            }
            add(ui);
            ui.min_rect().width()
        },
    );
    if last.is_none_or(|last| (last - response.inner).abs() > 0.1) {
        ui.ctx().data_mut(|d| d.insert_temp(id, response.inner));
        ui.ctx().request_repaint();
    }
}

/// Draws a ring around what has the keyboard's focus. Call it when everything was shown.
pub fn focus_ring(ctx: &egui::Context) {
    let focused = ctx.memory(egui::Memory::focused).and_then(|id| ctx.read_response(id));
    let Some(response) = focused.filter(Response::has_focus) else { return };
    let colour = style::palette_of(&ctx.global_style().visuals).accent;
    let painter = ctx.layer_painter(response.layer_id).with_clip_rect(response.interact_rect.expand(3.0));
    painter.rect_stroke(response.rect, RADIUS, Stroke::new(2.0, colour), StrokeKind::Outside);
}

/// Gives the focus to a text field, so that what is typed takes the place of its text.
pub fn focus_all(ui: &Ui, field: &Response, text: &str) {
    field.request_focus();
    let mut state = egui::TextEdit::load_state(ui.ctx(), field.id).unwrap_or_default();
    let all = egui::text::CCursorRange::two(
        egui::text::CCursor::new(0),
        egui::text::CCursor::new(text.chars().count()),
    );
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), field.id);
}

/// Scrolls to what Tab has just given the focus. Call it at the end of what a scroll area holds.
pub fn follow_focus(ui: &Ui) {
    let key = ui.scope_id().with("followed focus");
    let focused = ui.ctx().memory(egui::Memory::focused);
    let followed: Option<egui::Id> = ui.ctx().data(|d| d.get_temp(key));
    if focused == followed {
        return;
    }
    let Some(id) = focused else {
        ui.ctx().data_mut(|d| d.remove::<egui::Id>(key));
        return;
    };
    let Some(response) = ui.ctx().read_response(id) else { return };
    if response.layer_id == ui.layer_id() && ui.min_rect().contains(response.rect.center()) {
        ui.ctx().data_mut(|d| d.insert_temp(key, id));
        ui.scroll_to_rect(response.rect.expand(16.0), None);
    }
}

/// The button that is meant to be pressed.
pub fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let p = palette(ui);
    ui.scope(|ui| {
        let visuals = ui.visuals_mut();
        for (state, fill) in [
            (&mut visuals.widgets.inactive, p.accent),
            (&mut visuals.widgets.hovered, p.accent.gamma_multiply(0.9)),
            (&mut visuals.widgets.active, p.accent.gamma_multiply(0.8)),
        ] {
            state.weak_bg_fill = fill;
            state.fg_stroke.color = p.on_accent;
        }
        ui.add(egui::Button::new(text).min_size(vec2(0.0, 34.0)))
    })
    .inner
}

/// An ordinary button as high as the primary one.
pub fn plain_button(ui: &mut Ui, text: &str) -> Response {
    ui.add(egui::Button::new(text).min_size(vec2(0.0, 34.0)))
}

/// A dialogue over the window, with room around its content.
pub fn dialogue(ui: &Ui, id: &str) -> egui::Modal {
    let frame = egui::Frame::popup(ui.style()).inner_margin(egui::Margin::same(20));
    egui::Modal::new(egui::Id::unique(id)).frame(frame)
}

/// A button over the whole width that opens a menu: an icon, what is chosen, an arrow.
pub fn dropdown(ui: &mut Ui, icon: Icon, chosen: &str, label: &str) -> Response {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 36.0), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, enabled, label);
        info.current_text_value = Some(chosen.to_owned());
        info
    });
    if ui.is_rect_visible(rect) {
        let p = palette(ui);
        let visuals = ui.style().interact(&response);
        ui.painter().rect(rect, RADIUS, visuals.weak_bg_fill, visuals.bg_stroke, StrokeKind::Inside);
        let square = |x: f32| egui::Rect::from_center_size(egui::pos2(x, rect.center().y), Vec2::splat(18.0));
        icons::draw(ui.painter(), square(rect.left() + 19.0), icon, p.accent);
        icons::draw(ui.painter(), square(rect.right() - 17.0).shrink(1.0), Icon::Down, p.weak);
        let text = egui::WidgetText::from(chosen).into_galley(
            ui,
            Some(egui::TextWrapMode::Truncate),
            width - 72.0,
            TextStyle::Button,
        );
        let at = egui::pos2(rect.left() + 36.0, rect.center().y - text.size().y / 2.0);
        ui.painter().galley(at, text, p.strong);
    }
    response
}

/// The arrow of a combo box, as that of [`dropdown`].
pub fn combo_arrow(ui: &Ui, rect: egui::Rect, _: &egui::style::WidgetVisuals, _: bool) {
    icons::draw(ui.painter(), rect.expand(2.0), Icon::Down, palette(ui).weak);
}

/// One line of a menu: an icon, a text, a second text in grey; a tick if it is the chosen one.
pub fn menu_row(ui: &mut Ui, icon: Icon, text: &str, note: &str, chosen: bool) -> Response {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, chosen, text));
    if ui.is_rect_visible(rect) {
        let p = palette(ui);
        let lit = response.hovered() || response.has_focus();
        let ground = if lit { p.button[1] } else { Color32::TRANSPARENT };
        ui.painter().rect_filled(rect, RADIUS, ground);
        let middle = rect.center().y;
        let square = |x: f32| egui::Rect::from_center_size(egui::pos2(x, middle), Vec2::splat(17.0));
        let mark = if chosen { Icon::Check } else { icon };
        let colour = if chosen { p.accent } else { p.weak };
        icons::draw(ui.painter(), square(rect.left() + 16.0), mark, colour);
        let note = ui.painter().layout_no_wrap(note.to_owned(), TextStyle::Small.resolve(ui.style()), p.weak);
        let room = width - 44.0 - if note.is_empty() { 0.0 } else { note.size().x + 10.0 };
        let galley = egui::WidgetText::from(text).into_galley(
            ui,
            Some(egui::TextWrapMode::Truncate),
            room,
            TextStyle::Button,
        );
        let colour = if lit || chosen { p.strong } else { p.text };
        ui.painter().galley(egui::pos2(rect.left() + 34.0, middle - galley.size().y / 2.0), galley, colour);
        let at = egui::pos2(rect.right() - 10.0 - note.size().x, middle - note.size().y / 2.0);
        ui.painter().galley(at, note, p.weak);
    }
    response
}

/// A titled part of the side panel.
pub fn section(ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui)) {
    section_with(ui, title, |_| {}, add);
}

/// As [`section`], with something at the right of the title.
pub fn section_with(ui: &mut Ui, title: &str, right: impl FnOnce(&mut Ui), add: impl FnOnce(&mut Ui)) {
    ui.add_space(6.0);
    ui.horizontal(|ui| {
        ui.set_min_height(24.0);
        ui.label(egui::RichText::new(title).color(palette(ui).strong).text_style(TextStyle::Heading));
        ui.with_layout(Layout::right_to_left(Align::Center), right);
    });
    add(ui);
    ui.add_space(8.0);
}

/// A slider over the whole width, its name and value above it. Returns the new value if it was moved.
pub fn slider_row(
    ui: &mut Ui,
    name: &str,
    hint: &str,
    value: f32,
    range: std::ops::RangeInclusive<f32>,
    shown: &str,
) -> Option<f32> {
    named_row(ui, name, palette(ui).text, shown, palette(ui).strong).on_hover_text(hint);
    let mut moved = value;
    let response =
        wide_slider(ui, egui::Slider::new(&mut moved, range).show_value(false)).accessible_name(name);
    ui.add_space(2.0);
    (response.changed() && moved != value).then_some(moved)
}

/// A slider over the whole width, its handle in the accent.
pub fn wide_slider(ui: &mut Ui, slider: egui::Slider<'_>) -> Response {
    let p = palette(ui);
    ui.scope(|ui| {
        ui.spacing_mut().slider_width = ui.available_width();
        ui.spacing_mut().interact_size.y = 18.0;
        let widgets = &mut ui.visuals_mut().widgets;
        for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            state.fg_stroke = Stroke::new(2.0, p.accent);
            state.bg_fill = p.button[1];
        }
        widgets.active.bg_fill = p.accent;
        ui.add(slider)
    })
    .inner
}

/// A name at the left in grey, a value at the right.
pub fn figure_row(ui: &mut Ui, name: &str, value: &str) -> Response {
    let p = palette(ui);
    named_row(ui, name, p.weak, value, p.text)
}

/// A name at the left and a value at the right, on a line of text's height.
fn named_row(ui: &mut Ui, name: &str, name_colour: Color32, value: &str, value_colour: Color32) -> Response {
    let size = vec2(ui.available_width(), 20.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.label(egui::RichText::new(name).color(name_colour));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(egui::Label::new(egui::RichText::new(value).color(value_colour)).truncate());
        });
    })
    .response
}

/// A card with a border in the colour of a warning or a failure.
pub fn notice(ui: &mut Ui, colour: Color32, title: &str, text: &str, add: impl FnOnce(&mut Ui)) {
    let p = palette(ui);
    egui::Frame::new()
        .fill(p.raised)
        .stroke(Stroke::new(1.0, colour.gamma_multiply(0.6)))
        .corner_radius(CARD_RADIUS)
        .inner_margin(12)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::hover());
                icons::draw(ui.painter(), rect, Icon::Warning, colour);
                ui.add(egui::Label::new(egui::RichText::new(title).color(p.strong)).wrap());
            });
            ui.add(egui::Label::new(text).wrap().selectable(true));
            add(ui);
        });
}

/// A small rounded mark: a dot in a colour and a word.
pub fn state_mark(ui: &mut Ui, colour: Color32, text: &str) {
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, palette(ui).text);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(14.0, 2.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ui.painter().circle_filled(rect.left_center() + vec2(4.0, 0.0), 3.5, colour);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, colour);
}

/// A heading, a paragraph and a row of buttons in the middle of the space.
pub fn centred_page(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui)) {
    let space = ui.available_rect_before_wrap();
    let width = width.min(space.width() - 32.0);
    // The height of the last pass centres this one; the first pass is invisible.
    let id = ui.scope_id().with("centred");
    let last: Option<f32> = ui.ctx().data(|d| d.get_temp(id));
    let height = last.unwrap_or(0.0);
    let top = space.top() + ((space.height() - height) * 0.46).max(16.0);
    let rect = egui::Rect::from_min_size(
        egui::pos2(space.center().x - width / 2.0, top),
        vec2(width, space.bottom() - top),
    );
    let response = ui.scope_builder(
        egui::UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Center)),
        |ui| {
            if last.is_none() {
                ui.set_invisible();
            }
            add(ui);
            ui.min_rect().height()
        },
    );
    if last != Some(response.inner) {
        ui.ctx().data_mut(|d| d.insert_temp(id, response.inner));
        ui.ctx().request_repaint();
    }
}

/// Text of a page, in the page's size, wrapped and selectable.
pub fn page_title(ui: &mut Ui, text: &str) {
    let text = egui::RichText::new(text).text_style(style::title()).color(palette(ui).strong);
    ui.add(egui::Label::new(text).wrap());
}

/// A paragraph of a page.
pub fn paragraph(ui: &mut Ui, text: &str, colour: Color32) {
    ui.add(egui::Label::new(egui::RichText::new(text).size(14.5).color(colour)).wrap().selectable(true));
}

/// A grey line above a group of a menu.
pub fn caption(ui: &mut Ui, text: &str) {
    ui.horizontal(|ui| {
        ui.add_space(10.0);
        ui.label(egui::RichText::new(text).small().color(palette(ui).weak));
    });
}

/// A titled card of a page.
pub fn card(ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui)) {
    let p = palette(ui);
    egui::Frame::new()
        .fill(p.raised)
        .stroke(Stroke::new(1.0, p.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(16)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.label(egui::RichText::new(title).heading().color(p.strong));
            ui.add_space(4.0);
            add(ui);
        });
    ui.add_space(6.0);
}
