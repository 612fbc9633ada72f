//! The gallery's page.

use std::time::Duration;

use egui::{Key, Modifiers};

use super::*;
use crate::app::gallery::{Large, Shown};
use crate::app::intent::GalleryIntent;
use crate::gallery::{Details, FolderState, Index, Item, Kind, Trouble};

/// So many items, ten an hour, every tenth a video.
fn index(count: u64) -> Arc<Index> {
    let item = |n: u64| {
        let details = Details {
            models: vec![if n.is_multiple_of(2) { "yolox_nano" } else { "yolov8n" }.into()],
            classes: [(if n.is_multiple_of(3) { "car" } else { "person" }.to_owned(), 2)].into(),
            ..Details::default()
        };
        let name = format!("Sightline {n:05}");
        Arc::new(Item {
            id: n,
            kind: if n.is_multiple_of(10) { Kind::Video } else { Kind::Image },
            annotated: Some(format!("/g/{name}.png").into()),
            name,
            time: 1_790_000_000_000 - n as i64 * 360_000,
            details: Arc::new(details),
            ..Item::default()
        })
    };
    Arc::new(Index {
        items: (0..count).map(item).collect(),
        folders: vec![("/g".into(), FolderState::Listed)],
        is_complete: true,
        classes: vec!["car".into(), "person".into()],
        models: vec!["yolov8n".into(), "yolox_nano".into()],
    })
}

fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let mut out = Vec::new();
    let mut gallery = std::mem::take(&mut bench.gallery);
    gallery.ui(ui, &bench.view(), &mut out);
    bench.gallery = gallery;
    bench.intents.extend(out);
}

fn shown(language: Language, index: Arc<Index>) -> Harness<'static, Bench> {
    let mut bench = Bench { language, page: Page::Gallery, ..Bench::default() };
    bench.gallery.index = index;
    bench.shown(page_of)
}

fn chosen(harness: &Harness<'_, Bench>) -> Vec<u64> {
    harness.state().gallery.chosen().iter().map(|item| item.id).collect()
}

#[test]
fn ten_thousand_items_take_a_fraction_of_a_frame() {
    let mut harness = shown(Language::English, index(10_000));
    assert!(harness.query_by_label("10000 items").is_some());
    let mut times = Vec::new();
    for _ in 0..60 {
        harness.event(egui::Event::PointerMoved(egui::pos2(300.0, 500.0)));
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -900.0),
            modifiers: Modifiers::NONE,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
        });
        let begin = Instant::now();
        harness.step();
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!("a pass with 10,000 items while scrolling: median {median:?}, slowest {:?}", times[59]);
    assert!(median < Duration::from_millis(16), "{median:?}");
    let wanted = harness.state().gallery.wanted.len();
    assert!((1..60).contains(&wanted), "{wanted} thumbnails are asked for: those on screen");
    assert!(harness.state().gallery.wanted.iter().all(|item| item.id > 100), "it was scrolled");
}

#[test]
fn class_names_are_those_of_the_windows_language() {
    let mut harness = shown(Language::Chinese, index(4));
    harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, "类别").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("car").is_none());
    press(&mut harness, "汽车");
    assert_eq!(harness.state().gallery.filter.class.as_deref(), Some("car"), "records name it in English");
}

#[test]
fn items_are_chosen_with_the_keys_and_deleted_together() {
    let mut harness = shown(Language::English, index(40));
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    assert_eq!(chosen(&harness), [0]);
    for _ in 0..2 {
        harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
        harness.run_steps(2);
    }
    assert_eq!(chosen(&harness), [0, 1, 2]);
    harness.key_press(Key::Delete);
    harness.run_steps(2);
    let wanted = [Intent::Gallery(GalleryIntent::Delete(vec![0, 1, 2]))];
    assert_eq!(harness.state().intents, wanted);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    assert_eq!(chosen(&harness).len(), 40);
    assert!(harness.query_by_label("40 selected").is_some());
    // What the filter leaves out isn't selected any more.
    harness.get_by_label("Search the gallery").focus();
    harness.get_by_label("Search the gallery").type_text("car");
    harness.run_steps(4);
    assert_eq!(chosen(&harness).len(), 14);
    assert!(harness.query_by_label("14 of 40 items").is_some());
}

#[test]
fn cells_are_clicked_and_opened() {
    let mut harness = shown(Language::English, index(6));
    press(&mut harness, "Sightline 00001 · Picture");
    assert_eq!(chosen(&harness), [1]);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().intents, [Intent::Gallery(GalleryIntent::Open(1))]);
    press(&mut harness, "Copy path");
    assert_eq!(harness.state().intents.last(), Some(&Intent::Gallery(GalleryIntent::CopyPaths(vec![1]))));
}

#[test]
fn a_name_is_typed_and_why_it_is_refused_is_told() {
    let mut harness = shown(Language::English, index(3));
    press(&mut harness, "Sightline 00001 · Picture");
    harness.key_press(Key::F2);
    harness.run_steps(3);
    let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Rename");
    assert_eq!(field.value().as_deref(), Some("Sightline 00001"));
    harness.state_mut().gallery.renamed(Err("A name can't hold “/”.".into()));
    harness.run_steps(2);
    assert!(harness.query_by_label("A name can't hold “/”.").is_some());
    harness.state_mut().gallery.renamed(Ok(()));
    harness.run_steps(2);
    assert!(harness.query_by_label("A name can't hold “/”.").is_none());
}

#[test]
fn an_item_large_has_its_details_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        let s = Strings::of(language);
        let w = &s.gallery;
        let person = if language == Language::English { "person ×2" } else { "人 ×2" };
        let mut bench = Bench { language, page: Page::Gallery, ..Bench::default() };
        bench.gallery.index = index(5);
        let mut open = Large::new(Arc::clone(&bench.gallery.index.items[1]));
        open.boxes_inside = true;
        open.shown = Shown::Failed("it is damaged or cut short".into());
        bench.gallery.open = Some(open);
        let mut harness = bench.shown(page_of);
        assert!(harness.query_by_label("yolov8n").is_some() && harness.query_by_label(person).is_some());
        assert!(harness.query_by_label(w.boxes_inside).is_some());
        let why = crate::app::strings::item_reason(language, "it is damaged or cut short");
        assert!(harness.query_by_label(&(w.not_shown)(&why)).is_some());
        press(&mut harness, w.trash);
        assert_eq!(harness.state().intents, [Intent::Gallery(GalleryIntent::Delete(vec![1]))]);
        harness.key_press(Key::ArrowRight);
        harness.run_steps(2);
    }
}

#[test]
fn an_empty_gallery_and_a_folder_that_cant_be_listed_say_so() {
    for language in [Language::English, Language::Chinese] {
        let w = &Strings::of(language).gallery;
        let mut empty = Index { is_complete: true, ..Index::default() };
        empty.folders =
            vec![("/gone".into(), FolderState::Missing), ("/locked".into(), FolderState::Forbidden)];
        let harness = shown(language, Arc::new(empty));
        assert!(harness.query_by_label(w.nothing).is_some());
        assert!(harness.query_by_label(&(w.missing)("/gone")).is_some());
        assert!(harness.query_by_label(&(w.forbidden)("/locked")).is_some());
        let broken = Item { id: 1, name: "a".into(), trouble: Some(Trouble::NoPicture), ..Item::default() };
        let index = Index { items: vec![Arc::new(broken)], is_complete: true, ..Index::default() };
        let harness = shown(language, Arc::new(index));
        let cell = format!("a · {}", crate::app::strings::item_kind(w, Kind::Image));
        assert!(harness.query_by_label(&cell).is_some(), "what is broken is listed");
    }
}
