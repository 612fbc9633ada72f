//! What a user would notice in snapshots.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use std::{fs, io};

use super::*;
use crate::fixtures::model_info;
use crate::model::labels::Labels;
use crate::model::{Detection, Task};

const NOON: &str = "2026-11-24T15:04:05.250+08:00";

pub(in crate::save) fn now() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(NOON).expect("a valid time")
}

/// A frame whose left half is red and whose right half is blue.
fn frame() -> Frame {
    let mut frame = Frame::filled(64, 48, [255, 0, 0, 255]);
    for row in frame.data.chunks_exact_mut(64 * 4) {
        for pixel in row[32 * 4..].chunks_exact_mut(4) {
            pixel.copy_from_slice(&[0, 0, 255, 255]);
        }
    }
    frame.sequence = 60;
    frame
}

pub(in crate::save) fn prediction(names: Vec<String>) -> Prediction {
    let mut model = model_info();
    model.spec.labels = Labels::new(names);
    (model.path, model.sha256) = ("yolox_nano.onnx".into(), "695e75".into());
    let mut results = Results::default();
    results.clear(Task::Detect, (64, 48));
    results.detections.push(Detection::new(0, 0.75, [4.0, 20.0, 24.0, 40.0]));
    Prediction {
        frame: Arc::new(frame()),
        results,
        model: Arc::new(model),
        thresholds: Thresholds { classes: vec![0, 2], ..Thresholds::default() },
        times: StageTimes::default(),
        finished: Instant::now(),
        looks: crate::track::Looks::default(),
        report: None,
    }
}

pub(in crate::save) fn options(folder: &Path) -> SnapshotOptions {
    SnapshotOptions { folder: Some(folder.to_owned()), clean: true, ..SnapshotOptions::default() }
}

fn take(prediction: &Prediction, options: &SnapshotOptions, style: &Style) -> Result<Saved, SnapshotError> {
    let view = SnapshotView {
        source: "camera",
        frame: &prediction.frame,
        prediction: Some(prediction.into()),
        style,
        privacy: &Privacy::default(),
    };
    save_at(&view, options, now())
}

pub(in crate::save) fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

pub(in crate::save) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn pixels(path: &Path) -> image::RgbImage {
    image::open(path).expect("an image that can be read").to_rgb8()
}

#[test]
fn objects_are_saved_as_images_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut prediction = prediction(vec!["per/son".into()]);
    prediction
        .results
        .detections
        .push(Detection { track_id: Some(12), ..prediction.results.detections[0].clone() });
    let options = SnapshotOptions { objects: true, clean: false, ..options(folder.path()) };
    let view = SnapshotView {
        source: "a.mp4",
        frame: &prediction.frame,
        prediction: Some((&prediction).into()),
        style: &Style::default(),
        privacy: &Privacy::default(),
    };
    let saved = save(&view, &options).unwrap();
    let named = |ending: &str| {
        let name = saved.annotated.file_name().unwrap().to_string_lossy().replace(".png", ending);
        image::open(folder.path().join(name)).unwrap().to_rgba8()
    };
    for ending in [" per-son-1.png", " per-son-12.png"] {
        let object = named(ending);
        assert_eq!(object.dimensions(), (20, 20));
        let of_frame = |x: usize, y: usize| &prediction.frame.data[(y * 64 + x) * 4..][..4];
        assert_eq!(object.get_pixel(0, 0).0, of_frame(4, 20));
        assert_eq!(object.get_pixel(19, 19).0, of_frame(23, 39));
    }
    assert!(saved.json.is_some_and(|json| json.extension().is_some_and(|ending| ending == "json")));
}

#[test]
fn three_files_are_saved_under_one_readable_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let prediction = prediction(vec!["cat".into()]);
    let saved = take(&prediction, &options(folder.path()), &Style::default()).expect("it can be saved");
    let stem = "Sightline 2026-11-24 15.04.05";
    let expected = [format!("{stem}.png"), format!("{stem} clean.png"), format!("{stem}.json")];
    assert_eq!(names_in(folder.path()), expected.iter().cloned().collect());
    assert_eq!(saved.annotated, folder.path().join(&expected[0]));
    assert!(!saved.mirrored);
    assert_eq!((saved.thumbnail.width, saved.thumbnail.height), (64, 48));

    let clean = pixels(saved.clean.as_deref().expect("was asked for"));
    let original: Vec<u8> = frame().data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    assert_eq!(clean.into_raw(), original, "the clean image is the frame, pixel by pixel");
    let annotated = pixels(&saved.annotated);
    assert_eq!(annotated.dimensions(), (64, 48), "full resolution");
    assert_ne!(annotated.get_pixel(14, 20).0, [255, 0, 0], "the box is on it");
    assert_eq!(annotated.get_pixel(50, 44).0, [0, 0, 255]);
}

#[test]
fn the_json_has_the_detections_the_model_and_the_thresholds() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved =
        take(&prediction(vec!["cat".into()]), &options(folder.path()), &Style::default()).expect("saved");
    let text = fs::read_to_string(saved.json.expect("was asked for")).expect("readable");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["detections"][0]["label"], "cat");
    assert_eq!(json["detections"][0]["box"], serde_json::json!([4.0, 20.0, 24.0, 40.0]));
    assert_eq!((&json["source"], &json["frame"]), (&"camera".into(), &60.into()));
    assert_eq!((&json["model"], &json["task"]), (&"yolox_nano".into(), &"detect".into()));
    let mut details = json["model_details"].clone();
    // Only where another test has loaded it.
    details.as_object_mut().expect("an object").remove("runtime");
    assert_eq!(
        details,
        serde_json::json!({"sha256": "695e75", "family": "YOLOX", "provider": "CPU", "input": [416, 416]})
    );
    assert_eq!(
        json["thresholds"],
        serde_json::json!({"conf": 0.25, "iou": 0.7, "max_det": 300, "classes": [0, 2]})
    );
    assert_eq!(json["saved"], NOON);
    assert_eq!(json["program"], concat!("Sightline ", env!("CARGO_PKG_VERSION")));
    let _: SnapshotRecord = serde_json::from_str(&text).expect("it reads back");
}

#[test]
fn a_mirrored_preview_is_saved_mirrored_and_says_so_and_the_clean_one_is_as_the_camera_saw() {
    let folder = tempfile::tempdir().expect("a folder");
    let style = Style { mirror: true, ..Style::default() };
    let saved = take(&prediction(vec!["cat".into()]), &options(folder.path()), &style).expect("saved");
    assert!(saved.mirrored);
    assert_eq!(pixels(&saved.annotated).get_pixel(2, 46).0, [0, 0, 255], "blue is on the left");
    let clean = pixels(saved.clean.as_deref().expect("was asked for"));
    assert_eq!(clean.get_pixel(2, 46).0, [255, 0, 0], "red is on the left");
    let text = fs::read_to_string(saved.json.expect("was asked for")).expect("readable");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["files"]["annotated"]["mirrored"], true);
    assert_eq!(json["files"]["clean"]["mirrored"], false);
    assert_eq!(json["detections"][0]["box"][0], 4.0, "boxes are in the source's coordinates");
}

#[test]
fn without_a_model_the_image_is_saved_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let view = SnapshotView {
        source: "camera",
        frame: &frame(),
        prediction: None,
        style: &Style::default(),
        privacy: &Privacy::default(),
    };
    let options = SnapshotOptions { clean: false, ..options(folder.path()) };
    let saved = save(&view, &options).expect("saved");
    assert_eq!(names_in(folder.path()).len(), 2);
    assert_eq!(pixels(&saved.annotated).get_pixel(0, 0).0, [255, 0, 0]);
    let text = fs::read_to_string(saved.json.expect("was asked for")).expect("readable");
    assert!(text.contains("\"model\": null"), "{text}");
}

#[test]
fn jpeg_is_jpeg_and_only_what_was_asked_for_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SnapshotOptions {
        format: ImageFormat::Jpeg,
        quality: 0,
        clean: false,
        json: false,
        ..options(folder.path())
    };
    let saved = take(&prediction(Vec::new()), &options, &Style::default()).expect("saved");
    assert_eq!(names_in(folder.path()), set(&["Sightline 2026-11-24 15.04.05.jpg"]));
    let head = fs::read(saved.annotated).expect("readable");
    assert_eq!(&head[..3], [0xff, 0xd8, 0xff]);
}

#[test]
fn webp_is_webp_close_to_the_image_and_smaller_at_lower_quality() {
    let folder = tempfile::tempdir().expect("a folder");
    let with = |quality| SnapshotOptions {
        format: ImageFormat::WebP,
        quality,
        json: false,
        ..options(folder.path())
    };
    let prediction = prediction(Vec::new());
    let saved = take(&prediction, &with(95), &Style::default()).expect("saved");
    let clean = saved.clean.as_deref().expect("was asked for");
    assert_eq!(clean.extension().and_then(|e| e.to_str()), Some("webp"));
    let bytes = fs::read(clean).expect("readable");
    assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WEBPVP8 "[..]), "lossy");
    let [r, g, b] = pixels(clean).get_pixel(10, 10).0;
    assert!(r > 235 && g < 20 && b < 20, "{r} {g} {b}");
    let small = take(&prediction, &with(5), &Style::default()).expect("saved");
    let length = |path: &Path| fs::metadata(path).expect("it is there").len();
    assert!(length(&small.annotated) < length(&saved.annotated));
    let wide = Frame::filled(16_384, 1, [0, 0, 0, 255]);
    let view = SnapshotView {
        source: "camera",
        frame: &wide,
        prediction: None,
        style: &Style::default(),
        privacy: &Privacy::default(),
    };
    let error = save(&view, &with(90)).expect_err("WebP has no such images").to_string();
    assert!(error.contains("16383"), "{error}");
}

#[test]
fn what_is_taken_back_is_what_was_saved_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SnapshotOptions { objects: true, ..options(folder.path()) };
    let prediction = prediction(vec!["cat".into()]);
    let first = take(&prediction, &options, &Style::default()).expect("saved");
    let before = names_in(folder.path());
    let second = take(&prediction, &options, &Style::default()).expect("saved");
    assert_eq!(second.files.len(), 4, "annotated, clean, JSON, one object");
    for file in &second.files {
        fs::remove_file(file).expect("it was saved");
    }
    assert_eq!(names_in(folder.path()), before);
    assert!(first.files.iter().all(|file| file.exists()));
}

#[test]
fn what_is_copied_is_what_is_saved_with_the_same_people_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    let prediction = prediction(vec!["person".into()]);
    for on in [false, true] {
        let privacy = Privacy { on, ..Privacy::default() };
        let view = SnapshotView {
            source: "camera",
            frame: &prediction.frame,
            prediction: Some((&prediction).into()),
            style: &Style::default(),
            privacy: &privacy,
        };
        let saved = save(&view, &options(folder.path())).expect("saved");
        let copied = picture(&view).expect("there is a frame");
        let rgb: Vec<u8> = copied.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        assert_eq!(pixels(&saved.annotated).into_raw(), rgb, "privacy {on}");
    }
}

#[test]
fn nothing_is_ever_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SnapshotOptions { clean: false, ..options(folder.path()) };
    // Only a JSON of that name is there: the image must not be saved next to another snapshot's JSON.
    fs::write(folder.path().join("Sightline 2026-11-24 15.04.05.json"), "mine").expect("writable");
    let prediction = prediction(Vec::new());
    for number in 2..5 {
        let saved = take(&prediction, &options, &Style::default()).expect("saved");
        let name = format!("Sightline 2026-11-24 15.04.05 ({number}).png");
        assert_eq!(saved.annotated, folder.path().join(name));
    }
    let mine =
        fs::read_to_string(folder.path().join("Sightline 2026-11-24 15.04.05.json")).expect("readable");
    assert_eq!(mine, "mine");
    assert_eq!(names_in(folder.path()).len(), 1 + 3 * 2);
}

#[test]
fn a_missing_folder_is_made_but_not_a_whole_path() {
    let above = tempfile::tempdir().expect("a folder");
    let prediction = prediction(Vec::new());
    take(&prediction, &options(&above.path().join("new")), &Style::default()).expect("made and saved");
    let missing = above.path().join("no").join("such");
    let error = take(&prediction, &options(&missing), &Style::default()).expect_err("nowhere to go");
    assert!(matches!(error, SnapshotError::NoFolder { .. }), "{error}");
    assert!(error.to_string().contains("such") && error.fix().contains("another folder"));
    assert!(!above.path().join("no").exists());
    let file = above.path().join("file");
    fs::write(&file, "").expect("writable");
    let error = take(&prediction, &options(&file), &Style::default()).expect_err("a file");
    assert!(matches!(error, SnapshotError::NotAFolder { .. }), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_without_write_permission_is_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).expect("may be changed");
    let is_writable = fs::write(folder.path().join("probe"), "").is_ok();
    // The superuser may write anywhere, except where the kernel provides the files.
    let target = if is_writable { Path::new("/sys") } else { folder.path() };
    let error = take(&prediction(Vec::new()), &options(target), &Style::default()).expect_err("not writable");
    assert!(matches!(error, SnapshotError::Forbidden { .. } | SnapshotError::ReadOnly { .. }), "{error}");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("may be changed");
}

/// On a real file system of 64 kB, if this account may mount one; the mapping of the error is also tested below.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_no_file_is_left() {
    use std::process::Command;
    let folder = tempfile::tempdir().expect("a folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(folder.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        return;
    }
    let noise: Vec<u8> =
        (0..400_u32 * 400 * 4).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let frame = Frame { width: 400, height: 400, data: noise, ..Frame::default() };
    let view = SnapshotView {
        source: "camera",
        frame: &frame,
        prediction: None,
        style: &Style::default(),
        privacy: &Privacy::default(),
    };
    let result = save(&view, &options(folder.path()));
    let left = names_in(folder.path());
    let unmounted = Command::new("umount").arg(folder.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    let error = result.expect_err("640 kB don't fit into 64");
    assert!(matches!(error, SnapshotError::Full { bytes, .. } if bytes > 64_000), "{error}");
    assert_eq!(left, set(&[]));
}

#[test]
fn errors_of_the_system_become_sentences_with_a_remedy() {
    for (kind, word) in [
        (io::ErrorKind::StorageFull, "full"),
        (io::ErrorKind::QuotaExceeded, "full"),
        (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
        (io::ErrorKind::PermissionDenied, "may not write"),
        (io::ErrorKind::NotFound, "doesn't exist"),
        (io::ErrorKind::Other, "couldn't be saved"),
    ] {
        let error = SnapshotError::of(kind.into(), Path::new("/images"), 2_500_000);
        let message = error.to_string();
        assert!(message.contains(word) && message.contains("/images"), "{message}");
        assert!(!error.fix().is_empty());
    }
    let full = SnapshotError::of(io::ErrorKind::StorageFull.into(), Path::new("/p"), 2_500_000);
    assert!(full.to_string().contains("2.5 MB"), "{full}");
}

#[test]
fn hostile_names_of_classes_and_sources_do_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = format!("../../etc/\u{202e}\u{0}\n\"'{}", "long ".repeat(10_000));
    let prediction = prediction(vec![name.clone()]);
    let view = SnapshotView {
        source: "/../\u{0}\n",
        frame: &prediction.frame,
        prediction: Some((&prediction).into()),
        style: &Style::default(),
        privacy: &Privacy::default(),
    };
    let saved = save_at(&view, &options(folder.path()), now()).expect("saved");
    assert_eq!(names_in(folder.path()).len(), 3);
    let text = fs::read_to_string(saved.json.expect("was asked for")).expect("readable");
    let record: SnapshotRecord = serde_json::from_str(&text).expect("JSON");
    assert_eq!(record.frame.detections[0].label, name);
    assert_eq!(record.frame.source, view.source);
}

#[test]
fn without_a_frame_there_is_no_image_to_save() {
    let folder = tempfile::tempdir().expect("a folder");
    let view = SnapshotView {
        source: "camera",
        frame: &Frame::default(),
        prediction: None,
        style: &Style::default(),
        privacy: &Privacy::default(),
    };
    assert!(matches!(save(&view, &options(folder.path())), Err(SnapshotError::NoImage)));
    assert_eq!(names_in(folder.path()), set(&[]));
}

#[test]
fn who_is_hidden_is_hidden_in_both_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut prediction = prediction(vec!["person".into()]);
    prediction.thresholds.classes.clear();
    // A pattern of single pixels, which blocks can't show.
    let mut frame = Frame::clone(&prediction.frame);
    for (n, pixel) in frame.data.chunks_exact_mut(4).enumerate() {
        pixel[0] = if (n % 64 + n / 64) % 2 == 0 { 255 } else { 0 };
    }
    let options = options(folder.path());
    let style = Style { boxes: false, labels: false, ..Style::default() };
    let pattern_in = |path: &Path, [x1, y1, x2, y2]: [u32; 4]| {
        let image = image::open(path).expect("an image").to_rgb8();
        let differs =
            |x: u32, y: u32| image.get_pixel(x, y).0[0].abs_diff(image.get_pixel(x + 1, y).0[0]) > 100;
        (y1..y2).any(|y| (x1..x2).any(|x| differs(x, y)))
    };
    let take = |prediction: Option<&Prediction>| {
        let privacy = Privacy::hiding(vec!["person".into()]);
        let view = SnapshotView {
            source: "camera",
            frame: &frame,
            prediction: prediction.map(Into::into),
            style: &style,
            privacy: &privacy,
        };
        let saved = save_at(&view, &options, now()).expect("saved");
        [saved.annotated, saved.clean.expect("asked for")]
    };
    for path in take(Some(&prediction)) {
        assert!(!pattern_in(&path, [4, 20, 23, 40]), "the person is seen in {path:?}");
        assert!(pattern_in(&path, [40, 0, 63, 48]), "the rest is as it was in {path:?}");
    }
    // Without a result, nobody knows where people are.
    for path in take(None) {
        assert!(!pattern_in(&path, [0, 0, 63, 48]), "{path:?}");
    }
}
