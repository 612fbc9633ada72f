//! `sightline teach`: from a folder of class folders to one ONNX file.

mod common;

use std::path::{Path, PathBuf};

use common::{Ended, TestEnv, onnx, real};
use image::{Rgb, RgbImage};
use serde_json::Value;

/// Draws image `number` of a class: red stripes, blue squares or a green slope, each in other light, of another size, with noise. The colours
/// tell a wrong colour order.
fn draw(class: usize, number: u32) -> RgbImage {
    let mut state = u64::from(number) * 977 + class as u64 * 31 + 5;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let (light, shift, period) =
        (0.6 + 0.4 * random(), (random() * 20.0) as u32, 6 + (random() * 6.0) as u32);
    let side = 64 + (random() * 60.0) as u32;
    RgbImage::from_fn(side + 10, side, |x, y| {
        let (x, y) = (x + shift, y + shift);
        let colour = match class {
            0 if (x / period) % 2 == 0 => [220.0, 40.0, 40.0],
            0 => [120.0, 30.0, 30.0],
            1 if (x / period + y / period) % 2 == 0 => [40.0, 60.0, 230.0],
            1 => [20.0, 20.0, 110.0],
            _ => [30.0, 60.0 + 150.0 * y as f32 / (side + 20) as f32, 40.0],
        };
        Rgb(colour.map(|value: f32| (value * light + 24.0 * random() - 12.0).clamp(0.0, 255.0) as u8))
    })
}

const NAMES: [&str; 3] = ["it's red", "狗", "green"];

/// A project of three classes with ten images each to learn from and as many held out.
fn project(root: &Path) {
    for (part, first) in [("train", 0), ("val", 100)] {
        for (class, name) in NAMES.iter().enumerate() {
            let folder = root.join(part).join(name);
            std::fs::create_dir_all(&folder).expect("a folder");
            for number in 0..10 {
                let letter = char::from(b'a' + number as u8);
                draw(class, first + number).save(folder.join(format!("{letter}.png"))).expect("an image");
            }
        }
    }
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

/// The scores of the classes that `predict` finds, by name.
fn predicted(env: &TestEnv, model: &Path, image: &Path) -> Vec<(String, f64)> {
    let arguments = [
        "predict".as_ref(),
        image.as_os_str(),
        "--model".as_ref(),
        model.as_os_str(),
        "--format".as_ref(),
        "jsonl".as_ref(),
    ];
    let line = env.run(arguments).with_code(0).json_lines().remove(0);
    let classes = line["top"].as_array().unwrap_or_else(|| panic!("{line}")).clone();
    let one = |class: &Value| {
        (class["label"].as_str().expect("a name").to_owned(), class["score"].as_f64().expect("a score"))
    };
    classes.iter().map(one).collect()
}

fn setup() -> (TestEnv, PathBuf) {
    let env = TestEnv::new();
    project(&env.path("three"));
    let backbone = env.path("small.onnx");
    onnx::small_classifier(&backbone);
    (env, backbone)
}

#[test]
fn three_classes_are_taught_and_the_saved_file_tells_them() {
    let (env, _) = setup();
    for (file, more) in [("float.onnx", &[][..]), ("bytes.onnx", &["--bytes"])] {
        let arguments = ["teach", "three", "--backbone", "small.onnx", "--save", file, "--format", "json"];
        let answer = json(&env.run(arguments.iter().chain(more)).with_code(0));
        assert_eq!(answer["backbone"]["tensor"], "embedding", "{answer}");
        assert_eq!(answer["backbone"]["numbers"], 24);
        assert_eq!(answer["folds"], 5);
        assert_eq!(answer["cross_validation"].as_array().map(Vec::len), Some(3));
        let held_out = &answer["held_out"];
        assert_eq!(held_out["count"], 30);
        assert!(held_out["accuracy"]["share"].as_f64().is_some_and(|share| share >= 0.95), "{held_out}");
        let saved = &answer["saved"];
        assert_eq!(saved["verified"], 60);
        assert!(saved["difference"].as_f64().is_some_and(|most| most <= 1e-4), "{saved}");
        assert_eq!(saved["sha256"].as_str().map(str::len), Some(64));
    }
    let info = env.run(["models", "info", "bytes.onnx"]).with_code(0).out;
    for part in ["Classifier", "green, it's red, 狗", "uint8", "32×32", "0..255"] {
        assert!(info.contains(part), "{part}: {info}");
    }
    let info = env.run(["models", "info", "float.onnx"]).with_code(0).out;
    assert!(info.contains("Pillow’s bilinear") && info.contains("100% certain"), "{info}");
    for (class, name) in NAMES.iter().enumerate() {
        let image = env.path(format!("{class}.png"));
        draw(class, 200).save(&image).expect("an image");
        let float = predicted(&env, &env.path("float.onnx"), &image);
        let bytes = predicted(&env, &env.path("bytes.onnx"), &image);
        assert_eq!(float[0].0, *name, "{float:?}");
        for (float, bytes) in float.iter().zip(&bytes) {
            // Scores are written in thousandths.
            assert!(float.0 == bytes.0 && (float.1 - bytes.1).abs() < 0.0011, "{float:?} {bytes:?}");
        }
    }
}

/// A name that says how another network's images are prepared must not change a file that says it itself.
#[test]
fn the_saved_files_name_says_nothing() {
    let (env, _) = setup();
    let teach = ["teach", "three", "--backbone", "small.onnx", "--save"];
    env.run(teach.iter().chain(&["plain.onnx", "--quiet"])).with_code(0);
    std::fs::copy(env.path("plain.onnx"), env.path("beit_base_patch16_224.onnx")).expect("a copy");
    let line = |name: &str| {
        let info = env.run(["models", "info", name]).with_code(0).out;
        info.lines().find(|line| line.contains("preprocessing")).map(str::to_owned)
    };
    assert_eq!(line("plain.onnx"), line("beit_base_patch16_224.onnx"));
}

#[test]
fn text_says_what_was_found_and_what_to_collect() {
    let (env, _) = setup();
    std::fs::remove_dir_all(env.path("three").join("val")).expect("removed");
    for letter in ["a", "b", "c", "d", "e", "f", "g"] {
        std::fs::remove_file(env.path("three").join("train/green").join(format!("{letter}.png")))
            .expect("removed");
    }
    std::fs::write(env.path("three").join("train/green/broken.png"), "no image").expect("written");
    let ended = env.run(["teach", "three", "--backbone", "small.onnx", "--head", "logistic"]).with_code(1);
    assert!(ended.err.contains("broken.png") && ended.err.contains("was left out"), "{}", ended.err);
    for part in [
        "cut at “embedding”, 24 numbers",
        "last fully connected layer",
        "in 3 folds",
        "logistic",
        "more images of “green”, which has 3",
    ] {
        assert!(ended.out.contains(part), "{part}: {}", ended.out);
    }
    assert!(!ended.out.contains("in one go"), "their names are letters: {}", ended.out);
    assert!(!ended.out.contains("mlp"), "only the head that was asked for: {}", ended.out);
}

#[cfg(target_os = "linux")]
#[test]
fn an_image_whose_name_is_no_text_is_learnt_from() {
    use std::os::unix::ffi::OsStrExt as _;

    let (env, _) = setup();
    let folder = env.path("three").join("train").join("green");
    let name = std::ffi::OsStr::from_bytes(b"bad\xff.png");
    std::fs::rename(folder.join("a.png"), folder.join(name)).expect("renamed");
    let arguments = ["teach", "three", "--backbone", "small.onnx", "--head", "mean", "--format", "json"];
    let answer = json(&env.run(arguments).with_code(0));
    assert_eq!(answer["cross_validation"][0]["count"], 30, "{answer}");
}

/// Ten images whose names differ only in their numbers may be frames of a second of video.
#[test]
fn a_class_that_was_taken_in_one_go_is_named() {
    let (env, _) = setup();
    std::fs::remove_dir_all(env.path("three").join("val")).expect("removed");
    let folder = env.path("three").join("train").join("green");
    for (number, letter) in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].into_iter().enumerate() {
        let to = folder.join(format!("clip_{number:04}.png"));
        std::fs::rename(folder.join(format!("{letter}.png")), to).expect("renamed");
    }
    let arguments = ["teach", "three", "--backbone", "small.onnx", "--head", "mean"];
    let text = env.run(arguments).with_code(0).out;
    assert!(text.contains("images of “green” in another place"), "{text}");
    let answer = json(&env.run(arguments.iter().chain(&["--format", "json"])).with_code(0));
    let one_take = serde_json::json!({"kind": "one-take", "classes": [0]});
    assert!(answer["advice"].as_array().is_some_and(|all| all.contains(&one_take)), "{answer}");
    // Two takes are left out one at a time: no more folds than that.
    for number in 5..10 {
        let from = folder.join(format!("clip_{number:04}.png"));
        std::fs::rename(from, folder.join(format!("later_{number:04}.png"))).expect("renamed");
    }
    let answer = json(&env.run(arguments.iter().chain(&["--format", "json"])).with_code(0));
    assert_eq!(answer["folds"], 2);
    assert!(answer["advice"].as_array().is_some_and(|all| !all.contains(&one_take)), "{answer}");
}

/// Scores are those of the images: where none is left, nothing was verified.
#[test]
fn nothing_is_saved_that_was_not_verified() {
    use sightline::learn::teach::{self, ExportOptions, Samples, TeachError};
    use sightline::model::{CancelToken, OpenOptions};

    let (env, backbone) = setup();
    let token = CancelToken::default();
    let project = teach::Project::open(&env.path("three")).expect("opens").project;
    let mut backbone = teach::Backbone::open(&backbone, None, &OpenOptions::default()).expect("opens");
    let samples: Samples = teach::Embeddings::default()
        .of_project(&project, &mut backbone, &token, &mut |_, _| {})
        .expect("embeddings");
    let head = teach::train(&samples, &teach::TrainOptions::default(), &token).expect("trained").head;
    std::fs::remove_dir_all(env.path("three")).expect("removed");
    let file = env.path("none.onnx");
    let options = ExportOptions::default();
    let error = teach::export(&backbone, &head, &samples, &file, &options, &token, &mut |_, _| {})
        .expect_err("nothing to verify it by");
    assert!(matches!(error, TeachError::Unverified), "{error}");
    assert!(error.to_string().contains("none of the images") && !error.fix().is_empty());
    assert!(!file.exists());
}

#[test]
fn every_failure_is_one_sentence_with_its_fix_and_leaves_no_file() {
    let (env, _) = setup();
    let one = env.path("one");
    std::fs::create_dir_all(one.join("a")).expect("a folder");
    draw(0, 1).save(one.join("a/a.png")).expect("an image");
    for class in 0..21 {
        let folder = env.path("many").join(format!("c{class}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        draw(0, class).save(folder.join("a.png")).expect("an image");
    }
    std::fs::create_dir_all(env.path("outside")).expect("a folder");
    std::fs::write(env.path("outside").join("teach.toml"), "[[classes]]\nname = 'a'\nfolder = '../one'")
        .expect("written");
    std::fs::write(env.path("output.toml"), "range = 'byte'").expect("written");
    let backbone = &["--backbone", "small.onnx"][..];
    for (arguments, code, says) in [
        (&["gone"][..], 1, "doesn't exist"),
        (&["small.onnx"], 1, "isn't a folder"),
        (&["one"], 1, "has 1 class with images"),
        (&["many"], 1, "more classes than 20"),
        (&["outside"], 1, "isn't one in the project's own folder"),
        (&["three", "--tensor", "nowhere"], 1, "“nowhere” can't be the embedding"),
        (&["three", "--save", "gone/out.onnx"], 1, "doesn’t exist"),
        (&["three", "--save", "out.txt"], 2, "another ending"),
        (&["three", "--save", "small.onnx"], 1, "“small.onnx” exists."),
        (&["three", "--save", "small.onnx"], 1, "replace it with “--force”"),
        (&["three", "--save", "small.onnx", "--force"], 1, "replace its own backbone"),
        (&["three", "--force"], 2, "--save"),
        (&["three", "--adapter", "cats.onnx_adapter"], 2, "can’t run with an adapter"),
        (&["three", "--save", "output.onnx"], 1, "output.toml” lies there: a settings file"),
        (&["three", "--bytes"], 2, "is for a model that is saved"),
        (&["three", "--c", "0"], 2, "above zero"),
    ] {
        let before = std::fs::read(env.path("small.onnx")).expect("read");
        let ended = env.run(["teach"].iter().chain(arguments).chain(backbone)).with_code(code);
        assert!(ended.err.contains(says), "{arguments:?}: {}", ended.err);
        assert!(code == 2 || ended.err.contains("fix: "), "{arguments:?}: {}", ended.err);
        assert_eq!(std::fs::read(env.path("small.onnx")).expect("read"), before);
    }
    let ended = env.run(["teach", "three"]).with_code(2);
    assert!(ended.err.contains("no backbone yet") && ended.err.contains("--backbone"), "{}", ended.err);
    let left: Vec<String> = std::fs::read_dir(env.path(""))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        !left.iter().any(|name| name.starts_with("out") && !["outside", "output.toml"].contains(&&name[..])
            || name.starts_with(".sightline")),
        "{left:?}"
    );
}

/// Detectors are cut at a feature map, and one with a second input loses it.
#[test]
fn real_networks_of_every_kind_are_backbones() {
    let env = TestEnv::new();
    for (class, file) in ["bus.jpg", "dog.jpg", "traffic_060.jpg"].into_iter().enumerate() {
        let image = image::open(real(&format!("media/{file}"))).expect("an image").to_rgb8();
        let folder = env.path("three").join(class.to_string());
        std::fs::create_dir_all(&folder).expect("a folder");
        for part in 0..4u32 {
            let (w, h) = (image.width() * 2 / 3, image.height() * 2 / 3);
            let (x, y) = (part % 2 * (image.width() - w), part / 2 * (image.height() - h));
            let crop = image::imageops::crop_imm(&image, x, y, w, h).to_image();
            let letter = char::from(b'a' + part as u8);
            crop.save(folder.join(format!("{letter}.png"))).expect("an image");
        }
    }
    for (model, numbers) in [("mobilenet_v2_int8", 1280), ("yolox_nano", 256), ("deimv2_atto_int8", 128)] {
        let path = real(&format!("models/{model}.onnx"));
        let arguments = ["teach".as_ref(), "three".as_ref(), "--backbone".as_ref(), path.as_os_str()];
        let more = ["--save", "out.onnx", "--force", "--format", "json"].map(std::ffi::OsStr::new);
        let answer = json(&env.run(arguments.into_iter().chain(more)).with_code(0));
        assert_eq!(answer["backbone"]["numbers"], numbers, "{model}");
        assert_eq!(answer["cross_validation"][0]["correct"], 12, "{model}: {answer}");
        assert_eq!(answer["saved"]["verified"], 12);
    }
}
