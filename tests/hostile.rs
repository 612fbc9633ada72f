//! No bytes from outside make the program panic: the entry points of the fuzz targets with random bytes and with damaged files.

#[path = "../fuzz/entries.rs"]
mod entries;

use std::path::Path;

use proptest::prelude::*;

/// Damage to a file: changed bytes, and where it is cut.
fn damage() -> impl Strategy<Value = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>)> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    (changes, prop::option::weighted(0.2, any::<prop::sample::Index>()))
}

fn damaged(
    whole: &[u8],
    (changes, cut): (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>),
) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for (at, value) in changes {
        let at = at.index(bytes.len());
        bytes[at] = value;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(whole.len()));
    }
    bytes
}

fn models() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/families/models");
    let files = std::fs::read_dir(folder).expect("the models").map(|e| e.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "onnx")).collect();
    files.sort();
    files.iter().map(|p| std::fs::read(p).expect("readable")).collect()
}

/// A small JPEG, as cameras send it.
fn image() -> Vec<u8> {
    let pixels: Vec<u8> = (0..48 * 32 * 3).map(|i| (i * 7 % 251) as u8).collect();
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut bytes)
        .encode(&pixels, 48, 32, image::ExtendedColorType::Rgb8)
        .expect("encoded");
    bytes
}

const SIDECAR: &str = "family = 'yolov5'\ntask = 'segment'\nlayout = 'nhwc'\norder = 'bgr'\ncompanion = 'a.onnx'\n\
    labels = ['a', '狗']\nanchors = [[10.0, 13.0]]\nrange = { scale = 1.0, mean = [0,0,0], std = [1,1,1] }\n\
    fit = { kind = 'letterbox', pad = 114, centred = true, rounded = false }\n";
const SCENE: &str = "note = 'kept'\n[[lines]]\nname = 'left'\npoints = [[0.18, 0.64], [0.45, 0.64]]\ncolour = '#ff8800'\n\
    [[zones]]\nname = '门'\npoints = [[0.1, 0.2], [0.4, 0.2], [0.4, 0.9]]\nanchor = 'centre'\nclasses = ['car', 7]\ncapacity = 3\n\
    [[exercises]]\nname = 'curls'\njoints = ['left-shoulder', 7, 9]\n[perspective]\npoints = [[0.4, 0.3], [0.6, 0.3], [0.9, 0.9], [0.1, 0.9]]\n\
    width = 7\nlength = 30.5\n[heat_map]\nmode = 'decaying'\nhalf_life = 5\n[distances]\n[counting]\nresults = 3\nseconds = 0.2\ngap = 1\n";
const LESSON: &str = include_str!("../assets/lessons/4-precision.toml");
const LINES: &str = r#"{"source":"a","frame":0,"time_s":0.0,"size":[640,480],"task":"pose","detections":[{"class_id":0,"label":"person","score":0.9,"box":[10,20,50.5,90],"keypoints":[[11,22,0.5]],"corners":[[1,2],[3,4],[5,6],[7,8]],"angle":0.1}]}
{"source":"a","frame":1,"time_s":0.04,"size":[640,480],"task":"pose","detections":[{"class_id":0,"label":"person","score":0.9,"box":[12,20,52.5,90]}]}"#;
const NAMES: &str = r#"{0: 'a, b', 1: "yellow_lady's_slipper", 2: 'it\'s: {odd}', '3': '\u72d7', 4: [1, (2.5, None)], 5: True}"#;

const PUBLISHED: [&str; 2] = [
    r#"{"do_normalize": true, "rescale_factor": 0.0039, "do_center_crop": true, "crop_size": {"height": 224}, "resample": 3,
        "crop_pct": 0.875, "size": {"shortest_edge": 256}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#,
    r#"{"num_classes": 1000, "pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95,
        "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}"#,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        entries::model_file(&bytes);
        entries::metadata(&bytes);
        entries::texts(&bytes);
        entries::scene_file(&bytes);
        entries::lesson_file(&bytes);
        entries::result_lines(&bytes);
        entries::published_settings(&bytes);
        entries::jpeg(&bytes);
        entries::camera_frame(&bytes);
    }

    #[test]
    fn damaged_models(which in any::<prop::sample::Index>(), damage in damage()) {
        let models = models();
        let whole: &Vec<u8> = which.get(&models[..]);
        entries::model_file(&damaged(whole, damage));
    }

    #[test]
    fn damaged_texts(damage in damage()) {
        entries::texts(&damaged(SIDECAR.as_bytes(), damage.clone()));
        entries::scene_file(&damaged(SCENE.as_bytes(), damage.clone()));
        entries::lesson_file(&damaged(LESSON.as_bytes(), damage.clone()));
        entries::result_lines(&damaged(LINES.as_bytes(), damage.clone()));
        entries::metadata(&damaged(NAMES.as_bytes(), damage.clone()));
        for settings in PUBLISHED {
            entries::published_settings(&damaged(settings.as_bytes(), damage.clone()));
        }
    }

    #[test]
    fn damaged_images(damage in damage(), width in any::<u8>(), height in any::<u8>()) {
        let bytes = damaged(&image(), damage);
        entries::jpeg(&bytes);
        entries::camera_frame(&[&[6, width, height][..], &bytes].concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_output_of_a_network(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let model = include_bytes!("families/models/yolov5_seg.onnx");
        entries::outputs(&bytes, &entries::spec(model).expect("a spec"));
    }
}

#[test]
fn whole_files_are_read() {
    let known = models().iter().filter(|bytes| entries::spec(bytes).is_some()).count();
    assert!(known > 40, "{known}");
    for bytes in models() {
        entries::model_file(&bytes);
    }
    entries::texts(SIDECAR.as_bytes());
    entries::scene_file(SCENE.as_bytes());
    assert!(sightline::learn::lessons::Lesson::parse(LESSON).is_ok());
    entries::lesson_file(LESSON.as_bytes());
    entries::result_lines(LINES.as_bytes());
    entries::metadata(NAMES.as_bytes());
    for settings in PUBLISHED {
        assert!(sightline::model::preprocessing::parse(settings, 224).is_some(), "{settings}");
        entries::published_settings(settings.as_bytes());
    }
    entries::jpeg(&image());
}
