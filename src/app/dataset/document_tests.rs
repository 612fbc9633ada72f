use proptest::prelude::*;

use super::*;
use crate::dataset::{KeypointScheme, Visibility};

fn suggestion(class: usize, bbox: [f64; 4]) -> Annotation {
    Annotation { state: State::Suggested, score: Some(0.5), ..Annotation::new(class, bbox) }
}

fn dataset() -> Dataset {
    let person = Class { keypoints: Some(KeypointScheme::of_count(5)), ..Class::new("face") };
    let outline = vec![[10.0, 10.0], [30.0, 10.0], [20.0, 30.0]];
    let item =
        |name: &str, annotations| Item { name: name.into(), size: (64, 48), annotations, ..Item::default() };
    let face = Annotation {
        keypoints: vec![LabelPoint { x: 4.0, y: 5.0, visibility: Visibility::Visible }; 5],
        ..suggestion(1, [2.0, 2.0, 20.0, 20.0])
    };
    let cut = Annotation { polygons: vec![outline], ..suggestion(0, [10.0, 10.0, 30.0, 30.0]) };
    let turned = Annotation {
        corners: Some([[20.0, 10.0], [40.0, 30.0], [30.0, 40.0], [10.0, 20.0]]),
        ..suggestion(0, [10.0, 10.0, 40.0, 40.0])
    };
    Dataset {
        name: "street".into(),
        classes: vec![Class::new("car"), person],
        items: vec![
            item("a.jpg", vec![suggestion(0, [1.0, 1.0, 9.0, 9.0]), face]),
            item("b.jpg", vec![cut, turned]),
            item("c.jpg", Vec::new()),
        ],
    }
}

#[test]
fn an_image_is_accepted_with_its_suggestions_and_one_undo_takes_it_back() {
    let mut document = Document::new(dataset());
    document.apply(Edit::Judge(0, State::Rejected));
    assert!(document.apply(Edit::Decide(Verdict::Accepted)));
    let states: Vec<State> = document.labels().iter().map(|label| label.state).collect();
    assert_eq!(states, [State::Rejected, State::Accepted], "what was rejected stays so");
    assert_eq!((document.decided(), document.next_open()), (1, Some(1)));
    document.show(2);
    assert!(document.undo());
    assert_eq!((document.current(), document.decided()), (0, 0), "it shows what it changes");
    assert_eq!(document.labels()[1].state, State::Suggested);
}

#[test]
fn what_a_person_changes_is_theirs() {
    let mut document = Document::new(dataset());
    let moved = Annotation { bbox: [3.0, 3.0, 12.0, 12.0], ..document.labels()[0].clone() };
    assert!(document.apply(Edit::Put(0, Box::new(moved))));
    let label = &document.labels()[0];
    assert_eq!((label.state, label.score), (State::Accepted, None));
    assert!(!document.apply(Edit::Put(0, Box::new(label.clone()))), "nothing is different");
    assert!(!document.apply(Edit::Put(9, Box::default())), "there is no such label");
}

#[test]
fn a_label_of_another_class_has_its_keypoints() {
    let mut document = Document::new(dataset());
    assert!(document.apply(Edit::Relabel(1, " bus ".into())));
    assert_eq!(document.classes().last().unwrap().name, "bus");
    assert!(document.labels()[1].keypoints.is_empty(), "a bus has none");
    document.undo();
    assert_eq!(document.labels()[1].keypoints.len(), 5, "they are back");
}

#[test]
fn images_that_come_in_keep_their_classes_whatever_their_order() {
    let mut document = Document::new(dataset());
    let item = Item {
        annotations: vec![Annotation::new(0, [0.0; 4]), Annotation::new(1, [0.0; 4])],
        ..Item::default()
    };
    document.add(item, &[Class::new("dog"), Class::new("car")]);
    let item = document.items().last().unwrap();
    let names: Vec<&str> =
        item.annotations.iter().map(|label| &document.classes()[label.class].name[..]).collect();
    assert_eq!(names, ["dog", "car"]);
}

#[test]
fn labels_that_could_not_be_saved_still_have_to_be() {
    let mut document = Document::new(dataset());
    document.apply(Edit::Remove(0));
    let batch = document.take_unsaved(10);
    assert_eq!((batch.len(), batch[0].1.annotations.len(), document.unsaved()), (1, 1, 0));
    document.apply(Edit::Remove(0));
    document.not_saved(&[0]);
    let batch = document.take_unsaved(10);
    assert_eq!(batch[0].1.annotations.len(), 0, "the newest state wins");
    assert!(document.take_unsaved(10).is_empty());
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -20.0..90.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-1e300),
        1 => Just(0.0),
    ]
}

fn point() -> impl Strategy<Value = [f64; 2]> {
    [number(), number()]
}

fn part() -> impl Strategy<Value = shapes::Part> {
    use shapes::Part;
    prop_oneof![
        (0..4usize).prop_map(Part::Corner),
        (0..4usize).prop_map(Part::Side),
        (0..2usize, 0..5usize).prop_map(|(outline, place)| Part::Vertex(outline, place)),
        (0..2usize, 0..5usize).prop_map(|(outline, place)| Part::Edge(outline, place)),
        (0..6usize).prop_map(Part::Keypoint),
        (0..4usize).prop_map(Part::Oriented),
        Just(Part::Turn),
        Just(Part::Whole),
    ]
}

#[derive(Clone, Debug)]
enum Deed {
    Draw([f64; 2], [f64; 2]),
    Outline(Vec<[f64; 2]>),
    Pull(usize, shapes::Part, [f64; 2], [f64; 2]),
    AddCorner(usize, usize, usize, [f64; 2]),
    RemovePoint(usize, shapes::Part),
    Edit(Edit),
    Show(usize),
    Undo,
    Redo,
}

fn deed() -> impl Strategy<Value = Deed> {
    let state = prop_oneof![Just(State::Suggested), Just(State::Accepted), Just(State::Rejected)];
    let verdict = prop_oneof![Just(Verdict::Open), Just(Verdict::Accepted), Just(Verdict::Rejected)];
    let name = || prop_oneof![Just("car"), Just("face"), Just("猫"), Just("")].prop_map(String::from);
    prop_oneof![
        3 => (point(), point()).prop_map(|(a, b)| Deed::Draw(a, b)),
        1 => prop::collection::vec(point(), 0..6).prop_map(Deed::Outline),
        6 => (0..5usize, part(), point(), point()).prop_map(|(n, part, a, b)| Deed::Pull(n, part, a, b)),
        1 => (0..5usize, 0..2usize, 0..5usize, point()).prop_map(|(n, o, p, at)| Deed::AddCorner(n, o, p, at)),
        1 => (0..5usize, part()).prop_map(|(n, part)| Deed::RemovePoint(n, part)),
        1 => (0..5usize).prop_map(|n| Deed::Edit(Edit::Remove(n))),
        1 => (0..5usize, name()).prop_map(|(n, name)| Deed::Edit(Edit::Relabel(n, name))),
        1 => (0..5usize, state).prop_map(|(n, state)| Deed::Edit(Edit::Judge(n, state))),
        1 => Just(Deed::Edit(Edit::AcceptAll)),
        1 => prop::option::of(name()).prop_map(|name| Deed::Edit(Edit::ImageClass(name))),
        1 => verdict.prop_map(|verdict| Deed::Edit(Edit::Decide(verdict))),
        2 => (0..4usize).prop_map(Deed::Show),
        1 => Just(Deed::Undo),
        1 => Just(Deed::Redo),
    ]
}

fn carry_out(document: &mut Document, deed: Deed) -> bool {
    let label = |document: &Document, n: usize| document.labels().get(n).cloned();
    let size = (64, 48);
    let put = |document: &mut Document, n, label| document.apply(Edit::Put(n, Box::new(label)));
    match deed {
        Deed::Draw(a, b) => {
            let label = Annotation { bbox: [a[0], a[1], b[0], b[1]], ..Annotation::default() };
            document.apply(Edit::Add("car".into(), Box::new(label)))
        }
        Deed::Outline(outline) => {
            let label = Annotation { polygons: vec![outline], ..Annotation::default() };
            document.apply(Edit::Add("van".into(), Box::new(label)))
        }
        Deed::Pull(n, part, from, to) => {
            label(document, n).is_some_and(|old| put(document, n, shapes::pulled(&old, part, from, to, size)))
        }
        Deed::AddCorner(n, outline, place, at) => label(document, n)
            .and_then(|old| shapes::with_corner(&old, outline, place, at))
            .is_some_and(|(new, _)| put(document, n, new)),
        Deed::RemovePoint(n, part) => label(document, n)
            .and_then(|old| shapes::without_point(&old, part))
            .is_some_and(|new| put(document, n, new)),
        Deed::Edit(edit) => document.apply(edit),
        Deed::Show(place) => {
            document.show(place);
            false
        }
        Deed::Undo => document.undo(),
        Deed::Redo => document.redo(),
    }
}

/// Every number is finite, every box in order, at least a pixel large and within its image, and every class exists.
fn check(document: &Document) {
    for item in document.items() {
        for label in &item.annotations {
            assert!(label.class < document.classes().len());
            let [x1, y1, x2, y2] = label.bbox;
            assert!(0.0 <= x1 && x1 + 0.99 <= x2 && x2 <= 64.0, "{label:?}");
            assert!(0.0 <= y1 && y1 + 0.99 <= y2 && y2 <= 48.0, "{label:?}");
            let corners = label.corners.iter().flatten().flatten();
            assert!(corners.copied().all(f64::is_finite), "{label:?}");
            let keypoints = label.keypoints.iter().map(|point| [point.x, point.y]);
            for [x, y] in label.polygons.iter().flatten().copied().chain(keypoints) {
                assert!((0.0..=64.0).contains(&x) && (0.0..=48.0).contains(&y), "{label:?}");
            }
            assert!(label.polygons.iter().all(|outline| outline.len() >= 3));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn whatever_is_done_can_be_undone_exactly_and_nothing_leaves_the_image(
        deeds in prop::collection::vec(deed(), 1..40),
    ) {
        let first = Document::new(dataset());
        let mut document = first.clone();
        for deed in deeds {
            let others: Vec<Arc<Item>> = document.items().to_vec();
            let was = document.clone();
            let changed = carry_out(&mut document, deed.clone());
            check(&document);
            // No image but the one that is shown is touched.
            let differ = others.iter().zip(document.items()).enumerate().filter(|(_, (a, b))| a != b);
            let differ: Vec<usize> = differ.map(|(place, _)| place).collect();
            prop_assert!(differ.is_empty() || differ == [document.current()], "{differ:?}");
            prop_assert_eq!(differ.is_empty() && changed && !matches!(deed, Deed::Undo | Deed::Redo), false);
            if changed && !matches!(deed, Deed::Undo | Deed::Redo) {
                let now = document.items().to_vec();
                prop_assert!(document.undo());
                prop_assert_eq!(document.items(), was.items(), "one step back");
                prop_assert!(document.redo());
                prop_assert_eq!(document.items(), &now[..], "and forward again");
            }
        }
        let last = document.items().to_vec();
        let mut steps = 0;
        while document.undo() {
            steps += 1;
        }
        prop_assert_eq!(document.items(), first.items());
        for _ in 0..steps {
            prop_assert!(document.redo());
        }
        // What was undone before the end comes again, too: only the shared part is compared.
        prop_assert_eq!(document.items().len(), last.len());
        check(&document);
    }
}

#[test]
fn a_snapshot_copies_no_labels_and_stays_as_it_was() {
    let mut document = Document::new(dataset());
    let snapshot = document.snapshot();
    let shared = document.items().iter().zip(&snapshot.items).all(|(own, taken)| Arc::ptr_eq(own, taken));
    assert!(shared, "taking it is no work for the window's thread");
    assert!(document.apply(Edit::AcceptAll));
    assert!(Arc::ptr_eq(&document.items()[1], &snapshot.items[1]), "only what is changed is copied");
    assert_eq!(snapshot.into_dataset(), dataset());
}

#[test]
fn the_split_of_an_export_is_to_be_saved_and_no_step_to_undo() {
    let mut document = Document::new(dataset());
    let divided = [("a.jpg".to_owned(), Split::Val), ("gone.jpg".to_owned(), Split::Train)];
    document.divide(&divided);
    assert_eq!((document.items()[0].split, document.unsaved()), (Some(Split::Val), 1));
    assert!(!document.can_undo() && document.revision() > 0);
    let revision = document.revision();
    document.divide(&divided);
    assert_eq!(document.revision(), revision, "nothing is different");
}

#[test]
fn what_somebody_has_done_is_saved_before_splits() {
    let mut document = Document::new(dataset());
    let divided: Vec<_> = document.items().iter().map(|item| (item.name.clone(), Split::Train)).collect();
    document.divide(&divided);
    document.show(1);
    assert!(document.apply(Edit::AcceptAll));
    assert_eq!(document.unsaved(), divided.len());
    let first = document.take_unsaved(1);
    assert!(first[0].0 == 1 && first[0].1.split == Some(Split::Train), "with its split");
    assert_eq!(document.take_unsaved(32).len(), divided.len() - 1);
    assert_eq!(document.unsaved(), 0);
}
