//! Zones and lines are drawn on the preview and listed in the side panel.

use egui::{self, Key, Pos2, Ui, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::{Bench, click, drag, press};
use crate::app::intent::{Intent, ZonesIntent};
use crate::app::zones;
use crate::model::labels::Language;
use crate::track::zones::SceneFile;

/// Where the picture lies.
const AT: egui::Rect = egui::Rect { min: pos2(100.0, 100.0), max: pos2(500.0, 300.0) };

/// The editor over the picture, the list beside it; changes come into effect as in the window.
fn both(bench: &mut Bench, ui: &mut Ui) {
    let mut editor = std::mem::take(&mut bench.editor);
    let mut out = Vec::new();
    {
        let mut view = bench.view();
        view.editing = editor.open;
        if editor.open {
            zones::canvas_ui(ui, AT, &view, &mut editor, &mut out);
        }
        let side = egui::Rect::from_min_max(pos2(520.0, 20.0), pos2(695.0, 880.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(side), |ui| {
            zones::panel_ui(ui, &view, &mut editor, &mut out);
        });
    }
    for intent in out {
        match &intent {
            Intent::Zones(ZonesIntent::Change(scene)) => bench.zones = SceneFile::clone(scene),
            Intent::Zones(ZonesIntent::Edit(open)) => editor.show(*open),
            _ => {}
        }
        bench.intents.push(intent);
    }
    bench.editor = editor;
}

fn editing() -> Harness<'static, Bench> {
    let mut bench = Bench::default();
    bench.editor.open = true;
    bench.shown(both)
}

#[test]
fn opening_the_editor_brings_its_tools_into_view() {
    let low = |bench: &mut Bench, ui: &mut Ui| {
        let mut editor = std::mem::take(&mut bench.editor);
        egui::ScrollArea::vertical().max_height(200.0).show(ui, |ui| {
            ui.add_space(600.0);
            zones::panel_ui(ui, &bench.view(), &mut editor, &mut Vec::new());
            ui.add_space(600.0);
        });
        bench.editor = editor;
    };
    let mut harness = Bench::default().shown(low);
    harness.state_mut().editor.show(true);
    harness.run_steps(60);
    let place = harness.get_by_label("Add zone").rect();
    assert!(place.top() >= 0.0 && place.bottom() <= 220.0, "{place:?}");
}

const CORNERS: [Pos2; 3] = [pos2(140.0, 140.0), pos2(300.0, 140.0), pos2(300.0, 260.0)];

fn draw_zone(harness: &mut Harness<'_, Bench>) {
    press(harness, "Add zone");
    for corner in CORNERS {
        click(harness, corner);
    }
    harness.key_press(Key::Enter);
    harness.run_steps(3);
}

#[test]
fn a_zone_is_drawn_with_clicks_and_closed_with_enter() {
    let mut harness = editing();
    draw_zone(&mut harness);
    let zone = &harness.state().zones.zones[0];
    assert_eq!(
        (&*zone.name, zone.points.as_slice()),
        ("zone 1", [[0.1, 0.2], [0.5, 0.2], [0.5, 0.8]].as_slice())
    );
    assert!(harness.query_by_label("Delete zone 1").is_some(), "it is in the list");
}

#[test]
fn a_click_on_the_first_corner_closes_a_zone_and_escape_gives_it_up() {
    let mut harness = editing();
    press(&mut harness, "Add zone");
    for corner in CORNERS {
        click(&mut harness, corner);
    }
    click(&mut harness, CORNERS[0] + egui::vec2(3.0, -3.0));
    assert_eq!(harness.state().zones.zones.len(), 1);
    press(&mut harness, "Add zone");
    click(&mut harness, pos2(400.0, 200.0));
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    let editor = &harness.state().editor;
    assert!(editor.drawing.is_none() && editor.draft.is_empty() && editor.open);
    assert_eq!(harness.state().zones.zones.len(), 1);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(!harness.state().editor.open, "a second Escape closes the editor");
}

#[test]
fn a_line_is_two_clicks_and_the_mirror_turns_them() {
    let mut bench = Bench::default();
    bench.editor.open = true;
    bench.settings.mirror = true;
    let mut harness = bench.shown(both);
    press(&mut harness, "Add line");
    click(&mut harness, pos2(140.0, 200.0));
    click(&mut harness, pos2(460.0, 200.0));
    assert_eq!(harness.state().zones.lines[0].points, [[0.9, 0.5], [0.1, 0.5]]);
}

#[test]
fn corners_are_dragged_inserted_and_deleted() {
    let mut harness = editing();
    draw_zone(&mut harness);
    drag(&mut harness, CORNERS[2], pos2(340.0, 280.0));
    assert_eq!(harness.state().zones.zones[0].points[2], [0.6, 0.9]);
    drag(&mut harness, pos2(220.0, 140.0), pos2(220.0, 120.0));
    assert_eq!(harness.state().zones.zones[0].points[..2], [[0.1, 0.2], [0.3, 0.1]]);
    harness.key_press(Key::Delete);
    harness.run_steps(2);
    assert_eq!(harness.state().zones.zones[0].points.len(), 3, "the inserted corner");
    let before = harness.state().zones.clone();
    drag(&mut harness, pos2(280.0, 180.0), pos2(320.0, 200.0));
    let moved = &harness.state().zones.zones[0].points;
    assert_eq!(moved[0], [0.2, 0.3], "the whole zone, from {before:?}");
    harness.key_press(Key::Delete);
    harness.run_steps(2);
    assert!(harness.state().zones.zones.is_empty());
}

#[test]
fn a_zone_can_be_added_renamed_and_deleted_with_keys_alone() {
    let mut harness = editing();
    harness.get_by_label("Add zone").focus();
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().zones.zones.len(), 1, "in the middle of the picture");
    let field = harness.get_by_label("Name");
    field.focus();
    harness.run_steps(2);
    harness.get_by_label("Name").type_text("Gate ");
    harness.run_steps(2);
    harness.key_press(Key::Tab);
    harness.run_steps(3);
    let name = harness.state().zones.zones[0].name.to_string();
    assert!(name.contains("Gate"), "{name}");
    press(&mut harness, &format!("Delete {name}"));
    assert!(harness.state().zones.zones.is_empty());
}

#[test]
fn the_counts_stand_beside_the_names_in_both_languages() {
    use crate::track::{LineReport, Presence, Report, ZoneReport};
    use std::sync::Arc;
    for (language, texts) in [
        (Language::English, ["gate", "2 inside · 5 in · 3 out", "road", "4 in · 1 out", "Reset counts"]),
        (Language::Chinese, ["gate", "内 2 · 进 5 · 出 3", "road", "进 4 · 出 1", "计数清零"]),
    ] {
        let mut bench = Bench { language, ..Bench::default() }.with_model();
        let scene = "[[zones]]\nname = 'gate'\npoints = [[0, 0], [1, 0], [1, 1]]\n\
            [[lines]]\nname = 'road'\npoints = [[0, 0], [1, 0]]";
        bench.zones = SceneFile::parse(scene).expect("a scene file");
        let presence = |track_id| Presence { track_id, class_id: 2, since_s: 0.0 };
        let report = Report {
            zones: vec![ZoneReport {
                inside: vec![presence(1), presence(2)],
                entries: 5,
                exits: 3,
                ..ZoneReport::default()
            }],
            lines: vec![LineReport { inward: 4, outward: 1, ..LineReport::default() }],
            ..Report::default()
        };
        let prediction = bench.prediction.as_mut().and_then(Arc::get_mut).expect("a prediction");
        prediction.report = Some(Arc::new(report));
        let harness = bench.shown(both);
        for text in texts {
            assert!(harness.query_by_label_contains(text).is_some(), "{text}");
        }
    }
}
