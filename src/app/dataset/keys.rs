//! The keys of the page.

use egui::{Key, Ui};

use super::document::{Edit, Verdict};
use super::drawing::{edit, finish_outline, put_new, skip_point};
use super::shapes::{Part, Point, handles, pulled, shifted, with_corner, without_point};
use super::state::{DatasetPage, ExportForm, MOST_ZOOM, Naming, Tab, Tool};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::view::View;
use crate::dataset::{Annotation, State, Visibility};

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
/// How far an arrow key moves a label, in pixels of the image; ten times as far with Shift.
const STEP: f64 = 1.0;
/// How far the handle that turns an oriented box is from it, for the keys, in pixels of the image.
const TURN_REACH: f64 = 8.0;
/// How much a key zooms.
const ZOOM: f32 = 1.25;

/// Reads the keys that were pressed since the last pass.
pub(super) fn read(page: &mut DatasetPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    if is_held(page, ui, view) {
        return;
    }
    let pressed: Vec<(Key, egui::Modifiers)> = ui.input(|input| {
        let keys = input.events.iter().filter_map(|event| match event {
            egui::Event::Key { key, pressed: true, modifiers, .. } => Some((*key, *modifiers)),
            _ => None,
        });
        keys.collect()
    });
    let widget = ui.ctx().memory(|memory| memory.focused().is_some());
    for (key, modifiers) in pressed {
        if modifiers.command {
            match key {
                Key::Z => out.push(Intent::Dataset(if modifiers.shift {
                    DatasetIntent::Redo
                } else {
                    DatasetIntent::Undo
                })),
                Key::Y => out.push(Intent::Dataset(DatasetIntent::Redo)),
                Key::E => page.export = Some(ExportForm::new(&page.root)),
                _ => {}
            }
        } else if !modifiers.alt {
            plain(page, key, modifiers.shift, widget, out);
        }
    }
}

/// Whether keys belong to something else: a text, a menu, a dialogue.
fn is_held(page: &DatasetPage, ui: &Ui, view: &View<'_>) -> bool {
    let own = page.naming.is_some() || page.export.is_some();
    own || view.typing || view.menu_open || view.help || ui.ctx().text_edit_focused()
}

/// The keys of the evaluation; returns whether it is to begin.
pub(super) fn read_evaluation(page: &mut DatasetPage, ui: &Ui, view: &View<'_>) -> bool {
    if is_held(page, ui, view) {
        return false;
    }
    let (back, export, enter) = ui.input(|input| {
        let plain = input.modifiers.is_none();
        let export = input.modifiers.command && input.key_pressed(Key::E);
        (plain && input.key_pressed(Key::T), export, plain && input.key_pressed(Key::Enter))
    });
    if back {
        page.tab = Tab::Review;
    }
    if export {
        page.export = Some(ExportForm::new(&page.root));
    }
    // A focused button takes it for itself.
    enter && ui.ctx().memory(|memory| memory.focused().is_none())
}

fn plain(page: &mut DatasetPage, key: Key, shift: bool, widget: bool, out: &mut Vec<Intent>) {
    let Some(document) = &page.document else { return };
    let (current, count) = (document.current(), document.items().len());
    let go = |to: usize| Intent::Dataset(DatasetIntent::Show(to));
    let drawing = page.canvas.tool == Tool::Outline && !page.canvas.draft.is_empty();
    match key {
        Key::Escape => {
            if !page.canvas.escape() {
                page.overlay = None;
            }
        }
        // A focused button takes them for itself.
        Key::Enter | Key::Space | Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown
            if widget => {}
        Key::Enter if drawing => out.extend(finish_outline(page)),
        Key::Enter => {
            out.push(edit(Edit::Decide(Verdict::Accepted)));
            out.push(Intent::Dataset(DatasetIntent::ShowNextOpen));
        }
        Key::X if shift => {
            out.push(edit(Edit::Decide(Verdict::Rejected)));
            out.push(Intent::Dataset(DatasetIntent::ShowNextOpen));
        }
        Key::S if shift => out.push(edit(Edit::AcceptAll)),
        Key::U => out.push(Intent::Dataset(DatasetIntent::ShowNextOpen)),
        Key::T => page.tab = Tab::Evaluation,
        Key::B => out.extend(put_new(page)),
        Key::A | Key::PageUp => out.push(go(current.saturating_sub(1))),
        Key::D | Key::PageDown => out.push(go(current + 1)),
        Key::Home => out.push(go(0)),
        Key::End => out.push(go(count)),
        Key::ArrowLeft if page.canvas.selected.is_none() => out.push(go(current.saturating_sub(1))),
        Key::ArrowRight if page.canvas.selected.is_none() => out.push(go(current + 1)),
        Key::W => page.canvas.take(if page.canvas.tool == Tool::Box { Tool::Select } else { Tool::Box }),
        Key::P => page.canvas.take(Tool::Outline),
        Key::K => page.canvas.take(Tool::Points),
        Key::F => {
            page.canvas.zoom = 1.0;
            page.canvas.middle = egui::vec2(0.5, 0.5);
        }
        Key::Plus | Key::Equals => page.canvas.zoom = (page.canvas.zoom * ZOOM).min(MOST_ZOOM),
        Key::Minus => page.canvas.zoom = (page.canvas.zoom / ZOOM).max(1.0),
        Key::E => {
            let labels = document.labels().len();
            if labels > 0 {
                let next = match (page.canvas.selected, shift) {
                    (Some(place), false) => (place + 1) % labels,
                    (Some(place), true) => (place + labels - 1) % labels,
                    (None, false) => 0,
                    (None, true) => labels - 1,
                };
                page.canvas.select(Some(next));
                look_at_selected(page);
            }
        }
        Key::Backspace if page.canvas.tool == Tool::Outline => drop(page.canvas.draft.pop()),
        Key::Backspace if page.canvas.tool == Tool::Points => skip_point(page),
        _ => of_label(page, key, shift, out),
    }
}

/// Keys that do something with the selected label.
fn of_label(page: &mut DatasetPage, key: Key, shift: bool, out: &mut Vec<Intent>) {
    let Some(document) = &page.document else { return };
    if let Some(n) = DIGITS.iter().position(|digit| *digit == key) {
        if let Some(class) = document.classes().get(n) {
            let name = class.name.clone();
            match page.canvas.selected {
                Some(place) => out.push(edit(Edit::Relabel(place, name))),
                None => page.class = name,
            }
        }
        return;
    }
    if key == Key::C {
        page.name(page.canvas.selected.map_or(Naming::New, Naming::Label));
        return;
    }
    let Some((place, label)) =
        page.canvas.selected.and_then(|place| Some((place, document.labels().get(place)?)))
    else {
        return;
    };
    let size = document.item().map_or((0, 0), |item| item.size);
    let far = if shift { 10.0 * STEP } else { STEP };
    let moved = |by: [f64; 2]| {
        let label = page.with_outline(label);
        let new = match page.canvas.part {
            Some(part) => nudged(&label, part, by, size),
            None => shifted(&label, by, size),
        };
        edit(Edit::Put(place, Box::new(new)))
    };
    match key {
        Key::S => out.push(edit(Edit::Judge(place, State::Accepted))),
        Key::X => out.push(edit(Edit::Judge(place, State::Rejected))),
        Key::Delete | Key::Backspace => {
            let part = page.canvas.part.filter(|part| part.is_point());
            let less = part.and_then(|part| without_point(&page.with_outline(label), part));
            out.push(edit(match less {
                Some(less) => Edit::Put(place, Box::new(less)),
                None => Edit::Remove(place),
            }));
            page.canvas.part = None;
        }
        Key::V => out.extend(visibility(label, page.canvas.part, place)),
        Key::N => {
            page.canvas.part = next_part(&page.with_outline(label), page.canvas.part, shift);
            look_at_selected(page);
        }
        Key::I => {
            let more = page.canvas.part.and_then(|part| with_next_corner(&page.with_outline(label), part));
            if let Some((label, part)) = more {
                page.canvas.part = Some(part);
                out.push(edit(Edit::Put(place, Box::new(label))));
            }
        }
        Key::ArrowLeft => out.push(moved([-far, 0.0])),
        Key::ArrowRight => out.push(moved([far, 0.0])),
        Key::ArrowUp => out.push(moved([0.0, -far])),
        Key::ArrowDown => out.push(moved([0.0, far])),
        _ => {}
    }
}

fn nudged(label: &Annotation, part: Part, [dx, dy]: [f64; 2], size: (u32, u32)) -> Annotation {
    let at = place_of(label, part);
    at.map_or_else(|| label.clone(), |[x, y]| pulled(label, part, [x, y], [x + dx, y + dy], size))
}

/// Where a part of a label is that can be pulled.
fn place_of(label: &Annotation, part: Part) -> Option<Point> {
    handles(label, TURN_REACH).into_iter().find(|(of, _)| *of == part).map(|(_, at)| at)
}

/// The corner or point of a label that comes after this one, or before it.
fn next_part(label: &Annotation, now: Option<Part>, back: bool) -> Option<Part> {
    let parts: Vec<Part> = handles(label, TURN_REACH).into_iter().map(|(part, _)| part).collect();
    let count = parts.len();
    let place = now.and_then(|now| parts.iter().position(|part| *part == now));
    let next = match (place, back) {
        (Some(place), false) => place + 1,
        (Some(place), true) => place + count - 1,
        (None, false) => 0,
        (None, true) => count.saturating_sub(1),
    };
    parts.get(next % count.max(1)).copied()
}

/// The label with one more corner of an outline, halfway from this one to the next.
fn with_next_corner(label: &Annotation, part: Part) -> Option<(Annotation, Part)> {
    let Part::Vertex(outline, n) = part else { return None };
    let corners = label.polygons.get(outline)?;
    let (a, b) = (corners.get(n)?, corners.get((n + 1) % corners.len())?);
    with_corner(label, outline, n, [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])])
}

/// An image that is enlarged shows what was selected with a key.
fn look_at_selected(page: &mut DatasetPage) {
    let Some(document) = page.document.as_ref().filter(|_| page.canvas.zoom > 1.0) else { return };
    let label = page.canvas.selected.and_then(|place| document.labels().get(place));
    let (Some(label), Some((width, height))) = (label, document.item().map(|item| item.size)) else { return };
    let [x1, y1, x2, y2] = label.bbox;
    let part = page.canvas.part.and_then(|part| place_of(&page.with_outline(label), part));
    let [x, y] = part.unwrap_or([f64::midpoint(x1, x2), f64::midpoint(y1, y2)]);
    page.canvas.middle = egui::vec2(x as f32 / width.max(1) as f32, y as f32 / height.max(1) as f32);
}

/// The selected keypoint is visible, then hidden, and so on.
fn visibility(label: &Annotation, part: Option<Part>, place: usize) -> Option<Intent> {
    let Some(Part::Keypoint(n)) = part else { return None };
    let mut label = label.clone();
    let point = label.keypoints.get_mut(n)?;
    point.visibility = match point.visibility {
        Visibility::Visible => Visibility::Hidden,
        Visibility::Hidden => Visibility::Visible,
        Visibility::NotLabelled => return None,
    };
    Some(edit(Edit::Put(place, Box::new(label))))
}
