//! The part of the side panel with the list of zones and lines, which can be worked with keys alone.

use std::sync::Arc;

use egui::{self, ComboBox, DragValue, Key, RichText, TextEdit, Ui};

use super::editor::Editor;
use super::shapes::{Item, Kind, with_new, without};
use crate::app::icons::Icon;
use crate::app::intent::{Choose, FilesIntent, Intent, ZonesIntent};
use crate::app::strings::{anchor_name, zone_problem};
use crate::app::style::palette;
use crate::app::view::View;
use crate::app::widgets::{combo_arrow, figure_row, section, sized_icon_button};
use crate::scene::zones::{line_colour, zone_colour};
use crate::track::zones::{
    Anchor, ClassName, Distances, Exercise, HeatMap, Look, SceneFile, SceneProblem, is_name,
};

/// Exercises to choose from: their name in the list of texts, and the joints of the left side.
const EXERCISES: [[&str; 3]; 3] = [
    ["left-shoulder", "left-elbow", "left-wrist"],
    ["left-hip", "left-knee", "left-ankle"],
    ["left-shoulder", "left-hip", "left-knee"],
];

/// Shows the list, and while the editor is open what can be changed.
pub fn ui(ui: &mut Ui, view: &View<'_>, editor: &mut Editor, out: &mut Vec<Intent>) {
    let z = &view.strings.zones;
    section(ui, z.title, |ui| {
        let label = if editor.open { z.done } else { z.edit };
        let edit = ui.button(format!("{label}  (Z)")).on_hover_text(z.edit_hint);
        if edit.clicked() {
            out.push(Intent::Zones(ZonesIntent::Edit(!editor.open)));
        }
        if std::mem::take(&mut editor.just_opened) {
            edit.scroll_to_me(Some(egui::Align::TOP));
        }
        if editor.open {
            tools(ui, view, editor, out);
        }
        list(ui, view, editor, out);
        if editor.open {
            measures(ui, view, out);
            files(ui, view, out);
        } else if !view.zones.zones.is_empty() || !view.zones.lines.is_empty() {
            reset(ui, view, out);
        }
    });
}

fn change(scene: SceneFile, out: &mut Vec<Intent>) {
    out.push(Intent::Zones(ZonesIntent::Change(Arc::new(scene))));
}

fn tools(ui: &mut Ui, view: &View<'_>, editor: &mut Editor, out: &mut Vec<Intent>) {
    let z = &view.strings.zones;
    ui.horizontal_wrapped(|ui| {
        let middle = [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]];
        for (kind, text, word, points) in [
            (Kind::Zone, z.add_zone, z.zone, &middle[..]),
            (Kind::Line, z.add_line, z.line, &[[0.3, 0.5], [0.7, 0.5]][..]),
            (Kind::Ground, z.add_ground, "", &middle[..]),
        ] {
            let button = ui.add(egui::Button::new(text).selected(editor.drawing == Some(kind)));
            if !button.clicked() {
                continue;
            }
            // Whoever works with keys can't click on the picture: a shape appears in its middle.
            let by_key = ui.input(|i| i.key_pressed(Key::Enter) || i.key_pressed(Key::Space));
            if by_key {
                if let Ok((scene, item)) = with_new(view.zones, kind, points, word) {
                    editor.cancel();
                    editor.selected = Some(item);
                    change(scene, out);
                }
            } else if editor.drawing == Some(kind) {
                editor.cancel();
            } else {
                editor.draw(kind);
                // The keys are for the picture now.
                button.surrender_focus();
            }
        }
        if ui.add_enabled(editor.can_undo(), egui::Button::new(z.undo)).on_hover_text("Ctrl+Z").clicked() {
            out.push(Intent::Zones(ZonesIntent::Undo));
        }
        let redo = ui.add_enabled(editor.can_redo(), egui::Button::new(z.redo));
        if redo.on_hover_text("Ctrl+Shift+Z").clicked() {
            out.push(Intent::Zones(ZonesIntent::Redo));
        }
    });
    if let Some(problem) = &editor.problem {
        ui.add(
            egui::Label::new(RichText::new(zone_problem(view.language, problem)).color(palette(ui).bad))
                .wrap(),
        );
    }
}

fn list(ui: &mut Ui, view: &View<'_>, editor: &mut Editor, out: &mut Vec<Intent>) {
    let scene = view.zones;
    let zones = (0..scene.zones.len()).map(Item::Zone);
    for item in zones
        .chain((0..scene.lines.len()).map(Item::Line))
        .chain(scene.perspective.iter().map(|_| Item::Ground))
    {
        row(ui, view, editor, item, out);
        if editor.open && editor.selected == Some(item) {
            ui.indent(("zone details", format!("{item:?}")), |ui| details(ui, view, editor, item, out));
        }
    }
}

/// A shape's counts in a few words.
fn counts(view: &View<'_>, item: Item) -> String {
    let z = &view.strings.zones;
    let report = view.prediction.and_then(|prediction| prediction.report.as_deref());
    let counted = match item {
        Item::Zone(place) => report
            .and_then(|r| r.zones.get(place))
            .map(|zone| (z.zone_counts)(zone.inside.len(), zone.entries, zone.exits)),
        Item::Line(place) => {
            report.and_then(|r| r.lines.get(place)).map(|line| (z.line_counts)(line.inward, line.outward))
        }
        Item::Ground => view.zones.perspective.as_ref().map(|g| (z.ground_size)(g.width, g.length)),
    };
    counted.unwrap_or_default()
}

fn row(ui: &mut Ui, view: &View<'_>, editor: &mut Editor, item: Item, out: &mut Vec<Intent>) {
    let (scene, z) = (view.zones, &view.strings.zones);
    let (name, rgb) = match item {
        Item::Zone(place) => (scene.zones[place].name.to_string(), zone_colour(&scene.zones[place], place)),
        Item::Line(place) => (scene.lines[place].name.to_string(), line_colour(&scene.lines[place], place)),
        Item::Ground => (z.ground.to_owned(), [255; 3]),
    };
    if !editor.open {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), egui::Sense::hover());
            ui.painter().rect_filled(rect, 2, egui::Color32::from_rgb(rgb[0], rgb[1], rgb[2]));
            figure_row(ui, &name, &counts(view, item));
        });
        return;
    }
    ui.horizontal(|ui| {
        if item != Item::Ground {
            let mut picked = rgb;
            let button =
                ui.color_edit_button_srgb(&mut picked).on_hover_text(z.colour).accessible_name(z.colour);
            if button.changed() && picked != rgb {
                let mut scene = scene.clone();
                if let Some(look) = look_mut(&mut scene, item) {
                    look.colour = Some(picked);
                }
                change(scene, out);
            }
        }
        let room = (ui.available_width() - 34.0).max(60.0);
        let chosen = editor.selected == Some(item);
        // The counts are on the picture; an empty text at the right keeps the name at the left.
        let label = egui::Button::selectable(chosen, name.as_str()).right_text("").truncate();
        if ui.add_sized([room, 24.0], label).clicked() {
            editor.cancel();
            editor.selected = (!chosen).then_some(item);
        }
        let delete = (z.delete)(&name);
        if sized_icon_button(ui, Icon::Close, &delete, false, 24.0).clicked() {
            editor.cancel();
            editor.selected = None;
            change(without(scene, item), out);
        }
    });
}

fn look_mut(scene: &mut SceneFile, item: Item) -> Option<&mut Look> {
    match item {
        Item::Zone(place) => scene.zones.get_mut(place).map(|zone| &mut zone.look),
        Item::Line(place) => scene.lines.get_mut(place).map(|line| &mut line.look),
        Item::Ground => None,
    }
}

/// The name, the anchor, the classes and the room of the selected shape.
fn details(ui: &mut Ui, view: &View<'_>, editor: &mut Editor, item: Item, out: &mut Vec<Intent>) {
    let (scene, z) = (view.zones, &view.strings.zones);
    if let (Item::Ground, Some(ground)) = (item, &scene.perspective) {
        let mut changed = ground.clone();
        let mut done = false;
        for (value, text) in [(&mut changed.width, z.width), (&mut changed.length, z.length)] {
            ui.horizontal(|ui| {
                let drag = DragValue::new(value).range(0.01..=100_000.0).speed(0.1).suffix(" m");
                done |= ui.add(drag).changed();
                ui.label(text);
            });
        }
        ui.add(egui::Label::new(RichText::new(z.ground_hint).color(palette(ui).weak)).wrap());
        if done {
            change(SceneFile { perspective: Some(changed), ..scene.clone() }, out);
        }
        return;
    }
    let mut new = scene.clone();
    let name = match item {
        Item::Zone(place) => scene.zones[place].name.to_string(),
        Item::Line(place) => scene.lines[place].name.to_string(),
        Item::Ground => return,
    };
    let mut typed = match &editor.name {
        Some((of, text)) if *of == item => text.clone(),
        _ => name.clone(),
    };
    let field = ui.add(TextEdit::singleline(&mut typed).desired_width(f32::INFINITY).hint_text(z.name));
    let field = field.accessible_name(z.name);
    if field.changed() {
        editor.name = Some((item, typed.clone()));
    }
    if field.lost_focus() {
        editor.name = None;
        let typed = typed.trim();
        let taken = match item {
            Item::Line(place) => scene.lines.iter().enumerate().any(|(i, l)| i != place && &*l.name == typed),
            _ => {
                scene.zones.iter().enumerate().any(|(i, zone)| Item::Zone(i) != item && &*zone.name == typed)
            }
        };
        if taken {
            editor.problem = Some(SceneProblem::Twice { name: typed.to_owned() });
        } else if is_name(typed) && typed != name {
            match item {
                Item::Line(place) => new.lines[place].name = typed.into(),
                Item::Zone(place) => new.zones[place].name = typed.into(),
                Item::Ground => {}
            }
            change(new, out);
            return;
        }
    }
    if let Item::Zone(place) = item {
        let zone = &mut new.zones[place];
        let mut limited = zone.capacity.is_some();
        ui.horizontal(|ui| {
            let mut changed = ui.checkbox(&mut limited, z.capacity).on_hover_text(z.capacity_hint).changed();
            let mut room = zone.capacity.unwrap_or(1);
            if limited {
                changed |= ui.add(DragValue::new(&mut room).range(1..=100_000)).changed();
            }
            if changed {
                zone.capacity = limited.then_some(room);
            }
        });
    }
    let Some(look) = look_mut(&mut new, item) else { return };
    ui.horizontal(|ui| {
        let name = |anchor| anchor_name(view.language, anchor);
        let combo = ComboBox::from_id_salt("anchor").icon(combo_arrow).selected_text(name(look.anchor));
        let shown = combo.show_ui(ui, |ui| {
            for anchor in Anchor::ALL {
                ui.selectable_value(&mut look.anchor, anchor, name(anchor));
            }
        });
        shown.response.on_hover_text(z.anchor_hint).accessible_name(z.anchor);
        ui.label(z.anchor);
    });
    let mut typed = match &editor.classes {
        Some((of, text)) if *of == item => text.clone(),
        _ => class_text(&look.classes),
    };
    let field = ui.add(TextEdit::singleline(&mut typed).desired_width(f32::INFINITY).hint_text(z.classes));
    let field = field.on_hover_text(z.classes_hint).accessible_name(z.classes);
    if field.changed() {
        editor.classes = Some((item, typed.clone()));
    }
    if field.lost_focus() {
        editor.classes = None;
        look.classes = classes_of(&typed);
    }
    if new != *scene {
        change(new, out);
    }
}

fn class_text(classes: &[ClassName]) -> String {
    let text = |class: &ClassName| match class {
        ClassName::Name(name) => name.clone(),
        ClassName::Id(id) => id.to_string(),
    };
    classes.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn classes_of(text: &str) -> Vec<ClassName> {
    let words = text.split([',', '，', '、']).map(str::trim).filter(|word| is_name(word));
    let class = |word: &str| word.parse().map_or_else(|_| ClassName::Name(word.to_owned()), ClassName::Id);
    words.map(class).collect()
}

/// Heat map, distances and exercises.
fn measures(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let (scene, z) = (view.zones, &view.strings.zones);
    let mut new = scene.clone();
    ui.horizontal(|ui| {
        let now = match &scene.heat_map {
            None => z.heat_off,
            Some(HeatMap { half_life_s: Some(_), .. }) => z.heat_decaying,
            Some(_) => z.heat_cumulative,
        };
        ComboBox::from_id_salt("heat map")
            .icon(combo_arrow)
            .selected_text(now)
            .show_ui(ui, |ui| {
                let decaying = HeatMap::default();
                let cumulative = HeatMap { half_life_s: None, ..HeatMap::default() };
                for (text, value) in [
                    (z.heat_off, None),
                    (z.heat_decaying, Some(decaying)),
                    (z.heat_cumulative, Some(cumulative)),
                ] {
                    if ui.selectable_label(now == text, text).clicked() && now != text {
                        new.heat_map = value;
                    }
                }
            })
            .response
            .accessible_name(z.heat_map);
        ui.label(z.heat_map);
    });
    let mut on = scene.distances.is_some();
    if ui.checkbox(&mut on, z.distances).on_hover_text(z.distances_hint).changed() {
        new.distances = on.then(Distances::default);
    }
    ui.horizontal(|ui| {
        let places = EXERCISES
            .map(|joints| joints.map(|j| Exercise::JOINTS.iter().position(|n| *n == j).unwrap_or(0)));
        let names = [z.elbow, z.knee, z.hip];
        let known = scene.exercises.first().map(|e| places.iter().position(|joints| *joints == e.joints));
        let now = match known {
            None => z.heat_off.to_owned(),
            Some(Some(place)) => names[place].to_owned(),
            Some(None) => scene.exercises[0].name.to_string(),
        };
        ComboBox::from_id_salt("exercise")
            .icon(combo_arrow)
            .selected_text(&now)
            .show_ui(ui, |ui| {
                if ui.selectable_label(scene.exercises.is_empty(), z.heat_off).clicked() {
                    new.exercises.clear();
                }
                for (name, joints) in names.into_iter().zip(places) {
                    if ui.selectable_label(now == name, name).clicked() && now != name {
                        let (up, down) = Exercise::USUAL_ANGLES;
                        let other = toml::Table::new();
                        new.exercises = vec![Exercise { name: name.into(), joints, up, down, other }];
                    }
                }
            })
            .response
            .on_hover_text(z.exercise_hint)
            .accessible_name(z.exercise);
        ui.label(z.exercise);
    });
    if new != *scene {
        change(new, out);
    }
}

fn reset(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    if ui.button(view.strings.zones.reset).clicked() {
        out.push(Intent::Zones(ZonesIntent::ResetCounts));
    }
}

fn files(ui: &mut Ui, view: &View<'_>, out: &mut Vec<Intent>) {
    let z = &view.strings.zones;
    ui.horizontal_wrapped(|ui| {
        reset(ui, view, out);
        if ui.button(z.import).clicked() {
            out.push(Intent::Files(FilesIntent::Choose(Choose::SceneImport)));
        }
        if ui.button(z.export).clicked() {
            out.push(Intent::Files(FilesIntent::Choose(Choose::SceneExport)));
        }
    });
    if let Some(path) = view.scene_path {
        let note = RichText::new((z.saved_in)(&path.display().to_string())).color(palette(ui).weak).small();
        ui.add(egui::Label::new(note).wrap());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_typed_as_names_or_numbers() {
        let classes = classes_of("car, 7，公共汽车, ,");
        let expected = [ClassName::Name("car".into()), ClassName::Id(7), ClassName::Name("公共汽车".into())];
        assert_eq!(classes, expected);
        assert_eq!(class_text(&classes), "car, 7, 公共汽车");
    }
}
