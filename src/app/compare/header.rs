//! The strip above a compared model's preview: its letter, its name, its figures.

use std::path::Path;

use egui::{self, Align, Layout, Popup, Rect, Response, Role, Sense, TextStyle, Ui, WidgetInfo, vec2};

use super::pane::{Pane, colour, letter, usable};
use crate::app::icons::{self, Icon};
use crate::app::intent::{CompareIntent, Intent};
use crate::app::strings::task_name;
use crate::app::style::{RADIUS, palette};
use crate::app::view::View;
use crate::app::widgets::{menu_row, sized_icon_button};
use crate::library::ModelEntry;
use crate::library::search::{self, SortOrder};
use crate::save::comparison_text::figures_text;
use crate::scene::montage::MODEL_COLOURS;
use crate::scene::palette::ink_on;

/// Shows the strip of one model. Further arguments: its usual time in milliseconds and how many frames a second it gets now;
/// the paths of the other models, and whether this one can be removed.
pub fn ui(
    ui: &mut Ui,
    rect: Rect,
    view: &View<'_>,
    pane: &Pane<'_>,
    (median_ms, rate): (f32, f32),
    (others, removable): (&[&Path], bool),
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let w = &view.strings.compare;
    ui.painter().rect_filled(rect, 0, p.panel);
    let edge = Rect::from_min_max(rect.min, egui::pos2(rect.right(), rect.top() + 2.0));
    ui.painter().rect_filled(edge, 0, colour(pane.index));
    let badge =
        Rect::from_center_size(egui::pos2(rect.left() + 26.0, rect.center().y + 1.0), vec2(26.0, 26.0));
    ui.painter().rect_filled(badge, 6, colour(pane.index));
    let [r, g, b] = ink_on(MODEL_COLOURS[pane.index % MODEL_COLOURS.len()]);
    ui.painter().text(
        badge.center(),
        egui::Align2::CENTER_CENTER,
        letter(pane.index),
        egui::FontId::proportional(15.0),
        egui::Color32::from_rgb(r, g, b),
    );
    let inner =
        Rect::from_min_max(egui::pos2(badge.right() + 6.0, rect.top() + 4.0), rect.max - vec2(6.0, 2.0));
    let mut name = inner;
    name.set_bottom(inner.top() + 23.0);
    if removable {
        let label = (w.without)(letter(pane.index));
        let place =
            Rect::from_min_size(egui::pos2(inner.right() - 24.0, rect.center().y - 12.0), vec2(24.0, 24.0));
        let button = ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| {
            sized_icon_button(ui, Icon::Close, &label, false, 24.0)
        });
        if button.inner.clicked() {
            out.push(Intent::Compare(CompareIntent::Remove(pane.index)));
        }
        name.set_right(place.left() - 4.0);
    }
    let button = name_button(ui, name, &pane.name, &(w.choose)(letter(pane.index)));
    menu(&button, view, pane.path, others, pane.index, out);
    let figures = Rect::from_min_max(
        egui::pos2(name.left() + 8.0, name.bottom()),
        egui::pos2(name.right(), rect.bottom()),
    );
    ui.scope_builder(
        egui::UiBuilder::new().max_rect(figures).layout(Layout::left_to_right(Align::Min)),
        |ui| {
            let results = pane.prediction.as_ref().map(|o| &o.results);
            let text = figures_text(median_ms, results, view.language);
            let hint = (w.rates_hint)(&(view.strings.per_second)(rate));
            ui.add(egui::Label::new(egui::RichText::new(text).small().color(p.weak)).truncate())
                .on_hover_text(hint);
        },
    );
}

/// The model's name as a button that opens a menu.
fn name_button(ui: &mut Ui, rect: Rect, name: &str, label: &str) -> Response {
    let galley = egui::WidgetText::from(name).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        rect.width() - 34.0,
        TextStyle::Button,
    );
    let rect = Rect::from_min_size(rect.min, vec2((galley.size().x + 34.0).min(rect.width()), rect.height()));
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, label);
        info.current_text_value = Some(name.to_owned());
        info
    });
    let p = palette(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, RADIUS, p.button[1]);
    }
    let at = egui::pos2(rect.left() + 8.0, rect.center().y - galley.size().y / 2.0);
    let arrow = egui::pos2(at.x + galley.size().x + 12.0, rect.center().y + 1.0);
    ui.painter().galley(at, galley, p.strong);
    icons::draw(ui.painter(), Rect::from_center_size(arrow, vec2(13.0, 13.0)), Icon::Down, p.weak);
    response
}

/// The menu of the models that can be put at `index`: all but `taken`.
pub fn menu(
    button: &Response,
    view: &View<'_>,
    chosen: Option<&Path>,
    taken: &[&Path],
    index: usize,
    out: &mut Vec<Intent>,
) {
    Popup::menu(button).width(280.0).show(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let mut entries: Vec<&ModelEntry> =
            usable(view).map(AsRef::as_ref).filter(|entry| !taken.contains(&entry.path.as_path())).collect();
        search::sort(&mut entries, SortOrder::Recent);
        // Models of one task can be compared in more than speed: those come first.
        let task = view.model.current.as_ref().map(|entry| entry.spec.task);
        entries.sort_by_key(|entry| entry.task() != task);
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for entry in entries {
                let note = entry.task().map_or("", |task| task_name(view.language, task));
                let is_chosen = chosen == Some(entry.path.as_path());
                if menu_row(ui, Icon::Model, &entry.name, note, is_chosen).clicked() {
                    out.push(Intent::Compare(CompareIntent::Use(index, entry.path.clone())));
                }
            }
        });
    });
}
