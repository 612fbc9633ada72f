//! The keys of the page.

use egui::{Key, Ui};

use super::document::{Edit, Verdict};
use super::drawing::{edit, finish_outline, skip_point};
use super::shapes::{Part, pulled, shifted, without_point};
use super::state::{DatasetPage, MOST_ZOOM, Naming, Tool};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::view::View;
use crate::dataset::{Annotation, State, Visibility};

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
/// How far an arrow key moves a label, in pixels of the image; ten times as far with Shift.
const STEP: f64 = 1.0;
/// How much a key zooms.
const ZOOM: f32 = 1.25;

/// Reads the keys that were pressed since the last pass.
pub(super) fn read(page: &mut DatasetPage, ui: &Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    if view.typing
        || view.menu_open
        || view.help
        || page.naming.is_some()
        || page.export.is_some()
        || ui.ctx().text_edit_focused()
    {
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
                _ => {}
            }
        } else if !modifiers.alt {
            plain(page, key, modifiers.shift, widget, out);
        }
    }
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
        let new = match page.canvas.part.filter(|part| part.is_point()) {
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
        Key::ArrowLeft => out.push(moved([-far, 0.0])),
        Key::ArrowRight => out.push(moved([far, 0.0])),
        Key::ArrowUp => out.push(moved([0.0, -far])),
        Key::ArrowDown => out.push(moved([0.0, far])),
        _ => {}
    }
}

fn nudged(label: &Annotation, part: Part, [dx, dy]: [f64; 2], size: (u32, u32)) -> Annotation {
    let at = match part {
        Part::Keypoint(n) => label.keypoints.get(n).map(|point| [point.x, point.y]),
        Part::Vertex(outline, n) => label.polygons.get(outline).and_then(|corners| corners.get(n)).copied(),
        _ => None,
    };
    at.map_or_else(|| label.clone(), |[x, y]| pulled(label, part, [x, y], [x + dx, y + dy], size))
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
