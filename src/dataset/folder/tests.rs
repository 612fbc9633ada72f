use super::*;
use crate::dataset::{ImageClass, LabelPoint, Origin, Split, State, Visibility, labels_of};
use crate::save::rle::Rle;
use crate::save::{FrameInfo, FrameRecord};

fn everything() -> Annotation {
    Annotation {
        state: State::Suggested,
        score: Some(0.875),
        polygons: vec![
            vec![[1.5, 2.0], [9.25, 2.0], [9.0, 7.5]],
            vec![[10.0, 1.0], [12.0, 1.0], [12.0, 3.0]],
        ],
        mask: Some(Rle { size: [3, 2], counts: vec![1, 2, 3] }),
        keypoints: vec![
            LabelPoint { x: 3.5, y: 4.0, visibility: Visibility::Hidden },
            LabelPoint { x: 5.0, y: 6.125, visibility: Visibility::Visible },
            LabelPoint::default(),
        ],
        corners: Some([[1.0, 0.0], [5.0, 1.0], [4.0, 5.0], [0.0, 4.0]]),
        crowd: true,
        area: Some(31.25),
        track_id: Some(7),
        id: Some(900_100_001_234),
        other: serde_json::from_str(r#"{"attributes": {"colour": "red"}}"#).unwrap(),
        ..Annotation::new(1, [0.0, 0.0, 12.0, 7.5])
    }
}

fn classes() -> Vec<Class> {
    let person = Class {
        keypoints: Some(KeypointScheme {
            names: vec!["头".into(), "left".into(), "right".into()],
            skeleton: vec![[0, 1], [0, 2]],
            flip: vec![0, 2, 1],
        }),
        id: Some(1),
        group: Some("living".into()),
        ..Class::new("person")
    };
    vec![Class::new("car"), person]
}

#[test]
fn what_is_saved_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("新 set");
    let Opened { folder, mut dataset, .. } = Folder::create(&root, classes()).unwrap();
    let frame = Frame::filled(16, 8, [9, 8, 7, 255]);
    let index = folder.add(&mut dataset, "frame", &frame, ImageFormat::Png, Collected::default()).unwrap();
    let item = &mut dataset.items[index];
    item.annotations = vec![everything(), Annotation::new(0, [4.0, 5.0, 2.0, 1.0])];
    item.class = Some(ImageClass { class: 0, state: State::Accepted, score: None });
    item.split = Some(Split::Val);
    item.reviewed = true;
    item.rejected = true;
    item.id = Some(42);
    item.origin = Some(Origin {
        source: "traffic.mp4".into(),
        frame: 60,
        time_s: Some(2.002),
        model: Some("yolox_nano".into()),
    });
    folder.save_item(&dataset, &dataset.items[index]).unwrap();
    let again = Folder::open(&root).unwrap();
    assert_eq!(again.problems, []);
    assert_eq!(again.dataset, dataset);
    assert_eq!(again.dataset.name, "新 set");
    assert_eq!(again.dataset.items[0].annotations[1].bbox, [2.0, 1.0, 4.0, 5.0], "x1 is the left side");
    assert!(matches!(Folder::create(&root, Vec::new()), Err(DatasetError::Taken { .. })));
}

#[test]
fn images_put_there_by_hand_wait_for_labels() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { folder, .. } = Folder::create(dir.path(), Vec::new()).unwrap();
    let images = folder.images();
    fs::create_dir(images.join("b")).unwrap();
    let png = encode_frame(&Frame::filled(6, 4, [0, 0, 0, 255]), ImageFormat::Png, 90).unwrap();
    for name in ["b/10.png", "b/9.png", "a.png", ".hidden.png"] {
        fs::write(images.join(name), &png).unwrap();
    }
    fs::write(images.join("notes.txt"), "text").unwrap();
    fs::write(images.join("c.png"), "no image").unwrap();
    let Opened { dataset, problems, .. } = Folder::open(dir.path()).unwrap();
    let names: Vec<_> = dataset.items.iter().map(|item| (&item.name[..], item.size, item.reviewed)).collect();
    let size = (6, 4);
    assert_eq!(
        names,
        [
            ("a.png", size, false),
            ("b/9.png", size, false),
            ("b/10.png", size, false),
            ("c.png", (0, 0), false)
        ]
    );
    assert!(
        matches!(&problems[..], [Problem::Image { path, .. }] if path.ends_with("c.png")),
        "{problems:?}"
    );
}

#[test]
fn a_damaged_label_file_is_said_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { folder, mut dataset, .. } = Folder::create(dir.path(), classes()).unwrap();
    let frame = Frame::filled(6, 4, [0, 0, 0, 255]);
    for _ in 0..2 {
        folder.add(&mut dataset, "a", &frame, ImageFormat::Png, Collected::default()).unwrap();
    }
    assert_eq!(dataset.items[1].name, "a (2).png", "no image is replaced");
    let path = folder.label_path("a.png");
    for damage in [
        "{\"size\": [6, 4], \"annotations\": [",
        "{\"size\": [6, 4], \"annotations\": [{\"class\": \"car\", \"box\": [1, 2, NaN, 4]}]}",
        "{\"size\": [6, 4], \"annotations\": [{\"class\": \"car\", \"box\": [1, 2, 1e999, 4]}]}",
        "{\"size\": [6, 4], \"annotations\": [{\"class\": \"car\", \"box\": [1, 2]}]}",
        "{\"size\": [6, 4], \"annotations\": [{\"class\": \"\", \"box\": [1, 2, 3, 4]}]}",
        "{\"size\": [6, 4], \"annotations\": [{\"class\": \"car\", \"box\": [1, 2, 3, 4], \"keypoints\": [[1, 2, 7]]}]}",
        "{\"size\": [6, 4], \"annotations\": [{\"class\": \"car\", \"box\": [1, 2, 3, 4], \
         \"mask\": {\"size\": [4, 6], \"counts\": [4294967295, 4294967295]}}]}",
    ] {
        fs::write(&path, damage).unwrap();
        let again = Folder::open(dir.path()).unwrap();
        assert!(
            matches!(&again.problems[..], [Problem::Labels { path: said, .. }] if *said == path),
            "{damage}"
        );
        let item = &again.dataset.items[0];
        assert_eq!((item.size, item.annotations.len()), ((6, 4), 0));
        folder.save_item(&again.dataset, item).unwrap();
        let kept = fs::read_dir(folder.labels()).unwrap().flatten().any(|entry| {
            entry.file_name().to_string_lossy().contains(".bak")
                && fs::read(entry.path()).unwrap() == damage.as_bytes()
        });
        assert!(kept, "{damage}");
        let again = Folder::open(dir.path()).unwrap();
        assert_eq!(again.problems, [], "a copy that was kept is no label file");
    }
}

#[test]
fn classes_that_are_not_listed_are_added_and_files_without_images_said() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { folder, mut dataset, .. } = Folder::create(dir.path(), classes()).unwrap();
    let frame = Frame::filled(6, 4, [0, 0, 0, 255]);
    folder.add(&mut dataset, "a", &frame, ImageFormat::Png, Collected::default()).unwrap();
    let labels = r#"{"size": [6, 4], "annotations": [{"class": "bus", "box": [1, 2, 3, 4]}]}"#;
    fs::write(folder.label_path("a.png"), labels).unwrap();
    fs::write(folder.label_path("gone.png"), labels).unwrap();
    let Opened { dataset, problems, .. } = Folder::open(dir.path()).unwrap();
    let path = folder.label_path("a.png");
    let gone = Problem::NoImage { path: folder.label_path("gone.png") };
    assert_eq!(problems, [Problem::NewClass { path, class: "bus".into() }, gone]);
    assert_eq!(dataset.classes[dataset.items[0].annotations[0].class].name, "bus");
}

#[test]
fn what_is_no_data_set_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let open = |text: &str| {
        fs::write(dir.path().join("dataset.json"), text).unwrap();
        Folder::open(dir.path()).map(|_| ()).unwrap_err()
    };
    assert!(matches!(Folder::open(&dir.path().join("no")), Err(DatasetError::Missing { .. })));
    assert!(matches!(Folder::open(dir.path()), Err(DatasetError::NotOne { .. })));
    assert!(matches!(open("{\"name\": 1}"), DatasetError::NotOne { .. }));
    assert!(matches!(open("{\"sightline-dataset\": 2}"), DatasetError::Newer { version: 2, .. }));
    assert!(matches!(open("{"), DatasetError::Damaged { .. }));
    let twice = r#"{"sightline-dataset": 1, "classes": [{"name": "a"}, {"name": "a"}]}"#;
    assert!(matches!(open(twice), DatasetError::Damaged { .. }));
    let skeleton = r#"{"sightline-dataset": 1, "classes": [{"name": "a", "keypoints": {"names": ["x"], "skeleton": [[0, 1]]}}]}"#;
    assert!(matches!(open(skeleton), DatasetError::Damaged { .. }));
    // A damaged list of classes isn't lost when the classes are saved.
    open("{ damaged");
    let folder = Folder { root: dir.path().to_owned() };
    folder.save_classes(&Dataset { classes: classes(), ..Dataset::default() }).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("dataset.json.bak")).unwrap(), "{ damaged");
    assert_eq!(Folder::open(dir.path()).unwrap().dataset.classes, classes());
}

#[test]
fn what_a_later_version_wrote_besides_stays() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("dataset.json"), r#"{"sightline-dataset": 1, "licence": "CC0"}"#).unwrap();
    let Opened { folder, mut dataset, .. } = Folder::open(dir.path()).unwrap();
    dataset.classes = classes();
    folder.save_classes(&dataset).unwrap();
    assert!(fs::read_to_string(dir.path().join("dataset.json")).unwrap().contains("CC0"));
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("set");
    let Opened { folder, mut dataset, .. } = Folder::create(&root, Vec::new()).unwrap();
    for name in ["../a.png", "/tmp/a.png", "b/../../../a.png", ""] {
        let item = Item { name: name.into(), ..Item::default() };
        assert!(folder.save_item(&dataset, &item).is_err() || name.is_empty(), "{name}");
    }
    let frame = Frame::filled(6, 4, [0, 0, 0, 255]);
    folder.add(&mut dataset, "../../b", &frame, ImageFormat::Jpeg, Collected::default()).unwrap();
    assert_eq!(dataset.items[0].path, folder.images().join("b.jpg"));
    let outside: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
    assert_eq!(outside.len(), 1, "{outside:?}");
}

#[test]
fn what_a_model_found_becomes_suggestions() {
    let dir = tempfile::tempdir().unwrap();
    let Opened { folder, mut dataset, .. } = Folder::create(dir.path(), vec![Class::new("dog")]).unwrap();
    let info = FrameInfo { source: "a.mp4", frame: 3, time_s: Some(0.1), model: "m" };
    let mut record = FrameRecord::without_model(info, (6, 4));
    let person = r#"{"class_id": 0, "label": "person", "score": 0.9, "box": [1, 1, 5, 3], "track_id": 4,
        "keypoints": [[1, 2, 0.9], [3, 3, 0.2], [5, 1, 0.5], [2, 2, 0.8], [4, 2, 0.7]]}"#;
    record.detections.push(serde_json::from_str(person).unwrap());
    let frame = Frame::filled(6, 4, [0, 0, 0, 255]);
    let labels = labels_of(&record, State::Suggested);
    let index = folder.add(&mut dataset, "a", &frame, ImageFormat::Jpeg, labels).unwrap();
    assert_eq!(dataset.classes.iter().map(|class| &class.name[..]).collect::<Vec<_>>(), ["dog", "person"]);
    assert_eq!(dataset.keypoints_of(1).unwrap().names[3], "mouth_left");
    let again = Folder::open(dir.path()).unwrap();
    assert_eq!((&again.dataset, &again.problems[..]), (&dataset, &[][..]));
    let item = &again.dataset.items[index];
    assert!(!item.reviewed);
    assert_eq!(item.origin.as_ref().unwrap().source, "a.mp4");
    let one = &item.annotations[0];
    assert_eq!((one.state, one.score, one.track_id), (State::Suggested, Some(0.9), Some(4)));
    let seen: Vec<_> = one.keypoints.iter().map(|point| point.visibility.number()).collect();
    assert_eq!(seen, [2, 0, 2, 2, 2]);
}

#[test]
fn a_split_is_kept_and_nothing_else_is_changed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("street");
    let Opened { folder, mut dataset, .. } = Folder::create(&root, classes()).unwrap();
    let frame = Frame::filled(16, 8, [9, 8, 7, 255]);
    for stem in ["a", "b", "c"] {
        folder.add(&mut dataset, stem, &frame, ImageFormat::Png, Collected::default()).unwrap();
    }
    let labels = r#"{"annotations":[{"box":[4.0,5.0,8.0,7.0],"class":"car","note":"dark"}],"reviewed":true,"size":[16,8],"weather":"rain"}"#;
    fs::write(folder.label_path("a.png"), labels).unwrap();
    fs::write(folder.label_path("b.png"), "damaged").unwrap();
    fs::remove_file(folder.label_path("c.png")).unwrap();
    let divided = ["a.png", "b.png", "c.png"].map(|name| (name.to_owned(), Split::Val));
    Folder::keep_splits(&root, &divided).unwrap();
    let text = |name: &str| fs::read_to_string(folder.label_path(name)).unwrap();
    let mut expected: Value = serde_json::from_str(labels).unwrap();
    expected["split"] = "val".into();
    assert_eq!(serde_json::from_str::<Value>(&text("a.png")).unwrap(), expected);
    assert_eq!(text("b.png"), "damaged");
    let item = &Folder::open(&root).unwrap().dataset.items[2];
    assert_eq!((item.split, item.size, item.reviewed), (Some(Split::Val), (16, 8), false));
}
