//! The classes as cards: collecting, small pictures, adding and removing.

use std::path::PathBuf;

use egui::{self, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::parts::{class_colour, key_name, paint_picture, picture_hover, small_button, weak};
use super::state::{Renaming, TeachPage};
use crate::app::icons::{self, Icon};
use crate::app::intent::{Choose, FilesIntent, Intent, TeachIntent};
use crate::app::strings::{Teach, plain_quotes, shown};
use crate::app::style::{CARD_RADIUS, palette};
use crate::app::view::{View, file_name};
use crate::app::widgets::{
    at_right, focus_all, follow_focus, icon_button, notice, paragraph, plain_button, primary_button,
    sized_icon_button,
};
use crate::learn::teach::{Class, MAX_CLASSES};

/// Width and height of a picture.
const CELL: egui::Vec2 = vec2(76.0, 57.0);
const GAP: f32 = 6.0;
/// A card that is narrower has its buttons in a row of their own.
const NARROW: f32 = 540.0;
/// The most characters of a name.
pub(super) const NAME_LIMIT: usize = 100;

pub(super) fn ui(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    before: Option<usize>,
    out: &mut Vec<Intent>,
) {
    let Some(project) = page.project.clone() else { return };
    let margin = egui::Margin { right: 10, ..egui::Margin::ZERO };
    let scroll = ScrollArea::vertical().id_salt("teach classes").auto_shrink([false, false]);
    scroll.content_margin(margin).show(ui, |ui| {
        notices(page, ui, view, out);
        if project.classes().is_empty() {
            first(page, ui, view, out);
        }
        for (class, content) in project.classes().iter().enumerate() {
            card(page, ui, view, (class, content), before, out);
        }
        if !project.classes().is_empty() {
            last(page, ui, view, out);
        }
        follow_focus(ui);
    });
}

fn notices(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let p = palette(ui);
    if !page.notes.is_empty() {
        let text: Vec<String> = page
            .notes
            .iter()
            .map(|note| crate::app::strings::phrase(view.language, note).into_owned())
            .collect();
        let mut dismissed = false;
        notice(ui, p.warn, w.notes, &plain_quotes(&text.join("\n")), |ui| {
            dismissed = ui.button(view.strings.dismiss).clicked();
        });
        if dismissed {
            page.notes.clear();
        }
        ui.add_space(4.0);
    }
    let Some(project) = &page.project else { return };
    let name =
        |class: usize| project.classes().get(class).map(|class| shown(&class.name)).unwrap_or_default();
    if let Some((most, fewest)) = project.imbalance().filter(|(_, few)| page.count(*few) > 0) {
        line(ui, Icon::Warning, p.warn, &(w.imbalance)(&name(fewest), &name(most)));
    }
    let advice = page.learned.as_ref().filter(|_| !page.outdated);
    if let Some(learned) = advice
        && let Some(advice) = learned.trained.report.advice.first()
        && project.imbalance().is_none()
    {
        let text = crate::app::strings::advice_text(advice, &learned.samples.names, view.language);
        line(ui, Icon::Star, p.accent, &text);
    }
    let _ = out;
}

/// A sentence with an icon before it.
fn line(ui: &mut Ui, icon: Icon, colour: egui::Color32, text: &str) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(16.0), Sense::hover());
        icons::draw(ui.painter(), rect, icon, colour);
        ui.add(egui::Label::new(text).wrap());
    });
    ui.add_space(2.0);
}

/// What to do first.
fn first(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let p = palette(ui);
    ui.add_space(30.0);
    ui.label(egui::RichText::new(w.first_title).heading().color(p.strong));
    paragraph(ui, w.first_text, p.weak);
    ui.add_space(8.0);
    if primary_button(ui, w.add_class).clicked() {
        add_class(page, view, out);
    }
    ui.add_space(6.0);
    weak(ui, w.drop_hint);
}

/// Below the classes: another one, and what they need.
fn last(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let Some(project) = page.project.clone() else { return };
    let room = project.classes().len() < MAX_CLASSES;
    ui.horizontal(|ui| {
        if ui.add_enabled_ui(room, |ui| plain_button(ui, w.add_class)).inner.clicked() {
            add_class(page, view, out);
        }
        if project.wants_nothing() && plain_button(ui, w.add_nothing).on_hover_text(w.nothing_text).clicked()
        {
            out.push(Intent::Teach(TeachIntent::AddClass(w.nothing_class.to_owned())));
        }
    });
    if project.wants_nothing() {
        weak(ui, w.nothing_text);
    } else {
        weak(ui, w.drop_hint);
    }
}

fn add_class(page: &mut TeachPage, view: &View<'_>, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let names = page.names();
    let free = (names.len() + 1..=2 * names.len() + 1).map(w.new_class).find(|name| !names.contains(name));
    page.focus_class = Some(names.len());
    out.push(Intent::Teach(TeachIntent::AddClass(free.unwrap_or_default())));
}

fn card(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    (class, content): (usize, &Class),
    before: Option<usize>,
    out: &mut Vec<Intent>,
) {
    let p = palette(ui);
    let colour = class_colour(class);
    let held = page.collecting == Some(class);
    let stroke = if held { Stroke::new(2.0, colour) } else { Stroke::new(1.0, p.line) };
    let frame = egui::Frame::new()
        .fill(p.raised)
        .stroke(stroke)
        .corner_radius(CARD_RADIUS)
        .inner_margin(egui::Margin { left: 14, right: 10, top: 8, bottom: 8 });
    let response = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.push_id(("class", class), |ui| {
            head(page, ui, view, (class, content), before, out);
            strip(page, ui, view, (class, content), out);
        });
    });
    let rect = response.response.rect;
    let edge = Rect::from_min_max(rect.min + vec2(0.0, 10.0), pos2(rect.left() + 4.0, rect.bottom() - 10.0));
    ui.painter().rect_filled(edge, 2, colour);
    page.places.push((class, rect));
    // Files that are dragged over a class would go there.
    let over = ui.input(|i| {
        !i.raw.hovered_files.is_empty() && i.pointer.latest_pos().is_some_and(|at| rect.contains(at))
    });
    if over {
        ui.painter().rect_stroke(rect, CARD_RADIUS, Stroke::new(2.0, p.accent), StrokeKind::Inside);
    }
    ui.add_space(4.0);
}

/// The name, the count and the buttons of a class.
fn head(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    (class, content): (usize, &Class),
    before: Option<usize>,
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.teach;
    let p = palette(ui);
    // Beside a lesson there is no room for all in one row.
    let is_narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        name_field(page, ui, view, (class, content), out);
        let mut count = (w.count)(page.count(class));
        if !content.held_out.is_empty() {
            count = format!("{count} {}", (w.held_out)(content.held_out.len()));
        }
        ui.label(egui::RichText::new(count).color(p.weak));
        at_right(ui, ("class buttons", class), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            if !is_narrow {
                hold_button(page, ui, view, class, before, out);
                add_menu(page, ui, w, (class, content), out);
            }
            let label = format!("{} {}", w.remove_class, shown(&content.name));
            let close = icon_button(ui, Icon::Close, &label, false);
            // The second click of two would meet the class that took its place.
            if close.clicked() && !close.double_clicked() {
                out.push(Intent::Teach(TeachIntent::RemoveClass(class)));
            }
        });
    });
    if is_narrow {
        ui.horizontal(|ui| {
            hold_button(page, ui, view, class, before, out);
            add_menu(page, ui, w, (class, content), out);
        });
    }
}

/// From where examples are added to a class.
fn add_menu(
    page: &TeachPage,
    ui: &mut Ui,
    w: &Teach,
    (class, content): (usize, &Class),
    out: &mut Vec<Intent>,
) {
    let add = small_button(ui, w.add);
    add.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{} {}", w.add, content.name))
    });
    egui::Popup::menu(&add).width(200.0).show(|ui| {
        let id = page.id(class);
        if ui.button(w.add_files).clicked() {
            out.extend(id.map(|id| Intent::Files(FilesIntent::Choose(Choose::TeachFiles(id)))));
        }
        if ui.button(w.add_folder).clicked() {
            out.extend(id.map(|id| Intent::Files(FilesIntent::Choose(Choose::TeachFolder(id)))));
        }
        if ui.button(w.add_gallery).clicked() {
            out.push(Intent::Teach(TeachIntent::Gallery(Some(class))));
        }
    });
}

fn name_field(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    (class, content): (usize, &Class),
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.teach;
    let Some(own) = page.id(class) else { return };
    let typed = page.renaming.as_ref().filter(|renaming| renaming.class == own);
    let mut text = typed.map_or_else(|| content.name.clone(), |renaming| renaming.text.clone());
    let id = ui.scope_id().with("name");
    let edit = egui::TextEdit::singleline(&mut text)
        .id(id)
        .char_limit(NAME_LIMIT)
        .desired_width(150.0)
        .margin(egui::Margin::symmetric(8, 4));
    let field = ui.add(edit).accessible_name(format!("{} {}", w.class_name, class + 1));
    if page.focus_class == Some(class) {
        page.focus_class = None;
        // What is typed takes the place of the name that it was given.
        focus_all(ui, &field, &content.name);
    }
    if field.changed() {
        page.renaming = Some(Renaming { class: own, text });
    }
    if field.lost_focus()
        && let Some(renaming) = page.renaming.take_if(|renaming| renaming.class == own)
    {
        let name = renaming.text.trim();
        let given_up = ui.input(|i| i.key_pressed(Key::Escape));
        if !name.is_empty() && name != content.name && !given_up {
            out.push(Intent::Teach(TeachIntent::RenameClass(class, name.to_owned())));
        }
    }
}

fn hold_button(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    class: usize,
    before: Option<usize>,
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.teach;
    let p = palette(ui);
    let held = page.collecting == Some(class);
    let text = if held { w.collecting } else { w.hold };
    let response = ui
        .scope(|ui| {
            let visuals = ui.visuals_mut();
            for state in
                [&mut visuals.widgets.inactive, &mut visuals.widgets.hovered, &mut visuals.widgets.active]
            {
                state.weak_bg_fill = if held { p.strong } else { p.accent };
                state.fg_stroke.color = if held { p.panel } else { p.on_accent };
            }
            let key = key_name(class).map(|key| format!("  [{key}]")).unwrap_or_default();
            let button = egui::Button::new(format!("{text}{key}")).min_size(vec2(130.0, 28.0));
            // Held for long or moved, a click would end.
            ui.add(button.sense(Sense::click_and_drag()))
        })
        .inner;
    let name = page.name(class).map(shown).unwrap_or_default();
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{} {name}", w.hold)));
    let hint = key_name(class).map(|key| (w.hold_hint)(key));
    let response = match hint {
        Some(hint) => response.on_hover_text(hint),
        None => response,
    };
    if response.is_pointer_button_down_on() && page.held.is_none() {
        page.held = Some(class);
    } else if response.clicked() && before != Some(class) {
        // By the keyboard or a screen reader: one frame.
        out.push(Intent::Teach(TeachIntent::Collect(Some(class))));
        out.push(Intent::Teach(TeachIntent::Collect(None)));
    }
}

/// The pictures of a class, the newest first; only those on screen are shown.
fn strip(
    page: &mut TeachPage,
    ui: &mut Ui,
    view: &View<'_>,
    (class, content): (usize, &Class),
    out: &mut Vec<Intent>,
) {
    let w = &view.strings.teach;
    let p = palette(ui);
    let count = content.examples.len();
    if count == 0 {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), CELL.y), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, w.no_examples));
        ui.painter().rect_stroke(rect, 8, Stroke::new(1.0, p.line), StrokeKind::Inside);
        let font = egui::FontId::proportional(13.0);
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, w.no_examples, font, p.weak);
        return;
    }
    let step = CELL.x + GAP;
    let scroll = ScrollArea::horizontal().id_salt(("examples", class)).auto_shrink([false, true]);
    scroll.show_viewport(ui, |ui, viewport| {
        let (whole, _) =
            ui.allocate_exact_size(vec2(step * count as f32 - GAP, CELL.y + 4.0), Sense::hover());
        let first = (viewport.left() / step).floor().max(0.0) as usize;
        let shown_cells = (viewport.width() / step).ceil() as usize + 1;
        for place in first..(first + shown_cells).min(count) {
            // The newest is the last of its class, and the first on screen.
            let Some(example) = content.examples.get(count - 1 - place) else { continue };
            let at = Rect::from_min_size(whole.min + vec2(place as f32 * step, 0.0), CELL);
            cell(page, ui, view, &example.path, at, out);
        }
    });
}

fn cell(page: &mut TeachPage, ui: &mut Ui, view: &View<'_>, path: &PathBuf, at: Rect, out: &mut Vec<Intent>) {
    let w = &view.strings.teach;
    let p = palette(ui);
    let response = ui.interact(at, ui.scope_id().with(path), Sense::click());
    let name = file_name(path);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    paint_picture(page, ui, path, at);
    let mut remove = false;
    if response.hovered() || response.contains_pointer() || response.has_focus() {
        ui.painter().rect_stroke(at, 6, Stroke::new(1.5, p.accent), StrokeKind::Inside);
        let corner = Rect::from_min_size(at.right_top() + vec2(-23.0, 1.0), egui::Vec2::splat(22.0));
        let mut small = ui.new_child(egui::UiBuilder::new().id_salt(("remove", path)).max_rect(corner));
        small.painter().circle_filled(corner.center(), 10.5, p.panel);
        let label = format!("{} {name}", w.remove_example);
        remove = sized_icon_button(&mut small, Icon::Close, &label, false, 22.0).clicked();
    }
    // Under the pointer, too, unless something else has the keyboard.
    let is_meant = response.contains_pointer() && ui.ctx().memory(|memory| memory.focused().is_none());
    if response.has_focus() || is_meant {
        // A key that is held would remove what slides under the pointer, one after the other.
        let is_new =
            |event: &egui::Event| matches!(event, egui::Event::Key { pressed: true, repeat: false, .. });
        let is_pressed_anew = ui.input(|i| i.events.iter().any(is_new));
        let pressed = ui.input_mut(|i| {
            i.consume_key(Modifiers::NONE, Key::Delete) || i.consume_key(Modifiers::NONE, Key::Backspace)
        });
        remove |= pressed && is_pressed_anew;
    }
    response.context_menu(|ui| remove |= ui.button(w.remove_example).clicked());
    if remove {
        out.push(Intent::Teach(TeachIntent::RemoveExample(path.clone())));
    }
    response.on_hover_ui(|ui| picture_hover(page, ui, view, path, &shown(&name)));
}
