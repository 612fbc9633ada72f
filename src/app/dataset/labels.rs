//! The panel beside the image: what was decided about it, the tools, its labels.

use egui::{self, Ui, vec2};

use super::document::{Document, Edit, Verdict};
use super::drawing::edit;
use super::list::verdict_name;
use super::state::{DatasetPage, Naming, Tool};
use crate::app::icons::Icon;
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::{Datasets, class_name, dataset_problem, plain_quotes};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{icon_button, primary_button, state_mark};
use crate::dataset::State;
use crate::scene::palette::class as class_colour;

pub(super) fn ui(page: &mut DatasetPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.datasets;
    let p = palette(ui);
    let Some(item) = page.document.as_ref().and_then(Document::item) else { return };
    let verdict = Verdict::of(item);
    let image_class = item.class.map(|class| class.class);
    ui.add(egui::Label::new(egui::RichText::new(&item.name).color(p.strong)).truncate())
        .on_hover_text(item.path.display().to_string());
    let mut from = format!("{} × {}", item.size.0, item.size.1);
    if let Some(model) = item.origin.as_ref().and_then(|origin| origin.model.as_ref()) {
        from = format!("{from} · {model}");
    }
    ui.horizontal(|ui| {
        let colour = match verdict {
            Verdict::Open => p.warn,
            Verdict::Accepted => p.good,
            Verdict::Rejected => p.bad,
        };
        state_mark(ui, colour, verdict_name(w, verdict));
        ui.add(egui::Label::new(egui::RichText::new(from).small().color(p.weak)).truncate());
    });
    if let Some(problem) = page.damaged.get(&item.name) {
        let why = plain_quotes(&dataset_problem(problem, view.language));
        let text = egui::RichText::new(format!("{why} {}", w.damaged_kept)).small().color(p.bad);
        ui.add(egui::Label::new(text).wrap().selectable(true));
    }
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        let accept = primary_button(ui, w.accept_image).on_hover_text("Enter");
        if accept.clicked() {
            out.push(edit(Edit::Decide(Verdict::Accepted)));
            out.push(Intent::Dataset(DatasetIntent::ShowNextOpen));
        }
        let (text, key, to) = match verdict {
            Verdict::Open | Verdict::Accepted => (w.reject_image, "Shift+X", Verdict::Rejected),
            Verdict::Rejected => (w.reopen_image, "", Verdict::Open),
        };
        let button = ui.add(egui::Button::new(text).min_size(vec2(0.0, 34.0)));
        let button = if key.is_empty() { button } else { button.on_hover_text(key) };
        if button.clicked() {
            out.push(edit(Edit::Decide(to)));
        }
    });
    ui.add_space(6.0);
    tools_ui(page, ui, w, out);
    let class = page.new_class();
    row(ui, w.new_class_for, &class_name(view.language, &class), || page.name(Naming::New));
    let shown = image_class.and_then(|class| {
        Some(class_name(view.language, &page.document.as_ref()?.classes().get(class)?.name))
    });
    row(ui, w.image_class, shown.as_deref().unwrap_or(w.no_class), || page.name(Naming::Image));
    ui.separator();
    let count = page.document.as_ref().map_or(0, |document| document.labels().len());
    let suggested = |document: &Document| document.labels().iter().any(|l| l.state == State::Suggested);
    let any = page.document.as_ref().is_some_and(suggested);
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new((w.labels)(count)).color(p.strong));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let button = ui.add_enabled(any, egui::Button::new(w.accept_all)).on_hover_text("Shift+S");
            if button.clicked() {
                out.push(edit(Edit::AcceptAll));
            }
        });
    });
    if count == 0 {
        ui.add(egui::Label::new(egui::RichText::new(w.no_labels).color(p.weak)).wrap());
    }
    egui::ScrollArea::vertical().id_salt("labels of the image").auto_shrink([false, false]).show(ui, |ui| {
        // Clicks change the page, not the labels.
        let Some(document) = page.document.take() else { return };
        for place in 0..document.labels().len() {
            label_ui(page, ui, w, &document, place, out);
        }
        page.document = Some(document);
    });
}

fn tools_ui(page: &mut DatasetPage, ui: &mut Ui, w: &Datasets, out: &mut Vec<Intent>) {
    let current = page.document.as_ref().map_or(0, Document::current);
    let can_undo = page.document.as_ref().is_some_and(Document::can_undo);
    let can_redo = page.document.as_ref().is_some_and(Document::can_redo);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let previous = format!("{}  (A)", w.previous);
        if icon_button(ui, Icon::Previous, &previous, false).clicked() {
            out.push(Intent::Dataset(DatasetIntent::Show(current.saturating_sub(1))));
        }
        if icon_button(ui, Icon::Next, &format!("{}  (D)", w.next), false).clicked() {
            out.push(Intent::Dataset(DatasetIntent::Show(current + 1)));
        }
        if icon_button(ui, Icon::FullScreen, &format!("{}  (F)", w.fit), false).clicked() {
            page.canvas.zoom = 1.0;
        }
        ui.add_space(6.0);
        let undo = egui::Button::new(w.undo);
        if ui.add_enabled(can_undo, undo).on_hover_text("Ctrl+Z").clicked() {
            out.push(Intent::Dataset(DatasetIntent::Undo));
        }
        let redo = egui::Button::new(w.redo);
        if ui.add_enabled(can_redo, redo).on_hover_text("Ctrl+Shift+Z").clicked() {
            out.push(Intent::Dataset(DatasetIntent::Redo));
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (tool, name, key) in [
            (Tool::Select, w.tool_select, "Esc"),
            (Tool::Box, w.tool_box, "W"),
            (Tool::Outline, w.tool_outline, "P"),
            (Tool::Points, w.tool_points, "K"),
        ] {
            let button = egui::Button::selectable(page.canvas.tool == tool, name);
            if ui.add(button).on_hover_text(key).clicked() {
                page.canvas.take(tool);
            }
        }
    });
}

/// A name, and a button with what is chosen for it.
fn row(ui: &mut Ui, name: &str, chosen: &str, choose: impl FnOnce()) {
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(name).color(palette(ui).weak));
        let button = ui.add(egui::Button::new(chosen).truncate());
        let label = format!("{name}: {chosen}");
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        if button.clicked() {
            choose();
        }
    });
}

fn label_ui(
    page: &mut DatasetPage,
    ui: &mut Ui,
    w: &Datasets,
    document: &Document,
    place: usize,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let Some(label) = document.labels().get(place) else { return };
    let classes = document.classes();
    let name = classes
        .get(label.class)
        .map_or_else(|| "?".to_owned(), |class| class_name(page.language, &class.name));
    let selected = page.canvas.selected == Some(place);
    let (state, colour) = match label.state {
        State::Suggested => (w.suggested, p.warn),
        State::Accepted => (w.accepted, p.good),
        State::Rejected => (w.rejected, p.bad),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), egui::Sense::click());
    response.widget_info(|| {
        let text = format!("{} {name}, {state}", place + 1);
        egui::WidgetInfo::selected(egui::Role::Button, true, selected, text)
    });
    if ui.is_rect_visible(rect) {
        let ground = match (selected, response.hovered()) {
            (true, _) => p.wash,
            (false, true) => p.button[0],
            (false, false) => egui::Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(rect, 5, ground);
        let [r, g, b] = class_colour(u32::try_from(label.class).unwrap_or(0));
        let dot = egui::Rect::from_center_size(rect.left_center() + vec2(12.0, 0.0), vec2(10.0, 10.0));
        ui.painter().rect_filled(dot, 2, egui::Color32::from_rgb(r, g, b));
        let score = label.score.map(|score| format!("{score:.2}")).unwrap_or_default();
        let font = egui::FontId::proportional(12.0);
        let right = ui.painter().layout_no_wrap(format!("{score}  {state}"), font, colour);
        let at = egui::pos2(rect.right() - 6.0 - right.size().x, rect.center().y - right.size().y / 2.0);
        let room = (at.x - rect.left() - 30.0).max(20.0);
        ui.painter().galley(at, right, colour);
        let text = egui::WidgetText::from(egui::RichText::new(&name).color(p.strong));
        let wrap = Some(egui::TextWrapMode::Truncate);
        let text = text.into_galley(ui, wrap, room, egui::TextStyle::Body);
        let at = egui::pos2(rect.left() + 24.0, rect.center().y - text.size().y / 2.0);
        ui.painter().galley(at, text, p.strong);
    }
    if response.clicked() {
        page.canvas.take(Tool::Select);
        page.canvas.select(Some(place));
    }
    if !selected {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if ui.button(w.accept).on_hover_text("S").clicked() {
            out.push(edit(Edit::Judge(place, State::Accepted)));
        }
        if ui.button(w.reject).on_hover_text("X").clicked() {
            out.push(edit(Edit::Judge(place, State::Rejected)));
        }
        if ui.button(w.class).on_hover_text("C").clicked() {
            page.name(Naming::Label(place));
        }
        if ui.button(w.delete).on_hover_text("Del").clicked() {
            out.push(edit(Edit::Remove(place)));
        }
    });
}
