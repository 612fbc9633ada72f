//! The command line does what its help says, reports what it can't do, and never harms a file.

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};

use common::{Ended, TestEnv, frames_in, interrupt, json_lines, shared};
use serde_json::Value;

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn wrong_usage_exits_with_2_and_names_what_is_wrong() {
    let env = TestEnv::new();
    let bus = env.bring("media/bus.jpg", "bus.jpg");
    let bus = bus.to_str().expect("a plain path");
    let wrong: &[(&[&str], &str)] = &[
        (&["predict"], "SOURCE"),
        (&["predict", bus, "--conf", "2"], "0 to 1"),
        (&["predict", bus, "--max-frames", "0"], "--max-frames"),
        (&["predict", bus, "--imgsz", "big"], "640x384"),
        (&["predict", bus, "--format", "xml"], "--format"),
        (&["predict", ""], "not a camera, file, folder"),
        (&["predict", "pattern:0x0"], "pattern:0x0"),
        (&["predikt"], "sightline predict"),
        (&["--model", "m.onnx", "predict", bus], "after the command"),
        (&["models", "info"], "MODEL"),
    ];
    for (arguments, word) in wrong {
        let ended = env.run(*arguments).with_code(2);
        assert!(ended.out.is_empty() && ended.err.contains(word), "{arguments:?}: {}", ended.err);
    }
    let ended = env.predict([bus, "--classes", "persn"]).with_code(2);
    assert!(ended.err.contains("Did you mean person?"), "{}", ended.err);
}

#[test]
fn a_model_where_none_is_taken_is_an_error_that_shows_what_to_type() {
    let env = TestEnv::new();
    env.bring("media/dog.jpg", "dog.jpg");
    let wrong: &[(&[&str], &str)] = &[
        (
            &["predict", "dog.jpg", "missing.jpg", "a.onnx", "my model.ONNX"],
            "sightline compare SOURCE --model a.onnx --model 'my model.ONNX'",
        ),
        (
            &["predict", "dog.jpg", "b.onnx", "--model", "a.onnx"],
            "sightline compare dog.jpg --model a.onnx --model b.onnx",
        ),
        (&["bench", "--source", "m.onnx"], "sightline bench m.onnx"),
        (&["--source", "m.onnx"], "sightline m.onnx"),
    ];
    for (arguments, typed) in wrong {
        let ended = env.run(*arguments).with_code(2);
        let [.., error, fix] = ended.err.lines().collect::<Vec<_>>()[..] else {
            panic!("{arguments:?}: {}", ended.err)
        };
        let told = [
            "is a model, not an image or video.",
            "2 models are named, and \u{201c}predict\u{201d} runs one.",
        ];
        assert!(told.iter().any(|told| error.ends_with(told)), "{arguments:?}: {error}");
        assert!(fix.starts_with("  fix: ") && fix.ends_with(&format!("  {typed}")), "{arguments:?}: {fix}");
        assert!(ended.out.is_empty(), "{arguments:?}: {}", ended.out);
    }
}

#[test]
fn models_are_named_beside_the_sources_by_file_or_name() {
    let env = TestEnv::new();
    let bus = env.bring("media/bus.jpg", "bus.jpg");
    let own = env.bring("models/yolox_nano.onnx", "own.onnx");
    std::fs::copy(own, env.models().join("yolox_nano.onnx")).expect("a copy");
    let of = |arguments: &[&str]| env.run(arguments).with_code(0);
    let found = |arguments: &[&str]| of(arguments).json_lines()[0]["detections"].clone();
    let named = found(&["predict", "bus.jpg", "yolox_nano", "--format", "jsonl"]);
    assert!(named.as_array().is_some_and(|found| !found.is_empty()), "{named}");
    assert_eq!(found(&["predict", "own.onnx", "bus.jpg", "--format", "jsonl"]), named);
    let compared = of(&["compare", "bus.jpg", "yolox_nano", "own.onnx", "--format", "jsonl"]);
    assert_eq!(compared.json_lines()[0]["models"].as_array().map(Vec::len), Some(2), "{}", compared.out);
    assert!(bus.exists());
    // A name of the catalogue that isn't here is no camera.
    let ended = env.run(["predict", "bus.jpg", "efficientnet-lite4-11"]).with_code(2);
    assert!(ended.err.contains("sightline models pull efficientnet-lite4-11"), "{}", ended.err);
    let ended = env.run(["--language", "zh", "predict", "bus.jpg"]).with_code(2);
    assert!(ended.err.contains("\u{201c}--language\u{201d} stands before the command"), "{}", ended.err);
}

/// Microsoft's builds of ONNX Runtime would put an identifier of this computer into the cache folder.
#[test]
fn a_run_leaves_nothing_outside_its_own_folders() {
    let env = TestEnv::new();
    let bus = env.bring("media/bus.jpg", "bus.jpg");
    let mut command = env.predicting();
    command.arg(bus).env_remove("ORT_DISABLE_TELEMETRY").env_remove("XDG_CACHE_HOME");
    Ended::of(command.output().expect("it starts")).with_code(0);
    let home = env.path("..");
    let (mut folders, mut left) = (vec![home.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { left.push(path) }
        }
    }
    let own = ["data/sightline", "work"].map(|folder| home.join(folder));
    left.retain(|path| !own.iter().any(|folder| path.starts_with(folder)));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn help_and_version_are_no_errors() {
    let env = TestEnv::new();
    for arguments in [&["--help"][..], &["--version"], &["predict", "--help"], &["bench", "--help"]] {
        let ended = env.run(arguments).with_code(0);
        assert!(!ended.out.is_empty() && ended.err.is_empty(), "{arguments:?}");
    }
    let help = env.run(["predict", "--help"]).out;
    assert!(help.contains("Examples:") && help.contains("--save"), "{help}");
}

#[test]
fn a_failure_is_a_sentence_with_its_fix() {
    let env = TestEnv::new();
    let bus = env.bring("media/bus.jpg", "bus.jpg");
    let whole = std::fs::read(shared("models/yolox_nano.onnx")).expect("the model");
    std::fs::write(env.path("cut.onnx"), &whole[..whole.len() / 2]).expect("a truncated model");
    std::fs::write(env.path("text.onnx"), "no model at all\n").expect("a text file");
    std::fs::write(env.path("broken.jpg"), &std::fs::read(&bus).expect("an image")[..200]).expect("a file");
    std::fs::create_dir(env.path("empty")).expect("an empty folder");
    let failing: &[(&[&str], &str)] = &[
        (&["predict", "nothing.jpg"], "doesn't exist"),
        (&["predict", "bus.jpg"], "No model was named"),
        (&["predict", "bus.jpg", "--model", "nothing.onnx"], "doesn't exist"),
        (&["predict", "bus.jpg", "--model", "cut.onnx"], "not a valid ONNX file"),
        (&["predict", "bus.jpg", "--model", "text.onnx"], "not a valid ONNX file"),
        (&["models", "info", "cut.onnx"], "not a valid ONNX file"),
    ];
    for (arguments, words) in failing {
        let ended = env.run(*arguments).with_code(1);
        assert!(ended.out.is_empty() && ended.err.contains(words), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains("  fix: "), "{arguments:?}: {}", ended.err);
    }
    for source in ["broken.jpg", "empty", "*.tiff"] {
        let ended = env.predict([source]).with_code(1);
        assert!(ended.err.contains("error: ") && ended.err.contains("  fix: "), "{source}: {}", ended.err);
    }
}

#[test]
fn one_bad_image_leaves_the_others_and_standard_output_stays_json() {
    let env = TestEnv::new();
    env.bring("media/bus.jpg", "a.jpg");
    std::fs::write(env.path("b.jpg"), "no image").expect("a file");
    env.bring("media/dog.jpg", "c.jpg");
    let ended = env.predict(["a.jpg", "missing.jpg", "b.jpg", "c.jpg", "--format", "json"]).with_code(1);
    let frames = ended.json_lines();
    let sources: Vec<&str> = frames.iter().filter_map(|f| f["source"].as_str()).collect();
    assert_eq!(sources.len(), 2, "{}", ended.out);
    assert!(sources[0].ends_with("a.jpg") && sources[1].ends_with("c.jpg"), "{sources:?}");
    assert!(ended.err.contains("missing.jpg") && ended.err.contains("b.jpg"), "{}", ended.err);
    let bus = &frames[0];
    assert_eq!(bus["size"], serde_json::json!([810, 1080]));
    assert_eq!((&bus["model"], &bus["task"]), (&"yolox_nano".into(), &"detect".into()));
    assert!(bus["detections"].as_array().expect("a list").iter().any(|d| d["label"] == "bus"));
    for stage in ["decode", "input", "inference", "output", "total"] {
        assert!(bus["ms"][stage].as_f64().expect("a time") >= 0.0, "{stage}");
    }
    let other = env.predict(["a.jpg", "c.jpg"]).with_code(0);
    assert!(
        other.out.contains("a.jpg 810×1080: 3 person, 1 bus")
            || other.out.contains("a.jpg 810×1080: 4 person, 1 bus"),
        "{}",
        other.out
    );
    assert!(other.out.contains("inference") && other.out.contains("2 frames of 2 sources"), "{}", other.out);
}

#[test]
fn only_the_chosen_classes_are_found() {
    let env = TestEnv::new();
    let bus = env.bring("media/bus.jpg", "bus.jpg");
    for classes in ["bus", "公共汽车", "5"] {
        let ended = env.predict([
            bus.as_os_str(),
            "--format".as_ref(),
            "json".as_ref(),
            "--classes".as_ref(),
            classes.as_ref(),
        ]);
        let frames = ended.with_code(0).json_lines();
        let found = frames[0]["detections"].as_array().expect("a list").clone();
        assert!(!found.is_empty() && found.iter().all(|d| d["class_id"] == 5), "{classes}: {found:?}");
    }
}

/// Starts `predict` on the test pattern and waits for its first two frames.
fn running_pattern(env: &TestEnv, more: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, String) {
    let mut command = env.predicting();
    command.args(["pattern:320x240@30", "--format", "json", "--quiet"]).args(more);
    let mut child = command.spawn().expect("the program starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut text = String::new();
    for _ in 0..2 {
        out.read_line(&mut text).expect("a line");
    }
    (child, out, text)
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_cleanly_with_what_was_done_so_far() {
    let env = TestEnv::new();
    let (mut child, mut out, mut text) = running_pattern(&env, &["--save", "out"]);
    interrupt(&child);
    out.read_to_string(&mut text).expect("the rest");
    assert_eq!(child.wait().expect("the program ends").code(), Some(130));
    let frames = json_lines(&text);
    assert!(frames.len() >= 2);
    assert!(frames.iter().zip(0..).all(|(f, i)| f["frame"].as_u64() >= Some(i)), "in order: {text}");
    let names = names_in(&env.path("out"));
    assert_eq!(names, ["Test pattern.mp4"]);
    assert!(frames_in(&env.path("out").join(&names[0])) >= 2, "the video plays");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let env = TestEnv::new();
    let (mut child, out, _) = running_pattern(&env, &[]);
    drop(out);
    assert_eq!(child.wait().expect("the program ends by itself").code(), Some(0));
    let mut errors = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut errors).expect("standard error");
    assert_eq!(errors, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_standard_output_is_reported() {
    let env = TestEnv::new();
    let bus = env.bring("media/bus.jpg", "bus.jpg");
    let full = std::fs::File::create("/dev/full").expect("the device that is always full");
    let output = env.predicting().arg(bus).stdout(Stdio::from(full)).output().expect("the program starts");
    let ended = Ended::of(output).with_code(1);
    assert!(ended.err.contains("Standard output can't be written"), "{}", ended.err);
}

#[cfg(target_os = "linux")]
#[test]
fn hostile_names_are_read_and_never_break_a_line() {
    use std::os::unix::ffi::OsStrExt as _;
    let env = TestEnv::new();
    let not_utf8 = std::ffi::OsStr::from_bytes(b"caf\xe9.jpg");
    let newline = "two\nlines\u{1b}[31m.jpg";
    for name in
        [newline.as_ref(), "-dash.jpg".as_ref(), not_utf8, "a[1]*.jpg".as_ref(), "图片 1.jpg".as_ref()]
    {
        env.bring("media/dog.jpg", name);
        let mut command = env.predicting();
        command.args(["--save", "out", "--format", "json", "--"]).arg(name);
        let ended = Ended::of(command.output().expect("the program starts")).with_code(0);
        assert_eq!(ended.json_lines().len(), 1, "{name:?}: {}", ended.out);
        let mut command = env.predicting();
        command.arg("--quiet").arg("--").arg(name);
        let ended = Ended::of(command.output().expect("the program starts")).with_code(0);
        assert_eq!(ended.out.lines().count(), 1, "{name:?}: {:?}", ended.out);
        assert!(!ended.out.trim_end().contains(char::is_control), "{name:?}: {:?}", ended.out);
    }
    assert_eq!(names_in(&env.path("out")).len(), 5, "{:?}", names_in(&env.path("out")));
}

#[test]
fn saving_never_touches_the_original() {
    let env = TestEnv::new();
    let original = env.bring("media/bus.jpg", "bus.jpg");
    let before = std::fs::read(&original).expect("the original");
    for _ in 0..2 {
        env.predict(["bus.jpg", "--save", "."]).with_code(0);
    }
    assert_eq!(std::fs::read(&original).expect("the original"), before);
    assert_eq!(names_in(&env.path(".")), ["bus-2.jpg", "bus-3.jpg", "bus.jpg"]);
    let (was, is) = (image::open(&original), image::open(env.path("bus-2.jpg")));
    let (was, is) = (was.expect("an image").to_rgb8(), is.expect("an image").to_rgb8());
    assert_eq!(was.dimensions(), is.dimensions());
    let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 60;
    assert!(was.iter().zip(is.iter()).filter(|&p| far(p)).count() > 1000, "boxes are drawn");
}

#[test]
fn a_folder_that_cannot_be_written_is_reported_before_any_work() {
    let env = TestEnv::new();
    env.bring("media/bus.jpg", "bus.jpg");
    std::fs::write(env.path("file"), "in the way").expect("a file");
    for folder in ["file", "file/under", "/proc/sightline"] {
        let ended = env.predict(["bus.jpg", "--save", folder]).with_code(1);
        assert!(ended.out.is_empty() && ended.err.contains("--save DIR"), "{folder}: {}", ended.err);
    }
    assert_eq!(std::fs::read(env.path("file")).expect("the file"), b"in the way");
}

#[test]
fn a_video_gives_a_video_with_as_many_frames() {
    let env = TestEnv::new();
    env.bring("media/traffic.mp4", "traffic.mp4");
    let ended = env.predict(["traffic.mp4", "--save", "out", "--format", "json", "--max-frames", "12"]);
    let ended = ended.with_code(0);
    let frames: Vec<u64> = ended.json_lines().iter().filter_map(|f| f["frame"].as_u64()).collect();
    assert_eq!(frames, (0..12).collect::<Vec<_>>());
    assert_eq!(names_in(&env.path("out")), ["traffic.mp4"]);
    assert_eq!(frames_in(&env.path("out/traffic.mp4")), 12);
}

#[test]
fn a_style_image_is_named_in_the_json() {
    let env = TestEnv::new();
    let dog = env.bring("media/dog.jpg", "dog.jpg");
    let mut command = env.command();
    command.args(["predict", "--save", "out", "--format", "json", "--model"]);
    command.arg(shared("models/mosaic_nc8_256.onnx")).arg(&dog);
    let ended = Ended::of(command.output().expect("the program starts")).with_code(0);
    let frame = &ended.json_lines()[0];
    assert_eq!(frame["task"], "stylize");
    let written = frame["image"].as_str().expect("the file that was written");
    let (was, is) = (image::open(&dog), image::open(env.path(written)));
    let (was, is) = (was.expect("an image").to_rgb8(), is.expect("an image").to_rgb8());
    assert_eq!(was.dimensions(), is.dimensions());
    let changed = was.iter().zip(is.iter()).filter(|(a, b)| a.abs_diff(**b) > 20).count();
    assert!(changed > was.len() / 3, "the image is another one: {changed} of {}", was.len());

    // Over people only: here is a dog.
    let mut command = env.command();
    command.args(["predict", "--save", "person", "--format", "json", "--model"]);
    command.arg(shared("models/mosaic_nc8_256.onnx")).arg("--person-only");
    command.arg(shared("models/selfie_segmentation.onnx")).arg(&dog);
    let frame = &Ended::of(command.output().expect("the program starts")).with_code(0).json_lines()[0];
    let is = image::open(env.path(frame["image"].as_str().expect("the file"))).expect("an image").to_rgb8();
    let less = was.iter().zip(is.iter()).filter(|(a, b)| a.abs_diff(**b) > 20).count();
    assert!(less < changed / 4, "only people: {less}, not {changed}");
    for option in ["--person-only", "--pose"] {
        let ended = env.predict(["dog.jpg", option, "any.onnx"]).with_code(2);
        assert!(ended.err.contains(option) && ended.err.contains("detect"), "{}", ended.err);
    }
}

/// A field of a protobuf message that holds bytes; all of ours are short.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("short");
    [&[number << 3 | 2, length][..], bytes].concat()
}

/// An ONNX file that copies seven numbers: nothing that takes an image.
fn model_without_an_image() -> Vec<u8> {
    let shape = field(2, &field(1, &[1 << 3, 7])); // TensorShapeProto: one axis of 7
    let tensor = field(2, &field(1, &[&[1 << 3, 1][..], &shape].concat())); // TypeProto: a tensor of floats
    let value = |name: &[u8]| [field(1, name), tensor.clone()].concat();
    let node = [field(1, b"x"), field(2, b"y"), field(4, b"Identity")].concat();
    let graph = [field(1, &node), field(2, b"g"), field(11, &value(b"x")), field(12, &value(b"y"))].concat();
    let opset = field(8, &[2 << 3, 17]);
    [&[1 << 3, 8][..], &field(7, &graph), &opset].concat()
}

#[test]
fn models_are_described_without_onnx_runtime() {
    let env = TestEnv::new();
    let run = |arguments: &[&std::ffi::OsStr]| {
        Ended::of(env.bare().args(["models", "info"]).args(arguments).output().expect("the program starts"))
    };
    let (yolox, unknown) = (shared("models/yolox_nano.onnx"), env.path("sensor.onnx"));
    std::fs::write(&unknown, model_without_an_image()).expect("a model");
    let ended = run(&[yolox.as_ref(), "--format".as_ref(), "json".as_ref()]).with_code(0);
    let info: Value = serde_json::from_str(&ended.out).expect("one JSON object");
    assert_eq!((&info["family"], &info["task"]), (&"yolox".into(), &"detect".into()));
    assert!(info["confidence"].as_f64().expect("a number") > 0.5);
    assert_eq!(info["labels"].as_array().map(Vec::len), Some(80));
    assert!(!info["evidence"].as_array().expect("a list").is_empty() && info["input"].is_object());

    let ended = run(&[unknown.as_ref(), "--format".as_ref(), "json".as_ref()]).with_code(1);
    let info: Value = serde_json::from_str(&ended.out).expect("one JSON object");
    assert!(info["family"].is_null() && !info["inputs"].as_array().expect("a list").is_empty());
    assert!(ended.err.contains("was not recognised"), "{}", ended.err);
    let text = run(&[unknown.as_ref(), yolox.as_ref()]).with_code(1).out;
    assert!(text.contains("not recognised") && text.contains("YOLOX") && text.contains("416×416"), "{text}");
}

#[test]
fn the_models_that_are_here_are_listed() {
    let env = TestEnv::new();
    std::fs::copy(shared("models/yolox_nano.onnx"), env.models().join("yolox_nano.onnx")).expect("a copy");
    std::fs::write(env.models().join("broken.onnx"), "").expect("a file");
    let ended =
        Ended::of(env.bare().args(["models", "list", "--format", "json"]).output().expect("it starts"));
    let list: Value = serde_json::from_str(&ended.with_code(0).out).expect("JSON");
    let names: Vec<&str> =
        list.as_array().expect("a list").iter().filter_map(|m| m["name"].as_str()).collect();
    assert_eq!(names, ["broken", "yolox_nano"]);
    assert_eq!(list[1]["input"], serde_json::json!([416, 416]));
    // And the default model is used without being named.
    let dog = env.bring("media/dog.jpg", "dog.jpg");
    let ended = env.run(["predict".as_ref(), dog.as_os_str()]).with_code(0);
    assert!(ended.out.contains("1 dog"), "{}", ended.out);
}

#[test]
fn predict_says_what_fits_the_number_of_images_and_the_task() {
    let env = TestEnv::new();
    let (yolox, mobilenet) = (shared("models/yolox_nano.onnx"), shared("models/mobilenet_v2_int8.onnx"));
    let (bus, dog) = (shared("media/bus.jpg"), shared("media/dog.jpg"));
    let predict = |model: &Path, more: &[&std::ffi::OsStr]| {
        let mut command = env.command();
        command.arg("predict").args(more).arg("--model").arg(model);
        Ended::of(command.output().expect("it starts")).with_code(0)
    };
    let one = predict(&yolox, &[bus.as_os_str()]);
    assert!(one.out.contains("1 frame: ") && !one.out.contains("frames per second"), "{}", one.out);
    assert_eq!(one.err, "");
    let two = predict(&mobilenet, &[bus.as_os_str(), dog.as_os_str()]);
    assert!(two.out.contains("1 image of ") && two.out.contains("frames per second"), "{}", two.out);
    assert_eq!(two.err, "");
    // Its size is fixed; that is said once.
    let sized = predict(&yolox, &[bus.as_os_str(), "--imgsz".as_ref(), "320".as_ref()]);
    assert_eq!(sized.err.matches("has no effect").count(), 1, "{}", sized.err);
    assert!(sized.err.contains("416×416"), "{}", sized.err);
}

#[test]
fn bench_measures_every_stage() {
    let env = TestEnv::new();
    let model = shared("models/yolox_nano.onnx");
    let model = model.to_str().expect("a plain path");
    let ended = env.run(["bench", model, "--frames", "5", "--format", "json"]).with_code(0);
    let figures: Value = serde_json::from_str(&ended.out).expect("JSON");
    let stages = figures["stages"].as_array().expect("a list");
    let names: Vec<&str> = stages.iter().filter_map(|s| s["stage"].as_str()).collect();
    assert_eq!(names, ["decode", "input", "inference", "output", "total", "bare run"]);
    assert!(stages.iter().all(|s| s["median_ms"].as_f64() <= s["p95_ms"].as_f64()), "{stages:?}");
    // Share and rate follow from the medians, which are rounded.
    let median = |stage: usize| stages[stage]["median_ms"].as_f64().expect("a number");
    let number = |key: &str| figures[key].as_f64().expect("a number");
    assert!((median(5) / median(4) - number("share")).abs() < 0.01, "{figures}");
    assert!((1e3 / median(4) - number("rate")).abs() < 1.0, "{figures}");
    assert_eq!(figures["frames"], 5);

    let table = env.run(["bench", model, "--frames", "3"]).with_code(0).out;
    for word in ["yolox_nano", "bare run", "p95 ms", "total", "frames per second", "share"] {
        assert!(table.contains(word), "{word}: {table}");
    }
}

#[test]
fn doctor_lists_what_is_missing_and_how_to_get_it() {
    let env = TestEnv::new();
    let doctor = |mut command: std::process::Command| {
        let ended = Ended::of(command.args(["doctor", "--format", "json"]).output().expect("it starts"));
        let report: Value = serde_json::from_str(&ended.out).expect("JSON");
        (ended.code, report)
    };
    let check = |report: &Value, name: &str| {
        let checks = report["checks"].as_array().expect("a list");
        checks.iter().find(|c| c["name"] == name).cloned().unwrap_or_else(|| panic!("no {name}: {report}"))
    };
    let (code, report) = doctor(env.command());
    assert_eq!((code, report["works"].as_bool()), (Some(1), Some(false)), "no model is here");
    assert_eq!(check(&report, "ONNX Runtime")["state"], "ok");
    assert!(check(&report, "model")["fix"].as_str().is_some_and(|f| f.contains("yolox_nano.onnx")));

    std::fs::copy(shared("models/yolox_nano.onnx"), env.models().join("yolox_nano.onnx")).expect("a copy");
    let (code, report) = doctor(env.command());
    assert_eq!((code, report["works"].as_bool()), (Some(0), Some(true)), "{report}");
    let tried = check(&report, "model");
    assert!(tried["found"].as_str().is_some_and(|f| f.contains("ms per frame")), "{tried}");

    let mut broken = env.bare();
    std::fs::write(env.path("libonnxruntime.so"), "no library").expect("a file");
    broken.env("SIGHTLINE_ONNXRUNTIME", env.path("libonnxruntime.so"));
    let (code, report) = doctor(broken);
    let runtime = check(&report, "ONNX Runtime");
    if runtime["state"] == "ok" {
        // This computer has one elsewhere, which is rightly used instead.
        let found = runtime["found"].as_str().expect("its path");
        assert!(!found.contains(env.path("libonnxruntime.so").to_str().expect("a plain path")), "{found}");
    } else {
        assert_eq!(code, Some(1));
        assert!(runtime["fix"].as_str().is_some_and(|f| f.contains("onnxruntime")), "{runtime}");
    }
}

/// JSON Lines have a name of their own; scripts of version 0.1 say "json".
#[test]
fn json_lines_are_called_jsonl() {
    let env = TestEnv::new();
    let model = shared("models/yunet_2023mar.onnx");
    for format in ["jsonl", "json"] {
        let ended =
            env.run(["models", "info", model.to_str().expect("a plain path"), "-f", format]).with_code(0);
        assert_eq!(ended.json_lines().len(), 1, "{format}: {}", ended.out);
    }
    let help = env.run(["predict", "--help"]).with_code(0).out;
    assert!(help.contains("jsonl"), "{help}");
    let ended = env.run(["models", "list", "-f", "jsonl"]).with_code(2);
    assert!(ended.err.contains("json"), "{}", ended.err);
}

#[test]
fn a_letter_is_the_same_option_in_every_command() {
    use clap::CommandFactory as _;
    let mut meanings = std::collections::BTreeMap::<char, std::collections::BTreeSet<String>>::new();
    let mut commands = vec![sightline::cli::Cli::command()];
    while let Some(command) = commands.pop() {
        for argument in command.get_arguments() {
            if let (Some(letter), Some(long)) = (argument.get_short(), argument.get_long()) {
                meanings.entry(letter).or_default().insert(long.to_owned());
            }
        }
        commands.extend(command.get_subcommands().cloned());
    }
    assert!(meanings.len() > 5, "{meanings:?}");
    for (letter, options) in meanings {
        assert_eq!(options.len(), 1, "-{letter} means {options:?}");
    }
}

/// A script can't tell the formats apart by the exit code.
#[test]
fn no_camera_is_the_same_failure_in_both_formats() {
    let env = TestEnv::new();
    let run = |format: &str| env.run(["cameras", "-f", format]);
    let (text, json) = (run("text"), run("json"));
    assert_eq!(text.code, json.code);
    let list: Value = serde_json::from_str(&json.out).expect("JSON");
    let is_empty = list.as_array().expect("a list").is_empty();
    assert_eq!(json.code, Some(i32::from(is_empty)), "{}", json.err);
    assert_eq!(text.err, json.err);
}

#[test]
fn what_is_neither_image_nor_video_is_named() {
    let env = TestEnv::new();
    std::fs::write(env.path("notes.txt"), "buy milk\n").expect("a file");
    std::fs::write(env.path("paper.pdf"), "%PDF-1.7\n").expect("a file");
    for (file, kind) in [("notes.txt", "a text file"), ("paper.pdf", "a PDF document")] {
        let ended = env.predict([file]).with_code(1);
        assert!(ended.err.contains(&format!("is {kind}, not an image or a video")), "{}", ended.err);
    }
}

/// `NO_COLOR` holds for messages on a terminal, too: `script` is one.
#[cfg(target_os = "linux")]
#[test]
fn no_color_is_obeyed() {
    let env = TestEnv::new();
    let program = env!("CARGO_BIN_EXE_sightline");
    // An image that can't be used is a warning.
    std::fs::write(env.path("b.jpg"), "no image").expect("a file");
    let model = shared("models/yolox_nano.onnx");
    let run = |no_color: &str| {
        let mut command = std::process::Command::new("script");
        command.args([
            "-qec",
            &format!("{program} predict b.jpg --model '{}'", model.display()),
            "/dev/null",
        ]);
        command.env("SIGHTLINE_ONNXRUNTIME", common::onnx_runtime());
        command.current_dir(env.path("")).env("NO_COLOR", no_color);
        command.env("HOME", env.path("..")).env("SIGHTLINE_DATA_DIR", env.path("data")).stdin(Stdio::null());
        String::from_utf8_lossy(&command.output().expect("script runs (util-linux)").stdout).into_owned()
    };
    // Yellow; the progress bar's own codes set no colour.
    let (without, with) = (run("1"), run(""));
    assert!(!without.contains("\u{1b}[33m"), "{without:?}");
    assert!(with.contains("\u{1b}[33m"), "an empty value is none: {with:?}");
}

/// What was written so far is a video that plays, under a name that people see.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_run_leaves_a_video_that_plays() {
    let env = TestEnv::new();
    let (mut child, _out, _) = running_pattern(&env, &["--save", "out"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    child.kill().expect("killed");
    child.wait().expect("it ends");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let plays = |path: &Path| {
        let probe = std::process::Command::new("ffprobe").args(["-v", "error"]).arg(path).status();
        probe.expect("ffprobe runs").success()
    };
    let name = loop {
        let names = names_in(&env.path("out"));
        // ffmpeg ends the file a moment later.
        match &names[..] {
            [name] if plays(&env.path("out").join(name)) => break name.clone(),
            _ => assert!(std::time::Instant::now() < deadline, "{names:?}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert!(name.starts_with("Test pattern.unfinished-") && name.contains(".mp4"), "{name}");
    assert!(frames_in(&env.path("out").join(&name)) >= 2);
}

#[test]
fn completions_know_the_commands() {
    let env = TestEnv::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ended = env.run(["completions", shell]).with_code(0);
        assert!(ended.out.contains("predict") && ended.out.contains("max-frames"), "{shell}");
    }
}

#[test]
fn what_is_hidden_is_not_saved_as_a_crop() {
    let env = TestEnv::new();
    let ended = env.run(["predict", "pattern", "--blur", "person", "--crops", "out"]).with_code(2);
    assert!(ended.err.contains("--crops"), "{}", ended.err);
    assert!(!env.path("out").exists());
}
