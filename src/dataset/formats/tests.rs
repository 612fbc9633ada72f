use std::fs;

use super::*;
use crate::dataset::{
    Annotation, Class, ExportOptions, Exported, ImageClass, KeypointScheme, LabelPoint, Origin, Polygon,
    SplitParts, State, Visibility, export, import, masks,
};
use crate::frame::Frame;
use crate::save::rle::Rle;
use crate::save::{ImageFormat, encode_frame};

/// A data set with images of these names and sizes in `folder`, and classes; nothing is labelled.
fn set_in(folder: &Path, images: &[(&str, (u32, u32))]) -> Dataset {
    let person = Class {
        keypoints: Some(KeypointScheme::coco_person()),
        group: Some("living".into()),
        ..Class::new("person")
    };
    let classes = vec![Class::new("traffic light: \"red\" & <old>"), person, Class::new("猫")];
    let items = images.iter().map(|&(name, size)| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let png =
            encode_frame(&Frame::filled(size.0, size.1, [90, 120, 30, 255]), ImageFormat::Png, 90).unwrap();
        fs::write(&path, png).unwrap();
        Item { name: name.into(), path, size, reviewed: true, ..Item::default() }
    });
    Dataset { name: "street".into(), classes, items: items.collect() }
}

const IMAGES: [(&str, (u32, u32)); 3] =
    [("a.png", (64, 48)), ("b/c 猫.png", (37, 91)), ("empty.png", (20, 20))];

fn pose() -> Vec<LabelPoint> {
    let visibility = [Visibility::Visible, Visibility::Hidden, Visibility::NotLabelled];
    (0..17)
        .map(|index| match visibility[index % 3] {
            Visibility::NotLabelled => LabelPoint::default(),
            visibility => LabelPoint { x: index as f64 + 0.25, y: 40.0 - index as f64, visibility },
        })
        .collect()
}

/// Exports and reads again; the export's folder stays as long as the first value.
fn round_trip(dataset: &Dataset, format: Format) -> (tempfile::TempDir, Exported, Dataset) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let exported = export(dataset, format, &ExportOptions::default(), &out, |_, _| true).unwrap();
    let read = read(&out, None).unwrap();
    assert_eq!(read.problems, []);
    (dir, exported, read.dataset)
}

/// Items as they are but for where their images are.
fn without_paths(dataset: &Dataset) -> Vec<Item> {
    dataset.items.iter().map(|item| Item { path: PathBuf::new(), ..item.clone() }).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn coco_gives_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES);
    for (index, class) in dataset.classes.iter_mut().enumerate() {
        class.id = Some(3 + 40 * index as u64);
        if let Some(scheme) = &mut class.keypoints {
            // COCO has no place for it.
            scheme.flip.clear();
        }
    }
    let outline =
        vec![vec![[1.5, 2.0], [30.25, 2.0], [20.1, 17.7]], vec![[40.0, 1.0], [42.0, 1.0], [42.0, 3.0]]];
    let ring = Rle { size: [48, 64], counts: vec![100, 5, 43, 1, 3, 1, 43, 5, 2871] };
    dataset.items[0].annotations = vec![
        Annotation {
            polygons: outline,
            area: Some(12.5),
            id: Some(900_100_001_234),
            ..Annotation::new(0, [1.5, 1.0, 42.0, 17.7])
        },
        Annotation {
            keypoints: pose(),
            id: Some(7),
            score: Some(0.5),
            ..Annotation::new(1, [0.1, 0.2, 16.7, 40.9])
        },
        Annotation {
            mask: Some(ring.clone()),
            id: Some(8),
            area: Some(17.0),
            track_id: Some(3),
            ..Annotation::new(2, [2.0, 4.0, 5.0, 9.0])
        },
        Annotation {
            mask: Some(ring),
            crowd: true,
            id: Some(9),
            area: Some(17.0),
            ..Annotation::new(2, [2.0, 4.0, 5.0, 9.0])
        },
        Annotation {
            other: serde_json::from_str(r#"{"attributes": {"occluded": true}}"#).unwrap(),
            corners: Some([[1.0, 0.0], [5.0, 1.0], [4.0, 5.0], [0.0, 4.0]]),
            id: Some(10),
            area: Some(17.0),
            polygons: Vec::new(),
            ..Annotation::new(0, [0.0, 0.0, 5.0, 5.0])
        },
    ];
    for (index, item) in dataset.items.iter_mut().enumerate() {
        item.id = Some(1000 - index as u64);
        item.split = Some(if index == 1 { Split::Val } else { Split::Train });
        item.other = serde_json::from_str(r#"{"license": 3}"#).unwrap();
    }
    let (_dir, exported, mut again) = round_trip(&dataset, Format::Coco);
    assert_eq!((exported.images, exported.labels, exported.splits), (3, 5, [2, 1, 0, 0]));
    assert!(exported.losses.is_empty(), "{}", exported.losses);
    assert_eq!(again.classes, dataset.classes);
    again.items.sort_by_key(|item| std::cmp::Reverse(item.id));
    // What an oriented box is to others: an outline of four corners.
    assert_eq!(again.items[0].annotations[4].polygons.len(), 1);
    again.items[0].annotations[4].polygons.clear();
    for item in &mut again.items {
        for annotation in &mut item.annotations {
            let area = annotation.area.as_mut().unwrap();
            *area = (*area * 1e6).round() / 1e6;
            annotation.bbox = annotation.bbox.map(|v| (v * 1e6).round() / 1e6);
        }
    }
    let mut expected = without_paths(&dataset);
    expected[0].annotations[1].area = Some((16.6_f64 * 40.7 * 1e6).round() / 1e6);
    assert_eq!(without_paths(&again), expected);
    // With run lengths the outlines become the pixels that they have.
    let (_dir, _, runs) = round_trip(&dataset, Format::CocoRle);
    let item = runs.items.iter().find(|item| item.name == "a.png").unwrap();
    let filled = masks::fill(&dataset.items[0].annotations[0].polygons, (64, 48));
    assert_eq!(item.annotations[0].mask, Some(filled));
}

#[test]
fn yolo_gives_boxes_outlines_points_and_corners_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES);
    let boxes = [[0.1, 0.2, 16.7, 40.9], [3.0, 4.0, 5.0, 6.0]];
    let outline: Polygon = vec![[1.5, 2.0], [30.25, 2.0], [20.1, 17.7], [3.0, 9.0], [2.0, 5.0]];
    let corners = [[10.0, 5.0], [30.0, 15.0], [25.0, 25.0], [5.0, 15.0]];
    let make = |format: Format, class: usize, bbox: [f64; 4]| match format {
        Format::YoloSegment => {
            Annotation { polygons: vec![outline.clone()], ..Annotation::new(class, [1.5, 2.0, 30.25, 17.7]) }
        }
        Format::YoloObb => {
            Annotation { corners: Some(corners), ..Annotation::new(class, [5.0, 5.0, 30.0, 25.0]) }
        }
        Format::YoloPose => Annotation { keypoints: pose(), ..Annotation::new(1, bbox) },
        _ => Annotation::new(class, bbox),
    };
    for (index, item) in dataset.items.iter_mut().enumerate() {
        item.split = Some(Split::ALL[index]);
    }
    for format in [Format::YoloDetect, Format::YoloSegment, Format::YoloPose, Format::YoloObb] {
        for item in &mut dataset.items[..2] {
            item.annotations = vec![make(format, 2, boxes[0]), make(format, 0, boxes[1])];
        }
        let (_dir, exported, again) = round_trip(&dataset, format);
        assert!(exported.losses.is_empty(), "{format:?}: {}", exported.losses);
        let names =
            |dataset: &Dataset| dataset.classes.iter().map(|class| class.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&again), names(&dataset));
        if format == Format::YoloPose {
            assert_eq!(again.classes[1].keypoints, dataset.classes[1].keypoints);
        }
        assert_eq!(again.items.len(), 3);
        for (item, was) in again.items.iter().zip(&dataset.items) {
            assert_eq!((&item.name, item.size, item.split), (&was.name, was.size, was.split));
            assert_eq!(item.annotations.len(), was.annotations.len(), "{format:?}");
            for (one, was) in item.annotations.iter().zip(&was.annotations) {
                assert_eq!(one.class, was.class);
                assert!(one.bbox.iter().zip(was.bbox).all(|(a, b)| close(*a, b)), "{format:?} {one:?}");
                let flat = |one: &Annotation| {
                    let mut all: Vec<f64> = one.polygons.iter().flatten().flatten().copied().collect();
                    all.extend(one.corners.iter().flatten().flatten());
                    all.extend(
                        one.keypoints.iter().flat_map(|p| [p.x, p.y, f64::from(p.visibility.number())]),
                    );
                    all
                };
                let (a, b) = (flat(one), flat(was));
                assert!(
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(*a, b)),
                    "{format:?} {one:?}"
                );
            }
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES);
    let ring = Rle { size: [48, 64], counts: vec![100, 5, 43, 1, 3, 1, 43, 5, 2871] };
    dataset.items[0].annotations = vec![
        Annotation { mask: Some(ring.clone()), ..Annotation::new(0, [2.0, 4.0, 5.0, 9.0]) },
        Annotation { crowd: true, ..Annotation::new(0, [2.0, 4.0, 5.5, 9.0]) },
        Annotation { keypoints: pose(), track_id: Some(1), ..Annotation::new(1, [0.0, 0.0, 17.0, 41.0]) },
        Annotation {
            state: State::Suggested,
            score: Some(0.5),
            ..Annotation::new(1, [0.0, 0.0, 17.0, 41.0])
        },
        Annotation { state: State::Rejected, ..Annotation::new(1, [0.0, 0.0, 17.0, 41.0]) },
    ];
    dataset.items[2].reviewed = false;
    let losses = |format| round_trip(&dataset, format).1.losses.to_string();
    assert_eq!(
        losses(Format::YoloSegment),
        "1 image that nobody has reviewed was left out; 1 suggestion that nobody has accepted was left out; the keypoints of 1 \
         object were left out; 1 crowd was left out; 1 hole in a mask was filled; 1 object without an outline became a \
         rectangle; 1 label lost its track."
    );
    let detect = losses(Format::YoloDetect);
    assert!(detect.contains("1 outline was left out"), "{detect}");
    // Suggestions go along if the user wants them.
    let out = dir.path().join("all");
    let options = ExportOptions { unreviewed: true, ..ExportOptions::default() };
    let exported = export(&dataset, Format::YoloDetect, &options, &out, |_, _| true).unwrap();
    assert_eq!((exported.images, exported.labels), (3, 3), "all but the crowd and the rejected one");
    let text = fs::read_to_string(out.join("labels/train/a.txt")).unwrap();
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn masks_of_several_parts_are_the_same_pixels_in_yolo() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES[..1]);
    let parts = vec![
        vec![[2.0, 2.0], [20.0, 2.0], [20.0, 12.0], [2.0, 12.0]],
        vec![[30.0, 5.0], [40.0, 5.0], [40.0, 25.0], [30.0, 25.0]],
    ];
    dataset.items[0].annotations =
        vec![Annotation { polygons: parts, ..Annotation::new(0, [2.0, 2.0, 40.0, 25.0]) }];
    let (_dir, exported, again) = round_trip(&dataset, Format::YoloSegment);
    assert_eq!(exported.losses.to_string(), "1 object of several parts was joined by a seam.");
    let pixels = |dataset: &Dataset| masks::fill(&dataset.items[0].annotations[0].polygons, (64, 48)).area();
    assert_eq!(pixels(&again), pixels(&dataset));
}

#[test]
fn a_split_is_the_same_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..50).map(|index| format!("{index}.png")).collect();
    let images: Vec<_> = names.iter().map(|name| (&name[..], (8, 8))).collect();
    let dataset = set_in(dir.path(), &images);
    let splits = |seed: u64, out: &str| {
        let parts = SplitParts { val: 0.2, test: 0.1, seed, again: false };
        let options = ExportOptions { parts: Some(parts), ..ExportOptions::default() };
        let out = dir.path().join(out);
        let exported = export(&dataset, Format::YoloDetect, &options, &out, |_, _| true).unwrap();
        assert_eq!(exported.splits, [35, 10, 5, 0]);
        let mut val: Vec<_> =
            fs::read_dir(out.join("images/val")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        val.sort();
        val
    };
    let first = splits(0, "first");
    assert_eq!(splits(0, "second"), first);
    assert_ne!(splits(1, "third"), first);
}

#[test]
fn classes_of_images_are_folders() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES);
    for (index, item) in dataset.items.iter_mut().enumerate() {
        item.class = Some(ImageClass { class: index.min(2), state: State::Accepted, score: None });
        item.split = Some(if index == 0 { Split::Val } else { Split::Train });
    }
    dataset.items[0].annotations = vec![Annotation::new(2, [10.0, 10.0, 30.5, 20.0])];
    let (_out, exported, again) = round_trip(&dataset, Format::Crops);
    assert_eq!(exported.losses.to_string(), "");
    let listed: Vec<_> = again.items.iter().map(|item| (&item.name[..], item.size, item.split)).collect();
    let (train, val) = (Some(Split::Train), Some(Split::Val));
    assert_eq!(
        listed,
        [
            ("train/person/b_c 猫.png", (37, 91), train),
            ("train/猫/empty.png", (20, 20), train),
            ("val/traffic light_ _red_ & _old_/a.png", (64, 48), val),
            ("val/猫/a_1.jpg", (21, 10), val),
        ]
    );
}

#[test]
fn an_import_is_a_data_set_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES);
    dataset.items[1].annotations =
        vec![Annotation { keypoints: pose(), ..Annotation::new(1, [0.0, 0.0, 17.0, 41.0]) }];
    let coco = dir.path().join("coco");
    export(&dataset, Format::Coco, &ExportOptions::default(), &coco, |_, _| true).unwrap();
    fs::remove_file(coco.join("images/empty.png")).unwrap();
    let own = dir.path().join("own");
    let imported = import(read(&coco, None).unwrap(), &own, |_, _| true).unwrap();
    assert_eq!(imported.missing.len(), 1);
    let again = Folder::open(&own).unwrap();
    assert_eq!((again.dataset.items.len(), &again.problems[..]), (2, &[][..]));
    assert_eq!(again.dataset, imported.opened.dataset);
    assert_eq!(again.dataset.items[1].annotations[0].keypoints, pose());
    assert!(again.dataset.items.iter().all(|item| item.reviewed && item.path.starts_with(&own)));
    // Ended in the middle, or into a folder that holds something: nothing is there and nothing is lost.
    let other = dir.path().join("other");
    let ended = import(read(&coco, None).unwrap(), &other, |_, _| false);
    assert!(matches!(ended, Err(DatasetError::Ended)));
    let taken = import(read(&coco, None).unwrap(), &own, |_, _| true);
    assert!(matches!(taken, Err(DatasetError::Taken { .. })));
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("unfinished") || name == "other"),
        "{left:?}"
    );
}

#[test]
fn unfinished_folders_of_yesterday_are_deleted_and_those_of_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let dataset = set_in(dir.path(), &[("a.png", (8, 8))]);
    let made = |name: &str, hours: u64| {
        let path = dir.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("a.png"), "x").unwrap();
        let then = std::time::SystemTime::now() - std::time::Duration::from_hours(hours);
        fs::File::open(&path).unwrap().set_modified(then).unwrap();
        path
    };
    let old = made(".sightline-abc.unfinished", 48);
    let others =
        [made(".sightline-def.unfinished", 1), made(".other.unfinished", 48), made("unfinished", 48)];
    let to = dir.path().join("out");
    export(&dataset, Format::Csv, &ExportOptions::default(), &to, |_, _| true).unwrap();
    assert!(!old.exists() && others.iter().all(|path| path.join("a.png").exists()));
}

#[test]
fn frames_of_one_video_are_all_for_the_same_and_new_ones_follow() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..60).map(|index| format!("{index}.png")).collect();
    let images: Vec<_> = names.iter().map(|name| (&name[..], (8, 8))).collect();
    let mut dataset = set_in(dir.path(), &images);
    let parts = SplitParts { val: 0.2, ..SplitParts::default() };
    let options = ExportOptions { parts: Some(parts), ..ExportOptions::default() };
    let export = |dataset: &mut Dataset, out: &str| {
        let exported = export(dataset, Format::Csv, &options, &dir.path().join(out), |_, _| true).unwrap();
        for (name, split) in exported.divided {
            dataset.items.iter_mut().find(|item| item.name == name).unwrap().split = Some(split);
        }
        exported.splits
    };
    let of_video = |dataset: &mut Dataset, videos: usize| {
        for (index, item) in dataset.items.iter_mut().enumerate() {
            let source = format!("{}.mp4", index % videos);
            item.origin = Some(Origin { source, frame: index as u64, time_s: None, model: None });
        }
    };
    of_video(&mut dataset, 6);
    let late = dataset.items.split_off(48);
    let splits = export(&mut dataset, "first");
    assert!(splits[1] == 8 && splits[0] == 40, "one video of six is for validation: {splits:?}");
    dataset.items.extend(late);
    assert_eq!(export(&mut dataset, "second"), [50, 10, 0, 0]);
    for video in 0..6 {
        let of: Vec<_> = dataset.items.iter().skip(video).step_by(6).map(|item| item.split).collect();
        assert!(of.iter().all(|split| *split == of[0]), "{video}: {of:?}");
    }
    let chosen = |dataset: &Dataset| crate::dataset::chosen(dataset.items.iter(), None);
    assert!(!chosen(&dataset).mixed);
    // With a single video there is no other way, and it is said.
    dataset.items.iter_mut().for_each(|item| item.split = None);
    of_video(&mut dataset, 1);
    assert_eq!(export(&mut dataset, "third"), [48, 12, 0, 0]);
    assert!(chosen(&dataset).mixed);
}

#[test]
fn names_that_lead_out_of_the_folder_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("secret.png"), "x").unwrap();
    let set = dir.path().join("set");
    fs::create_dir(&set).unwrap();
    let hostile = |name: &str| {
        let file = serde_json::json!({
            "images": [{"id": 1, "file_name": name, "width": 8, "height": 8}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}],
            "categories": [{"id": 1, "name": "a"}],
        });
        fs::write(set.join("coco.json"), file.to_string()).unwrap();
        read(&set.join("coco.json"), None).unwrap()
    };
    for name in ["../secret.png", "/etc/passwd", "a/../../secret.png", "C:\\x\\..\\secret.png", "a\0b", ""] {
        let read = hostile(name);
        assert!(read.dataset.items.is_empty(), "{name}");
        assert!(!read.problems.is_empty(), "{name}");
    }
    assert_eq!(hostile("a.png").dataset.items.len(), 1);
}

#[test]
fn damaged_labels_are_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("coco.json");
    let file = r#"{"images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 8}, {"id": "x"}],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b", "keypoints": ["x", "y"]}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 4]},
            {"image_id": 9, "category_id": 1, "bbox": [0, 0, 4, 4]},
            {"image_id": 1, "category_id": 7, "bbox": [0, 0, 4, 4]},
            {"image_id": 1, "category_id": 1, "bbox": [0, 0, -4, 4]},
            {"image_id": 1, "category_id": 1, "bbox": [0, 0, 4]},
            {"image_id": 1, "category_id": 1, "bbox": "four"},
            {"image_id": 1, "category_id": 1},
            {"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 4, 4]]},
            {"image_id": 1, "category_id": 1, "segmentation": {"size": [8, 8], "counts": [60, 5]}},
            {"image_id": 1, "category_id": 1, "segmentation": {"size": [4294967295, 4294967295], "counts": "abc"}},
            {"image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 4], "keypoints": [1, 1, 2]},
            {"image_id": 1, "category_id": 1, "bbox": [1e305, 0, 4, 4]},
            {"image_id": 1, "category_id": 1, "segmentation": [[0, 0, 4, 0, 4, 4]]}
        ]}"#;
    fs::write(&path, file).unwrap();
    let read_now = || read(&path, None).unwrap();
    let found = read_now();
    assert_eq!(found.dataset.items[0].annotations.len(), 2);
    assert_eq!(found.dataset.items[0].annotations[1].bbox, [0.0, 0.0, 4.0, 4.0]);
    let counted: usize = found
        .problems
        .iter()
        .map(|problem| match problem {
            Problem::Label { count, .. } => *count,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(counted, 12, "{:?}", found.problems);
    for text in [
        "",
        "{",
        "[]",
        "{\"images\": 3}",
        "{\"images\": [], \"annotations\": [{\"bbox\": [NaN]}], \"categories\": []}",
    ] {
        fs::write(&path, text).unwrap();
        assert!(matches!(read(&path, None), Err(DatasetError::Damaged { .. })), "{text}");
    }

    let dataset = set_in(&dir.path().join("yolo/images"), &IMAGES[..1]);
    let labels = dir.path().join("yolo/labels");
    fs::create_dir(&labels).unwrap();
    fs::write(dir.path().join("yolo/data.yaml"), "train: images\nnames: [a, b]").unwrap();
    let lines = "0 0.5 0.5 1 1\n1 nan 0.5 1 1\n5 0.5 0.5 0.1 0.1\n-1 0.5 0.5 1 1\n0.5 0.5 0.5 1 1\n0 0.5 0.5 -1 1\n0 0.5\nx y\n1e9 0 0 1 1\n0 1e305 0.5 1 1\n";
    fs::write(labels.join("a.txt"), lines).unwrap();
    let found = read(&dir.path().join("yolo"), None).unwrap();
    assert_eq!(found.dataset.items[0].annotations.len(), 2);
    assert_eq!(found.dataset.items[0].size, dataset.items[0].size);
    let text = found.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("2 labels") && text.contains("class 5") && text.contains("negative"), "{text}");
}

#[test]
fn nine_numbers_are_oriented_boxes_unless_the_file_says_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    set_in(&dir.path().join("images"), &IMAGES[..1]);
    fs::create_dir(dir.path().join("labels")).unwrap();
    fs::write(dir.path().join("labels/a.txt"), "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n").unwrap();
    let kinds = |yaml: &str| {
        fs::write(dir.path().join("data.yaml"), yaml).unwrap();
        let read = read(dir.path(), None).unwrap();
        let one = &read.dataset.items[0].annotations[0];
        (one.corners.is_some(), one.polygons.len())
    };
    assert_eq!(kinds("train: images"), (true, 0));
    assert_eq!(kinds("train: images\ntask: segment"), (false, 1));
    fs::remove_file(dir.path().join("data.yaml")).unwrap();
    fs::write(dir.path().join("classes.txt"), "car\n").unwrap();
    assert_eq!(read(dir.path(), None).unwrap().dataset.classes, [Class::new("car")]);
}

/// Whatever is done to the files of a data set, reading them ends, in an error or in fewer labels.
#[test]
fn damaged_files_never_end_in_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let mut dataset = set_in(dir.path(), &IMAGES[..1]);
    let outline = vec![vec![[1.5, 2.0], [30.25, 2.0], [20.1, 17.7]]];
    dataset.items[0].annotations = vec![
        Annotation { polygons: outline, ..Annotation::new(0, [1.5, 1.0, 42.0, 17.7]) },
        Annotation { keypoints: pose(), ..Annotation::new(1, [0.1, 0.2, 16.7, 40.9]) },
    ];
    let mut files = Vec::new();
    for format in [Format::CocoRle, Format::YoloPose, Format::YoloSegment] {
        let out = dir.path().join(format!("{format:?}"));
        export(&dataset, format, &ExportOptions::default(), &out, |_, _| true).unwrap();
        let named =
            ["annotations/instances.json", "data.yaml", "labels/train/a.txt"].map(|name| out.join(name));
        files.extend(named.into_iter().filter(|file| file.is_file()).map(|file| (out.clone(), file)));
    }
    let own = dir.path().join("own");
    import(read(&dir.path().join("CocoRle"), None).unwrap(), &own, |_, _| true).unwrap();
    files.push((own.clone(), own.join("labels/a.png.json")));
    files.push((own.clone(), own.join("dataset.json")));
    let mut random = 12345_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below.max(1)
    };
    let pieces: [&[u8]; 12] =
        [b"-", b"1e999", b"[", b"{", b"\"", b":", b"4294967296", b"\n", b"null", b"\xff", b"0.5 ", b""];
    for (root, file) in files {
        let whole = fs::read(&file).unwrap();
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..=next(3) {
                let at = next(bytes.len());
                let end = (at + next(6)).min(bytes.len());
                bytes.splice(at..end, pieces[next(pieces.len())].iter().copied());
            }
            fs::write(&file, &bytes).unwrap();
            if let Ok(read) = read(&root, None) {
                let finite =
                    read.dataset.items.iter().flat_map(|item| &item.annotations).flat_map(|one| one.bbox);
                assert!(finite.into_iter().all(f64::is_finite), "{}", String::from_utf8_lossy(&bytes));
            }
        }
        fs::write(&file, whole).unwrap();
    }
}
