//! The page of data sets: the list, the editor of labels, and what is said when something fails.

use egui::{self, Key, Modifiers, Pos2, Ui, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::{Bench, click, drag, press};
use crate::app::dataset::document::Document;
use crate::app::dataset::pictures::{Outlines, Read, Wish};
use crate::app::dataset::state::{Evaluated, Work, flags_of};
use crate::app::intent::{DatasetIntent, Intent};
use crate::app::strings::Strings;
use crate::app::view::{Collected, Collecting, Quitting};
use crate::dataset::check::Finding;
use crate::dataset::evaluate::{
    ClassFigures, CocoFigures, Confusion, DetectionFigures, Evaluation, Figures, Found, ImageMistakes,
    Mistake,
};
use crate::dataset::measure::{MeasuredImage, MeasuredModel};
use crate::dataset::{
    Annotation, Chosen, Class, Counted, Dataset, Difference, Exported, Item, KeypointScheme, LabelPoint,
    Loss, Losses, Problem, State, Visibility,
};
use crate::model::labels::Language;

/// The size of the images.
const SIZE: (u32, u32) = (64, 48);

/// The page; what is asked for comes into effect as in the window.
fn page_of(bench: &mut Bench, ui: &mut Ui) {
    let (mut page, mut out) = (std::mem::take(&mut bench.dataset), Vec::new());
    page.ui(ui, &bench.view(), &mut out);
    while let Some(wish) = page.pictures.next() {
        let image = Ok(egui::ColorImage::filled([64, 48], egui::Color32::GRAY));
        page.pictures.arrived(ui.ctx(), Read { wish, image, outlines: Outlines::new() });
    }
    for intent in out {
        if let (Intent::Dataset(intent), Some(document)) = (&intent, &mut page.document) {
            match intent {
                DatasetIntent::Show(place) => document.show(*place),
                DatasetIntent::ShowNextOpen => {
                    if let Some(place) = document.next_open() {
                        document.show(place);
                    }
                }
                DatasetIntent::Edit(edit) => drop(document.apply(edit.clone())),
                DatasetIntent::Undo => drop(document.undo()),
                DatasetIntent::Redo => drop(document.redo()),
                _ => {}
            }
        }
        bench.intents.push(intent);
    }
    bench.typing = ui.ctx().text_edit_focused();
    bench.dataset = page;
}

fn suggestion(class: usize, bbox: [f64; 4]) -> Annotation {
    Annotation { state: State::Suggested, score: Some(0.5), ..Annotation::new(class, bbox) }
}

fn reviewing() -> Bench {
    let item =
        |name: &str, annotations| Item { name: name.into(), size: SIZE, annotations, ..Item::default() };
    let face = Class { keypoints: Some(KeypointScheme::of_count(5)), ..Class::new("face") };
    let mut points = vec![LabelPoint { x: 10.0, y: 10.0, visibility: Visibility::Visible }; 4];
    points.insert(2, LabelPoint::default());
    let dataset = Dataset {
        name: "street".into(),
        classes: vec![Class::new("car"), face],
        items: vec![
            item(
                "a.jpg",
                vec![suggestion(0, [10.0, 10.0, 30.0, 30.0]), suggestion(0, [40.0, 4.0, 60.0, 20.0])],
            ),
            item("b.jpg", vec![Annotation { keypoints: points, ..suggestion(1, [8.0, 8.0, 40.0, 40.0]) }]),
            item("c.jpg", Vec::new()),
        ],
    };
    let mut bench = Bench::default();
    bench.dataset.show(Document::new(dataset), "/home/li/street".into(), Vec::new());
    bench
}

fn document<'a>(harness: &'a Harness<'_, Bench>) -> &'a Document {
    harness.state().dataset.document.as_ref().unwrap()
}

/// Where a point of the image is on screen.
fn at(harness: &Harness<'_, Bench>, x: f32, y: f32) -> Pos2 {
    let area = harness.get_by_label("Labels on the image").rect();
    let room = area.shrink(12.0);
    let scale = (room.width() / SIZE.0 as f32).min(room.height() / SIZE.1 as f32);
    area.center() + (vec2(x, y) - vec2(32.0, 24.0)) * scale
}

fn key(harness: &mut Harness<'_, Bench>, key: Key) {
    harness.key_press(key);
    harness.run_steps(3);
}

fn near(a: [f64; 4], b: [f64; 4]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.6)
}

#[test]
fn without_a_data_set_the_page_explains_itself_and_makes_one() {
    for language in [Language::English, Language::Chinese] {
        let bench = Bench { language, ..Bench::default() };
        let mut harness = bench.shown(page_of);
        let w = &Strings::of(language).datasets;
        assert!(harness.query_by_label(w.about).is_some());
        press(&mut harness, w.create);
        assert!(harness.state().intents.is_empty(), "it has no name yet");
        let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, w.name);
        field.focus();
        field.type_text("street");
        harness.run_steps(4);
        press(&mut harness, w.create);
        let made = Intent::Dataset(DatasetIntent::Create("street".into()));
        assert!(harness.state().intents.contains(&made), "{:?}", harness.state().intents);
    }
}

#[test]
fn the_list_says_what_was_decided_and_shows_an_image() {
    let mut harness = reviewing().shown(page_of);
    assert!(harness.query_by_label("0 of 3 reviewed").is_some());
    press(&mut harness, "b.jpg, to review");
    assert_eq!(document(&harness).current(), 1);
    key(&mut harness, Key::Enter);
    assert_eq!(document(&harness).current(), 2, "the next one to review");
    assert!(harness.query_by_label("b.jpg, accepted").is_some());
    harness.key_press_modifiers(Modifiers::SHIFT, Key::X);
    harness.run_steps(3);
    assert!(harness.query_by_label("c.jpg, rejected").is_some());
    assert!(harness.query_by_label("2 of 3 reviewed").is_some());
}

#[test]
fn enter_accepts_all_suggestions_and_undo_brings_them_back() {
    let mut harness = reviewing().shown(page_of);
    key(&mut harness, Key::Enter);
    let accepted = |document: &Document, item: usize| {
        document.items()[item].annotations.iter().all(|label| label.state == State::Accepted)
    };
    assert!(accepted(document(&harness), 0) && !accepted(document(&harness), 1));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(3);
    assert!(!accepted(document(&harness), 0));
    assert_eq!(document(&harness).current(), 0, "it shows what it changed");
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    harness.run_steps(3);
    assert!(accepted(document(&harness), 0));
}

#[test]
fn a_label_is_judged_relabelled_moved_and_deleted_with_keys() {
    let mut harness = reviewing().shown(page_of);
    key(&mut harness, Key::E);
    key(&mut harness, Key::E);
    key(&mut harness, Key::X);
    assert_eq!(document(&harness).labels()[1].state, State::Rejected);
    key(&mut harness, Key::S);
    key(&mut harness, Key::Num2);
    assert_eq!(document(&harness).labels()[1].class, 1);
    key(&mut harness, Key::ArrowLeft);
    key(&mut harness, Key::ArrowDown);
    assert_eq!(document(&harness).labels()[1].bbox, [39.0, 5.0, 59.0, 21.0]);
    key(&mut harness, Key::Delete);
    assert_eq!(document(&harness).labels().len(), 1);
    assert_eq!(document(&harness).current(), 0, "the arrows moved no image");
    key(&mut harness, Key::Escape);
    key(&mut harness, Key::ArrowRight);
    assert_eq!(document(&harness).current(), 1);
}

#[test]
fn a_box_is_drawn_pulled_at_a_corner_and_moved() {
    let mut harness = reviewing().shown(page_of);
    key(&mut harness, Key::End);
    key(&mut harness, Key::W);
    let (from, to) = (at(&harness, 5.0, 6.0), at(&harness, 25.0, 26.0));
    drag(&mut harness, from, to);
    let bbox = |harness: &Harness<'_, Bench>| document(harness).labels()[0].bbox;
    assert!(near(bbox(&harness), [5.0, 6.0, 25.0, 26.0]), "{:?}", bbox(&harness));
    assert_eq!(document(&harness).labels()[0].state, State::Accepted);
    key(&mut harness, Key::W);
    let (from, to) = (at(&harness, 25.0, 26.0), at(&harness, 40.0, 90.0));
    drag(&mut harness, from, to);
    assert!(near(bbox(&harness), [5.0, 6.0, 40.0, 48.0]), "within the image: {:?}", bbox(&harness));
    let (from, to) = (at(&harness, 20.0, 20.0), at(&harness, 30.0, 20.0));
    drag(&mut harness, from, to);
    assert!(near(bbox(&harness), [15.0, 6.0, 50.0, 48.0]), "{:?}", bbox(&harness));
    let edits = harness.state().intents.iter();
    let edits = edits.filter(|i| matches!(i, Intent::Dataset(DatasetIntent::Edit(_)))).count();
    assert_eq!(edits, 3, "one change a drag");
}

#[test]
fn keys_alone_make_boxes_outlines_and_points_and_pull_their_corners() {
    let mut harness = reviewing().shown(page_of);
    let label = |harness: &Harness<'_, Bench>, place: usize| document(harness).labels()[place].clone();
    // The box in the middle is made larger at its second corner, the top right.
    key(&mut harness, Key::End);
    key(&mut harness, Key::B);
    assert_eq!(label(&harness, 0).bbox, [24.0, 18.0, 40.0, 30.0]);
    key(&mut harness, Key::N);
    key(&mut harness, Key::N);
    key(&mut harness, Key::ArrowRight);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowUp);
    harness.run_steps(3);
    assert_eq!(label(&harness, 0).bbox, [24.0, 8.0, 41.0, 30.0]);
    // Back before the first one: the last corner.
    harness.key_press_modifiers(Modifiers::SHIFT, Key::N);
    harness.run_steps(3);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::N);
    harness.run_steps(3);
    key(&mut harness, Key::ArrowLeft);
    assert_eq!(label(&harness, 0).bbox, [23.0, 8.0, 41.0, 30.0]);
    // An outline gets a fifth corner, which is moved.
    key(&mut harness, Key::P);
    key(&mut harness, Key::B);
    key(&mut harness, Key::N);
    key(&mut harness, Key::I);
    key(&mut harness, Key::ArrowUp);
    let outline = label(&harness, 1).polygons[0].clone();
    assert_eq!(outline[..3], [[24.0, 18.0], [32.0, 17.0], [40.0, 18.0]]);
    key(&mut harness, Key::Delete);
    assert_eq!(label(&harness, 1).polygons[0].len(), 4, "the corner goes, the label stays");
    // The missing keypoint.
    key(&mut harness, Key::Escape);
    harness.key_press(Key::A);
    harness.run_steps(3);
    key(&mut harness, Key::E);
    key(&mut harness, Key::K);
    key(&mut harness, Key::B);
    key(&mut harness, Key::ArrowRight);
    let point = label(&harness, 0).keypoints[2];
    assert_eq!((point.x, point.y, point.visibility), (25.0, 24.0, Visibility::Visible));
}

#[test]
fn keys_alone_export_and_measure() {
    let mut bench = reviewing();
    for item in 0..2 {
        bench.dataset.document.as_mut().unwrap().show(item);
        bench.dataset.document.as_mut().unwrap().apply(crate::app::dataset::document::Edit::AcceptAll);
    }
    let mut harness = bench.shown(page_of);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    harness.run_steps(3);
    assert!(harness.query_by_label("Export the data set").is_some());
    key(&mut harness, Key::Enter);
    let exports = |harness: &Harness<'_, Bench>| {
        harness.state().intents.iter().filter(|i| **i == Intent::Dataset(DatasetIntent::Export)).count()
    };
    assert_eq!(exports(&harness), 1);
    key(&mut harness, Key::Escape);
    assert!(harness.query_by_label("Export the data set").is_none());
    assert_eq!(document(&harness).decided(), 0, "Enter in the dialogue accepts no image");
    key(&mut harness, Key::T);
    assert!(harness.query_by_label("Labels on the image").is_none(), "the evaluation is shown");
    key(&mut harness, Key::T);
    assert!(harness.query_by_label("Labels on the image").is_some());
}

#[test]
fn a_class_is_typed_and_new_ones_are_made() {
    let mut harness = reviewing().shown(page_of);
    key(&mut harness, Key::E);
    key(&mut harness, Key::C);
    let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Type a name");
    field.type_text("bus");
    harness.run_steps(3);
    key(&mut harness, Key::Enter);
    let class = document(&harness).labels()[0].class;
    assert_eq!(document(&harness).classes()[class].name, "bus");
    assert!(harness.query_by_label("1 bus, accepted").is_some());
    assert_eq!(document(&harness).decided(), 0, "Enter in the dialogue accepts no image");
}

#[test]
fn an_outline_is_drawn_with_clicks() {
    let mut harness = reviewing().shown(page_of);
    key(&mut harness, Key::End);
    key(&mut harness, Key::P);
    for (x, y) in [(10.0, 10.0), (50.0, 10.0), (30.0, 40.0)] {
        let at = at(&harness, x, y);
        click(&mut harness, at);
    }
    key(&mut harness, Key::Enter);
    let label = &document(&harness).labels()[0];
    assert_eq!(label.polygons[0].len(), 3);
    assert!(near(label.bbox, [10.0, 10.0, 50.0, 40.0]), "{label:?}");
    assert_eq!(document(&harness).decided(), 0, "Enter closed the outline and accepted nothing");
}

#[test]
fn missing_keypoints_are_labelled_by_name_and_hidden_ones_marked() {
    let mut harness = reviewing().shown(page_of);
    key(&mut harness, Key::D);
    key(&mut harness, Key::E);
    key(&mut harness, Key::K);
    assert!(harness.query_by_label_contains("nose").is_some());
    let place = at(&harness, 30.0, 30.0);
    click(&mut harness, place);
    let point = document(&harness).labels()[0].keypoints[2];
    assert_eq!(point.visibility, Visibility::Visible);
    assert!((point.x - 30.0).abs() < 0.6 && (point.y - 30.0).abs() < 0.6, "{point:?}");
    click(&mut harness, place);
    key(&mut harness, Key::V);
    assert_eq!(document(&harness).labels()[0].keypoints[2].visibility, Visibility::Hidden);
    key(&mut harness, Key::Delete);
    assert_eq!(document(&harness).labels()[0].keypoints[2], LabelPoint::default());
    assert_eq!(document(&harness).labels().len(), 1, "the label itself stays");
}

#[test]
fn what_fails_is_said_with_its_fix() {
    let mut bench = reviewing();
    bench.dataset.save_error = Some("The disk of \"/home/li/street\" is full. Free some space.".into());
    let path = "/home/li/street/labels/a.jpg.json".into();
    bench.dataset.problems = vec![Problem::Labels { path, reason: "it is cut short".into() }];
    bench.dataset.document.as_mut().unwrap().not_saved(&[0]);
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_label_contains("The labels of 1 image are kept here").is_some());
    press(&mut harness, "Save again");
    assert!(harness.state().intents.contains(&Intent::Dataset(DatasetIntent::SaveAgain)));
    assert!(harness.query_by_label_contains("a.jpg.json").is_some());
    press(&mut harness, "Dismiss");
    assert!(harness.query_by_label_contains("a.jpg.json").is_none());
    let ctx = harness.ctx.clone();
    let read = Read { wish: Wish::Large(0), image: Err("it is gone".into()), outlines: Outlines::new() };
    harness.state_mut().dataset.pictures.arrived(&ctx, read);
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("The image can't be shown: it is gone.").is_some());
}

#[test]
fn the_live_view_says_into_which_data_set_frames_go() {
    let chip = |bench: &mut Bench, ui: &mut Ui| {
        let area = egui::Rect::from_min_max(Pos2::ZERO, pos2(700.0, 500.0));
        crate::app::collecting::badge(ui, &bench.view(), area);
    };
    let mut harness = Bench::default().shown(chip);
    assert!(harness.query_by_label_contains("street").is_none());
    let last = Some(Collected::Saved);
    harness.state_mut().collecting = Some(Collecting { name: "street".into(), images: 12, last });
    harness.run_steps(2);
    assert!(harness.query_by_label("street: 12 images · saved").is_some());
}

#[test]
fn the_export_dialogue_names_the_folder_and_says_what_was_lost() {
    let mut harness = reviewing().shown(page_of);
    press(&mut harness, "Export …");
    assert!(harness.query_by_label("Export the data set").is_some());
    let to = |harness: &Harness<'_, Bench>| harness.state().dataset.export.as_ref().unwrap().to.clone();
    assert_eq!(to(&harness), "/home/li/street yolo-detect");
    harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Format").click();
    harness.run_steps(3);
    press(&mut harness, "COCO JSON");
    assert_eq!(to(&harness), "/home/li/street coco", "it follows the format");
    press(&mut harness, "Export");
    assert!(harness.state().intents.contains(&Intent::Dataset(DatasetIntent::Export)));
    let exported = Exported {
        images: 3,
        labels: 4,
        splits: [2, 1, 0, 0],
        losses: Losses::of(Loss::Tracks, 2),
        divided: Vec::new(),
    };
    harness.state_mut().dataset.export.as_mut().unwrap().outcome = Some(Ok(exported));
    harness.run_steps(2);
    let said = "3 images with 4 labels: 2 for training, 1 for validation.";
    assert!(harness.query_by_label(said).is_some());
    assert!(harness.query_by_label("2 labels lost their tracks.").is_some());
}

#[test]
fn flagged_images_are_marked_and_listed_alone() {
    let mut bench = reviewing();
    let findings = [
        Finding::Blurred { image: "a.jpg".into(), sharpness: 3.0 },
        Finding::NearDuplicate {
            image: "b.jpg".into(),
            other: "c.jpg".into(),
            distance: 1,
            across_splits: false,
        },
    ];
    bench.dataset.flags = flags_of(&findings);
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_label("a.jpg, to review, blurred").is_some());
    press(&mut harness, "Show");
    press(&mut harness, "Flagged");
    assert!(harness.query_by_label("c.jpg, to review, much like b.jpg").is_some());
    assert!(harness.query_by_label("b.jpg, to review").is_none());
}

fn measured(name: &str, map: f64) -> MeasuredModel {
    let mistakes = vec![Mistake::Missed { class: "car".into(), bbox: [1.0, 1.0, 9.0, 9.0] }];
    let figures = DetectionFigures {
        coco: CocoFigures { map: Some(map), map50: Some(0.8), ..CocoFigures::default() },
        confidence: 0.4,
        iou: 0.5,
        precision: Some(0.9),
        recall: Some(0.7),
        f1: Some(0.787),
        classes: vec![ClassFigures {
            name: "car".into(),
            images: 2,
            objects: 3,
            ap: Some(map),
            ap50: Some(0.8),
            precision: Some(0.9),
            recall: Some(0.7),
            f1: Some(0.787),
        }],
        confusion: Confusion { classes: vec!["car".into()], counts: vec![vec![2, 1], vec![0, 0]] },
        worst: vec![ImageMistakes { image: "b.jpg".into(), right: 1, mistakes }],
    };
    let evaluation = Evaluation {
        model: name.into(),
        sha256: String::new(),
        dataset: "street".into(),
        split: None,
        counted: Counted::All,
        images: 3,
        unknown_to_model: Vec::new(),
        unknown_to_dataset: Vec::new(),
        ms_per_image: 12.0,
        figures: Figures::Detection { boxes: Box::new(figures), mask: None },
    };
    let found = Found { class: 0, score: 0.9, bbox: [2.0, 2.0, 9.0, 9.0], mask: None };
    let image = MeasuredImage { place: 1, found: vec![found], ..MeasuredImage::default() };
    MeasuredModel {
        path: format!("/m/{name}.onnx").into(),
        evaluation,
        images: vec![image],
        left_out: 0,
        own_labels: 0,
    }
}

#[test]
fn an_evaluation_says_plainly_whether_a_model_is_better_and_opens_its_worst_image() {
    let bench = reviewing();
    let mut harness = bench.shown(page_of);
    press(&mut harness, "Evaluation");
    assert!(harness.query_by_label_contains("No model can be measured").is_some());
    let noise = Difference { by: 0.01, range: Some([-0.02, 0.04]), images: 3, sources: 3 };
    harness.state_mut().dataset.evaluated = Some(Evaluated {
        models: vec![measured("nano", 0.4), measured("small", 0.41)],
        difference: Some(noise),
        revision: 0,
    });
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("The difference is within noise").is_some());
    assert!(harness.query_by_label_contains("The data set is small").is_some());
    assert!(harness.query_by_label_contains("which favours it").is_none());
    harness.state_mut().dataset.evaluated.as_mut().unwrap().models[0].own_labels = 2;
    harness.run_steps(2);
    assert!(
        harness.query_by_label_contains("2 images began as suggestions of nano, which favours it").is_some()
    );
    for map in ["40.0", "41.0"] {
        assert_eq!(harness.query_all_by_label(map).count(), 2, "of all, and of the only class");
    }
    assert!(harness.query_by_label("1 missed").is_some());
    // Below what fits the window.
    harness.get_by_label("b.jpg").click_accesskit();
    harness.run_steps(3);
    assert_eq!(document(&harness).current(), 1);
    assert!(harness.query_by_label_contains("what nano found").is_some());
}

#[test]
fn the_verdict_on_two_models_is_one_of_three() {
    let said = |difference| crate::app::strings::verdict(Language::English, ["a", "b"], &difference);
    let of = |by, low, high, images| Difference { by, range: Some([low, high]), images, sources: images };
    assert!(said(of(0.05, 0.02, 0.08, 200)).starts_with("\"b\" is better on these 200 images"));
    assert!(said(of(-0.05, -0.08, -0.02, 200)).starts_with("\"a\" is better"));
    let noise = said(of(0.05, -0.02, 0.08, 200));
    assert!(noise.starts_with("The difference is within noise") && noise.contains("+5.0 points"), "{noise}");
    let few = said(of(0.05, 0.02, 0.08, 12));
    assert!(
        few.starts_with("\"b\" looks better on these 12 images") && few.contains("The data set is small")
    );
    let videos = said(Difference { sources: 4, ..of(0.05, 0.02, 0.08, 400) });
    assert!(videos.contains("looks better") && videos.contains("from only 4 videos or cameras"), "{videos}");
    let one = said(Difference { range: None, sources: 1, ..of(0.05, 0.0, 0.0, 400) });
    assert!(one.starts_with("No range can be given for these 400 images"), "{one}");
    assert!(one.contains("+5.0 points.") && !one.contains("95 %") && !one.contains("better"), "{one}");
    let single = said(of(0.05, -0.02, 0.08, 1));
    assert!(single.contains("this 1 image.") && !single.contains("1 images"), "{single}");
    let one = said(Difference { range: None, ..of(0.05, 0.0, 0.0, 1) });
    assert!(one.starts_with("1 image is too few") && !one.contains("video"), "{one}");
}

#[test]
fn the_page_says_which_images_count() {
    let said = |counted, count: usize, left_out| {
        let chosen = Chosen { counted, places: (0..count).collect(), left_out, mixed: false };
        crate::app::strings::counted_text(Language::English, &chosen)
    };
    assert_eq!(
        said(Counted::Val, 1, 1),
        "1 reviewed image for validation is measured. 1 other doesn't count."
    );
    assert_eq!(
        said(Counted::Val, 12, 48),
        "12 reviewed images for validation are measured. 48 others don't count."
    );
    assert!(said(Counted::All, 60, 0).contains("trained with some of them looks better than it is"));
    assert!(said(Counted::All, 0, 0).starts_with("No image is reviewed"));
    let chosen = Chosen { counted: Counted::Val, places: vec![0], left_out: 4, mixed: true };
    let said = |language| crate::app::strings::counted_text(language, &chosen);
    assert!(said(Language::English).contains("of the same video or camera as images for training"));
    assert!(said(Language::Chinese).contains("同一视频或摄像头"));
}

#[test]
fn figures_of_labels_that_were_changed_are_marked_and_measured_again() {
    let mut bench = reviewing();
    let models = vec![measured("nano", 0.4)];
    bench.dataset.evaluated = Some(Evaluated { models, difference: None, revision: 0 });
    let mut harness = bench.shown(page_of);
    press(&mut harness, "Evaluation");
    assert!(harness.query_by_label("Measure again").is_none());
    press(&mut harness, "Review");
    key(&mut harness, Key::Enter);
    press(&mut harness, "Evaluation");
    assert!(harness.query_by_label_contains("The labels have been changed since").is_some());
    press(&mut harness, "Measure again");
    let again = Intent::Dataset(DatasetIntent::Evaluate(vec!["/m/nano.onnx".into()]));
    assert!(harness.state().intents.contains(&again), "{:?}", harness.state().intents);
}

#[test]
fn two_models_of_one_name_are_told_apart() {
    let mut bench = reviewing();
    let mut models = vec![measured("nano", 0.4), measured("nano", 0.41)];
    models[1].path = "/m/retrained/nano.onnx".into();
    bench.dataset.evaluated = Some(Evaluated { models, difference: None, revision: 0 });
    let mut harness = bench.shown(page_of);
    press(&mut harness, "Evaluation");
    for name in ["nano · m", "nano · retrained"] {
        assert!(harness.query_all_by_label(name).count() >= 1, "{name}");
    }
}

#[test]
fn a_damaged_label_file_is_marked_in_the_list_with_the_reason() {
    let mut bench = reviewing();
    let path = "/home/li/street/labels/b.jpg.json".into();
    let problems = vec![Problem::Labels { path, reason: "it is cut short".into() }];
    let document = bench.dataset.document.take().unwrap();
    bench.dataset.show(document, "/home/li/street".into(), problems);
    let mut harness = bench.shown(page_of);
    press(&mut harness, "Dismiss");
    assert!(harness.query_by_label("b.jpg, to review, labels damaged").is_some());
    press(&mut harness, "b.jpg, to review, labels damaged");
    assert!(harness.query_by_label_contains("can't be read: it is cut short").is_some());
    press(&mut harness, "Show");
    press(&mut harness, "Flagged");
    assert!(harness.query_by_label("a.jpg, to review").is_none());
    assert!(harness.query_by_label("b.jpg, to review, labels damaged").is_some());
}

#[test]
fn a_new_class_may_be_the_beginning_of_another_and_the_exact_one_is_taken_first() {
    let mut harness = reviewing().shown(page_of);
    let mut choose = |typed: &str, keys: &[Key]| {
        key(&mut harness, Key::E);
        key(&mut harness, Key::C);
        let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Type a name");
        field.type_text(typed);
        harness.run_steps(3);
        for one in keys {
            key(&mut harness, *one);
        }
        key(&mut harness, Key::Escape);
        document(&harness).classes()[document(&harness).labels()[0].class].name.clone()
    };
    assert_eq!(choose("fa", &[Key::Enter]), "face", "what was begun");
    assert_eq!(choose("ca", &[Key::ArrowDown, Key::Enter]), "ca", "the row of the new class");
    assert_eq!(choose("ca", &[Key::Enter]), "ca", "the exact one before \"car\"");
}

#[test]
fn class_names_are_chinese_in_a_chinese_window_and_english_in_the_data_set() {
    let bench = Bench { language: Language::Chinese, ..reviewing() };
    let mut harness = bench.shown(page_of);
    assert!(harness.query_by_label_contains("1 汽车").is_some());
    let models = vec![measured("nano", 0.4)];
    harness.state_mut().dataset.evaluated = Some(Evaluated { models, difference: None, revision: 0 });
    press(&mut harness, "评估");
    assert!(harness.query_all_by_label("汽车").count() >= 1);
    assert!(harness.query_by_label("car").is_none());
    press(&mut harness, "审核");
    key(&mut harness, Key::E);
    key(&mut harness, Key::C);
    let field = harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "输入名称");
    field.type_text("汽车");
    harness.run_steps(3);
    key(&mut harness, Key::Enter);
    assert_eq!(document(&harness).classes()[document(&harness).labels()[0].class].name, "car");
    assert_eq!(document(&harness).classes().len(), 2);
}

#[test]
fn quitting_with_labels_that_cannot_be_saved_is_asked_about() {
    let panel = |bench: &mut Bench, ui: &mut Ui| {
        let mut out = Vec::new();
        crate::app::quitting::ui(ui, &bench.view(), &mut out);
        bench.intents.extend(out);
    };
    let error = Some("The disk of \"/home/li/street\" is full. Free some space.".to_owned());
    let bench = Bench { quitting: Some(Quitting { images: 3, work: None, error }), ..Bench::default() };
    let mut harness = bench.shown(panel);
    assert!(harness.query_by_label("Labels of 3 images couldn't be saved").is_some());
    assert!(harness.query_by_label_contains("is full").is_some());
    for (button, intent) in [
        ("Try again", DatasetIntent::SaveAgain),
        ("Quit anyway", DatasetIntent::QuitAnyway),
        ("Cancel", DatasetIntent::KeepOpen),
    ] {
        press(&mut harness, button);
        assert_eq!(harness.state_mut().intents.pop(), Some(Intent::Dataset(intent)));
    }
    harness.state_mut().quitting = Some(Quitting { images: 1, work: None, error: None });
    harness.run_steps(2);
    assert!(harness.query_by_label("Saving the labels of 1 image …").is_some());
    assert!(harness.query_by_label("Try again").is_none());
    harness.state_mut().quitting = Some(Quitting { images: 0, work: Some(Work::Export), error: None });
    harness.run_steps(2);
    assert!(harness.query_by_label("An export is running").is_some());
    press(&mut harness, "Quit anyway");
    assert_eq!(harness.state_mut().intents.pop(), Some(Intent::Dataset(DatasetIntent::QuitAnyway)));
}
